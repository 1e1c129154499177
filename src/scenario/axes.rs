//! The axes of a study: from what the file says to levels that put values over the scenario.

use super::error::Problems;
use super::range::{NoRange, Quantity, Range, Span};
use super::sweep;
use super::value::{Here, Name};

/// What a level puts over the scenario: dotted keys and values, as `--set` takes them.
pub type Settings = Vec<(String, String)>;

/// A dimension of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The name of its column.
    pub name: String,
    levels: Levels,
}

/// One value of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// What stands in the axis' column.
    pub name: String,
    /// What it puts over the scenario.
    pub set: Settings,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Levels {
    Listed(Vec<Level>),
    /// A key that takes many values, which need not stand in memory.
    Counted(String, Range),
}

impl Axis {
    /// How many levels.
    pub fn count(&self) -> u64 {
        match &self.levels {
            Levels::Listed(levels) => levels.len() as u64,
            Levels::Counted(_, range) => range.count(),
        }
    }

    /// One of them, counted from 0.
    pub fn level(&self, number: u64) -> Level {
        match &self.levels {
            Levels::Listed(levels) => levels[number as usize].clone(),
            Levels::Counted(key, range) => of_key(key, range.value(number)),
        }
    }
}

/// A key of a hypercube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The dotted key; also the name of its column.
    pub key: String,
    /// Its values.
    pub span: Span,
}

impl Stretch {
    /// The value at a part of the way.
    pub fn level(&self, part: u64, of: u64) -> Level {
        of_key(&self.key, self.span.at(part, of))
    }
}

fn of_key(key: &str, value: String) -> Level {
    Level {
        name: value.clone(),
        set: vec![(key.to_owned(), value)],
    }
}

/// Reads an axis; what is wrong with it is noted.
pub(super) fn axis(axis: &sweep::Axis, problems: &mut Problems<'_>) -> Option<Axis> {
    let has_range = axis.from.is_some() || axis.to.is_some() || axis.step.is_some();
    let ways = [axis.values.is_some(), has_range, axis.levels.is_some()];
    let place = [&axis.name, &axis.key].into_iter().flatten().next();
    let span = place.map_or(0..0, Here::span);
    if ways.iter().filter(|way| **way).count() != 1 {
        let help =
            "give it a `key` with `values`, a `key` with `from`, `to` and `step`, or `levels`";
        problems.add(span, "an axis needs one kind of values", "here", help);
        return None;
    }
    let name = match (&axis.name, &axis.key, &axis.levels) {
        (Some(name), Some(_), None) | (None, Some(name), None) | (Some(name), None, Some(_)) => {
            name
        }
        (_, _, Some(_)) => {
            let help = "`levels` set keys of their own; leave `key` out and give a `name`";
            problems.add(span, "an axis of levels needs a name and no key", "", help);
            return None;
        }
        (_, None, None) => {
            let help = "give the `key` that takes these values";
            problems.add(span, "an axis without a key", "here", help);
            return None;
        }
    };
    let levels = if let Some(levels) = &axis.levels {
        Levels::Listed(levels.iter().map(level).collect())
    } else if let (Some(key), Some(values)) = (&axis.key, &axis.values) {
        let values = values.iter().map(|value| Level {
            name: value
                .0
                .as_str()
                .map_or_else(|| written(&value.0), str::to_owned),
            ..of_key(key, written(&value.0))
        });
        Levels::Listed(values.collect())
    } else {
        Levels::Counted(axis.key.as_ref()?.to_string(), range(axis, problems)?)
    };
    if matches!(&levels, Levels::Listed(levels) if levels.is_empty()) {
        let message = format!("the axis `{}` has no values", name.as_str());
        problems.add(name.span(), message, "here", "give one value at least");
        return None;
    }
    Some(Axis {
        name: name.to_string(),
        levels,
    })
}

fn range(axis: &sweep::Axis, problems: &mut Problems<'_>) -> Option<Range> {
    let [Some(from), Some(to), Some(step)] = [&axis.from, &axis.to, &axis.step] else {
        let span = axis.key.as_ref().map_or(0..0, Here::span);
        let help = "give all three of `from`, `to` and `step`";
        problems.add(span, "a range that is not whole", "of this key", help);
        return None;
    };
    let mut quantity = |value: &Here<sweep::Value>| counted(value, problems);
    let (first, last, each) = (quantity(from), quantity(to), quantity(step));
    let range = Range::new(first?, last?, each?);
    let wrong = range.map_err(|wrong| {
        let value = written(&step.0);
        let (message, help) = match wrong {
            NoRange::Mixed => (
                "a range of numbers and durations".to_owned(),
                "`from`, `to` and `step` are all numbers, or all durations such as \"7d\"",
            ),
            NoRange::Still => (
                format!("a range with the step {value} never ends"),
                "give a step that is not 0",
            ),
            NoRange::Away => (
                format!("a range with the step {value} never ends: it leads away from `to`"),
                "change the sign of the step, or exchange `from` and `to`",
            ),
        };
        problems.add(step.span(), message, "here", help);
    });
    wrong.ok()
}

/// Reads a key of a hypercube.
pub(super) fn stretch(range: &sweep::Span, problems: &mut Problems<'_>) -> Option<Stretch> {
    let (from, to) = (counted(&range.from, problems), counted(&range.to, problems));
    let span = Span::new(from?, to?);
    if span.is_none() {
        let message = "these are not two numbers or two durations, the smaller one first";
        let help = "give a `from` that is smaller than `to`";
        problems.add(range.from.span(), message, "from here", help);
    }
    Some(Stretch {
        key: range.key.to_string(),
        span: span?,
    })
}

fn counted(value: &Here<sweep::Value>, problems: &mut Problems<'_>) -> Option<Quantity> {
    let quantity = Quantity::of(&value.0);
    if quantity.is_none() {
        let message = format!("{} is neither a number nor a duration", written(&value.0));
        let help = "ranges are of numbers or of durations such as \"7d\"; list other `values`";
        problems.add(value.span(), message, "here", help);
    }
    quantity
}

fn level(level: &sweep::Level) -> Level {
    let mut set = Settings::new();
    for (key, value) in &level.set {
        flatten(key, &value.0, &mut set);
    }
    Level {
        name: level.name.to_string(),
        set,
    }
}

/// The values in a table, each with its whole key: `{ a.b = 1 }` and `{ "a.b" = 1 }` are the same.
fn flatten(key: &str, value: &toml::Value, set: &mut Settings) {
    match value {
        toml::Value::Table(table) if !table.is_empty() => {
            for (inner, value) in table {
                flatten(&format!("{key}.{inner}"), value, set);
            }
        }
        value => set.push((key.to_owned(), written(value))),
    }
}

/// A value as a person would type it behind `--set key=`.
fn written(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) if reads_as_text(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Would this be taken for a text, without quotes?
fn reads_as_text(text: &str) -> bool {
    toml::de::DeValue::parse(text).is_err() && !text.is_empty()
}

/// The names of all columns, each with its place.
pub(super) fn names(sweep: &sweep::Sweep) -> impl Iterator<Item = &Name> {
    let axes = sweep.axis.iter();
    let axes = axes.filter_map(|axis| axis.name.as_ref().or(axis.key.as_ref()));
    let ranges = sweep.hypercube.iter().flat_map(|cube| &cube.range);
    axes.chain(ranges.map(|range| &range.key))
}
