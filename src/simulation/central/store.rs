//! What the service stores of each room: all that was ever made in it, but for what was lost or deleted. Replicas are in
//! step and so are not told apart.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::journal::{EventNo, Fact, MediaId, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::SimTime;
use crate::metrics::Items;
use crate::protocol::central::Who;
use crate::room::{Body, Membership, RoomLog};
use crate::workload::{RoomSpec, Visibility};

use super::Service;

/// One room as stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    /// The tenant with which it is kept, once it was made.
    pub(super) owner: Option<ServerId>,
    /// Its owner's data cannot be reached.
    pub(super) down: bool,
    /// It is no longer there.
    pub(super) gone: bool,
    /// Items that were lost.
    pub(super) lost: Items,
    /// Items of which what is no state was deleted, as somebody wanted.
    pub(super) deleted: Items,
    /// When which of them were.
    deletions: Vec<(SimTime, Range<EventNo>)>,
    /// What is older was deleted.
    kept_from: EventNo,
    /// What is older is not shown.
    pub(super) shown_from: EventNo,
    /// Redacted items whose redaction was undone by a restore.
    pub(super) bared: Items,
}

impl Stored {
    /// Can nothing be said in it?
    pub(super) fn is_silent(&self) -> bool {
        self.down || self.gone
    }

    /// Items that are stored, with or without their content.
    pub(super) fn live(&self, log: &RoomLog) -> Items {
        let end = if self.gone { 0 } else { log.len() };
        self.left_of(0..end)
    }

    /// What of these is neither lost nor deleted.
    pub(super) fn left_of(&self, range: Range<EventNo>) -> Items {
        let mut left = Items::new();
        if !range.is_empty() {
            left.insert(range);
        }
        for gone in [&self.lost, &self.deleted] {
            gone.iter().for_each(|range| left.remove(range.clone()));
        }
        left
    }

    /// Items without their content: not shown on a free plan, or redacted.
    pub(super) fn shells(&self, log: &RoomLog) -> Items {
        let mut shells = Items::new();
        if self.shown_from > 0 {
            shells.insert(0..self.shown_from);
        }
        let redacted = log.redactions().iter();
        shells.extend(redacted.map(|(_, target)| *target..target + 1));
        for bared in self.bared.iter() {
            shells.remove(bared.clone());
        }
        shells
    }
}

/// A file that a script uploaded.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub(super) tenant: ServerId,
    pub(super) at: SimTime,
    pub(super) lost: bool,
}

/// Which items of a room a tenant is shown, if nothing hinders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) range: Range<EventNo>,
    /// Is one of its users in the room?
    pub(super) inside: bool,
}

/// The views of all tenants that ever were in a room: members see what its visibility lets them see; who has left
/// keeps what was said until then.
pub(super) fn views(log: &RoomLog, spec: &RoomSpec) -> BTreeMap<ServerId, View> {
    let mut joined: BTreeMap<UserId, ServerId> = BTreeMap::new();
    let mut views: BTreeMap<ServerId, View> = BTreeMap::new();
    for no in log.state_events(0, log.len()).iter().copied() {
        let Some(Body::Member {
            who, membership, ..
        }) = log.single(no).map(|pdu| &pdu.body)
        else {
            continue;
        };
        let tenant = log.home(*who);
        if *membership == Membership::Join {
            joined.insert(*who, tenant);
            let from = match spec.visibility {
                Visibility::WorldReadable | Visibility::Shared => 0,
                Visibility::Invited | Visibility::Joined => no,
            };
            let (range, inside) = (from..log.len(), true);
            let view = views.entry(tenant).or_insert(View { range, inside });
            (view.range.end, view.inside) = (log.len(), true);
        } else if joined.remove(who).is_some() && joined.values().all(|other| *other != tenant) {
            let view = views.get_mut(&tenant).expect("who leaves was there");
            (view.range.end, view.inside) = (no + 1, false);
        }
    }
    views
}

/// What of some items lies in a range.
pub(super) fn within(items: &Items, range: &Range<EventNo>) -> Items {
    let (start, end) = (range.start, range.end);
    let parts = items.overlapping(start..end);
    parts
        .map(|part| part.start.max(start)..part.end.min(end))
        .collect()
}

