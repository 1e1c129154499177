//! A recording as a file: the script, and what was measured when it was played.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::error::RecordError;
use super::{SYNAPSE, Setup};
use crate::verify::{Played, Recording, ServerSettings, Stage, Step, StepResult, played_cells};

/// Longest line before a list or an object is broken up.
const WIDTH: usize = 160;

/// A recording, ready to be written.
#[derive(Debug, Serialize)]
pub struct Recorded<'a> {
    format: u32,
    name: &'a str,
    question: &'a str,
    software: Software,
    servers: &'a BTreeMap<String, ServerSettings>,
    users: &'a [String],
    script: &'a [Step],
    runs: usize,
    results: Vec<Answer<'a>>,
    stages: &'a BTreeMap<String, Stage>,
    unstable: BTreeMap<String, Vec<Value>>,
}

#[derive(Debug, Serialize)]
struct Software {
    name: &'static str,
    version: &'static str,
    database: &'static str,
    host_order: &'static str,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    step: usize,
    #[serde(flatten)]
    result: &'a StepResult,
}

/// The recording of a script that was played once or more often.
pub fn document<'a>(script: &'a Recording, setup: &Setup, runs: &'a [Played]) -> Recorded<'a> {
    let first = &runs[0];
    Recorded {
        format: script.format,
        name: &script.name,
        question: &script.question,
        software: Software {
            name: "synapse",
            version: SYNAPSE,
            database: setup.database.name(),
            host_order: setup.host_order.name(),
        },
        servers: &script.servers,
        users: &script.users,
        script: &script.script,
        runs: runs.len(),
        results: first
            .results
            .iter()
            .map(|(step, result)| Answer {
                step: *step,
                result,
            })
            .collect(),
        stages: &first.stages,
        unstable: unstable(runs),
    }
}

/// Cells that differ between runs, with the value of each run.
fn unstable(runs: &[Played]) -> BTreeMap<String, Vec<Value>> {
    let cells: Vec<_> = runs.iter().map(played_cells).collect();
    let paths: BTreeSet<&String> = cells.iter().flat_map(BTreeMap::keys).collect();
    let values = |path: &String| -> Vec<Value> {
        let value = |cells: &BTreeMap<String, Value>| cells.get(path).cloned();
        cells
            .iter()
            .map(|run| value(run).unwrap_or(Value::Null))
            .collect()
    };
    paths
        .into_iter()
        .map(|path| (path.clone(), values(path)))
        .filter(|(_, values)| values.iter().any(|value| *value != values[0]))
        .collect()
}

/// Writes a recording, whole or not at all.
pub fn write(recorded: &Recorded<'_>, path: &Path) -> Result<(), RecordError> {
    let text = laid_out(recorded);
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(RecordError::file(path))?;
    file.write_all(text.as_bytes())
        .map_err(RecordError::file(path))?;
    let kept = file
        .persist(path)
        .map_err(|error| RecordError::file(path)(error.error))?;
    // Other people may read it, as they may any other file.
    use std::os::unix::fs::PermissionsExt;
    let readable = std::fs::Permissions::from_mode(0o644);
    kept.set_permissions(readable)
        .map_err(RecordError::file(path))
}

/// JSON with an object on one line where it fits.
fn laid_out(value: &impl Serialize) -> String {
    let compact = serde_json::to_string(value).expect("recordings are plain data");
    let node: Node = serde_json::from_str(&compact).expect("just written");
    let mut text = String::new();
    node.lay_out(0, 0, true, &mut text);
    text.push('\n');
    text
}

/// JSON that keeps the order of its fields.
enum Node {
    Plain(Value),
    List(Vec<Node>),
    Fields(Vec<(String, Node)>),
}

impl Node {
    fn on_one_line(&self, text: &mut String) {
        match self {
            Node::Plain(value) => text.push_str(&value.to_string()),
            Node::List(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { ", " });
                    item.on_one_line(text);
                }
                text.push(']');
            }
            Node::Fields(fields) => {
                text.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { ", " });
                    text.push_str(&format!("{}: ", json!(name)));
                    value.on_one_line(text);
                }
                text.push('}');
            }
        }
    }

    /// `used`: columns before it on its line. `broken`: in any case on several lines.
    fn lay_out(&self, depth: usize, used: usize, broken: bool, text: &mut String) {
        let mut line = String::new();
        self.on_one_line(&mut line);
        let empty = line.len() <= 2;
        if (!broken && used + line.len() < WIDTH) || empty || matches!(self, Node::Plain(_)) {
            text.push_str(&line);
            return;
        }
        let (open, close) = match self {
            Node::List(_) => ('[', ']'),
            _ => ('{', '}'),
        };
        let pad = " ".repeat(depth + 1);
        text.push(open);
        let mut first = true;
        let mut member = |name: Option<&String>, value: &Node, text: &mut String| {
            text.push_str(if first { "\n" } else { ",\n" });
            first = false;
            let name = name.map_or(String::new(), |name| format!("{}: ", json!(name)));
            text.push_str(&format!("{pad}{name}"));
            // The script has a line for each action, however few they are.
            let broken = depth == 0 && matches!(value, Node::List(_)) && name.contains("script");
            value.lay_out(depth + 1, pad.len() + name.len(), broken, text);
        };
        match self {
            Node::List(items) => items.iter().for_each(|item| member(None, item, text)),
            Node::Fields(fields) => {
                fields
                    .iter()
                    .for_each(|(name, value)| member(Some(name), value, text));
            }
            Node::Plain(_) => {}
        }
        text.push_str(&format!("\n{}{close}", " ".repeat(depth)));
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(Value::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(Value::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Plain(Value::from(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Plain(Value::from(value)))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Node::Fields(fields))
    }
}
