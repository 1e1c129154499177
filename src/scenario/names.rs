//! Names of a scenario and the numbers that stand for them.

use std::collections::BTreeMap;

use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::workload::{RoomSpec, UserSpec};

use super::error::Problems;
use super::file::Name;

/// What has been declared so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) servers: BTreeMap<String, ServerId>,
    pub(super) users: BTreeMap<String, UserId>,
    pub(super) rooms: BTreeMap<String, RoomId>,
    pub(super) media: BTreeMap<String, MediaId>,
    pub(super) user_specs: Vec<UserSpec>,
    pub(super) room_specs: Vec<RoomSpec>,
    pub(super) media_labels: Vec<String>,
}

impl Names {
    /// Declares a user; an existing one keeps its number.
    pub(super) fn add_user(&mut self, spec: UserSpec) -> UserId {
        if let Some(known) = self.users.get(&spec.name) {
            return *known;
        }
        let id = UserId(self.user_specs.len() as u32);
        self.users.insert(spec.name.clone(), id);
        self.user_specs.push(spec);
        id
    }

    /// Declares a room.
    pub(super) fn add_room(&mut self, spec: RoomSpec) -> RoomId {
        let id = RoomId(self.room_specs.len() as u32);
        self.rooms.insert(spec.name.clone(), id);
        self.room_specs.push(spec);
        id
    }

    /// The number of a file's label.
    pub(super) fn add_media(&mut self, label: &str) -> MediaId {
        if let Some(known) = self.media.get(label) {
            return *known;
        }
        let id = MediaId(self.media_labels.len() as u32);
        self.media.insert(label.to_owned(), id);
        self.media_labels.push(label.to_owned());
        id
    }

    pub(super) fn server(&self, name: &Name, problems: &mut Problems<'_>) -> ServerId {
        let found = self.servers.get(name.get_ref()).copied();
        found.unwrap_or_else(|| {
            problems.unknown(
                name.span(),
                "server",
                name.get_ref(),
                self.servers.keys().map(String::as_str),
            );
            ServerId(0)
        })
    }

    pub(super) fn user(&self, name: &Name, problems: &mut Problems<'_>) -> UserId {
        let found = self.users.get(name.get_ref()).copied();
        found.unwrap_or_else(|| {
            problems.unknown(
                name.span(),
                "user",
                name.get_ref(),
                self.users.keys().map(String::as_str),
            );
            UserId(0)
        })
    }

    pub(super) fn room(&self, name: &Name, problems: &mut Problems<'_>) -> RoomId {
        let found = self.rooms.get(name.get_ref()).copied();
        found.unwrap_or_else(|| {
            problems.unknown(
                name.span(),
                "room",
                name.get_ref(),
                self.rooms.keys().map(String::as_str),
            );
            RoomId(0)
        })
    }

    pub(super) fn file(&self, label: &Name, problems: &mut Problems<'_>) -> MediaId {
        let found = self.media.get(label.get_ref()).copied();
        found.unwrap_or_else(|| {
            let help = "upload it with do.upload first".to_owned();
            problems.add(
                label.span(),
                format!("no action uploads `{}`", label.get_ref()),
                Some(help),
            );
            MediaId(0)
        })
    }
}
