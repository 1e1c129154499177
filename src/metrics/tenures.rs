//! Since when, and until when, servers held items with their content, where that is not simply since they were made.

use std::collections::BTreeMap;
use std::ops::Range;

use rangemap::RangeMap;

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId, What};
use crate::kernel::SimTime;

use super::books::{Items, minus};

/// How a copy began that was not received when the items were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) at: SimTime,
    /// By a restore, and not from another server.
    pub(super) restored: bool,
}

/// Copies of items for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tenure {
    pub(super) items: Range<EventNo>,
    /// None: since they were made.
    pub(super) since: Option<Start>,
    /// When they were lost, or their content was, or the server died; none: it goes on.
    pub(super) until: Option<SimTime>,
}

/// One server's copy of one room.
#[derive(Debug, Clone, Default)]
struct Copy {
    ended: Vec<Tenure>,
    /// Items that came later than they were made, and are still held.
    started: RangeMap<EventNo, Start>,
    /// Items whose content is gone.
    hollow: Items,
}

/// All tenures that have ended, and the beginnings of those that go on.
#[derive(Debug, Clone, Default)]
pub(super) struct Tenures {
    copies: BTreeMap<(RoomId, ServerId), Copy>,
    /// When each server's database was last replaced.
    replaced_at: BTreeMap<ServerId, SimTime>,
    /// When servers died.
    died_at: BTreeMap<ServerId, SimTime>,
}

impl Tenures {
    /// Takes in a fact. Facts arrive in order of time.
    pub(super) fn hear(&mut self, fact: &Fact) {
        match *fact {
            Fact::Gained {
                at,
                server,
                what: What::Items { room, first, last },
                path,
                ..
            } => {
                let restored = path == Path::Restore;
                let copy = self.copies.entry((room, server)).or_default();
                copy.started.insert(first..last + 1, Start { at, restored });
                copy.hollow.remove(first..last + 1);
            }
            Fact::Lost {
                at,
                server,
                what: What::Items { room, first, last },
                ..
            }
            | Fact::Hollowed {
                at,
                server,
                what: What::Items { room, first, last },
                ..
            } => {
                let copy = self.copies.entry((room, server)).or_default();
                copy.end(first..last + 1, at);
                match fact {
                    Fact::Hollowed { .. } => copy.hollow.insert(first..last + 1),
                    _ => copy.hollow.remove(first..last + 1),
                }
            }
            Fact::Struck {
                at,
                server,
                fault: "restore" | "failed-copy",
            } => {
                self.replaced_at.insert(server, at);
            }
            Fact::Struck {
                at,
                server,
                fault: "death",
            } => {
                self.died_at.insert(server, at);
            }
            _ => {}
        }
    }

    /// Servers of whose copies of a room something is known, in order.
    pub(super) fn servers(&self, room: RoomId) -> impl Iterator<Item = ServerId> + '_ {
        let all = (room, ServerId(0))..=(room, ServerId(u32::MAX));
        self.copies.range(all).map(|((_, server), _)| *server)
    }

    /// All tenures of a server's copy, where at the end, or when it died, it held these items with their content.
    pub(super) fn of(&self, (server, room): (ServerId, RoomId), whole: &Items) -> Vec<Tenure> {
        let until = self.died_at.get(&server).copied();
        let nothing = Copy::default();
        let copy = self.copies.get(&(room, server)).unwrap_or(&nothing);
        let mut all = copy.ended.clone();
        // The old database still had the content.
        let refilled = self.replaced_at.get(&server).map(|at| Start {
            at: *at,
            restored: true,
        });
        for range in whole.iter() {
            for_each_piece(&copy.started, range.clone(), |items, since| {
                let hollow: Vec<_> = copy.hollow.overlapping(items.clone()).cloned().collect();
                let mut rest = Items::from_iter([items.clone()]);
                for part in hollow {
                    let part = part.start.max(items.start)..part.end.min(items.end);
                    rest.remove(part.clone());
                    let since = refilled.or(since);
                    all.push(Tenure {
                        items: part,
                        since,
                        until,
                    });
                }
                all.extend(rest.iter().map(|items| Tenure {
                    items: items.clone(),
                    since,
                    until,
                }));
            });
        }
        all
    }
}

impl Copy {
    /// Items lose their content, or are gone.
    fn end(&mut self, items: Range<EventNo>, until: SimTime) {
        let all = Items::from_iter([items.clone()]);
        for range in minus(&all, &self.hollow).iter() {
            for_each_piece(&self.started, range.clone(), |items, since| {
                self.ended.push(Tenure {
                    items,
                    since,
                    until: Some(until),
                });
            });
        }
        self.started.remove(items);
    }
}

/// Calls `f` for each part of a range that began alike.
fn for_each_piece(
    started: &RangeMap<EventNo, Start>,
    range: Range<EventNo>,
    mut f: impl FnMut(Range<EventNo>, Option<Start>),
) {
    let mut from = range.start;
    for (part, start) in started.overlapping(range.clone()) {
        let part = part.start.max(range.start)..part.end.min(range.end);
        if from < part.start {
            f(from..part.start, None);
        }
        from = part.end;
        f(part, Some(*start));
    }
    if from < range.end {
        f(from..range.end, None);
    }
}
