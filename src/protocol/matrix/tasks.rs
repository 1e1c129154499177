//! Questions that wait for an answer, and what goes on when it comes.

use std::collections::VecDeque;

use crate::journal::{EventNo, MediaId, Path, RoomId, ServerId, UserId};

use super::Homeserver;
use super::outbox::{Answer, Context, Copy, Effect, Request, TaskId, Ticket, Timer};
use crate::kernel::SimDuration;
use crate::room::Profile;

/// A question that waits for an answer.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Task {
    /// A pushed event waits for `get_missing_events` from its sender.
    GapFill {
        room: RoomId,
        event: EventNo,
        from: ServerId,
    },
    /// A pushed event of an unknown room waits for the room's state.
    Rebuild {
        room: RoomId,
        event: EventNo,
        from: ServerId,
    },
    /// A batch of pulled events waits for the state before one of them.
    Pull(Pull),
    /// A backfill waits for a peer.
    Backfill {
        room: RoomId,
        points: Vec<EventNo>,
        hosts: VecDeque<ServerId>,
        asked: ServerId,
        denials: u32,
    },
    /// A person waits to be joined through a peer.
    Join {
        room: RoomId,
        user: UserId,
        rest: VecDeque<ServerId>,
        asked: ServerId,
        ticket: Ticket,
    },
    /// A person waits to be told what the user to be invited is called.
    Profile {
        room: RoomId,
        by: UserId,
        who: UserId,
        ticket: Ticket,
    },
    /// A person waits for the invited user's server to accept.
    Invite {
        room: RoomId,
        by: UserId,
        who: UserId,
        profile: Profile,
        ticket: Ticket,
    },
    /// A person waits to decline an invitation through a peer.
    Leave {
        room: RoomId,
        user: UserId,
        ticket: Ticket,
    },
    /// A person waits for a file.
    Media {
        media: MediaId,
        rest: VecDeque<ServerId>,
        ticket: Ticket,
    },
    /// A person jumps to a date.
    Jump {
        room: RoomId,
        rest: VecDeque<ServerId>,
        at: crate::kernel::SimTime,
        asked: ServerId,
        ticket: Ticket,
    },
    /// Nothing waits for the answer.
    Told,
}

/// A question that was put, and how often no answer came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// To whom.
    pub to: ServerId,
    /// What.
    pub request: Request,
    /// Repetitions so far.
    pub tries: u32,
}

/// First pause before a question is repeated; it doubles each time (`_send_request`).
const SHORT_DELAY_BASE: SimDuration = SimDuration::millis(500);
/// Far beyond any cap; keeps the shift within its number.
const MOST_DOUBLINGS: u32 = 20;

/// Pulled events that are being stored one after the other.
#[derive(Debug, Clone)]
pub struct Pull {
    /// The room.
    pub room: RoomId,
    /// The peer that gave them, which is also asked for state.
    pub from: ServerId,
    /// How they were pulled.
    pub path: Path,
    /// Still to be stored, smallest depth first.
    pub rest: VecDeque<Copy>,
    /// Missing parents of the first of these at which the state is still to be asked for.
    pub unasked: VecDeque<EventNo>,
    /// Does each of them take its time? Only where that decides something.
    pub is_paced: bool,
    /// What goes on afterwards.
    pub then: Then,
}

impl Pull {
    /// Do the events count as history (negative stream positions, no forward extremities)?
    pub fn backfilled(&self) -> bool {
        matches!(self.path, Path::Backfill | Path::Jump)
    }
}

/// What goes on when pulled events are stored.
#[derive(Debug, Clone, Copy)]
pub enum Then {
    /// The push that needed them is looked at again.
    Push { event: EventNo, from: ServerId },
    /// The room's backfill is over.
    Backfilled,
    /// A jump is answered.
    Jumped { ticket: Ticket },
    /// Nothing.
    Nothing,
}

impl Homeserver {
    /// Puts a question to another server, unless that is in back-off.
    pub(super) fn ask(
        &mut self,
        ctx: &mut Context<'_>,
        to: ServerId,
        request: Request,
        task: Task,
    ) {
        let id = self.next_id();
        self.memory.tasks.insert(id, task);
        if self.in_backoff(to, ctx.now) {
            return self.go_on(ctx, id, Answer::Unreachable);
        }
        let asked = Asked {
            to,
            request: request.clone(),
            tries: 0,
        };
        self.memory.asked.insert(id, asked);
        let task = id;
        ctx.out.push(Effect::Ask { to, task, request });
    }

