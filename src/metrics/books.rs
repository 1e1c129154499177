//! The final books, as metrics see them: who holds what, without a word of any protocol.

use std::collections::{BTreeMap, BTreeSet};

use rangemap::RangeSet;

use crate::journal::{EventNo, MediaId, RoomId, ServerId, UserId};
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
    /// Missing items from which what lies behind them could be fetched.
    pub edges: BTreeSet<EventNo>,
    /// Items that could not be fetched, and are not tried for a while.
    pub failed: BTreeSet<EventNo>,
    /// Local users who are members, as the server believes.
    pub members: BTreeSet<UserId>,
}

impl Holding {
    /// Items that it has with their content.
    pub fn whole(&self) -> Items {
        minus(&self.items, &self.shells)
    }
}

/// Items that a server lost, and when.
#[derive(Debug, Clone)]
pub struct ItemLoss {
    /// The moment.
    pub at: SimTime,
    /// Items held before and not after, per room.
    pub items: BTreeMap<RoomId, Items>,
    /// Items that another server held then, dead ones aside.
    pub elsewhere: BTreeMap<RoomId, Items>,
}

/// What the measured server lost, and when.
#[derive(Debug, Clone)]
pub struct LossBooks {
    /// The moment.
    pub at: SimTime,
    /// The backup's point in time; none if no backup took the place.
    pub backup_at: Option<SimTime>,
    /// Items held before and not after, per room.
    pub items: BTreeMap<RoomId, Items>,
    /// Items that another server held then, dead ones aside.
    pub elsewhere: BTreeMap<RoomId, Items>,
    /// Rooms known before and not after.
    pub rooms: BTreeSet<RoomId>,
    /// Memberships of local users before and not after.
    pub memberships: BTreeSet<(RoomId, UserId)>,
    /// Accounts.
    pub accounts: BTreeSet<UserId>,
    /// Accounts whose password went back to an earlier one.
    pub passwords: BTreeSet<UserId>,
}

/// Files that hang on messages, by the time at which they were made: which of them a server has lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileGaps {
    /// The database has no row of those made then.
    pub rows: RangeSet<SimTime>,
    /// The store has no file of those made then.
    pub files: RangeSet<SimTime>,
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
    /// Servers with a copy of each room, in order.
    pub holders: Vec<Vec<ServerId>>,
    /// Servers in whose database there is a copy of each room, in order: those, or a central service's operator alone.
    pub copies: Vec<Vec<ServerId>>,
    /// Servers that are not dead.
    pub alive: Vec<bool>,
    /// Uptime of each server, of 1000.
    pub up_per_mille: Vec<u32>,
    /// Accounts of the measured server at the end, and how often each password was changed.
    pub accounts: BTreeMap<UserId, u32>,
    /// Number of accounts of each server at the end.
    pub users: Vec<u64>,
    /// How long the measured server's own policy keeps messages, for each room.
    pub lifetimes: Vec<Option<SimDuration>>,
    /// How long each user wants messages to be kept, at most; empty if nobody is said to want anything.
    pub personal_wishes: Vec<Option<SimDuration>>,
    /// Files that the measured server's users uploaded by script and that can be viewed.
    pub own_media: BTreeSet<MediaId>,
    /// Of these users' files: those of which a live peer has a copy.
    pub copied_media: BTreeSet<MediaId>,
    /// Own files that could be viewed before a loss and not after it.
    pub lost_media: BTreeSet<MediaId>,
    /// Files of messages that the measured server has lost.
    pub file_gaps: FileGaps,
    /// How long the server keeps own files at which nobody looks.
    pub own_file_lifetime: Option<SimDuration>,
    /// Is a copy of a remote file lost for good while the database still lists it?
    pub copies_blocked: bool,
    /// Do peers give the server its own lost files back?
    pub own_files_return: bool,
    /// What is signed with the measured server's key of before cannot be verified any more.
    pub key_lost: bool,
    /// The loss, if there was one.
    pub loss: Option<LossBooks>,
}

impl Books<'_> {
    /// Live servers with a copy of a room, other than `server`, and their copies.
    pub(super) fn others(&self, server: ServerId, room: RoomId) -> impl Iterator<Item = &Holding> {
        let holders = self.holders[room.index()].iter();
        let others = holders.filter(move |holder| **holder != server);
        let alive = others.filter(|holder| self.alive[holder.index()]);
        alive.map(move |holder| &self.holdings[holder.index()][&room])
    }
}

/// `a` without `b`.
pub fn minus(a: &Items, b: &Items) -> Items {
    let mut left = a.clone();
    b.iter().for_each(|range| left.remove(range.clone()));
    left
}

/// What is in both.
pub fn both(a: &Items, b: &Items) -> Items {
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
