//! Bad studies: every message names the place, the wrong value and the remedy; and runs that fail.

use std::fs;
use std::process::Command;

use fedheal::scenario::load_study;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::{Place, column, flat, stderr, study, table};

/// The message for a study with this behind it.
fn refused(text: &str) -> String {
    let place = Place::with(text);
    let error = load_study(&place.file, &[], None).unwrap_err();
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_wrap_lines(false)
        .render_report(&mut shown, &error)
        .unwrap();
    let folder = format!("{}/", place.folder.path().display());
    let shown = shown.replace(&folder, "");
    shown
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn with(sweep: &str) -> String {
    refused(&study(&format!("[sweep]\n{sweep}")))
}

#[test]
fn keys_and_values_that_no_scenario_has() {
    insta::assert_snapshot!(
        "unknown_key",
        with("[[sweep.axis]]\nkey = 'rules.gme-serve-kap'\nvalues = [1, 2]\n")
    );
    insta::assert_snapshot!(
        "wrong_value",
        with("[[sweep.axis]]\nkey = 'rules.wake-period'\nvalues = ['1m', 'often']\n")
    );
    insta::assert_snapshot!(
        "no_position",
        with(
            "[[sweep.axis]]\nname = 'a'\nlevels = [{ name = 'b', set = { 'server.7.name' = 'x' } }]\n"
        )
    );
    insta::assert_snapshot!(
        "key_of_hypercube",
        with(
            "[sweep.hypercube]\npoints = 3\nrange = [{ key = 'people.pages', from = 1, to = 9 }]\n"
        )
    );
}

#[test]
fn ranges_that_are_none() {
    let range = |range: &str| with(&format!("[[sweep.axis]]\nkey = 'people.page'\n{range}\n"));
    insta::assert_snapshot!("step_of_nothing", range("from = 10\nto = 50\nstep = 0"));
    insta::assert_snapshot!("step_away", range("from = 10\nto = 50\nstep = -5"));
    insta::assert_snapshot!("range_mixed", range("from = 10\nto = '50d'\nstep = 5"));
    insta::assert_snapshot!("range_not_whole", range("from = 10\nto = 50"));
    insta::assert_snapshot!(
        "two_ways",
        range("from = 10\nto = 50\nstep = 5\nvalues = [1]")
    );
    insta::assert_snapshot!("no_values", range("values = []"));
}

#[test]
fn names_that_are_wrong() {
    insta::assert_snapshot!(
        "names",
        with(
            "replicas = 0\n\
             [sweep.frontier]\ngain = 'recovered_shares'\ncost = 'money'\nwithin = ['pge']\n\
             [sweep.ranking]\nmeasure = 'recovered_share'\naxis = 'page'\nbaseline = '30'\n\
             [[sweep.axis]]\nname = 'page'\nkey = 'people.page'\nvalues = [10, 20]\n\
             [[sweep.axis]]\nname = 'seed'\nkey = 'people.scroll-pages'\nvalues = [10, 20]\n\
             [[sweep.axis]]\nname = 'page'\nkey = 'people.page'\nvalues = [10, 20]\n"
        )
    );
}

#[test]
fn bases_that_are_none() {
    insta::assert_snapshot!(
        "base_missing",
        refused("title = 'A'\nbase = 'missing.toml'\n")
    );
    let place = Place::with("title = 'A'\nbase = 'base.toml'\n[people]\npage = 10\n");
    fs::write(
        place.out("base.toml"),
        "base = 'x.toml'\n[people]\npagge = 3\n",
    )
    .unwrap();
    let error = load_study(&place.file, &[], None).unwrap_err();
    let text = format!("{:?}", miette::Report::new(error));
    assert!(
        text.contains("a base cannot have a base of its own"),
        "{text}"
    );
    fs::write(place.out("base.toml"), "[people]\npagge = 3\n").unwrap();
    let error = load_study(&place.file, &[], None).unwrap_err();
    let text = format!("{:?}", miette::Report::new(error));
    // The place is that in the base.
    assert!(text.contains("base.toml:2:1"), "{text}");
}

#[test]
fn a_grid_that_nobody_could_wait_for_is_refused_without_a_run() {
    let axis = |key| format!("[[sweep.axis]]\nkey = '{key}'\nfrom = 1\nto = 1000\nstep = 1\n");
    let axes = ["people.page", "people.scroll-pages", "rules.gme-serve-cap"].map(axis);
    let place = Place::with(&study(&axes.concat()));
    let answer = place.sweep("out", &["--threads", "2"]);
    assert_eq!(answer.status.code(), Some(2));
    let message = flat(&answer);
    assert!(
        message.contains("1000000000 points of 30 replicas are 30000000000 runs"),
        "{message}"
    );
    assert!(message.contains("333 years on 2 threads"), "{message}");
    assert!(
        message.contains("a hypercube covers many keys"),
        "{message}"
    );
    assert!(!place.out("out").exists());
}

#[test]
fn wrong_arguments_are_bad_input() {
    let place = Place::with(&study(""));
    let wrong: [&[&str]; 6] = [
        &["--replicas", "0"],
        &["--threads", "0"],
        &["--until", "half-width=0"],
        &["--until", "width=1"],
        &["--until", "half-width=1", "--measure", "money"],
        &["--measure", "recovered_share"],
    ];
    for arguments in wrong {
        let answer = place.sweep("out", arguments);
        assert_eq!(answer.status.code(), Some(2), "{arguments:?}");
        assert!(!place.out("out").exists());
    }
}

/// Each level is well by itself; two of them do not go together.
const CLASH: &str = "
[sweep]
replicas = 2
[[sweep.axis]]
key = 'start'
values = ['2024-01-01', '2023-12-30']
[[sweep.axis]]
name = 'loss'
levels = [
    { name = 'as it is' },
    { name = 'early', set = { 'fault.1.at' = '2024-01-02T12:00', 'fault.0.at' = '2023-12-31T00:00' } },
]
";

#[test]
fn runs_that_fail_are_listed_with_the_command_that_repeats_them() {
    let text = study(CLASH).replace("'2024-01-01', '2023-12-30'", "'2023-12-30', '2024-01-01'");
    let place = Place::with(&text);
    // The level alone must be well, so the scenario itself starts early.
    let text = text.replace("[people]", "start = '2023-12-30'\n[people]");
    fs::write(&place.file, text).unwrap();
    let answer = place.sweep("out", &["--on-error", "continue"]);
    assert_eq!(answer.status.code(), Some(1), "{}", stderr(&answer));
    assert!(
        flat(&answer).contains("2 runs failed"),
        "{}",
        stderr(&answer)
    );
    let (header, failed) = table(&place.out("out").join("failed.csv"));
    assert_eq!(failed.len(), 2);
    assert_eq!(table(&place.out("out").join("runs.csv")).1.len(), 6);
    for row in &failed {
        assert_eq!(row[0], "4");
        assert!(
            row[column(&header, "error")].contains("2023-12-31"),
            "{row:?}"
        );
        let command = &row[column(&header, "command")];
        let command = command.replacen("fedheal", env!("CARGO_BIN_EXE_fedheal"), 1);
        let again = Command::new("sh").args(["-c", &command]).output().unwrap();
        assert_eq!(again.status.code(), Some(2), "{command}");
        assert!(stderr(&again).contains("2023-12-31"), "{}", stderr(&again));
    }
    // Tried again, they fail again, and no row is there twice.
    let again = place.sweep("out", &["--on-error", "continue"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(table(&place.out("out").join("failed.csv")).1, failed);

    let answer = place.sweep("stopped", &["--threads", "1"]);
    assert_eq!(answer.status.code(), Some(1));
    let manifest = fs::read_to_string(place.out("stopped").join("manifest.json")).unwrap();
    assert!(manifest.contains("\"complete\": false"));
}
