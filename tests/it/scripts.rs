//! Scripts: from files, from random draws, made smaller, and written out.

use std::fs;
use std::path::{Path, PathBuf};

use fedheal::scenario::load;
use fedheal::script::{PlayStep, Script, draw, flaws};
use fedheal::simulation::{play, play_out_of_step};
use fedheal::verify::{played_cells, read, recording_of, script_document, smaller};
use fedheal::workload::Action;
use proptest::prelude::*;
use serde_json::Value;

/// A script as a file would hold it.
fn written(script: &Script) -> Value {
    serde_json::from_str(&script_document(script).text()).unwrap()
}

fn recordings() -> Vec<PathBuf> {
    let entries = fs::read_dir("tests/truth").unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn recorded_scripts_are_written_as_they_were_read() {
    for path in recordings() {
        let recording = read(&path).unwrap();
        let script = Script::new(&recording, &path).unwrap();
        let mut recorded: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut again = written(&script);
        for part in [&mut recorded, &mut again] {
            for step in part["script"].as_array_mut().unwrap() {
                // What is as usual may be said or left out.
                let step = step.as_object_mut().unwrap();
                for (field, usual) in [
                    ("federate", Value::from(true)),
                    ("version", "12".into()),
                    ("history_visibility", "shared".into()),
                ] {
                    if step.get(field) == Some(&usual) && step["do"] == "create_room" {
                        step.remove(field);
                    }
                }
            }
        }
        for part in ["format", "name", "question", "servers", "users", "script"] {
            assert_eq!(again[part], recorded[part], "{}: {part}", path.display());
        }
    }
}

#[test]
fn a_line_holds_one_step() {
    let script = draw(1);
    let text = script_document(&script).text();
    let steps = text.lines().filter(|line| line.starts_with("  {\"do\": "));
    assert_eq!(steps.count(), script.steps.len());
}

#[test]
fn the_same_seed_draws_the_same_script_and_another_one_another() {
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7).steps, draw(8).steps);
}

/// All that a script can do is drawn by some seed.
#[test]
fn all_kinds_of_steps_are_drawn() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..200 {
        for step in written(&draw(seed))["script"].as_array().unwrap() {
            kinds.insert(step["do"].as_str().unwrap().to_owned());
        }
    }
    // Freezing depends on the machine more than on the servers.
    let missing: Vec<&str> = [
        "create_room",
        "invite",
        "join",
        "leave",
        "kick",
        "ban",
        "unban",
        "send",
        "set_state",
        "set_power",
        "redact",
        "backup",
        "restore",
        "stop",
        "start",
        "cut",
        "heal",
        "purge_history",
        "scroll",
        "register",
        "login",
        "check_session",
        "set_password",
        "deactivate",
        "upload",
        "download",
        "measure",
    ]
    .into_iter()
    .filter(|kind| !kinds.contains(*kind))
    .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn drawn_scripts_can_be_played_and_are_the_same_in_step_or_not(seed in 0..u64::MAX / 2) {
        let script = draw(seed);
        prop_assert_eq!(flaws(&script), vec![]);
        let recording = recording_of(&script);
        let again = Script::new(&recording, Path::new("drawn")).unwrap();
        prop_assert_eq!(written(&again), written(&script));
        let played = play(&script);
        prop_assert_eq!(&played_cells(&play(&again)), &played_cells(&played));
        prop_assert_eq!(&played_cells(&play_out_of_step(&script)), &played_cells(&played));
    }

    #[test]
    fn smaller_scripts_are_smaller_and_can_be_played(seed in 0..u64::MAX / 2, which: prop::sample::Index) {
        let script = draw(seed);
        // Fewer steps; or as many, with fewer messages and passes; or as many of these, with less to say.
        let weight = |script: &Script| {
            let much = script.steps.iter().map(|step| match step {
                PlayStep::Send { counts, .. } => counts.iter().sum(),
                PlayStep::Act(Action::Scroll { passes, .. }) => *passes,
                _ => 0,
            });
            (script.steps.len(), much.sum::<u32>(), script_document(script).text().len())
        };
        let candidates = smaller(&script);
        for candidate in &candidates {
            prop_assert_eq!(flaws(candidate), vec![]);
            prop_assert!(weight(candidate) < weight(&script));
        }
        play(which.get(&candidates));
    }
}

/// Makes a script smaller as long as something stays true.
fn smallest(mut script: Script, holds: impl Fn(&Script) -> bool) -> Script {
    while let Some(next) = smaller(&script).into_iter().find(|next| holds(next)) {
        script = next;
    }
    script
}

#[test]
fn a_search_ends_at_the_one_step_that_matters() {
    let bans = |script: &Script| {
        let steps = written(script)["script"].as_array().unwrap().clone();
        steps.iter().any(|step| step["do"] == "ban")
    };
    let seed = (0..).find(|seed| bans(&draw(*seed))).unwrap();
    let found = smallest(draw(seed), bans);
    let steps = written(&found)["script"].as_array().unwrap().clone();
    let kinds: Vec<&str> = steps
        .iter()
        .map(|step| step["do"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["create_room", "ban"]);
    assert!(found.servers.len() <= 2 && found.users.len() <= 2);
}

#[test]
fn the_shipped_script_is_played_as_its_own_json() {
    let path = Path::new("scenarios/laboratory/first.toml");
    let scenario = load(path, &[], None).unwrap_or_else(|error| panic!("{error:?}"));
    let script = scenario.script.unwrap();
    let again = Script::new(&recording_of(&script), path).unwrap();
    assert_eq!(again, script);
    let cells = played_cells(&play(&script));
    let held = |stage: &str, class: &str| {
        cells[&format!("stages.{stage}.rooms.plaza.messages.{class}.held")].clone()
    };
    assert_eq!(held("restored", "win@a"), 0);
    assert_eq!(
        held("spoken", "win@a").as_u64().unwrap() + held("spoken", "win@b").as_u64().unwrap(),
        10
    );
    assert_eq!(held("scrolled", "win@a"), 10);
}
