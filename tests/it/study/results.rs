//! What the tables of a study say.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::{GRID, Place, column, flat, stderr, study, table};

#[test]
fn no_two_replicas_are_equal_and_all_points_meet_the_same_luck() {
    let place = Place::with(&study(GRID));
    let (header, rows) = table(&place.swept("out", &["--replicas", "20"]).join("runs.csv"));
    let first = column(&header, "recovered_share");
    for point in 1..=6 {
        let of_point = rows.iter().filter(|row| row[0] == point.to_string());
        let of_point: Vec<_> = of_point.collect();
        let seeds: Vec<_> = of_point.iter().map(|row| &row[2]).collect();
        let same: Vec<_> = rows.iter().take(20).map(|row| &row[2]).collect();
        assert_eq!(seeds, same, "common random numbers");
        let outcomes: BTreeSet<_> = of_point.iter().map(|row| &row[first..]).collect();
        assert_eq!(outcomes.len(), 20);
    }
}

#[test]
fn every_column_of_every_table_is_in_the_dictionary() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "2"]);
    let (_, dictionary) = table(&out.join("data_dictionary.csv"));
    let mut columns = 0;
    for name in [
        "runs",
        "failed",
        "summary",
        "frontier",
        "ranking",
        "data_dictionary",
    ] {
        let file = format!("{name}.csv");
        let (header, _) = table(&out.join(&file));
        let explained = dictionary.iter().filter(|row| row[0] == file);
        let explained: Vec<_> = explained.map(|row| row[1].clone()).collect();
        assert_eq!(explained, header, "{file}");
        columns += header.len();
    }
    assert_eq!(columns, dictionary.len());
}

#[test]
fn the_summary_is_of_the_runs() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "5"]);
    let (header, runs) = table(&out.join("runs.csv"));
    let (names, summary) = table(&out.join("summary.csv"));
    let measure = column(&header, "copies_elsewhere");
    for point in ["1", "6"] {
        let of_point = runs.iter().filter(|row| row[0] == point);
        let values: Vec<f64> = of_point.map(|row| row[measure].parse().unwrap()).collect();
        let mean = values.iter().sum::<f64>() / 5.0;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        // The 97.5 % point of Student's distribution with four degrees of freedom, from a printed table.
        let half_width = 2.776 * (squares / 4.0 / 5.0).sqrt();
        let row = summary
            .iter()
            .find(|row| row[0] == point && row.contains(&"copies_elsewhere".to_owned()));
        let cell = |name| row.unwrap()[column(&names, name)].parse::<f64>().unwrap();
        assert!((cell("value") - mean).abs() < 1e-5);
        assert!((cell("half_width") - half_width).abs() < 1e-3 * half_width);
        assert!((cell("high") - mean - cell("half_width")).abs() < 1e-5);
        assert!(half_width > 0.0);
    }
}

#[test]
fn the_ranking_is_of_pairs_with_the_baseline() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "30"]);
    let (header, rows) = table(&out.join("ranking.csv"));
    let cell = |row: &[String], name| row[column(&header, name)].clone();
    // Where nobody is given more than twenty, to ask for sixty is the same change, and has the same place.
    let baselines: Vec<_> = rows
        .iter()
        .map(|row| (cell(row, "baseline"), cell(row, "rank")))
        .collect();
    let pair = |baseline: &str, rank: &str| (baseline.to_owned(), rank.to_owned());
    assert_eq!(
        baselines,
        [
            pair("1", "1"),
            pair("1", "1"),
            pair("4", "1"),
            pair("4", "2")
        ]
    );
    for row in &rows {
        let number = |name| cell(row, name).parse::<f64>().unwrap();
        assert!((number("value") - number("baseline_value") - number("difference")).abs() < 2e-6);
        assert_eq!(number("n") as u32, 30);
    }
    // Who may ask for sixty and be given sixty gets more back.
    let best = rows
        .iter()
        .find(|row| cell(row, "baseline") == "4")
        .unwrap();
    assert_eq!(cell(best, "asked"), "sixty, and none at home");
    assert!(cell(best, "low").parse::<f64>().unwrap() > 0.0);
}

