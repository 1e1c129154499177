//! Rooms in which something is wrong: what a drawn message of each server's users would be there.
//!
//! A message that only waits behind others, for servers that are known not to answer, needs no event of its own: it is
//! appended as in a calm room, and noted where it waits. Only a message that would set something going is played.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::protocol::matrix::Standing;
use crate::room::TrafficRef;

use super::{Event, Power, Simulation, class};

/// A message by a user of some server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Voice {
    /// Is not made: the server is down.
    Silent,
    /// Sets something going.
    Heard,
    /// Waits for these servers; all others receive it in step.
    Waits(Vec<ServerId>),
}

/// Today's speakers in a room in which something is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Watch {
    voices: BTreeMap<ServerId, Voice>,
    /// When the first back-off behind which something waits is over.
    until: Option<SimTime>,
    /// The next message that is played, once it is planned.
    planned: Option<TrafficRef>,
}

impl Watch {
    pub(super) fn voice(&self, server: ServerId) -> &Voice {
        self.voices.get(&server).unwrap_or(&Voice::Heard)
    }
}

impl Simulation<'_> {
    /// Looks at a room in which something is wrong, and plans what comes next in it.
    pub(super) fn watch(&mut self, room: RoomId) {
        let before = self.clocks[room.index()].watch.take();
        let mut watch = self.listen(room);
        let next = match &before {
            Some(before) if before.voices == watch.voices && self.is_ahead(room, before) => {
                before.planned
            }
            _ => self.next_heard(room, &watch),
        };
        watch.planned = next;
        let clock = &mut self.clocks[room.index()];
        if before.as_ref() == Some(&watch) && clock.single.is_some() {
            clock.watch = Some(watch);
            return;
        }
        clock.generation += 1;
        let generation = clock.generation;
        clock.single = Some(generation);
        let until = watch.until;
        clock.watch = Some(watch);
        let source = room.0 + 1;
        if let Some(message) = next {
            let at = self.logs[room.index()].times(message.day)[message.number as usize];
            let event = Event::Speak {
                room,
                generation,
                message,
            };
            self.queue.push(at, class::PERSON, source, event);
        }
        if let Some(until) = until {
            let event = Event::Look { room, generation };
            self.queue.push(until, class::RING, source, event);
        }
    }

    /// Has the room not come to the planned message yet?
    fn is_ahead(&self, room: RoomId, watch: &Watch) -> bool {
        let next = self.clocks[room.index()].next;
        watch.planned.is_some_and(|planned| next <= planned) && !watch.voices.is_empty()
    }

    /// A back-off behind which messages of the room wait is over.
    pub(super) fn look(&mut self, room: RoomId, generation: u32) {
        if self.clocks[room.index()].single != Some(generation) {
            return;
        }
        let now = self.queue.now();
        let watch = self.clocks[room.index()].watch.as_ref();
        let voices = watch.into_iter().flat_map(|watch| &watch.voices);
        let waiting = voices.flat_map(|(server, voice)| {
            let waits = match voice {
                Voice::Waits(waits) => waits.as_slice(),
                _ => &[],
            };
            waits.iter().map(|host| (*server, *host))
        });
        let is_due = |(server, host): &(ServerId, ServerId)| {
            self.servers[server.index()].standing(*host, now) != Standing::Waiting
        };
        let due: Vec<(ServerId, ServerId)> = waiting.filter(is_due).collect();
        for (server, host) in due {
            self.touch_pair(server, host);
        }
        self.touched.insert(room);
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
            for number in from.number..day.count() {
                if *watch.voice(day.cell(number).0) == Voice::Heard {
                    return Some(TrafficRef {
                        day: from.day,
                        number,
                    });
                }
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
            let voice = match failing.contains(&server) && self.power[server.index()] == Power::Up {
                true => Voice::Heard,
                false => self.voice(room, server, &trouble, &mut watch.until),
            };
            watch.voices.insert(server, voice);
        }
        watch
    }

    /// What a message of a server's users would be; `until` becomes the first end of a back-off that it waits for.
    fn voice(
        &self,
        room: RoomId,
        server: ServerId,
        trouble: &Trouble,
        until: &mut Option<SimTime>,
    ) -> Voice {
        if self.power[server.index()] != Power::Up {
            return Voice::Silent;
        }
        let now = self.queue.now();
        let homeserver = &self.servers[server.index()];
        if trouble.out_of_step.contains(&server) || self.heads(room, server) != 1 {
            return Voice::Heard;
        }
        let mut waits = Vec::new();
        let mut ends = Vec::new();
        for host in trouble.unclear(server) {
            match homeserver.standing(*host, now) {
                Standing::Due => return Voice::Heard,
                Standing::Clear => {}
                Standing::Waiting if self.follows(room, *host) => return Voice::Heard,
                Standing::Waiting => {
                    waits.push(*host);
                    let end = homeserver.backoff_until(*host).filter(|end| now < *end);
                    ends.extend(end.filter(|_| !homeserver.is_transmitting(*host)));
                }
            }
        }
        let is_received = |host: &ServerId| {
            *host == server
                || waits.contains(host)
                || !trouble.out_of_step.contains(host)
                    && self.reachable(server, *host)
                    && !trouble.unclear(*host).contains(&server)
        };
        if !trouble.concerned(server).all(|host| is_received(&host)) {
            return Voice::Heard;
        }
        *until = until.iter().copied().chain(ends).min();
        Voice::Waits(waits)
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
        if let Some(Voice::Waits(waits)) = watch.as_ref().map(|watch| watch.voice(server)) {
            for host in waits {
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
            self.touched.extend(hanging);
        }
    }

    /// A message is queued behind what waits for the same server: what was said in other rooms comes before it.
    pub(super) fn note_waiting(&mut self, from: ServerId, to: ServerId) {
        let now = self.queue.now();
        if self.servers[from.index()].standing(to, now) == Standing::Waiting {
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

/// Who of a room's servers is not well, and towards whom.
struct Trouble {
    /// Servers that would not take the next message without more.
    out_of_step: BTreeSet<ServerId>,
    /// By server: others towards which something waits or failed.
    unclear: BTreeMap<ServerId, BTreeSet<ServerId>>,
    /// By server: others that cannot send to it at once.
    unclear_from: BTreeMap<ServerId, BTreeSet<ServerId>>,
    cut: bool,
    hosts: Vec<ServerId>,
}

impl Trouble {
    fn new(simulation: &Simulation<'_>, room: RoomId) -> Trouble {
        let present = simulation.logs[room.index()].present();
        let mut trouble = Trouble {
            out_of_step: BTreeSet::new(),
            unclear: BTreeMap::new(),
            unclear_from: BTreeMap::new(),
            cut: !simulation.cuts.is_empty(),
            hosts: present.hosts.keys().copied().collect(),
        };
        for host in &trouble.hosts {
            if !simulation.takes_next(*host, room) {
                trouble.out_of_step.insert(*host);
            }
            let unclear = simulation.servers[host.index()].unclear();
            for to in unclear.filter(|to| present.hosts.contains_key(to)) {
                trouble.unclear.entry(*host).or_default().insert(to);
                trouble.unclear_from.entry(to).or_default().insert(*host);
            }
        }
        trouble
    }

    fn unclear(&self, server: ServerId) -> &BTreeSet<ServerId> {
        static NOBODY: BTreeSet<ServerId> = BTreeSet::new();
        self.unclear.get(&server).unwrap_or(&NOBODY)
    }

    /// Servers that might not receive a message of this one in step.
    fn concerned<'a>(&'a self, server: ServerId) -> Box<dyn Iterator<Item = ServerId> + 'a> {
        if self.cut {
            return Box::new(self.hosts.iter().copied());
        }
        let to = self.out_of_step.iter().chain(self.unclear(server));
        let from = self.unclear_from.get(&server).into_iter().flatten();
        Box::new(to.chain(from).copied())
    }
}
