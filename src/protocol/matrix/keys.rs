//! Whose signatures a server can check (Synapse, `crypto/keyring.py`).
//!
//! A key is learned from its owner when a signature made with it is to be checked for the first time, and kept. An owner
//! that is away does not answer, and one that has replaced its key, and lists the old one nowhere, gives the new one only.

use std::collections::BTreeSet;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::room::RoomLog;

use super::authority::Told;
use super::outbox::{Answer, TaskId};
use super::tasks::Task;
use super::{Homeserver, state};

/// A signing key: whose, and since when that server signs with it.
pub(super) type Key = (ServerId, SimTime);

impl Homeserver {
    /// Is this event's signature good here? Own events of a time whose key is lost are not, nor is what is signed with a
    /// key that the server has never seen.
    pub fn verifies(&self, log: &RoomLog, no: EventNo) -> bool {
        let (unlisted_before, keys) = (self.key.unlisted_before, self.db.keys.as_ref());
        if unlisted_before.is_none() && keys.is_none() {
            return true;
        }
        if log.origin(no) == self.id {
            return unlisted_before.is_none_or(|before| log.at(no) >= before);
        }
        keys.is_none_or(|keys| keys.contains(&log.signed_with(no)))
    }

    /// A key is learned.
    pub fn learn_key(&mut self, key: Key) {
        if let Some(keys) = &mut self.db.keys {
            keys.insert(key);
        }
    }

    /// Servers whose keys are missing to check some events, and what they rest on.
    pub fn keys_wanted(&self, log: &RoomLog, events: &[EventNo]) -> BTreeSet<ServerId> {
        let Some(replica) = self.db.rooms.get(&log.room()) else {
            return self.unknown_signers(log, events.iter().copied());
        };
        let chain = state::auth_chain(log, events.iter().copied());
        let rest = chain.into_iter().filter(|no| !replica.knows(*no));
        self.unknown_signers(log, events.iter().copied().chain(rest))
    }

    fn unknown_signers(
        &self,
        log: &RoomLog,
        events: impl Iterator<Item = EventNo>,
    ) -> BTreeSet<ServerId> {
        let unknown = events.filter(|no| !self.verifies(log, *no));
        let signers: BTreeSet<ServerId> = unknown.map(|no| log.origin(no)).collect();
        signers.into_iter().filter(|of| *of != self.id).collect()
    }

    /// The events that an answer tells of, as far as they are to be checked.
    pub fn told_of(
        &self,
        logs: &[RoomLog],
        task: TaskId,
        answer: &Answer,
    ) -> Option<(RoomId, Vec<EventNo>)> {
        let room = self.room_of_task(task)?;
        let log = &logs[room.index()];
        let replica = self.db.rooms.get(&room);
        let is_new = |no: &EventNo| replica.is_none_or(|replica| !replica.knows(*no));
        let events = match (answer, self.memory.tasks.get(&task)?) {
            (Answer::Events(copies), _) => copies.iter().map(|copy| copy.no).collect(),
            (Answer::State, Task::Pull(pull)) => {
                let told = Told::at(log, *pull.unasked.front()?);
                told.all().filter(is_new).collect()
            }
            (Answer::Made(join), Task::Join { .. }) => {
                let told = self.state_for_join(log, *join, false);
                told.into_iter().chain([*join]).filter(is_new).collect()
            }
            _ => return None,
        };
        Some((room, events))
    }
}
