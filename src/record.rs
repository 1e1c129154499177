//! Plays scripts on real Synapse homeservers, on loopback only, and writes what they did as a recording.
//!
//! The recorder asks the servers' client API and reads their databases; what it waits for and what it counts
//! stands in the format of recordings (sections 2 and 3). All processes hang on one launcher, which ends
//! them however the recorder ends.

mod books;
mod client;
mod database;
mod error;
mod homeserver;
mod hunt;
mod laboratory;
mod launcher;
mod player;
mod postgresql;
mod settings;

pub use error::RecordError;
pub use hunt::{Bag, Finding, Hunt, hunt};
pub use laboratory::Laboratory;

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use crate::script::Script;
use crate::verify::{Played, Software};

/// The release of Synapse whose behaviour the model describes.
pub const SYNAPSE: &str = "1.163.2";

/// What the servers keep their data in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file for each server.
    Sqlite,
    /// A private cluster with a database for each server.
    Postgresql,
}

impl DatabaseKind {
    /// As recordings name it.
    pub fn name(self) -> &'static str {
        match self {
            DatabaseKind::Sqlite => "sqlite",
            DatabaseKind::Postgresql => "postgresql",
        }
    }
}

/// In which order a server asks the others of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostOrder {
    /// The oldest join first: PostgreSQL's order, which is put into Synapse on SQLite.
    OldestJoin,
    /// As Synapse does it; on SQLite another one at each start.
    Arbitrary,
}

impl HostOrder {
    /// As recordings name it.
    pub fn name(self) -> &'static str {
        match self {
            HostOrder::OldestJoin => "oldest-join",
            HostOrder::Arbitrary => "arbitrary",
        }
    }
}

/// Which servers are asked.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The virtual environment with Synapse.
    pub environment: PathBuf,
    /// Their database.
    pub database: DatabaseKind,
    /// Their order of hosts.
    pub host_order: HostOrder,
}

impl Setup {
    /// As recordings name it.
    pub fn software(&self) -> Software {
        Software {
            name: "synapse",
            version: SYNAPSE,
            database: Some(self.database.name()),
            host_order: self.host_order.name(),
        }
    }
}

/// Opens a laboratory, works in it, and closes it, whatever happens: also on Ctrl-C, and when asked to end.
pub fn in_laboratory<T>(
    setup: &Setup,
    work: impl AsyncFnOnce(&mut Laboratory) -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    until_interrupted(async {
        let mut laboratory = Laboratory::open(setup).await?;
        let outcome = work(&mut laboratory).await;
        laboratory.close().await;
        outcome
    })
}

/// Works until the end, or until Ctrl-C or a request to end. What is interrupted is dropped: the input of
/// its launchers ends, and with them all that they started.
fn until_interrupted<T>(
    work: impl Future<Output = Result<T, RecordError>>,
) -> Result<T, RecordError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(RecordError::file("the runtime"))?;
    runtime.block_on(async {
        let mut terminated =
            signal(SignalKind::terminate()).map_err(RecordError::file("SIGTERM"))?;
        let interrupted = async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = interrupted => Err(RecordError::Interrupted),
        }
    })
}

/// Plays a script on fresh servers.
pub async fn play(laboratory: &mut Laboratory, script: &Script) -> Result<Played, RecordError> {
    let servers = laboratory.servers(script).await?;
    let mut player = player::Player::new(laboratory, script, servers);
    let outcome = player.play().await;
    player.end().await;
    outcome
}
