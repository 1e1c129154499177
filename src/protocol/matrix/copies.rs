//! A server's copies of rooms. Servers that have had a room since it was founded share one copy of it, until it is
//! another one on one of them.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use crate::journal::RoomId;

use super::replica::Replica;

/// Copies of rooms, in order of room. A room without one is unknown.
#[derive(Debug, Clone, Default)]
pub struct Copies(BTreeMap<RoomId, Rc<Replica>>);

/// To look at them, it is a map.
impl Deref for Copies {
    type Target = BTreeMap<RoomId, Rc<Replica>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Copies {
    /// The copy of a room, to be changed on this server alone.
    pub fn get_mut(&mut self, room: &RoomId) -> Option<&mut Replica> {
        self.0.get_mut(room).map(Rc::make_mut)
    }

    /// The same; an empty one if the room is unknown.
    pub fn get_or_new(&mut self, room: RoomId) -> &mut Replica {
        Rc::make_mut(self.0.entry(room).or_default())
    }

    /// All copies, to be changed on this server alone.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (RoomId, &mut Replica)> {
        let all = self.0.iter_mut();
        all.map(|(room, replica)| (*room, Rc::make_mut(replica)))
    }

    /// The copy of a room, to be changed for this server or exchanged, as it is shared.
    pub(super) fn get_shared(&mut self, room: &RoomId) -> Option<&mut Rc<Replica>> {
        self.0.get_mut(room)
    }

    /// All copies as they are shared.
    pub(super) fn iter_shared(&mut self) -> impl Iterator<Item = (RoomId, &mut Rc<Replica>)> {
        self.0.iter_mut().map(|(room, replica)| (*room, replica))
    }

    /// Shares a copy.
    pub(super) fn insert(&mut self, room: RoomId, replica: Rc<Replica>) {
        self.0.insert(room, replica);
    }

    /// Forgets a room.
    pub(super) fn remove(&mut self, room: &RoomId) -> Option<Rc<Replica>> {
        self.0.remove(room)
    }

    /// Forgets all rooms but the first ones.
    pub fn keep_first(&mut self, most: usize) {
        if let Some(first) = self.0.keys().nth(most).copied() {
            self.0.split_off(&first);
        }
    }
}
