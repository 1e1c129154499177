//! `record`: asks real servers.

mod random;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::engine::{self, Compared};
use super::{Failure, bad_input, failed, note, say};
use crate::record::{DatabaseKind, HostOrder, RecordError, Setup};

/// Play a script on real Synapse servers, and write what they did as a recording
///
/// The servers run on this machine, on loopback only, each with a database of its own, and end with this
/// command. `tests/synapse/setup DIR` makes the virtual environment for --synapse.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The script: a scenario with [[script]] steps, a recording, or a script in its format
    #[arg(value_name = "SCRIPT", required_unless_present = "random")]
    script: Option<PathBuf>,

    /// A virtual environment with Synapse
    #[arg(long, value_name = "VENV")]
    synapse: PathBuf,

    /// Write the recording here
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Play it so often, each time from nothing; cells that differ are listed as unstable
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,

    /// What the servers keep their data in
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,

    /// In which order a server asks the others of a room; on PostgreSQL always the oldest join first
    #[arg(long, value_enum, default_value = "oldest-join")]
    host_order: Order,

    /// Compare with the cells that SCRIPT holds already; exit with code 1 if a stable one differs
    #[arg(long)]
    compare: bool,

    /// Draw so many scripts in place of SCRIPT, play each on simulated and real servers, and compare
    #[arg(long, value_name = "N", conflicts_with_all = ["script", "out", "compare", "runs"])]
    random: Option<u64>,

    /// Seed of the first random script; the next ones have the numbers after it
    #[arg(long, value_name = "S", default_value = "1", requires = "random")]
    seed: u64,

    /// Play so many random scripts at the same time
    #[arg(long, value_name = "J", default_value = "1", requires = "random")]
    jobs: u32,

    /// Write the random scripts on which they disagree here, as recordings, and the smallest of them
    #[arg(long, value_name = "DIR", requires = "random")]
    out_dir: Option<PathBuf>,

    /// Write the recordings of all random scripts here
    #[arg(long, value_name = "DIR", requires = "random")]
    keep: Option<PathBuf>,

    /// Spend up to so many plays on making the smallest disagreement smaller
    #[arg(long, value_name = "PLAYS", default_value = "0", requires = "random")]
    shrink: u32,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Database {
    /// A file for each server
    Sqlite,
    /// A private cluster of the PostgreSQL that is installed
    Postgresql,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Order {
    /// The oldest join first, as Synapse does on PostgreSQL
    OldestJoin,
    /// As Synapse does: on SQLite another order at each start
    Arbitrary,
}

pub(super) fn record(args: &Args) -> Result<ExitCode, Failure> {
    let setup = Setup {
        environment: args.synapse.clone(),
        database: match args.database {
            Database::Sqlite => DatabaseKind::Sqlite,
            Database::Postgresql => DatabaseKind::Postgresql,
        },
        host_order: match args.host_order {
            Order::OldestJoin => HostOrder::OldestJoin,
            Order::Arbitrary => HostOrder::Arbitrary,
        },
    };
    if (setup.database, setup.host_order) == (DatabaseKind::Postgresql, HostOrder::Arbitrary) {
        let help = "leave out --host-order, or record with --database sqlite";
        let what = "Synapse has no arbitrary order of hosts on PostgreSQL";
        return Err(bad_input(miette::miette!(help = help, "{what}")));
    }
    if let Some(scripts) = args.random {
        return random::random(args, &setup, scripts);
    }
    let path = args.script.as_deref().unwrap_or(Path::new(""));
    if args.out.is_none() && !args.compare {
        let help = "name a file with --out, or ask for --compare";
        return Err(bad_input(miette::miette!(
            help = help,
            "nothing to do with the recording"
        )));
    }
    let scripted = engine::script(path).map_err(bad_input)?;
    if args.compare && !scripted.is_recorded() {
        let help = "name a recording, or leave out --compare";
        let what = format!("{} holds no results to compare with", path.display());
        return Err(bad_input(miette::miette!(help = help, "{what}")));
    }
    let recorded = engine::record(&setup, &scripted.script, args.runs, &|line| note(line));
    let runs = recorded.map_err(|error| unrecorded(error, args))?;
    if let Some(out) = &args.out {
        let written = engine::write_recording(&setup, &scripted.script, &runs, out);
        written.map_err(|error| failed(miette::miette!("{}: {error}", out.display())))?;
        note(&format!("fedheal: recording in {}", out.display()));
    }
    let Some(compared) = engine::compare_runs(&scripted, &runs).filter(|_| args.compare) else {
        return Ok(ExitCode::SUCCESS);
    };
    say(&text(path, &compared))?;
    let differs = compared.iter().any(|run| !run.differing.is_empty());
    Ok(ExitCode::from(u8::from(differs)))
}

/// The environment and the script are the caller's; the rest is the machine's.
fn unrecorded(error: RecordError, args: &Args) -> Failure {
    let setup = format!("run: tests/synapse/setup {}", args.synapse.display());
    match &error {
        RecordError::NoSynapse { .. } => bad_input(miette::miette!(help = setup, "{error}")),
        RecordError::NoPostgresql(_) => {
            let help = "install the package postgresql, or leave out --database postgresql";
            bad_input(miette::miette!(help = help, "{error}"))
        }
        RecordError::Interrupted => Failure {
            code: 130,
            report: miette::miette!("{error}"),
        },
        _ => failed(miette::miette!("{error}")),
    }
}

fn text(script: &Path, runs: &[Compared]) -> String {
    let mut text = String::new();
    for run in runs {
        let (right, cells) = (run.cells - run.differing.len(), run.cells);
        let _ = writeln!(
            text,
            "{}: {right} of {cells} cells as before",
            script.display()
        );
        for cell in &run.differing {
            let _ = writeln!(
                text,
                "    {}: {} before, {} now",
                cell.path, cell.recorded, cell.simulated
            );
        }
        if run.unstable > 0 {
            let _ = writeln!(
                text,
                "    {} of {} unstable cells as seen before, or between",
                run.unstable_fine, run.unstable
            );
        }
    }
    text
}