#[test]
fn each_level_of_what_is_no_choice_has_a_frontier() {
    let place = Place::with(&study(GRID));
    let (header, rows) = table(&place.swept("out", &[]).join("frontier.csv"));
    let (cap, pareto) = (
        column(&header, "rules.gme-serve-cap"),
        column(&header, "pareto"),
    );
    for level in ["20", "60"] {
        let of_level = rows.iter().filter(|row| row[cap] == level);
        let kept = of_level.filter(|row| row[pareto] == "true").count();
        assert!((1..=3).contains(&kept), "{level}");
    }
}

fn compare(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fedheal"));
    let answer = command
        .arg("compare")
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(answer.stdout.clone()).unwrap();
    (answer.status.code(), text, flat(&answer))
}

#[test]
fn pairs_narrow_the_interval_of_a_rule_threefold_and_more() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "30"]);
    let out = out.to_str().unwrap();
    // How much comes back hangs on luck far more than on how many events a server may ask for.
    let sides = [format!("{out}:1"), format!("{out}:2")];
    let (code, text, _) = compare(&[&sides[0], &sides[1], "--measure", "recovered_share"]);
    assert_eq!(code, Some(0));
    assert!(
        text.lines()
            .all(|line| line.chars().count() <= 80 || line.contains(out)),
        "{text}"
    );
    let row = text
        .lines()
        .find(|line| line.starts_with("recovered_share"))
        .unwrap();
    let narrowing = row.rsplit_once('x').unwrap().1.parse::<f64>().unwrap();
    assert!(narrowing >= 3.0, "{text}");
}

#[test]
fn other_seeds_are_no_pairs() {
    let place = Place::with(&study(GRID));
    let one = place.swept("one", &["--replicas", "3"]);
    let two = place.swept("two", &["--replicas", "3", "--seed", "2"]);
    let sides = [one, two].map(|out| format!("{}:1", out.display()));
    let (code, text, _) = compare(&[&sides[0], &sides[1]]);
    assert_eq!(code, Some(0));
    assert!(text.contains("intervals without pairs"), "{text}");
    let row = text
        .lines()
        .find(|line| line.starts_with("copies_elsewhere"))
        .unwrap();
    assert!(row.ends_with('-'), "{row}");
}

#[test]
fn single_runs_are_compared_without_an_interval() {
    let folder = tempfile::tempdir().unwrap();
    let sides = ["1", "2"].map(|page| {
        let out = folder.path().join(page);
        let mut command = Command::new(env!("CARGO_BIN_EXE_fedheal"));
        let set = format!("action.8.do.scroll.page={page}0");
        command
            .args(["run", "scenarios/minimal.toml", "--set", &set, "--out"])
            .arg(&out);
        let answer = command.output().unwrap();
        assert!(out.join("measures.csv").exists(), "{}", stderr(&answer));
        out.to_str().unwrap().to_owned()
    });
    let (code, text, _) = compare(&[&sides[0], &sides[1]]);
    assert_eq!(code, Some(0));
    assert!(
        text.contains("n = 1 on each side: no interval can be given"),
        "{text}"
    );
    assert!(text.contains("recovered_share"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "1"]);
    let out = out.to_str().unwrap();
    let missing = place.out("missing");
    for (first, second, says) in [
        (
            out.to_owned(),
            out.to_owned(),
            "several points: name one, as FOLDER:POINT",
        ),
        (format!("{out}:1"), format!("{out}:7"), "no such point"),
        (
            missing.to_str().unwrap().to_owned(),
            format!("{out}:1"),
            "no results",
        ),
    ] {
        let (code, text, message) = compare(&[&first, &second]);
        assert_eq!((code, &*text), (Some(2), ""));
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn replicas_are_added_until_the_interval_is_narrow() {
    let place = Place::with(&study(GRID));
    let until = [
        "--replicas",
        "12",
        "--until",
        "half-width=0.05",
        "--measure",
        "recovered_share",
    ];
    let out = place.swept("out", &until);
    let (header, rows) = table(&out.join("summary.csv"));
    let of_measure = rows
        .iter()
        .filter(|row| row.contains(&"recovered_share".to_owned()));
    let mut n = 0;
    for row in of_measure {
        let half_width = row[column(&header, "half_width")].parse::<f64>().unwrap();
        assert!(half_width <= 0.05, "{row:?}");
        n = row[column(&header, "n")].parse().unwrap();
    }
    assert!(n > 12, "twelve were not enough");
    // Once more, there is nothing to do.
    let before = fs::read(out.join("runs.csv")).unwrap();
    place.swept("out", &until);
    assert!(fs::read(out.join("runs.csv")).unwrap() == before);
}
