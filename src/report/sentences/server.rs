//! One server in sentences.

use crate::explain::{ServerStory, Strike};

use super::place::account;
use super::{next, of};
use crate::report::terminal::moment;

/// How many of the things that were done to a server are told; of more, the last ones.
const TOLD: usize = 10;

pub(super) fn server(story: &ServerStory) -> Vec<String> {
    let mut said = vec![what(story)];
    said.extend(strikes(&story.strikes));
    said.extend(story.loss.map(|(at, backup_at)| match backup_at {
        Some(backup) => format!(
            "Its loss: on {} its database went back to a backup of {}.",
            moment(at),
            moment(backup)
        ),
        None => format!("Its loss: on {} its database was incomplete.", moment(at)),
    }));
    said.push(account(&story.server, &story.messages));
    said.push(match story.next.len() {
        0 => "There is nothing to do: no message is stranded.".to_owned(),
        _ => "What to do next, in the order of what it would bring:".to_owned(),
    });
    let steps = (1..).zip(&story.next);
    said.extend(steps.map(|(number, step)| format!("{number}. {}", next(step))));
    said
}

fn what(story: &ServerStory) -> String {
    let alive = if story.alive { "" } else { " and is dead" };
    let (whole, tenth) = (story.up_per_mille / 10, story.up_per_mille % 10);
    format!(
        "{} has {} and copies of {} at the end of the run, {}{alive}. It was up {whole}.{tenth} % of the time.",
        story.server,
        of("account", story.users),
        of("room", story.rooms),
        moment(story.end)
    )
}

/// What was done to it.
fn strikes(all: &[Strike]) -> Option<String> {
    let told = all.iter().skip(all.len().saturating_sub(TOLD));
    let told = told.map(|strike| format!("{} on {}", done(strike.fault), moment(strike.at)));
    let told = told.collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => None,
        number if number > TOLD => Some(format!(
            "What was done to it, the last {TOLD} of {number} things: {told}."
        )),
        _ => Some(format!("What was done to it: {told}.")),
    }
}

/// A fault's name in the journal, in words.
fn done(fault: &str) -> &str {
    match fault {
        "stop" => "stopped",
        "start" => "started",
        "freeze" => "stood still",
        "thaw" => "went on",
        "restore" => "database replaced by a backup",
        "failed-copy" => "database replaced by an incomplete copy",
        "key-loss" => "signing key lost",
        "media-loss" => "files lost",
        "death" => "died",
        "cut" => "cut off from a peer",
        "heal" => "link to a peer back",
        other => other,
    }
}
