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
use std::io::{self, Write};
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

/// Makes the page of a result folder again, and with `pictures` each of its figures as a PNG beside it. Answers with the
/// places. What stood there stays until the new one is whole.
///
/// # Errors
/// As [`Opened::open`]; and if a file cannot be written.
pub fn renew(folder: &Path, pictures: bool) -> Result<Vec<PathBuf>, StoredError> {
    let (page, figures) = match Opened::open(folder)? {
        Opened::Run(stored) => {
            let run = RunTables::read(&stored)?;
            let figures = pictures.then(|| run::figures(&run));
            (run::page(&run), figures)
        }
        Opened::Study(stored) => {
            let study = StudyTables::read(&stored)?;
            let figures = pictures.then(|| study::figures(&study));
            (study::page(&study), figures)
        }
    };
    let mut places = vec![put(folder, PAGE, page.as_bytes())?];
    for (name, figure) in figures.iter().flatten() {
        let name = format!("{name}.png");
        let picture = figure.png().map_err(|why| StoredError::Unwritable {
            path: folder.join(&name),
            cause: io::Error::other(why),
        })?;
        places.push(put(folder, &name, &picture)?);
    }
    Ok(places)
}

/// Puts a whole file in the place of the old one.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, StoredError> {
    let path = folder.join(name);
    let hidden = folder.join(format!(".{name}.new"));
    let written = Hashed::create(&hidden).and_then(|mut file| {
        file.write_all(bytes)?;
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
