//! The calls that ask real servers.

use std::path::Path;

use crate::record::{self, Bag, Hunt, RecordError, Setup};
use crate::scenario;
use crate::script::Script;
use crate::verify::{self, Played as RealPlay, Recording, Wrong};

/// A script that real servers can play, from a file; with the recording, if it is one.
pub(in crate::cli) struct Scripted {
    pub(in crate::cli) script: Script,
    recording: Option<Recording>,
}

impl Scripted {
    /// Does the file hold results?
    pub(in crate::cli) fn is_recorded(&self) -> bool {
        self.recording.is_some()
    }
}

/// Reads a scenario with a script, a recording, or a script in its format.
pub(in crate::cli) fn script(path: &Path) -> miette::Result<Scripted> {
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
pub(in crate::cli) fn record(
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
pub(in crate::cli) fn write_recording(
    setup: &Setup,
    script: &Script,
    runs: &[RealPlay],
    out: &Path,
) -> std::io::Result<()> {
    verify::document(script, &setup.software(), runs).write(out)
}

/// One more run beside those that a recording holds.
pub(in crate::cli) struct Compared {
    pub(in crate::cli) cells: usize,
    pub(in crate::cli) differing: Vec<Wrong>,
    pub(in crate::cli) unstable: usize,
    pub(in crate::cli) unstable_fine: usize,
}

/// Compares every run with what the recording holds; none if it holds nothing.
pub(in crate::cli) fn compare_runs(script: &Scripted, runs: &[RealPlay]) -> Option<Vec<Compared>> {
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
pub(in crate::cli) fn hunt(
    setup: &Setup,
    hunt: &Hunt,
    tell: &'static dyn Fn(&str),
) -> Result<Bag, RecordError> {
    record::hunt(setup, hunt, tell)
}

/// A script in JSON.
pub(in crate::cli) fn script_text(script: &Script) -> String {
    verify::script_document(script).text()
}
