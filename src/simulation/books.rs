//! The final books, put into the words of the metrics: from here on nobody knows the protocol.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Fact, MediaId, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::SimDuration;
use crate::metrics::{Books, Holding, ItemLoss, Items, LossBooks};
use crate::protocol::matrix::{Homeserver, Replica};
use crate::room::RoomLog;
use crate::world::World;

use super::{Loss, Outcome};

impl Outcome {
    /// Everything at the end, seen from one server whose losses are measured.
    pub fn books<'a>(&'a self, world: &'a World, measured: ServerId) -> Books<'a> {
        let own = &self.servers[measured.index()];
        let holdings: Vec<_> = self
            .servers
            .iter()
            .map(|server| holdings(server, &self.logs))
            .collect();
        Books {
            measured,
            end: self.end,
            names: world
                .servers
                .iter()
                .map(|server| server.name.clone())
                .collect(),
            rooms: &world.rooms,
            logs: &self.logs,
            holders: holders(&holdings, world.rooms.len()),
            copies: holders(&holdings, world.rooms.len()),
            holdings,
            alive: self.alive.clone(),
            up_per_mille: self
                .servers
                .iter()
                .map(|server| self.ups.per_mille(server.id, self.end))
                .collect(),
            accounts: own
                .db
                .accounts
                .iter()
                .map(|(user, account)| (*user, account.password_changes))
                .collect(),
            users: self
                .servers
                .iter()
                .map(|server| server.db.accounts.len() as u64)
                .collect(),
            lifetimes: (0..world.rooms.len() as u32)
                .map(|room| self.kept_for(world, measured, RoomId(room)))
                .collect(),
            personal_wishes: world.personal_wishes(),
            own_media: own.viewable_files().collect(),
            copied_media: self.copied_media(measured),
            lost_media: self.lost_media[measured.index()].clone(),
            file_gaps: self.files[measured.index()].clone(),
            own_file_lifetime: own.rules.local_media_lifetime,
            copies_blocked: own.rules.remote_media_row_blocks_refetch,
            own_files_return: own.rules.media_own_refetch,
            key_lost: own.key.unlisted_before.is_some(),
            loss: self.loss(measured),
        }
    }

    /// How long a server keeps whole messages of a room, at the end; none: for ever.
    pub fn kept_for(&self, world: &World, server: ServerId, room: RoomId) -> Option<SimDuration> {
        let homeserver = &self.servers[server.index()];
        if homeserver.rules.purges_only_own() {
            return None;
        }
        let (log, spec) = (&self.logs[room.index()], world.room(room));
        homeserver.keeps(log, spec, spec.max_lifetime, self.end)
    }

    /// Files of which a live peer has a copy.
    fn copied_media(&self, measured: ServerId) -> BTreeSet<MediaId> {
        let peers = self.servers.iter().filter(|server| server.id != measured);
        let alive = peers.filter(|server| self.alive[server.id.index()]);
        alive.flat_map(Homeserver::copied_files).collect()
    }

    /// What each server lost that ever lost items.
    pub fn item_losses(&self) -> BTreeMap<ServerId, ItemLoss> {
        let mut own: BTreeMap<ServerId, Vec<&Loss>> = BTreeMap::new();
        for loss in &self.losses {
            own.entry(loss.server).or_default().push(loss);
        }
        own.into_iter()
            .filter_map(|(server, own)| Some((server, self.item_loss(story(&own)?))))
            .collect()
    }

    fn item_loss(&self, story: &[&Loss]) -> ItemLoss {
        let last = story[story.len() - 1];
        let mut all = ItemLoss {
            at: last.at,
            items: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        };
        for loss in story {
            add(&mut all.items, &loss.items);
            add(&mut all.elsewhere, &loss.elsewhere);
        }
        // What the incomplete copy lacked and the backup has came back with the restore.
        for (room, held) in &self.restored[&last.server] {
            if let Some(items) = all.items.get_mut(room) {
                held.iter().for_each(|range| items.remove(range.clone()));
            }
        }
        all.items.retain(|_, items| !items.is_empty());
        all
    }

