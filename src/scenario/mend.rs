//! Reading a file past its first mistake, so that all are told of at once: what was objected to is cut out,
//! and the rest is read again.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::error::Problems;
use super::file::File;
use super::text::not_readable;

/// Parts whose entries are known to others by name, or by what they did.
const DECLARING: [&str; 7] = [
    "server",
    "user",
    "room",
    "federation",
    "population",
    "action",
    "fault",
];

/// A file as far as it could be read.
pub(super) struct Mended {
    /// All of it but for what was cut out.
    pub(super) file: File,
    /// Nothing was cut out that other places of the file may speak of.
    pub(super) whole: bool,
}

/// Reads the tables of a file. Every mistake is noted; none if there is nothing left to be read.
pub(super) fn read(root: Spanned<DeTable<'_>>, problems: &mut Problems<'_>) -> Option<Mended> {
    let mut root = root;
    let mut cuts = Cuts {
        keys: BTreeSet::new(),
        noted: BTreeSet::new(),
        whole: true,
    };
    loop {
        let error = match File::deserialize(Deserializer::from(root.clone())) {
            Ok(file) => {
                let whole = cuts.whole;
                return Some(Mended { file, whole });
            }
            Err(error) => error,
        };
        if !cuts.follows_from_cut(&error) && cuts.is_new(&error) {
            not_readable(&error, problems);
        }
        let span = error.span().filter(|span| !span.is_empty())?;
        let (place, part) = find(root.get_ref(), &span)?;
        cuts.cut(root.get_mut(), &error, &place, part);
    }
}

/// What was cut out so far.
struct Cuts {
    keys: BTreeSet<String>,
    noted: BTreeSet<(usize, String)>,
    whole: bool,
}

impl Cuts {
    /// Something is missing because it was cut out.
    fn follows_from_cut(&self, error: &toml::de::Error) -> bool {
        let missing = error.message().strip_prefix("missing field `");
        let key = missing.and_then(|rest| rest.split('`').next());
        key.is_some_and(|key| self.keys.contains(key))
    }

    /// A rule of the federation is a rule of every server too, and is told of once.
    fn is_new(&mut self, error: &toml::de::Error) -> bool {
        let at = error.span().map_or(0, |span| span.start);
        self.noted.insert((at, error.message().to_owned()))
    }

    fn cut(&mut self, root: &mut DeTable<'_>, error: &toml::de::Error, place: &[Step], part: Part) {
        // Where the kind of a thing is wrong, or a part of it is missing, nothing of it can be read.
        let entry = place
            .iter()
            .rposition(|step| matches!(step, Step::Position(_)));
        let message = error.message();
        let unreadable = message.starts_with("missing field")
            || message.starts_with("unknown variant") && part == Part::Key;
        let depth = match entry {
            Some(entry) if unreadable => entry + 1,
            _ => place.len(),
        };
        let place = &place[..depth];
        if let Some(Step::Key(key)) = place.last() {
            self.keys.insert(key.clone());
        }
        self.whole &= !declares(root, place);
        remove(root, place);
    }
}

/// Does a part of the file make something that other parts speak of?
fn declares(root: &DeTable<'_>, place: &[Step]) -> bool {
    match place {
        [Step::Key(all)] => DECLARING.contains(&all.as_str()),
        [Step::Key(all), .., Step::Position(_)] if all == "population" || all == "federation" => {
            true
        }
        [Step::Key(list), Step::Position(number)] => match list.as_str() {
            "action" => is_deed(root, list, *number, "upload"),
            "fault" => is_deed(root, list, *number, "backup"),
            list => DECLARING.contains(&list),
        },
        _ => false,
    }
}

/// Is this entry of a list one that does so?
fn is_deed(root: &DeTable<'_>, list: &str, number: usize, deed: &str) -> bool {
    let entry = || {
        let list = root.get(list)?.get_ref().as_array()?;
        let entry = list.get(number)?.get_ref().as_table()?;
        entry.get("do")?.get_ref().as_table()
    };
    entry().is_some_and(|entry| entry.contains_key(deed))
}

/// One step on the way from the root to a value.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Position(usize),
}

/// Which part of an entry was objected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
}

type Found = (Vec<Step>, Part);

/// The innermost value with this span, or whose key has it.
fn find(table: &DeTable<'_>, span: &Range<usize>) -> Option<Found> {
    table.iter().find_map(|(key, value)| {
        let step = Step::Key(key.get_ref().to_string());
        if let Some(found) = find_in(value, span) {
            return Some(behind(step, found));
        }
        let part = if key.span() == *span {
            Part::Key
        } else {
            Part::Value
        };
        (part == Part::Key || value.span() == *span).then(|| (vec![step], part))
    })
}

fn find_in(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Found> {
    match value.get_ref() {
        DeValue::Table(table) => find(table, span),
        DeValue::Array(list) => (list.iter().enumerate()).find_map(|(number, value)| {
            let step = Step::Position(number);
            if let Some(found) = find_in(value, span) {
                return Some(behind(step, found));
            }
            (value.span() == *span).then(|| (vec![step], Part::Value))
        }),
        _ => None,
    }
}

fn behind(step: Step, (mut rest, part): Found) -> Found {
    rest.insert(0, step);
    (rest, part)
}

fn remove(table: &mut DeTable<'_>, place: &[Step]) {
    match place {
        [Step::Key(key)] => {
            table.remove(key.as_str());
        }
        [Step::Key(key), rest @ ..] => {
            if let Some(value) = table.get_mut(key.as_str()) {
                remove_in(value, rest);
            }
        }
        _ => {}
    }
}

fn remove_in(value: &mut Spanned<DeValue<'_>>, place: &[Step]) {
    match (value.get_mut(), place) {
        (DeValue::Table(table), place) => remove(table, place),
        (DeValue::Array(list), [Step::Position(number)]) => {
            let others = list.iter().enumerate().filter(|(other, _)| other != number);
            *list = others.map(|(_, value)| value.clone()).collect();
        }
        (DeValue::Array(list), [Step::Position(number), rest @ ..]) => {
            if let Some(value) = list.get_mut(*number) {
                remove_in(value, rest);
            }
        }
        _ => {}
    }
}
