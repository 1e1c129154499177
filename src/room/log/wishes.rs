//! The lifetime that each message carries: that of its author's server in the room.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::RoomLog;
use crate::journal::ServerId;
use crate::kernel::SimDuration;

/// How long each server wishes its users' messages in a room to live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    of: Vec<Option<SimDuration>>,
    lifetimes: BTreeSet<SimDuration>,
}

impl Wishes {
    /// The wishes of all servers, by number; none: for ever.
    pub fn new(of: Vec<Option<SimDuration>>) -> Self {
        let lifetimes = of.iter().copied().flatten().collect();
        Wishes { of, lifetimes }
    }

    /// How long messages of a server's users shall live; none: for ever.
    pub fn of(&self, server: ServerId) -> Option<SimDuration> {
        self.of.get(server.index()).copied().flatten()
    }

    /// All that is wished for, each once.
    pub fn lifetimes(&self) -> impl Iterator<Item = SimDuration> + '_ {
        self.lifetimes.iter().copied()
    }
}

impl RoomLog {
    /// What the messages of this room carry.
    pub fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// From now on its messages carry these wishes.
    pub fn carry(&mut self, wishes: Rc<Wishes>) {
        self.wishes = wishes;
    }
}