    fn loss(&self, server: ServerId) -> Option<LossBooks> {
        let own = self.losses.iter().filter(|loss| loss.server == server);
        let own: Vec<_> = own.collect();
        let story = story(&own)?;
        let last = story[story.len() - 1];
        let of_items = self.item_loss(story);
        let mut all = LossBooks {
            at: last.at,
            backup_at: last.backup_at,
            items: of_items.items,
            elsewhere: of_items.elsewhere,
            rooms: Default::default(),
            memberships: Default::default(),
            accounts: Default::default(),
            passwords: Default::default(),
        };
        for loss in story {
            all.rooms.extend(&loss.rooms);
            all.memberships.extend(&loss.memberships);
            all.accounts.extend(&loss.accounts);
            all.passwords.extend(loss.passwords.keys());
        }
        let db = &self.restored[&server];
        all.rooms.retain(|room| !db.contains_key(room));
        all.memberships
            .retain(|key| last.memberships.contains(key) || !db.contains_key(&key.0));
        let back = |user: &UserId| {
            self.journal.facts().iter().any(|fact| {
                matches!(fact, Fact::Gained { at, server: of, what: What::Account(who), path: Path::Restore, .. }
                    if *of == server && who == user && *at == last.at)
            })
        };
        all.accounts.retain(|user| !back(user));
        Some(all)
    }
}

/// The last restore of a server is its loss, or an incomplete copy if there was none; those before it are a part of
/// the same story, so what was held before any of them counts.
fn story<'a, 'b>(losses: &'a [&'b Loss]) -> Option<&'a [&'b Loss]> {
    let restore = losses.iter().rposition(|loss| loss.why == Why::Restore);
    let last = restore.or(losses.len().checked_sub(1))?;
    Some(&losses[..=last])
}

fn add(sum: &mut BTreeMap<RoomId, Items>, more: &BTreeMap<RoomId, Items>) {
    for (room, items) in more {
        sum.entry(*room).or_default().extend(items.iter().cloned());
    }
}

/// Servers with a copy of each room.
fn holders(holdings: &[BTreeMap<RoomId, Holding>], rooms: usize) -> Vec<Vec<ServerId>> {
    let mut holders = vec![Vec::new(); rooms];
    for (number, holdings) in holdings.iter().enumerate() {
        for room in holdings.keys() {
            holders[room.index()].push(ServerId(number as u32));
        }
    }
    holders
}

fn holdings(server: &Homeserver, logs: &[RoomLog]) -> BTreeMap<RoomId, Holding> {
    let holding = |replica: &Replica, log: &RoomLog| Holding {
        items: visible(replica),
        shells: shells(replica, log),
        state_only: replica.outliers.clone(),
        inside: replica.in_room(log, server.id),
        edges: replica.backward.iter().copied().collect(),
        failed: replica.failed_pulls.keys().copied().collect(),
        members: log
            .joined(&replica.state)
            .filter(|user: &UserId| log.home(*user) == server.id)
            .collect(),
    };
    server
        .db
        .rooms
        .iter()
        .map(|(room, replica)| (*room, holding(replica, &logs[room.index()])))
        .collect()
}

/// Items without their content: given so, or redacted.
fn shells(replica: &Replica, log: &RoomLog) -> Items {
    let mut shells = replica.shells.clone();
    shells.extend(replica.redacted(log).iter().cloned());
    shells
}

/// Items that users are shown: soft-failed and rejected ones are not.
fn visible(replica: &Replica) -> Items {
    let mut items = replica.timeline.clone();
    for hidden in [&replica.soft, &replica.rejected] {
        hidden.iter().for_each(|range| items.remove(range.clone()));
    }
    items
}
