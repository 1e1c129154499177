//! The whole network: against the measures of each single server, and in a room whose outcome is plain.

use std::collections::BTreeMap;

use fedheal::journal::{RoomId, ServerId};
use fedheal::kernel::SimDuration;
use fedheal::metrics::{
    Counts, Dimension, Everybody, GroupRow, Heard, Network, Strikes, measure, network,
};
use fedheal::simulation::{Outcome, run};
use fedheal::world::World;
use proptest::prelude::*;

use crate::measures::{fault, plaza, restores, says, scrolls};
use crate::worlds::{config, draft};

pub(crate) fn measured(world: &World, outcome: &Outcome, users: Vec<u64>) -> Network {
    let mut heard = Heard::new(world.servers.len());
    outcome
        .journal
        .facts()
        .iter()
        .for_each(|fact| heard.hear(fact));
    let kept_for = |server, room| outcome.kept_for(world, server, room);
    let wished = |server: ServerId, room: RoomId| -> Option<SimDuration> {
        let rules = &world.servers[server.index()].rules;
        rules.kept_for(world.room(room).max_lifetime)
    };
    let everybody = Everybody {
        users,
        losses: outcome.item_losses(),
        kept_for: &kept_for,
        wished: &wished,
    };
    network(&outcome.books(world, ServerId(0)), &everybody, &heard)
}

/// What one server's own measures say of messages and state, by class and kind of room.
fn of_server(outcome: &Outcome, world: &World, server: ServerId) -> BTreeMap<[String; 2], Counts> {
    let mut sums: BTreeMap<[String; 2], Counts> = BTreeMap::new();
    for row in measure(&outcome.books(world, server), &outcome.journal).items {
        let key = [Dimension::Class, Dimension::RoomKind].map(|name| row.dimensions[&name].clone());
        if matches!(&*key[0], "message" | "state") {
            *sums.entry(key).or_default() += Counts {
                readable: 0,
                ..row.counts
            };
        }
    }
    sums
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_network_is_the_sum_of_its_servers(draft in draft()) {
        let world = draft.world();
        let outcome = run(&world, &mut |_| {});
        // Each server is a size of its own.
        let users = vec![1, 5, 50];
        let network = measured(&world, &outcome, users);
        for (number, size) in ["1", "2 to 10", "11 to 100"].into_iter().enumerate() {
            let rows = network.items.iter().filter(|row| row.users == size);
            let rows = rows.filter(|row| row.counts != Counts::default());
            let rows = rows.map(|row| ([row.class.to_owned(), row.room_kind.to_owned()], row.counts));
            let own = if outcome.alive[number] {
                of_server(&outcome, &world, ServerId(number as u32))
            } else {
                BTreeMap::new()
            };
            prop_assert_eq!(rows.collect::<BTreeMap<_, _>>(), own, "{}", size);
        }
    }

    #[test]
    fn every_item_of_every_server_is_in_exactly_one_state(draft in draft()) {
        let world = draft.world();
        let network = measured(&world, &run(&world, &mut |_| {}), vec![1, 1, 2000]);
        for row in network.items {
            let c = row.counts;
            prop_assert_eq!(c.held + c.shell + c.stranded + c.lost + c.expired, c.items, "{:?}", row);
            prop_assert!(c.recovered <= c.recoverable && c.recoverable <= c.gone && c.gone <= c.items, "{:?}", row);
        }
    }
}

/// Three servers with a user each: what became of messages, and the servers.
fn at_the_plaza(parts: &[String]) -> (Counts, Vec<GroupRow>) {
    let scenario = plaza(parts, &[]);
    let outcome = run(&scenario.world, &mut |_| {});
    let network = measured(&scenario.world, &outcome, scenario.users_of_servers());
    let messages = network.items.iter().filter(|row| row.class == "message");
    let messages: Vec<_> = messages.collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!((messages[0].users, messages[0].room_kind), ("1", "public"));
    (messages[0].counts, network.groups)
}

#[test]
fn what_nobody_looks_for_is_stranded_on_one_of_three() {
    let (counts, groups) = at_the_plaza(&[restores("")]);
    let expected = Counts {
        items: 3 * 66,
        held: 3 * 66 - 60,
        stranded: 60,
        gone: 60,
        recoverable: 60,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
    let [group] = &groups[..] else {
        panic!("{groups:?}")
    };
    assert_eq!(
        (group.users, group.servers, group.up_per_mille),
        ("1", 3, 1000)
    );
    let expected = Strikes {
        restores: 1,
        ..Strikes::default()
    };
    assert_eq!(group.strikes, expected);
}

#[test]
fn what_is_looked_for_comes_back() {
    let (counts, _) = at_the_plaza(&[restores(""), says(6, "bob@b"), scrolls(7)]);
    let expected = Counts {
        items: 3 * 67,
        held: 3 * 67,
        gone: 60,
        recovered: 60,
        recoverable: 60,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
}

#[test]
fn what_only_dead_servers_held_is_lost_and_they_should_hold_nothing() {
    let deaths = ["b", "c"].map(|server| fault(8, &format!("death = {{ server = \"{server}\" }}")));
    let (counts, groups) = at_the_plaza(&[restores(""), deaths.concat()]);
    let expected = Counts {
        items: 66,
        held: 6,
        lost: 60,
        gone: 60,
        recoverable: 60,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
    assert_eq!((groups[0].servers, groups[0].strikes.deaths), (3, 2));
}
