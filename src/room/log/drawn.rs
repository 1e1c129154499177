//! The log's drawn messages: who can speak on a day, when, how often, and items as runs.

use std::rc::Rc;

use crate::journal::{EventNo, ServerId, UserId};
use crate::kernel::SimTime;
use crate::room::traffic::Speakers;
use crate::room::{Body, Day};

use super::{Entry, RoomLog};

impl RoomLog {
    /// From this day on a member is silenced (cannot speak) or not; what was said of later days is void.
    pub fn set_silenced(&mut self, user: UserId, day: u32, silenced: bool) {
        if self.is_silenced(user, u32::MAX) == silenced {
            return;
        }
        let turns = self.silenced.entry(user).or_default();
        turns.retain(|(from, _)| *from < day);
        if turns.last().is_some_and(|(_, was)| *was) != silenced {
            turns.push((day, silenced));
        }
    }

    /// Is a member unable to speak on a day?
    pub fn is_silenced(&self, user: UserId, day: u32) -> bool {
        self.silenced.get(&user).is_some_and(|turns| {
            let later = turns.partition_point(|(from, _)| *from <= day);
            later > 0 && turns[later - 1].1
        })
    }

    /// Does a drawn file hang on the item?
    pub fn has_drawn_file(&self, no: EventNo) -> bool {
        match self.entry(no) {
            Entry::Run {
                first,
                start,
                basis,
                ..
            } => {
                self.day(start.day, *basis)
                    .cell(start.number + (no - first))
                    .1
            }
            Entry::One { pdu, .. } => match pdu.body {
                Body::Message {
                    traffic: Some(drawn),
                    ..
                } => {
                    let basis = self.basis(drawn.day);
                    basis.is_some_and(|basis| self.day(drawn.day, basis).cell(drawn.number).1)
                }
                _ => false,
            },
        }
    }

    /// The item whose state names the speakers of a day: the newest one before it.
    pub fn basis(&self, day: u32) -> Option<EventNo> {
        self.first_of_day(day).checked_sub(1)
    }

    /// A day as drawn, for the speakers in the state after `basis`.
    pub fn day(&self, day: u32, basis: EventNo) -> Rc<Day> {
        if let Some((d, b, drawn)) = &*self.day.borrow()
            && *d == day
            && *b == basis
        {
            return drawn.clone();
        }
        let drawn = Rc::new(
            self.traffic
                .day(&self.streams, day, self.speakers(day, basis)),
        );
        *self.day.borrow_mut() = Some((day, basis, drawn.clone()));
        drawn
    }

    fn speakers(&self, day: u32, basis: EventNo) -> Speakers {
        self.joined(self.state_after(basis))
            .filter(|user| !self.is_silenced(*user, day))
            .filter_map(|user| {
                let (server, weight) = self.users[user.index()];
                (weight > 0).then_some((user, server, weight))
            })
            .collect()
    }

    /// Can anybody speak on a day, in the state after `basis`?
    pub fn has_speakers(&self, day: u32, basis: EventNo) -> bool {
        self.joined(self.state_after(basis))
            .any(|user| self.users[user.index()].1 > 0 && !self.is_silenced(user, day))
    }

    /// Times of a day's drawn messages.
    pub fn times(&self, day: u32) -> Rc<Vec<SimTime>> {
        let place = (day % 2) as usize;
        if let Some((d, times)) = &self.times.borrow()[place]
            && *d == day
        {
            return times.clone();
        }
        let times = Rc::new(self.traffic.times(&self.streams, day));
        self.times.borrow_mut()[place] = Some((day, times.clone()));
        times
    }

    /// Number of drawn messages on a day, if anybody can speak.
    pub fn drawn_count(&self, day: u32) -> u32 {
        self.traffic.count(&self.streams, day)
    }

    /// Tallies the drawn messages of the run part `first..first + len` by author's server and file.
    pub fn tally_run(&self, first: EventNo, len: u32, add: impl FnMut(ServerId, bool, u64)) {
        if let Entry::Run {
            first: f,
            start,
            basis,
            ..
        } = self.entry(first)
        {
            let from = start.number + (first - f);
            self.day(start.day, *basis).tally(from, from + len, add);
        }
    }
}
