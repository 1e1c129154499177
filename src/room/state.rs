//! Room state: for each kind of state and key, the number of the event that set it.

use imbl::ordmap::DiffItem;

use crate::journal::{EventNo, UserId};

/// Event type and state key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKey {
    /// `m.room.create`
    Create,
    /// `m.room.power_levels`
    PowerLevels,
    /// `m.room.join_rules`
    JoinRules,
    /// `m.room.history_visibility`
    HistoryVisibility,
    /// `m.room.guest_access`
    GuestAccess,
    /// `m.room.name`
    Name,
    /// `m.room.topic`
    Topic,
    /// `m.room.avatar`
    Avatar,
    /// `m.room.encryption`
    Encryption,
    /// `m.room.retention`
    Retention,
    /// `m.room.member`
    Member(UserId),
}

/// State at some place of the room graph; versions share what they have in common.
pub type StateMap = imbl::OrdMap<StateKey, EventNo>;

/// Keys whose event differs between two states; cheap where these have much in common.
pub fn changed_keys(before: &StateMap, after: &StateMap) -> impl Iterator<Item = StateKey> {
    before.diff(after).map(|change| match change {
        DiffItem::Add(key, _) | DiffItem::Remove(key, _) => *key,
        DiffItem::Update { old: (key, _), .. } => *key,
    })
}
