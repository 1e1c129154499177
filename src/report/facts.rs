//! The journal as a table: one row per fact, with names instead of numbers.

use serde::Serialize;

use super::names::Names;
use super::tables::Table;
use crate::journal::{Fact, Journal, What, Why};
use crate::metrics::path_name;
use crate::world::World;

/// A row of `facts.csv`. A cell that does not apply to a fact is empty.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    at: String,
    server: &'a str,
    fact: &'static str,
    what: &'static str,
    room: &'a str,
    first: Option<u32>,
    last: Option<u32>,
    user: String,
    generation: Option<u32>,
    path: &'static str,
    from: &'a str,
    why: &'static str,
}

/// All facts of the journal, oldest first.
pub(super) fn facts<'a>(
    world: &'a World,
    journal: &'a Journal,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let names = Names::new(world);
    Table {
        file: "facts.csv",
        rows: journal.facts().iter().map(move |fact| row(names, fact)),
    }
}

fn row<'a>(names: Names<'a>, fact: &Fact) -> Row<'a> {
    let blank = Row {
        at: fact.at().to_string(),
        server: names.server(fact.server()),
        ..Row::default()
    };
    match fact {
        Fact::Gained {
            what, path, from, ..
        } => Row {
            fact: "gained",
            path: path_name(*path),
            from: names.server(*from),
            ..about(names, what, blank)
        },
        Fact::Lost { what, why, .. } => Row {
            fact: "lost",
            why: why_name(*why),
            ..about(names, what, blank)
        },
        Fact::Hollowed { what, why, .. } => Row {
            fact: "hollowed",
            why: why_name(*why),
            ..about(names, what, blank)
        },
        Fact::Refused {
            room, peer, rule, ..
        } => Row {
            fact: "refused",
            what: "room",
            room: names.room(*room),
            from: names.server(*peer),
            why: rule,
            ..blank
        },
        Fact::Struck { fault, .. } => Row {
            fact: "struck",
            what: "server",
            why: fault,
            ..blank
        },
    }
}

/// Fills in the cells that say what a fact is about.
fn about<'a>(names: Names<'a>, what: &What, row: Row<'a>) -> Row<'a> {
    let ranged = |name, room, first, last, row| Row {
        what: name,
        room: names.room(room),
        first: Some(first),
        last: Some(last),
        ..row
    };
    match *what {
        What::Items { room, first, last } => ranged("items", room, first, last, row),
        What::Room(room) => Row {
            what: "room",
            room: names.room(room),
            ..row
        },
        What::Membership(room, user) => Row {
            what: "membership",
            room: names.room(room),
            user: names.user(user),
            ..row
        },
        What::Account(user) => Row {
            what: "account",
            user: names.user(user),
            ..row
        },
        What::Password(user, generation) => Row {
            what: "password",
            user: names.user(user),
            generation: Some(generation),
            ..row
        },
    }
}

fn why_name(why: Why) -> &'static str {
    match why {
        Why::Restore => "restore",
        Why::FailedCopy => "failed-copy",
        Why::Purge => "purge",
        Why::Redaction => "redaction",
        Why::Censor => "censor",
        Why::Visibility => "visibility",
        Why::Forgotten => "forgotten",
    }
}
