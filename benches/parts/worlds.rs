//! Federations to be simulated, each for one kind of work.

use fedheal::faults::{Fault, KeyFate, MediaFate};
use fedheal::journal::{RoomId, ServerId, UserId};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::{Measures, measure};
use fedheal::protocol::matrix::Rules;
use fedheal::scenario::load;
use fedheal::simulation::run;
use fedheal::workload::{Action, People, RoomKind, RoomSpec, UserSpec, Visibility};
use fedheal::world::{ServerSpec, World};

const START: SimTime = SimTime(1_600_000_000_000);

/// The server to which something happens.
const STRUCK: ServerId = ServerId(0);

/// How often somebody reads a room back: each time, the pages overtake the backfill after a hundred items or
/// a few.
const PASSES: u32 = 40;

/// A federation with one user on each server. Each room is on `spread` servers; those of the next room are
/// the next ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) servers: u32,
    pub(crate) rooms: u32,
    pub(crate) spread: u32,
    /// Mean messages in each room and day.
    pub(crate) per_day: u32,
    pub(crate) days: u64,
}

/// A month of traffic in which every server is in step.
pub(crate) const MONTH: Size = Size {
    servers: 50,
    rooms: 100,
    spread: 10,
    per_day: 1_000,
    days: 30,
};

/// What the whole protocol is asked to carry, message by message.
pub(crate) const DAY: Size = Size {
    per_day: 100,
    days: 1,
    ..MONTH
};

/// Many rooms of three servers.
pub(crate) const GAPS: Size = Size {
    servers: 3,
    rooms: 300,
    spread: 3,
    per_day: 15,
    days: 4,
};

/// Rooms with much to read back.
pub(crate) const PAST: Size = Size {
    servers: 3,
    rooms: 100,
    spread: 3,
    per_day: 200,
    days: 13,
};

/// A few rooms with very much to remove.
pub(crate) const ARCHIVE: Size = Size {
    servers: 2,
    rooms: 20,
    spread: 2,
    per_day: 500,
    days: 100,
};

/// So many rooms in which little is said.
pub(crate) const fn quiet(rooms: u32) -> Size {
    Size {
        servers: 3,
        rooms,
        spread: 3,
        per_day: 1,
        days: 6,
    }
}

/// Nothing breaks, and nobody does anything but talk.
pub(crate) fn healthy(size: Size) -> World {
    let mut world = World {
        seed: 1,
        start: START,
        end: START + SimDuration::days(size.days),
        in_step: true,
        servers: (0..size.servers).map(server).collect(),
        users: (0..size.servers).map(user).collect(),
        rooms: (0..size.rooms).map(|n| room(n, size.per_day)).collect(),
        media: Vec::new(),
        founded: Vec::new(),
        actions: Vec::new(),
        faults: Vec::new(),
        people: People {
            page: 0,
            ..People::default()
        },
    };
    for number in 0..size.rooms {
        found(&mut world, RoomId(number), size);
    }
    world.actions.sort_by_key(|(at, _)| *at);
    world
}

/// The same without the in-step shortcut: every delivery is an event.
pub(crate) fn out_of_step(size: Size) -> World {
    World {
        in_step: false,
        ..healthy(size)
    }
}

/// A server is down for a day, and everything then begins with the newest event of each room.
pub(crate) fn gaps(size: Size) -> World {
    let mut world = healthy(size);
    let server = STRUCK;
    world.faults = vec![
        (day(2), Fault::Stop { server }),
        (day(3), Fault::Start { server }),
    ];
    world
}

/// A server falls back by all days but three.
pub(crate) fn restored(size: Size) -> World {
    let mut world = healthy(size);
    let restore = Fault::Restore {
        server: STRUCK,
        to: None,
        media: MediaFate::Restored,
        media_to: None,
        key: KeyFate::Kept,
    };
    world.faults = vec![
        (day(1), Fault::Backup { server: STRUCK }),
        (day(size.days - 2), restore),
    ];
    world
}

/// The same, and a day later somebody there reads every room back to its beginning.
pub(crate) fn scrolled(size: Size) -> World {
    let mut world = restored(size);
    for number in 0..size.rooms {
        let scroll = Action::Scroll {
            room: RoomId(number),
            who: UserId(STRUCK.0),
            page: 50,
            passes: PASSES,
            pause: true,
            most: None,
        };
        world.actions.push((day(size.days - 1), scroll));
    }
    world
}

/// A server removes what is older than thirty days, every day.
pub(crate) fn purged(size: Size) -> World {
    let mut world = healthy(size);
    let rules = &mut world.servers[STRUCK.index()].rules;
    rules.retention_enabled = true;
    rules.default_max_lifetime = Some(SimDuration::days(30));
    world
}

/// The incident of 2021: its file, the simulation and the measures.
pub(crate) fn incident() -> Measures {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/hypha-2021.toml");
    let scenario = load(path.as_ref(), &[], None).expect("the shipped scenario is in order");
    let outcome = run(&scenario.world, &mut |_| {});
    let books = outcome.books(&scenario.world, scenario.measured);
    measure(&books, &outcome.journal)
}

fn day(n: u64) -> SimTime {
    START + SimDuration::days(n)
}

fn server(number: u32) -> ServerSpec {
    ServerSpec {
        name: format!("s{number}"),
        rules: Rules::default(),
        backups: None,
        rank: number,
    }
}

fn user(number: u32) -> UserSpec {
    UserSpec {
        name: format!("u@s{number}"),
        server: ServerId(number),
        exists: true,
        weight: 10,
    }
}

fn room(number: u32, per_day: u32) -> RoomSpec {
    RoomSpec {
        name: format!("room{number}"),
        kind: RoomKind::Public,
        federate: true,
        version: 12,
        encrypted: false,
        visibility: Visibility::Shared,
        max_lifetime: None,
        messages_per_day: f64::from(per_day),
        files_per_mille: 0,
    }
}

/// The first user makes the room, the others join.
fn found(world: &mut World, room: RoomId, size: Size) {
    let first = room.0 % size.servers;
    let by = UserId(first);
    world.actions.push((
        START + SimDuration::minutes(1),
        Action::CreateRoom { room, by },
    ));
    for place in 1..size.spread {
        let join = Action::Join {
            room,
            who: UserId((first + place) % size.servers),
            via: Some(ServerId(first)),
        };
        world
            .actions
            .push((START + SimDuration::minutes(1 + u64::from(place)), join));
    }
}
