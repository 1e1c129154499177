//! Drawing a population: peers first, then people, then rooms.
//!
//! Every draw has its own address (purpose, entity, number), so a user, peer or room more leaves the
//! luck of all others as it was.

use std::collections::BTreeMap;

use super::{Peers, Population, Spread, people, rooms};
use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Purpose, SimDuration, SimTime, Stream, Streams};
use crate::protocol::matrix::Rules;
use crate::workload::{Action, UserSpec};
use crate::world::{ServerSpec, World};

const PEER_SIZE: Purpose = Purpose::new("population.peer.size");
const PEER_RETENTION: Purpose = Purpose::new("population.peer.retention");
const REMOTE_ACTIVITY: Purpose = Purpose::new("population.remote.activity");

/// Largest number of users of a peer: more could not all be candidates for each room in reasonable time.
const LARGEST_PEER: u64 = 20_000;
/// Items of one room are at least this far apart, so that each reaches all before the next.
const APART: SimDuration = SimDuration::seconds(1);

/// A population in the making.
pub(super) struct Draft<'a> {
    pub(super) plan: &'a Population,
    pub(super) world: &'a mut World,
    pub(super) streams: Streams,
    /// The measured server.
    pub(super) home: ServerId,
    /// Its users drawn here, and since when each has an account.
    pub(super) locals: Vec<(UserId, SimTime)>,
    /// Peers and their numbers of users.
    pub(super) peers: Vec<(ServerId, u64)>,
    /// Remote users who are in some room, by peer and number.
    pub(super) remotes: BTreeMap<(u64, u64), UserId>,
    /// What happens in each room.
    pub(super) in_room: BTreeMap<RoomId, Vec<(SimTime, Action)>>,
}

/// Puts a population into the world. `rules` are those of the federation. Says how many users each peer has.
pub(in crate::scenario) fn draw(
    plan: &Population,
    rules: &Rules,
    world: &mut World,
    home: ServerId,
) -> Vec<(ServerId, u64)> {
    let mut draft = Draft {
        plan,
        streams: Streams::new(world.seed),
        world,
        home,
        locals: Vec::new(),
        peers: Vec::new(),
        remotes: BTreeMap::new(),
        in_room: BTreeMap::new(),
    };
    draft.draw_peers(&plan.peers, rules);
    people::draw(&mut draft);
    rooms::draw(&mut draft);
    people::join_late(&mut draft);
    let peers = draft.peers.clone();
    draft.finish();
    peers
}

impl Draft<'_> {
    fn draw_peers(&mut self, peers: &Peers, rules: &Rules) {
        for number in 0..u64::from(peers.count) {
            let drawn = count(&mut self.streams.stream(PEER_SIZE, number, 0), peers.users);
            let size = match peers.largest {
                Some(largest) if number == 0 => u64::from(largest),
                _ => drawn,
            };
            let mut rules = rules.clone();
            let mut retention = self.streams.stream(PEER_RETENTION, number, 0);
            // Set for good or ill: what the measured server obeys must not decide for its peers.
            rules.retention_enabled = retention.chance(peers.retention_per_mille);
            rules.default_max_lifetime = rules.retention_enabled.then_some(peers.retention);
            let id = ServerId(self.world.servers.len() as u32);
            self.world.servers.push(ServerSpec {
                name: format!("peer-{:02}.example", number + 1),
                rules,
                backups: None,
                rank: id.0,
            });
            self.peers.push((id, size.clamp(1, LARGEST_PEER)));
        }
    }

    /// A user of a peer, who exists from now on.
    pub(super) fn remote(&mut self, peer: u64, number: u64) -> UserId {
        if let Some(known) = self.remotes.get(&(peer, number)) {
            return *known;
        }
        let mut stream = self.streams.stream(REMOTE_ACTIVITY, peer, number);
        let id = UserId(self.world.users.len() as u32);
        self.world.users.push(UserSpec {
            name: format!("user-{:03}", number + 1),
            server: self.peers[peer as usize].0,
            exists: true,
            weight: weight(&mut stream, self.plan.activity),
        });
        self.remotes.insert((peer, number), id);
        id
    }

    /// Draws without putting back: a race in which each candidate's time is exponential in its weight.
    /// Gives the candidates in order of arrival.
    pub(super) fn race<T>(
        &self,
        purpose: Purpose,
        entity: u64,
        candidates: impl Iterator<Item = (u64, u32, T)>,
    ) -> Vec<T> {
        const LAP: u64 = 1 << 50;
        let mut arrivals: Vec<(SimDuration, u64, T)> = candidates
            .map(|(number, weight, candidate)| {
                let mean = SimDuration(LAP / u64::from(weight.max(1)));
                let time = self
                    .streams
                    .stream(purpose, entity, number)
                    .exponential(mean);
                (time, number, candidate)
            })
            .collect();
        arrivals.sort_by_key(|(time, number, _)| (*time, *number));
        arrivals
            .into_iter()
            .map(|(_, _, candidate)| candidate)
            .collect()
    }

    /// Notes something that happens in a room.
    pub(super) fn plan_in(&mut self, room: RoomId, at: SimTime, action: Action) {
        self.in_room.entry(room).or_default().push((at, action));
    }

    /// Moves what is too close in a room apart, and puts all into the world.
    fn finish(self) {
        for (_, mut actions) in self.in_room {
            actions.sort_by_key(|(at, _)| *at);
            let mut free = SimTime(0);
            for (at, action) in actions {
                let at = at.max(free);
                free = at + APART;
                self.world.actions.push((at, action));
            }
        }
    }
}

/// A count of at least 1.
pub(in crate::scenario) fn count(stream: &mut Stream, spread: Spread) -> u64 {
    stream.lognormal_count(spread.median, spread.sigma).max(1)
}

/// A user's weight.
pub(in crate::scenario) fn weight(stream: &mut Stream, spread: Spread) -> u32 {
    count(stream, spread).min(100) as u32
}

/// A moment between two.
pub(super) fn between(stream: &mut Stream, from: SimTime, until: SimTime) -> SimTime {
    from + stream.uniform(SimDuration::ZERO, until.since(from))
}
