//! The recordings of real servers: how far the model does what they did, and what a bad one is told.

use std::fs;
use std::path::{Path, PathBuf};

use fedheal::script::Script;
use fedheal::simulation::{play, play_out_of_step};
use fedheal::verify::{
    Played, Recording, Report, compare, played_cells, read, recorded_cells, verify,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/truth")
}

fn recordings() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn all() -> Report {
    verify(&[folder()], play)
}

#[test]
fn the_first_three_experiments_are_right_in_every_cell() {
    let names = ["e01_basic", "e02_window_size", "e03_local_first"];
    let report = all();
    for name in names {
        let found = report.comparisons.iter().find(|c| c.name == name).unwrap();
        assert_eq!(found.wrong, [], "{name}");
        assert!(found.cells > 500 && found.right == found.cells, "{name}");
    }
}

/// Whoever changes the model sees here what it does to each experiment.
#[cfg(feature = "exact-state")]
#[test]
fn cells_right_by_experiment() {
    let report = all();
    assert!(report.errors.is_empty());
    let lines: Vec<String> = report
        .comparisons
        .iter()
        .map(|c| format!("{}: {} of {}", c.name, c.right, c.cells))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Reports say it to people who have no recordings at hand.
#[cfg(feature = "exact-state")]
#[test]
fn what_reports_say_of_the_recordings_is_so() {
    let text = all().text(false);
    assert_eq!(text.lines().last(), Some(fedheal::verify::VERIFIED));
}

#[test]
fn recordings_are_played_the_same_out_of_step() {
    for path in recordings() {
        let recording = read(&path).unwrap();
        let script = Script::new(&recording, &path).unwrap();
        let (with, without) = (
            played_cells(&play(&script)),
            played_cells(&play_out_of_step(&script)),
        );
        assert_eq!(with, without, "{}", recording.name);
    }
}

/// A recording of what the simulator itself does with a script.
fn recorded_here(path: &Path) -> (Recording, Played) {
    let mut recording = read(path).unwrap();
    let script = Script::new(&recording, path).unwrap();
    let played = play(&script);
    recording.unstable.clear();
    recording.results = played
        .results
        .iter()
        .map(|(step, result)| {
            let mut result = json!(result);
            result["step"] = json!(step);
            result
        })
        .collect();
    let stages = played.stages.iter();
    recording.stages = stages
        .map(|(name, stage)| (name.clone(), json!(stage)))
        .collect();
    (recording, played)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 28, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_changed_cell_is_one_wrong_cell(file: prop::sample::Index, cell: prop::sample::Index) {
        let (mut recording, played) = recorded_here(file.get::<PathBuf>(&recordings()));
        prop_assert_eq!(compare(&recording, &played).wrong, vec![]);
        let cells: Vec<String> = recorded_cells(&recording).into_keys().collect();
        let changed = cell.get(&cells);
        *place(&mut recording, changed) = json!("something else");
        let wrong: Vec<String> = compare(&recording, &played).wrong.into_iter().map(|w| w.path).collect();
        prop_assert_eq!(wrong, vec![changed.clone()]);
    }
}

/// The place of a cell in a recording.
fn place<'a>(recording: &'a mut Recording, cell: &str) -> &'a mut Value {
    let (part, rest) = cell.split_once('.').unwrap();
    let (first, rest) = rest.split_once('.').unwrap();
    let at = match part {
        "results" => recording
            .results
            .iter_mut()
            .find(|result| result["step"].as_u64() == first.parse().ok())
            .unwrap(),
        _ => recording.stages.get_mut(first).unwrap(),
    };
    leaf(at, rest)
}

/// The leaf of a value at a path.
fn leaf<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    let mut at = value;
    let mut rest = path;
    while !rest.is_empty() {
        // A key may hold dots itself, so the longest key that fits is taken.
        let (key, after) = (0..=rest.len())
            .rev()
            .filter(|end| rest.is_char_boundary(*end))
            .map(|end| (&rest[..end], &rest[end..]))
            .find(|(key, after)| (after.is_empty() || after.starts_with('.')) && has(at, key))
            .unwrap_or_else(|| panic!("{path} at {rest}"));
        at = match at {
            Value::Array(list) => &mut list[key.parse::<usize>().unwrap()],
            other => &mut other[key],
        };
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    at
}

