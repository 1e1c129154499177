//! Result folders that verbs are given.

use std::path::Path;

use super::{Failure, bad_input, failed};
use crate::explain::DiagramError;
use crate::report::{ReplayError, Stored, StoredError};

/// Opens the folder of a run and checks it.
pub(super) fn open(folder: &Path) -> Result<Stored, Failure> {
    Stored::open(folder).map_err(|error: StoredError| {
        let text = miette::miette!(help = error.remedy(), "{error}");
        match error.is_of_the_machine() {
            true => failed(text),
            false => bad_input(text),
        }
    })
}

/// What cannot be played again, or shows nothing of what was asked for, is bad input.
pub(super) fn unplayed(error: ReplayError) -> Failure {
    let help = match &error {
        ReplayError::Differs { again } => format!("make it again: {again}"),
        ReplayError::Diagram(DiagramError::TooMuch { until, .. }) => {
            format!("--until {until} would do; --from moves the beginning")
        }
        ReplayError::TooLarge(_) => {
            "--from and --until make it smaller; an SVG has no such limit".to_owned()
        }
        _ => String::new(),
    };
    match error {
        ReplayError::Scenario(error) => bad_input(error),
        error if help.is_empty() => bad_input(miette::miette!("{error}")),
        error => bad_input(miette::miette!(help = help, "{error}")),
    }
}
