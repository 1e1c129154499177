//! Clients that page back through a room (`/messages?dir=b`; Synapse, `get_messages`; reference 3.1).

use crate::journal::{EventNo, RoomId, UserId};
use crate::kernel::SimDuration;
use crate::room::{Membership, RoomLog, StateKey};
use crate::workload::{Action, Visibility};

use super::backfill::Wish;
use super::outbox::{Context, Effect, NOBODY, Refusal, Ticket, Timer};
use super::page::{Page, Token};
use super::replica::Replica;
use super::{Homeserver, visibility};

/// Pause of a scrolling client that lets everything settle between two pages.
const SETTLE_PAUSE: SimDuration = SimDuration::seconds(3);

/// A client that pages back to the beginning.
#[derive(Debug, Clone)]
pub struct Scroll {
    room: RoomId,
    who: UserId,
    page: u32,
    passes_left: u32,
    pause: bool,
    most: Option<u32>,
    ticket: Ticket,
    token: Option<Token>,
    rows: Page,
    shown: Vec<EventNo>,
    pages: u32,
}

impl Homeserver {
    /// A client begins to page back from the newest event.
    pub(super) fn scroll(&mut self, ctx: &mut Context<'_>, action: &Action, ticket: Ticket) {
        let Action::Scroll {
            room,
            who,
            page,
            passes,
            pause,
            most,
        } = *action
        else {
            return;
        };
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        // Who is banned or only invited may not read, unless anybody may.
        let may_read = self.replica(room, log, spec).is_some_and(|replica| {
            is_or_was_in(replica.local_membership(log, who))
                || !replica.state.is_empty()
                    && visibility::history_visibility(log, &replica.state)
                        == Visibility::WorldReadable
        });
        if !may_read {
            ctx.out.push(Effect::Done {
                ticket,
                outcome: Err(Refusal::FORBIDDEN),
            });
            return;
        }
        let id = self.next_id();
        let scroll = Scroll {
            room,
            who,
            page,
            passes_left: passes,
            pause,
            most,
            ticket,
            token: None,
            rows: Page::default(),
            shown: Vec::new(),
            pages: 0,
        };
        self.memory.scrolls.insert(id, scroll);
        self.next_page(ctx, id);
    }

    /// Fetches the next page from the database and decides whether it waits for a backfill.
    pub(super) fn next_page(&mut self, ctx: &mut Context<'_>, id: u64) {
        let Some(mut scroll) = self.memory.scrolls.remove(&id) else {
            return;
        };
        let log = &ctx.logs[scroll.room.index()];
        let spec = &ctx.rooms[scroll.room.index()];
        let Some(replica) = self.replica(scroll.room, log, spec) else {
            return;
        };
        let token = *scroll
            .token
            .get_or_insert_with(|| start_token(replica, log, scroll.who));
        scroll.rows = replica.page(log, token, scroll.page);
        scroll.pages += 1;
        let waits = scroll.rows.has_holes(&self.rules) || scroll.rows.len() < scroll.page as usize;
        let wish = Wish {
            depth: token.depth,
            limit: scroll.page,
            scroll: waits.then_some(id),
        };
        let room = scroll.room;
        self.memory.scrolls.insert(id, scroll);
        if waits {
            self.maybe_backfill(ctx, room, wish);
        } else {
            // The next page is asked for before the background backfill has its answer.
            self.maybe_backfill(ctx, room, wish);
            self.show_page(ctx, id);
        }
    }

    /// The backfill that a page waited for is over.
    pub(super) fn backfilled(&mut self, ctx: &mut Context<'_>, id: u64, did: bool) {
        if did && let Some(mut scroll) = self.memory.scrolls.remove(&id) {
            let log = &ctx.logs[scroll.room.index()];
            let spec = &ctx.rooms[scroll.room.index()];
            if let (Some(replica), Some(token)) =
                (self.replica(scroll.room, log, spec), scroll.token)
            {
                scroll.rows = replica.page(log, token, scroll.page);
            }
            self.memory.scrolls.insert(id, scroll);
        }
        self.show_page(ctx, id);
    }

    /// Shows the page and goes on, to the next page, the next pass, or the end.
    fn show_page(&mut self, ctx: &mut Context<'_>, id: u64) {
        let Some(mut scroll) = self.memory.scrolls.remove(&id) else {
            return;
        };
        let log = &ctx.logs[scroll.room.index()];
        let replica = &self.db.rooms[&scroll.room];
        let is_peeking = !is_or_was_in(replica.local_membership(log, scroll.who));
        let rows = std::mem::take(&mut scroll.rows);
        let hidden_before = self.rules.hidden_before(replica.lifetime(log), ctx.now);
        let is_hidden = |no: EventNo| hidden_before.is_some_and(|cut| !log.is_made_since(no, cut));
        // Items are numbered in the order of their times, so mostly a whole page is hidden, or nothing of it.
        let all_hidden = rows.newest().is_some_and(is_hidden);
        let visible = |no: &EventNo| {
            !all_hidden
                && !replica.soft.contains(no)
                && !replica.rejected.contains(no)
                && log.is_message(*no)
                && !is_hidden(*no)
                && visibility::user_sees(log, *no, scroll.who, is_peeking)
        };
        // Of what a person saw who scrolls of themselves only that it was something matters, and of a tool not even that.
        if scroll.ticket != NOBODY {
            scroll.shown.extend(rows.items().filter(visible));
        }
        let shows_something = scroll.most.is_none() || rows.items().any(|no| visible(&no));
        let enough = !shows_something || scroll.most.is_some_and(|most| scroll.pages >= most);
        if let Some(next) = rows.next().filter(|_| !enough) {
            scroll.token = Some(next);
            let pause = if scroll.pause {
                SETTLE_PAUSE
            } else {
                SimDuration::ZERO
            };
            self.memory.scrolls.insert(id, scroll);
            ctx.out.push(Effect::Wake {
                at: ctx.now + pause,
                timer: Timer::NextPage(id),
            });
            return;
        }
        let ticket = scroll.ticket;
        ctx.out.push(Effect::Shown {
            ticket,
            items: std::mem::take(&mut scroll.shown),
            pages: scroll.pages,
        });
        scroll.passes_left -= 1;
        if scroll.passes_left == 0 {
            ctx.out.push(Effect::Done {
                ticket,
                outcome: Ok(()),
            });
        } else {
            scroll.token = None;
            scroll.pages = 0;
            self.memory.scrolls.insert(id, scroll);
            ctx.out.push(Effect::Wake {
                at: ctx.now + SETTLE_PAUSE,
                timer: Timer::NextPage(id),
            });
        }
    }
}

/// Does this membership let a user read the room's history?
fn is_or_was_in(membership: Option<Membership>) -> bool {
    matches!(membership, Some(Membership::Join | Membership::Leave))
}

/// From the newest event; who has left begins at the leave.
fn start_token(replica: &Replica, log: &RoomLog, who: UserId) -> Token {
    let newest = replica.newest_token(log);
    let apart = replica.out_of_band.get(&who).map(|(_, no)| *no);
    let member = apart.or_else(|| replica.state.get(&StateKey::Member(who)).copied());
    let leave = member.filter(|no| log.membership(*no) == Some(Membership::Leave));
    match leave {
        Some(no) if log.depth(no) < newest.depth => Token {
            depth: log.depth(no),
            stream: replica.positions.stream(no),
        },
        _ => newest,
    }
}
