//! An event that is to be stored in its place: its verdict, and its row in the copy (reference 2.5).

use crate::journal::{EventNo, Path, ServerId};
use crate::kernel::SimTime;
use crate::room::{Body, Pdu, RoomLog, StateMap};
use crate::workload::RoomSpec;

use super::outbox::Copy;
use super::redactions::is_blank;
use super::replica::Replica;
use super::state;

/// How an event came to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// The path.
    pub path: Path,
    /// The giving server.
    pub from: ServerId,
}

impl Way {
    /// Is the event stored as history?
    pub(super) fn backfilled(self) -> bool {
        matches!(self.path, Path::Backfill | Path::Jump)
    }

    /// Did the server ask for the event itself?
    pub(super) fn is_pulled(self) -> bool {
        self.backfilled() || self.path == Path::GapFill
    }
}

/// What becomes of an event in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    SoftFailed,
    Rejected,
}

/// An event that is to be stored in its place, and what the server finds about it.
pub(super) struct Arrival {
    pub(super) copy: Copy,
    pub(super) way: Way,
    pub(super) pdu: Pdu,
    /// Parents that are not stored in their place.
    pub(super) missing: Vec<EventNo>,
    /// The state before it, as far as it is known here.
    pub(super) before: StateMap,
    pub(super) was_outlier: bool,
    pub(super) verdict: Verdict,
}

impl Arrival {
    /// What the server finds.
    pub(super) fn at(
        replica: &Replica,
        log: &RoomLog,
        spec: &RoomSpec,
        copy: Copy,
        way: Way,
    ) -> Arrival {
        let pdu = whole(log, copy.no);
        let missing = replica.missing_prev_events(log, copy.no);
        let state = state::state_before(log, spec, &pdu.prev_events);
        let before = replica.known_part(log, state);
        let verdict = if !state::allowed(log, spec, &before, &pdu) {
            Verdict::Rejected
        } else if !way.backfilled()
            && soft_fails(replica, log, spec, &pdu, &before, missing.is_empty())
        {
            Verdict::SoftFailed
        } else {
            Verdict::Accepted
        };
        Arrival {
            copy,
            way,
            missing,
            before,
            was_outlier: replica.outliers.contains(&copy.no),
            verdict,
            pdu,
        }
    }

    /// Does it move the forward extremities?
    pub(super) fn is_new(&self) -> bool {
        !self.way.backfilled() && self.verdict == Verdict::Accepted
    }

    /// Would an own event go through the sender once more? One that arrives live does (reference 1.1). Above a gap the
    /// servers in the room are not known.
    pub(super) fn is_sent_again(&self) -> bool {
        let is_live = !self.way.backfilled() && self.way.path != Path::Join;
        let is_first = !self.was_outlier && self.verdict != Verdict::Rejected;
        is_live && is_first && self.missing.is_empty()
    }
}

impl Replica {
    /// Stores an event in its place, whatever follows from it. A former outlier keeps the position, the standing and the
    /// content that it was given then (`_update_outliers_txn`).
    pub(super) fn put_in_place(
        &mut self,
        arrival: &Arrival,
        group: u32,
        spec: &RoomSpec,
        me: ServerId,
        now: SimTime,
    ) {
        let (no, pdu) = (arrival.copy.no, &arrival.pdu);
        let was_outlier = arrival.was_outlier;
        if !was_outlier {
            if arrival.way.backfilled() {
                self.positions.place_history(no..no + 1);
            } else {
                self.positions.place_live(no, pdu.at, now);
            }
        }
        self.set_groups(no..no + 1, group);
        self.timeline.insert(no..no + 1);
        self.outliers.remove(no..no + 1);
        self.failed_pulls.remove(&no);
        // One that is neither state nor spared by a purge was given as it is now, as the parent of another one
        // (`_get_state_and_persist`).
        let keeps_content = was_outlier && (pdu.origin == me || pdu.body.state_key().is_some());
        let shell = arrival.copy.shell && !keeps_content;
        let rejected = arrival.verdict == Verdict::Rejected;
        let soft = arrival.verdict == Verdict::SoftFailed;
        for (set, yes) in [
            (&mut self.rejected, rejected),
            (&mut self.soft, soft && !was_outlier),
            (&mut self.shells, shell),
            (&mut self.blank, is_blank(spec, &pdu.body, shell)),
        ] {
            if yes {
                set.insert(no..no + 1);
            } else {
                set.remove(no..no + 1);
            }
        }
        self.update_backward_extremities(arrival);
        self.lower_min_depth(if rejected { 0 } else { pdu.depth });
    }

    /// `event_backward_extremities` after an event is stored (Synapse, `_update_backward_extremeties`).
    fn update_backward_extremities(&mut self, arrival: &Arrival) {
        self.backward.remove(&arrival.copy.no);
        for prev in &arrival.missing {
            if !self.is_buried(*prev) {
                self.backward.insert(*prev);
            }
        }
    }
}

/// Soft failure: allowed in its place, but not by the current state (reference 2.5).
fn soft_fails(
    replica: &Replica,
    log: &RoomLog,
    spec: &RoomSpec,
    pdu: &Pdu,
    before: &StateMap,
    whole: bool,
) -> bool {
    if replica.heads.keys().copied().eq(sorted(&pdu.prev_events)) {
        return false;
    }
    if whole {
        return !replica.state.is_empty() && !state::allowed(log, spec, &replica.state, pdu);
    }
    // With a gap below, the state is resolved with that at the event (Synapse, `_check_for_soft_fail`).
    let heads = replica.heads.keys();
    let mut states: Vec<&StateMap> = heads.map(|head| log.state_after(*head)).collect();
    states.push(before);
    !state::allowed(log, spec, &state::resolve(log, spec, &states), pdu)
}

fn sorted(events: &[EventNo]) -> Vec<EventNo> {
    let mut events = events.to_vec();
    events.sort_unstable();
    events
}

/// The item as one PDU, whether kept singly or drawn.
pub(super) fn whole(log: &RoomLog, no: EventNo) -> Pdu {
    log.single(no).cloned().unwrap_or_else(|| {
        let (sender, origin) = log.author(no);
        Pdu {
            sender,
            origin,
            body: Body::Message {
                file: None,
                traffic: None,
            },
            prev_events: log.prev_events(no),
            auth_events: Vec::new(),
            depth: log.depth(no),
            at: log.at(no),
        }
    })
}
