//! What a server must know before it takes an event: a key for its signature, and the events that it rests on.
//!
//! With a lost key a server refuses its own events of the lost time, and with them all that rests on them: the
//! memberships, levels and joins that name them.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId};
use crate::kernel::SimTime;
use crate::room::{Grounds, RoomLog};

use super::arrival::Way;
use super::outbox::Context;
use super::replica::Replica;
use super::{Homeserver, state};

/// With more than one in so many of the events missing, a server has itself told all of them
/// (`_get_state_ids_after_missing_prev_event`).
const WHOLE_STATE_FROM: usize = 10;

/// The state before an event, with all that it rests on, as another server gives it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    event: EventNo,
    grounds: Rc<Grounds>,
}

impl Told {
    /// The answer to `/state_ids`.
    pub(super) fn at(log: &RoomLog, event: EventNo) -> Told {
        let chain = |state: &[EventNo]| -> Vec<EventNo> {
            match state.is_empty() {
                true => Vec::new(),
                false => {
                    let chain = state::auth_chain(log, state.iter().copied());
                    chain.into_iter().collect()
                }
            }
        };
        let Some((pdu, key)) = log
            .single(event)
            .and_then(|pdu| Some((pdu, pdu.body.state_key()?)))
        else {
            let grounds = log.grounds(event, chain);
            return Told { event, grounds };
        };
        let mut state: BTreeSet<EventNo> = log.state_after(event).values().copied().collect();
        // Before a state event stood what it replaced.
        for prev in &pdu.prev_events {
            state.extend(log.state_after(*prev).get(&key));
        }
        state.remove(&event);
        let state: Vec<EventNo> = state.into_iter().collect();
        let auth = chain(&state);
        let grounds = Rc::new(Grounds { state, auth });
        Told { event, grounds }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = EventNo> + '_ {
        let of_state = self.grounds.state.iter().chain(&self.grounds.auth).copied();
        of_state.chain([self.event])
    }

    /// Those that are looked at: the missing ones, or, if many are missing, all.
    fn looked_at(&self, replica: &Replica) -> BTreeSet<EventNo> {
        let mut missing: BTreeSet<EventNo> = [self.event].into();
        missing.retain(|no| !replica.knows(*no));
        for events in [&self.grounds.state, &self.grounds.auth] {
            missing.extend(replica.unknown_of(events));
        }
        let told = self.grounds.state.len() + self.grounds.auth.len();
        if missing.len() * WHOLE_STATE_FROM < told {
            return missing;
        }
        let mut all: BTreeSet<EventNo> = self.all().collect();
        all.retain(|no| *no != self.event || !replica.knows(*no));
        all
    }
}

impl Replica {
    /// Those of the events, in order, that are not known. Mostly nearly all are, in a few long ranges.
    fn unknown_of(&self, events: &[EventNo]) -> Vec<EventNo> {
        let all = 0..events.last().map_or(0, |last| last + 1);
        let in_gaps = self.timeline.gaps(&all).flat_map(|gap| {
            let first = events.partition_point(|no| *no < gap.start);
            let end = events.partition_point(|no| *no < gap.end);
            events[first..end].iter().copied()
        });
        in_gaps.filter(|no| !self.knows(*no)).collect()
    }

    fn knows_authority(&self, log: &RoomLog, no: EventNo) -> bool {
        log.auth_events(no).iter().all(|auth| self.knows(*auth))
    }
}

impl Homeserver {
    /// Takes over what another server told of the state at an event, without its place in the graph. Is the
    /// event itself known now?
    pub(super) fn take_state(&mut self, ctx: &Context<'_>, room: RoomId, told: &Told) -> bool {
        let log = &ctx.logs[room.index()];
        let Some(replica) = self.db.rooms.get(&room) else {
            return false;
        };
        let looked_at = told.looked_at(replica);
        self.take_outliers(log, &looked_at, Some(ctx.now));
        let Some(replica) = self.db.rooms.get_mut(&room) else {
            return false;
        };
        // What could not be checked once, and now can, is part of the state from here on.
        if !replica.unverified.is_empty() {
            for no in told.all().filter(|no| replica.outliers.contains(no)) {
                replica.unverified.remove(&no);
            }
        }
        replica.knows(told.event)
    }

    /// Takes over events without their place in the graph: those whose signature can be checked and whose
    /// own authority is known (`_auth_and_persist_outliers`). Of the others those with a bad signature
    /// count as failed pulls, where that is `noted`.
    pub(super) fn take_outliers(
        &mut self,
        log: &RoomLog,
        told: &BTreeSet<EventNo>,
        noted: Option<SimTime>,
    ) {
        let verified: BTreeSet<EventNo> = told
            .iter()
            .copied()
            .filter(|no| self.verifies(log, *no))
            .collect();
        let Some(replica) = self.db.rooms.get_mut(&log.room()) else {
            return;
        };
        // An event has a larger number than those that it rests on.
        for no in told {
            let is_verified = verified.contains(no);
            if let Some(now) = noted.filter(|_| !is_verified) {
                replica.record_failed_pull(*no, now);
            }
            if replica.knows(*no) || replica.is_buried(*no) {
                continue;
            }
            if is_verified && replica.knows_authority(log, *no) {
                replica.outliers.insert(*no..*no + 1);
                replica.positions.place_history(*no..*no + 1);
                replica.lower_min_depth(0);
            } else {
                replica.unverified.insert(*no);
            }
        }
    }

    /// Is all known that an event rests on? If not, the giving server is asked for it once more
    /// (`_load_or_fetch_auth_events_for_event`); what is still missing then stands against the event.
    pub(super) fn has_authority(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        no: EventNo,
        way: Way,
    ) -> bool {
        let log = &ctx.logs[room.index()];
        let knows = |server: &Homeserver| {
            let replica = server.db.rooms.get(&room);
            replica.is_some_and(|replica| replica.knows_authority(log, no))
        };
        if knows(self) {
            return true;
        }
        let chain = state::auth_chain(log, [no]);
        self.take_outliers(log, &chain, Some(ctx.now));
        if knows(self) {
            return true;
        }
        if way.is_pulled()
            && let Some(replica) = self.db.rooms.get_mut(&room)
        {
            replica.record_failed_pull(no, ctx.now);
        }
        self.refuse(ctx, room, way.from, "authority-missing");
        false
    }
}
