//! Which runs a study has: its points, its hypercube, the seeds of its replicas, and how they are shared out.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use fedheal::experiment::{Points, WINDOW, guarded, replica_seed, work};
use fedheal::scenario::load_study;
use proptest::prelude::*;

use super::{Place, study};
use crate::worlds::config;

/// The study with these axes.
fn with(sweep: &str) -> fedheal::scenario::Study {
    let place = Place::with(&study(sweep));
    load_study(&place.file, &[], None).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn ranges_do_not_drift() {
    let study = with(
        "[[sweep.axis]]\nkey = 'people.scrolls-per-member-day'\nfrom = 0.1\nto = 0.7\nstep = 0.1\n\
         [[sweep.axis]]\nkey = 'people.page'\nfrom = 50\nto = 10\nstep = -20\n\
         [[sweep.axis]]\nkey = 'rules.wake-period'\nfrom = '1m'\nto = '3m'\nstep = '45s'\n",
    );
    let names = |axis: usize| {
        let axis = &study.axes[axis];
        (0..axis.count())
            .map(|level| axis.level(level).name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0), ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]);
    assert_eq!(names(1), ["50", "30", "10"]);
    assert_eq!(names(2), ["1m", "1m 45s", "2m 30s"]);
}

#[test]
fn a_level_sets_many_keys_and_a_scenario_has_them() {
    let study = with(
        "[[sweep.axis]]\nname = 'who'\nlevels = [{ name = 'both', set = { rules.gme-serve-cap = 7, 'room.1.encrypted' = true } }]\n",
    );
    let point = Points::of(&study).point(1);
    let scenario = study.draft(&point.set).unwrap().scenario(5).unwrap();
    assert!(scenario.world.rooms[1].encrypted);
    assert!(
        scenario
            .world
            .servers
            .iter()
            .all(|server| server.rules.gme_serve_cap == 7)
    );
    assert_eq!(scenario.world.seed, 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..config() })]

    #[test]
    fn each_stratum_of_a_hypercube_has_one_point(seed in 0..u64::from(u32::MAX), points in 1..200u64) {
        let study = with(&format!(
            "[sweep.hypercube]\npoints = {points}\nrange = [\n\
             {{ key = 'people.scrolls-per-member-day', from = 0.0, to = {points}.0 }},\n\
             {{ key = 'rules.wake-period', from = '1m', to = '{}m' }} ]\n",
            points + 1
        ));
        let all = Points::new(seed, &study.axes, study.hypercube.as_ref());
        prop_assert_eq!(all.count(), u128::from(points));
        let mut strata = [BTreeSet::new(), BTreeSet::new()];
        for number in 1..=points {
            let cells = all.point(number).cells;
            strata[0].insert(cells[0].parse::<f64>().unwrap().floor() as u64);
            let span: fedheal::kernel::SimDuration = cells[1].parse().unwrap();
            strata[1].insert(span.0 / 60_000 - 1);
        }
        for strata in strata {
            prop_assert_eq!(strata, (0..points).collect::<BTreeSet<_>>());
        }
    }

    #[test]
    fn a_grid_has_every_combination_once(a in 1..6u64, b in 1..6u64, cube in 1..4u64) {
        let study = with(&format!(
            "[sweep.hypercube]\npoints = {cube}\nrange = [{{ key = 'people.scroll-pages', from = 1, to = 900 }}]\n\
             [[sweep.axis]]\nkey = 'people.page'\nfrom = 1\nto = {a}\nstep = 1\n\
             [[sweep.axis]]\nkey = 'rules.gme-serve-cap'\nfrom = 1\nto = {b}\nstep = 1\n"
        ));
        let points = Points::of(&study);
        prop_assert_eq!(points.count(), u128::from(a * b * cube));
        let all: BTreeSet<_> = (1..=a * b * cube).map(|number| points.point(number).cells).collect();
        prop_assert_eq!(all.len() as u64, a * b * cube);
        for number in 1..=a * b * cube {
            let turned = points.turned(number, 0, a - 1);
            let (here, there) = (points.point(number).cells, points.point(turned).cells);
            prop_assert_eq!(&there[0], &a.to_string());
            prop_assert_eq!(&there[1..], &here[1..]);
        }
    }

    #[test]
    fn seeds_of_a_study_are_all_different(study: u64) {
        let seeds: BTreeSet<u64> = (1..=2000).map(|replica| replica_seed(study, replica)).collect();
        prop_assert_eq!(seeds.len(), 2000);
        prop_assert!(seeds.iter().all(|seed| *seed < 1 << 53));
        prop_assert!(!seeds.contains(&replica_seed(study.wrapping_add(1), 1)));
    }

    #[test]
    fn a_crew_does_every_job_once_and_keeps_close(threads in 1..8usize, jobs in 0..1000usize) {
        let mut done = Vec::new();
        work(threads, 0..jobs, |job| job, &mut |job| {
            done.push(job);
            ControlFlow::Continue(())
        })
        .unwrap();
        // Nobody is further ahead of a job that is still to come than the window allows.
        let mut least_to_come = usize::MAX;
        for job in done.iter().rev() {
            prop_assert!(*job < least_to_come.saturating_add(WINDOW));
            least_to_come = least_to_come.min(*job);
        }
        done.sort_unstable();
        prop_assert_eq!(done, (0..jobs).collect::<Vec<_>>());
    }
}

#[test]
fn a_slow_job_holds_up_the_window_and_nothing_more() {
    let begun = AtomicUsize::new(0);
    let mut before_slow = 0;
    work(
        2,
        0..5000usize,
        |job| {
            if job == 0 {
                // Until nothing more begins.
                let mut last = usize::MAX;
                while begun.load(Ordering::SeqCst) != last {
                    last = begun.load(Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(200));
                }
            }
            begun.fetch_add(1, Ordering::SeqCst);
            job
        },
        &mut |job| {
            if job == 0 {
                before_slow = begun.load(Ordering::SeqCst);
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert!(before_slow <= WINDOW, "{before_slow}");
    assert_eq!(begun.load(Ordering::SeqCst), 5000);
}

#[test]
fn a_crew_that_is_stopped_begins_nothing_more() {
    let mut heard = 0;
    work(2, 0..1000usize, |job| job, &mut |_| {
        heard += 1;
        ControlFlow::Break(())
    })
    .unwrap();
    assert!((1..=4).contains(&heard), "{heard}");
}

#[test]
fn a_panic_is_the_run_s_own_error() {
    let failed: Result<(), String> = guarded(|| panic!("out of luck"));
    assert!(failed.unwrap_err().starts_with("panicked"));
    assert_eq!(guarded(|| Ok(7)), Ok(7));
    assert_eq!(
        guarded(|| Err::<(), _>("no".to_owned())),
        Err("no".to_owned())
    );
}
