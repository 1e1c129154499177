//! The holes of a room, why they are there, and what would fill them.

use std::collections::BTreeMap;

use rangemap::RangeMap;
use serde::Serialize;

use crate::journal::{EventNo, Fact, Path, RoomId, Why};
use crate::kernel::SimTime;
use crate::metrics::{Items, State, both, messages, path_name};

use super::past::View;
use super::{Account, NextStep};

/// What became of one room.
#[derive(Debug, Clone, Serialize)]
pub struct RoomStory {
    /// The room.
    pub room: String,
    /// `public`, `private` or `direct`.
    pub kind: &'static str,
    /// May servers other than its founder's take part?
    pub federated: bool,
    /// Are its messages encrypted?
    pub encrypted: bool,
    /// When it was made.
    pub made_at: SimTime,
    /// By whom.
    pub author: String,
    /// The server whose copy this is about.
    pub of: String,
    /// Does the server have a copy at the end?
    pub known: bool,
    /// Does it believe that one of its users is in the room?
    pub inside: bool,
    /// The server's messages.
    pub messages: Account,
    /// What came back after the loss, by path and giver, in the order in which each began.
    pub back: Vec<Return>,
    /// What the server lacks, the largest holes first, those of one cause together.
    pub holes: Vec<Hole>,
    /// What would bring back what is stranded.
    pub next: Option<NextStep>,
    /// Other servers' copies, in the order of the world's list.
    pub copies: Vec<RoomCopy>,
    /// The end of the run.
    pub end: SimTime,
}

/// Messages that were gone after the loss and came back by one path from one server, each with its first return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Return {
    /// The path.
    pub path: &'static str,
    /// The giver.
    pub from: String,
    /// How many.
    pub messages: u64,
    /// When the first and the last of them came.
    pub at: (SimTime, SimTime),
}

/// All that a server lacks of a room for one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// Stranded, lost or expired.
    pub state: State,
    /// Why it was lost, as in `facts.csv`; none if it never arrived.
    pub cause: Option<&'static str>,
    /// The first and the last time that it was lost for that cause.
    pub lost_at: Option<(SimTime, SimTime)>,
    /// How many messages.
    pub messages: u64,
    /// How many items of any kind.
    pub items: u64,
    /// In how many ranges of neighbouring numbers.
    pub ranges: u64,
    /// The first and the last of them.
    pub numbers: (EventNo, EventNo),
    /// When these two were made.
    pub made: (SimTime, SimTime),
    /// Live servers that have some of it, with its content, in the order of the world's list.
    pub givers: Vec<Giver>,
}

/// A server that could give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Giver {
    /// The server.
    pub server: String,
    /// How many of the missing messages it has.
    pub messages: u64,
    /// How many of the missing items of any kind.
    pub items: u64,
    /// When its own policy deletes the oldest of them; none: it keeps them for good.
    pub until: Option<SimTime>,
}

/// Another server's copy of the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomCopy {
    /// The server.
    pub server: String,
    /// Is it not dead?
    pub alive: bool,
    /// Messages that it has with their content.
    pub messages: u64,
}

/// Why and when items were lost.
type Lost = RangeMap<EventNo, (SimTime, Why)>;

