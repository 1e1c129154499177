//! Folders of which no report is made, and what is said of each.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use super::{measures, write, write_as};
use fedheal::report::Keep;

fn report(folders: &[&Path]) -> assert_cmd::assert::Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fedheal"));
    command.env("NO_COLOR", "1").arg("report").args(folders);
    command.assert()
}

/// What is said of a folder after something was done to it.
fn refused(spoil: impl FnOnce(&Path)) -> String {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("out");
    write(&folder);
    spoil(&folder);
    let answer = report(&[&folder]).code(2).get_output().clone();
    assert!(answer.stdout.is_empty());
    let text = String::from_utf8(answer.stderr).unwrap();
    // Lines are wrapped where the folder's name is long.
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| *word != "\u{2502}")
        .collect();
    words
        .join(" ")
        .replace(parent.path().to_str().unwrap(), "PARENT")
}

fn edit(folder: &Path, from: &str, to: &str) {
    let path = folder.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn each_is_told_what_is_wrong_and_what_to_do() {
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let all = [
        refused(|folder| fs::remove_dir_all(folder).unwrap()),
        refused(|folder| {
            fs::remove_dir_all(folder).unwrap();
            fs::write(folder, "").unwrap();
        }),
        refused(|folder| fs::remove_file(folder.join("manifest.json")).unwrap()),
        refused(|folder| fs::write(folder.join("manifest.json"), "{ \"tool\": ").unwrap()),
        refused(|folder| edit(folder, "\"seed\": 7", "\"seed\": \"seven\"")),
        refused(|folder| edit(folder, &version, "\"version\": \"0.0.9\"")),
        refused(|folder| edit(folder, "\"complete\": true", "\"complete\": false")),
        refused(|folder| edit(folder, "\"items.csv\"", "\"../items.csv\"")),
        refused(|folder| fs::remove_file(folder.join("items.csv")).unwrap()),
        refused(|folder| fs::write(folder.join("servers.csv"), "server\n").unwrap()),
    ];
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_part_of_a_run_has_no_page_and_gets_none() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("out");
    let nothing = fedheal::journal::Journal::default();
    let place = write_as(&folder, &nothing, &measures(), (Keep::Full, false)).unwrap();
    assert!(!place.join("report.html").exists());
    let answer = report(&[&place]).code(2).get_output().clone();
    let text = String::from_utf8(answer.stderr).unwrap();
    assert!(
        text.contains("is not whole") && text.contains("fedheal run"),
        "{text}"
    );
}

#[test]
fn one_bad_folder_keeps_no_other_from_its_page() {
    let parent = tempfile::tempdir().unwrap();
    let [good, bad] = ["good", "bad"].map(|name| parent.path().join(name));
    write(&good);
    let page = fs::read(good.join("report.html")).unwrap();
    fs::remove_file(good.join("report.html")).unwrap();
    report(&[&bad, &good]).code(2);
    assert!(
        fs::read(good.join("report.html")).unwrap() == page,
        "the same bytes"
    );
}