    /// Puts a question once more (reference 1.3).
    pub(super) fn ask_again(&mut self, ctx: &mut Context<'_>, task: TaskId) {
        if let Some(Asked { to, request, .. }) = self.memory.asked.get(&task) {
            ctx.out.push(Effect::Ask {
                to: *to,
                task,
                request: request.clone(),
            });
        }
    }

    /// No answer came: the question is put again after a pause, unless it was often enough or is one that is
    /// put only once (a timeout of its own forbids repetition). Will it be?
    fn repeats(&mut self, ctx: &mut Context<'_>, task: TaskId) -> bool {
        let most = self.rules.short_retries;
        let Some(asked) = self.memory.asked.get_mut(&task) else {
            return false;
        };
        if matches!(asked.request, Request::MissingEvents { .. }) || asked.tries >= most {
            return false;
        }
        let (to, tries) = (asked.to, asked.tries);
        asked.tries += 1;
        let wait = SimDuration(SHORT_DELAY_BASE.0 << tries.min(MOST_DOUBLINGS));
        let wait = wait.min(self.rules.short_delay_cap);
        let wait = self.jittered(
            ctx.streams,
            ctx.now,
            to,
            wait,
            u64::from(tries) << 40 ^ task,
        );
        ctx.out.push(Effect::Wake {
            at: ctx.now + wait,
            timer: Timer::AskAgain(task),
        });
        true
    }

    /// The room that a pending question is about.
    pub fn room_of_task(&self, id: TaskId) -> Option<RoomId> {
        match self.memory.tasks.get(&id)? {
            Task::GapFill { room, .. }
            | Task::Rebuild { room, .. }
            | Task::Backfill { room, .. }
            | Task::Join { room, .. }
            | Task::Profile { room, .. }
            | Task::Invite { room, .. }
            | Task::Leave { room, .. }
            | Task::Jump { room, .. } => Some(*room),
            Task::Pull(pull) => Some(pull.room),
            Task::Media { .. } | Task::Told => None,
        }
    }

    /// The answer to a question arrives, or it is sure that none will. The back-off that follows is shared by all
    /// traffic to the destination.
    pub fn answer(&mut self, ctx: &mut Context<'_>, id: TaskId, answer: Answer) {
        if answer == Answer::Unreachable && self.repeats(ctx, id) {
            return;
        }
        let asked = self.memory.asked.remove(&id);
        if let Some(asked) = asked.filter(|_| answer == Answer::Unreachable) {
            self.back_off(ctx, asked.to);
        }
        self.go_on(ctx, id, answer);
    }

    /// Whoever put the question goes on. After a restart nobody waits any more.
    fn go_on(&mut self, ctx: &mut Context<'_>, id: TaskId, answer: Answer) {
        let Some(task) = self.memory.tasks.remove(&id) else {
            return;
        };
        match task {
            Task::GapFill { room, event, from } => {
                self.missing_events_arrived(ctx, room, event, from, answer)
            }
            Task::Rebuild { room, event, from } => self.rebuilt(ctx, room, event, from, &answer),
            Task::Pull(pull) => self.state_arrived(ctx, pull, &answer),
            Task::Backfill {
                room,
                points,
                hosts,
                asked,
                denials,
            } => {
                self.backfill_arrived(ctx, room, points, hosts, asked, denials, answer);
            }
            Task::Join {
                room,
                user,
                rest,
                asked,
                ticket,
            } => {
                self.join_arrived(ctx, room, user, rest, asked, ticket, &answer);
            }
            Task::Profile {
                room,
                by,
                who,
                ticket,
            } => self.profile_arrived(ctx, room, by, who, ticket, &answer),
            Task::Invite {
                room,
                by,
                who,
                profile,
                ticket,
            } => self.invite_answered(ctx, room, by, (who, profile), ticket, &answer),
            Task::Leave { room, user, ticket } => {
                self.leave_arrived(ctx, room, user, ticket, &answer)
            }
            Task::Media {
                media,
                rest,
                ticket,
            } => self.media_arrived(ctx, media, rest, ticket, &answer),
            Task::Jump {
                room,
                rest,
                at,
                asked,
                ticket,
            } => {
                self.jump_arrived(ctx, room, rest, at, asked, ticket, answer);
            }
            Task::Told => {}
        }
    }
}
