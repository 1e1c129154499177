//! The calls into the shelves below: everything that the verbs need of them stands here.

use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::kernel::SimTime;
use crate::metrics::Measures;
use crate::scenario::Scenario;

/// Reads and checks a scenario, with `key=value` pairs and a seed put over what the file says.
pub(super) fn load(
    path: &Path,
    _set: &[(String, String)],
    _seed: Option<u64>,
) -> miette::Result<Scenario> {
    std::fs::read_to_string(path)
        .map_err(|error| miette::miette!("cannot read {}: {error}", path.display()))?;
    Err(miette::miette!("{}: no reader yet", path.display()))
}

/// Plays a scenario and measures what came of it; `tick` hears the simulated time now and then.
pub(super) fn simulate(_scenario: &Scenario, _tick: &mut dyn FnMut(SimTime)) -> Played {
    unreachable!("no scenario can be read yet")
}

/// What came of a run.
pub(super) struct Played {
    pub(super) journal: Journal,
    pub(super) measures: Measures,
}

/// The JSON Schema of scenario files.
pub(super) fn schema() -> String {
    "{}\n".to_owned()
}

/// Plays recordings and compares them, in order of their names. A bad recording is named at the end.
pub(super) fn verify(paths: &[PathBuf]) -> crate::verify::Report {
    crate::verify::verify(paths, crate::simulation::play)
}
