//! Counting items by class, author and time made, over ranges.

use std::collections::BTreeMap;

use crate::journal::ServerId;
use crate::room::{Body, RoomLog};

use super::books::{Books, Items};
use super::measure::lost_period;

/// What kind of item, made by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Message, or state.
    pub class: Class,
    /// Made by a user of the measured server?
    pub local: bool,
    /// Made before, inside or after the lost period (0, 1, 2).
    pub made: u8,
    /// A file whose home server is dead; never so for anything else.
    pub orphan: bool,
}

/// How the items of one room are told apart.
pub(super) struct View<'a> {
    measured: ServerId,
    alive: &'a [bool],
    /// Numbers of the first item inside and after the lost period.
    cuts: (u32, u32),
}

impl<'a> View<'a> {
    pub(super) fn new(books: &'a Books<'_>, log: &RoomLog) -> View<'a> {
        View {
            measured: books.measured,
            alive: &books.alive,
            cuts: lost_period(books, log),
        }
    }

    fn kind(&self, class: Class, origin: ServerId, made: u8) -> Kind {
        Kind {
            class,
            local: origin == self.measured,
            made,
            orphan: class == Class::File && !self.alive[origin.index()],
        }
    }
}

/// Item classes of a room's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A message (a redaction counts as one).
    Message,
    /// A state event.
    State,
    /// A file that hangs on a message.
    File,
}

/// Numbers of items by kind.
pub(super) type Tally = BTreeMap<Kind, u64>;

/// Counts the items of several groups of sets, in one pass over the room: what a day's messages are is drawn
/// once.
pub(super) fn tally_all<const N: usize, const M: usize>(
    log: &RoomLog,
    sets: [[&Items; N]; M],
    view: &View<'_>,
) -> [[Tally; N]; M] {
    let mut sums = [const { [const { Tally::new() }; N] }; M];
    let mut atom = Tally::new();
    let mut inside = [[false; N]; M];
    let turns = turns(sets.as_flattened(), view.cuts);
    for (at, next) in std::iter::zip(&turns, turns.iter().skip(1)) {
        let inside = inside.as_flattened_mut();
        for set in &at.sets {
            inside[*set] = !inside[*set];
        }
        if !inside.contains(&true) || at.first == next.first {
            continue;
        }
        let made = u8::from(at.first >= view.cuts.0) + u8::from(at.first >= view.cuts.1);
        atom.clear();
        tally_range(log, at.first, next.first, &mut |class, origin, n| {
            *atom.entry(view.kind(class, origin, made)).or_default() += n;
        });
        let sums = sums.as_flattened_mut().iter_mut();
        let counted = std::iter::zip(sums, inside).filter(|(_, inside)| **inside);
        for (sum, _) in counted {
            for (kind, n) in &atom {
                *sum.entry(*kind).or_default() += n;
            }
        }
    }
    sums
}

/// A number from which on some sets hold the items, or no longer do.
struct Turn {
    first: u32,
    sets: Vec<usize>,
}

/// The turns of some sets, and the given numbers, in order.
fn turns(sets: &[&Items], cuts: (u32, u32)) -> Vec<Turn> {
    let mut turns: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (set, items) in sets.iter().enumerate() {
        for range in items.iter() {
            turns.entry(range.start).or_default().push(set);
            turns.entry(range.end).or_default().push(set);
        }
    }
    turns.entry(cuts.0).or_default();
    turns.entry(cuts.1).or_default();
    let turns = turns.into_iter();
    turns.map(|(first, sets)| Turn { first, sets }).collect()
}

/// Tells of all items of a range: class, home server of the author, number.
pub(super) fn tally_range(
    log: &RoomLog,
    from: u32,
    to: u32,
    add: &mut dyn FnMut(Class, ServerId, u64),
) {
    log.pieces(from, to, |piece| match piece.pdu {
        None => log.tally_run(piece.first, piece.len, |server, file, n| {
            add(Class::Message, server, n);
            if file {
                add(Class::File, server, n);
            }
        }),
        Some(pdu) => {
            let class = if pdu.body.state_key().is_some() {
                Class::State
            } else {
                Class::Message
            };
            add(class, pdu.origin, 1);
            let scripted = matches!(pdu.body, Body::Message { file: Some(_), .. });
            if scripted || log.has_drawn_file(piece.first) {
                add(Class::File, pdu.origin, 1);
            }
        }
    });
}

/// Number of messages in some ranges.
pub fn messages(log: &RoomLog, items: &Items) -> u64 {
    let mut n = 0;
    for range in items.iter() {
        log.pieces(range.start, range.end, |piece| {
            if piece.pdu.is_none_or(|pdu| pdu.body.state_key().is_none()) {
                n += u64::from(piece.len);
            }
        });
    }
    n
}
