//! Rooms in which something is wrong: what a drawn message of each server's users would be there.
//!
//! A message that only waits behind others, for servers that are known not to answer, needs no event of its own: it is
//! appended as in a calm room, and noted where it waits. Only a message that would set something going is played.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::protocol::matrix::Standing;
use crate::room::TrafficRef;

use super::trouble::{Trouble, of};
use super::{Event, Power, Simulation, class};

/// A message that waits for a server: when it was made, its room and number there.
pub(super) type Waiting = (SimTime, RoomId, EventNo);

/// A message by a user of some server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Voice {
    /// Is not made: the server is down.
    Silent,
    /// Sets something going.
    Heard,
    /// Waits for these servers, until the first of their back-offs is over; all others receive it in step.
    Waits(Vec<ServerId>, Option<SimTime>),
}

/// Today's speakers in a room in which something is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Watch {
    voices: BTreeMap<ServerId, Voice>,
    /// The next message that is played, once it is planned.
    planned: Option<TrafficRef>,
}

impl Watch {
    /// Does it know what a message of today's speakers would be?
    pub(super) fn listens(&self) -> bool {
        !self.voices.is_empty()
    }

    pub(super) fn voice(&self, server: ServerId) -> &Voice {
        self.voices.get(&server).unwrap_or(&Voice::Heard)
    }
}

