//! People's actions: who is asked, and what becomes of the answer.

use crate::journal::{EventNo, Fact, Path, RoomId, ServerId, What};
use crate::kernel::SimTime;
use crate::protocol::matrix::{self, Refusal, Ticket, actor};
use crate::workload::Action;

use super::{Power, Simulation};

impl Simulation<'_> {
    /// A person acts through their own server; a server that is down answers nobody.
    pub(super) fn act(&mut self, now: SimTime, action: &Action, ticket: Ticket) {
        let server = match action {
            Action::PurgeHistory { server, .. } => *server,
            _ => self
                .world
                .home(actor(action).expect("every other action has an actor")),
        };
        if self.power[server.index()] != Power::Up {
            return self.done(ticket, Err(Refusal::UNREACHABLE));
        }
        match room_of(action) {
            Some(room) => {
                self.advance(room, now);
                self.touched.insert(room);
            }
            None if matches!(action, Action::Deactivate { .. }) => self.touch_server(server, now),
            None => {}
        }
        if let Action::Upload { media, .. } = action {
            for homeserver in &mut self.servers {
                homeserver.media.origins.insert(*media, server);
            }
        }
        self.decide(server, |homeserver, context| {
            homeserver.act(context, ticket, action)
        });
        if let Some(room) = room_of(action)
            && self.servers[server.index()].db.rooms.contains_key(&room)
        {
            self.present[room.index()].insert(server);
        }
        self.note_renewal(now, server, action);
    }

    /// A lost account that is there again goes into the journal.
    fn note_renewal(&mut self, now: SimTime, server: ServerId, action: &Action) {
        if let Action::Register { who, .. } = action
            && self.servers[server.index()].can_act(*who)
            && self.losses.iter().any(|loss| loss.accounts.contains(who))
        {
            let what = What::Account(*who);
            self.journal.write(Fact::Gained {
                at: now,
                server,
                what,
                path: Path::Anew,
                from: server,
            });
        }
    }

    /// An action is answered.
    pub(super) fn done(&mut self, ticket: Ticket, outcome: matrix::Outcome) {
        if ticket != 0 {
            self.answered.entry(ticket).or_default().outcome = Some(outcome);
        }
    }

    /// One pass of a scroll is over.
    pub(super) fn shown(&mut self, ticket: Ticket, items: Vec<EventNo>, pages: u32) {
        if ticket != 0 {
            self.answered
                .entry(ticket)
                .or_default()
                .passes
                .push((items, pages));
        }
    }
}

/// The room that an action is about.
fn room_of(action: &Action) -> Option<RoomId> {
    match action {
        Action::CreateRoom { room, .. }
        | Action::Invite { room, .. }
        | Action::Join { room, .. }
        | Action::Leave { room, .. }
        | Action::Kick { room, .. }
        | Action::Ban { room, .. }
        | Action::Unban { room, .. }
        | Action::Send { room, .. }
        | Action::SetState { room, .. }
        | Action::SetPower { room, .. }
        | Action::Redact { room, .. }
        | Action::Scroll { room, .. }
        | Action::JumpToDate { room, .. }
        | Action::PurgeHistory { room, .. } => Some(*room),
        Action::Register { .. }
        | Action::Login { .. }
        | Action::CheckSession { .. }
        | Action::SetPassword { .. }
        | Action::Deactivate { .. }
        | Action::Upload { .. }
        | Action::Download { .. } => None,
    }
}
