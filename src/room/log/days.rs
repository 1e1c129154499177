//! Items of a log by the time at which they were made.

use std::ops::Range;

use super::{Entry, RoomLog};
use crate::journal::EventNo;
use crate::kernel::SimTime;
use crate::room::TrafficRef;

impl RoomLog {
    /// The day on which it was made, since 1970-01-01.
    pub fn day_of(&self, no: EventNo) -> u64 {
        match self.entry(no) {
            Entry::Run { first, start, .. } => u64::from(self.in_run(*first, *start, no).day),
            Entry::One { pdu, .. } => pdu.at.day(),
        }
    }

    /// Was the item made at `at` or later? Mostly its day says it.
    pub fn is_made_since(&self, no: EventNo, at: SimTime) -> bool {
        let day = self.day_of(no);
        match day == at.day() {
            true => self.at(no) >= at,
            false => day > at.day(),
        }
    }

    /// Which message an item of a run is, which begins with item `first`, message `start`.
    pub(super) fn in_run(&self, first: EventNo, start: TrafficRef, no: EventNo) -> TrafficRef {
        let later = self.days.partition_point(|(_, first)| *first <= no);
        let (day, first_of_day) = self.days[later - 1];
        match day > start.day {
            true => TrafficRef {
                day,
                number: no - first_of_day,
            },
            false => TrafficRef {
                number: start.number + (no - first),
                ..start
            },
        }
    }

    /// Would a message continue the run with which the log ends? Its day has begun.
    pub(super) fn continues(&self, message: TrafficRef) -> bool {
        let Some(Entry::Run {
            first, start, len, ..
        }) = self.entries.last()
        else {
            return false;
        };
        let last = self.in_run(*first, *start, first + len - 1);
        match message.day == last.day {
            true => message.number == last.number + 1,
            false => message.number == 0 && self.first_of_day(message.day) == self.len,
        }
    }

    /// The parts of a run's items `first..end`, day by day: the first item of each, which message that is, and how many
    /// there are.
    pub(super) fn by_day(
        &self,
        run: (EventNo, TrafficRef),
        items: Range<EventNo>,
    ) -> impl DoubleEndedIterator<Item = (EventNo, TrafficRef, u32)> + '_ {
        let begun = self
            .days
            .partition_point(|(_, first)| *first <= items.start);
        let ended = self.days.partition_point(|(_, first)| *first < items.end);
        let days = begun.max(1) - 1..ended;
        days.map(move |index| {
            let next = self
                .days
                .get(index + 1)
                .map_or(self.len, |(_, first)| *first);
            let from = self.days[index].1.max(items.start);
            let len = next.min(items.end) - from;
            (from, self.in_run(run.0, run.1, from), len)
        })
    }

    /// Each day on which an item before `end` was made, and those items.
    pub fn days(&self, end: EventNo) -> impl Iterator<Item = (u32, Range<EventNo>)> + '_ {
        let begun = self.days.partition_point(|(_, first)| *first < end);
        (0..begun).map(move |index| {
            let (day, first) = self.days[index];
            let next = self.days.get(index + 1).map_or(end, |(_, first)| *first);
            (day, first..next.min(end))
        })
    }

    pub(super) fn begin_day(&mut self, day: u32) {
        if self.days.last().is_none_or(|(last, _)| *last < day) {
            self.days.push((day, self.len));
        }
    }

    /// The number of the first item made on a day or later.
    pub(super) fn first_of_day(&self, day: u32) -> EventNo {
        let index = self.days.partition_point(|(d, _)| *d < day);
        self.days.get(index).map_or(self.len, |(_, first)| *first)
    }

    /// The number of the first item made at `at` or later (`len` if none).
    pub fn first_at(&self, at: SimTime) -> EventNo {
        let day = at.day() as u32;
        let (from, to) = (self.first_of_day(day), self.first_of_day(day + 1));
        if at == SimTime::of_day(at.day()) {
            return from;
        }
        let mut first = from;
        // Within one day only that day's times are looked at.
        let index = self.entries.partition_point(|entry| entry.end() <= from);
        for entry in self.entries[index..]
            .iter()
            .take_while(|entry| entry.first() < to)
        {
            let (begin, end) = (entry.first().max(from), entry.end().min(to));
            let before = match entry {
                Entry::One { pdu, .. } => u32::from(pdu.at < at),
                Entry::Run { first, start, .. } => {
                    let number = self.in_run(*first, *start, begin).number;
                    let before = self.times(day).before(at);
                    before.saturating_sub(number).min(end - begin)
                }
            };
            first = begin + before;
            if first < end {
                return first;
            }
        }
        first
    }
}
