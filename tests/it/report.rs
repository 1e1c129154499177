//! Result folders and the summary, from measures made by hand.

mod page;
mod pictures;
mod refused;
mod sample;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fedheal::journal::Journal;
use fedheal::metrics::Measures;
use fedheal::report::{self, Keep, Results, WriteError, Written};

use sample::{journal, measures, network, nothing_lost, scenario};

const COMMAND: &str = "fedheal run scenarios/sample.toml --seed 7";

const TABLES: [&str; 13] = [
    "items.csv",
    "recovery.csv",
    "servers.csv",
    "stranded.csv",
    "tapestry.csv",
    "network.csv",
    "groups.csv",
    "exposure.csv",
    "exposure_over_time.csv",
    "views.csv",
    "expect.csv",
    "facts.csv",
    "data_dictionary.csv",
];

fn write_as(
    folder: &Path,
    journal: &Journal,
    measures: &Measures,
    (keep, complete): (Keep, bool),
) -> Result<PathBuf, WriteError> {
    let scenario = scenario();
    let mut results = Results::begin(folder, keep)?;
    for fact in journal.facts() {
        assert!(results.note(&scenario.world, fact).is_continue());
    }
    let written = Written {
        measures,
        network: &network(),
        recording: None,
        complete,
    };
    results.publish(&scenario, &written, COMMAND)
}

fn try_write(folder: &Path) -> Result<PathBuf, WriteError> {
    write_as(folder, &journal(), &measures(), (Keep::Full, true))
}

fn write(folder: &Path) {
    try_write(folder).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn tables_have_headers_and_rows() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let tables = TABLES.iter().filter(|name| !name.starts_with("data_"));
    let text: Vec<String> = tables
        .map(|name| format!("{name}\n{}", read(folder.path(), name)))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn every_column_is_in_the_dictionary_and_every_entry_is_a_column() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let mut columns = BTreeSet::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".csv") {
            let mut table = csv::Reader::from_path(folder.path().join(&name)).unwrap();
            for column in table.headers().unwrap() {
                columns.insert((name.clone(), column.to_owned()));
            }
        }
    }
    let mut dictionary = csv::Reader::from_path(folder.path().join("data_dictionary.csv")).unwrap();
    let entries: BTreeSet<(String, String)> = dictionary
        .records()
        .map(|row| row.unwrap())
        .inspect(|row| assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}"))
        .map(|row| (row[0].to_owned(), row[1].to_owned()))
        .collect();
    assert_eq!(columns, entries);
}

#[test]
fn a_table_without_rows_still_has_its_header() {
    let folder = tempfile::tempdir().unwrap();
    let (_, measures) = nothing_lost();
    let nothing = Journal::default();
    write_as(folder.path(), &nothing, &measures, (Keep::Full, true)).unwrap();
    for table in TABLES {
        let text = read(folder.path(), table);
        assert!(text.lines().next().unwrap().contains(','), "{table}");
    }
    insta::assert_snapshot!(read(folder.path(), "facts.csv"), @"at,server,fact,what,room,first,last,user,generation,path,from,why");
}

#[test]
fn the_summary_fits_eighty_columns() {
    let text = report::summary(&scenario(), &measures(), &network(), COMMAND);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_summary_of_a_quiet_run_says_that_nothing_was_lost() {
    let (scenario, measures) = nothing_lost();
    insta::assert_snapshot!(report::summary(&scenario, &measures, &network(), COMMAND));
}

#[test]
fn misses_are_counted_by_finding() {
    assert_eq!(report::misses(&scenario(), &measures()), 1);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(one.path());
    write(two.path());
    for entry in fs::read_dir(one.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(read(one.path(), &name), read(two.path(), &name), "{name}");
    }
}

#[test]
fn the_manifest_names_every_other_file_with_its_checksum() {
    use sha2::{Digest, Sha256};
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let manifest: serde_json::Value =
        serde_json::from_str(&read(folder.path(), "manifest.json")).unwrap();
    assert_eq!(manifest["seed"], 7);
    assert_eq!(manifest["command"], COMMAND);
    assert!(manifest["build"]["commit"].is_string());
    let checksums = manifest["files_sha256"].as_object().unwrap();
    let files = fs::read_dir(folder.path()).unwrap().count();
    // The page is made from the others, and can be made again.
    assert_eq!(checksums.len(), files - 2);
    assert!(!checksums.contains_key("report.html"));
    for (name, checksum) in checksums {
        let hash = Sha256::digest(read(folder.path(), name));
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(checksum, &hex, "{name}");
    }
}

fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&read(folder, "manifest.json")).unwrap()
}

