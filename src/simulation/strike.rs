//! Faults, applied: what is done to a server, a store or a link.

use std::collections::{BTreeMap, BTreeSet};

use rangemap::RangeSet;

use crate::faults::{CopyScope, Fault, KeyFate, MediaFate};
use crate::journal::{Fact, MediaId, RoomId, ServerId, Why};
use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::{Database, Homeserver, MediaStore};

use super::{Backup, Event, Power, Simulation, class};

impl Simulation<'_> {
    /// Backups by schedule are faults' peaceful siblings: events on the queue. One that nobody will go back to is
    /// not made.
    pub(super) fn plan_backups(&mut self) {
        for (server, moments) in self.restored_to() {
            let Some(schedule) = &self.world.servers[server.index()].backups else {
                continue;
            };
            let wanted = moments.into_iter();
            let wanted = wanted.filter_map(|(upto, at)| schedule.newest_left(upto, at));
            let wanted: BTreeSet<SimTime> = wanted.filter(|at| *at <= self.world.end).collect();
            for at in wanted {
                self.queue.push(
                    at,
                    class::STRIKE,
                    server.0 + 1,
                    Event::Strike(Fault::Backup { server }),
                );
            }
        }
    }

    /// Moments of which some restore wants the newest backup, and when it is made.
    fn restored_to(&self) -> BTreeMap<ServerId, Vec<(SimTime, SimTime)>> {
        let mut wanted: BTreeMap<ServerId, Vec<(SimTime, SimTime)>> = BTreeMap::new();
        let mut deaths: BTreeMap<ServerId, SimTime> = BTreeMap::new();
        for (at, fault) in &self.world.faults {
            match fault {
                Fault::Death { server } => {
                    deaths.entry(*server).or_insert(*at);
                }
                Fault::Restore {
                    server,
                    to,
                    media_to,
                    ..
                } => {
                    // What befalls a server comes before its backup of the same moment.
                    let last = deaths.get(server).copied().unwrap_or(*at).min(*at);
                    let last = last.saturating_sub(SimDuration(1));
                    let to = to.unwrap_or(last);
                    let of_server = wanted.entry(*server).or_default();
                    let media_to = media_to.unwrap_or(to);
                    of_server.extend([(to.min(last), last), (media_to.min(last), last)]);
                }
                _ => {}
            }
        }
        wanted
    }

    /// Something is done to a server or a link.
    pub(super) fn strike(&mut self, now: SimTime, fault: &Fault) {
        let server = fault.server();
        if matches!(fault, Fault::Backup { .. }) {
            self.advance_server(server, now);
        } else {
            self.touch_server(server, now);
            self.journal.write(Fact::Struck {
                at: now,
                server,
                fault: fault.name(),
            });
        }
        let viewable = self.viewable(server);
        match fault {
            Fault::Backup { server } => self.back_up(now, *server),
            Fault::Restore {
                server,
                to,
                media,
                media_to,
                key,
            } => {
                self.stop(now, *server, Power::Down);
                let to = to.unwrap_or(now);
                self.restore_media(now, *server, *media, media_to.unwrap_or(to));
                self.restore(now, *server, to, *key);
                self.start(now, *server);
            }
            Fault::FailedCopy { server, scope } => self.fail_copy(now, *server, *scope),
            Fault::KeyLoss { server, listed } => self.lose_key(now, *server, *listed),
            Fault::MediaLoss { server } => self.lose_media(now, *server),
            Fault::Stop { server } => self.stop(now, *server, Power::Down),
            Fault::Start { server } => self.start(now, *server),
            Fault::Freeze { server } => {
                if self.power[server.index()] == Power::Up {
                    self.power[server.index()] = Power::Frozen;
                }
            }
            Fault::Thaw { server } => {
                if self.power[server.index()] == Power::Frozen {
                    self.power[server.index()] = Power::Up;
                    self.release_held(*server);
                    self.ring_overdue(now, *server);
                    self.take_back_late(now, *server, None);
                }
            }
            Fault::Death { server } => self.stop(now, *server, Power::Dead),
            Fault::Cut { between: (x, y) } => {
                self.touch_server(*y, now);
                self.cuts.insert((*x.min(y), *x.max(y)));
            }
            Fault::Heal { between: (x, y) } => {
                self.touch_server(*y, now);
                self.cuts.remove(&(*x.min(y), *x.max(y)));
            }
        }
        let left = self.viewable(server);
        let lost = viewable.difference(&left).copied();
        self.lost_media[server.index()].extend(lost);
    }

    /// Own files that were uploaded by script and that can be viewed.
    fn viewable(&self, server: ServerId) -> BTreeSet<MediaId> {
        self.servers[server.index()].viewable_files().collect()
    }

    fn stop(&mut self, now: SimTime, server: ServerId, power: Power) {
        if self.power[server.index()] == Power::Up || self.power[server.index()] == Power::Frozen {
            self.ups.went_down(now, server);
        }
        if self.power[server.index()] != Power::Dead {
            self.power[server.index()] = power;
        }
        self.boots[server.index()] += 1;
        self.servers[server.index()].stop();
        let scrolled = (server, RoomId(0))..=(server, RoomId(u32::MAX));
        let scrolled: Vec<_> = self
            .scrolling
            .range(scrolled)
            .map(|(key, _)| *key)
            .collect();
        for key in scrolled {
            self.scrolling.remove(&key);
        }
        self.overdue.remove(&server);
        self.close_sockets(server);
    }

    fn start(&mut self, now: SimTime, server: ServerId) {
        if self.power[server.index()] != Power::Down {
            return;
        }
        self.power[server.index()] = Power::Up;
        self.ups.came_up(now, server);
        self.decide(server, Homeserver::start);
        self.note_debts(server);
        self.people_return(now, server);
        self.take_back_late(now, server, None);
    }

    fn back_up(&mut self, now: SimTime, server: ServerId) {
        if self.power[server.index()] == Power::Dead {
            return;
        }
        let homeserver = &mut self.servers[server.index()];
        homeserver.sync_all(&self.logs, &self.world.rooms);
        let backup = Backup {
            at: now,
            db: homeserver.db.clone(),
            media: homeserver.media.clone(),
            files: self.files[server.index()].clone(),
        };
        self.backups[server.index()].push(backup);
    }

    /// The newest backup at or before `to` that is left; if that is none, the oldest that is left.
    fn newest_backup(&self, now: SimTime, server: ServerId, to: SimTime) -> Option<&Backup> {
        let schedule = self.world.servers[server.index()].backups.as_ref();
        let schedule = schedule.filter(|schedule| schedule.keep.is_some());
        // What befalls a server comes before its backup of the same moment.
        let last = now.saturating_sub(SimDuration(1));
        let is_left = |backup: &&Backup| schedule.is_none_or(|all| all.is_left(backup.at, last));
        let mut backups = self.backups[server.index()].iter().filter(is_left);
        let newest = backups.clone().rev().find(|backup| backup.at <= to);
        newest.or_else(|| backups.next().filter(|_| schedule.is_some()))
    }

    /// The database goes back to the newest backup at or before `to`.
    fn restore(&mut self, now: SimTime, server: ServerId, to: SimTime, key: KeyFate) {
        let Some(backup) = self.newest_backup(now, server, to).cloned() else {
            return;
        };
        let gaps = &mut self.files[server.index()];
        gaps.rows = backup.files.rows;
        add_time(&mut gaps.rows, backup.at, now);
        self.roll_back(now, server, backup.db, Some(backup.at), Why::Restore);
        match key {
            KeyFate::Kept => {}
            KeyFate::New => self.lose_key(now, server, false),
            KeyFate::NewListed => self.lose_key(now, server, true),
        }
    }

    /// The files go back to the newest backup at or before `to`, or stay, or are gone.
    fn restore_media(&mut self, now: SimTime, server: ServerId, media: MediaFate, to: SimTime) {
        match media {
            MediaFate::Restored => {
                if let Some(backup) = self.newest_backup(now, server, to).cloned() {
                    self.set_media(server, backup.media);
                    let gaps = &mut self.files[server.index()];
                    gaps.files = backup.files.files;
                    add_time(&mut gaps.files, backup.at, now);
                }
            }
            MediaFate::Kept => {}
            MediaFate::Gone => self.lose_media(now, server),
        }
    }

    fn lose_media(&mut self, now: SimTime, server: ServerId) {
        self.set_media(server, MediaStore::default());
        add_time(&mut self.files[server.index()].files, self.world.start, now);
    }

    /// Another database takes the place of the present one; what is missing in it is written down.
    fn roll_back(
        &mut self,
        now: SimTime,
        server: ServerId,
        db: Database,
        backup_at: Option<SimTime>,
        why: Why,
    ) {
        self.disturbed.insert(server);
        let homeserver = &mut self.servers[server.index()];
        homeserver.sync_all(&self.logs, &self.world.rooms);
        let old = std::mem::replace(&mut homeserver.db, db);
        for (room, replica) in homeserver.db.rooms.iter_mut() {
            replica.mark(&self.logs[room.index()], server);
        }
        let known: BTreeSet<RoomId> = homeserver.db.rooms.keys().copied().collect();
        for room in self.rooms_of(server) {
            if !known.contains(&room) {
                self.note_absent(server, room);
            }
        }
        known
            .into_iter()
            .for_each(|room| self.note_present(server, room));
        self.note_debts(server);
        self.note_loss(now, server, &old, backup_at, why);
    }

    /// A copy that ran out of disk: a part of the rooms or tables, in order; the original is deleted.
    fn fail_copy(&mut self, now: SimTime, server: ServerId, scope: CopyScope) {
        let homeserver = &mut self.servers[server.index()];
        homeserver.sync_all(&self.logs, &self.world.rooms);
        let mut copy = homeserver.db.clone();
        match scope {
            CopyScope::Rooms(per_mille) => {
                let kept = copy.rooms.len() * per_mille as usize / 1000;
                copy.rooms.keep_first(kept);
            }
            CopyScope::Tables(per_mille) => copy.keep_first_rows(per_mille),
        }
        self.roll_back(now, server, copy, None, Why::FailedCopy);
    }

    fn lose_key(&mut self, now: SimTime, server: ServerId, listed: bool) {
        let homeserver = &mut self.servers[server.index()];
        if !listed && !homeserver.rules.old_keys_listed {
            homeserver.key.unlisted_before = Some(now);
            for log in &mut self.logs {
                log.replace_key(server, now);
            }
        }
    }

    fn set_media(&mut self, server: ServerId, media: MediaStore) {
        let homeserver = &mut self.servers[server.index()];
        let origins = std::mem::take(&mut homeserver.media.origins);
        homeserver.media = MediaStore { origins, ..media };
    }
}

/// Adds the time from one moment until another; none if they are the same.
fn add_time(times: &mut RangeSet<SimTime>, from: SimTime, until: SimTime) {
    if from < until {
        times.insert(from..until);
    }
}
