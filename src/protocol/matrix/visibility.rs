//! Who may see an event: servers that ask for it, and users that page through it (reference 3.4).

use std::ops::Range;

use crate::journal::{EventNo, ServerId, UserId};
use crate::room::{Body, Membership, RoomLog, StateKey, StateMap};
use crate::workload::Visibility;

/// `m.room.history_visibility` in a state; shared where there is none.
pub(super) fn history_visibility(log: &RoomLog, state: &StateMap) -> Visibility {
    state
        .get(&StateKey::HistoryVisibility)
        .and_then(|no| log.single(*no))
        .and_then(|pdu| match pdu.body {
            Body::HistoryVisibility(visibility) => Some(visibility),
            _ => None,
        })
        .unwrap_or(Visibility::Shared)
}

/// May a server see the content of an event? Under `invited` and `joined`, if one of its users was invited
/// or joined at that event.
pub(super) fn server_sees(log: &RoomLog, no: EventNo, server: ServerId) -> bool {
    let state = log.state_after(no);
    let visibility = history_visibility(log, state);
    if matches!(visibility, Visibility::WorldReadable | Visibility::Shared) {
        return true;
    }
    state
        .range(StateKey::Member(UserId(0))..)
        .any(|(key, member)| match key {
            StateKey::Member(user) if log.home(*user) == server => match log.membership(*member) {
                Some(Membership::Join) => true,
                Some(Membership::Invite) => visibility == Visibility::Invited,
                _ => false,
            },
            _ => false,
        })
}

/// As `server_sees`, for one event after the other: neighbours mostly stand in the same state.
pub(super) struct ServerView<'a> {
    log: &'a RoomLog,
    server: ServerId,
    last: (Range<EventNo>, bool),
}

impl<'a> ServerView<'a> {
    pub(super) fn new(log: &'a RoomLog, server: ServerId) -> Self {
        ServerView {
            log,
            server,
            last: (0..0, false),
        }
    }

    pub(super) fn sees(&mut self, no: EventNo) -> bool {
        if !self.last.0.contains(&no) {
            let sees = server_sees(self.log, no, self.server);
            self.last = (self.log.with_same_state(no), sees);
        }
        self.last.1
    }
}

/// May a user see an event that is stored in its place? One who is not and was not in the room, so only
/// peeks at it, sees less. (Synapse, `filter_and_transform_events_for_client`.)
pub(super) fn user_sees(log: &RoomLog, no: EventNo, user: UserId, is_peeking: bool) -> bool {
    let state = log.state_after(no);
    let then = log.membership_in(state, user);
    // A user's own membership event is always visible, and with it the better of before and after.
    if log.state_key(no) == Some(StateKey::Member(user)) || then == Some(Membership::Join) {
        return true;
    }
    match history_visibility(log, state) {
        Visibility::WorldReadable => true,
        Visibility::Shared => !is_peeking,
        Visibility::Invited => then == Some(Membership::Invite),
        Visibility::Joined => false,
    }
}
