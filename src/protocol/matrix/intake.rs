//! The receiving side: transactions, and what becomes of a pushed event (reference, sections 2.1 to 2.3).

use std::collections::{BTreeSet, VecDeque};

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId};

use super::arrival::Way;
use super::outbox::{Answer, Context, Copy, Effect, Request};
use super::rules::UnknownRoom;
use super::tasks::{Pull, Task, Then};
use super::{Homeserver, state};

impl Homeserver {
    /// A transaction arrives; it is answered with 200 whatever becomes of its events.
    pub fn on_transaction(
        &mut self,
        ctx: &mut Context<'_>,
        from: ServerId,
        pdus: &[(RoomId, EventNo)],
    ) {
        self.heard_from(ctx, from);
        let mut rooms = BTreeSet::new();
        for (room, event) in pdus {
            // Rule 2: an event of a room without a row is skipped silently.
            if self.db.rooms.contains_key(room) {
                self.memory
                    .staged
                    .entry(*room)
                    .or_default()
                    .push_back((*event, from));
                self.memory.pruned.remove(room);
                rooms.insert(*room);
            } else if self.rules.unknown_room_policy == UnknownRoom::Rebuild {
                self.rebuild(ctx, *room, *event, from);
            }
        }
        for room in rooms {
            self.next_staged(ctx, room);
        }
    }

    /// Writes down why something that was pushed here is not stored.
    pub(super) fn refuse(
        &self,
        ctx: &mut Context<'_>,
        room: RoomId,
        peer: ServerId,
        rule: &'static str,
    ) {
        ctx.out.push(Effect::Note(Fact::Refused {
            at: ctx.now,
            server: self.id,
            room,
            peer,
            rule,
        }));
    }

    /// With a hundred events waiting in a room after one was dealt with, those that another waiting one refers to are dropped
    /// (`prune_staged_events_in_room`).
    fn prune_staged(&mut self, ctx: &Context<'_>, room: RoomId) {
        let log = &ctx.logs[room.index()];
        let Some(staged) = self.memory.staged.get_mut(&room) else {
            return;
        };
        let is_short = staged.len() < self.rules.staging_prune_at as usize;
        if is_short || !self.memory.pruned.insert(room) {
            return;
        }
        let mut referred = BTreeSet::new();
        for (event, _) in staged.iter() {
            log.for_each_prev(*event, |prev| {
                referred.insert(prev);
            });
        }
        staged.retain(|(event, _)| !referred.contains(event));
    }

    /// A what-if: a room that the server does not know is rebuilt from the state at the pushed event.
    fn rebuild(&mut self, ctx: &mut Context<'_>, room: RoomId, event: EventNo, from: ServerId) {
        let request = Request::StateAt { room, event };
        self.ask(ctx, from, request, Task::Rebuild { room, event, from });
    }

    /// Takes the room's next staged event, unless one is being processed.
    pub(super) fn next_staged(&mut self, ctx: &mut Context<'_>, room: RoomId) {
        while !self.memory.busy.contains(&room) {
            let Some((event, from)) = self
                .memory
                .staged
                .get_mut(&room)
                .and_then(VecDeque::pop_front)
            else {
                self.memory.staged.remove(&room);
                return;
            };
            self.memory.busy.insert(room);
            self.on_receive_pdu(ctx, room, event, from);
        }
    }

    /// The staged event is dealt with; the room's next one is taken.
    fn staged_done(&mut self, ctx: &mut Context<'_>, room: RoomId) {
        self.memory.busy.remove(&room);
        self.prune_staged(ctx, room);
        self.next_staged(ctx, room);
    }

    /// Synapse's `on_receive_pdu` for one event of a transaction.
    fn on_receive_pdu(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        event: EventNo,
        from: ServerId,
    ) {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let me = self.id;
        let verifies = self.verifies(log, event);
        let limit = self.rules.gme_request_limit;
        let has_many_prev = log.prev_events(event).len() > self.rules.max_prev as usize;
        let has_many_auth = state::auth_count(log, spec, event) > self.rules.max_auth as usize;
        let Some(replica) = self.replica(room, log, spec) else {
            return self.staged_done(ctx, room);
        };
        if replica.has(event) || replica.is_buried(event) {
            return self.staged_done(ctx, room);
        }
        if !verifies {
            self.refuse(ctx, room, from, "bad-signature");
            return self.staged_done(ctx, room);
        }
        // `_sanity_check_event`
        if has_many_prev || has_many_auth {
            let rule = if has_many_prev {
                "too-many-parents"
            } else {
                "too-many-auth-events"
            };
            self.refuse(ctx, room, from, rule);
            return self.staged_done(ctx, room);
        }
        if !replica.in_room(log, me) {
            self.rescind_invite(ctx, room, event);
            return self.staged_done(ctx, room);
        }
        let missing = replica.missing_prev_events(log, event);
        if missing.is_empty() {
            self.store(
                ctx,
                room,
                Copy {
                    no: event,
                    shell: false,
                },
                Way {
                    path: Path::Push,
                    from,
                },
            );
            return self.staged_done(ctx, room);
        }
        // Only above the room's smallest depth is anything fetched (`min_depth`).
        if replica
            .min_depth
            .is_some_and(|least| log.depth(event) <= least)
        {
            self.refuse(ctx, room, from, "purged-below");
            return self.staged_done(ctx, room);
        }
        let mut earliest: BTreeSet<EventNo> = replica.heads.keys().copied().collect();
        log.for_each_prev(event, |prev| {
            if !missing.contains(&prev) {
                earliest.insert(prev);
            }
        });
        let request = Request::MissingEvents {
            room,
            earliest,
            latest: event,
            limit,
        };
        self.ask(ctx, from, request, Task::GapFill { room, event, from });
    }

    /// The answer to `get_missing_events`; an error counts as an empty answer.
    pub(super) fn missing_events_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        event: EventNo,
        from: ServerId,
        answer: Answer,
    ) {
        let events = match answer {
            Answer::Events(events) => events,
            _ => Vec::new(),
        };
        let then = Then::Push { event, from };
        self.pull(
            ctx,
            Pull {
                room,
                from,
                path: Path::GapFill,
                rest: events.into(),
                unasked: VecDeque::new(),
                is_paced: false,
                then,
            },
        );
    }

    /// The gap below a push has been filled as far as it goes: store the push, or reject it.
    pub(super) fn finish_push(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        event: EventNo,
        from: ServerId,
    ) {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        if let Some(replica) = self.replica(room, log, spec)
            && !replica.has(event)
        {
            if replica.missing_prev_events(log, event).is_empty() {
                self.store(
                    ctx,
                    room,
                    Copy {
                        no: event,
                        shell: false,
                    },
                    Way {
                        path: Path::Push,
                        from,
                    },
                );
            } else {
                self.refuse(ctx, room, from, "state-missing");
            }
        }
        self.staged_done(ctx, room);
    }
}
