//! Pages of a room, newest first by (depth, stream position): what a client is given that pages back.

use std::ops::{ControlFlow, Range};

use crate::journal::EventNo;
use crate::room::RoomLog;

use super::Rules;
use super::replica::{Items, Replica};

/// One row of a page: an item with its topological position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// The item.
    pub(super) no: EventNo,
    /// Its depth (topological position).
    pub(super) depth: u32,
}

/// A place in the room from which a client pages back: topological and stream position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token {
    /// Topological position.
    pub(super) depth: u32,
    /// Stream position.
    pub(super) stream: i64,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// One item at each depth, with nothing beside them: most pages are so, and cost little. And the place
    /// just after the last one.
    Chain(Range<EventNo>, Token),
    /// Rows in order, and the place just after the last one.
    Rows(Vec<Row>, Option<Token>),
}

impl Page {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        match self {
            Page::Chain(items, _) => items.len(),
            Page::Rows(rows, _) => rows.len(),
        }
    }

    /// Where the next page begins, if this one has a row.
    pub(super) fn next(&self) -> Option<Token> {
        match self {
            Page::Chain(_, next) => Some(*next),
            Page::Rows(_, next) => *next,
        }
    }

    /// The item that was made last.
    pub(super) fn newest(&self) -> Option<EventNo> {
        match self {
            Page::Chain(items, _) => items.end.checked_sub(1),
            Page::Rows(rows, _) => rows.iter().map(|row| row.no).max(),
        }
    }

    /// The items, in order.
    pub(super) fn items(&self) -> impl Iterator<Item = EventNo> + '_ {
        let (chain, rows) = match self {
            Page::Chain(items, _) => (items.clone(), &[][..]),
            Page::Rows(rows, _) => (0..0, &rows[..]),
        };
        chain.rev().chain(rows.iter().map(|row| row.no))
    }

    /// Does the page have a hole that is worth waiting for?
    pub(super) fn has_holes(&self, rules: &Rules) -> bool {
        let Page::Rows(rows, _) = self else {
            return false;
        };
        let mut small = 0;
        for pair in rows.windows(2) {
            let gap = pair[0].depth - pair[1].depth;
            if gap > rules.backfill_big_gap {
                return true;
            }
            if gap > 1 {
                small += 1;
            }
        }
        small > rules.backfill_small_gaps
    }
}

impl Default for Page {
    fn default() -> Self {
        Page::Rows(Vec::new(), None)
    }
}

impl Replica {
    /// Stored items at or before a token, newest first: at most `limit`.
    pub(super) fn page(&self, log: &RoomLog, from: Token, limit: u32) -> Page {
        let Some(page) = self.chain_page(log, from, limit) else {
            let (rows, _) = self.rows(log, from, limit as usize);
            let next = rows.last().map(|last| self.token_after(*last));
            return Page::Rows(rows, next);
        };
        debug_assert!(
            page.items().eq(self
                .rows(log, from, limit as usize)
                .0
                .iter()
                .map(|row| row.no)),
            "a chain has the rows of any other page"
        );
        page
    }

    /// The page, if it is a chain. The first item at or before the token may be one that is not on the page, so
    /// one more is asked for.
    fn chain_page(&self, log: &RoomLog, from: Token, limit: u32) -> Option<Page> {
        let mut items = log.ladder(from.depth, limit + 1, |beside| {
            self.timeline.overlaps(&beside)
        })?;
        let stored = self.timeline.get(&items.start)?;
        if stored.end < items.end {
            return None;
        }
        if self.positions.stream(items.end - 1) <= from.stream {
            items.start += 1;
        } else {
            items.end -= 1;
        }
        let no = items.clone().next()?;
        let depth = log.depth(no);
        Some(Page::Chain(items, self.token_after(Row { no, depth })))
    }

    /// The place just after a row.
    pub(super) fn token_after(&self, row: Row) -> Token {
        Token {
            depth: row.depth,
            stream: self.positions.stream(row.no) - 1,
        }
    }

    /// Stored items at or before a token, newest first: at most `limit`, and whether there are more.
    pub(super) fn rows(&self, log: &RoomLog, from: Token, limit: usize) -> (Vec<Row>, bool) {
        let mut rows: Vec<Row> = Vec::new();
        let wanted = limit + 1;
        // Two items at one depth are rare.
        let newest_first = |row: &Row, other: &Row| {
            let stream = |row: &Row| self.positions.stream(row.no);
            let depths = other.depth.cmp(&row.depth);
            depths.then_with(|| stream(other).cmp(&stream(row)))
        };
        let end = log.all_deeper_from(from.depth);
        for range in self.timeline.overlapping(0..end).rev() {
            let done = log.pieces_back(range.start, range.end.min(end), |piece, bound| {
                let (first, depth) = (piece.first, piece.depth);
                // Enough is known, and this is older.
                let is_full = rows.len() == wanted;
                if is_full && depth + piece.len - 1 < rows[wanted - 1].depth {
                    return if rows[wanted - 1].depth > bound {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    };
                }
                let top = piece.len.min((from.depth + 1).saturating_sub(depth));
                for i in (top.saturating_sub(wanted as u32)..top).rev() {
                    let row = Row {
                        no: first + i,
                        depth: depth + i,
                    };
                    if row.depth < from.depth || self.positions.stream(row.no) <= from.stream {
                        rows.push(row);
                    }
                }
                if rows.len() >= wanted {
                    rows.sort_unstable_by(newest_first);
                    rows.truncate(wanted);
                    // What comes now is older than all of these.
                    if rows[wanted - 1].depth > bound {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            });
            if done.is_break() {
                break;
            }
        }
        rows.sort_unstable_by(newest_first);
        let more = rows.len() > limit;
        rows.truncate(limit);
        (rows, more)
    }

    /// The place from which a client begins to page back: the depth of the deepest item, outlier or not.
    pub(super) fn newest_token(&self, log: &RoomLog) -> Token {
        let deepest = deepest(log, &self.timeline).max(deepest(log, &self.outliers));
        Token {
            depth: deepest,
            stream: self.positions.newest(),
        }
    }
}

/// The largest depth of some items.
fn deepest(log: &RoomLog, items: &Items) -> u32 {
    let mut deepest = 0;
    for range in items.iter().rev() {
        let done = log.pieces_back(range.start, range.end, |piece, bound| {
            deepest = deepest.max(piece.depth + piece.len - 1);
            if deepest >= bound {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if done.is_break() {
            break;
        }
    }
    deepest
}

#[test]
fn a_page_waits_for_a_big_hole_or_many_small_ones() {
    let rows = |depths: &[u32]| -> Page {
        let row = |depth: &u32| Row {
            no: *depth,
            depth: *depth,
        };
        Page::Rows(depths.iter().map(row).collect(), None)
    };
    let usual = Rules::default();
    assert!(rows(&[9, 6]).has_holes(&usual));
    assert!(!rows(&[9, 7, 5, 3, 2]).has_holes(&usual));
    assert!(rows(&[9, 7, 5, 3, 1]).has_holes(&usual));
    let patient = Rules {
        backfill_big_gap: 3,
        backfill_small_gaps: 4,
        ..Rules::default()
    };
    assert!(!rows(&[9, 6, 4, 2]).has_holes(&patient));
}
