//! Tries to reach a server that is known to be away: all that belong to one transaction are one event, its end.
//!
//! Whatever befalls one of the two servers meanwhile unfolds them again: what was tried until then has failed, and the
//! next try is an event of its own.

use crate::journal::ServerId;
use crate::kernel::SimTime;
use crate::protocol::matrix::Timer;

use super::{Event, Simulation, class};

/// A transaction towards a server that is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    /// When the first of the tries was made that are not simulated.
    since: SimTime,
    /// The process that makes them.
    boot: u32,
}

impl Simulation<'_> {
    /// A try fails, and so will all others until the transaction is given up, unless something happens.
    pub(super) fn fold_round(&mut self, from: ServerId, to: ServerId) {
        let now = self.queue.now();
        let boot = self.boots[from.index()];
        let at = self.servers[from.index()].gives_up_at(&self.streams, to, now);
        let round = Round { since: now, boot };
        self.rounds.insert((to, from), round);
        let event = Event::GiveUp { from, to, round };
        self.queue.push(at, class::RING, from.0, event);
    }

    /// The last try has failed, too.
    pub(super) fn give_up(&mut self, from: ServerId, to: ServerId, round: Round) {
        if self.rounds.get(&(to, from)) != Some(&round) {
            return;
        }
        self.rounds.remove(&(to, from));
        if self.boots[from.index()] == round.boot {
            self.end_tries(from, to);
        }
    }

    /// Something befalls a server: what it tries, and what is tried to reach it, is simulated from now on.
    pub(super) fn unfold_rounds(&mut self, server: ServerId) {
        let towards = (server, ServerId(0))..=(server, ServerId(u32::MAX));
        let towards = self.rounds.range(towards).map(|(pair, _)| *pair);
        let own = self.servers[server.index()].unclear();
        let own = own.map(|to| (to, server));
        let pairs: Vec<(ServerId, ServerId)> = towards.chain(own).collect();
        for pair in pairs {
            let Some(round) = self.rounds.remove(&pair) else {
                continue;
            };
            let (to, from) = pair;
            if self.boots[from.index()] != round.boot {
                continue;
            }
            let now = self.queue.now();
            let homeserver = &mut self.servers[from.index()];
            let at = homeserver.fail_until(&self.streams, to, (round.since, now));
            let event = Event::Ring {
                server: from,
                boot: round.boot,
                timer: Timer::Retry(to),
            };
            self.queue.push(at, class::RING, from.0, event);
        }
    }
}
