//! The kernel: the same numbers for ever, an order that is a value, times that survive being written.

use std::collections::{BTreeMap, BTreeSet};

use fedheal::kernel::{Permutation, Purpose, Queue, SimDuration, SimTime, Stream, Streams};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const PURPOSE: Purpose = Purpose::new("test");
const DRAWS: u32 = 1_000_000;

/// The beginning of the hash of a million draws: another library, compiler or machine must not change it.
fn golden(mut draw: impl FnMut(&mut Stream) -> u64) -> String {
    let mut stream = Streams::new(2021).stream(PURPOSE, 1, 2);
    let mut hash = Sha256::new();
    for _ in 0..DRAWS {
        hash.update(draw(&mut stream).to_le_bytes());
    }
    hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn a_million_draws_of_each_distribution_are_the_same_for_ever() {
    let hour = SimDuration::hours(1);
    let weights = [3, 0, 5, 1];
    let mut lines = vec![
        ("below 1000", golden(|s| s.below(1000))),
        ("below 2^63 + 1", golden(|s| s.below((1 << 63) + 1))),
        ("chance 250", golden(|s| u64::from(s.chance(250)))),
        ("uniform", golden(|s| s.uniform(SimDuration::ZERO, hour).0)),
        (
            "factor",
            golden(|s| u64::from(s.factor_per_mille(800, 1400))),
        ),
        ("exponential", golden(|s| s.exponential(hour).0)),
        ("lognormal", golden(|s| s.lognormal(hour, 1.5).0)),
        ("lognormal count", golden(|s| s.lognormal_count(12.0, 2.0))),
        (
            "lognormal per mille",
            golden(|s| s.lognormal_per_mille(0.5, 1.0)),
        ),
        ("poisson 3", golden(|s| s.poisson(3.0))),
        ("poisson 50000", golden(|s| s.poisson(50_000.0))),
        ("binomial 40, 0.3", golden(|s| s.binomial(40, 0.3))),
        ("binomial 9000, 0.3", golden(|s| s.binomial(9000, 0.3))),
        (
            "weighted",
            golden(|s| s.pick_weighted(&weights).map_or(9, |i| i as u64)),
        ),
    ];
    let permutation = Permutation::new(Streams::new(2021).stream(PURPOSE, 1, 2), u64::from(DRAWS));
    let mut next = 0;
    lines.push((
        "permutation",
        golden(|_| {
            next += 1;
            permutation.apply(next - 1)
        }),
    ));
    let text: Vec<String> = lines
        .iter()
        .map(|(name, hash)| format!("{name}: {hash}"))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

/// Mean of many draws.
fn mean(mut draw: impl FnMut(&mut Stream) -> f64) -> f64 {
    let mut stream = Streams::new(7).stream(PURPOSE, 0, 0);
    (0..100_000).map(|_| draw(&mut stream)).sum::<f64>() / 100_000.0
}

#[test]
fn distributions_have_the_means_that_they_promise() {
    let near = |found: f64, wanted: f64| (found - wanted).abs() < wanted * 0.02;
    let hour = SimDuration::hours(1);
    assert!(near(mean(|s| s.exponential(hour).0 as f64), hour.0 as f64));
    for rate in [0.2, 5.0, 700.0, 50_000.0] {
        assert!(
            near(mean(|s| s.poisson(rate) as f64), rate),
            "poisson {rate}"
        );
    }
    for (n, p) in [(10, 0.1), (1000, 0.7), (100_000, 0.01)] {
        let found = mean(|s| s.binomial(n, p) as f64);
        assert!(near(found, n as f64 * p), "binomial {n} {p}: {found}");
    }
    assert!(near(mean(|s| f64::from(u8::from(s.chance(130)))), 0.13));
}

/// The two ways to draw a large count agree, in how many draws lie below each of some marks: up to a mean of 600 it is
/// drawn in halves, above by rejection.
fn assert_spread_alike(name: &str, draw: impl Fn(&mut Stream, bool) -> (f64, f64, f64)) {
    const N: u64 = 40_000;
    let spread = |by_rejection: bool| -> Vec<f64> {
        let streams = Streams::new(11);
        let mut below = [0; 9];
        for number in 0..N {
            let mut stream = streams.stream(PURPOSE, u64::from(by_rejection), number);
            let (count, mean, deviation) = draw(&mut stream, by_rejection);
            // Whole numbers lie on a mark or do not: spread over the next half on both sides, they do not matter.
            let count = count + stream.below(1000) as f64 / 1000.0 - 0.5;
            for (mark, below) in std::iter::zip(-4..=4, &mut below) {
                *below += u32::from((count - mean) / deviation <= f64::from(mark) * 0.75);
            }
        }
        below.iter().map(|n| f64::from(*n) / N as f64).collect()
    };
    for (halves, rejection) in std::iter::zip(spread(false), spread(true)) {
        // Four standard deviations of the difference of two such shares.
        let sd = (2.0 * halves * (1.0 - halves) / N as f64).sqrt();
        assert!(
            (halves - rejection).abs() < 4.0 * sd,
            "{name}: {halves} and {rejection}"
        );
    }
}

#[test]
fn a_large_count_by_rejection_is_spread_as_one_in_halves() {
    assert_spread_alike("poisson", |stream, by_rejection| {
        let mean: f64 = if by_rejection { 600.1 } else { 600.0 };
        (stream.poisson(mean) as f64, mean, mean.sqrt())
    });
    for p in [0.02, 0.3, 0.5, 0.8_f64] {
        // 600 of the rarer outcome are to be expected, then some more.
        let in_halves = (600.0 / p.min(1.0 - p)) as u64;
        assert_spread_alike(&format!("binomial {p}"), |stream, by_rejection| {
            let n = in_halves + if by_rejection { 100 } else { 0 };
            let mean = n as f64 * p;
            let deviation = (mean * (1.0 - p)).sqrt();
            (stream.binomial(n, p) as f64, mean, deviation)
        });
    }
}

#[test]
fn a_weight_of_nothing_is_never_picked() {
    let mut stream = Streams::new(7).stream(PURPOSE, 0, 0);
    assert_eq!(stream.pick_weighted(&[0, 0]), None);
    assert!((0..1000).all(|_| matches!(stream.pick_weighted(&[1, 0, 2]), Some(0 | 2))));
}

proptest! {
    #[test]
    fn a_stream_is_found_by_its_address_alone(seed: u64, entity: u64, number: u64, others in 0..20u32) {
        let streams = Streams::new(seed);
        let first = streams.stream(PURPOSE, entity, number).below(u64::MAX);
        // Whatever else is drawn in between, from whichever stream, moves nothing.
        for other in 0..others {
            streams.stream(PURPOSE, entity ^ 1, u64::from(other)).below(9);
        }
        prop_assert_eq!(streams.stream(PURPOSE, entity, number).below(u64::MAX), first);
        let elsewhere = [
            Streams::new(seed ^ 1).stream(PURPOSE, entity, number).below(u64::MAX),
            streams.stream(Purpose::new("other"), entity, number).below(u64::MAX),
            streams.stream(PURPOSE, entity ^ 1, number).below(u64::MAX),
            streams.stream(PURPOSE, entity, number ^ 1).below(u64::MAX),
        ];
        prop_assert!(!elsewhere.contains(&first));
    }

    #[test]
    fn the_queue_gives_events_by_time_class_source_and_count(
        events in proptest::collection::vec((0..50u64, 0..4u8, 0..5u32), 0..200),
    ) {
        let mut queue = Queue::default();
        let mut keys: Vec<_> = events
            .iter()
            .map(|(at, class, source)| queue.push(SimTime(*at), *class, *source, (*at, *class, *source)))
            .collect();
        keys.sort();
        let mut popped = Vec::new();
        while let Some((at, event)) = queue.pop_before(SimTime(u64::MAX)) {
            prop_assert_eq!(at, queue.now());
            popped.push(event);
        }
        let wanted: Vec<_> = keys.iter().map(|key| (key.at.0, key.class, key.source)).collect();
        prop_assert_eq!(popped, wanted);
    }

    #[test]
    fn the_queue_gives_what_a_sorted_set_gives(
        steps in proptest::collection::vec((any::<bool>(), 0..4u64, 0..4u8, 0..70u32), 0..300),
    ) {
        let mut queue = Queue::default();
        let mut oracle: BTreeSet<(SimTime, u8, u32, u64)> = BTreeSet::new();
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for (taken, (takes, delay, class, source)) in steps.into_iter().enumerate() {
            if takes {
                // At the moment of the event taken last, smaller classes may have come since.
                let wanted = oracle.pop_first();
                prop_assert_eq!(queue.peek(), wanted.map(|(at, ..)| at));
                prop_assert_eq!(queue.pop_before(SimTime(u64::MAX)), wanted.map(|key| (key.0, key)));
            } else {
                let at = queue.now() + SimDuration(delay);
                let count = counts.entry(source).or_default();
                let key = (at, class, source, *count);
                *count += 1;
                let given = queue.push(at, class, source, key);
                prop_assert_eq!((given.at, given.class, given.source, given.count), key);
                oracle.insert(key);
            }
            let mut waiting: Vec<_> = queue.waiting().map(|(_, key)| *key).collect();
            waiting.sort_unstable();
            prop_assert!(waiting.iter().eq(&oracle), "after {taken}");
            prop_assert_eq!(queue.len(), oracle.len());
        }
    }

    #[test]
    fn nothing_is_taken_from_the_queue_after_the_end(at in 0..100u64, end in 0..100u64) {
        let mut queue = Queue::default();
        queue.push(SimTime(at), 0, 0, ());
        prop_assert_eq!(queue.pop_before(SimTime(end)).is_some(), at <= end);
    }

    #[test]
    fn a_permutation_meets_every_number_once(seed: u64, n in 1..3000u64) {
        let permutation = Permutation::new(Streams::new(seed).stream(PURPOSE, 0, 0), n);
        let mut met: Vec<u64> = (0..n).map(|i| permutation.apply(i)).collect();
        met.sort_unstable();
        prop_assert!(met.into_iter().eq(0..n));
        for i in 0..n {
            prop_assert_eq!(permutation.invert(permutation.apply(i)), i);
        }
    }

    #[test]
    fn a_time_that_is_written_is_read_back(millis in 0..4_000_000_000_000u64) {
        let (time, span) = (SimTime(millis), SimDuration(millis));
        prop_assert_eq!(time.to_string().parse::<SimTime>(), Ok(time));
        prop_assert_eq!(span.to_string().parse::<SimDuration>(), Ok(span));
    }
}
