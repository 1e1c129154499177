//! Checks across the fields of a file. All problems are noted; none stops the search for others.

use super::error::Problems;
use super::file::{File, Protocol, Server};
use super::limits::{self, Places};
use super::names::refuse_twice;
use super::population::Population;
use super::trouble::Blow;
use super::value::Here;
use super::{actions, central, plays};
use crate::kernel::SimTime;

/// Checks what can be checked without looking up names.
///
/// `whole` says that nothing was left out of the file that other places of it may speak of.
pub(super) fn check(file: &File, whole: bool, places: &Places, problems: &mut Problems<'_>) {
    refuse_twice(
        "server",
        file.server.iter().map(|server| &server.name),
        problems,
    );
    refuse_twice("user", file.user.iter().map(|user| &user.name), problems);
    refuse_twice("room", file.room.iter().map(|room| &room.name), problems);
    refuse_twice("file", actions::uploads(&file.action), problems);
    refuse_twice("file", plays::uploads(&file.script), problems);
    refuse_twice(
        "expectation",
        file.expect.iter().map(|expect| &expect.name),
        problems,
    );
    refuse_twice(
        "policy",
        file.policy.iter().map(|policy| &policy.label),
        problems,
    );
    refuse_twice(
        "hosting group",
        file.fault_rates.hosting.iter().map(|group| &group.name),
        problems,
    );
    limits::check(file, places, problems);
    if file.protocol == Protocol::Central {
        central::check(file, places, problems);
    }
    if !file.script.is_empty() {
        plays::check(file, places, problems);
        return;
    }
    let (Some(start), Some(end)) = (&file.start, &file.end) else {
        for (key, is_there) in [("start", file.start.is_some()), ("end", file.end.is_some())] {
            if !is_there {
                let help = "give a moment, such as \"2024-01-01\"; only a [[script]] needs none";
                problems.add(0..0, format!("missing field `{key}`"), "", help);
            }
        }
        return;
    };
    if **end <= **start {
        problems.add(
            end.span(),
            format!("the end ({}) is not after the start ({})", **end, **start),
            "ends before it starts",
            "give an `end` later than `start`",
        );
        // Every other moment would be outside of nothing.
        return;
    }
    let span = (**start, **end);
    for (i, server) in file.server.iter().enumerate() {
        backups(span, server, problems);
        if let Some(laboratory) = places.get(&format!("server.{i}.laboratory")) {
            let help = "it says how a server plays a script";
            let message = "`laboratory` has a place only beside [[script]]";
            problems.add(laboratory.clone(), message, "here", help);
        }
    }
    if let Some(plan) = &file.population {
        lost_period(span, plan, problems);
        refuse_twice(
            "group",
            plan.rooms.iter().map(|group| &group.label),
            problems,
        );
    }
    moments(file, span, problems);
    // A central service has backups of its own.
    if whole && file.protocol == Protocol::Matrix {
        restores(file, problems);
    }
}

fn backups(span: (SimTime, SimTime), server: &Server, problems: &mut Problems<'_>) {
    let Some(backups) = &server.backups else {
        return;
    };
    if backups.every.0 < 60_000 {
        let message = format!(
            "backups every {} leave no time for anything else",
            *backups.every
        );
        problems.add(backups.every.span(), message, "at least \"1m\"", "");
    }
    limits::kept(backups.keep.as_ref(), problems);
    if let Some(last) = backups
        .last
        .as_ref()
        .filter(|last| ***last < *backups.first)
    {
        let message = format!(
            "the last backup ({}) is before the first ({})",
            **last, *backups.first
        );
        problems.add(
            last.span(),
            message,
            "here",
            "leave `last` out if the schedule goes on",
        );
    }
    inside(span, &backups.first, "the first backup", problems);
}

/// Everything happens between start and end.
fn moments(file: &File, span: (SimTime, SimTime), problems: &mut Problems<'_>) {
    for step in &file.action {
        inside(span, &step.at, "this action", problems);
    }
    for trouble in &file.fault {
        inside(span, &trouble.at, "this fault", problems);
    }
}

fn inside(span: (SimTime, SimTime), at: &Here<SimTime>, what: &str, problems: &mut Problems<'_>) {
    let (start, end) = span;
    if **at < start || **at > end {
        let message = format!("{what} is at {}, outside the simulation", **at);
        let help = format!("it runs from {start} to {end}");
        problems.add(at.span(), message, "here", help);
    }
}

/// A restore needs a backup that was made before it.
fn restores(file: &File, problems: &mut Problems<'_>) {
    for trouble in &file.fault {
        let Blow::Restore {
            server,
            to,
            media_to,
            ..
        } = &trouble.blow
        else {
            continue;
        };
        // An unknown server is told of where names are looked up.
        if !file
            .server
            .iter()
            .any(|known| known.name.as_str() == server.as_str())
        {
            continue;
        }
        let first = first_backup(file, server);
        let name = server.as_str();
        let Some(first) = first.filter(|first| *first <= *trouble.at) else {
            problems.add(
                server.span(),
                format!("`{name}` has no backup to restore at {}", *trouble.at),
                "nothing to restore",
                "give the server `backups`, or a `backup` fault before this one",
            );
            continue;
        };
        for to in [to, media_to].into_iter().flatten() {
            if **to < first {
                problems.add(
                    to.span(),
                    format!("no backup of `{name}` is as old as {}", **to),
                    "before the first backup",
                    format!("its first backup is of {first}"),
                );
            } else if let Some(oldest) = oldest_left(file, server, **to, *trouble.at) {
                problems.add(
                    to.span(),
                    format!(
                        "no backup of `{name}` as old as {} is left at {}",
                        **to, *trouble.at
                    ),
                    "deleted by then",
                    format!(
                        "the oldest that is left is of {oldest}; or give `backups` a longer `keep`"
                    ),
                );
            }
        }
    }
}

/// The oldest backup that is left, if all that were made up to a moment are deleted by then.
fn oldest_left(file: &File, name: &str, upto: SimTime, at: SimTime) -> Option<SimTime> {
    let single = file.fault.iter().any(|trouble| {
        let is_backup = matches!(&trouble.blow, Blow::Backup { server } if server.as_str() == name);
        is_backup && *trouble.at <= upto
    });
    let mut servers = file.server.iter();
    let server = servers.find(|server| server.name.as_str() == name)?;
    let schedule = server.backups.as_ref()?.schedule();
    let oldest = schedule.oldest_left(at)?;
    (!single && upto < oldest).then_some(oldest)
}

/// The first backup of a server, by schedule or by hand.
fn first_backup(file: &File, name: &str) -> Option<SimTime> {
    let regular = (file
        .server
        .iter()
        .filter(|server| server.name.as_str() == name))
    .filter_map(|server| server.backups.as_ref())
    .map(|backups| *backups.first);
    let single = file.fault.iter().filter_map(|trouble| match &trouble.blow {
        Blow::Backup { server } if server.as_str() == name => Some(*trouble.at),
        _ => None,
    });
    regular.chain(single).min()
}

fn lost_period(span: (SimTime, SimTime), plan: &Population, problems: &mut Problems<'_>) {
    inside(span, &plan.lost_from, "the lost period", problems);
    inside(
        span,
        &plan.lost_until,
        "the end of the lost period",
        problems,
    );
    if *plan.lost_until <= *plan.lost_from {
        let message = "the lost period ends before it begins";
        problems.add(
            plan.lost_until.span(),
            message,
            "here",
            "give a moment after `lost-from`",
        );
    }
}
