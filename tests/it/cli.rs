//! The command line, from outside.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The shipped scenario, which every clone has.
const SCENARIO: &str = "scenarios/hypha-2021.toml";

fn fedheal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fedheal"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

fn output(arguments: &[&str]) -> Output {
    fedheal(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_teaches_and_fits_eighty_columns() {
    let verbs = [
        vec![],
        vec!["run"],
        vec!["sweep"],
        vec!["compare"],
        vec!["explain"],
        vec!["diagram"],
        vec!["report"],
        vec!["view"],
        vec!["check"],
        vec!["schema"],
        vec!["verify"],
        vec!["record"],
    ];
    let pages = verbs.map(|mut arguments| {
        arguments.push("--help");
        let answer = output(&arguments);
        assert!(answer.status.success(), "{arguments:?}");
        text(&answer.stdout)
    });
    let pages = pages.join("\n----\n");
    for line in pages.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn wrong_arguments_are_bad_input() {
    let wrong: [&[&str]; 5] = [
        &[],
        &["frobnicate"],
        &["run"],
        &["run", SCENARIO, "--seed", "minus one"],
        &["run", SCENARIO, "--set", "no-equals-sign"],
    ];
    for arguments in wrong {
        let answer = output(arguments);
        assert_eq!(answer.status.code(), Some(2), "{arguments:?}");
        assert!(answer.stdout.is_empty(), "{arguments:?}");
        assert!(!answer.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_missing_scenario_is_bad_input_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["run", "check", "verify"] {
        let answer = fedheal(&[verb, "missing.toml"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(answer.status.code(), Some(2), "{verb}");
        let message = text(&answer.stderr);
        assert!(message.contains("missing.toml"), "{verb}: {message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{verb}");
    }
}

#[test]
fn a_reader_that_has_heard_enough_is_no_error() {
    let mut child = fedheal(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let answer = child.wait_with_output().unwrap();
    assert!(answer.status.success());
    assert_eq!(text(&answer.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let answer = fedheal(&["schema"]).stdout(full).output().unwrap();
    assert_eq!(answer.status.code(), Some(1));
    assert!(text(&answer.stderr).contains("No space left"));
}

#[test]
fn a_run_writes_its_folder_and_says_how_to_repeat_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let answer = output(&[
        "run",
        SCENARIO,
        "--seed",
        "3",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(matches!(answer.status.code(), Some(0 | 1)));
    let summary = text(&answer.stdout);
    let again = format!("seed 3, again with: fedheal run {SCENARIO} --seed 3");
    assert_eq!(summary.lines().next(), Some(again.as_str()));
    assert_eq!(summary.lines().last(), Some(again.as_str()));
    assert!(out.join("manifest.json").is_file());
}

#[test]
fn a_file_where_the_results_belong_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::write(&out, "precious").unwrap();
    let answer = output(&["run", SCENARIO, "--out", out.to_str().unwrap()]);
    assert_eq!(answer.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&out).unwrap(), "precious");
}

#[test]
fn how_much_of_the_journal_is_kept_changes_no_other_table() {
    let folder = tempfile::tempdir().unwrap();
    let out = |keep: &str| {
        let out = folder.path().join(keep);
        let answer = fedheal(&["run", SCENARIO, "--journal", keep, "--out"])
            .arg(&out)
            .output()
            .unwrap();
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
        out
    };
    let [full, ranges, none] = ["full", "ranges", "none"].map(out);
    assert!(!none.join("facts.csv").exists());
    let mut compared = 0;
    for entry in fs::read_dir(&none).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !["manifest.json", "data_dictionary.csv", "report.html"].contains(&&*name) {
            let bytes = |folder: &Path| fs::read(folder.join(&name)).unwrap();
            assert!(bytes(&full) == bytes(&ranges), "{name}");
            assert!(bytes(&full) == bytes(&none), "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
    let length = |folder: &Path| fs::metadata(folder.join("facts.csv")).unwrap().len();
    assert!(length(&ranges) < length(&full));
    let manifest = fs::read_to_string(ranges.join("manifest.json")).unwrap();
    assert!(manifest.contains("--journal ranges"), "{manifest}");
}

/// No root and no small disk is needed for this: a limit on the size of files fails like a full disk. The journal meets
/// it while the run goes on, a table at the end.
#[cfg(unix)]
#[test]
fn a_write_that_fails_half_way_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (keep, file) in [("full", "facts.csv"), ("none", "items.csv")] {
        let answer = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_fedheal"))
            .args(["run", SCENARIO, "--journal", keep, "--out"])
            .arg(&out)
            .output()
            .unwrap();
        assert_eq!(answer.status.code(), Some(1));
        // The message is broken into lines.
        let message = text(&answer.stderr).replace(['\n', ' ', '\u{2502}'], "");
        let named = format!("cannotwrite{}", out.join(file).display());
        assert!(message.contains(&named), "{message}");
        assert!(message.contains("Filetoolarge"), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
