//! Files that hang on messages: own ones stand and fall with their row and their file, others' come back
//! with the message that shows them (reference, section 6).

use std::collections::BTreeMap;
use std::ops::Range;

use rangemap::RangeSet;

use crate::journal::RoomId;
use crate::kernel::SimTime;
use crate::room::RoomLog;

use super::Counts;
use super::books::{Books, Items, both, either, minus};
use super::split::RoomItems;
use super::tally::{Class, Kind, Tally};

/// The sets of items whose files are counted.
pub(super) fn sets(books: &Books<'_>, room: RoomId, split: &RoomItems) -> [Items; 9] {
    let log = &books.logs[room.index()];
    let shown = either(&split.held, &split.recovered);
    let blocked = both(&split.should, &blocked(books, log));
    // What the server's own clean-up has deleted by now is no loss. Nobody is taken to look at a file again.
    let outlived = both(&split.should, &outlived(books, log));
    let unviewable = minus(&both(&split.should, &unviewable(books, log)), &outlived);
    [
        split.should.clone(),
        either(&split.gone, &blocked),
        minus(&split.recovered, &blocked),
        minus(&shown, &blocked),
        minus(&both(&split.gone, &shown), &blocked),
        minus(&split.expired, &split.recovered),
        both(&unviewable, &shown),
        unviewable,
        outlived,
    ]
}

/// Rows of one room's files, by kind, from the numbers of files in `sets`.
pub(super) fn rows(books: &Books<'_>, room: RoomId, files: [Tally; 9]) -> BTreeMap<Kind, Counts> {
    let [
        should,
        gone,
        back,
        shown,
        lost_and_shown,
        expired,
        unviewable_shown,
        unviewable,
        outlived,
    ] = files;
    let counted = Counted {
        copies_elsewhere: is_elsewhere(books, room),
        own_files_return: books.own_files_return,
        gone,
        back,
        shown,
        lost_and_shown,
        expired,
        unviewable,
        unviewable_shown,
        outlived,
    };
    let mut rows: BTreeMap<Kind, Counts> = BTreeMap::new();
    for (kind, items) in should
        .into_iter()
        .filter(|(kind, _)| kind.class == Class::File)
    {
        let counts = if kind.local {
            counted.own(kind, items)
        } else {
            counted.others(kind, items)
        };
        debug_assert!(counts.recovered <= counts.gone && counts.gone <= counts.items);
        *rows
            .entry(Kind {
                orphan: false,
                ..kind
            })
            .or_default() += counts;
    }
    rows
}

/// Has a live peer a copy of the room, and so of the files that were shown in it?
fn is_elsewhere(books: &Books<'_>, room: RoomId) -> bool {
    books.others(books.measured, room).next().is_some()
}

/// Own files need a row and a file.
fn unviewable(books: &Books<'_>, log: &RoomLog) -> Items {
    let gaps = &books.file_gaps;
    either(&made_in(log, &gaps.rows), &made_in(log, &gaps.files))
}

/// Own files that are older than the server keeps them.
fn outlived(books: &Books<'_>, log: &RoomLog) -> Items {
    let mut times = RangeSet::new();
    if let Some(life) = books.own_file_lifetime {
        let end = books.end.saturating_sub(life);
        if end > SimTime(0) {
            times.insert(SimTime(0)..end);
        }
    }
    made_in(log, &times)
}

/// Copies whose row stays and whose file is lost: they are not fetched again.
fn blocked(books: &Books<'_>, log: &RoomLog) -> Items {
    if !books.copies_blocked {
        return Items::new();
    }
    let gaps = &books.file_gaps;
    minus(&made_in(log, &gaps.files), &made_in(log, &gaps.rows))
}

fn made_in(log: &RoomLog, times: &RangeSet<SimTime>) -> Items {
    let range = |time: &Range<SimTime>| log.first_at(time.start)..log.first_at(time.end);
    times
        .iter()
        .map(range)
        .filter(|range| !range.is_empty())
        .collect()
}

/// Numbers of files, by kind.
struct Counted {
    copies_elsewhere: bool,
    own_files_return: bool,
    gone: Tally,
    back: Tally,
    shown: Tally,
    lost_and_shown: Tally,
    expired: Tally,
    unviewable: Tally,
    unviewable_shown: Tally,
    outlived: Tally,
}

impl Counted {
    /// Own files: nobody else is asked for them, but in the what-if. They outlive the message that shows them.
    fn own(&self, kind: Kind, items: u64) -> Counts {
        let of = |counts: &Tally| counts.get(&kind).copied().unwrap_or(0);
        let gone = of(&self.unviewable);
        let mut recovered = 0;
        if self.own_files_return && self.copies_elsewhere {
            recovered = of(&self.unviewable_shown);
        }
        let missing = gone - recovered;
        let expired = of(&self.outlived);
        let held = items - missing - expired;
        let stranded = if self.copies_elsewhere { missing } else { 0 };
        Counts {
            items,
            gone,
            recovered,
            recoverable: recovered + stranded,
            held,
            expired,
            stranded,
            lost: missing - stranded,
            readable: held,
            ..Counts::default()
        }
    }

    /// Others' files: a lost copy is fetched again from its home server, if that lives.
    fn others(&self, kind: Kind, items: u64) -> Counts {
        let of = |counts: &Tally| counts.get(&kind).copied().unwrap_or(0);
        let gone = of(&self.gone);
        let (recovered, recoverable, held) = if kind.orphan {
            (0, 0, of(&self.shown) - of(&self.lost_and_shown))
        } else {
            (of(&self.back), gone, of(&self.shown))
        };
        let expired = of(&self.expired).min(items - held);
        let missing = items - held - expired;
        let (stranded, lost) = if kind.orphan {
            (0, missing)
        } else {
            (missing, 0)
        };
        Counts {
            items,
            gone,
            recovered,
            recoverable,
            held,
            expired,
            stranded,
            lost,
            readable: held,
            ..Counts::default()
        }
    }
}
