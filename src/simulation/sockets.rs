//! Sockets: connections that stay open after a request, and what waits at a server that stands still.
//!
//! A request on an open connection lies as a whole in the receiver's socket: a server that stood still reads it when it goes
//! on, even if the sender has given it up or has been restarted since. A new connection carries nothing before both sides
//! have shaken hands, so what was given up there is gone (recorded on real servers, `f01_sockets`).

use std::collections::BTreeMap;

use crate::journal::ServerId;
use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::{Answer, Request};

use super::network::Parcel;
use super::wire::Fate;
use super::{Event, Simulation, class};

/// How long a connection is kept open after the last answer (`cachedConnectionTimeout`,
/// `http/federation/matrix_federation_agent.py`).
const KEPT_OPEN: SimDuration = SimDuration::minutes(2);

/// By how much a request on a new connection comes later than what had lain there. Assumption: a few milliseconds on one
/// machine.
const HANDSHAKE: SimDuration = SimDuration::millis(10);

/// Connections on which nothing is under way, by who opened them and towards whom: when the last answer came. Assumption:
/// there is one at most (Synapse keeps up to five, but requests of two servers seldom cross).
#[derive(Debug, Default)]
pub(super) struct Connections(BTreeMap<(ServerId, ServerId), SimTime>);

impl Connections {
    /// Uses the open connection, if there is one.
    fn take(&mut self, from: ServerId, to: ServerId, now: SimTime) -> bool {
        let last = self.0.remove(&(from, to));
        last.is_some_and(|last| now <= last + KEPT_OPEN)
    }

    /// A server's process has ended.
    fn close(&mut self, server: ServerId) {
        self.0
            .retain(|(from, to), _| *from != server && *to != server);
    }
}

/// A parcel that waits at a server that stands still.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) to: ServerId,
    from: ServerId,
    parcel: Parcel,
    /// Did it come on an open connection?
    is_whole: bool,
}

impl Simulation<'_> {
    /// A request was answered. Where traffic is drawn nobody asks what a frozen server finds in its sockets.
    pub(super) fn note_answer(&mut self, from: ServerId, to: ServerId) {
        if self.scripted() {
            let now = self.queue.now();
            self.connections.0.insert((from, to), now);
        }
    }

    /// A parcel waits at a server that stands still.
    pub(super) fn hold(&mut self, now: SimTime, to: ServerId, from: ServerId, parcel: Parcel) {
        let number = self.next_parcel;
        self.next_parcel += 1;
        let rules = &self.servers[from.index()].rules;
        let timeout = match parcel {
            Parcel::Question(_, Request::MissingEvents { .. }) => rules.gme_timeout,
            _ => rules.request_timeout,
        };
        let is_whole = match parcel {
            Parcel::Transaction(_) | Parcel::Question(..) => self.connections.take(from, to, now),
            Parcel::Late(_) | Parcel::Receipt(_) | Parcel::Reply(..) => true,
        };
        let held = Held {
            to,
            from,
            parcel,
            is_whole,
        };
        self.held.insert(number, held);
        let event = Event::Expire { to, parcel: number };
        self.queue
            .push(now + timeout, class::RING, from.0 + 1, event);
    }

    /// A parcel has waited too long at a server that stands still.
    pub(super) fn expire(&mut self, to: ServerId, parcel: u64) {
        let Some(held) = self.held.get(&parcel) else {
            return;
        };
        let answer = match &held.parcel {
            Parcel::Transaction(_) => Parcel::Receipt(false),
            Parcel::Question(task, _) => Parcel::Reply(*task, Answer::Unreachable),
            // What the frozen server itself waited for is answered when it goes on.
            Parcel::Late(_) | Parcel::Receipt(_) | Parcel::Reply(..) => return,
        };
        let (now, from) = (self.queue.now(), held.from);
        self.overhear(now, (from, to), &held.parcel.clone(), Fate::Lost);
        self.give_up_held(parcel);
        self.deliver(now, to, from, answer);
    }

    /// Nobody waits for the answer to a parcel any more. That a question was served changes nothing then.
    fn give_up_held(&mut self, number: u64) {
        let Some(held) = self.held.remove(&number) else {
            return;
        };
        if let Parcel::Transaction(pdus) | Parcel::Late(pdus) = held.parcel
            && held.is_whole
        {
            let parcel = Parcel::Late(pdus);
            self.held.insert(number, Held { parcel, ..held });
        }
    }

    /// The process of a server ends, and with it its connections. Whoever waited for it is told; what it waited for is
    /// forgotten.
    pub(super) fn close_sockets(&mut self, server: ServerId) {
        self.connections.close(server);
        for number in self.held_where(|held| held.to == server) {
            self.expire(server, number);
            self.held.remove(&number);
        }
        for number in self.held_where(|held| held.from == server) {
            self.give_up_held(number);
        }
    }

    /// A server that stood still goes on: what waited arrives, in order. Who has only just connected shakes hands first.
    pub(super) fn release_held(&mut self, server: ServerId) {
        let now = self.queue.now();
        let whole = self.held_where(|held| held.to == server && held.is_whole);
        let others = self.held_where(|held| held.to == server && !held.is_whole);
        let then = match whole.is_empty() {
            true => now,
            false => now + HANDSHAKE,
        };
        let whole = whole.into_iter().map(|number| (now, number));
        let others = others.into_iter().map(|number| (then, number));
        for (at, number) in whole.chain(others) {
            let held = self.held.remove(&number).expect("just listed");
            self.deliver(at, held.from, server, held.parcel);
        }
    }

    fn held_where(&self, is_meant: impl Fn(&Held) -> bool) -> Vec<u64> {
        let held = self.held.iter().filter(|(_, held)| is_meant(held));
        held.map(|(number, _)| *number).collect()
    }
}
