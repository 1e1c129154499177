//! Whose loss would take what with it: servers that alone connect others, and messages with one copy.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::articulation_points::articulation_points;
use petgraph::graph::{NodeIndex, UnGraph};

use crate::journal::{RoomId, ServerId};

use super::books::{Books, Items, both, either, minus};
use super::tally::messages;

/// A node of the graph of live servers and the rooms that two or more of them are in.
type Node = Option<ServerId>;

/// Live servers without which some others would no longer share rooms, directly or through third ones.
pub(super) fn connecting(books: &Books<'_>) -> BTreeSet<ServerId> {
    let mut graph: UnGraph<Node, ()> = UnGraph::new_undirected();
    let mut members: BTreeMap<RoomId, Vec<NodeIndex>> = BTreeMap::new();
    for (number, holdings) in books.holdings.iter().enumerate() {
        if books.alive[number] {
            let server = graph.add_node(Some(ServerId(number as u32)));
            for (room, _) in holdings.iter().filter(|(_, holding)| holding.inside) {
                members.entry(*room).or_default().push(server);
            }
        }
    }
    for servers in members.values().filter(|servers| servers.len() > 1) {
        let room = graph.add_node(None);
        for server in servers {
            graph.add_edge(room, *server, ());
        }
    }
    let points = articulation_points(&graph);
    points.into_iter().filter_map(|node| graph[node]).collect()
}

/// Messages of which each live server has the only copy.
pub(super) fn sole_copies(books: &Books<'_>) -> Vec<u64> {
    let mut counts = vec![0; books.holdings.len()];
    for (number, log) in books.logs.iter().enumerate() {
        let room = RoomId(number as u32);
        let (mut once, mut twice) = (Items::new(), Items::new());
        let mut copies = Vec::new();
        let holders = books.holders[number].iter();
        for server in holders.map(|server| server.index()) {
            if books.alive[server] {
                let held = books.holdings[server][&room].whole();
                twice = either(&twice, &both(&once, &held));
                once = either(&once, &held);
                copies.push((server, held));
            }
        }
        for (server, held) in copies {
            counts[server] += messages(log, &minus(&held, &twice));
        }
    }
    counts
}
