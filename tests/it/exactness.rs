//! The promises of every run: the same bytes for the same seed, other bytes for another; nothing is
//! counted twice or forgotten; the in-step shortcut changes nothing.

use fedheal::journal::ServerId;
use fedheal::metrics::{Dimension, Filter, Measures, measure};
use fedheal::simulation::{Outcome, run};
use fedheal::world::World;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::audit::audit;
use crate::worlds::{config, draft, healthy};

fn measured(world: &World, outcome: &Outcome) -> Measures {
    measure(&outcome.books(world, ServerId(0)), &outcome.journal)
}

/// What a server holds of a room, as text.
fn holdings(outcome: &Outcome) -> Vec<String> {
    outcome
        .servers
        .iter()
        .flat_map(|server| {
            server.db.rooms.iter().map(move |(room, replica)| {
                format!(
                    "{} {room}: timeline {:?} soft {:?} outliers {:?} shells {:?} heads {:?} backward {:?} depth {:?}",
                    server.id,
                    replica.timeline,
                    replica.soft,
                    replica.outliers,
                    replica.shells,
                    replica.heads.keys(),
                    replica.backward,
                    replica.min_depth,
                )
            })
        })
        .collect()
}

/// The first line that differs, with the one before it.
fn first_difference(with: &[String], without: &[String]) -> Option<String> {
    let index = (0..with.len().max(without.len())).find(|i| with.get(*i) != without.get(*i))?;
    let before = index.checked_sub(1).and_then(|i| with.get(i));
    Some(format!(
        "line {index} differs\n  before {before:?}\n  in step {:?}\n  not {:?}\n",
        with.get(index),
        without.get(index)
    ))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_same_seed_gives_the_same_journal_and_measures(draft in draft()) {
        let world = draft.world();
        let (first, second) = (run(&world, &mut |_| {}), run(&world, &mut |_| {}));
        prop_assert_eq!(&first.journal, &second.journal);
        prop_assert_eq!(measured(&world, &first), measured(&world, &second));
    }

    #[test]
    fn every_item_is_in_exactly_one_state(draft in draft()) {
        let world = draft.world();
        let outcome = run(&world, &mut |_| {});
        for row in measured(&world, &outcome).items {
            let c = row.counts;
            prop_assert_eq!(c.held + c.shell + c.stranded + c.lost + c.expired, c.items, "{:?}", row);
            prop_assert!(c.recovered <= c.gone && c.gone <= c.items && c.readable <= c.held, "{:?}", row);
        }
    }

    #[test]
    fn the_tapestry_adds_up_to_the_items(draft in draft()) {
        let world = draft.world();
        let measures = measured(&world, &run(&world, &mut |_| {}));
        let messages = (Dimension::Class, vec!["message".to_owned()]);
        let counts = measures.sum(&Filter([messages].into()));
        let mut sums = [0; 7];
        for row in measures.tapestry.iter().filter(|row| row.at_end) {
            let numbers = row.messages.iter().chain(&row.gone);
            std::iter::zip(&mut sums, numbers).for_each(|(sum, number)| *sum += number);
        }
        prop_assert_eq!(
            sums,
            [
                counts.held, counts.shell, counts.stranded, counts.lost, counts.expired,
                counts.gone, counts.recovered,
            ]
        );
        // What was gone was there before, and is not there at the moment after the loss.
        for row in measures.tapestry.iter().filter(|row| !row.at_end) {
            let [_, _, stranded, lost, expired] = row.messages;
            prop_assert!(row.gone[0] <= stranded + lost + expired, "{row:?}");
        }
    }

    #[test]
    fn the_books_agree_with_the_journal_and_the_graph(draft in draft()) {
        prop_assert_eq!(audit(&run(&draft.world(), &mut |_| {})), Vec::<String>::new());
    }

    #[test]
    fn in_step_on_or_off_gives_the_same_journal_and_books(draft in draft()) {
        let world = draft.world();
        let slow = World { in_step: false, ..world.clone() };
        let (with, without) = (run(&world, &mut |_| {}), run(&slow, &mut |_| {}));
        let lengths = |outcome: &Outcome| outcome.logs.iter().map(|log| log.len()).collect::<Vec<_>>();
        prop_assert_eq!(lengths(&with), lengths(&without));
        let facts = |outcome: &Outcome| -> Vec<String> {
            outcome.journal.facts().iter().map(|fact| format!("{fact:?}")).collect()
        };
        let differs = first_difference(&facts(&with), &facts(&without));
        prop_assert!(differs.is_none(), "{}", differs.unwrap_or_default());
        let differs = first_difference(&holdings(&with), &holdings(&without));
        prop_assert!(differs.is_none(), "{}", differs.unwrap_or_default());
        prop_assert_eq!(measured(&world, &with), measured(&slow, &without));
        prop_assert!(with.events <= without.events, "the shortcut saves work");
    }
}

#[test]
fn messages_between_servers_in_step_cost_no_event() {
    let made_by = |rate| {
        let outcome = run(&healthy(rate), &mut |_| {});
        let items: u64 = outcome.logs.iter().map(|log| u64::from(log.len())).sum();
        (outcome.events, items)
    };
    let ((few_events, few), (many_events, many)) = (made_by(10), made_by(10_000));
    assert!(many > 500 * few, "{few} and {many} items");
    assert_eq!(few_events, many_events);
}

#[test]
fn another_seed_gives_another_journal() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut differing = 0;
    for _ in 0..8 {
        let world = draft()
            .new_tree(&mut runner)
            .expect("a draft")
            .current()
            .world();
        let other = World {
            seed: world.seed ^ 1,
            ..world.clone()
        };
        let lengths = |world: &World| -> Vec<u32> {
            run(world, &mut |_| {})
                .logs
                .iter()
                .map(|log| log.len())
                .collect()
        };
        differing += u32::from(lengths(&world) != lengths(&other));
    }
    assert_eq!(differing, 8, "another seed, another world");
}
