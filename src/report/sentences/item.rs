//! One item in sentences.

use crate::explain::{HeldBy, ItemStory};
use crate::metrics::State;

use super::{names, reason, step};
use crate::report::terminal::moment;

pub(super) fn item(story: &ItemStory) -> Vec<String> {
    let mut said = vec![what(story), copy(story), end(story)];
    said.extend(
        story
            .why_not
            .map(|why| format!("Why it has not come back: {}.", reason(why))),
    );
    said.extend(others(story));
    said
}

/// What it is.
fn what(story: &ItemStory) -> String {
    let article = match story.class {
        "state" => "a state event",
        _ => "a message",
    };
    let file = if story.file {
        " A file hangs on it."
    } else {
        ""
    };
    format!(
        "{}/{} is {article} ({}), made by {} on {}.{file}",
        story.room,
        story.number,
        story.kind,
        story.author,
        moment(story.made_at)
    )
}

/// What befell the server's copy.
fn copy(story: &ItemStory) -> String {
    let of = &story.of;
    let mut said = match (story.received_when_made, story.state) {
        (true, _) if story.author_server == *of => format!("{of} had it from the first moment on."),
        (true, _) => format!("{of} received it when it was made."),
        (false, None) if story.steps.is_empty() => {
            format!("{of} need not hold it: none of its users was in the room.")
        }
        (false, _) if story.steps.is_empty() => format!("{of} never received it."),
        (false, _) => format!("{of} did not receive it when it was made."),
    };
    let mut held = story.received_when_made;
    for befell in &story.steps {
        said += &format!(" On {} {}.", moment(befell.at), step(befell, held));
        held = true;
    }
    said
}

/// Where it is at the end.
fn end(story: &ItemStory) -> String {
    let of = &story.of;
    let end = moment(story.end);
    match story.state {
        Some(State::Held) => format!("At the end of the run, {end}, {of} has it."),
        Some(State::Shell) => {
            format!("At the end of the run, {end}, {of} has it without its content.")
        }
        Some(State::Stranded) => {
            let givers: Vec<String> = story.givers().map(kept).collect();
            format!(
                "At the end of the run, {end}, {of} has it not: it is stranded. It could still be given by {}.",
                names(&givers)
            )
        }
        Some(State::Lost) => format!(
            "At the end of the run, {end}, {of} has it not, and no live server has it with its content: it is lost."
        ),
        Some(State::Expired) => format!(
            "At the end of the run, {end}, {of} has it not, and by its own policy it would be gone by now: it is expired."
        ),
        None => {
            format!("It is not counted among what {of} should hold at the end of the run, {end}.")
        }
    }
}

/// Who else holds it.
fn others(story: &ItemStory) -> Option<String> {
    let of_those = |is_so: &dyn Fn(&HeldBy) -> bool| -> Vec<String> {
        let copies = story.held_by.iter().filter(|copy| is_so(copy));
        copies.map(kept).collect()
    };
    let mut said: Vec<String> = Vec::new();
    let mut say = |copies: Vec<String>, how: &str| {
        if !copies.is_empty() {
            said.push(format!("{how} {}", names(&copies)));
        }
    };
    if story.state != Some(State::Stranded) {
        say(of_those(&|copy| copy.alive && copy.whole), "held by");
    }
    say(
        of_those(&|copy| copy.alive && !copy.whole),
        "without its content on",
    );
    say(of_those(&|copy| !copy.alive), "on servers that are dead:");
    match said.is_empty() {
        // The givers are named already.
        true if story.state == Some(State::Stranded) => None,
        true => Some("No other server has a copy.".to_owned()),
        false => Some(format!("Other copies: {}.", said.join("; "))),
    }
}

/// A server, and how long its own policy keeps the item.
fn kept(copy: &HeldBy) -> String {
    match copy.until {
        Some(at) => format!("{} (by its own policy until {})", copy.server, moment(at)),
        None => format!("{} (for good)", copy.server),
    }
}
