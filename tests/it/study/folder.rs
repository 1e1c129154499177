//! The folder of a study: the same bytes however it came about, and nobody else's.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use super::{GRID, Place, files, flat, stderr, study, table};

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = Place::with(&study(GRID));
    let one = files(&place.swept("one", &["--threads", "1"]));
    assert_eq!(
        one.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
        [
            "data_dictionary.csv",
            "failed.csv",
            "frontier.csv",
            "ranking.csv",
            "report.html",
            "runs.csv",
            "study.toml",
            "summary.csv"
        ]
    );
    for threads in ["3", "7"] {
        assert!(
            files(&place.swept(threads, &["--threads", threads])) == one,
            "{threads} threads"
        );
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    let place = Place::with(&study(GRID));
    let one = place.swept("one", &["--replicas", "1"]);
    let two = place.swept("two", &["--replicas", "1", "--seed", "2"]);
    let runs = |folder: &Path| fs::read_to_string(folder.join("runs.csv")).unwrap();
    assert_ne!(runs(&one), runs(&two));
}

#[test]
fn replicas_that_are_added_later_are_those_that_had_come_at_once() {
    let place = Place::with(&study(GRID));
    let at_once = files(&place.swept("once", &["--replicas", "6"]));
    place.swept("later", &["--replicas", "2"]);
    let runs = || table(&place.out("later").join("runs.csv")).1;
    assert_eq!(runs().len(), 12);
    let answer = place.sweep("later", &["--replicas", "6"]);
    assert!(
        flat(&answer).contains("12 runs are there already"),
        "{}",
        stderr(&answer)
    );
    assert_eq!(runs().len(), 36);
    assert!(files(&place.out("later")) == at_once);
    // Fewer take nothing away.
    place.swept("later", &["--replicas", "1"]);
    assert!(files(&place.out("later")) == at_once);
}

#[test]
fn a_killed_sweep_goes_on_where_it_stopped() {
    let place = Place::with(&study(GRID));
    let more = ["--replicas", "60", "--threads", "2"];
    let mut child = place.command("killed", &more).spawn().unwrap();
    let log = place.out("killed").join("runs.log.csv");
    wait_for(&log, 3000);
    child.kill().unwrap();
    child.wait().unwrap();
    let manifest = || fs::read_to_string(place.out("killed").join("manifest.json")).unwrap();
    assert!(manifest().contains("\"complete\": false"));
    let left = fs::metadata(&log).unwrap().len();
    assert!(left > 0, "rows stay");
    // As if the kill had met it in the middle of a row.
    OpenOptions::new()
        .write(true)
        .open(&log)
        .unwrap()
        .set_len(left - 3)
        .unwrap();

    let answer = place.sweep("killed", &more);
    assert_eq!(answer.status.code(), Some(0), "{}", stderr(&answer));
    assert!(
        flat(&answer).contains("runs.log.csv ended in the middle of a row; that run is made again")
    );
    assert!(manifest().contains("\"complete\": true"));
    let whole = files(&place.swept("whole", &more));
    assert!(files(&place.out("killed")) == whole);
}

/// Waits until a file has so many bytes.
fn wait_for(file: &Path, bytes: u64) {
    for _ in 0..6000 {
        if fs::metadata(file).is_ok_and(|about| about.len() > bytes) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no rows within half a minute");
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_its_rows_and_says_how_to_go_on() {
    let place = Place::with(&study(GRID));
    let child = place
        .command("out", &["--replicas", "500"])
        .spawn()
        .unwrap();
    wait_for(&place.out("out").join("runs.log.csv"), 3000);
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let answer = child.wait_with_output().unwrap();
    assert_eq!(answer.status.code(), Some(130), "{}", stderr(&answer));
    let rows = table(&place.out("out").join("runs.csv")).1.len();
    assert!(rows > 0 && rows < 3000);
    let message = flat(&answer);
    assert!(
        message.contains(&format!("interrupted; {rows} finished runs are in")),
        "{message}"
    );
    let again = format!(
        "to go on: fedheal sweep {} --seed 1 --replicas 500",
        place.file.display()
    );
    assert!(message.contains(&again), "{message}");
}

#[test]
fn a_row_that_was_cut_is_made_again() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &[]);
    let whole = files(&out);
    let runs = out.join("runs.csv");
    let length = fs::metadata(&runs).unwrap().len();
    OpenOptions::new()
        .write(true)
        .open(&runs)
        .unwrap()
        .set_len(length - 20)
        .unwrap();
    let answer = place.sweep("out", &[]);
    assert_eq!(answer.status.code(), Some(0));
    assert!(
        flat(&answer).contains("runs.csv ended in the middle of a row"),
        "{}",
        stderr(&answer)
    );
    assert!(files(&out) == whole);
}

