//! The recorder. What needs real servers is tested where `FEDHEAL_SYNAPSE` names a virtual environment made
//! by `tests/synapse/setup`; elsewhere these tests say so and pass.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const SCRIPT: &str = "scenarios/laboratory/first.toml";

fn fedheal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fedheal"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

fn message(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn synapse() -> Option<String> {
    let named = std::env::var("FEDHEAL_SYNAPSE").ok();
    if named.is_none() {
        eprintln!("SKIPPED: FEDHEAL_SYNAPSE names no environment made by tests/synapse/setup");
    }
    named
}

#[test]
fn a_folder_without_synapse_says_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let out = folder.path().join("out.json");
    let answer = fedheal(&[
        "record",
        SCRIPT,
        "--synapse",
        place,
        "--out",
        out.to_str().unwrap(),
    ])
    .output()
    .unwrap();
    assert_eq!(answer.status.code(), Some(2));
    let said = message(&answer);
    assert!(said.contains("no Synapse here"), "{said}");
    assert!(said.contains("tests/synapse/setup"), "{said}");
    assert!(!out.exists());
}

#[test]
fn what_cannot_be_recorded_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let noise = folder.path().join("noise.json");
    fs::write(&noise, "what is this?").unwrap();
    let noise = noise.to_str().unwrap();
    for (script, more, said) in [
        (
            "scenarios/minimal.toml",
            "--out=x.json",
            "this scenario has no script",
        ),
        (
            "missing.json",
            "--out=x.json",
            "missing.json: cannot be read",
        ),
        (noise, "--out=x.json", "expected value"),
        (SCRIPT, "--compare", "holds no results to compare with"),
        (SCRIPT, "--runs=1", "nothing to do with the recording"),
    ] {
        let answer = fedheal(&["record", script, "--synapse", "nowhere", more])
            .output()
            .unwrap();
        assert_eq!(answer.status.code(), Some(2), "{script} {more}");
        assert!(message(&answer).contains(said), "{}", message(&answer));
    }
    assert!(!Path::new("x.json").exists());
}

/// A recorder whose temporary files, and so the arguments of all its processes, lie in a folder of their own.
struct Recorder {
    place: tempfile::TempDir,
    child: Child,
}

impl Recorder {
    fn start(arguments: &[&str]) -> Recorder {
        let place = tempfile::tempdir().unwrap();
        // A cluster belongs to another user if this is root.
        let passable = fs::Permissions::from_mode(0o711);
        fs::set_permissions(place.path(), passable).unwrap();
        let child = fedheal(arguments)
            .env("TMPDIR", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Recorder { place, child }
    }

    /// Waits until its first server runs.
    fn wait_for_servers(&self) {
        while !self.logs().iter().any(|log| log.ends_with("run-1/a/log")) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn logs(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => walk(&path, found),
                    path => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        walk(self.place.path(), &mut found);
        found
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Nothing of it is left: no process, no file.
    fn leaves_nothing(&self) {
        let place = self.place.path().to_str().unwrap();
        let mut left = Vec::new();
        for _ in 0..100 {
            left = processes(place);
            if left.is_empty() && self.logs().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("left: {left:?} {:?}", self.logs());
    }
}

/// Processes in whose arguments a folder stands.
fn processes(folder: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|line| line.contains(folder))
        .collect()
}

#[test]
fn a_recording_of_real_servers_is_what_the_simulator_does() {
    let Some(synapse) = synapse() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("first.json");
    let out = out.to_str().unwrap();
    let recorder = Recorder::start(&["record", SCRIPT, "--synapse", &synapse, "--out", out]);
    let Recorder { place, child } = recorder;
    let answer = child.wait_with_output().unwrap();
    assert!(answer.status.success(), "{}", message(&answer));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    let verified = fedheal(&["verify", "--strict", out]).output().unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    let again = fedheal(&["record", out, "--synapse", &synapse, "--compare"])
        .output()
        .unwrap();
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stdout)
    );
}

#[test]
fn processes_end_with_the_recorder() {
    let Some(synapse) = synapse() else { return };
    ends_with_the_recorder(&synapse, "sqlite");
}

/// A private cluster is many processes of another user, and ends like all others.
#[test]
fn a_cluster_ends_with_the_recorder() {
    let Some(synapse) = synapse() else { return };
    if !Path::new("/usr/lib/postgresql").exists() {
        eprintln!("SKIPPED: the package postgresql is not installed");
        return;
    }
    ends_with_the_recorder(&synapse, "postgresql");
}

fn ends_with_the_recorder(synapse: &str, database: &str) {
    for (signal, code) in [("-INT", Some(130)), ("-TERM", Some(130)), ("-KILL", None)] {
        let arguments = [
            "record",
            SCRIPT,
            "--synapse",
            synapse,
            "--database",
            database,
            "--out",
            "never.json",
        ];
        let mut recorder = Recorder::start(&arguments);
        recorder.wait_for_servers();
        recorder.signal(signal);
        assert_eq!(recorder.child.wait().unwrap().code(), code, "{signal}");
        recorder.leaves_nothing();
        assert!(!Path::new("never.json").exists());
    }
}

#[test]
fn a_start_that_fails_shows_the_last_lines_of_the_log() {
    let Some(synapse) = synapse() else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("bad.json");
    let text = r#"{"format": 1, "name": "bad", "question": "", "users": ["a1@a"], "script": [],
        "servers": {"a": {"retention": {"enabled": true, "allowed_lifetime_min": "2d", "allowed_lifetime_max": "1d"}}}}"#;
    fs::write(&script, text).unwrap();
    let recorder = Recorder::start(&[
        "record",
        script.to_str().unwrap(),
        "--synapse",
        &synapse,
        "--out",
        "never.json",
    ]);
    let Recorder { place, child } = recorder;
    let answer = child.wait_with_output().unwrap();
    assert_eq!(answer.status.code(), Some(1));
    let said = message(&answer);
    assert!(
        said.contains("server a ended with status 1 before it answered"),
        "{said}"
    );
    assert!(said.contains("allowed_lifetime"), "{said}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