/// The first item made at a moment or later; at midnight no time of a message needs to be drawn.
pub(super) fn first_since(log: &RoomLog, at: SimTime) -> EventNo {
    let day = at.day();
    if SimTime::of_day(day) == at {
        log.basis(day as u32).map_or(0, |last| last + 1)
    } else {
        log.first_at(at)
    }
}

impl Service<'_> {
    pub(super) fn set_down(&mut self, who: Who, down: bool) {
        for room in &mut self.rooms {
            if room.owner.is_some_and(|owner| is_of(who, owner)) {
                room.down = down;
            }
        }
    }

    pub(super) fn upload(&mut self, now: SimTime, media: MediaId, by: UserId) {
        let upload = Upload {
            tenant: self.world.home(by),
            at: now,
            lost: false,
        };
        self.uploads.insert(media, upload);
    }

    /// Deletes the messages that were made before a moment.
    pub(super) fn delete(&mut self, now: SimTime, room: RoomId, before: SimTime) {
        // What is deleted was made by then; what was made since need not be known.
        self.advance(room, before.min(now));
        let first = first_since(&self.logs[room.index()], before);
        self.delete_until(now, room, first);
    }

    fn delete_until(&mut self, now: SimTime, room: RoomId, first: EventNo) {
        let stored = &mut self.rooms[room.index()];
        if first <= stored.kept_from || stored.is_silent() {
            return;
        }
        let range = stored.kept_from..first;
        stored.kept_from = first;
        let gone = stored.left_of(range.clone());
        stored.deleted.insert(range.clone());
        stored.deletions.push((now, range));
        let server = self.operator_id();
        for range in gone.iter() {
            self.journal.write(Fact::Lost {
                at: now,
                server,
                what: items(room, range),
                why: Why::Purge,
            });
        }
    }

    /// A tenant's administrators delete all but the newest messages of a room of theirs.
    pub(super) fn purge(&mut self, now: SimTime, tenant: ServerId, room: RoomId, keep_last: u32) {
        self.advance(room, now);
        let log = &self.logs[room.index()];
        let is_own = self.rooms[room.index()].owner == Some(tenant);
        let newest = (0..log.len()).rev().filter(|no| log.is_message(*no));
        let last = newest.take(keep_last as usize).last();
        if is_own && !self.barred.contains(&tenant) {
            self.delete_until(now, room, last.unwrap_or(log.len()));
        }
    }

    /// Messages that were made before a moment are no longer shown.
    pub(super) fn hide(&mut self, now: SimTime, room: RoomId, before: SimTime) {
        self.advance(room, before.min(now));
        let first = first_since(&self.logs[room.index()], before);
        let shown_from = self.rooms[room.index()].shown_from;
        if first > shown_from {
            self.rooms[room.index()].shown_from = first;
            self.hollow(now, room, shown_from..first, Why::Visibility);
        }
    }

    pub(super) fn hollow(&mut self, now: SimTime, room: RoomId, range: Range<EventNo>, why: Why) {
        let server = self.operator_id();
        self.journal.write(Fact::Hollowed {
            at: now,
            server,
            what: items(room, &range),
            why,
        });
    }

    /// What was deleted since a copy was made is in the copy, and so it is back.
    pub(super) fn undelete(&mut self, now: SimTime, room: RoomId, since: SimTime) {
        let (log, stored) = (&self.logs[room.index()], &mut self.rooms[room.index()]);
        let kept = stored.deletions.partition_point(|(at, _)| *at < since);
        let mut back = Items::new();
        for (_, range) in stored.deletions.drain(kept..) {
            stored.deleted.remove(range.clone());
            stored.kept_from = stored.kept_from.min(range.start);
            back.insert(range);
        }
        let redactions = log.redactions().iter();
        let undone = redactions.filter(|(no, _)| log.at(*no) >= since);
        let targets: Items = undone.map(|(_, target)| *target..target + 1).collect();
        stored.bared.extend(targets.iter().cloned());
        back.extend(targets.iter().cloned());
        let server = self.operator_id();
        for range in back.iter() {
            self.journal.write(Fact::Gained {
                at: now,
                server,
                what: items(room, range),
                path: Path::Restore,
                from: server,
            });
        }
    }
}

/// Items as a fact names them.
pub(super) fn items(room: RoomId, range: &Range<EventNo>) -> What {
    What::Items {
        room,
        first: range.start,
        last: range.end - 1,
    }
}

pub(super) fn is_of(who: Who, tenant: ServerId) -> bool {
    who == Who::All || who == Who::Tenant(tenant)
}
