//! Retention policies: by kind of room, and those that no server has today; what authors take back; erased accounts;
//! backups that are deleted.

use fedheal::faults::{Fault, KeyFate, MediaFate};
use fedheal::journal::{Fact, RoomId, ServerId, UserId, What, Why};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::protocol::matrix::{Items, Origin, Replica, RoomFacts, RoomRule, Rules};
use fedheal::room::RoomLog;
use fedheal::simulation::{Outcome, run};
use fedheal::workload::{Action, BackupSchedule};
use fedheal::world::World;
use proptest::prelude::*;

use crate::worlds::{START, config, healthy};

const A: ServerId = ServerId(0);
const B: ServerId = ServerId(1);
const C: ServerId = ServerId(2);
const ROOM: RoomId = RoomId(0);
const A1: UserId = UserId(0);
const C1: UserId = UserId(3);

fn day(n: u64) -> SimTime {
    START + SimDuration::days(n)
}

fn days(n: u64) -> SimDuration {
    SimDuration::days(n)
}

fn play(world: &World) -> Outcome {
    run(world, &mut |_| {})
}

fn rules(world: &mut World, server: ServerId) -> &mut Rules {
    &mut world.servers[server.index()].rules
}

fn obeys(world: &mut World, server: ServerId, life: u64) {
    let rules = rules(world, server);
    rules.retention_enabled = true;
    rules.default_max_lifetime = Some(days(life));
}

fn copy(outcome: &Outcome, server: ServerId, room: RoomId) -> (&Replica, &RoomLog) {
    let replica = &outcome.servers[server.index()].db.rooms[&room];
    (replica, &outcome.logs[room.index()])
}

fn size(items: &Items) -> u32 {
    items.iter().map(|range| range.end - range.start).sum()
}

/// Messages of a room by users of a server that were made before a moment.
fn said_before(log: &RoomLog, server: ServerId, until: SimTime) -> Items {
    let all = 0..log.len();
    let said =
        all.filter(|no| log.is_message(*no) && log.origin(*no) == server && log.at(*no) < until);
    said.map(|no| no..no + 1).collect()
}

/// Items that a server was given and has no more.
fn missing((replica, _): (&Replica, &RoomLog)) -> usize {
    let gaps = |all: std::ops::Range<u32>| replica.timeline.gaps(&all).flatten().count();
    gaps(0..replica.timeline.last().map_or(0, |items| items.end))
}

fn purged(outcome: &Outcome, server: ServerId) -> bool {
    let mut facts = outcome.journal.facts().iter();
    facts.any(|fact| {
        matches!(fact, Fact::Lost { server: of, why: Why::Purge, what: What::Items { .. }, .. } if *of == server)
    })
}

#[test]
fn the_first_rule_by_room_that_fits_counts_and_else_the_ordinary_policy() {
    let chat = RoomFacts {
        direct: true,
        encrypted: true,
        origin: Origin::Local,
        members: 2,
        quiet: days(1),
    };
    let hall = RoomFacts {
        direct: false,
        encrypted: false,
        origin: Origin::Remote,
        members: 500,
        quiet: days(1),
    };
    let rules = Rules {
        retention_enabled: true,
        default_max_lifetime: Some(days(90)),
        allowed_lifetime_min: Some(days(60)),
        retention_by_room: Some(vec![
            RoomRule {
                direct: Some(true),
                keep: true,
                ..RoomRule::default()
            },
            RoomRule {
                members_over: Some(100),
                origin: Some(Origin::Remote),
                lifetime: Some(days(30)),
                ..RoomRule::default()
            },
            RoomRule {
                quiet_for: Some(days(200)),
                lifetime: Some(days(1)),
                ..RoomRule::default()
            },
        ]),
        ..Rules::default()
    };
    let kept = |facts: RoomFacts| rules.kept_in(None, || facts);
    assert_eq!(kept(chat), None);
    assert_eq!(kept(hall), Some(days(30)), "bounds do not count");
    let mine = RoomFacts {
        origin: Origin::Local,
        ..hall
    };
    assert_eq!(kept(mine), Some(days(90)));
    let quiet = RoomFacts {
        quiet: days(300),
        ..mine
    };
    assert_eq!(kept(quiet), Some(days(1)));
    let small = RoomFacts {
        members: 100,
        ..hall
    };
    assert_eq!(kept(small), Some(days(90)));
}

