//! Comparing cell by cell (section 6 of the format).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::played::Played;
use super::recording::Recording;

/// Cells by path.
pub type Cells = BTreeMap<String, Value>;

/// One cell that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Its path, as in `unstable`.
    pub path: String,
    /// What real servers did; null where they have no such cell.
    pub recorded: Value,
    /// What the simulator did.
    pub simulated: Value,
}

/// One recording against the simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Name of the experiment.
    pub name: String,
    /// Cells compared: those that were the same in every real run.
    pub cells: usize,
    /// Of these: right.
    pub right: usize,
    /// The others.
    pub wrong: Vec<Wrong>,
    /// Cells that differed between real runs, counted apart.
    pub unstable: usize,
    /// Of these: one of the values seen, or between them.
    pub unstable_fine: usize,
}

/// Compares the simulator with a recording.
pub fn compare(recording: &Recording, played: &Played) -> Comparison {
    compare_cells(
        &recording.name,
        &recorded_cells(recording),
        &recording.unstable,
        &played_cells(played),
    )
}

/// Compares the simulator with what real servers have just done, once or more often.
pub fn compare_with_runs(name: &str, real: &[Played], simulated: &Played) -> Comparison {
    let recorded = played_cells(&real[0]);
    compare_cells(name, &recorded, &unstable(real), &played_cells(simulated))
}

fn compare_cells(
    name: &str,
    recorded: &Cells,
    unstable: &BTreeMap<String, Vec<Value>>,
    simulated: &Cells,
) -> Comparison {
    let paths: BTreeSet<&String> = recorded.keys().chain(simulated.keys()).collect();
    let mut comparison = Comparison {
        name: name.to_owned(),
        cells: 0,
        right: 0,
        wrong: Vec::new(),
        unstable: 0,
        unstable_fine: 0,
    };
    for path in paths {
        let (ours, theirs) = (value(simulated, path), value(recorded, path));
        if let Some(seen) = unstable.get(path) {
            let seen: Vec<Value> = seen.iter().map(|value| or_default(value, path)).collect();
            comparison.unstable += 1;
            comparison.unstable_fine += usize::from(is_between(&ours, &seen));
        } else {
            comparison.cells += 1;
            if ours == theirs {
                comparison.right += 1;
            } else {
                comparison.wrong.push(Wrong {
                    path: path.clone(),
                    recorded: theirs,
                    simulated: ours,
                });
            }
        }
    }
    comparison
}

/// Cells that differ between runs, with the value of each run.
pub(super) fn unstable(runs: &[Played]) -> BTreeMap<String, Vec<Value>> {
    let cells: Vec<Cells> = runs.iter().map(played_cells).collect();
    let paths: BTreeSet<&String> = cells.iter().flat_map(BTreeMap::keys).collect();
    let values = |path: &String| -> Vec<Value> {
        let value = |cells: &Cells| cells.get(path).cloned().unwrap_or(Value::Null);
        cells.iter().map(value).collect()
    };
    paths
        .into_iter()
        .map(|path| (path.clone(), values(path)))
        .filter(|(_, values)| values.iter().any(|value| *value != values[0]))
        .collect()
}

fn value(cells: &Cells, path: &str) -> Value {
    cells.get(path).cloned().unwrap_or_else(|| default_of(path))
}

fn or_default(value: &Value, path: &str) -> Value {
    match value {
        Value::Null => default_of(path),
        seen => seen.clone(),
    }
}

/// A field that is absent because it would be 0 or all.
fn default_of(path: &str) -> Value {
    match path.rsplit('.').next() {
        Some("outlier" | "soft" | "rejected" | "redacted") => Value::from(0),
        _ => Value::Null,
    }
}

/// One of the values seen, or a number between them.
fn is_between(value: &Value, seen: &[Value]) -> bool {
    let numbers: Option<Vec<f64>> = seen.iter().map(Value::as_f64).collect();
    let inside = match (value.as_f64(), numbers) {
        (Some(n), Some(all)) => {
            all.iter().any(|least| *least <= n) && all.iter().any(|most| n <= *most)
        }
        _ => false,
    };
    inside || seen.contains(value)
}

/// The cells of a recording.
pub fn recorded_cells(recording: &Recording) -> Cells {
    let mut cells = Cells::new();
    for result in &recording.results {
        if let Some(step) = result.get("step").and_then(Value::as_u64) {
            result_cells(step as usize, result, &mut cells);
        }
    }
    for (stage, value) in &recording.stages {
        leaves(&format!("stages.{stage}"), value, &mut cells);
    }
    cells
}

/// The cells of a played script.
pub fn played_cells(played: &Played) -> Cells {
    let mut cells = Cells::new();
    for (step, result) in &played.results {
        let value = serde_json::to_value(result).expect("answers are plain data");
        result_cells(*step, &value, &mut cells);
    }
    for (stage, value) in &played.stages {
        let value = serde_json::to_value(value).expect("measurements are plain data");
        leaves(&format!("stages.{stage}"), &value, &mut cells);
    }
    cells
}

fn result_cells(step: usize, result: &Value, cells: &mut Cells) {
    for field in ["result", "failed", "unheard", "seen"] {
        let path = format!("results.{step}.{field}");
        match (field, result.get(field)) {
            (_, None) => {}
            ("seen", Some(passes)) => leaves(&path, passes, cells),
            (_, Some(value)) if value.as_array().is_some_and(Vec::is_empty) => {}
            (_, Some(value)) => {
                cells.insert(path, value.clone());
            }
        }
    }
}

/// Scalar leaves; lists of plain values count as one cell each.
fn leaves(path: &str, value: &Value, cells: &mut Cells) {
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, cells));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, value)| leaves(&format!("{path}.{i}"), value, cells));
        }
        plain => {
            cells.insert(path.to_owned(), plain.clone());
        }
    }
}
