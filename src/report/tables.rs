//! The tables made from measures: one struct is one row is one table.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::decimal::cell;
use crate::kernel::SimTime;
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
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Measure<'a> {
    pub(in crate::report) measure: Cow<'a, str>,
    pub(in crate::report) value: String,
    pub(in crate::report) unit: Cow<'a, str>,
    pub(in crate::report) better: Cow<'a, str>,
    pub(in crate::report) rule: Cow<'a, str>,
}

/// The run in single numbers.
pub(super) fn measures(run: &Run<'_>) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = HEADLINES.iter().map(|headline| Measure {
        measure: headline.name.into(),
        value: cell(headline.of(run)),
        unit: headline.unit.into(),
        better: headline.better.name().into(),
        rule: headline.rule.into(),
    });
    Table {
        file: "measures.csv",
        rows,
    }
}

/// A row of `items.csv`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Item<'a> {
    pub(in crate::report) class: Cow<'a, str>,
    pub(in crate::report) room: Cow<'a, str>,
    pub(in crate::report) room_kind: Cow<'a, str>,
    pub(in crate::report) federation: Cow<'a, str>,
    pub(in crate::report) encrypted: Cow<'a, str>,
    pub(in crate::report) room_created: Cow<'a, str>,
    pub(in crate::report) author: Cow<'a, str>,
    pub(in crate::report) made: Cow<'a, str>,
    pub(in crate::report) account: Cow<'a, str>,
    pub(in crate::report) items: u64,
    pub(in crate::report) held: u64,
    pub(in crate::report) shell: u64,
    pub(in crate::report) stranded: u64,
    pub(in crate::report) lost: u64,
    pub(in crate::report) expired: u64,
    pub(in crate::report) gone: u64,
    pub(in crate::report) recovered: u64,
    pub(in crate::report) recoverable: u64,
    pub(in crate::report) readable: u64,
}

/// What became of all items of the measured server.
pub(super) fn items(measures: &Measures) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.items.iter().map(|row| {
        let dimension = |dimension| text(row, dimension).into();
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
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Recovery<'a> {
    pub(in crate::report) at: SimTime,
    pub(in crate::report) class: Cow<'a, str>,
    pub(in crate::report) room: Cow<'a, str>,
    pub(in crate::report) path: Cow<'a, str>,
    pub(in crate::report) from: Cow<'a, str>,
    pub(in crate::report) items: u64,
    pub(in crate::report) total: u64,
}

/// What came back, when, by which path, from whom.
pub(super) fn recovery(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.recovery.iter().map(|row| Recovery {
        at: row.at,
        class: Cow::from(&row.class),
        room: Cow::from(&row.room),
        path: Cow::from(&row.path),
        from: Cow::from(&row.from),
        items: row.items,
        total: row.total,
    });
    Table {
        file: "recovery.csv",
        rows,
    }
}

/// A row of `servers.csv`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Server<'a> {
    pub(in crate::report) server: Cow<'a, str>,
    pub(in crate::report) users: u64,
    pub(in crate::report) shared_rooms: u64,
    pub(in crate::report) gave_back: u64,
    pub(in crate::report) could_give: u64,
    pub(in crate::report) up_per_mille: u32,
    pub(in crate::report) holds: u64,
    pub(in crate::report) sole_copies: u64,
    pub(in crate::report) connects: bool,
}

/// Every server of the world.
pub(super) fn servers(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.servers.iter().map(|row| Server {
        server: Cow::from(&row.server),
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
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Stranded<'a> {
    pub(in crate::report) room: Cow<'a, str>,
    pub(in crate::report) reason: Cow<'a, str>,
    pub(in crate::report) items: u64,
}

/// What could have come back and did not.
pub(super) fn stranded(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.stranded.iter().map(|row| Stranded {
        room: Cow::from(&row.room),
        reason: Cow::from(&row.reason),
        items: row.items,
    });
    Table {
        file: "stranded.csv",
        rows,
    }
}

/// A row of `tapestry.csv`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Tapestry<'a> {
    pub(in crate::report) at_end: bool,
    pub(in crate::report) room: Cow<'a, str>,
    pub(in crate::report) room_kind: Cow<'a, str>,
    pub(in crate::report) rooms: u64,
    pub(in crate::report) from: SimTime,
    pub(in crate::report) until: SimTime,
    pub(in crate::report) held: u64,
    pub(in crate::report) shell: u64,
    pub(in crate::report) stranded: u64,
    pub(in crate::report) lost: u64,
    pub(in crate::report) expired: u64,
    pub(in crate::report) gone: u64,
    pub(in crate::report) came_back: u64,
}

/// Where the messages of each room are, by the time at which they were made.
pub(super) fn tapestry(
    measures: &Measures,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = measures.tapestry.iter().map(|row| {
        let [held, shell, stranded, lost, expired] = row.messages;
        let [gone, came_back] = row.gone;
        Tapestry {
            at_end: row.at_end,
            room: Cow::from(&row.room),
            room_kind: row.room_kind.into(),
            rooms: row.rooms,
            from: row.from,
            until: row.until,
            held,
            shell,
            stranded,
            lost,
            expired,
            gone,
            came_back,
        }
    });
    Table {
        file: "tapestry.csv",
        rows,
    }
}

/// A row of `expect.csv`: one finding of one expectation.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Expect<'a> {
    pub(in crate::report) name: Cow<'a, str>,
    pub(in crate::report) says: Cow<'a, str>,
    pub(in crate::report) part: Cow<'a, str>,
    pub(in crate::report) count: u64,
    pub(in crate::report) of: u64,
    pub(in crate::report) least_per_mille: u64,
    pub(in crate::report) most_per_mille: u64,
    pub(in crate::report) met: bool,
    pub(in crate::report) agrees: bool,
    pub(in crate::report) note: Cow<'a, str>,
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
                name: Cow::from(&expectation.name),
                says: Cow::from(&expectation.says),
                part: Cow::from(&finding.part),
                count: found.count,
                of: found.of,
                least_per_mille: finding.must.least_per_mille,
                most_per_mille: finding.must.most_per_mille,
                met: found.met,
                agrees: expectation.agrees,
                note: Cow::from(&expectation.note),
            }
        })
    });
    Table {
        file: "expect.csv",
        rows,
    }
}
