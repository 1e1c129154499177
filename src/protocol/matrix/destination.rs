//! The sending side: queues, transactions, catch-up (reference, sections 1.1, 1.2 and 1.5).

use std::collections::VecDeque;
use std::collections::btree_map::Entry;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::{SimDuration, SimTime};

use super::outbox::{Context, Effect};
use super::{Database, Homeserver, visibility};

/// `destinations`: a server that could not be reached, and when it may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// When the last try failed.
    pub last: SimTime,
    /// How long nothing is tried after that.
    pub interval: SimDuration,
    /// Failures so far, for the jitter's address.
    pub failures: u32,
}

/// The in-memory queue towards one server.
#[derive(Debug, Clone, Default)]
pub struct Destination {
    /// Events waiting, in order.
    pub queue: VecDeque<(RoomId, EventNo)>,
    /// The transaction under way.
    pub in_flight: Option<Vec<(RoomId, EventNo)>>,
    /// Tries of the present transaction that failed.
    pub tries: u32,
    /// Nothing is queued; the newest owed event per room is sent instead.
    pub catching_up: bool,
    /// In catch-up: owed events that were read together and are still to be settled, one room after the other.
    pub page: VecDeque<(RoomId, EventNo)>,
    /// Of a catch-up transaction: the room and the owed event that it settles.
    pub settling: Option<(RoomId, EventNo)>,
}

impl Destination {
    /// Is nothing under way or waiting?
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.in_flight.is_none()
            && !self.catching_up
            && self.page.is_empty()
            && self.settling.is_none()
    }
}

impl Database {
    /// Nothing of a room is owed to a server any more.
    fn forget_owed(&mut self, to: ServerId, room: RoomId) {
        if let Entry::Occupied(mut rows) = self.owed.entry(to) {
            rows.get_mut().remove(&room);
            if rows.get().is_empty() {
                rows.remove();
            }
        }
    }
}

impl Homeserver {
    /// Would one more failure be the last of the transaction under way?
    pub fn is_last_try(&self, to: ServerId) -> bool {
        let destination = self.memory.destinations.get(&to);
        destination.is_none_or(|destination| destination.tries >= self.rules.long_retries)
    }

    /// Has the transaction under way not failed yet?
    pub fn is_first_try(&self, to: ServerId) -> bool {
        let destination = self.memory.destinations.get(&to);
        destination.is_some_and(|destination| destination.tries == 0)
    }

    /// Is only the newest event of each room owed?
    pub fn is_catching_up(&self, to: ServerId) -> bool {
        let destination = self.memory.destinations.get(&to);
        destination.is_some_and(|destination| destination.catching_up)
    }

    /// Is a transaction under way?
    pub fn is_transmitting(&self, to: ServerId) -> bool {
        let destination = self.memory.destinations.get(&to);
        destination.is_some_and(|destination| destination.in_flight.is_some())
    }

    /// Is nothing to be tried towards this server yet?
    pub(super) fn in_backoff(&self, to: ServerId, now: SimTime) -> bool {
        self.backoff_until(to).is_some_and(|until| now < until)
    }

    /// When the back-off towards a server ends, if there is one.
    pub fn backoff_until(&self, to: ServerId) -> Option<SimTime> {
        self.db
            .backoffs
            .get(&to)
            .map(|backoff| backoff.last + backoff.interval)
    }

    /// When the back-off towards a server ends, if there is one and nothing is under way.
    pub fn next_try_after(&self, to: ServerId) -> Option<SimTime> {
        let until = self.backoff_until(to);
        until.filter(|_| !self.is_transmitting(to))
    }

    /// Does this server owe the other one events?
    pub fn owes(&self, to: ServerId) -> bool {
        self.db.owed.contains_key(&to)
    }

    /// Is there nothing between this server and the other but an empty queue? Then a delivery in step is
    /// the same as a queued one.
    pub fn is_clear(&self, to: ServerId) -> bool {
        !self.db.backoffs.contains_key(&to)
            && self
                .memory
                .destinations
                .get(&to)
                .is_none_or(Destination::is_idle)
    }

