//! `describe`: what a scenario's world looks like before anything happens in it.

use std::process::ExitCode;

use super::{Failure, bad_input, command, engine, say};
use crate::report;

/// Say what a scenario's world looks like before anything happens in it
///
/// How many servers, rooms and messages it has, how its servers hang together by the rooms that they share and whose
/// loss would cut others off, and how much memory a run will need. A federation that is drawn whole is shown beside
/// what was measured of the public network.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    world: command::World,
}

pub(super) fn describe(args: &Args) -> Result<ExitCode, Failure> {
    let scenario =
        engine::load(&args.world.path, &args.world.set, args.world.seed).map_err(bad_input)?;
    say(&report::describe(&scenario))?;
    Ok(ExitCode::SUCCESS)
}
