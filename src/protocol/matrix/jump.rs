//! Jumping to a date: pulls exactly one event, which opens a gap to page back from (reference 3.1).

use std::collections::VecDeque;

use crate::journal::{Path, RoomId, ServerId, UserId};
use crate::kernel::SimTime;

use super::Homeserver;
use super::outbox::{Answer, Context, Effect, Outcome, Refusal, Request, Ticket};
use super::tasks::{Pull, Task, Then};

impl Homeserver {
    /// `timestamp_to_event`, forwards: a peer is asked where this server has nothing after the date.
    pub(super) fn jump_to_date(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        _who: UserId,
        at: SimTime,
        ticket: Ticket,
    ) -> Option<Outcome> {
        if !self.in_room(room, &ctx.logs[room.index()]) {
            return Some(Err(Refusal::FORBIDDEN));
        }
        let rest = self.hosts_in_order(ctx, room);
        self.ask_next_for_jump(ctx, room, rest, at, ticket);
        None
    }

    fn ask_next_for_jump(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        mut rest: VecDeque<ServerId>,
        at: SimTime,
        ticket: Ticket,
    ) {
        match rest.pop_front() {
            Some(asked) => {
                let task = Task::Jump {
                    room,
                    rest,
                    at,
                    asked,
                    ticket,
                };
                self.ask(ctx, asked, Request::EventAfter { room, at }, task);
            }
            None => ctx.out.push(Effect::Done {
                ticket,
                outcome: Err(Refusal::NOT_FOUND),
            }),
        }
    }

    /// A peer names an event: it is stored as history.
    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of the task that waited"
    )]
    pub(super) fn jump_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        rest: VecDeque<ServerId>,
        at: SimTime,
        asked: ServerId,
        ticket: Ticket,
        answer: Answer,
    ) {
        match answer {
            Answer::Events(events) if !events.is_empty() => {
                let then = Then::Jumped { ticket };
                self.pull(
                    ctx,
                    Pull {
                        room,
                        from: asked,
                        path: Path::Jump,
                        rest: events.into(),
                        unasked: VecDeque::new(),
                        is_paced: false,
                        then,
                    },
                );
            }
            _ => self.ask_next_for_jump(ctx, room, rest, at, ticket),
        }
    }

    pub(super) fn jumped(&mut self, ctx: &mut Context<'_>, ticket: Ticket) {
        ctx.out.push(Effect::Done {
            ticket,
            outcome: Ok(()),
        });
    }
}
