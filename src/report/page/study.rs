//! The page about a study: what its runs say together.

use askama::Template;

use super::super::decimal::{cell, decimal};
use super::super::figure::{self, Drawing, font_face, spoken_measure};
use super::super::manifest::VERSION;
use super::super::stored::{Change, Frontier, StudyTables};
use super::grid::Grid;
use crate::metrics::HEADLINES;
use crate::verify::VERIFIED;

#[derive(Template)]
#[template(path = "study.html")]
struct StudyPage<'a> {
    version: &'static str,
    font: String,
    verified: &'static str,
    title: &'a str,
    seed: String,
    points: String,
    replicas: String,
    runs: String,
    failed: String,
    axes: String,
    best: Option<String>,
    frontier: Option<(String, Grid)>,
    ranking: Option<(String, Grid)>,
    summary: Grid,
    rules: Grid,
}

pub(super) fn page(study: &StudyTables) -> String {
    let frontier = study.frontier.as_ref();
    let ranking = study.ranking.as_ref();
    let page = StudyPage {
        version: VERSION,
        font: font_face(),
        verified: VERIFIED,
        title: &study.title,
        seed: study.about("seed"),
        points: study.about("points"),
        replicas: replicas(study).to_string(),
        runs: study.about("runs"),
        failed: study.about("failed"),
        axes: study.axes.join(", "),
        best: ranking.and_then(|changes| changes.first()).map(best),
        frontier: frontier.map(|one| (figure::frontier(study, one).inline(), spots(one))),
        ranking: ranking.map(|all| (figure::ranking(study, all).inline(), changes(all))),
        summary: summary(study),
        rules: rules(),
    };
    page.render().expect("a string can be written to")
}

/// The figures of the page, each with the name of a file.
pub(super) fn figures(study: &StudyTables) -> Vec<(&'static str, Drawing)> {
    let frontier = study.frontier.iter();
    let frontier = frontier.map(|one| ("frontier", figure::frontier(study, one)));
    let ranking = study.ranking.iter();
    let ranking = ranking.map(|all| ("ranking", figure::ranking(study, all)));
    frontier.chain(ranking).collect()
}

/// The most replicas that a point has: a later sweep may have asked for fewer, and took none away.
fn replicas(study: &StudyTables) -> u64 {
    let rows = study.summary.iter();
    let of_row = rows.filter_map(|row| {
        let (n, missing): (u64, u64) = (row.n.parse().ok()?, row.missing.parse().ok()?);
        // A median counts them, too.
        let is_median = row.method.starts_with("median");
        Some(if is_median { n } else { n + missing })
    });
    of_row.max().unwrap_or(0)
}

/// The first change, in a sentence.
fn best(change: &Change) -> String {
    format!(
        "The change that does most good is \"{}\": {} goes from {} to {}, by {} (95 % interval {}, n = {} pairs).",
        change.levels,
        spoken_measure(&change.measure),
        change.baseline_value,
        change.value,
        cell(change.difference.value),
        change.difference.interval(),
        change.n
    )
}

/// All points; those that none beats first.
fn spots(frontier: &Frontier) -> Grid {
    let (kept, beaten): (Vec<_>, Vec<_>) = frontier.spots.iter().partition(|spot| spot.is_kept);
    let rows = kept.into_iter().chain(beaten).map(|spot| {
        let estimates = [spot.gain, spot.cost].into_iter();
        let mut cells = vec![spot.levels.clone(), spot.point.clone()];
        cells.extend(estimates.flat_map(|one| [cell(one.value), one.interval()]));
        cells.push(spot.n.clone());
        cells.push(if spot.is_kept { "no" } else { "yes" }.to_owned());
        cells
    });
    let columns = [
        "levels",
        "#point",
        "#gain",
        "#95 % interval",
        "#cost",
        "#95 % interval",
        "#n (runs)",
        "=beaten",
    ];
    let measures = [&frontier.gain, &frontier.cost].map(|name| spoken_measure(name));
    let caption = format!("Gain: {}. Cost: {}", measures[0], measures[1]);
    Grid::new(&caption, &columns).filled(rows, 40, "frontier.csv")
}

fn changes(all: &[Change]) -> Grid {
    let rows = all.iter().map(|change| {
        vec![
            change.levels.clone(),
            change.rank.clone(),
            change.point.clone(),
            change.baseline.clone(),
            change.baseline_value.clone(),
            change.value.clone(),
            cell(change.difference.value),
            change.difference.interval(),
            change.n.clone(),
        ]
    });
    let columns = [
        "change",
        "#rank",
        "#point",
        "#baseline",
        "#value there",
        "#value",
        "#difference",
        "#95 % interval",
        "#n (pairs)",
    ];
    let methods = all.first().map_or("", |change| &change.method);
    let measure = spoken_measure(all.first().map_or("", |change| &change.measure));
    let caption = format!("Changes of {measure}, best first ({methods})");
    Grid::new(&caption, &columns).filled(rows, 40, "ranking.csv")
}

/// Every measure at every point, the first measures of all points first.
fn summary(study: &StudyTables) -> Grid {
    let of_measure = |headline: &str| {
        let headline = headline.to_owned();
        study
            .summary
            .iter()
            .filter(move |row| row.measure == headline)
    };
    let rows = HEADLINES
        .iter()
        .flat_map(|headline| of_measure(headline.name))
        .map(|row| {
            let value = row.estimate.value.map_or("none".to_owned(), decimal);
            vec![
                row.levels.clone(),
                row.point.clone(),
                row.measure.replace('_', " "),
                format!("{value} {}", row.unit),
                row.estimate.interval(),
                row.n.clone(),
                row.missing.clone(),
                row.method.clone(),
            ]
        });
    let columns = [
        "levels",
        "#point",
        "=measure",
        "#value",
        "#95 % interval",
        "#n (runs)",
        "#without value",
        "=method",
    ];
    Grid::new("Measures at the points, with 95 % intervals", &columns).filled(
        rows,
        60,
        "summary.csv",
    )
}

fn rules() -> Grid {
    let rows = HEADLINES.iter().map(|headline| {
        let name = headline.name.replace('_', " ");
        vec![
            name,
            headline.unit.to_owned(),
            headline.better.name().to_owned(),
            headline.rule.to_owned(),
        ]
    });
    let columns = ["=measure", "=unit", "=better", "=counting rule"];
    Grid::new("How each measure is counted", &columns).filled(rows, 60, "data_dictionary.csv")
}
