//! The main loop: takes the next event, lets whom it concerns decide, carries out what they want.
//!
//! Idea 1 of the design lives in `rooms`: while every server of a room is in step, its drawn messages are
//! appended as counts, and no event is spent on them.

mod actions;
mod away;
mod books;
pub mod central;
mod deletions;
mod founding;
mod in_step;
mod jumps;
mod keys;
mod logs;
mod network;
mod outcome;
mod people;
mod player;
mod rooms;
mod rounds;
mod silence;
mod sockets;
mod strike;
mod timers;
mod touch;
mod trouble;
mod voices;
mod waiting;
mod watch;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::faults::Fault;
use crate::journal::{Fact, Journal, MediaId, RoomId, ServerId, UserId, What};
use crate::kernel::{Queue, SimTime, Streams};
use crate::metrics::FileGaps;
use crate::protocol::matrix::{Context, Database, Effect, Homeserver, MediaStore, Ticket, Timer};
use crate::room::{RoomLog, TrafficRef};
use crate::workload::Action;
use crate::world::World;

pub use outcome::{Answered, Loss, Outcome};
pub use player::{Staged, play, play_in, play_out_of_step};
pub use wire::{Cargo, Fate, Sent, run_overheard};

/// Order of events at the same moment: faults, arrivals, timers, people.
mod class {
    pub(super) const STRIKE: u8 = 0;
    pub(super) const ARRIVE: u8 = 1;
    pub(super) const RING: u8 = 2;
    pub(super) const PERSON: u8 = 3;
}

/// What can be on the queue.
#[derive(Debug, Clone)]
enum Event {
    /// Something is done to a server or a link.
    Strike(Fault),
    /// Something arrives at a server.
    Arrive {
        to: ServerId,
        from: ServerId,
        sent: SimTime,
        parcel: network::Parcel,
    },
    /// A parcel to a server that stands still has waited too long.
    Expire { to: ServerId, parcel: u64 },
    /// A server's timer rings, if its process is still the one that set it.
    Ring {
        server: ServerId,
        boot: u32,
        timer: Timer,
    },
    /// A transaction towards a server that is away is given up.
    GiveUp {
        from: ServerId,
        to: ServerId,
        round: rounds::Round,
    },
    /// A person acts.
    Act { action: Action, ticket: Ticket },
    /// A drawn message is due, if the room still counts single messages.
    Speak {
        room: RoomId,
        generation: u32,
        message: TrafficRef,
    },
    /// A person does something in answer to what they see.
    Habit(people::Habit),
}

/// Is a server's process there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    Up,
    Frozen,
    Down,
    Dead,
}

/// A backup: all stores at one moment.
#[derive(Debug, Clone)]
struct Backup {
    at: SimTime,
    db: Database,
    media: MediaStore,
    files: FileGaps,
}

/// A world in motion.
pub struct Simulation<'a> {
    world: &'a World,
    streams: Streams,
    queue: Queue<Event>,
    logs: Vec<RoomLog>,
    clocks: Vec<rooms::Clock>,
    servers: Vec<Homeserver>,
    power: Vec<Power>,
    boots: Vec<u32>,
    cuts: BTreeSet<(ServerId, ServerId)>,
    sockets: sockets::Sockets,
    /// Timers that were due while a server stood still, in order.
    overdue: BTreeMap<ServerId, Vec<Timer>>,
    backups: Vec<Vec<Backup>>,
    /// Servers that have a copy of each room.
    present: Vec<BTreeSet<ServerId>>,
    /// Rooms of which each server ever had a copy, or in which others ever listed one of its users.
    rooms_of: Vec<BTreeSet<RoomId>>,
    /// Users of each server.
    users_of: Vec<Vec<UserId>>,
    /// Rooms to be looked at when the present event is dealt with.
    touched: BTreeMap<RoomId, touch::Touched>,
    /// Servers whose accounts or sessions ever changed: on all others every user can act.
    disturbed: BTreeSet<ServerId>,
    /// Messages that were appended without an event and wait from one server for another: when made, room, number.
    waiting: BTreeMap<(ServerId, ServerId), Vec<watch::Waiting>>,
    /// Transactions towards servers that are away, by receiver and sender, whose tries are not simulated.
    rounds: BTreeMap<(ServerId, ServerId), rounds::Round>,
    /// Servers that may have something waiting for each server, or have failed to reach it.
    debtors: Vec<BTreeMap<ServerId, waiting::Shared>>,
    /// Answers to people's actions that somebody waits for.
    answered: BTreeMap<Ticket, Answered>,
    next_ticket: Ticket,
    scrolling: BTreeMap<(ServerId, RoomId), u64>,
    jumping: BTreeMap<(ServerId, RoomId), u64>,
    /// What its author could not take back when it was time, by author.
    late_deletions: BTreeMap<(ServerId, UserId), Vec<(RoomId, TrafficRef)>>,
    losses: Vec<outcome::Loss>,
    restored: BTreeMap<ServerId, BTreeMap<RoomId, crate::protocol::matrix::Items>>,
    /// Files of drawn messages that each server has lost.
    files: Vec<FileGaps>,
    /// Own files that each server lost, of those that were uploaded by script.
    lost_media: Vec<BTreeSet<MediaId>>,
    ups: outcome::Uptime,
    journal: Journal,
    /// Hears what passes between servers, if anybody does.
    listener: Option<wire::Listener<'a>>,
    /// Plans for a message that gave way to others: events in which nothing happened.
    superseded: u64,
}

