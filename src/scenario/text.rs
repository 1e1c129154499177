//! The text of a scenario: reading it within bounds, putting overrides over it, and knowing every place.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::NamedSource;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::error::{Problems, ScenarioError, nearest};
use super::overlay::{dates_to_strings, merge, share_rules};

/// Scenarios are written by people; anything larger is some other file.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The text of a file, of what it is based on, and of overrides, as if all were written one behind the other.
pub(super) struct Text {
    /// In order of their places; the first is the file itself.
    sources: Vec<Source>,
    /// The text of the base, padded so that its places are behind those of the file.
    base: Option<String>,
    /// One document for each override, padded so that its places are behind those of all before it.
    overrides: Vec<String>,
}

/// A text that messages quote, and where its places begin.
#[derive(Clone)]
struct Source {
    begins: usize,
    text: Arc<NamedSource<String>>,
}

impl Source {
    fn new(begins: usize, name: &str, text: String) -> Source {
        let text = Arc::new(NamedSource::new(name, text));
        Source { begins, text }
    }

    /// Where the next one begins: an error at the very end of this one is not taken for one there.
    fn end(&self) -> usize {
        self.begins + self.text.inner().len() + 1
    }
}

impl Text {
    /// Reads a file, and the file that it names as its base.
    pub(super) fn read(path: &Path, set: &[(String, String)]) -> Result<Text, ScenarioError> {
        let file = Source::new(0, &path.display().to_string(), read_bounded(path)?);
        let text = Text {
            sources: vec![file],
            base: None,
            overrides: Vec::new(),
        };
        Ok(text.on_its_base(path)?.with("--set", set))
    }

    /// The same, with what it is based on.
    fn on_its_base(mut self, path: &Path) -> Result<Text, ScenarioError> {
        let Some((base, span)) = self.named_base() else {
            return Ok(self);
        };
        let mut problems = Problems::new(&self);
        let base = path.parent().unwrap_or(Path::new("")).join(base);
        let remedy = "write the path of a scenario file, seen from the folder of this one";
        match read_bounded(&base) {
            Err(error) => {
                let message = match error {
                    ScenarioError::Unreadable { reason, .. } => reason,
                    error => error.to_string(),
                };
                let message = format!("cannot read the base {}: {message}", base.display());
                problems.add(span, message, "here", remedy);
                problems.finish(path)?;
            }
            Ok(text) => {
                let begins = self.sources[0].end();
                self.base = Some(format!("{:begins$}{text}", ""));
                let source = Source::new(begins, &base.display().to_string(), text);
                self.sources.push(source);
            }
        }
        Ok(self)
    }

    /// Is the file based on another?
    pub(super) fn has_base(&self) -> bool {
        self.base.is_some()
    }

    /// What the file names as its base, if it can be read so far.
    fn named_base(&self) -> Option<(String, Range<usize>)> {
        let root = DeTable::parse(self.sources[0].text.inner()).ok()?;
        let base = root.get_ref().get("base")?;
        Some((base.get_ref().as_str()?.to_owned(), base.span()))
    }

    /// The same with more overrides, which messages quote under this name.
    pub(super) fn with(&self, name: &str, set: &[(String, String)]) -> Text {
        let begins = self.sources.last().map_or(0, Source::end);
        let mut shown = String::new();
        let mut overrides = self.overrides.clone();
        for (key, value) in set {
            let line = assignment(key, value);
            let pad = begins + shown.len();
            overrides.push(format!("{:pad$}{line}", ""));
            shown.push_str(&line);
            shown.push('\n');
        }
        let mut sources = self.sources.clone();
        if !set.is_empty() {
            sources.push(Source::new(begins, name, shown));
        }
        Text {
            sources,
            base: self.base.clone(),
            overrides,
        }
    }

    /// The text that a place is in, and the place there, on whole characters.
    pub(super) fn locate(&self, span: Range<usize>) -> (Arc<NamedSource<String>>, Range<usize>) {
        let before = |source: &&Source| source.begins <= span.start;
        let source = self
            .sources
            .iter()
            .rfind(before)
            .unwrap_or(&self.sources[0]);
        let whole = |at: usize| {
            let text = source.text.inner();
            text.floor_char_boundary(at - source.begins)
        };
        (
            Arc::clone(&source.text),
            whole(span.start)..whole(span.end.max(span.start)),
        )
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, span: Range<usize>) -> usize {
        let (source, span) = self.locate(span);
        source.inner()[..span.start].matches('\n').count() + 1
    }

