//! Going back to an older copy, and bringing an export: what is gone then, and what is there again.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Fact, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::SimTime;
use crate::metrics::Items;
use crate::protocol::central::Who;
use crate::room::{RoomLog, StateKey};
use crate::workload::RoomKind;

use super::Service;
use super::people::Account;
use super::store::{first_since, is_of, items, views, within};

/// What one failure took for good.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    /// When the failure was.
    pub(super) at: SimTime,
    /// The copy's point in time.
    pub(super) to: Option<SimTime>,
    /// All that was theirs.
    pub(super) who: Who,
    pub(super) items: BTreeMap<RoomId, Items>,
    pub(super) rooms: BTreeSet<RoomId>,
    pub(super) memberships: BTreeSet<(RoomId, UserId)>,
    pub(super) accounts: BTreeSet<UserId>,
    /// With the generation that was lost.
    pub(super) passwords: BTreeMap<UserId, u32>,
}

impl Service<'_> {
    /// What these had is what the copy of that moment has, and what was made since the failure.
    pub(super) fn go_back(
        &mut self,
        now: SimTime,
        who: Who,
        (to, failed): (Option<SimTime>, SimTime),
        redelete: bool,
    ) {
        let mut loss = Loss {
            at: failed,
            to,
            who,
            items: BTreeMap::new(),
            rooms: BTreeSet::new(),
            memberships: BTreeSet::new(),
            accounts: BTreeSet::new(),
            passwords: BTreeMap::new(),
        };
        self.lose_accounts(who, to, &mut loss);
        for room in 0..self.rooms.len() {
            let room = RoomId(room as u32);
            if self.rooms[room.index()]
                .owner
                .is_some_and(|owner| is_of(who, owner))
            {
                self.lose_items(room, &mut loss);
                if let Some(since) = to.filter(|_| !redelete) {
                    self.undelete(now, room, since);
                }
            }
            self.lose_memberships(room, &mut loss);
        }
        for tenant in self.tenants(who) {
            let from = to.unwrap_or(self.world.start);
            if from < failed {
                let gaps = &mut self.files[tenant.index()];
                gaps.rows.insert(from..failed);
                gaps.files.insert(from..failed);
            }
        }
        for upload in self.uploads.values_mut() {
            upload.lost |= is_of(who, upload.tenant) && to.is_none_or(|to| upload.at >= to);
        }
        if let (Who::Tenant(tenant), Some(_)) = (who, to) {
            self.note_strike(now, tenant, "restore");
        }
        self.note_loss(now, &loss);
        self.losses.push(loss);
    }

    fn lose_items(&mut self, room: RoomId, loss: &mut Loss) {
        let (log, stored) = (&self.logs[room.index()], &mut self.rooms[room.index()]);
        let first = loss.to.map_or(0, |to| first_since(log, to));
        let end = log.first_at(loss.at);
        if stored.gone || first >= end {
            return;
        }
        let gone = stored.left_of(first..end);
        stored.lost.insert(first..end);
        loss.items.insert(room, gone);
        // Without its beginning there is no room.
        if first == 0 {
            stored.gone = true;
            loss.rooms.insert(room);
        }
    }

    /// Members of a room who joined since the copy was made, or whose account is gone.
    fn lose_memberships(&mut self, room: RoomId, loss: &mut Loss) {
        let log = &self.logs[room.index()];
        let lost_here = self.rooms[room.index()]
            .owner
            .is_some_and(|owner| is_of(loss.who, owner));
        let Some(last) = log.last() else {
            return;
        };
        let first = loss.to.map_or(0, |to| first_since(log, to));
        let state = log.state_after(last);
        let is_lost = |user: &UserId| {
            let join = state[&StateKey::Member(*user)];
            lost_here && join >= first || loss.accounts.contains(user)
        };
        for user in log.joined(state).filter(is_lost) {
            if self.people.out.insert((room, user)) {
                loss.memberships.insert((room, user));
            }
        }
    }

    fn lose_accounts(&mut self, who: Who, to: Option<SimTime>, loss: &mut Loss) {
        let (lost, start) = (&mut self.people.lost, self.world.start);
        let world = self.world;
        self.people.all.retain(|user, account| {
            if !is_of(who, world.home(*user)) {
                return true;
            }
            let since = |at: &SimTime| to.is_none_or(|to| *at >= to);
            // Whoever was there from the start is in every copy.
            let stays = to.is_some() && account.made <= start || !since(&account.made);
            if !stays {
                loss.accounts.insert(*user);
                lost.insert(*user);
            } else if account.changes.iter().any(since) {
                loss.passwords.insert(*user, account.changes.len() as u32);
                account.changes.retain(|at| !since(at));
            }
            stays
        });
    }

    /// Every tenant that was shown something has lost it.
    fn note_loss(&mut self, now: SimTime, loss: &Loss) {
        let why = match loss.to {
            Some(_) => Why::Restore,
            None => Why::FailedCopy,
        };
        let mut facts = Vec::new();
        for (room, gone) in &loss.items {
            let log = &self.logs[room.index()];
            for (tenant, view) in views(log, self.world.room(*room)) {
                let gone = within(gone, &view.range);
                facts.extend(gone.iter().map(|range| (tenant, items(*room, range))));
                if loss.rooms.contains(room) && view.inside {
                    facts.push((tenant, What::Room(*room)));
                }
            }
        }
        let home = |user: &UserId| self.world.home(*user);
        let memberships = loss.memberships.iter();
        facts.extend(memberships.map(|(room, user)| (home(user), What::Membership(*room, *user))));
        let accounts = loss.accounts.iter();
        facts.extend(accounts.map(|user| (home(user), What::Account(*user))));
        let passwords = loss.passwords.iter();
        facts.extend(
            passwords.map(|(user, generation)| (home(user), What::Password(*user, *generation))),
        );
        for (server, what) in facts {
            self.journal.write(Fact::Lost {
                at: now,
                server,
                what,
                why,
            });
        }
    }

    /// A tenant brings its export: rooms that are in it and were lost are there again, as they were then.
    pub(super) fn import(&mut self, now: SimTime, tenant: ServerId, of: SimTime) {
        for room in 0..self.rooms.len() {
            let room = RoomId(room as u32);
            let public = self.world.room(room).kind == RoomKind::Public;
            let is_own = self.rooms[room.index()].owner == Some(tenant);
            if is_own && (public || self.export_private) {
                self.import_room(now, room, of);
            }
        }
        let lost = self.people.lost.iter().copied();
        let own = lost.filter(|user| self.world.home(*user) == tenant);
        let own: Vec<UserId> = own.filter(|user| self.had_account(*user, of)).collect();
        for user in own {
            let (made, changes) = (of, Vec::new());
            self.people.all.insert(user, Account { made, changes });
            self.people.lost.remove(&user);
            self.gain(now, tenant, What::Account(user));
        }
    }

    /// Was the account there at that moment?
    fn had_account(&self, user: UserId, at: SimTime) -> bool {
        self.world.users[user.index()].exists
            || self.people.made.get(&user).is_some_and(|made| *made < at)
    }

    fn import_room(&mut self, now: SimTime, room: RoomId, of: SimTime) {
        let (log, stored) = (&self.logs[room.index()], &mut self.rooms[room.index()]);
        let end = first_since(log, of);
        if !stored.gone || end == 0 {
            return;
        }
        stored.gone = false;
        stored.lost.remove(0..end);
        let back = stored.left_of(0..end);
        let mut facts = Vec::new();
        for (tenant, view) in views(log, self.world.room(room)) {
            let back = within(&back, &view.range);
            facts.extend(back.iter().map(|range| (tenant, items(room, range))));
            if view.inside {
                facts.push((tenant, What::Room(room)));
            }
        }
        for user in members_before(log, end) {
            if self.people.out.remove(&(room, user)) {
                facts.push((log.home(user), What::Membership(room, user)));
            }
        }
        let owner: Option<ServerId> = stored.owner;
        for (server, what) in facts {
            self.journal.write(Fact::Gained {
                at: now,
                server,
                what,
                path: Path::Anew,
                from: owner.unwrap_or(server),
            });
        }
    }
}

/// Members whose join is older than an item.
fn members_before(log: &RoomLog, end: u32) -> Vec<UserId> {
    let Some(last) = log.last() else {
        return Vec::new();
    };
    let state = log.state_after(last);
    let joined = log.joined(state);
    joined
        .filter(|user| state[&StateKey::Member(*user)] < end)
        .collect()
}
