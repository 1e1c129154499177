//! State groups: how a server numbers the states that it meets (Synapse, `state/__init__.py`).
//!
//! The numbers decide: of several groups with the resolved state the one is taken that comes first in a set of
//! CPython, and on that hangs whether a stale forward extremity can be dropped. So each number that Synapse gives
//! out is counted here, also where nothing comes of the event.

use std::collections::BTreeMap;

use crate::journal::{EventNo, RoomId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::{Body, Pdu, RoomLog};
use crate::workload::RoomSpec;

use super::homeserver::Memory;
use super::outbox::Context;
use super::replica::Replica;
use super::{Homeserver, state};

/// How long a resolution is remembered after it was last asked for (`EVICTION_TIMEOUT_SECONDS`).
const REMEMBERED: SimDuration = SimDuration::hours(1);

/// The states that a process has resolved for new events: for which groups, in which group the result was stored, and
/// when it was last asked for (`_state_cache`, `set_state_group`).
pub(super) type Resolved = BTreeMap<Vec<u32>, (u32, SimTime)>;

/// Gives out numbers of state groups.
#[derive(Debug)]
pub(super) struct Numbering<'a> {
    next: &'a mut u32,
    resolved: &'a mut Resolved,
    now: SimTime,
}

impl<'a> Numbering<'a> {
    pub(super) fn new(next: &'a mut u32, memory: &'a mut Memory, now: SimTime) -> Self {
        let resolved = &mut memory.resolved;
        Numbering {
            next,
            resolved,
            now,
        }
    }

    fn new_group(&mut self) -> u32 {
        *self.next += 1;
        *self.next - 1
    }

    /// The group of the state before an event on top of known ones, a new one if it is in none of theirs
    /// (`calculate_context_info`).
    pub(super) fn before(
        &mut self,
        replica: &Replica,
        prev_events: &[EventNo],
        (log, spec): (&RoomLog, &RoomSpec),
    ) -> u32 {
        let groups = replica.groups_of(prev_events);
        match *groups {
            [] => return self.new_group(),
            [group] => return group,
            _ => {}
        }
        let state = state::state_before(log, spec, prev_events);
        let has_state = |group: &u32| {
            let mut of_group = prev_events
                .iter()
                .filter(|prev| replica.group(**prev) == *group);
            of_group.any(|prev| *log.state_after(*prev) == state)
        };
        let of_one = first_in_set_order(&groups).into_iter().find(has_state);
        of_one.unwrap_or_else(|| self.remembered(groups))
    }

    /// All that stand on the same groups are of the same new one.
    fn remembered(&mut self, groups: Vec<u32>) -> u32 {
        let now = self.now;
        self.resolved
            .retain(|_, (_, asked)| now.since(*asked) < REMEMBERED);
        let known = self.resolved.get(&groups).map(|(group, _)| *group);
        let group = known.unwrap_or_else(|| self.new_group());
        self.resolved.insert(groups, (group, now));
        group
    }

    /// The group after an event on top of known ones.
    pub(super) fn after(
        &mut self,
        replica: &Replica,
        prev_events: &[EventNo],
        body: &Body,
        room: (&RoomLog, &RoomSpec),
    ) -> u32 {
        let before = self.before(replica, prev_events, room);
        self.on_top(before, body)
    }

    /// The group after an event from elsewhere. If something that it stands on is missing, the state before it was told,
    /// and is of a group of its own. Of a join through another server all is told, at first in part, and then looked at
    /// once more (`process_remote_join`, `update_state_for_partial_state_event`).
    pub(super) fn arrived(
        &mut self,
        replica: &Replica,
        pdu: &Pdu,
        is_whole: bool,
        is_told_twice: bool,
        room: (&RoomLog, &RoomSpec),
    ) -> u32 {
        if is_told_twice {
            let before = self.new_group();
            self.on_top(before, &pdu.body);
        }
        if is_whole {
            return self.after(replica, &pdu.prev_events, &pdu.body, room);
        }
        let before = self.new_group();
        self.on_top(before, &pdu.body)
    }

    fn on_top(&mut self, before: u32, body: &Body) -> u32 {
        match body.state_key() {
            Some(_) => self.new_group(),
            None => before,
        }
    }
}

impl Replica {
    /// The state groups after some items, each once, in order.
    pub(super) fn groups_of<'a>(&self, items: impl IntoIterator<Item = &'a EventNo>) -> Vec<u32> {
        let mut groups: Vec<u32> = items.into_iter().map(|no| self.group(*no)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

impl Homeserver {
    /// A local user's event is refused, or equals what is there, and so is not stored; its state groups are, since that is
    /// found out later (`create_and_send_nonmember_event`, `_local_membership_update`).
    pub(super) fn spend_groups(&mut self, ctx: &Context<'_>, room: RoomId, body: &Body) {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let most = self.rules.new_event_prev_max as usize;
        let Some(replica) = self.db.rooms.get(&room) else {
            return;
        };
        let prev_events = replica.newest_heads(log, most);
        if !prev_events.is_empty() {
            Numbering::new(&mut self.db.next_group, &mut self.memory, ctx.now).after(
                replica,
                &prev_events,
                body,
                (log, spec),
            );
        }
    }
}

/// The order in which CPython walks a small set of state group ids: by their lowest bits.
pub(super) fn first_in_set_order(groups: &[u32]) -> Vec<u32> {
    // A CPython set has 8 places up to four elements, then 32, then 128.
    let places = match groups.len() {
        0..=4 => 8,
        5..=18 => 32,
        _ => 128,
    };
    let mut ordered = groups.to_vec();
    ordered.sort_by_key(|group| (group % places, *group));
    ordered
}

#[test]
fn a_resolution_is_remembered_until_an_hour_after_it_was_last_asked_for() {
    let (mut next, mut memory) = (9, Memory::default());
    let mut at = |minutes, groups: &[u32]| {
        let now = SimTime(0) + SimDuration::minutes(minutes);
        Numbering::new(&mut next, &mut memory, now).remembered(groups.to_vec())
    };
    assert_eq!([at(0, &[3, 5]), at(1, &[3, 7])], [9, 10]);
    assert_eq!([at(59, &[3, 5]), at(118, &[3, 5])], [9, 9]);
    assert_eq!([at(119, &[3, 7]), at(178, &[3, 5])], [11, 12]);
}

#[test]
fn a_set_is_walked_by_the_lowest_bits() {
    assert_eq!(first_in_set_order(&[25, 28]), [25, 28]);
    assert_eq!(first_in_set_order(&[47, 56]), [56, 47]);
    assert_eq!(
        first_in_set_order(&[15, 16, 31, 33, 64]),
        [64, 33, 15, 16, 31]
    );
}
