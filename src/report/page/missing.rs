//! Where the messages are, room by room; and what is missing, and why.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::stored::RunTables;
use super::super::tables::Item;
use super::super::terminal::thousands;
use super::grid::{Grid, share};
use crate::metrics::REASONS;

/// Where the messages of each kind of room were after the loss and are at the end: the tapestry in numbers.
pub(super) fn kinds(run: &RunTables) -> Grid {
    let mut sums: BTreeMap<(Reverse<&str>, bool), [u64; 5]> = BTreeMap::new();
    for row in &run.tapestry {
        let sum = sums
            .entry((Reverse(&row.room_kind), row.at_end))
            .or_default();
        let more = [row.held, row.shell, row.stranded, row.lost, row.expired];
        std::iter::zip(sum, more).for_each(|(sum, more)| *sum += more);
    }
    let rows = sums.into_iter().map(|((Reverse(kind), at_end), sum)| {
        let when = if at_end {
            "at the end"
        } else {
            "after the loss"
        };
        let mut cells = vec![kind.to_owned(), when.to_owned()];
        cells.extend(sum.map(thousands));
        cells
    });
    let columns = [
        "=rooms",
        "=when",
        "#held",
        "#shell",
        "#stranded",
        "#lost",
        "#expired",
    ];
    Grid::new("Where the messages of the rooms are", &columns).filled(
        rows,
        6,
        "tapestry.csv, which has every cell of the figure",
    )
}

/// The rooms that lost most.
pub(super) fn rooms(run: &RunTables) -> Grid {
    let mut sums: BTreeMap<(&str, &str, &str), [u64; 6]> = BTreeMap::new();
    for row in run.items.iter().filter(|row| row.class == "message") {
        let sum = sums
            .entry((&row.room, &row.room_kind, &row.federation))
            .or_default();
        let more = [
            row.gone,
            row.recoverable,
            row.recovered,
            row.stranded,
            row.lost,
            row.expired,
        ];
        std::iter::zip(sum, more).for_each(|(sum, more)| *sum += more);
    }
    let mut all: Vec<_> = sums.into_iter().filter(|(_, sum)| sum[0] > 0).collect();
    all.sort_by_key(|(key, sum)| (Reverse(sum[0]), *key));
    let rows = all.into_iter().map(|((room, kind, federation), sum)| {
        let mut cells = vec![room.to_owned(), format!("{kind}, {federation}")];
        cells.extend(sum.map(thousands));
        cells.insert(5, share(sum[2], sum[0]));
        cells
    });
    let columns = [
        "room",
        "=kind",
        "#gone",
        "#recoverable",
        "#came back",
        "#of gone",
        "#stranded",
        "#lost",
        "#expired",
    ];
    Grid::new("Messages of the rooms that lost most", &columns).filled(rows, 20, "items.csv")
}

/// Stranded messages and state by reason.
pub(super) fn stranded(run: &RunTables) -> Grid {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in &run.stranded {
        let sum = sums.entry(&row.reason).or_default();
        *sum = (sum.0 + row.items, sum.1 + 1);
    }
    let mut all: Vec<_> = sums.into_iter().collect();
    all.sort_by_key(|(reason, sum)| (Reverse(*sum), *reason));
    let rows = all.into_iter().map(|(reason, (items, rooms))| {
        let meaning = REASONS.iter().find(|known| known.0 == reason);
        let meaning = meaning.map_or("", |known| known.1);
        vec![
            reason.to_owned(),
            meaning.to_owned(),
            thousands(items),
            thousands(rooms),
        ]
    });
    let columns = ["=reason", "=what it means", "#messages", "#rooms"];
    Grid::new("Stranded: some live server has it", &columns).filled(
        rows,
        20,
        "stranded.csv, which has it room by room",
    )
}

/// What is lost or expired, by class and by what kind of room it was in.
pub(super) fn lost(run: &RunTables) -> Grid {
    let mut sums: BTreeMap<[&str; 3], [u64; 4]> = BTreeMap::new();
    for row in &run.items {
        let key = [&*row.class, &*row.room_kind, &*row.federation];
        let sum = sums.entry(key).or_default();
        let more = |number: fn(&Item<'_>) -> u64| number(row);
        let more = [
            more(|row| row.gone),
            more(|row| row.stranded),
            more(|row| row.lost),
            more(|row| row.expired),
        ];
        std::iter::zip(sum, more).for_each(|(sum, more)| *sum += more);
    }
    let missing = sums
        .into_iter()
        .filter(|(_, sum)| sum[1] + sum[2] + sum[3] > 0);
    let rows = missing.map(|(key, sum)| {
        let mut cells = key.map(str::to_owned).to_vec();
        cells.extend(sum.map(thousands));
        cells
    });
    let columns = [
        "=class",
        "=room",
        "=federation",
        "#gone",
        "#stranded",
        "#lost",
        "#expired",
    ];
    Grid::new("Missing at the end, by class and kind of room", &columns).filled(
        rows,
        40,
        "items.csv",
    )
}
