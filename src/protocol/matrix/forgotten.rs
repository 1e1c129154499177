//! Rooms that all local users have left and forgotten, deleted after a while (reference 7.5).

use crate::journal::{Fact, RoomId, What, Why};

use super::Homeserver;
use super::outbox::{Context, Effect, Timer};

impl Homeserver {
    /// The last local user is out of the room. If users forget what they leave, the room is deleted in the end.
    pub(super) fn left_room(&mut self, ctx: &mut Context<'_>, room: RoomId) {
        let Some(keep) = self.rules.forgotten_room_retention else {
            return;
        };
        if self.rules.forget_rooms_on_leave {
            let at = ctx.now + keep;
            self.db.forgotten.insert(room, at);
            let timer = Timer::Forgotten(room);
            ctx.out.push(Effect::Wake { at, timer });
        }
    }

    /// Plans what the database has scheduled, at the start of a process; what is overdue comes at once.
    pub(super) fn plan_deletions(&self, ctx: &mut Context<'_>) {
        for (room, at) in &self.db.forgotten {
            ctx.out.push(Effect::Wake {
                at: (*at).max(ctx.now),
                timer: Timer::Forgotten(*room),
            });
        }
    }

    /// Deletes the room with all its rows, unless somebody has come back in the meantime.
    pub(super) fn delete_forgotten(&mut self, ctx: &mut Context<'_>, room: RoomId) {
        let is_due = self
            .db
            .forgotten
            .get(&room)
            .is_some_and(|at| *at <= ctx.now);
        if !is_due {
            return;
        }
        self.db.forgotten.remove(&room);
        if self.in_room(room, &ctx.logs[room.index()]) {
            return;
        }
        let Some(replica) = self.db.rooms.remove(&room) else {
            return;
        };
        self.db.owed.retain(|_, rows| {
            rows.remove(&room);
            !rows.is_empty()
        });
        self.db.uncensored.retain(|(_, of, _)| *of != room);
        let ranges = replica.timeline.iter().map(|range| What::Items {
            room,
            first: range.start,
            last: range.end - 1,
        });
        for what in ranges.chain([What::Room(room)]) {
            ctx.out.push(Effect::Note(Fact::Lost {
                at: ctx.now,
                server: self.id,
                what,
                why: Why::Forgotten,
            }));
        }
    }
}
