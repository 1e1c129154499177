//! What is there when the backup is made.

use super::Draft;
use crate::faults::Fault;

/// Rooms of one script, those of the lost time included.
pub(super) const MOST_ROOMS: usize = 6;

impl Draft {
    pub(super) fn before(&mut self) {
        let rooms = 1 + self.stream.below(4) as usize;
        while self.companies.len() < rooms {
            self.create_room();
        }
        for room in self.companies.keys().copied().collect::<Vec<_>>() {
            if self.stream.chance(850) {
                self.send(room, "pre", 8);
            }
        }
        for _ in 0..self.stream.below(3) {
            self.upload();
        }
        if self.stream.chance(300) {
            self.download();
        }
        for _ in 0..self.stream.below(3) {
            self.happening("pre");
        }
        for server in self.losing.clone() {
            self.strike(Fault::Backup { server });
            // Its server starts with it.
            self.down.remove(&server);
        }
    }
}
