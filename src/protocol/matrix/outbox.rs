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

/// The ticket of what nobody waits for.
pub(super) const NOBODY: Ticket = 0;

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
    /// Synapse does not reckon with it: an event in a room of which only an invitation is known.
    pub const FAILED: Refusal = Refusal {
        status: 500,
        code: "M_UNKNOWN",
    };
    /// The event is not well formed.
    pub const BAD_EVENT: Refusal = Refusal {
        status: 400,
        code: "M_UNKNOWN",
    };
    /// The state that another server gave has no beginning (`process_remote_join`).
    pub const NO_CREATE_EVENT: Refusal = Refusal::BAD_EVENT;
    /// The request cannot be read.
    pub const BAD_JSON: Refusal = Refusal {
        status: 400,
        code: "M_BAD_JSON",
    };
    /// The user is asked who they are, and answers wrongly.
    pub const NOT_PROVED: Refusal = Refusal {
        status: 401,
        code: "M_FORBIDDEN",
    };
    /// The user's membership does not go with that (banned, or not banned).
    pub const BAD_STATE: Refusal = Refusal {
        status: 403,
        code: "M_BAD_STATE",
    };
    /// No such thing here.
    pub const NOT_FOUND: Refusal = Refusal {
        status: 404,
        code: "M_NOT_FOUND",
    };
    /// No server known that could help with the join, or no such room to leave.
    pub const NO_SERVERS: Refusal = Refusal {
        status: 404,
        code: "M_UNKNOWN",
    };
    /// The session is unknown.
    pub const UNKNOWN_TOKEN: Refusal = Refusal {
        status: 401,
        code: "M_UNKNOWN_TOKEN",
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
    /// `/state_ids` (and `/state`, `/event`) at an event.
    StateAt { room: RoomId, event: EventNo },
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
    /// `/query/profile`: what is this user called?
    Profile { user: UserId },
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
            Request::Profile { .. } | Request::Media { .. } => None,
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
    /// Wake the next of them.
    WakeNext,
    /// Read which others there are, from this one on.
    WakePage(ServerId),
    /// Put a question again to which no answer came.
    AskAgain(TaskId),
    /// Try one destination again.
    Retry(ServerId),
    /// Run the purge job.
    PurgeJob,
    /// Join the extremities of rooms that have too many.
    Dummy,
    /// Overwrite what was redacted.
    Censor,
    /// Delete files at which nobody looks any more.
    MediaJob,
    /// Delete a room that all local users have forgotten.
    Forgotten(RoomId),
    /// Show a client its next page.
    NextPage(u64),
    /// Go on with pulled events.
    Pulled(TaskId),
}

/// What a homeserver wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Effect {
    /// A new event of `room` was made here; the servers in `to`, in order, shall have it.
    Send {
        room: RoomId,
        event: EventNo,
        to: Vec<ServerId>,
    },
    /// An own event was learned again, so that it is sent again; the servers in `to` may have it.
    SendAgain {
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
