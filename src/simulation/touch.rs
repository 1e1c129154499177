//! Rooms that are looked at when the present event is dealt with: as a whole, or only some servers' copies of them.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::journal::{RoomId, ServerId};
use crate::kernel::SimTime;

use super::{Power, Simulation};

/// What may have changed in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Touched {
    /// Anything: who is in it, who can speak.
    Whole,
    /// Only these servers' copies, and how the servers stand to others.
    Copies(BTreeSet<ServerId>),
}

impl Simulation<'_> {
    /// Anything may have changed in a room.
    pub(super) fn touch_room(&mut self, room: RoomId) {
        self.touched.insert(room, Touched::Whole);
    }

    /// A server's copy of a room may have changed, or how the server stands to others.
    pub(super) fn touch_copy(&mut self, room: RoomId, server: ServerId) {
        self.touch_copies(room, Some(server));
    }

    /// A server has lost items of a room. In a calm room, a copy that would still take the next message changes nothing
    /// for the others (a retention job deletes below the newest item), but its members may miss something.
    pub(super) fn touch_poorer(&mut self, room: RoomId, server: ServerId) {
        let is_calm = self.world.in_step && self.clocks[room.index()].single.is_none();
        if is_calm && self.takes_next(server, room) && self.heads(room, server) == 1 {
            self.start_scrolling(room, server);
        } else {
            self.touch_copy(room, server);
        }
    }

    /// As `touch_copy`, of one server or none.
    pub(super) fn touch_copies(&mut self, room: RoomId, server: Option<ServerId>) {
        let none = || Touched::Copies(BTreeSet::new());
        match self.touched.entry(room).or_insert_with(none) {
            Touched::Whole => {}
            Touched::Copies(servers) => {
                servers.extend(server);
            }
        }
    }

    /// Something befalls a server: its rooms are brought up, and looked at afterwards.
    pub(super) fn touch_server(&mut self, server: ServerId, now: SimTime) {
        self.unfold_rounds(server);
        self.advance_server(server, now);
        for room in self.rooms_of(server) {
            self.touch_copy(room, server);
        }
        if !self.world.in_step {
            return;
        }
        // What waits for it may go on.
        for debtor in self.debtors(server) {
            for room in self.shared_rooms(debtor, server).iter() {
                self.touch_copy(*room, debtor);
            }
        }
    }

    /// Something between two servers may change: what was said in the rooms that they share is noted first, and
    /// afterwards these are looked at.
    pub(super) fn touch_pair(&mut self, one: ServerId, other: ServerId) {
        if self.world.in_step {
            let shared = self.advance_shared(one, other);
            // How one that is away stands to others changes nothing in its rooms.
            let is_up = |server: &ServerId| self.power[server.index()] == Power::Up;
            let up: Vec<ServerId> = [one, other].into_iter().filter(is_up).collect();
            for room in shared.iter() {
                for server in &up {
                    self.touch_copy(*room, *server);
                }
            }
        }
    }

    /// Looks at everything that was touched: calm rooms count messages, others make them one by one.
    pub(super) fn settle_rooms(&mut self) {
        while let Some((room, touched)) = self.touched.pop_first() {
            match touched {
                Touched::Whole => self.settle_room(room),
                Touched::Copies(servers) => self.settle_copies(room, &servers),
            }
        }
    }

    fn settle_room(&mut self, room: RoomId) {
        for server in self.present[room.index()].clone() {
            self.start_scrolling(room, server);
        }
        let log = &self.logs[room.index()];
        if log.traffic().per_day <= 0.0 || log.is_empty() {
            return;
        }
        self.advance(room, self.queue.now());
        if !self.become_calm(room) {
            self.watch(room);
        }
    }

    fn settle_copies(&mut self, room: RoomId, servers: &BTreeSet<ServerId>) {
        for server in servers {
            self.start_scrolling(room, *server);
        }
        let log = &self.logs[room.index()];
        if log.traffic().per_day <= 0.0 || log.is_empty() {
            return;
        }
        self.advance(room, self.queue.now());
        if self.stays_calm(room, servers)
            || !self.is_surely_troubled(room, servers) && self.become_calm(room)
        {
            return;
        }
        self.watch_again(room, servers);
    }

    /// Was the room calm, and do these servers, whose copies alone may have changed, follow it as before?
    fn stays_calm(&self, room: RoomId, servers: &BTreeSet<ServerId>) -> bool {
        let (clock, log) = (&self.clocks[room.index()], &self.logs[room.index()]);
        let was_calm = self.world.in_step && clock.single.is_none();
        let present = log.present();
        let asked = clock.asked.as_ref();
        let is_peopled_as_before = asked.is_some_and(|asked| Rc::ptr_eq(asked, &present));
        if !was_calm
            || !self.cuts.is_empty()
            || log.silences_anybody() && !is_peopled_as_before
            || !self.day_has_no_leaver(room)
        {
            return false;
        }
        let hosts = &present.hosts;
        let is_well = |server: &ServerId| {
            let mut unclear = self.servers[server.index()].unclear_among(hosts);
            self.takes_next(*server, room)
                && self.heads(room, *server) == 1
                && self.knows_who_speaks(room, *server)
                && unclear.next().is_none()
        };
        let mut concerned = servers.iter().filter(|server| hosts.contains_key(server));
        concerned.all(is_well)
    }

    /// Is every server of the room in step, and can everybody in it speak? Then its messages are counts.
    fn become_calm(&mut self, room: RoomId) -> bool {
        let able = self.is_in_step(room).then(|| self.able_members(room));
        let able = able.filter(|able| self.nobody_fails_to_speak(room, able));
        let is_calm = able.is_some();
        if let Some(able) = able {
            let clock = &mut self.clocks[room.index()];
            clock.single = None;
            clock.watch = None;
            clock.asked = Some(self.logs[room.index()].present());
            self.update_silence(room, able);
        }
        is_calm
    }
}
