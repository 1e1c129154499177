//! Populations as a file describes them: how many of what, how large, how active.

mod draw;
mod people;
mod rooms;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Here, Name};
use crate::kernel::{SimDuration, SimTime};
use crate::workload::{RoomKind, Visibility};

pub(super) use draw::{count, draw, weight};

/// Users of the measured server, peers, and rooms, drawn at random. Who speaks when is drawn later, from
/// the rooms' rates and the users' activity.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Population {
    /// Users of the measured server.
    pub(super) local_users: u32,
    /// Of 1000 of them, how many have an account from the start; the others register later.
    #[serde(default = "most")]
    pub(super) registered_per_mille: u32,
    /// Public rooms that each of the others joins after that.
    #[serde(default = "few")]
    pub(super) late_joins: u32,
    /// Mean password changes of a user in a year, until the loss.
    #[serde(default)]
    pub(super) password_changes_per_year: Here<f64>,
    /// Weight of users when members and authors are drawn; kept within 1 and 100.
    #[serde(default = "activity")]
    pub(super) activity: Spread,
    /// The lost period begins: the last backup that can be used.
    pub(super) lost_from: Here<SimTime>,
    /// It ends: nobody registers, joins or changes a password by plan after this.
    pub(super) lost_until: Here<SimTime>,
    /// Other servers, named `peer-01.example` and so on.
    pub(super) peers: Peers,
    /// Kinds of rooms.
    #[serde(default)]
    pub(super) rooms: Vec<Group>,
}

/// A lognormal distribution.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Spread {
    /// Half are smaller.
    pub(super) median: f64,
    /// Standard deviation of the logarithm; 0: all are alike.
    pub(super) sigma: f64,
}

/// Other servers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Peers {
    /// How many.
    pub(super) count: u32,
    /// Their numbers of users, at least 1. Only users who are in a room with a local one are simulated.
    pub(super) users: Spread,
    /// The first peer has this many instead: federations have one large server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) largest: Option<u32>,
    /// Of 1000 peers, how many have retention.
    #[serde(default)]
    pub(super) retention_per_mille: u32,
    /// The lifetime of messages on those.
    #[serde(default = "year")]
    pub(super) retention: SimDuration,
}

/// Where the members of a room live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reach {
    /// On the measured server and on peers.
    Federated,
    /// On the measured server only, though the room would let others in.
    LocalMembers,
    /// On the measured server only, by `m.federate`.
    Unfederated,
}

/// Rooms of one kind.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Group {
    /// Rooms are named after it: `label-01` and so on. Their luck hangs on it too.
    pub(super) label: Name,
    /// How many.
    pub(super) count: u32,
    /// Preset. Direct rooms have two members, of whom one is remote if they are federated.
    pub(super) kind: RoomKind,
    /// Where the members live.
    pub(super) reach: Reach,
    /// Local members of a room.
    #[serde(default = "some")]
    pub(super) local: Spread,
    /// Remote members of a federated room.
    #[serde(default = "some")]
    pub(super) remote: Spread,
    /// History visibility.
    #[serde(default = "shared")]
    pub(super) visibility: Visibility,
    /// Of 1000, how many are encrypted.
    #[serde(default)]
    pub(super) encrypted_per_mille: u32,
    /// Of 1000, how many are made inside the lost period; the others before it.
    #[serde(default)]
    pub(super) inside_per_mille: u32,
    /// Of 1000 of the others, how many are older than the simulation (and made in its first hour).
    #[serde(default = "most")]
    pub(super) old_per_mille: u32,
    /// Of 1000 federated ones, how many are made by a remote user.
    #[serde(default)]
    pub(super) remote_creator_per_mille: u32,
    /// Lifetime of their messages (`m.room.retention`), where servers obey one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_lifetime: Option<SimDuration>,
    /// Of 1000, how many name that lifetime; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_lifetime_per_mille: Option<u32>,
    /// Messages of a member in a day; each room draws one rate for all its members.
    pub(super) messages_per_member_day: Spread,
    /// Of 1000 messages, how many show a file.
    #[serde(default)]
    pub(super) files_per_mille: u32,
    /// Of 1000, how many get an avatar, which their creator uploads.
    #[serde(default)]
    pub(super) avatars_per_mille: u32,
    /// Of 1000 avatars of rooms from before, how many are set inside the lost period.
    #[serde(default)]
    pub(super) avatars_inside_per_mille: u32,
}

fn most() -> u32 {
    800
}

fn few() -> u32 {
    3
}

fn year() -> SimDuration {
    SimDuration::days(365)
}

fn activity() -> Spread {
    Spread {
        median: 10.0,
        sigma: 1.0,
    }
}

fn some() -> Spread {
    Spread {
        median: 5.0,
        sigma: 0.8,
    }
}

fn shared() -> Visibility {
    Visibility::Shared
}
