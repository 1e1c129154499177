//! What can be done to a server or a link, as values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::ServerId;
use crate::kernel::SimTime;

/// What becomes of the media store in a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MediaFate {
    /// The store of the backup replaces the present one.
    Restored,
    /// The present store stays.
    Kept,
    /// The store is empty.
    Gone,
}

/// What becomes of the signing key in a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyFate {
    /// The key of the backup is the present one.
    Kept,
    /// A new key, the old one nowhere listed.
    New,
    /// A new key, the old public key listed in `old_signing_keys`.
    NewListed,
}

/// What part of a database survives a copy that ran out of disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyScope {
    /// Rooms in order of their creation, until this many of 1000 are copied; accounts are whole.
    Rooms(u32),
    /// Tables in order: accounts, memberships, rooms, events, until this many of 1000 rows are copied.
    Tables(u32),
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Fault {
    /// A backup of all stores is made (not a fault, but an event of the same kind).
    Backup { server: ServerId },
    /// The database of the newest backup at or before `to` replaces the present one.
    Restore {
        server: ServerId,
        to: Option<SimTime>,
        media: MediaFate,
        media_to: Option<SimTime>,
        key: KeyFate,
    },
    /// The database is replaced by an incomplete copy of itself; the original is deleted.
    FailedCopy { server: ServerId, scope: CopyScope },
    /// The signing key is replaced; old events stay verifiable only if the old key is listed.
    KeyLoss { server: ServerId, listed: bool },
    /// The media store is emptied.
    MediaLoss { server: ServerId },
    /// Clean stop.
    Stop { server: ServerId },
    /// Start with all data as it was.
    Start { server: ServerId },
    /// The process stands still; requests to it wait.
    Freeze { server: ServerId },
    /// It goes on.
    Thaw { server: ServerId },
    /// It stops for ever.
    Death { server: ServerId },
    /// All requests between two servers fail at once.
    Cut { between: (ServerId, ServerId) },
    /// They work again.
    Heal { between: (ServerId, ServerId) },
}

impl Fault {
    /// The server struck; for a link, its first end.
    pub fn server(&self) -> ServerId {
        match self {
            Fault::Backup { server }
            | Fault::Restore { server, .. }
            | Fault::FailedCopy { server, .. }
            | Fault::KeyLoss { server, .. }
            | Fault::MediaLoss { server }
            | Fault::Stop { server }
            | Fault::Start { server }
            | Fault::Freeze { server }
            | Fault::Thaw { server }
            | Fault::Death { server } => *server,
            Fault::Cut { between } | Fault::Heal { between } => between.0,
        }
    }

    /// Its short name, as in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Backup { .. } => "backup",
            Fault::Restore { .. } => "restore",
            Fault::FailedCopy { .. } => "failed-copy",
            Fault::KeyLoss { .. } => "key-loss",
            Fault::MediaLoss { .. } => "media-loss",
            Fault::Stop { .. } => "stop",
            Fault::Start { .. } => "start",
            Fault::Freeze { .. } => "freeze",
            Fault::Thaw { .. } => "thaw",
            Fault::Death { .. } => "death",
            Fault::Cut { .. } => "cut",
            Fault::Heal { .. } => "heal",
        }
    }
}
