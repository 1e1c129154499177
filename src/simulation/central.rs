//! The loop of a central service: the same people, rooms and messages as in a federation, kept by one operator.
//!
//! Nothing is sent, so no event is spent on a message: work is done where a person acts, something fails, or
//! the operator deletes. The last server of the world is the operator; all others are its tenants. A room is kept
//! with the tenant whose user made it, and ruled by that one's policy.

mod books;
mod incidents;
mod losses;
mod people;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::faults::Fault;
use crate::journal::{Fact, Journal, MediaId, RoomId, ServerId, UserId};
use crate::kernel::{Queue, SimTime, Streams};
use crate::metrics::FileGaps;
use crate::protocol::central::{Cue, Effect, Operator, Rules, Timer, Who};
use crate::room::{Membership, RoomLog, TrafficRef};
use crate::workload::Action;
use crate::world::World;

use super::logs::empty_logs;
use super::outcome::Uptime;
use super::rooms::{append_calm, made_before};
use super::{News, class};

pub use books::Outcome;

/// What can be on the queue.
#[derive(Debug, Clone)]
enum Event {
    /// A fault of the scenario.
    Strike(Fault),
    /// A trouble of the operator's own, drawn.
    Trouble(Cue),
    /// A timer of the operator rings.
    Ring(Timer),
    /// A person acts.
    Act(Action),
    /// A person who lost an account or a membership comes back.
    Return(UserId),
}

/// A central service in motion.
struct Service<'a> {
    world: &'a World,
    streams: Streams,
    queue: Queue<Event>,
    logs: Vec<RoomLog>,
    /// The next drawn message of each room.
    next: Vec<TrafficRef>,
    operator: Operator,
    /// Are private rooms in a tenant's export?
    export_private: bool,
    rooms: Vec<store::Stored>,
    people: people::Accounts,
    uploads: BTreeMap<MediaId, store::Upload>,
    files: Vec<FileGaps>,
    /// Tenants that are kept out.
    barred: BTreeSet<ServerId>,
    /// Tenants whose failed copy the operator has answered, so that their administrators' own restore is none.
    remedied: BTreeSet<ServerId>,
    dead: BTreeSet<ServerId>,
    losses: Vec<losses::Loss>,
    ups: Uptime,
    journal: Journal,
}

/// Runs a world whose last server is the operator of the service, and all others its tenants. `hear` is told of
/// facts and of time as in `run_told` of the parent, and may end the run.
pub fn run_told(
    world: &World,
    rules: &Rules,
    measured: ServerId,
    hear: &mut dyn FnMut(News<'_>) -> ControlFlow<()>,
) -> Outcome {
    let mut service = Service::new(world, rules);
    service.plan(rules);
    let mut end = world.end;
    while let Some((now, event)) = service.queue.pop_before(end) {
        service.step(now, event);
        let mut answer = |news: News<'_>| {
            if hear(news).is_break() {
                end = now;
            }
        };
        let journal = &mut service.journal;
        journal.tell(measured, &mut |fact| answer(News::Fact(fact)));
        answer(News::Now(now));
    }
    let mut outcome = service.finish(end);
    // Nothing is left to be ended.
    outcome.journal.tell_all(measured, &mut |fact| {
        let _ = hear(News::Fact(fact));
    });
    outcome
}

/// As `run_told`, with nobody who hears: every fact stays in the journal.
pub fn run(world: &World, rules: &Rules) -> Outcome {
    let mut service = Service::new(world, rules);
    service.plan(rules);
    while let Some((now, event)) = service.queue.pop_before(world.end) {
        service.step(now, event);
    }
    service.finish(world.end)
}

impl<'a> Service<'a> {
    fn new(world: &'a World, rules: &Rules) -> Self {
        let streams = Streams::new(world.seed);
        let tenants = world.servers.len() - 1;
        let day = world.start.day() as u32;
        let operator = Operator::new(rules.clone(), streams, world.start, tenants as u32);
        let mut service = Service {
            world,
            streams,
            queue: Queue::default(),
            logs: empty_logs(world, streams),
            next: vec![TrafficRef { day, number: 0 }; world.rooms.len()],
            operator,
            export_private: rules.export_private,
            rooms: vec![store::Stored::default(); world.rooms.len()],
            people: people::Accounts::new(world),
            uploads: BTreeMap::new(),
            files: vec![FileGaps::default(); world.servers.len()],
            barred: BTreeSet::new(),
            remedied: BTreeSet::new(),
            dead: BTreeSet::new(),
            losses: Vec::new(),
            ups: Uptime::new(world.start, world.servers.len()),
            journal: Journal::default(),
        };
        service.queue.advance(world.start);
        for founding in &world.founded {
            let crowds = founding.crowds.clone();
            service.found(founding.room, &founding.members, crowds, world.start);
        }
        service
    }

