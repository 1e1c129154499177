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
    pub(super) fn begin_entry(&mut self, entry: Entry) {
        let before = self.deepest_before.last().copied().unwrap_or(0);
        let last = self.last().map_or(0, |last| self.depth(last));
        self.deepest_before.push(before.max(last));
        let depth = entry.depth();
        // A new branch from an old place is rare; else nothing is deeper than what comes.
        let deeper = self.shallowest_from.iter_mut().rev();
        let deeper = deeper.take_while(|shallowest| **shallowest > depth);
        deeper.for_each(|shallowest| *shallowest = depth);
        self.shallowest_from.push(depth);
        self.entries.push(entry);
    }

    /// The first item from which on all are deeper than this.
    pub fn all_deeper_from(&self, depth: u32) -> EventNo {
        let index = self
            .shallowest_from
            .partition_point(|least| *least <= depth);
        self.entries.get(index).map_or(self.len, Entry::first)
    }

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
