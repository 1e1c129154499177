//! A script with labels in the place of numbers: what a recording's file holds.

use super::recording::{
    FORMAT, FieldName, KeyName, MediaName, Preset, RecordedSettings, Recording, Step,
    VisibilityName,
};
use crate::faults::{Fault, KeyFate, MediaFate};
use crate::journal::{RoomId, ServerId, UserId};
use crate::script::{PlayStep, Script, ServerSettings};
use crate::workload::{Action, RoomKind, StateField, Visibility};

/// What version a room has if a recording does not say.
const DEFAULT_VERSION: u8 = 12;

/// The script as a recording without results.
pub fn recording_of(script: &Script) -> Recording {
    let users = (0..script.users.len() as u32).map(UserId);
    let settings = |settings: &ServerSettings| RecordedSettings {
        retry: settings.default_retry.then(|| "default".to_owned()),
        retention: settings.retention.clone(),
    };
    Recording {
        format: FORMAT,
        name: script.name.clone(),
        question: script.question.clone(),
        software: serde_json::Value::Null,
        runs: 0,
        servers: script
            .servers
            .iter()
            .cloned()
            .zip(script.settings.iter().map(settings))
            .collect(),
        users: users
            .filter(|user| script.users[user.index()].exists)
            .map(|user| script.user_name(user))
            .collect(),
        script: script
            .steps
            .iter()
            .map(|step| labelled(script, step))
            .collect(),
        results: Vec::new(),
        stages: Default::default(),
        unstable: Default::default(),
    }
}

fn labelled(script: &Script, step: &PlayStep) -> Step {
    let room = |room: &RoomId| script.room_name(*room).to_owned();
    let user = |user: &UserId| script.user_name(*user);
    match step {
        PlayStep::Act(action) => acted(script, action),
        PlayStep::Send {
            room: place,
            tag,
            by,
            counts,
            turn,
        } => Step::Send {
            room: room(place),
            tag: tag.clone(),
            by: by.iter().map(user).collect(),
            counts: counts.clone(),
            turn: *turn,
        },
        PlayStep::Redact {
            room: place,
            by,
            tag,
            server,
            number,
        } => Step::Redact {
            room: room(place),
            by: user(by),
            target: (tag.clone(), script.server_name(*server).to_owned(), *number),
        },
        PlayStep::Strike(fault) => struck(script, fault),
        PlayStep::Settle => Step::Settle {},
        PlayStep::Measure { stage, server } => Step::Measure {
            stage: stage.clone(),
            server: script.server_name(*server).to_owned(),
        },
    }
}

fn struck(script: &Script, fault: &Fault) -> Step {
    let server = |server: &ServerId| script.server_name(*server).to_owned();
    let between = |(x, y): &(ServerId, ServerId)| (server(x), server(y));
    match fault {
        Fault::Backup { server: of } => Step::Backup { server: server(of) },
        Fault::Restore {
            server: of,
            media,
            key,
            ..
        } => Step::Restore {
            server: server(of),
            media: match media {
                MediaFate::Restored => MediaName::Restored,
                MediaFate::Kept => MediaName::Kept,
                MediaFate::Gone => MediaName::Gone,
            },
            signing_key: match key {
                KeyFate::Kept => KeyName::Kept,
                KeyFate::New => KeyName::New,
                KeyFate::NewListed => KeyName::NewListed,
            },
        },
        Fault::Stop { server: of } => Step::Stop { server: server(of) },
        Fault::Start { server: of } => Step::Start { server: server(of) },
        Fault::Freeze { server: of } => Step::Freeze { server: server(of) },
        Fault::Thaw { server: of } => Step::Thaw { server: server(of) },
        Fault::Cut { between: link } => Step::Cut {
            between: between(link),
        },
        Fault::Heal { between: link } => Step::Heal {
            between: between(link),
        },
        other => unreachable!("no step of a script: {other:?}"),
    }
}

