//! Kicks, bans, unbans, and what is refused for the target's membership alone, whatever the levels are
//! (reference, section 4.1; Synapse, `update_membership_locked`).

use crate::journal::{RoomId, UserId};
use crate::room::{Body, Membership, StateKey};

use super::Homeserver;
use super::outbox::{Context, Outcome, Refusal};

impl Homeserver {
    /// A user's membership in the room as this server knows it, and who set it.
    pub(super) fn member_set_by(
        &mut self,
        ctx: &Context<'_>,
        room: RoomId,
        who: UserId,
    ) -> Option<(Membership, UserId)> {
        let log = &ctx.logs[room.index()];
        let replica = self.replica(room, log, &ctx.rooms[room.index()])?;
        let no = *replica.state.get(&StateKey::Member(who))?;
        Some((log.membership(no)?, log.author(no).0))
    }

    /// Only who is in, or asked in, can be kicked; the same kick again is no new event.
    pub(super) fn kick(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Outcome {
        match self.member_set_by(ctx, room, who) {
            Some((Membership::Join | Membership::Invite, _)) => {
                self.remove(ctx, room, by, who, Membership::Leave)
            }
            Some((Membership::Leave, sender)) if sender == by => Ok(()),
            Some((Membership::Ban, _)) => Err(Refusal::BAD_STATE),
            Some((Membership::Leave, _)) | None => Err(Refusal::FORBIDDEN),
        }
    }

    /// The same ban again is no new event.
    pub(super) fn ban(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Outcome {
        match self.member_set_by(ctx, room, who) {
            Some((Membership::Ban, sender)) if sender == by => Ok(()),
            _ => self.remove(ctx, room, by, who, Membership::Ban),
        }
    }

    /// Whoever never was in the room can be unbanned, too.
    pub(super) fn unban(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
    ) -> Outcome {
        match self.member_set_by(ctx, room, who) {
            Some((Membership::Ban, _)) | None => self.remove(ctx, room, by, who, Membership::Leave),
            _ => Err(Refusal::BAD_STATE),
        }
    }

    fn remove(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        who: UserId,
        membership: Membership,
    ) -> Outcome {
        self.make_event(ctx, room, by, Body::Member { who, membership })
            .map(|_| ())
    }
}
