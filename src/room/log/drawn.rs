//! The log's drawn messages: who can speak on a day, when, how often, and items as runs.

use std::ops::Range;
use std::rc::Rc;

use crate::journal::{EventNo, ServerId, UserId};
use crate::kernel::SimTime;
use crate::room::traffic::Speakers;
use crate::room::{Body, Day, Times, TrafficRef};

use super::{Entry, RoomLog};

/// Of how many days the times are kept: today's, and the ends of two different lifetimes of messages.
const KEPT_DAYS: usize = 3;

/// How many days are kept as they were drawn: today, and the last one on which anything was said.
const KEPT_DRAWN: usize = 2;

/// Days on which the same members can speak.
#[derive(Debug, Clone)]
pub(super) struct Spell {
    /// They are in the room by the state after this item.
    since: EventNo,
    days: Range<u32>,
    speakers: Rc<Speakers>,
}

impl RoomLog {
    /// From this day on a member is silenced (cannot speak) or not; what was said of later days is void.
    pub fn set_silenced(&mut self, user: UserId, day: u32, silenced: bool) {
        if self.is_silenced(user, u32::MAX) == silenced {
            return;
        }
        *self.speakers.borrow_mut() = None;
        let turns = self.silenced.entry(user).or_default();
        turns.retain(|(from, _)| *from < day);
        if turns.last().is_some_and(|(_, was)| *was) != silenced {
            turns.push((day, silenced));
        }
    }

    /// Was any member ever silenced?
    pub fn silences_anybody(&self) -> bool {
        !self.silenced.is_empty()
    }

