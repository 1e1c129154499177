//! The final books, put into the words of the metrics: from here on nobody knows the protocol.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Fact, MediaId, Path, ServerId, UserId, What, Why};
use crate::metrics::{Books, Holding, LossBooks};
use crate::protocol::matrix::{Homeserver, Replica};
use crate::room::RoomLog;
use crate::world::World;

use super::Outcome;

impl Outcome {
    /// Everything at the end, seen from one server whose losses are measured.
    pub fn books<'a>(&'a self, world: &'a World, measured: ServerId) -> Books<'a> {
        let own = &self.servers[measured.index()];
        Books {
            measured,
            end: world.end,
            names: world
                .servers
                .iter()
                .map(|server| server.name.clone())
                .collect(),
            rooms: &world.rooms,
            logs: &self.logs,
            holdings: self
                .servers
                .iter()
                .map(|server| holdings(server, &self.logs))
                .collect(),
            alive: self.alive.clone(),
            up_per_mille: self
                .servers
                .iter()
                .map(|server| self.ups.per_mille(server.id, world.end))
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
            lifetimes: world
                .rooms
                .iter()
                .map(|room| own.rules.kept_for(room.max_lifetime))
                .collect(),
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

    /// Files of which a live peer has a copy.
    fn copied_media(&self, measured: ServerId) -> BTreeSet<MediaId> {
        let peers = self.servers.iter().filter(|server| server.id != measured);
        let alive = peers.filter(|server| self.alive[server.id.index()]);
        alive.flat_map(Homeserver::copied_files).collect()
    }

    /// The last restore of a server is its loss, or an incomplete copy if there was none; those before it are a
    /// part of the same story, so what was held before any of them counts.
    fn loss(&self, server: ServerId) -> Option<LossBooks> {
        let own: Vec<_> = self
            .losses
            .iter()
            .filter(|loss| loss.server == server)
            .collect();
        let restore = own.iter().rposition(|loss| loss.why == Why::Restore);
        let last = restore.unwrap_or(own.len().checked_sub(1)?);
        let (own, last) = (&own[..=last], own[last]);
        let mut all = LossBooks {
            at: last.at,
            backup_at: last.backup_at,
            items: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            rooms: Default::default(),
            memberships: Default::default(),
            accounts: Default::default(),
            passwords: Default::default(),
        };
        for loss in own {
            for (room, items) in &loss.items {
                let sum = all.items.entry(*room).or_default();
                items.iter().for_each(|range| sum.insert(range.clone()));
            }
            for (room, items) in &loss.elsewhere {
                let sum = all.elsewhere.entry(*room).or_default();
                items.iter().for_each(|range| sum.insert(range.clone()));
            }
            all.rooms.extend(&loss.rooms);
            all.memberships.extend(&loss.memberships);
            all.accounts.extend(&loss.accounts);
            all.passwords.extend(loss.passwords.keys());
        }
        // What the incomplete copy lacked and the backup has came back with the restore.
        let db = &self.restored[&server];
        for (room, held) in db {
            if let Some(items) = all.items.get_mut(room) {
                held.iter().for_each(|range| items.remove(range.clone()));
            }
            all.rooms.remove(room);
        }
        all.items.retain(|_, items| !items.is_empty());
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

fn holdings(server: &Homeserver, logs: &[RoomLog]) -> BTreeMap<crate::journal::RoomId, Holding> {
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
fn shells(replica: &Replica, log: &RoomLog) -> crate::metrics::Items {
    let mut shells = replica.shells.clone();
    shells.extend(replica.redacted(log).iter().cloned());
    shells
}

/// Items that users are shown: soft-failed and rejected ones are not.
fn visible(replica: &Replica) -> crate::metrics::Items {
    let mut items = replica.timeline.clone();
    for hidden in [&replica.soft, &replica.rejected] {
        hidden.iter().for_each(|range| items.remove(range.clone()));
    }
    items
}
