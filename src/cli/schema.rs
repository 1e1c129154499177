//! `schema`: what a scenario may contain.

use std::process::ExitCode;

use super::{Failure, engine, say};

/// Print the JSON Schema of scenario files, for editors and for reading
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn schema(_: &Args) -> Result<ExitCode, Failure> {
    say(&engine::schema())?;
    Ok(ExitCode::SUCCESS)
}
