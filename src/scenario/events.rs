//! Actions and faults of a file, with numbers in the place of names.

use crate::faults::{CopyScope, Fault, KeyFate, MediaFate};
use crate::kernel::{SimDuration, SimTime};
use crate::workload::{Action, Power, StateField};

use super::error::Problems;
use super::file::{ActionEntry, Do, FaultDo, FaultEntry, KeyName, MediaName, VisibilityName};
use super::names::Names;

/// Time between two scripted messages.
const BETWEEN_MESSAGES: SimDuration = SimDuration::seconds(1);

/// The single actions of an entry.
pub(super) fn actions(
    entry: &ActionEntry,
    n: &Names,
    p: &mut Problems<'_>,
) -> Vec<(SimTime, Action)> {
    let set = |room, by, field, value: &str, file, p: &mut Problems<'_>| Action::SetState {
        room: n.room(room, p),
        by: n.user(by, p),
        field,
        value: value.to_owned(),
        file,
    };
    let action = match &entry.what {
        Do::Send {
            room,
            by,
            counts,
            turn,
        } => {
            if by.len() != counts.len() || *turn == 0 {
                let help = "give one count for each sender, and a turn of at least 1".to_owned();
                p.add(
                    room.span(),
                    "`by` and `counts` differ in length, or `turn` is 0".to_owned(),
                    Some(help),
                );
                return Vec::new();
            }
            let room = n.room(room, p);
            let mut sends = Vec::new();
            let mut left = counts.clone();
            while left.iter().any(|count| *count > 0) {
                for (index, by) in by.iter().enumerate() {
                    for _ in 0..left[index].min(*turn) {
                        let at = entry.at + BETWEEN_MESSAGES * sends.len() as u64;
                        sends.push((
                            at,
                            Action::Send {
                                room,
                                by: n.user(by, p),
                                file: None,
                            },
                        ));
                    }
                    left[index] -= left[index].min(*turn);
                }
            }
            return sends;
        }
        Do::CreateRoom { room, by } => Action::CreateRoom {
            room: n.room(room, p),
            by: n.user(by, p),
        },
        Do::Invite { room, by, who } => Action::Invite {
            room: n.room(room, p),
            by: n.user(by, p),
            who: n.user(who, p),
        },
        Do::Join { room, who, via } => Action::Join {
            room: n.room(room, p),
            who: n.user(who, p),
            via: via.as_ref().map(|via| n.server(via, p)),
        },
        Do::Leave { room, who } => Action::Leave {
            room: n.room(room, p),
            who: n.user(who, p),
        },
        Do::Kick { room, by, who } => Action::Kick {
            room: n.room(room, p),
            by: n.user(by, p),
            who: n.user(who, p),
        },
        Do::Ban { room, by, who } => Action::Ban {
            room: n.room(room, p),
            by: n.user(by, p),
            who: n.user(who, p),
        },
        Do::Unban { room, by, who } => Action::Unban {
            room: n.room(room, p),
            by: n.user(by, p),
            who: n.user(who, p),
        },
        Do::SetName { room, by, value } => set(room, by, StateField::Name, value, None, p),
        Do::SetTopic { room, by, value } => set(room, by, StateField::Topic, value, None, p),
        Do::SetAvatar {
            room,
            by,
            value,
            media,
        } => {
            let file = media.as_ref().and_then(|media| n.media.get(media)).copied();
            set(room, by, StateField::Avatar, value, file, p)
        }
        Do::SetHistoryVisibility { room, by, value } => set(
            room,
            by,
            StateField::HistoryVisibility,
            visibility_text(*value),
            None,
            p,
        ),
        Do::SetPower {
            room,
            by,
            users,
            events_default,
        } => Action::SetPower {
            room: n.room(room, p),
            by: n.user(by, p),
            power: Power {
                users: users
                    .iter()
                    .filter_map(|(user, level)| Some((*n.users.get(user)?, *level)))
                    .collect(),
                events_default: *events_default,
            },
        },
        Do::Redact { room, by, event } => Action::Redact {
            room: n.room(room, p),
            by: n.user(by, p),
            target: *event,
        },
        Do::Scroll {
            room,
            who,
            page,
            passes,
            pause,
        } => Action::Scroll {
            room: n.room(room, p),
            who: n.user(who, p),
            page: (*page).max(1),
            passes: (*passes).max(1),
            pause: *pause,
            most: None,
        },
        Do::JumpToDate { room, who, to } => Action::JumpToDate {
            room: n.room(room, p),
            who: n.user(who, p),
            to: *to,
        },
        Do::Upload { media, by } => Action::Upload {
            media: n.media.get(media).copied().expect("declared before"),
            by: n.user(by, p),
        },
        Do::Download { media, by } => Action::Download {
            media: n.file(media, p),
            by: n.user(by, p),
        },
        Do::PurgeHistory {
            server,
            room,
            keep_last,
            delete_local,
        } => Action::PurgeHistory {
            server: n.server(server, p),
            room: n.room(room, p),
            keep_last: *keep_last,
            delete_local: *delete_local,
        },
        account => account_action(account, n, p),
    };
    vec![(entry.at, action)]
}

