//! What a drawn message of a server's users would be in a room in which something is wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{EventNo, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::protocol::matrix::Standing;

use super::trouble::{Unwell, Watch};
use super::{Power, Simulation};

/// A message by a user of some server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Voice {
    /// Is not made: the server is down.
    Silent,
    /// Sets something going.
    Heard,
    /// Waits for some servers; all others receive it in step.
    Waits(Waits),
}

/// What a message waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// Servers that cannot be sent anything now, in order.
    hosts: Vec<Away>,
    /// Of the room's items, those before this one are noted where only the newest is owed.
    pub(super) noted: EventNo,
}

/// A server that cannot be sent anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Away {
    host: ServerId,
    /// Are all messages queued for it? Or else the newest is noted.
    is_queued: bool,
    /// When the back-off is over, if nothing is under way.
    until: Option<SimTime>,
}

impl Waits {
    /// Those for which all messages are queued.
    pub(super) fn queued(&self) -> impl Iterator<Item = ServerId> + '_ {
        let hosts = self.hosts.iter().filter(|away| away.is_queued);
        hosts.map(|away| away.host)
    }

    /// Those for which only the newest message of a room counts.
    pub(super) fn only_newest(&self) -> impl Iterator<Item = ServerId> + '_ {
        let hosts = self.hosts.iter().filter(|away| !away.is_queued);
        hosts.map(|away| away.host)
    }

    /// When the first of the back-offs is over.
    pub(super) fn until(&self) -> Option<SimTime> {
        self.hosts.iter().filter_map(|away| away.until).min()
    }

    /// The next try towards one of them is at another time; says whether it is one of them.
    pub(super) fn set_next_try(
        &mut self,
        host: ServerId,
        is_queued: bool,
        until: Option<SimTime>,
    ) -> bool {
        let place = self.hosts.binary_search_by_key(&host, |away| away.host);
        let Ok(place) = place else {
            return false;
        };
        self.hosts[place] = Away {
            host,
            is_queued,
            until,
        };
        true
    }

    pub(super) fn includes(&self, host: ServerId) -> bool {
        let place = self.hosts.binary_search_by_key(&host, |away| away.host);
        place.is_ok()
    }
}

impl Simulation<'_> {
    /// What a message of a server's users would be now.
    pub(super) fn voice(&self, room: RoomId, server: ServerId, watch: &Watch) -> Voice {
        if self.power[server.index()] != Power::Up {
            return Voice::Silent;
        }
        if watch.failing.contains(&server)
            || matches!(watch.unwell.get(&server), Some(Unwell::OutOfStep { .. }))
            || self.heads(room, server) != 1
        {
            return Voice::Heard;
        }
        let homeserver = &self.servers[server.index()];
        let is_reached = |host: &&ServerId| self.power[host.index()] == Power::Up;
        if watch
            .out_of_step()
            .filter(is_reached)
            .any(|host| homeserver.is_clear(*host))
        {
            return Voice::Heard;
        }
        let Some(waits) = self.waits(room, server, watch) else {
            return Voice::Heard;
        };
        // Whoever is not well, or has something waiting for this server, does not simply receive from it.
        let receives = |host: &ServerId| *host == server || waits.includes(*host);
        let hosts = &watch.present.hosts;
        let is_heard = !watch.out_of_step().all(receives)
            || self.is_owed_by_any(server, hosts, &receives)
            || !self.cuts.is_empty()
                && !hosts
                    .keys()
                    .all(|host| receives(host) || self.reachable(server, *host));
        match is_heard {
            true => Voice::Heard,
            false => Voice::Waits(waits),
        }
    }

    /// Has any of these servers something waiting for this one, but those that receive from it all the same?
    fn is_owed_by_any(
        &self,
        server: ServerId,
        hosts: &BTreeMap<ServerId, u32>,
        receives: &dyn Fn(&ServerId) -> bool,
    ) -> bool {
        let debtors = &self.debtors[server.index()];
        let owes = |host: &ServerId| {
            !receives(host)
                && !self.servers[host.index()].is_clear(server)
                && !self.is_over_at_once(*host, server)
        };
        match hosts.len() < debtors.len() {
            true => hosts
                .keys()
                .any(|host| debtors.contains_key(host) && owes(host)),
            false => debtors
                .keys()
                .any(|host| hosts.contains_key(host) && owes(host)),
        }
    }

    /// For whom a message of a server's users would wait, unless it would be sent at once.
    fn waits(&self, room: RoomId, server: ServerId, watch: &Watch) -> Option<Waits> {
        let now = self.queue.now();
        let homeserver = &self.servers[server.index()];
        let mut waits = Waits {
            noted: self.logs[room.index()].len(),
            ..Waits::default()
        };
        for (host, hindrance) in homeserver.hindrances(&watch.present.hosts, now) {
            if hindrance.standing == Standing::Due {
                return None;
            }
            if hindrance.is_fresh && self.answers_at_once(server, host) {
                continue;
            }
            if self.follows(room, host) {
                return None;
            }
            waits.hosts.push(Away {
                host,
                is_queued: !hindrance.is_catching_up,
                until: hindrance.next_try,
            });
        }
        Some(waits)
    }

    /// Is nothing between two servers but a transaction that will be answered at this moment?
    pub(super) fn is_over_at_once(&self, from: ServerId, to: ServerId) -> bool {
        let hindrance = self.servers[from.index()].hindrance(to, self.queue.now());
        hindrance.is_some_and(|hindrance| hindrance.is_fresh) && self.answers_at_once(from, to)
    }

    /// How many forward extremities a server's copy has.
    pub(super) fn heads(&self, room: RoomId, server: ServerId) -> usize {
        let replica = self.servers[server.index()].db.rooms.get(&room);
        let log = &self.logs[room.index()];
        replica.map_or(0, |replica| replica.count_heads(log.len(), log))
    }

    pub(super) fn follows(&self, room: RoomId, server: ServerId) -> bool {
        let replica = self.servers[server.index()].db.rooms.get(&room);
        replica.is_some_and(|replica| replica.follows)
    }

    /// Servers with a member who is expected to speak today and cannot.
    pub(super) fn failing_speakers(&self, room: RoomId) -> BTreeSet<ServerId> {
        let doubtful = self.doubtful_hosts(room);
        self.failing_of(room, &doubtful)
    }

    /// The same, where only these servers may have changed.
    pub(super) fn update_failing(
        &self,
        room: RoomId,
        watch: &mut Watch,
        servers: &BTreeSet<ServerId>,
    ) {
        let doubtful = servers.iter().copied();
        let doubtful = doubtful.filter(|server| self.is_doubtful(room, *server));
        let failing = self.failing_of(room, &doubtful.collect());
        watch.failing.retain(|server| !servers.contains(server));
        watch.failing.extend(failing);
    }

    fn failing_of(&self, room: RoomId, doubtful: &BTreeSet<ServerId>) -> BTreeSet<ServerId> {
        if doubtful.is_empty() {
            return BTreeSet::new();
        }
        let log = &self.logs[room.index()];
        let today = self.queue.now().day() as u32;
        let present = log.present();
        let doubtful = doubtful.iter();
        let doubtful: BTreeMap<ServerId, _> = doubtful
            .map(|host| (*host, self.who_is_able(room, *host)))
            .collect();
        let members = present.members.iter().copied();
        let failing = members.filter(|user| {
            doubtful.get(&log.home(*user)).is_some_and(|is_able| {
                self.world.users[user.index()].weight > 0
                    && !log.is_silenced(*user, today)
                    && !is_able(*user)
            })
        });
        failing.map(|user| log.home(user)).collect()
    }
}
