//! What a server does away with by itself: redacted content, files, forgotten rooms; and names that become free
//! (reference, sections 4.4, 6, 7).

use fedheal::journal::{Fact, MediaId, Path, RoomId, ServerId, UserId, What, Why};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::{Dimension, measure};
use fedheal::protocol::matrix::Rules;
use fedheal::simulation::{Outcome, run};
use fedheal::workload::{Action, UserSpec};
use fedheal::world::World;

use crate::worlds::{START, healthy, restored};

const A: ServerId = ServerId(0);
const C: ServerId = ServerId(2);
const ROOM: RoomId = RoomId(0);
const A1: UserId = UserId(0);
const C1: UserId = UserId(3);

fn day(n: u64) -> SimTime {
    START + SimDuration::days(n)
}

fn play(world: &World) -> Outcome {
    run(world, &mut |_| {})
}

/// In a world where nobody speaks of themselves, A1 says something on the fourth day and takes it back a little
/// later, so many times.
fn redacting(times: u32) -> World {
    let mut world = healthy(0);
    for n in 0..times {
        let at = day(4) + SimDuration::minutes(u64::from(n));
        let send = Action::Send {
            room: ROOM,
            by: A1,
            file: None,
        };
        world.actions.push((at, send));
    }
    world.actions.sort_by_key(|(at, _)| *at);
    let spoken = play(&world);
    let log = &spoken.logs[ROOM.index()];
    let messages: Vec<u32> = (0..log.len()).filter(|no| log.is_message(*no)).collect();
    for target in messages {
        let at = day(4) + SimDuration::hours(2);
        let redact = Action::Redact {
            room: ROOM,
            by: A1,
            target,
        };
        world.actions.push((at, redact));
    }
    world.actions.sort_by_key(|(at, _)| *at);
    world
}

