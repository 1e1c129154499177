//! Actions as written, with names, into actions with numbers.

use super::deed::{Deed, Step};
use super::error::Problems;
use super::names::Names;
use super::value::{Here, Name};
use crate::kernel::{SimDuration, SimTime};
use crate::workload::{Action, Power};
use crate::world::World;

/// Messages of one `send` are this far apart: a few milliseconds, as the links are quick.
const APART: SimDuration = SimDuration::millis(5);

/// The labels of all files that some action uploads, in order of the file.
pub(super) fn uploads(steps: &[Step]) -> impl Iterator<Item = &Name> {
    steps.iter().filter_map(|step| match &step.deed {
        Deed::Upload { media, .. } => Some(media),
        _ => None,
    })
}

/// Puts a step into the world, as one action or (for messages) many.
pub(super) fn put(step: &Step, names: &Names, world: &mut World, problems: &mut Problems<'_>) {
    let at = *step.at;
    if let Deed::Send { .. } = step.deed {
        send(step, names, world, problems);
    } else if let Some(action) = action(&step.deed, names, problems) {
        world.actions.push((at, action));
    }
}

/// A deed that is one action.
pub(super) fn action(deed: &Deed, names: &Names, problems: &mut Problems<'_>) -> Option<Action> {
    in_rooms(deed, names, problems)
        .or_else(|| on_rooms(deed, names, problems))
        .or_else(|| of_clients(deed, names, problems))
}

/// Memberships.
fn in_rooms(deed: &Deed, names: &Names, problems: &mut Problems<'_>) -> Option<Action> {
    let mut three = |room: &Name, by: &Name, who: &Name| {
        let (room, by) = (names.room(room, problems), names.user(by, problems));
        let who = names.user(who, problems);
        Some((room?, by?, who?))
    };
    Some(match deed {
        Deed::Invite { room, by, who } => {
            let (room, by, who) = three(room, by, who)?;
            Action::Invite { room, by, who }
        }
        Deed::Kick { room, by, who } => {
            let (room, by, who) = three(room, by, who)?;
            Action::Kick { room, by, who }
        }
        Deed::Ban { room, by, who } => {
            let (room, by, who) = three(room, by, who)?;
            Action::Ban { room, by, who }
        }
        Deed::Unban { room, by, who } => {
            let (room, by, who) = three(room, by, who)?;
            Action::Unban { room, by, who }
        }
        Deed::Join { room, who, via } => {
            let (room, who) = (names.room(room, problems), names.user(who, problems));
            let via = match via {
                Some(server) => Some(names.server(server, problems)?),
                None => None,
            };
            Action::Join {
                room: room?,
                who: who?,
                via,
            }
        }
        Deed::Leave { room, who } => {
            let (room, who) = (names.room(room, problems), names.user(who, problems));
            Action::Leave {
                room: room?,
                who: who?,
            }
        }
        _ => return None,
    })
}

