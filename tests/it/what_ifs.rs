//! Parameters that no recording has: each changes what it says, and nothing where it is not set.

use std::collections::BTreeSet;

use fedheal::faults::{Fault, KeyFate, MediaFate};
use fedheal::journal::{Fact, MediaId, RoomId, ServerId, UserId, What};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::protocol::matrix::{Rules, UnknownRoom};
use fedheal::room::Body;
use fedheal::simulation::{Outcome, run};
use fedheal::workload::{Action, StateField};
use fedheal::world::World;
use proptest::strategy::{Strategy, ValueTree};
use serde_json::{Value, json};

use crate::worlds::{START, draft, healthy, restored};

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

/// The restored world, in which the signing key is lost with everything else.
fn without_key() -> World {
    let mut world = restored();
    for (_, fault) in &mut world.faults {
        if let Fault::Restore { key, .. } = fault {
            *key = KeyFate::New;
        }
    }
    world
}

#[test]
fn what_a_server_signed_with_a_lost_key_comes_back_if_the_key_is_listed() {
    let outcome = |listed| run_with(without_key(), |rules| rules.old_keys_listed = listed);
    let (unlisted, listed) = (outcome(false), outcome(true));
    assert!(gained(&listed) > gained(&unlisted));
    let kept = run_with(restored(), |_| {});
    assert_eq!(gained(&listed), gained(&kept));
}

/// Worlds in which enough goes wrong that any parameter has a chance to matter.
fn troubled() -> Vec<World> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = |_| draft().new_tree(&mut runner).expect("a draft").current();
    let mut worlds: Vec<World> = (0..40).map(drawn).map(|draft| draft.plain()).collect();
    worlds.extend([
        restored(),
        silent(),
        with_a_file(),
        without_media(),
        without_key(),
        lifetimes(true),
        lifetimes(false),
        forked(),
        short_outage(),
        tidy(),
    ]);

    let (b, c) = (UserId(2), UserId(3));
    for (tip_by, lost) in [(c, 150), (c, 50), (b, 15)] {
        worlds.extend((0..8).map(|names| stale_tip(names, tip_by, lost)));
    }
    worlds
}

/// The newest that A has after its restore is by one of the others, and behind a gap only B speaks. How many names the
/// room had decides on the numbers of state groups.
fn stale_tip(names: u64, tip_by: UserId, lost: u64) -> World {
    let mut world = silent();
    for room in &mut world.rooms {
        room.messages_per_day = 0.0;
    }
    let b = UserId(2);
    for n in 0..names {
        let name = Action::SetState {
            room: RoomId(1),
            by: UserId(1),
            field: StateField::Name,
            value: n.to_string(),
            file: None,
        };
        let at = START + SimDuration::hours(24) + SimDuration::minutes(n);
        world.actions.push((at, name));
    }
    let tip = (SimDuration::hours(47), tip_by);
    let lost = (0..lost).map(|n| (SimDuration::hours(72) + SimDuration::minutes(n), b));
    let later = (0..3).map(|n| (SimDuration::days(7) + SimDuration::hours(n), b));
    for (after, by) in [tip].into_iter().chain(lost).chain(later) {
        let room = RoomId(1);
        let send = Action::Send {
            room,
            by,
            file: None,
        };
        world.actions.push((START + after, send));
    }
    world.actions.sort_by_key(|(at, _)| *at);
    world
}

/// The restored world, in which two extremities are too many.
fn forked() -> World {
    let mut world = restored();
    for server in &mut world.servers {
        server.rules.dummy_threshold = 1;
    }
    world
}

/// A file that nobody looks at, messages that are taken back, a room that its last local user leaves, and a server
/// that stands still when it is asked what its message stands on.
fn tidy() -> World {
    let mut world = without_media();
    let at = |days| START + SimDuration::days(days) + SimDuration::minutes(7);
    let room = RoomId(0);
    let (ours, c) = (UserId(0), UserId(3));
    let redact = |target| {
        let by = ours;
        (at(3), Action::Redact { room, by, target })
    };
    world.actions.extend((9..20).map(redact));
    world.actions.push((at(7), Action::Leave { room, who: c }));
    let (by, file, server) = (UserId(2), None, ServerId(1));
    world.actions.push((at(5), Action::Send { room, by, file }));
    let still = at(5) + SimDuration::millis(25);
    let goes_on = still + SimDuration::seconds(30);
    world.faults.push((still, Fault::Freeze { server }));
    world.faults.push((goes_on, Fault::Thaw { server }));
    world.faults.sort_by_key(|(at, _)| *at);
    world.actions.sort_by_key(|(at, _)| *at);
    for server in &mut world.servers {
        server.rules.local_media_lifetime = Some(SimDuration::days(3));
        server.rules.remote_media_lifetime = Some(SimDuration::days(3));
        server.rules.forget_rooms_on_leave = true;
        server.rules.forgotten_room_retention = Some(SimDuration::days(1));
    }
    world
}

/// Busy rooms, and a server that is down for an hour.
fn short_outage() -> World {
    let mut world = healthy(200);
    let (server, at) = (ServerId(0), START + SimDuration::days(5));
    world.faults = vec![
        (at, Fault::Stop { server }),
        (at + SimDuration::hours(1), Fault::Start { server }),
    ];
    world
}

