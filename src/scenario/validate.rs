//! Checks across the fields of a file. All problems are noted; none stops the search for others.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::Problems;
use super::file::{File, Server};
use super::names::refuse_twice;
use super::population::{Population, Spread};
use super::trouble::Blow;
use super::value::Here;
use crate::kernel::SimTime;
use crate::protocol::matrix::Rules;

/// Where every key has its value.
type Places = BTreeMap<String, Range<usize>>;

/// Rates beyond this are slips of the pen, and would fill the memory.
const LARGEST_RATE: f64 = 1_000_000.0;

/// Checks what can be checked without looking up names.
pub(super) fn check(file: &File, places: &Places, problems: &mut Problems<'_>) {
    if *file.seed > i64::MAX as u64 {
        problems.add(
            file.seed.span(),
            "the seed is too large",
            "at most 9223372036854775807",
            "",
        );
    }
    if *file.end <= *file.start {
        problems.add(
            file.end.span(),
            format!(
                "the end ({}) is not after the start ({})",
                *file.end, *file.start
            ),
            "ends before it starts",
            "give an `end` later than `start`",
        );
        return;
    }
    refuse_twice(
        "server",
        file.server.iter().map(|server| &server.name),
        problems,
    );
    refuse_twice("user", file.user.iter().map(|user| &user.name), problems);
    refuse_twice("room", file.room.iter().map(|room| &room.name), problems);
    refuse_twice("file", super::actions::uploads(&file.action), problems);
    refuse_twice(
        "expectation",
        file.expect.iter().map(|expect| &expect.name),
        problems,
    );
    rooms(file, problems);
    for (i, server) in file.server.iter().enumerate() {
        rules(
            &server.rules,
            &format!("server.{i}.rules"),
            places,
            problems,
        );
        backups(file, server, problems);
    }
    people(file, places, problems);
    if let Some(plan) = &file.population {
        population(file, plan, places, problems);
    }
    rates(file, problems);
    moments(file, problems);
    restores(file, problems);
}

fn rooms(file: &File, problems: &mut Problems<'_>) {
    for room in &file.room {
        if !(10..=12).contains(&*room.version) {
            let message = format!("room version {} is not known", *room.version);
            problems.add(
                room.version.span(),
                message,
                "here",
                "versions 10, 11 and 12 are simulated",
            );
        }
        rate("messages-per-day", &room.messages_per_day, problems);
        if *room.files_per_mille > 1000 {
            let message = format!("{} of 1000 is more than all", *room.files_per_mille);
            problems.add(room.files_per_mille.span(), message, "at most 1000", "");
        }
    }
}

/// Parameters with which a server would stand still or run in circles.
fn rules(rules: &Rules, at: &str, places: &Places, problems: &mut Problems<'_>) {
    let positive = [
        ("pdus-per-txn", rules.pdus_per_txn > 0),
        ("wake-period", rules.wake_period.0 > 0),
        ("purge-job-interval", rules.purge_job_interval.0 > 0),
        ("destination-min-retry", rules.destination_min_retry.0 > 0),
        ("new-event-prev-max", rules.new_event_prev_max > 0),
        ("backfill-events", rules.backfill_events > 0),
    ];
    for (key, well) in positive {
        if !well {
            let span = places
                .get(&format!("{at}.{key}"))
                .cloned()
                .unwrap_or_default();
            problems.add(span, format!("`{key}` is 0"), "more than 0", "");
        }
    }
    let multiplier = rules.destination_retry_multiplier;
    if !(1.0..=1000.0).contains(&multiplier) {
        let key = "destination-retry-multiplier";
        let span = places
            .get(&format!("{at}.{key}"))
            .cloned()
            .unwrap_or_default();
        problems.add(
            span,
            format!("`{key}` is {multiplier}"),
            "from 1 to 1000",
            "",
        );
    }
}

fn backups(file: &File, server: &Server, problems: &mut Problems<'_>) {
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
    inside(file, &backups.first, "the first backup", problems);
}

fn people(file: &File, places: &Places, problems: &mut Problems<'_>) {
    let people = &file.people;
    let checks = [
        (
            "scrolls-per-member-day",
            (0.0..=10_000.0).contains(&people.scrolls_per_member_day),
            "from 0 to 10000",
        ),
        ("page", people.page > 0, "at least 1"),
        (
            "register-again-per-mille",
            people.register_again_per_mille <= 1000,
            "at most 1000",
        ),
        (
            "invite-again-per-mille",
            people.invite_again_per_mille <= 1000,
            "at most 1000",
        ),
    ];
    for (key, well, allowed) in checks {
        if !well {
            let span = places
                .get(&format!("people.{key}"))
                .cloned()
                .unwrap_or_default();
            problems.add(span, format!("`{key}` is out of range"), allowed, "");
        }
    }
}

