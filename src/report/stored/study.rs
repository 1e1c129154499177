//! All tables of a study but its runs, in memory. Their axes are columns that no row struct can name.

use serde_json::Value;

use super::super::decimal::decimal;
use super::{StoredError, StoredStudy, Tables};

/// What the tables of a study say.
#[derive(Debug)]
pub(in crate::report) struct StudyTables {
    pub(in crate::report) manifest: Value,
    /// The study's title.
    pub(in crate::report) title: String,
    /// The names of the axes.
    pub(in crate::report) axes: Vec<String>,
    pub(in crate::report) summary: Vec<Summary>,
    /// Gain and cost of every point, if the study asks for a frontier.
    pub(in crate::report) frontier: Option<Frontier>,
    /// The changes in order, if the study asks for a ranking.
    pub(in crate::report) ranking: Option<Vec<Change>>,
}

/// A value and its 95 % interval, as far as they are known.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::report) struct Estimate {
    pub(in crate::report) value: Option<f64>,
    pub(in crate::report) low: Option<f64>,
    pub(in crate::report) high: Option<f64>,
}

/// A row of `summary.csv`.
#[derive(Debug)]
pub(in crate::report) struct Summary {
    pub(in crate::report) point: String,
    pub(in crate::report) levels: String,
    pub(in crate::report) measure: String,
    pub(in crate::report) unit: String,
    pub(in crate::report) estimate: Estimate,
    pub(in crate::report) n: String,
    pub(in crate::report) missing: String,
    pub(in crate::report) method: String,
}

/// `frontier.csv`.
#[derive(Debug)]
pub(in crate::report) struct Frontier {
    pub(in crate::report) gain: String,
    pub(in crate::report) cost: String,
    pub(in crate::report) spots: Vec<Spot>,
}

/// A row of `frontier.csv`.
#[derive(Debug)]
pub(in crate::report) struct Spot {
    pub(in crate::report) point: String,
    pub(in crate::report) levels: String,
    pub(in crate::report) gain: Estimate,
    pub(in crate::report) cost: Estimate,
    pub(in crate::report) n: String,
    /// Is it beaten by no other?
    pub(in crate::report) is_kept: bool,
}

/// A row of `ranking.csv`.
#[derive(Debug)]
pub(in crate::report) struct Change {
    pub(in crate::report) rank: String,
    pub(in crate::report) point: String,
    pub(in crate::report) levels: String,
    pub(in crate::report) baseline: String,
    pub(in crate::report) measure: String,
    pub(in crate::report) baseline_value: String,
    pub(in crate::report) value: String,
    pub(in crate::report) difference: Estimate,
    pub(in crate::report) n: String,
    pub(in crate::report) method: String,
}

impl Estimate {
    /// `low to high`, or that it is not known.
    pub(in crate::report) fn interval(&self) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{} to {}", decimal(low), decimal(high)),
            _ => "not known".to_owned(),
        }
    }
}

impl StudyTables {
    /// Reads them.
    ///
    /// # Errors
    /// If one is missing, or if a row cannot be read.
    pub(in crate::report) fn read(stored: &StoredStudy) -> Result<StudyTables, StoredError> {
        let tables = &stored.tables;
        let summary = Grid::read(tables, "summary.csv", (1, 9))?;
        let frontier = match tables.has("frontier.csv") {
            true => Some(Grid::read(tables, "frontier.csv", (1, 8))?),
            false => None,
        };
        let ranking = match tables.has("ranking.csv") {
            true => Some(Grid::read(tables, "ranking.csv", (2, 10))?),
            false => None,
        };
        Ok(StudyTables {
            title: tables.title("study.toml")?,
            axes: summary.axes().to_vec(),
            summary: summary
                .rows
                .iter()
                .map(|row| summary.summary(row))
                .collect(),
            frontier: frontier.map(|grid| Frontier {
                gain: grid.after(&grid.header, 0),
                cost: grid.after(&grid.header, 3),
                spots: grid.rows.iter().map(|row| grid.spot(row)).collect(),
            }),
            ranking: ranking.map(|grid| grid.rows.iter().map(|row| grid.change(row)).collect()),
            manifest: stored.manifest.clone(),
        })
    }

    /// A word or number of the manifest.
    pub(in crate::report) fn about(&self, key: &str) -> String {
        match &self.manifest[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// A table with keys, then as many axes as the study has, then columns that are always there.
struct Grid {
    keys: usize,
    columns: usize,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    fn read(
        tables: &Tables,
        file: &str,
        (keys, columns): (usize, usize),
    ) -> Result<Grid, StoredError> {
        let (header, rows) = tables.cells(file)?;
        if header.len() < keys + columns {
            return Err(StoredError::BadRow {
                path: tables.folder().join(file),
                line: 1,
                what: format!(
                    "{} columns, and at least {} are needed",
                    header.len(),
                    keys + columns
                ),
            });
        }
        Ok(Grid {
            keys,
            columns,
            header,
            rows,
        })
    }

    fn axes(&self) -> &[String] {
        &self.header[self.keys..self.header.len() - self.columns]
    }

    /// The levels of a row, as words, of the axes on which rows differ; of several axes each with its name.
    fn levels(&self, row: &[String]) -> String {
        let axes = self.keys..row.len() - self.columns;
        let differs = |axis: &usize| self.rows.iter().any(|other| other[*axis] != row[*axis]);
        let different: Vec<usize> = axes.clone().filter(differs).collect();
        let told = match different.is_empty() {
            true => axes.collect(),
            false => different,
        };
        if let [axis] = told[..] {
            return row[axis].clone();
        }
        let named = told.iter();
        let named = named.map(|axis| format!("{} {}", self.header[*axis], row[*axis]));
        named.collect::<Vec<_>>().join(", ")
    }

    /// A cell among those that are always there.
    fn after(&self, row: &[String], column: usize) -> String {
        row[row.len() - self.columns + column].clone()
    }

    fn estimate(&self, row: &[String], column: usize) -> Estimate {
        let number = |column| self.after(row, column).parse().ok();
        Estimate {
            value: number(column),
            low: number(column + 1),
            high: number(column + 2),
        }
    }

    fn summary(&self, row: &[String]) -> Summary {
        Summary {
            point: row[0].clone(),
            levels: self.levels(row),
            measure: self.after(row, 0),
            unit: self.after(row, 1),
            estimate: self.estimate(row, 2),
            n: self.after(row, 6),
            missing: self.after(row, 7),
            method: self.after(row, 8),
        }
    }

    fn spot(&self, row: &[String]) -> Spot {
        Spot {
            point: row[0].clone(),
            levels: self.levels(row),
            gain: self.estimate(row, 0),
            cost: self.estimate(row, 3),
            n: self.after(row, 6),
            is_kept: self.after(row, 7) == "true",
        }
    }

    fn change(&self, row: &[String]) -> Change {
        Change {
            rank: row[0].clone(),
            point: row[1].clone(),
            levels: self.levels(row),
            baseline: self.after(row, 0),
            measure: self.after(row, 1),
            baseline_value: self.after(row, 2),
            value: self.after(row, 3),
            difference: self.estimate(row, 4),
            n: self.after(row, 7),
            method: self.after(row, 8),
        }
    }
}
