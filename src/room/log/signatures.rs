//! With which key an item is signed.

use super::RoomLog;
use crate::journal::{EventNo, ServerId};
use crate::kernel::SimTime;

impl RoomLog {
    /// From now on a server signs with another key, and no longer tells the old one.
    pub fn replace_key(&mut self, server: ServerId, at: SimTime) {
        self.key_changes.entry(server).or_default().push(at);
    }

    /// The key with which a server signs at a moment: whose it is, and since when it is in use.
    pub fn key_at(&self, server: ServerId, at: SimTime) -> (ServerId, SimTime) {
        let changes = self.key_changes.get(&server).map_or(&[][..], Vec::as_slice);
        let before = changes.partition_point(|change| *change <= at);
        let since = before
            .checked_sub(1)
            .map_or(SimTime(0), |last| changes[last]);
        (server, since)
    }

    /// The key with which an item is signed.
    pub fn signed_with(&self, no: EventNo) -> (ServerId, SimTime) {
        self.key_at(self.origin(no), self.at(no))
    }
}
