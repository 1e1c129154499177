//! Items of a log as pieces: parts of runs, and single items.

use std::ops::ControlFlow;

use super::{Entry, RoomLog};
use crate::journal::EventNo;
use crate::room::Pdu;

/// A part of a run of drawn messages (`pdu` is none), or a single item.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// First item.
    pub first: EventNo,
    /// Number of items.
    pub len: u32,
    /// Depth of the first; those of the others rise by one each.
    pub depth: u32,
    /// The item, if it is a single one.
    pub pdu: Option<&'a Pdu>,
}

impl RoomLog {
    /// Calls `f` for each piece of `first..end`.
    pub fn pieces(&self, first: EventNo, end: EventNo, mut f: impl FnMut(Piece<'_>)) {
        let begun = self.entries.partition_point(|entry| entry.first() <= first);
        for entry in &self.entries[begun.saturating_sub(1)..] {
            if entry.first() >= end {
                return;
            }
            if let Some(piece) = part(entry, first, end) {
                f(piece);
            }
        }
    }

    /// Calls `f` for each piece of `first..end`, the last one first, until it breaks. With each piece comes a bound:
    /// no item before it is deeper.
    pub fn pieces_back(
        &self,
        first: EventNo,
        end: EventNo,
        mut f: impl FnMut(Piece<'_>, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let begun = self.entries.partition_point(|entry| entry.first() < end);
        for (index, entry) in self.entries[..begun].iter().enumerate().rev() {
            let Some(piece) = part(entry, first, end) else {
                break;
            };
            let bound = self.deepest_before[index].max(piece.depth.saturating_sub(1));
            f(piece, bound)?;
        }
        ControlFlow::Continue(())
    }

    /// Items among `first..end` that have a successor other than the item after them.
    pub fn branching(&self, first: EventNo, end: EventNo) -> impl Iterator<Item = EventNo> + '_ {
        self.branches.range(first..end).map(|(no, _)| *no)
    }
}

/// What an entry has of `first..end`.
fn part(entry: &Entry, first: EventNo, end: EventNo) -> Option<Piece<'_>> {
    match entry {
        Entry::Run {
            first: start,
            len,
            depth,
            ..
        } => {
            let (from, to) = (first.max(*start), end.min(start + len));
            (from < to).then(|| Piece {
                first: from,
                len: to - from,
                depth: depth + (from - start),
                pdu: None,
            })
        }
        Entry::One { first: no, pdu } => (first..end).contains(no).then_some(Piece {
            first: *no,
            len: 1,
            depth: pdu.depth,
            pdu: Some(pdu),
        }),
    }
}
