//! Storing drawn messages as history, a run at a time.

use std::ops::Range;

use crate::journal::{EventNo, Fact, RoomId, What, Why};
use crate::room::RoomLog;

use super::Homeserver;
use super::arrival::Way;
use super::outbox::{Context, Copy, Effect};
use super::replica::Replica;
use super::tasks::Pull;

impl Homeserver {
    /// Stores drawn messages as history, each on top of the one before. Their authors were members when they were
    /// made, so they are allowed in their place; history is not checked against the current state, and moves no
    /// forward extremity.
    pub(super) fn store_drawn_history(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        run: Range<EventNo>,
        shell: bool,
        way: Way,
    ) {
        self.bring_up(ctx, room);
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let Some(replica) = self.db.rooms.get_mut(&room) else {
            return;
        };
        let below = run.start - 1;
        let group = if replica.has(below) {
            replica.group(below)
        } else {
            if !replica.is_buried(below) {
                replica.backward.insert(below);
            }
            self.db.next_group += 1;
            self.db.next_group - 1
        };
        replica.take_in_history(log, &run, group, shell);
        if self.rules.prunes() {
            replica.returned.insert(run.clone());
        }
        replica.mark(log, me);
        let what = What::Items {
            room,
            first: run.start,
            last: run.end - 1,
        };
        ctx.out.push(Effect::Note(Fact::Gained {
            at: ctx.now,
            server: me,
            what: what.clone(),
            path: way.path,
            from: way.from,
        }));
        if shell {
            ctx.out.push(Effect::Note(Fact::Hollowed {
                at: ctx.now,
                server: me,
                what,
                why: Why::Visibility,
            }));
        }
        let log = &ctx.logs[room.index()];
        let redacted = log.redacted_in(run).flat_map(|target| {
            let redactions = log.redactions_of(target).iter();
            redactions.map(move |redaction| (*redaction, target))
        });
        let mut hidden: Vec<(EventNo, EventNo)> = redacted.collect();
        hidden.sort_unstable();
        for (_, target) in hidden {
            self.hide_redacted(ctx, room, target);
        }
    }
}

impl Replica {
    /// Puts a run of drawn messages into the books. One that was an outlier keeps its position.
    fn take_in_history(&mut self, log: &RoomLog, run: &Range<EventNo>, group: u32, shell: bool) {
        let mut next = run.start;
        for outliers in self.outliers.overlapping(run.clone()) {
            let first = outliers.start.max(next);
            self.positions.place_history(next..first);
            next = outliers.end.min(run.end);
            for no in first..next {
                if !self.positions.contains(no) {
                    self.positions.place_history(no..no + 1);
                }
            }
        }
        self.positions.place_history(next..run.end);
        self.set_groups(run.clone(), group);
        self.timeline.insert(run.clone());
        self.has_new_history = true;
        self.outliers.remove(run.clone());
        self.failed_pulls.retain(|no, _| !run.contains(no));
        if shell {
            self.shells.insert(run.clone());
        }
        self.backward.retain(|no| !run.contains(no));
        self.lower_min_depth(log.depth(run.start));
    }
}

impl Pull {
    /// The drawn messages with which the pulled events begin, if they are stored as history: each on top of the one
    /// before, none here yet, all with their content or all without.
    pub(super) fn take_run(
        &mut self,
        log: &RoomLog,
        replica: &Replica,
    ) -> Option<(Range<EventNo>, bool)> {
        let Copy { no: first, shell } = *self.rest.front()?;
        if !self.backfilled() || self.is_paced || log.single(first).is_some() {
            return None;
        }
        let stored = replica.timeline.overlapping(first..log.len()).next();
        let stored = stored.map_or(log.len(), |items| items.start);
        let mut end = first;
        while let Some(copy) = self.rest.front()
            && *copy == (Copy { no: end, shell })
            && end < stored
            && log.single(end).is_none()
        {
            self.rest.pop_front();
            end += 1;
        }
        Some((first..end, shell))
    }
}
