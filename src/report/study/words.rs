//! What a study found and what a comparison says, as text of at most 80 columns.

use super::super::terminal::{counted, thousands};
use super::compare::{Compared, Values};
use super::findings::{Findings, Spot};
use super::folder::StudyFolder;
use crate::experiment::{Estimate, Ranked};

/// Rows shown of each table.
const ROWS: usize = 25;
/// The most columns of a name; longer ones are cut.
const NAME: usize = 38;

/// The text of a sweep.
pub fn told(folder: &StudyFolder<'_>, findings: &Findings) -> String {
    let main = folder.main_measure();
    let mut text = format!(
        "{}\n\n{}, {}; 95 % intervals\n\n{}\n",
        folder.study.title,
        counted(findings.main.len(), "point"),
        counted(folder.runs as usize, "run"),
        main.name
    );
    for spot in findings.main.iter().take(ROWS) {
        let estimate = &spot.estimates[0];
        text += &line(&name(spot), &figures(estimate));
    }
    text += &more(findings.main.len(), "summary.csv");
    if let Some(frontier) = &folder.study.frontier {
        let kept: Vec<_> = findings.frontier.iter().filter(|(_, kept)| *kept).collect();
        text += &format!(
            "\nbeaten by none: {} beside {} ({} of {} points)\n",
            frontier.gain.name,
            frontier.cost.name,
            kept.len(),
            findings.frontier.len()
        );
        for (spot, _) in kept.iter().take(ROWS) {
            let [gain, cost] = [0, 1].map(|of| short(spot.estimates[of].value.unwrap_or_default()));
            text += &line(&name(spot), &format!("{gain:>12} {cost:>12}"));
        }
        text += &more(kept.len(), "frontier.csv");
    }
    if let Some(ranking) = &folder.study.ranking {
        let axis = &folder.study.axes[ranking.axis];
        let baseline = axis.level(ranking.baseline).name;
        text += &format!(
            "\nwhat changes {} most, beside \"{baseline}\"\n",
            ranking.measure.name
        );
        for change in findings.ranking.iter().take(ROWS) {
            let of = findings.main.iter().find(|spot| spot.point == change.point);
            text += &ranked(change, &of.map(name).unwrap_or_default());
        }
        text += &more(findings.ranking.len(), "ranking.csv");
    }
    text
}

/// The text of a comparison.
pub fn compared(all: &[Compared], sides: [&str; 2]) -> String {
    let mut text = format!("first:  {}\nsecond: {}\n\n", sides[0], sides[1]);
    let is_paired = all
        .iter()
        .any(|one| matches!(one.values, Values::Many { is_paired, .. } if is_paired));
    let is_single = all
        .iter()
        .all(|one| matches!(one.values, Values::Single(..)));
    let head = format!("{:>9} {:>9} {:>9}", "first", "second", "change");
    let head = match (is_single, is_paired) {
        (true, _) => head,
        (false, _) => format!("{head} {:>19} {:>4} {:>6}", "95 % interval", "n", "narrow"),
    };
    text += &format!("{:<18} {head}\n", "measure");
    for one in all {
        let row = match one.values {
            Values::Single(first, second) => {
                format!(
                    "{:>9} {:>9} {:>9}",
                    short(first),
                    short(second),
                    signed(second - first)
                )
            }
            Values::Many {
                difference,
                is_paired,
            } => {
                let interval = match is_paired {
                    true => difference.paired.interval,
                    false => difference.unpaired,
                };
                let interval = interval.map_or("unknown".to_owned(), |interval| {
                    format!("{} {}", signed(interval.low), signed(interval.high))
                });
                let narrowing = difference.narrowing().filter(|_| is_paired);
                format!(
                    "{:>9} {:>9} {:>9} {:>19} {:>4} {:>6}",
                    short(difference.first),
                    short(difference.second),
                    signed(difference.second - difference.first),
                    interval,
                    difference.paired.n,
                    narrowing.map_or("-".to_owned(), |times| format!("x{times:.1}")),
                )
            }
        };
        let wide = one.measure.chars().count() > 18;
        let gap = if wide {
            format!("\n{:19}", "")
        } else {
            " ".to_owned()
        };
        text += &format!("{:<18}{gap}{row}\n", one.measure);
    }
    text += match (is_single, is_paired) {
        (true, _) => "\nn = 1 on each side: no interval can be given. A sweep gives one.\n",
        (false, true) => {
            "\nPairs of replicas with the same people, messages and faults; intervals of their\n\
             differences (Student). narrow: so many times wider would the interval be if each\n\
             side had had luck of its own (Welch).\n"
        }
        (false, false) => {
            "\nThe two sides had different luck (other study seeds): intervals without pairs\n\
             (Welch).\n"
        }
    };
    text
}

fn ranked(change: &Ranked, name: &str) -> String {
    let difference = &change.difference;
    let interval = difference
        .paired
        .interval
        .map_or(String::new(), |interval| {
            format!("{} {}", signed(interval.low), signed(interval.high))
        });
    let figures = format!(
        "{:>9} {interval:>19} n {}",
        signed(difference.second - difference.first),
        difference.paired.n
    );
    line(&format!("{}. {name}", change.rank), &figures)
}

fn figures(estimate: &Estimate) -> String {
    let value = estimate.value.map_or("none".to_owned(), short);
    let interval = estimate.interval.map_or(String::new(), |interval| {
        let end = |end: f64| {
            if end.is_finite() {
                short(end)
            } else {
                "never".to_owned()
            }
        };
        format!("{} to {}", end(interval.low), end(interval.high))
    });
    format!("{value:>9}  {interval:<20} n {}", estimate.n)
}

/// The levels of a point.
fn name(spot: &Spot) -> String {
    let cells = spot.cells.join(", ");
    format!("{} {cells}", spot.point)
}

fn line(name: &str, figures: &str) -> String {
    let mut name: String = name.chars().take(NAME).collect();
    if name.is_empty() {
        name.push('-');
    }
    format!("  {name:<NAME$} {figures}").trim_end().to_owned() + "\n"
}

fn more(rows: usize, file: &str) -> String {
    match rows.saturating_sub(ROWS) {
        0 => String::new(),
        more => format!("  and {} more in {file}\n", thousands(more as u64)),
    }
}

/// A number in at most nine columns, or so.
fn short(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.4}"),
        size if size < 1000.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

fn signed(value: f64) -> String {
    let text = short(value);
    match text.trim_start_matches('-').trim_matches(['0', '.']) {
        // Of what rounds to nothing, no sign is known.
        "" => format!("+{}", text.trim_start_matches('-')),
        _ if value < 0.0 => text,
        _ => format!("+{text}"),
    }
}
