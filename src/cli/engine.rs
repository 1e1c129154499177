//! The calls into the shelves below: everything that the verbs need of them stands here.

use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::kernel::SimTime;
use crate::metrics::{self, Measures};
use crate::record::{self, RecordError, Setup};
use crate::scenario::{self, Scenario};
use crate::simulation;
use crate::verify::{Played as RealPlay, Recording, RecordingError, Script, Wrong};

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

/// A script that real servers can play, from a file.
pub(super) struct Scripted {
    recording: Recording,
    script: Script,
}

/// Reads a recording, or a script in its format.
pub(super) fn script(path: &Path) -> Result<Scripted, RecordingError> {
    let recording = crate::verify::read(path)?;
    let script = Script::new(&recording, path)?;
    Ok(Scripted { recording, script })
}

/// Plays a script on real servers, so often. All processes end with this call, however it ends.
pub(super) fn record(
    setup: &Setup,
    script: &Scripted,
    runs: u32,
    tell: &dyn Fn(&str),
) -> Result<Vec<RealPlay>, RecordError> {
    let settings: Vec<_> = script.recording.servers.values().cloned().collect();
    record::in_laboratory(setup, async |laboratory| {
        let mut played = Vec::new();
        for run in 1..=runs {
            tell(&format!(
                "fedheal: {}, run {run} of {runs}",
                script.recording.name
            ));
            played.push(record::play(laboratory, &settings, &script.script).await?);
        }
        Ok(played)
    })
}

/// Writes what was recorded.
pub(super) fn write_recording(
    setup: &Setup,
    script: &Scripted,
    runs: &[RealPlay],
    out: &Path,
) -> Result<(), RecordError> {
    record::write(&record::document(&script.recording, setup, runs), out)
}

/// One more run beside those that a recording holds.
pub(super) struct Compared {
    pub(super) cells: usize,
    pub(super) differing: Vec<Wrong>,
    pub(super) unstable: usize,
    pub(super) unstable_fine: usize,
}

/// Compares every run with what the recording holds.
pub(super) fn compare_runs(script: &Scripted, runs: &[RealPlay]) -> Vec<Compared> {
    let compare = |run| {
        let comparison = crate::verify::compare(&script.recording, run);
        Compared {
            cells: comparison.cells,
            differing: comparison.wrong,
            unstable: comparison.unstable,
            unstable_fine: comparison.unstable_fine,
        }
    };
    runs.iter().map(compare).collect()
}
