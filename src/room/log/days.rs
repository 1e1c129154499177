//! Items of a log by the time at which they were made.

use super::{Entry, RoomLog};
use crate::journal::EventNo;
use crate::kernel::SimTime;

impl RoomLog {
    /// The day on which it was made, since 1970-01-01.
    pub fn day_of(&self, no: EventNo) -> u64 {
        match self.entry(no) {
            Entry::Run { start, .. } => u64::from(start.day),
            Entry::One { pdu, .. } => pdu.at.day(),
        }
    }

    /// Was the item made at `at` or later? Mostly its day says it.
    pub fn is_made_since(&self, no: EventNo, at: SimTime) -> bool {
        let day = at.day() as u32;
        match self.entry(no) {
            Entry::Run { start, .. } if start.day != day => start.day > day,
            _ => self.at(no) >= at,
        }
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
        let index = self.entries.partition_point(|entry| entry.first() < from);
        for entry in self.entries[index..]
            .iter()
            .take_while(|entry| entry.first() < to)
        {
            match entry {
                Entry::One { first: no, pdu } => {
                    if pdu.at >= at {
                        return first;
                    }
                    first = no + 1;
                }
                Entry::Run {
                    first: no,
                    len,
                    start,
                    ..
                } => {
                    let times = self.times(start.day);
                    let all = &times[start.number as usize..(start.number + len) as usize];
                    let before = all.partition_point(|time| *time < at) as u32;
                    first = no + before;
                    if before < *len {
                        return first;
                    }
                }
            }
        }
        first
    }
}
