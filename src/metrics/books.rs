//! The final books, as metrics see them: who holds what, without a word of any protocol.

use std::collections::{BTreeMap, BTreeSet};

use rangemap::RangeSet;

use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::RoomLog;
use crate::workload::RoomSpec;

/// Numbers of items, as ranges.
pub type Items = RangeSet<EventNo>;

/// One server's copy of one room at the end.
#[derive(Debug, Clone, Default)]
pub struct Holding {
    /// Items it has, content or not.
    pub items: Items,
    /// Of these: without their content.
    pub shells: Items,
    /// State that it knows besides.
    pub state_only: Items,
    /// Does the server believe that one of its users is in the room?
    pub inside: bool,
    /// Is a part of the history missing at a place from which it could be fetched?
    pub gap: bool,
    /// Did fetching fail, so that it is not tried for a while?
    pub pull_failed: bool,
    /// Local users who are members, as the server believes.
    pub members: BTreeSet<UserId>,
}

/// What the measured server lost, and when.
#[derive(Debug, Clone)]
pub struct LossBooks {
    /// The moment.
    pub at: SimTime,
    /// The backup's point in time.
    pub backup_at: SimTime,
    /// Items held before and not after, per room.
    pub items: BTreeMap<RoomId, Items>,
    /// Rooms known before and not after.
    pub rooms: BTreeSet<RoomId>,
    /// Memberships of local users before and not after.
    pub memberships: BTreeSet<(RoomId, UserId)>,
    /// Accounts.
    pub accounts: BTreeSet<UserId>,
    /// Passwords changed since the backup.
    pub passwords: BTreeSet<UserId>,
}

/// Everything at the end.
#[derive(Debug)]
pub struct Books<'a> {
    /// The measured server.
    pub measured: ServerId,
    /// The last moment.
    pub end: SimTime,
    /// Names of servers.
    pub names: Vec<String>,
    /// Names of rooms and what else describes them.
    pub rooms: &'a [RoomSpec],
    /// What the items are.
    pub logs: &'a [RoomLog],
    /// Copies, per server.
    pub holdings: Vec<BTreeMap<RoomId, Holding>>,
    /// Servers that are not dead.
    pub alive: Vec<bool>,
    /// Uptime of each server, of 1000.
    pub up_per_mille: Vec<u32>,
    /// Accounts of the measured server at the end, and how often each password was changed.
    pub accounts: BTreeMap<UserId, u32>,
    /// Number of accounts of each server at the end.
    pub users: Vec<u64>,
    /// How long the measured server's own policy keeps messages.
    pub lifetime: Option<SimDuration>,
    /// Files that the measured server's users uploaded by script and that can be viewed.
    pub own_media: BTreeSet<crate::journal::MediaId>,
    /// Do peers give the server its own lost files back?
    pub own_files_return: bool,
    /// The loss, if there was one.
    pub loss: Option<LossBooks>,
}

/// `a` without `b`.
pub(super) fn minus(a: &Items, b: &Items) -> Items {
    let mut left = a.clone();
    b.iter().for_each(|range| left.remove(range.clone()));
    left
}

/// What is in both.
pub(super) fn both(a: &Items, b: &Items) -> Items {
    let mut common = Items::new();
    for range in a.iter() {
        for other in b.overlapping(range.clone()) {
            common.insert(range.start.max(other.start)..range.end.min(other.end));
        }
    }
    common
}

/// What is in either.
pub(super) fn either(a: &Items, b: &Items) -> Items {
    let mut all = a.clone();
    b.iter().for_each(|range| all.insert(range.clone()));
    all
}