/// When content went, for a reason, and on which server.
fn hollowed(outcome: &Outcome, reason: Why) -> Vec<(SimTime, ServerId)> {
    let facts = outcome.journal.facts().iter();
    let mut found: Vec<(SimTime, ServerId)> = facts
        .filter_map(|fact| match fact {
            Fact::Hollowed {
                at, server, why, ..
            } if *why == reason => Some((*at, *server)),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn what_is_redacted_is_hidden_at_once_and_overwritten_a_week_later() {
    let outcome = play(&redacting(1));
    let redacted = day(4) + SimDuration::hours(2);
    let everywhere: Vec<_> = (0..3).map(|n| (redacted, ServerId(n))).collect();
    assert_eq!(hollowed(&outcome, Why::Redaction), everywhere);
    let overwritten = hollowed(&outcome, Why::Censor);
    assert_eq!(overwritten.len(), 3);
    let rules = Rules::default();
    for (at, _) in overwritten {
        let due = redacted + SimDuration::days(7);
        assert!((due..due + rules.censor_period).contains(&at), "{at}");
    }
    let copy = &outcome.servers[C.index()].db.rooms[&ROOM];
    assert_eq!(copy.redacted(&outcome.logs[ROOM.index()]).iter().count(), 1);
}

#[test]
fn redacted_content_that_is_kept_for_ever_is_never_overwritten() {
    let mut world = redacting(1);
    for server in &mut world.servers {
        server.rules.redaction_retention = None;
    }
    let outcome = play(&world);
    assert_eq!(hollowed(&outcome, Why::Redaction).len(), 3);
    assert_eq!(hollowed(&outcome, Why::Censor).len(), 0);
}

#[test]
fn one_run_overwrites_no_more_than_a_batch() {
    let mut world = redacting(3);
    world.servers[A.index()].rules.censor_batch = 1;
    let outcome = play(&world);
    let at_a: Vec<SimTime> = hollowed(&outcome, Why::Censor)
        .into_iter()
        .filter_map(|(at, server)| (server == A).then_some(at))
        .collect();
    let period = Rules::default().censor_period;
    assert_eq!(at_a.len(), 3);
    assert_eq!(at_a[1], at_a[0] + period);
    assert_eq!(at_a[2], at_a[1] + period);
}

/// A1 uploads a file, C's user looks at it once a day until the sixth day, and both look on the tenth.
fn with_a_file() -> World {
    let mut world = healthy(0);
    let media = MediaId(0);
    world.media = vec!["picture".to_owned()];
    world
        .actions
        .push((day(1), Action::Upload { media, by: A1 }));
    let looks = (2..=6)
        .map(|n| (day(n), C1))
        .chain([(day(10), C1), (day(10), A1)]);
    let looks = looks.map(|(at, by)| (at, Action::Download { media, by }));
    world.actions.extend(looks);
    world.actions.sort_by_key(|(at, _)| *at);
    world
}

/// Who can show the file at the end: A its own, C its copy.
fn shown(world: &World) -> (bool, bool) {
    let outcome = play(world);
    let [a, c] = [A, C].map(|server| &outcome.servers[server.index()]);
    (
        a.viewable_files().count() == 1,
        c.copied_files().count() == 1,
    )
}

#[test]
fn a_file_at_which_nobody_looks_is_deleted_after_its_lifetime() {
    let with = |local: u64, remote: u64| {
        let mut world = with_a_file();
        for server in &mut world.servers {
            server.rules.local_media_lifetime = Some(SimDuration::days(local));
            server.rules.remote_media_lifetime = Some(SimDuration::days(remote));
        }
        shown(&world)
    };
    assert_eq!(shown(&with_a_file()), (true, true));
    // C's daily looks are at its copy, so to A the file is as old as the first of them.
    assert_eq!(with(20, 20), (true, true));
    assert_eq!(with(6, 20), (false, true));
    assert_eq!(with(6, 3), (false, false));
    // A copy that was deleted is fetched again where the origin still has the file.
    assert_eq!(with(20, 3), (true, true));
}

#[test]
fn a_room_that_all_local_users_left_is_deleted_if_they_forget_it() {
    let knows = |forget: bool| {
        let mut world = healthy(0);
        world.actions.push((
            day(4),
            Action::Leave {
                room: ROOM,
                who: C1,
            },
        ));
        world.actions.sort_by_key(|(at, _)| *at);
        let rules = &mut world.servers[C.index()].rules;
        rules.forget_rooms_on_leave = forget;
        rules.forgotten_room_retention = Some(SimDuration::days(2));
        let outcome = play(&world);
        let deleted = outcome.journal.facts().iter().find_map(|fact| match fact {
            Fact::Lost {
                at,
                what: What::Room(room),
                why: Why::Forgotten,
                ..
            } => Some((*at, *room)),
            _ => None,
        });
        let knows = outcome.servers[C.index()].db.rooms.contains_key(&ROOM);
        (knows, deleted)
    };
    assert_eq!(knows(false), (true, None));
    assert_eq!(knows(true), (false, Some((day(6), ROOM))));
}

/// The restored world with a user who registers and joins a room in the lost period.
fn with_a_lost_account() -> (World, UserId) {
    let mut world = restored();
    let who = UserId(world.users.len() as u32);
    world.users.push(UserSpec {
        name: "a3@a".to_owned(),
        server: A,
        exists: false,
        weight: 0,
    });
    let password = "pw".to_owned();
    let at = day(3);
    world.actions.push((at, Action::Register { who, password }));
    let via = None;
    let at = at + SimDuration::hours(1);
    world.actions.push((
        at,
        Action::Join {
            room: ROOM,
            who,
            via,
        },
    ));
    world.actions.sort_by_key(|(at, _)| *at);
    world.people.register_again_per_mille = 0;
    (world, who)
}

#[test]
fn a_stranger_who_registers_a_lost_name_has_its_memberships() {
    let (mut world, who) = with_a_lost_account();
    world.people.name_reuse_per_day = 1.0;
    let outcome = play(&world);
    let taken = outcome.journal.facts().iter().any(|fact| {
        matches!(fact, Fact::Gained { what: What::Account(user), path: Path::TakenOver, .. } if *user == who)
    });
    assert!(taken);
    assert!(outcome.servers[A.index()].db.accounts.contains_key(&who));
    let measures = measure(&outcome.books(&world, A), &outcome.journal);
    let of_the_name = |class: &str| {
        let rows = measures.items.iter();
        let is_it = |dimensions: &std::collections::BTreeMap<Dimension, String>| {
            dimensions[&Dimension::Class] == class && dimensions[&Dimension::Account] == "taken"
        };
        rows.filter(|row| is_it(&row.dimensions))
            .map(|row| (row.counts.gone, row.counts.recovered, row.counts.items))
            .collect::<Vec<_>>()
    };
    // Nothing of that is a recovery: its owner has nothing of it.
    assert_eq!(of_the_name("account"), [(1, 0, 1)]);
    assert_eq!(of_the_name("membership"), [(1, 0, 1)]);
}

#[test]
fn a_membership_that_comes_back_is_written_down() {
    let (world, who) = with_a_lost_account();
    let outcome = play(&world);
    let back = outcome.journal.facts().iter().find_map(|fact| match fact {
        Fact::Gained {
            at,
            server: A,
            what: What::Membership(ROOM, user),
            path,
            from,
        } if *user == who && *at > day(5) => Some((*path, *from)),
        _ => None,
    });
    // The others' record gives it back with the first event that closes the gap.
    let (path, from) = back.expect("the membership is known again");
    assert!(matches!(path, Path::GapFill | Path::Push), "{path:?}");
    assert_ne!(from, A);
    let measures = measure(&outcome.books(&world, A), &outcome.journal);
    let rows = measures
        .recovery
        .iter()
        .filter(|row| row.class == "membership");
    assert!(rows.map(|row| row.items).sum::<u64>() >= 1);
}

#[test]
fn a_lifetime_is_raised_to_the_least_and_then_lowered_to_the_most() {
    let days = |n| Some(SimDuration::days(n));
    let rules = Rules {
        retention_enabled: true,
        default_max_lifetime: days(1),
        allowed_lifetime_min: days(3),
        allowed_lifetime_max: days(20),
        ..Rules::default()
    };
    assert_eq!(rules.kept_for(None), days(3));
    assert_eq!(rules.kept_for(days(5)), days(5));
    assert_eq!(rules.kept_for(days(50)), days(20));
    let crossed = Rules {
        allowed_lifetime_max: days(2),
        ..rules.clone()
    };
    assert_eq!(crossed.kept_for(days(1)), days(2));
    // Not so what users are shown.
    let now = day(30);
    assert_eq!(rules.hidden_before(days(1), now), Some(day(29)));
    let ignored = Rules {
        retention_enabled: false,
        ..rules
    };
    assert_eq!(ignored.kept_for(None), None);
}
