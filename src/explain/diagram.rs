//! What passed between servers about one room, as a diagram of messages: servers as columns, time down.
//!
//! The journal tells who gained what, and not what was asked for it. So the world is played again with somebody who
//! listens on the wire, and with every delivery an event, where the run itself may have taken the shortcut for servers in
//! step: the journal is the same.

mod line;

use std::collections::BTreeSet;

use crate::journal::{RoomId, ServerId};
use crate::kernel::SimTime;
use crate::scenario::Scenario;
use crate::simulation::{Fate, run_overheard};
use crate::world::World;

use line::{Line, arrow, fact_line, grouped, joined, notes};

/// More rows than this nobody follows with the eye.
pub const MOST_ROWS: usize = 300;

/// A diagram of messages.
#[derive(Debug, Clone)]
pub struct Diagram {
    /// The room.
    pub room: String,
    /// Names of the columns, in the order of the world's list.
    pub servers: Vec<String>,
    /// Top to bottom.
    pub rows: Vec<Row>,
}

/// One line of a diagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub at: SimTime,
    /// What.
    pub happened: Happened,
}

/// What a line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// Something was sent: an arrow from one column to others.
    Sent {
        /// What kind of thing.
        kind: Kind,
        /// The sender's column.
        from: usize,
        /// The receivers' columns, and what became of it on the way to each.
        to: Vec<(usize, Fate)>,
        /// What it was.
        words: String,
    },
    /// Something happened on one server.
    Note {
        /// Its column.
        server: usize,
        /// What.
        words: String,
    },
}

/// What kind of thing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A transaction of PDUs.
    Push,
    /// A question.
    Request,
    /// An answer.
    Answer,
}

/// Why there is no diagram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiagramError {
    /// One operator has all rooms.
    #[error("on a central service nothing passes between servers")]
    Central,
    /// Nothing happened.
    #[error("nothing happened in the room {room:?} in that time")]
    Nothing {
        /// The room.
        room: String,
    },
    /// Too much for one picture.
    #[error(
        "{arrows} messages passed in {room:?} in that time; with what happened on the servers that makes {rows} rows, and a diagram has at most {MOST_ROWS}"
    )]
    TooMuch {
        /// The room.
        room: String,
        /// Messages between servers.
        arrows: usize,
        /// Rows in all.
        rows: usize,
        /// The end of the longest window from the same beginning that is not too much.
        until: SimTime,
    },
}

/// Plays a scenario again and draws up what passed about a room within a time; none: from the beginning, to the end.
///
/// # Errors
/// If nothing passed, or too much.
pub fn diagram(
    scenario: &Scenario,
    room: RoomId,
    (from, until): (Option<SimTime>, Option<SimTime>),
) -> Result<Diagram, DiagramError> {
    if scenario.central.is_some() {
        return Err(DiagramError::Central);
    }
    let mut world = scenario.world.clone();
    world.in_step = false;
    // What comes later is not looked at.
    if let (Some(until), None) = (until, &scenario.script) {
        world.end = world.end.min(until);
    }
    let window = from.unwrap_or(world.start)..=until.unwrap_or(SimTime(u64::MAX));
    let mut sent = Vec::new();
    let outcome = run_overheard(&world, scenario.script.as_ref(), &mut |one| {
        if window.contains(&one.at) {
            sent.extend(arrow(&world, room, one));
        }
    });
    let mut lines = grouped(sent);
    let facts = outcome.journal.facts().iter();
    let facts = facts.filter(|fact| window.contains(&fact.at()));
    let notes = notes(&outcome.logs[room.index()], &lines, |at| {
        window.contains(&at)
    });
    lines.extend(notes);
    let involved: BTreeSet<ServerId> = lines.iter().flat_map(Line::servers).collect();
    lines.extend(facts.filter_map(|fact| fact_line(fact, room, &involved)));
    lines.sort_by_key(|line| (line.at, line.rank));
    drawn_up(&world, room, joined(lines))
}

fn drawn_up(world: &World, room: RoomId, lines: Vec<Line>) -> Result<Diagram, DiagramError> {
    let name = world.room(room).name.clone();
    if lines.is_empty() {
        return Err(DiagramError::Nothing { room: name });
    }
    if let Some(first_too_many) = lines.get(MOST_ROWS) {
        // All of a moment is within a window, or nothing.
        let until = SimTime(first_too_many.at.0 - 1);
        let arrows = lines.iter().map(|line| line.to.len()).sum();
        let rows = lines.len();
        return Err(DiagramError::TooMuch {
            room: name,
            arrows,
            rows,
            until,
        });
    }
    let servers: BTreeSet<ServerId> = lines.iter().flat_map(Line::servers).collect();
    let column = |server: ServerId| servers.range(..server).count();
    let rows = lines.iter().map(|line| Row {
        at: line.at,
        happened: match line.kind {
            Some(kind) => Happened::Sent {
                kind,
                from: column(line.server),
                to: line
                    .to
                    .iter()
                    .map(|(to, fate)| (column(*to), *fate))
                    .collect(),
                words: line.text(),
            },
            None => Happened::Note {
                server: column(line.server),
                words: line.text(),
            },
        },
    });
    Ok(Diagram {
        room: name,
        rows: rows.collect(),
        servers: servers
            .iter()
            .map(|server| world.servers[server.index()].name.clone())
            .collect(),
    })
}
