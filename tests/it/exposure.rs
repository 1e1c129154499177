//! What outlives its owner's wish: against a count of every single copy, and where the outcome is plain.

use std::collections::{BTreeMap, BTreeSet};

use fedheal::journal::{Fact, RoomId, ServerId, What};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::{Cause, Holding};
use fedheal::room::RoomLog;
use fedheal::simulation::{Outcome, run};
use fedheal::workload::{PersonalWish, RoomKind};
use fedheal::world::World;
use proptest::prelude::*;

use crate::measures::{plaza, restores, says, scrolls};
use crate::network::measured;
use crate::worlds::{config, draft, healthy};

const DAY: u64 = 86_400_000;

fn lifetime(world: &World, server: ServerId, room: RoomId) -> Option<SimDuration> {
    let of_room = world.room(room).max_lifetime;
    let of_home = world.servers[server.index()].rules.kept_for(of_room);
    of_home.into_iter().chain(of_room).min()
}

/// The moment from which on each message of a room is wished gone.
fn wishes(world: &World, log: &RoomLog) -> BTreeMap<u32, SimTime> {
    let redacted: BTreeMap<u32, SimTime> = log
        .redactions()
        .iter()
        .rev()
        .map(|(redaction, item)| (*item, log.at(*redaction)))
        .collect();
    let messages = (0..log.len()).filter(|no| log.is_message(*no));
    messages
        .filter_map(|no| {
            let noon = SimTime(log.at(no).day() * DAY + DAY / 2);
            let (author, home) = log.author(no);
            let own = world
                .personal_wishes()
                .get(author.index())
                .copied()
                .flatten();
            let life = lifetime(world, home, log.room())
                .into_iter()
                .chain(own)
                .min();
            let outlived = life.map(|life| noon + life);
            Some((
                no,
                outlived
                    .into_iter()
                    .chain(redacted.get(&no).copied())
                    .min()?,
            ))
        })
        .collect()
}

/// When a server began and ceased to hold an item with its content, as the journal tells it.
fn tenures(
    outcome: &Outcome,
    server: ServerId,
    room: RoomId,
    no: u32,
    copy: Option<&Holding>,
) -> Vec<[SimTime; 2]> {
    let about = |what: &What| matches!(what, What::Items { room: of, first, last } if *of == room && (*first..=*last).contains(&no));
    let (mut all, mut since, mut replaced) = (Vec::new(), Some(SimTime(0)), SimTime(0));
    let mut until = outcome.end;
    for fact in outcome
        .journal
        .facts()
        .iter()
        .filter(|fact| fact.server() == server)
    {
        match fact {
            Fact::Gained { at, what, .. } if about(what) => since = Some(*at),
            Fact::Lost { at, what, .. } | Fact::Hollowed { at, what, .. } if about(what) => {
                all.extend(since.take().map(|since| [since, *at]));
            }
            Fact::Struck {
                at,
                fault: "restore" | "failed-copy",
                ..
            } => {
                replaced = *at;
                continue;
            }
            Fact::Struck {
                at, fault: "death", ..
            } => {
                until = *at;
                continue;
            }
            _ => continue,
        }
    }
    // Of what is not held at the end and was never lost there is no copy; what came back redacted, or is not shown since
    // it was soft-failed, is none either.
    if is_whole(copy, no) {
        all.push([since.unwrap_or(replaced), until]);
    }
    all
}

fn is_whole(copy: Option<&Holding>, no: u32) -> bool {
    copy.is_some_and(|copy| copy.items.contains(&no) && !copy.shells.contains(&no))
}

