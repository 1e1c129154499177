//! Who is in a room: in a state, and after its newest item.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::RoomLog;
use crate::journal::{EventNo, ServerId, UserId};
use crate::room::{Body, Membership, StateKey, StateMap};

/// Who is in a room.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// Users joined, in order.
    pub members: Vec<UserId>,
    /// Their servers, with the smallest depth of a join.
    pub hosts: BTreeMap<ServerId, u32>,
}

impl RoomLog {
    /// The membership that a member event sets.
    pub fn membership(&self, no: EventNo) -> Option<Membership> {
        match self.single(no)?.body {
            Body::Member { membership, .. } => Some(membership),
            _ => None,
        }
    }

    /// A user's membership in a state.
    pub fn membership_in(&self, state: &StateMap, user: UserId) -> Option<Membership> {
        state
            .get(&StateKey::Member(user))
            .and_then(|no| self.membership(*no))
    }

    /// Users joined in a state, in order.
    pub fn joined<'a>(&'a self, state: &'a StateMap) -> impl Iterator<Item = UserId> + 'a {
        // Most servers believe in the newest item's state, whose members are known.
        let known = self.is_newest(state).then(|| self.present());
        let read = known.is_none().then(|| self.read_joined(state));
        let known = known.into_iter().flat_map(|present| {
            let number = present.members.len();
            (0..number).map(move |i| present.members[i])
        });
        known.chain(read.into_iter().flatten())
    }

    fn read_joined<'a>(&'a self, state: &'a StateMap) -> impl Iterator<Item = UserId> + 'a {
        let first = StateKey::Member(UserId(0));
        state.range(first..).filter_map(|(key, no)| match key {
            StateKey::Member(user) if self.membership(*no) == Some(Membership::Join) => Some(*user),
            _ => None,
        })
    }

    /// Has the server a user joined in a state?
    pub fn is_inside(&self, state: &StateMap, server: ServerId) -> bool {
        if self.is_newest(state) {
            return self.present().hosts.contains_key(&server);
        }
        let mut joined = self.read_joined(state);
        joined.any(|user| self.home(user) == server)
    }

    /// Is it that after the newest item?
    fn is_newest(&self, state: &StateMap) -> bool {
        let newest = self.newest_state();
        newest.is_some_and(|newest| newest.ptr_eq(state))
    }

    /// The state after the newest item, if there is one.
    pub fn newest_state(&self) -> Option<&StateMap> {
        self.states.last_key_value().map(|(_, newest)| newest)
    }

    /// Servers with a user joined in a state: server and the smallest depth of a join, in order of
    /// server.
    pub fn hosts(&self, state: &StateMap) -> BTreeMap<ServerId, u32> {
        if self.is_newest(state) {
            return self.present().hosts.clone();
        }
        self.read_hosts(state)
    }

    /// The same without the depths, in order.
    pub fn host_servers(&self, state: &StateMap) -> Vec<ServerId> {
        match self.is_newest(state) {
            true => self.present().hosts.keys().copied().collect(),
            false => self.read_hosts(state).into_keys().collect(),
        }
    }

    fn read_hosts(&self, state: &StateMap) -> BTreeMap<ServerId, u32> {
        let mut hosts = BTreeMap::new();
        for user in self.read_joined(state) {
            let depth = self.depth(state[&StateKey::Member(user)]);
            let oldest = hosts.entry(self.home(user)).or_insert(depth);
            *oldest = depth.min(*oldest);
        }
        hosts
    }

    /// Who is in the room after the newest item.
    pub fn present(&self) -> Rc<Present> {
        let Some((since, state)) = self.states.last_key_value() else {
            return Rc::default();
        };
        let mut kept = self.present.borrow_mut();
        match &*kept {
            Some((of, present)) if of == since => Rc::clone(present),
            _ => {
                let present = Rc::new(Present {
                    members: self.read_joined(state).collect(),
                    hosts: self.read_hosts(state),
                });
                *kept = Some((*since, Rc::clone(&present)));
                present
            }
        }
    }
}
