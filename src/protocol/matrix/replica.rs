//! One server's copy of one room: which items it has, in which standing, and what it believes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use imbl::ordmap::DiffItem;
use rangemap::{RangeMap, RangeSet};

use crate::journal::{EventNo, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::{Membership, RoomLog, StateKey, StateMap};
use crate::workload::RoomSpec;

use super::positions::Positions;
use super::state;

/// Numbers of items, as ranges.
pub type Items = RangeSet<EventNo>;

/// Attempts to pull an event that failed (`event_failed_pull_attempts`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullFailure {
    /// How often.
    pub attempts: u32,
    /// The last one.
    pub last: SimTime,
}

/// What another state of a room means for local users.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Users whose membership is another event now, by which they are joined.
    pub(super) joined: Vec<UserId>,
    /// The last local user is out of the room.
    pub(super) left: bool,
}

/// A copy of a room.
#[derive(Debug, Clone, Default)]
pub struct Replica {
    /// Stored in their place in the graph (soft-failed and rejected ones included).
    pub timeline: Items,
    /// Of `timeline`: soft-failed.
    pub soft: Items,
    /// Of `timeline`: rejected.
    pub rejected: Items,
    /// Of `timeline`: held without content, as history visibility or redaction left them.
    pub shells: Items,
    /// Of `timeline`: redactions that came without saying what they redact, as history visibility left them.
    pub blank: Items,
    /// Known without their place in the graph.
    pub outliers: Items,
    /// `event_forward_extremities`, and the state group after each.
    pub heads: BTreeMap<EventNo, u32>,
    /// `event_backward_extremities`
    pub backward: BTreeSet<EventNo>,
    /// `event_failed_pull_attempts`
    pub failed_pulls: BTreeMap<EventNo, PullFailure>,
    /// State of others' that could not be taken over, since its signature is not known here any more.
    pub unverified: BTreeSet<EventNo>,
    /// `room_depth`: below this nothing is fetched for a push. Whatever is stored without a place in the
    /// graph, or rejected, sets it to 0 (`_update_room_depths_txn`).
    pub min_depth: Option<u32>,
    /// Current state; empty when no local user is in the room (any more).
    pub state: StateMap,
    /// Memberships of local users that are not those of `state`: invitations and their ends, and leaves
    /// after which the server left the room.
    pub out_of_band: BTreeMap<UserId, (Membership, EventNo)>,
    /// What-if: deleted for good.
    pub tombstones: Items,
    /// What-if: stored since the purge job last looked for content whose time is over.
    pub(super) returned: Items,
    /// What-if: before which item that job has looked, of own users' messages or others', by their lifetime.
    pub(super) pruned: BTreeMap<(bool, SimDuration), EventNo>,
    /// Was history stored since somebody looked whether it stands on a forward extremity?
    pub(super) has_new_history: bool,
    /// State group after each item of `timeline`.
    groups: RangeMap<EventNo, u32>,
    /// Stream positions of `timeline` and of outliers.
    pub positions: Positions,
    /// Does it know the newest item, so that a message on top of that is accepted without more?
    /// While it does, it holds every item from `synced` on that is delivered in step.
    pub follows: bool,
    /// Items before this number are written out in the fields above.
    pub synced: EventNo,
}

impl Replica {
    /// Is one of this server's users joined, as the server itself believes?
    pub fn in_room(&self, log: &RoomLog, me: ServerId) -> bool {
        log.is_inside(&self.state, me)
    }

    /// A local user's membership as the server shows it.
    pub fn local_membership(&self, log: &RoomLog, user: UserId) -> Option<Membership> {
        let apart = self.out_of_band.get(&user);
        apart
            .map(|(membership, _)| *membership)
            .or_else(|| log.membership_in(&self.state, user))
    }

    /// Writes out what was received in step since the last look: every item from `synced` on, each on
    /// top of the one before.
    pub fn sync(&mut self, log: &RoomLog, spec: &RoomSpec, next_group: &mut u32) {
        self.sync_to(log.len(), log, spec, next_group);
    }

    /// Is anything to be written out?
    pub(super) fn is_behind(&self, log: &RoomLog) -> bool {
        self.follows && self.synced < log.len()
    }

