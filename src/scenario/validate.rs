//! Checks across fields, all problems at once, and the world that a good file describes.

use std::path::Path;

use crate::faults::Fault;
use crate::journal::ServerId;
use crate::kernel::{SimTime, Streams};
use crate::protocol::matrix::Rules;
use crate::workload::{Action, BackupSchedule, People, RoomKind, RoomSpec, UserSpec, Visibility};
use crate::world::{ServerSpec, World};

use super::error::{Problems, ScenarioError};
use super::file::{Do, FaultDo, File, Kind, Room, VisibilityName};
use super::names::Names;
use super::population::{Draw, outages, peer_name};
use super::{Scenario, events, expect};

/// Room versions that the model knows.
const VERSIONS: std::ops::RangeInclusive<u8> = 6..=12;

/// Checks a file and builds its world.
pub(super) fn scenario(
    path: &Path,
    text: &str,
    name: String,
    file: &File,
) -> Result<Scenario, ScenarioError> {
    let mut problems = Problems::new(path, text);
    check_times(file, &mut problems);
    let mut names = Names::default();
    let servers = servers(file, text, &mut names, &mut problems);
    users_rooms_media(file, &mut names, &mut problems);
    let measured = names.server(&file.measured, &mut problems);
    let mut actions: Vec<(SimTime, Action)> = Vec::new();
    for entry in &file.action {
        actions.extend(events::actions(entry, &names, &mut problems));
    }
    let mut faults: Vec<(SimTime, Fault)> = Vec::new();
    for entry in &file.fault {
        faults.extend(events::faults(entry, &names, &mut problems));
    }
    check_restores(file, &servers, &names, &mut problems);
    let expect = file
        .expect
        .iter()
        .map(|entry| expect::expectation(entry, &mut problems))
        .collect();
    problems.into_result()?;

    let (start, end) = (*file.start.get_ref(), *file.end.get_ref());
    let streams = Streams::new(file.seed);
    if let Some(population) = &file.population {
        let measured_name = file.measured.get_ref();
        let (names, actions) = (&mut names, &mut actions);
        Draw {
            population,
            streams,
            start,
            measured,
            measured_name,
            names,
            actions,
        }
        .all();
    }
    if let Some(rates) = &file.fault_rates {
        faults.extend(outages(rates, streams, servers.len(), measured, start, end));
    }
    // Stable: actions of one moment stay in the order of the file.
    actions.sort_by_key(|(at, _)| *at);
    faults.sort_by_key(|(at, _)| *at);
    let world = World {
        seed: file.seed,
        start,
        end,
        in_step: file.in_step,
        servers,
        users: names.user_specs,
        rooms: names.room_specs,
        media: names.media_labels,
        actions,
        faults,
        people: people(file),
    };
    let resolved = toml::to_string_pretty(file).expect("what was read can be written");
    Ok(Scenario {
        name,
        title: file.title.clone(),
        world,
        measured,
        expect,
        resolved,
    })
}

fn people(file: &File) -> People {
    let p = &file.people;
    People {
        scrolls_per_member_day: p.scrolls_per_member_day,
        page: p.page.max(1),
        scroll_pages: p.scroll_pages.max(1),
        scrolls_after_loss_per_member_day: p.scrolls_after_loss_per_member_day,
        scroll_pages_after_loss: p.scroll_pages_after_loss.max(1),
        register_again_per_mille: p.register_again_per_mille,
        register_again_after: p.register_again_after,
        invite_again_per_mille: p.invite_again_per_mille,
        invite_again_after: p.invite_again_after,
        accept_after: p.accept_after,
    }
}

fn check_times(file: &File, problems: &mut Problems<'_>) {
    let (start, end) = (*file.start.get_ref(), *file.end.get_ref());
    if end <= start {
        let help = format!("choose an end after {start}");
        problems.add(
            file.end.span(),
            format!("the end {end} is not after the start {start}"),
            Some(help),
        );
    }
    for entry in &file.fault {
        let at = *entry.at.get_ref();
        if at < start || (at > end && end > start) {
            let help = format!("choose a moment from {start} to {end}");
            problems.add(
                entry.at.span(),
                format!("a fault at {at} is outside the simulated time"),
                Some(help),
            );
        }
    }
}

