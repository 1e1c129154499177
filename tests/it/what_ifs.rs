//! Parameters that no recording has: each changes what it says, and nothing where it is not set.

use fedheal::journal::{Fact, MediaId, RoomId, ServerId, UserId, What};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::protocol::matrix::{Rules, UnknownRoom};
use fedheal::room::Body;
use fedheal::simulation::{Outcome, run};
use fedheal::workload::Action;
use fedheal::world::World;

use crate::worlds::{START, restored};

/// The room that was made after the backup.
const NEW_ROOM: RoomId = RoomId(2);

fn run_with(mut world: World, set: impl Fn(&mut Rules)) -> Outcome {
    world
        .servers
        .iter_mut()
        .for_each(|server| set(&mut server.rules));
    run(&world, &mut |_| {})
}

/// The restored world, in which nobody does anything of themselves.
fn silent() -> World {
    let mut world = restored();
    world.people.page = 0;
    world
}

/// Items of a path that the first server gained.
fn gained(outcome: &Outcome) -> u64 {
    outcome
        .journal
        .facts()
        .iter()
        .filter_map(|fact| match fact {
            Fact::Gained {
                server: ServerId(0),
                what: What::Items { first, last, .. },
                ..
            } => Some(u64::from(last - first) + 1),
            _ => None,
        })
        .sum()
}

fn refusals(outcome: &Outcome, wanted: &str) -> usize {
    let facts = outcome.journal.facts().iter();
    facts
        .filter(|fact| matches!(fact, Fact::Refused { rule, .. } if *rule == wanted))
        .count()
}

#[test]
fn an_unknown_room_is_rebuilt_if_the_policy_says_so() {
    let knows = |policy| {
        let outcome = run_with(silent(), |rules| rules.unknown_room_policy = policy);
        outcome.servers[0].in_room(NEW_ROOM, &outcome.logs[NEW_ROOM.index()])
    };
    assert!(!knows(UnknownRoom::Drop));
    assert!(knows(UnknownRoom::Rebuild));
}

#[test]
fn a_crawler_brings_back_what_nobody_scrolls_for() {
    let mut world = restored();
    world.people.scrolls_per_member_day = 1e-6;
    world.people.scrolls_after_loss_per_member_day = 1e-6;
    let by_hand = gained(&run_with(world.clone(), |_| {}));
    let crawled = gained(&run_with(world, |rules| rules.admin_crawler = true));
    assert!(
        crawled > 2 * by_hand,
        "{by_hand} by hand, {crawled} crawled"
    );
}

#[test]
fn an_event_with_too_many_parents_is_dropped() {
    let refused = |most| {
        refusals(
            &run_with(restored(), |rules| rules.max_prev = most),
            "too-many-parents",
        )
    };
    assert_eq!(refused(20), 0);
    assert!(refused(1) > 0);
}

#[test]
fn a_room_with_too_many_extremities_gets_an_event_that_joins_them() {
    let dummies = |threshold| {
        let outcome = run_with(restored(), |rules| rules.dummy_threshold = threshold);
        let singles = outcome.logs.iter().flat_map(|log| {
            (0..log.len()).filter(|no| log.single(*no).is_some_and(|pdu| pdu.body == Body::Dummy))
        });
        singles.count()
    };
    assert_eq!(dummies(10), 0);
    assert!(dummies(1) > 0);
}

/// One of A's users uploads a file after the backup, one of B's views it before and after the loss, then
/// A's own user does.
fn with_a_file() -> World {
    let mut world = silent();
    let media = MediaId(0);
    world.media = vec!["picture".to_owned()];
    let at = |days| START + SimDuration::days(days);
    let (ours, theirs) = (UserId(0), UserId(2));
    world.actions.extend([
        (at(3), Action::Upload { media, by: ours }),
        (at(4), Action::Download { media, by: theirs }),
        (at(7), Action::Download { media, by: ours }),
    ]);
    world.actions.sort_by_key(|(at, _): &(SimTime, _)| *at);
    world
}

#[test]
fn an_own_lost_file_comes_back_from_a_peer_only_in_the_what_if() {
    let has = |refetch| {
        let outcome = run_with(with_a_file(), |rules| rules.media_own_refetch = refetch);
        outcome.servers[0].media.local.contains(&MediaId(0))
    };
    assert!(!has(false));
    assert!(has(true));
}

#[test]
fn each_further_parameter_is_read() {
    type Set = fn(&mut Rules);
    let parameters: [(&str, Set); 3] = [
        ("backfill_trigger_factor", |rules| {
            rules.backfill_trigger_factor = 0
        }),
        ("backfill_events", |rules| rules.backfill_events = 7),
        ("gme_request_limit", |rules| rules.gme_request_limit = 3),
    ];
    let usual = run_with(restored(), |_| {});
    for (name, set) in parameters {
        let other = run_with(restored(), set);
        assert_ne!(usual.journal, other.journal, "{name}");
    }
}
