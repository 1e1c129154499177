//! Names and numbers: every name in an action, fault or expectation is looked up here.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::{Problems, nearest};
use super::file::File;
use super::value::Name;
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::world::World;

/// So many names can be listed in a message.
const FEW: usize = 10;

/// All names of a world.
pub(super) struct Names {
    /// Is everything there that could have a name? If not, a name may be unknown only because what it names was not drawn.
    whole: bool,
    servers: BTreeMap<String, u32>,
    users: BTreeMap<String, u32>,
    rooms: BTreeMap<String, u32>,
    media: BTreeMap<String, u32>,
}

impl Names {
    /// The names of all things in the world. `whole`: nothing is missing in it that was to be drawn.
    pub(super) fn of(world: &World, whole: bool) -> Names {
        let number = |names: Vec<String>| (0..).zip(names).map(|(n, name)| (name, n)).collect();
        let user = |user: &crate::workload::UserSpec| {
            format!("{}@{}", user.name, world.servers[user.server.index()].name)
        };
        Names {
            whole,
            servers: number(
                world
                    .servers
                    .iter()
                    .map(|server| server.name.clone())
                    .collect(),
            ),
            users: number(world.users.iter().map(user).collect()),
            rooms: number(world.rooms.iter().map(|room| room.name.clone()).collect()),
            media: number(world.media.clone()),
        }
    }

    /// Notes names of the file that the population gave to others.
    pub(super) fn refuse_taken(&self, file: &File, problems: &mut Problems<'_>) {
        let servers: Vec<&Name> = file.server.iter().map(|server| &server.name).collect();
        let rooms: Vec<&Name> = file.room.iter().map(|room| &room.name).collect();
        let users: Vec<&Name> = file.user.iter().map(|user| &user.name).collect();
        let lists = [
            ("server", servers, &self.servers),
            ("room", rooms, &self.rooms),
            ("user", users, &self.users),
        ];
        for (what, declared, numbers) in lists {
            for name in &declared {
                // The file's own come first: a number beyond them is of the population.
                let number = numbers.get(name.as_str());
                if number.is_some_and(|number| *number as usize >= declared.len()) {
                    let message = format!("the population has a {what} `{}` too", name.as_str());
                    problems.add(name.span(), message, "taken", "give this one another name");
                }
            }
        }
    }

    pub(super) fn server(&self, name: &Name, problems: &mut Problems<'_>) -> Option<ServerId> {
        self.find("server", &self.servers, name, name.span(), problems)
            .map(ServerId)
    }

    pub(super) fn user(&self, name: &Name, problems: &mut Problems<'_>) -> Option<UserId> {
        self.find("user", &self.users, name, name.span(), problems)
            .map(UserId)
    }

    pub(super) fn room(&self, name: &Name, problems: &mut Problems<'_>) -> Option<RoomId> {
        self.find("room", &self.rooms, name, name.span(), problems)
            .map(RoomId)
    }

    /// A room by a name in a list.
    pub(super) fn room_in(&self, name: &str, list: Range<usize>, problems: &mut Problems<'_>) {
        self.find("room", &self.rooms, name, list, problems);
    }

    pub(super) fn media(&self, name: &Name, problems: &mut Problems<'_>) -> Option<MediaId> {
        self.find("file", &self.media, name, name.span(), problems)
            .map(MediaId)
    }

    fn find(
        &self,
        what: &str,
        names: &BTreeMap<String, u32>,
        name: &str,
        span: Range<usize>,
        problems: &mut Problems<'_>,
    ) -> Option<u32> {
        let found = names.get(name).copied();
        if found.is_none() && self.whole {
            let label = match nearest(name, names.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "not declared".to_owned(),
            };
            let known: Vec<&str> = names.keys().map(String::as_str).collect();
            let help = match (what, known.len()) {
                ("file", _) => "a file is known by the `upload` action that makes it".to_owned(),
                (_, 1..=FEW) => format!("declare it with [[{what}]], or use: {}", known.join(", ")),
                _ => format!("declare it with [[{what}]]"),
            };
            problems.add(span, format!("unknown {what} `{name}`"), label, help);
        }
        found
    }
}

/// Notes each name that was given before.
pub(super) fn refuse_twice<'n>(
    what: &str,
    names: impl Iterator<Item = &'n Name>,
    problems: &mut Problems<'_>,
) {
    let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for name in names {
        match seen.get(name.as_str()) {
            Some(first) => {
                let line = problems.text().line(first.clone());
                let message = format!("{what} `{}` is declared twice", name.as_str());
                let help = format!("the first is on line {line}; give this one another name");
                problems.add(name.span(), message, "again here", help);
            }
            None => {
                seen.insert(name.as_str(), name.span());
            }
        }
    }
}
