//! Drawn messages: as counts while a room is calm, one by one while something is wrong in it.

use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::SimTime;
use crate::room::{Membership, StateMap, TrafficRef};

use super::{Event, Power, Simulation, class};

/// How far a room's drawn messages have been made.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// The next message to be made.
    next: TrafficRef,
    /// Are messages made one by one? Then the next one is on the queue under this generation.
    single: Option<u32>,
    generation: u32,
}

impl Clock {
    pub(super) fn new(start: SimTime) -> Self {
        let day = u32::try_from(start.day()).expect("a day of this millennium");
        Clock {
            next: TrafficRef { day, number: 0 },
            single: None,
            generation: 0,
        }
    }
}

impl Simulation<'_> {
    /// Brings a calm room up to now: whatever was said before this moment is appended as counts.
    pub(super) fn advance(&mut self, room: RoomId, now: SimTime) {
        let clock = &mut self.clocks[room.index()];
        let log = &mut self.logs[room.index()];
        if clock.single.is_some() || log.traffic().per_day <= 0.0 {
            return;
        }
        let today = now.day() as u32;
        while clock.next.day <= today {
            let day = clock.next.day;
            let end = if day < today {
                log.drawn_count(day)
            } else {
                log.times(day).partition_point(|time| *time < now) as u32
            };
            // Before anybody could speak, what would have been said is passed over.
            if end > clock.next.number
                && let Some(basis) = log.basis(day).filter(|basis| log.has_speakers(day, *basis))
            {
                log.push_run(clock.next, end - clock.next.number, basis);
            }
            clock.next.number = end;
            if day == today {
                return;
            }
            clock.next = TrafficRef {
                day: day + 1,
                number: 0,
            };
        }
    }

    /// Brings all rooms of a server up to now: those that it knows, and those in which others list it.
    pub(super) fn advance_server(&mut self, server: ServerId, now: SimTime) {
        for room in 0..self.logs.len() {
            let room = RoomId(room as u32);
            let log = &self.logs[room.index()];
            let listed = || log.present().hosts.contains_key(&server);
            if self.present[room.index()].contains(&server) || listed() {
                self.advance(room, now);
            }
        }
    }

    /// As `advance_server`; afterwards each of these rooms is looked at.
    pub(super) fn touch_server(&mut self, server: ServerId, now: SimTime) {
        self.advance_server(server, now);
        for room in 0..self.logs.len() {
            let room = RoomId(room as u32);
            let listed = || {
                self.logs[room.index()]
                    .present()
                    .hosts
                    .contains_key(&server)
            };
            if self.present[room.index()].contains(&server) || listed() {
                self.touched.insert(room);
            }
        }
    }

    /// Looks at every room that was touched: calm rooms count messages, others make them one by one.
    pub(super) fn settle_rooms(&mut self) {
        let now = self.queue.now();
        while let Some(room) = self.touched.pop_first() {
            self.start_scrolling(room);
            if self.logs[room.index()].traffic().per_day <= 0.0
                || self.logs[room.index()].is_empty()
            {
                continue;
            }
            let able = self.is_in_step(room).then(|| self.able_members(room));
            let able = able.filter(|able| self.nobody_fails_to_speak(room, able));
            let calm = able.is_some();
            match (calm, self.clocks[room.index()].single) {
                (true, Some(_)) => self.clocks[room.index()].single = None,
                (false, None) => {
                    self.advance(room, now);
                    self.plan_next_message(room);
                }
                _ => {}
            }
            if let Some(able) = able {
                self.update_silence(room, able);
            }
        }
    }

    /// Is every server of the room in step? If everybody in it can speak too, the room is calm.
    fn is_in_step(&self, room: RoomId) -> bool {
        if !self.world.in_step {
            return false;
        }
        let log = &self.logs[room.index()];
        let Some(last) = log.last() else { return true };
        let state = log.state_after(last);
        let hosts = &log.present().hosts;
        hosts.keys().all(|host| {
            let homeserver = &self.servers[host.index()];
            let in_step = homeserver.db.rooms.get(&room).is_some_and(|replica| {
                replica.follows && (replica.heads.len() == 1 || replica.state == *state)
            });
            self.power[host.index()] == Power::Up
                && (self.is_deaf(*host, room)
                    || (in_step && !homeserver.memory.busy.contains(&room)))
                && hosts.keys().all(|other| {
                    other == host || (self.reachable(*host, *other) && homeserver.is_clear(*other))
                })
        })
    }

    /// Can every member who is expected to speak do so, on top of the newest item? Who cannot is not
    /// expected to, from the next day on.
    fn nobody_fails_to_speak(&self, room: RoomId, able: &[(UserId, bool)]) -> bool {
        let log = &self.logs[room.index()];
        let today = self.queue.now().day() as u32;
        let has_one_head = |server: &ServerId| {
            let replica = self.servers[server.index()].db.rooms.get(&room);
            replica.is_some_and(|replica| replica.heads.len() == 1)
        };
        let present = log.present();
        let forked = present.hosts.keys().copied();
        let forked: Vec<ServerId> = forked.filter(|host| !has_one_head(host)).collect();
        able.iter().copied().all(|(user, can_speak)| {
            if self.world.users[user.index()].weight == 0 {
                return true;
            }
            if !can_speak {
                return log.is_silenced(user, today);
            }
            !forked.contains(&log.home(user))
        }) && self.day_has_no_leaver(room)
    }

    /// All members, each with: has this one a session, on a server that believes in the membership?
    fn able_members(&self, room: RoomId) -> Vec<(UserId, bool)> {
        let log = &self.logs[room.index()];
        let newest = log.last().map(|last| log.state_after(last));
        // Users of one server mostly stand together.
        let mut last = None;
        let mut copy_on = |server: ServerId| match last {
            Some((of, copy)) if of == server => copy,
            _ => {
                let copy = self.servers[server.index()].db.rooms.get(&room);
                // Where the state is the newest item's, a member is one.
                let is_newest =
                    |state: &StateMap| newest.is_some_and(|newest| state.ptr_eq(newest));
                let copy = copy.map(|copy| (&copy.state, is_newest(&copy.state)));
                last = Some((server, copy));
                copy
            }
        };
        let mut able = |user: UserId| {
            let server = log.home(user);
            copy_on(server).is_some_and(|(state, is_newest)| {
                is_newest || log.membership_in(state, user) == Some(Membership::Join)
            }) && self.servers[server.index()].can_act(user)
        };
        let present = log.present();
        let members = present.members.iter();
        members.map(|user| (*user, able(*user))).collect()
    }

    /// Who is expected to speak on a day is settled with its first message: of the members, those who can.
    /// In a calm room that message makes no event, but then nothing changes before it either.
    fn update_silence(&mut self, room: RoomId, able: Vec<(UserId, bool)>) {
        let log = &mut self.logs[room.index()];
        let is_known =
            |(user, can_speak): &(UserId, bool)| log.is_silenced(*user, u32::MAX) != *can_speak;
        if able.iter().all(is_known) {
            return;
        }
        let now = self.queue.now();
        let today = now.day() as u32;
        let is_settled = log.times(today).first().is_some_and(|time| *time < now);
        let day = today + u32::from(is_settled);
        for (user, can_speak) in able {
            log.set_silenced(user, day, !can_speak);
        }
    }

    /// Today's speakers were named at the day's beginning. One who has left since says nothing more, so
    /// the rest of the day is made one by one.
    fn day_has_no_leaver(&self, room: RoomId) -> bool {
        let log = &self.logs[room.index()];
        let (Some(last), Some(basis)) = (log.last(), log.basis(self.queue.now().day() as u32))
        else {
            return true;
        };
        let (now, then) = (log.state_after(last), log.state_after(basis));
        now.ptr_eq(then)
            || log
                .joined(then)
                .all(|user| log.membership_in(now, user) == Some(Membership::Join))
    }

    /// Puts the room's next drawn message on the queue.
    fn plan_next_message(&mut self, room: RoomId) {
        let end_day = self.world.end.day() as u32;
        let clock = &mut self.clocks[room.index()];
        let log = &self.logs[room.index()];
        let source = room.0 + 1;
        while clock.next.day <= end_day {
            let times = log.times(clock.next.day);
            if let Some(at) = times.get(clock.next.number as usize) {
                clock.generation += 1;
                clock.single = Some(clock.generation);
                let event = Event::Speak {
                    room,
                    generation: clock.generation,
                    message: clock.next,
                };
                self.queue.push(*at, class::PERSON, source, event);
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
        _now: SimTime,
        room: RoomId,
        generation: u32,
        message: TrafficRef,
    ) {
        if self.clocks[room.index()].single != Some(generation) {
            return;
        }
        let clock = &mut self.clocks[room.index()];
        clock.next = TrafficRef {
            day: message.day,
            number: message.number + 1,
        };
        if message.number == 0 {
            let able = self.able_members(room);
            self.update_silence(room, able);
            self.touched.insert(room);
        }
        let log = &self.logs[room.index()];
        if let Some(basis) = log
            .basis(message.day)
            .filter(|basis| log.has_speakers(message.day, *basis))
        {
            let (author, server) = log.day(message.day, basis).author(message.number);
            if self.power[server.index()] == Power::Up {
                // Who cannot send (no session, no longer in the room) stays silent.
                let _ = self.decide(server, |homeserver, context| {
                    homeserver.speak(context, room, author, message)
                });
            }
        }
        self.plan_next_message(room);
    }
}
