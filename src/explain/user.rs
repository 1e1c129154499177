//! What a loss took from a user, and what came back.

use serde::Serialize;

use crate::journal::{RoomId, UserId, What};
use crate::kernel::SimTime;
use crate::room::{Body, Membership, RoomLog};

use super::Account;
use super::item::Step;
use super::past::View;

/// What became of one user, as the user's own server has it.
#[derive(Debug, Clone, Serialize)]
pub struct UserStory {
    /// The user.
    pub user: String,
    /// The user's server.
    pub server: String,
    /// Is there an account of this name at the end?
    pub account: bool,
    /// What befell the account, in order of time.
    pub steps: Vec<Step>,
    /// What befell the password: changed (`gained`), or gone back to an earlier one (`lost`).
    pub passwords: Vec<Step>,
    /// The rooms in which the user was ever a member.
    pub rooms: Vec<Belonging>,
    /// All messages that the user made.
    pub messages: Account,
    /// The end of the run.
    pub end: SimTime,
}

/// A user's place in a room.
#[derive(Debug, Clone, Serialize)]
pub struct Belonging {
    /// The room.
    pub room: String,
    /// Does the user's own server hold the user for a member, at the end?
    pub member: bool,
    /// What befell the membership on the user's server, in order of time.
    pub steps: Vec<Step>,
    /// The user's messages there.
    pub messages: Account,
}

impl View<'_> {
    pub(super) fn user(&self, user: UserId) -> UserStory {
        let rooms = (0..self.books.rooms.len() as u32).map(RoomId);
        let belonged = rooms.filter(|room| was_in(&self.books.logs[room.index()], user));
        let rooms: Vec<Belonging> = belonged.map(|room| self.belonging(room, user)).collect();
        let mut messages = Account::default();
        rooms.iter().for_each(|room| messages += room.messages);
        UserStory {
            user: self.user_name(user),
            server: self.server_name(self.of),
            account: self.books.accounts.contains_key(&user),
            steps: self.steps(|what| *what == What::Account(user)),
            passwords: self.steps(|what| matches!(*what, What::Password(of, _) if of == user)),
            rooms,
            messages,
            end: self.books.end,
        }
    }

    fn belonging(&self, room: RoomId, user: UserId) -> Belonging {
        let log = &self.books.logs[room.index()];
        let items = self.items(room);
        let mut messages = Account::default();
        let own = (0..log.len()).filter(|no| log.state_key(*no).is_none());
        own.filter(|no| log.author(*no).0 == user)
            .for_each(|no| messages.add(&items, no));
        let copy = self.books.holdings[self.of.index()].get(&room);
        Belonging {
            room: self.room_name(room),
            member: copy.is_some_and(|copy| copy.members.contains(&user)),
            steps: self.steps(|what| *what == What::Membership(room, user)),
            messages,
        }
    }
}

/// Was the user ever a member of the room?
fn was_in(log: &RoomLog, user: UserId) -> bool {
    let states = log.state_events(0, log.len()).iter();
    states.filter_map(|no| log.single(*no)).any(|pdu| {
        matches!(pdu.body, Body::Member { who, membership: Membership::Join, .. } if who == user)
    })
}
