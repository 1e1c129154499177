//! A script in a scenario: what has no place beside it, and its steps with numbers for names.

use super::actions;
use super::deed::Deed;
use super::error::Problems;
use super::file::{File, Retry, Server};
use super::limits::Places;
use super::names::Names;
use super::play::{Own, Play, Turn};
use super::strikes;
use super::trouble::Blow;
use super::value::Name;
use crate::faults::Fault;
use crate::protocol::matrix::Rules;
use crate::script::{PlayStep, Script, ServerSettings, flaws, never_there};
use crate::workload::{People, UserSpec};
use crate::world::World;

/// What a script cannot do without, and what cannot stand beside one.
pub(super) fn check(file: &File, places: &Places, problems: &mut Problems<'_>) {
    let beside = [
        ("start", file.start.is_some()),
        ("end", file.end.is_some()),
        ("action", !file.action.is_empty()),
        ("fault", !file.fault.is_empty()),
        ("federation", file.federation.is_some()),
        ("population", file.population.is_some()),
        ("policy", !file.policy.is_empty()),
        ("fault-rates", file.fault_rates.outages.is_some()),
        ("fault-rates", file.fault_rates.deaths.is_some()),
        ("people", file.people != People::default()),
        ("rules", file.rules != Rules::default()),
    ];
    for (key, stands) in beside {
        if stands {
            let help = "a script has steps one after another, and people who do nothing else; \
                        real servers must be able to play it";
            let message = format!("`{key}` has no place beside [[script]]");
            problems.add(place(places, key), message, "here", help);
        }
    }
    for (i, server) in file.server.iter().enumerate() {
        servers(file, server, &format!("server.{i}"), places, problems);
    }
    for (i, room) in file.room.iter().enumerate() {
        let unplayable = [
            ("encrypted", room.encrypted),
            ("max-lifetime", room.max_lifetime.is_some()),
            ("messages-per-day", *room.messages_per_day > 0.0),
            ("files-per-mille", *room.files_per_mille > 0),
        ];
        for (key, stands) in unplayable {
            if stands {
                let message = format!("`{key}` has no place in a room of a script");
                let span = place(places, &format!("room.{i}.{key}"));
                problems.add(span, message, "here", "leave it out");
            }
        }
    }
}

fn servers(file: &File, server: &Server, at: &str, places: &Places, problems: &mut Problems<'_>) {
    let name = server.name.as_str();
    if name.len() != 1 || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let message = format!("server `{name}` of a script is named by more than a letter");
        let help = "recordings name servers by one small letter each";
        problems.add(server.name.span(), message, "such as \"a\"", help);
    }
    let unplayable = [
        ("rules", server.rules != file.rules),
        ("backups", server.backups.is_some()),
    ];
    for (key, stands) in unplayable {
        if stands {
            let message = format!("`{key}` has no place in a server of a script");
            let help = "servers of a script have the laboratory's settings; see `laboratory`";
            problems.add(place(places, &format!("{at}.{key}")), message, "here", help);
        }
    }
}

/// The settings of the servers of a script.
pub(super) fn settings(server: &Server) -> ServerSettings {
    let laboratory = server.laboratory.as_ref();
    ServerSettings {
        default_retry: laboratory.is_some_and(|one| one.retry == Some(Retry::Default)),
        retention: laboratory.and_then(|one| one.retention.clone()),
    }
}

/// The labels of all files that some step uploads, in order of the file.
pub(super) fn uploads(script: &[Play]) -> impl Iterator<Item = &Name> {
    script.iter().filter_map(|play| match &*play.turn {
        Turn::Deed(Deed::Upload { media, .. }) => Some(media),
        _ => None,
    })
}

