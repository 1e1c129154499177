//! A recording's script with numbers in the place of labels.

use std::collections::BTreeMap;
use std::path::Path;

use crate::faults::{Fault, KeyFate, MediaFate};
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::workload::{Action, Power, RoomKind, RoomSpec, StateField, UserSpec, Visibility};

use super::recording::{
    FieldName, KeyName, MediaName, Preset, Recording, RecordingError, Step, VisibilityName,
};
use crate::script::{PlayStep, Script, ServerSettings, flaws};

struct Labels<'a> {
    path: &'a Path,
    step: usize,
    servers: BTreeMap<String, ServerId>,
    users: BTreeMap<String, UserId>,
    rooms: BTreeMap<String, RoomId>,
    media: BTreeMap<String, MediaId>,
}

impl Labels<'_> {
    fn unknown(&self, what: &'static str, name: &str, remedy: &'static str) -> RecordingError {
        let place = format!("script[{}]", self.step);
        RecordingError::Unknown {
            path: self.path.to_owned(),
            place,
            what,
            name: name.to_owned(),
            remedy,
        }
    }

    fn server(&self, name: &str) -> Result<ServerId, RecordingError> {
        self.servers
            .get(name)
            .copied()
            .ok_or_else(|| self.unknown("server", name, "declare it under `servers`"))
    }

    fn user(&self, name: &str) -> Result<UserId, RecordingError> {
        let remedy = "declare it under `users`, or let it register first";
        self.users
            .get(name)
            .copied()
            .ok_or_else(|| self.unknown("user", name, remedy))
    }

    fn room(&self, name: &str) -> Result<RoomId, RecordingError> {
        self.rooms
            .get(name)
            .copied()
            .ok_or_else(|| self.unknown("room", name, "create it with `create_room`"))
    }

    fn media(&self, name: &str) -> Result<MediaId, RecordingError> {
        self.media
            .get(name)
            .copied()
            .ok_or_else(|| self.unknown("media", name, "upload it first"))
    }
}

impl Script {
    /// Numbers a recording's labels. `path` is for error messages.
    pub fn new(recording: &Recording, path: &Path) -> Result<Script, RecordingError> {
        let servers: Vec<String> = recording.servers.keys().cloned().collect();
        let mut labels = Labels {
            path,
            step: 0,
            servers: servers
                .iter()
                .enumerate()
                .map(|(i, name)| (name.clone(), ServerId(i as u32)))
                .collect(),
            users: BTreeMap::new(),
            rooms: BTreeMap::new(),
            media: BTreeMap::new(),
        };
        let mut script = Script {
            name: recording.name.clone(),
            question: recording.question.clone(),
            servers,
            settings: settings(recording, path)?,
            users: Vec::new(),
            rooms: Vec::new(),
            media: Vec::new(),
            steps: Vec::new(),
        };
        for name in &recording.users {
            script.add_user(&mut labels, name, true)?;
        }
        for (index, step) in recording.script.iter().enumerate() {
            labels.step = index;
            script.declare(&mut labels, step)?;
        }
        for (index, step) in recording.script.iter().enumerate() {
            labels.step = index;
            let step = number(&labels, step)?;
            script.steps.push(step);
        }
        // Of what can be played, the recording knows best whether it was.
        match flaws(&script).into_iter().find(|flaw| flaw.grave) {
            None => Ok(script),
            Some(flaw) => Err(RecordingError::Wrong {
                path: path.to_owned(),
                place: format!("script[{}]", flaw.step),
                what: flaw.message,
                remedy: flaw.help,
            }),
        }
    }

    fn add_user(
        &mut self,
        labels: &mut Labels<'_>,
        name: &str,
        exists: bool,
    ) -> Result<(), RecordingError> {
        if labels.users.contains_key(name) {
            return Ok(());
        }
        let (local, server) = name.split_once('@').unwrap_or((name, ""));
        let server = labels.server(server)?;
        labels
            .users
            .insert(name.to_owned(), UserId(self.users.len() as u32));
        self.users.push(UserSpec {
            name: local.to_owned(),
            server,
            exists,
            weight: 0,
        });
        Ok(())
    }

