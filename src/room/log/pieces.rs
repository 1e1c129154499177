//! Items of a log as pieces: parts of runs, and single items.

use std::ops::{ControlFlow, Range};

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

impl Piece<'_> {
    /// The depth that comes after its last item's.
    fn end_depth(&self) -> u32 {
        self.depth + self.len
    }
}

impl RoomLog {
    pub(super) fn begin_entry(&mut self, entry: Entry) {
        let before = self.deepest_before.last().copied().unwrap_or(0);
        let last = self.last().map_or(0, |last| self.depth(last));
        let deepest = before.max(last);
        self.deepest_before.push(deepest);
        let depth = entry.depth();
        if depth <= deepest {
            self.aside.push(self.entries.len());
        }
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

    /// The items of the `len` depths up to `depth`, if there is one of each, in the order of their numbers.
    /// Other items in these depths hinder it where they are `beside`.
    pub fn ladder(
        &self,
        depth: u32,
        len: u32,
        beside: impl Fn(Range<EventNo>) -> bool,
    ) -> Option<Range<EventNo>> {
        // The entry with which the room first reached the depth, and those with which it rose to it.
        let reached = self.deepest_before.partition_point(|deep| *deep < depth);
        let mut index = reached.checked_sub(1)?;
        let top = &self.entries[index];
        let end = top.first() + depth.checked_sub(top.depth())? + 1;
        let first = end.checked_sub(len).filter(|_| end <= self.len)?;
        let later = self.aside.partition_point(|aside| *aside <= index);
        while self.entries[index].first() > first {
            if self.entries[index].depth() <= self.deepest_before[index] {
                return None;
            }
            index -= 1;
        }
        let bottom = &self.entries[index];
        let lowest = bottom.depth() + (first - bottom.first());
        if bottom.depth() <= self.deepest_before[index] || lowest + len != depth + 1 {
            return None;
        }
        let in_between = |piece: Piece<'_>| {
            let (from, to) = (piece.depth.max(lowest), piece.end_depth().min(depth + 1));
            let no = |depth: u32| piece.first + (depth - piece.depth);
            from < to && beside(no(from)..no(to))
        };
        let mut others = self.aside[later..]
            .iter()
            .map(|aside| &self.entries[*aside]);
        (!others.any(|entry| part(entry, 0, self.len).is_some_and(in_between)))
            .then_some(first..end)
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
