//! A recording as a file: the script, and what was measured when it was played.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::compare::unstable;
use super::labelled::recording_of;
use super::played::{Played, Stage, StepResult};
use super::recording::{RecordedSettings, Step};
use crate::script::Script;

/// Longest line before a list or an object is broken up.
const WIDTH: usize = 160;

/// What played a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Software {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it keeps its data in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<&'static str>,
    /// In which order servers ask others.
    pub host_order: &'static str,
}

/// A recording, ready to be written; a script, if nothing was played.
#[derive(Debug, Serialize)]
pub struct Recorded<'a> {
    format: u32,
    name: String,
    question: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    software: Option<&'a Software>,
    servers: BTreeMap<String, RecordedSettings>,
    users: Vec<String>,
    script: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<Answer<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stages: Option<&'a BTreeMap<String, Stage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unstable: Option<BTreeMap<String, Vec<Value>>>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    step: usize,
    #[serde(flatten)]
    result: &'a StepResult,
}

/// A script alone.
pub fn script_document(script: &Script) -> Recorded<'static> {
    let labelled = recording_of(script);
    Recorded {
        format: labelled.format,
        name: labelled.name,
        question: labelled.question,
        software: None,
        servers: labelled.servers,
        users: labelled.users,
        script: labelled.script,
        runs: None,
        results: None,
        stages: None,
        unstable: None,
    }
}

/// The recording of a script that was played once or more often.
pub fn document<'a>(script: &Script, software: &'a Software, runs: &'a [Played]) -> Recorded<'a> {
    let first = &runs[0];
    let answer = |(step, result): (&usize, &'a StepResult)| Answer {
        step: *step,
        result,
    };
    Recorded {
        software: Some(software),
        runs: Some(runs.len()),
        results: Some(first.results.iter().map(answer).collect()),
        stages: Some(&first.stages),
        unstable: Some(unstable(runs)),
        ..script_document(script)
    }
}

impl Recorded<'_> {
    /// Writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let written =
            std::fs::write(&part, self.text()).and_then(|()| std::fs::rename(&part, path));
        if written.is_err() {
            // What is left of it is of no use; if it cannot be removed either, the error says enough.
            std::fs::remove_file(&part).ok();
        }
        written
    }

    /// JSON with an object on one line where it fits.
    pub fn text(&self) -> String {
        laid_out(self)
    }
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