    /// How many forward extremities the copy has before an item, with what was received in step since the last look.
    pub fn count_heads(&self, end: EventNo, log: &RoomLog) -> usize {
        if self.heads.len() == 1 || !self.follows || self.synced >= end {
            return self.heads.len();
        }
        let in_step = self.synced..end;
        let stands_free = |no: EventNo| {
            !log.successors(no)
                .any(|later| in_step.contains(&later) || self.is_good(later))
        };
        let tip = self.synced - 1;
        let others = self
            .heads
            .keys()
            .filter(|no| **no != tip && stands_free(**no));
        1 + others.count()
    }

    /// Is the item stored in its place, and neither soft-failed nor rejected?
    pub(super) fn is_good(&self, no: EventNo) -> bool {
        self.has(no) && !self.soft.contains(&no) && !self.rejected.contains(&no)
    }

    /// As `sync`, but only items before `end` were received in step.
    pub fn sync_to(&mut self, end: EventNo, log: &RoomLog, spec: &RoomSpec, next_group: &mut u32) {
        if !self.follows || self.synced >= end {
            return;
        }
        let (first, tip) = (self.synced, self.synced - 1);
        self.timeline.insert(first..end);
        self.positions.place_in_step(first, end);
        let mut from = first;
        let mut group = self.groups.get(&tip).copied().unwrap_or_default();
        for no in log.state_events(first, end) {
            if from < *no {
                self.groups.insert(from..*no, group);
            }
            group = *next_group;
            *next_group += 1;
            from = *no;
        }
        self.groups.insert(from..end, group);
        self.heads.remove(&tip);
        self.heads.insert(end - 1, group);
        if self.heads.len() > 1 {
            // A message on top of two branches joins them.
            self.has_new_history = true;
            self.forget_referred_heads(log, end - 1);
        }
        self.synced = end;
        self.state = self.resolve_heads(log, spec);
    }

    /// Another current state. A server whose last user is out of the room forgets the state, and keeps
    /// only what became of its own users (`_update_current_state_txn`). Says what that means for those.
    pub(super) fn set_state(&mut self, log: &RoomLog, me: ServerId, state: StateMap) -> Turn {
        let was_inside = !self.state.is_empty();
        let is_own =
            |key: &StateKey| matches!(key, StateKey::Member(user) if log.home(*user) == me);
        let changed: Vec<StateKey> = self
            .state
            .diff(&state)
            .map(|item| match item {
                DiffItem::Add(key, _) | DiffItem::Remove(key, _) => *key,
                DiffItem::Update { new: (key, _), .. } => *key,
            })
            .filter(is_own)
            .collect();
        for key in &changed {
            if let StateKey::Member(user) = key {
                self.out_of_band.remove(user);
            }
        }
        self.state = state;
        if !changed.is_empty() && !self.in_room(log, me) {
            let own = self.state.iter().filter_map(|(key, no)| match key {
                StateKey::Member(user) if log.home(*user) == me => {
                    Some((*user, (log.membership(*no)?, *no)))
                }
                _ => None,
            });
            self.out_of_band.extend(own);
            self.state = StateMap::new();
        }
        let members = changed.into_iter().filter_map(|key| match key {
            StateKey::Member(user) => Some(user),
            _ => None,
        });
        let is_member =
            |user: &UserId| log.membership_in(&self.state, *user) == Some(Membership::Join);
        Turn {
            joined: members.filter(is_member).collect(),
            left: was_inside && self.state.is_empty(),
        }
    }

    /// The state over all forward extremities.
    pub fn resolve_heads(&self, log: &RoomLog, spec: &RoomSpec) -> StateMap {
        let states = self.heads.keys().map(|no| log.state_after(*no));
        let resolved = |states: &[&StateMap]| match states {
            [] => StateMap::new(),
            _ => state::resolve(log, spec, states),
        };
        if self.unverified.is_empty() {
            return resolved(&Vec::from_iter(states));
        }
        let states: Vec<StateMap> = states
            .map(|state| self.known_part(log, state.clone()))
            .collect();
        resolved(&Vec::from_iter(&states))
    }

    /// A state without that which could not be taken over.
    pub(super) fn known_part(&self, log: &RoomLog, mut state: StateMap) -> StateMap {
        for no in &self.unverified {
            let key = log.state_key(*no);
            if let Some(key) = key.filter(|key| state.get(key) == Some(no)) {
                state.remove(&key);
            }
        }
        state
    }

