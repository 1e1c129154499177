//! Storing an event in its place: its verdict, the state around it, and the edges of the graph.

use std::rc::Rc;

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::{SimDuration, SimTime};
use crate::room::{Body, Membership, Pdu, RoomLog, StateKey, StateMap};
use crate::workload::RoomSpec;

use super::extremities::Pruner;
use super::groups::Numbering;
use super::outbox::{Context, Copy, Effect};
use super::redactions::is_blank;
use super::replica::{Replica, Turn};
use super::{Homeserver, state};

/// A push this much later than the event was made is a recovery, not traffic. Assumption; well above any
/// delivery between servers in step.
const LATE: SimDuration = SimDuration::seconds(30);

/// How an event came to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// The path.
    pub path: Path,
    /// The giving server.
    pub from: ServerId,
}

impl Way {
    /// Is the event stored as history?
    pub(super) fn backfilled(self) -> bool {
        matches!(self.path, Path::Backfill | Path::Jump)
    }

    /// Did the server ask for the event itself?
    pub(super) fn is_pulled(self) -> bool {
        self.backfilled() || self.path == Path::GapFill
    }
}

impl Homeserver {
    /// Stores an event whose place in the graph is known, or has just been checked with a peer.
    pub(super) fn store(&mut self, ctx: &mut Context<'_>, room: RoomId, copy: Copy, way: Way) {
        if !self.has_authority(ctx, room, copy.no, way) {
            return;
        }
        self.bring_up(ctx, room);
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let me = self.id;
        let Some(replica) = self.db.rooms.get_mut(&room).map(Rc::make_mut) else {
            return;
        };
        let no = copy.no;
        let prev_events = log.prev_events(no);
        let missing: Vec<EventNo> = prev_events
            .iter()
            .copied()
            .filter(|prev| !replica.has(*prev))
            .collect();
        if way.backfilled() && log.single(no).is_none() {
            return self.store_drawn_history(ctx, room, no..no + 1, copy.shell, way);
        }
        let pdu = whole(log, no);
        let before = replica.known_part(log, state::state_before(log, spec, &prev_events));
        let was_outlier = replica.outliers.contains(&no);
        let rejected = !state::allowed(log, spec, &before, &pdu);
        let group = Numbering::new(&mut self.db.next_group, &mut self.memory, ctx.now).arrived(
            replica,
            &pdu,
            missing.is_empty(),
            way.path == Path::Join && self.rules.faster_join,
            (log, spec),
        );
        if rejected && was_outlier {
            // What is stored is at least as good (`_update_outliers_txn`).
            return replica.lower_min_depth(0);
        }
        let soft = !rejected
            && !way.backfilled()
            && soft_fails(replica, log, spec, &pdu, &before, missing.is_empty());
        let is_new = !way.backfilled() && !rejected && !soft;
        let old_groups = if is_new {
            replica.head_groups()
        } else {
            Vec::new()
        };

        // A former outlier keeps the position that it was given then (`_update_outliers_txn`).
        if !was_outlier {
            if way.backfilled() {
                replica.positions.place_history(no..no + 1);
            } else {
                replica.positions.place_live(no, pdu.at, ctx.now);
            }
        }
        replica.set_groups(no..no + 1, group);
        replica.timeline.insert(no..no + 1);
        if self.rules.prunes() {
            replica.returned.insert(no..no + 1);
        }
        replica.outliers.remove(no..no + 1);
        replica.failed_pulls.remove(&no);
        // So do its content and its standing: that it soft-fails now is not written down. One that is neither state nor
        // spared by a purge was given as it is now, as the parent of another one (`_get_state_and_persist`).
        let keeps_content = was_outlier && (pdu.origin == me || pdu.body.state_key().is_some());
        let shell = copy.shell && !keeps_content;
        let blank = is_blank(spec, &pdu.body, shell);
        for (set, yes) in [
            (&mut replica.rejected, rejected),
            (&mut replica.soft, soft && !was_outlier),
            (&mut replica.shells, shell),
            (&mut replica.blank, blank),
        ] {
            if yes {
                set.insert(no..no + 1);
            } else {
                set.remove(no..no + 1);
            }
        }
        update_backward_extremities(replica, no, &missing, &prev_events);
        replica.lower_min_depth(if rejected { 0 } else { pdu.depth });
        let mut turn = Turn::default();
        if is_new {
            let pruner = Pruner {
                me,
                now: ctx.now,
                rules: &self.rules,
            };
            turn = advance(replica, log, spec, &pdu, no, &old_groups, pruner);
        } else {
            replica.has_new_history = true;
        }
        // An own event that arrives live goes through the sender like a new one (reference 1.1). Above a gap
        // the servers in the room are not known.
        let is_new_here = !way.backfilled() && way.path != Path::Join && !was_outlier && !rejected;
        let is_sent = is_new_here && missing.is_empty();
        if is_sent && log.origin(no) == me {
            let mut to = log.host_servers(&before);
            to.retain(|server| *server != me);
            let event = no;
            ctx.out.push(Effect::SendAgain { room, event, to });
        }
        let is_forked = replica.heads.len() > self.rules.dummy_threshold as usize;
        note(ctx, me, room, no, pdu.at, way);
        if !was_outlier {
            self.note_missing_content(ctx, room, copy);
        }
        self.note_turn(ctx, room, &turn, way);
        if is_forked {
            self.plan_dummies(ctx);
        }
        let replica = self
            .db
            .rooms
            .get_mut(&room)
            .map(Rc::make_mut)
            .expect("just stored into");
        replica.mark(&ctx.logs[room.index()], me);
    }

