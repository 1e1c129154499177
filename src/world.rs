//! A world before anything has happened in it.
//!
//! A scenario file or a script is turned into a `World`, and the simulation starts from one.

mod census;
mod laboratory;
mod shape;

pub use census::Census;
pub use laboratory::START;
pub use shape::{Bridge, Marginals, PerMille, Shape};

use std::collections::BTreeMap;

use crate::faults::Fault;
use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime, Streams};
use crate::protocol::matrix::Rules;
use crate::workload::{Action, BackupSchedule, People, RoomSpec, UserSpec};

const WISH: Purpose = Purpose::new("people.wish");

/// A homeserver.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSpec {
    /// Its name.
    pub name: String,
    /// The protocol parameters in force on it.
    pub rules: Rules,
    /// Regular backups, if any.
    pub backups: Option<BackupSchedule>,
    /// Position in an order of servers where the protocol leaves it open (ties of oldest joins).
    pub rank: u32,
}

/// A room that exists, with all its members, before anything happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// The room.
    pub room: RoomId,
    /// Its members, in the order of their joins; the first one made it.
    pub members: Vec<UserId>,
    /// Members who speak for others who are only counted: for how many, themselves among them. All others speak for
    /// themselves.
    pub crowds: BTreeMap<UserId, u32>,
}

/// A world before anything has happened in it.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Key of all random streams.
    pub seed: u64,
    /// First moment.
    pub start: SimTime,
    /// Last moment.
    pub end: SimTime,
    /// Use the in-step shortcut (design, idea 1); off makes every delivery an event.
    pub in_step: bool,
    /// Servers, by number.
    pub servers: Vec<ServerSpec>,
    /// Users, by number.
    pub users: Vec<UserSpec>,
    /// Rooms, by number.
    pub rooms: Vec<RoomSpec>,
    /// Rooms that are there from the first moment on.
    pub founded: Vec<Founding>,
    /// Files that scripted uploads make, by number: their labels.
    pub media: Vec<String>,
    /// Actions in order of time.
    pub actions: Vec<(SimTime, Action)>,
    /// Faults in order of time.
    pub faults: Vec<(SimTime, Fault)>,
    /// What people do of themselves.
    pub people: People,
}

impl World {
    /// The server of a user.
    pub fn home(&self, user: UserId) -> ServerId {
        self.users[user.index()].server
    }

    /// How long each user wants messages to be kept, at most; nothing at all if nobody is said to want anything.
    pub fn personal_wishes(&self) -> Vec<Option<SimDuration>> {
        let wishes = &self.people.wishes;
        if wishes.is_empty() {
            return Vec::new();
        }
        let streams = Streams::new(self.seed);
        let wish = |user: usize| {
            let mut left = streams.stream(WISH, user as u64, 0).below(1000);
            let of_user = wishes.iter().find(|wish| {
                let is_here = left < u64::from(wish.per_mille);
                left = left.saturating_sub(u64::from(wish.per_mille));
                is_here
            });
            of_user.map(|wish| wish.lifetime)
        };
        (0..self.users.len()).map(wish).collect()
    }

    /// The description of a room.
    pub fn room(&self, room: RoomId) -> &RoomSpec {
        &self.rooms[room.index()]
    }
}
