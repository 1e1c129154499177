//! Tries towards a server that is down and is owed only the newest event of each room. What is made meanwhile waits as
//! before, whether a try is under way or over: all that changes is when the next one is due.

use crate::journal::{RoomId, ServerId};

use super::voices::Voice;
use super::{Power, Simulation};

impl Simulation<'_> {
    /// Does a try, or its failure, change nothing between two servers but the time of the next one?
    pub(super) fn is_given_up_on(&self, from: ServerId, to: ServerId) -> bool {
        self.world.in_step
            && self.power[from.index()] == Power::Up
            && matches!(self.power[to.index()], Power::Down | Power::Dead)
            && self.servers[from.index()].is_catching_up(to)
    }

    /// A try begins that will not be answered at once.
    pub(super) fn touch_try(&mut self, from: ServerId, to: ServerId) {
        match self.is_given_up_on(from, to) {
            true => self.note_next_try(from, to),
            false => self.touch_pair(from, to),
        }
    }

    /// A try towards such a server has begun, or was given up.
    pub(super) fn note_next_try(&mut self, from: ServerId, to: ServerId) {
        let (one, other) = (&self.rooms_of[from.index()], &self.rooms_of[to.index()]);
        let few = match one.len() < other.len() {
            true => one,
            false => other,
        };
        let speaks_in = |room: &RoomId| {
            let watch = self.clocks[room.index()].watch.as_ref();
            watch.is_some_and(|watch| {
                watch.voices.contains_key(&from) && watch.present.hosts.contains_key(&to)
            })
        };
        let rooms: Vec<RoomId> = few.iter().copied().filter(speaks_in).collect();
        for room in rooms {
            self.note_next_try_in(room, from, to);
        }
    }

    fn note_next_try_in(&mut self, room: RoomId, from: ServerId, to: ServerId) {
        let until = self.servers[from.index()].next_try_after(to);
        let watch = self.clocks[room.index()].watch.as_mut();
        let Some(watch) = watch else {
            return;
        };
        let waits = match watch.voices.get_mut(&from) {
            Some(Voice::Waits(waits)) => waits,
            // Perhaps there is no reason for it any more.
            Some(Voice::Heard) => return self.doubt(room, from),
            Some(Voice::Silent) | None => return,
        };
        if waits.set_until(to, until) {
            let until = waits.until();
            self.plan_after(room, from, until);
        } else {
            self.touch_copy(room, from);
        }
    }
}
