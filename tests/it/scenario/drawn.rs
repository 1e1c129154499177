//! Populations and rates: the same seed draws the same, and one thing more moves nothing else.

use std::collections::BTreeMap;

use fedheal::faults::Fault;
use fedheal::journal::{RoomId, UserId};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::workload::{Action, RoomKind};
use fedheal::world::World;

use super::{HYPHA, shipped};

fn hypha(set: &[(&str, &str)], seed: u64) -> World {
    shipped(HYPHA, set, Some(seed)).world
}

#[test]
fn same_seed_same_world_and_other_seed_other_world() {
    assert_eq!(hypha(&[], 1), hypha(&[], 1));
    assert_ne!(hypha(&[], 1).actions, hypha(&[], 2).actions);
}

#[test]
fn the_incident_has_the_size_that_is_assumed() {
    let world = hypha(&[], 2021);
    let local = world.users.iter().filter(|user| user.server.0 == 0).count();
    assert_eq!(
        (world.servers.len(), local, world.rooms.len()),
        (41, 150, 60)
    );
    let old = world.users[..150].iter().filter(|user| user.exists).count();
    assert!((105..=135).contains(&old), "{old}");
    assert!(
        world
            .users
            .iter()
            .all(|user| (1..=100).contains(&user.weight))
    );
    let messages: f64 = world.rooms.iter().map(|room| room.messages_per_day).sum();
    assert!((100.0..5000.0).contains(&messages), "{messages}");
}

/// Who is in which room, by the actions alone.
#[test]
fn nobody_acts_before_existing_or_being_asked() {
    let world = hypha(&[], 2021);
    let mut registered: BTreeMap<UserId, SimTime> = BTreeMap::new();
    let mut creators: BTreeMap<RoomId, UserId> = BTreeMap::new();
    let mut invited: Vec<(RoomId, UserId)> = Vec::new();
    let mut last: BTreeMap<RoomId, SimTime> = BTreeMap::new();
    for (at, action) in &world.actions {
        let exists = |who: UserId, registered: &BTreeMap<UserId, SimTime>| {
            world.users[who.index()].exists || registered.get(&who).is_some_and(|since| since < at)
        };
        match action {
            Action::Register { who, .. } => {
                registered.insert(*who, *at);
            }
            Action::CreateRoom { room, by } => {
                assert!(exists(*by, &registered) && creators.insert(*room, *by).is_none());
                last.insert(*room, *at);
            }
            Action::Invite { room, by, who } => {
                assert_eq!(creators.get(room), Some(by));
                invited.push((*room, *who));
                apart(&mut last, *room, *at);
            }
            Action::Join { room, who, via } => {
                assert!(exists(*who, &registered));
                let home = world.home(creators[room]);
                assert_eq!(*via, (home != world.home(*who)).then_some(home));
                let open = world.room(*room).kind == RoomKind::Public;
                assert!(open || invited.contains(&(*room, *who)));
                apart(&mut last, *room, *at);
            }
            _ => {}
        }
    }
    assert_eq!(creators.len(), world.rooms.len());
}

fn apart(last: &mut BTreeMap<RoomId, SimTime>, room: RoomId, at: SimTime) {
    let before = last.insert(room, at).unwrap();
    assert!(at >= before + SimDuration::seconds(1));
}

#[test]
fn passwords_change_from_the_one_that_holds() {
    let world = hypha(&[("population.password-changes-per-year", "3")], 4);
    let mut held: BTreeMap<UserId, String> = BTreeMap::new();
    let mut changes = 0;
    for (_, action) in &world.actions {
        if let Action::SetPassword { who, old, password } = action {
            assert_eq!(held.get(who).map_or("pw", String::as_str), old);
            held.insert(*who, password.clone());
            changes += 1;
        }
    }
    assert!((300..600).contains(&changes), "{changes}");
}

#[test]
fn a_peer_more_moves_nobody_elses_luck() {
    let rates = [
        ("fault-rates.outages.per-server-year", "3.1"),
        ("fault-rates.outages.median", "29h"),
        ("fault-rates.outages.spare", "['tomesh.example']"),
        ("fault-rates.deaths.per-server-year", "0.18"),
    ];
    let fewer = hypha(&rates, 6);
    let more = hypha(
        &[&rates[..], &[("population.peers.count", "41")]].concat(),
        6,
    );
    let of_old = |world: &World| -> Vec<(SimTime, Fault)> {
        let faults = world.faults.iter();
        faults
            .filter(|(_, fault)| fault.server().0 < 41)
            .cloned()
            .collect()
    };
    assert_eq!(of_old(&fewer), of_old(&more));
    assert!(of_old(&fewer).len() > 100);
    let locals = |world: &World| world.users[..150].to_vec();
    assert_eq!(locals(&fewer), locals(&more));
    let rates = |world: &World| -> Vec<String> {
        world.rooms.iter().map(|room| room.name.clone()).collect()
    };
    assert_eq!(rates(&fewer), rates(&more));
}
