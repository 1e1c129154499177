//! Drawn messages: as counts while a room is calm, one by one while something is wrong in it.

use std::ops::Range;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::protocol::matrix::Replica;
use crate::room::{Present, RoomLog, TrafficRef};

use super::trouble::Watch;
use super::voices::Voice;
use super::{Event, Power, Simulation, class};

/// How far a room's drawn messages have been made.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// The next message to be made.
    pub(super) next: TrafficRef,
    /// Are messages made one by one? Then the next one is on the queue under this generation.
    pub(super) single: Option<u32>,
    pub(super) generation: u32,
    /// Whose messages need an event, while they are made one by one; none: all.
    pub(super) watch: Option<Watch>,
    /// Who was in the room when the log was last told who cannot speak.
    pub(super) asked: Option<Rc<Present>>,
}

impl Clock {
    pub(super) fn new(start: SimTime) -> Self {
        let day = u32::try_from(start.day()).expect("a day of this millennium");
        Clock {
            next: TrafficRef { day, number: 0 },
            single: None,
            generation: 0,
            watch: None,
            asked: None,
        }
    }
}

impl Simulation<'_> {
    /// Brings a calm room up to now: whatever was said before this moment is appended as counts.
    pub(super) fn advance(&mut self, room: RoomId, now: SimTime) {
        let clock = &mut self.clocks[room.index()];
        let log = &mut self.logs[room.index()];
        if log.traffic().per_day <= 0.0 {
            return;
        }
        if clock.single.is_some() {
            return self.advance_watched(room, now);
        }
        append_calm(log, &mut clock.next, now);
    }

    /// As `advance`, in a room in which something is wrong: what needs no event is appended, and noted where it waits.
    fn advance_watched(&mut self, room: RoomId, now: SimTime) {
        let Some(mut watch) = self.clocks[room.index()].watch.take() else {
            return;
        };
        let today = now.day() as u32;
        loop {
            let TrafficRef { day, number } = self.clocks[room.index()].next;
            if day > today {
                break;
            }
            let log = &self.logs[room.index()];
            let end = made_before(log, day, now);
            if end > number
                && let Some(basis) = log.basis(day).filter(|basis| log.has_speakers(day, *basis))
            {
                self.append_watched(room, &mut watch, (day, number..end), basis);
            }
            let clock = &mut self.clocks[room.index()];
            clock.next.number = end.max(number);
            if day == today {
                break;
            }
            clock.next = TrafficRef {
                day: day + 1,
                number: 0,
            };
        }
        self.clocks[room.index()].watch = Some(watch);
    }

    /// As `advance_watched`, up to a message that is played: others of the same moment may come before it.
    fn advance_before(&mut self, room: RoomId, message: TrafficRef) {
        let from = self.clocks[room.index()].next;
        let log = &self.logs[room.index()];
        let basis = log.basis(message.day);
        let basis = basis.filter(|basis| log.has_speakers(message.day, *basis));
        if from.day != message.day || from.number >= message.number {
            return;
        }
        if let Some(mut watch) = self.clocks[room.index()].watch.take() {
            if let Some(basis) = basis {
                let numbers = from.number..message.number;
                self.append_watched(room, &mut watch, (message.day, numbers), basis);
            }
            self.clocks[room.index()].watch = Some(watch);
        }
    }

    fn append_watched(
        &mut self,
        room: RoomId,
        watch: &mut Watch,
        (day, numbers): (u32, Range<u32>),
        basis: EventNo,
    ) {
        let drawn = self.logs[room.index()].day(day, basis);
        // What is heard is played.
        let is_heard = |number| *watch.voice(drawn.cell(number).0) == Voice::Heard;
        debug_assert!(
            !numbers.clone().any(is_heard),
            "{room} {day} {numbers:?}: one was passed over"
        );
        let mut silent: Vec<u32> = Vec::new();
        for server in &watch.silent {
            silent.extend(within(&drawn.numbers_of(*server), &numbers));
        }
        silent.sort_unstable();
        let first = self.logs[room.index()].len();
        let mut number = numbers.start;
        for stop in silent.iter().copied().chain([numbers.end]) {
            let log = &mut self.logs[room.index()];
            log.push_run(TrafficRef { day, number }, stop - number);
            number = stop + 1;
        }
        // Its event: those that were not made are left out.
        let event = |number: u32| {
            let left_out = silent.partition_point(|of| *of < number) as u32;
            first + (number - numbers.start) - left_out
        };
        self.hold_back(watch, room, &drawn, (day, numbers.clone()), event);
    }

    /// A server has a copy of the room.
    pub(super) fn note_present(&mut self, server: ServerId, room: RoomId) {
        self.rooms_of[server.index()].insert(room);
        let is_new = self.present[room.index()].insert(server);
        let watch = self.clocks[room.index()].watch.as_mut();
        if let Some(watch) = watch.filter(|_| is_new)
            && !watch.present.hosts.contains_key(&server)
        {
            watch.strays.insert(server);
        }
    }

    /// A server has lost its copy of the room.
    pub(super) fn note_absent(&mut self, server: ServerId, room: RoomId) {
        self.present[room.index()].remove(&server);
        if let Some(watch) = &mut self.clocks[room.index()].watch {
            watch.strays.remove(&server);
        }
    }

    /// The rooms that concern a server: those that it knows, and those in which others list it.
    pub(super) fn rooms_of(&self, server: ServerId) -> Vec<RoomId> {
        let ever = self.rooms_of[server.index()].iter().copied();
        let concerned = ever.filter(|room| {
            let listed = || {
                self.logs[room.index()]
                    .present()
                    .hosts
                    .contains_key(&server)
            };
            self.present[room.index()].contains(&server) || listed()
        });
        concerned.collect()
    }

    /// Brings all rooms of a server up to now.
    pub(super) fn advance_server(&mut self, server: ServerId, now: SimTime) {
        let rooms = self.rooms_of(server);
        for room in &rooms {
            self.advance(*room, now);
        }
        self.queue_all_held_back(server, &rooms);
    }

    /// Is every server of the room in step? If everybody in it can speak too, the room is calm.
    pub(super) fn is_in_step(&mut self, room: RoomId) -> bool {
        if !self.world.in_step {
            return false;
        }
        let present = self.logs[room.index()].present();
        let hosts = &present.hosts;
        if !hosts.keys().all(|host| self.takes_next(*host, room)) {
            return false;
        }
        let unclear = hosts.keys().find_map(|host| {
            let to = self.servers[host.index()].unclear_among(hosts).next();
            to.map(|to| (*host, to))
        });
        if let Some(watch) = &mut self.clocks[room.index()].watch {
            watch.unclear = unclear;
        }
        let reaches = |one: &ServerId| hosts.keys().all(|other| self.reachable(*one, *other));
        unclear.is_none() && (self.cuts.is_empty() || hosts.keys().all(reaches))
    }

    /// Would the server take the room's next message without more, if it were sent to it?
    pub(super) fn takes_next(&self, host: ServerId, room: RoomId) -> bool {
        if self.power[host.index()] != Power::Up {
            return false;
        }
        let homeserver = &self.servers[host.index()];
        let in_step = homeserver.db.rooms.get(&room).is_some_and(|replica| {
            replica.follows && (self.heads(room, host) == 1 || self.has_newest_state(room, replica))
        });
        self.is_deaf(host, room) || in_step && !homeserver.memory.busy.contains(&room)
    }

    fn has_newest_state(&self, room: RoomId, replica: &Replica) -> bool {
        let newest = self.logs[room.index()].newest_state();
        newest.is_some_and(|newest| replica.state == *newest)
    }

    /// Puts the room's next drawn message on the queue.
    pub(super) fn plan_next_message(&mut self, room: RoomId) {
        let end_day = self.world.end.day() as u32;
        let clock = &mut self.clocks[room.index()];
        let log = &self.logs[room.index()];
        let source = room.0 + 1;
        while clock.next.day <= end_day {
            let times = log.times(clock.next.day);
            if let Some(at) = times.get(clock.next.number) {
                clock.generation += 1;
                clock.single = Some(clock.generation);
                let event = Event::Speak {
                    room,
                    generation: clock.generation,
                    message: clock.next,
                };
                self.queue.push(at, class::PERSON, source, event);
                return;
            }
            clock.next = TrafficRef {
                day: clock.next.day + 1,
                number: 0,
            };
        }
        clock.generation += 1;
        clock.single = Some(clock.generation);
    }

    /// A drawn message is due.
    pub(super) fn speak(
        &mut self,
        now: SimTime,
        room: RoomId,
        generation: u32,
        message: TrafficRef,
    ) {
        if self.clocks[room.index()].single != Some(generation) {
            self.superseded += 1;
            return;
        }
        self.advance(room, now);
        self.advance_before(room, message);
        self.clocks[room.index()].next = message;
        if !self.is_heard(room, message) {
            self.superseded += 1;
            return;
        }
        self.clocks[room.index()].next.number += 1;
        if message.number == 0 {
            let able = self.able_members(room);
            self.update_silence(room, able);
        }
        let log = &self.logs[room.index()];
        let mut speaker = None;
        if let Some(basis) = log
            .basis(message.day)
            .filter(|basis| log.has_speakers(message.day, *basis))
        {
            let (author, server) = log.day(message.day, basis).author(message.number);
            speaker = Some(server);
            if self.power[server.index()] == Power::Up {
                // Who cannot send (no session, no longer in the room) stays silent.
                let _ = self.decide(server, |homeserver, context| {
                    homeserver.speak(context, room, author, message)
                });
            }
        }
        if self.world.in_step {
            // Even where nobody has spoken, the next message is to be planned.
            self.touch_copies(room, speaker);
        } else {
            self.plan_next_message(room);
        }
    }
}