/// The script of a file whose servers, users, rooms and files stand in `world` already.
pub(super) fn build(
    file: &File,
    name: &str,
    world: &World,
    names: &Names,
    problems: &mut Problems<'_>,
) -> Script {
    let mut script = Script {
        name: name.to_owned(),
        question: file.title.clone(),
        servers: world
            .servers
            .iter()
            .map(|server| server.name.clone())
            .collect(),
        settings: sorted(file).into_iter().map(settings).collect(),
        users: world
            .users
            .iter()
            .map(|user| UserSpec {
                // Nobody speaks unscripted.
                weight: 0,
                ..user.clone()
            })
            .collect(),
        rooms: world.rooms.clone(),
        media: world.media.clone(),
        steps: Vec::new(),
    };
    for play in &file.script {
        if let Some(step) = step(&play.turn, names, problems) {
            script.steps.push(step);
        }
    }
    // Flaws are counted by steps, so all steps must be there.
    if problems.is_empty() {
        for flaw in flaws(&script) {
            let span = file.script[flaw.step].turn.span();
            problems.add(span, flaw.message, "here", flaw.help);
        }
        for user in never_there(&script) {
            let name = &file.user[user.index()].name;
            let message = format!("`{}` does not exist and never registers", name.as_str());
            let help = "leave out `exists = false`, or let a step register the user";
            problems.add(name.span(), message, "here", help);
        }
    }
    script
}

/// Servers in alphabetical order, as in recordings: what is equal otherwise is ordered by name.
pub(super) fn sorted(file: &File) -> Vec<&Server> {
    let mut servers: Vec<&Server> = file.server.iter().collect();
    if !file.script.is_empty() {
        servers.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    }
    servers
}

fn step(turn: &Turn, names: &Names, problems: &mut Problems<'_>) -> Option<PlayStep> {
    match turn {
        Turn::Own(own) => own_step(own, names, problems),
        Turn::Deed(deed) => {
            if let Deed::SetState {
                file: Some(file), ..
            } = deed
            {
                let message = "a script's state stands for no file";
                problems.add(file.span(), message, "here", "leave `file` out");
            }
            actions::action(deed, names, problems).map(PlayStep::Act)
        }
        Turn::Blow(blow) => {
            if let Blow::Restore { to, media_to, .. } = blow {
                for moment in [to, media_to].into_iter().flatten() {
                    let message = "a script restores its latest backup";
                    problems.add(moment.span(), message, "here", "leave this out");
                }
            }
            strikes::of_server(blow, names, problems).map(PlayStep::Strike)
        }
    }
}

fn own_step(own: &Own, names: &Names, problems: &mut Problems<'_>) -> Option<PlayStep> {
    let mut link = |[x, y]: &[Name; 2]| {
        let (x, y) = (names.server(x, problems), names.server(y, problems));
        Some((x?, y?))
    };
    Some(match own {
        Own::Cut { between } => PlayStep::Strike(Fault::Cut {
            between: link(between)?,
        }),
        Own::Heal { between } => PlayStep::Strike(Fault::Heal {
            between: link(between)?,
        }),
        Own::Send {
            room,
            tag,
            by,
            counts,
            turn,
        } => {
            let room = names.room(room, problems);
            let by: Vec<_> = by.iter().map(|who| names.user(who, problems)).collect();
            PlayStep::Send {
                room: room?,
                tag: tag.to_string(),
                by: by.into_iter().collect::<Option<_>>()?,
                counts: counts.clone(),
                turn: *turn,
            }
        }
        Own::Redact {
            room,
            by,
            tag,
            server,
            number,
        } => {
            let (room, by) = (names.room(room, problems), names.user(by, problems));
            let server = names.server(server, problems);
            PlayStep::Redact {
                room: room?,
                by: by?,
                tag: tag.clone(),
                server: server?,
                number: *number,
            }
        }
        Own::Freeze { server } => PlayStep::Strike(Fault::Freeze {
            server: names.server(server, problems)?,
        }),
        Own::Thaw { server } => PlayStep::Strike(Fault::Thaw {
            server: names.server(server, problems)?,
        }),
        Own::Settle {} => PlayStep::Settle,
        Own::Measure { stage, server } => PlayStep::Measure {
            stage: stage.to_string(),
            server: names.server(server, problems)?,
        },
    })
}

fn place(places: &Places, key: &str) -> std::ops::Range<usize> {
    places.get(key).cloned().unwrap_or_default()
}
