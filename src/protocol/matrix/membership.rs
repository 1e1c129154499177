//! Joining, leaving, removing (reference, sections 4.1 to 4.3).

use std::collections::{BTreeSet, VecDeque};

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId, UserId, What};
use crate::room::{Body, Membership, Pdu, Profile, RoomLog, StateKey};

use super::Homeserver;
use super::arrival::Way;
use super::outbox::{Answer, Context, Copy, Effect, Outcome, Refusal, Request, Ticket};
use super::tasks::Task;

impl Homeserver {
    /// Joins by room id: at home if this server is in the room, else through another server.
    pub(super) fn join(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        via: Option<ServerId>,
        ticket: Ticket,
    ) -> Option<Outcome> {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let me = self.id;
        if let Some(replica) = self.replica(room, log, spec)
            && replica.in_room(log, me)
        {
            if log.membership_in(&replica.state, user) == Some(Membership::Ban) {
                return Some(Err(Refusal::BAD_STATE));
            }
            // Who had joined through another server is joined anew: the content differs.
            let body = Body::Member {
                who: user,
                membership: Membership::Join,
                profile: Profile::Name,
            };
            return Some(self.make_state(ctx, room, user, body));
        }
        let mut servers: VecDeque<ServerId> = via.into_iter().collect();
        if let Some((Membership::Invite, invite)) = self
            .db
            .rooms
            .get(&room)
            .and_then(|replica| replica.out_of_band.get(&user))
        {
            let inviter = log.origin(*invite);
            if !servers.contains(&inviter) {
                servers.push_back(inviter);
            }
        }
        if self.rules.clients_know_via
            && let Some(last) = log.last()
        {
            let known = log
                .hosts(log.state_after(last))
                .into_keys()
                .filter(|server| *server != me);
            servers.extend(
                known
                    .filter(|server| !servers.contains(server))
                    .collect::<Vec<_>>(),
            );
        }
        servers.retain(|server| *server != me);
        match servers.pop_front() {
            None => Some(Err(Refusal::NO_SERVERS)),
            Some(asked) => {
                let task = Task::Join {
                    room,
                    user,
                    rest: servers,
                    asked,
                    ticket,
                };
                self.ask(ctx, asked, Request::Join { room, user }, task);
                None
            }
        }
    }

