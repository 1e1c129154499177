//! Accounts, passwords, sessions: purely local, never federated (reference 4.4).

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{RoomId, UserId};
use crate::room::Membership;

use super::Homeserver;
use super::outbox::{Answer, Context, NOBODY, Outcome, Refusal};

/// Names one session; clients never use a name twice.
pub(super) type SessionId = u64;

/// A row of `users`, with its sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The password.
    pub password: String,
    /// How often the password was changed.
    pub password_changes: u32,
    /// Valid sessions.
    pub sessions: BTreeSet<SessionId>,
    /// No longer usable.
    pub deactivated: bool,
}

/// The clients of a server's users: the sessions that they remember, in order of making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clients {
    sessions: BTreeMap<UserId, Vec<(String, SessionId)>>,
    next: SessionId,
}

/// The session that a registration makes.
const FIRST_SESSION: &str = "register";

impl Homeserver {
    /// Uses a session of the account that is still valid. Clients forget none, so any will do.
    pub(super) fn authenticate(&self, user: UserId) -> Outcome {
        let account = self.db.accounts.get(&user);
        if account.is_some_and(|account| !account.sessions.is_empty()) {
            Ok(())
        } else {
            Err(Refusal::UNKNOWN_TOKEN)
        }
    }

    /// Has this user a session that works?
    pub fn can_act(&self, user: UserId) -> bool {
        self.authenticate(user).is_ok()
    }

    fn new_session(&mut self, user: UserId, label: &str) {
        self.clients.next += 1;
        let id = self.clients.next;
        self.clients
            .sessions
            .entry(user)
            .or_default()
            .push((label.to_owned(), id));
        self.db
            .accounts
            .entry(user)
            .or_default()
            .sessions
            .insert(id);
    }

    /// Registers a name. Only `users` is looked at, so a lost name is free for anybody.
    pub fn register(&mut self, user: UserId, password: &str) -> Outcome {
        if self.db.accounts.contains_key(&user) {
            return Err(Refusal::USER_IN_USE);
        }
        self.db.accounts.insert(
            user,
            Account {
                password: password.to_owned(),
                ..Account::default()
            },
        );
        self.new_session(user, FIRST_SESSION);
        Ok(())
    }

    /// Tells another server what a user is called, as far as the user is known.
    pub(super) fn serve_profile(&self, user: UserId) -> Answer {
        if self.db.accounts.contains_key(&user) {
            Answer::Fine
        } else {
            Answer::Refused(Refusal::NOT_FOUND)
        }
    }

    /// A deactivated account has no password any more.
    fn has_password(&self, user: UserId, password: &str) -> bool {
        let account = self.db.accounts.get(&user);
        account.is_some_and(|account| !account.deactivated && account.password == password)
    }

    /// Whoever changes an account must prove again to be its owner.
    fn prove(&self, user: UserId, password: &str) -> Outcome {
        self.authenticate(user)?;
        if self.has_password(user, password) {
            Ok(())
        } else {
            Err(Refusal::NOT_PROVED)
        }
    }

    pub(super) fn login(&mut self, user: UserId, password: &str, session: &str) -> Outcome {
        if !self.has_password(user, password) {
            return Err(Refusal::FORBIDDEN);
        }
        self.new_session(user, session);
        Ok(())
    }

    /// Logs a person in again, with whatever password the server knows now.
    pub fn log_in_again(&mut self, user: UserId) {
        if self
            .db
            .accounts
            .get(&user)
            .is_some_and(|account| !account.deactivated)
        {
            self.new_session(user, "again");
        }
    }

    pub(super) fn check_session(&self, user: UserId, session: &str) -> Outcome {
        let account = self.db.accounts.get(&user).ok_or(Refusal::UNKNOWN_TOKEN)?;
        let newest = self
            .clients
            .sessions
            .get(&user)
            .and_then(|all| all.iter().rev().find(|(label, _)| label == session))
            .ok_or(Refusal::UNKNOWN_TOKEN)?;
        if account.sessions.contains(&newest.1) {
            Ok(())
        } else {
            Err(Refusal::UNKNOWN_TOKEN)
        }
    }

    pub(super) fn set_password(&mut self, user: UserId, old: &str, password: &str) -> Outcome {
        self.prove(user, old)?;
        let account = self.db.accounts.get_mut(&user).expect("just authenticated");
        account.password = password.to_owned();
        account.password_changes += 1;
        Ok(())
    }

    /// Deactivates: sessions end, the user declines all invitations and leaves all rooms. With erasure, a row of
    /// `erased_users` has the user's messages given without content from now on; here and elsewhere copies stay (7.5).
    pub(super) fn deactivate(
        &mut self,
        ctx: &mut Context<'_>,
        user: UserId,
        password: &str,
        erase: bool,
    ) -> Outcome {
        self.prove(user, password)?;
        let rooms: Vec<RoomId> = self.db.rooms.keys().copied().collect();
        for room in rooms {
            let log = &ctx.logs[room.index()];
            let spec = &ctx.rooms[room.index()];
            let membership = self
                .replica(room, log, spec)
                .and_then(|replica| replica.local_membership(log, user));
            if matches!(membership, Some(Membership::Join | Membership::Invite)) {
                // A room that cannot be left stays; deactivation goes on.
                let _ = self.leave(ctx, room, user, NOBODY);
            }
        }
        let account = self.db.accounts.get_mut(&user).expect("just authenticated");
        account.deactivated = true;
        account.sessions.clear();
        if erase {
            self.db.erased.insert(user);
        }
        Ok(())
    }
}