    /// Rooms, users and files that a step brings into being.
    fn declare(&mut self, labels: &mut Labels<'_>, step: &Step) -> Result<(), RecordingError> {
        match step {
            Step::CreateRoom {
                room,
                preset,
                federate,
                version,
                history_visibility,
                ..
            } => {
                labels
                    .rooms
                    .insert(room.clone(), RoomId(self.rooms.len() as u32));
                self.rooms.push(room_spec(
                    room,
                    *preset,
                    *federate,
                    version.as_deref(),
                    *history_visibility,
                ));
            }
            Step::Register { who, .. } => self.add_user(labels, who, false)?,
            Step::Upload { media, .. } if !labels.media.contains_key(media) => {
                labels
                    .media
                    .insert(media.clone(), MediaId(self.media.len() as u32));
                self.media.push(media.clone());
            }
            _ => {}
        }
        Ok(())
    }
}

/// The settings of all servers.
fn settings(recording: &Recording, path: &Path) -> Result<Vec<ServerSettings>, RecordingError> {
    let one = |(name, fields): (&String, &super::recording::RecordedSettings)| {
        let default_retry = match fields.retry.as_deref() {
            None => false,
            Some("default") => true,
            Some(other) => {
                return Err(RecordingError::Wrong {
                    path: path.to_owned(),
                    place: format!("servers.{name}.retry"),
                    what: format!("`{other}` is not known"),
                    remedy: "write \"default\", or leave it out",
                });
            }
        };
        Ok(ServerSettings {
            default_retry,
            retention: fields.retention.clone(),
        })
    };
    recording.servers.iter().map(one).collect()
}

fn room_spec(
    name: &str,
    preset: Preset,
    federate: Option<bool>,
    version: Option<&str>,
    visibility: Option<VisibilityName>,
) -> RoomSpec {
    RoomSpec {
        name: name.to_owned(),
        kind: match preset {
            Preset::Public => RoomKind::Public,
            Preset::Private => RoomKind::Private,
            Preset::Dm => RoomKind::Direct,
        },
        federate: federate.unwrap_or(true),
        version: version
            .and_then(|version| version.parse().ok())
            .unwrap_or(12),
        encrypted: false,
        visibility: match visibility {
            None | Some(VisibilityName::Shared) => Visibility::Shared,
            Some(VisibilityName::WorldReadable) => Visibility::WorldReadable,
            Some(VisibilityName::Invited) => Visibility::Invited,
            Some(VisibilityName::Joined) => Visibility::Joined,
        },
        max_lifetime: None,
        messages_per_day: 0.0,
        files_per_mille: 0,
    }
}

/// One step with numbers.
fn number(l: &Labels<'_>, step: &Step) -> Result<PlayStep, RecordingError> {
    let action = match step {
        Step::CreateRoom { room, by, .. } => Action::CreateRoom {
            room: l.room(room)?,
            by: l.user(by)?,
        },
        Step::Invite { room, by, who } => Action::Invite {
            room: l.room(room)?,
            by: l.user(by)?,
            who: l.user(who)?,
        },
        Step::Join { room, who, via } => Action::Join {
            room: l.room(room)?,
            who: l.user(who)?,
            via: via.as_deref().map(|via| l.server(via)).transpose()?,
        },
        Step::Leave { room, who } => Action::Leave {
            room: l.room(room)?,
            who: l.user(who)?,
        },
        Step::Kick { room, by, who } => Action::Kick {
            room: l.room(room)?,
            by: l.user(by)?,
            who: l.user(who)?,
        },
        Step::Ban { room, by, who } => Action::Ban {
            room: l.room(room)?,
            by: l.user(by)?,
            who: l.user(who)?,
        },
        Step::Unban { room, by, who } => Action::Unban {
            room: l.room(room)?,
            by: l.user(by)?,
            who: l.user(who)?,
        },
        Step::SetState {
            room,
            by,
            field,
            value,
        } => Action::SetState {
            room: l.room(room)?,
            by: l.user(by)?,
            field: match field {
                FieldName::Name => StateField::Name,
                FieldName::Topic => StateField::Topic,
                FieldName::Avatar => StateField::Avatar,
                FieldName::HistoryVisibility => StateField::HistoryVisibility,
            },
            value: value.clone(),
            file: None,
        },
        Step::SetPower {
            room,
            by,
            users,
            events_default,
        } => Action::SetPower {
            room: l.room(room)?,
            by: l.user(by)?,
            power: Power {
                users: users
                    .iter()
                    .map(|(user, level)| Ok((l.user(user)?, *level)))
                    .collect::<Result<_, RecordingError>>()?,
                events_default: *events_default,
            },
        },
        Step::PurgeHistory {
            server,
            room,
            keep_last,
            delete_local,
        } => Action::PurgeHistory {
            server: l.server(server)?,
            room: l.room(room)?,
            keep_last: *keep_last,
            delete_local: *delete_local,
        },
        Step::Scroll {
            who,
            room,
            page,
            passes,
            pause,
        } => Action::Scroll {
            room: l.room(room)?,
            who: l.user(who)?,
            page: *page,
            passes: *passes,
            pause: pause.is_some(),
            most: None,
        },
        Step::Upload { media, by } => Action::Upload {
            media: l.media(media)?,
            by: l.user(by)?,
        },
        Step::Download { media, by } => Action::Download {
            media: l.media(media)?,
            by: l.user(by)?,
        },
        other => return number_rest(l, other),
    };
    Ok(PlayStep::Act(action))
}

