//! Expectations as written into expectations with filters.

use std::ops::Range;

use super::error::{Problems, nearest};
use super::file::{Expect, Find};
use super::names::Names;
use crate::metrics::{Dimension, Expectation, Filter, Finding};

/// One entry, checked.
pub(super) fn expectation(
    expect: &Expect,
    names: &Names,
    problems: &mut Problems<'_>,
) -> Expectation {
    if expect.find.is_empty() {
        problems.add(
            expect.name.span(),
            format!("expectation `{}` finds nothing", expect.name.as_str()),
            "nothing is checked",
            "add a [[expect.find]] with `part`, `where`, `count`, `of` and `must`",
        );
    }
    Expectation {
        name: expect.name.to_string(),
        says: expect.says.clone(),
        findings: expect
            .find
            .iter()
            .map(|find| finding(find, names, problems))
            .collect(),
        agrees: expect.agrees,
        note: expect.note.clone(),
    }
}

fn finding(find: &Find, names: &Names, problems: &mut Problems<'_>) -> Finding {
    let mut filter = Filter::default();
    for (dimension, words) in find.rows.named() {
        for word in &words.0 {
            check_word(dimension, word, words.span(), names, problems);
        }
        filter.0.insert(dimension, words.0.clone());
    }
    Finding {
        part: find.part.clone(),
        filter,
        count: find.count,
        of: find.of,
        must: find.must.bound,
    }
}

/// A filter by a word that no row has would choose nothing.
fn check_word(
    dimension: Dimension,
    word: &str,
    span: Range<usize>,
    names: &Names,
    problems: &mut Problems<'_>,
) {
    let allowed: &[&str] = match dimension {
        Dimension::Class => &[
            "message",
            "state",
            "file",
            "account",
            "password",
            "membership",
            "room",
            "room-avatar",
            "signing-key",
        ],
        Dimension::Room => return names.room_in(word, span, problems),
        Dimension::RoomKind => &["public", "private", "direct", "none"],
        Dimension::Federation => &["federated", "local-members", "unfederated", "none"],
        Dimension::Encrypted => &["yes", "no"],
        Dimension::RoomCreated | Dimension::Made => &["before", "inside", "after"],
        Dimension::Author => &["local", "remote"],
        Dimension::Account => &["kept", "again", "lost", "none"],
    };
    if !allowed.contains(&word) {
        let label = match nearest(word, allowed.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "not known here".to_owned(),
        };
        let help = format!("allowed here: {}", allowed.join(", "));
        problems.add(span, format!("unknown value `{word}`"), label, help);
    }
}
