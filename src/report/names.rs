//! Names for numbers, at the edge of the world.

use crate::journal::{RoomId, ServerId, UserId};
use crate::world::World;

/// Looks names up in a world.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    world: &'a World,
}

impl<'a> Names<'a> {
    /// The names of this world.
    pub fn new(world: &'a World) -> Names<'a> {
        Names { world }
    }

    /// A server's name.
    pub fn server(&self, server: ServerId) -> &'a str {
        &self.world.servers[server.index()].name
    }

    /// A room's name.
    pub fn room(&self, room: RoomId) -> &'a str {
        &self.world.rooms[room.index()].name
    }

    /// A user's full name: `@anna:one.example`.
    pub fn user(&self, user: UserId) -> String {
        let spec = &self.world.users[user.index()];
        format!("@{}:{}", spec.name, self.server(spec.server))
    }
}
