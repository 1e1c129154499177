//! Which of several offers are beaten by none.

use std::cmp::Ordering;

use crate::metrics::Better;

/// Something that is had, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// What is wanted.
    pub gain: f64,
    /// What it costs.
    pub cost: f64,
}

/// For each offer: is there none that is as good in both and better in one?
pub fn pareto(offers: &[Offer], gain: Better, cost: Better) -> Vec<bool> {
    let mut order: Vec<usize> = (0..offers.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&offers[*a], &offers[*b]);
        better_first(gain, a.gain, b.gain).then(better_first(cost, a.cost, b.cost))
    });
    let mut kept = vec![false; offers.len()];
    // The last one kept: whatever comes later gains no more, so it must cost less, or be the same.
    let mut last: Option<&Offer> = None;
    for number in order {
        let offer = &offers[number];
        let is_kept = last.is_none_or(|last| {
            let cheaper = better_first(cost, offer.cost, last.cost);
            let same = cheaper.is_eq() && better_first(gain, offer.gain, last.gain).is_eq();
            cheaper.is_lt() || same
        });
        kept[number] = is_kept;
        if is_kept {
            last = Some(offer);
        }
    }
    kept
}

fn better_first(better: Better, a: f64, b: f64) -> Ordering {
    match better {
        Better::More => b.total_cmp(&a),
        Better::Less => a.total_cmp(&b),
    }
}
