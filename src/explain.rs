//! What happened to one item, room, user or server, and what would help: from the journal and the final books.
//!
//! The journal tells only of what is out of the ordinary, and numbers its items; what an item is stands in the room's
//! log. Both follow from the scenario, so a [`Past`] is the scenario played once more. It is made once and answers as many
//! questions as anybody has, each seen from a server ([`View`]). No file is known here, and no sentence: `report` makes
//! those of an [`Explanation`].

mod diagram;
mod find;
mod item;
mod past;
mod remedy;
mod room;
mod server;
mod user;

pub use diagram::{Diagram, DiagramError, Happened, Kind, MOST_ROWS, Row, diagram};
pub use find::{Question, Unknown, room_named};
pub use item::{HeldBy, ItemStory, Step};
pub use past::{Past, View};
pub use remedy::{NextStep, Remedy};
pub use room::{Giver, Hole, Return, RoomCopy, RoomStory};
pub use server::{ServerStory, Strike};
pub use user::{Belonging, UserStory};

use serde::Serialize;

use crate::metrics::{RoomItems, messages};
use crate::room::RoomLog;

/// The answer to a question.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum Explanation {
    /// About an item of a room.
    Item(ItemStory),
    /// About a room.
    Room(RoomStory),
    /// About a user.
    User(UserStory),
    /// About a server.
    Server(ServerStory),
}

/// Where messages are that a server should hold: as in `items.csv`, where the columns are explained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "items.csv has the same columns")]
pub struct Account {
    pub items: u64,
    pub held: u64,
    pub shell: u64,
    pub stranded: u64,
    pub lost: u64,
    pub expired: u64,
    pub gone: u64,
    pub recovered: u64,
}

impl Account {
    /// The messages of a room.
    fn of(log: &RoomLog, items: &RoomItems) -> Account {
        let count = |items| messages(log, items);
        Account {
            items: count(&items.should),
            held: count(&items.held),
            shell: count(&items.shell),
            stranded: count(&items.stranded),
            lost: count(&items.lost),
            expired: count(&items.expired),
            gone: count(&items.gone),
            recovered: count(&items.recovered),
        }
    }

    /// One message more.
    fn add(&mut self, items: &RoomItems, no: u32) {
        let one = |of: &crate::metrics::Items| u64::from(of.contains(&no));
        *self += Account {
            items: one(&items.should),
            held: one(&items.held),
            shell: one(&items.shell),
            stranded: one(&items.stranded),
            lost: one(&items.lost),
            expired: one(&items.expired),
            gone: one(&items.gone),
            recovered: one(&items.recovered),
        };
    }
}

impl std::ops::AddAssign for Account {
    fn add_assign(&mut self, more: Account) {
        self.items += more.items;
        self.held += more.held;
        self.shell += more.shell;
        self.stranded += more.stranded;
        self.lost += more.lost;
        self.expired += more.expired;
        self.gone += more.gone;
        self.recovered += more.recovered;
    }
}