    /// The tables of the file with the overrides put in; none if something is no TOML.
    pub(super) fn parse(&self, problems: &mut Problems<'_>) -> Option<Spanned<DeTable<'_>>> {
        let mut root = self.merged(problems)?;
        share_rules(root.get_mut());
        dates_to_strings(root.get_mut());
        Some(root)
    }

    /// One file that says the same: with what it is based on and the overrides in it, and with no default filled in.
    pub(super) fn in_one(&self, problems: &mut Problems<'_>) -> Option<toml::Table> {
        let mut root = self.merged(problems)?;
        dates_to_strings(root.get_mut());
        root.get_mut().remove("base");
        let table = toml::Table::deserialize(Deserializer::from(root));
        table.map_err(|error| not_readable(&error, problems)).ok()
    }

    /// The file over its base, the overrides over both.
    fn merged(&self, problems: &mut Problems<'_>) -> Option<Spanned<DeTable<'_>>> {
        let mut root = parse_document(self.sources[0].text.inner(), problems)?;
        if let Some(base) = &self.base {
            let mut base = parse_document(base, problems)?;
            if let Some(again) = base.get_ref().get("base") {
                let message = "a base cannot have a base of its own";
                problems.add(again.span(), message, "here", "name that one as the base");
            }
            merge(base.get_mut(), root.into_inner(), problems);
            root = base;
        }
        for document in &self.overrides {
            let over = parse_document(document, problems)?;
            merge(root.get_mut(), over.into_inner(), problems);
        }
        Some(root)
    }
}

fn read_bounded(path: &Path) -> Result<String, ScenarioError> {
    let unreadable = |reason: String, remedy: &str| ScenarioError::Unreadable {
        path: path.to_owned(),
        reason,
        remedy: remedy.to_owned(),
    };
    let failed = |error: std::io::Error| {
        unreadable(
            error.to_string(),
            "give the path of a scenario file, such as scenarios/minimal.toml",
        )
    };
    let too_large = || {
        let reason = format!("it is larger than {} MB", LARGEST / 1024 / 1024);
        unreadable(reason, "scenarios are short texts; is this the right file?")
    };
    // Asked before it is opened: opening a pipe would wait for its writer.
    let about = std::fs::metadata(path).map_err(failed)?;
    if about.is_dir() {
        let remedy = "give a scenario file in it";
        return Err(unreadable("it is a directory".into(), remedy));
    }
    if about.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    // Some files, such as devices, do not tell their size.
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        let reason = format!("it is not UTF-8 text (line {line}, byte {at})");
        unreadable(reason, "save it as UTF-8; is this the right file?")
    })
}

/// An override as a line of TOML. What is no value, and what is a date, becomes a string.
fn assignment(key: &str, value: &str) -> String {
    let is_value = match DeValue::parse(value) {
        Ok(parsed) => !matches!(parsed.get_ref(), DeValue::Datetime(_)),
        Err(_) => false,
    };
    if is_value {
        format!("{key} = {value}")
    } else {
        format!("{key} = {}", toml::Value::String(value.to_owned()))
    }
}

fn parse_document<'t>(text: &'t str, problems: &mut Problems<'_>) -> Option<Spanned<DeTable<'t>>> {
    let parsed = DeTable::parse(text);
    parsed.map_err(|error| not_readable(&error, problems)).ok()
}

/// Notes what the TOML reader or the types of the file object to.
pub(super) fn not_readable(error: &toml::de::Error, problems: &mut Problems<'_>) {
    let span = error.span().unwrap_or(0..0);
    let message = error.message().trim();
    let Some((kind, rest)) = ["field", "variant"].iter().find_map(|kind| {
        let rest = message.strip_prefix("unknown ")?.strip_prefix(kind)?;
        Some((*kind, rest))
    }) else {
        problems.add(span, in_plain_words(message), "here", "");
        return;
    };
    // The reader's own words are: unknown field `a`, expected one of `b`, `c`.
    let mut names = rest.split('`').skip(1).step_by(2);
    let wrong = names.next().unwrap_or_default();
    let allowed: Vec<&str> = names.collect();
    let what = if kind == "field" { "key" } else { "value" };
    let label = match nearest(wrong, allowed.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "not known here".to_owned(),
    };
    let help = match allowed.as_slice() {
        [] => "nothing is allowed here".to_owned(),
        _ => format!("allowed here: {}", allowed.join(", ")),
    };
    problems.add(span, format!("unknown {what} `{wrong}`"), label, help);
}

/// Types of numbers by names that people know.
fn in_plain_words(message: &str) -> String {
    let Some((start, kind)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let kind = match kind {
        "u8" | "u32" | "u64" | "usize" => "a whole number, not negative",
        "i64" => "a whole number",
        "f64" => "a number",
        other => other,
    };
    format!("{start}expected {kind}")
}