#[test]
fn without_a_journal_everything_else_is_the_same() {
    let parent = tempfile::tempdir().unwrap();
    let place = |keep: Keep| {
        let folder = parent.path().join(keep.name());
        write_as(&folder, &journal(), &measures(), (keep, true)).unwrap()
    };
    let (none, full) = (place(Keep::None), place(Keep::Full));
    assert!(!none.join("facts.csv").exists());
    assert_eq!(manifest(&none)["journal"], "none");
    assert_eq!(manifest(&full)["journal"], "full");
    assert!(!read(&none, "data_dictionary.csv").contains("facts.csv,"));
    for table in TABLES.iter().filter(|name| !name.contains("facts")) {
        let same = read(&none, table) == read(&full, table);
        assert_eq!(same, !table.starts_with("data_"), "{table}");
    }
}

#[test]
fn a_part_of_a_run_goes_beside_the_whole_and_says_what_it_is() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("sample");
    write(&folder);
    let whole = read(&folder, "manifest.json");
    let part = || write_as(&folder, &journal(), &measures(), (Keep::Full, false));
    let place = part().unwrap();
    assert_eq!(place, parent.path().join("sample.partial"));
    assert_eq!(read(&folder, "manifest.json"), whole);
    assert_eq!(manifest(&folder)["complete"], true);
    assert_eq!(manifest(&folder)["until"], serde_json::Value::Null);
    assert_eq!(manifest(&place)["complete"], false);
    let end = scenario().world.end.to_string();
    assert_eq!(manifest(&place)["until"], end);
    assert!(!place.join("recovery.svg").exists());
    part().expect("another part replaces it");
}

#[test]
fn a_part_of_a_run_does_not_replace_a_whole_one() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("sample");
    let place = parent.path().join("sample.partial");
    write(&place);
    let whole = read(&place, "manifest.json");
    let error = write_as(&folder, &journal(), &measures(), (Keep::Full, false)).unwrap_err();
    assert!(matches!(error, WriteError::Whole(_)), "{error}");
    assert_eq!(read(&place, "manifest.json"), whole);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn results_that_are_given_up_leave_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let mut results = Results::begin(&parent.path().join("sample"), Keep::Full).unwrap();
    assert!(results.hidden().exists());
    let _ = results.note(&scenario().world, &journal().facts()[0]);
    drop(results);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn a_new_result_replaces_the_old_one_whole() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("results").join("sample");
    write(&folder);
    fs::write(folder.join("left-over.csv"), "old").unwrap();
    write(&folder);
    assert!(!folder.join("left-over.csv").exists());
    let beside = fs::read_dir(folder.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing temporary stays");
}

#[test]
fn a_file_in_the_way_is_an_error_and_stays() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("sample");
    fs::write(&folder, "precious").unwrap();
    let error = try_write(&folder).unwrap_err();
    assert!(matches!(error, WriteError::NotAFolder(_)), "{error}");
    assert_eq!(fs::read_to_string(&folder).unwrap(), "precious");
}

#[test]
fn a_folder_of_something_else_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "precious").unwrap();
    let error = try_write(folder.path()).unwrap_err();
    assert!(matches!(error, WriteError::NotResults(_)), "{error}");
    assert!(folder.path().join("thesis.tex").exists());
}

#[test]
fn a_folder_that_cannot_be_made_names_path_and_cause() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("file"), "").unwrap();
    let folder = parent.path().join("file").join("deeper").join("sample");
    let error = try_write(&folder).unwrap_err();
    let text = error
        .to_string()
        .replace(parent.path().to_str().unwrap(), "PARENT");
    insta::assert_snapshot!(text);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn the_figure_has_a_layer_per_path_and_brings_its_font() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let svg = read(folder.path(), "recovery.svg");
    assert!(svg.contains("@font-face"));
    for path in ["backfill", "push", "gap-fill"] {
        assert!(svg.contains(&format!("\n{path} ")), "{path}");
    }
    assert!(!svg.contains("redownload"), "files are not messages");
    let layers = svg.matches("<polygon").count();
    assert_eq!(layers, 3);
}

#[test]
fn the_figure_of_a_quiet_run_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (_, measures) = nothing_lost();
    let nothing = Journal::default();
    write_as(folder.path(), &nothing, &measures, (Keep::Full, true)).unwrap();
    let svg = read(folder.path(), "recovery.svg");
    assert!(svg.contains("No message was lost in this run"));
    assert!(!svg.contains("<polygon"));
}
