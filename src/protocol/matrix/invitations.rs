//! Invitations: what is asked before one is made, and what becomes of one from elsewhere (reference 4.2).

use crate::journal::{EventNo, RoomId, UserId};
use crate::room::{Body, Membership, Pdu, Profile};

use super::outbox::{Answer, Context, Effect, Outcome, Refusal, Request, Ticket};
use super::tasks::Task;
use super::{Homeserver, state};

impl Homeserver {
    /// Invites: the user's server is asked for the name, then whether it accepts, then the event is made.
    pub(super) fn invite(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
        ticket: Ticket,
    ) -> Option<Outcome> {
        let home = ctx.logs[room.index()].home(who);
        if home == self.id {
            let profile = self.profile_of(&self.serve_profile(who));
            return match self.may_invite(ctx, room, by, who) {
                Ok(()) => Some(self.make_state(ctx, room, by, invitation(who, profile))),
                Err(refusal) => Some(Err(refusal)),
            };
        }
        let task = Task::Profile {
            room,
            by,
            who,
            ticket,
        };
        self.ask(ctx, home, Request::Profile { user: who }, task);
        None
    }

    fn profile_of(&self, answer: &Answer) -> Profile {
        match answer {
            Answer::Fine => Profile::Name,
            _ => Profile::Absent,
        }
    }

    /// The user's server has told the name, or could not.
    pub(super) fn profile_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
        ticket: Ticket,
        answer: &Answer,
    ) {
        let profile = self.profile_of(answer);
        let outcome = match self.may_invite(ctx, room, by, who) {
            Err(refusal) => Err(refusal),
            // An equal invitation is not made anew, and the user's server hears nothing.
            Ok(()) if self.is_present(ctx, room, by, &invitation(who, profile)) => {
                self.make_state(ctx, room, by, invitation(who, profile))
            }
            Ok(()) => {
                let home = ctx.logs[room.index()].home(who);
                let task = Task::Invite {
                    room,
                    by,
                    who,
                    profile,
                    ticket,
                };
                return self.ask(ctx, home, Request::Invite { room, user: who }, task);
            }
        };
        ctx.out.push(Effect::Done { ticket, outcome });
    }

    /// Would the invitation be allowed? An equal one always is, since it is not made.
    fn may_invite(&mut self, ctx: &Context<'_>, room: RoomId, by: UserId, who: UserId) -> Outcome {
        if self.membership_now(ctx, room, who) == Some(Membership::Ban) {
            return Err(Refusal::BAD_STATE);
        }
        let body = invitation(who, Profile::Absent);
        let may = self.allows_new(ctx, room, by, body.clone());
        if may.is_err() {
            self.spend_groups(ctx, room, &body);
        }
        may
    }

    /// Would the room's current state allow a new event?
    pub(super) fn allows_new(
        &mut self,
        ctx: &Context<'_>,
        room: RoomId,
        sender: UserId,
        body: Body,
    ) -> Outcome {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let replica = self.replica(room, log, spec).ok_or(Refusal::FORBIDDEN)?;
        if replica.heads.is_empty() && matches!(body, Body::Member { .. }) {
            return Err(Refusal::FAILED);
        }
        let pdu = Pdu {
            sender,
            origin: log.home(sender),
            body,
            prev_events: Vec::new(),
            auth_events: Vec::new(),
            depth: 0,
            at: ctx.now,
        };
        if state::allowed(log, spec, &replica.state, &pdu) {
            Ok(())
        } else {
            Err(Refusal::FORBIDDEN)
        }
    }

    /// The invited user's server accepts the invitation, or does not.
    pub(super) fn invite_answered(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        (who, profile): (UserId, Profile),
        ticket: Ticket,
        answer: &Answer,
    ) {
        let outcome = match answer {
            Answer::Fine => self
                .make_event(ctx, room, by, invitation(who, profile))
                .map(|event| {
                    let home = ctx.logs[room.index()].home(who);
                    let told = Request::Invited {
                        room,
                        user: who,
                        event,
                    };
                    self.ask(ctx, home, told, Task::Told);
                }),
            _ => {
                self.spend_groups(ctx, room, &invitation(who, profile));
                Err(match answer {
                    Answer::Refused(refusal) => *refusal,
                    _ => Refusal::UNREACHABLE,
                })
            }
        };
        ctx.out.push(Effect::Done { ticket, outcome });
    }

    /// An invitation from elsewhere: accepted for whoever could be a user here.
    pub(super) fn accept_invite(&self, _user: UserId) -> Answer {
        Answer::Fine
    }

    /// The invitation itself: kept apart from the room's graph (out of band) until it is pushed, if it
    /// ever is.
    pub(super) fn note_invite(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        event: EventNo,
    ) {
        let replica = self.db.rooms.get_or_new(room);
        if !replica.knows(event) {
            Homeserver::store_out_of_band(replica, user, Membership::Invite, event, ctx.now);
        }
    }

    /// Who rescinds an invitation can tell a server that is not in the room.
    pub(super) fn rescind_invite(&mut self, ctx: &Context<'_>, room: RoomId, event: EventNo) {
        let log = &ctx.logs[room.index()];
        let me = self.id;
        let Some(pdu) = log.single(event) else { return };
        let Body::Member {
            who,
            membership: Membership::Leave,
            ..
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
            && pdu.auth_events.contains(&invite)
            && log
                .single(invite)
                .is_some_and(|invite| invite.sender == pdu.sender)
        {
            Homeserver::store_out_of_band(replica, who, Membership::Leave, event, ctx.now);
        }
    }
}

fn invitation(who: UserId, profile: Profile) -> Body {
    Body::Member {
        who,
        membership: Membership::Invite,
        profile,
    }
}
