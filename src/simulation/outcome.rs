//! What is left when the last moment is over: the journal, the final books, the losses.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{EventNo, Fact, Journal, MediaId, Path, RoomId, ServerId, UserId, What, Why};
use crate::kernel::SimTime;
use crate::metrics::FileGaps;
use crate::protocol::matrix::{self, Database, Homeserver, Items};
use crate::room::RoomLog;

use super::{Power, Simulation};

/// What a person was told.
#[derive(Debug, Clone, Default)]
pub struct Answered {
    /// The answer, once there is one.
    pub outcome: Option<matrix::Outcome>,
    /// Messages shown and pages fetched in each pass of a scroll.
    pub passes: Vec<(Vec<EventNo>, u32)>,
}

/// What one server lost at one moment.
#[derive(Debug, Clone)]
pub struct Loss {
    /// When.
    pub at: SimTime,
    /// Who.
    pub server: ServerId,
    /// Point in time of the backup that took the place, if it was one.
    pub backup_at: Option<SimTime>,
    /// Why.
    pub why: Why,
    /// Items held before and not after, per room.
    pub items: BTreeMap<RoomId, Items>,
    /// Of these: another server that was not dead held them, with their content.
    pub elsewhere: BTreeMap<RoomId, Items>,
    /// Rooms known before and not after.
    pub rooms: BTreeSet<RoomId>,
    /// Memberships of local users before and not after.
    pub memberships: BTreeSet<(RoomId, UserId)>,
    /// Accounts.
    pub accounts: BTreeSet<UserId>,
    /// Accounts whose password went back to an earlier one, with the generation that was lost.
    pub passwords: BTreeMap<UserId, u32>,
}

/// How long each server was up.
#[derive(Debug, Clone)]
pub struct Uptime {
    start: SimTime,
    down_since: Vec<Option<SimTime>>,
    down: Vec<u64>,
}

impl Uptime {
    pub(super) fn new(start: SimTime, servers: usize) -> Self {
        Uptime {
            start,
            down_since: vec![None; servers],
            down: vec![0; servers],
        }
    }

    pub(super) fn went_down(&mut self, now: SimTime, server: ServerId) {
        self.down_since[server.index()].get_or_insert(now);
    }

    pub(super) fn came_up(&mut self, now: SimTime, server: ServerId) {
        if let Some(since) = self.down_since[server.index()].take() {
            self.down[server.index()] += now.since(since).0;
        }
    }

    /// Share of the time until `end` in which the server was up, of 1000.
    pub fn per_mille(&self, server: ServerId, end: SimTime) -> u32 {
        let all = end.since(self.start).0.max(1);
        let open = self.down_since[server.index()].map_or(0, |since| end.since(since).0);
        (1000 - (self.down[server.index()] + open).min(all) * 1000 / all) as u32
    }
}

/// A world after its last moment.
#[derive(Debug)]
pub struct Outcome {
    /// The last moment that was simulated.
    pub end: SimTime,
    /// The journal.
    pub journal: Journal,
    /// What the items of each room were.
    pub logs: Vec<RoomLog>,
    /// The final books of every server.
    pub servers: Vec<Homeserver>,
    /// Which servers are alive (a dead one gives nothing back, one that is down may).
    pub alive: Vec<bool>,
    /// Losses, in order of time.
    pub losses: Vec<Loss>,
    /// What each restored server held right after its last restore.
    pub restored: BTreeMap<ServerId, BTreeMap<RoomId, Items>>,
    /// Files of drawn messages that each server has lost.
    pub files: Vec<FileGaps>,
    /// Own files that each server lost, of those that were uploaded by script.
    pub lost_media: Vec<BTreeSet<MediaId>>,
    /// Uptime.
    pub ups: Uptime,
    /// Events taken from the queue: the work done.
    pub events: u64,
}