    /// After anything was processed here: does the copy know the newest item of the room?
    pub fn mark(&mut self, log: &RoomLog, me: ServerId) {
        // A purge can take an extremity away without its row (reference 7.4).
        let has_newest = log
            .last()
            .is_some_and(|last| self.heads.contains_key(&last) && self.has(last));
        self.follows = has_newest && self.in_room(log, me);
        self.synced = log.len();
    }

    /// The state group after an item.
    pub fn group(&self, no: EventNo) -> u32 {
        self.groups.get(&no).copied().unwrap_or_default()
    }

    /// Sets the state group after each of some items.
    pub fn set_groups(&mut self, items: Range<EventNo>, group: u32) {
        for (_, after) in self.heads.range_mut(items.clone()) {
            *after = group;
        }
        self.groups.insert(items, group);
    }

    /// Is the item stored in its place?
    pub fn has(&self, no: EventNo) -> bool {
        self.timeline.contains(&no)
    }

    /// Is the item in the `events` table, in whatever standing?
    pub fn knows(&self, no: EventNo) -> bool {
        self.has(no) || self.outliers.contains(&no)
    }

    /// Are the item's `event_edges` stored? Those of outliers are, those of rejected items are not
    /// (`_update_metadata_tables_txn`).
    pub fn has_edges(&self, no: EventNo) -> bool {
        self.knows(no) && !self.rejected.contains(&no)
    }

    /// Items known here that stand on the given one.
    pub fn successors<'a>(
        &'a self,
        log: &'a RoomLog,
        no: EventNo,
    ) -> impl Iterator<Item = EventNo> + 'a {
        let successors = log.successors(no);
        successors.filter(|later| self.has_edges(*later))
    }

    /// The smallest depth in the room, after items of at least this depth were stored.
    pub fn lower_min_depth(&mut self, depth: u32) {
        if self.min_depth.is_none_or(|least| depth < least) {
            self.min_depth = Some(depth);
        }
    }

    /// Parents of an item that are not stored in their place.
    pub fn missing_prev_events(&self, log: &RoomLog, no: EventNo) -> Vec<EventNo> {
        let mut missing = Vec::new();
        log.for_each_prev(no, |prev| {
            if !self.has(prev) {
                missing.push(prev);
            }
        });
        missing
    }

    /// Rows of the backfill query: a backward extremity and the depth of an item here that refers to it.
    pub fn backfill_points<'a>(
        &'a self,
        log: &'a RoomLog,
    ) -> impl Iterator<Item = (EventNo, u32)> + 'a {
        self.backward.iter().flat_map(|no| {
            let successors = self.successors(log, *no);
            successors.map(|later| (*no, log.depth(later)))
        })
    }

    /// Forgets items `first..end` in every standing.
    pub fn forget(&mut self, first: EventNo, end: EventNo) {
        for set in [
            &mut self.timeline,
            &mut self.soft,
            &mut self.rejected,
            &mut self.shells,
            &mut self.blank,
        ] {
            if !set.is_empty() {
                set.remove(first..end);
            }
        }
    }

    /// Number of items stored in their place.
    pub fn stored(&self) -> u64 {
        self.timeline
            .iter()
            .map(|range| u64::from(range.end - range.start))
            .sum()
    }

    /// Keeps the first `most` items, as an interrupted copy does; says how many those are. Extremities
    /// whose item is missing go with it: such a room stays silent until somebody else speaks
    /// (reference 5.5).
    pub fn keep_first(&mut self, most: u64) -> u64 {
        let mut left = most;
        for range in self.timeline.clone().iter() {
            let len = u64::from(range.end - range.start);
            let kept = len.min(left);
            left -= kept;
            if kept < len {
                self.forget(range.start + kept as EventNo, range.end);
            }
        }
        let timeline = &self.timeline;
        self.heads.retain(|no, _| timeline.contains(no));
        self.follows = false;
        most - left
    }

    /// Could a client that pages back over `rows` items come near a place from which history can be
    /// fetched? Above the nearest such place nothing is missing, so each depth there has an item; and a
    /// page asks for a backfill only within `reach` depths (reference 3.2).
    pub fn is_gap_within(&self, log: &RoomLog, rows: u32, reach: u32) -> bool {
        let top = self
            .heads
            .keys()
            .map(|no| log.depth(*no))
            .max()
            .unwrap_or(0);
        self.backfill_points(log)
            .any(|(_, depth)| top.saturating_sub(rows) <= depth.saturating_add(reach))
    }
}
