//! `verify`: holds the model against recordings of real servers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::engine::{self, Verdict};
use super::{Failure, bad_input, say};

/// How many differing cells of an experiment are shown without --all.
const SHOWN: usize = 10;

/// Play recordings of real servers, and compare every cell
///
/// One line per experiment, with the cells that came out right and all that were compared; below it
/// the cells that differ. Exit code 0 says that all could be compared; with --strict, 1 says that a
/// cell differs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recordings, or folders of them
    #[arg(value_name = "PATH", default_value = "tests/truth")]
    paths: Vec<PathBuf>,

    /// Print the counts as JSON
    #[arg(long)]
    json: bool,

    /// Show all cells that differ, not the first ten of each experiment
    #[arg(long, conflicts_with = "json")]
    all: bool,

    /// Exit with code 1 if a cell differs
    #[arg(long)]
    strict: bool,
}

pub(super) fn verify(args: &Args) -> Result<ExitCode, Failure> {
    let verdicts = engine::verify(&args.paths).map_err(bad_input)?;
    if args.json {
        say(&json(&verdicts))?;
    } else {
        let shown = if args.all { usize::MAX } else { SHOWN };
        say(&text(&verdicts, shown))?;
    }
    let differs = verdicts.iter().any(|one| one.right < one.cells);
    Ok(ExitCode::from(u8::from(args.strict && differs)))
}

fn text(verdicts: &[Verdict], shown: usize) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let name = &verdict.experiment;
        text += &format!(
            "{name:<24}{:>7} of {:>6} right\n",
            verdict.right, verdict.cells
        );
        for cell in verdict.differing.iter().take(shown) {
            text += &format!(
                "  {}: recorded {}, simulated {}\n",
                cell.path, cell.recorded, cell.simulated
            );
        }
        let hidden = verdict.differing.len().saturating_sub(shown);
        if hidden > 0 {
            text += &format!("  and {hidden} more (--all shows them)\n");
        }
    }
    let sum = Sum::of(verdicts);
    let name = format!("{} experiments", sum.experiments);
    text + &format!("{name:<24}{:>7} of {:>6} right\n", sum.right, sum.cells)
}

fn json(verdicts: &[Verdict]) -> String {
    let text = serde_json::to_string_pretty(&Sum::of(verdicts));
    text.expect("names and numbers are JSON") + "\n"
}

/// The counts, as `--json` prints them.
#[derive(Serialize)]
struct Sum {
    experiments: usize,
    cells: u64,
    right: u64,
    by_experiment: BTreeMap<String, Counts>,
}

#[derive(Serialize)]
struct Counts {
    cells: u64,
    right: u64,
}

impl Sum {
    fn of(verdicts: &[Verdict]) -> Sum {
        let counts = verdicts.iter().map(|one| {
            let Verdict { cells, right, .. } = *one;
            (one.experiment.clone(), Counts { cells, right })
        });
        Sum {
            experiments: verdicts.len(),
            cells: verdicts.iter().map(|one| one.cells).sum(),
            right: verdicts.iter().map(|one| one.right).sum(),
            by_experiment: counts.collect(),
        }
    }
}
