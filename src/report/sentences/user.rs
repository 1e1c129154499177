//! One user in sentences.

use crate::explain::{Belonging, Step, UserStory};

use super::place::account;
use super::{capital, messages, names, step};
use crate::report::terminal::{moment, thousands};

pub(super) fn user(story: &UserStory) -> Vec<String> {
    let mut said = vec![account_name(story)];
    said.push(format!(
        "Of the messages that {} made: {}",
        story.user,
        account(&story.server, &story.messages)
    ));
    let (quiet, told): (Vec<_>, Vec<_>) = story.rooms.iter().partition(|room| is_quiet(room));
    said.extend(told.into_iter().map(belonging));
    if !quiet.is_empty() {
        let quiet = quiet.into_iter().map(|room| room.room.clone());
        let quiet: Vec<String> = quiet.collect();
        said.push(format!("Nothing befell the user in {}.", names(&quiet)));
    }
    said
}

fn account_name(story: &UserStory) -> String {
    let has = if story.account {
        "has an account"
    } else {
        "has no account"
    };
    let steps = history(&story.steps);
    format!(
        "{} {has} on {} at the end of the run, {}.{steps}",
        story.user,
        story.server,
        moment(story.end)
    )
}

/// Nothing was lost, and nothing is missing.
fn is_quiet(room: &Belonging) -> bool {
    let lost = room.steps.iter().any(|step| step.fact != "gained");
    !lost && room.messages.gone == 0 && room.messages.items == room.messages.held
}

fn belonging(room: &Belonging) -> String {
    let member = if room.member { "a member" } else { "no member" };
    let all = room.messages;
    let back = match all.gone {
        0 => String::new(),
        gone => format!(
            ", {} were gone, {} came back",
            thousands(gone),
            thousands(all.recovered)
        ),
    };
    format!(
        "{}: {member} at the end;{} of {} that the user made, {} are held{back}.",
        room.room,
        history(&room.steps),
        messages(all.items),
        thousands(all.held)
    )
}

/// What befell an account or a membership, as sentences.
fn history(steps: &[Step]) -> String {
    let mut held = false;
    let steps = steps.iter().map(|befell| {
        let text = step(befell, held);
        held = true;
        format!(" {}.", capital(&format!("on {} {text}", moment(befell.at))))
    });
    steps.collect()
}
