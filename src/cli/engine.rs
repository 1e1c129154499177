//! The calls into the shelves below: everything that the verbs need of them stands here.

use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::kernel::SimTime;
use crate::metrics::{self, Measures};
use crate::scenario::{self, Scenario};
use crate::simulation;

/// Reads and checks a scenario, with `key=value` pairs and a seed put over what the file says.
pub(super) fn load(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> miette::Result<Scenario> {
    Ok(scenario::load(path, set, seed)?)
}

/// What came of a run.
pub(super) struct Played {
    pub(super) journal: Journal,
    pub(super) measures: Measures,
}

/// Plays a scenario and measures what came of it; `tick` hears the simulated time now and then.
pub(super) fn simulate(scenario: &Scenario, tick: &mut dyn FnMut(SimTime)) -> Played {
    let outcome = simulation::run(&scenario.world, tick);
    let books = outcome.books(&scenario.world, scenario.measured);
    let measures = metrics::measure(&books, &outcome.journal);
    Played {
        measures,
        journal: outcome.journal,
    }
}

/// The JSON Schema of scenario files.
pub(super) fn schema() -> String {
    scenario::schema()
}

/// Plays recordings and compares them, in order of their names. A bad recording is named at the end.
pub(super) fn verify(paths: &[PathBuf]) -> crate::verify::Report {
    crate::verify::verify(paths, crate::simulation::play)
}
