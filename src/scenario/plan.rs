//! What is asked of a study: `[sweep]`, understood and checked as far as that needs no scenario.

use super::axes::{self, Axis, Stretch};
use super::error::{Problems, nearest};
use super::sweep::Sweep;
use super::value::Name;
use crate::metrics::{HEADLINES, Headline};

/// Columns of a study's tables that an axis cannot be named for, besides the measures.
const TAKEN: [&str; 20] = [
    "baseline",
    "baseline_value",
    "command",
    "difference",
    "error",
    "half_width",
    "high",
    "low",
    "measure",
    "method",
    "missing",
    "n",
    "narrowing",
    "pareto",
    "point",
    "rank",
    "replica",
    "seed",
    "unit",
    "value",
];

/// A Latin hypercube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hypercube {
    /// How many points.
    pub points: u64,
    /// The keys that vary.
    pub stretches: Vec<Stretch>,
}

/// Two measures of which one is paid with the other.
#[derive(Debug, Clone)]
pub struct Frontier {
    /// What is wanted.
    pub gain: &'static Headline,
    /// What it costs.
    pub cost: &'static Headline,
    /// Axes whose levels have a frontier each, by their position.
    pub within: Vec<usize>,
}

/// Which level of an axis changes a measure most?
#[derive(Debug, Clone)]
pub struct Ranking {
    /// The measure.
    pub measure: &'static Headline,
    /// Position of the axis.
    pub axis: usize,
    /// Number of the level with which all others are compared, from 0.
    pub baseline: u64,
}

/// What a `[sweep]` was understood as.
#[derive(Default)]
pub(super) struct Understood {
    pub(super) axes: Vec<Axis>,
    pub(super) hypercube: Option<Hypercube>,
    pub(super) frontier: Option<Frontier>,
    pub(super) ranking: Option<Ranking>,
}

/// Checks what can be checked of a `[sweep]` without the scenario.
pub(super) fn check(sweep: &Sweep, problems: &mut Problems<'_>) -> Understood {
    if *sweep.replicas == 0 {
        problems.add(
            sweep.replicas.span(),
            "no replica at all",
            "here",
            "ask for one at least",
        );
    }
    let mut seen: Vec<&str> = Vec::new();
    for name in axes::names(sweep) {
        let is_taken = TAKEN.contains(&name.as_str()) || Headline::named(name).is_some();
        if is_taken || name.contains(['\n', '\r']) {
            let message = format!("no axis can be named `{}`", name.as_str());
            problems.add(
                name.span(),
                message,
                "here",
                "the tables have another column of that name",
            );
        } else if seen.contains(&name.as_str()) {
            let message = format!("there are two axes `{}`", name.as_str());
            problems.add(
                name.span(),
                message,
                "here",
                "put all values of a key into one axis",
            );
        }
        seen.push(name);
    }
    let read = sweep.axis.iter().map(|axis| axes::axis(axis, problems));
    // Positions must stay those of the file.
    let axes: Option<Vec<Axis>> = read.collect::<Vec<_>>().into_iter().collect();
    let axes = axes.unwrap_or_default();
    let hypercube = sweep.hypercube.as_ref().map(|cube| {
        if *cube.points == 0 || cube.range.is_empty() {
            let help = "give it one point and one `range` at least";
            problems.add(
                cube.points.span(),
                "a hypercube without points",
                "here",
                help,
            );
        }
        let stretches = cube
            .range
            .iter()
            .filter_map(|range| axes::stretch(range, problems));
        Hypercube {
            points: u64::from(*cube.points),
            stretches: stretches.collect(),
        }
    });
    let frontier = sweep.frontier.as_ref().and_then(|frontier| {
        let (gain, cost) = (
            measure(&frontier.gain, problems),
            measure(&frontier.cost, problems),
        );
        let within = frontier
            .within
            .iter()
            .map(|name| position(name, &axes, problems));
        Some(Frontier {
            within: within.collect::<Option<_>>()?,
            gain: gain?,
            cost: cost?,
        })
    });
    let ranking = sweep.ranking.as_ref().and_then(|ranking| {
        let measure = measure(&ranking.measure, problems);
        let axis = position(&ranking.axis, &axes, problems)?;
        let levels = (0..axes[axis].count()).map(|number| axes[axis].level(number).name);
        let levels: Vec<String> = levels.collect();
        let baseline = among(
            &ranking.baseline,
            "level",
            levels.iter().map(String::as_str),
            problems,
        );
        Some(Ranking {
            measure: measure?,
            axis,
            baseline: baseline? as u64,
        })
    });
    Understood {
        axes,
        hypercube,
        frontier,
        ranking,
    }
}

fn measure(name: &Name, problems: &mut Problems<'_>) -> Option<&'static Headline> {
    let names = HEADLINES.iter().map(|headline| headline.name);
    among(name, "measure", names, problems).map(|position| &HEADLINES[position])
}

fn position(name: &Name, axes: &[Axis], problems: &mut Problems<'_>) -> Option<usize> {
    among(name, "axis", axes.iter().map(|axis| &*axis.name), problems)
}

/// The position of a name in a list.
fn among<'n>(
    name: &Name,
    what: &str,
    names: impl Iterator<Item = &'n str> + Clone,
    problems: &mut Problems<'_>,
) -> Option<usize> {
    let position = names.clone().position(|known| known == name.as_str());
    if position.is_none() {
        let label = match nearest(name, names.clone()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "not known".to_owned(),
        };
        let all: Vec<&str> = names.collect();
        let message = format!("there is no {what} `{}`", name.as_str());
        problems.add(
            name.span(),
            message,
            label,
            format!("there are: {}", all.join(", ")),
        );
    }
    position
}
