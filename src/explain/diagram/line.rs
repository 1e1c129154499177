//! The lines of a diagram before they have their places: what was sent, made, gained and lost.

use std::collections::BTreeSet;

use crate::journal::{EventNo, Fact, RoomId, ServerId, UserId, What};
use crate::kernel::SimTime;
use crate::metrics::path_name;
use crate::protocol::matrix::{Answer, Request};
use crate::room::RoomLog;
use crate::simulation::{Cargo, Fate, Sent};
use crate::world::World;

use super::Kind;

/// A row with servers in the place of columns.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) at: SimTime,
    /// At one moment, what is done to servers comes first, then what they make, then what they send, then what came of it.
    pub(super) rank: u8,
    pub(super) server: ServerId,
    pub(super) to: Vec<(ServerId, Fate)>,
    pub(super) kind: Option<Kind>,
    /// What it is about, before and after numbers of items.
    words: (String, String),
    numbers: Vec<EventNo>,
}

impl Line {
    pub(super) fn servers(&self) -> impl Iterator<Item = ServerId> + '_ {
        let to = self.to.iter().map(|(server, _)| *server);
        to.chain([self.server])
    }

    pub(super) fn text(&self) -> String {
        let (before, after) = &self.words;
        let numbers = ranges(&self.numbers);
        let words = [before, &numbers, after].map(String::as_str);
        let said = words.into_iter().filter(|word| !word.is_empty());
        said.collect::<Vec<_>>().join(" ")
    }
}

/// What was sent, if it is about the room.
pub(super) fn arrow(world: &World, room: RoomId, sent: Sent) -> Option<Line> {
    let (kind, words, numbers) = match &sent.cargo {
        Cargo::Pdus(pdus) => {
            let here = pdus.iter().filter(|(of, _)| *of == room);
            let numbers: Vec<EventNo> = here.map(|(_, no)| *no).collect();
            let is_here = !numbers.is_empty();
            is_here.then(|| (Kind::Push, ("PDU".to_owned(), String::new()), numbers))?
        }
        Cargo::Request(request) if request.room() == Some(room) => {
            let (words, numbers) = asked(world, request);
            (Kind::Request, words, numbers)
        }
        Cargo::Answer(Some(of), answer) if *of == room => {
            let (words, numbers) = answered(answer);
            (Kind::Answer, words, numbers)
        }
        _ => return None,
    };
    Some(Line {
        at: sent.at,
        rank: 2,
        server: sent.from,
        to: vec![(sent.to, sent.fate)],
        kind: Some(kind),
        words,
        numbers,
    })
}

type Words = ((String, String), Vec<EventNo>);

fn asked(world: &World, request: &Request) -> Words {
    let plain = |text: &str| ((text.to_owned(), String::new()), Vec::new());
    let about = |text: &str, user: UserId| {
        let spec = &world.users[user.index()];
        let server = &world.servers[spec.server.index()].name;
        (
            (format!("{text} of @{}:{server}", spec.name), String::new()),
            Vec::new(),
        )
    };
    match request {
        Request::MissingEvents { latest, limit, .. } => (
            (
                "missing events before".to_owned(),
                format!("(at most {limit})"),
            ),
            vec![*latest],
        ),
        Request::StateAt { event, .. } => (("state at".to_owned(), String::new()), vec![*event]),
        Request::Backfill { from, limit, .. } => (
            ("backfill from".to_owned(), format!("(at most {limit})")),
            from.clone(),
        ),
        Request::EventAfter { .. } => plain("event after a date"),
        Request::Join { user, .. } => about("join", *user),
        Request::Invite { user, .. } => about("may invite? invitation", *user),
        Request::Invited { user, .. } => about("invitation", *user),
        Request::Leave { user, .. } => about("leave", *user),
        Request::Profile { .. } => plain("profile"),
        Request::Media { .. } => plain("file"),
    }
}

fn answered(answer: &Answer) -> Words {
    let plain = |text: String| ((text, String::new()), Vec::new());
    match answer {
        Answer::Events(copies) if copies.is_empty() => plain("no events".to_owned()),
        Answer::Events(copies) => (
            ("events".to_owned(), String::new()),
            copies.iter().map(|copy| copy.no).collect(),
        ),
        Answer::State => plain("the state".to_owned()),
        Answer::Made(no) => (("made".to_owned(), String::new()), vec![*no]),
        Answer::Fine => plain("fine".to_owned()),
        Answer::Refused(refusal) => plain(format!("refused: {} {}", refusal.status, refusal.code)),
        Answer::Unreachable => plain("no answer".to_owned()),
    }
}