    /// Who is no member says nothing and is not asked: what was said of this day and later ones is void. `members` are
    /// in order.
    pub fn forget_silence_of_others(&mut self, members: &[UserId], day: u32) {
        for (user, turns) in &mut self.silenced {
            if turns.last().is_some_and(|(from, _)| *from >= day)
                && members.binary_search(user).is_err()
            {
                turns.retain(|(from, _)| *from < day);
                *self.speakers.borrow_mut() = None;
            }
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
            Entry::Run { first, start, .. } => {
                let message = self.in_run(*first, *start, no);
                self.said_on(message.day).cell(message.number).1
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
        let kept = &mut *self.drawn.borrow_mut();
        let place = kept
            .iter()
            .position(|(of, on, _)| (*of, *on) == (day, basis));
        match place {
            Some(place) => kept[..=place].rotate_right(1),
            None => {
                let (count, speakers) = (self.drawn_count(day), self.speakers(day, basis));
                let drawn = self.traffic.day(&self.streams, day, count, speakers);
                kept.truncate(KEPT_DRAWN - 1);
                kept.insert(0, (day, basis, Rc::new(drawn)));
            }
        }
        Rc::clone(&kept[0].2)
    }

    /// A day on which something was said.
    pub(super) fn said_on(&self, day: u32) -> Rc<Day> {
        let basis = self.basis(day);
        self.day(
            day,
            basis.expect("something comes before the first message"),
        )
    }

    /// Who can speak on a day, in the state after `basis`. Mostly the same as on the day before.
    fn speakers(&self, day: u32, basis: EventNo) -> Rc<Speakers> {
        let since = self.state_since(basis);
        if let Some(spell) = &*self.speakers.borrow()
            && spell.since == since
            && spell.days.contains(&day)
        {
            return Rc::clone(&spell.speakers);
        }
        let members = self.joined(self.state_after(basis));
        let able = members.filter(|user| !self.is_silenced(*user, day));
        let speakers = Rc::new(Speakers::new(able.map(|user| {
            let (server, weight) = self.users[user.index()];
            let crowd = self.crowds.get(&user).copied().unwrap_or(1);
            (user, server, weight.saturating_mul(crowd))
        })));
        *self.speakers.borrow_mut() = Some(Spell {
            since,
            days: self.days_without_turn(day),
            speakers: Rc::clone(&speakers),
        });
        speakers
    }

    /// The days around this one for which the same members are silenced.
    fn days_without_turn(&self, day: u32) -> Range<u32> {
        let turns = || self.silenced.values().flatten().map(|(from, _)| *from);
        let begin = turns().filter(|from| *from <= day).max();
        let end = turns().filter(|from| *from > day).min();
        begin.unwrap_or(0)..end.unwrap_or(u32::MAX)
    }

    /// Can anybody speak on a day, in the state after `basis`?
    pub fn has_speakers(&self, day: u32, basis: EventNo) -> bool {
        !self.speakers(day, basis).is_empty()
    }

    /// Times of a day's drawn messages.
    pub fn times(&self, day: u32) -> Rc<Times> {
        let kept = &mut *self.times.borrow_mut();
        match kept.iter().position(|(of, _)| *of == day) {
            Some(place) => kept[..=place].rotate_right(1),
            None => {
                kept.truncate(KEPT_DAYS - 1);
                let times = self
                    .traffic
                    .times(&self.streams, day, self.drawn_count(day));
                kept.insert(0, (day, Rc::new(times)));
            }
        }
        Rc::clone(&kept[0].1)
    }

    /// Number of drawn messages on a day, if anybody can speak.
    pub fn drawn_count(&self, day: u32) -> u32 {
        match self.count.get() {
            Some((of, count)) if of == day => count,
            _ => {
                let count = self.traffic.count(&self.streams, day);
                self.count.set(Some((day, count)));
                count
            }
        }
    }

    /// The newest item from `since` on that was appended in a run and is by a user of this server, and when it was made.
    pub fn newest_in_runs(&self, server: ServerId, since: EventNo) -> Option<(EventNo, SimTime)> {
        let entries = self.entries.iter().rev();
        let entries = entries.take_while(|entry| since < entry.end());
        let runs = entries.filter_map(|entry| match entry {
            Entry::Run { first, start, .. } => Some((*first, *start, entry.end())),
            Entry::One { .. } => None,
        });
        let mut parts = runs.flat_map(|(first, start, end)| {
            self.by_day((first, start), first.max(since)..end).rev()
        });
        parts.find_map(|(first, message, len)| {
            let TrafficRef { day, number: from } = message;
            let number = self.said_on(day).last_of(server, from..from + len)?;
            let at = self.times(day).at(number);
            Some((first + (number - from), at))
        })
    }

    /// Tallies the messages among items of one day by author's server. Of a day whose messages are mostly in runs the
    /// others are looked at, and taken off the whole.
    pub fn tally_day(&self, items: Range<EventNo>, mut add: impl FnMut(ServerId, i64)) {
        let mut day = None;
        let mut inside: Vec<Range<u32>> = Vec::new();
        self.pieces(items.start, items.end, |piece| match piece.pdu {
            Some(pdu) if self.is_message(piece.first) => add(pdu.origin, 1),
            Some(_) => {}
            None => {
                let first = self.drawn(piece.first).expect("a run has drawn messages");
                day = Some(first.day);
                inside.push(first.number..first.number + piece.len);
            }
        });
        let Some(day) = day else {
            return;
        };
        let drawn = self.said_on(day);
        let many: usize = inside.iter().map(ExactSizeIterator::len).sum();
        if 2 * many < drawn.count() as usize {
            for numbers in inside {
                drawn.tally(numbers, |server, _, n| add(server, n as i64));
            }
            return;
        }
        drawn.tally(0..drawn.count(), |server, _, n| add(server, n as i64));
        let begins = inside.iter().map(|numbers| numbers.start);
        let ends = inside.iter().map(|numbers| numbers.end);
        let outside = std::iter::zip([0].into_iter().chain(ends), begins.chain([drawn.count()]));
        for (from, to) in outside {
            drawn.tally(from..to, |server, _, n| add(server, -(n as i64)));
        }
    }

    /// Tallies the drawn messages of the run part `first..first + len` by author's server and file.
    pub fn tally_run(&self, first: EventNo, len: u32, mut add: impl FnMut(ServerId, bool, u64)) {
        if let Entry::Run {
            first: f, start, ..
        } = self.entry(first)
        {
            for (_, message, len) in self.by_day((*f, *start), first..first + len) {
                let numbers = message.number..message.number + len;
                self.said_on(message.day).tally(numbers, &mut add);
            }
        }
    }
}
