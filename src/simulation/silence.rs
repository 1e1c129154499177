//! Which members of a room can speak, and what its log is told of who cannot.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{RoomId, ServerId, UserId};
use crate::protocol::matrix::Replica;
use crate::room::Membership;

use super::{Power, Simulation};

impl Simulation<'_> {
    /// Can every member who is expected to speak do so, on top of the newest item? Who cannot is not
    /// expected to, from the next day on.
    pub(super) fn nobody_fails_to_speak(&self, room: RoomId, able: &[(UserId, bool)]) -> bool {
        let log = &self.logs[room.index()];
        let today = self.queue.now().day() as u32;
        let present = log.present();
        let forked = present.hosts.keys().copied();
        let forked: Vec<ServerId> = forked.filter(|host| self.heads(room, *host) != 1).collect();
        able.iter().copied().all(|(user, can_speak)| {
            if self.world.users[user.index()].weight == 0 {
                return true;
            }
            if !can_speak {
                return log.is_silenced(user, today);
            }
            !forked.contains(&log.home(user))
        }) && self.day_has_no_leaver(room)
    }

    /// All members, each with: has this one a session, on a server that believes in the membership?
    pub(super) fn able_members(&self, room: RoomId) -> Vec<(UserId, bool)> {
        let log = &self.logs[room.index()];
        let present = log.present();
        let doubtful = self.doubtful_hosts(room).into_iter();
        let doubtful: BTreeMap<ServerId, _> = doubtful
            .map(|host| (host, self.who_is_able(room, host)))
            .collect();
        let able = |user: &UserId| {
            let of_home = doubtful.get(&self.world.home(*user));
            of_home.is_none_or(|is_able| is_able(*user))
        };
        let members = present.members.iter();
        members.map(|user| (*user, able(user))).collect()
    }

    /// Servers of which not every member of the room can speak for sure.
    pub(super) fn doubtful_hosts(&self, room: RoomId) -> BTreeSet<ServerId> {
        let present = self.logs[room.index()].present();
        let hosts = present.hosts.keys().copied();
        hosts.filter(|host| self.is_doubtful(room, *host)).collect()
    }

    /// Is one of them this?
    pub(super) fn is_doubtful(&self, room: RoomId, host: ServerId) -> bool {
        let newest = self.logs[room.index()].newest_state();
        let replica = self.servers[host.index()].db.rooms.get(&room);
        // Where the state is the newest item's, a member is one.
        let believes = replica
            .zip(newest)
            .is_some_and(|(replica, newest)| replica.state.ptr_eq(newest));
        !believes || self.disturbed.contains(&host) || self.power[host.index()] == Power::Dead
    }

    /// Tells of a server's members, by the newest state, whether they have a session and the server, which is not dead,
    /// believes in their membership.
    pub(super) fn who_is_able(&self, room: RoomId, host: ServerId) -> impl Fn(UserId) -> bool {
        let log = &self.logs[room.index()];
        let homeserver = &self.servers[host.index()];
        let is_there = self.power[host.index()] != Power::Dead;
        let replica = homeserver.db.rooms.get(&room).filter(|_| is_there);
        let newest = log.newest_state();
        let is_newest = |replica: &Replica| newest.is_some_and(|of| replica.state.ptr_eq(of));
        let believes_in_all = replica.is_some_and(|replica| is_newest(replica));
        move |user| {
            replica.is_some_and(|replica| {
                homeserver.can_act(user)
                    && (believes_in_all
                        || log.membership_in(&replica.state, user) == Some(Membership::Join))
            })
        }
    }

    /// Does the log know of each of a server's members whether they can speak?
    pub(super) fn knows_who_speaks(&self, room: RoomId, host: ServerId) -> bool {
        let log = &self.logs[room.index()];
        if !log.silences_anybody() && !self.is_doubtful(room, host) {
            return true;
        }
        let present = log.present();
        let members = present.members.iter();
        let mut own = members.filter(|user| log.home(**user) == host);
        let is_able = self.who_is_able(room, host);
        own.all(|user| is_able(*user) != log.is_silenced(*user, u32::MAX))
    }

    /// Who is expected to speak on a day is settled with its first message: of the members, those who can.
    /// In a calm room that message makes no event, but then nothing changes before it either.
    pub(super) fn update_silence(&mut self, room: RoomId, able: Vec<(UserId, bool)>) {
        let log = &mut self.logs[room.index()];
        let is_known =
            |(user, can_speak): &(UserId, bool)| log.is_silenced(*user, u32::MAX) != *can_speak;
        if !log.silences_anybody() && able.iter().all(is_known) {
            return;
        }
        let now = self.queue.now();
        let today = now.day() as u32;
        let is_settled = log.times(today).before(now) > 0;
        let day = today + u32::from(is_settled);
        let members: Vec<UserId> = able.iter().map(|(user, _)| *user).collect();
        log.forget_silence_of_others(&members, day);
        for (user, can_speak) in able {
            log.set_silenced(user, day, !can_speak);
        }
    }

    /// Today's speakers were named at the day's beginning. One who has left since says nothing more, so
    /// the rest of the day is made one by one.
    pub(super) fn day_has_no_leaver(&self, room: RoomId) -> bool {
        let log = &self.logs[room.index()];
        let (Some(last), Some(basis)) = (log.last(), log.basis(self.queue.now().day() as u32))
        else {
            return true;
        };
        let (now, then) = (log.state_after(last), log.state_after(basis));
        now.ptr_eq(then)
            || log
                .joined(then)
                .all(|user| log.membership_in(now, user) == Some(Membership::Join))
    }
}
