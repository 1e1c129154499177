//! The run of a result folder, played again.
//!
//! What an item is stands in no table: its number counts everything that was made in its room. The scenario of the folder
//! says all that is needed, and the run comes out the same; that it does is seen from its journal.

use std::io;
use std::ops::ControlFlow;

use super::facts::{FactsFile, Keep};
use super::figure::{Drawing, TooLarge, ladder};
use super::names::Names;
use super::stored::Stored;
use super::write::Hashed;
use crate::explain::{DiagramError, Past, Unknown, diagram, room_named};
use crate::kernel::SimTime;
use crate::scenario::{self, Scenario, ScenarioError};

/// Why a run cannot be played again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Its `scenario.toml` is not one for this program.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// It has no such room.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// There is nothing to draw, or too much.
    #[error(transparent)]
    Diagram(#[from] DiagramError),
    /// The drawing has too many pixels.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// What comes of it now is not what came of it then.
    #[error(
        "played again, the scenario of the folder gives another journal: its facts.csv is of another build of fedheal"
    )]
    Differs {
        /// The command that makes the folder again.
        again: String,
    },
}

/// The scenario of a folder, with its name, and with the end that its run had.
fn rebuilt(stored: &Stored) -> Result<Scenario, ScenarioError> {
    let mut scenario = scenario::load(&stored.scenario(), &[], None)?;
    let manifest = stored.manifest();
    scenario.name.clone_from(&manifest.scenario);
    if !manifest.complete {
        // A run that was stopped is one whose world ends there.
        scenario.world.end = manifest.story.end;
    }
    Ok(scenario)
}

/// Plays the run of a folder again: as long as it took then. Its journal must be the folder's, if that has one.
///
/// # Errors
/// If the scenario cannot be read, or gives another journal.
pub fn replay(stored: &Stored) -> Result<Past, ReplayError> {
    let past = replay_while(stored, &mut |_| ControlFlow::Continue(()))?;
    Ok(past.expect("nobody breaks it off"))
}

/// As [`replay`]; `tick` hears the simulated time, and may break it off: then there is nothing.
///
/// # Errors
/// The same.
pub fn replay_while(
    stored: &Stored,
    tick: &mut dyn FnMut(SimTime) -> ControlFlow<()>,
) -> Result<Option<Past>, ReplayError> {
    let Some(past) = Past::replay_while(rebuilt(stored)?, tick) else {
        return Ok(None);
    };
    let manifest = stored.manifest();
    let keep = Keep::named(&manifest.journal).filter(|keep| *keep != Keep::None);
    let wanted = manifest.files_sha256.get(FactsFile::NAME);
    match keep.zip(wanted) {
        Some((keep, wanted)) if journal_sum(&past, keep).ok().as_ref() != Some(wanted) => {
            Err(ReplayError::Differs {
                again: manifest.command.clone(),
            })
        }
        _ => Ok(Some(past)),
    }
}

/// The checksum that `facts.csv` would have.
fn journal_sum(past: &Past, keep: Keep) -> io::Result<String> {
    let names = Names::new(&past.scenario().world);
    let mut facts = FactsFile::begin(Hashed::nowhere(), keep)?;
    for fact in past.journal().facts() {
        facts.write(names, fact)?;
    }
    Ok(facts.end(names)?.sum())
}

/// Plays the run of a folder again and draws what passed between servers about a room within a time, as SVG; none: from
/// the beginning, to the end.
///
/// # Errors
/// If the scenario cannot be read, has no such room, or there is nothing to draw, or too much.
pub fn diagram_svg(
    stored: &Stored,
    room: &str,
    window: (Option<SimTime>, Option<SimTime>),
) -> Result<String, ReplayError> {
    Ok(drawn(stored, room, window)?.file())
}

/// The same as PNG.
///
/// # Errors
/// The same; and if it would have too many pixels.
pub fn diagram_png(
    stored: &Stored,
    room: &str,
    window: (Option<SimTime>, Option<SimTime>),
) -> Result<Vec<u8>, ReplayError> {
    Ok(drawn(stored, room, window)?.png()?)
}

fn drawn(
    stored: &Stored,
    room: &str,
    window: (Option<SimTime>, Option<SimTime>),
) -> Result<Drawing, ReplayError> {
    let scenario = rebuilt(stored)?;
    let room = room_named(&scenario.world, room)?;
    let diagram = diagram(&scenario, room, window)?;
    let note = format!(
        "{}. Seed {}, fedheal {}.",
        scenario.title.trim_end_matches('.'),
        scenario.world.seed,
        env!("CARGO_PKG_VERSION")
    );
    Ok(ladder(&diagram, &note))
}
