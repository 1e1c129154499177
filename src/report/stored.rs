//! A result folder, opened again, for whoever makes something of it: a report, an explanation.
//!
//! Nothing of it is believed before its manifest has been read and every file has been held against its checksum.

mod error;
mod run;
mod study;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::StoredError;
pub(super) use run::RunTables;
pub(super) use study::{Change, Frontier, Spot, StudyTables};

use super::manifest::{MANIFEST, Manifest, SCHEMA_VERSION, TOOL, VERSION, checksum};
use super::study::KIND;

/// What a result folder holds.
#[derive(Debug)]
pub enum Opened {
    /// One run.
    Run(Box<Stored>),
    /// A study of many.
    Study(StoredStudy),
}

impl Opened {
    /// Opens the folder of a run or of a study.
    ///
    /// # Errors
    /// If there is none, if it is not whole, if another version has made it, or if a file of it was changed.
    pub fn open(folder: &Path) -> Result<Opened, StoredError> {
        Opened::read(folder, true)
    }

    /// As `open`; where it need not be `whole`, a run may have been stopped.
    fn read(folder: &Path, whole: bool) -> Result<Opened, StoredError> {
        let manifest = read_manifest(folder)?;
        check_identity(folder, &manifest)?;
        if whole || manifest["kind"] == KIND {
            check_whole(folder, &manifest)?;
        }
        check_files(folder, &manifest)?;
        let tables = Tables {
            folder: folder.to_owned(),
        };
        if manifest["kind"] == KIND {
            return Ok(Opened::Study(StoredStudy { tables, manifest }));
        }
        let manifest =
            Manifest::deserialize(manifest).map_err(|error| StoredError::BadManifest {
                path: folder.join(MANIFEST),
                what: error.to_string(),
            })?;
        Ok(Opened::Run(Box::new(Stored { tables, manifest })))
    }
}

/// The results of one run.
#[derive(Debug)]
pub struct Stored {
    tables: Tables,
    manifest: Manifest,
}

impl Stored {
    /// Opens the folder of a run, be it that the run was stopped: what came of it until then is there.
    ///
    /// # Errors
    /// As [`Opened::open`]; and if it is the folder of a study.
    pub fn open(folder: &Path) -> Result<Stored, StoredError> {
        match Opened::read(folder, false)? {
            Opened::Run(run) => Ok(*run),
            Opened::Study(_) => Err(StoredError::Study(folder.to_owned())),
        }
    }

    /// The results of a run that have just been written by this program: nothing is checked.
    pub(super) fn just_written(folder: &Path, manifest: Manifest) -> Stored {
        let folder = folder.to_owned();
        Stored {
            tables: Tables { folder },
            manifest,
        }
    }

    /// What made the folder, and what its tables are about.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its tables.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The scenario with all defaults filled in, from which the world can be built again.
    pub fn scenario(&self) -> PathBuf {
        self.tables.folder.join("scenario.toml")
    }
}

/// The results of a study.
#[derive(Debug)]
pub struct StoredStudy {
    tables: Tables,
    manifest: Value,
}

impl StoredStudy {
    /// The results of a study that have just been written by this program: only the manifest is read again.
    pub(super) fn just_written(folder: &Path) -> Result<StoredStudy, StoredError> {
        let manifest = read_manifest(folder)?;
        let folder = folder.to_owned();
        Ok(StoredStudy {
            tables: Tables { folder },
            manifest,
        })
    }
}

/// The files of a folder.
#[derive(Debug)]
pub(super) struct Tables {
    folder: PathBuf,
}

impl Tables {
    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Is there such a file?
    pub(super) fn has(&self, file: &str) -> bool {
        self.folder.join(file).is_file()
    }

    /// The rows of a table, one after the other: a journal is long.
    ///
    /// # Errors
    /// If there is no such table, or if a row cannot be read; the error names its line.
    pub(super) fn each<R: DeserializeOwned>(
        &self,
        file: &str,
    ) -> Result<impl Iterator<Item = Result<R, StoredError>> + use<R>, StoredError> {
        let path = self.folder.join(file);
        let reader = csv::Reader::from_path(&path).map_err(bad_row(&path))?;
        Ok((reader.into_deserialize()).map(move |row| row.map_err(bad_row(&path))))
    }

