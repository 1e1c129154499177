//! Rooms in which something is wrong: what a drawn message of each server's users would be there.
//!
//! A message that only waits behind others, for servers that are known not to answer, needs no event of its own: it is
//! appended as in a calm room, and noted where it waits. Only a message that would set something going is played.
//! Everything is brought up to date by those copies of the room and pairs of servers that have changed.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::room::{Day, TrafficRef};

use super::rooms::made_before;
use super::trouble::{Unwell, Watch};
use super::voices::Voice;
use super::{Event, Simulation, class};

/// A message that waits for a server: when it was made, its room and number there.
pub(super) type Waiting = (SimTime, RoomId, EventNo);

impl Simulation<'_> {
    /// Looks at a room in which something is wrong as a whole, and plans what comes next in it.
    pub(super) fn watch(&mut self, room: RoomId) {
        if !self.world.in_step {
            if self.clocks[room.index()].single.is_none() {
                self.plan_next_message(room);
            }
            return;
        }
        let planned = self.unwatch(room);
        let present = self.logs[room.index()].present();
        let hosts = present.hosts.keys();
        let unwell = hosts.filter_map(|host| Some((*host, self.unwell(room, *host)?)));
        let copies = self.present[room.index()].iter().copied();
        let strays = copies.filter(|server| !present.hosts.contains_key(server));
        let mut watch = Watch {
            strays: strays.collect(),
            unwell: unwell.collect(),
            present: Rc::clone(&present),
            planned,
            ..Watch::default()
        };
        self.begin_day(room, &mut watch);
        let from = self.clocks[room.index()].next.number;
        self.plan_watched(room, watch, from);
    }

    /// Ends a watch; says which message is on the queue.
    fn unwatch(&mut self, room: RoomId) -> Option<TrafficRef> {
        let mut watch = self.clocks[room.index()].watch.take()?;
        let speakers: Vec<ServerId> = watch.voices.keys().copied().collect();
        for speaker in speakers {
            self.note_owed(room, speaker, &mut watch);
        }
        watch.planned
    }

    /// Looks at the room again, where only these servers' copies have changed, or how the servers stand to others.
    pub(super) fn watch_again(&mut self, room: RoomId, servers: &BTreeSet<ServerId>) {
        let present = self.logs[room.index()].present();
        let is_same = |watch: &Watch| Rc::ptr_eq(&watch.present, &present);
        if !self.clocks[room.index()]
            .watch
            .as_ref()
            .is_some_and(is_same)
        {
            return self.watch(room);
        }
        let mut watch = std::mem::take(&mut self.clocks[room.index()].watch).expect("just seen");
        for server in servers
            .iter()
            .filter(|server| present.hosts.contains_key(server))
        {
            let now = self.unwell(room, *server);
            let before = match now {
                Some(unwell) => watch.unwell.insert(*server, unwell),
                None => watch.unwell.remove(server),
            };
            watch.note_change(*server, before, now);
        }
        self.look_at_forks(room, &mut watch);
        if self.day_of_watch(room) == watch.day {
            self.update_failing(room, &mut watch, servers);
            let drawn = self.drawn_day(room);
            for server in servers {
                self.listen_later(room, &mut watch, *server, drawn.as_deref());
            }
            if watch.changed.is_empty() {
                self.settle_changes(room, &mut watch, drawn.as_deref());
            }
        } else {
            self.begin_day(room, &mut watch);
        }
        let from = self.clocks[room.index()].next.number;
        self.plan_watched(room, watch, from);
    }

    /// A message on top of two branches joins them wherever it is received in step: then no copy is forked any more.
    fn look_at_forks(&self, room: RoomId, watch: &mut Watch) {
        let forked =
            |(server, copy): (&ServerId, &Unwell)| (*copy == Unwell::Forked).then_some(*server);
        let is_joined = |server: &ServerId| self.unwell(room, *server).is_none();
        let first = watch.unwell.iter().find_map(forked);
        if !first.as_ref().is_some_and(is_joined) {
            return;
        }
        let joined: Vec<ServerId> = watch
            .unwell
            .iter()
            .filter_map(forked)
            .filter(is_joined)
            .collect();
        for server in joined {
            let before = watch.unwell.remove(&server);
            watch.note_change(server, before, None);
        }
    }

    /// How a server's copy is, unless it simply receives the next message.
    fn unwell(&self, room: RoomId, server: ServerId) -> Option<Unwell> {
        let follows = self.follows(room, server);
        if !self.takes_next(server, room) {
            return Some(Unwell::OutOfStep { follows });
        }
        if !follows {
            return Some(Unwell::Deaf);
        }
        let staged = &self.servers[server.index()].memory.staged;
        let is_forked = self.heads(room, server) != 1 || staged.contains_key(&room);
        is_forked.then_some(Unwell::Forked)
    }

    /// The day whose messages are listened to, once it has begun.
    fn day_of_watch(&self, room: RoomId) -> Option<u32> {
        let next = self.clocks[room.index()].next;
        // Who speaks on a day is settled with its first message.
        (next.number > 0).then_some(next.day)
    }

    /// The day's messages, if there is anybody who can speak.
    fn drawn_day(&self, room: RoomId) -> Option<Rc<Day>> {
        let log = &self.logs[room.index()];
        let day = self.day_of_watch(room)?;
        let basis = log.basis(day).filter(|basis| log.has_speakers(day, *basis));
        basis.map(|basis| log.day(day, basis))
    }

    /// Listens to all who speak today.
    fn begin_day(&mut self, room: RoomId, watch: &mut Watch) {
        watch.day = self.day_of_watch(room);
        watch.plays_all = !self.day_has_no_leaver(room);
        watch.failing = self.failing_speakers(room);
        watch.next.clear();
        watch.order.clear();
        watch.stale.clear();
        watch.changed.clear();
        watch.listened_to.clear();
        watch.unheard = 0;
        let drawn = self.drawn_day(room);
        let speakers = drawn.as_deref().map(Day::servers).unwrap_or_default();
        for server in speakers {
            self.listen_to(room, watch, server, drawn.as_deref());
        }
    }

    /// What a message of a server's users would be has perhaps changed. A server that comes back falls out of step and
    /// in again with each gap that it fills, so nobody asks before the next message.
    fn listen_later(
        &mut self,
        room: RoomId,
        watch: &mut Watch,
        server: ServerId,
        day: Option<&Day>,
    ) {
        self.note_owed(room, server, watch);
        if !watch.stale.contains(&server) {
            let from = self.clocks[room.index()].next;
            let next = day.and_then(|day| day.next_of(server, from.number));
            watch.plan_next(server, next);
            match next {
                Some(_) => watch.stale.insert(server),
                None => {
                    watch.set_voice(server, None);
                    true
                }
            };
        }
    }

    /// As `listen_later`, of a server whose messages are heard, each of which is planned already.
    pub(super) fn doubt(&mut self, room: RoomId, server: ServerId) {
        if let Some(mut watch) = self.clocks[room.index()].watch.take() {
            if watch.day == self.day_of_watch(room) {
                let drawn = self.drawn_day(room);
                self.listen_later(room, &mut watch, server, drawn.as_deref());
            }
            self.clocks[room.index()].watch = Some(watch);
        }
    }

    /// Every copy is taken to be as it is now: voices that this proves wrong are listened to later.
    fn settle_changes(&mut self, room: RoomId, watch: &mut Watch, day: Option<&Day>) {
        let mut wrong = std::mem::take(&mut watch.listened_to);
        for server in std::mem::take(&mut watch.changed).into_keys() {
            wrong.extend(watch.proved_wrong(server));
        }
        watch.unheard = 0;
        for server in wrong {
            self.listen_later(room, watch, server, day);
        }
    }

    /// A message is due: is it heard, now that its speaker is listened to? If not, it is not played.
    pub(super) fn is_heard(&mut self, room: RoomId, message: TrafficRef) -> bool {
        let Some(mut watch) = self.clocks[room.index()].watch.take() else {
            return true;
        };
        let mut is_heard = true;
        if watch.day == Some(message.day)
            && let Some(day) = self.drawn_day(room)
            && let server = day.cell(message.number).0
            && (watch.stale.contains(&server) || !watch.changed.is_empty())
        {
            // By then it is less work to know whose messages need not be looked at.
            if watch.unheard > watch.voices.len() {
                self.settle_changes(room, &mut watch, Some(&day));
            }
            watch.stale.remove(&server);
            self.listen_to(room, &mut watch, server, Some(&day));
            is_heard = *watch.voice(server) == Voice::Heard;
            if !watch.changed.is_empty() {
                watch.listened_to.insert(server);
                watch.unheard += usize::from(!is_heard);
            }
        }
        match is_heard {
            true => self.clocks[room.index()].watch = Some(watch),
            false => self.plan_watched(room, watch, message.number + 1),
        }
        is_heard
    }

    /// Finds out what a message of a server's users would be now, and which of today's is the next that is played.
    fn listen_to(&mut self, room: RoomId, watch: &mut Watch, server: ServerId, day: Option<&Day>) {
        let from = self.clocks[room.index()].next;
        self.note_owed(room, server, watch);
        let Some(day) = day.filter(|day| day.count_of(server) > 0) else {
            watch.set_voice(server, None);
            return watch.plan_next(server, None);
        };
        let voice = match watch.plays_all {
            true => Voice::Heard,
            false => self.voice(room, server, watch),
        };
        let next = match &voice {
            Voice::Silent => None,
            Voice::Heard => day.next_of(server, from.number),
            Voice::Waits(waits) => self.next_after(room, (server, waits.until()), day),
        };
        watch.plan_next(server, next);
        watch.set_voice(server, Some(voice));
    }

    /// The first of a server's messages of today after the end of its back-offs: that one sets something going.
    fn next_after(
        &self,
        room: RoomId,
        (server, until): (ServerId, Option<SimTime>),
        day: &Day,
    ) -> Option<u32> {
        let from = self.clocks[room.index()].next;
        let until = until.filter(|until| until.day() <= u64::from(from.day))?;
        let before = made_before(&self.logs[room.index()], from.day, until);
        day.next_of(server, before.max(from.number))
    }

    /// The first of the back-offs is over at another time than was known: so is the next message that is played, of a server
    /// that waits.
    pub(super) fn plan_after(&mut self, room: RoomId, server: ServerId, until: Option<SimTime>) {
        let day = self.day_of_watch(room);
        let Some(mut watch) = self.clocks[room.index()].watch.take() else {
            return;
        };
        if watch.day == day && !watch.stale.contains(&server) {
            let drawn = self.drawn_day(room);
            let next = drawn.and_then(|day| self.next_after(room, (server, until), &day));
            watch.plan_next(server, next);
        }
        match watch.changed.is_empty() {
            true => self.plan_watched(room, watch, 0),
            // Whoever speaks next is listened to.
            false => self.clocks[room.index()].watch = Some(watch),
        }
    }

    /// Puts the next message that is played on the queue: the next of today, of which those from a number on are left, or
    /// else the first one of the next day that has any, on which everybody is listened to again.
    fn plan_watched(&mut self, room: RoomId, mut watch: Watch, from: u32) {
        let day = self.clocks[room.index()].next.day;
        let today = match watch.changed.is_empty() {
            true => watch.order.first().map(|(number, _)| *number),
            false => self.is_left(room, &watch, from).then_some(from),
        };
        let today = today.map(|number| TrafficRef { day, number });
        let next = today.or_else(|| self.first_of_next_day(room));
        let clock = &mut self.clocks[room.index()];
        let is_planned = clock.single.is_some() && watch.planned == next && next.is_some();
        watch.planned = next;
        clock.watch = Some(watch);
        if is_planned {
            return;
        }
        clock.generation += 1;
        let generation = clock.generation;
        clock.single = Some(generation);
        if let Some(message) = next {
            let at = self.logs[room.index()]
                .times(message.day)
                .at(message.number);
            let event = Event::Speak {
                room,
                generation,
                message,
            };
            self.queue.push(at, class::PERSON, room.0 + 1, event);
        }
    }

    /// Is there such a message on the day that is listened to?
    fn is_left(&self, room: RoomId, watch: &Watch, number: u32) -> bool {
        watch.day.is_some()
            && watch.day == self.day_of_watch(room)
            && self.drawn_day(room).is_some_and(|day| number < day.count())
    }

    fn first_of_next_day(&self, room: RoomId) -> Option<TrafficRef> {
        let log = &self.logs[room.index()];
        let from = self.clocks[room.index()].next;
        let first = from.day + u32::from(from.number > 0);
        let last = self.world.end.day() as u32;
        let next = (first..=last).find(|day| log.drawn_count(*day) > 0);
        next.map(|day| TrafficRef { day, number: 0 })
    }

    /// Is it plain that something is wrong in the room, even if these servers' copies have changed?
    pub(super) fn is_surely_troubled(&self, room: RoomId, servers: &BTreeSet<ServerId>) -> bool {
        let Some(watch) = &self.clocks[room.index()].watch else {
            return false;
        };
        let hosts = &watch.present.hosts;
        let mut changed = servers.iter().filter(|server| hosts.contains_key(server));
        let mut others = watch.out_of_step().filter(|of| !servers.contains(of));
        if others.next().is_some() || changed.any(|of| !self.takes_next(*of, room)) {
            return true;
        }
        let is_unclear = |(from, to): &(ServerId, ServerId)| {
            hosts.contains_key(from)
                && hosts.contains_key(to)
                && !self.servers[from.index()].is_clear(*to)
        };
        watch.unclear.as_ref().is_some_and(is_unclear)
    }
}