/// Appends whatever was said in a room before this moment, from the message `next` on, as counts.
pub(super) fn append_calm(log: &mut RoomLog, next: &mut TrafficRef, now: SimTime) {
    let today = now.day() as u32;
    while next.day <= today {
        let day = next.day;
        let end = made_before(log, day, now);
        // Before anybody could speak, what would have been said is passed over.
        let basis = log.basis(day).filter(|_| end > next.number);
        if basis.is_some_and(|basis| log.has_speakers(day, basis)) {
            log.push_run(*next, end - next.number);
        }
        next.number = end;
        if day == today {
            return;
        }
        *next = TrafficRef {
            day: day + 1,
            number: 0,
        };
    }
}

/// Those of the numbers, in order, that lie in a range.
pub(super) fn within<'a>(of: &'a [u32], range: &Range<u32>) -> impl Iterator<Item = u32> + 'a {
    let first = of.partition_point(|number| *number < range.start);
    let end = of.partition_point(|number| *number < range.end);
    of[first..end].iter().copied()
}

/// How many of a day's drawn messages are due before a moment.
pub(super) fn made_before(log: &RoomLog, day: u32, now: SimTime) -> u32 {
    if day < now.day() as u32 {
        log.drawn_count(day)
    } else {
        log.times(day).before(now)
    }
}