impl View<'_> {
    pub(super) fn room(&self, room: RoomId) -> RoomStory {
        let log = &self.books.logs[room.index()];
        let spec = &self.books.rooms[room.index()];
        let own = self.books.holdings[self.of.index()].get(&room);
        let items = self.items(room);
        let copies = self.other_copies(room).map(|(server, copy)| RoomCopy {
            server: self.server_name(server),
            alive: self.books.alive[server.index()],
            messages: messages(log, &copy.whole()),
        });
        RoomStory {
            room: spec.name.clone(),
            kind: crate::metrics::kind_name(spec.kind),
            federated: spec.federate,
            encrypted: spec.encrypted,
            made_at: log.at(0),
            author: self.user_name(log.author(0).0),
            of: self.server_name(self.of),
            known: own.is_some(),
            inside: own.is_some_and(|own| own.inside),
            messages: Account::of(log, &items),
            back: self.returns(room, &items.gone),
            holes: self.holes(
                room,
                &[
                    (State::Stranded, &items.stranded),
                    (State::Lost, &items.lost),
                    (State::Expired, &items.expired),
                ],
            ),
            next: self.next_step(room, &items),
            copies: copies.collect(),
            end: self.books.end,
        }
    }

    fn holes(&self, room: RoomId, missing: &[(State, &Items)]) -> Vec<Hole> {
        let lost = self.lost(room);
        let mut parts: BTreeMap<(State, Option<Why>), Part> = BTreeMap::new();
        for (state, items) in missing {
            for range in items.iter() {
                for (why, at) in lost
                    .overlapping(range.clone())
                    .map(|(_, (at, why))| (*why, *at))
                {
                    parts.entry((*state, Some(why))).or_default().note(at);
                }
                for (cause, range) in pieces(&lost, range.clone()) {
                    parts
                        .entry((*state, cause))
                        .or_default()
                        .items
                        .insert(range);
                }
            }
        }
        let mut holes: Vec<Hole> = parts
            .into_iter()
            .filter_map(|((state, cause), part)| self.hole(room, state, cause, &part))
            .collect();
        holes.sort_by_key(|hole| (hole.state, std::cmp::Reverse(hole.messages)));
        holes
    }

    fn hole(&self, room: RoomId, state: State, cause: Option<Why>, part: &Part) -> Option<Hole> {
        let log = &self.books.logs[room.index()];
        let (first, last) = (part.items.first()?.start, part.items.last()?.end - 1);
        Some(Hole {
            state,
            cause: cause.map(Why::name),
            lost_at: part.lost_at,
            messages: messages(log, &part.items),
            items: size(&part.items),
            ranges: part.items.iter().count() as u64,
            numbers: (first, last),
            made: (log.at(first), log.at(last)),
            givers: self.givers(room, &part.items),
        })
    }

    /// By which paths, and from whom, messages came back that were gone after the loss.
    fn returns(&self, room: RoomId, gone: &Items) -> Vec<Return> {
        let since = self.books.loss.as_ref().map(|loss| loss.at);
        let log = &self.books.logs[room.index()];
        let mut gone = gone.clone();
        let mut returns: Vec<Return> = Vec::new();
        for fact in self.facts() {
            let Fact::Gained { at, path, from, .. } = *fact else {
                continue;
            };
            if path == Path::Restore || since.is_none_or(|since| at < since) {
                continue;
            }
            let Some((_, range)) = fact.items().filter(|(of, _)| *of == room) else {
                continue;
            };
            let back = both(&gone, &Items::from_iter([range.clone()]));
            gone.remove(range);
            let (messages, from) = (messages(log, &back), self.server_name(from));
            let path = path_name(path);
            let mut same = returns.iter_mut();
            match same.find(|one| one.path == path && one.from == from) {
                _ if messages == 0 => {}
                Some(one) => (one.messages, one.at.1) = (one.messages + messages, at),
                None => returns.push(Return {
                    path,
                    from,
                    messages,
                    at: (at, at),
                }),
            }
        }
        returns
    }

    /// What the server lost of a room and did not get back.
    fn lost(&self, room: RoomId) -> Lost {
        let mut lost = Lost::new();
        for fact in self.facts() {
            let Some((_, range)) = fact.items().filter(|(of, _)| *of == room) else {
                continue;
            };
            match *fact {
                Fact::Lost { at, why, .. } => lost.insert(range, (at, why)),
                Fact::Gained { .. } => lost.remove(range),
                _ => {}
            }
        }
        lost
    }
}

/// Missing items of one state and cause.
#[derive(Debug, Default)]
struct Part {
    items: Items,
    lost_at: Option<(SimTime, SimTime)>,
}

impl Part {
    fn note(&mut self, at: SimTime) {
        let (first, last) = self.lost_at.unwrap_or((at, at));
        self.lost_at = Some((first.min(at), last.max(at)));
    }
}

/// Number of items of any kind.
pub(super) fn size(items: &Items) -> u64 {
    let ranges = items.iter();
    ranges.map(|range| u64::from(range.end - range.start)).sum()
}

/// The parts of a range by the reason for which they were lost.
fn pieces(
    lost: &Lost,
    range: std::ops::Range<EventNo>,
) -> Vec<(Option<Why>, std::ops::Range<EventNo>)> {
    let clip =
        |part: &std::ops::Range<EventNo>| part.start.max(range.start)..part.end.min(range.end);
    let known = lost.overlapping(range.clone());
    let known = known.map(|(part, (_, why))| (Some(*why), clip(part)));
    let never = lost.gaps(&range).map(|gap| (None, gap));
    known.chain(never).collect()
}
