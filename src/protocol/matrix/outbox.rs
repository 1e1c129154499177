//! What a homeserver sees and what it wants done: cues and effects.
//!
//! A homeserver decides from its own books, the time it is given and one cue. It knows no network, no
//! queue and no other server's truth; the simulation carries its effects out.

use std::collections::BTreeSet;

use crate::journal::{EventNo, Fact, MediaId, RoomId, ServerId, UserId};
use crate::kernel::{SimTime, Streams};
use crate::room::RoomLog;
use crate::workload::RoomSpec;

/// What a decision may look at besides the server's own books: the clock, and the content of events,
/// which an event id fixes once and for all.
pub struct Context<'a> {
    /// The time of the cue.
    pub now: SimTime,
    /// What the items of each room are. A server reads only those it holds or was sent.
    pub logs: &'a mut [RoomLog],
    /// Rooms as described at creation (version, preset, federation).
    pub rooms: &'a [RoomSpec],
    /// Keyed streams, for jitter.
    pub streams: &'a Streams,
    /// What shall be done.
    pub out: &'a mut Vec<Effect>,
}

/// Names one pending question of a server.
pub type TaskId = u64;

/// Names one action of a person until it is answered.
pub type Ticket = u64;

/// A refusal, as a client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Matrix error code.
    pub code: &'static str,
}

impl Refusal {
    /// Not allowed, not a member, ...
    pub const FORBIDDEN: Refusal = Refusal {
        status: 403,
        code: "M_FORBIDDEN",
    };
    /// The target's membership does not allow it.
    pub const BAD_STATE: Refusal = Refusal {
        status: 403,
        code: "M_BAD_STATE",
    };
    /// Power levels that list a creator, who has no level (from room version 12 on).
    pub const LISTS_CREATOR: Refusal = Refusal {
        status: 400,
        code: "M_UNKNOWN",
    };
    /// No such thing here.
    pub const NOT_FOUND: Refusal = Refusal {
        status: 404,
        code: "M_NOT_FOUND",
    };
    /// No server known that could help with the join.
    pub const NO_SERVERS: Refusal = Refusal {
        status: 404,
        code: "M_UNKNOWN",
    };
    /// The session is unknown.
    pub const UNKNOWN_TOKEN: Refusal = Refusal {
        status: 401,
        code: "M_UNKNOWN_TOKEN",
    };
    /// The account is deactivated.
    pub const DEACTIVATED: Refusal = Refusal {
        status: 403,
        code: "M_USER_DEACTIVATED",
    };
    /// The name is taken.
    pub const USER_IN_USE: Refusal = Refusal {
        status: 400,
        code: "M_USER_IN_USE",
    };
    /// No other server answered.
    pub const UNREACHABLE: Refusal = Refusal {
        status: 502,
        code: "M_UNKNOWN",
    };
}

/// The answer to a person's action.
pub type Outcome = Result<(), Refusal>;

/// A question to another server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Request {
    /// `get_missing_events`: what lies between `earliest` and `latest`.
    MissingEvents {
        room: RoomId,
        earliest: BTreeSet<EventNo>,
        latest: EventNo,
        limit: u32,
    },
    /// `/state_ids` (and `/state`, `/event`) at each of these events.
    StateAt { room: RoomId, events: Vec<EventNo> },
    /// `/backfill` from these events.
    Backfill {
        room: RoomId,
        from: Vec<EventNo>,
        limit: u32,
    },
    /// `timestamp_to_event`, forwards, and that event.
    EventAfter { room: RoomId, at: SimTime },
    /// `make_join` and `send_join`.
    Join { room: RoomId, user: UserId },
    /// `/invite`: may this user be invited?
    Invite { room: RoomId, user: UserId },
    /// The invitation itself, once it is made.
    Invited {
        room: RoomId,
        user: UserId,
        event: EventNo,
    },
    /// `make_leave` and `send_leave`: an invitation is declined.
    Leave { room: RoomId, user: UserId },
    /// A file by its owner's server.
    Media { media: MediaId },
}

impl Request {
    /// The room that it is about.
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Request::MissingEvents { room, .. }
            | Request::StateAt { room, .. }
            | Request::Backfill { room, .. }
            | Request::EventAfter { room, .. }
            | Request::Join { room, .. }
            | Request::Invite { room, .. }
            | Request::Invited { room, .. }
            | Request::Leave { room, .. } => Some(*room),
            Request::Media { .. } => None,
        }
    }
}

/// An event in an answer, and whether its content is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy {
    /// The event.
    pub no: EventNo,
    /// Is it a redacted copy (history visibility, or redacted)?
    pub shell: bool,
}

/// The answer of another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Events, to `MissingEvents`, `Backfill` and `EventAfter`.
    Events(Vec<Copy>),
    /// To `StateAt`: known; the content follows from the events asked for.
    State,
    /// To `Join` and `Leave`: the membership event made.
    Made(EventNo),
    /// To the rest.
    Fine,
    /// Refused, with the status.
    Refused(Refusal),
    /// No answer: unreachable, or in back-off.
    Unreachable,
}

/// What a homeserver shall be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Look for destinations that are owed events.
    Wake,
    /// Try one destination again.
    Retry(ServerId),
    /// Run the purge job.
    PurgeJob,
    /// Join the extremities of rooms that have too many.
    Dummy,
    /// Show a client its next page.
    NextPage(u64),
}

/// What a homeserver wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Effect {
    /// A new event of `room` was made here; the servers in `to` shall have it.
    Send {
        room: RoomId,
        event: EventNo,
        to: Vec<ServerId>,
    },
    /// One transaction to one server.
    Transmit {
        to: ServerId,
        pdus: Vec<(RoomId, EventNo)>,
    },
    /// A question to one server.
    Ask {
        to: ServerId,
        task: TaskId,
        request: Request,
    },
    /// Wake me at this time.
    Wake { at: SimTime, timer: Timer },
    /// Something for the journal.
    Note(Fact),
    /// The person's action is answered.
    Done { ticket: Ticket, outcome: Outcome },
    /// One pass of a scroll showed these messages.
    Shown {
        ticket: Ticket,
        items: Vec<EventNo>,
        pages: u32,
    },
}
