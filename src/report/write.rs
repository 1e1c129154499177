//! A result folder appears whole or not at all.
//!
//! Files are written into a hidden folder beside the target, forced to disk, and renamed into place when
//! the last one is whole. An older result stays untouched until then. Whatever fails before leaves
//! nothing behind, and the error names the path and the cause.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::manifest::hex;
use super::tables::Table;

/// Why a result folder was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The disk is full, the folder may not be written, and the like.
    #[error("cannot write {}: {cause}; nothing was left behind", path.display())]
    Failed {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The target is a file.
    #[error("{} is a file; the results need a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The target holds something else, which must not be replaced.
    #[error(
        "{} is a folder that holds no results (no manifest.json); name an empty or a new one",
        .0.display()
    )]
    NotResults(PathBuf),
    /// The target holds a study, whose many runs one run must not replace.
    #[error("{} is the folder of a study (fedheal sweep); name another one", .0.display())]
    Study(PathBuf),
    /// The target holds a whole result, which a part of one must not replace.
    #[error("{} holds the results of a whole run, which a part of one does not replace", .0.display())]
    Whole(PathBuf),
}

/// May `folder` be (re)placed by results?
fn check_folder(folder: &Path) -> Result<(), WriteError> {
    let Ok(kind) = fs::metadata(folder) else {
        return Ok(());
    };
    if !kind.is_dir() {
        return Err(WriteError::NotAFolder(folder.to_owned()));
    }
    let mut entries = fs::read_dir(folder).map_err(failed(folder))?;
    if entries.next().is_some() && !folder.join("manifest.json").is_file() {
        return Err(WriteError::NotResults(folder.to_owned()));
    }
    if manifest(folder)["kind"] == "sweep" {
        return Err(WriteError::Study(folder.to_owned()));
    }
    Ok(())
}

/// Do these results reach to the end of their scenario? Results of before manifests said so do.
fn is_whole(folder: &Path) -> bool {
    manifest(folder)["complete"] != false
}

/// What the manifest of a folder says, or nothing.
pub(super) fn manifest(folder: &Path) -> serde_json::Value {
    let manifest = fs::read(folder.join("manifest.json")).unwrap_or_default();
    serde_json::from_slice(&manifest).unwrap_or_default()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> WriteError + use<> {
    let path = path.to_owned();
    move |cause| WriteError::Failed { path, cause }
}

/// A result folder in the making. Dropped before `publish`, it disappears.
#[derive(Debug)]
pub(super) struct Staging {
    target: PathBuf,
    // Holds `new` while it is written, and `old` for the moment between two renames.
    temporary: TempDir,
    checksums: BTreeMap<String, String>,
}

impl Staging {
    /// Begins beside `target`: only within one file system is a rename one step.
    pub(super) fn beside(target: &Path) -> Result<Staging, WriteError> {
        check_folder(target)?;
        // `.` and `..` have no name of their own to rename to.
        let target = std::path::absolute(target).map_err(failed(target))?;
        let parent = target.parent().unwrap_or(&target);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        let temporary = tempfile::Builder::new()
            .prefix(".fedheal-")
            .tempdir_in(parent)
            .map_err(failed(parent))?;
        fs::create_dir(temporary.path().join("new")).map_err(failed(&target))?;
        Ok(Staging {
            target,
            temporary,
            checksums: BTreeMap::new(),
        })
    }

    /// Writes one table.
    pub(super) fn table<R>(&mut self, table: Table<R>) -> Result<(), WriteError>
    where
        R: Iterator,
        R::Item: Serialize + Default,
    {
        self.file(table.file, |out| table.write(out))
    }

    /// The hidden folder in which everything is made.
    pub(super) fn hidden(&self) -> &Path {
        self.temporary.path()
    }

    /// Begins a file that is filled little by little.
    pub(super) fn open(&self, name: &str) -> Result<Hashed, WriteError> {
        Hashed::create(&self.new_folder().join(name)).map_err(self.failed(name))
    }

    /// Forces a file that was begun to the disk, and notes its checksum.
    pub(super) fn close(&mut self, name: &str, file: Hashed) -> Result<(), WriteError> {
        let checksum = file.finish().map_err(self.failed(name))?;
        self.checksums.insert(name.to_owned(), checksum);
        Ok(())
    }

    /// The error of a file, under the name that it was to have.
    pub(super) fn failed(&self, name: &str) -> impl FnOnce(io::Error) -> WriteError + use<> {
        failed(&self.target.join(name))
    }

    /// From now on these are the results of a part of the run: they go beside those of the whole.
    pub(super) fn make_partial(&mut self) -> Result<(), WriteError> {
        let mut name = self.target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        self.target.set_file_name(name);
        check_folder(&self.target)?;
        if self.target.join("manifest.json").exists() && is_whole(&self.target) {
            return Err(WriteError::Whole(self.target.clone()));
        }
        Ok(())
    }

    /// Writes one file, to the disk, and notes its checksum.
    pub(super) fn file(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut out = BufWriter::new(self.open(name)?);
        fill(&mut out).map_err(self.failed(name))?;
        let file = out.into_inner().map_err(|error| error.into_error());
        self.close(name, file.map_err(self.failed(name))?)
    }

    /// The checksums of all files written so far.
    pub(super) fn checksums(&self) -> BTreeMap<String, String> {
        self.checksums.clone()
    }

    /// Puts the finished folder in the place of the old one; answers with that place.
    pub(super) fn publish(self) -> Result<PathBuf, WriteError> {
        let new = self.new_folder();
        let old = self.temporary.path().join("old");
        sync_folder(&new).map_err(failed(&self.target))?;
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &old).map_err(failed(&self.target))?;
        }
        if let Err(cause) = fs::rename(&new, &self.target) {
            if replaces && fs::rename(&old, &self.target).is_err() {
                // Better an untidy folder than no result: `old` stays where it is.
                let _ = self.temporary.keep();
            }
            return Err(failed(&self.target)(cause));
        }
        let parent = self.target.parent().unwrap_or(&self.target);
        sync_folder(parent).map_err(failed(parent))?;
        Ok(self.target)
    }

    fn new_folder(&self) -> PathBuf {
        self.temporary.path().join("new")
    }
}

/// Makes renames inside a folder last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file, or nowhere, whose content is hashed on its way.
#[derive(Debug)]
pub(super) struct Hashed<W = File> {
    file: W,
    hash: Sha256,
}

impl Hashed<io::Sink> {
    /// For the checksum alone.
    pub(super) fn nowhere() -> Self {
        Hashed {
            file: io::sink(),
            hash: Sha256::new(),
        }
    }

    /// The SHA-256 of all that was written.
    pub(super) fn sum(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl Hashed {
    /// Begins a file.
    pub(super) fn create(path: &Path) -> io::Result<Hashed> {
        Ok(Hashed {
            file: File::create(path)?,
            hash: Sha256::new(),
        })
    }

    /// Forces the file to the disk and answers with its SHA-256.
    pub(super) fn finish(self) -> io::Result<String> {
        self.file.sync_all()?;
        Ok(hex(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
