//! Which results and scenarios there are to choose from. Whatever a request names is looked up here, and never joined to a
//! path.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::Options;
use crate::report::{self, study::KIND};

/// Folders within the folder of results that hold results themselves.
const INNER: [&str; 3] = ["", "runs", "sweeps"];

/// A result folder.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    /// By which it is asked for.
    pub(super) id: String,
    /// What its scenario is called; nothing of a study.
    pub(super) title: Option<String>,
    /// A study, and not a run.
    pub(super) study: bool,
    pub(super) seed: Option<u64>,
    /// Of a run: was it played to its end?
    pub(super) complete: bool,
    /// If it was stopped: what to know of that.
    pub(super) stopped: Option<String>,
    /// Does it hold a `report.html`?
    pub(super) report: bool,
    #[serde(skip)]
    pub(super) folder: PathBuf,
}

/// All result folders, in order of their names; the one that was asked for comes first.
pub(super) fn results(options: &Options) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    if let Some(folder) = &options.opened {
        entries.extend(entry(folder, folder.display().to_string()));
    }
    for inner in INNER {
        for folder in folders(&options.results.join(inner)) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let id = if inner.is_empty() {
                name.into_owned()
            } else {
                format!("{inner}/{name}")
            };
            let is_same = |other: &Entry| {
                fs::canonicalize(&other.folder).ok() == fs::canonicalize(&folder).ok()
            };
            if !entries.iter().any(is_same) {
                entries.extend(entry(&folder, id));
            }
        }
    }
    entries
}

/// The scenarios, in order of their names.
pub(super) fn scenarios(options: &Options) -> Vec<String> {
    let files = listed(&options.scenarios).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|of| of == "toml"));
    files
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect()
}

fn entry(folder: &Path, id: String) -> Option<Entry> {
    let manifest = fs::read(folder.join("manifest.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let until = manifest["until"].as_str().unwrap_or_default().parse();
    Some(Entry {
        id,
        title: manifest["story"]["title"].as_str().map(str::to_owned),
        study: manifest["kind"] == KIND,
        seed: manifest["seed"].as_u64(),
        complete: manifest["complete"].as_bool().unwrap_or(true),
        stopped: until.ok().map(report::stopped),
        report: folder.join("report.html").is_file(),
        folder: folder.to_owned(),
    })
}

fn folders(of: &Path) -> Vec<PathBuf> {
    listed(of)
        .into_iter()
        .filter(|path| path.is_dir())
        .collect()
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let is_hidden = |path: &PathBuf| {
        path.file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'))
    };
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    paths
}