    /// The header of a table and the cells of all rows, for tables whose columns are not known beforehand.
    ///
    /// # Errors
    /// As [`Tables::each`].
    pub(super) fn cells(&self, file: &str) -> Result<(Vec<String>, Vec<Vec<String>>), StoredError> {
        let header = csv::Reader::from_path(self.folder.join(file))
            .and_then(|mut table| table.headers().cloned())
            .map_err(bad_row(&self.folder.join(file)))?;
        let header = header.iter().map(str::to_owned).collect();
        Ok((header, self.rows(file)?))
    }

    /// The title that a TOML file of the folder has.
    ///
    /// # Errors
    /// If there is no such file.
    pub(super) fn title(&self, file: &str) -> Result<String, StoredError> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        let table: toml::Table = text.parse().unwrap_or_default();
        let title = table.get("title").and_then(toml::Value::as_str);
        Ok(title.unwrap_or_default().to_owned())
    }

    /// All rows of a table.
    ///
    /// # Errors
    /// As [`Tables::each`].
    pub(super) fn rows<R: DeserializeOwned>(&self, file: &str) -> Result<Vec<R>, StoredError> {
        self.each(file)?.collect()
    }
}

/// The manifest of a folder, if there is a folder and it has one.
fn read_manifest(folder: &Path) -> Result<Value, StoredError> {
    let about = fs::metadata(folder).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => StoredError::Missing(folder.to_owned()),
        _ => unreadable(folder)(cause),
    })?;
    if !about.is_dir() {
        return Err(StoredError::NotAFolder(folder.to_owned()));
    }
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => StoredError::NoManifest(folder.to_owned()),
        _ => unreadable(&path)(cause),
    })?;
    serde_json::from_slice(&text).map_err(|error| StoredError::BadManifest {
        path,
        what: error.to_string(),
    })
}

/// Has this version of this program made it?
fn check_identity(folder: &Path, manifest: &Value) -> Result<(), StoredError> {
    let again = manifest["command"].as_str().unwrap_or_default().to_owned();
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    let wanted = [
        ("tool", Value::from(TOOL)),
        ("version", Value::from(VERSION)),
        ("schema_version", Value::from(SCHEMA_VERSION)),
    ];
    for (key, wanted) in wanted {
        if manifest[key] != wanted {
            return Err(StoredError::AnotherVersion {
                path: folder.join(MANIFEST),
                key,
                there: word(&manifest[key]),
                here: word(&wanted),
                again,
            });
        }
    }
    Ok(())
}

/// Was it made from beginning to end?
fn check_whole(folder: &Path, manifest: &Value) -> Result<(), StoredError> {
    if manifest["complete"] == true {
        return Ok(());
    }
    let word = |key: &str| manifest[key].as_str().map(str::to_owned);
    Err(StoredError::Unfinished {
        path: folder.to_owned(),
        until: word("until"),
        again: word("command").unwrap_or_default(),
    })
}

/// Is every file as it was written?
fn check_files(folder: &Path, manifest: &Value) -> Result<(), StoredError> {
    let again = manifest["command"].as_str().unwrap_or_default();
    let files = manifest["files_sha256"].as_object();
    for (name, wanted) in files.into_iter().flatten() {
        let path = folder.join(name);
        // A manifest can be written by anybody; it names files of its own folder only.
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return Err(StoredError::BadManifest {
                path: folder.join(MANIFEST),
                what: format!("{name:?} under files_sha256 is not the plain name of a file"),
            });
        }
        let again = again.to_owned();
        match checksum(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(StoredError::FileMissing { path, again });
            }
            Err(cause) => return Err(unreadable(&path)(cause)),
            Ok(found) if *wanted != found => return Err(StoredError::Changed { path, again }),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Puts the name of a table to what is wrong with a row.
fn bad_row(path: &Path) -> impl Fn(csv::Error) -> StoredError + use<> {
    let path = path.to_owned();
    move |error| StoredError::BadRow {
        path: path.clone(),
        line: error.position().map_or(0, csv::Position::line),
        what: error.to_string(),
    }
}

/// Puts the name of a file to what the operating system says.
fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> StoredError + use<> {
    let path = path.to_owned();
    move |cause| StoredError::Unreadable { path, cause }
}