/// Runs a world from its first moment to its last. `progress` is told the time now and then.
pub fn run(world: &World, progress: &mut dyn FnMut(SimTime)) -> Outcome {
    run_watched(world, &mut |now, _, _| progress(now))
}

/// As `run`, with somebody who looks at the servers' books after every event, and may change them: so a
/// test plants a bug in a world and sees whether it is caught.
pub fn run_watched(
    world: &World,
    watch: &mut dyn FnMut(SimTime, &mut [Homeserver], &Journal),
) -> Outcome {
    drive(Simulation::new(world), watch)
}

fn drive(
    mut simulation: Simulation<'_>,
    watch: &mut dyn FnMut(SimTime, &mut [Homeserver], &Journal),
) -> Outcome {
    let end = simulation.world.end;
    simulation.plan();
    while let Some((now, event)) = simulation.queue.pop_before(end) {
        simulation.step(now, event);
        watch(now, &mut simulation.servers, &simulation.journal);
    }
    simulation.finish(end)
}

/// What a run tells of itself while it goes on.
#[derive(Debug)]
pub enum News<'a> {
    /// A fact that is complete.
    Fact(&'a Fact),
    /// An event of this moment is dealt with.
    Now(SimTime),
}

/// As `run`, but the journal is told and not kept: only facts of the measured server stay in it. Whoever hears may
/// end the run: what is due at the same moment still happens, and all is as if the world ended then.
pub fn run_told(
    world: &World,
    measured: ServerId,
    hear: &mut dyn FnMut(News<'_>) -> ControlFlow<()>,
) -> Outcome {
    let mut simulation = Simulation::new(world);
    simulation.plan();
    let mut end = world.end;
    while let Some((now, event)) = simulation.queue.pop_before(end) {
        simulation.step(now, event);
        let mut answer = |news: News<'_>| {
            if hear(news).is_break() {
                end = now;
            }
        };
        let journal = &mut simulation.journal;
        journal.tell(measured, &mut |fact| answer(News::Fact(fact)));
        answer(News::Now(now));
    }
    let mut outcome = simulation.finish(end);
    // Nothing is left to be ended.
    outcome.journal.tell_all(measured, &mut |fact| {
        let _ = hear(News::Fact(fact));
    });
    outcome
}

impl<'a> Simulation<'a> {
    /// A world before its first moment.
    pub fn new(world: &'a World) -> Self {
        let streams = Streams::new(world.seed);
        let mut servers: Vec<Homeserver> = world
            .servers
            .iter()
            .enumerate()
            .map(|(i, spec)| Homeserver::new(ServerId(i as u32), spec.rules.clone()))
            .collect();
        if world.is_laboratory() {
            for server in &mut servers {
                server.db.keys = Some(BTreeSet::new());
            }
        }
        for (i, user) in world
            .users
            .iter()
            .enumerate()
            .filter(|(_, user)| user.exists)
        {
            let server = &mut servers[user.server.index()];
            server
                .register(UserId(i as u32), "pw")
                .expect("names are unique");
        }
        let mut simulation = Simulation {
            world,
            streams,
            queue: Queue::default(),
            logs: logs::empty_logs(world, streams),
            clocks: vec![rooms::Clock::new(world.start); world.rooms.len()],
            power: vec![Power::Up; servers.len()],
            boots: vec![0; servers.len()],
            cuts: BTreeSet::new(),
            sockets: sockets::Sockets::default(),
            overdue: BTreeMap::new(),
            backups: vec![Vec::new(); servers.len()],
            present: vec![BTreeSet::new(); world.rooms.len()],
            rooms_of: vec![BTreeSet::new(); servers.len()],
            users_of: users_of(world),
            touched: BTreeMap::new(),
            disturbed: BTreeSet::new(),
            waiting: BTreeMap::new(),
            rounds: BTreeMap::new(),
            debtors: vec![BTreeMap::new(); servers.len()],
            answered: BTreeMap::new(),
            next_ticket: 1,
            scrolling: BTreeMap::new(),
            jumping: BTreeMap::new(),
            late_deletions: BTreeMap::new(),
            losses: Vec::new(),
            restored: BTreeMap::new(),
            files: vec![FileGaps::default(); servers.len()],
            lost_media: vec![BTreeSet::new(); servers.len()],
            ups: outcome::Uptime::new(world.start, servers.len()),
            servers,
            journal: Journal::default(),
            listener: None,
            superseded: 0,
        };
        simulation.queue.advance(world.start);
        simulation.found_rooms();
        for server in 0..simulation.servers.len() {
            simulation.decide(ServerId(server as u32), Homeserver::start);
        }
        simulation
    }

