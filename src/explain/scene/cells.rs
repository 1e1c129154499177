//! Cells of a scene: what a server has of a room's items, by the time at which they were made, and when that changes.

use std::collections::BTreeMap;
use std::ops::Range;

use rangemap::RangeMap;

use super::{Lane, Moment, Phase, moment_of};
use crate::explain::{Account, View};
use crate::journal::{EventNo, Fact, RoomId, Why};
use crate::kernel::SimTime;
use crate::metrics::{Items, RoomItems, kind_name};

/// The phase of each item.
type Phases = RangeMap<EventNo, u8>;
/// Items from one on and before another, and the phase in which they were.
type Change = (EventNo, EventNo, u8);

#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) begun: Vec<(usize, usize, u8, u32)>,
    pub(super) account: Vec<(usize, usize, [u64; 5])>,
}

impl View<'_> {
    pub(super) fn lane(&self, room: RoomId, items: &RoomItems, bins: &[SimTime]) -> Lane {
        let (spec, log) = (
            &self.books.rooms[room.index()],
            &self.books.logs[room.index()],
        );
        // What was there before the first moment belongs to the first bin.
        let first = |(bin, at): (usize, &SimTime)| if bin == 0 { 0 } else { log.first_at(*at) };
        Lane {
            name: spec.name.clone(),
            kind: kind_name(spec.kind),
            servers: self.books.holders[room.index()].len(),
            first_items: bins.iter().enumerate().map(first).collect(),
            messages: Account::of(log, items),
        }
    }

    /// Fills the cells of a lane, and notes at which moments they change.
    pub(super) fn fill(
        &self,
        cells: &mut Cells,
        moments: &mut [Moment],
        (number, lane): (usize, &Lane),
        room: RoomId,
        items: &RoomItems,
    ) {
        let is_of_room = |fact: &&Fact| fact.items().is_some_and(|(of, _)| of == room);
        let facts: Vec<&Fact> = self.facts().filter(is_of_room).collect();
        let mut now = phases_at_end(items);
        // What befell an item first says how it was before.
        for fact in facts.iter().rev() {
            let before = match fact {
                Fact::Gained { .. } => Phase::Missing,
                _ => Phase::Held,
            };
            set(&mut now, items, fact, before);
        }
        for (range, phase) in now.iter() {
            for (bin, count) in binned(lane, range.start, range.end) {
                cells.begun.push((number, bin, *phase, count));
            }
        }
        for fact in facts {
            let after = after(fact);
            let changed = set(&mut now, items, fact, after);
            let changes = &mut moments[moment_of(moments, fact.at())].changes;
            note(changes, (number, lane), &changed, after as u8);
        }
        // State that a server knows without its events, and what has never come and would have expired by now, are in no
        // fact: the end says them.
        let last = moments.last_mut().expect("there is a first moment");
        for (range, phase) in phases_at_end(items).iter() {
            let changed = others(&now, range, *phase);
            note(&mut last.changes, (number, lane), &changed, *phase);
        }
        cells.account.extend(account(number, lane, items));
    }
}

fn phases_at_end(items: &RoomItems) -> Phases {
    let phases = [
        (Phase::Held, &items.held),
        (Phase::Shell, &items.shell),
        (Phase::Missing, &items.stranded),
        (Phase::Missing, &items.lost),
        (Phase::Expired, &items.expired),
    ];
    let mut all = Phases::new();
    for (phase, items) in phases {
        items
            .iter()
            .for_each(|range| all.insert(range.clone(), phase as u8));
    }
    all
}

fn after(fact: &Fact) -> Phase {
    match fact {
        Fact::Gained { .. } => Phase::Held,
        Fact::Hollowed { .. } => Phase::Shell,
        Fact::Lost {
            why: Why::Purge, ..
        } => Phase::Expired,
        _ => Phase::Missing,
    }
}

/// Sets the phase of those items of a fact that the server should hold; says which were in another one.
fn set(phases: &mut Phases, items: &RoomItems, fact: &Fact, to: Phase) -> Vec<Change> {
    let Some((_, range)) = fact.items() else {
        return Vec::new();
    };
    let ranges = within(&items.should, range).into_iter();
    let changed: Vec<Change> = ranges
        .flat_map(|range| others(phases, &range, to as u8))
        .collect();
    for (first, end, _) in &changed {
        phases.insert(*first..*end, to as u8);
    }
    changed
}

/// Parts of a range that are in another phase than this one.
fn others(phases: &Phases, range: &Range<EventNo>, than: u8) -> Vec<Change> {
    let parts = phases.overlapping(range);
    let others = parts.filter(|(_, phase)| **phase != than);
    let part = |(part, phase): (&Range<EventNo>, &u8)| {
        (part.start.max(range.start), part.end.min(range.end), *phase)
    };
    others.map(part).collect()
}

/// Notes what has changed to a phase, bin by bin.
fn note(
    changes: &mut Vec<(usize, usize, u8, u8, u32)>,
    (number, lane): (usize, &Lane),
    changed: &[Change],
    after: u8,
) {
    for (first, end, before) in changed {
        for (bin, count) in binned(lane, *first, *end) {
            changes.push((number, bin, *before, after, count));
        }
    }
}

fn within(items: &Items, range: Range<EventNo>) -> Vec<Range<EventNo>> {
    let parts = items.overlapping(range.clone());
    parts
        .map(|part| part.start.max(range.start)..part.end.min(range.end))
        .collect()
}

/// A range of items by bin.
fn binned(lane: &Lane, first: EventNo, end: EventNo) -> Vec<(usize, u32)> {
    let bins = &lane.first_items;
    let mut counts = Vec::new();
    let mut bin = bins.partition_point(|of| *of <= first) - 1;
    let mut from = first;
    while from < end {
        let next = bins.get(bin + 1).copied().unwrap_or(EventNo::MAX).min(end);
        if next > from {
            counts.push((bin, next - from));
            from = next;
        }
        bin += 1;
    }
    counts
}

fn account(number: usize, lane: &Lane, items: &RoomItems) -> Vec<(usize, usize, [u64; 5])> {
    let mut bins: BTreeMap<usize, [u64; 5]> = BTreeMap::new();
    for (place, (_, items)) in items.by_state().into_iter().enumerate() {
        for range in items.iter() {
            for (bin, count) in binned(lane, range.start, range.end) {
                bins.entry(bin).or_default()[place] += u64::from(count);
            }
        }
    }
    bins.into_iter()
        .map(|(bin, counts)| (number, bin, counts))
        .collect()
}
