//! The calls into the shelves below: everything that the verbs need of them stands here.

use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::kernel::SimTime;
use crate::metrics::{self, Measures};
use crate::record::{self, Bag, Hunt, RecordError, Setup};
use crate::scenario::{self, Scenario};
use crate::script::Script;
use crate::simulation;
use crate::verify::{self, Played as RealPlay, Recording, Software, Wrong};

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
            scenario.world.end = staged.end;
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

/// A script that real servers can play, from a file; with the recording, if it is one.
pub(super) struct Scripted {
    pub(super) script: Script,
    recording: Option<Recording>,
}

impl Scripted {
    /// Does the file hold results?
    pub(super) fn is_recorded(&self) -> bool {
        self.recording.is_some()
    }
}

/// Reads a scenario with a script, a recording, or a script in its format.
pub(super) fn script(path: &Path) -> miette::Result<Scripted> {
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        let scenario = scenario::load(path, &[], None)?;
        let help = "give it [[script]] steps in the place of [[action]] and [[fault]]";
        let script = scenario.script.ok_or_else(|| {
            miette::miette!(
                help = help,
                "{}: this scenario has no script",
                path.display()
            )
        })?;
        return Ok(Scripted {
            script,
            recording: None,
        });
    }
    let read = verify::read(path).and_then(|recording| {
        let script = Script::new(&recording, path)?;
        Ok((script, recording))
    });
    let (script, recording) = read.map_err(|error| miette::miette!("{error}"))?;
    Ok(Scripted {
        script,
        recording: (!recording.stages.is_empty() || !recording.results.is_empty())
            .then_some(recording),
    })
}

/// Plays a script on real servers, so often. All processes end with this call, however it ends.
pub(super) fn record(
    setup: &Setup,
    script: &Script,
    runs: u32,
    tell: &dyn Fn(&str),
) -> Result<Vec<RealPlay>, RecordError> {
    record::in_laboratory(setup, async |laboratory| {
        let mut played = Vec::new();
        for run in 1..=runs {
            tell(&format!("fedheal: {}, run {run} of {runs}", script.name));
            played.push(record::play(laboratory, script).await?);
        }
        Ok(played)
    })
}

/// Writes what was recorded.
pub(super) fn write_recording(
    setup: &Setup,
    script: &Script,
    runs: &[RealPlay],
    out: &Path,
) -> std::io::Result<()> {
    verify::document(script, &setup.software(), runs).write(out)
}

/// One more run beside those that a recording holds.
pub(super) struct Compared {
    pub(super) cells: usize,
    pub(super) differing: Vec<Wrong>,
    pub(super) unstable: usize,
    pub(super) unstable_fine: usize,
}

/// Compares every run with what the recording holds; none if it holds nothing.
pub(super) fn compare_runs(script: &Scripted, runs: &[RealPlay]) -> Option<Vec<Compared>> {
    let recording = script.recording.as_ref()?;
    let compare = |run| {
        let comparison = verify::compare(recording, run);
        Compared {
            cells: comparison.cells,
            differing: comparison.wrong,
            unstable: comparison.unstable,
            unstable_fine: comparison.unstable_fine,
        }
    };
    Some(runs.iter().map(compare).collect())
}

/// Plays random scripts on simulated and real servers.
pub(super) fn hunt(
    setup: &Setup,
    hunt: &Hunt,
    tell: &'static dyn Fn(&str),
) -> Result<Bag, RecordError> {
    record::hunt(setup, hunt, tell)
}

/// A script in JSON.
pub(super) fn script_text(script: &Script) -> String {
    verify::script_document(script).text()
}
