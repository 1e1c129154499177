//! One room in sentences.

use crate::explain::{Account, Hole, RoomStory};
use crate::metrics::State;

use super::{because, messages, names, next, of};
use crate::report::terminal::{moment, thousands};

pub(super) fn room(story: &RoomStory) -> Vec<String> {
    let mut said = vec![
        what(story),
        copy(story),
        account(&story.of, &story.messages),
    ];
    said.extend(back(story));
    if story.holes.is_empty() {
        said.push(format!("{} has no hole in it.", story.of));
    }
    said.extend(story.holes.iter().map(hole));
    said.extend(
        story
            .next
            .as_ref()
            .map(|step| format!("What would fill it: {}", next(step))),
    );
    said
}

fn what(story: &RoomStory) -> String {
    let federated = if story.federated {
        ""
    } else {
        " that is not federated"
    };
    let encrypted = if story.encrypted { ", encrypted" } else { "" };
    format!(
        "{} is a {} room{federated}{encrypted}, made by {} on {}.",
        story.room,
        story.kind,
        story.author,
        moment(story.made_at)
    )
}

fn copy(story: &RoomStory) -> String {
    let of = &story.of;
    let own = match (story.known, story.inside) {
        (false, _) => format!("{of} does not know it"),
        (true, false) => format!("{of} knows it, but none of its users is in it"),
        (true, true) => format!("{of} is in it"),
    };
    let others = story.copies.iter().map(|copy| {
        let dead = if copy.alive { "" } else { ", dead" };
        format!("{} ({}{dead})", copy.server, messages(copy.messages))
    });
    let others: Vec<String> = others.collect();
    match others.is_empty() {
        true => format!(
            "{own} at the end of the run, {}. No other server has a copy.",
            moment(story.end)
        ),
        false => format!(
            "{own} at the end of the run, {}. Copies elsewhere: {}.",
            moment(story.end),
            names(&others)
        ),
    }
}

/// What came back, by path and giver.
fn back(story: &RoomStory) -> Option<String> {
    let parts = story.back.iter().map(|part| {
        format!(
            "{} by {} from {} ({} to {})",
            thousands(part.messages),
            part.path,
            part.from,
            moment(part.at.0),
            moment(part.at.1)
        )
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("What came back: {}.", names(&parts)))
}

/// Where messages are that a server should hold.
pub(super) fn account(server: &str, account: &Account) -> String {
    let parts = [
        (account.held, "has"),
        (account.shell, "has without their content"),
        (account.stranded, "lacks and others still have (stranded)"),
        (account.lost, "lacks as everybody does (lost)"),
        (
            account.expired,
            "would by its own policy have deleted by now (expired)",
        ),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, how)| format!("{} it {how}", thousands(*number)))
        .collect();
    let parts = match parts.is_empty() {
        true => String::new(),
        false => format!(": {}", parts.join(", ")),
    };
    let mut said = format!("{server} should hold {}{parts}.", messages(account.items));
    if account.gone > 0 {
        said += &format!(
            " After its loss {} of them were gone; {} came back.",
            thousands(account.gone),
            thousands(account.recovered)
        );
    }
    said
}

fn hole(hole: &Hole) -> String {
    let state = match hole.state {
        State::Stranded => "Stranded",
        State::Lost => "Lost",
        _ => "Expired",
    };
    let number = number(hole.messages, hole.items);
    let ((first, last), made) = (hole.numbers, hole.made);
    let numbers = match hole.ranges {
        1 if first == last => format!("item {first}, made on {}", moment(made.0)),
        1 => format!(
            "items {first} to {last}, made from {} to {}",
            moment(made.0),
            moment(made.1)
        ),
        ranges => format!(
            "in {ranges} ranges of the items {first} to {last}, made from {} to {}",
            moment(made.0),
            moment(made.1)
        ),
    };
    let lost = match hole.lost_at {
        None => "which never arrived".to_owned(),
        Some((at, until)) if at == until => {
            format!("gone on {}: {}", moment(at), because(hole.cause))
        }
        Some((at, until)) => format!(
            "gone from {} to {}: {}",
            moment(at),
            moment(until),
            because(hole.cause)
        ),
    };
    format!("{state}: {number} ({numbers}), {lost}.{}", givers(hole))
}

/// Who could give what is stranded; what is lost nobody can, and what is expired nobody should.
fn givers(hole: &Hole) -> String {
    if hole.state != State::Stranded {
        return String::new();
    }
    let givers = hole.givers.iter().map(|giver| {
        let until = giver.until.map_or("for good".to_owned(), |at| {
            format!("the oldest by its own policy until {}", moment(at))
        });
        format!(
            "{} ({}, {until})",
            giver.server,
            number(giver.messages, giver.items)
        )
    });
    let givers: Vec<String> = givers.collect();
    format!(" Could be given by {}.", names(&givers))
}

/// Messages, and what is no message.
fn number(of_messages: u64, items: u64) -> String {
    let state = of("state event", items - of_messages);
    match of_messages {
        all if all == items => messages(all),
        0 => state,
        some => format!("{} and {state}", messages(some)),
    }
}
