//! The story of one item, as one server has it.

use serde::Serialize;

use crate::journal::{EventNo, Fact, Path, RoomId, What};
use crate::kernel::SimTime;
use crate::metrics::{State, path_name, stranded_reason};
use crate::room::{Body, Pdu};

use super::past::View;

/// What became of one item of a room.
#[derive(Debug, Clone, Serialize)]
pub struct ItemStory {
    /// The room.
    pub room: String,
    /// Its number in the room, from 0.
    pub number: EventNo,
    /// `message` or `state`, as in `items.csv`.
    pub class: &'static str,
    /// Its type, as in the Matrix specification, with what it says: `m.room.member (join of @anna:one.example)`.
    pub kind: String,
    /// Does a file hang on it?
    pub file: bool,
    /// When it was made.
    pub made_at: SimTime,
    /// Who made it.
    pub author: String,
    /// The author's server.
    pub author_server: String,
    /// The server whose copy this is about.
    pub of: String,
    /// Where the item is at the end; none if the server need not hold it, since none of its users was in the room.
    pub state: Option<State>,
    /// Did the server receive it when it was made, and not later?
    pub received_when_made: bool,
    /// Was it gone after the server's loss?
    pub gone: bool,
    /// Of what was gone: did it come back, whatever became of it later?
    pub recovered: bool,
    /// What befell the server's copy of it, in order of time.
    pub steps: Vec<Step>,
    /// If it is stranded: why nothing brought it back, one of the reasons of `stranded.csv`.
    pub why_not: Option<&'static str>,
    /// Other servers that hold it at the end.
    pub held_by: Vec<HeldBy>,
    /// The end of the run.
    pub end: SimTime,
}

impl ItemStory {
    /// Servers that could give it: they live, and have it with its content.
    pub fn givers(&self) -> impl Iterator<Item = &HeldBy> {
        self.held_by.iter().filter(|copy| copy.alive && copy.whole)
    }
}

/// Something that befell a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// `gained`, `lost` or `hollowed` (only its content was lost), as in `facts.csv`.
    pub fact: &'static str,
    /// How it was gained.
    pub path: Option<&'static str>,
    /// From which other server.
    pub from: Option<String>,
    /// Why it was lost.
    pub why: Option<&'static str>,
}

/// Another server's copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBy {
    /// The server.
    pub server: String,
    /// With its content?
    pub whole: bool,
    /// Is the server not dead?
    pub alive: bool,
    /// When its own policy deletes the item; none: it keeps it for good. A time that is past says that its purge is late.
    pub until: Option<SimTime>,
}

impl View<'_> {
    pub(super) fn item(&self, room: RoomId, no: EventNo) -> ItemStory {
        let log = &self.books.logs[room.index()];
        let items = self.items(room);
        let (author, author_server) = log.author(no);
        let is_of_item = |what: &What| {
            matches!(*what, What::Items { room: of, first, last }
                if of == room && (first..=last).contains(&no))
        };
        let steps = self.steps(is_of_item);
        let state = items.state(no);
        let held_since_made = match steps.first() {
            Some(first) => first.fact != "gained",
            None => matches!(state, Some(State::Held | State::Shell)),
        };
        let is_stranded = state == Some(State::Stranded);
        ItemStory {
            room: self.room_name(room),
            number: no,
            class: if log.state_key(no).is_some() {
                "state"
            } else {
                "message"
            },
            kind: self.kind(room, log.single(no)),
            file: log.has_drawn_file(no),
            made_at: log.at(no),
            author: self.user_name(author),
            author_server: self.server_name(author_server),
            of: self.server_name(self.of),
            state,
            received_when_made: held_since_made,
            gone: items.gone.contains(&no),
            recovered: items.recovered.contains(&no),
            steps,
            why_not: is_stranded
                .then(|| stranded_reason(&self.books, self.journal(), room, &items)),
            held_by: self.held_by(room, no),
            end: self.books.end,
        }
    }

    /// What befell the server's copy of something, in order of time.
    pub(super) fn steps(&self, is_of: impl Fn(&What) -> bool) -> Vec<Step> {
        let step = |fact: &Fact| {
            let (fact, at, path, from, why) = match fact {
                Fact::Gained {
                    at,
                    what,
                    path,
                    from,
                    ..
                } if is_of(what) => ("gained", *at, Some(*path), Some(*from), None),
                Fact::Lost { at, what, why, .. } if is_of(what) => {
                    ("lost", *at, None, None, Some(*why))
                }
                Fact::Hollowed { at, what, why, .. } if is_of(what) => {
                    ("hollowed", *at, None, None, Some(*why))
                }
                _ => return None,
            };
            let from = from.filter(|from| *from != self.of && path != Some(Path::Restore));
            Some(Step {
                at,
                fact,
                path: path.map(path_name),
                from: from.map(|from| self.server_name(from)),
                why: why.map(|why| why.name()),
            })
        };
        self.facts().filter_map(step).collect()
    }

    fn held_by(&self, room: RoomId, no: EventNo) -> Vec<HeldBy> {
        let copies = self.other_copies(room);
        let holding = copies.filter(|(_, copy)| copy.items.contains(&no));
        let held_by = holding.map(|(server, copy)| HeldBy {
            server: self.server_name(server),
            whole: !copy.shells.contains(&no),
            alive: self.books.alive[server.index()],
            until: self.kept_until(server, room, no),
        });
        held_by.collect()
    }

    /// The type of an item, and what it says; drawn messages are not kept singly.
    fn kind(&self, room: RoomId, pdu: Option<&Pdu>) -> String {
        let message = || match self.books.rooms[room.index()].encrypted {
            true => "m.room.encrypted".to_owned(),
            false => "m.room.message".to_owned(),
        };
        let named = |name: &str| name.to_owned();
        match pdu.map(|pdu| &pdu.body) {
            None | Some(Body::Message { .. }) => message(),
            Some(Body::Redaction(target)) => format!("m.room.redaction (of item {target})"),
            Some(Body::Member {
                who, membership, ..
            }) => {
                format!(
                    "m.room.member ({} of {})",
                    membership.name(),
                    self.user_name(*who)
                )
            }
            Some(Body::Create) => named("m.room.create"),
            Some(Body::PowerLevels(_)) => named("m.room.power_levels"),
            Some(Body::JoinRules(_)) => named("m.room.join_rules"),
            Some(Body::HistoryVisibility(_)) => named("m.room.history_visibility"),
            Some(Body::GuestAccess) => named("m.room.guest_access"),
            Some(Body::Name(name)) => format!("m.room.name ({name})"),
            Some(Body::Topic(topic)) => format!("m.room.topic ({topic})"),
            Some(Body::Avatar(..)) => named("m.room.avatar"),
            Some(Body::Encryption) => named("m.room.encryption"),
            Some(Body::Retention(_)) => named("m.room.retention"),
            Some(Body::Dummy) => named("org.matrix.dummy_event"),
        }
    }
}
