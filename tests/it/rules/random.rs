//! Promises about every script.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::story::Story;
use crate::worlds::config;

const SERVERS: [&str; 3] = ["a", "b", "c"];
const ROOMS: [&str; 3] = ["r1", "r2", "r3"];

fn pair(n: usize, x: usize, y: usize) -> [&'static str; 2] {
    let (x, y) = (x % n, y % (n - 1));
    [SERVERS[x], SERVERS[(x + 1 + y) % n]]
}

/// One step among so many servers and rooms; every step is legal, though it may be refused.
fn step(n: usize, rooms: usize) -> impl Strategy<Value = Value> {
    let server = (0..n).prop_map(|i| SERVERS[i]);
    let user = (0..n, 1..3_u32).prop_map(|(i, number)| format!("{0}{number}@{0}", SERVERS[i]));
    let room = (0..rooms).prop_map(|i| ROOMS[i]);
    let two = (0..n, 0..n).prop_map(move |(x, y)| pair(n, x, y));
    let media = prop_oneof![Just("restored"), Just("kept"), Just("gone")];
    let key = prop_oneof![3 => Just("kept"), 1 => Just("new"), 1 => Just("new-listed")];
    prop_oneof![
        8 => (room.clone(), prop::collection::vec((user.clone(), 1..12_u32), 1..4), 1..6_u32).prop_map(
            |(room, by, turn)| {
                let (by, counts): (Vec<String>, Vec<u32>) = by.into_iter().unzip();
                json!({"do": "send", "room": room, "tag": "m", "by": by, "counts": counts, "turn": turn})
            }
        ),
        4 => (room.clone(), user.clone(), server.clone())
            .prop_map(|(room, who, via)| json!({"do": "join", "room": room, "who": who, "via": via})),
        1 => (room.clone(), user.clone()).prop_map(|(room, who)| json!({"do": "leave", "room": room, "who": who})),
        1 => (room.clone(), user.clone(), user.clone())
            .prop_map(|(room, by, who)| json!({"do": "kick", "room": room, "by": by, "who": who})),
        1 => (room.clone(), user.clone(), user.clone())
            .prop_map(|(room, by, who)| json!({"do": "invite", "room": room, "by": by, "who": who})),
        1 => (room.clone(), user.clone(), 0..3_u32).prop_map(|(room, by, value)| {
            json!({"do": "set_state", "room": room, "by": by, "type": "name", "value": value.to_string()})
        }),
        2 => two.clone().prop_map(|between| json!({"do": "cut", "between": between})),
        2 => two.prop_map(|between| json!({"do": "heal", "between": between})),
        1 => server.clone().prop_map(|server| json!({"do": "stop", "server": server})),
        2 => server.clone().prop_map(|server| json!({"do": "start", "server": server})),
        2 => server.clone().prop_map(|server| json!({"do": "backup", "server": server})),
        2 => (server.clone(), media, key).prop_map(|(server, media, key)| {
            json!({"do": "restore", "server": server, "media": media, "signing_key": key})
        }),
        1 => (server, room.clone(), 1..6_u32, any::<bool>()).prop_map(|(server, room, keep, own)| {
            json!({"do": "purge_history", "server": server, "room": room, "keep_last": keep, "delete_local": own})
        }),
        3 => (user, room, 3..40_u32, 1..3_u32).prop_map(|(who, room, page, passes)| {
            json!({"do": "scroll", "who": who, "room": room, "page": page, "passes": passes})
        }),
    ]
}

/// A script: rooms of all servers, a backup of each, some steps, and a look at everything.
fn script() -> impl Strategy<Value = Story> {
    (2..=3_usize, 1..=3_usize)
        .prop_flat_map(|(n, rooms)| {
            (
                Just(n),
                Just(rooms),
                prop::collection::vec(step(n, rooms), 1..15),
            )
        })
        .prop_map(|(n, rooms, steps)| {
            let mut story = Story::new(&SERVERS[..n]);
            for (i, room) in ROOMS[..rooms].iter().enumerate() {
                let servers: Vec<&str> = SERVERS[..n]
                    .iter()
                    .cycle()
                    .skip(i)
                    .take(n)
                    .copied()
                    .collect();
                story = story.room(room, &servers);
            }
            story = SERVERS[..n]
                .iter()
                .fold(story, |story, server| story.backup(server));
            let mut down = std::collections::BTreeSet::new();
            for step in steps {
                if possible(&step, &mut down) {
                    story = story.step(step);
                }
            }
            SERVERS[..n]
                .iter()
                .fold(story, |story, server| story.look(server, server))
        })
}

/// Scripts do not ask anything of servers that are down; what they do to them is followed here.
fn possible(step: &Value, down: &mut std::collections::BTreeSet<String>) -> bool {
    let server = step["server"].as_str().unwrap_or_default().to_owned();
    match step["do"].as_str().unwrap_or_default() {
        "stop" => down.insert(server),
        "start" => down.remove(&server),
        "restore" => {
            down.remove(&server);
            true
        }
        "backup" | "purge_history" => !down.contains(&server),
        _ => ["who", "by"].iter().all(|field| match &step[*field] {
            Value::Array(users) => users
                .iter()
                .filter_map(Value::as_str)
                .all(|user| up(user, down)),
            user => user.as_str().is_none_or(|user| up(user, down)),
        }),
    }
}

fn up(user: &str, down: &std::collections::BTreeSet<String>) -> bool {
    !down.contains(&user[user.len() - 1..])
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn deliveries_in_step_change_nothing(story in script()) {
        let (a, b) = (story.play(), story.play_out_of_step());
        prop_assert_eq!(&a.results, &b.results);
        prop_assert_eq!(&a.stages, &b.stages);
    }

    #[test]
    fn playing_twice_gives_the_same(story in script()) {
        let (a, b) = (story.play(), story.play());
        prop_assert_eq!(&a.results, &b.results);
        prop_assert_eq!(&a.stages, &b.stages);
    }
}
