//! Storing events that were pulled from a peer (Synapse, `_process_pulled_events`; reference 2.3, 2.4).

use std::collections::VecDeque;

use crate::journal::EventNo;
use crate::kernel::{SimDuration, SimTime};

use super::arrival::Way;
use super::authority::Told;
use super::outbox::{Answer, Context, Copy, Effect, Request, TaskId, Timer};
use super::replica::{PullFailure, Replica};
use super::tasks::{Pull, Task, Then};
use super::{Homeserver, Rules, state};

/// Checking and storing one pulled event, where that matters. Assumption: a few database transactions, half of what
/// it takes to ask another server for the state.
const STORE_TIME: SimDuration = SimDuration::millis(50);

impl Replica {
    /// Writes down that an event could be pulled but not checked, or not pulled.
    pub(super) fn record_failed_pull(&mut self, no: EventNo, now: SimTime) {
        let failure = self.failed_pulls.entry(no).or_insert(PullFailure {
            attempts: 0,
            last: now,
        });
        failure.attempts += 1;
        failure.last = now;
    }

    /// Leaves out what is stored here; mostly that is nothing.
    fn leave_out_stored(&self, copies: &mut Vec<Copy>) {
        let numbers = || copies.iter().map(|copy| copy.no);
        let all = numbers().min().zip(numbers().max());
        if all.is_some_and(|(first, last)| self.timeline.overlaps(&(first..last + 1))) {
            copies.retain(|copy| !self.has(copy.no));
        }
    }

    /// Is the event in its failed-pull back-off: 2, 4, 8 ... hours after the last attempt?
    pub(super) fn in_pull_backoff(&self, rules: &Rules, no: EventNo, now: SimTime) -> bool {
        self.failed_pulls.get(&no).is_some_and(|failure| {
            let doublings = failure.attempts.min(rules.failed_pull_doubling_cap);
            now < failure.last + SimDuration(rules.failed_pull_base.0 << doublings)
        })
    }
}

impl Homeserver {
    /// Begins to store pulled events. Those that failed before are tried apart, so that nothing waits for
    /// them.
    pub(super) fn pull(&mut self, ctx: &mut Context<'_>, mut pull: Pull) {
        let log = &ctx.logs[pull.room.index()];
        let spec = &ctx.rooms[pull.room.index()];
        let events = std::mem::take(&mut pull.rest);
        let (checked, unverifiable): (Vec<Copy>, Vec<Copy>) = events
            .into_iter()
            .partition(|copy| self.verifies(log, copy.no));
        let now = ctx.now;
        let Some(replica) = self.replica(pull.room, log, spec) else {
            return self.pulled(ctx, &pull);
        };
        // What stands on these is then skipped without being asked about
        // (`_check_sigs_and_hash_for_pulled_events_and_fetch`).
        for copy in unverifiable {
            replica.record_failed_pull(copy.no, now);
        }
        let mut fresh = checked;
        replica.leave_out_stored(&mut fresh);
        fresh.retain(|copy| !replica.is_buried(copy.no));
        fresh.sort_by_cached_key(|copy| (log.depth(copy.no), copy.no));
        let (failed, fresh): (VecDeque<Copy>, VecDeque<Copy>) = fresh
            .into_iter()
            .partition(|copy| replica.failed_pulls.contains_key(&copy.no));
        pull.rest = fresh;
        if !failed.is_empty() {
            // Who is first decides whether a fresh event that stands on a failed one is stored; so the fresh ones
            // take their time here.
            pull.is_paced = true;
            let beside = Pull {
                rest: failed,
                is_paced: false,
                then: Then::Nothing,
                ..pull.clone()
            };
            self.next_pulled(ctx, beside);
        }
        self.next_pulled(ctx, pull);
    }

    /// Goes on with the next of the events that take their time.
    pub(super) fn go_on_pulling(&mut self, ctx: &mut Context<'_>, task: TaskId) {
        if let Some(Task::Pull(pull)) = self.memory.tasks.remove(&task) {
            self.next_pulled(ctx, pull);
        }
    }

    /// Lets the time pass that it takes to store an event.
    fn pause_pulling(&mut self, ctx: &mut Context<'_>, pull: Pull) {
        let task = self.next_id();
        self.memory.tasks.insert(task, Task::Pull(pull));
        ctx.out.push(Effect::Wake {
            at: ctx.now + STORE_TIME,
            timer: Timer::Pulled(task),
        });
    }

