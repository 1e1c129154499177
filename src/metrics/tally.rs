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

/// Counts the items of some ranges.
pub(super) fn tally(log: &RoomLog, items: &Items, view: &View<'_>) -> Tally {
    let cuts = view.cuts;
    let mut sum = Tally::new();
    for range in items.iter() {
        for (made, from, to) in [(0, 0, cuts.0), (1, cuts.0, cuts.1), (2, cuts.1, u32::MAX)] {
            let (from, to) = (range.start.max(from), range.end.min(to));
            if from < to {
                tally_range(log, from, to, &mut |class, origin, n| {
                    *sum.entry(view.kind(class, origin, made)).or_default() += n;
                });
            }
        }
    }
    sum
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
pub(super) fn messages(log: &RoomLog, items: &Items) -> u64 {
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
