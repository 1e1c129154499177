//! Rooms that are older than the log's first moment: their founding events all at once.

use std::collections::BTreeMap;

use super::{Entry, RoomLog};
use crate::journal::{EventNo, UserId};
use crate::room::{Pdu, StateMap};

impl RoomLog {
    /// Begins the log with the events that founded the room, each on top of the one before. Who looks at the state
    /// after any of them finds that after the last one: what the room was while it was being founded is not known.
    /// `crowds`: members who speak for others, too, and for how many.
    ///
    /// # Panics
    /// If the log is not empty.
    pub fn found(&mut self, pdus: Vec<Pdu>, state: StateMap, crowds: BTreeMap<UserId, u32>) {
        assert!(self.is_empty(), "a room is founded once");
        for (no, pdu) in pdus.into_iter().enumerate() {
            self.begin_day(pdu.at.day() as u32);
            self.state_events.push(no as EventNo);
            self.begin_entry(Entry::One {
                first: no as EventNo,
                pdu: Box::new(pdu),
            });
            self.len += 1;
        }
        self.states.insert(0, state);
        self.crowds = crowds;
    }
}
