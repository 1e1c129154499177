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

/// What is open and what waits.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Connections on which nothing is under way, by who opened them and towards whom: when the last answer came.
    /// Assumption: there is one at most (Synapse keeps up to five, but requests of two servers seldom cross).
    open: BTreeMap<(ServerId, ServerId), SimTime>,
    /// Parcels that wait at servers that stand still, in order.
    held: BTreeMap<u64, Held>,
    next_parcel: u64,
}

/// A parcel that waits at a server that stands still.
#[derive(Debug)]
struct Held {
    to: ServerId,
    from: ServerId,
    parcel: Parcel,
    /// Did it come on an open connection?
    is_whole: bool,
}

impl Sockets {
    /// Uses the open connection, if there is one.
    fn take_open(&mut self, from: ServerId, to: ServerId, now: SimTime) -> bool {
        let last = self.open.remove(&(from, to));
        last.is_some_and(|last| now <= last + KEPT_OPEN)
    }

    fn put(&mut self, held: Held) -> u64 {
        self.next_parcel += 1;
        self.held.insert(self.next_parcel, held);
        self.next_parcel
    }

    /// Nobody waits for the answer to a parcel any more. That a question was served changes nothing then.
    fn give_up(&mut self, number: u64) {
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

    fn those(&self, are_meant: impl Fn(&Held) -> bool) -> Vec<u64> {
        let held = self.held.iter().filter(|(_, held)| are_meant(held));
        held.map(|(number, _)| *number).collect()
    }
}

impl Simulation<'_> {
    /// A request was answered. Where traffic is drawn nobody asks what a frozen server finds in its sockets.
    pub(super) fn note_answer(&mut self, from: ServerId, to: ServerId) {
        if self.scripted() {
            let now = self.queue.now();
            self.sockets.open.insert((from, to), now);
        }
    }

    /// A parcel waits at a server that stands still.
    pub(super) fn hold(&mut self, now: SimTime, to: ServerId, from: ServerId, parcel: Parcel) {
        let rules = &self.servers[from.index()].rules;
        let timeout = match parcel {
            Parcel::Question(_, Request::MissingEvents { .. }) => rules.gme_timeout,
            _ => rules.request_timeout,
        };
        let is_whole = match parcel {
            Parcel::Transaction(_) | Parcel::Question(..) => self.sockets.take_open(from, to, now),
            Parcel::Late(_) | Parcel::Receipt(_) | Parcel::Reply(..) => true,
        };
        let parcel = self.sockets.put(Held {
            to,
            from,
            parcel,
            is_whole,
        });
        let event = Event::Expire { to, parcel };
        self.queue
            .push(now + timeout, class::RING, from.0 + 1, event);
    }

    /// A parcel has waited too long at a server that stands still.
    pub(super) fn expire(&mut self, to: ServerId, parcel: u64) {
        let Some(held) = self.sockets.held.get(&parcel) else {
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
        self.sockets.give_up(parcel);
        self.deliver(now, to, from, answer);
    }

    /// The process of a server ends, and with it its connections. Whoever waited for it is told; what it waited for is
    /// forgotten.
    pub(super) fn close_sockets(&mut self, server: ServerId) {
        let open = &mut self.sockets.open;
        open.retain(|(from, to), _| *from != server && *to != server);
        for number in self.sockets.those(|held| held.to == server) {
            self.expire(server, number);
            self.sockets.held.remove(&number);
        }
        for number in self.sockets.those(|held| held.from == server) {
            self.sockets.give_up(number);
        }
    }

    /// A server that stood still goes on: what waited arrives, in order. Who has only just connected shakes hands first.
    pub(super) fn release_held(&mut self, server: ServerId) {
        let now = self.queue.now();
        let is_its = |held: &Held| held.to == server;
        let whole = self.sockets.those(|held| is_its(held) && held.is_whole);
        let others = self.sockets.those(|held| is_its(held) && !held.is_whole);
        let then = match whole.is_empty() {
            true => now,
            false => now + HANDSHAKE,
        };
        let whole = whole.into_iter().map(|number| (now, number));
        let others = others.into_iter().map(|number| (then, number));
        for (at, number) in whole.chain(others) {
            let held = self.sockets.held.remove(&number).expect("just listed");
            self.deliver(at, held.from, server, held.parcel);
        }
    }
}