fn population(file: &File, plan: &Population, places: &Places, problems: &mut Problems<'_>) {
    inside(file, &plan.lost_from, "the lost period", problems);
    inside(
        file,
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
    rate(
        "password-changes-per-year",
        &plan.password_changes_per_year,
        problems,
    );
    let mut spread = |spread: &Spread, at: String| {
        let well =
            (0.0..=LARGEST_RATE).contains(&spread.median) && (0.0..=10.0).contains(&spread.sigma);
        if !well {
            let span = places.get(&at).cloned().unwrap_or_default();
            let help = "a median from 0 to 1000000, a sigma from 0 to 10";
            problems.add(span, "this distribution is out of range", "here", help);
        }
    };
    spread(&plan.activity, "population.activity".into());
    spread(&plan.peers.users, "population.peers.users".into());
    for (i, group) in plan.rooms.iter().enumerate() {
        spread(&group.local, format!("population.rooms.{i}.local"));
        spread(&group.remote, format!("population.rooms.{i}.remote"));
        spread(
            &group.messages_per_member_day,
            format!("population.rooms.{i}.messages-per-member-day"),
        );
    }
    shares(plan, places, problems);
    refuse_twice(
        "group",
        plan.rooms.iter().map(|group| &group.label),
        problems,
    );
}

fn shares(plan: &Population, places: &Places, problems: &mut Problems<'_>) {
    let mut share = |value: u32, at: String| {
        if value > 1000 {
            let span = places.get(&at).cloned().unwrap_or_default();
            problems.add(
                span,
                format!("{value} of 1000 is more than all"),
                "at most 1000",
                "",
            );
        }
    };
    share(
        plan.registered_per_mille,
        "population.registered-per-mille".into(),
    );
    share(
        plan.peers.retention_per_mille,
        "population.peers.retention-per-mille".into(),
    );
    for (i, group) in plan.rooms.iter().enumerate() {
        for (value, key) in [
            (group.encrypted_per_mille, "encrypted"),
            (group.inside_per_mille, "inside"),
            (group.old_per_mille, "old"),
            (group.remote_creator_per_mille, "remote-creator"),
            (group.files_per_mille, "files"),
            (group.avatars_per_mille, "avatars"),
            (group.avatars_inside_per_mille, "avatars-inside"),
        ] {
            share(value, format!("population.rooms.{i}.{key}-per-mille"));
        }
    }
}

fn rates(file: &File, problems: &mut Problems<'_>) {
    if let Some(outages) = &file.fault_rates.outages {
        rate("per-server-year", &outages.per_server_year, problems);
        rate("sigma", &outages.sigma, problems);
    }
    if let Some(deaths) = &file.fault_rates.deaths {
        rate("per-server-year", &deaths.per_server_year, problems);
    }
}

fn rate(key: &str, value: &Here<f64>, problems: &mut Problems<'_>) {
    if !(0.0..=LARGEST_RATE).contains(&**value) {
        problems.add(
            value.span(),
            format!("`{key}` is {}", **value),
            "from 0 to 1000000",
            "",
        );
    }
}

/// Everything happens between start and end.
fn moments(file: &File, problems: &mut Problems<'_>) {
    for step in &file.action {
        inside(file, &step.at, "this action", problems);
    }
    for trouble in &file.fault {
        inside(file, &trouble.at, "this fault", problems);
        if let Blow::Partition { between, .. } | Blow::Blocking { between } = &trouble.blow
            && between.is_empty()
        {
            let help = "name two different servers, or more";
            problems.add(between.span(), "a link has two ends", "here", help);
        }
    }
}

fn inside(file: &File, at: &Here<SimTime>, what: &str, problems: &mut Problems<'_>) {
    let (start, end) = (*file.start, *file.end);
    if **at < start || **at > end {
        let message = format!("{what} is at {}, outside the simulation", **at);
        let help = format!("it runs from {start} to {end}");
        problems.add(at.span(), message, "here", help);
    }
}

/// A restore needs a backup that was made before it.
fn restores(file: &File, problems: &mut Problems<'_>) {
    for trouble in &file.fault {
        let Blow::Restore { server, to, .. } = &trouble.blow else {
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
        match (first.filter(|first| *first <= *trouble.at), to) {
            (None, _) => problems.add(
                server.span(),
                format!("`{name}` has no backup to restore at {}", *trouble.at),
                "nothing to restore",
                "give the server `backups`, or a `backup` fault before this one",
            ),
            (Some(first), Some(to)) if **to < first => problems.add(
                to.span(),
                format!("no backup of `{name}` is as old as {}", **to),
                "before the first backup",
                format!("its first backup is of {first}"),
            ),
            _ => {}
        }
    }
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
