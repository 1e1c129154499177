//! Keys to check signatures with, asked for at their owners as soon as one is missing. That takes no time here.

use std::collections::BTreeSet;

use crate::journal::{EventNo, RoomId, ServerId};

use super::Simulation;
use super::network::Parcel;

impl Simulation<'_> {
    /// Before a server looks at what arrived, it asks for the keys that it lacks; whoever sends something shows who it is.
    pub(super) fn fetch_keys_for(&mut self, server: ServerId, from: ServerId, parcel: &Parcel) {
        if !self.scripted() {
            return;
        }
        let homeserver = &self.servers[server.index()];
        let mut wanted: BTreeSet<ServerId> = BTreeSet::new();
        match parcel {
            Parcel::Transaction(pdus) | Parcel::Late(pdus) => {
                wanted.insert(from);
                for (room, event) in pdus {
                    if homeserver.db.rooms.contains_key(room) {
                        wanted.extend(homeserver.keys_wanted(&self.logs[room.index()], &[*event]));
                    }
                }
            }
            Parcel::Question(..) => {
                wanted.insert(from);
            }
            Parcel::Reply(task, answer) => {
                if let Some((room, events)) = homeserver.told_of(&self.logs, *task, answer) {
                    wanted = homeserver.keys_wanted(&self.logs[room.index()], &events);
                }
            }
            Parcel::Receipt(_) => {}
        }
        self.fetch_keys(server, wanted);
    }

    /// Who receives something in step knows afterwards by whom it is signed.
    pub(super) fn fetch_keys_in_step(
        &mut self,
        server: ServerId,
        from: ServerId,
        room: RoomId,
        event: EventNo,
    ) {
        let mut wanted = BTreeSet::from([from]);
        if self.servers[server.index()].db.rooms.contains_key(&room) {
            wanted.insert(self.logs[room.index()].origin(event));
        }
        self.fetch_keys(server, wanted);
    }

    /// Can the server check an event's signature, or will it be able to when it has asked?
    pub(super) fn can_verify(&self, server: ServerId, room: RoomId, event: EventNo) -> bool {
        let log = &self.logs[room.index()];
        self.servers[server.index()].verifies(log, event)
            || self.answers_at_once(server, log.origin(event))
    }

    fn fetch_keys(&mut self, server: ServerId, wanted: BTreeSet<ServerId>) {
        let now = self.queue.now();
        for owner in wanted {
            if owner != server
                && self.answers_at_once(server, owner)
                && let Some(log) = self.logs.first()
            {
                let key = log.key_at(owner, now);
                self.servers[server.index()].learn_key(key);
            }
        }
    }
}
