//! The serving side: what a homeserver answers other servers (reference, sections 2.3, 3.4, 4.1).

use std::collections::{BTreeSet, BinaryHeap};

use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::SimTime;
use crate::room::{Body, Membership, Profile, RoomLog};

use super::outbox::{Answer, Context, Copy, Refusal, Request};
use super::replica::Replica;
use super::{Homeserver, visibility};

impl Homeserver {
    /// Answers a question of another server.
    pub fn serve(&mut self, ctx: &mut Context<'_>, from: ServerId, request: &Request) -> Answer {
        self.heard_from(ctx, from);
        match request {
            Request::MissingEvents {
                room,
                earliest,
                latest,
                limit,
            } => {
                let limit = (*limit).min(self.rules.gme_serve_cap) as usize;
                self.serve_room(ctx, *room, from, |replica, log, erased| {
                    Answer::Events(copies(
                        log,
                        (replica, erased),
                        missing_events(replica, log, earliest, *latest, limit),
                        from,
                    ))
                })
            }
            Request::StateAt { room, event } => {
                self.serve_room(ctx, *room, from, |replica, log, _| {
                    let known = replica.has(*event)
                        && !replica.rejected.contains(event)
                        && !replica.withholds(log, *event);
                    if known {
                        Answer::State
                    } else {
                        Answer::Refused(Refusal::NOT_FOUND)
                    }
                })
            }
            Request::Backfill {
                room,
                from: seeds,
                limit,
            } => {
                let limit = (*limit).min(self.rules.backfill_events) as usize;
                self.serve_room(ctx, *room, from, |replica, log, erased| {
                    Answer::Events(copies(
                        log,
                        (replica, erased),
                        backfill_events(replica, log, seeds, limit),
                        from,
                    ))
                })
            }
            Request::EventAfter { room, at } => {
                self.serve_room(ctx, *room, from, |replica, log, erased| {
                    match event_after(replica, log, *at) {
                        Some(no) => Answer::Events(copies(log, (replica, erased), vec![no], from)),
                        None => Answer::Refused(Refusal::NOT_FOUND),
                    }
                })
            }
            Request::Join { room, user } => {
                self.make_remote_membership(ctx, *room, *user, Membership::Join)
            }
            Request::Leave { room, user } => {
                self.make_remote_membership(ctx, *room, *user, Membership::Leave)
            }
            Request::Profile { user } => self.serve_profile(*user),
            Request::Invite { user, .. } => self.accept_invite(*user),
            Request::Invited { room, user, event } => {
                self.note_invite(ctx, *room, *user, *event);
                Answer::Fine
            }
            Request::Media { media } => self.serve_media(*media, from, ctx.now),
        }
    }

    /// Answers about a room are given only to servers that are in it now, as this server believes.
    fn serve_room(
        &mut self,
        ctx: &Context<'_>,
        room: RoomId,
        from: ServerId,
        answer: impl FnOnce(&Replica, &RoomLog, &BTreeSet<UserId>) -> Answer,
    ) -> Answer {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        if self.replica(room, log, spec).is_none() {
            return Answer::Refused(Refusal::NOT_FOUND);
        }
        let (replica, erased) = (&self.db.rooms[&room], &self.db.erased);
        if log.is_inside(&replica.state, from) {
            answer(replica, log, erased)
        } else {
            Answer::Refused(Refusal::FORBIDDEN)
        }
    }

    /// `make_join`/`send_join` and `make_leave`/`send_leave`: makes the event here on the other's behalf
    /// and sends it to the room.
    fn make_remote_membership(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        membership: Membership,
    ) -> Answer {
        if !self.in_room(room, &ctx.logs[room.index()]) {
            return Answer::Refused(Refusal::NOT_FOUND);
        }
        let profile = match membership {
            Membership::Join => Profile::NameAndEmptyAvatar,
            _ => Profile::Absent,
        };
        let body = Body::Member {
            who: user,
            membership,
            profile,
        };
        match self.make_event(ctx, room, user, body) {
            Ok(event) => Answer::Made(event),
            Err(refusal) => Answer::Refused(refusal),
        }
    }
}

