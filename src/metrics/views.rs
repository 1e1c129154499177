//! Partial views: how far the copies of a room agree between its servers, and how much of a room they can show.

use std::collections::BTreeMap;

use crate::journal::RoomId;

use super::books::{Books, Items};
use super::measure::kind_name;

/// Numbers of servers in a room: the most, and the name in tables.
const SERVERS: [(usize, &str); 4] = [
    (2, "2"),
    (10, "3 to 10"),
    (100, "11 to 100"),
    (usize::MAX, "over 100"),
];

/// Shares are summed up in millionths, so that an average of many rooms is exact to a thousandth.
const MILLION: u128 = 1_000_000;

/// One row of `views.csv`: rooms of one kind with about as many servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    /// `public`, `private`, `direct`.
    pub room_kind: &'static str,
    /// How many live servers are in each of the rooms.
    pub servers: &'static str,
    /// How many rooms.
    pub rooms: u64,
    /// Of what two of a room's servers can show together, the share that both can, of 1000: over all pairs of a room,
    /// then averaged over the rooms.
    pub overlap_per_mille: u64,
    /// How much of the room the server that can show most of it can show, of 1000; averaged over the rooms.
    pub best_per_mille: u64,
    /// The same of the median server (the lower one of two).
    pub median_per_mille: u64,
}

#[derive(Debug, Default)]
struct Sum {
    rooms: u128,
    overlap: u128,
    best: u128,
    median: u128,
}

/// Measures the views of all rooms that at least two live servers are in.
pub(super) fn views(books: &Books<'_>) -> Vec<ViewRow> {
    let mut sums: BTreeMap<(&'static str, usize), Sum> = BTreeMap::new();
    for (number, log) in books.logs.iter().enumerate() {
        let room = RoomId(number as u32);
        let shown = shown(books, room);
        if shown.len() < 2 || log.is_empty() {
            continue;
        }
        let size = SERVERS.partition_point(|(most, _)| *most < shown.len());
        let kind = kind_name(books.rooms[number].kind);
        let sum = sums.entry((kind, size)).or_default();
        let mut lengths: Vec<u128> = shown.iter().map(length).collect();
        lengths.sort_unstable();
        let of_room = |items: u128| items * MILLION / u128::from(log.len());
        sum.rooms += 1;
        sum.overlap += overlap(&shown);
        sum.best += of_room(lengths[lengths.len() - 1]);
        sum.median += of_room(lengths[(lengths.len() - 1) / 2]);
    }
    let row = |((room_kind, size), sum): ((&'static str, usize), Sum)| {
        let average = |total: u128| (total / sum.rooms / (MILLION / 1000)) as u64;
        ViewRow {
            room_kind,
            servers: SERVERS[size].1,
            rooms: sum.rooms as u64,
            overlap_per_mille: average(sum.overlap),
            best_per_mille: average(sum.best),
            median_per_mille: average(sum.median),
        }
    };
    sums.into_iter().map(row).collect()
}

/// What each live server that is in a room can show of it.
fn shown(books: &Books<'_>, room: RoomId) -> Vec<Items> {
    let holders = books.holders[room.index()].iter();
    let alive = holders.filter(|holder| books.alive[holder.index()]);
    let copies = alive.map(|holder| &books.holdings[holder.index()][&room]);
    let inside = copies.filter(|copy| copy.inside);
    inside.map(|copy| copy.whole()).collect()
}

fn length(items: &Items) -> u128 {
    let lengths = items.iter().map(|range| range.end - range.start);
    lengths.map(u128::from).sum()
}

/// Items that both of two can show, over those that either can, summed over all pairs, in millionths. What every item
/// adds follows from the number of those who can show it, so no pair is looked at.
fn overlap(shown: &[Items]) -> u128 {
    let mut changes: BTreeMap<u32, i64> = BTreeMap::new();
    for range in shown.iter().flat_map(Items::iter) {
        *changes.entry(range.start).or_default() += 1;
        *changes.entry(range.end).or_default() -= 1;
    }
    let (mut both, mut holders, mut from) = (0, 0_u64, 0);
    for (at, change) in changes {
        let pairs = u128::from(holders) * u128::from(holders.saturating_sub(1)) / 2;
        both += pairs * u128::from(at - from);
        holders = holders.saturating_add_signed(change);
        from = at;
    }
    let all: u128 = shown.iter().map(length).sum();
    let either = all * (shown.len() as u128 - 1) - both;
    match either {
        0 => MILLION,
        either => both * MILLION / either,
    }
}