#[test]
fn a_row_that_no_sweep_has_written_is_refused_with_its_line() {
    let place = Place::with(&study(GRID));
    let runs = place.swept("out", &["--replicas", "2"]).join("runs.csv");
    let text = fs::read_to_string(&runs).unwrap();
    let second = text.lines().nth(2).unwrap().to_owned();
    let swapped = text.replacen(&second, "", 1).replace("\n\n", "\n") + &second + "\n";
    for (changed, line, what) in [
        (swapped, 13, "this row is not behind the one before it"),
        (
            text.replacen("\n1,1,", "\n99,1,", 1),
            2,
            "the study has no such point",
        ),
        (
            text.replacen("\n1,2,", "\n1,3,", 1),
            3,
            "this is not the replica's seed",
        ),
        (
            text.replacen("\n1,1,", "\none,1,", 1),
            2,
            "this row names no point and replica",
        ),
    ] {
        fs::write(&runs, changed).unwrap();
        let answer = place.sweep("out", &["--replicas", "2"]);
        assert_eq!(answer.status.code(), Some(2), "{what}");
        let message = flat(&answer).replace(' ', "");
        assert!(
            message.contains(&format!("runs.csv:{line}:{what}").replace(' ', "")),
            "{message}"
        );
    }
}

#[test]
fn the_folder_of_another_study_is_refused_and_the_difference_shown() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "1"]);
    let before = files(&out);
    let answer = place.sweep(
        "out",
        &["--replicas", "1", "--set", "people.page=50", "--seed", "9"],
    );
    assert_eq!(answer.status.code(), Some(2));
    let message = flat(&answer);
    assert!(
        message.contains("people.page: 20 there, 50 now"),
        "{message}"
    );
    assert!(message.contains("seed: 1 there, 9 now"), "{message}");
    assert!(files(&out) == before);
    // A wish for more replicas, another ranking, or no frontier is no other study.
    let other = GRID
        .replace("replicas = 4", "replicas = 2")
        .replace("'ten'\n", "'twenty'\n");
    let at = other.find("[sweep.frontier]").unwrap();
    let end = other.find("[sweep.ranking]").unwrap();
    fs::write(
        &place.file,
        study(&(other[..at].to_owned() + &other[end..])),
    )
    .unwrap();
    place.swept("out", &[]);
    assert!(!out.join("frontier.csv").exists());
    assert_eq!(table(&out.join("runs.csv")).1.len(), 12);

    let manifest = out.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replacen("\"version\": \"", "\"version\": \"9", 1),
    )
    .unwrap();
    let answer = place.sweep("out", &[]);
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        flat(&answer).contains("version of fedheal: 9"),
        "{}",
        stderr(&answer)
    );
}

#[test]
fn a_place_that_is_none_for_a_study_is_refused() {
    let place = Place::with(&study(GRID));
    fs::write(place.out("file"), "precious").unwrap();
    fs::create_dir(place.out("full")).unwrap();
    fs::write(place.out("full").join("letter.txt"), "precious").unwrap();
    let run = |out: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fedheal"));
        command
            .args(["run", "scenarios/minimal.toml", "--out"])
            .arg(out)
            .output()
            .unwrap()
    };
    assert_eq!(run(&place.out("single")).status.code(), Some(0));
    for (out, says) in [
        ("file", "holds a file"),
        ("full", "holds something else (no manifest.json)"),
        ("single", "holds the results of a single run"),
        ("file/below", "cannot write results into"),
    ] {
        let answer = place.sweep(out, &["--replicas", "1"]);
        assert_eq!(answer.status.code(), Some(2), "{out}");
        assert!(flat(&answer).contains(says), "{out}: {}", stderr(&answer));
    }
    assert_eq!(fs::read_dir(place.out("full")).unwrap().count(), 1);
    // And a run does not replace a study.
    let study = place.swept("study", &["--replicas", "1"]);
    let answer = run(&study);
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        flat(&answer).contains("is the folder of a study"),
        "{}",
        stderr(&answer)
    );
}

/// Nobody may write there, root neither.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_bad_input() {
    let place = Place::with(&study(GRID));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fedheal"));
    let answer = command
        .arg("sweep")
        .arg(&place.file)
        .args(["--out", "/proc/self/fedheal"])
        .output()
        .unwrap();
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        flat(&answer).contains("cannot write results into /proc/self/fedheal"),
        "{}",
        stderr(&answer)
    );
}

#[test]
fn two_sweeps_do_not_write_into_one_folder() {
    let place = Place::with(&study(GRID));
    let mut first = place
        .command("out", &["--replicas", "500"])
        .spawn()
        .unwrap();
    wait_for(&place.out("out").join("runs.log.csv"), 1000);
    let answer = place.sweep("out", &["--replicas", "500"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        flat(&answer).contains("another sweep is writing into"),
        "{}",
        stderr(&answer)
    );
}

#[test]
fn what_is_in_the_folder_repeats_the_study() {
    let place = Place::with(&study(GRID));
    let out = place.swept("out", &["--replicas", "2"]);
    let elsewhere = Place::with(&fs::read_to_string(out.join("study.toml")).unwrap());
    let again = elsewhere.swept("out", &["--replicas", "2"]);
    assert!(files(&out) == files(&again));
}
