//! `run`: a scenario, from its file to its result folder and the summary.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::command;
use super::engine::{self, Played};
use super::interrupt::{INTERRUPTED, Interrupt};
use super::progress::is_lively;
use super::{Failure, bad_input, failed, note, say};
use crate::kernel::SimTime;
use crate::report::{self, Keep, Results, WriteError};
use crate::scenario::Scenario;

/// Play a scenario, print what came back, and write the result folder
///
/// The summary goes to stdout. The folder holds the tables, a figure, the resolved scenario and a
/// manifest with the command that makes it again; data_dictionary.csv explains every column. An older
/// result is replaced only when the new one is whole. Exit code 1 says that the scenario's
/// expectations were not all met; the results are written all the same.
///
/// Ctrl-C stops the run where it is: what was measured until then goes into <DIR>.partial, and its
/// manifest says so. A second Ctrl-C ends at once and leaves nothing behind.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    world: command::World,

    /// How much of the journal to keep in facts.csv; all other tables are the same
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Journal::Full)]
    journal: Journal,

    /// Write here instead of results/<scenario>
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What `--journal` can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Journal {
    /// No facts.csv at all
    None,
    /// One row for what a server gains or loses of a room in a day by one path, unless something else comes between
    Ranges,
    /// Every fact of every server
    Full,
}

impl From<Journal> for Keep {
    fn from(journal: Journal) -> Keep {
        match journal {
            Journal::None => Keep::None,
            Journal::Ranges => Keep::Ranges,
            Journal::Full => Keep::Full,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen();
    let mut scenario =
        engine::load(&args.world.path, &args.world.set, args.world.seed).map_err(bad_input)?;
    let folder = args.out.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from("results").join(&scenario.name));
    engine::enough_memory(&scenario, 1).map_err(bad_input)?;
    let journal = args.journal.into();
    // Begun now, so that nobody waits for a run whose results have no place.
    let mut results = interrupt
        .begin(|| Results::begin(&folder, journal), Results::hidden)
        .map_err(unwritten)?;
    if interrupt.is_asked() {
        note("fedheal: interrupted; nothing was written");
        return Ok(ExitCode::from(INTERRUPTED));
    }

    let played = play(&mut scenario, &mut results, &interrupt).map_err(unwritten)?;
    let again = command::again(
        &args.world.path,
        scenario.world.seed,
        &args.world.set,
        journal,
    );
    let place = interrupt
        .write(|| results.publish(&scenario, &played.written(), &again))
        .map_err(unwritten)?;
    if !played.complete {
        note(&stopped(&scenario, &place, &again, args.out.as_deref()));
        return Ok(ExitCode::from(INTERRUPTED));
    }
    say(&report::summary(
        &scenario,
        &played.measures,
        &played.network,
        &again,
    ))?;
    note(&format!("fedheal: results in {}", folder.display()));
    if interrupt.is_asked() {
        note("fedheal: the run was over when it was interrupted; the results are whole");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    match report::misses(&scenario, &played.measures) {
        0 => Ok(ExitCode::SUCCESS),
        missed => {
            let plural = if missed == 1 { "" } else { "s" };
            note(&format!("fedheal: {missed} finding{plural} missed"));
            Ok(ExitCode::from(1))
        }
    }
}

/// What to know of a run that was stopped, and how to go on.
fn stopped(scenario: &Scenario, place: &Path, again: &str, out: Option<&Path>) -> String {
    let out = out.map(|out| command::quoted(&out.to_string_lossy()));
    let out = out.map_or(String::new(), |out| format!(" --out {out}"));
    format!(
        "fedheal: interrupted at {} of simulated time; the tables until then are in {}\n\
         fedheal: the whole run: {again}{out}",
        scenario.world.end,
        place.display(),
    )
}

/// A target that is no place for results is bad input; a full disk is not.
fn unwritten(error: WriteError) -> Failure {
    let text = miette::miette!("{error}");
    match error {
        WriteError::NotAFolder(_)
        | WriteError::NotResults(_)
        | WriteError::Study(_)
        | WriteError::Whole(_) => bad_input(text),
        WriteError::Failed { path, .. } if path.ends_with("facts.csv") => failed(miette::miette!(
            help = "--journal ranges or none needs less room",
            "{text}"
        )),
        WriteError::Failed { .. } => failed(text),
    }
}

/// Simulates, with a progress bar on a terminal once a second has passed, until the end or Ctrl-C.
fn play(
    scenario: &mut Scenario,
    results: &mut Results,
    interrupt: &Interrupt,
) -> Result<Played, WriteError> {
    let (start, end) = (scenario.world.start, scenario.world.end);
    let bar = ProgressBar::hidden().with_style(style());
    bar.set_length(1000);
    let visible = is_lively();
    let mut last = 0;
    let mut tick = |now: SimTime| {
        if interrupt.is_asked() {
            return ControlFlow::Break(());
        }
        let step = now.per_mille(start, end);
        // The clock is asked a thousand times in a run, not at every event.
        if step == last {
            return ControlFlow::Continue(());
        }
        last = step;
        if visible && bar.is_hidden() && bar.elapsed() > Duration::from_secs(1) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_message(now.to_string());
        bar.set_position(step);
        ControlFlow::Continue(())
    };
    let played = engine::simulate(scenario, results, &mut tick);
    bar.finish_and_clear();
    played
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {eta} left")
        .expect("the template is well formed")
}
