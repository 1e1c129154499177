//! What a world looks like before anything happens in it: how its servers hang together by the rooms that they share,
//! and how large everything is.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::articulation_points::articulation_points;
use petgraph::algo::connected_components;
use petgraph::graph::{NodeIndex, UnGraph};

use crate::journal::{RoomId, ServerId};
use crate::workload::{Action, RoomKind};

use super::{Census, World};

/// Of how many servers is asked what their loss would cut off: those that are in most rooms.
const ASKED: usize = 10;

/// A server without which others would be cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// The server.
    pub server: ServerId,
    /// Others that would no longer share a room with the rest, directly or through third ones.
    pub cut_off: usize,
}

/// The shape of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Pairs of a room and a server with a member.
    pub copies: u64,
    /// Members of rooms that are simulated.
    pub members: u64,
    /// Rooms on one server only.
    pub single: usize,
    /// Groups of servers that share rooms.
    pub components: usize,
    /// Servers in the largest of them.
    pub largest_component: usize,
    /// Servers that alone hold others in the federation.
    pub articulation: usize,
    /// Those of the servers in most rooms whose loss would cut others off, the worst first.
    pub bridges: Vec<Bridge>,
}

/// A share of the whole, in thousandths.
pub type PerMille = u64;

/// Shares that were measured of the public network, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marginals {
    /// Users on the largest server, of all.
    pub on_largest: PerMille,
    /// Users on the second.
    pub on_second: PerMille,
    /// Users on the largest hundredth of the servers.
    pub on_top_hundredth: PerMille,
    /// Servers with more than 100 users.
    pub over_100_users: PerMille,
    /// Public rooms with fewer than ten servers.
    pub under_10_servers: PerMille,
    /// Public rooms with at most 100 users.
    pub at_most_100_users: PerMille,
    /// Messages that pass from a server to another in public rooms: those that the largest server sends.
    pub sent_by_largest: PerMille,
}

/// A node: a server, or a room that several share.
type Node = Option<ServerId>;

impl World {
    /// Servers with a member of each room, as far as is known beforehand.
    pub fn hosts(&self) -> Vec<BTreeSet<ServerId>> {
        let mut hosts = vec![BTreeSet::new(); self.rooms.len()];
        for founding in &self.founded {
            let members = founding.members.iter();
            hosts[founding.room.index()].extend(members.map(|user| self.home(*user)));
        }
        for (_, action) in &self.actions {
            if let Action::CreateRoom { room, by: who } | Action::Join { room, who, .. } = action {
                hosts[room.index()].insert(self.home(*who));
            }
        }
        hosts
    }

    /// How the world hangs together.
    pub fn shape(&self) -> Shape {
        let hosts = self.hosts();
        let graph = self.graph(&hosts, None);
        let sizes = component_sizes(&graph);
        let points = articulation_points(&graph);
        let articulation: BTreeSet<ServerId> =
            points.into_iter().filter_map(|node| graph[node]).collect();
        let joined = self.actions.iter();
        let joined = joined.filter(|(_, action)| {
            matches!(action, Action::CreateRoom { .. } | Action::Join { .. })
        });
        let founded = self.founded.iter().map(|founding| founding.members.len());
        Shape {
            copies: hosts.iter().map(|hosts| hosts.len() as u64).sum(),
            members: founded.sum::<usize>() as u64 + joined.count() as u64,
            single: hosts.iter().filter(|hosts| hosts.len() == 1).count(),
            components: connected_components(&graph),
            largest_component: sizes.iter().copied().max().unwrap_or(0),
            bridges: self.bridges(&hosts, &articulation, &sizes),
            articulation: articulation.len(),
        }
    }

    fn graph(&self, hosts: &[BTreeSet<ServerId>], without: Option<ServerId>) -> UnGraph<Node, ()> {
        let mut graph = UnGraph::new_undirected();
        let nodes: Vec<NodeIndex> = (0..self.servers.len())
            .map(|server| graph.add_node(Some(ServerId(server as u32))))
            .collect();
        for hosts in hosts.iter().filter(|hosts| hosts.len() > 1) {
            let room = graph.add_node(None);
            for host in hosts.iter().filter(|host| Some(**host) != without) {
                graph.add_edge(room, nodes[host.index()], ());
            }
        }
        graph
    }

