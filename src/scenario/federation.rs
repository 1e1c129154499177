//! A whole federation as a file describes it: how many servers and rooms, how large, how busy, how well kept.
//!
//! Its rooms exist from the first moment on, with all their members.

mod bounds;
mod draw;
mod rooms;
mod servers;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::population::Spread;
use super::value::{Here, Name};
use crate::kernel::SimDuration;
use crate::workload::{RoomKind, Visibility};

pub(super) use bounds::check;
pub(super) use draw::{Drawn, draw};

/// Servers, users and rooms of a whole federation, drawn at random. Servers are named `server-00001.example` and
/// so on, the largest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Federation {
    /// Factor on the numbers of servers, rooms and messages: 0.01 is a hundredth of it all.
    #[serde(default = "whole")]
    pub(super) scale: Here<f64>,
    /// Number of servers, at scale 1.
    pub(super) servers: u32,
    /// Number of rooms, at scale 1.
    pub(super) rooms: u32,
    /// Messages a day in all rooms together, at scale 1.
    pub(super) messages_per_day: Here<f64>,
    /// Users of a server, at least 1.
    pub(super) users: Spread,
    /// Of 1000 users of the federation, how many the largest server has.
    #[serde(default)]
    pub(super) largest_per_mille: u32,
    /// The same of the second largest.
    #[serde(default)]
    pub(super) second_per_mille: u32,
    /// Accounts of one server that are simulated, at most; the others are counted.
    #[serde(default = "accounts")]
    pub(super) accounts_most: u32,
    /// Members of one server in one room that are simulated, at most; the others are counted, and what they would say
    /// is said by these.
    #[serde(default = "speakers")]
    pub(super) speakers_most: u32,
    /// Kinds of rooms.
    #[serde(default)]
    pub(super) kinds: Vec<Kind>,
    /// Of 1000 servers, how many have retention.
    #[serde(default)]
    pub(super) retention_per_mille: u32,
    /// The lifetime of messages on those.
    #[serde(default = "year")]
    pub(super) retention: SimDuration,
    /// Habits of backing up; servers of none of them have no backups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) backups: Vec<BackupHabit>,
    /// How many servers end without notice, by size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deaths: Vec<DeathRate>,
    /// Machine rooms in which servers stand together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hosting: Option<Sites>,
}

/// Rooms of one kind.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Kind {
    /// Rooms are named after it: `label-000001` and so on. Their luck hangs on it, too.
    pub(super) label: Name,
    /// Of 1000 rooms, how many are of this kind.
    pub(super) per_mille: u32,
    /// Of 1000 messages, how many are said in them.
    pub(super) messages_per_mille: u32,
    /// Preset.
    pub(super) kind: RoomKind,
    /// Servers with a member.
    pub(super) servers: Spread,
    /// Smallest number of these.
    #[serde(default = "one")]
    pub(super) servers_least: u32,
    /// Largest number of these, of 1000 servers of the federation.
    #[serde(default = "all")]
    pub(super) servers_most_per_mille: u32,
    /// Members for each of these servers; each has at least one.
    pub(super) users_per_server: Spread,
    /// Spread of the logarithm of the rooms' activity, beside that by the root of their members.
    #[serde(default)]
    pub(super) activity_sigma: Here<f64>,
    /// History visibility.
    #[serde(default = "shared")]
    pub(super) visibility: Visibility,
    /// Lifetime of their messages (`m.room.retention`), where servers obey one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_lifetime: Option<SimDuration>,
    /// Of 1000, how many name that lifetime; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_lifetime_per_mille: Option<u32>,
    /// Of 1000, how many are encrypted.
    #[serde(default)]
    pub(super) encrypted_per_mille: u32,
    /// Of 1000 messages, how many show a file.
    #[serde(default)]
    pub(super) files_per_mille: u32,
}

/// How a share of the servers backs up.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BackupHabit {
    /// Of 1000 servers, how many do.
    pub(super) per_mille: u32,
    /// Time from one backup to the next.
    pub(super) every: Here<SimDuration>,
    /// How long each is kept: the next ones delete what is older. Absent: all are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) keep: Option<Here<SimDuration>>,
}

/// Deaths of servers of a size.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DeathRate {
    /// Of servers with fewer users than this (and not fewer than in the line before).
    pub(super) under_users: u64,
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
}

/// Machine rooms: a server stands in the n-th with a weight of n to the power of minus `exponent`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Sites {
    /// Servers for each of them, on the average.
    pub(super) servers_per_site: Here<f64>,
    /// How unequal they are.
    pub(super) exponent: Here<f64>,
    /// Mean number of outages of one in a year.
    pub(super) outages_per_year: Here<f64>,
    /// Median length.
    pub(super) median: Here<SimDuration>,
    /// Spread of the length's logarithm.
    pub(super) sigma: Here<f64>,
}

fn whole() -> Here<f64> {
    Here::from(1.0)
}

fn accounts() -> u32 {
    200
}

fn speakers() -> u32 {
    2
}

fn one() -> u32 {
    1
}

fn all() -> u32 {
    1000
}

fn year() -> SimDuration {
    SimDuration::days(365)
}

fn shared() -> Visibility {
    Visibility::Shared
}
