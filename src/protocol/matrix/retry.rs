//! Failures of the sending side: tries of one transaction, back-off (reference, section 1.3).

use crate::journal::ServerId;
use crate::kernel::{Purpose, SimDuration, SimTime, Streams};

use super::Homeserver;
use super::destination::Backoff;
use super::outbox::{Context, Effect, Timer};

const RETRY_JITTER: Purpose = Purpose::new("matrix.retry-jitter");

impl Homeserver {
    /// The transaction failed: repeat within the request, then back off.
    pub fn transaction_failed(&mut self, ctx: &mut Context<'_>, to: ServerId) {
        let Some(destination) = self.memory.destinations.get_mut(&to) else {
            return;
        };
        if destination.in_flight.is_none() {
            return;
        }
        destination.tries += 1;
        let tries = destination.tries;
        match self.next_try(ctx.streams, to, tries, ctx.now) {
            Some(at) => ctx.out.push(Effect::Wake {
                at,
                timer: Timer::Retry(to),
            }),
            None => self.give_up(ctx, to),
        }
    }

    /// When the transaction under way is tried again, once it has failed so often; none: it is given up.
    fn next_try(
        &self,
        streams: &Streams,
        to: ServerId,
        tries: u32,
        now: SimTime,
    ) -> Option<SimTime> {
        if tries > self.rules.long_retries {
            return None;
        }
        let base = u64::from(self.rules.long_delay_base);
        let wait = SimDuration::seconds(base.saturating_pow(tries)).min(self.rules.long_delay_cap);
        Some(now + self.jittered(streams, now, to, wait, u64::from(tries) << 32))
    }

    /// When the transaction under way will be given up, if the try that is made now and all later ones fail.
    pub fn gives_up_at(&self, streams: &Streams, to: ServerId, now: SimTime) -> SimTime {
        let destination = self.memory.destinations.get(&to);
        let (mut tries, mut at) = (destination.map_or(0, |destination| destination.tries), now);
        loop {
            tries += 1;
            match self.next_try(streams, to, tries, at) {
                Some(next) => at = next,
                None => return at,
            }
        }
    }

    /// The try made at `since` and all others before `until` have failed; says when the next one is made.
    pub fn fail_until(
        &mut self,
        streams: &Streams,
        to: ServerId,
        (since, until): (SimTime, SimTime),
    ) -> SimTime {
        let destination = self.memory.destinations.get(&to);
        let (mut tries, mut at) = (
            destination.map_or(0, |destination| destination.tries),
            since,
        );
        while at < until || at == since {
            tries += 1;
            match self.next_try(streams, to, tries, at) {
                Some(next) => at = next,
                None => break,
            }
        }
        self.memory.destinations.entry(to).or_default().tries = tries;
        at
    }

    /// All tries have failed.
    pub fn give_up(&mut self, ctx: &mut Context<'_>, to: ServerId) {
        let destination = self.memory.destinations.entry(to).or_default();
        destination.in_flight = None;
        destination.settling = None;
        destination.page.clear();
        self.back_off(ctx, to);
    }

    /// Repeats the transaction under way, or begins a new one.
    pub(super) fn retry(&mut self, ctx: &mut Context<'_>, to: ServerId) {
        let destination = self.memory.destinations.entry(to).or_default();
        match &destination.in_flight {
            Some(pdus) => ctx.out.push(Effect::Transmit {
                to,
                pdus: pdus.clone(),
            }),
            None => self.attempt_transaction(ctx, to),
        }
    }

    /// A request failed for good: the next try is later, and later each time.
    pub(super) fn back_off(&mut self, ctx: &mut Context<'_>, to: ServerId) {
        let failures = self
            .db
            .backoffs
            .get(&to)
            .map_or(0, |backoff| backoff.failures);
        let interval = match self.db.backoffs.get(&to) {
            None => self.rules.destination_min_retry,
            Some(backoff) => {
                let longer = SimDuration(
                    (backoff.interval.0 as f64 * self.rules.destination_retry_multiplier) as u64,
                );
                self.jittered(ctx.streams, ctx.now, to, longer, u64::from(failures))
                    .min(self.rules.destination_max_retry)
            }
        };
        self.db.backoffs.insert(
            to,
            Backoff {
                last: ctx.now,
                interval,
                failures: failures + 1,
            },
        );
        if !self.owes(to) {
            self.memory.asked_in_vain.insert(to);
        }
        self.plan_wake(ctx);
    }

    pub(super) fn jittered(
        &self,
        streams: &Streams,
        now: SimTime,
        to: ServerId,
        wait: SimDuration,
        number: u64,
    ) -> SimDuration {
        let (lo, hi) = (
            self.rules.retry_jitter_lo_per_mille,
            self.rules.retry_jitter_hi_per_mille,
        );
        if lo == hi {
            return SimDuration(wait.0 * u64::from(lo) / 1000);
        }
        let pair = (u64::from(self.id.0) << 32) | u64::from(to.0);
        let mut stream = streams.stream(RETRY_JITTER, pair, number ^ (now.0 << 8));
        SimDuration(wait.0 * u64::from(stream.factor_per_mille(lo, hi)) / 1000)
    }

    /// Any authenticated request from a server clears the back-off towards it (reference 1.3).
    pub fn heard_from(&mut self, ctx: &mut Context<'_>, from: ServerId) {
        if self.rules.inbound_clears_backoff && self.db.backoffs.remove(&from).is_some() {
            self.attempt_transaction(ctx, from);
        }
    }
}
