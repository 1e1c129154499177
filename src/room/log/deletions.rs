//! Drawn messages that their authors take back, as items of the log.

use std::rc::Rc;

use super::{Entry, RoomLog};
use crate::journal::EventNo;
use crate::kernel::SimTime;
use crate::room::{Body, TrafficRef};

/// What is taken back of one day: number in the day, and when.
pub(super) type OfDay = (u32, Rc<Vec<(u32, SimTime)>>);

impl RoomLog {
    /// Messages of a day that their authors take back: the number of each in the day, in order, and when.
    pub fn deletions(&self, day: u32) -> Rc<Vec<(u32, SimTime)>> {
        let kept = &mut *self.deletions.borrow_mut();
        match kept {
            Some((of, deletions)) if *of == day => Rc::clone(deletions),
            _ => {
                let times = self.times(day);
                let deletions = Rc::new(self.traffic.deletions(&self.streams, day, &times));
                *kept = Some((day, Rc::clone(&deletions)));
                deletions
            }
        }
    }

    /// When the author of an item takes it back; none: never, or it is no drawn message.
    pub fn deletion(&self, no: EventNo) -> Option<SimTime> {
        let message = self.drawn(no)?;
        let deletions = self.deletions(message.day);
        let place = deletions.binary_search_by_key(&message.number, |(number, _)| *number);
        place.ok().map(|place| deletions[place].1)
    }

    /// Which drawn message an item is.
    pub fn drawn(&self, no: EventNo) -> Option<TrafficRef> {
        match self.entry(no) {
            Entry::Run { first, start, .. } => Some(self.in_run(*first, *start, no)),
            Entry::One { pdu, .. } => match pdu.body {
                Body::Message { traffic, .. } => traffic,
                _ => None,
            },
        }
    }

    /// The item that a drawn message became; none if nobody said it.
    pub fn said(&self, message: TrafficRef) -> Option<EventNo> {
        let (from, to) = (
            self.first_of_day(message.day),
            self.first_of_day(message.day + 1),
        );
        let index = self.entries.partition_point(|entry| entry.end() <= from);
        let of_day = self.entries[index..].iter();
        let mut of_day = of_day.take_while(|entry| entry.first() < to);
        of_day.find_map(|entry| {
            let (begin, end) = (entry.first().max(from), entry.end().min(to));
            let first = self.drawn(begin).filter(|first| first.day == message.day)?;
            let place = message.number.checked_sub(first.number)?;
            (place < end - begin).then_some(begin + place)
        })
    }
}
