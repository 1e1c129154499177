//! What the simulator did with a script, in the recording's own terms.

use std::collections::BTreeMap;

use serde::Serialize;

/// Answers and measurements of a played script.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// By step; steps without an answer are missing.
    pub results: BTreeMap<usize, StepResult>,
    /// By stage.
    pub stages: BTreeMap<String, Stage>,
}

/// The answer to one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StepResult {
    /// `ok`, or status and error code.
    pub result: String,
    /// Listeners that did not get the event in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unheard: Vec<String>,
    /// Users whose share failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Per pass: class of message to number shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<BTreeMap<String, u64>>,
    /// Requests per pass: of real servers only, and not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<u64>,
}

/// One measurement of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// The server.
    pub server: String,
    /// Every room created so far.
    pub rooms: BTreeMap<String, RoomCells>,
}

/// One room of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields of the format")]
pub struct RoomCells {
    pub messages: BTreeMap<String, MessageCells>,
    pub events: EventCells,
    pub forward_extremities: u64,
    pub backward_extremities: u64,
    pub failed_pulls: u64,
    pub local: BTreeMap<String, String>,
    pub joined: bool,
    pub members: Vec<String>,
    pub state: StateCells,
}

/// One class of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields of the format")]
pub struct MessageCells {
    pub sent: u64,
    pub held: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub which: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub outlier: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub soft: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub rejected: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub redacted: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// All events of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields of the format")]
pub struct EventCells {
    pub held: u64,
    pub outlier: u64,
    pub soft: u64,
    pub rejected: u64,
}

/// Current state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields of the format")]
pub struct StateCells {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_visibility: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<BTreeMap<String, i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_default: Option<i64>,
}