fn has(value: &Value, key: &str) -> bool {
    match value {
        Value::Array(list) => key.parse::<usize>().is_ok_and(|i| i < list.len()),
        Value::Object(map) => map.contains_key(key),
        _ => false,
    }
}

/// The message for a recording that is well but for a change.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut raw = json!({
        "format": 1, "name": "small", "question": "", "servers": {"a": {}, "b": {}},
        "users": ["a1@a", "b1@b"],
        "script": [{"do": "create_room", "room": "room", "by": "a1@a", "preset": "public"}],
        "results": [], "stages": {},
    });
    change(&mut raw);
    refused_bytes(raw.to_string().as_bytes())
}

fn refused_bytes(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.json");
    fs::write(&path, bytes).unwrap();
    let report = verify(std::slice::from_ref(&path), play);
    let [error] = report.errors.as_slice() else {
        panic!("{} errors", report.errors.len());
    };
    let folder = format!("{}/", folder.path().display());
    error.to_string().replace(&folder, "")
}

#[test]
fn bad_recordings() {
    let step = |step: Value| move |raw: &mut Value| raw["script"][0] = step;
    let messages = [
        refused_bytes(b"no json"),
        refused_bytes(b"\xff\xfe"),
        refused(|raw| raw["format"] = json!(2)),
        refused(|raw| {
            raw.as_object_mut().unwrap().remove("script");
        }),
        refused(step(json!({"do": "dance", "room": "room"}))),
        refused(step(
            json!({"do": "create_room", "room": "room", "by": "z1@z", "preset": "public"}),
        )),
        refused(step(json!({"do": "stop", "server": "z"}))),
        refused(step(json!({"do": "create_room", "room": "room"}))),
    ];
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn a_folder_without_recordings_and_a_missing_file_are_said() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("none.json")] {
        let report = verify(std::slice::from_ref(&path), play);
        assert_eq!((report.errors.len(), report.comparisons.len()), (1, 0));
        assert!(
            report.errors[0]
                .to_string()
                .contains(&path.display().to_string())
        );
    }
}

/// Each is named with its file and the place in it, and what is well is played and reported.
#[test]
fn bad_recordings_do_not_hinder_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let good = self::folder().join("s10_refusals.json");
    fs::copy(&good, folder.path().join("good.json")).unwrap();
    let whole: Value = serde_json::from_slice(&fs::read(&good).unwrap()).unwrap();
    let broken = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut raw = whole.clone();
        change(&mut raw);
        fs::write(folder.path().join(name), raw.to_string()).unwrap();
    };
    fs::write(folder.path().join("noise.json"), "no json").unwrap();
    broken("field.json", &|raw| {
        raw.as_object_mut().unwrap().remove("servers");
    });
    broken("action.json", &|raw| {
        raw["script"][2]["do"] = json!("dance")
    });
    broken("server.json", &|raw| {
        raw["script"][0] = json!({"do": "stop", "server": "z"})
    });
    let answer = std::process::Command::new(env!("CARGO_BIN_EXE_fedheal"))
        .arg("verify")
        .arg(folder.path())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert_eq!(answer.status.code(), Some(2));
    let told = String::from_utf8(answer.stdout).unwrap();
    assert!(told.contains("1 of 1 recordings right"), "{told}");
    // Long lines are wrapped to the terminal's width.
    let said = String::from_utf8(answer.stderr).unwrap();
    let said: String = said.split(['\n', '│', ' ']).collect();
    for (file, what) in [
        ("noise.json", "at`.`:"),
        ("field.json", "at`.`:missingfield`servers`"),
        ("action.json", "at`script[2].do`:unknownvariant`dance`"),
        ("server.json", "at`script[0]`:unknownserver`z`"),
    ] {
        let place = format!("{file}:{what}");
        assert!(said.contains(&place), "{place} in {said}");
    }
}
