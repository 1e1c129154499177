//! In which order destinations that are owed events are looked for, and their rooms read (reference, sections 1.3
//! and 1.5): a server's books are set by hand, and what it wants done is looked at.

use fedheal::journal::{EventNo, RoomId, ServerId};
use fedheal::kernel::{SimDuration, SimTime, Streams};
use fedheal::protocol::matrix::{Context, Effect, Homeserver, Rules, Timer, Waker};
use fedheal::room::RoomLog;
use fedheal::simulation::run;
use fedheal::world::World;

use crate::worlds::healthy;

const B: ServerId = ServerId(1);
const C: ServerId = ServerId(2);

/// The first server at the end of a quiet life, with its rooms.
struct Desk {
    world: World,
    logs: Vec<RoomLog>,
    server: Homeserver,
    now: SimTime,
}

impl Desk {
    fn new(set: impl Fn(&mut Rules)) -> Desk {
        let world = healthy(0);
        let outcome = run(&world, &mut |_| {});
        let mut server = outcome.servers[0].clone();
        server.memory.destinations.clear();
        set(&mut server.rules);
        Desk {
            now: world.end,
            logs: outcome.logs,
            server,
            world,
        }
    }

    /// An event of a room, counted from its end: 0 is the newest.
    fn event(&self, room: RoomId, back: u32) -> EventNo {
        self.logs[room.index()].len() - 1 - back
    }

    fn owe(&mut self, to: ServerId, room: RoomId, back: u32) {
        let event = self.event(room, back);
        let owed = &mut self.server.db.owed;
        owed.entry(to).or_default().insert(room, event);
    }

    /// A cue, and what the server wants done.
    fn cue(&mut self, cue: impl FnOnce(&mut Homeserver, &mut Context<'_>)) -> Vec<Effect> {
        let mut out = Vec::new();
        let mut context = Context {
            now: self.now,
            logs: &mut self.logs,
            rooms: &self.world.rooms,
            streams: &Streams::new(1),
            out: &mut out,
        };
        cue(&mut self.server, &mut context);
        out
    }
}

/// The rooms of the transactions among some effects, with their receivers.
fn sent(effects: &[Effect]) -> Vec<(ServerId, RoomId)> {
    let pdus = effects.iter().filter_map(|effect| match effect {
        Effect::Transmit { to, pdus } => Some((*to, pdus[0].0)),
        _ => None,
    });
    pdus.collect()
}

fn timers(effects: &[Effect]) -> Vec<(SimTime, Timer)> {
    let wakes = effects.iter().filter_map(|effect| match effect {
        Effect::Wake { at, timer } => Some((*at, *timer)),
        _ => None,
    });
    wakes.collect()
}

/// The look that is planned for now.
fn look(server: &mut Homeserver, ctx: &mut Context<'_>) {
    server.memory.waker = Waker::Planned(ctx.now);
    server.ring(ctx, Timer::Wake);
}

fn catching_up(server: &mut Homeserver, to: ServerId) {
    let destination = server.memory.destinations.entry(to).or_default();
    destination.catching_up = true;
    server.memory.looked.insert(to);
}

#[test]
fn destinations_are_woken_one_after_the_other_with_a_pause() {
    let mut desk = Desk::new(|_| {});
    for to in [B, C] {
        desk.owe(to, RoomId(0), 0);
        catching_up(&mut desk.server, to);
    }
    let later = desk.now + SimDuration::seconds(5);
    let first = desk.cue(look);
    assert_eq!(sent(&first), [(B, RoomId(0))]);
    assert_eq!(timers(&first), [(later, Timer::WakeNext)]);
    desk.now = later;
    let second = desk.cue(|server, ctx| server.ring(ctx, Timer::WakeNext));
    assert_eq!(sent(&second), [(C, RoomId(0))]);
    // Then the next page is read, from there on; it is empty, and the look is over.
    let then = (
        later + SimDuration::seconds(5),
        Timer::WakePage(ServerId(3)),
    );
    assert_eq!(timers(&second), [then]);
    desk.now = then.0;
    let over = desk.cue(|server, ctx| server.ring(ctx, then.1));
    assert!(sent(&over).is_empty());
    // To both something is under way, and nothing could be sent: the next look is planned when that is given up.
    assert!(timers(&over).is_empty());
    let given_up = desk.cue(|server, ctx| server.give_up(ctx, B));
    let until = desk.server.backoff_until(B).expect("it failed");
    let next = timers(&given_up);
    assert!(
        matches!(next[..], [(at, Timer::Wake)] if at >= until && at <= until + SimDuration::minutes(1))
    );
}

#[test]
fn a_page_of_destinations_is_read_at_once() {
    let pages = |size| {
        let mut desk = Desk::new(|rules| rules.wake_page = size);
        for to in [B, C] {
            desk.owe(to, RoomId(0), 0);
            catching_up(&mut desk.server, to);
        }
        let effects = desk.cue(look);
        timers(&effects)[0].1
    };
    assert_eq!(pages(25), Timer::WakeNext);
    assert_eq!(pages(1), Timer::WakePage(C));
}

#[test]
fn a_page_of_rooms_is_caught_up_before_the_next_one_is_read() {
    // While the first room's event is on its way, another room's becomes owed.
    let order = |size| {
        let mut desk = Desk::new(|rules| rules.catchup_rooms_per_page = size);
        desk.owe(B, RoomId(0), 3);
        desk.owe(B, RoomId(2), 0);
        catching_up(&mut desk.server, B);
        let mut effects = desk.cue(|server, ctx| server.ring(ctx, Timer::Retry(B)));
        desk.owe(B, RoomId(1), 2);
        let mut rooms = Vec::new();
        while let [(B, room), ..] = sent(&effects)[..] {
            rooms.push(room.0);
            effects = desk.cue(|server, ctx| server.transaction_accepted(ctx, B));
        }
        rooms
    };
    assert_eq!(order(50), [0, 2, 1]);
    assert_eq!(order(1), [0, 1, 2], "oldest event first");
}

#[test]
fn what_was_held_back_does_not_take_the_place_of_a_newer_event() {
    let mut desk = Desk::new(|_| {});
    let (older, newer) = (desk.event(RoomId(0), 3), desk.event(RoomId(0), 1));
    catching_up(&mut desk.server, B);
    let now = desk.now;
    for event in [newer, older] {
        desk.server.queue_waiting(B, RoomId(0), event, now);
    }
    assert_eq!(desk.server.db.owed[&B][&RoomId(0)], newer);
}
