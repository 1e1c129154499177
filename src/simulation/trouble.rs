//! Who of a room's servers is not well, and how they stand to each other.

use crate::journal::{RoomId, ServerId};

use super::Simulation;

/// Who of a room's servers is not well, and towards whom.
pub(super) struct Trouble {
    pub(super) hosts: Vec<ServerId>,
    /// Servers that would not take the next message without more, in order.
    pub(super) out_of_step: Vec<ServerId>,
    /// Servers, each with one towards which something waits or failed; in order.
    pub(super) unclear: Vec<(ServerId, ServerId)>,
    /// The same pairs by the second of the two.
    pub(super) unclear_from: Vec<(ServerId, ServerId)>,
    /// Are there links that fail?
    pub(super) cut: bool,
}

impl Trouble {
    /// As far as it concerns anybody.
    pub(super) fn new(simulation: &Simulation<'_>, room: RoomId) -> Trouble {
        let present = simulation.logs[room.index()].present();
        let mut trouble = Trouble::without_pairs(simulation, room);
        for host in &trouble.hosts {
            let unclear = simulation.servers[host.index()].unclear();
            let unclear = unclear.filter(|to| {
                present.hosts.contains_key(to) && !simulation.is_over_at_once(*host, *to)
            });
            trouble.unclear.extend(unclear.map(|to| (*host, to)));
        }
        let pairs = trouble.unclear.iter();
        trouble.unclear_from = pairs.map(|(host, to)| (*to, *host)).collect();
        trouble.unclear_from.sort_unstable();
        trouble
    }

    /// As far as it concerns one server.
    pub(super) fn of(simulation: &Simulation<'_>, room: RoomId, server: ServerId) -> Trouble {
        let present = simulation.logs[room.index()].present();
        let mut trouble = Trouble::without_pairs(simulation, room);
        let unclear = simulation.servers[server.index()].unclear();
        let unclear = unclear.filter(|to| present.hosts.contains_key(to));
        trouble.unclear = unclear.map(|to| (server, to)).collect();
        let hosts = trouble.hosts.iter();
        let from = hosts.filter(|host| {
            !simulation.servers[host.index()].is_clear(server)
                && !simulation.is_over_at_once(**host, server)
        });
        trouble.unclear_from = from.map(|host| (server, *host)).collect();
        trouble
    }

    fn without_pairs(simulation: &Simulation<'_>, room: RoomId) -> Trouble {
        let present = simulation.logs[room.index()].present();
        let hosts: Vec<ServerId> = present.hosts.keys().copied().collect();
        let takes_next = |host: &ServerId| simulation.takes_next(*host, room);
        let out_of_step = hosts.iter().copied().filter(|host| !takes_next(host));
        Trouble {
            out_of_step: out_of_step.collect(),
            hosts,
            unclear: Vec::new(),
            unclear_from: Vec::new(),
            cut: !simulation.cuts.is_empty(),
        }
    }

    pub(super) fn is_out_of_step(&self, server: ServerId) -> bool {
        self.out_of_step.binary_search(&server).is_ok()
    }
}

/// The pairs of a server.
pub(super) fn of(pairs: &[(ServerId, ServerId)], server: ServerId) -> &[(ServerId, ServerId)] {
    let first = pairs.partition_point(|(of, _)| *of < server);
    let len = pairs[first..].partition_point(|(of, _)| *of == server);
    &pairs[first..first + len]
}
