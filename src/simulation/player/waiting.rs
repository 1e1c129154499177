//! When a recording's player goes on: once everything has settled, once everybody has heard.

use std::collections::BTreeSet;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;

use super::super::{Event, Power};
use super::{HEARD_WITHIN, OWED_LIMIT, Player, QUIET, SETTLE_LIMIT, SHORT_BACKOFF};

impl Player<'_> {
    /// Waits until nothing has changed for a while and nothing is owed to a server that could take it.
    pub(super) fn settle(&mut self) {
        let start = self.now();
        let mut quiet_since = start;
        loop {
            let owed = self.owes_something();
            let now = self.now();
            if now >= quiet_since + QUIET && !owed {
                return;
            }
            let since = now.since(start);
            if since >= SETTLE_LIMIT || (owed && since >= OWED_LIMIT && now >= quiet_since + QUIET)
            {
                return;
            }
            let next = if now < quiet_since + QUIET {
                quiet_since + QUIET
            } else {
                now + QUIET
            };
            match self.step_before(next) {
                Some(Event::Arrive { .. } | Event::Act { .. } | Event::Strike(_)) => {
                    quiet_since = self.now()
                }
                Some(_) => {}
                None => self.simulation.queue.advance(next),
            }
        }
    }

    pub(super) fn owes_something(&self) -> bool {
        let servers = &self.simulation.servers;
        servers
            .iter()
            .filter(|server| self.runs(server.id))
            .any(|server| {
                servers.iter().any(|other| {
                    other.id != server.id
                        && self.runs(other.id)
                        && self.simulation.reachable(server.id, other.id)
                        && !self.backs_off(server.id, other.id)
                        && server.owes(other.id)
                })
            })
    }

    pub(super) fn backs_off(&self, from: ServerId, to: ServerId) -> bool {
        self.simulation.servers[from.index()]
            .backoff_until(to)
            .is_some_and(|until| until.since(self.now()) > SHORT_BACKOFF)
    }

    pub(super) fn runs(&self, server: ServerId) -> bool {
        self.simulation.power[server.index()] == Power::Up
    }

    /// Servers that are expected to hear of an event of `from` (format, 2.2).
    pub(super) fn listeners(&mut self, from: ServerId, room: RoomId) -> BTreeSet<ServerId> {
        let log = &self.simulation.logs[room.index()];
        let spec = &self.simulation.world.rooms[room.index()];
        let Some(replica) = self.simulation.servers[from.index()].replica(room, log, spec) else {
            return BTreeSet::new();
        };
        let hosts: Vec<ServerId> = log.hosts(&replica.state).into_keys().collect();
        hosts
            .into_iter()
            .filter(|to| {
                *to != from
                    && self.runs(*to)
                    && self.simulation.reachable(from, *to)
                    && !self.backs_off(from, *to)
                    && self.simulation.servers[to.index()]
                        .in_room(room, &self.simulation.logs[room.index()])
            })
            .collect()
    }

    /// Waits until all listeners have the event; names those that have not.
    pub(super) fn wait_heard(
        &mut self,
        room: RoomId,
        event: EventNo,
        listeners: &BTreeSet<ServerId>,
    ) -> BTreeSet<ServerId> {
        let deadline = self.now() + HEARD_WITHIN;
        loop {
            let deaf: BTreeSet<ServerId> = listeners
                .iter()
                .copied()
                .filter(|server| !self.has(*server, room, event))
                .collect();
            if deaf.is_empty() {
                return deaf;
            }
            if self.step_before(deadline).is_none() {
                self.simulation.queue.advance(deadline);
                return deaf;
            }
        }
    }

    pub(super) fn has(&mut self, server: ServerId, room: RoomId, event: EventNo) -> bool {
        let log = &self.simulation.logs[room.index()];
        let spec = &self.simulation.world.rooms[room.index()];
        self.simulation.servers[server.index()]
            .replica(room, log, spec)
            .is_some_and(|replica| replica.has(event))
    }

    /// Lets time pass.
    pub(super) fn wait_until(&mut self, end: SimTime) {
        while self.step_before(end).is_some() {}
        self.simulation.queue.advance(end.max(self.now()));
    }

    /// Takes the next event, if it is not after `end`.
    pub(super) fn step_before(&mut self, end: SimTime) -> Option<Event> {
        let (now, event) = self.simulation.queue.pop_before(end)?;
        self.simulation.step(now, event.clone());
        Some(event)
    }
}
