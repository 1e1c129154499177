//! Scripts: actions on a small federation, played strictly one after another.
//!
//! The one form that simulated and real servers play alike, whether it was read from a recording, from a
//! scenario file, or drawn at random. Labels are numbers here; their names stand beside.

mod check;
mod draw;

pub use check::{Flaw, flaws, never_there};
pub use draw::draw;

use crate::faults::Fault;
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::workload::{Action, RoomSpec, UserSpec};

/// A script, ready to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Name of the experiment.
    pub name: String,
    /// What it was made for.
    pub question: String,
    /// Servers, by number, in alphabetical order.
    pub servers: Vec<String>,
    /// Settings of each server.
    pub settings: Vec<ServerSettings>,
    /// Users, by number.
    pub users: Vec<UserSpec>,
    /// Rooms, by number.
    pub rooms: Vec<RoomSpec>,
    /// Labels of files, by number.
    pub media: Vec<String>,
    /// The steps.
    pub steps: Vec<PlayStep>,
}

/// What makes a server of a laboratory different from the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerSettings {
    /// Synapse's own back-off, not the laboratory's short one.
    pub default_retry: bool,
    /// Synapse's `retention` section.
    pub retention: Option<serde_json::Value>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlayStep {
    /// A person or an administrator does something.
    Act(Action),
    /// Messages in turns: in its turn a user sends `turn` of them, or what is left of its count.
    Send {
        /// Where.
        room: RoomId,
        /// What they are called; `tag@server` is their class.
        tag: String,
        /// Who, in order of their turns.
        by: Vec<UserId>,
        /// How many each sends.
        counts: Vec<u32>,
        /// How many in one turn.
        turn: u32,
    },
    /// A message is redacted, named by its class and its number in that class.
    Redact {
        /// Where.
        room: RoomId,
        /// Who redacts.
        by: UserId,
        /// Tag of the message.
        tag: String,
        /// Its sender's server.
        server: ServerId,
        /// Its number, from 1.
        number: u32,
    },
    /// Something is done to a server or a link.
    Strike(Fault),
    /// Waits until nothing has changed for a while.
    Settle,
    /// Settles, then counts.
    Measure {
        /// Name of the measurement.
        stage: String,
        /// Which server is counted.
        server: ServerId,
    },
}

impl Script {
    /// A user as scripts name one: `name@server`.
    pub fn user_name(&self, user: UserId) -> String {
        let spec = &self.users[user.index()];
        format!("{}@{}", spec.name, self.servers[spec.server.index()])
    }

    /// A room's label.
    pub fn room_name(&self, room: RoomId) -> &str {
        &self.rooms[room.index()].name
    }

    /// A file's label.
    pub fn media_name(&self, media: MediaId) -> &str {
        &self.media[media.index()]
    }

    /// A server's name.
    pub fn server_name(&self, server: ServerId) -> &str {
        &self.servers[server.index()]
    }
}
