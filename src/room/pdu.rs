//! A single item of a room: a PDU (persistent data unit), as the Matrix specification calls it.

use crate::journal::{EventNo, MediaId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::workload::{RoomKind, Visibility};

use super::{StateKey, TrafficRef};

/// `membership` of an `m.room.member` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Membership {
    /// In the room.
    Join,
    /// Asked in.
    Invite,
    /// Out, by own or others' will.
    Leave,
    /// Kept out.
    Ban,
}

impl Membership {
    /// As in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Membership::Join => "join",
            Membership::Invite => "invite",
            Membership::Leave => "leave",
            Membership::Ban => "ban",
        }
    }
}

/// What a member event says of the user besides the membership. A server makes no new event where it
/// would equal the present one, so this decides whether a second join or invitation is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Nothing: users that leave or are removed, and users whose server did not tell their name.
    Absent,
    /// `displayname`: invitations, and joins on the user's own server.
    Name,
    /// `displayname`, and `avatar_url` with nothing in it: joins through another server.
    NameAndEmptyAvatar,
}

/// Content of `m.room.power_levels`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PowerLevels {
    /// Levels of single users, by user.
    pub users: std::collections::BTreeMap<UserId, i64>,
    /// Level needed to send messages.
    pub events_default: i64,
    /// Level needed to invite.
    pub invite: i64,
}

/// Type and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `m.room.create`
    Create,
    /// `m.room.member` of `who`.
    Member {
        /// Whose membership.
        who: UserId,
        /// The membership.
        membership: Membership,
        /// The rest of it.
        profile: Profile,
    },
    /// `m.room.power_levels`
    PowerLevels(PowerLevels),
    /// `m.room.join_rules`: may anyone join?
    JoinRules(RoomKind),
    /// `m.room.history_visibility`
    HistoryVisibility(Visibility),
    /// `m.room.guest_access`
    GuestAccess,
    /// `m.room.name`
    Name(String),
    /// `m.room.topic`
    Topic(String),
    /// `m.room.avatar`; the file, if it was uploaded in the simulation.
    Avatar(String, Option<MediaId>),
    /// `m.room.encryption`
    Encryption,
    /// `m.room.retention`
    Retention(Option<SimDuration>),
    /// `m.room.message` or `m.room.encrypted`.
    Message {
        /// A file that a script uploaded and this message shows.
        file: Option<MediaId>,
        /// The drawn message that this is, if nobody scripted it.
        traffic: Option<TrafficRef>,
    },
    /// `m.room.redaction`
    Redaction(EventNo),
    /// `org.matrix.dummy_event`: says nothing, joins forward extremities.
    Dummy,
}

impl Body {
    /// A member event that says nothing of the user: a leave, a removal, a ban.
    pub fn bare_member(who: UserId, membership: Membership) -> Body {
        Body::Member {
            who,
            membership,
            profile: Profile::Absent,
        }
    }

    /// The state that the event sets; nothing for messages and redactions.
    pub fn state_key(&self) -> Option<StateKey> {
        Some(match self {
            Body::Create => StateKey::Create,
            Body::Member { who, .. } => StateKey::Member(*who),
            Body::PowerLevels(_) => StateKey::PowerLevels,
            Body::JoinRules(_) => StateKey::JoinRules,
            Body::HistoryVisibility(_) => StateKey::HistoryVisibility,
            Body::GuestAccess => StateKey::GuestAccess,
            Body::Name(_) => StateKey::Name,
            Body::Topic(_) => StateKey::Topic,
            Body::Avatar(..) => StateKey::Avatar,
            Body::Encryption => StateKey::Encryption,
            Body::Retention(_) => StateKey::Retention,
            Body::Message { .. } | Body::Redaction(_) | Body::Dummy => return None,
        })
    }

    /// Is it a message?
    pub fn is_message(&self) -> bool {
        matches!(self, Body::Message { .. })
    }

    /// Does it change nothing but the graph?
    pub fn is_plain(&self) -> bool {
        matches!(self, Body::Message { .. } | Body::Dummy)
    }
}

/// One PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// `sender`
    pub sender: UserId,
    /// The sender's server, which signed it.
    pub origin: ServerId,
    /// Type and content.
    pub body: Body,
    /// `prev_events`
    pub prev_events: Vec<EventNo>,
    /// `auth_events`
    pub auth_events: Vec<EventNo>,
    /// `depth`
    pub depth: u32,
    /// `origin_server_ts`
    pub at: SimTime,
}
