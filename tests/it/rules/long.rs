//! Rules that need more time or other faults than a script has: back-off, partial copies, jumps to a date.

use std::collections::BTreeSet;

use fedheal::faults::{CopyScope, Fault, KeyFate, MediaFate};
use fedheal::journal::{Fact, MediaId, Path, RoomId, ServerId, UserId, What};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::protocol::matrix::Rules;
use fedheal::simulation::{run, run_watched};
use fedheal::workload::Action;
use fedheal::world::World;

use crate::worlds::{START, healthy, restored};

const A: ServerId = ServerId(0);
const B: ServerId = ServerId(1);

fn day(n: u64) -> SimTime {
    START + SimDuration::days(n)
}

/// Every back-off of A towards B, each once, in order.
fn backoffs(world: &World) -> Vec<SimDuration> {
    let mut seen = Vec::new();
    run_watched(world, &mut |_, servers, _| {
        if let Some(backoff) = servers[A.index()].db.backoffs.get(&B)
            && seen.last() != Some(&backoff.interval)
        {
            seen.push(backoff.interval);
        }
    });
    seen
}

#[test]
fn back_off_doubles_with_a_jitter_up_to_a_week() {
    let mut world = healthy(20);
    world.faults = vec![(day(4), Fault::Cut { between: (A, B) })];
    let rules = Rules::default();
    let found = backoffs(&world);
    assert_eq!(found[0], rules.destination_min_retry);
    assert!(found.len() > 5, "{found:?}");
    for pair in found.windows(2) {
        let factor = pair[1].0 as f64 / pair[0].0 as f64;
        assert!((1.6..=2.8).contains(&factor) && pair[1] <= rules.destination_max_retry);
    }
}

#[test]
fn a_heavier_multiplier_makes_longer_back_offs() {
    let mut world = healthy(20);
    world.faults = vec![(day(4), Fault::Cut { between: (A, B) })];
    let usual = backoffs(&world);
    world.servers[A.index()].rules.destination_retry_multiplier = 4.0;
    let heavier = backoffs(&world);
    assert!(heavier[1] > usual[1] && heavier.len() < usual.len());
}

#[test]
fn a_room_whose_extremities_were_not_copied_is_mute_until_somebody_else_speaks() {
    let mut world = healthy(30);
    let scope = CopyScope::Tables(600);
    world.faults = vec![(day(5), Fault::FailedCopy { server: A, scope })];
    let mut mute: Option<BTreeSet<RoomId>> = None;
    let outcome = run_watched(&world, &mut |now, servers, _| {
        if now >= day(5) && mute.is_none() {
            let rooms = servers[A.index()].db.rooms.iter();
            let without = rooms.filter(|(_, replica)| replica.heads.is_empty());
            mute = Some(without.map(|(room, _)| *room).collect());
        }
    });
    let mute = mute.expect("the copy was made");
    assert!(!mute.is_empty());
    for room in mute {
        let log = &outcome.logs[room.index()];
        let next = log.first_at(day(5));
        assert_ne!(log.origin(next), A, "{room}");
        // Whoever spoke then has given the room back.
        assert!((next..log.len()).any(|no| log.origin(no) == A), "{room}");
    }
}

#[test]
fn a_jump_to_a_date_brings_one_event_as_history() {
    let jumped = |jumps: bool| {
        let mut world = restored();
        world.people.page = 0;
        if jumps {
            let jump = Action::JumpToDate {
                room: RoomId(1),
                who: UserId(0),
                to: day(3),
            };
            world.actions.push((day(7), jump));
        }
        let outcome = run(&world, &mut |_| {});
        let facts = outcome.journal.facts().iter();
        facts
            .filter_map(|fact| match fact {
                Fact::Gained {
                    server: A,
                    what: What::Items { first, last, .. },
                    path: Path::Jump,
                    ..
                } => Some(last - first + 1),
                _ => None,
            })
            .sum::<u32>()
    };
    assert_eq!((jumped(false), jumped(true)), (0, 1));
}

#[test]
fn stores_go_back_to_points_in_time_of_their_own() {
    let media = MediaId(0);
    let files = |media_to| {
        let mut world = healthy(1);
        world.media = vec!["picture".to_owned()];
        let by = UserId(0);
        world.actions.push((day(4), Action::Upload { media, by }));
        world.actions.sort_by_key(|(at, _)| *at);
        let restore = Fault::Restore {
            server: A,
            to: Some(day(3)),
            media: MediaFate::Restored,
            media_to,
            key: KeyFate::Kept,
        };
        let backup = Fault::Backup { server: A };
        world.faults = vec![
            (day(3), backup.clone()),
            (day(5), backup),
            (day(6), restore),
        ];
        let outcome = run(&world, &mut |_| {});
        let server = &outcome.servers[A.index()];
        (
            server.media.local.contains(&media),
            server.db.local_media.contains_key(&media),
        )
    };
    assert_eq!(files(None), (false, false));
    assert_eq!(files(Some(day(5))), (true, false));
}
