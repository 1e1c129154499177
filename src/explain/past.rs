//! A scenario that has been played, and how it looks from one of its servers.

use std::ops::ControlFlow;

use crate::journal::{EventNo, Fact, Journal, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::metrics::{Books, Holding, RoomItems, room_items};
use crate::room::RoomLog;
use crate::scenario::Scenario;
use crate::simulation::{self, News, central};
use crate::world::World;

use super::{Explanation, Question};

/// A scenario that has been played to its end, with its whole journal.
#[derive(Debug)]
pub struct Past {
    scenario: Scenario,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Federation(Box<simulation::Outcome>),
    Service(Box<central::Outcome>),
}

impl Past {
    /// Plays a scenario; this takes as long as the run that it is of.
    pub fn replay(scenario: Scenario) -> Past {
        let past = Past::replay_while(scenario, &mut |_| ControlFlow::Continue(()));
        past.expect("nobody breaks it off")
    }

    /// As `replay`; `tick` hears the simulated time after each event, and may break it off: then there is nothing.
    pub fn replay_while(
        mut scenario: Scenario,
        tick: &mut dyn FnMut(SimTime) -> ControlFlow<()>,
    ) -> Option<Past> {
        let (world, measured) = (&scenario.world, scenario.measured);
        let (mut all, mut is_broken_off) = (Vec::new(), false);
        let mut hear = |news: News<'_>| match news {
            News::Fact(fact) => {
                all.push(fact.clone());
                ControlFlow::Continue(())
            }
            News::Now(now) => {
                let goes_on = tick(now);
                is_broken_off |= goes_on.is_break();
                goes_on
            }
        };
        let outcome = if let Some(rules) = &scenario.central {
            let mut outcome = central::run_told(world, rules, measured, &mut hear);
            outcome.journal = Journal::of(all);
            Outcome::Service(Box::new(outcome))
        } else if let Some(script) = &scenario.script {
            Outcome::Federation(Box::new(simulation::play_in(world, script).outcome))
        } else {
            let mut outcome = simulation::run_told(world, measured, &mut hear);
            outcome.journal = Journal::of(all);
            Outcome::Federation(Box::new(outcome))
        };
        if is_broken_off {
            return None;
        }
        // A script says itself when it is over.
        scenario.world.end = match &outcome {
            Outcome::Federation(outcome) => outcome.end,
            Outcome::Service(outcome) => outcome.end,
        };
        Some(Past { scenario, outcome })
    }

    /// What was played.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Every fact, oldest first.
    pub fn journal(&self) -> &Journal {
        match &self.outcome {
            Outcome::Federation(outcome) => &outcome.journal,
            Outcome::Service(outcome) => &outcome.journal,
        }
    }

    /// What the items of each room are.
    pub fn logs(&self) -> &[RoomLog] {
        match &self.outcome {
            Outcome::Federation(outcome) => &outcome.logs,
            Outcome::Service(outcome) => &outcome.logs,
        }
    }

    /// How it looks from a server. Worth keeping where many questions are asked: the copies of all servers are gathered.
    pub fn view(&self, of: ServerId) -> View<'_> {
        let world = &self.scenario.world;
        let books = match &self.outcome {
            Outcome::Federation(outcome) => outcome.books(world, of),
            Outcome::Service(outcome) => outcome.books(world, of),
        };
        View {
            past: self,
            of,
            books,
        }
    }

    /// From which server a question is looked at, if nothing else is wished: users and servers from their own.
    pub fn viewpoint(&self, question: Question) -> ServerId {
        match question {
            Question::Item(..) | Question::Room(_) => self.scenario.measured,
            Question::User(user) => self.scenario.world.home(user),
            Question::Server(server) => server,
        }
    }

    /// How long a server keeps whole messages of a room, at the end; none: for ever.
    fn kept_for(&self, server: ServerId, room: RoomId) -> Option<SimDuration> {
        match &self.outcome {
            Outcome::Federation(outcome) => outcome.kept_for(&self.scenario.world, server, room),
            Outcome::Service(outcome) => outcome.kept_for(room),
        }
    }
}

/// The journal and the final books, seen from a server.
#[derive(Debug)]
pub struct View<'a> {
    pub(super) past: &'a Past,
    pub(super) of: ServerId,
    pub(super) books: Books<'a>,
}

impl<'a> View<'a> {
    /// Answers a question. Users and servers are to be looked at from their own server ([`Past::viewpoint`]).
    pub fn explain(&self, question: Question) -> Explanation {
        match question {
            Question::Item(room, no) => Explanation::Item(self.item(room, no)),
            Question::Room(room) => Explanation::Room(self.room(room)),
            Question::User(user) => Explanation::User(self.user(user)),
            Question::Server(server) => Explanation::Server(self.server(server)),
        }
    }

    /// The final books, as the metrics see them.
    pub fn books(&self) -> &Books<'a> {
        &self.books
    }

    /// Where the items of a room are that the server should hold.
    pub fn items(&self, room: RoomId) -> RoomItems {
        room_items(&self.books, self.journal(), room)
    }

    pub(super) fn journal(&self) -> &'a Journal {
        self.past.journal()
    }

    /// Facts about the server.
    pub(super) fn facts(&self) -> impl Iterator<Item = &'a Fact> + '_ {
        let facts = self.journal().facts().iter();
        facts.filter(|fact| fact.server() == self.of)
    }

    pub(super) fn world(&self) -> &'a World {
        &self.past.scenario.world
    }

    pub(super) fn server_name(&self, server: ServerId) -> String {
        self.books.names[server.index()].clone()
    }

    pub(super) fn room_name(&self, room: RoomId) -> String {
        self.books.rooms[room.index()].name.clone()
    }

    /// `@anna:one.example`
    pub(super) fn user_name(&self, user: UserId) -> String {
        let spec = &self.world().users[user.index()];
        format!("@{}:{}", spec.name, self.books.names[spec.server.index()])
    }

    /// Copies of a room on other servers, dead ones too, in the order of the world's list.
    pub(super) fn other_copies(
        &self,
        room: RoomId,
    ) -> impl Iterator<Item = (ServerId, &Holding)> + '_ {
        let holders = self.books.holders[room.index()].iter();
        let others = holders.filter(|holder| **holder != self.of);
        others.map(move |holder| (*holder, &self.books.holdings[holder.index()][&room]))
    }

    /// When a server's own policy deletes an item; none: never, as all state.
    pub(super) fn kept_until(
        &self,
        server: ServerId,
        room: RoomId,
        no: EventNo,
    ) -> Option<SimTime> {
        let log = &self.books.logs[room.index()];
        if log.state_key(no).is_some() {
            return None;
        }
        let lifetime = self.past.kept_for(server, room)?;
        Some(log.at(no) + lifetime)
    }
}