    /// The resident server has made the join, or has not.
    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of the task that waited"
    )]
    pub(super) fn join_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        mut rest: VecDeque<ServerId>,
        asked: ServerId,
        ticket: Ticket,
        answer: &Answer,
    ) {
        let outcome = match answer {
            Answer::Made(event) => self.enter(ctx, room, *event, asked),
            // Another server may help where this one does not know the room or is away; not where it refuses.
            Answer::Refused(refusal) if refusal.status != 404 => Err(*refusal),
            _ => match rest.pop_front() {
                Some(next) => {
                    let task = Task::Join {
                        room,
                        user,
                        rest,
                        asked: next,
                        ticket,
                    };
                    return self.ask(ctx, next, Request::Join { room, user }, task);
                }
                None => Err(Refusal::UNREACHABLE),
            },
        };
        ctx.out.push(Effect::Done { ticket, outcome });
    }

    /// The state of an unknown room has arrived: if a local user is in it, so is the server.
    pub(super) fn rebuilt(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        event: EventNo,
        from: ServerId,
        answer: &Answer,
    ) {
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let inside = log
            .joined(log.state_after(event))
            .any(|user| log.home(user) == me);
        if *answer == Answer::State && inside && !self.db.rooms.contains_key(&room) {
            // Where it cannot be entered, the room stays unknown.
            let _ = self.enter(ctx, room, event, from);
        }
    }

    /// Enters a room with an event that another server has, mostly a join that it made: the state as outliers, the join in its place,
    /// everything before it a gap (`send_join`, `clean_room_for_join`).
    fn enter(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        join: EventNo,
        from: ServerId,
    ) -> Outcome {
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let known = self.db.rooms.contains_key(&room);
        if !self.verifies(log, 0) {
            return Err(Refusal::NO_CREATE_EVENT);
        }
        let replica = self.db.rooms.get_or_new(room);
        let inside = replica.in_room(log, me);
        if !inside {
            replica.heads.clear();
        }
        let way = Way {
            path: Path::Join,
            from,
        };
        let critical = self.state_for_join(log, join, true);
        self.take_outliers(log, &critical, None);
        if !self.has_authority(ctx, room, join, way) {
            return Err(Refusal::FORBIDDEN);
        }
        let log = &ctx.logs[room.index()];
        // The rest is fetched apart, and what cannot be checked of it is noted (`_sync_partial_state_room`).
        let whole = self.state_for_join(log, join, false);
        let noted = self.rules.faster_join.then_some(ctx.now);
        self.take_outliers(log, &whole, noted);
        let copy = Copy {
            no: join,
            shell: false,
        };
        self.store(ctx, room, copy, way);
        let note = |what| Fact::Gained {
            at: ctx.now,
            server: me,
            what,
            path: Path::Join,
            from,
        };
        if !known || !inside {
            ctx.out.push(Effect::Note(note(What::Room(room))));
        }
        Ok(())
    }

    /// What is told of the state before a join. What is critical for it comes at once: no memberships but the
    /// joining user's, and all that these events rest on. The rest comes with the join's parents, when the
    /// whole state is fetched (`_get_event_ids_for_partial_state_join`, `_sync_partial_state_room`).
    pub(super) fn state_for_join(
        &self,
        log: &RoomLog,
        join: EventNo,
        critical: bool,
    ) -> BTreeSet<EventNo> {
        let critical = critical && self.rules.faster_join;
        let joining = log.state_key(join);
        let is_told = |key: &StateKey| {
            !critical || !matches!(key, StateKey::Member(_)) || Some(*key) == joining
        };
        let mut told = BTreeSet::new();
        for prev in log.prev_events(join) {
            let state = log.state_after(prev).iter();
            told.extend(state.filter(|(key, _)| is_told(key)).map(|(_, no)| *no));
            if self.rules.faster_join && !critical {
                told.insert(prev);
            }
        }
        let roots: Vec<EventNo> = told.iter().copied().collect();
        told.extend(super::state::auth_chain(log, roots));
        told.extend(super::state::auth_chain(log, [join]));
        told.remove(&join);
        told
    }

    /// Leaves, or declines an invitation.
    pub(super) fn leave(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        ticket: Ticket,
    ) -> Option<Outcome> {
        let log = &ctx.logs[room.index()];
        let body = Body::bare_member(user, Membership::Leave);
        if self.in_room(room, log) {
            return Some(self.make_state(ctx, room, user, body));
        }
        let replica = self.db.rooms.get(&room);
        match replica
            .and_then(|replica| replica.out_of_band.get(&user))
            .copied()
        {
            Some((Membership::Invite, invite)) => {
                let inviter = log.origin(invite);
                if inviter == self.id {
                    return Some(self.make_state(ctx, room, user, body));
                }
                let task = Task::Leave { room, user, ticket };
                self.ask(ctx, inviter, Request::Leave { room, user }, task);
                None
            }
            Some(_) if replica.is_some_and(|replica| replica.heads.is_empty()) => {
                Some(Err(Refusal::FAILED))
            }
            // The same leave once more is not made anew; who was removed cannot leave.
            Some((Membership::Leave, event)) if log.author(event).0 == user => Some(Ok(())),
            Some(_) => Some(Err(Refusal::FORBIDDEN)),
            None => Some(Err(Refusal::NO_SERVERS)),
        }
    }

    /// The decline is made by a resident server; if it cannot, the invitation is given up here alone, with
    /// an event that nobody else hears of (`_generate_local_out_of_band_leave`).
    pub(super) fn leave_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        ticket: Ticket,
        answer: &Answer,
    ) {
        let invite = self
            .db
            .rooms
            .get(&room)
            .and_then(|replica| replica.out_of_band.get(&user))
            .map(|(_, invite)| *invite);
        if let Some(invite) = invite {
            let event = match answer {
                Answer::Made(event) => *event,
                _ => self.make_outlier(ctx, room, user, invite),
            };
            let replica = self.db.rooms.get_mut(&room).expect("invited to it");
            Homeserver::store_out_of_band(replica, user, Membership::Leave, event, ctx.now);
        }
        ctx.out.push(Effect::Done {
            ticket,
            outcome: Ok(()),
        });
    }

    /// Makes an event that only this server knows, without a place in the graph: on top of one that it
    /// knows in the same way.
    fn make_outlier(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        invite: EventNo,
    ) -> EventNo {
        let log = &mut ctx.logs[room.index()];
        let mut auth_events = log.auth_events(invite).to_vec();
        auth_events.push(invite);
        let pdu = Pdu {
            sender: user,
            origin: self.id,
            body: Body::bare_member(user, Membership::Leave),
            prev_events: vec![invite],
            auth_events,
            depth: log.depth(invite) + 1,
            at: ctx.now,
        };
        let after = super::state::apply(log.state_after(invite), &pdu.body, log.len());
        log.push(pdu, after)
    }

    /// Removes a member, or takes back an invitation.
    pub(super) fn kick(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Outcome {
        self.is_there(ctx, room)?;
        match self.membership_now(ctx, room, who) {
            Some(Membership::Ban) => Err(Refusal::BAD_STATE),
            Some(Membership::Join | Membership::Invite) => {
                let body = Body::bare_member(who, Membership::Leave);
                self.make_state(ctx, room, by, body)
            }
            Some(Membership::Leave) | None => Err(Refusal::FORBIDDEN),
        }
    }

    /// On a server that is not in the room nobody can be removed, and a removal is not even read.
    fn is_there(&self, ctx: &Context<'_>, room: RoomId) -> Outcome {
        if self.in_room(room, &ctx.logs[room.index()]) {
            Ok(())
        } else {
            Err(Refusal::BAD_JSON)
        }
    }

    /// Bans a user, member or not.
    pub(super) fn ban(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Outcome {
        self.make_state(ctx, room, by, Body::bare_member(who, Membership::Ban))
    }

    /// Lifts a ban.
    pub(super) fn unban(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Outcome {
        self.is_there(ctx, room)?;
        match self.membership_now(ctx, room, who) {
            Some(Membership::Ban) | None => {
                self.make_state(ctx, room, by, Body::bare_member(who, Membership::Leave))
            }
            Some(_) => Err(Refusal::BAD_STATE),
        }
    }

    /// A user's membership in the current state of a room.
    pub(super) fn membership_now(
        &mut self,
        ctx: &Context<'_>,
        room: RoomId,
        who: UserId,
    ) -> Option<Membership> {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let replica = self.replica(room, log, spec)?;
        log.membership_in(&replica.state, who)
    }
}