    /// Puts everything that is known beforehand on the queue.
    fn plan(&mut self, rules: &Rules) {
        let world = self.world;
        for (at, fault) in &world.faults {
            let event = Event::Strike(fault.clone());
            self.queue.push(*at, class::STRIKE, 0, event);
        }
        for (at, cue) in incidents::draw(rules, self.streams, world) {
            self.queue.push(at, class::STRIKE, 0, Event::Trouble(cue));
        }
        for (at, action) in &world.actions {
            let event = Event::Act(action.clone());
            self.queue.push(*at, class::PERSON, 0, event);
        }
        self.queue
            .push(world.start, class::RING, 0, Event::Ring(Timer::Job));
    }

    fn step(&mut self, now: SimTime, event: Event) {
        match event {
            Event::Strike(fault) => self.strike(now, &fault),
            Event::Trouble(cue) => {
                let (server, fault) = match cue {
                    Cue::Deleted(tenant) => (tenant, "failed-copy"),
                    Cue::Barred(Who::Tenant(tenant)) => (tenant, "stop"),
                    Cue::Admitted(Who::Tenant(tenant)) => (tenant, "start"),
                    Cue::WrongPolicy(tenant) => (tenant, "wrong-policy"),
                    Cue::RegionLost => (self.operator_id(), "region-loss"),
                    _ => (self.operator_id(), "death"),
                };
                self.note_strike(now, server, fault);
                self.decide(now, cue);
            }
            Event::Ring(timer) => self.decide(now, Cue::Rang(timer)),
            Event::Act(action) => self.act(now, &action),
            Event::Return(user) => self.come_back(now, user),
        }
    }

    fn operator_id(&self) -> ServerId {
        ServerId(self.world.servers.len() as u32 - 1)
    }

    /// A fault of the scenario, as a central service meets it. What has no meaning there was refused with the file.
    fn strike(&mut self, now: SimTime, fault: &Fault) {
        let server = fault.server();
        // The operator makes its own backups. A restore after a failed copy is the administrators' remedy for what
        // the operator has answered already.
        let is_answered = match fault {
            Fault::Backup { .. } => return,
            Fault::Restore { .. } => self.remedied.remove(&server),
            _ => false,
        };
        if !is_answered {
            self.note_strike(now, server, fault.name());
        }
        let who = match server == self.operator_id() {
            true => Who::All,
            false => Who::Tenant(server),
        };
        match fault {
            Fault::FailedCopy { .. } => {
                self.remedied.insert(server);
                self.decide(now, Cue::Deleted(server));
            }
            Fault::Restore { .. } => {
                if !is_answered {
                    self.decide(now, Cue::Deleted(server));
                }
                self.decide(now, Cue::Admitted(who));
            }
            Fault::Stop { .. } | Fault::Freeze { .. } => self.decide(now, Cue::Barred(who)),
            Fault::Start { .. } | Fault::Thaw { .. } if !self.dead.contains(&server) => {
                self.decide(now, Cue::Admitted(who));
            }
            Fault::Death { .. } if who == Who::All => self.decide(now, Cue::Closed),
            Fault::Death { .. } => {
                self.dead.insert(server);
                self.decide(now, Cue::Barred(who));
            }
            _ => {}
        }
    }

    fn note_strike(&mut self, now: SimTime, server: ServerId, fault: &'static str) {
        self.journal.write(Fact::Struck {
            at: now,
            server,
            fault,
        });
    }

    /// Lets the operator decide, and carries out what it wants.
    fn decide(&mut self, now: SimTime, cue: Cue) {
        let mut out = Vec::new();
        self.operator.react(now, cue, &mut out);
        for effect in out {
            self.carry_out(now, effect);
        }
    }

