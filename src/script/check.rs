//! What must be so across the steps of a script, wherever it comes from.

use std::collections::BTreeSet;

use super::{PlayStep, Script};
use crate::faults::Fault;
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::workload::{Action, StateField};

/// Messages of one `send`: real servers take some hundredths of a second for each.
const MOST_MESSAGES: u64 = 10_000;
/// Values of `history_visibility`.
const VISIBILITIES: [&str; 4] = ["world_readable", "shared", "invited", "joined"];

/// Something wrong with one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Which step, from 0.
    pub step: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
    /// Can it not be played at all? The rest can, and means little.
    pub grave: bool,
}

/// What is said of a step.
type Said = (String, &'static str, bool);

/// What the steps so far have brought into being.
#[derive(Default)]
struct Seen {
    rooms: BTreeSet<RoomId>,
    media: BTreeSet<MediaId>,
    stages: BTreeSet<String>,
    backups: BTreeSet<ServerId>,
}

/// Everything that is wrong with a script, in the order of its steps.
pub fn flaws(script: &Script) -> Vec<Flaw> {
    let mut seen = Seen::default();
    let mut found = Vec::new();
    for (step, what) in script.steps.iter().enumerate() {
        let brought = seen.look_at(script, what);
        let missing = room_of(what).filter(|room| !seen.rooms.contains(room));
        let missing = missing.map(|room| {
            let message = format!("room `{}` does not exist yet", script.room_name(room));
            light(message, "create it in an earlier step")
        });
        for (message, help, grave) in [brought, missing, numbers(what)].into_iter().flatten() {
            found.push(Flaw {
                step,
                message,
                help,
                grave,
            });
        }
    }
    found
}

fn light(message: String, help: &'static str) -> Said {
    (message, help, false)
}

fn grave(message: String, help: &'static str) -> Said {
    (message, help, true)
}

/// Users that nothing brings into being: they do not exist at first, and never register.
pub fn never_there(script: &Script) -> Vec<UserId> {
    let registers = |user: UserId| {
        script
            .steps
            .iter()
            .any(|step| matches!(step, PlayStep::Act(Action::Register { who, .. }) if *who == user))
    };
    (0..script.users.len() as u32)
        .map(UserId)
        .filter(|user| !script.users[user.index()].exists && !registers(*user))
        .collect()
}

impl Seen {
    fn look_at(&mut self, script: &Script, step: &PlayStep) -> Option<Said> {
        match step {
            PlayStep::Act(Action::CreateRoom { room, .. }) if !self.rooms.insert(*room) => {
                let message = format!("room `{}` is created twice", script.room_name(*room));
                Some(light(message, "give the second room another name"))
            }
            PlayStep::Act(Action::Upload { media, .. }) if !self.media.insert(*media) => {
                let message = format!("file `{}` is uploaded twice", script.media_name(*media));
                Some(light(message, "give the second file another name"))
            }
            PlayStep::Act(Action::Download { media, .. }) if !self.media.contains(media) => {
                let message = format!("file `{}` does not exist yet", script.media_name(*media));
                Some(light(message, "upload it in an earlier step"))
            }
            PlayStep::Measure { stage, .. } if !self.stages.insert(stage.clone()) => {
                let message = format!("stage `{stage}` is measured twice");
                Some(light(message, "give the second measurement another name"))
            }
            PlayStep::Strike(Fault::Backup { server }) => {
                self.backups.insert(*server);
                None
            }
            PlayStep::Strike(Fault::Restore { server, .. }) if !self.backups.contains(server) => {
                let message = format!("server `{}` has no backup", script.server_name(*server));
                Some(grave(message, "let it make a `backup` in an earlier step"))
            }
            PlayStep::Strike(Fault::Cut { between } | Fault::Heal { between })
                if between.0 == between.1 =>
            {
                Some(light("a link has two ends".to_owned(), "name two servers"))
            }
            _ => None,
        }
    }
}

fn numbers(step: &PlayStep) -> Option<Said> {
    match step {
        PlayStep::Send {
            by, counts, turn, ..
        } => {
            let sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
            if by.len() != counts.len() {
                let message = format!("{} counts for {} users", counts.len(), by.len());
                Some(grave(message, "give each user of `by` its own count"))
            } else if *turn == 0 {
                Some(grave("`turn` is 0".to_owned(), "at least 1"))
            } else if sum > MOST_MESSAGES {
                Some(light(format!("{sum} messages at once"), "at most 10000"))
            } else {
                None
            }
        }
        PlayStep::Redact { number: 0, .. } => Some(light("message 0".to_owned(), "the first is 1")),
        PlayStep::Act(Action::Scroll { page: 0, .. }) => {
            Some(grave("`page` is 0".to_owned(), "at least 1"))
        }
        PlayStep::Act(Action::Scroll { passes: 0, .. }) => {
            Some(light("`passes` is 0".to_owned(), "at least 1"))
        }
        PlayStep::Act(Action::PurgeHistory { keep_last: 0, .. }) => {
            Some(light("it keeps no message".to_owned(), "keep at least 1"))
        }
        PlayStep::Act(Action::SetState {
            field: StateField::HistoryVisibility,
            value,
            ..
        }) if !VISIBILITIES.contains(&value.as_str()) => Some(light(
            format!("`{value}` is no history visibility"),
            "one of world_readable, shared, invited, joined",
        )),
        _ => None,
    }
}

/// The room in which a step happens.
fn room_of(step: &PlayStep) -> Option<RoomId> {
    match step {
        PlayStep::Send { room, .. } | PlayStep::Redact { room, .. } => Some(*room),
        PlayStep::Act(
            Action::Invite { room, .. }
            | Action::Join { room, .. }
            | Action::Leave { room, .. }
            | Action::Kick { room, .. }
            | Action::Ban { room, .. }
            | Action::Unban { room, .. }
            | Action::SetState { room, .. }
            | Action::SetPower { room, .. }
            | Action::Scroll { room, .. }
            | Action::PurgeHistory { room, .. },
        ) => Some(*room),
        _ => None,
    }
}
