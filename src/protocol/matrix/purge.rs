//! Purging history: by the administrator, and by the retention job (reference, section 7).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::journal::{EventNo, Fact, RoomId, ServerId, What, Why};
use crate::kernel::{SimDuration, SimTime};
use crate::room::RoomLog;

use super::Homeserver;
use super::outbox::{Context, Effect, Outcome, Refusal, Timer};
use super::replica::{Items, Replica};
use super::rules::PurgeBy;

/// The answer to a purge of a room with fewer messages than were to stay.
pub(super) const TOO_FEW: Refusal = Refusal {
    status: 0,
    code: "too few",
};

/// The answer to a purge that would delete an item which another table refers to.
const IN_USE: Refusal = Refusal {
    status: 0,
    code: "failed",
};

impl Homeserver {
    /// Plans the purge job, if retention is on: the first run is one interval after the start.
    pub(super) fn plan_purge_job(&mut self, ctx: &mut Context<'_>) {
        let rules = &self.rules;
        if rules.retention_enabled || rules.prunes() || rules.retention_by_room.is_some() {
            let at = ctx.now + self.rules.purge_job_interval;
            ctx.out.push(Effect::Wake {
                at,
                timer: Timer::PurgeJob,
            });
        }
    }

    /// The retention job: purges every room that this server is in.
    pub(super) fn run_purge_job(&mut self, ctx: &mut Context<'_>) {
        let rooms: Vec<RoomId> = self.db.rooms.keys().copied().collect();
        let lives: Vec<(RoomId, Option<SimDuration>)> = rooms
            .into_iter()
            .map(|room| (room, self.retention_in(ctx, room)))
            .collect();
        // A server takes away whole messages, or only the content of its own users'.
        let (own, cuts) = match (self.rules.purges_only_own(), self.rules.prunes()) {
            (true, _) => (lives, Vec::new()),
            (false, true) => (lives.iter().map(|(room, _)| (*room, None)).collect(), lives),
            (false, false) => (Vec::new(), lives),
        };
        let cut = |(room, life): (RoomId, Option<SimDuration>)| {
            Some((room, ctx.now.saturating_sub(life?)))
        };
        let cuts: Vec<(RoomId, SimTime)> = cuts.into_iter().filter_map(cut).collect();
        let mut points = BTreeMap::new();
        for (_, cut) in &cuts {
            points
                .entry(*cut)
                .or_insert_with(|| self.purge_point(ctx, *cut));
        }
        for (room, cut) in cuts {
            let point = points[&cut].filter(|(of, _)| *of == room);
            let log = &ctx.logs[room.index()];
            let (by, deletes_local) = (self.rules.purge_by, self.rules.purge_deletes_local);
            let depth = self.db.rooms[&room].retention_depth(log, cut, point, by);
            if let Some(depth) = depth {
                // A cut that the database refuses is tried again by the next job.
                let _ = self.purge_below(ctx, room, depth, deletes_local);
            }
        }
        for (room, own) in own {
            self.prune(ctx, room, own);
        }
        self.plan_purge_job(ctx);
    }

    /// How long the job lets a room's messages live; none: for ever.
    fn retention_in(&mut self, ctx: &Context<'_>, room: RoomId) -> Option<SimDuration> {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let replica = self.replica(room, log, spec)?;
        let of_room = replica.lifetime(log);
        let is_in = !replica.state.is_empty();
        is_in.then(|| self.keeps(log, spec, of_room, ctx.now))?
    }

    /// The first item that arrived at this server since the cut-off, if something arrived before
    /// (`find_first_stream_ordering_after_ts`).
    fn purge_point(&self, ctx: &Context<'_>, cut: SimTime) -> Option<(RoomId, EventNo)> {
        let mut first = None;
        let mut something_before = false;
        for (room, replica) in self.db.rooms.iter() {
            let log = &ctx.logs[room.index()];
            let (positions, items) = (&replica.positions, &replica.timeline);
            let since = positions.first_arrived_since(items, log, cut);
            let since = since.map(|(at, no)| (at, *room, no));
            first = first.into_iter().chain(since).min();
            something_before |= positions.last_arrived_before(items, log, cut).is_some();
        }
        first
            .filter(|_| something_before)
            .map(|(_, room, no)| (room, no))
    }

