//! Redactions: the content is hidden at once and overwritten later (reference 7.5).

use crate::journal::{EventNo, Fact, RoomId, UserId, What, Why};
use crate::kernel::SimDuration;
use crate::room::{Body, RoomLog};
use crate::workload::RoomSpec;

use super::outbox::{Context, Effect, Outcome, Refusal, Timer};
use super::replica::{Items, Replica};
use super::{Homeserver, state};

/// From this room version on a redaction says in its content what it redacts, and that is left where its content is not.
const TARGET_IN_CONTENT_VERSION: u8 = 11;

/// Does a redaction without its content say nothing of what it redacts (`updated_redaction_rules`)?
pub(super) fn is_blank(spec: &RoomSpec, body: &Body, shell: bool) -> bool {
    shell && spec.version < TARGET_IN_CONTENT_VERSION && matches!(body, Body::Redaction(_))
}

/// Level to redact others' messages (Synapse's presets).
const REDACT_LEVEL: i64 = 50;

impl Replica {
    /// Is this a redaction of something that is not stored here, or of nobody knows what? Then the server keeps it to
    /// itself, since it cannot check whether it was allowed (`get_events_as_list`; element-hq/synapse #13675).
    pub(super) fn withholds(&self, log: &RoomLog, no: EventNo) -> bool {
        let target = log.redacted_by(no);
        target.is_some_and(|target| {
            !self.knows(target) || self.rejected.contains(&target) || self.blank.contains(&no)
        })
    }

    /// Redactions in force here, each with what it redacts.
    fn redactions_in_force<'a>(
        &'a self,
        log: &'a RoomLog,
    ) -> impl Iterator<Item = (EventNo, EventNo)> + 'a {
        let all = log.redactions().iter().copied();
        all.filter(|pair| self.is_in_force(pair))
    }

    fn is_in_force(&self, (redaction, target): &(EventNo, EventNo)) -> bool {
        self.has(*redaction)
            && !self.rejected.contains(redaction)
            && !self.soft.contains(redaction)
            && !self.blank.contains(redaction)
            && self.has(*target)
    }

    /// Items that are held and redacted.
    pub fn redacted(&self, log: &RoomLog) -> Items {
        let targets = self.redactions_in_force(log).map(|(_, target)| target);
        targets.map(|target| target..target + 1).collect()
    }

    /// Is an item held of which the server has a redaction, in whatever standing, but not rejected (`redactions`)?
    pub fn has_redaction_of(&self, log: &RoomLog, target: EventNo) -> bool {
        let mut all = log.redactions_of(target).iter();
        self.has(target) && all.any(|no| self.has_edges(*no) && !self.blank.contains(no))
    }
}

impl Homeserver {
    /// Redacts a message. Who may redact those of others need not have it; whoever else must show that it is their
    /// own (`persist_and_notify_client_events`).
    pub(super) fn redact(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        target: EventNo,
    ) -> Outcome {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        // Of a room that it never heard of the server does not know the version.
        let replica = self.replica(room, log, spec).ok_or(Refusal::NOT_FOUND)?;
        let may_any = state::power(log, spec, &replica.state, by) >= REDACT_LEVEL;
        let is_there = replica.knows(target) && !replica.rejected.contains(&target);
        let is_own = log.author(target).0 == by;
        let body = Body::Redaction(target);
        self.allows_new(ctx, room, by, body.clone())?;
        if !may_any && !is_there {
            return Err(Refusal::NOT_FOUND);
        }
        if !may_any && !is_own {
            return Err(Refusal::FORBIDDEN);
        }
        let redaction = self.make_event(ctx, room, by, body)?;
        self.hide_redacted(ctx, room, redaction);
        Ok(())
    }

    /// An item was stored: if it is a redaction or has been redacted before it came, content is hidden from now on.
    /// What it hid waits in the database to be overwritten (`redactions.have_censored`).
    pub fn hide_redacted(&mut self, ctx: &mut Context<'_>, room: RoomId, no: EventNo) {
        let log = &ctx.logs[room.index()];
        let Some(replica) = self.db.rooms.get(&room) else {
            return;
        };
        let own = log.redacted_by(no).map(|target| (no, target));
        let of = log
            .redactions_of(no)
            .iter()
            .map(|redaction| (*redaction, no));
        let mut all = own.into_iter().chain(of);
        let hidden = all.find(|pair| replica.is_in_force(pair));
        let Some((redaction, target)) = hidden else {
            return;
        };
        self.note_hollowed(ctx, room, target, Why::Redaction);
        self.db.uncensored.insert((ctx.now, room, redaction));
        self.plan_censor(ctx);
    }

    /// Writes down that an item is held without its content from now on.
    pub(super) fn note_hollowed(&self, ctx: &mut Context<'_>, room: RoomId, no: EventNo, why: Why) {
        ctx.out.push(Effect::Note(Fact::Hollowed {
            at: ctx.now,
            server: self.id,
            what: What::Items {
                room,
                first: no,
                last: no,
            },
            why,
        }));
    }

    /// Plans the next run of the job that finds something to overwrite. It runs at fixed times after the start.
    pub(super) fn plan_censor(&mut self, ctx: &mut Context<'_>) {
        let (Some(keep), Some((first, ..))) =
            (self.rules.redaction_retention, self.db.uncensored.first())
        else {
            return;
        };
        if self.memory.censor_planned {
            return;
        }
        self.memory.censor_planned = true;
        let due = (*first + keep).saturating_sub(SimDuration(1)).max(ctx.now);
        ctx.out.push(Effect::Wake {
            at: self.next_run(self.rules.censor_period, due),
            timer: Timer::Censor,
        });
    }

    /// `_censor_redactions`: overwrites what was redacted long enough ago, at most a batch in one run.
    pub(super) fn censor(&mut self, ctx: &mut Context<'_>) {
        self.memory.censor_planned = false;
        let Some(keep) = self.rules.redaction_retention else {
            return;
        };
        for _ in 0..self.rules.censor_batch {
            let Some((at, room, redaction)) = self.db.uncensored.first().copied() else {
                break;
            };
            if at + keep > ctx.now {
                break;
            }
            self.db.uncensored.pop_first();
            let log = &ctx.logs[room.index()];
            let in_force = self.db.rooms.get(&room).and_then(|replica| {
                let pair = (redaction, log.redacted_by(redaction)?);
                replica.is_in_force(&pair).then_some(pair)
            });
            if let Some((_, target)) = in_force {
                self.note_hollowed(ctx, room, target, Why::Censor);
            }
        }
        self.plan_censor(ctx);
    }
}
