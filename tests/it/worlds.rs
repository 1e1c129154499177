//! Small worlds, drawn for property tests.

use fedheal::faults::{Fault, KeyFate, MediaFate};
use fedheal::journal::{RoomId, ServerId, UserId};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::protocol::matrix::{RoomRule, Rules};
use fedheal::workload::{Action, People, RoomKind, RoomSpec, UserSpec, Visibility};
use fedheal::world::{ServerSpec, World};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

pub(crate) const START: SimTime = SimTime(1_600_000_000_000);
const DAYS: u64 = 12;

/// The same worlds every time; PROPTEST_CASES and PROPTEST_RNG_SEED draw others.
pub(crate) fn config() -> ProptestConfig {
    let drawn = ProptestConfig::default();
    let rng_seed = match drawn.rng_seed {
        RngSeed::Random => RngSeed::Fixed(2021),
        fixed => fixed,
    };
    ProptestConfig {
        failure_persistence: None,
        rng_seed,
        ..drawn
    }
}

/// What is done to a world, by day: drawn as numbers, so that it shrinks well.
#[derive(Debug, Clone)]
struct Trouble {
    day: u64,
    hour: u64,
    kind: u8,
    server: u32,
    hours: u64,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (2..DAYS - 2, 0..24u64, 0..7u8, 0..3u32, 1..60u64).prop_map(
        |(day, hour, kind, server, hours)| Trouble {
            day,
            hour,
            kind,
            server,
            hours,
        },
    )
}

/// What a small world is drawn from: short enough to be read when a property fails.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    seed: u64,
    troubles: Vec<Trouble>,
    rate: u32,
    retention: bool,
}

/// Three servers, three rooms with drawn traffic, a backup, and some troubles.
pub(crate) fn draft() -> impl Strategy<Value = Draft> {
    let troubles = proptest::collection::vec(trouble(), 0..5);
    (any::<u64>(), troubles, 1..40u32, any::<bool>()).prop_map(
        |(seed, troubles, rate, retention)| Draft {
            seed,
            troubles,
            rate,
            retention,
        },
    )
}

impl Draft {
    /// With what-ifs, authors who take back, and erased accounts, by the bits of the seed.
    pub(crate) fn world(&self) -> World {
        let mut world = self.plain();
        vary(&mut world, self.retention);
        world
    }

    /// Without any of them.
    pub(crate) fn plain(&self) -> World {
        build(self.seed, &self.troubles, self.rate, self.retention)
    }
}

fn build(seed: u64, troubles: &[Trouble], rate: u32, retention: bool) -> World {
    let server = |(rank, name): (usize, &str)| {
        let mut rules = Rules::default();
        if retention && rank == 1 {
            rules.retention_enabled = true;
            rules.default_max_lifetime = Some(SimDuration::days(3));
        }
        ServerSpec {
            name: name.to_owned(),
            rules,
            backups: None,
            rank: rank as u32,
        }
    };
    let user = |name: &str, server: u32| UserSpec {
        name: name.to_owned(),
        server: ServerId(server),
        exists: true,
        weight: 10,
    };
    let mut world = World {
        seed,
        start: START,
        end: START + SimDuration::days(DAYS),
        in_step: true,
        servers: ["a", "b", "c"]
            .into_iter()
            .enumerate()
            .map(server)
            .collect(),
        users: vec![
            user("a1@a", 0),
            user("a2@a", 0),
            user("b1@b", 1),
            user("c1@c", 2),
        ],
        rooms: (0..3).map(|number| room(number, rate)).collect(),
        founded: Vec::new(),
        media: Vec::new(),
        actions: Vec::new(),
        faults: Vec::new(),
        people: People {
            scrolls_per_member_day: 0.3,
            page: 20,
            scroll_pages: 5,
            scrolls_after_loss_per_member_day: 1.0,
            scroll_pages_after_loss: 20,
            jumps_after_loss_per_member_day: 0.5,
            register_again_per_mille: 500,
            register_again_after: SimDuration::hours(8),
            name_reuse_per_day: 0.0,
            invite_again_per_mille: 500,
            invite_again_after: SimDuration::hours(20),
            accept_after: SimDuration::hours(3),
            ..People::default()
        },
    };
    found(&mut world);
    for trouble in troubles {
        strike(&mut world, trouble);
    }
    world.faults.sort_by_key(|(at, _)| *at);
    world.actions.sort_by_key(|(at, _)| *at);
    world
}

