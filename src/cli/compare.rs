//! `compare`: two results, side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use super::sweep::measure;
use super::{Failure, bad_input, failed, say};
use crate::metrics::Headline;
use crate::report::study::{self, Side};

/// Hold two results side by side: what they differ by, and how sure that is
///
/// A result is the folder of a run, or FOLDER:POINT, a point of a sweep. The
/// replicas of two points of one study have the same people, messages and
/// faults, so they are compared pair by pair; the last column says how many
/// times wider the interval would be without that. Two single runs have no
/// interval.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The first result, such as results/sweeps/what-ifs:1
    #[arg(value_name = "RESULT_A", value_parser = side)]
    first: Side,

    /// The second one
    #[arg(value_name = "RESULT_B", value_parser = side)]
    second: Side,

    /// Only this measure, such as recovered_share
    #[arg(long, value_name = "MEASURE", value_parser = measure)]
    measure: Option<&'static Headline>,
}

/// Reads `folder` or `folder:point`. What is a folder by its whole name is one.
fn side(text: &str) -> Result<Side, String> {
    let whole = Side {
        folder: PathBuf::from(text),
        point: None,
    };
    if whole.folder.is_dir() {
        return Ok(whole);
    }
    let named = text.rsplit_once(':').and_then(|(folder, point)| {
        let point = point.parse().ok().filter(|point| *point > 0)?;
        Some(Side {
            folder: PathBuf::from(folder),
            point: Some(point),
        })
    });
    Ok(named.unwrap_or(whole))
}

pub(super) fn compare(args: &Args) -> Result<ExitCode, Failure> {
    let sides = [&args.first, &args.second];
    let compared = study::compare(sides, args.measure).map_err(|error| {
        let text = miette::miette!(
            help = "name two folders that `fedheal run` has written, or two points of sweeps",
            "{error}"
        );
        if error.is_of_the_machine() {
            failed(text)
        } else {
            bad_input(text)
        }
    })?;
    let names = sides.map(|side| match side.point {
        Some(point) => format!("{}, point {point}", side.folder.display()),
        None => side.folder.display().to_string(),
    });
    say(&study::compared(
        &compared,
        names.each_ref().map(String::as_str),
    ))?;
    Ok(ExitCode::SUCCESS)
}
