//! One thing that one person or administrator does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{EventNo, MediaId, RoomId, ServerId, UserId};

/// A state field that `SetState` can set; the value is kept as text.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StateField {
    /// `m.room.name`
    Name,
    /// `m.room.topic`
    Topic,
    /// `m.room.avatar`
    Avatar,
    /// `m.room.history_visibility`
    HistoryVisibility,
}

/// New power levels: those of the sender's server, with these put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Power {
    /// Levels of single users.
    pub users: Vec<(UserId, i64)>,
    /// `events_default`, if it changes.
    pub events_default: Option<i64>,
}

/// A single action. Rooms, users, servers and files are numbers of the world's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Action {
    /// Makes the room with the properties in its `RoomSpec`.
    CreateRoom { room: RoomId, by: UserId },
    /// Invites a user.
    Invite {
        room: RoomId,
        by: UserId,
        who: UserId,
    },
    /// Joins by room id; `via` is the server that the client names.
    Join {
        room: RoomId,
        who: UserId,
        via: Option<ServerId>,
    },
    /// Leaves, or declines an invitation.
    Leave { room: RoomId, who: UserId },
    /// Removes a member.
    Kick {
        room: RoomId,
        by: UserId,
        who: UserId,
    },
    /// Bans a user.
    Ban {
        room: RoomId,
        by: UserId,
        who: UserId,
    },
    /// Lifts a ban.
    Unban {
        room: RoomId,
        by: UserId,
        who: UserId,
    },
    /// Sends one message. `file` is a file that the message shows.
    Send {
        room: RoomId,
        by: UserId,
        file: Option<MediaId>,
    },
    /// Sends one state event.
    SetState {
        room: RoomId,
        by: UserId,
        field: StateField,
        value: String,
        file: Option<MediaId>,
    },
    /// Sends one power levels event.
    SetPower {
        room: RoomId,
        by: UserId,
        power: Power,
    },
    /// Redacts an event by its number in the room.
    Redact {
        room: RoomId,
        by: UserId,
        target: EventNo,
    },
    /// Paginates back from the newest message until no more comes, `passes` times. With `most`, as a person
    /// does: at most so many pages, and not beyond one that shows nothing.
    Scroll {
        room: RoomId,
        who: UserId,
        page: u32,
        passes: u32,
        pause: bool,
        most: Option<u32>,
    },
    /// Jumps to a date forwards (`timestamp_to_event`), which may fetch one event.
    JumpToDate {
        room: RoomId,
        who: UserId,
        to: crate::kernel::SimTime,
    },
    /// Registers an account under this name (again, if it had existed).
    Register { who: UserId, password: String },
    /// Logs in; the session gets this label.
    Login {
        who: UserId,
        password: String,
        session: String,
    },
    /// Asks whether a session is still valid.
    CheckSession { who: UserId, session: String },
    /// Changes a password; other sessions stay.
    SetPassword {
        who: UserId,
        old: String,
        password: String,
    },
    /// Deactivates an account; with `erase`, its server gives other servers its messages without content from then on.
    Deactivate {
        who: UserId,
        password: String,
        erase: bool,
    },
    /// Uploads a file.
    Upload { media: MediaId, by: UserId },
    /// Views a file through the user's own server.
    Download { media: MediaId, by: UserId },
    /// Administrator: purges history before the `keep_last`-th newest message.
    PurgeHistory {
        server: ServerId,
        room: RoomId,
        keep_last: u32,
        delete_local: bool,
    },
}