    fn carry_out(&mut self, now: SimTime, effect: Effect) {
        match effect {
            Effect::Down(who) => {
                self.keep_out(now, who);
                self.set_down(who, true);
            }
            Effect::Bar(who) => self.keep_out(now, who),
            Effect::Admit(tenant) => {
                self.advance_all(now);
                self.barred.remove(&tenant);
                self.ups.came_up(now, tenant);
                self.set_down(Who::Tenant(tenant), false);
                self.plan_returns(now);
            }
            Effect::GoBack {
                who,
                to,
                failed,
                redelete,
            } => self.go_back(now, who, (to, failed), redelete),
            Effect::Import { tenant, of } => self.import(now, tenant, of),
            Effect::Delete { room, before } => self.delete(now, room, before),
            Effect::Hide { room, before } => self.hide(now, room, before),
            Effect::Wake { at, timer } => {
                self.queue.push(at, class::RING, 0, Event::Ring(timer));
            }
        }
    }

    fn tenants(&self, who: Who) -> Vec<ServerId> {
        match who {
            Who::Tenant(tenant) => vec![tenant],
            Who::All => (0..self.operator_id().0).map(ServerId).collect(),
        }
    }

    fn keep_out(&mut self, now: SimTime, who: Who) {
        self.advance_all(now);
        for tenant in self.tenants(who) {
            self.barred.insert(tenant);
            self.ups.went_down(now, tenant);
        }
    }

    /// Brings a room up to now: whatever was said before this moment is appended, as counts while everybody can speak.
    fn advance(&mut self, room: RoomId, now: SimTime) {
        let log = &mut self.logs[room.index()];
        let next = &mut self.next[room.index()];
        if log.traffic().per_day <= 0.0 {
            return;
        }
        if self.rooms[room.index()].is_silent() {
            let day = now.day() as u32;
            let number = made_before(log, day, now);
            *next = TrafficRef { day, number };
        } else if self.barred.is_empty() && self.people.all_are_able() && !has_leaver(log, next.day)
        {
            append_calm(log, next, now);
        } else {
            self.advance_singly(room, now);
        }
    }

    /// As `advance`, message by message: who cannot speak is passed over.
    fn advance_singly(&mut self, room: RoomId, now: SimTime) {
        let today = now.day() as u32;
        while self.next[room.index()].day <= today {
            let TrafficRef { day, number } = self.next[room.index()];
            let log = &self.logs[room.index()];
            let end = made_before(log, day, now).max(number);
            let basis = log.basis(day);
            let basis = basis.filter(|basis| end > number && log.has_speakers(day, *basis));
            if let Some(basis) = basis {
                let drawn = log.day(day, basis);
                let said: Vec<u32> = (number..end)
                    .filter(|number| self.can_speak(room, drawn.author(*number).0))
                    .collect();
                for number in said {
                    self.logs[room.index()].push_run(TrafficRef { day, number }, 1);
                }
            }
            self.next[room.index()].number = end;
            if day == today {
                return;
            }
            let day = day + 1;
            self.next[room.index()] = TrafficRef { day, number: 0 };
        }
    }

    fn advance_all(&mut self, now: SimTime) {
        for room in 0..self.logs.len() {
            self.advance(RoomId(room as u32), now);
        }
    }

    /// Has this one an account that reaches the service, and is a member?
    fn can_speak(&self, room: RoomId, user: UserId) -> bool {
        let log = &self.logs[room.index()];
        let is_member = log.last().is_some_and(|last| {
            log.membership_in(log.state_after(last), user) == Some(Membership::Join)
        });
        is_member && self.can_act(user) && !self.people.is_out(room, user)
    }

    fn can_act(&self, user: UserId) -> bool {
        !self.barred.contains(&self.world.home(user)) && self.people.has_account(user)
    }
}

/// A day's speakers were named when it began. Has one of them left the room since?
fn has_leaver(log: &RoomLog, day: u32) -> bool {
    let (Some(last), Some(basis)) = (log.last(), log.basis(day)) else {
        return false;
    };
    let (now, then) = (log.state_after(last), log.state_after(basis));
    let is_in = |user| log.membership_in(now, user) == Some(Membership::Join);
    !now.ptr_eq(then) && !log.joined(then).all(is_in)
}