/// The copies that a server gives: redacted where history visibility or a redaction demands it, or where their author
/// was erased, whoever asks (`filter_events_for_server`).
fn copies(
    log: &RoomLog,
    (replica, erased): (&Replica, &BTreeSet<UserId>),
    events: Vec<EventNo>,
    to: ServerId,
) -> Vec<Copy> {
    let is_erased = |no: EventNo| {
        !erased.is_empty() && log.is_message(no) && erased.contains(&log.author(no).0)
    };
    let mut view = visibility::ServerView::new(log, to);
    let mut stored = 0..0;
    events
        .into_iter()
        .map(|no| {
            if !stored.contains(&no) {
                stored = replica.timeline.get(&no).cloned().unwrap_or(0..0);
            }
            // At an outlier the state is not known; it is given as it is (`_event_to_history_vis`).
            let is_withheld = stored.contains(&no) && !view.sees(no);
            let shell = is_withheld || replica.shells.contains(&no) || is_erased(no);
            Copy { no, shell }
        })
        .collect()
}

/// Breadth first from `latest` back to `earliest`, through what is stored here in any standing.
fn missing_events(
    replica: &Replica,
    log: &RoomLog,
    earliest: &BTreeSet<EventNo>,
    latest: EventNo,
    limit: usize,
) -> Vec<EventNo> {
    let mut seen = earliest.clone();
    let mut found = Vec::new();
    let mut front = if replica.knows(latest) {
        vec![latest]
    } else {
        Vec::new()
    };
    while !front.is_empty() && found.len() < limit {
        let mut next = BTreeSet::new();
        for no in &front {
            if !replica.has_edges(*no) {
                continue;
            }
            let left = limit.saturating_sub(found.len());
            let prev_events = log
                .prev_events(*no)
                .into_iter()
                .filter(|prev| replica.knows(*prev))
                .take(left);
            for prev in prev_events {
                if seen.insert(prev) {
                    next.insert(prev);
                    found.push(prev);
                }
            }
        }
        // Synapse walks a set in no order of its own; here the newest goes first.
        front = next.into_iter().rev().collect();
    }
    found.retain(|no| !replica.rejected.contains(no) && !replica.withholds(log, *no));
    found
}

/// Deepest first from the seeds, through what is stored here in its place; a hole ends a branch.
fn backfill_events(
    replica: &Replica,
    log: &RoomLog,
    seeds: &[EventNo],
    limit: usize,
) -> Vec<EventNo> {
    let mut queue: BinaryHeap<(u32, i64, EventNo)> = seeds
        .iter()
        .filter(|no| replica.knows(**no))
        .map(|no| (log.depth(*no), replica.positions.stream(*no), *no))
        .collect();
    // An event stands above those that it stands on, so none comes up again once a lower one has.
    let mut found: Vec<EventNo> = Vec::new();
    while let Some((_, _, no)) = queue.pop() {
        if found.len() >= limit {
            break;
        }
        if found.last() == Some(&no) {
            continue;
        }
        found.push(no);
        if !replica.has_edges(no) {
            continue;
        }
        let mut lowest = no;
        if queue.is_empty() {
            // Where there is one way only, it is gone without asking which event is next.
            lowest = replica.stored_run_to(log, no);
            lowest = lowest.max((no + 1).saturating_sub((limit + 1 - found.len()) as EventNo));
            found.extend((lowest..no).rev());
        }
        log.for_each_prev(lowest, |prev| {
            if replica.has(prev) {
                queue.push((log.depth(prev), replica.positions.stream(prev), prev));
            }
        });
    }
    found.retain(|no| !replica.rejected.contains(no) && !replica.withholds(log, *no));
    found.sort_unstable();
    found
}

impl Replica {
    /// The first of the drawn messages, each on top of the one before and stored here, that end with this one.
    fn stored_run_to(&self, log: &RoomLog, no: EventNo) -> EventNo {
        let stored = self.timeline.get(&no).map_or(no, |items| items.start);
        let first = log.run_start(no).max(stored);
        let rejected = self.rejected.overlapping(first..no).next_back();
        rejected.map_or(first, |items| items.end)
    }
}

/// The first event at or after a moment (`timestamp_to_event`, forwards).
fn event_after(replica: &Replica, log: &RoomLog, at: SimTime) -> Option<EventNo> {
    let first = log.first_at(at);
    replica
        .timeline
        .overlapping(first..log.len())
        .map(|range| range.start.max(first))
        .next()
}
