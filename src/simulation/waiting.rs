//! Messages that were appended without an event and wait from one server for another.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::protocol::matrix::Standing;
use crate::room::Day;

use super::Simulation;
use super::rooms::within;
use super::trouble::Watch;
use super::watch::Waiting;

/// Rooms that two servers share.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    rooms: Option<Rc<[RoomId]>>,
    /// How many rooms the two had, both together, when these were found. A server's rooms never become fewer.
    found_among: usize,
}

impl Shared {
    /// These rooms, of two servers' rooms.
    fn among(&mut self, one: &BTreeSet<RoomId>, other: &BTreeSet<RoomId>) -> &Rc<[RoomId]> {
        let found_among = one.len() + other.len();
        if self.found_among != found_among {
            self.rooms = None;
            self.found_among = found_among;
        }
        let (few, many) = match one.len() < other.len() {
            true => (one, other),
            false => (other, one),
        };
        let both = || few.iter().copied().filter(|room| many.contains(room));
        self.rooms.get_or_insert_with(|| both().collect())
    }
}

impl Simulation<'_> {
    /// Notes where messages that were appended wait, of servers for which all of them are queued. What else is owed is
    /// found when it matters.
    pub(super) fn hold_back(
        &mut self,
        watch: &Watch,
        room: RoomId,
        drawn: &Day,
        (day, numbers): (u32, Range<u32>),
        event: impl Fn(u32) -> EventNo,
    ) {
        for (server, waits) in watch.queueing() {
            let own = drawn.numbers_of(server);
            let mut own = within(&own, &numbers).peekable();
            if own.peek().is_none() {
                continue;
            }
            let times = self.logs[room.index()].times(day);
            let own = own.map(|number| (times.at(number), room, event(number)));
            let own: Vec<Waiting> = own.collect();
            for host in waits.queued() {
                debug_assert!(!self.follows(room, host), "{host} follows {room}");
                // Their places among messages of other rooms are known when all of them have been brought up.
                let waiting = self.waiting.entry((server, host)).or_default();
                waiting.extend(own.iter().copied());
            }
        }
    }

    /// Where only the newest message of a room is owed, it is noted when it matters.
    pub(super) fn note_owed(&mut self, room: RoomId, server: ServerId, watch: &mut Watch) {
        let log = &self.logs[room.index()];
        let Some(waits) = watch.waits_mut(server) else {
            return;
        };
        let since = std::mem::replace(&mut waits.noted, log.len());
        if since == log.len() || waits.only_newest().next().is_none() {
            return;
        }
        if let Some((newest, at)) = log.newest_in_runs(server, since) {
            for host in waits.only_newest() {
                self.servers[server.index()].queue_waiting(host, room, newest, at);
            }
        }
    }

    pub(super) fn note_owed_in(&mut self, room: RoomId, server: ServerId) {
        if let Some(mut watch) = self.clocks[room.index()].watch.take() {
            self.note_owed(room, server, &mut watch);
            self.clocks[room.index()].watch = Some(watch);
        }
    }

    /// Puts what waits from one server for another into its queue, in order of time.
    pub(super) fn queue_held_back(&mut self, from: ServerId, to: ServerId) {
        let mut waiting = self.waiting.remove(&(from, to)).unwrap_or_default();
        waiting.sort_unstable();
        for (at, room, event) in waiting {
            self.servers[from.index()].queue_waiting(to, room, event, at);
        }
    }

    /// The same for all that waits on a server or for it, once all its rooms have been brought up.
    pub(super) fn queue_all_held_back(&mut self, server: ServerId, rooms: &[RoomId]) {
        for room in rooms {
            self.note_owed_in(*room, server);
        }
        let pairs = self.waiting.keys().copied();
        let concerned = pairs.filter(|(from, to)| *from == server || *to == server);
        for (from, to) in concerned.collect::<Vec<_>>() {
            self.queue_held_back(from, to);
        }
    }

    /// A message is queued behind what waits for the same server: what was said in other rooms comes before it.
    pub(super) fn bring_up_before(&mut self, from: ServerId, to: ServerId, room: RoomId) {
        let homeserver = &self.servers[from.index()];
        if !self.world.in_step || homeserver.is_clear(to) || self.is_over_at_once(from, to) {
            return;
        }
        let now = self.queue.now();
        if homeserver.is_catching_up(to) && homeserver.standing(to, now) == Standing::Waiting {
            // Only the newest of each room counts.
            self.note_owed_in(room, from);
        } else {
            self.advance_shared(from, to);
        }
    }

    /// Brings up the rooms that two servers share: what one sends the other depends on them.
    pub(super) fn advance_shared(&mut self, one: ServerId, other: ServerId) -> Rc<[RoomId]> {
        let now = self.queue.now();
        let shared = self.shared_rooms(one, other);
        for room in shared.iter() {
            self.advance(*room, now);
            self.note_owed_in(*room, one);
            self.note_owed_in(*room, other);
        }
        self.queue_held_back(one, other);
        self.queue_held_back(other, one);
        shared
    }

    /// A server looks from one destination on for those that are owed events: brings up what it finds first, and those of
    /// which only the rooms say whether they are owed anything.
    pub(super) fn bring_up_look(&mut self, server: ServerId, from: ServerId) {
        let now = self.queue.now();
        for to in self.servers[server.index()].asked_in_vain(now) {
            self.advance_shared(server, to);
        }
        let homeserver = &self.servers[server.index()];
        let first = homeserver.first_to_wake(from, now);
        let first = first.filter(|to| homeserver.standing(*to, now) != Standing::Waiting);
        if let Some(to) = first {
            self.advance_shared(server, to);
        }
    }

    /// Rooms in which two servers ever were. They are remembered as long as one of the two has something waiting for the other.
    pub(super) fn shared_rooms(&mut self, one: ServerId, other: ServerId) -> Rc<[RoomId]> {
        let (to, debtor) = match self.debtors[other.index()].contains_key(&one) {
            true => (other, one),
            false => (one, other),
        };
        let (one, other) = (&self.rooms_of[one.index()], &self.rooms_of[other.index()]);
        let mut unremembered = Shared::default();
        let shared = self.debtors[to.index()].get_mut(&debtor);
        let shared = shared.unwrap_or(&mut unremembered);
        Rc::clone(shared.among(one, other))
    }

    /// Servers that may have something waiting for this one, or have failed to reach it.
    pub(super) fn debtors(&mut self, server: ServerId) -> Vec<ServerId> {
        let servers = &self.servers;
        let debtors = &mut self.debtors[server.index()];
        debtors.retain(|from, _| !servers[from.index()].is_clear(server));
        debtors.keys().copied().collect()
    }

    /// Whether something waits from one server for another may be otherwise now.
    pub(super) fn note_debt(&mut self, debtor: ServerId, to: ServerId) {
        let debtors = &mut self.debtors[to.index()];
        if self.servers[debtor.index()].is_clear(to) {
            debtors.remove(&debtor);
        } else {
            debtors.entry(debtor).or_default();
        }
    }

    /// Servers towards which something may wait here now know it.
    pub(super) fn note_debts(&mut self, server: ServerId) {
        for to in self.servers[server.index()].unclear() {
            self.debtors[to.index()].entry(server).or_default();
        }
    }
}
