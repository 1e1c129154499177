//! `run`: a scenario, from its file to its result folder and the summary.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::command;
use super::engine::{self, Played};
use super::{Failure, bad_input, failed, note, say};
use crate::kernel::SimTime;
use crate::report::{self, WriteError};
use crate::scenario::Scenario;

/// Play a scenario, print what came back, and write the result folder
///
/// The summary goes to stdout. The folder holds the tables, a figure, the resolved scenario and a
/// manifest with the command that makes it again; data_dictionary.csv explains every column. An older
/// result is replaced only when the new one is whole. Exit code 1 says that the scenario's
/// expectations were not all met; the results are written all the same.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario file, for example scenarios/hypha-2021.toml
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,

    /// Use this seed instead of the scenario's: other people, messages and luck
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Change a value of the scenario, by its dotted key; may be given often
    #[arg(long, value_name = "KEY=VALUE", value_parser = command::pair)]
    set: Vec<(String, String)>,

    /// Write here instead of results/<scenario>
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let written = Arc::new(Mutex::new(false));
    on_interrupt(Arc::clone(&written));

    let mut scenario = engine::load(&args.path, &args.set, args.seed).map_err(bad_input)?;
    let folder = args.out.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from("results").join(&scenario.name));
    // Asked now, so that nobody waits for a run whose results have no place.
    report::check_folder(&folder).map_err(unwritten)?;

    enough_memory(&scenario)?;
    let played = play(&mut scenario);
    let again = command::again(&args.path, scenario.world.seed, &args.set);
    {
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        let Played {
            journal,
            measures,
            recording,
        } = &played;
        let written_out = report::Written {
            journal,
            measures,
            recording: recording.as_deref(),
        };
        report::write(&folder, &scenario, &written_out, &again).map_err(unwritten)?;
        *written = true;
    }
    say(&report::summary(&scenario, &played.measures, &again))?;
    note(&format!("fedheal: results in {}", folder.display()));
    match report::misses(&scenario, &played.measures) {
        0 => Ok(ExitCode::SUCCESS),
        missed => {
            let plural = if missed == 1 { "" } else { "s" };
            note(&format!("fedheal: {missed} finding{plural} missed"));
            Ok(ExitCode::from(1))
        }
    }
}

/// A drawn federation that does not fit into what memory is free is not begun. Nobody can say where the system does not.
fn enough_memory(scenario: &Scenario) -> Result<(), Failure> {
    if scenario.census.is_none() {
        return Ok(());
    }
    let free = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = free
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let free = free.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let needed = report::memory_needed(scenario);
    match free.map(|kilobytes| kilobytes * 1024) {
        Some(free) if needed > free => Err(bad_input(miette::miette!(
            help = "make the federation smaller with --set federation.scale=...",
            "this world needs about {} MB of memory, and {} MB are free",
            needed / 1_000_000,
            free / 1_000_000
        ))),
        _ => Ok(()),
    }
}

/// A target that is no place for results is bad input; a full disk is not.
fn unwritten(error: WriteError) -> Failure {
    let text = miette::miette!("{error}");
    match error {
        WriteError::NotAFolder(_) | WriteError::NotResults(_) => bad_input(text),
        WriteError::Failed { .. } => failed(text),
    }
}

/// Simulates, with a progress bar on a terminal once a second has passed.
fn play(scenario: &mut Scenario) -> Played {
    const STEPS: u64 = 1000;
    let (start, end) = (scenario.world.start.0, scenario.world.end.0);
    let bar = ProgressBar::hidden().with_style(style());
    bar.set_length(STEPS);
    let visible = io::stderr().is_terminal();
    let mut last = 0;
    let mut tick = |now: SimTime| {
        let step = now.0.saturating_sub(start) * STEPS / end.saturating_sub(start).max(1);
        // The clock is asked a thousand times in a run, not at every event.
        if step == last {
            return;
        }
        last = step;
        if visible && bar.is_hidden() && bar.elapsed() > Duration::from_secs(1) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_message(now.to_string());
        bar.set_position(step);
    };
    let played = engine::simulate(scenario, &mut tick);
    bar.finish_and_clear();
    played
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {eta} left")
        .expect("the template is well formed")
}

/// On Ctrl-C, ends between two states that are whole: before the writing, or after it.
fn on_interrupt(written: Arc<Mutex<bool>>) {
    let handler = move || {
        // The lock is held while files are written, for a moment only; and never given back here.
        let written = written.lock().unwrap_or_else(PoisonError::into_inner);
        note(if *written {
            "\nfedheal: interrupted; the results had been written, and are whole"
        } else {
            "\nfedheal: interrupted; nothing was written"
        });
        std::process::exit(130);
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        note(&format!("fedheal: Ctrl-C will not be answered: {error}"));
    }
}
