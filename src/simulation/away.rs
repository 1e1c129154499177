//! Tries towards a server that is down. What is made meanwhile waits as before, whether a try is under way or over: all
//! that changes is when the next one is due.

use crate::journal::{RoomId, ServerId};

use super::voices::Voice;
use super::{Power, Simulation};

impl Simulation<'_> {
    /// A try begins that will not be answered at once.
    pub(super) fn begin_try(&mut self, from: ServerId, to: ServerId) {
        let has_failed = self.servers[from.index()].backoff_until(to).is_some();
        if !has_failed || !self.is_away(from, to) {
            return self.touch_pair(from, to);
        }
        for room in self.rooms_that_wait(from, to) {
            self.note_next_try(room, from, to);
        }
    }

    /// The last try has failed: the transaction is given up.
    pub(super) fn end_tries(&mut self, from: ServerId, to: ServerId) {
        let rooms = if self.is_away(from, to) {
            self.bring_up_queue(from, to)
        } else {
            self.touch_pair(from, to);
            Vec::new()
        };
        self.decide(from, |homeserver, context| homeserver.give_up(context, to));
        for room in rooms {
            self.note_next_try(room, from, to);
        }
    }

    fn is_away(&self, from: ServerId, to: ServerId) -> bool {
        self.world.in_step
            && self.power[from.index()] == Power::Up
            && matches!(self.power[to.index()], Power::Down | Power::Dead)
    }

    /// Rooms with one server in which the other one speaks.
    fn rooms_that_wait(&mut self, from: ServerId, to: ServerId) -> Vec<RoomId> {
        let shared = self.shared_rooms(from, to);
        let waits = |room: &RoomId| {
            let watch = self.clocks[room.index()].watch.as_ref();
            watch.is_some_and(|watch| {
                watch.voices.contains_key(&from) && watch.present.hosts.contains_key(&to)
            })
        };
        shared.iter().copied().filter(waits).collect()
    }

    /// What was said behind a transaction is queued before that is given up: afterwards a long back-off would refuse it.
    fn bring_up_queue(&mut self, from: ServerId, to: ServerId) -> Vec<RoomId> {
        let rooms = self.rooms_that_wait(from, to);
        if !self.servers[from.index()].is_catching_up(to) {
            let now = self.queue.now();
            for room in &rooms {
                self.advance(*room, now);
                self.note_owed_in(*room, from);
            }
            self.queue_held_back(from, to);
        }
        rooms
    }

    /// The next try towards a server is at another time than was known in a room: so is the next message that is played.
    fn note_next_try(&mut self, room: RoomId, from: ServerId, to: ServerId) {
        let homeserver = &self.servers[from.index()];
        let is_queued = !homeserver.is_catching_up(to);
        let until = homeserver.next_try_after(to);
        let Some(watch) = self.clocks[room.index()].watch.as_mut() else {
            return;
        };
        let waits = match watch.voices.get_mut(&from) {
            Some(Voice::Waits(waits)) => waits,
            // Once a try is under way, there is perhaps no reason for it any more.
            Some(Voice::Heard) if until.is_none() => return self.doubt(room, from),
            _ => return,
        };
        if !waits.set_next_try(to, is_queued, until) {
            return self.touch_copy(room, from);
        }
        let first = waits.until();
        watch.note_queueing(from);
        self.plan_after(room, from, first);
    }
}