fn acted(script: &Script, action: &Action) -> Step {
    let room = |room: &RoomId| script.room_name(*room).to_owned();
    let user = |user: &UserId| script.user_name(*user);
    match action {
        Action::CreateRoom { room: made, by } => created(script, *made, user(by)),
        Action::Invite { room: at, by, who } => Step::Invite {
            room: room(at),
            by: user(by),
            who: user(who),
        },
        Action::Join { room: at, who, via } => Step::Join {
            room: room(at),
            who: user(who),
            via: via.map(|via| script.server_name(via).to_owned()),
        },
        Action::Leave { room: at, who } => Step::Leave {
            room: room(at),
            who: user(who),
        },
        Action::Kick { room: at, by, who } => Step::Kick {
            room: room(at),
            by: user(by),
            who: user(who),
        },
        Action::Ban { room: at, by, who } => Step::Ban {
            room: room(at),
            by: user(by),
            who: user(who),
        },
        Action::Unban { room: at, by, who } => Step::Unban {
            room: room(at),
            by: user(by),
            who: user(who),
        },
        Action::SetState {
            room: at,
            by,
            field,
            value,
            ..
        } => Step::SetState {
            room: room(at),
            by: user(by),
            field: match field {
                StateField::Name => FieldName::Name,
                StateField::Topic => FieldName::Topic,
                StateField::Avatar => FieldName::Avatar,
                StateField::HistoryVisibility => FieldName::HistoryVisibility,
            },
            value: value.clone(),
        },
        Action::SetPower {
            room: at,
            by,
            power,
        } => Step::SetPower {
            room: room(at),
            by: user(by),
            users: power
                .users
                .iter()
                .map(|(who, level)| (user(who), *level))
                .collect(),
            events_default: power.events_default,
        },
        Action::PurgeHistory {
            server,
            room: at,
            keep_last,
            delete_local,
        } => Step::PurgeHistory {
            server: script.server_name(*server).to_owned(),
            room: room(at),
            keep_last: *keep_last,
            delete_local: *delete_local,
        },
        Action::Scroll {
            room: at,
            who,
            page,
            passes,
            pause,
            ..
        } => Step::Scroll {
            who: user(who),
            room: room(at),
            page: *page,
            passes: *passes,
            pause: pause.then(|| "settle".to_owned()),
        },
        other => of_account(script, other),
    }
}

fn of_account(script: &Script, action: &Action) -> Step {
    let user = |user: &UserId| script.user_name(*user);
    match action {
        Action::Register { who, password } => Step::Register {
            who: user(who),
            password: password.clone(),
        },
        Action::Login {
            who,
            password,
            session,
        } => Step::Login {
            who: user(who),
            password: password.clone(),
            session: session.clone(),
        },
        Action::CheckSession { who, session } => Step::CheckSession {
            who: user(who),
            session: session.clone(),
        },
        Action::SetPassword { who, old, password } => Step::SetPassword {
            who: user(who),
            old: old.clone(),
            password: password.clone(),
        },
        Action::Deactivate {
            who,
            password,
            erase,
        } => Step::Deactivate {
            who: user(who),
            password: password.clone(),
            erase: *erase,
        },
        Action::Upload { media, by } => Step::Upload {
            media: script.media_name(*media).to_owned(),
            by: user(by),
        },
        Action::Download { media, by } => Step::Download {
            media: script.media_name(*media).to_owned(),
            by: user(by),
        },
        other => unreachable!("no step of a script: {other:?}"),
    }
}

/// What is as usual is left out.
fn created(script: &Script, room: RoomId, by: String) -> Step {
    let spec = &script.rooms[room.index()];
    Step::CreateRoom {
        room: spec.name.clone(),
        by,
        preset: match spec.kind {
            RoomKind::Public => Preset::Public,
            RoomKind::Private => Preset::Private,
            RoomKind::Direct => Preset::Dm,
        },
        federate: (!spec.federate).then_some(false),
        version: (spec.version != DEFAULT_VERSION).then(|| spec.version.to_string()),
        history_visibility: match spec.visibility {
            Visibility::Shared => None,
            Visibility::WorldReadable => Some(VisibilityName::WorldReadable),
            Visibility::Invited => Some(VisibilityName::Invited),
            Visibility::Joined => Some(VisibilityName::Joined),
        },
    }
}
