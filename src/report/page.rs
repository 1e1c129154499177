//! `report.html`: one page that says everything that a result folder holds, made from its tables alone.
//!
//! The page is a template that is checked when the program is built; what scenarios name is escaped and stands apart
//! from the direction of the words around it. It needs no script and no network, and prints to paper.

mod expected;
mod exposed;
mod grid;
mod missing;
mod recovered;
mod run;
mod study;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::stored::{Opened, RunTables, StoredError, StoredStudy, StudyTables};
use super::write::Hashed;

/// The page's file name in a result folder.
pub(super) const PAGE: &str = "report.html";

/// The page about a run whose tables have been read.
pub(super) fn of_run(run: &RunTables) -> String {
    run::page(run)
}

/// The page about a study.
///
/// # Errors
/// If a table cannot be read.
pub(super) fn of_study(stored: &StoredStudy) -> Result<String, StoredError> {
    Ok(study::page(&StudyTables::read(stored)?))
}

/// Makes the page of a result folder again and answers with its place. The old one stays until the new one is whole.
///
/// # Errors
/// As [`Opened::open`]; and if the page cannot be written.
pub fn renew(folder: &Path) -> Result<PathBuf, StoredError> {
    let page = match Opened::open(folder)? {
        Opened::Run(stored) => of_run(&RunTables::read(&stored)?),
        Opened::Study(stored) => of_study(&stored)?,
    };
    let path = folder.join(PAGE);
    let hidden = folder.join(format!(".{PAGE}.new"));
    let written = Hashed::create(&hidden).and_then(|mut file| {
        file.write_all(page.as_bytes())?;
        file.finish()?;
        fs::rename(&hidden, &path)
    });
    match written {
        Ok(()) => Ok(path),
        Err(cause) => {
            // What is half written helps nobody; where nothing could be written, there is nothing to remove.
            let _ = fs::remove_file(&hidden);
            Err(StoredError::Unwritable { path, cause })
        }
    }
}
