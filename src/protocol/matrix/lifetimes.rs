//! How long a server keeps messages of a room: the room's lifetime, the server's default and bounds (reference 7.1), and
//! what no server has today: other lifetimes by what kind of room it is, and only where enough others hold it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::ServerId;
use crate::kernel::{SimDuration, SimTime};
use crate::room::{Body, RoomLog, StateKey};
use crate::workload::{RoomKind, RoomSpec};

use super::replica::Replica;
use super::{Homeserver, Rules};

/// Where a room was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// By a user of this server.
    Local,
    /// Elsewhere.
    Remote,
}

/// A what-if, such as an administrator's script over Synapse's purge API could do it: what becomes of messages in rooms
/// that are all that is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RoomRule {
    /// Direct chats, or all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct: Option<bool>,
    /// Encrypted rooms, or all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// Rooms made here, or elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Rooms with more members than this, by the server's own state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_over: Option<u32>,
    /// Rooms with fewer members than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_under: Option<u32>,
    /// Rooms of which the newest item that the server has was made longer ago than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_for: Option<SimDuration>,
    /// Messages are kept for ever.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Messages are kept for so long, whatever the room asks for and however lifetimes are bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<SimDuration>,
}

/// What a server knows of a room, as far as rules by room ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomFacts {
    /// Is it a direct chat?
    pub direct: bool,
    /// Are its messages encrypted?
    pub encrypted: bool,
    /// Where it was made.
    pub origin: Origin,
    /// Number of members.
    pub members: u32,
    /// Time since the newest item was made.
    pub quiet: SimDuration,
}

impl RoomRule {
    /// Is the room all that is said here?
    pub fn fits(&self, room: &RoomFacts) -> bool {
        self.direct.is_none_or(|direct| room.direct == direct)
            && self.encrypted.is_none_or(|yes| room.encrypted == yes)
            && self.origin.is_none_or(|origin| room.origin == origin)
            && self.members_over.is_none_or(|over| room.members > over)
            && self.members_under.is_none_or(|under| room.members < under)
            && self.quiet_for.is_none_or(|quiet| room.quiet > quiet)
    }
}

impl Rules {
    /// Read filter: messages of a room with this lifetime, or none of its own, that were made before this
    /// moment are hidden from users (not clamped; reference 7.1). Rules by room change nothing in it.
    pub fn hidden_before(&self, of_room: Option<SimDuration>, now: SimTime) -> Option<SimTime> {
        of_room
            .or(self.default_max_lifetime)
            .filter(|_| self.retention_enabled)
            .map(|life| now.saturating_sub(life))
    }

    /// How long a server that obeys lifetimes keeps messages of a room: the room's value or the default, raised to the
    /// least and then lowered to the most that is allowed. None: for ever, or it does not obey.
    pub fn kept_for(&self, of_room: Option<SimDuration>) -> Option<SimDuration> {
        if !self.retention_enabled {
            return None;
        }
        let mut life = of_room.or(self.default_max_lifetime)?;
        if let Some(least) = self.allowed_lifetime_min {
            life = life.max(least);
        }
        if let Some(most) = self.allowed_lifetime_max {
            life = life.min(most);
        }
        Some(life)
    }

    /// As `kept_for`, unless the first of the rules by room that fits says otherwise.
    pub fn kept_in(
        &self,
        of_room: Option<SimDuration>,
        facts: impl FnOnce() -> RoomFacts,
    ) -> Option<SimDuration> {
        let by_room = self.retention_by_room.as_deref().unwrap_or_default();
        if !by_room.is_empty() {
            let facts = facts();
            if let Some(rule) = by_room.iter().find(|rule| rule.fits(&facts)) {
                return rule.lifetime;
            }
        }
        self.kept_for(of_room)
    }

    /// Are the bounds of lifetimes the wrong way round?
    pub fn lifetimes_cross(&self) -> bool {
        let bounds = self.allowed_lifetime_min.zip(self.allowed_lifetime_max);
        bounds.is_some_and(|(least, most)| least > most)
    }
}

impl Homeserver {
    /// How long this server keeps messages of a room whose lifetime is `of_room`; none: for ever. Its copy must have been
    /// brought up.
    pub fn keeps(
        &self,
        log: &RoomLog,
        spec: &RoomSpec,
        of_room: Option<SimDuration>,
        now: SimTime,
    ) -> Option<SimDuration> {
        let Some(replica) = self.db.rooms.get(&log.room()) else {
            return self.rules.kept_for(of_room);
        };
        let life = self
            .rules
            .kept_in(of_room, || replica.facts(log, spec, self.id, now))?;
        let asked = self.rules.purge_least_holders.unwrap_or(0);
        (asked == 0 || replica.other_hosts(log, self.id) >= asked).then_some(life)
    }
}

impl Replica {
    /// The lifetime of messages that the room asks for.
    pub fn lifetime(&self, log: &RoomLog) -> Option<SimDuration> {
        match Homeserver::current(self, log, StateKey::Retention) {
            Some(Body::Retention(life)) => *life,
            _ => None,
        }
    }

    fn facts(&self, log: &RoomLog, spec: &RoomSpec, me: ServerId, now: SimTime) -> RoomFacts {
        let newest = self.timeline.last();
        let made = newest.map_or(SimTime(0), |items| log.at(items.end - 1));
        RoomFacts {
            direct: spec.kind == RoomKind::Direct,
            encrypted: self.state.contains_key(&StateKey::Encryption),
            origin: match log.origin(0) == me {
                true => Origin::Local,
                false => Origin::Remote,
            },
            members: u32::try_from(log.joined(&self.state).count()).unwrap_or(u32::MAX),
            quiet: now.since(made),
        }
    }

    /// Number of other servers that the server believes to be in the room. Whether they still hold what it is about to
    /// delete, or are there at all, it cannot know.
    fn other_hosts(&self, log: &RoomLog, me: ServerId) -> u32 {
        let mut hosts = log.hosts(&self.state);
        hosts.remove(&me);
        u32::try_from(hosts.len()).unwrap_or(u32::MAX)
    }
}
