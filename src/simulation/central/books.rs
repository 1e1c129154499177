//! The final books of a central service, put into the words of the metrics: from here on nobody knows the protocol.
//!
//! There is one copy. A tenant *holds* what it is shown; the operator holds a room as well where it keeps something
//! that a tenant cannot reach. So an item is stranded while its tenant is kept out, and lost if the operator has it no
//! more; what only a backup has that is being restored counts as kept by the operator.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Journal, MediaId, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::metrics::{Books, FileGaps, Holding, ItemLoss, Items, LossBooks};
use crate::protocol::central::{Operator, Who};
use crate::room::RoomLog;
use crate::simulation::outcome::Uptime;
use crate::world::World;

use super::Service;
use super::losses::Loss;
use super::people::Accounts;
use super::store::{Stored, Upload, View, views, within};

/// A world after its last moment.
#[derive(Debug)]
pub struct Outcome {
    /// The last moment that was simulated.
    pub end: SimTime,
    /// The journal. What the operator deletes or hides is told of the operator; what a failure takes, of every
    /// tenant that was shown it.
    pub journal: Journal,
    /// What the items of each room were.
    pub logs: Vec<RoomLog>,
    /// Events taken from the queue: the work done.
    pub events: u64,
    operator: Operator,
    rooms: Vec<Stored>,
    views: Vec<BTreeMap<ServerId, View>>,
    people: Accounts,
    uploads: BTreeMap<MediaId, Upload>,
    files: Vec<FileGaps>,
    barred: BTreeSet<ServerId>,
    dead: BTreeSet<ServerId>,
    losses: Vec<Loss>,
    ups: Uptime,
}

impl Service<'_> {
    /// The last moment, `end`, is over.
    pub(super) fn finish(mut self, end: SimTime) -> Outcome {
        self.advance_all(end);
        let rooms = self.logs.iter().zip(&self.world.rooms);
        Outcome {
            end,
            views: rooms.map(|(log, spec)| views(log, spec)).collect(),
            journal: self.journal,
            logs: self.logs,
            events: self.queue.popped(),
            operator: self.operator,
            rooms: self.rooms,
            people: self.people,
            uploads: self.uploads,
            files: self.files,
            barred: self.barred,
            dead: self.dead,
            losses: self.losses,
            ups: self.ups,
        }
    }
}

