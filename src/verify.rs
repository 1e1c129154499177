//! Recordings of real servers: reading them, comparing cell by cell what the simulator does with the same
//! script.

mod compare;
mod document;
mod labelled;
mod numbered;
mod played;
mod recording;
mod report;
mod smaller;

use std::path::PathBuf;

use crate::script::Script;

pub use compare::{
    Cells, Comparison, Wrong, compare, compare_with_runs, played_cells, recorded_cells,
};
pub use document::{Recorded, Software, document, script_document};
pub use labelled::recording_of;
pub use played::{EventCells, MessageCells, Played, RoomCells, Stage, StateCells, StepResult};
pub use recording::{Recording, RecordingError, Step, read};
pub use report::{Report, VERIFIED};
pub use smaller::smaller;

/// Plays every recording under the given paths (files, or folders of `*.json`). A bad recording is
/// reported; the others are played all the same.
pub fn verify(paths: &[PathBuf], play: impl Fn(&Script) -> Played) -> Report {
    let mut report = Report::default();
    for path in paths {
        for file in files(path, &mut report) {
            let outcome = read(&file).and_then(|recording| {
                let script = Script::new(&recording, &file)?;
                let played = play(&script);
                Ok(compare(&recording, &played))
            });
            match outcome {
                Ok(comparison) => report.comparisons.push(comparison),
                Err(error) => report.errors.push(error),
            }
        }
    }
    report
}

fn files(path: &PathBuf, report: &mut Report) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.clone()];
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(cause) => {
            report.errors.push(RecordingError::Unreadable {
                path: path.clone(),
                cause,
            });
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    if files.is_empty() {
        report
            .errors
            .push(RecordingError::Nothing { path: path.clone() });
    }
    files
}
