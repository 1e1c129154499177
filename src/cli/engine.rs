//! The calls into the shelves below: everything that the verbs need of them stands here.

use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::kernel::SimTime;
use crate::metrics::Measures;
use crate::scenario::Scenario;

/// Reads and checks a scenario, with `key=value` pairs and a seed put over what the file says.
pub(super) fn load(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> miette::Result<Scenario> {
    Ok(crate::scenario::load(path, set, seed)?)
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
    crate::scenario::schema()
}

/// Plays recordings and compares them, in order of their names.
pub(super) fn verify(paths: &[PathBuf]) -> miette::Result<Vec<Verdict>> {
    for path in paths {
        std::fs::metadata(path)
            .map_err(|error| miette::miette!("cannot read {}: {error}", path.display()))?;
    }
    Ok(Vec::new())
}

/// How a simulated experiment compares with its recording.
pub(super) struct Verdict {
    pub(super) experiment: String,
    pub(super) cells: u64,
    pub(super) right: u64,
    pub(super) differing: Vec<Differing>,
}

/// A cell that came out otherwise.
pub(super) struct Differing {
    pub(super) path: String,
    pub(super) recorded: String,
    pub(super) simulated: String,
}
