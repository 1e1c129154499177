//! `diagram`: what passed between servers about one room, as a picture.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, failed, note, result, say};
use crate::kernel::SimTime;
use crate::report;

/// Draw the messages between servers about one room, as in protocol lessons
///
/// Servers are columns, time goes down, and each transaction, request and answer is an arrow; what was lost ends in a
/// cross. For small worlds, or a small part of time: a diagram has at most 300 rows. The scenario of the folder is played
/// again for it, with every delivery an event. Prints SVG.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a run, for example results/minimal
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// The room
    #[arg(long, value_name = "ROOM")]
    room: String,

    /// From this moment on, such as 2021-06-06T18:00
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<SimTime>,

    /// Until this moment
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<SimTime>,

    /// Write into this file, and not to stdout; as PNG if it ends in .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn moment(text: &str) -> Result<SimTime, String> {
    text.parse()
        .map_err(|_| "write a moment such as 2021-06-06T18:00".to_owned())
}

pub(super) fn diagram(args: &Args) -> Result<ExitCode, Failure> {
    let stored = result::open(&args.result)?;
    let window = (args.from, args.until);
    let svg = || report::diagram_svg(&stored, &args.room, window).map_err(result::unplayed);
    let Some(path) = &args.out else {
        say(&svg()?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let is_png = path
        .extension()
        .is_some_and(|of| of.eq_ignore_ascii_case("png"));
    let picture = if is_png {
        report::diagram_png(&stored, &args.room, window).map_err(result::unplayed)?
    } else {
        svg()?.into_bytes()
    };
    std::fs::write(path, picture)
        .map_err(|cause| failed(miette::miette!("cannot write {}: {cause}", path.display())))?;
    note(&format!("fedheal: the diagram is in {}", path.display()));
    Ok(ExitCode::SUCCESS)
}