    /// Writes out what was received in step until now, before anything else is put into the copy.
    pub(super) fn bring_up(&mut self, ctx: &Context<'_>, room: RoomId) {
        let _ = self.replica(room, &ctx.logs[room.index()], &ctx.rooms[room.index()]);
    }

    /// Writes down which memberships of local users are known again; news of ordinary traffic is none.
    fn note_turn(&mut self, ctx: &mut Context<'_>, room: RoomId, turn: &Turn, way: Way) {
        let log = &ctx.logs[room.index()];
        let is_back = |user: &UserId| {
            let joined = self.db.rooms[&room].state[&StateKey::Member(*user)];
            way.path == Path::Join || ctx.now.since(log.at(joined)) > LATE
        };
        let back: Vec<UserId> = turn.joined.iter().copied().filter(is_back).collect();
        self.note_memberships(ctx, room, &back, way);
        if turn.left {
            self.left_room(ctx, room);
        }
    }

    /// Writes down that these local users are members.
    pub(super) fn note_memberships(
        &self,
        ctx: &mut Context<'_>,
        room: RoomId,
        users: &[UserId],
        way: Way,
    ) {
        for user in users {
            ctx.out.push(Effect::Note(Fact::Gained {
                at: ctx.now,
                server: self.id,
                what: What::Membership(room, *user),
                path: way.path,
                from: way.from,
            }));
        }
    }

    /// Writes down if an item came without its content, or is hidden by a redaction.
    fn note_missing_content(&mut self, ctx: &mut Context<'_>, room: RoomId, copy: Copy) {
        if copy.shell {
            self.note_hollowed(ctx, room, copy.no, Why::Visibility);
        }
        self.hide_redacted(ctx, room, copy.no);
    }

    /// Does the room's current state, as this server resolves it, allow an event? If not, it soft-fails.
    pub fn allows_now(&self, log: &RoomLog, spec: &RoomSpec, no: EventNo) -> bool {
        self.db
            .rooms
            .get(&log.room())
            .is_some_and(|replica| state::allowed(log, spec, &replica.state, &whole(log, no)))
    }

    /// Stores a membership that is known without the room's graph: an invitation, or its end. It arrives
    /// live, unlike other outliers.
    pub(super) fn store_out_of_band(
        replica: &mut Replica,
        user: UserId,
        membership: Membership,
        event: EventNo,
        now: SimTime,
    ) {
        if !replica.knows(event) {
            replica.outliers.insert(event..event + 1);
            replica.positions.place_live(event, now, now);
            replica.lower_min_depth(0);
        }
        replica.out_of_band.insert(user, (membership, event));
    }
}

/// The item as one PDU, whether kept singly or drawn.
pub(super) fn whole(log: &RoomLog, no: EventNo) -> Pdu {
    log.single(no).cloned().unwrap_or_else(|| {
        let (sender, origin) = log.author(no);
        Pdu {
            sender,
            origin,
            body: Body::Message {
                file: None,
                traffic: None,
            },
            prev_events: log.prev_events(no),
            auth_events: Vec::new(),
            depth: log.depth(no),
            at: log.at(no),
        }
    })
}

/// Soft failure: allowed in its place, but not by the current state (reference 2.5).
fn soft_fails(
    replica: &Replica,
    log: &RoomLog,
    spec: &RoomSpec,
    pdu: &Pdu,
    before: &StateMap,
    whole: bool,
) -> bool {
    if replica.heads.keys().copied().eq(sorted(&pdu.prev_events)) {
        return false;
    }
    if whole {
        return !replica.state.is_empty() && !state::allowed(log, spec, &replica.state, pdu);
    }
    // With a gap below, the state is resolved with that at the event (Synapse, `_check_for_soft_fail`).
    let heads = replica.heads.keys();
    let mut states: Vec<&StateMap> = heads.map(|head| log.state_after(*head)).collect();
    states.push(before);
    !state::allowed(log, spec, &state::resolve(log, spec, &states), pdu)
}

fn sorted(events: &[EventNo]) -> Vec<EventNo> {
    let mut events = events.to_vec();
    events.sort_unstable();
    events
}

/// `event_backward_extremities` after an event is stored (Synapse, `_update_backward_extremeties`).
fn update_backward_extremities(
    replica: &mut Replica,
    no: EventNo,
    missing: &[EventNo],
    prev_events: &[EventNo],
) {
    replica.backward.remove(&no);
    for prev in prev_events {
        if missing.contains(prev) && !replica.is_buried(*prev) {
            replica.backward.insert(*prev);
        }
    }
}

/// Forward extremities and current state after a new event (Synapse, `_calculate_new_extremities`).
fn advance(
    replica: &mut Replica,
    log: &RoomLog,
    spec: &RoomSpec,
    pdu: &Pdu,
    no: EventNo,
    old_groups: &[u32],
    pruner: Pruner<'_>,
) -> Turn {
    replica.heads.insert(no, replica.group(no));
    for prev in &pdu.prev_events {
        replica.heads.remove(prev);
    }
    replica.forget_referred_heads(log, no);
    replica.forget_refuted_heads(log, pdu);
    replica.prune_extremities(log, spec, pdu, old_groups, pruner);
    let state = replica.resolve_heads(log, spec);
    replica.set_state(log, pruner.me, state)
}

/// Writes a recovery into the journal; ordinary delivery is not one.
fn note(
    ctx: &mut Context<'_>,
    server: ServerId,
    room: RoomId,
    no: EventNo,
    made: SimTime,
    way: Way,
) {
    if way.path == Path::Push && ctx.now.since(made) <= LATE {
        return;
    }
    ctx.out.push(Effect::Note(Fact::Gained {
        at: ctx.now,
        server,
        what: What::Items {
            room,
            first: no,
            last: no,
        },
        path: way.path,
        from: way.from,
    }));
}
