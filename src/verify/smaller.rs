//! Smaller scripts, for the search of the smallest one on which simulated and real servers disagree.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::labelled::recording_of;
use super::recording::{Recording, Step};
use crate::script::{Script, flaws};

/// Scripts that are a little or much smaller than this one, those with the most taken away first. What no
/// longer makes sense in them has been taken away, too, so each can be played.
pub fn smaller(script: &Script) -> Vec<Script> {
    let whole = recording_of(script);
    let mut candidates = Vec::new();
    for server in whole.servers.keys() {
        candidates.push(without_server(&whole, server));
    }
    for room in &script.rooms {
        candidates.push(without_room(&whole, &room.name));
    }
    let steps = whole.script.len();
    let mut length = steps / 2;
    while length > 0 {
        // Later steps first: they hang on the earlier ones.
        for end in (1..=steps).rev().step_by(length) {
            let mut fewer = whole.clone();
            fewer.script.drain(end.saturating_sub(length)..end);
            candidates.push(fewer);
        }
        length /= 2;
    }
    candidates.push(with_steps(&whole, plain));
    candidates.push(with_steps(&whole, halved));
    for at in 0..steps {
        let mut one = whole.clone();
        plain(&mut one.script[at]);
        halved(&mut one.script[at]);
        candidates.push(one);
    }
    let mut seen: BTreeSet<String> = BTreeSet::from([text(&whole)]);
    candidates
        .into_iter()
        .filter_map(sensible)
        .filter(|script| seen.insert(text(&recording_of(script))))
        .collect()
}

fn text(recording: &Recording) -> String {
    let parts = (&recording.servers, &recording.users, &recording.script);
    serde_json::to_string(&parts).expect("scripts are plain data")
}

/// Takes away what refers to nothing, until all that is left can be played.
fn sensible(mut recording: Recording) -> Option<Script> {
    loop {
        let unused = unused(&recording);
        recording.users.retain(|user| !unused.contains(user));
        recording
            .servers
            .retain(|server, _| !unused.contains(server));
        let wrong = match Script::new(&recording, Path::new("smaller")) {
            Ok(script) => match flaws(&script).first() {
                None => return Some(script),
                Some(flaw) => flaw.step,
            },
            Err(error) => error.step()?,
        };
        recording.script.remove(wrong);
    }
}

/// Users and servers that no step names; a server is named by its users, too.
fn unused(recording: &Recording) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for step in &recording.script {
        strings(&fields(step), &mut names);
    }
    let hosts: Vec<String> = names
        .iter()
        .filter_map(|name| name.split_once('@').map(|(_, host)| host.to_owned()))
        .collect();
    names.extend(hosts);
    let declared = recording.users.iter().chain(recording.servers.keys());
    declared
        .filter(|name| !names.contains(*name))
        .cloned()
        .collect()
}

fn without_server(recording: &Recording, server: &str) -> Recording {
    let mut fewer = recording.clone();
    let suffix = format!("@{server}");
    fewer.servers.remove(server);
    fewer.users.retain(|user| !user.ends_with(&suffix));
    fewer.script.retain_mut(|step| {
        if let Step::Send { by, counts, .. } = step {
            // The others may go on without its users.
            let kept: Vec<bool> = by.iter().map(|user| !user.ends_with(&suffix)).collect();
            let mut flags = kept.iter();
            by.retain(|_| *flags.next().unwrap_or(&true));
            let mut flags = kept.iter();
            counts.retain(|_| *flags.next().unwrap_or(&true));
            return !by.is_empty();
        }
        let mut names = BTreeSet::new();
        strings(&fields(step), &mut names);
        !names
            .iter()
            .any(|name| name == server || name.ends_with(&suffix))
    });
    fewer
}

fn without_room(recording: &Recording, room: &str) -> Recording {
    let mut fewer = recording.clone();
    fewer.script.retain(|step| fields(step)["room"] != room);
    fewer
}

fn with_steps(recording: &Recording, change: fn(&mut Step)) -> Recording {
    let mut changed = recording.clone();
    changed.script.iter_mut().for_each(change);
    changed
}

/// Nothing special about a room or a scroll.
fn plain(step: &mut Step) {
    match step {
        Step::CreateRoom {
            federate,
            version,
            history_visibility,
            ..
        } => (*federate, *version, *history_visibility) = (None, None, None),
        Step::Scroll { passes, pause, .. } => (*passes, *pause) = (1, None),
        _ => {}
    }
}

/// Half as many messages.
fn halved(step: &mut Step) {
    if let Step::Send { counts, .. } = step {
        counts
            .iter_mut()
            .for_each(|count| *count = count.div_ceil(2));
    }
}

fn fields(step: &Step) -> Value {
    serde_json::to_value(step).expect("steps are plain data")
}

/// All strings in a value, and all keys that name users.
fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.contains('@') {
                    found.insert(name.clone());
                }
                strings(value, found);
            }
        }
        _ => {}
    }
}