#[test]
fn a_server_purges_by_what_it_knows_of_its_rooms() {
    let mut world = healthy(20);
    world.rooms[0].encrypted = true;
    rules(&mut world, A).retention_by_room = Some(vec![
        RoomRule {
            encrypted: Some(true),
            keep: true,
            ..RoomRule::default()
        },
        RoomRule {
            members_over: Some(3),
            origin: Some(Origin::Remote),
            lifetime: Some(days(2)),
            ..RoomRule::default()
        },
    ]);
    let outcome = play(&world);
    let missing = |room| missing(copy(&outcome, A, RoomId(room)));
    // The first is encrypted, the second of A's own making, the third made at B.
    assert_eq!((missing(0), missing(1)), (0, 0));
    let all = outcome.logs[2].len() as usize;
    assert!(missing(2) * 2 > all, "{} of {all}", missing(2));
}

/// C1 says twenty things, A purges all but the newest, and A1 pages back twice.
fn purged_and_paged() -> World {
    let mut world = healthy(0);
    let said = (0..20).map(|n| {
        let send = Action::Send {
            room: ROOM,
            by: C1,
            file: None,
        };
        (day(4) + SimDuration::minutes(n), send)
    });
    world.actions.extend(said);
    let purge = Action::PurgeHistory {
        server: A,
        room: ROOM,
        keep_last: 1,
        delete_local: true,
    };
    world.actions.push((day(5), purge));
    for at in [day(6), day(7)] {
        let scroll = Action::Scroll {
            room: ROOM,
            who: A1,
            page: 50,
            passes: 1,
            pause: true,
            most: None,
        };
        world.actions.push((at, scroll));
    }
    world.actions.sort_by_key(|(at, _)| *at);
    world
}

fn messages(replica: &Replica, log: &RoomLog) -> usize {
    let held = replica.timeline.iter().cloned().flatten();
    held.filter(|no| log.is_message(*no)).count()
}

#[test]
fn what_has_a_tombstone_never_comes_back() {
    let held = |tombstones| {
        let mut world = purged_and_paged();
        rules(&mut world, A).purge_tombstones = Some(tombstones);
        let outcome = play(&world);
        let (replica, log) = copy(&outcome, A, ROOM);
        messages(replica, log)
    };
    assert_eq!((held(false), held(true)), (20, 1));
}

#[test]
fn owner_only_expiry_takes_the_content_of_own_messages_and_nothing_else() {
    let mut world = healthy(20);
    obeys(&mut world, A, 3);
    rules(&mut world, A).purge_owner_only = Some(true);
    let outcome = play(&world);
    assert!(!purged(&outcome, A));
    let (replica, log) = copy(&outcome, A, ROOM);
    assert_eq!(missing((replica, log)), 0);
    let job = outcome.end.saturating_sub(days(1));
    let (surely, at_most) = (
        said_before(log, A, job.saturating_sub(days(3))),
        said_before(log, A, outcome.end.saturating_sub(days(3))),
    );
    let taken = replica.shells.iter().cloned().flatten();
    assert!(size(&surely) > 10);
    assert!(
        surely
            .iter()
            .cloned()
            .flatten()
            .all(|no| replica.shells.contains(&no))
    );
    assert!(taken.into_iter().all(|no| at_most.contains(&no)));
}

