//! Where the messages of each room are, by the time at which they were made: after the loss, and at the end.
//!
//! Bounded whatever the world: the time is cut into at most sixty bins, and where there are more rooms than can be
//! told apart in a figure, all but those that lost most are put together by kind.

use std::collections::BTreeMap;

use crate::journal::{Fact, Journal, RoomId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::RoomLog;
use crate::workload::RoomKind;

use super::books::{Books, Holding, Items, both, either};
use super::measure::kind_name;
use super::split::{Case, RoomItems, split};
use super::tally::messages;

/// No more bins than these.
const BINS_MOST: u64 = 60;
/// With more rooms than these, some are put together.
const ROOMS_MOST: usize = 60;
/// So many of them keep a row of their own.
const ROOMS_APART: usize = 40;

/// Messages of one room, or of several of a kind, that were made in one bin of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapestryRow {
    /// At the end, or else at the moment after the loss.
    pub at_end: bool,
    /// The room's name; empty where rooms are put together.
    pub room: String,
    /// `public`, `private` or `direct`.
    pub room_kind: &'static str,
    /// How many rooms these are.
    pub rooms: u64,
    /// The beginning of the bin.
    pub from: SimTime,
    /// Its end, not included.
    pub until: SimTime,
    /// How many of its messages are held, shell, stranded, lost, expired.
    pub messages: [u64; 5],
    /// How many of its messages were gone after the loss, and how many of those had come back until then.
    pub gone: [u64; 2],
}

/// Messages of one bin: by state, then those gone and those that came back.
type Cell = ([u64; 5], [u64; 2]);

/// All bins, at two moments.
type Cloth = [Vec<Cell>; 2];

/// One row of cloth.
struct Thread {
    room: String,
    kind: RoomKind,
    rooms: u64,
    gone: u64,
    cloth: Cloth,
}

/// A tapestry in the making, room by room.
pub(super) struct Loom<'a> {
    books: &'a Books<'a>,
    /// The beginnings of all bins, and the end of the last.
    edges: Vec<SimTime>,
    /// What the measured server had of each room at the moment after the loss.
    had: BTreeMap<RoomId, Holding>,
    threads: Vec<Thread>,
}

impl<'a> Loom<'a> {
    pub(super) fn new(books: &'a Books<'_>, journal: &Journal) -> Loom<'a> {
        let filled = books.logs.iter().filter(|log| !log.is_empty());
        let first = filled.map(|log| log.at(0)).min().unwrap_or(books.end);
        Loom {
            books,
            edges: edges(first, books.end),
            had: books
                .loss
                .as_ref()
                .map(|loss| had_at(books, journal, loss.at))
                .unwrap_or_default(),
            threads: Vec::new(),
        }
    }

    /// Weaves in a room whose items at the end are these.
    pub(super) fn room(&mut self, room: RoomId, inside: &Items, at_end: &RoomItems) {
        if at_end.should.is_empty() {
            return;
        }
        let log = &self.books.logs[room.index()];
        let cuts: Vec<u32> = self.edges.iter().map(|edge| log.first_at(*edge)).collect();
        let after_loss = self.after_loss(room, inside);
        let woven = |items: Option<&RoomItems>| match items {
            Some(items) => by_bin(log, &cuts, items),
            None => vec![Cell::default(); cuts.len() - 1],
        };
        let spec = &self.books.rooms[room.index()];
        self.threads.push(Thread {
            room: spec.name.clone(),
            kind: spec.kind,
            rooms: 1,
            gone: messages(log, &at_end.gone),
            cloth: [woven(after_loss.as_ref()), woven(Some(at_end))],
        });
    }

    /// Where the items of a room were at the moment after the loss.
    fn after_loss(&self, room: RoomId, inside: &Items) -> Option<RoomItems> {
        let loss = self.books.loss.as_ref()?;
        let log = &self.books.logs[room.index()];
        let of_room =
            |items: &BTreeMap<RoomId, Items>| items.get(&room).cloned().unwrap_or_default();
        let had_elsewhere = of_room(&loss.elsewhere);
        let mut until_then = Items::new();
        until_then.insert(0..log.first_at(loss.at).max(1));
        // Of what was missing before the loss already, nobody noted who had it then.
        let elsewhere = || {
            let others = self.books.others(self.books.measured, room);
            others.fold(had_elsewhere.clone(), |all, copy| {
                either(&all, &copy.whole())
            })
        };
        let life = self.books.lifetimes[room.index()];
        Some(split(&Case {
            log,
            own: self.had.get(&room),
            inside: both(inside, &until_then),
            gone: of_room(&loss.items),
            had_elsewhere: had_elsewhere.clone(),
            back: Items::new(),
            expired_before: life.map(|life| loss.at.saturating_sub(life)),
            elsewhere: &elsewhere,
        }))
    }

    /// All rows: by moment, then by kind, then those that lost most, then by time.
    pub(super) fn finish(self) -> Vec<TapestryRow> {
        let threads = gathered(self.threads);
        let bins: Vec<_> = std::iter::zip(&self.edges, self.edges.iter().skip(1)).collect();
        let moments = [false, true].into_iter();
        let all = moments.flat_map(|at_end| threads.iter().map(move |thread| (at_end, thread)));
        all.flat_map(|(at_end, thread)| {
            let cells = std::iter::zip(&bins, &thread.cloth[usize::from(at_end)]);
            let filled = cells.filter(|(_, cell)| **cell != Cell::default());
            filled.map(move |((from, until), (messages, gone))| TapestryRow {
                at_end,
                room: thread.room.clone(),
                room_kind: kind_name(thread.kind),
                rooms: thread.rooms,
                from: **from,
                until: **until,
                messages: *messages,
                gone: *gone,
            })
        })
        .collect()
    }
}

