//! The final books, put into the words of the metrics: from here on nobody knows the protocol.

use std::collections::BTreeMap;

use crate::journal::{ServerId, UserId, Why};
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
            lifetime: own
                .rules
                .default_max_lifetime
                .filter(|_| own.rules.retention_enabled),
            own_media: own
                .db
                .local_media
                .intersection(&own.media.local)
                .copied()
                .collect(),
            own_files_return: own.rules.media_own_refetch,
            loss: self.loss(measured),
        }
    }

    /// The last restore of a server is its loss; an incomplete copy before it is a part of the same story,
    /// so what was held before either counts.
    fn loss(&self, server: ServerId) -> Option<LossBooks> {
        let own: Vec<_> = self
            .losses
            .iter()
            .filter(|loss| loss.server == server)
            .collect();
        let last = own.iter().rev().find(|loss| loss.why == Why::Restore)?;
        let mut all = LossBooks {
            at: own.first()?.at,
            backup_at: last.backup_at?,
            items: BTreeMap::new(),
            rooms: Default::default(),
            memberships: Default::default(),
            accounts: Default::default(),
            passwords: Default::default(),
        };
        for loss in &own {
            for (room, items) in &loss.items {
                let sum = all.items.entry(*room).or_default();
                items.iter().for_each(|range| sum.insert(range.clone()));
            }
            all.rooms.extend(&loss.rooms);
            all.memberships.extend(&loss.memberships);
            all.accounts.extend(&loss.accounts);
            all.passwords.extend(&loss.passwords);
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
        all.at = last.at;
        Some(all)
    }
}

fn holdings(server: &Homeserver, logs: &[RoomLog]) -> BTreeMap<crate::journal::RoomId, Holding> {
    let holding = |replica: &Replica, log: &RoomLog| Holding {
        items: visible(replica),
        shells: replica.shells.clone(),
        state_only: replica.outliers.clone(),
        inside: replica.in_room(log, server.id),
        gap: !replica.backward.is_empty(),
        pull_failed: !replica.failed_pulls.is_empty(),
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

/// Items that users are shown: soft-failed and rejected ones are not.
fn visible(replica: &Replica) -> crate::metrics::Items {
    let mut items = replica.timeline.clone();
    for hidden in [&replica.soft, &replica.rejected] {
        hidden.iter().for_each(|range| items.remove(range.clone()));
    }
    items
}
