//! `report`: pages from result folders.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, bad_input, failed, note, say};
use crate::report;

/// Make the page of a result again: report.html, from the folder's tables alone
///
/// `run` and `sweep` write the same page at their end. It is one file that needs
/// no network and no script, and prints to A4. A folder that is not whole, that
/// another version has made, or of which a file was changed is refused; the
/// pages of the other folders are written all the same.
///
/// With --png, each figure of the page stands beside it as a picture, such as
/// recovery.png, in twice the size: for slides, chats, and whatever shows no SVG.
/// It is no part of the results, and is made again only when it is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders that `run` or `sweep` has written
    #[arg(value_name = "RESULT", required = true)]
    folders: Vec<PathBuf>,

    /// Write each figure as a PNG beside the page, too
    #[arg(long)]
    png: bool,
}

pub(super) fn report(args: &Args) -> Result<ExitCode, Failure> {
    let mut refused: Option<Failure> = None;
    for folder in &args.folders {
        match report::renew(folder, args.png) {
            Ok(places) => {
                for place in places {
                    say(&format!("{}\n", place.display()))?;
                }
            }
            Err(error) => {
                let text = miette::miette!(help = error.remedy(), "{error}");
                let failure = match error.is_of_the_machine() {
                    true => failed(text),
                    false => bad_input(text),
                };
                if let Some(earlier) = refused.replace(failure) {
                    note(&format!("{:?}", earlier.report));
                }
            }
        }
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok(ExitCode::SUCCESS),
    }
}