#[test]
fn a_wish_is_honoured_by_whom_it_reaches_and_whoever_honours_wishes() {
    let mut world = healthy(20);
    obeys(&mut world, B, 3);
    rules(&mut world, C).honours_wishes = Some(true);
    let outcome = play(&world);
    let (at_a, _) = copy(&outcome, A, ROOM);
    let (at_c, log) = copy(&outcome, C, ROOM);
    assert_eq!((size(&at_a.shells), purged(&outcome, C)), (0, false));
    let surely = said_before(log, B, outcome.end.saturating_sub(days(4)));
    let at_most = said_before(log, B, outcome.end.saturating_sub(days(3)));
    assert!(size(&surely) > 10);
    assert!(
        surely
            .iter()
            .cloned()
            .flatten()
            .all(|no| at_c.shells.contains(&no))
    );
    assert!(
        at_c.shells
            .iter()
            .cloned()
            .flatten()
            .all(|no| at_most.contains(&no))
    );
    // Where nobody has a wish, nothing is honoured.
    rules(&mut world, B).retention_enabled = false;
    let outcome = play(&world);
    assert_eq!(size(&copy(&outcome, C, ROOM).0.shells), 0);
}

#[test]
fn a_wish_is_honoured_in_what_comes_late() {
    let mut world = purged_and_paged();
    obeys(&mut world, C, 1);
    rules(&mut world, A).honours_wishes = Some(true);
    // What A purged by hand comes back from B, and the next job finds it.
    let outcome = play(&world);
    let (replica, log) = copy(&outcome, A, ROOM);
    assert_eq!(messages(replica, log), 20);
    assert_eq!(size(&replica.shells), 20);
}

#[test]
fn where_too_few_others_are_nothing_is_purged() {
    let with = |least| {
        let mut world = healthy(20);
        obeys(&mut world, B, 3);
        rules(&mut world, B).purge_least_holders = Some(least);
        purged(&play(&world), B)
    };
    assert_eq!((with(2), with(3)), (true, false));
}

/// Each redaction with what it redacts.
fn redactions(outcome: &Outcome) -> Vec<(&RoomLog, u32, u32)> {
    let logs = outcome.logs.iter();
    logs.flat_map(|log| {
        log.redactions()
            .iter()
            .map(move |(no, target)| (log, *no, *target))
    })
    .collect()
}

#[test]
fn authors_take_back_their_share_and_half_of_it_within_ten_minutes() {
    let mut world = healthy(300);
    let before = play(&world);
    world.people.deletes_per_mille = 100;
    let outcome = play(&world);
    let all: u32 = before.logs.iter().map(RoomLog::len).sum();
    let redactions = redactions(&outcome);
    // Some are taken back after the end.
    let share = redactions.len() * 1000 / all as usize;
    assert!((80..105).contains(&share), "{share} of 1000");
    let mut soon = 0;
    for (log, no, target) in &redactions {
        assert_eq!(log.author(*no), log.author(*target));
        assert_eq!(log.deletion(*target), Some(log.at(*no)));
        soon += u32::from(log.at(*no).since(log.at(*target)) < SimDuration::minutes(10));
    }
    let soon = soon as usize * 1000 / redactions.len();
    assert!((470..600).contains(&soon), "{soon} of 1000");
    // Nobody says anything else for it.
    let said = |outcome: &Outcome| -> Vec<usize> {
        let count = |log: &RoomLog| (0..log.len()).filter(|no| log.is_message(*no)).count();
        outcome.logs.iter().map(count).collect()
    };
    assert_eq!(said(&before), said(&outcome));
}

#[test]
fn who_finds_the_server_away_takes_back_later() {
    let mut world = healthy(300);
    world.people.deletes_per_mille = 200;
    let server = A;
    let (down, up) = (day(5), day(7));
    world.faults = vec![
        (down, Fault::Stop { server }),
        (up, Fault::Start { server }),
    ];
    let outcome = play(&world);
    let late = redactions(&outcome).into_iter().filter(|(log, _, target)| {
        let wish = log
            .deletion(*target)
            .expect("what was taken back was to be");
        log.origin(*target) == A && wish >= down && wish < up
    });
    let late: Vec<SimTime> = late.map(|(log, no, _)| log.at(no)).collect();
    assert!(late.len() > 2, "{late:?}");
    assert!(
        late.iter().all(|at| *at >= up && *at < up + days(3)),
        "{late:?}"
    );
}