impl Simulation<'_> {
    /// Looks at a room in which something is wrong, and plans what comes next in it.
    pub(super) fn watch(&mut self, room: RoomId) {
        let before = self.clocks[room.index()].watch.take();
        let watch = self.listen(room);
        self.plan_watched(room, before, watch);
    }

    /// Looks at the room again, where nothing has changed but how some servers stand to others.
    pub(super) fn watch_again(&mut self, room: RoomId, servers: &BTreeSet<ServerId>) {
        let before = self.clocks[room.index()].watch.take();
        let mut watch = before.clone().unwrap_or_default();
        let failing = self.failing_speakers(room);
        for server in servers {
            if watch.voices.contains_key(server) {
                let trouble = Trouble::of(self, room, *server);
                let voice = self.voice(room, *server, &trouble, &failing);
                watch.voices.insert(*server, voice);
            }
        }
        self.plan_watched(room, before, watch);
    }

    fn plan_watched(&mut self, room: RoomId, before: Option<Watch>, mut watch: Watch) {
        let next = match &before {
            Some(before) if before.voices == watch.voices && self.is_ahead(room, before) => {
                before.planned
            }
            _ => self.next_heard(room, &watch),
        };
        watch.planned = next;
        let clock = &mut self.clocks[room.index()];
        if before.as_ref() == Some(&watch) && clock.single.is_some() {
            clock.watch = before;
            return;
        }
        clock.generation += 1;
        let generation = clock.generation;
        clock.single = Some(generation);
        clock.watch = Some(watch);
        if let Some(message) = next {
            let at = self.logs[room.index()].times(message.day)[message.number as usize];
            let event = Event::Speak {
                room,
                generation,
                message,
            };
            self.queue.push(at, class::PERSON, room.0 + 1, event);
        }
    }

    /// Has the room not come to the planned message yet?
    fn is_ahead(&self, room: RoomId, watch: &Watch) -> bool {
        let next = self.clocks[room.index()].next;
        watch.planned.is_some_and(|planned| next <= planned) && !watch.voices.is_empty()
    }

    /// The next drawn message that is played: the next that sets something going today, or else the first one of the
    /// next day that has any, on which everybody is listened to again.
    fn next_heard(&self, room: RoomId, watch: &Watch) -> Option<TrafficRef> {
        let log = &self.logs[room.index()];
        let from = self.clocks[room.index()].next;
        let basis = log.basis(from.day);
        let basis = basis.filter(|basis| from.number > 0 && log.has_speakers(from.day, *basis));
        if let Some(basis) = basis {
            let day = log.day(from.day, basis);
            let times = log.times(from.day);
            let next = watch.voices.iter().filter_map(|(server, voice)| {
                let first = match voice {
                    Voice::Heard => from.number,
                    // What is said after the back-off sets something going.
                    Voice::Waits(_, Some(until)) => {
                        let before = times.partition_point(|time| time < until) as u32;
                        before.max(from.number)
                    }
                    Voice::Waits(_, None) | Voice::Silent => return None,
                };
                day.next_of(*server, first)
            });
            // Where nobody was listened to, everything is played.
            let any = (from.number < day.count() && !watch.listens()).then_some(from.number);
            let next = next.chain(any);
            if let Some(number) = next.min() {
                return Some(TrafficRef {
                    day: from.day,
                    number,
                });
            }
        }
        let first = from.day + u32::from(from.number > 0);
        let last = self.world.end.day() as u32;
        let next = (first..=last).find(|day| log.drawn_count(*day) > 0);
        next.map(|day| TrafficRef { day, number: 0 })
    }

    /// What a message of each of today's speakers would be, now.
    fn listen(&self, room: RoomId) -> Watch {
        let log = &self.logs[room.index()];
        let TrafficRef { day, number } = self.clocks[room.index()].next;
        let mut watch = Watch::default();
        // Who speaks today is settled with the first message.
        if number == 0 {
            return watch;
        }
        let Some(basis) = log.basis(day).filter(|basis| log.has_speakers(day, *basis)) else {
            return watch;
        };
        if !self.world.in_step || !self.day_has_no_leaver(room) {
            return watch;
        }
        let trouble = Trouble::new(self, room);
        let failing = self.failing_speakers(room);
        for server in log.day(day, basis).servers() {
            let voice = self.voice(room, server, &trouble, &failing);
            watch.voices.insert(server, voice);
        }
        watch
    }

    /// What a message of a server's users would be.
    fn voice(
        &self,
        room: RoomId,
        server: ServerId,
        trouble: &Trouble,
        failing: &BTreeSet<ServerId>,
    ) -> Voice {
        if self.power[server.index()] != Power::Up {
            return Voice::Silent;
        }
        let now = self.queue.now();
        let homeserver = &self.servers[server.index()];
        if failing.contains(&server)
            || trouble.is_out_of_step(server)
            || self.heads(room, server) != 1
        {
            return Voice::Heard;
        }
        let (mut waits, mut until) = (Vec::new(), None);
        for (_, host) in of(&trouble.unclear, server) {
            match homeserver.standing(*host, now) {
                Standing::Due => return Voice::Heard,
                Standing::Clear => {}
                Standing::Waiting if self.is_over_at_once(server, *host) => {}
                Standing::Waiting if self.follows(room, *host) => return Voice::Heard,
                Standing::Waiting => {
                    waits.push(*host);
                    if !homeserver.is_transmitting(*host) {
                        let end = homeserver.backoff_until(*host);
                        until = until.into_iter().chain(end).min();
                    }
                }
            }
        }
        // Whoever is not well, or has something waiting for this server, does not simply receive from it.
        let receives = |host: &ServerId| *host == server || waits.contains(host);
        let is_heard = !trouble.out_of_step.iter().all(receives)
            || !of(&trouble.unclear_from, server)
                .iter()
                .all(|(_, host)| receives(host))
            || trouble.cut
                && !trouble
                    .hosts
                    .iter()
                    .all(|host| receives(host) || self.reachable(server, *host));
        match is_heard {
            true => Voice::Heard,
            false => Voice::Waits(waits, until),
        }
    }

    /// Is nothing between two servers but a transaction that will be answered at this moment?
    pub(super) fn is_over_at_once(&self, from: ServerId, to: ServerId) -> bool {
        let homeserver = &self.servers[from.index()];
        homeserver.is_first_try(to)
            && homeserver.is_transmitting(to)
            && homeserver.backoff_until(to).is_none()
            && self.answers_at_once(from, to)
    }

    fn heads(&self, room: RoomId, server: ServerId) -> usize {
        let replica = self.servers[server.index()].db.rooms.get(&room);
        replica.map_or(0, |replica| replica.heads.len())
    }

    fn follows(&self, room: RoomId, server: ServerId) -> bool {
        let replica = self.servers[server.index()].db.rooms.get(&room);
        replica.is_some_and(|replica| replica.follows)
    }

    /// Servers with a member who is expected to speak today and cannot.
    fn failing_speakers(&self, room: RoomId) -> BTreeSet<ServerId> {
        let doubtful = self.doubtful_hosts(room);
        if doubtful.is_empty() {
            return doubtful;
        }
        let log = &self.logs[room.index()];
        let today = self.queue.now().day() as u32;
        let present = log.present();
        let members = present.members.iter().copied();
        let failing = members.filter(|user| {
            doubtful.contains(&log.home(*user))
                && self.world.users[user.index()].weight > 0
                && !log.is_silenced(*user, today)
                && !self.is_able(room, *user)
        });
        failing.map(|user| log.home(user)).collect()
    }

    /// Notes where a message that was appended waits.
    pub(super) fn hold_back(
        &mut self,
        room: RoomId,
        event: EventNo,
        server: ServerId,
        at: SimTime,
    ) {
        let watch = self.clocks[room.index()].watch.take();
        if let Some(Voice::Waits(waits, _)) = watch.as_ref().map(|watch| watch.voice(server)) {
            for host in waits {
                debug_assert!(
                    !self.follows(room, *host),
                    "{host} follows {room} by {event}"
                );
                let homeserver = &mut self.servers[server.index()];
                if homeserver.is_catching_up(*host) {
                    homeserver.queue_waiting(*host, room, event, at);
                } else {
                    // Its place among messages of other rooms is known when all of them have been brought up.
                    let waiting = self.waiting.entry((server, *host)).or_default();
                    waiting.push((at, room, event));
                }
            }
        }
        self.clocks[room.index()].watch = watch;
    }

    /// Puts what waits from one server for another into its queue, in order of time.
    fn queue_held_back(&mut self, from: ServerId, to: ServerId) {
        let mut waiting = self.waiting.remove(&(from, to)).unwrap_or_default();
        waiting.sort_unstable();
        for (at, room, event) in waiting {
            self.servers[from.index()].queue_waiting(to, room, event, at);
        }
    }

    /// The same for all that waits on a server or for it, once all its rooms have been brought up.
    pub(super) fn queue_all_held_back(&mut self, server: ServerId) {
        let pairs = self.waiting.keys().copied();
        let concerned = pairs.filter(|(from, to)| *from == server || *to == server);
        for (from, to) in concerned.collect::<Vec<_>>() {
            self.queue_held_back(from, to);
        }
    }

    /// Something between two servers may change: what was said in the rooms that they share is noted first, and
    /// afterwards these are looked at.
    pub(super) fn touch_pair(&mut self, one: ServerId, other: ServerId) {
        if self.world.in_step {
            let shared = self.advance_shared(one, other).into_iter();
            let hanging: Vec<RoomId> = shared
                .filter(|room| self.hangs_on(*room, one, other))
                .collect();
            for room in hanging {
                self.shifted.entry(room).or_default().extend([one, other]);
            }
        }
    }

    /// A message is queued behind what waits for the same server: what was said in other rooms comes before it.
    pub(super) fn bring_up_before(&mut self, from: ServerId, to: ServerId) {
        let is_clear = self.servers[from.index()].is_clear(to) || self.is_over_at_once(from, to);
        if self.world.in_step && !is_clear {
            self.advance_shared(from, to);
        }
    }

    /// Does it matter in the room today how two servers stand to each other? Only if one of them speaks.
    fn hangs_on(&self, room: RoomId, one: ServerId, other: ServerId) -> bool {
        let speaks = |watch: &Watch, server| {
            let voice = watch.voices.get(&server);
            voice.is_some_and(|voice| *voice != Voice::Silent)
        };
        let watch = self.clocks[room.index()].watch.as_ref();
        watch.is_none_or(|watch| {
            watch.voices.is_empty() || speaks(watch, one) || speaks(watch, other)
        })
    }

    /// Brings up the rooms that two servers share: what one sends the other depends on them.
    pub(super) fn advance_shared(&mut self, one: ServerId, other: ServerId) -> Vec<RoomId> {
        let now = self.queue.now();
        let (few, many) =
            match self.rooms_of[one.index()].len() < self.rooms_of[other.index()].len() {
                true => (one, other),
                false => (other, one),
            };
        let many = &self.rooms_of[many.index()];
        let few = self.rooms_of[few.index()].iter().copied();
        let shared: Vec<RoomId> = few.filter(|room| many.contains(room)).collect();
        for room in &shared {
            self.advance(*room, now);
        }
        self.queue_held_back(one, other);
        self.queue_held_back(other, one);
        shared
    }
}
