//! Whose folder is it? A study goes on only in a folder of the same study, made by the same program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::super::manifest::MANIFEST;
use super::super::write::manifest;
use super::error::{StudyError, failed};
use crate::scenario::Study;

/// The study in one file.
pub(super) const STUDY: &str = "study.toml";
/// What the manifest of a study says that it is.
pub const KIND: &str = "sweep";
/// More differences than these are only counted.
const SHOWN: usize = 12;
/// What may change between two sweeps of a study: no run depends on it.
const FREE: [&str; 4] = ["title", "sweep.replicas", "sweep.frontier", "sweep.ranking"];

/// The program that runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Program {
    pub(super) version: &'static str,
    pub(super) commit: &'static str,
}

/// This program.
pub(super) const PROGRAM: Program = Program {
    version: env!("CARGO_PKG_VERSION"),
    commit: env!("FEDHEAL_COMMIT"),
};

/// Is the folder empty, or one of a study?
pub(super) fn check_kind(folder: &Path) -> Result<(), StudyError> {
    let no_study = |what| StudyError::NoStudy {
        path: folder.to_owned(),
        what,
    };
    let Ok(about) = fs::metadata(folder) else {
        return Ok(());
    };
    if !about.is_dir() {
        return Err(no_study("a file"));
    }
    let mut entries = fs::read_dir(folder).map_err(failed(folder))?;
    if entries.next().is_none() || manifest(folder)["kind"] == KIND {
        return Ok(());
    }
    if folder.join(MANIFEST).is_file() {
        return Err(no_study("the results of a single run"));
    }
    Err(no_study("something else (no manifest.json)"))
}

/// Is what stands there, if anything does, of this study and this program?
pub(super) fn check(folder: &Path, study: &Study) -> Result<(), StudyError> {
    let manifest = manifest(folder);
    if manifest["kind"] != KIND {
        return Ok(());
    }
    let mut differences = Vec::new();
    let build = [
        ("version", &manifest["version"], PROGRAM.version),
        ("commit", &manifest["build"]["commit"], PROGRAM.commit),
    ];
    for (what, there, here) in build {
        if there != here {
            let there = there.as_str().unwrap_or("unknown");
            differences.push(format!("  {what} of fedheal: {there} there, {here} now"));
        }
    }
    let text = fs::read_to_string(folder.join(STUDY)).map_err(failed(&folder.join(STUDY)))?;
    let there = flat(&text.parse().unwrap_or_default());
    let here = flat(&study.in_one);
    let keys = there
        .keys()
        .chain(here.keys().filter(|key| !there.contains_key(*key)));
    for key in keys {
        let (was, is) = (there.get(key), here.get(key));
        let is_free = FREE.iter().any(|free| {
            let rest = key.strip_prefix(free);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if was != is && !is_free {
            let word = |value: Option<&String>| value.map_or("not set", String::as_str).to_owned();
            differences.push(format!("  {key}: {} there, {} now", word(was), word(is)));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let more = differences.len().saturating_sub(SHOWN);
    differences.truncate(SHOWN);
    if more > 0 {
        differences.push(format!("  and {more} more"));
    }
    Err(StudyError::Another {
        path: folder.to_owned(),
        differences,
    })
}

/// Every value by its dotted key.
fn flat(table: &toml::Table) -> BTreeMap<String, String> {
    fn walk(path: String, value: &toml::Value, all: &mut BTreeMap<String, String>) {
        let inner = |key: &str| format!("{path}.{key}");
        match value {
            toml::Value::Table(table) => {
                table
                    .iter()
                    .for_each(|(key, value)| walk(inner(key), value, all));
            }
            toml::Value::Array(list) => (list.iter().enumerate())
                .for_each(|(at, value)| walk(inner(&at.to_string()), value, all)),
            value => {
                all.insert(path, value.to_string());
            }
        }
    }
    let mut all = BTreeMap::new();
    table
        .iter()
        .for_each(|(key, value)| walk(key.clone(), value, &mut all));
    all
}
