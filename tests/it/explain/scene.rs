//! Scenes: played from the first moment to the last, they end as the account does.

use std::collections::BTreeMap;

use fedheal::explain::{Past, Phase, Scene};
use fedheal::journal::ServerId;
use proptest::prelude::*;

use super::scenario;
use crate::worlds::{config, draft};

/// Items by lane, bin and phase.
type Cells = BTreeMap<(usize, usize, u8), i64>;

/// The cells before anything happens, and after each moment.
fn played(scene: &Scene) -> Vec<Cells> {
    let mut cells = Cells::new();
    for (lane, bin, phase, items) in &scene.cells {
        *cells.entry((*lane, *bin, *phase)).or_default() += i64::from(*items);
    }
    let mut all = vec![cells.clone()];
    for moment in &scene.moments {
        for (lane, bin, before, after, items) in &moment.changes {
            *cells.entry((*lane, *bin, *before)).or_default() -= i64::from(*items);
            *cells.entry((*lane, *bin, *after)).or_default() += i64::from(*items);
        }
        all.push(cells.clone());
    }
    all
}

/// The cells of the account.
fn accounted(scene: &Scene) -> Cells {
    let phases = [
        Phase::Held,
        Phase::Shell,
        Phase::Missing,
        Phase::Missing,
        Phase::Expired,
    ];
    let mut cells = Cells::new();
    for (lane, bin, counts) in &scene.account {
        for (phase, count) in phases.iter().zip(counts) {
            let items = i64::try_from(*count).expect("a small world");
            *cells.entry((*lane, *bin, *phase as u8)).or_default() += items;
        }
    }
    cells.retain(|_, items| *items != 0);
    cells
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..config() })]

    #[test]
    fn a_scene_ends_as_the_account_does(draft in draft(), of in 0..3u32) {
        let past = Past::replay(scenario(draft.world()));
        let scene = past.view(ServerId(of)).scene();
        let all = played(&scene);
        for cells in &all {
            prop_assert!(cells.values().all(|items| *items >= 0));
        }
        let mut last = all[all.len() - 1].clone();
        last.retain(|_, items| *items != 0);
        prop_assert_eq!(last, accounted(&scene));
        prop_assert!(scene.moments.is_sorted_by(|one, next| one.at < next.at));
        prop_assert_eq!(scene.moments[scene.moments.len() - 1].at, scene.span.1);
    }
}
