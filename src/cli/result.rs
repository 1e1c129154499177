//! Result folders that verbs are given.

use std::path::Path;

use super::{Failure, bad_input, failed};
use crate::explain::Past;
use crate::report::{self, ReplayError, Stored, StoredError};

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

/// Opens the folder of a run, checks it, and plays its scenario again.
pub(super) fn replay(folder: &Path) -> Result<Past, Failure> {
    let stored = open(folder)?;
    report::replay(&stored).map_err(|error| match error {
        ReplayError::Scenario(error) => bad_input(error),
        ReplayError::Differs { ref again } => bad_input(miette::miette!(
            help = format!("make it again: {again}"),
            "{error}"
        )),
    })
}
