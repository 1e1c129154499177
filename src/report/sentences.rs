//! Explanations in sentences: the one place where they are made.

mod item;
mod place;
mod server;
mod user;

use crate::explain::{Explanation, NextStep, Remedy, Step};
use crate::kernel::SimTime;
use crate::metrics::REASONS;

use super::terminal::{moment, paragraph, thousands};

/// How many servers or rooms are named before the rest is counted.
const NAMED: usize = 5;

/// An explanation in sentences; each string is a paragraph of its own.
pub fn sentences(explanation: &Explanation) -> Vec<String> {
    match explanation {
        Explanation::Item(story) => item::item(story),
        Explanation::Room(story) => place::room(story),
        Explanation::User(story) => user::user(story),
        Explanation::Server(story) => server::server(story),
    }
}

/// What to know beforehand of a run that was stopped.
pub fn stopped(until: SimTime) -> String {
    format!(
        "This run was stopped at {} of its time: whatever is said of its end is how things stood then.",
        moment(until)
    )
}

/// Paragraphs as text for a terminal of 80 columns.
pub fn wrapped(paragraphs: &[String]) -> String {
    let paragraphs = paragraphs.iter().map(|text| match text.split_once(". ") {
        // The lines of a numbered list stand under each other.
        Some((number, rest)) if number.parse::<u32>().is_ok() => {
            paragraph(&format!("{number:>3}. "), rest)
        }
        _ => paragraph("", text),
    });
    paragraphs.collect()
}

/// What befell a copy, as the rest of a sentence about `it`. `held` says whether it was held before.
fn step(step: &Step, held: bool) -> String {
    let from = step.from.as_ref();
    let from = from.map_or(String::new(), |from| format!(" from {from}"));
    match (step.fact, step.path) {
        ("gained", Some("restore")) => "the database that was put in place had it".to_owned(),
        ("gained", path) if held => format!("it came back {}{from}", by(path)),
        ("gained", path) => format!("it arrived {}{from}", by(path)),
        ("hollowed", _) => format!("its content was lost: {}", because(step.why)),
        _ => format!("it was lost: {}", because(step.why)),
    }
}

/// A path of recovery, as the end of a sentence.
fn by(path: Option<&str>) -> &'static str {
    match path {
        Some("push") => "as a push",
        Some("gap-fill") => "in the gap that a push had shown",
        Some("backfill") => "by backfill, as somebody paged back,",
        Some("join") => "with a join",
        Some("jump") => "by a jump to its date",
        Some("redownload") => "by another download",
        Some("taken-over") => "in the hands of a stranger who registered the name",
        Some("anew") => "made anew",
        _ => "by a way without a name",
    }
}

/// Why something was lost.
fn because(why: Option<&str>) -> &'static str {
    match why {
        Some("restore") => "the database went back to a backup",
        Some("failed-copy") => {
            "a copy of the database was incomplete, and the original was deleted"
        }
        Some("purge") => "the server's own purge deleted it",
        Some("redaction") => "it was redacted",
        Some("censor") => "it was redacted, and is now overwritten in the database, too",
        Some("visibility") => "the room's history was not for this server to see",
        Some("forgotten") => "all local users had forgotten the room",
        Some("expiry") => "its time was over",
        _ => "it never arrived",
    }
}

/// A reason of `stranded.csv`, in words.
fn reason(name: &str) -> &'static str {
    let known = REASONS.iter().find(|(reason, _)| *reason == name);
    known.map_or("no reason is known", |(_, says)| says)
}

/// What is to be done, and what it would bring.
fn next(step: &NextStep) -> String {
    let (peer, rooms) = (&step.peer, names(&step.rooms));
    let remedy = match step.remedy {
        Remedy::Scroll => format!("page back in {rooms} until nothing new comes"),
        Remedy::ScrollLater => {
            format!("page back in {rooms} again, after the back-off of what could not be fetched")
        }
        Remedy::ScrollWhenUp => format!("page back in {rooms} when {peer} can be reached"),
        Remedy::ScrollPastPurged => format!(
            "page back in {rooms} while the servers that are asked before {peer}, and have purged, are blocked"
        ),
        Remedy::AskToSpeak => format!(
            "ask somebody at {peer} to speak in {rooms} (or jump there to a date in the gap), then page back"
        ),
        Remedy::Rejoin => format!("join {rooms} again, naming {peer}, then page back"),
        Remedy::LeaveAndRejoin => format!(
            "let all local users leave {rooms} and one of them join again, naming {peer}, then page back"
        ),
        Remedy::ListOldKey => {
            format!("list the lost signing key among the old ones, then page back in {rooms}")
        }
        Remedy::Export => format!(
            "nothing in the protocol reaches it: ask somebody at {peer} for an export of {rooms}"
        ),
    };
    let brings = match step.at_peer == step.messages {
        true => format!("{} has them all{}", peer, until(step.until)),
        false => format!(
            "{} has {} of them{}",
            peer,
            thousands(step.at_peer),
            until(step.until)
        ),
    };
    let remedy = capital(&remedy);
    format!(
        "{remedy}. Brings at most {}; {brings}. Not back by itself, since {}.",
        messages(step.messages),
        reason(step.reason)
    )
}

/// `, and deletes the oldest on 2021-09-01 00:00`; nothing where it is kept for good.
fn until(until: Option<SimTime>) -> String {
    until.map_or(String::new(), |at| {
        format!(", by its own policy the oldest until {}", moment(at))
    })
}

/// `1 message`, `1,234 messages`
fn messages(number: u64) -> String {
    of("message", number)
}

fn of(thing: &str, number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(number))
}

/// `a, b and c`; of many, the first few and how many more.
fn names(all: &[String]) -> String {
    let more = all.len().saturating_sub(NAMED);
    let mut named: Vec<String> = all.iter().take(NAMED).cloned().collect();
    if more > 0 {
        named.push(format!("{} more", thousands(more as u64)));
    }
    match named.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

/// With a capital letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