    /// The administrator's call: everything before the `keep_last`-th newest message.
    pub(super) fn purge_history(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        keep_last: u32,
        delete_local: bool,
    ) -> Outcome {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let replica = self.replica(room, log, spec).ok_or(TOO_FEW)?;
        let depth = replica
            .depth_of_newest_message(log, keep_last)
            .ok_or(TOO_FEW)?;
        self.purge_below(ctx, room, depth, delete_local)
    }

    /// Deletes messages of smaller depth; state, and own events if they are spared, become outliers.
    fn purge_below(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        depth: u32,
        delete_local: bool,
    ) -> Outcome {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let (me, buries) = (self.id, self.rules.leaves_tombstones());
        let replica = self.replica(room, log, spec).ok_or(Refusal::NOT_FOUND)?;
        let deepest = replica
            .heads
            .keys()
            .map(|no| log.depth(*no))
            .max()
            .unwrap_or(0);
        if deepest < depth {
            return Err(Refusal {
                status: 400,
                code: "M_UNKNOWN",
            });
        }
        let cut = Cut::at(replica, log, depth, delete_local, me);
        // A purge that finds nothing leaves the room's lower edge as it is.
        if cut.is_empty() {
            return Ok(());
        }
        if cut.takes_newest_live(replica) {
            return Err(IN_USE);
        }
        replica.purge(log, &cut, buries);
        // A stale extremity may have been the newest item of all, and is gone now.
        replica.mark(log, me);
        for range in cut.stored.iter() {
            let what = What::Items {
                room,
                first: range.start,
                last: range.end - 1,
            };
            ctx.out.push(Effect::Note(Fact::Lost {
                at: ctx.now,
                server: me,
                what,
                why: Why::Purge,
            }));
        }
        Ok(())
    }
}

/// What one purge touches (`events_to_purge`).
struct Cut {
    /// Items stored in their place, of smaller depth than the cut.
    stored: Items,
    /// Of these and of the outliers below the cut: those that are deleted.
    deleted: Items,
}

impl Cut {
    /// Everything of smaller depth. State is kept as outliers, and so are own users' messages unless
    /// `delete_local`; outliers that would be kept are not touched.
    fn at(replica: &Replica, log: &RoomLog, depth: u32, delete_local: bool, me: ServerId) -> Cut {
        let mut stored = Items::new();
        let all = replica.timeline.iter();
        for_each_below(all, log, depth, |items| stored.insert(items));
        let mut deleted = Items::new();
        let mut delete = |items: Range<EventNo>| {
            for others in between(items.clone(), log.state_events(items.start, items.end)) {
                if delete_local {
                    deleted.insert(others);
                } else {
                    let others = others.filter(|no| log.origin(*no) != me);
                    deleted.extend(others.map(|no| no..no + 1));
                }
            }
        };
        stored.iter().cloned().for_each(&mut delete);
        // Most outliers are state.
        let is_state =
            |items: &Range<EventNo>| log.state_events(items.start, items.end).len() == items.len();
        let others = replica.outliers.iter().filter(|items| !is_state(items));
        for_each_below(others, log, depth, delete);
        Cut { stored, deleted }
    }

    fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.deleted.is_empty()
    }

    /// Is the item among `events_to_purge`?
    fn touches(&self, no: EventNo) -> bool {
        self.stored.contains(&no) || self.deleted.contains(&no)
    }

    /// Is the item that the room list of sliding sync points to among those that are deleted?
    fn takes_newest_live(&self, replica: &Replica) -> bool {
        let positions = &replica.positions;
        let Some(newest) = positions.newest_of(&self.deleted) else {
            return false;
        };
        // Mostly a forward extremity is newer than all of them.
        let is_newer = |no: &EventNo| {
            replica.has_edges(*no) && positions.stream(*no) > positions.stream(newest)
        };
        !replica.heads.keys().any(is_newer)
            && replica
                .newest_live()
                .is_some_and(|no| self.deleted.contains(&no))
    }
}

/// Calls `f` for those of the items that are of smaller depth, in pieces.
fn for_each_below<'a>(
    items: impl Iterator<Item = &'a Range<EventNo>>,
    log: &RoomLog,
    depth: u32,
    mut f: impl FnMut(Range<EventNo>),
) {
    let end = log.all_deeper_from(depth.saturating_sub(1));
    for range in items.take_while(|range| range.start < end) {
        log.pieces(range.start, range.end.min(end), |piece| {
            let len = depth.saturating_sub(piece.depth).min(piece.len);
            if len > 0 {
                f(piece.first..piece.first + len);
            }
        });
    }
}

