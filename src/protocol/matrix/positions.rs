//! Stream positions of a room's items on one server: the order in which they were stored.

use std::ops::Range;

use rangemap::RangeMap;

use crate::journal::EventNo;
use crate::kernel::SimTime;
use crate::room::RoomLog;

use super::replica::Items;

/// How positions follow from item numbers within a range: live ones rise, those of history fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// `offset + number`; arrived when it was made, or else at the time given.
    Live(i64, Option<SimTime>),
    /// `offset - number`, below zero.
    History(i64),
}

/// Stream positions of a room's items.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    of: RangeMap<EventNo, Position>,
    next_live: i64,
    next_history: i64,
}

impl Positions {
    /// The stream position of an item.
    pub fn stream(&self, no: EventNo) -> i64 {
        match self.of.get(&no) {
            Some(Position::Live(offset, _)) => offset + i64::from(no),
            Some(Position::History(offset)) => offset - i64::from(no),
            None => 0,
        }
    }

    /// The newest position given out for an item that arrived live.
    pub fn newest(&self) -> i64 {
        self.next_live - 1
    }

    /// Has the item a position?
    pub fn contains(&self, no: EventNo) -> bool {
        self.of.contains_key(&no)
    }

    /// Positions for items that arrived one after the other, each when it was made.
    pub fn place_in_step(&mut self, first: EventNo, end: EventNo) {
        let offset = self.next_live - i64::from(first);
        self.of.insert(first..end, Position::Live(offset, None));
        self.next_live += i64::from(end - first);
    }

    /// A position for an item that arrives live at `now`.
    pub fn place_live(&mut self, no: EventNo, made: SimTime, now: SimTime) {
        let late = (made != now).then_some(now);
        let offset = self.next_live - i64::from(no);
        self.of.insert(no..no + 1, Position::Live(offset, late));
        self.next_live += 1;
    }

    /// Positions for items of history, or outliers, in this order.
    pub fn place_history(&mut self, run: Range<EventNo>) {
        if run.is_empty() {
            return;
        }
        let offset = self.next_history - 1 + i64::from(run.start);
        self.next_history -= i64::from(run.end - run.start);
        self.of.insert(run, Position::History(offset));
    }

    /// The first of `items` that arrived live at `cut` or later, with its arrival.
    pub fn first_arrived_since(
        &self,
        items: &Items,
        log: &RoomLog,
        cut: SimTime,
    ) -> Option<(SimTime, EventNo)> {
        let first_made = log.first_at(cut);
        let arrivals = self.live(items).filter_map(|(range, late)| match late {
            Some(at) => (at >= cut).then_some((at, range.start)),
            None => {
                let no = range.start.max(first_made);
                (no < range.end).then(|| (log.at(no), no))
            }
        });
        arrivals.min()
    }

    /// The last of `items` that arrived live before `cut`.
    pub fn last_arrived_before(
        &self,
        items: &Items,
        log: &RoomLog,
        cut: SimTime,
    ) -> Option<EventNo> {
        let first_made = log.first_at(cut);
        let before = self.live(items).filter_map(|(range, late)| match late {
            Some(at) => (at < cut).then_some(range.end - 1),
            None => (range.start < first_made).then(|| range.end.min(first_made) - 1),
        });
        before.max_by_key(|no| self.stream(*no))
    }

    /// The one of `items` that arrived live after all others.
    pub fn newest_of(&self, items: &Items) -> Option<EventNo> {
        let ends = self.live(items).map(|(range, _)| range.end - 1);
        ends.max_by_key(|no| self.stream(*no))
    }

    /// The one of `items` that was stored as history before all others.
    pub fn first_of_history(&self, items: &Items) -> Option<EventNo> {
        let starts = self.pieces(items).filter_map(|(range, position)| {
            matches!(position, Position::History(_)).then_some(range.start)
        });
        starts.max_by_key(|no| self.stream(*no))
    }

    fn live<'a>(
        &'a self,
        items: &'a Items,
    ) -> impl Iterator<Item = (Range<EventNo>, Option<SimTime>)> + 'a {
        self.pieces(items)
            .filter_map(|(range, position)| match position {
                Position::Live(_, late) => Some((range, late)),
                Position::History(_) => None,
            })
    }

    fn pieces<'a>(
        &'a self,
        items: &'a Items,
    ) -> impl Iterator<Item = (Range<EventNo>, Position)> + 'a {
        items.iter().flat_map(|range| {
            self.of.overlapping(range.clone()).map(|(piece, position)| {
                let both = piece.start.max(range.start)..piece.end.min(range.end);
                (both, *position)
            })
        })
    }
}
