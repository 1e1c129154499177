//! Forward extremities: which stale ones are dropped (reference 2.5; Synapse, `_prune_extremities`).

use std::collections::BTreeSet;

use crate::journal::{EventNo, ServerId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::{Pdu, RoomLog, StateMap};
use crate::workload::RoomSpec;

use super::replica::Replica;
use super::state;

/// A stale extremity older and deeper than this may go (`_prune_extremities`, 24 h and 100 depths).
const PRUNE_AGE: SimDuration = SimDuration::hours(24);
const PRUNE_DEPTH: u32 = 100;
/// One of the same server as the new event may go sooner.
const PRUNE_DEPTH_SAME_SERVER: u32 = 20;

impl Replica {
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
        now: SimTime,
        old_groups: &BTreeSet<u32>,
        me: ServerId,
    ) {
        let groups: BTreeSet<u32> = self.heads.iter().map(|head| self.group(*head)).collect();
        if groups == *old_groups || groups.len() <= 1 {
            return;
        }
        let states: Vec<&StateMap> = self
            .heads
            .iter()
            .map(|head| log.state_after(*head))
            .collect();
        let resolved = state::resolve(log, spec, &states);
        let Some(kept_group) = first_in_set_order(&groups).into_iter().find(|group| {
            self.heads
                .iter()
                .any(|head| self.group(*head) == *group && *log.state_after(*head) == resolved)
        }) else {
            return;
        };
        let (kept, dropped): (BTreeSet<EventNo>, BTreeSet<EventNo>) = self
            .heads
            .iter()
            .partition(|head| self.group(**head) == kept_group);
        let stale = |no: &EventNo| {
            let origin = log.origin(*no);
            let depth = log.depth(*no);
            let old = now.since(log.at(*no)) > PRUNE_AGE && depth + PRUNE_DEPTH < new.depth;
            let same = origin == new.origin && depth + PRUNE_DEPTH_SAME_SERVER < new.depth;
            origin != me && (old || same)
        };
        if dropped.iter().all(stale) {
            self.heads = kept;
        }
    }
}

/// The order in which Synapse (CPython) walks a small set of state group ids: by their lowest bits. Which
/// of two equal groups is found first decides whether a stale extremity can be dropped.
pub(super) fn first_in_set_order(groups: &BTreeSet<u32>) -> Vec<u32> {
    // A CPython set has 8 places up to four elements, then 32, then 128.
    let places = match groups.len() {
        0..=4 => 8,
        5..=18 => 32,
        _ => 128,
    };
    let mut ordered: Vec<u32> = groups.iter().copied().collect();
    ordered.sort_by_key(|group| (group % places, *group));
    ordered
}
