//! Waking destinations that are owed events and out of back-off (reference 1.3).

use crate::journal::ServerId;
use crate::kernel::{SimDuration, SimTime};

use super::Homeserver;
use super::outbox::{Context, Effect, Timer};
use super::standing::Standing;

/// The look for destinations that are owed events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Waker {
    /// None is planned.
    #[default]
    Idle,
    /// The next one begins then.
    Planned(SimTime),
    /// One is going on.
    Waking,
}

impl Homeserver {
    /// Plans the next look for destinations that are owed events: the first of the looks, which come at fixed times
    /// after the start, at which one of them is ready.
    pub(super) fn plan_wake(&mut self, ctx: &mut Context<'_>) {
        let Some(ready) = self.next_ready(ctx.now) else {
            return;
        };
        let at = self.next_run(self.rules.wake_period, ready);
        let is_earlier = match self.memory.waker {
            Waker::Idle => true,
            Waker::Planned(planned) => at < planned,
            Waker::Waking => false,
        };
        if is_earlier {
            self.memory.waker = Waker::Planned(at);
            ctx.out.push(Effect::Wake {
                at,
                timer: Timer::Wake,
            });
        }
    }

    /// The moment after which the first of the destinations that are owed events is ready. To one to which something is
    /// under way nothing can be sent: looks that would find only such ones are not made.
    fn next_ready(&self, now: SimTime) -> Option<SimTime> {
        let owed = self.db.owed.keys().copied();
        let asked = self.memory.asked_in_vain.iter().copied();
        let asked = asked.filter(|to| self.in_backoff(*to, now));
        let mut next: Option<SimTime> = None;
        for to in owed.chain(asked) {
            let until = self.backoff_until(to).unwrap_or(now);
            let ready = until.saturating_sub(SimDuration(1)).max(now);
            if next.is_none_or(|next| ready < next) && !self.is_transmitting(to) {
                next = Some(ready);
            }
        }
        next
    }

    /// Does a look begin now? An earlier one may have been planned since; one that was due while the process stood still
    /// begins late.
    pub fn looks(&self, now: SimTime) -> bool {
        matches!(self.memory.waker, Waker::Planned(at) if at <= now)
    }

    /// The first destination that a look finds, from this one on.
    pub fn first_to_wake(&self, from: ServerId, now: SimTime) -> Option<ServerId> {
        let mut owed = self.db.owed.range(from..).map(|(to, _)| *to);
        owed.find(|to| !self.in_backoff(*to, now))
    }

    /// Destinations that were asked in vain, and may be tried again.
    pub fn asked_in_vain(&self, now: SimTime) -> Vec<ServerId> {
        let asked = self.memory.asked_in_vain.iter().copied();
        asked.filter(|to| !self.in_backoff(*to, now)).collect()
    }

    /// The next of those that a look has found, if it may be tried.
    pub fn next_to_wake(&self, now: SimTime) -> Option<ServerId> {
        let next = self.memory.to_wake.front().copied();
        next.filter(|to| self.standing(*to, now) != Standing::Waiting)
    }

    /// Pokes destinations that are owed events and out of back-off, one after the other
    /// (`_wake_destinations_needing_catchup`; reference 1.3).
    pub(super) fn wake_destinations(&mut self, ctx: &mut Context<'_>) {
        if self.looks(ctx.now) {
            self.memory.waker = Waker::Waking;
            self.read_destinations_to_wake(ctx, ServerId(0));
        }
    }

    /// Reads the next page of such destinations, from this one on, and wakes the first. If there is none, the look
    /// is over, and the next one begins with the next period. One to which something is under way costs its pause,
    /// too.
    pub(super) fn read_destinations_to_wake(&mut self, ctx: &mut Context<'_>, from: ServerId) {
        let now = ctx.now;
        for to in self.asked_in_vain(now) {
            self.memory.asked_in_vain.remove(&to);
        }
        let owed = self.db.owed.range(from..).map(|(to, _)| *to);
        let ready = owed.filter(|to| !self.in_backoff(*to, now));
        let page = ready.take(self.rules.wake_page.max(1) as usize).collect();
        self.memory.to_wake = page;
        if self.memory.to_wake.is_empty() {
            self.memory.waker = Waker::Idle;
            self.plan_wake(ctx);
        } else {
            self.wake_next_destination(ctx);
        }
    }

    /// Wakes the next destination of the page; after a pause the one after it, or the next page is read.
    pub(super) fn wake_next_destination(&mut self, ctx: &mut Context<'_>) {
        let Some(to) = self.memory.to_wake.pop_front() else {
            return;
        };
        self.attempt_transaction(ctx, to);
        let timer = match self.memory.to_wake.front() {
            Some(_) => Timer::WakeNext,
            None => Timer::WakePage(ServerId(to.0 + 1)),
        };
        let at = ctx.now + self.rules.wake_spacing;
        ctx.out.push(Effect::Wake { at, timer });
    }
}
