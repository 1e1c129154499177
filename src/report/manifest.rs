//! `manifest.json`: what made this folder, and how to make it again.
//!
//! Everything but `build` follows from scenario, seed and version, and comes out the same on every
//! machine. `build` names the commit and target of the program that ran, which differ between two
//! honest runs of the same version; a comparison of two folders leaves that one object out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::facts::Keep;
use crate::kernel::SimTime;
use crate::metrics::Measures;
use crate::scenario::Scenario;

/// Rises when a file or column of the result folder changes its meaning, or when what a report needs joins it.
pub(super) const SCHEMA_VERSION: u32 = 2;
/// The program that writes results.
pub(super) const TOOL: &str = env!("CARGO_PKG_NAME");
/// Its version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The manifest's file name in a result folder.
pub(super) const MANIFEST: &str = "manifest.json";

/// The lock file that the program was built with.
pub(super) const LOCK: &[u8] = include_bytes!("../../Cargo.lock");

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    schema_version: u32,
    tool: String,
    version: String,
    /// The scenario's name.
    pub scenario: String,
    scenario_sha256: String,
    /// The seed of the run.
    pub seed: u64,
    in_step: bool,
    /// How much of the journal was kept: `none`, `ranges` or `full`.
    pub journal: String,
    /// Does the run reach to the end of the scenario?
    pub complete: bool,
    /// If not, the last moment that was simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What a person types to repeat the run.
    pub command: String,
    /// What the tables are about.
    pub story: Story,
    cargo_lock_sha256: String,
    /// The checksum of every other file that the run wrote, its report aside: that is made from them.
    pub files_sha256: BTreeMap<String, String>,
    build: Build,
}

/// What the tables of a run are about, for whoever has the folder alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The scenario's title.
    pub title: String,
    /// `matrix` or `central`.
    pub protocol: String,
    /// The measured server.
    pub measured: String,
    /// Servers of the world.
    pub servers: u64,
    /// Rooms of the world.
    pub rooms: u64,
    /// People, whether they are simulated or only counted.
    pub users: u64,
    /// The first moment of the run.
    pub start: SimTime,
    /// The last one.
    pub end: SimTime,
    /// The moment of the loss, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_at: Option<SimTime>,
    /// The point in time of the backup to which the measured server went back, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_at: Option<SimTime>,
    /// When half of the recoverable messages had come back, if they had by the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_back_at: Option<SimTime>,
    /// When nine tenths of them had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nine_tenths_back_at: Option<SimTime>,
}

impl Story {
    fn of(scenario: &Scenario, measures: &Measures) -> Story {
        let world = &scenario.world;
        let protocol = match scenario.central {
            Some(_) => "central",
            None => "matrix",
        };
        Story {
            title: scenario.title.clone(),
            protocol: protocol.to_owned(),
            measured: measures.measured.clone(),
            servers: world.servers.len() as u64,
            rooms: world.rooms.len() as u64,
            users: scenario.users_of_servers().iter().sum(),
            start: world.start,
            end: world.end,
            loss_at: measures.loss_at,
            backup_at: measures.backup_at,
            half_back_at: measures.half_back_at,
            nine_tenths_back_at: measures.nine_tenths_back_at,
        }
    }
}

/// What may differ between two runs of the same version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Build {
    commit: String,
    dirty: bool,
    target: String,
}

impl Manifest {
    /// The manifest of a run, whole or not, whose files have no checksums yet.
    pub fn new(
        scenario: &Scenario,
        measures: &Measures,
        command: &str,
        (journal, complete): (Keep, bool),
    ) -> Manifest {
        Manifest {
            schema_version: SCHEMA_VERSION,
            tool: TOOL.to_owned(),
            version: VERSION.to_owned(),
            scenario: scenario.name.clone(),
            scenario_sha256: hex(&Sha256::digest(scenario.resolved.as_bytes())),
            seed: scenario.world.seed,
            in_step: scenario.world.in_step,
            journal: journal.name().to_owned(),
            complete,
            until: (!complete).then(|| scenario.world.end.to_string()),
            command: command.to_owned(),
            story: Story::of(scenario, measures),
            cargo_lock_sha256: hex(&Sha256::digest(LOCK)),
            files_sha256: BTreeMap::new(),
            build: Build {
                commit: env!("FEDHEAL_COMMIT").to_owned(),
                dirty: env!("FEDHEAL_DIRTY") == "true",
                target: env!("FEDHEAL_TARGET").to_owned(),
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

/// The SHA-256 of a file, which may be large.
pub(super) fn checksum(path: &Path) -> io::Result<String> {
    let mut file = BufReader::new(File::open(path)?);
    let mut hash = Sha256::new();
    loop {
        let read = file.fill_buf()?;
        if read.is_empty() {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(read);
        let length = read.len();
        file.consume(length);
    }
}