/// Accounts, servers, links, and what is not a single action.
fn number_rest(l: &Labels<'_>, step: &Step) -> Result<PlayStep, RecordingError> {
    let strike = |fault| Ok(PlayStep::Strike(fault));
    let act = |action| Ok(PlayStep::Act(action));
    match step {
        Step::Send {
            room,
            tag,
            by,
            counts,
            turn,
        } => Ok(PlayStep::Send {
            room: l.room(room)?,
            tag: tag.clone(),
            by: by
                .iter()
                .map(|user| l.user(user))
                .collect::<Result<_, _>>()?,
            counts: counts.clone(),
            turn: *turn,
        }),
        Step::Redact {
            room,
            by,
            target: (tag, server, number),
        } => Ok(PlayStep::Redact {
            room: l.room(room)?,
            by: l.user(by)?,
            tag: tag.clone(),
            server: l.server(server)?,
            number: *number,
        }),
        Step::Backup { server } => strike(Fault::Backup {
            server: l.server(server)?,
        }),
        Step::Restore {
            server,
            media,
            signing_key,
        } => strike(Fault::Restore {
            server: l.server(server)?,
            to: None,
            media_to: None,
            media: match media {
                MediaName::Restored => MediaFate::Restored,
                MediaName::Kept => MediaFate::Kept,
                MediaName::Gone => MediaFate::Gone,
            },
            key: match signing_key {
                KeyName::Kept => KeyFate::Kept,
                KeyName::New => KeyFate::New,
                KeyName::NewListed => KeyFate::NewListed,
            },
        }),
        Step::Stop { server } => strike(Fault::Stop {
            server: l.server(server)?,
        }),
        Step::Start { server } => strike(Fault::Start {
            server: l.server(server)?,
        }),
        Step::Freeze { server } => strike(Fault::Freeze {
            server: l.server(server)?,
        }),
        Step::Thaw { server } => strike(Fault::Thaw {
            server: l.server(server)?,
        }),
        Step::Cut { between: (x, y) } => strike(Fault::Cut {
            between: (l.server(x)?, l.server(y)?),
        }),
        Step::Heal { between: (x, y) } => strike(Fault::Heal {
            between: (l.server(x)?, l.server(y)?),
        }),
        Step::Register { who, password } => act(Action::Register {
            who: l.user(who)?,
            password: password.clone(),
        }),
        Step::Login {
            who,
            password,
            session,
        } => act(Action::Login {
            who: l.user(who)?,
            password: password.clone(),
            session: session.clone(),
        }),
        Step::CheckSession { who, session } => act(Action::CheckSession {
            who: l.user(who)?,
            session: session.clone(),
        }),
        Step::SetPassword { who, old, password } => act(Action::SetPassword {
            who: l.user(who)?,
            old: old.clone(),
            password: password.clone(),
        }),
        Step::Deactivate {
            who,
            password,
            erase,
        } => act(Action::Deactivate {
            who: l.user(who)?,
            password: password.clone(),
            erase: *erase,
        }),
        Step::Measure { stage, server } => Ok(PlayStep::Measure {
            stage: stage.clone(),
            server: l.server(server)?,
        }),
        _ => Ok(PlayStep::Settle),
    }
}
