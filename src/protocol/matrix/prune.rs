//! What-ifs: messages that lose their content in place when their time is over, and what was purged for good.
//!
//! The item stays in the room's graph without its content, as Synapse leaves an event that expires by itself
//! (`expire_event`, reference 7.5): so nothing is missing, nothing is fetched again, and whoever asks is given no
//! content. Two what-ifs use it. *Owner-only expiry*: a server takes back its own users' messages, and nobody else's.
//! *A wish that travels with the item*: each message carries the lifetime that its author's server gives it (MSC2228 has
//! such a field), and a server that honours wishes obeys it, whatever its own policy.

use std::ops::Range;

use crate::journal::{EventNo, Fact, RoomId, What, Why};
use crate::kernel::SimDuration;

use super::outbox::{Context, Effect};
use super::replica::{Items, Replica};
use super::{Homeserver, Rules};

/// Whose messages, and after how long.
type Due = (bool, SimDuration);

impl Rules {
    /// Do purges leave a tombstone?
    pub(super) fn leaves_tombstones(&self) -> bool {
        self.purge_tombstones == Some(true)
    }

    /// Does the purge job take the content of its own users' messages only?
    pub fn purges_only_own(&self) -> bool {
        self.purge_owner_only == Some(true)
    }

    /// Is any content taken in place?
    pub(super) fn prunes(&self) -> bool {
        self.purges_only_own() || self.honours_wishes == Some(true)
    }
}

impl Homeserver {
    /// Takes the content of messages whose time is over: of own users', after `own`, and of others', after what their
    /// server wishes, if this one honours it.
    pub(super) fn prune(&mut self, ctx: &mut Context<'_>, room: RoomId, own: Option<SimDuration>) {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let (me, honours) = (self.id, self.rules.honours_wishes == Some(true));
        let Some(replica) = self.replica(room, log, spec) else {
            return;
        };
        let others = log.wishes().lifetimes().filter(|_| honours);
        let due: Vec<Due> = (own.map(|life| (true, life)).into_iter())
            .chain(others.map(|life| (false, life)))
            .collect();
        let returned = std::mem::take(&mut replica.returned);
        let mut pruned = Items::new();
        for (is_own, life) in due {
            let end = log.first_at(ctx.now.saturating_sub(life));
            let is_due = |no: &EventNo| {
                let origin = log.origin(*no);
                let is_meant = match is_own {
                    true => origin == me,
                    false => origin != me && log.wishes().of(origin) == Some(life),
                };
                is_meant && log.is_message(*no)
            };
            for no in replica
                .not_yet_pruned((is_own, life), end, &returned)
                .filter(is_due)
            {
                pruned.insert(no..no + 1);
            }
        }
        for gone in [&replica.shells, &replica.rejected] {
            gone.iter().for_each(|items| pruned.remove(items.clone()));
        }
        for items in pruned.iter() {
            replica.shells.insert(items.clone());
            ctx.out.push(Effect::Note(Fact::Hollowed {
                at: ctx.now,
                server: me,
                what: What::Items {
                    room,
                    first: items.start,
                    last: items.end - 1,
                },
                why: Why::Expiry,
            }));
        }
    }
}

impl Replica {
    /// Items here before `end` that were not looked at by an earlier job, or have come since then.
    fn not_yet_pruned(
        &mut self,
        due: Due,
        end: EventNo,
        returned: &Items,
    ) -> impl Iterator<Item = EventNo> + use<> {
        let upto = self.pruned.entry(due).or_default();
        let from = *upto;
        *upto = end.max(from);
        let mut items = Items::new();
        let part = |all: &Items, part: Range<EventNo>, into: &mut Items| {
            if part.is_empty() {
                return;
            }
            for range in all.overlapping(part.clone()) {
                into.insert(range.start.max(part.start)..range.end.min(part.end));
            }
        };
        part(&self.timeline, from..*upto, &mut items);
        part(returned, 0..from.min(end), &mut items);
        items.into_iter().flatten()
    }

    /// Is the item one that was purged for good?
    pub(super) fn is_buried(&self, no: EventNo) -> bool {
        self.tombstones.contains(&no)
    }
}
