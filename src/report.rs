//! Result folders: tables, the figure, the manifest; and the summary for the terminal.
//!
//! A folder holds everything that a run has to say, and what is needed to run it again. Every number of
//! the figure stands in a table, every column of a table in `data_dictionary.csv`, every file's checksum
//! in `manifest.json`. Same scenario, seed and version: the same bytes, but for the manifest's `build`.

mod describe;
mod dictionary;
mod facts;
mod figure;
mod manifest;
mod names;
mod tables;
mod terminal;
mod write;

pub use describe::{describe, memory_needed};
pub use dictionary::{Column, DICTIONARY};
pub use figure::recovery_svg;
pub use manifest::Manifest;
pub use names::Names;
pub use tables::Table;
pub use terminal::{misses, summary};
pub use write::{WriteError, check_folder};

use std::path::Path;

use crate::journal::Journal;
use crate::metrics::Measures;
use crate::scenario::Scenario;

/// What came of one run.
#[derive(Debug)]
pub struct Written<'a> {
    /// What happened.
    pub journal: &'a Journal,
    /// What was measured.
    pub measures: &'a Measures,
    /// Of a script: its answers and measurements, in the format of recordings.
    pub recording: Option<&'a str>,
}

/// Writes the result folder of one run, whole or not at all.
///
/// `command` is what a person types to repeat the run; it goes into the manifest.
pub fn write(
    folder: &Path,
    scenario: &Scenario,
    Written {
        journal,
        measures,
        recording,
    }: &Written<'_>,
    command: &str,
) -> Result<(), WriteError> {
    let mut staging = write::Staging::beside(folder)?;
    staging.file("scenario.toml", |out| {
        out.write_all(scenario.resolved.as_bytes())
    })?;
    staging.table(tables::items(measures))?;
    staging.table(tables::recovery(measures))?;
    staging.table(tables::servers(measures))?;
    staging.table(tables::stranded(measures))?;
    staging.table(tables::expect(scenario, measures))?;
    staging.table(facts::facts(&scenario.world, journal))?;
    staging.table(dictionary::rows())?;
    staging.file("recovery.svg", |out| {
        out.write_all(recovery_svg(scenario, measures).as_bytes())
    })?;
    if let Some(recording) = recording {
        staging.file("recording.json", |out| out.write_all(recording.as_bytes()))?;
    }
    let manifest = Manifest::new(scenario, command, staging.checksums());
    staging.file("manifest.json", |out| manifest.write(out))?;
    staging.publish()
}
