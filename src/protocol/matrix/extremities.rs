//! Forward extremities: which stale ones are dropped (reference 2.5; Synapse, `_prune_extremities`).

use std::collections::BTreeMap;

use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::SimTime;
use crate::room::{Body, Pdu, RoomLog, StateMap};
use crate::workload::RoomSpec;

use super::groups::first_in_set_order;
use super::outbox::{Context, Effect, Timer};
use super::replica::Replica;
use super::{Homeserver, Rules, state};

/// Who looks at a room's extremities, when and by which rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pruner<'a> {
    pub(super) me: ServerId,
    pub(super) now: SimTime,
    pub(super) rules: &'a Rules,
}

impl Replica {
    /// An event that something good stands on is no extremity (`_get_events_which_are_prevs`). Where
    /// history was filled in above an extremity, this is noticed with the next new event; where none was, only the
    /// newest extremity can be such an event.
    pub(super) fn forget_referred_heads(&mut self, log: &RoomLog, new: EventNo) {
        let mut heads = std::mem::take(&mut self.heads);
        let is_referred = |no: EventNo| log.successors(no).any(|later| self.is_good(later));
        if self.has_new_history {
            heads.retain(|no, _| !is_referred(*no));
        } else if is_referred(new) {
            heads.remove(&new);
        }
        debug_assert!(!heads.keys().any(|no| is_referred(*no)));
        self.heads = heads;
        self.has_new_history = false;
    }

    /// The forward extremities on which a new event is put, in order: of too many the deepest
    /// (`get_prev_events_for_room`).
    pub(super) fn newest_heads(&self, log: &RoomLog, most: usize) -> Vec<EventNo> {
        let mut heads: Vec<EventNo> = self.heads.keys().copied().collect();
        heads.sort_by_key(|no| std::cmp::Reverse((log.depth(*no), *no)));
        heads.truncate(most);
        heads.sort_unstable();
        heads
    }

    /// The state groups of the forward extremities, each once, in order.
    pub(super) fn head_groups(&self) -> Vec<u32> {
        debug_assert!((self.heads.iter()).all(|(head, group)| self.group(*head) == *group));
        let mut groups: Vec<u32> = self.heads.values().copied().collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Parents of soft-failed or rejected parents are no extremities either, once something good stands
    /// on them.
    pub(super) fn forget_refuted_heads(&mut self, log: &RoomLog, pdu: &Pdu) {
        let mut front: Vec<EventNo> = pdu.prev_events.clone();
        while let Some(no) = front.pop() {
            if self.soft.contains(&no) || self.rejected.contains(&no) {
                for prev in log.prev_events(no) {
                    self.heads.remove(&prev);
                    front.push(prev);
                }
            }
        }
    }

    /// Drops stale extremities when the resolved state is that of one of the others. All of them go, or
    /// none.
    pub(super) fn prune_extremities(
        &mut self,
        log: &RoomLog,
        spec: &RoomSpec,
        new: &Pdu,
        old_groups: &[u32],
        pruner: Pruner<'_>,
    ) {
        let groups = self.head_groups();
        if groups == old_groups || groups.len() <= 1 {
            return;
        }
        let heads = self.heads.keys();
        let states: Vec<&StateMap> = heads.map(|head| log.state_after(*head)).collect();
        let resolved = state::resolve(log, spec, &states);
        let Some(kept_group) = first_in_set_order(&groups).into_iter().find(|group| {
            let mut heads = self.heads.iter();
            heads.any(|(head, of)| of == group && *log.state_after(*head) == resolved)
        }) else {
            return;
        };
        let heads = self.heads.iter();
        let (kept, dropped): (BTreeMap<EventNo, u32>, BTreeMap<EventNo, u32>) =
            heads.partition(|(_, group)| **group == kept_group);
        let stale = |no: &EventNo| {
            let origin = log.origin(*no);
            let depth = log.depth(*no);
            let rules = pruner.rules;
            let old = pruner.now.since(log.at(*no)) > rules.extremity_prune_age
                && depth + rules.extremity_prune_depth < new.depth;
            let same =
                origin == new.origin && depth + rules.extremity_prune_same_domain_depth < new.depth;
            origin != pruner.me && (old || same)
        };
        if dropped.keys().all(stale) {
            self.heads = kept;
        }
    }
}

impl Homeserver {
    /// Plans the next look for rooms with many extremities (`_send_dummy_events_to_fill_extremities`).
    pub(super) fn plan_dummies(&mut self, ctx: &mut Context<'_>) {
        if !self.memory.dummy_planned {
            self.memory.dummy_planned = true;
            ctx.out.push(Effect::Wake {
                at: ctx.now + self.rules.dummy_period,
                timer: Timer::Dummy,
            });
        }
    }

    /// The rooms with most extremities, of those that have too many.
    pub fn forked_rooms(&self) -> Vec<RoomId> {
        let most = self.rules.dummy_threshold as usize;
        let rooms = self.db.rooms.iter();
        let mut forked: Vec<(usize, RoomId)> = rooms
            .map(|(room, replica)| (replica.heads.len(), *room))
            .filter(|(heads, _)| *heads > most)
            .collect();
        forked.sort_unstable_by_key(|(heads, room)| (std::cmp::Reverse(*heads), *room));
        forked.truncate(self.rules.dummy_rooms as usize);
        forked.into_iter().map(|(_, room)| room).collect()
    }

    /// Sends an event into the rooms with most extremities, by a local member who may.
    pub(super) fn send_dummies(&mut self, ctx: &mut Context<'_>) {
        self.memory.dummy_planned = false;
        let most = self.rules.dummy_threshold as usize;
        let forked = self.forked_rooms();
        let me = self.id;
        for room in &forked {
            let log = &ctx.logs[room.index()];
            let members: Vec<UserId> = log
                .joined(&self.db.rooms[room].state)
                .filter(|user| log.home(*user) == me)
                .collect();
            let sent = members
                .into_iter()
                .any(|user| self.make_event(ctx, *room, user, Body::Dummy).is_ok());
            let still_forked = self.db.rooms[room].heads.len() > most;
            if sent && still_forked {
                self.plan_dummies(ctx);
            }
        }
    }
}
