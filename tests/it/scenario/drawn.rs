//! Populations and rates: the same seed draws the same, and one thing more moves nothing else.

use std::collections::BTreeMap;

use fedheal::faults::Fault;
use fedheal::journal::{RoomId, UserId};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::measure;
use fedheal::simulation::run;
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
fn what_must_be_found_of_the_incident_is_found_with_other_seeds_too() {
    for seed in 1..=3 {
        let scenario = shipped(HYPHA, &[], Some(seed));
        let outcome = run(&scenario.world, &mut |_| {});
        let books = outcome.books(&scenario.world, scenario.measured);
        let measures = measure(&books, &outcome.journal);
        let findings = scenario.expect.iter().flat_map(|one| &one.findings);
        let missed = findings.filter(|one| !one.check(&measures).met);
        let missed: Vec<&str> = missed.map(|one| one.part.as_str()).collect();
        assert_eq!(missed, Vec::<&str>::new(), "seed {seed}");
    }
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

/// Faults of a world with these rates, besides those that the scenario scripts.
fn drawn_with(set: &[(&str, &str)]) -> Vec<(SimTime, Fault)> {
    let scripted = hypha(&[], 6).faults;
    let all = hypha(set, 6).faults.into_iter();
    all.filter(|fault| !scripted.contains(fault)).collect()
}

#[test]
fn every_kind_of_loss_is_drawn_from_its_rate() {
    let rates = [
        ("fault-rates.losses.per-server-year", "4"),
        ("fault-rates.media-losses.per-server-year", "0.5"),
        ("fault-rates.key-losses.per-server-year", "0.5"),
        ("fault-rates.partitions.per-pair-year", "0.1"),
        ("fault-rates.partitions.median", "1d"),
    ];
    let faults = drawn_with(&rates);
    let count = |kind| {
        faults
            .iter()
            .filter(|(_, fault)| fault.name() == kind)
            .count()
    };
    // 41 servers and 820 pairs for a year and a half, of whom one has backups.
    assert!((1..15).contains(&count("restore")), "{}", count("restore"));
    assert!((15..50).contains(&count("media-loss")));
    assert!((15..50).contains(&count("key-loss")));
    assert!((80..170).contains(&count("cut")));
    assert!(count("heal") > 70 && count("heal") <= count("cut"));
}

#[test]
fn a_hosting_group_falls_together() {
    let group = r#"[{ name = "cellar", servers = ["peer-02.example", "peer-03.example"], outages = { per-year = 6, median = "5h" }, deaths-per-year = 1 }]"#;
    let faults = drawn_with(&[("fault-rates.hosting", group)]);
    let of = |server: u32| -> Vec<(SimTime, &str)> {
        let own = faults
            .iter()
            .filter(|(_, fault)| fault.server().0 == server);
        own.map(|(at, fault)| (*at, fault.name())).collect()
    };
    assert!(of(2).len() >= 3, "{:?}", of(2));
    assert_eq!(of(2), of(3));
    assert_eq!(of(4), []);
    // The same outages meet a server's own as one.
    let own = [
        ("fault-rates.hosting", group),
        ("fault-rates.outages.per-server-year", "200"),
        ("fault-rates.outages.median", "1d"),
    ];
    let faults = drawn_with(&own);
    let mut is_down = false;
    for (_, fault) in faults.iter().filter(|(_, fault)| fault.server().0 == 2) {
        match fault.name() {
            "stop" => assert!(!std::mem::replace(&mut is_down, true)),
            "start" => assert!(std::mem::replace(&mut is_down, false)),
            other => assert_eq!(other, "death"),
        }
    }
}