impl Simulation<'_> {
    /// Writes down what an older or incomplete database lacks.
    pub(super) fn note_loss(
        &mut self,
        now: SimTime,
        server: ServerId,
        old: &Database,
        backup_at: Option<SimTime>,
        why: Why,
    ) {
        let new = &self.servers[server.index()].db;
        let mut loss = Loss {
            at: now,
            server,
            backup_at,
            why,
            items: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            rooms: BTreeSet::new(),
            memberships: BTreeSet::new(),
            accounts: BTreeSet::new(),
            passwords: BTreeMap::new(),
        };
        for (room, replica) in old.rooms.iter() {
            let log = &self.logs[room.index()];
            let mut gone = replica.timeline.clone();
            match new.rooms.get(room) {
                Some(present) => present
                    .timeline
                    .iter()
                    .for_each(|range| gone.remove(range.clone())),
                None if replica.in_room(log, server) => {
                    loss.rooms.insert(*room);
                }
                None => {}
            }
            let present = new.rooms.get(room).map(|replica| &replica.state);
            for user in log
                .joined(&replica.state)
                .filter(|user| log.home(*user) == server)
            {
                let still = present.is_some_and(|state| {
                    log.membership_in(state, user) == Some(crate::room::Membership::Join)
                });
                if !still {
                    loss.memberships.insert((*room, user));
                }
            }
            if !gone.is_empty() {
                loss.items.insert(*room, gone);
            }
        }
        for (user, account) in &old.accounts {
            match new.accounts.get(user) {
                None => {
                    loss.accounts.insert(*user);
                }
                Some(present) if present.password_changes < account.password_changes => {
                    loss.passwords.insert(*user, account.password_changes);
                }
                Some(_) => {}
            }
        }
        let held = new
            .rooms
            .iter()
            .map(|(room, replica)| (*room, replica.timeline.clone()))
            .collect();
        let back = newly_held(old, new);
        self.restored.insert(server, held);
        loss.elsewhere = self.held_elsewhere(server, &loss.items);
        self.write_loss(&loss);
        for what in back {
            self.journal.write(Fact::Gained {
                at: now,
                server,
                what,
                path: Path::Restore,
                from: server,
            });
        }
        self.losses.push(loss);
    }

    /// Which of some items another server that is not dead holds, with their content.
    fn held_elsewhere(
        &mut self,
        server: ServerId,
        items: &BTreeMap<RoomId, Items>,
    ) -> BTreeMap<RoomId, Items> {
        let mut elsewhere = BTreeMap::new();
        for (room, gone) in items {
            let (log, spec) = (&self.logs[room.index()], &self.world.rooms[room.index()]);
            let mut held = Items::new();
            for peer in &self.present[room.index()] {
                if *peer != server
                    && self.power[peer.index()] != Power::Dead
                    && let Some(replica) = self.servers[peer.index()].replica(*room, log, spec)
                {
                    let mut whole = replica.timeline.clone();
                    let shells = replica.shells.iter();
                    shells.for_each(|range| whole.remove(range.clone()));
                    whole.iter().for_each(|range| held.insert(range.clone()));
                }
            }
            let common = gone.iter().flat_map(|range| {
                let parts = held.overlapping(range.clone());
                parts.map(|part| part.start.max(range.start)..part.end.min(range.end))
            });
            let common: Items = common.collect();
            if !common.is_empty() {
                elsewhere.insert(*room, common);
            }
        }
        elsewhere
    }

    fn write_loss(&mut self, loss: &Loss) {
        let mut lost = |what| {
            self.journal.write(Fact::Lost {
                at: loss.at,
                server: loss.server,
                what,
                why: loss.why,
            });
        };
        for (room, items) in &loss.items {
            for range in items.iter() {
                lost(What::Items {
                    room: *room,
                    first: range.start,
                    last: range.end - 1,
                });
            }
        }
        loss.rooms.iter().for_each(|room| lost(What::Room(*room)));
        loss.memberships
            .iter()
            .for_each(|(room, user)| lost(What::Membership(*room, *user)));
        loss.accounts
            .iter()
            .for_each(|user| lost(What::Account(*user)));
        loss.passwords
            .iter()
            .for_each(|(user, generation)| lost(What::Password(*user, *generation)));
    }

    /// The last moment, `end`, is over: every copy is written out.
    pub(super) fn finish(mut self, end: SimTime) -> Outcome {
        for room in 0..self.logs.len() {
            self.advance(RoomId(room as u32), end);
        }
        for log in &self.logs {
            let mut twin = None;
            for server in &self.present[log.room().index()] {
                let spec = self.world.room(log.room());
                self.servers[server.index()].sync_last(log, spec, &mut twin);
            }
        }
        for server in &mut self.servers {
            server.sync_all(&self.logs, &self.world.rooms);
        }
        Outcome {
            end,
            journal: self.journal,
            alive: self
                .power
                .iter()
                .map(|power| *power != Power::Dead)
                .collect(),
            events: self.queue.popped() - self.superseded,
            logs: self.logs,
            servers: self.servers,
            losses: self.losses,
            restored: self.restored,
            files: self.files,
            lost_media: self.lost_media,
            ups: self.ups,
        }
    }
}

/// What one database holds and the one before it did not.
fn newly_held(old: &Database, new: &Database) -> Vec<What> {
    let mut back = Vec::new();
    for (room, replica) in new.rooms.iter() {
        if !old.rooms.contains_key(room) {
            back.push(What::Room(*room));
        }
        let mut items = replica.timeline.clone();
        if let Some(before) = old.rooms.get(room) {
            before
                .timeline
                .iter()
                .for_each(|range| items.remove(range.clone()));
        }
        back.extend(items.iter().map(|range| What::Items {
            room: *room,
            first: range.start,
            last: range.end - 1,
        }));
    }
    let accounts = new.accounts.keys();
    back.extend(
        accounts
            .filter(|user| !old.accounts.contains_key(user))
            .map(|user| What::Account(*user)),
    );
    back
}