    /// A server was given an event in step.
    pub fn note_given(&mut self, to: ServerId) {
        self.db.given.insert(to);
        self.memory.looked.insert(to);
    }

    /// Queues an own event that was learned again. What was learned with it is stored only after it is on its
    /// way, so a new process finds it as the room's newest and sends just that.
    pub fn queue_again(
        &mut self,
        ctx: &mut Context<'_>,
        to: ServerId,
        room: RoomId,
        event: EventNo,
    ) {
        let is_catching_up = self.owes(to);
        if self.memory.looked.insert(to) {
            self.memory.destinations.entry(to).or_default().catching_up = is_catching_up;
        }
        self.queue_pdu(ctx, to, room, event);
    }

    /// Queues a new event for a server and tries to send.
    pub fn queue_pdu(&mut self, ctx: &mut Context<'_>, to: ServerId, room: RoomId, event: EventNo) {
        let is_quiet = ctx.rooms[room.index()].messages_per_day <= 0.0;
        self.db.owed.entry(to).or_default().insert(room, event);
        self.queue_behind(to, (room, event), ctx.now, is_quiet);
        self.attempt_transaction(ctx, to);
    }

    /// Queues a new event that cannot be sent yet: something is under way, or a back-off not over. The room's newest
    /// event may be known already.
    pub fn queue_waiting(&mut self, to: ServerId, room: RoomId, event: EventNo, now: SimTime) {
        let rows = self.db.owed.entry(to).or_default();
        let newest = rows.entry(room).or_insert(event);
        *newest = event.max(*newest);
        self.queue_behind(to, (room, event), now, false);
        self.refuse_by_backoff(to, now);
    }

    fn queue_behind(
        &mut self,
        to: ServerId,
        (room, event): (RoomId, EventNo),
        now: SimTime,
        is_quiet: bool,
    ) {
        let far = self
            .backoff_until(to)
            .is_some_and(|until| until.since(now) > self.rules.catchup_threshold);
        let destination = self.memory.destinations.entry(to).or_default();
        // A new process looks first what is owed from before, and finds this event among it: if it cannot
        // deliver that, it leaves out what follows. Not so where it never reached the server before. Of a
        // room with drawn traffic this first look is taken to be over: somebody has spoken since the start.
        if self.memory.looked.insert(to) {
            destination.catching_up = is_quiet && self.db.given.contains(&to);
        }
        if destination.catching_up || far {
            destination.catching_up = true;
        } else {
            destination.queue.push_back((room, event));
        }
    }

    /// Is the destination in back-off? A refusal by a long one throws the queue away (`CATCHUP_RETRY_INTERVAL`).
    fn refuse_by_backoff(&mut self, to: ServerId, now: SimTime) -> bool {
        let destination = self.memory.destinations.entry(to).or_default();
        if destination.in_flight.is_some() {
            return false;
        }
        let Some(backoff) = self.db.backoffs.get(&to) else {
            return false;
        };
        let refuses = now < backoff.last + backoff.interval;
        if refuses && backoff.interval > self.rules.catchup_threshold {
            destination.queue.clear();
            destination.catching_up = true;
        }
        refuses
    }

    /// Starts the next transaction towards a server, if there is one to start.
    pub(super) fn attempt_transaction(&mut self, ctx: &mut Context<'_>, to: ServerId) {
        if self.is_transmitting(to) || self.refuse_by_backoff(to, ctx.now) {
            return;
        }
        let destination = self.memory.destinations.entry(to).or_default();
        let pdus = if destination.catching_up {
            match self.next_catch_up(ctx, to) {
                Some(pdus) => pdus,
                None => return self.forget_idle(to),
            }
        } else {
            let most = self.rules.pdus_per_txn as usize;
            let destination = &self.memory.destinations[&to];
            destination.queue.iter().take(most).copied().collect()
        };
        if pdus.is_empty() {
            return self.forget_idle(to);
        }
        let destination = self.memory.destinations.entry(to).or_default();
        destination.in_flight = Some(pdus.clone());
        destination.tries = 0;
        ctx.out.push(Effect::Transmit { to, pdus });
    }

