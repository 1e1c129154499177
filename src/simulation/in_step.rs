//! Who receives an event in step, or at once: there nothing is simulated of its way (design, idea 1).

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::protocol::matrix::UnknownRoom;
use crate::room::Body;

use super::{Power, Simulation};

impl Simulation<'_> {
    /// Servers of which it is not plain that they receive a message in step, where the room is watched; or else none, and
    /// nothing is plain.
    pub(super) fn doubtful_receivers(
        &self,
        from: ServerId,
        room: RoomId,
        event: EventNo,
        to: &[ServerId],
    ) -> Option<BTreeSet<ServerId>> {
        let log = &self.logs[room.index()];
        let watch = self.clocks[room.index()].watch.as_ref()?;
        let is_plain = log.is_message(event)
            && log.redacted_by(event).is_none()
            && log.is_on_top(event)
            && self.touched.is_empty()
            && self.cuts.is_empty()
            && Rc::ptr_eq(&watch.present, &log.present());
        if !is_plain {
            return None;
        }
        let mut doubtful: BTreeSet<ServerId> = watch.unwell.keys().copied().collect();
        let present = &self.present[room.index()];
        let is_near =
            |server: &ServerId| to.binary_search(server).is_ok() || present.contains(server);
        doubtful.extend(self.servers[from.index()].unclear().filter(is_near));
        let debtors = self.debtors[from.index()].keys().copied();
        doubtful.extend(debtors.filter(is_near));
        doubtful.extend(&watch.strays);
        Some(doubtful)
    }

    /// Would this server accept the event without more, just as any other in step? Then nothing is
    /// simulated (design, idea 1).
    pub(super) fn accepts_in_step(
        &self,
        from: ServerId,
        to: ServerId,
        room: RoomId,
        event: EventNo,
    ) -> bool {
        let log = &self.logs[room.index()];
        if !self.world.in_step
            || self.power[to.index()] != Power::Up
            || !self.reachable(from, to)
            || !self.servers[from.index()].is_clear(to)
            // A delivery would clear the receiver's back-off towards the sender.
            || !self.servers[to.index()].is_clear(from)
            || !self.can_verify(to, room, event)
            // What a redaction hides is written down, server by server.
            || log.redacted_by(event).is_some()
        {
            return false;
        }
        let own_member = log.single(event).is_some_and(|pdu| match pdu.body {
            Body::Member { who, .. } => log.home(who) == to,
            _ => false,
        });
        if self.is_deaf(to, room) {
            return !own_member;
        }
        let homeserver = &self.servers[to.index()];
        let Some(replica) = homeserver.db.rooms.get(&room) else {
            return false;
        };
        let on_top = event > 0 && log.is_on_top(event);
        on_top
            && !own_member
            && replica.follows
            // What rests on something that could not be checked is not taken.
            && (homeserver.db.keys.is_none() || replica.unverified.is_empty())
            && (replica.count_heads(event, log) == 1
                || log.is_message(event)
                    && homeserver.allows_now(log, &self.world.rooms[room.index()], event))
            && !homeserver.memory.staged.contains_key(&room)
            && !homeserver.memory.busy.contains(&room)
    }

    /// Would the server store the event as soon as it arrives, and would that be at this moment? So it is with a message
    /// on another branch of the graph, where all that it stands on is here: only a copy changes, and nothing between the
    /// two servers.
    pub(super) fn takes_at_once(
        &self,
        from: ServerId,
        to: ServerId,
        room: RoomId,
        event: EventNo,
    ) -> bool {
        let log = &self.logs[room.index()];
        let homeserver = &self.servers[to.index()];
        self.world.in_step
            && self.world.room(room).messages_per_day > 0.0
            && log.is_plain(event)
            && log.redacted_by(event).is_none()
            && self.answers_at_once(from, to)
            && self.servers[from.index()].is_clear(to)
            && homeserver.is_clear(from)
            && !homeserver.memory.staged.contains_key(&room)
            && !homeserver.memory.busy.contains(&room)
            && homeserver
                .db
                .rooms
                .get(&room)
                .is_some_and(|replica| replica.missing_prev_events(log, event).is_empty())
    }

    /// Such a message is sent, stored and answered.
    pub(super) fn hand_over(&mut self, from: ServerId, to: ServerId, room: RoomId, event: EventNo) {
        self.servers[from.index()].note_given(to);
        self.touch_copy(room, to);
        self.decide(to, |homeserver, context| {
            homeserver.on_transaction(context, from, &[(room, event)])
        });
    }

    /// Does the server drop whatever is pushed to it in this room, since it does not know the room or
    /// believes to be out of it? Then a delivery changes nothing.
    pub(super) fn is_deaf(&self, server: ServerId, room: RoomId) -> bool {
        let homeserver = &self.servers[server.index()];
        let drops = match homeserver.db.rooms.get(&room) {
            Some(replica) => replica.state.is_empty(),
            None => homeserver.rules.unknown_room_policy == UnknownRoom::Drop,
        };
        drops && !homeserver.memory.busy.contains(&room)
    }

    /// Writes out what the server received in step before `event`, which it does not receive so.
    pub(super) fn fall_out_of_step(&mut self, server: ServerId, room: RoomId, event: EventNo) {
        self.write_out(server, room, event);
        let rooms = &mut self.servers[server.index()].db.rooms;
        let follows = rooms.get(&room).is_some_and(|replica| replica.follows);
        if follows && let Some(replica) = rooms.get_mut(&room) {
            replica.follows = false;
            self.touch_copy(room, server);
        }
    }

    /// Writes out what the server received in step before `end`.
    pub(super) fn write_out(&mut self, server: ServerId, room: RoomId, end: EventNo) {
        let log = &self.logs[room.index()];
        let spec = &self.world.rooms[room.index()];
        let homeserver = &mut self.servers[server.index()];
        if let Some(replica) = homeserver.db.rooms.get_mut(&room) {
            replica.sync_to(end, log, spec, &mut homeserver.db.next_group);
        }
    }
}