/// What is left of a range between some numbers in it.
fn between(range: Range<EventNo>, numbers: &[EventNo]) -> impl Iterator<Item = Range<EventNo>> {
    let starts = std::iter::once(range.start).chain(numbers.iter().map(|no| no + 1));
    let ends = numbers.iter().copied().chain([range.end]);
    let gaps = std::iter::zip(starts, ends).map(|(start, end)| start..end);
    gaps.filter(|gap| !gap.is_empty())
}

impl Replica {
    /// Depth of the `n`-th newest message, by depth, then stream position.
    fn depth_of_newest_message(&self, log: &RoomLog, n: u32) -> Option<u32> {
        let mut left = n;
        let mut from = self.newest_token(log);
        from.stream = i64::MAX;
        loop {
            let (rows, more) = self.rows(log, from, 100);
            for row in &rows {
                if log.is_message(row.no) && !self.rejected.contains(&row.no) {
                    left -= 1;
                    if left == 0 {
                        return Some(row.depth);
                    }
                }
            }
            let last = rows.last().filter(|_| more)?;
            from = self.token_after(*last);
        }
    }

    /// The depth below which the retention job purges. Synapse goes by arrival: the last item, by stream
    /// position, that arrived before the cut-off decides, or `point` itself, the first one on the server
    /// that arrived since, if it is in this room. Where neither is, the first item of history does, however
    /// late it arrived: its position is below zero (`get_room_event_before_stream_ordering`).
    fn retention_depth(
        &self,
        log: &RoomLog,
        cut: SimTime,
        point: Option<(RoomId, EventNo)>,
        by: PurgeBy,
    ) -> Option<u32> {
        if by == PurgeBy::Timestamp {
            let end = log.first_at(cut);
            return self
                .timeline
                .overlapping(0..end)
                .next_back()
                .map(|range| log.depth(range.end.min(end) - 1) + 1);
        }
        let positions = &self.positions;
        point
            .map(|(_, no)| no)
            .or_else(|| positions.last_arrived_before(&self.timeline, log, cut))
            .or_else(|| positions.first_of_history(&self.timeline))
            .map(|no| log.depth(no))
    }

    /// The item that the room list of sliding sync points to (`sliding_sync_joined_rooms`): the newest that
    /// arrived live and was not rejected. The database refuses to delete it (reference 7.4).
    fn newest_live(&self) -> Option<EventNo> {
        let live = |items: &Items| {
            let mut items = items.clone();
            let rejected = self.rejected.iter();
            rejected.for_each(|range| items.remove(range.clone()));
            self.positions.newest_of(&items)
        };
        let newest = [live(&self.timeline), live(&self.outliers)];
        let newest = newest.into_iter().flatten();
        let newest = newest.max_by_key(|no| self.positions.stream(*no));
        newest.filter(|_| !self.state.is_empty())
    }

    /// Purged items that something outside the cut stands on, outliers included.
    fn edge_above(&self, log: &RoomLog, cut: &Cut) -> BTreeSet<EventNo> {
        let stays = |no: &EventNo| self.has_edges(*no) && !cut.touches(*no);
        let mut edge = BTreeSet::new();
        for range in cut.stored.iter().chain(cut.deleted.iter()) {
            // Within a run only its last item has a successor outside.
            let last = range.end - 1;
            for no in log.branching(range.start, last).chain([last]) {
                if log.successors(no).any(|later| stays(&later)) {
                    edge.insert(no);
                }
            }
        }
        edge
    }

    /// Removes what the cut takes, keeps the rest of it as outliers, and moves the room's lower edge. With tombstones,
    /// what is deleted is no gap that anybody could fill.
    fn purge(&mut self, log: &RoomLog, cut: &Cut, buries: bool) {
        self.backward = self.edge_above(log, cut);
        if buries {
            self.tombstones.extend(cut.deleted.iter().cloned());
            let tombstones = &self.tombstones;
            self.backward.retain(|no| !tombstones.contains(no));
        }
        for range in cut.stored.iter() {
            self.forget(range.start, range.end);
            self.outliers.insert(range.clone());
        }
        for range in cut.deleted.iter() {
            self.outliers.remove(range.clone());
        }
        self.heads.retain(|no, _| !cut.deleted.contains(no));
        let least = self.backfill_points(log).map(|(_, depth)| depth).min();
        self.min_depth = Some(least.unwrap_or(0));
    }
}
