//! Rooms that exist from the first moment on: their log begins with the founding events, and every server with a
//! member holds them all and is in step.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::journal::ServerId;
use crate::protocol::matrix::{founding_copy, founding_events};
use crate::world::Founding;

use super::Simulation;

impl Simulation<'_> {
    /// Puts the founded rooms into the world.
    pub(super) fn found_rooms(&mut self) {
        for founding in &self.world.founded {
            let Founding {
                room,
                members,
                crowds,
            } = founding;
            let log = &mut self.logs[room.index()];
            let spec = &self.world.rooms[room.index()];
            let users = &self.world.users;
            let home = |user: crate::journal::UserId| users[user.index()].server;
            let (pdus, state) = founding_events(spec, members, home, self.world.start);
            log.found(pdus, state, crowds.clone());
            let hosts: BTreeSet<ServerId> = members.iter().map(|user| home(*user)).collect();
            let copy = Rc::new(founding_copy(log, spec));
            for host in hosts {
                self.servers[host.index()].take_founded(*room, Rc::clone(&copy));
                self.present[room.index()].insert(host);
                self.rooms_of[host.index()].insert(*room);
            }
        }
    }
}
