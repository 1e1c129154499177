//! `manifest.json`: what made this folder, and how to make it again.
//!
//! Everything but `build` follows from scenario, seed and version, and comes out the same on every
//! machine. `build` names the commit and target of the program that ran, which differ between two
//! honest runs of the same version; a comparison of two folders leaves that one object out.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::facts::Keep;
use crate::scenario::Scenario;

/// Rises when a file or column of the result folder changes its meaning.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// The lock file that the program was built with.
pub(super) const LOCK: &[u8] = include_bytes!("../../Cargo.lock");

/// The content of `manifest.json`.
#[derive(Debug, Serialize)]
pub struct Manifest {
    schema_version: u32,
    tool: &'static str,
    version: &'static str,
    scenario: String,
    scenario_sha256: String,
    seed: u64,
    in_step: bool,
    journal: &'static str,
    /// Does the run reach to the end of the scenario?
    complete: bool,
    /// If not, the last moment that was simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    command: String,
    cargo_lock_sha256: String,
    files_sha256: BTreeMap<String, String>,
    build: Build,
}

/// What may differ between two runs of the same version.
#[derive(Debug, Serialize)]
struct Build {
    commit: &'static str,
    dirty: bool,
    target: &'static str,
}

impl Manifest {
    /// The manifest of a run, whole or not, whose other files have these checksums.
    pub fn new(
        scenario: &Scenario,
        command: &str,
        (journal, complete): (Keep, bool),
        files_sha256: BTreeMap<String, String>,
    ) -> Manifest {
        Manifest {
            schema_version: SCHEMA_VERSION,
            tool: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            scenario: scenario.name.clone(),
            scenario_sha256: hex(&Sha256::digest(scenario.resolved.as_bytes())),
            seed: scenario.world.seed,
            in_step: scenario.world.in_step,
            journal: journal.name(),
            complete,
            until: (!complete).then(|| scenario.world.end.to_string()),
            command: command.to_owned(),
            cargo_lock_sha256: hex(&Sha256::digest(LOCK)),
            files_sha256,
            build: Build {
                commit: env!("FEDHEAL_COMMIT"),
                dirty: env!("FEDHEAL_DIRTY") == "true",
                target: env!("FEDHEAL_TARGET"),
            },
        }
    }

    /// Writes it as indented JSON.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// Bytes as small hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