    /// Puts everything that is known beforehand on the queue.
    fn plan(&mut self) {
        for (at, action) in &self.world.actions {
            let event = Event::Act {
                action: action.clone(),
                ticket: 0,
            };
            self.queue.push(*at, class::PERSON, 0, event);
        }
        for (at, fault) in &self.world.faults {
            self.queue
                .push(*at, class::STRIKE, 0, Event::Strike(fault.clone()));
        }
        self.plan_backups();
        self.plan_erasures();
        for room in 0..self.logs.len() as u32 {
            self.plan_deletions(RoomId(room), self.world.start.day() as u32);
        }
    }

    /// One event.
    fn step(&mut self, now: SimTime, event: Event) {
        match event {
            Event::Strike(fault) => self.strike(now, &fault),
            Event::Arrive {
                to,
                from,
                sent,
                parcel,
            } => self.arrive(sent, from, to, parcel),
            Event::Expire { to, parcel } => self.expire(to, parcel),
            Event::Ring {
                server,
                boot,
                timer,
            } => self.ring(now, server, boot, timer),
            Event::GiveUp { from, to, round } => self.give_up(from, to, round),
            Event::Act { action, ticket } => self.act(now, &action, ticket),
            Event::Speak {
                room,
                generation,
                message,
            } => self.speak(now, room, generation, message),
            Event::Habit(habit) => self.follow_habit(now, habit),
        }
        self.settle_rooms();
    }

    /// Lets one server decide, and carries out what it wants.
    fn decide<T>(
        &mut self,
        server: ServerId,
        cue: impl FnOnce(&mut Homeserver, &mut Context<'_>) -> T,
    ) -> T {
        let mut out = Vec::new();
        let mut context = Context {
            now: self.queue.now(),
            logs: &mut self.logs,
            rooms: &self.world.rooms,
            streams: &self.streams,
            out: &mut out,
        };
        let answer = cue(&mut self.servers[server.index()], &mut context);
        for effect in out {
            self.carry_out(server, effect);
        }
        answer
    }

    /// Carries out one wish of a server.
    fn carry_out(&mut self, server: ServerId, effect: Effect) {
        match effect {
            Effect::Send { room, event, to } => self.send(server, room, event, &to),
            Effect::SendAgain { room, event, to } => self.send_again(server, room, event, &to),
            Effect::Transmit { to, pdus } => self.transmit(server, to, pdus),
            Effect::Ask { to, task, request } => self.ask(server, to, task, request),
            Effect::Wake { at, timer } => {
                let boot = self.boots[server.index()];
                self.queue.push(
                    at,
                    class::RING,
                    server.0,
                    Event::Ring {
                        server,
                        boot,
                        timer,
                    },
                );
            }
            Effect::Note(fact) => {
                if let Fact::Lost {
                    what: What::Items { room, .. },
                    ..
                } = &fact
                {
                    self.touch_poorer(*room, server);
                }
                self.journal.write(fact);
            }
            Effect::Done { ticket, outcome } => self.done(ticket, outcome),
            Effect::Shown {
                ticket,
                items,
                pages,
            } => self.shown(ticket, items, pages),
        }
    }
}

fn users_of(world: &World) -> Vec<Vec<UserId>> {
    let mut users_of = vec![Vec::new(); world.servers.len()];
    for (i, user) in world.users.iter().enumerate() {
        users_of[user.server.index()].push(UserId(i as u32));
    }
    users_of
}
