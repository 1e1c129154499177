//! The calls into the shelves below: everything that the verbs need of them stands here.

#[cfg(unix)]
mod real;

#[cfg(unix)]
pub(super) use real::*;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::experiment;
use crate::journal::{Fact, ServerId};
use crate::kernel::SimTime;
use crate::metrics::{self, Everybody, HEADLINES, Heard, Measures, Network, Run};
use crate::report::study::Ended;
use crate::report::{self, Results, WriteError};
use crate::scenario::{self, Draft, Scenario, ScenarioError, Study};
use crate::simulation::{self, News, Staged, central};
use crate::verify::{self, Software};

/// Reads and checks a scenario, with `key=value` pairs and a seed put over what the file says.
pub(super) fn load(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> miette::Result<Scenario> {
    Ok(scenario::load(path, set, seed)?)
}

/// Reads and checks a study, in the same way; and its scenario by itself, which says what a run of it needs.
pub(super) fn load_study(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> miette::Result<Study> {
    Ok(scenario::load_study(path, set, seed)?)
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

impl Played {
    /// What goes into the result folder besides the journal.
    pub(super) fn written(&self) -> report::Written<'_> {
        report::Written {
            measures: &self.measures,
            network: &self.network,
            recording: self.recording.as_deref(),
            complete: self.complete,
        }
    }
}

/// Plays a scenario and measures what came of it; the journal goes into the results at once. `tick` hears the simulated
/// time now and then, and may end the run: the scenario's end is then where it stopped. A script says itself when it
/// is over, so its scenario has its end only then.
pub(super) fn simulate(
    scenario: &mut Scenario,
    results: &mut Results,
    tick: &mut dyn FnMut(SimTime) -> ControlFlow<()>,
) -> Result<Played, WriteError> {
    let world = &scenario.world;
    let told = told(scenario, &mut |fact| results.note(world, fact), tick);
    results.end_journal(world)?;
    scenario.world.end = told.end;
    Ok(Played {
        measures: told.measures,
        network: told.network,
        recording: told.recording,
        complete: told.complete,
    })
}

/// A drawn federation that does not fit into what memory is free, so many times at once, is not begun. Nobody can say
/// where the system does not.
pub(super) fn enough_memory(scenario: &Scenario, times: usize) -> miette::Result<()> {
    if scenario.census.is_none() {
        return Ok(());
    }
    let free = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = free
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let free = free.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let needed = report::memory_needed(scenario) * times as u64;
    match free.map(|kilobytes| kilobytes * 1024) {
        Some(free) if needed > free => Err(miette::miette!(
            help = "make the federation smaller with --set federation.scale=...",
            "this world needs about {} MB of memory{}, and {} MB are free",
            needed / 1_000_000,
            if times > 1 {
                format!(" in {times} threads")
            } else {
                String::new()
            },
            free / 1_000_000
        )),
        _ => Ok(()),
    }
}

/// The same of a study's own scenario.
pub(super) fn enough_for(study: &Study, times: usize) -> miette::Result<()> {
    let scenario = study.draft(&Vec::new())?.scenario(study.seed)?;
    enough_memory(&scenario, times)
}

/// Plays a scenario for its headline measures alone; none if `tick` ended it.
fn headlines(
    scenario: Scenario,
    tick: &mut dyn FnMut(SimTime) -> ControlFlow<()>,
) -> Option<Vec<Option<f64>>> {
    let told = told(&scenario, &mut |_| ControlFlow::Continue(()), tick);
    if !told.complete {
        return None;
    }
    let run = Run {
        measures: &told.measures,
        network: &told.network,
        expect: &scenario.expect,
    };
    let values = HEADLINES.iter().map(|headline| headline.of(&run));
    Some(values.collect())
}

/// One run of a study.
pub(super) struct Job {
    pub(super) point: u64,
    pub(super) replica: u32,
    pub(super) seed: u64,
    /// The scenario at the point, or what is wrong with it.
    pub(super) draft: Result<Arc<Draft>, Arc<String>>,
}

/// What became of one.
pub(super) enum Outcome {
    Ended(Ended),
    /// Somebody asked it to stop.
    Stopped,
}

/// Makes one run of a study. Whatever goes wrong is that run's alone.
pub(super) fn replica(job: Job, stop: &dyn Fn() -> bool) -> Outcome {
    let outcome = experiment::guarded(|| {
        let draft = job.draft.as_ref().map_err(|error| error.to_string())?;
        let scenario = draft.scenario(job.seed).map_err(in_one_line)?;
        Ok(headlines(scenario, &mut |_| match stop() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }))
    });
    let ended = |outcome| {
        Outcome::Ended(Ended {
            point: job.point,
            replica: job.replica,
            seed: job.seed,
            outcome,
        })
    };
    match outcome {
        Ok(Some(values)) => ended(Ok(values)),
        Ok(None) => Outcome::Stopped,
        Err(error) => ended(Err(error)),
    }
}

/// All that is wrong with a scenario, for a cell of a table.
pub(super) fn in_one_line(error: ScenarioError) -> String {
    match &error {
        ScenarioError::Wrong { problems, .. } => {
            let problems = problems.iter().map(ToString::to_string);
            problems.collect::<Vec<_>>().join("; ")
        }
        ScenarioError::Unreadable { .. } => error.to_string(),
    }
}

/// What a run came to.
struct Told {
    end: SimTime,
    measures: Measures,
    network: Network,
    recording: Option<String>,
    complete: bool,
}

/// Plays a scenario; `note` hears each fact of its journal.
fn told(
    scenario: &Scenario,
    note: &mut dyn FnMut(&Fact) -> ControlFlow<()>,
    tick: &mut dyn FnMut(SimTime) -> ControlFlow<()>,
) -> Told {
    let (world, measured) = (&scenario.world, scenario.measured);
    let mut heard = Heard::new(world.servers.len());
    let mut note = |fact: &Fact| {
        heard.hear(fact);
        note(fact)
    };
    let mut hear = |news: News<'_>| match news {
        News::Fact(fact) => note(fact),
        News::Now(now) => tick(now),
    };
    let mut recording = None;
    let (end, complete, (measures, network)) = if let Some(rules) = &scenario.central {
        let outcome = central::run_told(world, rules, measured, &mut hear);
        let measured = measure_central(scenario, &outcome, &heard);
        (outcome.end, outcome.end == world.end, measured)
    } else if let Some(script) = &scenario.script {
        let Staged {
            played,
            mut outcome,
        } = simulation::play_in(world, script);
        outcome.journal.tell_all(measured, &mut |fact| {
            let _ = note(fact);
        });
        recording = Some(verify::document(script, &SIMULATOR, &[played]).text());
        (outcome.end, true, measure(scenario, &outcome, &heard))
    } else {
        let outcome = simulation::run_told(world, measured, &mut hear);
        let measured = measure(scenario, &outcome, &heard);
        (outcome.end, outcome.end == world.end, measured)
    };
    Told {
        end,
        measures,
        network,
        recording,
        complete,
    }
}

fn measure(
    scenario: &Scenario,
    outcome: &simulation::Outcome,
    heard: &Heard,
) -> (Measures, Network) {
    let world = &scenario.world;
    let books = outcome.books(world, scenario.measured);
    let kept_for = |server: ServerId, room| outcome.kept_for(world, server, room);
    let everybody = Everybody {
        users: scenario.users_of_servers(),
        losses: outcome.item_losses(),
        kept_for: &kept_for,
        wished: &|server, room| {
            let rules = &world.servers[server.index()].rules;
            rules.kept_for(world.room(room).max_lifetime)
        },
    };
    let measures = metrics::measure(&books, &outcome.journal);
    (measures, metrics::network(&books, &everybody, heard))
}

/// As `measure`; a room's owner decides how long it keeps its messages, for all.
fn measure_central(
    scenario: &Scenario,
    outcome: &central::Outcome,
    heard: &Heard,
) -> (Measures, Network) {
    let books = outcome.books(&scenario.world, scenario.measured);
    let everybody = Everybody {
        users: scenario.users_of_servers(),
        losses: outcome.item_losses(),
        kept_for: &|_, room| outcome.kept_for(room),
        wished: &|_, room| outcome.kept_for(room),
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
