//! `verify`: holds the model against recordings of real servers.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, bad_input, engine, say};

/// Recordings of real servers that the model must get right.
const SHIPPED: &str = "tests/truth";

/// Play recordings of real servers, and compare every cell
///
/// One line per experiment, with the cells that came out right and all that were compared; below it
/// the cells that differ. Without a path the shipped recordings are played, and exit code 1 says that
/// a cell of theirs differs; of others only with --strict.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recordings, or folders of them [default: tests/truth]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Print the counts as JSON
    #[arg(long)]
    json: bool,

    /// Show all cells that differ, not the first few of each experiment
    #[arg(long, conflicts_with = "json")]
    all: bool,

    /// Exit with code 1 if a cell differs
    #[arg(long)]
    strict: bool,
}

pub(super) fn verify(args: &Args) -> Result<ExitCode, Failure> {
    let shipped = [PathBuf::from(SHIPPED)];
    let is_shipped = args.paths.is_empty();
    let report = engine::verify(if is_shipped { &shipped } else { &args.paths });
    if args.json {
        say(&format!("{:#}\n", report.json()))?;
    } else {
        say(&report.text(args.all))?;
    }
    if let Some(error) = report.errors.first() {
        let all: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
        let help = "the other recordings were played; mend or leave out the named ones";
        return Err(bad_input(match all.len() {
            1 => miette::miette!(help = help, "{error}"),
            n => miette::miette!(
                help = help,
                "{n} recordings cannot be played:\n{}",
                all.join("\n")
            ),
        }));
    }
    let differs = report.right() < report.cells();
    let counts = args.strict || is_shipped;
    Ok(ExitCode::from(u8::from(counts && differs)))
}
