//! Statistics against known values and against what they are made of.

use fedheal::experiment::{Cohort, Moments, Offer, Pairs, Sample, median, pareto, rank, wilson};
use fedheal::kernel::{Purpose, Streams};
use fedheal::metrics::{Better, Summary};
use proptest::prelude::*;

use crate::worlds::config;

#[track_caller]
fn near(one: f64, other: f64) {
    assert!(
        (one - other).abs() < 5e-4 * other.abs().max(1.0),
        "{one} is not {other}"
    );
}

fn moments(values: &[f64]) -> Moments {
    let mut moments = Moments::default();
    values.iter().for_each(|value| moments.add(*value));
    moments
}

#[test]
fn students_interval_is_that_of_the_printed_tables() {
    // Student's own sleep data (1908): differences of ten patients, mean 1.58, 95 % interval 0.7001 to 2.4599.
    let sleep = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
    let estimate = moments(&sleep).student();
    near(estimate.value.unwrap(), 1.58);
    near(estimate.interval.unwrap().low, 0.700_114);
    near(estimate.interval.unwrap().high, 2.459_886);
    assert_eq!(estimate.n, 10);
    assert_eq!(moments(&[1.0]).student().interval, None);
    assert_eq!(moments(&[]).student().value, None);
}

#[test]
fn wilsons_interval_is_that_of_the_printed_tables() {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (yes, n, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ] {
        let interval = wilson(yes, n).interval.unwrap();
        assert!(
            (interval.low - low).abs() < 6e-5,
            "{yes} of {n}: {interval:?}"
        );
        assert!(
            (interval.high - high).abs() < 6e-5,
            "{yes} of {n}: {interval:?}"
        );
    }
    assert_eq!(wilson(0, 0).interval, None);
}

#[test]
fn welchs_interval_and_the_pairs_own_are_those_of_the_sleep_data() {
    let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let mut pairs = Pairs::default();
    for (first, second) in std::iter::zip(first, second) {
        pairs.add(first, second);
    }
    let difference = pairs.difference().unwrap();
    // The published intervals: Welch -0.2055 to 3.3655, paired 0.7001 to 2.4599.
    near(difference.unpaired.unwrap().low, -0.205_483);
    near(difference.unpaired.unwrap().high, 3.365_483);
    near(difference.paired.interval.unwrap().low, 0.700_114);
    near(difference.narrowing().unwrap(), 1.785_483 / 0.879_886);
}

