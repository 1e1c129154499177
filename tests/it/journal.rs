//! The journal on its way out: what is told is what is kept otherwise, and nothing that is measured hangs on it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use fedheal::journal::{Fact, Journal, Path, Ranges, RoomId, ServerId, What, Why};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::{Items, Measures, measure};
use fedheal::simulation::{News, Outcome, run, run_told};
use fedheal::world::World;
use proptest::prelude::*;

use crate::worlds::{START, config, draft};

const MEASURED: ServerId = ServerId(0);

/// A run whose journal is told, until some moment.
fn told(world: &World, until: Option<SimTime>) -> (Outcome, Vec<Fact>) {
    let mut facts = Vec::new();
    let outcome = run_told(world, MEASURED, &mut |news| {
        match news {
            News::Fact(fact) => facts.push(fact.clone()),
            News::Now(now) if until.is_some_and(|until| now >= until) => {
                return ControlFlow::Break(());
            }
            News::Now(_) => {}
        }
        ControlFlow::Continue(())
    });
    (outcome, facts)
}

fn measured(world: &World, outcome: &Outcome) -> Measures {
    measure(&outcome.books(world, MEASURED), &outcome.journal)
}

fn in_ranges(facts: &[Fact]) -> Vec<Fact> {
    let mut merged = Vec::new();
    let mut ranges = Ranges::default();
    let mut hear = |fact: &Fact| merged.push(fact.clone());
    facts.iter().for_each(|fact| ranges.add(fact, &mut hear));
    ranges.end_day(&mut hear);
    merged
}

/// What each server has gained of each room and not lost, if one plays the facts.
fn played(facts: &[Fact]) -> BTreeMap<(ServerId, RoomId), Items> {
    let mut held: BTreeMap<_, Items> = BTreeMap::new();
    for fact in facts {
        match fact {
            Fact::Gained {
                server,
                what: What::Items { room, first, last },
                ..
            } => held
                .entry((*server, *room))
                .or_default()
                .insert(*first..*last + 1),
            Fact::Lost {
                server,
                what: What::Items { room, first, last },
                ..
            } => held
                .entry((*server, *room))
                .or_default()
                .remove(*first..*last + 1),
            _ => {}
        }
    }
    held
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_told_is_the_journal_and_the_measures_need_no_more(draft in draft()) {
        let world = draft.world();
        let kept = run(&world, &mut |_| {});
        let (outcome, facts) = told(&world, None);
        prop_assert_eq!(kept.journal.facts(), &facts[..]);
        prop_assert!(outcome.journal.facts().iter().all(|fact| fact.server() == MEASURED));
        prop_assert_eq!(measured(&world, &kept), measured(&world, &outcome));
    }

    #[test]
    fn a_run_that_is_stopped_is_a_run_that_ends_there(draft in draft(), day in 1..12u64) {
        let world = draft.world();
        let (stopped, facts) = told(&world, Some(SimTime(START.0 + SimDuration::days(day).0)));
        let short = World { end: stopped.end, ..world };
        let (whole, all) = told(&short, None);
        prop_assert_eq!(facts, all);
        prop_assert_eq!(measured(&short, &stopped), measured(&short, &whole));
    }

    #[test]
    fn ranges_tell_the_same_story_in_fewer_words(draft in draft()) {
        let (_, facts) = told(&draft.world(), None);
        let merged = in_ranges(&facts);
        prop_assert!(merged.len() <= facts.len());
        prop_assert!(merged.is_sorted_by_key(Fact::at));
        prop_assert_eq!(played(&merged), played(&facts));
        let struck = |facts: &[Fact]| facts.iter().filter(|fact| matches!(fact, Fact::Struck { .. })).count();
        prop_assert_eq!(struck(&merged), struck(&facts));
    }
}

/// Items of the first room, so many hours after the beginning of a day.
fn gained(hours: u64, first: u32, last: u32) -> Fact {
    gained_by(Path::Backfill, hours, first, last)
}

fn gained_by(path: Path, hours: u64, first: u32, last: u32) -> Fact {
    Fact::Gained {
        at: at(hours),
        server: MEASURED,
        what: items(first, last),
        path,
        from: ServerId(1),
    }
}

fn purged(hours: u64, first: u32, last: u32) -> Fact {
    Fact::Lost {
        at: at(hours),
        server: MEASURED,
        what: items(first, last),
        why: Why::Purge,
    }
}

fn refused(hours: u64) -> Fact {
    Fact::Refused {
        at: at(hours),
        server: MEASURED,
        room: RoomId(0),
        peer: ServerId(1),
        rule: "unreachable",
    }
}

fn items(first: u32, last: u32) -> What {
    What::Items {
        room: RoomId(0),
        first,
        last,
    }
}

fn at(hours: u64) -> SimTime {
    SimTime(SimDuration::days(100).0 + SimDuration::hours(hours).0)
}

#[test]
fn neighbours_of_one_day_are_one_range() {
    let facts = [gained(1, 10, 19), gained(2, 20, 20), gained(3, 5, 9)];
    assert_eq!(in_ranges(&facts), [gained(1, 5, 20)]);
}

#[test]
fn a_day_a_gap_or_something_else_between_ends_a_range() {
    let other_day = [gained(1, 10, 19), gained(25, 20, 29)];
    let gap = [gained(1, 10, 19), gained(2, 21, 29)];
    let between = [gained(1, 10, 19), purged(2, 10, 19), gained(3, 20, 29)];
    for facts in [&other_day[..], &gap, &between] {
        assert_eq!(in_ranges(facts), facts);
    }
}

#[test]
fn a_push_counts_with_the_gap_that_was_filled_behind_it() {
    let (fill, push) = (Path::GapFill, Path::Push);
    let facts = [
        gained_by(fill, 1, 10, 18),
        gained_by(push, 1, 19, 19),
        gained_by(fill, 2, 20, 28),
        gained_by(push, 2, 29, 29),
    ];
    assert_eq!(in_ranges(&facts), [gained_by(fill, 1, 10, 29)]);
    let without_gap = [gained_by(push, 1, 19, 19), gained_by(fill, 2, 20, 28)];
    assert_eq!(in_ranges(&without_gap), without_gap);
}

#[test]
fn a_refusal_is_told_once_a_day_and_parts_no_range() {
    let facts = [
        gained(1, 10, 19),
        refused(2),
        refused(3),
        gained(4, 20, 29),
        refused(25),
    ];
    let merged = [gained(1, 10, 29), refused(2), refused(25)];
    assert_eq!(in_ranges(&facts), merged);
}

#[test]
fn the_newest_fact_is_told_only_when_it_cannot_grow_any_more() {
    let mut journal = Journal::default();
    let mut heard = Vec::new();
    let mut write = |fact| {
        journal.write(fact);
        journal.tell(ServerId(7), &mut |fact| heard.push(fact.clone()));
    };
    write(gained(1, 10, 19));
    write(gained(1, 20, 29));
    write(gained(2, 30, 39));
    journal.tell_all(ServerId(7), &mut |fact| heard.push(fact.clone()));
    assert_eq!(heard, [gained(1, 10, 29), gained(2, 30, 39)]);
    assert_eq!(journal.facts(), []);
}
