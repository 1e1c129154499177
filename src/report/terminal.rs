//! The summary that `run` prints: what happened, what came back, what the account says. 80 columns.

mod words;

use std::collections::BTreeMap;

pub(super) use words::{counted, moment, paragraph, spoken, thousands};
use words::{of_total, percent, row};

use crate::kernel::{SimDuration, SimTime};
use crate::metrics::{Counts, Dimension, Expectation, Filter, Finding, Measures};
use crate::scenario::Scenario;

/// How many giving servers are listed.
const GIVERS: usize = 5;

/// The classes of items, in the order of the table.
const CLASSES: [(&str, &str); 9] = [
    ("message", "messages"),
    ("state", "state events"),
    ("file", "files"),
    ("room", "rooms"),
    ("membership", "memberships"),
    ("account", "accounts"),
    ("password", "passwords"),
    ("room-avatar", "room avatars"),
    ("signing-key", "signing key"),
];

/// The summary of a run; `command` repeats it.
pub fn summary(scenario: &Scenario, measures: &Measures, command: &str) -> String {
    let again = format!("seed {}, again with: {command}\n", scenario.world.seed);
    let parts = [
        again.clone(),
        story(scenario, measures),
        classes(measures),
        ways(measures),
        stranded(measures),
        expectations(scenario, measures),
        again,
    ];
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.cloned().collect::<Vec<_>>().join("\n")
}

/// How many findings of the scenario were missed.
pub fn misses(scenario: &Scenario, measures: &Measures) -> usize {
    let findings = scenario.expect.iter().flat_map(|one| &one.findings);
    findings.filter(|one| !one.check(measures).met).count()
}

/// What happened, in sentences.
fn story(scenario: &Scenario, measures: &Measures) -> String {
    let world = &scenario.world;
    let mut text = format!(
        "{}. {} and {} from {} to {}.",
        scenario.title.trim_end_matches('.'),
        counted(world.servers.len(), "server"),
        counted(world.rooms.len(), "room"),
        moment(world.start),
        moment(world.end),
    );
    if scenario.central.is_some() {
        let operator = world.servers.last().map_or("", |server| &server.name);
        text += &format!(" All are tenants of one service, {operator}.");
    }
    let name = &measures.measured;
    text += &match (measures.loss_at, measures.backup_at) {
        (None, _) => format!(" Nothing was lost on {name}."),
        (Some(loss), None) => format!(
            " On {} {name} lost a part of its data, and went back to no backup.",
            moment(loss)
        ),
        (Some(loss), Some(backup)) => format!(
            " On {} {name} went back to its backup of {}, {} old.",
            moment(loss),
            moment(backup),
            spoken(between(backup, loss))
        ),
    };
    paragraph("", &text)
}

/// A table of what became of each class of items.
fn classes(measures: &Measures) -> String {
    let head = ["items", "gone", "came back", "stranded", "lost", "expired"];
    let mut text = row("", &head.map(str::to_owned));
    for (class, plural) in CLASSES {
        let counts = class_sum(measures, class);
        if counts.items == 0 {
            continue;
        }
        let cells = [
            thousands(counts.items),
            thousands(counts.gone),
            of_total(counts.recovered, counts.gone),
            thousands(counts.stranded),
            thousands(counts.lost),
            thousands(counts.expired),
        ];
        text += &row(plural, &cells);
    }
    text
}

fn class_sum(measures: &Measures, class: &str) -> Counts {
    measures.sum(&Filter([(Dimension::Class, vec![class.to_owned()])].into()))
}

/// By which path and from whom the messages came, and how fast.
fn ways(measures: &Measures) -> String {
    let messages = || {
        measures
            .recovery
            .iter()
            .filter(|row| row.class == "message")
    };
    let all: u64 = messages().map(|row| row.items).sum();
    if all == 0 {
        return String::new();
    }
    let paths = largest(messages().map(|row| (row.path.as_str(), row.items)));
    let givers = largest(messages().map(|row| (row.from.as_str(), row.items)));
    let mut text = "messages came back\n".to_owned();
    for (path, items) in &paths {
        text += &row(&format!("  by {path}"), &[of_total(*items, all)]);
    }
    for (giver, items) in givers.iter().take(GIVERS) {
        text += &row(&format!("  from {giver}"), &[of_total(*items, all)]);
    }
    if givers.len() > GIVERS {
        let rest = givers[GIVERS..].iter().map(|(_, items)| items).sum();
        let label = format!("  from {}", counted(givers.len() - GIVERS, "other"));
        text += &row(&label, &[of_total(rest, all)]);
    }
    let speed = |name: &str, at: Option<SimTime>| match (measures.loss_at, at) {
        (Some(loss), Some(at)) => format!(
            "  {name} of the recoverable after {}\n",
            spoken(between(loss, at))
        ),
        _ => format!("  {name} of the recoverable: not within the run\n"),
    };
    text += &speed("half", measures.half_back_at);
    text + &speed("nine tenths", measures.nine_tenths_back_at)
}

