//! Storing an event in its place: the edges of the graph, the state around it, and what follows from it.

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::{SimDuration, SimTime};
use crate::room::{Membership, RoomLog, StateKey};
use crate::workload::RoomSpec;

use super::arrival::{Arrival, Verdict, Way, whole};
use super::extremities::Pruner;
use super::groups::Numbering;
use super::outbox::{Context, Copy, Effect};
use super::replica::{Replica, Turn};
use super::{Homeserver, state};

/// A push this much later than the event was made is a recovery, not traffic. Assumption; well above any
/// delivery between servers in step.
const LATE: SimDuration = SimDuration::seconds(30);

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
        let Some(replica) = self.db.rooms.get_mut(&room) else {
            return;
        };
        if way.backfilled() && log.single(copy.no).is_none() {
            return self.store_drawn_history(ctx, room, copy.no..copy.no + 1, copy.shell, way);
        }
        let arrival = Arrival::at(replica, log, spec, copy, way);
        let group = Numbering::new(&mut self.db.next_group, &mut self.memory, ctx.now).arrived(
            replica,
            &arrival.pdu,
            arrival.missing.is_empty(),
            way.path == Path::Join && self.rules.faster_join,
            (log, spec),
        );
        if arrival.verdict == Verdict::Rejected && arrival.was_outlier {
            // What is stored is at least as good (`_update_outliers_txn`).
            return replica.lower_min_depth(0);
        }
        let old_groups = match arrival.is_new() {
            true => replica.head_groups(),
            false => Vec::new(),
        };
        replica.put_in_place(&arrival, group, spec, me, ctx.now);
        if self.rules.prunes() {
            replica.returned.insert(copy.no..copy.no + 1);
        }
        let mut turn = Turn::default();
        if arrival.is_new() {
            let pruner = Pruner {
                me,
                now: ctx.now,
                rules: &self.rules,
            };
            turn = advance(replica, log, spec, &arrival, &old_groups, pruner);
        } else {
            replica.has_new_history = true;
        }
        self.announce(ctx, room, &arrival, &turn);
        let replica = self.db.rooms.get_mut(&room).expect("just stored into");
        replica.mark(&ctx.logs[room.index()], me);
    }

    /// What follows from an event that has just been stored: who is told of it, and what is written down.
    fn announce(&mut self, ctx: &mut Context<'_>, room: RoomId, arrival: &Arrival, turn: &Turn) {
        let (log, me) = (&ctx.logs[room.index()], self.id);
        if arrival.is_sent_again() && arrival.pdu.origin == me {
            let mut to = log.host_servers(&arrival.before);
            to.retain(|server| *server != me);
            let event = arrival.copy.no;
            ctx.out.push(Effect::SendAgain { room, event, to });
        }
        let is_forked = self.db.rooms[&room].heads.len() > self.rules.dummy_threshold as usize;
        note(ctx, me, room, arrival);
        if !arrival.was_outlier {
            self.note_missing_content(ctx, room, arrival.copy);
        }
        self.note_turn(ctx, room, turn, arrival.way);
        if is_forked {
            self.plan_dummies(ctx);
        }
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

/// Forward extremities and current state after a new event (Synapse, `_calculate_new_extremities`).
fn advance(
    replica: &mut Replica,
    log: &RoomLog,
    spec: &RoomSpec,
    arrival: &Arrival,
    old_groups: &[u32],
    pruner: Pruner<'_>,
) -> Turn {
    let (no, pdu) = (arrival.copy.no, &arrival.pdu);
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
fn note(ctx: &mut Context<'_>, server: ServerId, room: RoomId, arrival: &Arrival) {
    let way = arrival.way;
    if way.path == Path::Push && ctx.now.since(arrival.pdu.at) <= LATE {
        return;
    }
    let no = arrival.copy.no;
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
