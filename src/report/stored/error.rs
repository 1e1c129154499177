//! What can be wrong with a result folder that is opened again.

use std::io;
use std::path::PathBuf;

/// Why nothing can be said of a result folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// Nothing has this name.
    #[error("there is no result folder {}", .0.display())]
    Missing(PathBuf),
    /// A file has this name.
    #[error("{} is a file; results are folders", .0.display())]
    NotAFolder(PathBuf),
    /// A folder that no run has finished.
    #[error("{} holds no results: it has no manifest.json", .0.display())]
    NoManifest(PathBuf),
    /// What stands there is no manifest.
    #[error("{} cannot be understood: {what}", path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another program, or another version of this one, has made it.
    #[error("{} was made by another fedheal: its {key} is {there}, this one's is {here}", path.display())]
    AnotherVersion {
        /// The manifest.
        path: PathBuf,
        /// What differs: `tool`, `version` or `schema_version`.
        key: &'static str,
        /// Its value there.
        there: String,
        /// Its value in this program.
        here: String,
        /// The command that makes the folder again; may be empty.
        again: String,
    },
    /// The run was stopped before its end.
    #[error(
        "{} is not whole: {}",
        path.display(),
        until.as_ref().map_or("its study has not ended".to_owned(), |until| format!("its run was stopped at {until} of simulated time"))
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
        /// The last moment that was simulated; none of a study.
        until: Option<String>,
        /// The command that makes the whole.
        again: String,
    },
    /// A file is not what was written.
    #[error("{} was changed after it was written: its SHA-256 is not the one in manifest.json", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The command that makes the folder again.
        again: String,
    },
    /// A file that was written is not there.
    #[error("{} is missing; manifest.json lists it", path.display())]
    FileMissing {
        /// The file.
        path: PathBuf,
        /// The command that makes the folder again.
        again: String,
    },
    /// A row that cannot be read.
    #[error("{}:{line}: {what}", path.display())]
    BadRow {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A single run is needed.
    #[error("{} is the folder of a study; this needs a single run", .0.display())]
    Study(PathBuf),
    /// The disk, permissions, and the like.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The same of a page that was to be written.
    #[error("cannot write {}: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

impl StoredError {
    /// Is it the machine that failed, and not what was asked for that is wrong?
    pub fn is_of_the_machine(&self) -> bool {
        matches!(
            self,
            StoredError::Unreadable { .. } | StoredError::Unwritable { .. }
        )
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            StoredError::Missing(_) | StoredError::NoManifest(_) => {
                "name a folder that `fedheal run` or `fedheal sweep` has written, such as results/hypha-2021".to_owned()
            }
            StoredError::NotAFolder(_) => "name the folder in which the file stands".to_owned(),
            StoredError::AnotherVersion { again, .. }
            | StoredError::Unfinished { again, .. }
            | StoredError::Changed { again, .. }
            | StoredError::FileMissing { again, .. }
                if !again.is_empty() =>
            {
                format!("make it again: {again}")
            }
            StoredError::Study(_) => {
                "play one of its points with `fedheal run` and --set, and name that folder".to_owned()
            }
            StoredError::Unreadable { .. } | StoredError::Unwritable { .. } => "look at the folder's permissions".to_owned(),
            _ => "make it again with `fedheal run` or `fedheal sweep`".to_owned(),
        }
    }
}