/// Overlap over all pairs, best and median share of a room.
fn view_of(shown: &[BTreeSet<u32>], all: u32) -> [f64; 3] {
    let (mut both, mut either) = (0, 0);
    for (i, one) in shown.iter().enumerate() {
        for other in &shown[i + 1..] {
            both += one.intersection(other).count();
            either += one.union(other).count();
        }
    }
    let mut sizes: Vec<usize> = shown.iter().map(BTreeSet::len).collect();
    sizes.sort_unstable();
    let share = |items: usize| items as f64 / f64::from(all);
    let overlap = if either == 0 {
        1.0
    } else {
        both as f64 / either as f64
    };
    [
        overlap,
        share(sizes[sizes.len() - 1]),
        share(sizes[(sizes.len() - 1) / 2]),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn exposure_is_the_sum_of_all_copies(draft in draft(), days in 1..6u64, per_mille in prop_oneof![Just(0), 100..1000u32]) {
        let mut world = draft.world();
        // One server wants its users' messages gone soon, but removes nothing in time; a room does so for all.
        world.servers[1].rules.retention_enabled = true;
        world.servers[1].rules.default_max_lifetime = Some(SimDuration::days(days));
        world.rooms[0].max_lifetime = Some(SimDuration::days(days + 1));
        if per_mille > 0 {
            let lifetime = SimDuration::days(2);
            world.people.wishes = vec![PersonalWish { per_mille, lifetime }];
        }
        let outcome = run(&world, &mut |_| {});
        let network = measured(&world, &outcome, vec![1, 1, 1]);
        let books = outcome.books(&world, ServerId(0));
        let (mut wished, mut exposed, mut copies, mut millis) = (0, 0, 0, 0);
        for log in &outcome.logs {
            for (no, wish) in wishes(&world, log) {
                wished += u64::from(wish < outcome.end);
                let mut holders = BTreeSet::new();
                for server in (0..3).map(ServerId) {
                    let copy = books.holdings[server.index()].get(&log.room());
                    let whole = is_whole(copy, no);
                    for [since, until] in tenures(&outcome, server, log.room(), no, copy) {
                        millis += until.since(since.max(wish)).0;
                    }
                    if whole && wish < outcome.end && outcome.alive[server.index()] {
                        holders.insert(server);
                    }
                }
                copies += holders.len() as u64;
                exposed += u64::from(!holders.is_empty());
            }
        }
        let any = network.exposure.rows.iter().filter(|row| row.cause.is_none());
        let any: Vec<_> = any.collect();
        prop_assert_eq!(any.iter().map(|row| row.wished).sum::<u64>(), wished);
        prop_assert_eq!(any.iter().map(|row| row.copies).sum::<u64>(), copies);
        prop_assert_eq!(any.iter().map(|row| row.exposed).sum::<u64>(), exposed);
        let days: u64 = any.iter().map(|row| row.copy_days).sum();
        prop_assert!((days..=days + any.len() as u64).contains(&(millis / DAY)), "{} {}", days, millis);
        // The causes add up.
        let by_cause = network.exposure.rows.iter().filter(|row| row.cause.is_some());
        prop_assert_eq!(by_cause.map(|row| row.copies).sum::<u64>(), copies);
    }

    #[test]
    fn views_are_those_of_all_pairs(draft in draft()) {
        let world = draft.world();
        let outcome = run(&world, &mut |_| {});
        let network = measured(&world, &outcome, vec![1, 1, 1]);
        let books = outcome.books(&world, ServerId(0));
        let mut rooms: BTreeMap<(RoomKind, &str), Vec<[f64; 3]>> = BTreeMap::new();
        for log in &outcome.logs {
            let shown = (0..3).filter_map(|server| {
                let copy = books.holdings[server].get(&log.room())?;
                let items = (0..log.len()).filter(|no| is_whole(Some(copy), *no));
                (copy.inside && outcome.alive[server]).then(|| items.collect::<BTreeSet<_>>())
            });
            let shown: Vec<_> = shown.collect();
            if shown.len() > 1 {
                let size = if shown.len() == 2 { "2" } else { "3 to 10" };
                let mine = rooms.entry((world.room(log.room()).kind, size)).or_default();
                mine.push(view_of(&shown, log.len()));
            }
        }
        let rows = network.views.iter().map(|row| [row.overlap_per_mille, row.best_per_mille, row.median_per_mille]);
        prop_assert_eq!(rooms.len(), network.views.len());
        for (row, rooms) in std::iter::zip(rows, rooms.values()) {
            for (place, found) in row.into_iter().enumerate() {
                let mean = rooms.iter().map(|room| room[place]).sum::<f64>() / rooms.len() as f64;
                prop_assert!((mean * 1000.0 - found as f64).abs() < 1.01, "{} {}", mean, found);
            }
        }
    }
}

#[test]
fn a_peer_that_never_purges_keeps_everything() {
    let mut world = healthy(40);
    world.servers[0].rules.retention_enabled = true;
    world.servers[0].rules.default_max_lifetime = Some(SimDuration::days(3));
    let outcome = run(&world, &mut |_| {});
    let network = measured(&world, &outcome, vec![1, 1, 1]);
    let peers = (world.servers.len() - 1) as u64;
    let of = |cause| {
        let rows = network.exposure.rows.iter();
        rows.filter(move |row| row.cause == Some(cause) && row.owner == "local")
    };
    let kept: u64 = of(Cause::KeepsLonger).map(|row| row.copies).sum();
    let wished: u64 = of(Cause::KeepsLonger).map(|row| row.wished).sum();
    assert!(wished > 100, "{wished}");
    assert_eq!(kept, peers * wished);
    // Its own purge runs once a day, and by what arrived before: what it still has is of a day at most.
    let late: u64 = of(Cause::JobLate).map(|row| row.copies).sum();
    assert!(late < wished / 2, "{late} of {wished}");
    for cause in [Cause::NotTold, Cause::Restored, Cause::HomeDead] {
        assert_eq!(of(cause).map(|row| row.copies).sum::<u64>(), 0, "{cause:?}");
    }
}

#[test]
fn a_loss_makes_views_partial_until_it_is_healed() {
    let views = |parts: &[String]| {
        let scenario = plaza(parts, &[]);
        let outcome = run(&scenario.world, &mut |_| {});
        let network = measured(&scenario.world, &outcome, scenario.users_of_servers());
        let [row] = &network.views[..] else {
            panic!("{:?}", network.views)
        };
        (row.overlap_per_mille, row.best_per_mille)
    };
    let (before, best) = views(&[]);
    let (lost, best_of_others) = views(&[restores("")]);
    assert!(lost < before / 2, "{before} {lost}");
    // Others still have all of it.
    assert_eq!(best_of_others, best);
    let (healed, _) = views(&[restores(""), says(6, "bob@b"), scrolls(7)]);
    let (never, _) = views(&[says(6, "bob@b")]);
    // What it gets back of the time before others joined, they do not have.
    assert!(healed.abs_diff(never) <= 2, "{healed} {never}");
}

/// Messages that live on though all users wish them gone after a day, where the others keep messages for so many days.
fn exposed(world: &World, days_at_peers: u64) -> u64 {
    let mut world = world.clone();
    for peer in &mut world.servers[1..] {
        peer.rules.retention_enabled = true;
        peer.rules.default_max_lifetime = Some(SimDuration::days(days_at_peers));
    }
    let lifetime = SimDuration::days(1);
    world.people.wishes = vec![PersonalWish {
        per_mille: 1000,
        lifetime,
    }];
    // Who pages back, or comes back from a backup, fetches again what was purged: then a server may hold a little more by
    // chance than one that keeps for longer.
    world.people.page = 0;
    world.faults.clear();
    let outcome = run(&world, &mut |_| {});
    let network = measured(&world, &outcome, vec![1, 1, 1]);
    let local = network.exposure.rows.iter();
    let any = local.filter(|row| row.cause.is_none());
    any.map(|row| row.copies).sum()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn who_keeps_more_exposes_no_less(draft in draft(), days in 1..6u64, more in 1..6u64) {
        let world = draft.plain();
        let (short, long) = (exposed(&world, days), exposed(&world, days + more));
        prop_assert!(short <= long, "{} and {}", short, long);
    }
}
