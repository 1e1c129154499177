//! The journal as a table: one row per fact, with names instead of numbers.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::names::Names;
use super::tables::header;
use super::write::Hashed;
use crate::journal::{Fact, Ranges, What};
use crate::kernel::SimTime;
use crate::metrics::path_name;

/// A row of `facts.csv`. A cell that does not apply to a fact is empty.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct FactRow<'a> {
    pub(in crate::report) at: SimTime,
    pub(in crate::report) server: Cow<'a, str>,
    pub(in crate::report) fact: Cow<'a, str>,
    pub(in crate::report) what: Cow<'a, str>,
    pub(in crate::report) room: Cow<'a, str>,
    pub(in crate::report) first: Option<u32>,
    pub(in crate::report) last: Option<u32>,
    pub(in crate::report) user: String,
    pub(in crate::report) generation: Option<u32>,
    pub(in crate::report) path: Cow<'a, str>,
    pub(in crate::report) from: Cow<'a, str>,
    pub(in crate::report) why: Cow<'a, str>,
}

/// How much of the journal goes into `facts.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing; there is no such file.
    None,
    /// Each day's facts with their neighbours merged.
    Ranges,
    /// Every fact.
    Full,
}

impl Keep {
    /// The one with this name.
    pub(super) fn named(name: &str) -> Option<Keep> {
        let all = [Keep::None, Keep::Ranges, Keep::Full];
        all.into_iter().find(|keep| keep.name() == name)
    }

    /// Its name on the command line and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Keep::None => "none",
            Keep::Ranges => "ranges",
            Keep::Full => "full",
        }
    }
}

/// `facts.csv` in the making: facts are written as they come, and none of them stays in memory but those of the day
/// that is being merged.
#[derive(Debug)]
pub(super) struct FactsFile<W: Write = Hashed> {
    rows: csv::Writer<W>,
    ranges: Option<Ranges>,
}

impl FactsFile {
    /// The file's name in the result folder.
    pub(super) const NAME: &'static str = "facts.csv";
}

impl<W: Write> FactsFile<W> {
    pub(super) fn begin(mut file: W, keep: Keep) -> io::Result<FactsFile<W>> {
        file.write_all(header::<FactRow<'_>>()?.as_bytes())?;
        // The header stands there already, also of a journal without facts.
        let rows = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(file);
        Ok(FactsFile {
            rows,
            ranges: (keep == Keep::Ranges).then(Ranges::default),
        })
    }

    /// Writes one fact. Facts arrive in order of time.
    pub(super) fn write(&mut self, names: Names<'_>, fact: &Fact) -> io::Result<()> {
        self.through_ranges(names, |ranges, hear| match ranges {
            Some(ranges) => ranges.add(fact, hear),
            None => hear(fact),
        })
    }

    /// Writes what is left, and hands over the file.
    pub(super) fn end(mut self, names: Names<'_>) -> io::Result<W> {
        self.through_ranges(names, |ranges, hear| {
            if let Some(ranges) = ranges {
                ranges.end_day(hear);
            }
        })?;
        self.rows.into_inner().map_err(|error| error.into_error())
    }

    /// Writes all facts that come out; after a failure no more.
    fn through_ranges(
        &mut self,
        names: Names<'_>,
        take: impl FnOnce(Option<&mut Ranges>, &mut dyn FnMut(&Fact)),
    ) -> io::Result<()> {
        let mut written = Ok(());
        take(self.ranges.as_mut(), &mut |fact| {
            if written.is_ok() {
                written = self.rows.serialize(row(names, fact));
            }
        });
        written.map_err(io::Error::from)
    }
}

fn row<'a>(names: Names<'a>, fact: &Fact) -> FactRow<'a> {
    let blank = FactRow {
        at: fact.at(),
        server: names.server(fact.server()).into(),
        ..FactRow::default()
    };
    match fact {
        Fact::Gained {
            what, path, from, ..
        } => FactRow {
            fact: "gained".into(),
            path: path_name(*path).into(),
            from: names.server(*from).into(),
            ..about(names, what, blank)
        },
        Fact::Lost { what, why, .. } => FactRow {
            fact: "lost".into(),
            why: why.name().into(),
            ..about(names, what, blank)
        },
        Fact::Hollowed { what, why, .. } => FactRow {
            fact: "hollowed".into(),
            why: why.name().into(),
            ..about(names, what, blank)
        },
        Fact::Refused {
            room, peer, rule, ..
        } => FactRow {
            fact: "refused".into(),
            what: "room".into(),
            room: names.room(*room).into(),
            from: names.server(*peer).into(),
            why: (*rule).into(),
            ..blank
        },
        Fact::Struck { fault, .. } => FactRow {
            fact: "struck".into(),
            what: "server".into(),
            why: (*fault).into(),
            ..blank
        },
    }
}

/// Fills in the cells that say what a fact is about.
fn about<'a>(names: Names<'a>, what: &What, row: FactRow<'a>) -> FactRow<'a> {
    let ranged = |name: &'static str, room, first, last, row| FactRow {
        what: name.into(),
        room: names.room(room).into(),
        first: Some(first),
        last: Some(last),
        ..row
    };
    match *what {
        What::Items { room, first, last } => ranged("items", room, first, last, row),
        What::Room(room) => FactRow {
            what: "room".into(),
            room: names.room(room).into(),
            ..row
        },
        What::Membership(room, user) => FactRow {
            what: "membership".into(),
            room: names.room(room).into(),
            user: names.user(user),
            ..row
        },
        What::Account(user) => FactRow {
            what: "account".into(),
            user: names.user(user),
            ..row
        },
        What::Password(user, generation) => FactRow {
            what: "password".into(),
            user: names.user(user),
            generation: Some(generation),
            ..row
        },
    }
}
