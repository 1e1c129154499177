//! Recordings of real servers, as written (format version 1).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format of recordings that can be read.
pub(super) const FORMAT: u32 = 1;

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Not JSON, or not of the format.
    #[error("{}: at `{place}`: {cause}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The path within it.
        place: String,
        /// What is wrong there.
        cause: serde_json::Error,
    },
    /// A label that nothing declares.
    #[error("{}: at `{place}`: unknown {what} `{name}`; {remedy}", .path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The path within it.
        place: String,
        /// What kind of label.
        what: &'static str,
        /// The label.
        name: String,
        /// What would be right.
        remedy: &'static str,
    },
    /// What cannot be played.
    #[error("{}: at `{place}`: {what}; {remedy}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The path within it.
        place: String,
        /// What is wrong.
        what: String,
        /// What would be right.
        remedy: &'static str,
    },
    /// Of a later format.
    #[error("{}: at `format`: {found} is not known; this version reads format {FORMAT}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Nothing to play.
    #[error("{}: no recording (*.json) here", .path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
}

impl RecordingError {
    /// The step that is wrong, from 0, if it is a step.
    pub fn step(&self) -> Option<usize> {
        let (RecordingError::Unknown { place, .. } | RecordingError::Wrong { place, .. }) = self
        else {
            return None;
        };
        let number = place.strip_prefix("script[")?.strip_suffix(']')?;
        number.parse().ok()
    }
}

/// A script and what real servers did.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Must be 1.
    pub format: u32,
    /// Name of the experiment.
    pub name: String,
    /// What it was made for.
    pub question: String,
    /// What was recorded.
    #[serde(default)]
    pub software: Value,
    /// How often.
    #[serde(default)]
    pub runs: u32,
    /// Servers and their settings.
    pub servers: BTreeMap<String, RecordedSettings>,
    /// Accounts that exist before the first action.
    pub users: Vec<String>,
    /// The actions.
    pub script: Vec<Step>,
    /// The answers.
    #[serde(default)]
    pub results: Vec<Value>,
    /// What was measured.
    #[serde(default)]
    pub stages: BTreeMap<String, Value>,
    /// Cells that differed between runs.
    #[serde(default)]
    pub unstable: BTreeMap<String, Vec<Value>>,
}

/// Settings of one server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSettings {
    /// `default`: Synapse's own back-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// Synapse's `retention` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Value>,
}

/// One action, with labels as in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of the format")]
pub enum Step {
    CreateRoom {
        room: String,
        by: String,
        preset: Preset,
        #[serde(skip_serializing_if = "Option::is_none")]
        federate: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        history_visibility: Option<VisibilityName>,
    },
    Invite {
        room: String,
        by: String,
        who: String,
    },
    Join {
        room: String,
        who: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        via: Option<String>,
    },
    Leave {
        room: String,
        who: String,
    },
    Kick {
        room: String,
        by: String,
        who: String,
    },
    Ban {
        room: String,
        by: String,
        who: String,
    },
    Unban {
        room: String,
        by: String,
        who: String,
    },
    Send {
        room: String,
        tag: String,
        by: Vec<String>,
        counts: Vec<u32>,
        turn: u32,
    },
    SetState {
        room: String,
        by: String,
        #[serde(rename = "type")]
        field: FieldName,
        value: String,
    },
    SetPower {
        room: String,
        by: String,
        users: BTreeMap<String, i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        events_default: Option<i64>,
    },
    Redact {
        room: String,
        by: String,
        target: (String, String, u32),
    },
    Backup {
        server: String,
    },
    Restore {
        server: String,
        media: MediaName,
        signing_key: KeyName,
    },
    Stop {
        server: String,
    },
    Start {
        server: String,
    },
    Freeze {
        server: String,
    },
    Thaw {
        server: String,
    },
    Cut {
        between: (String, String),
    },
    Heal {
        between: (String, String),
    },
    PurgeHistory {
        server: String,
        room: String,
        keep_last: u32,
        delete_local: bool,
    },
    Scroll {
        who: String,
        room: String,
        page: u32,
        passes: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        pause: Option<String>,
    },
    Register {
        who: String,
        password: String,
    },
    Login {
        who: String,
        password: String,
        session: String,
    },
    CheckSession {
        who: String,
        session: String,
    },
    SetPassword {
        who: String,
        old: String,
        password: String,
    },
    Deactivate {
        who: String,
        password: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        erase: bool,
    },
    Upload {
        media: String,
        by: String,
    },
    Download {
        media: String,
        by: String,
    },
    Settle {},
    Measure {
        stage: String,
        server: String,
    },
}

/// Room presets.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names of the format")]
pub enum Preset {
    Public,
    Private,
    Dm,
}

/// History visibilities.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names of the format")]
pub enum VisibilityName {
    WorldReadable,
    Shared,
    Invited,
    Joined,
}

/// State that a script sets.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names of the format")]
pub enum FieldName {
    Name,
    Topic,
    Avatar,
    HistoryVisibility,
}

/// Fates of the media store.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names of the format")]
pub enum MediaName {
    Restored,
    Kept,
    Gone,
}

/// Fates of the signing key.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names of the format")]
pub enum KeyName {
    Kept,
    New,
    NewListed,
}

/// Reads one recording.
pub fn read(path: &Path) -> Result<Recording, RecordingError> {
    let text = std::fs::read(path).map_err(|cause| RecordingError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let malformed = |place: String, cause| RecordingError::Malformed {
        path: path.to_owned(),
        place,
        cause,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(&text);
    let recording: Recording = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| malformed(error.path().to_string(), error.into_inner()))?;
    deserializer
        .end()
        .map_err(|cause| malformed("the end".to_owned(), cause))?;
    if recording.format != FORMAT {
        return Err(RecordingError::Format {
            path: path.to_owned(),
            found: recording.format,
        });
    }
    Ok(recording)
}
