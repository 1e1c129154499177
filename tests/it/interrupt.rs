//! Ctrl-C in the middle of a run, from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// Long enough to be interrupted.
const LONG: [&str; 5] = [
    "run",
    "scenarios/public-matrix.toml",
    "--set",
    "federation.scale=0.01",
    "--out",
];

fn start(out: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_fedheal"))
        .args(LONG)
        .arg(out)
        .env("NO_COLOR", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(killed.success());
}

/// Waits until a part of the journal is on the disk.
fn wait_for_facts(parent: &Path) {
    for _ in 0..3000 {
        let facts = facts_of(parent).and_then(|facts| facts.metadata().ok());
        if facts.is_some_and(|file| file.len() > 10_000) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no facts within a minute");
}

fn facts_of(parent: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap());
    let hidden = entries.find(|entry| entry.file_name().to_string_lossy().starts_with(".fedheal-"));
    hidden.map(|folder| folder.path().join("new").join("facts.csv"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn stderr(answer: &Output) -> String {
    String::from_utf8(answer.stderr.clone()).unwrap()
}

/// The manifest of a folder whose every file is as it says.
fn manifest(folder: &Path) -> serde_json::Value {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let checksums = manifest["files_sha256"].as_object().unwrap();
    assert_eq!(checksums.len() + 1, names(folder).len());
    for (name, checksum) in checksums {
        let hash = Sha256::digest(fs::read(folder.join(name)).unwrap());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(checksum, &hex, "{name}");
    }
    manifest
}

#[test]
fn an_interrupted_run_keeps_what_it_has_and_says_how_to_go_on() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("out");
    let child = start(&out);
    wait_for_facts(parent.path());
    interrupt(&child);
    let answer = child.wait_with_output().unwrap();
    assert_eq!(answer.status.code(), Some(130), "{}", stderr(&answer));
    assert_eq!(names(parent.path()), ["out.partial"]);
    let manifest = manifest(&parent.path().join("out.partial"));
    assert_eq!(manifest["complete"], false);
    let until = manifest["until"].as_str().unwrap();
    let command = manifest["command"].as_str().unwrap();
    let message = stderr(&answer);
    assert!(
        message.contains(&format!("interrupted at {until}")),
        "{message}"
    );
    assert!(
        message.contains(&format!("{command} --out {}", out.display())),
        "{message}"
    );
    assert!(answer.stdout.is_empty(), "no summary of a part");

    // Played again until then, it gives the same journal; otherwise nothing would be explained.
    let answer = Command::new(env!("CARGO_BIN_EXE_fedheal"))
        .arg("explain")
        .arg(parent.path().join("out.partial"))
        .args(["--server", manifest["story"]["measured"].as_str().unwrap()])
        .output()
        .unwrap();
    assert!(answer.status.success(), "{}", stderr(&answer));
    let said = String::from_utf8(answer.stdout).unwrap();
    let moment = until[..16].replace('T', " ");
    assert!(
        said.starts_with(&format!("This run was stopped at {moment} of its time")),
        "{said}"
    );
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let parent = tempfile::tempdir().unwrap();
    let child = start(&parent.path().join("out"));
    wait_for_facts(parent.path());
    interrupt(&child);
    interrupt(&child);
    let answer = child.wait_with_output().unwrap();
    assert_eq!(answer.status.code(), Some(130), "{}", stderr(&answer));
    // Two signals may arrive as one; then it is as above.
    let left = names(parent.path());
    if left.is_empty() {
        assert!(stderr(&answer).contains("nothing was written"));
    } else {
        assert_eq!(left, ["out.partial"]);
        manifest(&parent.path().join("out.partial"));
    }
}
