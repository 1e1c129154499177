//! Counting items by class, author and time made, over ranges.

use std::collections::BTreeMap;

use crate::journal::ServerId;
use crate::room::{Body, RoomLog};

use super::books::Items;

/// What kind of item, made by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Message, or state.
    pub class: Class,
    /// Made by a user of the measured server?
    pub local: bool,
    /// Made before, inside or after the lost period (0, 1, 2).
    pub made: u8,
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

/// Counts the items of some ranges; `cuts` are the numbers of the first item inside and after the lost
/// period.
pub(super) fn tally(log: &RoomLog, items: &Items, measured: ServerId, cuts: (u32, u32)) -> Tally {
    let mut sum = Tally::new();
    for range in items.iter() {
        for (made, from, to) in [(0, 0, cuts.0), (1, cuts.0, cuts.1), (2, cuts.1, u32::MAX)] {
            let (from, to) = (range.start.max(from), range.end.min(to));
            if from < to {
                tally_range(log, from, to, measured, made, &mut sum);
            }
        }
    }
    sum
}

fn tally_range(log: &RoomLog, from: u32, to: u32, measured: ServerId, made: u8, sum: &mut Tally) {
    let mut add = |class, local, n| *sum.entry(Kind { class, local, made }).or_default() += n;
    log.pieces(from, to, |piece| match piece.pdu {
        None => log.tally_run(piece.first, piece.len, |server, file, n| {
            add(Class::Message, server == measured, n);
            if file {
                add(Class::File, server == measured, n);
            }
        }),
        Some(pdu) => {
            let local = pdu.origin == measured;
            let class = if pdu.body.state_key().is_some() {
                Class::State
            } else {
                Class::Message
            };
            add(class, local, 1);
            let scripted = matches!(pdu.body, Body::Message { file: Some(_), .. });
            if scripted || log.has_drawn_file(piece.first) {
                add(Class::File, local, 1);
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