#[test]
fn the_bootstrap_of_a_median_is_that_of_many_resamples() {
    let mut stream = Streams::new(3).stream(Purpose::new("test"), 0, 0);
    for n in [2, 7, 30, 101] {
        let mut values: Vec<f64> = (0..n).map(|_| stream.below(1_000_000) as f64).collect();
        values.sort_by(f64::total_cmp);
        let exact = median(&values).interval.unwrap();
        let mut medians: Vec<f64> = (0..40_000)
            .map(|_| {
                let draws = (0..n).map(|_| stream.below(n as u64) as usize);
                let mut draws: Vec<usize> = draws.collect();
                draws.sort_unstable();
                values[draws[(n as usize).div_ceil(2) - 1]]
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        let place = |value: f64| {
            values
                .iter()
                .position(|other| other.total_cmp(&value).is_eq())
                .unwrap()
        };
        // Between two places the resamples may hesitate.
        assert!(place(exact.low).abs_diff(place(medians[999])) <= 1, "{n}");
        assert!(
            place(exact.high).abs_diff(place(medians[38_999])) <= 1,
            "{n}"
        );
        if n > 2 {
            assert!(exact.low < exact.high);
        }
    }
}

#[test]
fn what_never_happens_is_later_than_all_else() {
    let mut sample = Sample::default();
    for value in [Some(3.0), None, Some(1.0), Some(2.0), None] {
        sample.add(value);
    }
    let estimate = sample.median();
    near(estimate.value.unwrap(), 3.0);
    assert!(estimate.interval.unwrap().high.is_infinite());
    let mut never = Sample::default();
    (0..5).for_each(|_| never.add(None));
    assert_eq!(
        (never.median().value, never.median().interval),
        (None, None)
    );
}

#[test]
fn a_measure_is_summed_up_as_it_says() {
    let values = [Some(1.0), Some(0.0), None, Some(1.0), Some(1.0)];
    let of = |summary| {
        let mut cohort = Cohort::new(summary);
        values.iter().for_each(|value| cohort.add(*value));
        (cohort.estimate(), cohort.missing())
    };
    assert_eq!(of(Summary::Share), (wilson(3, 4), 1));
    assert_eq!(
        of(Summary::Mean),
        (moments(&[1.0, 0.0, 1.0, 1.0]).student(), 1)
    );
    assert_eq!(of(Summary::Median).0.n, 5);
}

#[test]
fn pairs_of_the_same_luck_narrow_and_strangers_do_not() {
    let mut stream = Streams::new(5).stream(Purpose::new("test"), 0, 0);
    let (mut twins, mut strangers) = (Pairs::default(), Pairs::default());
    for _ in 0..400 {
        let mut luck = || stream.below(1000) as f64;
        let (here, there, little) = (luck(), luck(), luck() / 100.0);
        twins.add(here, here + 5.0 + little);
        strangers.add(here, there);
    }
    let twins = twins.difference().unwrap();
    assert!(twins.narrowing().unwrap() > 50.0);
    assert!(twins.paired.interval.unwrap().low > 5.0);
    let strangers = strangers.difference().unwrap().narrowing().unwrap();
    assert!((0.8..1.25).contains(&strangers), "{strangers}");
}

#[test]
fn nineteen_of_twenty_intervals_hold_the_truth() {
    let mut stream = Streams::new(11).stream(Purpose::new("test"), 0, 0);
    let mut held = 0;
    for _ in 0..2000 {
        let values: Vec<f64> = (0..20).map(|_| stream.below(1001) as f64).collect();
        let interval = moments(&values).student().interval.unwrap();
        held += u32::from((interval.low..=interval.high).contains(&500.0));
    }
    assert!((1860..=1940).contains(&held), "{held} of 2000");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_pareto_set_is_what_nothing_beats(offers in prop::collection::vec((0..6u8, 0..6u8), 0..40)) {
        let offers: Vec<Offer> = offers
            .iter()
            .map(|(gain, cost)| Offer { gain: f64::from(*gain), cost: f64::from(*cost) })
            .collect();
        let beats = |a: &Offer, b: &Offer| {
            a.gain >= b.gain && a.cost <= b.cost && (a.gain > b.gain || a.cost < b.cost)
        };
        let expected: Vec<bool> = offers
            .iter()
            .map(|one| !offers.iter().any(|other| beats(other, one)))
            .collect();
        prop_assert_eq!(pareto(&offers, Better::More, Better::Less), expected);
    }

    #[test]
    fn ranks_follow_the_change_within_each_baseline(
        changes in prop::collection::vec((1..4u64, -5..5i32), 0..30),
        more: bool,
    ) {
        let better = if more { Better::More } else { Better::Less };
        let given: Vec<_> = (10..).zip(&changes).map(|(point, (baseline, change))| {
            let mut pairs = Pairs::default();
            pairs.add(1.0, 1.0 + f64::from(*change));
            (point, *baseline, pairs.difference().unwrap())
        }).collect();
        let ranked = rank(given, better);
        prop_assert_eq!(ranked.len(), changes.len());
        for one in &ranked {
            let (baseline, change) = changes[(one.point - 10) as usize];
            let ahead = changes.iter().filter(|(other, by)| {
                *other == baseline && if more { *by > change } else { *by < change }
            });
            prop_assert_eq!(one.rank, ahead.count() as u64 + 1);
        }
    }
}
