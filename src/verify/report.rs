//! The result of playing recordings, as text and as JSON.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::compare::Comparison;
use super::recording::RecordingError;

/// Differing cells shown per experiment, unless all are wanted.
const SHOWN: usize = 5;

/// How far this version does what the shipped recordings of real servers hold, as `verify` says it at its end. A test
/// holds it against them.
#[cfg(feature = "exact-state")]
pub const VERIFIED: &str = "43 of 43 recordings right in every cell; 25983 of 25983 cells right";
/// A build without exact state resolution is held against none.
#[cfg(not(feature = "exact-state"))]
pub const VERIFIED: &str = "not counted for this build, which resolves state by a cheap rule";

/// What became of each recording.
#[derive(Debug, Default)]
pub struct Report {
    /// Those played.
    pub comparisons: Vec<Comparison>,
    /// Those that could not be.
    pub errors: Vec<RecordingError>,
}

impl Report {
    /// Cells compared.
    pub fn cells(&self) -> usize {
        self.comparisons
            .iter()
            .map(|comparison| comparison.cells)
            .sum()
    }

    /// Cells right.
    pub fn right(&self) -> usize {
        self.comparisons
            .iter()
            .map(|comparison| comparison.right)
            .sum()
    }

    /// Recordings right in every cell.
    pub fn wholly_right(&self) -> usize {
        self.comparisons
            .iter()
            .filter(|comparison| comparison.wrong.is_empty())
            .count()
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let by_experiment: Map<String, Value> = self
            .comparisons
            .iter()
            .map(|c| {
                (
                    c.name.clone(),
                    json!({ "cells": c.cells, "right": c.right }),
                )
            })
            .collect();
        json!({
            "experiments": self.comparisons.len(),
            "cells": self.cells(),
            "right": self.right(),
            "by_experiment": by_experiment,
        })
    }

    /// For people: a line per experiment, its differing cells, a summary.
    pub fn text(&self, all: bool) -> String {
        let mut text = String::new();
        for c in &self.comparisons {
            let mark = if c.wrong.is_empty() {
                "ok".to_owned()
            } else {
                format!("{} differ", c.wrong.len())
            };
            let unstable = match c.unstable {
                0 => String::new(),
                n => format!(
                    "  (and {}/{n} unstable ones within what was seen)",
                    c.unstable_fine
                ),
            };
            let _ = writeln!(
                text,
                "{:<24} {:>5}/{:<5} {mark}{unstable}",
                c.name, c.right, c.cells
            );
            let shown = if all {
                c.wrong.len()
            } else {
                SHOWN.min(c.wrong.len())
            };
            for wrong in &c.wrong[..shown] {
                let _ = writeln!(
                    text,
                    "    {}: {} recorded, {} simulated",
                    wrong.path, wrong.recorded, wrong.simulated
                );
            }
            if shown < c.wrong.len() {
                let _ = writeln!(
                    text,
                    "    ... and {} more (--all shows them)",
                    c.wrong.len() - shown
                );
            }
        }
        let _ = writeln!(
            text,
            "{} of {} recordings right in every cell; {} of {} cells right",
            self.wholly_right(),
            self.comparisons.len(),
            self.right(),
            self.cells(),
        );
        text
    }
}
