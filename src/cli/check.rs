//! `check`: are scenarios well formed?

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, engine, note, say};

/// Read scenarios, and report all that is wrong with them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files
    #[arg(value_name = "SCENARIO", required = true)]
    paths: Vec<PathBuf>,
}

pub(super) fn check(args: &Args) -> Result<ExitCode, Failure> {
    let mut all_well = true;
    for path in &args.paths {
        // One bad file does not hide what is wrong with the next.
        match engine::load(path, &[], None) {
            Ok(scenario) => {
                let world = &scenario.world;
                say(&format!(
                    "{}: ok; servers {}, users {}, rooms {}, faults {}, expectations {}\n",
                    path.display(),
                    world.servers.len(),
                    world.users.len(),
                    world.rooms.len(),
                    world.faults.len(),
                    scenario.expect.len(),
                ))?;
            }
            Err(report) => {
                note(&format!("{report:?}"));
                all_well = false;
            }
        }
    }
    Ok(ExitCode::from(if all_well { 0 } else { 2 }))
}
