//! Single faults as a file writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Here, Name};
use crate::faults::{KeyFate, MediaFate};
use crate::kernel::{SimDuration, SimTime};

/// One fault at one time.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Trouble {
    /// When.
    pub(super) at: Here<SimTime>,
    /// What.
    #[serde(rename = "do")]
    pub(super) blow: Blow,
}

/// A fault, or what an administrator does about one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(super) enum Blow {
    /// A backup of all stores, besides the regular ones.
    Backup { server: Name },
    /// The newest backup at or before `to` (or of all) takes the place of the database, and the server
    /// starts.
    Restore {
        server: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Here<SimTime>>,
        /// What becomes of the files.
        #[serde(default = "restored")]
        media: MediaFate,
        /// As `to`, for the files; absent: they come from the same backup as the database.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_to: Option<Here<SimTime>>,
        /// What becomes of the key.
        #[serde(default = "kept")]
        signing_key: KeyFate,
    },
    /// An incomplete copy takes the place of the database; the original is deleted.
    FailedCopy {
        server: Name,
        /// What was copied before the disk was full.
        copied: Copied,
    },
    /// A clean stop and a later start.
    Outage {
        server: Name,
        #[serde(rename = "for")]
        length: SimDuration,
    },
    /// A clean stop.
    Stop { server: Name },
    /// A start with all data as it was.
    Start { server: Name },
    /// The process stands still for a while; requests to it wait.
    Freeze {
        server: Name,
        #[serde(rename = "for")]
        length: SimDuration,
    },
    /// The server stops for ever.
    Death { server: Name },
    /// All links among these servers fail for a while.
    Partition {
        between: Here<Vec<Name>>,
        #[serde(rename = "for")]
        length: SimDuration,
    },
    /// All links among these servers fail for ever.
    Blocking { between: Here<Vec<Name>> },
    /// The signing key is replaced.
    KeyLoss {
        server: Name,
        /// Is the old key still listed?
        #[serde(default)]
        listed: bool,
    },
    /// All files are lost.
    MediaLoss { server: Name },
}

/// What a copy holds that ran out of disk.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Copied {
    /// This many of 1000 rooms, the oldest first; accounts are whole.
    RoomsPerMille(Here<u32>),
    /// This many of 1000 rows, table by table: accounts, memberships, rooms, events.
    TablesPerMille(Here<u32>),
}

fn restored() -> MediaFate {
    MediaFate::Restored
}

fn kept() -> KeyFate {
    KeyFate::Kept
}
