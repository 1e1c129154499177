//! The calls into the shelves below: everything that the verbs need of them stands here.

#[cfg(unix)]
mod real;

#[cfg(unix)]
pub(super) use real::*;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::journal::{Fact, ServerId};
use crate::kernel::SimTime;
use crate::metrics::{self, Everybody, Heard, Measures, Network};
use crate::report::{Results, WriteError};
use crate::scenario::{self, Scenario};
use crate::simulation::{self, News, Outcome, Staged};
use crate::verify::{self, Software};

/// Reads and checks a scenario, with `key=value` pairs and a seed put over what the file says.
pub(super) fn load(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> miette::Result<Scenario> {
    Ok(scenario::load(path, set, seed)?)
}

/// What came of a run, besides its journal.
pub(super) struct Played {
    pub(super) measures: Measures,
    pub(super) network: Network,
    /// Of a script: its answers and measurements, as a recording.
    pub(super) recording: Option<String>,
    /// Was the scenario played to its end?
    pub(super) complete: bool,
}

/// Plays a scenario and measures what came of it; the journal goes into the results at once. `tick` hears the simulated
/// time now and then, and may end the run: the scenario's end is then where it stopped. A script says itself when it
/// is over, so its scenario has its end only then.
pub(super) fn simulate(
    scenario: &mut Scenario,
    results: &mut Results,
    tick: &mut dyn FnMut(SimTime) -> ControlFlow<()>,
) -> Result<Played, WriteError> {
    let (world, measured) = (&scenario.world, scenario.measured);
    let mut heard = Heard::new(world.servers.len());
    let mut note = |fact: &Fact| {
        heard.hear(fact);
        results.note(world, fact)
    };
    let (outcome, recording, complete) = match &scenario.script {
        None => {
            let outcome = simulation::run_told(world, measured, &mut |news| match news {
                News::Fact(fact) => note(fact),
                News::Now(now) => tick(now),
            });
            let complete = outcome.end == world.end;
            (outcome, None, complete)
        }
        Some(script) => {
            let Staged {
                played,
                mut outcome,
            } = simulation::play_in(world, script);
            outcome.journal.tell_all(measured, &mut |fact| {
                let _ = note(fact);
            });
            let recording = verify::document(script, &SIMULATOR, &[played]).text();
            (outcome, Some(recording), true)
        }
    };
    results.end_journal(world)?;
    scenario.world.end = outcome.end;
    let (measures, network) = measure(scenario, &outcome, &heard);
    Ok(Played {
        measures,
        network,
        recording,
        complete,
    })
}

fn measure(scenario: &Scenario, outcome: &Outcome, heard: &Heard) -> (Measures, Network) {
    let world = &scenario.world;
    let books = outcome.books(world, scenario.measured);
    let kept_for = |server: ServerId, room| outcome.kept_for(world, server, room);
    let everybody = Everybody {
        users: scenario.users_of_servers(),
        losses: outcome.item_losses(),
        kept_for: &kept_for,
    };
    let measures = metrics::measure(&books, &outcome.journal);
    (measures, metrics::network(&books, &everybody, heard))
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
