//! Tables over tables: overrides over the file, a server's rules over the federation's.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problems;

/// Puts one table over another. A number as a key is a position in a list.
pub(super) fn merge<'t>(onto: &mut DeTable<'t>, over: DeTable<'t>, problems: &mut Problems<'_>) {
    for (key, value) in over {
        match onto.get_mut(key.get_ref().as_ref()) {
            Some(old) => merge_value(old, value, problems),
            None => {
                onto.insert(key, value);
            }
        }
    }
}

fn merge_value<'t>(
    old: &mut Spanned<DeValue<'t>>,
    new: Spanned<DeValue<'t>>,
    problems: &mut Problems<'_>,
) {
    match (old.get_mut(), new.get_ref()) {
        (DeValue::Table(onto), DeValue::Table(_)) => {
            if let DeValue::Table(over) = new.into_inner() {
                merge(onto, over, problems);
            }
        }
        (DeValue::Array(list), DeValue::Table(_)) => {
            let DeValue::Table(over) = new.into_inner() else {
                return;
            };
            for (key, value) in over {
                let count = list.len();
                let position = key.get_ref().parse().ok();
                match position.and_then(|position: usize| list.get_mut(position)) {
                    Some(old) => merge_value(old, value, problems),
                    None => problems.add(
                        key.span(),
                        format!("`{}` is no position in a list of {count}", key.get_ref()),
                        "not in the list",
                        "positions count from 0, such as `room.0.name`",
                    ),
                }
            }
        }
        _ => *old = new,
    }
}

/// Gives every server the federation's rules where it has none of its own.
pub(super) fn share_rules(root: &mut DeTable<'_>) {
    let Some(DeValue::Table(common)) = root.get("rules").map(Spanned::get_ref) else {
        return;
    };
    let common = common.clone();
    let Some(DeValue::Array(servers)) = root.get_mut("server").map(Spanned::get_mut) else {
        return;
    };
    for server in servers.iter_mut() {
        let DeValue::Table(server) = server.get_mut() else {
            continue;
        };
        let empty = || Spanned::new(0..0, DeValue::Table(DeTable::new()));
        let own = server
            .entry(Spanned::new(0..0, "rules".into()))
            .or_insert_with(empty);
        if let DeValue::Table(own) = own.get_mut() {
            for (key, value) in &common {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

/// A date without quotes is as good as one with them.
pub(super) fn dates_to_strings(table: &mut DeTable<'_>) {
    fn one(value: &mut Spanned<DeValue<'_>>) {
        match value.get_mut() {
            DeValue::Datetime(date) => *value.get_mut() = DeValue::String(date.to_string().into()),
            DeValue::Array(list) => list.iter_mut().for_each(one),
            DeValue::Table(table) => dates_to_strings(table),
            _ => {}
        }
    }
    table.iter_mut().for_each(|(_, value)| one(value));
}

/// Where every key of a scenario has its value: `people.page`, `server.0.rules.wake-period`.
pub(super) fn places(table: &DeTable<'_>) -> BTreeMap<String, Range<usize>> {
    fn walk(path: &str, value: &Spanned<DeValue<'_>>, places: &mut BTreeMap<String, Range<usize>>) {
        places.insert(path.to_owned(), value.span());
        match value.get_ref() {
            DeValue::Table(table) => table
                .iter()
                .for_each(|(key, value)| walk(&format!("{path}.{}", key.get_ref()), value, places)),
            DeValue::Array(list) => (list.iter().enumerate())
                .for_each(|(i, value)| walk(&format!("{path}.{i}"), value, places)),
            _ => {}
        }
    }
    let mut places = BTreeMap::new();
    for (key, value) in table {
        walk(key.get_ref(), value, &mut places);
    }
    places
}
