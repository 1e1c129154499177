//! From a checked file to a world.

use super::error::Problems;
use super::file::{Backups, Expect, File, Protocol};
use super::limits::Places;
use super::names::Names;
use super::{
    Scenario, actions, central, federation, findings, luck, plays, policy, population, strikes,
};
use crate::journal::ServerId;
use crate::kernel::SimTime;
use crate::workload::{RoomSpec, UserSpec};
use crate::world::{START, ServerSpec, World};

/// Builds all that the file describes, with the luck of this seed; what cannot be built is noted.
pub(super) fn build(
    file: &File,
    seed: u64,
    name: String,
    places: &Places,
    problems: &mut Problems<'_>,
) -> Scenario {
    let uploads = actions::uploads(&file.action).chain(plays::uploads(&file.script));
    let mut world = World {
        seed,
        start: file.start.as_deref().copied().unwrap_or(START),
        end: file.end.as_deref().copied().unwrap_or(SimTime(u64::MAX)),
        in_step: file.in_step,
        servers: servers(file),
        users: Vec::new(),
        rooms: rooms(file),
        founded: Vec::new(),
        media: uploads.map(|label| label.to_string()).collect(),
        actions: Vec::new(),
        faults: Vec::new(),
        people: file.people.clone(),
    };
    let plan = file.federation.as_ref().filter(|_| problems.is_empty());
    let mut drawn = plan.map(|plan| federation::draw(plan, &file.rules, &mut world));
    let mut is_whole = file.federation.is_some() == drawn.is_some();
    let hosts = Names::of(&world, is_whole);
    users(file, &hosts, &mut world, problems);
    let measured = hosts
        .server(&file.measured, problems)
        .unwrap_or(ServerId(0));
    if let Some(drawn) = &mut drawn {
        // Of a server that is dead nothing could be measured.
        drawn.deaths_per_year[measured.index()] = 0.0;
    }
    let mut users: Vec<(ServerId, u64)> = (drawn.iter())
        .flat_map(|drawn| drawn.census.users.iter().copied())
        .collect();
    if let Some(plan) = &file.population {
        if problems.is_empty() {
            users.extend(population::draw(plan, &file.rules, &mut world, measured));
        } else {
            is_whole = false;
        }
    }
    let is_central = file.protocol == Protocol::Central;
    if is_central {
        central::add_operator(file, places, &mut world, problems);
    }
    let names = Names::of(&world, is_whole);
    names.refuse_taken(file, problems);
    if !file.policy.is_empty() && problems.is_empty() {
        let users = all_users(&world, &users);
        policy::apply(file, places, &names, &users, &mut world, problems);
    }
    for step in &file.action {
        actions::put(step, &names, &mut world, problems);
    }
    for trouble in &file.fault {
        strikes::put(trouble, &names, &mut world, problems);
    }
    if problems.is_empty() && !is_central {
        luck::draw(
            &file.fault_rates,
            drawn.as_ref(),
            &names,
            &mut world,
            problems,
        );
    }
    // Stable: what is at the same time stays in the order of the file.
    world.actions.sort_by_key(|(at, _)| *at);
    world.faults.sort_by_key(|(at, _)| *at);
    let script =
        (!file.script.is_empty()).then(|| plays::build(file, &name, &world, &names, problems));
    if let Some(script) = &script {
        world = World {
            seed: world.seed,
            ..World::of_script(script, file.in_step)
        };
    }
    let (asked, others): (Vec<&Expect>, _) =
        (file.expect.iter()).partition(|expect| expect.protocol == file.protocol);
    Scenario {
        name,
        title: file.title.clone(),
        measured,
        central: is_central.then(|| file.central.clone()),
        not_asked: others.len(),
        expect: asked
            .into_iter()
            .map(|expect| findings::expectation(expect, &names, problems))
            .collect(),
        world,
        script,
        census: drawn.map(|drawn| drawn.census),
        resolved: String::new(),
    }
}

/// Users of each server: as many as were drawn, or else as are simulated.
fn all_users(world: &World, drawn: &[(ServerId, u64)]) -> Vec<u64> {
    let mut users = vec![0; world.servers.len()];
    for user in &world.users {
        users[user.server.index()] += 1;
    }
    for (server, number) in drawn {
        users[server.index()] = *number;
    }
    users
}

fn servers(file: &File) -> Vec<ServerSpec> {
    let servers = plays::sorted(file).into_iter().zip(0..);
    servers
        .map(|(server, rank)| ServerSpec {
            name: server.name.to_string(),
            rules: server.rules.clone(),
            backups: server.backups.as_ref().map(Backups::schedule),
            rank,
        })
        .collect()
}

fn rooms(file: &File) -> Vec<RoomSpec> {
    let rooms = file.room.iter();
    rooms
        .map(|room| RoomSpec {
            name: room.name.to_string(),
            kind: room.kind,
            federate: room.federate,
            version: *room.version,
            encrypted: room.encrypted,
            visibility: room.visibility,
            max_lifetime: room.max_lifetime,
            messages_per_day: *room.messages_per_day,
            files_per_mille: *room.files_per_mille,
        })
        .collect()
}

fn users(file: &File, hosts: &Names, world: &mut World, problems: &mut Problems<'_>) {
    for user in &file.user {
        let Some((local, host)) = user
            .name
            .rsplit_once('@')
            .filter(|(local, _)| !local.is_empty())
        else {
            let message = format!("`{}` is no user name", user.name.as_str());
            problems.add(user.name.span(), message, "here", "write `name@server`");
            continue;
        };
        let (local, host) = (local.to_owned(), user.name.part(host.to_owned()));
        let Some(server) = hosts.server(&host, problems) else {
            continue;
        };
        world.users.push(UserSpec {
            name: local,
            server,
            exists: user.exists,
            weight: user.weight,
        });
    }
}
