//! Changes in the order of what they change.

use super::cohort::Difference;
use crate::metrics::Better;

/// A change and what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The point that has it.
    pub point: u64,
    /// The point without it.
    pub baseline: u64,
    /// What the two differ by.
    pub difference: Difference,
    /// Its place: 1 is the best. Equal changes share a place.
    pub rank: u64,
}

/// Ranks the changes that share a baseline; those of different ones stay apart, in the order of their baselines.
pub fn rank(changes: Vec<(u64, u64, Difference)>, better: Better) -> Vec<Ranked> {
    let gain = |difference: &Difference| {
        let change = difference.second - difference.first;
        match better {
            Better::More => change,
            Better::Less => -change,
        }
    };
    let ranked = changes
        .into_iter()
        .map(|(point, baseline, difference)| Ranked {
            point,
            baseline,
            difference,
            rank: 0,
        });
    let mut ranked: Vec<Ranked> = ranked.collect();
    ranked.sort_by(|a, b| {
        let by_gain = || gain(&b.difference).total_cmp(&gain(&a.difference));
        let order = a.baseline.cmp(&b.baseline).then_with(by_gain);
        order.then(a.point.cmp(&b.point))
    });
    for place in 0..ranked.len() {
        let before = place.checked_sub(1).map(|before| &ranked[before]);
        let (baseline, here) = (ranked[place].baseline, gain(&ranked[place].difference));
        ranked[place].rank = match before.filter(|before| before.baseline == baseline) {
            None => 1,
            Some(before) if gain(&before.difference).total_cmp(&here).is_eq() => before.rank,
            Some(_) => {
                let first = ranked.iter().position(|other| other.baseline == baseline);
                (place - first.unwrap_or(place) + 1) as u64
            }
        };
    }
    ranked
}
