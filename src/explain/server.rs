//! What befell a server, what it lacks, and what to do next.

use serde::Serialize;

use crate::journal::{Fact, ServerId};
use crate::kernel::SimTime;
use crate::metrics::all_room_items;

use super::past::View;
use super::remedy::in_order;
use super::{Account, NextStep};

/// What became of one server.
#[derive(Debug, Clone, Serialize)]
pub struct ServerStory {
    /// The server.
    pub server: String,
    /// Is it not dead?
    pub alive: bool,
    /// Accounts at the end.
    pub users: u64,
    /// Rooms that it has a copy of.
    pub rooms: u64,
    /// Share of the time in which it was up, of 1000.
    pub up_per_mille: u32,
    /// What was done to it, in order of time.
    pub strikes: Vec<Strike>,
    /// Its loss, if it had one: when, and of what time the backup was.
    pub loss: Option<(SimTime, Option<SimTime>)>,
    /// The messages of all its rooms.
    pub messages: Account,
    /// What to do next, in the order of what it would bring.
    pub next: Vec<NextStep>,
    /// The end of the run.
    pub end: SimTime,
}

/// Something that was done to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Strike {
    /// When.
    pub at: SimTime,
    /// What, as in `facts.csv`.
    pub fault: &'static str,
}

impl View<'_> {
    pub(super) fn server(&self, server: ServerId) -> ServerStory {
        let mut messages = Account::default();
        let mut next = Vec::new();
        for (room, items) in all_room_items(&self.books, self.journal()) {
            messages += Account::of(&self.books.logs[room.index()], &items);
            next.extend(self.next_step(room, &items));
        }
        let strikes = self.facts().filter_map(|fact| match *fact {
            Fact::Struck { at, fault, .. } => Some(Strike { at, fault }),
            _ => None,
        });
        let loss = self.books.loss.as_ref();
        ServerStory {
            server: self.server_name(server),
            alive: self.books.alive[server.index()],
            users: self.books.users[server.index()],
            rooms: self.books.holdings[server.index()].len() as u64,
            up_per_mille: self.books.up_per_mille[server.index()],
            strikes: strikes.collect(),
            loss: loss.map(|loss| (loss.at, loss.backup_at)),
            messages,
            next: in_order(next),
            end: self.books.end,
        }
    }
}
