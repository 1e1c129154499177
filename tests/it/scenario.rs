//! Scenario files: what is read, what is refused, and in what words.

use std::fs;
use std::path::Path;

use fedheal::kernel::{SimDuration, SimTime};
use fedheal::scenario::{Scenario, ScenarioError, load, schema};
use fedheal::workload::Action;

mod bad;
mod drawn;
mod federation;
mod policies;

const MINIMAL: &str = "scenarios/minimal.toml";
const HYPHA: &str = "scenarios/hypha-2021.toml";

/// Reads a scenario from a text, as if it stood in `test.toml`.
fn read(text: &str, set: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, text).unwrap();
    let set: Vec<_> = (set.iter())
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    load(&path, &set, None)
}

fn shipped(path: &str, set: &[(&str, &str)], seed: Option<u64>) -> Scenario {
    let set: Vec<_> = (set.iter())
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    load(Path::new(path), &set, seed).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn every_shipped_scenario_loads_and_fits_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    let folders = ["scenarios", "scenarios/laboratory", "scenarios/sweeps"];
    for entry in folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
    {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        seen += 1;
        let scenario = load(&path, &[], None).unwrap_or_else(|error| panic!("{error:?}"));
        for text in [fs::read_to_string(&path).unwrap(), scenario.resolved] {
            let table: toml::Table = text.parse().unwrap();
            let json = serde_json::to_value(table).unwrap();
            let errors: Vec<_> = (validator.iter_errors(&json))
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        }
    }
    assert!(seen >= 7);
}

#[test]
fn the_schema_in_the_repository_is_up_to_date() {
    let committed = fs::read_to_string("scenarios/schema.json").unwrap();
    assert!(
        committed == schema(),
        "remake it with: cargo run -- schema > scenarios/schema.json"
    );
}

#[test]
fn a_resolved_scenario_is_the_same_world_again() {
    for (path, set) in [
        (MINIMAL, ("people.page", "7")),
        (HYPHA, ("population.local-users", "30")),
    ] {
        let first = shipped(path, &[set], Some(5));
        let again = read(&first.resolved, &[]).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(first.world, again.world, "{path}");
        assert_eq!(first.expect, again.expect, "{path}");
        assert_eq!(first.resolved, again.resolved, "{path}");
    }
}

#[test]
fn set_puts_values_over_the_file() {
    let plain = shipped(MINIMAL, &[], None);
    let set = [
        ("people.page", "50"),
        ("title", "just words"),
        ("end", "2024-02-01"),
        ("room.1.kind", "public"),
        ("rules.wake-period", "2m"),
    ];
    let changed = shipped(MINIMAL, &set, Some(77));
    assert_eq!(
        (plain.world.people.page, changed.world.people.page),
        (20, 50)
    );
    assert_eq!(changed.title, "just words");
    assert_eq!(changed.world.end, "2024-02-01".parse::<SimTime>().unwrap());
    assert_eq!(
        changed.world.rooms[1].kind,
        fedheal::workload::RoomKind::Public
    );
    assert_eq!(changed.world.seed, 77);
    for server in &changed.world.servers {
        assert_eq!(server.rules.wake_period, SimDuration::minutes(2));
    }
}

#[test]
fn a_server_has_the_federations_rules_where_it_has_none() {
    let text = "[rules]\nbackfill-events = 7\npdus-per-txn = 9\n";
    let base = "title = 't'\nstart = '2024-01-01'\nend = '2024-01-02'\nmeasured = 'a'\n";
    let servers = "[[server]]\nname = 'a'\n[[server]]\nname = 'b'\nrules = { pdus-per-txn = 3 }\n";
    let scenario = read(&format!("{base}{text}{servers}"), &[]).unwrap();
    let rules = |n: usize| &scenario.world.servers[n].rules;
    assert_eq!((rules(0).backfill_events, rules(0).pdus_per_txn), (7, 9));
    assert_eq!((rules(1).backfill_events, rules(1).pdus_per_txn), (7, 3));
}

#[test]
fn messages_are_sent_in_turns() {
    let scenario = shipped(
        MINIMAL,
        &[
            ("action.4.do.send.turn", "2"),
            ("action.4.do.send.counts", "[3, 1, 2]"),
        ],
        None,
    );
    let day = "2024-01-01T09:00".parse::<SimTime>().unwrap();
    let authors: Vec<u32> = (scenario.world.actions.iter())
        .filter(|(at, _)| *at >= day && at.since(day) < SimDuration::hours(1))
        .filter_map(|(_, action)| match action {
            Action::Send { by, .. } => Some(by.0),
            _ => None,
        })
        .collect();
    assert_eq!(authors, [0, 0, 1, 2, 2, 0]);
}