impl Outcome {
    /// Everything at the end, seen from one tenant whose losses are measured.
    pub fn books<'a>(&'a self, world: &'a World, measured: ServerId) -> Books<'a> {
        let servers = || (0..world.servers.len() as u32).map(ServerId);
        let operator = ServerId(world.servers.len() as u32 - 1);
        let holdings = servers().map(|server| match server == operator {
            true => self.kept(),
            false => self.shown(server),
        });
        let own_files = |lost: bool| {
            let files = self.uploads.iter();
            let own = files.filter(move |(_, file)| file.tenant == measured && file.lost == lost);
            own.map(|(media, _)| *media).collect()
        };
        let accounts = self.people.all.iter();
        let own = accounts.filter(|(user, _)| world.home(**user) == measured);
        let mut users = vec![0; world.servers.len()];
        self.people
            .all
            .keys()
            .for_each(|user| users[world.home(*user).index()] += 1);
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
            holdings: holdings.collect(),
            holders: self.holders(operator),
            copies: self.copies(operator),
            personal_wishes: world.personal_wishes(),
            alive: servers()
                .map(|server| self.is_alive(server, measured))
                .collect(),
            up_per_mille: servers()
                .map(|server| self.ups.per_mille(server, self.end))
                .collect(),
            accounts: own
                .map(|(user, account)| (*user, account.changes.len() as u32))
                .collect(),
            users,
            lifetimes: (0..world.rooms.len() as u32)
                .map(|room| self.kept_for(RoomId(room)))
                .collect(),
            own_media: own_files(false),
            copied_media: BTreeSet::new(),
            lost_media: own_files(true),
            file_gaps: self.files[measured.index()].clone(),
            own_file_lifetime: None,
            copies_blocked: false,
            own_files_return: false,
            key_lost: false,
            loss: self.loss(world, measured),
        }
    }

    /// How long messages of a room are kept, by its owner's policy and plan.
    pub fn kept_for(&self, room: RoomId) -> Option<SimDuration> {
        self.operator.kept_for(room)
    }

    /// What each tenant lost that ever lost items.
    pub fn item_losses(&self) -> BTreeMap<ServerId, ItemLoss> {
        let tenants = (0..self.files.len() as u32).map(ServerId);
        tenants
            .filter_map(|tenant| Some((tenant, self.item_loss(tenant)?)))
            .collect()
    }

    /// After the end of the service a tenant has what it exported, and no other tenant has that.
    fn is_alive(&self, server: ServerId, measured: ServerId) -> bool {
        !self.dead.contains(&server) && (server == measured || !self.operator.is_closed())
    }

    /// What a tenant is shown of each room.
    fn shown(&self, tenant: ServerId) -> BTreeMap<RoomId, Holding> {
        let mut shown = BTreeMap::new();
        for (number, stored) in self.rooms.iter().enumerate() {
            let room = RoomId(number as u32);
            let Some(view) = self.views[number].get(&tenant).filter(|_| !stored.gone) else {
                continue;
            };
            if self.operator.is_closed() && stored.owner != Some(tenant) {
                continue;
            }
            let holding = match self.reaches(tenant, stored) {
                true => self.holding(room, view, |user| self.logs[number].home(user) == tenant),
                false => Holding::default(),
            };
            shown.insert(room, holding);
        }
        shown
    }

    /// All that the operator keeps.
    fn kept(&self) -> BTreeMap<RoomId, Holding> {
        let rooms = self.rooms.iter().enumerate();
        let there = rooms.filter(|(_, stored)| stored.owner.is_some() && !stored.gone);
        let kept = there.map(|(number, _)| {
            let (room, range) = (RoomId(number as u32), 0..self.logs[number].len());
            let view = View {
                range,
                inside: true,
            };
            (room, self.holding(room, &view, |_| false))
        });
        kept.collect()
    }

    fn holding(&self, room: RoomId, view: &View, counts: impl Fn(UserId) -> bool) -> Holding {
        let (log, stored) = (&self.logs[room.index()], &self.rooms[room.index()]);
        let items = within(&stored.live(log), &view.range);
        let state = log.last().map(|last| log.state_after(last));
        let joined = state.into_iter().flat_map(|state| log.joined(state));
        let members = joined.filter(|user| counts(*user) && !self.people.is_out(room, *user));
        let mut state_only = within(&stored.deleted, &view.range);
        stored
            .lost
            .iter()
            .for_each(|range| state_only.remove(range.clone()));
        let shells = stored.shells(log);
        let shells = items.iter().flat_map(|range| within(&shells, range));
        Holding {
            shells: shells.collect(),
            items,
            // A policy deletes messages: what a room is called and who is in it stays.
            state_only,
            inside: view.inside,
            members: members.collect(),
            ..Holding::default()
        }
    }

    fn reaches(&self, tenant: ServerId, stored: &Stored) -> bool {
        self.operator.is_closed() || !self.barred.contains(&tenant) && !stored.down
    }

    /// The operator, in rooms of which some tenant is not shown all that it would be.
    fn holders(&self, operator: ServerId) -> Vec<Vec<ServerId>> {
        let rooms = self.rooms.iter().zip(&self.views);
        let withheld = rooms.map(|(stored, views)| {
            let all = views.keys().all(|tenant| self.reaches(*tenant, stored));
            if all || stored.gone {
                Vec::new()
            } else {
                vec![operator]
            }
        });
        withheld.collect()
    }

    /// The operator, in all rooms.
    fn copies(&self, operator: ServerId) -> Vec<Vec<ServerId>> {
        let kept = |stored: &Stored| stored.owner.is_some() && !stored.gone;
        let rooms = self.rooms.iter();
        let copies = rooms.map(|stored| Vec::from_iter(kept(stored).then_some(operator)));
        copies.collect()
    }

    /// The losses that touched a tenant, the one that is told of at the end: the last failure of the tenant's own data or
    /// of the whole service; else the last move to another region, which takes seconds.
    fn story(&self, world: &World, tenant: ServerId) -> Option<(&Loss, Vec<&Loss>)> {
        let is_touched = |loss: &&Loss| {
            let items = loss.items.keys();
            let shown = items.filter(|room| self.views[room.index()].contains_key(&tenant));
            let mut accounts = loss.accounts.iter().chain(loss.passwords.keys());
            shown.count() > 0
                || accounts.any(|user| world.home(*user) == tenant)
                || loss.who == Who::Tenant(tenant)
        };
        let all: Vec<&Loss> = self.losses.iter().filter(is_touched).collect();
        let own = |loss: &&&Loss| loss.who == Who::Tenant(tenant) || loss.to.is_none();
        let told = all.iter().rev().find(own).or(all.last());
        told.map(|told| (*told, all.clone()))
    }

    fn item_loss_of(&self, told: &Loss, all: &[&Loss], tenant: ServerId) -> ItemLoss {
        let mut items: BTreeMap<RoomId, Items> = BTreeMap::new();
        for (room, gone) in all.iter().flat_map(|loss| &loss.items) {
            if let Some(view) = self.views[room.index()].get(&tenant) {
                let gone = within(gone, &view.range);
                items.entry(*room).or_default().extend(gone.iter().cloned());
            }
        }
        items.retain(|_, items| !items.is_empty());
        ItemLoss {
            at: told.at,
            items,
            // There was one copy.
            elsewhere: BTreeMap::new(),
        }
    }

    fn item_loss(&self, tenant: ServerId) -> Option<ItemLoss> {
        let is_shown = |loss: &&Loss| {
            let mut rooms = loss.items.keys();
            rooms.any(|room| self.views[room.index()].contains_key(&tenant))
        };
        let all: Vec<&Loss> = self.losses.iter().filter(is_shown).collect();
        let loss = self.item_loss_of(all.last()?, &all, tenant);
        (!loss.items.is_empty()).then_some(loss)
    }

    fn loss(&self, world: &World, tenant: ServerId) -> Option<LossBooks> {
        let (told, all) = self.story(world, tenant)?;
        let own = |user: &UserId| world.home(*user) == tenant;
        let inside = |room: &RoomId| {
            let view = self.views[room.index()].get(&tenant);
            view.is_some_and(|view| view.inside)
        };
        let of_items = self.item_loss_of(told, &all, tenant);
        let each = || all.iter();
        let rooms = each()
            .flat_map(|loss| &loss.rooms)
            .filter(|room| inside(room));
        let memberships = each().flat_map(|loss| &loss.memberships);
        let accounts = each().flat_map(|loss| &loss.accounts);
        let passwords = each().flat_map(|loss| loss.passwords.keys());
        Some(LossBooks {
            at: told.at,
            backup_at: told.to,
            items: of_items.items,
            elsewhere: of_items.elsewhere,
            rooms: rooms.copied().collect(),
            memberships: memberships.filter(|(_, user)| own(user)).copied().collect(),
            accounts: accounts.filter(|user| own(user)).copied().collect(),
            passwords: passwords.filter(|user| own(user)).copied().collect(),
        })
    }
}