fn servers(
    file: &File,
    text: &str,
    names: &mut Names,
    problems: &mut Problems<'_>,
) -> Vec<ServerSpec> {
    let mut servers = Vec::new();
    let raw: toml::Table = toml::from_str(text).unwrap_or_default();
    for (index, server) in file.server.iter().enumerate() {
        let name = server.name.get_ref();
        if names.servers.contains_key(name) {
            let help = "give each server its own name".to_owned();
            problems.add(
                server.name.span(),
                format!("server `{name}` is declared twice"),
                Some(help),
            );
        }
        names
            .servers
            .insert(name.clone(), ServerId(servers.len() as u32));
        let backups = server.backups.as_ref().map(|backups| {
            if backups.every.get_ref().0 == 0 {
                let help = "write a time such as \"7d\"".to_owned();
                problems.add(
                    backups.every.span(),
                    "backups every 0s never end".to_owned(),
                    Some(help),
                );
            }
            BackupSchedule {
                first: backups.first,
                every: *backups.every.get_ref(),
                last: backups.last,
            }
        });
        let rules = merged_rules(&raw, index).unwrap_or_else(|| file.rules.clone());
        servers.push(ServerSpec {
            name: name.clone(),
            rules,
            backups,
            rank: index as u32,
        });
    }
    if let Some(population) = &file.population {
        for peer in 0..population.peers {
            let name = peer_name(peer);
            if !names.servers.contains_key(&name) {
                let rank = servers.len() as u32;
                names.servers.insert(name.clone(), ServerId(rank));
                servers.push(ServerSpec {
                    name,
                    rules: file.rules.clone(),
                    backups: None,
                    rank,
                });
            }
        }
    }
    servers
}

/// A server's own parameters over those of the federation, key by key.
fn merged_rules(raw: &toml::Table, index: usize) -> Option<Rules> {
    let own = raw.get("server")?.get(index)?.get("rules")?.as_table()?;
    let mut merged = raw
        .get("rules")
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    merged.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
    merged.try_into().ok()
}

fn users_rooms_media(file: &File, names: &mut Names, problems: &mut Problems<'_>) {
    for user in &file.user {
        let name = user.name.get_ref();
        let server = name.split_once('@').map_or("", |(_, server)| server);
        let Some(server) = names.servers.get(server).copied() else {
            let known: Vec<String> = names.servers.keys().cloned().collect();
            problems.unknown(
                user.name.span(),
                "server",
                server,
                known.iter().map(String::as_str),
            );
            continue;
        };
        if names.users.contains_key(name) {
            let help = "give each user their own name".to_owned();
            problems.add(
                user.name.span(),
                format!("user `{name}` is declared twice"),
                Some(help),
            );
        }
        names.add_user(UserSpec {
            name: name.clone(),
            server,
            exists: user.exists,
            weight: user.weight,
        });
    }
    for room in &file.room {
        if names.rooms.contains_key(room.name.get_ref()) {
            let help = "give each room its own name".to_owned();
            problems.add(
                room.name.span(),
                format!("room `{}` is declared twice", room.name.get_ref()),
                Some(help),
            );
        }
        if !VERSIONS.contains(room.version.get_ref()) {
            let help = "the model knows versions 6 to 12".to_owned();
            problems.add(
                room.version.span(),
                format!("no room version {}", room.version.get_ref()),
                Some(help),
            );
        }
        names.add_room(room_spec(room));
    }
    for entry in &file.action {
        if let Do::Upload { media, .. } = &entry.what {
            names.add_media(media);
        }
    }
}

fn room_spec(room: &Room) -> RoomSpec {
    RoomSpec {
        name: room.name.get_ref().clone(),
        kind: match room.kind {
            Kind::Public => RoomKind::Public,
            Kind::Private => RoomKind::Private,
            Kind::Direct => RoomKind::Direct,
        },
        federate: room.federate,
        version: *room.version.get_ref(),
        encrypted: room.encrypted,
        visibility: match room.visibility {
            VisibilityName::WorldReadable => Visibility::WorldReadable,
            VisibilityName::Shared => Visibility::Shared,
            VisibilityName::Invited => Visibility::Invited,
            VisibilityName::Joined => Visibility::Joined,
        },
        max_lifetime: room.max_lifetime,
        messages_per_day: room.messages_per_day,
        files_per_mille: room.files_per_mille,
    }
}

/// A restore needs a backup that was made before the point in time it goes back to.
fn check_restores(file: &File, servers: &[ServerSpec], names: &Names, problems: &mut Problems<'_>) {
    for entry in &file.fault {
        let FaultDo::Restore { server, to, .. } = &entry.what else {
            continue;
        };
        let Some(id) = names.servers.get(server.get_ref()) else {
            continue;
        };
        let at = *entry.at.get_ref();
        let wanted = to.as_ref().map_or(at, |to| *to.get_ref());
        let scheduled = servers[id.index()]
            .backups
            .as_ref()
            .map(|backups| backups.first);
        let single = file.fault.iter().filter_map(|other| match &other.what {
            FaultDo::Backup { server: of } if of.get_ref() == server.get_ref() => {
                Some(*other.at.get_ref())
            }
            _ => None,
        });
        let first = scheduled.into_iter().chain(single).min();
        let span = to.as_ref().map_or(entry.at.span(), toml::Spanned::span);
        match first {
            None => {
                let help =
                    "give the server `backups`, or add a fault with do.backup before".to_owned();
                problems.add(
                    span,
                    format!("`{}` has no backup to restore", server.get_ref()),
                    Some(help),
                );
            }
            Some(first) if first > wanted => {
                let help =
                    format!("the first backup is of {first}; restore to that moment or later");
                let message = format!(
                    "a restore to {wanted} is before the first backup of `{}`",
                    server.get_ref()
                );
                problems.add(span, message, Some(help));
            }
            Some(_) => {}
        }
    }
}
