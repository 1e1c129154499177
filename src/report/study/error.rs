//! What can be wrong with the folder of a study.

use std::io;
use std::path::{Path, PathBuf};

/// Why a study's folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// It cannot be written at all.
    #[error("cannot write results into {}: {cause}", path.display())]
    Unwritable {
        /// The folder, or what stands in its place.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// It holds something else.
    #[error("{} holds {what}", path.display())]
    NoStudy {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// It belongs to another study, or to another version of the program.
    #[error("{} belongs to another study:\n{}", path.display(), differences.join("\n"))]
    Another {
        /// The folder.
        path: PathBuf,
        /// One line for each thing that differs.
        differences: Vec<String>,
    },
    /// Somebody else writes there at this moment.
    #[error("another sweep is writing into {}", .0.display())]
    Busy(PathBuf),
    /// A row that no sweep has written.
    #[error("{}:{line}: {what}", path.display())]
    BadRow {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The disk is full, a file went away, and the like.
    #[error("{}: {cause}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

impl StudyError {
    /// Is it the machine that failed, and not what was asked for that is wrong?
    pub fn is_of_the_machine(&self) -> bool {
        matches!(self, StudyError::Failed { .. })
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            StudyError::Unwritable { .. } => "name a folder that can be written with --out",
            StudyError::NoStudy { .. } => "name an empty or a new folder with --out",
            StudyError::Another { .. } => {
                "name another folder with --out, or delete this one to begin anew"
            }
            StudyError::Busy(_) => "wait until it has ended, or name another folder with --out",
            StudyError::BadRow { .. } => {
                "delete the row to have it made again, or the table to begin anew"
            }
            StudyError::Failed { .. } => "the same command goes on where this one stopped",
        }
    }
}

/// Puts the name of a file to what the operating system says.
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> StudyError + use<> {
    let path = path.to_owned();
    move |cause| StudyError::Failed {
        path: path.clone(),
        cause,
    }
}