    fn bridges(
        &self,
        hosts: &[BTreeSet<ServerId>],
        articulation: &BTreeSet<ServerId>,
        sizes: &[usize],
    ) -> Vec<Bridge> {
        let mut rooms: BTreeMap<ServerId, usize> = BTreeMap::new();
        for server in hosts.iter().flatten() {
            *rooms.entry(*server).or_default() += 1;
        }
        let mut asked: Vec<ServerId> = articulation.iter().copied().collect();
        asked.sort_by_key(|server| std::cmp::Reverse(rooms.get(server).copied()));
        let whole = sizes.iter().copied().max().unwrap_or(0);
        let mut bridges: Vec<Bridge> = asked
            .into_iter()
            .take(ASKED)
            .map(|server| {
                let left = component_sizes(&self.graph(hosts, Some(server)));
                let largest = left.into_iter().max().unwrap_or(0);
                let cut_off = whole.saturating_sub(1 + largest);
                Bridge { server, cut_off }
            })
            .filter(|bridge| bridge.cut_off > 0)
            .collect();
        bridges.sort_by_key(|bridge| (std::cmp::Reverse(bridge.cut_off), bridge.server));
        bridges
    }

    /// Shares of a drawn federation that were measured of the public network, too.
    pub fn marginals(&self, census: &Census) -> Marginals {
        let mut sizes: Vec<u64> = census.users.iter().map(|(_, users)| *users).collect();
        sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
        let users: u64 = sizes.iter().sum();
        let on_first = |n: usize| per_mille(sizes.iter().take(n).sum(), users);
        let hosts = self.hosts();
        let is_public = |room: &RoomId| self.room(*room).kind == RoomKind::Public;
        let public: Vec<(RoomId, u64)> = census
            .members
            .iter()
            .copied()
            .filter(|(room, _)| is_public(room))
            .collect();
        let share = |is_so: &dyn Fn(&(RoomId, u64)) -> bool| {
            let so = public.iter().filter(|room| is_so(room)).count();
            per_mille(so as u64, public.len() as u64)
        };
        let large = sizes.iter().filter(|size| **size > 100).count();
        Marginals {
            on_largest: on_first(1),
            on_second: on_first(2) - on_first(1),
            on_top_hundredth: on_first(sizes.len().div_ceil(100)),
            over_100_users: per_mille(large as u64, sizes.len() as u64),
            under_10_servers: share(&|(room, _)| hosts[room.index()].len() < 10),
            at_most_100_users: share(&|(_, members)| *members <= 100),
            sent_by_largest: self.sent_by_largest(census),
        }
    }

    /// Each message goes to every other server of its room.
    fn sent_by_largest(&self, census: &Census) -> PerMille {
        let largest = census.users.iter().max_by_key(|(_, users)| *users);
        let (mut sent, mut all) = (0.0, 0.0);
        for founding in &self.founded {
            let room = self.room(founding.room);
            if room.kind != RoomKind::Public {
                continue;
            }
            let mut weights: BTreeMap<ServerId, u64> = BTreeMap::new();
            for user in &founding.members {
                let crowd = founding.crowds.get(user).copied().unwrap_or(1);
                let weight = self.users[user.index()].weight;
                *weights.entry(self.home(*user)).or_default() +=
                    u64::from(weight) * u64::from(crowd);
            }
            let others = weights.len().saturating_sub(1) as f64;
            let passed = room.messages_per_day * others;
            let sum = weights.values().sum::<u64>().max(1) as f64;
            let of_largest = largest.and_then(|(server, _)| weights.get(server));
            sent += passed * of_largest.copied().unwrap_or(0) as f64 / sum;
            all += passed;
        }
        per_mille(sent.round() as u64, all.round() as u64)
    }
}

fn per_mille(part: u64, whole: u64) -> PerMille {
    (1000 * part + whole / 2) / whole.max(1)
}

/// Number of servers in each group that shares rooms.
fn component_sizes(graph: &UnGraph<Node, ()>) -> Vec<usize> {
    let mut sets = petgraph::unionfind::UnionFind::new(graph.node_count());
    for edge in graph.edge_indices() {
        let (one, other) = graph.edge_endpoints(edge).expect("an edge has ends");
        sets.union(one.index(), other.index());
    }
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for node in graph.node_indices().filter(|node| graph[*node].is_some()) {
        *sizes.entry(sets.find(node.index())).or_default() += 1;
    }
    sizes.into_values().collect()
}
