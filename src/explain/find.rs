//! What a question is about, by its name.

use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::scenario::nearest;
use crate::world::World;

use super::Past;

/// What is to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// An item of a room, by its number.
    Item(RoomId, EventNo),
    /// A room.
    Room(RoomId),
    /// A user.
    User(UserId),
    /// A server.
    Server(ServerId),
}

/// Something that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Not of the form `ROOM/NUMBER`.
    #[error("{0:?} names no item: write ROOM/NUMBER, such as public-04/17")]
    Form(String),
    /// A name that nobody has.
    #[error("there is no {kind} {name:?}{}", meant(.nearest))]
    Name {
        /// `room`, `user` or `server`.
        kind: &'static str,
        /// As it was written.
        name: String,
        /// A name that may have been meant.
        nearest: Option<String>,
    },
    /// A room in which nothing was made.
    #[error("nothing was ever made in the room {0:?}: no run of this scenario came so far")]
    Empty(String),
    /// A number that the room does not have.
    #[error("{room:?} has no item {number}: the nearest is {room}/{last}, its last one")]
    Number {
        /// The room.
        room: String,
        /// As it was written.
        number: EventNo,
        /// The room's last item.
        last: EventNo,
    },
}

fn meant(nearest: &Option<String>) -> String {
    let meant = nearest.as_ref();
    meant.map_or(String::new(), |name| format!("; did you mean {name:?}?"))
}

impl Past {
    /// An item, written `ROOM/NUMBER`.
    ///
    /// # Errors
    /// If it is written otherwise, or there is none.
    pub fn find_item(&self, text: &str) -> Result<Question, Unknown> {
        let parts = text.rsplit_once('/');
        let number = parts.and_then(|(room, number)| Some((room, number.parse().ok()?)));
        let (room, number): (&str, EventNo) =
            number.ok_or_else(|| Unknown::Form(text.to_owned()))?;
        let room = room_named(self.world(), room)?;
        match self.logs()[room.index()].last() {
            Some(last) if number <= last => Ok(Question::Item(room, number)),
            Some(last) => Err(Unknown::Number {
                room: self.world().room(room).name.clone(),
                number,
                last,
            }),
            None => Err(Unknown::Empty(self.world().room(room).name.clone())),
        }
    }

    /// A room that was made, by its name.
    ///
    /// # Errors
    /// If there is none.
    pub fn find_room(&self, name: &str) -> Result<Question, Unknown> {
        let room = room_named(self.world(), name)?;
        match self.logs()[room.index()].last() {
            Some(_) => Ok(Question::Room(room)),
            None => Err(Unknown::Empty(name.to_owned())),
        }
    }

    /// A user, written `@anna:one.example` as in tables or `anna@one.example` as in scenarios.
    ///
    /// # Errors
    /// If there is none.
    pub fn find_user(&self, name: &str) -> Result<Question, Unknown> {
        let world = self.world();
        let forms = world.users.iter().map(|user| {
            let (local, server) = (&user.name, &world.servers[user.server.index()].name);
            [format!("@{local}:{server}"), format!("{local}@{server}")]
        });
        let forms: Vec<[String; 2]> = forms.collect();
        let same = forms
            .iter()
            .position(|forms| forms.iter().any(|form| form == name));
        if let Some(user) = same {
            return Ok(Question::User(UserId(user as u32)));
        }
        // The server may have been left out.
        let local = world.users.iter().position(|user| user.name == name);
        let local = local.map(|user| forms[user][0].as_str());
        let like = || nearest(name, forms.iter().flatten().map(String::as_str));
        Err(Unknown::Name {
            kind: "user",
            name: name.to_owned(),
            nearest: local.or_else(like).map(str::to_owned),
        })
    }

    /// A server, by its name.
    ///
    /// # Errors
    /// If there is none.
    pub fn find_server(&self, name: &str) -> Result<ServerId, Unknown> {
        let servers = self.world().servers.iter().zip(0..);
        let names = servers.map(|(server, number)| (server.name.as_str(), ServerId(number)));
        named("server", name, names)
    }

    fn world(&self) -> &World {
        &self.scenario().world
    }
}

/// A room of a world, made or not, by its name.
///
/// # Errors
/// If there is none.
pub fn room_named(world: &World, name: &str) -> Result<RoomId, Unknown> {
    let rooms = world.rooms.iter().zip(0..);
    let names = rooms.map(|(room, number)| (room.name.as_str(), RoomId(number)));
    named("room", name, names)
}

/// The one with this very name.
fn named<'n, T>(
    kind: &'static str,
    name: &str,
    names: impl Iterator<Item = (&'n str, T)> + Clone,
) -> Result<T, Unknown> {
    let mut same = names.clone().filter(|(other, _)| *other == name);
    same.next().map(|(_, found)| found).ok_or_else(|| {
        let nearest = nearest(name, names.map(|(other, _)| other));
        Unknown::Name {
            kind,
            name: name.to_owned(),
            nearest: nearest.map(str::to_owned),
        }
    })
}
