//! Joining, inviting, leaving (reference, sections 4.1 to 4.3).

use std::collections::{BTreeSet, VecDeque};

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId, UserId, What};
use crate::room::{Body, Membership, StateKey};

use super::Homeserver;
use super::outbox::{Answer, Context, Copy, Effect, Outcome, Refusal, Request, Ticket};
use super::store::Way;
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
            match log.membership_in(&replica.state, user) {
                Some(Membership::Join) => return Some(Ok(())),
                Some(Membership::Ban) => return Some(Err(Refusal::BAD_STATE)),
                _ => {}
            }
            let body = Body::Member {
                who: user,
                membership: Membership::Join,
            };
            return Some(self.make_event(ctx, room, user, body).map(|_| ()));
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
            Answer::Made(event) => {
                self.enter(ctx, room, *event, asked);
                Ok(())
            }
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
                None => Err(match answer {
                    Answer::Refused(refusal) => *refusal,
                    _ => Refusal::UNREACHABLE,
                }),
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
            self.enter(ctx, room, event, from);
        }
    }

    /// Enters a room with an event that another server has, mostly a join that it made: the state as outliers, the join in its place,
    /// everything before it a gap (`send_join`, `clean_room_for_join`).
    fn enter(&mut self, ctx: &mut Context<'_>, room: RoomId, join: EventNo, from: ServerId) {
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let known = self.db.rooms.contains_key(&room);
        let replica = self.db.rooms.entry(room).or_default();
        let inside = replica.in_room(log, me);
        if !inside {
            replica.heads.clear();
        }
        let mut wanted: BTreeSet<EventNo> = BTreeSet::new();
        for prev in log.prev_events(join) {
            wanted.extend(log.state_after(prev).values());
        }
        let roots: Vec<EventNo> = wanted.iter().copied().collect();
        wanted.extend(super::state::auth_chain(log, roots));
        wanted.extend(super::state::auth_chain(log, [join]));
        wanted.remove(&join);
        let verified: Vec<EventNo> = wanted
            .into_iter()
            .filter(|no| self.verifies(log, *no))
            .collect();
        let replica = self.db.rooms.get_mut(&room).expect("entered above");
        Homeserver::store_outliers(replica, verified);
        replica.out_of_band.clear();
        self.store(
            ctx,
            room,
            Copy {
                no: join,
                shell: false,
            },
            Way {
                path: Path::Join,
                from,
            },
        );
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
    }

    /// Invites: the invited user's server is asked first, then the event is made and sent.
    pub(super) fn invite(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
        ticket: Ticket,
    ) -> Option<Outcome> {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let home = log.home(who);
        let me = self.id;
        let Some(replica) = self.replica(room, log, spec) else {
            return Some(Err(Refusal::FORBIDDEN));
        };
        if log.membership_in(&replica.state, who) == Some(Membership::Ban) {
            return Some(Err(Refusal::BAD_STATE));
        }
        // An equal invitation is not made anew.
        if let Some(present) = replica
            .state
            .get(&StateKey::Member(who))
            .and_then(|no| log.single(*no))
            && matches!(
                present.body,
                Body::Member {
                    membership: Membership::Invite,
                    ..
                }
            )
            && present.sender == by
        {
            return Some(Ok(()));
        }
        let inside = log
            .joined(&replica.state)
            .any(|user| log.home(user) == home);
        if home == me || inside || !spec.federate {
            return Some(self.make_invite(ctx, room, by, who).map(|_| ()));
        }
        if let Err(refusal) = self.may_invite(ctx, room, by, who) {
            return Some(Err(refusal));
        }
        let task = Task::Invite {
            room,
            by,
            who,
            ticket,
        };
        self.ask(ctx, home, Request::Invite { room, user: who }, task);
        None
    }

    /// Would the invitation be allowed?
    fn may_invite(&mut self, ctx: &Context<'_>, room: RoomId, by: UserId, who: UserId) -> Outcome {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let replica = self.replica(room, log, spec).ok_or(Refusal::FORBIDDEN)?;
        let pdu = crate::room::Pdu {
            sender: by,
            origin: log.home(by),
            body: Body::Member {
                who,
                membership: Membership::Invite,
            },
            prev_events: Vec::new(),
            auth_events: Vec::new(),
            depth: 0,
            at: ctx.now,
        };
        if super::state::allowed(log, spec, &replica.state, &pdu) {
            Ok(())
        } else {
            Err(Refusal::FORBIDDEN)
        }
    }

    fn make_invite(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Result<EventNo, Refusal> {
        self.make_event(
            ctx,
            room,
            by,
            Body::Member {
                who,
                membership: Membership::Invite,
            },
        )
    }

    /// The invited user's server accepts the invitation, or does not.
    pub(super) fn invite_answered(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
        ticket: Ticket,
        answer: &Answer,
    ) {
        let outcome = match answer {
            Answer::Fine => self.make_invite(ctx, room, by, who).map(|event| {
                let home = ctx.logs[room.index()].home(who);
                self.ask(
                    ctx,
                    home,
                    Request::Invited {
                        room,
                        user: who,
                        event,
                    },
                    Task::Told,
                );
            }),
            Answer::Refused(refusal) => Err(*refusal),
            _ => Err(Refusal::UNREACHABLE),
        };
        ctx.out.push(Effect::Done { ticket, outcome });
    }

    /// An invitation from elsewhere: accepted for whoever could be a user here.
    pub(super) fn accept_invite(&self, _user: UserId) -> Answer {
        Answer::Fine
    }

    /// The invitation itself, kept apart from the room's graph (out of band).
    pub(super) fn note_invite(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        event: EventNo,
    ) {
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let replica = self.db.rooms.entry(room).or_default();
        if replica.in_room(log, me) {
            return;
        }
        Homeserver::store_outliers(replica, [event]);
        replica
            .out_of_band
            .insert(user, (Membership::Invite, event));
    }

    /// Who rescinds an invitation can tell a server that is not in the room.
    pub(super) fn rescind_invite(&mut self, ctx: &Context<'_>, room: RoomId, event: EventNo) {
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let Some(pdu) = log.single(event) else { return };
        let Body::Member {
            who,
            membership: Membership::Leave,
        } = pdu.body
        else {
            return;
        };
        let Some(replica) = self.db.rooms.get_mut(&room) else {
            return;
        };
        if let Some((Membership::Invite, invite)) = replica.out_of_band.get(&who).copied()
            && who != pdu.sender
            && log.home(who) == me
            && log
                .single(invite)
                .is_some_and(|invite| invite.sender == pdu.sender)
        {
            Homeserver::store_outliers(replica, [event]);
            replica.out_of_band.insert(who, (Membership::Leave, event));
        }
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
        if self.in_room(room, log) {
            if self.member_set_by(ctx, room, user) == Some((Membership::Leave, user)) {
                return Some(Ok(())); // An equal leave is not made anew.
            }
            let body = Body::Member {
                who: user,
                membership: Membership::Leave,
            };
            return Some(self.make_event(ctx, room, user, body).map(|_| ()));
        }
        let invite = self
            .db
            .rooms
            .get(&room)
            .and_then(|replica| replica.out_of_band.get(&user))
            .copied();
        match invite {
            Some((Membership::Invite, invite)) => {
                let inviter = log.origin(invite);
                self.ask(
                    ctx,
                    inviter,
                    Request::Leave { room, user },
                    Task::Leave { room, user, ticket },
                );
                None
            }
            Some((Membership::Leave, _)) => Some(Ok(())),
            _ => Some(Err(Refusal::FORBIDDEN)),
        }
    }

    /// The decline is made by a resident server; if it cannot, the invitation is given up here alone.
    pub(super) fn leave_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        ticket: Ticket,
        answer: &Answer,
    ) {
        if let Some(replica) = self.db.rooms.get_mut(&room) {
            let event = match answer {
                Answer::Made(event) => Some(*event),
                _ => replica.out_of_band.get(&user).map(|(_, event)| *event),
            };
            if let Some(event) = event {
                Homeserver::store_outliers(replica, [event]);
                replica.out_of_band.insert(user, (Membership::Leave, event));
            }
        }
        ctx.out.push(Effect::Done {
            ticket,
            outcome: Ok(()),
        });
    }
}