/// What rooms are and hold.
fn on_rooms(deed: &Deed, names: &Names, problems: &mut Problems<'_>) -> Option<Action> {
    let mut two = |room: &Name, who: &Name| {
        let (room, who) = (names.room(room, problems), names.user(who, problems));
        Some((room?, who?))
    };
    Some(match deed {
        Deed::CreateRoom { room, by } => {
            let (room, by) = two(room, by)?;
            Action::CreateRoom { room, by }
        }
        Deed::SetState {
            room,
            by,
            field,
            value,
            file,
        } => {
            let (room, by) = two(room, by)?;
            let file = match file {
                Some(label) => Some(names.media(label, problems)?),
                None => None,
            };
            let (field, value) = (*field, value.clone());
            Action::SetState {
                room,
                by,
                field,
                value,
                file,
            }
        }
        Deed::SetPower {
            room,
            by,
            users,
            events_default,
        } => {
            let (room, by) = two(room, by)?;
            let level = |level: &super::deed::Level| {
                Some((names.user(&level.user, problems)?, level.level))
            };
            let users = users.iter().map(level).collect::<Option<_>>()?;
            let power = Power {
                users,
                events_default: *events_default,
            };
            Action::SetPower { room, by, power }
        }
        Deed::Redact { room, by, item } => {
            let (room, by) = two(room, by)?;
            Action::Redact {
                room,
                by,
                target: *item,
            }
        }
        Deed::Scroll {
            room,
            who,
            page,
            passes,
            pause,
        } => {
            let (room, who) = two(room, who)?;
            at_least_one("page", page, problems);
            Action::Scroll {
                room,
                who,
                page: **page,
                passes: *passes,
                pause: *pause,
                most: None,
            }
        }
        Deed::JumpToDate { room, who, to } => {
            let (room, who) = two(room, who)?;
            Action::JumpToDate { room, who, to: *to }
        }
        Deed::PurgeHistory {
            server,
            room,
            keep_last,
            delete_local,
        } => {
            let (server, room) = (names.server(server, problems), names.room(room, problems));
            Action::PurgeHistory {
                server: server?,
                room: room?,
                keep_last: *keep_last,
                delete_local: *delete_local,
            }
        }
        _ => return None,
    })
}

/// Accounts and files.
fn of_clients(deed: &Deed, names: &Names, problems: &mut Problems<'_>) -> Option<Action> {
    Some(match deed {
        Deed::Register { who, password } => Action::Register {
            who: names.user(who, problems)?,
            password: password.clone(),
        },
        Deed::Login {
            who,
            password,
            session,
        } => Action::Login {
            who: names.user(who, problems)?,
            password: password.clone(),
            session: session.clone(),
        },
        Deed::CheckSession { who, session } => Action::CheckSession {
            who: names.user(who, problems)?,
            session: session.clone(),
        },
        Deed::SetPassword { who, old, password } => Action::SetPassword {
            who: names.user(who, problems)?,
            old: old.clone(),
            password: password.clone(),
        },
        Deed::Deactivate {
            who,
            password,
            erase,
        } => Action::Deactivate {
            who: names.user(who, problems)?,
            password: password.clone(),
            erase: *erase,
        },
        Deed::Upload { media, by } => {
            let (media, by) = (names.media(media, problems), names.user(by, problems));
            Action::Upload {
                media: media?,
                by: by?,
            }
        }
        Deed::Download { media, by } => {
            let (media, by) = (names.media(media, problems), names.user(by, problems));
            Action::Download {
                media: media?,
                by: by?,
            }
        }
        _ => return None,
    })
}

/// Messages in turns.
fn send(step: &Step, names: &Names, world: &mut World, problems: &mut Problems<'_>) {
    let Deed::Send {
        room,
        by,
        counts,
        turn,
        file,
    } = &step.deed
    else {
        return;
    };
    at_least_one("turn", turn, problems);
    if by.len() != counts.len() {
        let message = format!("{} counts for {} users", counts.len(), by.len());
        problems.add(
            counts.span(),
            message,
            "here",
            "give each user of `by` its own count",
        );
    }
    let room = names.room(room, problems);
    let users: Vec<_> = by.iter().map(|who| names.user(who, problems)).collect();
    let file = file.as_ref().map(|label| names.media(label, problems));
    let Some(room) = room.filter(|_| problems.is_empty()) else {
        return;
    };
    let mut left: Vec<u32> = counts.to_vec();
    let mut at: SimTime = *step.at;
    while left.iter().any(|count| *count > 0) {
        for (who, left) in users.iter().zip(&mut left) {
            for _ in 0..(*left).min(**turn) {
                if let Some(by) = *who {
                    let file = file.flatten();
                    world.actions.push((at, Action::Send { room, by, file }));
                }
                at = at + APART;
            }
            *left = left.saturating_sub(**turn);
        }
    }
}

fn at_least_one(key: &str, value: &Here<u32>, problems: &mut Problems<'_>) {
    if **value == 0 {
        problems.add(value.span(), format!("`{key}` is 0"), "at least 1", "");
    }
}