/// Bins of whole days, hours or minutes that reach from a first moment to the end.
fn edges(first: SimTime, end: SimTime) -> Vec<SimTime> {
    let span = end.since(first).0;
    let units = [
        SimDuration::days(1),
        SimDuration::hours(1),
        SimDuration::minutes(1),
    ];
    let fitting = units.into_iter().find(|unit| span >= BINS_MOST * unit.0);
    let unit = fitting.unwrap_or(SimDuration::minutes(1)).0;
    let begin = first.0 / unit * unit;
    let width = (end.0 + 1 - begin).div_ceil(BINS_MOST).div_ceil(unit) * unit;
    let bins = (end.0 + 1 - begin).div_ceil(width);
    (0..=bins).map(|bin| SimTime(begin + bin * width)).collect()
}

/// What the measured server had at a moment, by its own journal.
fn had_at(books: &Books<'_>, journal: &Journal, at: SimTime) -> BTreeMap<RoomId, Holding> {
    let mut had: BTreeMap<RoomId, Holding> = BTreeMap::new();
    let until = journal.facts().iter().take_while(|fact| fact.at() <= at);
    for fact in until.filter(|fact| fact.server() == books.measured) {
        let Some((room, range)) = fact.items() else {
            continue;
        };
        let copy = had.entry(room).or_default();
        match fact {
            Fact::Gained { .. } => copy.items.insert(range),
            Fact::Hollowed { .. } => copy.shells.insert(range),
            _ => {
                copy.items.remove(range.clone());
                copy.shells.remove(range);
            }
        }
    }
    had
}

/// Counts the messages of a room by bin and state; `cuts` are the first numbers of the bins.
fn by_bin(log: &RoomLog, cuts: &[u32], items: &RoomItems) -> Vec<Cell> {
    let states = [
        &items.held,
        &items.shell,
        &items.stranded,
        &items.lost,
        &items.expired,
    ];
    let bins = std::iter::zip(cuts, &cuts[1..]);
    bins.map(|(first, next)| {
        let bin = Items::from_iter((first < next).then_some(*first..*next));
        let count = |items: &Items| messages(log, &both(items, &bin));
        (
            states.map(count),
            [&items.gone, &items.recovered].map(count),
        )
    })
    .collect()
}

/// Not more threads than a figure can show, in its order.
fn gathered(mut threads: Vec<Thread>) -> Vec<Thread> {
    let total = |thread: &Thread| thread.cloth[1].iter().flat_map(|cell| cell.0).sum::<u64>();
    if threads.len() > ROOMS_MOST {
        threads.sort_by_cached_key(|thread| std::cmp::Reverse((thread.gone, total(thread))));
        let mut others: BTreeMap<RoomKind, Thread> = BTreeMap::new();
        for thread in threads.split_off(ROOMS_APART) {
            match others.get_mut(&thread.kind) {
                Some(sum) => sum.add(&thread),
                None => {
                    let room = String::new();
                    others.insert(thread.kind, Thread { room, ..thread });
                }
            }
        }
        threads.extend(others.into_values());
    }
    let is_many = |thread: &Thread| thread.room.is_empty();
    threads.sort_by_cached_key(|thread| {
        let most = std::cmp::Reverse(thread.gone);
        (thread.kind, is_many(thread), most, thread.room.clone())
    });
    threads
}

impl Thread {
    fn add(&mut self, more: &Thread) {
        self.rooms += more.rooms;
        self.gone += more.gone;
        let sums = self.cloth.iter_mut().flatten();
        for (sum, more) in std::iter::zip(sums, more.cloth.iter().flatten()) {
            std::iter::zip(&mut sum.0, more.0).for_each(|(sum, more)| *sum += more);
            std::iter::zip(&mut sum.1, more.1).for_each(|(sum, more)| *sum += more);
        }
    }
}
