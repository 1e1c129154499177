//! Single actions as a file writes them: all that a person or an administrator can do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Here, Name};
use crate::kernel::SimTime;
use crate::workload::StateField;

/// One action at one time.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Step {
    /// When.
    pub(super) at: Here<SimTime>,
    /// What.
    #[serde(rename = "do")]
    pub(super) deed: Deed,
}

/// An action.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(super) enum Deed {
    /// Makes a room.
    CreateRoom { room: Name, by: Name },
    /// Invites a user.
    Invite { room: Name, by: Name, who: Name },
    /// Joins by room id; `via` is the server that the client names.
    Join {
        room: Name,
        who: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<Name>,
    },
    /// Leaves, or declines an invitation.
    Leave { room: Name, who: Name },
    /// Removes a member.
    Kick { room: Name, by: Name, who: Name },
    /// Bans a user.
    Ban { room: Name, by: Name, who: Name },
    /// Lifts a ban.
    Unban { room: Name, by: Name, who: Name },
    /// Sends messages: the users of `by` take turns, each sends `turn` messages in its turn until its
    /// number in `counts` is reached. They are a few milliseconds apart.
    Send {
        room: Name,
        by: Vec<Name>,
        counts: Here<Vec<u32>>,
        #[serde(default = "single")]
        turn: Here<u32>,
        /// An uploaded file that each message shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Name>,
    },
    /// Sets the name, topic, avatar or history visibility of a room.
    SetState {
        room: Name,
        by: Name,
        field: StateField,
        value: String,
        /// An uploaded file that the value stands for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Name>,
    },
    /// Sets power levels; those not named stay.
    SetPower {
        room: Name,
        by: Name,
        users: Vec<Level>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        events_default: Option<i64>,
    },
    /// Redacts an item by its number in the room; the first item has number 0.
    Redact { room: Name, by: Name, item: u32 },
    /// Scrolls back from the newest message until no more comes.
    Scroll {
        room: Name,
        who: Name,
        #[serde(default = "page")]
        page: Here<u32>,
        #[serde(default = "once")]
        passes: u32,
        /// Wait between pages until the servers are quiet?
        #[serde(default)]
        pause: bool,
    },
    /// Jumps to a date.
    JumpToDate { room: Name, who: Name, to: SimTime },
    /// Registers an account.
    Register {
        who: Name,
        #[serde(default = "password")]
        password: String,
    },
    /// Logs in; the session gets this label.
    Login {
        who: Name,
        #[serde(default = "password")]
        password: String,
        session: String,
    },
    /// Asks whether a session is still valid.
    CheckSession { who: Name, session: String },
    /// Changes a password; other sessions stay.
    SetPassword {
        who: Name,
        #[serde(default = "password")]
        old: String,
        password: String,
    },
    /// Deactivates an account; with `erase`, its server gives other servers its messages without content from then on.
    Deactivate {
        who: Name,
        #[serde(default = "password")]
        password: String,
        #[serde(default)]
        erase: bool,
    },
    /// Uploads a file, which gets this label.
    Upload { media: Name, by: Name },
    /// Views a file through the user's own server.
    Download { media: Name, by: Name },
    /// Administrator: purges history before the `keep-last`-th newest message.
    PurgeHistory {
        server: Name,
        room: Name,
        keep_last: u32,
        #[serde(default)]
        delete_local: bool,
    },
}

/// The power of one user.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Level {
    /// Whose.
    pub(super) user: Name,
    /// How much.
    pub(super) level: i64,
}

fn single() -> Here<u32> {
    Here::from(1)
}

fn page() -> Here<u32> {
    Here::from(20)
}

fn once() -> u32 {
    1
}

fn password() -> String {
    "pw".to_owned()
}
