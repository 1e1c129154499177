//! The verbs `explain` and `diagram`, from outside.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use sha2::{Digest, Sha256};

fn fedheal(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("fedheal").unwrap();
    command
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a shipped scenario into a folder, whether it finds there what it expects or not.
fn run(scenario: &str, folder: &Path, more: &[&str]) {
    let folder = folder.to_str().unwrap();
    let answer = fedheal(&[&["run", scenario, "--out", folder], more].concat());
    let code = answer.status.code();
    assert!(matches!(code, Some(0 | 1)), "{}", text(&answer.stderr));
}

/// What a verb says of a folder.
fn says(verb: &str, folder: &Path, more: &[&str]) -> String {
    let answer = fedheal(&[&[verb, folder.to_str().unwrap()], more].concat());
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    text(&answer.stdout)
}

#[test]
fn explanations_read_well() {
    let folder = tempfile::tempdir().unwrap();
    run("scenarios/minimal.toml", folder.path(), &[]);
    let questions: [&[&str]; 9] = [
        &["--item", "plaza/20"],
        &["--item", "plaza/70"],
        &["--item", "plaza/1"],
        &["--item", "attic/8"],
        &["--room", "plaza"],
        &["--room", "attic"],
        &["--room", "plaza", "--of", "c.example"],
        &["--user", "@ann:a.example"],
        &["--server", "a.example"],
    ];
    let all = questions.map(|question| {
        let said = says("explain", folder.path(), question);
        for line in said.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        format!("{}\n{said}", question.join(" "))
    });
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_is_stranded_says_who_could_give_it_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody pages back: the last action is the scroll.
    let never = ["--set", "action.8.at=2024-01-04T08:59"];
    run("scenarios/minimal.toml", folder.path(), &never);
    let questions: [&[&str]; 3] = [
        &["--item", "plaza/20"],
        &["--room", "plaza"],
        &["--server", "a.example"],
    ];
    let all = questions.map(|question| says("explain", folder.path(), question));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn an_explanation_is_the_same_whatever_was_kept_of_the_journal() {
    let said = ["none", "ranges", "full"].map(|journal| {
        let folder = tempfile::tempdir().unwrap();
        run(
            "scenarios/minimal.toml",
            folder.path(),
            &["--journal", journal],
        );
        says("explain", folder.path(), &["--item", "plaza/20", "--json"])
    });
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[2]);
    let story: serde_json::Value = serde_json::from_str(&said[0]).unwrap();
    assert_eq!(story["about"], "item");
    assert_eq!(story["state"], "held");
    assert!(!story["sentences"].as_array().unwrap().is_empty());
}

#[test]
fn a_diagram_is_an_svg_with_words_for_those_who_do_not_see_it() {
    let folder = tempfile::tempdir().unwrap();
    run("scenarios/laboratory/first.toml", folder.path(), &[]);
    let said = says("diagram", folder.path(), &["--room", "plaza"]);
    let file = folder.path().join("plaza.svg");
    let out = ["--room", "plaza", "--out", file.to_str().unwrap()];
    says("diagram", folder.path(), &out);
    assert_eq!(said, fs::read_to_string(&file).unwrap());
    let picture = folder.path().join("plaza.PNG");
    let out = ["--room", "plaza", "--out", picture.to_str().unwrap()];
    says("diagram", folder.path(), &out);
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG\r\n"));
    // The font is long, and the same in every figure.
    let (before, rest) = said.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    insta::assert_snapshot!(format!("{before}{after}"));
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().unwrap();
    run("scenarios/minimal.toml", folder.path(), &[]);
    let path = folder.path().to_str().unwrap();
    let bad: [(&[&str], &str); 12] = [
        (&["explain", path], "required"),
        (
            &["explain", path, "--room", "plaza", "--user", "x"],
            "cannot be used with",
        ),
        (
            &[
                "explain",
                path,
                "--server",
                "a.example",
                "--of",
                "b.example",
            ],
            "cannot be used with",
        ),
        (
            &["explain", "no/such/folder", "--room", "plaza"],
            "no/such/folder",
        ),
        (&["explain", path, "--room", "piazza"], "no room \"piazza\""),
        (
            &["explain", path, "--room", "plazza"],
            "did you mean \"plaza\"?",
        ),
        (
            &["explain", path, "--item", "plaza/999"],
            "the nearest is plaza/",
        ),
        (&["explain", path, "--item", "plaza"], "ROOM/NUMBER"),
        (
            &["explain", path, "--user", "ann"],
            "did you mean \"@ann:a.example\"?",
        ),
        (
            &["explain", path, "--server", "a.exampel"],
            "did you mean \"a.example\"?",
        ),
        (
            &["diagram", path, "--room", "plazza"],
            "did you mean \"plaza\"?",
        ),
        (
            &["diagram", path, "--room", "plaza", "--from", "yesterday"],
            "2021-06-06T18:00",
        ),
    ];
    for (arguments, told) in bad {
        let answer = fedheal(arguments);
        let message = text(&answer.stderr);
        assert_eq!(answer.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(told), "{arguments:?}: {message}");
        assert!(answer.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_folder_that_was_changed_is_not_explained() {
    let folder = tempfile::tempdir().unwrap();
    run("scenarios/minimal.toml", folder.path(), &[]);
    let facts = folder.path().join("facts.csv");
    let changed = fs::read_to_string(&facts)
        .unwrap()
        .replace("gap-fill", "backfill");
    fs::write(&facts, changed).unwrap();
    let path = folder.path().to_str().unwrap();
    let answer = fedheal(&["explain", path, "--room", "plaza"]);
    assert_eq!(answer.status.code(), Some(2));
    assert!(text(&answer.stderr).contains("facts.csv"));
}

/// The folder of a run that was stopped: what came of it until then, beside the scenario of the whole.
fn stopped_run(folder: &Path, until: &str, more: &[&str]) {
    let end = format!("end={until}");
    run("scenarios/minimal.toml", folder, more);
    let whole = fs::read(folder.join("scenario.toml")).unwrap();
    run(
        "scenarios/minimal.toml",
        folder,
        &[&["--set", &*end], more].concat(),
    );
    fs::write(folder.join("scenario.toml"), &whole).unwrap();
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["complete"] = false.into();
    manifest["until"] = until.into();
    let sum = Sha256::digest(&whole);
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    manifest["files_sha256"]["scenario.toml"] = sum.into();
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
}

#[test]
fn a_run_that_was_stopped_is_explained_as_it_stood_then() {
    for protocol in ["matrix", "central"] {
        let folder = tempfile::tempdir().unwrap();
        let protocol = format!("protocol={protocol}");
        let set = ["--set", &*protocol];
        stopped_run(folder.path(), "2024-01-07T12:00", &set);
        let said = says("explain", folder.path(), &["--room", "plaza"]);
        let stopped = "This run was stopped at 2024-01-07 12:00 of its time";
        assert!(said.starts_with(stopped), "{said}");
        let json = says("explain", folder.path(), &["--room", "plaza", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["stopped_at"], "2024-01-07T12:00:00");
    }
}

#[test]
fn a_diagram_of_too_much_says_how_to_narrow_it() {
    let folder = tempfile::tempdir().unwrap();
    let busy = ["--set", "room.0.messages-per-day=200"];
    run("scenarios/minimal.toml", folder.path(), &busy);
    let path = folder.path().to_str().unwrap();
    let answer = fedheal(&["diagram", path, "--room", "plaza"]);
    assert_eq!(answer.status.code(), Some(2));
    let message = text(&answer.stderr);
    assert!(message.contains("--until 2024-01-0"), "{message}");
}
