//! A day's drawn messages: whatever is asked of them, they are the same.

use std::rc::Rc;

use fedheal::journal::{RoomId, ServerId, UserId};
use fedheal::kernel::{SimDuration, SimTime, Streams};
use fedheal::room::{Deletions, Speakers, Times, Traffic};
use proptest::prelude::*;

use crate::worlds::config;

const DAY: SimDuration = SimDuration::days(1);

fn traffic(files_per_mille: u32) -> Traffic {
    Traffic {
        room: RoomId(3),
        per_day: 100.0,
        files_per_mille,
        from: SimTime(0),
        deletions: Deletions::default(),
    }
}

/// The times of a day, quiet or busy.
fn times(seed: u64, day: u32, count: u32) -> Times {
    traffic(0).times(&Streams::new(seed), day, count)
}

/// How many of a day's messages are made in each of its hours.
fn by_hour(of: &Times, day: u32) -> Vec<f64> {
    let before = |hour: u64| of.before(SimTime::of_day(day.into()) + SimDuration::hours(hour));
    let hours = 0..24;
    hours
        .map(|hour| f64::from(before(hour + 1) - before(hour)))
        .collect()
}

/// Messages are independent, so the squared deviations of 24 equal parts come to 23 times the mean, on the average over
/// many days: less if halving made them too even, more if it made them clump.
#[test]
fn a_busy_days_messages_come_at_any_moment_alike() {
    const DAYS: u32 = 400;
    for count in [600, 5_000] {
        let mean = f64::from(count) / 24.0;
        let squares = (0..DAYS).map(|day| {
            let hours = by_hour(&times(5, day, count), day);
            hours.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / mean
        });
        let average = squares.sum::<f64>() / f64::from(DAYS);
        // A chi-square of 23 degrees has a deviation of the root of 46; four of those of 400 such.
        let tolerance = 4.0 * (46.0 / f64::from(DAYS)).sqrt();
        assert!((average - 23.0).abs() < tolerance, "{count}: {average}");
    }
}

proptest! {
    #![proptest_config(config())]

    /// Whoever looks, and at whatever first, sees the same times, in order, and as many before a moment as there are.
    #[test]
    fn times_do_not_hang_on_who_looks(
        seed: u64,
        day in 0..20_000u32,
        count in prop_oneof![0..60u32, 690..710u32, 1..9_000u32],
        looks in proptest::collection::vec((0..9_000u32, 0..DAY.0), 0..20),
    ) {
        let midnight = SimTime::of_day(day.into());
        let all = times(seed, day, count);
        let in_order: Vec<SimTime> = (0..count).map(|number| all.at(number)).collect();
        prop_assert!(in_order.is_sorted());
        prop_assert!(in_order.iter().all(|at| (midnight..midnight + DAY).contains(at)));
        prop_assert_eq!(all.get(count), None);
        prop_assert_eq!((all.before(midnight), all.before(midnight + DAY)), (0, count));
        let some = times(seed, day, count);
        for (number, passed) in looks {
            prop_assert_eq!(some.get(number), in_order.get(number as usize).copied());
            let moment = midnight + SimDuration(passed);
            let before = in_order.partition_point(|at| *at < moment);
            prop_assert_eq!(some.before(moment) as usize, before);
        }
    }

    #[test]
    fn a_servers_messages_are_those_that_are_its_one_by_one(
        seed: u64,
        count in 0..400u32,
        files in 0..1000u32,
        weights in prop::collection::vec((0..6u32, 0..40u32), 1..12),
    ) {
        let traffic = traffic(files);
        let users = weights.iter().zip(0..);
        let users = users.map(|((server, weight), user)| (UserId(user), ServerId(*server), *weight));
        let speakers = Rc::new(Speakers::new(users));
        let day = traffic.day(&Streams::new(seed), 5, count, speakers);
        for server in (0..6).map(ServerId) {
            let of_server = |number: &u32| day.cell(*number).0 == server;
            let own: Vec<u32> = (0..day.count()).filter(of_server).collect();
            prop_assert_eq!(&*day.numbers_of(server), &own[..]);
            prop_assert_eq!(day.count_of(server) as usize, own.len());
            for from in (0..=day.count()).step_by(7) {
                let next = own.iter().copied().find(|number| *number >= from);
                prop_assert_eq!(day.next_of(server, from), next);
                let numbers = from / 3..from;
                let last = own.iter().rev().copied().find(|number| numbers.contains(number));
                prop_assert_eq!(day.last_of(server, numbers), last);
            }
        }
    }
}