    fn forget_idle(&mut self, to: ServerId) {
        let destination = self.memory.destinations.get(&to);
        if destination.is_some_and(Destination::is_idle) {
            self.memory.destinations.remove(&to);
        }
    }

    /// Catch-up (reference 1.5): the oldest owed room's newest owed event, or the present extremities.
    fn next_catch_up(
        &mut self,
        ctx: &mut Context<'_>,
        to: ServerId,
    ) -> Option<Vec<(RoomId, EventNo)>> {
        let destination = self.memory.destinations.entry(to).or_default();
        if destination.page.is_empty() {
            let page = self.page_of_owed(ctx, to);
            let destination = self.memory.destinations.entry(to).or_default();
            destination.page = page;
        }
        let destination = self.memory.destinations.entry(to).or_default();
        let Some((room, event)) = destination.page.pop_front() else {
            // What is owed still is kept back, and nothing is sent until there is something else
            // (`_catch_up_transmission_loop` fails where it has nothing to send).
            let is_kept_back = self.owes(to);
            let destination = self.memory.destinations.entry(to).or_default();
            destination.catching_up = is_kept_back;
            return None;
        };
        destination.settling = Some((room, event));
        let (log, spec) = (&ctx.logs[room.index()], &ctx.rooms[room.index()]);
        let most = self.rules.catchup_tip_max as usize;
        let replica = self.replica(room, log, spec);
        let heads = replica.iter().flat_map(|replica| {
            let heads = replica.heads.keys().copied();
            heads.filter(|no| !replica.withholds(log, *no))
        });
        let mut tips: Vec<EventNo> = heads.collect();
        tips.sort_by_key(|no| std::cmp::Reverse((log.depth(*no), *no)));
        tips.truncate(most);
        let is_tip = tips.contains(&event);
        // Synapse leaves out those that are older than the last success.
        tips.retain(|no| visibility::server_sees(log, *no, to));
        if is_tip || tips.is_empty() {
            tips = vec![event];
        }
        Some(tips.into_iter().map(|no| (room, no)).collect())
    }

    /// The next page of rooms of which a server is owed events, oldest first. Rows whose event is gone (purged) are
    /// skipped for good.
    fn page_of_owed(&mut self, ctx: &mut Context<'_>, to: ServerId) -> VecDeque<(RoomId, EventNo)> {
        let rows = self.db.owed.get(&to).into_iter().flatten();
        let mut owed: Vec<(RoomId, EventNo)> = rows.map(|(room, event)| (*room, *event)).collect();
        owed.sort_by_key(|(room, event)| (ctx.logs[room.index()].at(*event), *room));
        let mut page = VecDeque::new();
        for (room, event) in owed {
            let (log, spec) = (&ctx.logs[room.index()], &ctx.rooms[room.index()]);
            let replica = self.replica(room, log, spec);
            let Some(replica) = replica.filter(|replica| replica.has(event)) else {
                self.db.forget_owed(to, room);
                continue;
            };
            // What is new is sent as it is; here it is read like anything that is asked for.
            if !replica.withholds(log, event)
                && page.len() < self.rules.catchup_rooms_per_page.max(1) as usize
            {
                page.push_back((room, event));
            }
        }
        page
    }

    /// The transaction was answered with 200.
    pub fn transaction_accepted(&mut self, ctx: &mut Context<'_>, to: ServerId) {
        self.db.backoffs.remove(&to);
        self.db.given.insert(to);
        let Some(destination) = self.memory.destinations.get_mut(&to) else {
            return;
        };
        let Some(sent) = destination.in_flight.take() else {
            return;
        };
        let settled = match destination.settling.take() {
            Some(settled) => vec![settled],
            None => {
                destination
                    .queue
                    .drain(..sent.len().min(destination.queue.len()));
                sent
            }
        };
        for (room, event) in settled {
            let owed = self.db.owed.get(&to).and_then(|rows| rows.get(&room));
            if owed == Some(&event) {
                self.db.forget_owed(to, room);
            }
        }
        self.attempt_transaction(ctx, to);
        if self.owes(to) && !self.is_transmitting(to) {
            self.plan_wake(ctx);
        }
    }
}
