//! `manifest.json` of a study. Everything but `build` and `machine` comes out the same on every machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::manifest::{LOCK, MANIFEST, SCHEMA_VERSION, checksum, hex};
use super::super::page::{PAGE, of_study};
use super::super::stored::StoredStudy;
use super::columns;
use super::error::StudyError;
use super::findings::Findings;
use super::folder::{FAILED, StudyFolder};
use super::identity::{KIND, PROGRAM, STUDY};

/// What it took, by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Machine {
    /// Threads.
    pub threads: usize,
    /// Runs that this sweep made.
    pub runs: u64,
    /// Seconds from its first run to its last.
    pub seconds: f64,
}

#[derive(Serialize)]
struct Manifest<'a> {
    schema_version: u32,
    kind: &'static str,
    tool: &'static str,
    version: &'static str,
    study: &'a str,
    study_sha256: String,
    seed: u64,
    points: u64,
    replicas: u32,
    runs: u64,
    failed: u64,
    /// Are all runs there that were asked for?
    complete: bool,
    command: &'a str,
    cargo_lock_sha256: String,
    files_sha256: BTreeMap<&'static str, String>,
    build: Build,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<Machine>,
}

#[derive(Serialize)]
struct Build {
    commit: &'static str,
    dirty: bool,
    target: &'static str,
}

impl StudyFolder<'_> {
    /// Says before the first run what this folder is to become.
    pub fn announce(&self, replicas: u32, command: &str) -> Result<(), StudyError> {
        let text = self.study.in_one.to_string();
        self.file(STUDY, |out| out.write_all(text.as_bytes()))?;
        self.manifest(replicas, command, false, None, BTreeMap::new())
    }

    /// Writes everything that is made from the runs. The log must have been gathered.
    pub fn finish(
        &self,
        replicas: u32,
        command: &str,
        complete: bool,
        machine: Machine,
    ) -> Result<Findings, StudyError> {
        let findings = self.find()?;
        let axes = self.points.columns();
        self.file("data_dictionary.csv", |out| {
            columns::write(self.study, &axes, out)
        })?;
        let mut files = vec![
            STUDY,
            "runs.csv",
            FAILED,
            "summary.csv",
            "data_dictionary.csv",
        ];
        let made = [
            ("frontier.csv", self.study.frontier.is_some()),
            ("ranking.csv", self.study.ranking.is_some()),
        ];
        for (name, is_made) in made {
            if is_made {
                files.push(name);
            } else if self.folder.join(name).exists() {
                fs::remove_file(self.folder.join(name)).map_err(self.failed(name))?;
            }
        }
        let checksum = |name: &'static str| {
            let hashed = checksum(&self.folder.join(name));
            hashed.map(|hash| (name, hash)).map_err(self.failed(name))
        };
        let checksums: Result<BTreeMap<_, _>, _> = files.into_iter().map(checksum).collect();
        self.manifest(replicas, command, complete, Some(machine), checksums?)?;
        self.page(complete)?;
        if complete {
            self.close_log()?;
        }
        Ok(findings)
    }

    /// Writes the page of a whole study; that of another whole is no page of a part.
    fn page(&self, complete: bool) -> Result<(), StudyError> {
        let path = self.folder.join(PAGE);
        if !complete {
            return match fs::remove_file(&path) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                    Err(self.failed(PAGE)(cause))
                }
                _ => Ok(()),
            };
        }
        let page = StoredStudy::just_written(&self.folder).and_then(|stored| of_study(&stored));
        let page = page.map_err(|error| self.failed(PAGE)(io::Error::other(error)))?;
        self.file(PAGE, |out| out.write_all(page.as_bytes()))
    }

    fn manifest(
        &self,
        replicas: u32,
        command: &str,
        complete: bool,
        machine: Option<Machine>,
        files_sha256: BTreeMap<&'static str, String>,
    ) -> Result<(), StudyError> {
        let text = self.study.in_one.to_string();
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            kind: KIND,
            tool: env!("CARGO_PKG_NAME"),
            version: PROGRAM.version,
            study: &self.study.name,
            study_sha256: hex(&Sha256::digest(text.as_bytes())),
            seed: self.study.seed,
            points: u64::try_from(self.points.count()).unwrap_or(u64::MAX),
            replicas,
            runs: self.runs,
            failed: self.failed,
            complete,
            command,
            cargo_lock_sha256: hex(&Sha256::digest(LOCK)),
            files_sha256,
            build: Build {
                commit: PROGRAM.commit,
                dirty: env!("FEDHEAL_DIRTY") == "true",
                target: env!("FEDHEAL_TARGET"),
            },
            machine,
        };
        self.file(MANIFEST, |out| {
            serde_json::to_writer_pretty(&mut *out, &manifest)?;
            out.write_all(b"\n")
        })
    }
}