/// `purged_and_paged`, but C1 has the account erased, and B is dead: so only C can give back what A purged.
fn erased(erase: bool) -> World {
    let mut world = purged_and_paged();
    let deactivate = Action::Deactivate {
        who: C1,
        password: "pw".to_owned(),
        erase,
    };
    // Somebody of C stays in the room, or C would not be asked.
    let stays = UserId(world.users.len() as u32);
    let mut user = world.users[C1.index()].clone();
    user.name = "c2@c".to_owned();
    world.users.push(user);
    let join = Action::Join {
        room: ROOM,
        who: stays,
        via: None,
    };
    let before_last = day(5) + SimDuration::hours(1);
    world.actions.push((day(3), join));
    world.actions.push((before_last, deactivate));
    world.actions.sort_by_key(|(at, _)| *at);
    world.faults = vec![(day(5), Fault::Death { server: B })];
    world
}

#[test]
fn messages_of_an_erased_account_are_given_without_their_content() {
    let shells = |erase| {
        let outcome = play(&erased(erase));
        let (replica, log) = copy(&outcome, A, ROOM);
        assert_eq!(messages(replica, log), 20);
        // C itself keeps all of it.
        assert_eq!(size(&copy(&outcome, C, ROOM).0.shells), 0);
        size(&replica.shells)
    };
    assert_eq!(shells(false), 0);
    assert_eq!(shells(true), 19, "all that had to be asked for");
}

#[test]
fn a_rollback_undoes_an_erasure() {
    let erased_at_the_end = |restored: bool| {
        let mut world = erased(true);
        if restored {
            world
                .faults
                .insert(0, (day(4), Fault::Backup { server: C }));
            world.faults.push((day(8), restore(C, None)));
        }
        play(&world).servers[C.index()].db.erased.len()
    };
    assert_eq!((erased_at_the_end(false), erased_at_the_end(true)), (1, 0));
}

#[test]
fn people_have_accounts_erased_at_their_rate() {
    let erased = |rate| {
        let mut world = healthy(1);
        world.people.erases_per_user_year = rate;
        let outcome = play(&world);
        let servers = outcome.servers.iter();
        servers.map(|server| server.db.erased.len()).sum::<usize>()
    };
    assert_eq!((erased(0.0), erased(900.0)), (0, 4));
}

fn restore(server: ServerId, to: Option<SimTime>) -> Fault {
    Fault::Restore {
        server,
        to,
        media: MediaFate::Restored,
        media_to: None,
        key: KeyFate::Kept,
    }
}

#[test]
fn a_restore_to_a_backup_that_is_deleted_takes_the_oldest_that_is_left() {
    let with = |keep, to| {
        let mut world = healthy(20);
        let schedule = BackupSchedule {
            first: day(1),
            every: days(1),
            last: None,
            keep,
        };
        world.servers[A.index()].backups = Some(schedule);
        world.faults = vec![(day(10) + SimDuration::hours(1), restore(A, Some(to)))];
        play(&world).journal
    };
    assert_eq!(with(Some(days(3)), day(2)), with(None, day(7)));
    assert_eq!(with(Some(days(3)), day(8)), with(None, day(8)));
    assert_ne!(with(None, day(2)), with(None, day(7)));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_schedule_keeps_what_is_young_enough_and_the_newest(
        every in 1..20u64, keep in 1..200u64, last in proptest::option::of(0..300u64), at in 0..400u64, upto in 0..400u64,
    ) {
        let hours = |n: u64| START + SimDuration::hours(n);
        let schedule = BackupSchedule {
            first: START,
            every: SimDuration::hours(every),
            last: last.map(hours),
            keep: Some(SimDuration::hours(keep)),
        };
        let newest = (0..=at).rev().find(|n| n % every == 0 && last.is_none_or(|last| *n <= last));
        let newest = newest.expect("the first one");
        let left: Vec<u64> = (0..=newest).filter(|n| n % every == 0 && newest - n <= keep).collect();
        for n in (0..=newest).filter(|n| n % every == 0) {
            prop_assert_eq!(schedule.is_left(hours(n), hours(at)), left.contains(&n), "{}", n);
        }
        let wanted = left.iter().rev().find(|n| **n <= upto).or(left.first()).expect("the newest");
        prop_assert_eq!(schedule.newest_left(hours(upto.min(at)), hours(at)), Some(hours((*wanted).min(newest))));
    }
}