fn vary(world: &mut World, retention: bool) {
    let seed = world.seed;
    if seed.is_multiple_of(3) {
        world.people.deletes_per_mille = 150;
    }
    if (seed >> 16) % 4 == 1 {
        world.people.erases_per_user_year = 15.0;
    }
    if !retention {
        return;
    }
    let what_if = (seed >> 8) % 8;
    for rules in world.servers.iter_mut().map(|server| &mut server.rules) {
        match what_if {
            2 => rules.purge_tombstones = Some(true),
            3 => rules.purge_owner_only = Some(true),
            4 => rules.honours_wishes = Some(true),
            5 => rules.purge_least_holders = Some(2),
            6 => {
                rules.retention_by_room = Some(vec![RoomRule {
                    members_over: Some(3),
                    lifetime: Some(SimDuration::days(2)),
                    ..RoomRule::default()
                }]);
            }
            7 => {
                rules.purge_tombstones = Some(true);
                rules.honours_wishes = Some(true);
            }
            _ => {}
        }
    }
}

fn room(number: u32, rate: u32) -> RoomSpec {
    RoomSpec {
        name: format!("room{number}"),
        kind: RoomKind::Public,
        federate: true,
        version: 12,
        encrypted: false,
        visibility: if number == 2 {
            Visibility::Joined
        } else {
            Visibility::Shared
        },
        max_lifetime: None,
        messages_per_day: f64::from(rate) * f64::from(number + 1) / 2.0,
        files_per_mille: 200,
    }
}

/// Rooms are made at the beginning; the third one only after the backup.
fn found(world: &mut World) {
    let users = [UserId(0), UserId(1), UserId(2), UserId(3)];
    for number in 0..3 {
        let room = RoomId(number);
        let day = if number == 2 {
            SimDuration::days(3)
        } else {
            SimDuration::ZERO
        };
        let at = START + day + SimDuration::minutes(u64::from(number) + 1);
        let creator = users[number as usize];
        world
            .actions
            .push((at, Action::CreateRoom { room, by: creator }));
        let via = Some(world.home(creator));
        for (place, who) in users
            .iter()
            .copied()
            .filter(|who| *who != creator)
            .enumerate()
        {
            let at = at + SimDuration::minutes(1 + place as u64);
            world.actions.push((at, Action::Join { room, who, via }));
        }
    }
    world.faults.push((
        START + SimDuration::days(2),
        Fault::Backup {
            server: ServerId(0),
        },
    ));
}

fn strike(world: &mut World, trouble: &Trouble) {
    let at = START + SimDuration::days(trouble.day) + SimDuration::hours(trouble.hour);
    let until = at + SimDuration::hours(trouble.hours);
    let server = ServerId(trouble.server);
    let other = ServerId((trouble.server + 1) % 3);
    let (room, who) = (RoomId(trouble.server), UserId(3));
    match trouble.kind {
        0 | 1 => world.faults.push((
            at,
            Fault::Restore {
                server: ServerId(0),
                to: None,
                media: MediaFate::Restored,
                media_to: None,
                key: KeyFate::Kept,
            },
        )),
        2 => world.faults.extend([
            (at, Fault::Stop { server }),
            (until, Fault::Start { server }),
        ]),
        3 => world.faults.extend([
            (
                at,
                Fault::Cut {
                    between: (server, other),
                },
            ),
            (
                until,
                Fault::Heal {
                    between: (server, other),
                },
            ),
        ]),
        4 => world.actions.extend([
            (at, Action::Leave { room, who }),
            (
                until,
                Action::Join {
                    room,
                    who,
                    via: Some(ServerId(0)),
                },
            ),
        ]),
        5 => world.actions.push((
            at,
            Action::PurgeHistory {
                server: other,
                room: RoomId(0),
                keep_last: 5,
                delete_local: true,
            },
        )),
        _ => world.faults.extend([
            (at, Fault::Freeze { server }),
            (until, Fault::Thaw { server }),
        ]),
    }
}

/// A world in which the first server goes back to its backup after three days, and its people page back.
pub(crate) fn restored() -> World {
    let restore = Trouble {
        day: 5,
        hour: 0,
        kind: 0,
        server: 0,
        hours: 0,
    };
    build(7, &[restore], 20, false)
}

/// A world in which nothing breaks and nobody pages back, with so many messages a day.
pub(crate) fn healthy(messages_per_day: u32) -> World {
    let mut world = build(7, &[], 1, false);
    world.people.page = 0;
    world.faults.clear();
    for room in &mut world.rooms {
        room.messages_per_day = f64::from(messages_per_day);
    }
    world
}