    /// Stores pulled events until one of them lacks the state before it.
    fn next_pulled(&mut self, ctx: &mut Context<'_>, mut pull: Pull) {
        let way = Way {
            path: pull.path,
            from: pull.from,
        };
        while let Some(copy) = pull.rest.front().copied() {
            let log = &ctx.logs[pull.room.index()];
            let spec = &ctx.rooms[pull.room.index()];
            if self.replica(pull.room, log, spec).is_none() {
                break;
            }
            let rules = &self.rules;
            let replica = self.db.rooms.get_mut(&pull.room).expect("just looked at");
            if replica.has(copy.no) {
                pull.rest.pop_front();
                continue;
            }
            if log.prev_events(copy.no).len() > rules.max_prev as usize
                || state::auth_count(log, spec, copy.no) > rules.max_auth as usize
            {
                replica.record_failed_pull(copy.no, ctx.now);
                pull.rest.pop_front();
                continue;
            }
            let missing = replica.missing_prev_events(log, copy.no);
            if missing.is_empty()
                && let Some((run, shell)) = pull.take_run(log, replica)
            {
                self.store_drawn_history(ctx, pull.room, run, shell, way);
            } else if missing.is_empty() {
                pull.rest.pop_front();
                self.store(ctx, pull.room, copy, way);
                if pull.is_paced && !pull.rest.is_empty() {
                    return self.pause_pulling(ctx, pull);
                }
            } else if missing
                .iter()
                .any(|prev| replica.in_pull_backoff(rules, *prev, ctx.now))
            {
                // Skipped without being counted as a failure.
                pull.rest.pop_front();
            } else {
                // Synapse asks in no order of its own; here the deepest goes first.
                let mut missing = missing;
                missing.sort_by_key(|prev| std::cmp::Reverse((log.depth(*prev), *prev)));
                pull.unasked = missing.into();
                return self.ask_for_state(ctx, pull);
            }
        }
        self.pulled(ctx, &pull);
    }

    /// Asks for the state at the next missing parent; when there is none left, the event is stored.
    fn ask_for_state(&mut self, ctx: &mut Context<'_>, mut pull: Pull) {
        let room = pull.room;
        if let Some(event) = pull.unasked.front().copied() {
            let request = Request::StateAt { room, event };
            return self.ask(ctx, pull.from, request, Task::Pull(pull));
        }
        if let Some(copy) = pull.rest.pop_front() {
            let way = Way {
                path: pull.path,
                from: pull.from,
            };
            self.store(ctx, room, copy, way);
        }
        self.next_pulled(ctx, pull);
    }

    /// The state at a missing parent of the next pulled event has arrived, or has not. What arrived is
    /// kept, even if another parent's state does not.
    pub(super) fn state_arrived(&mut self, ctx: &mut Context<'_>, mut pull: Pull, answer: &Answer) {
        let log = &ctx.logs[pull.room.index()];
        let spec = &ctx.rooms[pull.room.index()];
        let now = ctx.now;
        let (Some(prev), Some(copy)) = (pull.unasked.pop_front(), pull.rest.front().copied())
        else {
            return self.pulled(ctx, &pull);
        };
        let is_known =
            *answer == Answer::State && self.take_state(ctx, pull.room, &Told::at(log, prev));
        if is_known {
            return self.ask_for_state(ctx, pull);
        }
        let Some(replica) = self.replica(pull.room, log, spec) else {
            return self.pulled(ctx, &pull);
        };
        replica.record_failed_pull(copy.no, now);
        pull.rest.pop_front();
        pull.unasked.clear();
        self.refuse(ctx, pull.room, pull.from, "state-missing");
        self.next_pulled(ctx, pull);
    }

    /// All pulled events are dealt with.
    fn pulled(&mut self, ctx: &mut Context<'_>, pull: &Pull) {
        match pull.then {
            Then::Push { event, from } => self.finish_push(ctx, pull.room, event, from),
            Then::Backfilled => self.backfill_over(ctx, pull.room, true),
            Then::Jumped { ticket } => self.jumped(ctx, ticket),
            Then::Nothing => {}
        }
    }
}

#[test]
fn a_failed_pull_is_left_alone_for_two_four_eight_hours_and_at_most_eleven_days() {
    let (rules, at) = (Rules::default(), SimTime(1_000_000));
    let mut replica = Replica::default();
    for doublings in 1..=12u32 {
        replica.record_failed_pull(5, at);
        let hours = SimDuration::hours(1 << doublings.min(8));
        let end = at + hours;
        assert!(replica.in_pull_backoff(&rules, 5, end.saturating_sub(SimDuration(1))));
        assert!(!replica.in_pull_backoff(&rules, 5, end));
        assert!(!replica.in_pull_backoff(&rules, 6, at));
    }
}