/// The same PDU to several servers at once is one line.
pub(super) fn grouped(sent: Vec<Line>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in sent {
        let is_same = |other: &&mut Line| {
            line.kind == Some(Kind::Push)
                && (other.at, other.server, other.kind) == (line.at, line.server, line.kind)
                && other.numbers == line.numbers
                && !other.to.iter().any(|(to, _)| *to == line.to[0].0)
        };
        // Those of one moment are neighbours.
        match lines.iter_mut().rev().take(8).find(is_same) {
            Some(other) => other.to.extend(line.to),
            None => lines.push(line),
        }
    }
    lines
}

/// Items that were made and not sent at that moment.
pub(super) fn notes(
    log: &RoomLog,
    sent: &[Line],
    is_within: impl Fn(SimTime) -> bool,
) -> Vec<Line> {
    let pushed: BTreeSet<(SimTime, EventNo)> = sent
        .iter()
        .filter(|line| line.kind == Some(Kind::Push))
        .flat_map(|line| line.numbers.iter().map(|no| (line.at, *no)))
        .collect();
    let made = (0..log.len()).filter(|no| is_within(log.at(*no)));
    let kept = made.filter(|no| !pushed.contains(&(log.at(*no), *no)));
    let line = |no| Line {
        at: log.at(no),
        rank: 1,
        server: log.origin(no),
        to: Vec::new(),
        kind: None,
        words: ("makes".to_owned(), String::new()),
        numbers: vec![no],
    };
    kept.map(line).collect()
}

/// A fact, if it is about the room, or about a server that has to do with it.
pub(super) fn fact_line(fact: &Fact, room: RoomId, involved: &BTreeSet<ServerId>) -> Option<Line> {
    let of_items = |what: &What| match *what {
        What::Items {
            room: of,
            first,
            last,
        } if of == room => Some((first..=last).collect()),
        _ => None,
    };
    let (words, after, numbers): (String, String, Vec<EventNo>) = match fact {
        Fact::Gained { what, path, .. } => (
            "gains".to_owned(),
            format!("({})", path_name(*path)),
            of_items(what)?,
        ),
        Fact::Lost {
            what: What::Room(of),
            ..
        } if *of == room => ("forgets the room".to_owned(), String::new(), Vec::new()),
        Fact::Lost { what, why, .. } => (
            "loses".to_owned(),
            format!("({})", why.name()),
            of_items(what)?,
        ),
        Fact::Hollowed { what, why, .. } => (
            "loses the content of".to_owned(),
            format!("({})", why.name()),
            of_items(what)?,
        ),
        Fact::Refused { room: of, rule, .. } if *of == room => {
            (format!("gets nothing: {rule}"), String::new(), Vec::new())
        }
        Fact::Struck { server, fault, .. } if involved.contains(server) => {
            ((*fault).to_owned(), String::new(), Vec::new())
        }
        Fact::Refused { .. } | Fact::Struck { .. } => return None,
    };
    Some(Line {
        at: fact.at(),
        rank: if matches!(fact, Fact::Struck { .. }) {
            0
        } else {
            3
        },
        server: fact.server(),
        to: Vec::new(),
        kind: None,
        words: (words, after),
        numbers,
    })
}

/// Notes of one kind about one server that follow each other are one.
pub(super) fn joined(lines: Vec<Line>) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    for line in lines {
        match all.last_mut() {
            Some(last)
                if line.kind.is_none()
                    && last.kind.is_none()
                    && !line.numbers.is_empty()
                    && (last.server, &last.words) == (line.server, &line.words) =>
            {
                last.numbers.extend(line.numbers);
            }
            _ => all.push(line),
        }
    }
    all
}

/// `1-3, 7`
fn ranges(numbers: &[EventNo]) -> String {
    let numbers: BTreeSet<EventNo> = numbers.iter().copied().collect();
    let mut ranges: Vec<(EventNo, EventNo)> = Vec::new();
    for no in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == no => *last = no,
            _ => ranges.push((no, no)),
        }
    }
    let words = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(", ")
}
