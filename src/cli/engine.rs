//! The calls into the shelves below: everything that the verbs need of them stands here.

#[cfg(unix)]
mod real;

#[cfg(unix)]
pub(super) use real::*;

use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::kernel::SimTime;
use crate::metrics::{self, Measures};
use crate::scenario::{self, Scenario};
use crate::simulation;
use crate::verify::{self, Software};

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
    /// Of a script: its answers and measurements, as a recording.
    pub(super) recording: Option<String>,
}

/// Plays a scenario and measures what came of it; `tick` hears the simulated time now and then. A script
/// says itself when it is over, so its scenario has its end only then.
pub(super) fn simulate(scenario: &mut Scenario, tick: &mut dyn FnMut(SimTime)) -> Played {
    let (outcome, recording) = match &scenario.script {
        None => (simulation::run(&scenario.world, tick), None),
        Some(script) => {
            let staged = simulation::play_in(&scenario.world, script);
            scenario.world.end = staged.outcome.end;
            let runs = [staged.played];
            let recording = verify::document(script, &SIMULATOR, &runs).text();
            (staged.outcome, Some(recording))
        }
    };
    let books = outcome.books(&scenario.world, scenario.measured);
    let measures = metrics::measure(&books, &outcome.journal);
    Played {
        measures,
        journal: outcome.journal,
        recording,
    }
}

/// Who played, where the simulator did.
const SIMULATOR: Software = Software {
    name: "fedheal",
    version: env!("CARGO_PKG_VERSION"),
    database: None,
    host_order: "oldest-join",
};

/// The JSON Schema of scenario files.
pub(super) fn schema() -> String {
    scenario::schema()
}

/// Plays recordings and compares them, in order of their names. A bad recording is named at the end.
pub(super) fn verify(paths: &[PathBuf]) -> verify::Report {
    verify::verify(paths, simulation::play)
}
