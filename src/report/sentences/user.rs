//! One user in sentences.

use crate::explain::{Belonging, Step, UserStory};

use super::place::account;
use super::{because, messages, names};
use crate::report::terminal::{moment, thousands};

pub(super) fn user(story: &UserStory) -> Vec<String> {
    let mut said = vec![person(story)];
    said.push(format!(
        "Of the messages that {} made, {}",
        story.user,
        account(&story.server, &story.messages)
    ));
    let (quiet, told): (Vec<_>, Vec<_>) = story.rooms.iter().partition(|room| is_quiet(room));
    said.extend(told.into_iter().map(belonging));
    if !quiet.is_empty() {
        let quiet = quiet.into_iter().map(|room| room.room.clone());
        let quiet: Vec<String> = quiet.collect();
        said.push(format!("Nothing was lost in {}.", names(&quiet)));
    }
    said
}

/// The account.
fn person(story: &UserStory) -> String {
    let has = match story.account {
        true => "has an account",
        false => "has no account",
    };
    let mut said = format!(
        "{} {has} on {} at the end of the run, {}.",
        story.user,
        story.server,
        moment(story.end)
    );
    said += &history(&story.steps, |step| match (step.fact, step.path) {
        ("gained", Some("taken-over")) => "a stranger registered the name".to_owned(),
        ("gained", Some("restore")) => {
            "the database that was put in place had the account".to_owned()
        }
        ("gained", _) => "the name was registered".to_owned(),
        _ => format!("the account was lost: {}", because(step.why)),
    });
    said += &history(&story.passwords, |step| match step.fact {
        "gained" => "the password was changed".to_owned(),
        _ => format!("it went back to an earlier password: {}", because(step.why)),
    });
    said
}

/// Nothing was lost, and nothing is missing.
fn is_quiet(room: &Belonging) -> bool {
    let lost = room.steps.iter().any(|step| step.fact != "gained");
    !lost && room.messages.gone == 0 && room.messages.items == room.messages.held
}

/// A room, the membership there, and the messages.
fn belonging(room: &Belonging) -> String {
    let member = match room.member {
        true => "a member",
        false => "no member",
    };
    let all = room.messages;
    let back = match all.gone {
        0 => String::new(),
        gone => format!(
            " After the loss {} of them were gone; {} came back.",
            thousands(gone),
            thousands(all.recovered)
        ),
    };
    format!(
        "{}: {member} at the end.{} The user made {}, of which the server has {}.{back}",
        room.room,
        history(&room.steps, membership),
        messages(all.items),
        thousands(all.held)
    )
}

/// What befell a membership.
fn membership(step: &Step) -> String {
    let from = step.from.as_ref();
    let through = from.map_or(String::new(), |from| format!(" through {from}"));
    match (step.fact, step.path) {
        ("gained", Some("taken-over")) => "a stranger who has the name became a member".to_owned(),
        ("gained", Some("join" | "anew")) => format!("the user joined{through}"),
        ("gained", Some("restore")) => {
            "the database that was put in place had the membership".to_owned()
        }
        ("gained", _) => format!("the server learned that the user is a member{through}"),
        _ => format!("the membership was lost: {}", because(step.why)),
    }
}

/// What befell something, a sentence each.
fn history(steps: &[Step], say: impl Fn(&Step) -> String) -> String {
    let steps = steps.iter();
    steps
        .map(|step| format!(" On {} {}.", moment(step.at), say(step)))
        .collect()
}