fn account_action(what: &Do, n: &Names, p: &mut Problems<'_>) -> Action {
    match what {
        Do::Register { who, password } => Action::Register {
            who: n.user(who, p),
            password: password.clone(),
        },
        Do::Login {
            who,
            password,
            session,
        } => Action::Login {
            who: n.user(who, p),
            password: password.clone(),
            session: session.clone(),
        },
        Do::CheckSession { who, session } => Action::CheckSession {
            who: n.user(who, p),
            session: session.clone(),
        },
        Do::SetPassword { who, old, password } => Action::SetPassword {
            who: n.user(who, p),
            old: old.clone(),
            password: password.clone(),
        },
        Do::Deactivate { who, password } => Action::Deactivate {
            who: n.user(who, p),
            password: password.clone(),
        },
        _ => unreachable!("`actions` handles the others"),
    }
}

fn visibility_text(visibility: VisibilityName) -> &'static str {
    match visibility {
        VisibilityName::WorldReadable => "world_readable",
        VisibilityName::Shared => "shared",
        VisibilityName::Invited => "invited",
        VisibilityName::Joined => "joined",
    }
}

/// The single faults of an entry, with the repairs that end them.
pub(super) fn faults(entry: &FaultEntry, n: &Names, p: &mut Problems<'_>) -> Vec<(SimTime, Fault)> {
    let at = *entry.at.get_ref();
    let fault = match &entry.what {
        FaultDo::Backup { server } => Fault::Backup {
            server: n.server(server, p),
        },
        FaultDo::Restore {
            server,
            to,
            media,
            signing_key,
        } => Fault::Restore {
            server: n.server(server, p),
            to: to.as_ref().map(|to| *to.get_ref()),
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
        },
        FaultDo::FailedCopyByRooms { server, per_mille } => Fault::FailedCopy {
            server: n.server(server, p),
            scope: CopyScope::Rooms(*per_mille),
        },
        FaultDo::FailedCopyByTables { server, per_mille } => Fault::FailedCopy {
            server: n.server(server, p),
            scope: CopyScope::Tables(*per_mille),
        },
        FaultDo::Outage { server, lasts } => {
            let server = n.server(server, p);
            return vec![
                (at, Fault::Stop { server }),
                (at + *lasts, Fault::Start { server }),
            ];
        }
        FaultDo::Freeze { server, lasts } => {
            let server = n.server(server, p);
            return vec![
                (at, Fault::Freeze { server }),
                (at + *lasts, Fault::Thaw { server }),
            ];
        }
        FaultDo::Partition {
            between: (x, y),
            lasts,
        } => {
            let between = (n.server(x, p), n.server(y, p));
            return vec![
                (at, Fault::Cut { between }),
                (at + *lasts, Fault::Heal { between }),
            ];
        }
        FaultDo::Stop { server } => Fault::Stop {
            server: n.server(server, p),
        },
        FaultDo::Start { server } => Fault::Start {
            server: n.server(server, p),
        },
        FaultDo::Death { server } => Fault::Death {
            server: n.server(server, p),
        },
        FaultDo::Blocking { between: (x, y) } => Fault::Cut {
            between: (n.server(x, p), n.server(y, p)),
        },
        FaultDo::KeyLoss { server, listed } => Fault::KeyLoss {
            server: n.server(server, p),
            listed: *listed,
        },
        FaultDo::MediaLoss { server } => Fault::MediaLoss {
            server: n.server(server, p),
        },
    };
    vec![(at, fault)]
}
