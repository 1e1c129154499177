//! The tables made from measures: one struct is one row is one table.

use std::io::{self, Write};

use serde::Serialize;

use super::decimal::cell;
use crate::metrics::{Dimension, HEADLINES, ItemRow, Measures, Run};
use crate::scenario::Scenario;

/// A table: its file name and its rows, in order.
pub struct Table<R> {
    /// File name in the result folder.
    pub file: &'static str,
    /// The rows; an iterator, so that a long table never stands in memory twice.
    pub rows: R,
}

impl<R> Table<R>
where
    R: Iterator,
    R::Item: Serialize + Default,
{
    /// Writes the header and all rows as CSV.
    pub fn write(self, out: &mut dyn Write) -> io::Result<()> {
        // The csv crate writes a header with the first row; a table without rows needs one too.
        out.write_all(header::<R::Item>()?.as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        for row in self.rows {
            csv.serialize(row).map_err(io::Error::from)?;
        }
        csv.flush()
    }
}

/// The header line that belongs to a row struct.
pub(super) fn header<R: Serialize + Default>() -> io::Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.serialize(R::default())?;
    let bytes = csv.into_inner().map_err(|error| error.into_error())?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().unwrap_or_default().to_owned() + "\n")
}

/// A row of `measures.csv`.
#[derive(Debug, Default, Serialize)]
struct Measure {
    measure: &'static str,
    value: String,
    unit: &'static str,
    better: &'static str,
    rule: &'static str,
}

/// The run in single numbers.
pub(super) fn measures(run: &Run<'_>) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = HEADLINES.iter().map(|headline| Measure {
        measure: headline.name,
        value: cell(headline.of(run)),
        unit: headline.unit,
        better: headline.better.name(),
        rule: headline.rule,
    });
    Table {
        file: "measures.csv",
        rows,
    }
}

/// A row of `items.csv`.
#[derive(Debug, Default, Serialize)]
struct Item<'a> {
    class: &'a str,
    room: &'a str,
    room_kind: &'a str,
    federation: &'a str,
    encrypted: &'a str,
    room_created: &'a str,
    author: &'a str,
    made: &'a str,
    account: &'a str,
    items: u64,
    held: u64,
    shell: u64,
    stranded: u64,
    lost: u64,
    expired: u64,
    gone: u64,
    recovered: u64,
    recoverable: u64,
    readable: u64,
}

/// What became of all items of the measured server.
pub(super) fn items(measures: &Measures) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.items.iter().map(|row| {
        let dimension = |dimension| text(row, dimension);
        let counts = row.counts;
        Item {
            class: dimension(Dimension::Class),
            room: dimension(Dimension::Room),
            room_kind: dimension(Dimension::RoomKind),
            federation: dimension(Dimension::Federation),
            encrypted: dimension(Dimension::Encrypted),
            room_created: dimension(Dimension::RoomCreated),
            author: dimension(Dimension::Author),
            made: dimension(Dimension::Made),
            account: dimension(Dimension::Account),
            items: counts.items,
            held: counts.held,
            shell: counts.shell,
            stranded: counts.stranded,
            lost: counts.lost,
            expired: counts.expired,
            gone: counts.gone,
            recovered: counts.recovered,
            recoverable: counts.recoverable,
            readable: counts.readable,
        }
    });
    Table {
        file: "items.csv",
        rows,
    }
}

/// The value of a dimension; empty where the row has none.
fn text(row: &ItemRow, dimension: Dimension) -> &str {
    row.dimensions.get(&dimension).map_or("", String::as_str)
}

/// A row of `recovery.csv`.
#[derive(Debug, Default, Serialize)]
struct Recovery<'a> {
    at: String,
    class: &'a str,
    room: &'a str,
    path: &'a str,
    from: &'a str,
    items: u64,
    total: u64,
}

/// What came back, when, by which path, from whom.
pub(super) fn recovery(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.recovery.iter().map(|row| Recovery {
        at: row.at.to_string(),
        class: &row.class,
        room: &row.room,
        path: &row.path,
        from: &row.from,
        items: row.items,
        total: row.total,
    });
    Table {
        file: "recovery.csv",
        rows,
    }
}

/// A row of `servers.csv`.
#[derive(Debug, Default, Serialize)]
struct Server<'a> {
    server: &'a str,
    users: u64,
    shared_rooms: u64,
    gave_back: u64,
    could_give: u64,
    up_per_mille: u32,
    holds: u64,
    sole_copies: u64,
    connects: bool,
}

/// Every server of the world.
pub(super) fn servers(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.servers.iter().map(|row| Server {
        server: &row.server,
        users: row.users,
        shared_rooms: row.shared_rooms,
        gave_back: row.gave_back,
        could_give: row.could_give,
        up_per_mille: row.up_per_mille,
        holds: row.holds,
        sole_copies: row.sole_copies,
        connects: row.connects,
    });
    Table {
        file: "servers.csv",
        rows,
    }
}

/// A row of `stranded.csv`.
#[derive(Debug, Default, Serialize)]
struct Stranded<'a> {
    room: &'a str,
    reason: &'a str,
    items: u64,
}

/// What could have come back and did not.
pub(super) fn stranded(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.stranded.iter().map(|row| Stranded {
        room: &row.room,
        reason: &row.reason,
        items: row.items,
    });
    Table {
        file: "stranded.csv",
        rows,
    }
}

/// A row of `expect.csv`: one finding of one expectation.
#[derive(Debug, Default, Serialize)]
struct Expect<'a> {
    name: &'a str,
    says: &'a str,
    part: &'a str,
    count: u64,
    of: u64,
    least_per_mille: u64,
    most_per_mille: u64,
    met: bool,
    agrees: bool,
    note: &'a str,
}

/// The scenario's expectations beside what was found.
pub(super) fn expect(
    scenario: &Scenario,
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = scenario.expect.iter().flat_map(|expectation| {
        expectation.findings.iter().map(|finding| {
            let found = finding.check(measures);
            Expect {
                name: &expectation.name,
                says: &expectation.says,
                part: &finding.part,
                count: found.count,
                of: found.of,
                least_per_mille: finding.must.least_per_mille,
                most_per_mille: finding.must.most_per_mille,
                met: found.met,
                agrees: expectation.agrees,
                note: &expectation.note,
            }
        })
    });
    Table {
        file: "expect.csv",
        rows,
    }
}
