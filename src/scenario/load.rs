//! From a path to a checked scenario.

use std::path::Path;

use super::error::{ScenarioError, syntax};
use super::file::File;
use super::{Scenario, validate};

/// No scenario written by a person or a program of ours is larger.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// Reads and checks a scenario. `set` puts values over keys of the file (`people.page` = `100`), `seed`
/// over its seed.
pub fn load(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> Result<Scenario, ScenarioError> {
    let text = read(path)?;
    let mut set = set.to_vec();
    if let Some(seed) = seed {
        set.push(("seed".to_owned(), seed.to_string()));
    }
    let text = if set.is_empty() {
        text
    } else {
        with_values(path, &text, &set)?
    };
    let file: File = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
    let name = path.file_stem().map_or_else(
        || "scenario".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    validate::scenario(path, &text, name, &file)
}

/// The JSON Schema of scenario files, for editors.
pub fn schema() -> String {
    let schema = schemars::schema_for!(File);
    serde_json::to_string_pretty(&schema).expect("a schema is plain data") + "\n"
}

fn read(path: &Path) -> Result<String, ScenarioError> {
    let wrong = |what: String, help| ScenarioError::Unreadable {
        path: path.to_owned(),
        what,
        help,
    };
    let meta = std::fs::metadata(path).map_err(|cause| {
        wrong(
            format!("cannot be read: {cause}"),
            "name an existing scenario, such as scenarios/hypha-2021.toml",
        )
    })?;
    if meta.is_dir() {
        return Err(wrong(
            "is a directory".to_owned(),
            "name one file, such as scenarios/hypha-2021.toml",
        ));
    }
    if meta.len() > LARGEST_FILE {
        let what = format!(
            "is {} MB large; the largest scenario is {} MB",
            meta.len() >> 20,
            LARGEST_FILE >> 20
        );
        return Err(wrong(what, "is this a scenario at all?"));
    }
    let bytes = std::fs::read(path)
        .map_err(|cause| wrong(format!("cannot be read: {cause}"), "check its permissions"))?;
    String::from_utf8(bytes).map_err(|error| {
        let what = format!(
            "is not UTF-8 text (from byte {} on)",
            error.utf8_error().valid_up_to()
        );
        wrong(what, "save it as UTF-8")
    })
}

/// The file's text with values put over some of its keys.
fn with_values(path: &Path, text: &str, set: &[(String, String)]) -> Result<String, ScenarioError> {
    let mut table: toml::Table =
        toml::from_str(text).map_err(|error| syntax(path, text, &error))?;
    for (key, value) in set {
        let wrong = |what: &str| ScenarioError::Set {
            key: key.clone(),
            what: what.to_owned(),
        };
        let value: toml::Value = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.clone()));
        let parts: Vec<&str> = key.split('.').collect();
        let (last, parents) = parts.split_last().ok_or_else(|| wrong("names no key"))?;
        if parts.iter().any(|part| part.is_empty()) {
            return Err(wrong("names no key"));
        }
        let mut place = &mut table;
        for part in parents {
            place = place
                .entry((*part).to_owned())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()
                .ok_or_else(|| wrong(&format!("`{part}` is not a table")))?;
        }
        place.insert((*last).to_owned(), value);
    }
    toml::to_string_pretty(&table).map_err(|error| ScenarioError::Set {
        key: set[0].0.clone(),
        what: error.to_string(),
    })
}
