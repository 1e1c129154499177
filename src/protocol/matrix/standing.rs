//! How a server stands to another one: what would become of a new event for it, and what hinders that.

use std::collections::BTreeMap;

use crate::journal::ServerId;
use crate::kernel::SimTime;

use super::Homeserver;
use super::destination::{Backoff, Destination};

/// What becomes of a new event for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is sent at once.
    Clear,
    /// It waits with others, for an answer or for the end of a back-off.
    Waiting,
    /// It is sent at once, or others before it.
    Due,
}

/// What hinders a new event for a server from being sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hindrance {
    /// What would become of it.
    pub standing: Standing,
    /// Is only the newest event of each room owed?
    pub is_catching_up: bool,
    /// Is it nothing but a transaction that has not failed yet?
    pub is_fresh: bool,
    /// When the back-off ends, if there is one and nothing is under way.
    pub next_try: Option<SimTime>,
}

impl Hindrance {
    fn of(
        backoff: Option<&Backoff>,
        destination: Option<&Destination>,
        now: SimTime,
    ) -> Option<Hindrance> {
        let busy = destination.filter(|destination| !destination.is_idle());
        if backoff.is_none() && busy.is_none() {
            return None;
        }
        let is_transmitting = busy.is_some_and(|busy| busy.in_flight.is_some());
        let until = backoff.map(|backoff| backoff.last + backoff.interval);
        let is_waiting = is_transmitting || until.is_some_and(|until| now < until);
        Some(Hindrance {
            standing: match is_waiting {
                true => Standing::Waiting,
                false => Standing::Due,
            },
            is_catching_up: busy.is_some_and(|busy| busy.catching_up),
            is_fresh: backoff.is_none()
                && busy.is_some_and(|busy| busy.in_flight.is_some() && busy.tries == 0),
            next_try: until.filter(|_| !is_transmitting),
        })
    }
}

impl Homeserver {
    /// What would become of a new event for a server now?
    pub fn standing(&self, to: ServerId, now: SimTime) -> Standing {
        self.hindrance(to, now)
            .map_or(Standing::Clear, |hindrance| hindrance.standing)
    }

    /// What hinders a new event for a server from being sent at once, if anything does.
    pub fn hindrance(&self, to: ServerId, now: SimTime) -> Option<Hindrance> {
        let backoff = self.db.backoffs.get(&to);
        let destination = self.memory.destinations.get(&to);
        Hindrance::of(backoff, destination, now)
    }

    /// What hinders new events for some servers, in order of the servers. A server of many rooms has more that are away
    /// than most rooms have servers.
    pub fn hindrances<T>(
        &self,
        servers: &BTreeMap<ServerId, T>,
        now: SimTime,
    ) -> Vec<(ServerId, Hindrance)> {
        let (backoffs, destinations) = (&self.db.backoffs, &self.memory.destinations);
        let among = |to: &ServerId| servers.contains_key(to);
        let candidates: Vec<ServerId> = if servers.len() < backoffs.len() + destinations.len() {
            servers.keys().copied().collect()
        } else {
            let both = backoffs.keys().chain(destinations.keys());
            let mut both: Vec<ServerId> = both.copied().filter(among).collect();
            both.sort_unstable();
            both.dedup();
            both
        };
        let hindrances = candidates.into_iter();
        let hindrances = hindrances.filter_map(|to| Some((to, self.hindrance(to, now)?)));
        hindrances.collect()
    }

    /// Servers towards which something waits, is under way, or failed.
    pub fn unclear(&self) -> impl Iterator<Item = ServerId> + '_ {
        let failed = self.db.backoffs.keys();
        let busy = self.memory.destinations.iter();
        let busy = busy.filter(|(to, destination)| {
            !destination.is_idle() && !self.db.backoffs.contains_key(to)
        });
        failed.copied().chain(busy.map(|(to, _)| *to))
    }

    /// Those of some servers that are unclear. A server of many rooms has more that are away than most rooms have servers.
    pub fn unclear_among<'a, T>(
        &'a self,
        servers: &'a BTreeMap<ServerId, T>,
    ) -> impl Iterator<Item = ServerId> + 'a {
        let unclear = self.db.backoffs.len() + self.memory.destinations.len();
        let is_few = servers.len() < unclear;
        let few = is_few.then(|| servers.keys().copied().filter(|to| !self.is_clear(*to)));
        let many = (!is_few).then(|| self.unclear().filter(|to| servers.contains_key(to)));
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }
}