/// Why what could have come back has not.
fn stranded(measures: &Measures) -> String {
    let reasons = measures.stranded.iter();
    let reasons = largest(reasons.map(|row| (row.reason.as_str(), row.items)));
    let all: u64 = reasons.iter().map(|(_, items)| items).sum();
    if all == 0 {
        return String::new();
    }
    let mut text = "stranded: some live server has it, and it has not come back\n".to_owned();
    for (reason, items) in reasons {
        text += &row(&format!("  {reason}"), &[of_total(items, all)]);
    }
    text
}

/// Sums by name, the largest first; equal sums by name.
fn largest<'a>(rows: impl Iterator<Item = (&'a str, u64)>) -> Vec<(&'a str, u64)> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, items) in rows {
        *sums.entry(name).or_default() += items;
    }
    let mut sums: Vec<_> = sums.into_iter().filter(|(_, items)| *items > 0).collect();
    sums.sort_by_key(|(name, items)| (std::cmp::Reverse(*items), *name));
    sums
}

/// Account, finding and agreement, one after the other, and the count of what was met.
fn expectations(scenario: &Scenario, measures: &Measures) -> String {
    let not_asked = match scenario.not_asked {
        0 => String::new(),
        others => format!(
            "not asked: {} of another protocol\n",
            counted(others, "expectation")
        ),
    };
    if scenario.expect.is_empty() {
        return format!("The scenario expects nothing.\n{not_asked}");
    }
    let mut text = "expected\n".to_owned();
    for (number, expectation) in std::iter::zip(1.., &scenario.expect) {
        text += &expectation_lines(number, expectation, measures);
    }
    let all = scenario.expect.iter().map(|one| one.findings.len()).sum();
    let met = all - misses(scenario, measures);
    let agree = scenario.expect.iter().filter(|one| one.agrees).count();
    text += &format!(
        "{met} of {} met; the account agrees in {agree} of {}\n",
        counted(all, "finding"),
        counted(scenario.expect.len(), "case"),
    );
    text + &not_asked
}

fn expectation_lines(number: usize, expectation: &Expectation, measures: &Measures) -> String {
    let met = expectation
        .findings
        .iter()
        .all(|one| one.check(measures).met);
    let mut text = format!("{} {number:>3} {}\n", mark(met), expectation.name);
    text += &paragraph("         account    ", &expectation.says);
    for finding in &expectation.findings {
        text += &finding_lines(finding, measures);
    }
    let answer = if expectation.agrees { "yes" } else { "NO" };
    let answer = match expectation.note.as_str() {
        "" => answer.to_owned(),
        note => format!("{answer}; {note}"),
    };
    text + &paragraph("         agrees     ", &answer)
}

/// Four columns wide, and plain without colour.
fn mark(met: bool) -> &'static str {
    if met { "ok  " } else { "MISS" }
}

fn finding_lines(finding: &Finding, measures: &Measures) -> String {
    let found = finding.check(measures);
    let bounds = finding.must;
    let wanted = match (bounds.least_per_mille, bounds.most_per_mille) {
        (0, 1000) => "may be any share".to_owned(),
        (least, most) if least == most => format!("must be {}", percent(least)),
        (least, most) => format!("must be {} to {}", percent(least), percent(most)),
    };
    let share = match (found.count * 1000 + found.of / 2).checked_div(found.of) {
        Some(share) => percent(share),
        None => "nothing to measure".to_owned(),
    };
    paragraph(
        &format!("         simulated  {} ", mark(found.met)),
        &format!(
            "{}: {} of {} = {share} ({wanted})",
            finding.part,
            thousands(found.count),
            thousands(found.of),
        ),
    )
}

fn between(start: SimTime, end: SimTime) -> SimDuration {
    SimDuration(end.0.saturating_sub(start.0))
}