/// As `with_a_file`, but of a remote user, seen before the backup, and with an empty store after it.
fn without_media() -> World {
    let mut world = with_a_file();
    let media = MediaId(0);
    let at = |days| START + SimDuration::days(days);
    let (ours, theirs) = (UserId(0), UserId(2));
    world
        .actions
        .retain(|(_, action)| !matches!(action, Action::Upload { .. } | Action::Download { .. }));
    world.actions.extend([
        (at(1), Action::Upload { media, by: theirs }),
        (at(1), Action::Download { media, by: ours }),
        (at(7), Action::Download { media, by: ours }),
    ]);
    world.actions.sort_by_key(|(at, _)| *at);
    for (_, fault) in &mut world.faults {
        if let Fault::Restore { media, .. } = fault {
            *media = MediaFate::Gone;
        }
    }
    world
}

/// The restored world with lifetimes of messages on every server, obeyed or not.
fn lifetimes(enabled: bool) -> World {
    let mut world = restored();
    for server in &mut world.servers {
        server.rules.retention_enabled = enabled;
        server.rules.default_max_lifetime = Some(SimDuration::days(3));
    }
    world
}

/// All that a run leaves behind, as text.
fn trace(world: &World) -> String {
    let outcome = run(world, &mut |_| {});
    let stores = outcome
        .servers
        .iter()
        .map(|server| (&server.db, &server.media));
    format!("{:?} {:?}", outcome.journal, stores.collect::<Vec<_>>())
}

/// The world with one parameter set on every server.
fn with_rule(world: &World, key: &str, value: &Value) -> World {
    let mut world = world.clone();
    for server in &mut world.servers {
        let mut rules = serde_json::to_value(&server.rules).unwrap();
        rules[key] = value.clone();
        server.rules = serde_json::from_value(rules).unwrap();
    }
    world
}

#[test]
fn every_parameter_is_read() {
    let others = [
        ("pdus-per-txn", json!(1)),
        ("long-retries", json!(0)),
        ("long-delay-base", json!(9)),
        ("long-delay-cap", json!("3s")),
        ("retry-jitter-lo-per-mille", json!(100)),
        ("retry-jitter-hi-per-mille", json!(5000)),
        ("destination-min-retry", json!("1h")),
        ("destination-retry-multiplier", json!(4.0)),
        ("destination-max-retry", json!("11m")),
        ("catchup-threshold", json!("1s")),
        ("catchup-tip-max", json!(0)),
        ("wake-period", json!("3h")),
        ("inbound-clears-backoff", json!(false)),
        ("request-timeout", json!("1s")),
        ("gme-timeout", json!("1s")),
        ("short-retries", json!(0)),
        ("short-delay-cap", json!("50ms")),
        ("unknown-room-policy", json!("rebuild")),
        ("max-prev", json!(1)),
        ("max-auth", json!(1)),
        ("staging-prune-at", json!(1)),
        ("gme-request-limit", json!(3)),
        ("gme-serve-cap", json!(3)),
        ("failed-pull-base", json!("1s")),
        ("failed-pull-doubling-cap", json!(0)),
        ("new-event-prev-max", json!(1)),
        ("extremity-prune-age", json!("90d")),
        ("extremity-prune-depth", json!(0)),
        ("extremity-prune-same-domain-depth", json!(0)),
        ("dummy-threshold", json!(1)),
        ("dummy-period", json!("1d")),
        ("dummy-rooms", json!(0)),
        ("backfill-trigger-factor", json!(0)),
        ("backfill-big-gap", json!(100_000)),
        ("backfill-events", json!(7)),
        ("backfill-points-considered", json!(0)),
        ("backfill-extremities-per-request", json!(0)),
        ("backfill-denials-max", json!(0)),
        ("backfill-host-order", json!("arbitrary")),
        ("empty-backfill-is-success", json!(false)),
        ("faster-join", json!(false)),
        ("clients-know-via", json!(true)),
        ("admin-crawler", json!(true)),
        ("old-keys-listed", json!(true)),
        ("media-own-refetch", json!(true)),
        ("remote-media-row-blocks-refetch", json!(false)),
        ("local-media-lifetime", json!("1d")),
        ("remote-media-lifetime", json!("1d")),
        ("media-job-interval", json!("30d")),
        ("retention-enabled", json!(true)),
        ("default-max-lifetime", json!("1d")),
        ("allowed-lifetime-min", json!("6d")),
        ("allowed-lifetime-max", json!("1d")),
        ("purge-job-interval", json!("1h")),
        ("purge-by", json!("timestamp")),
        ("purge-deletes-local", json!(false)),
        (
            "retention-by-room",
            json!([{ "members-over": 1, "lifetime": "1d" }]),
        ),
        ("purge-tombstones", json!(true)),
        ("purge-owner-only", json!(true)),
        ("honours-wishes", json!(true)),
        ("purge-least-holders", json!(9)),
        ("redaction-retention", json!("1d")),
        ("censor-period", json!("1d")),
        ("censor-batch", json!(0)),
        ("forget-rooms-on-leave", json!(false)),
        ("forgotten-room-retention", json!("3d")),
    ];
    let worlds = troubled();
    let usual: Vec<String> = worlds.iter().map(trace).collect();
    let unread: Vec<&str> = others
        .iter()
        .filter(|(key, other)| {
            let mut pairs = std::iter::zip(&worlds, &usual);
            !pairs.any(|(world, usual)| trace(&with_rule(world, key, other)) != *usual)
        })
        .map(|(key, _)| *key)
        .collect();
    assert_eq!(unread, Vec::<&str>::new(), "these change nothing");
    let rules = serde_json::to_value(Rules::default()).unwrap();
    let all: BTreeSet<&str> = rules
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut here: BTreeSet<&str> = others.iter().map(|(key, _)| *key).collect();
    // These show only within seconds; `rules::waking` looks at them, and `has_holes` has its own test.
    here.extend(["catchup-rooms-per-page", "wake-page", "wake-spacing"]);
    here.insert("backfill-small-gaps");
    assert_eq!(here, all);
}
