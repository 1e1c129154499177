//! The text of a scenario: reading it within bounds, putting overrides over it, and knowing every place.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::NamedSource;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Problems, ScenarioError, nearest};
use super::overlay::{dates_to_strings, merge, share_rules};

/// Scenarios are written by people; anything larger is some other file.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The text of a file, and of the overrides as if they were written behind its end.
pub(super) struct Text {
    file: Arc<NamedSource<String>>,
    overrides: Arc<NamedSource<String>>,
    /// One document for each override, padded so that its places are behind those of all before it.
    documents: Vec<String>,
}

impl Text {
    /// Reads a file.
    pub(super) fn read(path: &Path, set: &[(String, String)]) -> Result<Text, ScenarioError> {
        let text = read_bounded(path)?;
        Ok(Text::new(&path.display().to_string(), text, set))
    }

    fn new(name: &str, text: String, set: &[(String, String)]) -> Text {
        let mut shown = String::new();
        let mut documents = Vec::new();
        for (key, value) in set {
            let line = assignment(key, value);
            // One more, so that an error at the very end of the file is not taken for one here.
            let pad = text.len() + 1 + shown.len();
            documents.push(format!("{:pad$}{line}", ""));
            shown.push_str(&line);
            shown.push('\n');
        }
        Text {
            file: Arc::new(NamedSource::new(name, text)),
            overrides: Arc::new(NamedSource::new("--set", shown)),
            documents,
        }
    }

    /// The text that a place is in, and the place there, on whole characters.
    pub(super) fn locate(&self, span: Range<usize>) -> (Arc<NamedSource<String>>, Range<usize>) {
        let end_of_file = self.file.inner().len();
        let (source, base) = if span.start > end_of_file {
            (&self.overrides, end_of_file + 1)
        } else {
            (&self.file, 0)
        };
        let whole = |at: usize| source.inner().floor_char_boundary(at - base);
        (
            Arc::clone(source),
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
        let mut root = parse_document(self.file.inner(), problems)?;
        for document in &self.documents {
            let over = parse_document(document, problems)?;
            merge(root.get_mut(), over.into_inner(), problems);
        }
        share_rules(root.get_mut());
        dates_to_strings(root.get_mut());
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
