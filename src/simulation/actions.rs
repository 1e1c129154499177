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
                match action {
                    Action::Scroll { .. } => self.touch_copy(room, server),
                    _ => self.touch_room(room),
                }
            }
            None if matches!(action, Action::Deactivate { .. }) => self.touch_server(server, now),
            None => {}
        }
        if let Action::Upload { media, .. } = action {
            for homeserver in &mut self.servers {
                homeserver.media.origins.insert(*media, server);
            }
        }
        if room_of(action).is_none() {
            self.disturbed.insert(server);
        }
        let before = self.account_of(action);
        self.decide(server, |homeserver, context| {
            homeserver.act(context, ticket, action)
        });
        if let Some(room) = room_of(action)
            && self.servers[server.index()].db.rooms.contains_key(&room)
        {
            self.note_present(server, room);
        }
        self.note_account(now, server, action, before);
    }

    /// How often the password of the account that an action makes or changes was changed; none if the action
    /// is about no account, or there is none.
    fn account_of(&self, action: &Action) -> Option<u32> {
        let (Action::Register { who, .. } | Action::SetPassword { who, .. }) = action else {
            return None;
        };
        let server = self.world.home(*who);
        let account = self.servers[server.index()].db.accounts.get(who);
        account.map(|account| account.password_changes)
    }

    /// A new account and a new password go into the journal.
    fn note_account(
        &mut self,
        now: SimTime,
        server: ServerId,
        action: &Action,
        before: Option<u32>,
    ) {
        let what = match (action, before, self.account_of(action)) {
            (Action::Register { who, .. }, None, Some(_)) => What::Account(*who),
            (Action::SetPassword { who, .. }, Some(old), Some(new)) if new > old => {
                What::Password(*who, new)
            }
            _ => return,
        };
        self.journal.write(Fact::Gained {
            at: now,
            server,
            what,
            path: Path::Anew,
            from: server,
        });
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
