//! The asking side of backfill: when, from where, whom (reference 3.1 to 3.3).

use std::collections::VecDeque;

use crate::journal::{EventNo, Path, RoomId, ServerId};
use crate::kernel::Purpose;

use super::outbox::{Answer, Context, Request};
use super::rules::HostOrder;
use super::tasks::{Pull, Task, Then};
use super::{Homeserver, visibility};

const ARBITRARY_ORDER: Purpose = Purpose::new("matrix.arbitrary-host-order");

/// One page's wish for a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Topological position of the page.
    pub depth: u32,
    /// Its size.
    pub limit: u32,
    /// The scroll that waits for it; none if it is in the background.
    pub scroll: Option<u64>,
}

/// The room's backfill linearizer (`_room_backfill`): one at a time, others wait.
#[derive(Debug, Clone, Default)]
pub struct BackfillLock {
    /// Who holds it; none: nobody.
    pub holder: Option<Wish>,
    /// Who waits.
    pub waiting: VecDeque<Wish>,
}

impl Homeserver {
    /// `maybe_backfill`: takes the room's lock, or waits for it.
    pub(super) fn maybe_backfill(&mut self, ctx: &mut Context<'_>, room: RoomId, wish: Wish) {
        self.memory
            .backfills
            .entry(room)
            .or_default()
            .waiting
            .push_back(wish);
        self.next_backfill(ctx, room);
    }

    /// Lets the next waiting wish begin.
    fn next_backfill(&mut self, ctx: &mut Context<'_>, room: RoomId) {
        let lock = self.memory.backfills.entry(room).or_default();
        if lock.holder.is_some() {
            return;
        }
        let Some(wish) = lock.waiting.pop_front() else {
            self.memory.backfills.remove(&room);
            return;
        };
        lock.holder = Some(wish);
        let points = self.points_to_request(ctx, room, wish);
        if points.is_empty() {
            return self.backfill_over(ctx, room, false);
        }
        let hosts = self.hosts_in_order(ctx, room);
        self.ask_next_host(ctx, room, points, hosts, 0);
    }

    /// The backward extremities to ask for: near the page, out of failed-pull back-off, visible to us.
    fn points_to_request(&mut self, ctx: &Context<'_>, room: RoomId, wish: Wish) -> Vec<EventNo> {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        if self.replica(room, log, spec).is_none() {
            return Vec::new();
        }
        let (rules, me, replica) = (&self.rules, self.id, &self.db.rooms[&room]);
        let factor = u64::from(rules.backfill_trigger_factor);
        let near = wish.depth.saturating_add(rules.backfill_events);
        let reach = factor * u64::from(wish.limit);
        let is_far = |from: u32| u64::from(wish.depth) > u64::from(from) + reach;
        // Mostly none is in reach.
        let mut depths = replica.backfill_points(log).map(|(_, depth)| depth);
        if depths.all(|depth| depth > near || is_far(depth)) {
            return Vec::new();
        }
        let mut points: Vec<(EventNo, u32)> = replica
            .backfill_points(log)
            .filter(|(no, _)| !replica.in_pull_backoff(rules, *no, ctx.now))
            .collect();
        points.sort_unstable_by_key(|(no, depth)| std::cmp::Reverse((*depth, *no)));
        // Points newer than the page are left alone: Synapse tries again as from the end of the room, but
        // that attempt is always too far from any point to ask.
        points.retain(|(_, depth)| *depth <= near);
        points.truncate(rules.backfill_points_considered as usize);
        points.sort_by_key(|(_, at)| (wish.depth.abs_diff(*at), wish.depth < *at));
        let Some((_, nearest)) = points.first() else {
            return Vec::new();
        };
        if is_far(*nearest) {
            return Vec::new();
        }
        // Outliers are taken to be visible: the state at them is not known (`_event_to_history_vis`). A redaction of
        // something unknown is no help.
        let visible = |no: &EventNo| {
            replica
                .successors(log, *no)
                .filter(|later| !replica.withholds(log, *later))
                .any(|later| !replica.has(later) || visibility::server_sees(log, later, me))
        };
        points
            .into_iter()
            .map(|(no, _)| no)
            .filter(visible)
            .take(rules.backfill_extremities_per_request as usize)
            .collect()
    }

    /// Servers joined in the current state, in the order in which they are asked.
    pub(super) fn hosts_in_order(&mut self, ctx: &Context<'_>, room: RoomId) -> VecDeque<ServerId> {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let (me, order) = (self.id, self.rules.backfill_host_order);
        let Some(replica) = self.replica(room, log, spec) else {
            return VecDeque::new();
        };
        let mut hosts: Vec<(u32, ServerId)> = log
            .hosts(&replica.state)
            .into_iter()
            .map(|(server, depth)| (depth, server))
            .collect();
        hosts.sort_unstable();
        let mut hosts: Vec<ServerId> = hosts.into_iter().map(|(_, server)| server).collect();
        hosts.retain(|server| *server != me);
        if order == HostOrder::Arbitrary {
            let pair = (u64::from(me.0) << 32) | u64::from(room.0);
            ctx.streams
                .stream(ARBITRARY_ORDER, pair, ctx.now.0)
                .shuffle(&mut hosts);
        }
        hosts.into()
    }

    fn ask_next_host(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        points: Vec<EventNo>,
        mut hosts: VecDeque<ServerId>,
        denials: u32,
    ) {
        match hosts.pop_front() {
            Some(asked) => {
                let request = Request::Backfill {
                    room,
                    from: points.clone(),
                    limit: self.rules.backfill_events,
                };
                self.ask(
                    ctx,
                    asked,
                    request,
                    Task::Backfill {
                        room,
                        points,
                        hosts,
                        asked,
                        denials,
                    },
                );
            }
            None => self.backfill_over(ctx, room, false),
        }
    }

    /// A peer answered. Any answer without an error ends the search, even an empty one (rule 5).
    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of the task that waited"
    )]
    pub(super) fn backfill_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        points: Vec<EventNo>,
        hosts: VecDeque<ServerId>,
        asked: ServerId,
        denials: u32,
        answer: Answer,
    ) {
        match answer {
            Answer::Events(events) if events.is_empty() => {
                self.refuse(ctx, room, asked, "empty-backfill");
                if self.rules.empty_backfill_is_success {
                    self.backfill_over(ctx, room, true);
                } else {
                    self.ask_next_host(ctx, room, points, hosts, denials);
                }
            }
            Answer::Events(events) => {
                let rest = events.into();
                let pull = Pull {
                    room,
                    from: asked,
                    path: Path::Backfill,
                    rest,
                    unasked: VecDeque::new(),
                    is_paced: false,
                    then: Then::Backfilled,
                };
                self.pull(ctx, pull);
            }
            Answer::Refused(_) if denials + 1 >= self.rules.backfill_denials_max => {
                self.backfill_over(ctx, room, false);
            }
            Answer::Refused(_) => self.ask_next_host(ctx, room, points, hosts, denials + 1),
            _ => {
                self.refuse(ctx, room, asked, "unreachable");
                self.ask_next_host(ctx, room, points, hosts, denials);
            }
        }
    }

    /// The room's backfill is over: the page that waited is shown, and the next wish begins.
    pub(super) fn backfill_over(&mut self, ctx: &mut Context<'_>, room: RoomId, did: bool) {
        let holder = self
            .memory
            .backfills
            .get_mut(&room)
            .and_then(|lock| lock.holder.take());
        if let Some(scroll) = holder.and_then(|wish| wish.scroll) {
            self.backfilled(ctx, scroll, did);
        }
        self.next_backfill(ctx, room);
    }
}
