//! Where the items of one room are that one server should hold: each in exactly one of five states.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::journal::{EventNo, ServerId};
use crate::kernel::SimTime;
use crate::room::{Membership, RoomLog, StateKey, StateMap, changed_keys};

use super::books::{Holding, Items, both, either, minus};

/// Where an item is that a server should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The server has it, content intact.
    Held,
    /// The server has it without its content.
    Shell,
    /// The server has it not; some live server has.
    Stranded,
    /// No live server has it.
    Lost,
    /// Gone by the server's own policy.
    Expired,
}

/// The items of one room that one server should hold, by state, and what became of those that it had lost.
#[derive(Debug, Clone, Default)]
pub struct RoomItems {
    /// All that it should hold: each is in exactly one of the five states.
    pub should: Items,
    /// [`State::Held`]
    pub held: Items,
    /// [`State::Shell`]
    pub shell: Items,
    /// [`State::Stranded`]
    pub stranded: Items,
    /// [`State::Lost`]
    pub lost: Items,
    /// [`State::Expired`]
    pub expired: Items,
    /// Held before the loss and not after it.
    pub gone: Items,
    /// Of these: came back, whatever became of them later.
    pub recovered: Items,
    /// Of these: came back, or another server held them at the loss.
    pub recoverable: Items,
}

impl RoomItems {
    /// Every state with its items.
    pub fn by_state(&self) -> [(State, &Items); 5] {
        [
            (State::Held, &self.held),
            (State::Shell, &self.shell),
            (State::Stranded, &self.stranded),
            (State::Lost, &self.lost),
            (State::Expired, &self.expired),
        ]
    }

    /// Where an item is; none if the server need not hold it.
    pub fn state(&self, no: EventNo) -> Option<State> {
        let all = self.by_state().into_iter();
        let mut of_item = all.filter(|(_, items)| items.contains(&no));
        of_item.next().map(|(state, _)| state)
    }
}

/// All that this depends on.
pub(super) struct Case<'a> {
    /// What the items are.
    pub(super) log: &'a RoomLog,
    /// The server's copy.
    pub(super) own: Option<&'a Holding>,
    /// Items made while a user of the server was in the room.
    pub(super) inside: Items,
    /// Items that it held before its loss and not after it.
    pub(super) gone: Items,
    /// Of these: another server that was not dead held them then.
    pub(super) had_elsewhere: Items,
    /// Items that it gained after the loss, whatever became of them later.
    pub(super) back: Items,
    /// The server's own policy removes what was made before.
    pub(super) expired_before: Option<SimTime>,
    /// Items that live other servers hold, with their content; asked only if something is missing.
    pub(super) elsewhere: &'a dyn Fn() -> Items,
}

/// Tells the items of a room apart.
pub(super) fn split(case: &Case<'_>) -> RoomItems {
    let log = case.log;
    let nothing = Holding::default();
    let own = case.own.unwrap_or(&nothing);
    let has = either(&own.items, &state_items(log, &own.state_only));
    let should = either(&either(&case.inside, &case.gone), &has);
    let shell = both(&should, &own.shells);
    let held = minus(&both(&should, &has), &shell);
    let mut missing = minus(&minus(&should, &held), &shell);
    let mut expired = Items::new();
    if let Some(before) = case.expired_before {
        let cut = log.first_at(before);
        let mut old = Items::new();
        old.insert(0..cut.max(1));
        expired = minus(&both(&missing, &old), &state_of(log, 0, cut));
        missing = minus(&missing, &expired);
    }
    let stranded = if missing.is_empty() {
        Items::new()
    } else {
        both(&missing, &(case.elsewhere)())
    };
    let lost = minus(&missing, &stranded);
    let recovered = both(&case.gone, &either(&case.back, &both(&case.gone, &has)));
    let recoverable = either(&recovered, &both(&case.gone, &case.had_elsewhere));
    RoomItems {
        should,
        held,
        shell,
        stranded,
        lost,
        expired,
        gone: case.gone.clone(),
        recovered,
        recoverable,
    }
}

/// State events among `first..end`: no policy removes them.
fn state_of(log: &RoomLog, first: u32, end: u32) -> Items {
    log.state_events(first, end)
        .iter()
        .map(|no| *no..*no + 1)
        .collect()
}

/// Of items known only as state: those that are state.
fn state_items(log: &RoomLog, items: &Items) -> Items {
    if items.is_empty() {
        return Items::new();
    }
    both(items, &state_of(log, 0, log.len()))
}

/// Items made while a user of the server was in the room.
pub(super) fn made_while_inside(log: &RoomLog, server: ServerId) -> Items {
    inside_by_server(log).remove(&server).unwrap_or_default()
}

/// Items made while a user of a server was in the room, for every server that ever was, in one pass over the room.
pub(super) fn inside_by_server(log: &RoomLog) -> BTreeMap<ServerId, Items> {
    let mut visits = Visits::default();
    let nothing = StateMap::new();
    let mut before = &nothing;
    let state_events = log.state_events(0, log.len()).iter().copied();
    for no in state_events.filter(|no| log.membership(*no).is_some()) {
        let after = log.state_after(no);
        visits.change(log, no, before, after);
        before = after;
    }
    visits.end(log.len())
}

/// Which servers are in a room, from an item on.
#[derive(Default)]
struct Visits {
    /// Users of each server in the room.
    joined: BTreeMap<ServerId, u32>,
    /// The first item of the present visit.
    since: BTreeMap<ServerId, EventNo>,
    inside: BTreeMap<ServerId, Items>,
}

impl Visits {
    /// One event changes the state.
    fn change(&mut self, log: &RoomLog, no: EventNo, before: &StateMap, after: &StateMap) {
        let mut concerned = BTreeSet::new();
        for key in changed_keys(before, after) {
            let StateKey::Member(user) = key else {
                continue;
            };
            let is_in = |state| log.membership_in(state, user) == Some(Membership::Join);
            let joined = self.joined.entry(log.home(user)).or_default();
            *joined += u32::from(is_in(after));
            *joined -= u32::from(is_in(before));
            concerned.insert(log.home(user));
        }
        for server in concerned {
            if self.joined[&server] > 0 {
                self.since.entry(server).or_insert(no);
            } else if let Some(since) = self.since.remove(&server) {
                // Whoever removes the last member is still heard.
                self.add(server, since, no + 1);
            }
        }
    }

    fn add(&mut self, server: ServerId, since: EventNo, end: EventNo) {
        self.inside.entry(server).or_default().insert(since..end);
    }

    /// Whoever is in the room hears the last item.
    fn end(mut self, len: EventNo) -> BTreeMap<ServerId, Items> {
        for (server, since) in std::mem::take(&mut self.since) {
            self.add(server, since, len);
        }
        self.inside
    }
}
