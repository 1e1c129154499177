//! Values out of range: what would stand still, run in circles, or fill the memory.

use std::collections::BTreeMap;
use std::ops::Range;

use super::deed::Deed;
use super::error::Problems;
use super::federation;
use super::file::File;
use super::policy;
use super::population::{Population, Spread};
use super::trouble::{Blow, Copied};
use super::value::Here;
use crate::kernel::SimDuration;
use crate::protocol::matrix::{RoomRule, Rules};

/// Where every key has its value.
pub(super) type Places = BTreeMap<String, Range<usize>>;

/// Messages a day in a room, or a median; more is a slip of the pen.
const LARGEST_RATE: f64 = 1_000_000.0;
/// Times in a year that something befalls a server, or that a user changes a password.
const MOST_IN_YEAR: f64 = 1000.0;
/// Things of one kind that are made one by one.
const MOST_THINGS: u32 = 100_000;
/// Messages of one `send`.
const MOST_MESSAGES: u64 = 1_000_000;

/// Checks every number against what can be simulated.
pub(super) fn check(file: &File, places: &Places, problems: &mut Problems<'_>) {
    if *file.seed > i64::MAX as u64 {
        problems.add(
            file.seed.span(),
            "the seed is too large",
            "at most 9223372036854775807",
            "",
        );
    }
    rooms(file, places, problems);
    rules(&file.rules, "rules", places, problems);
    for (i, server) in file.server.iter().enumerate() {
        // What is the federation's has been checked.
        if server.rules != file.rules {
            rules(
                &server.rules,
                &format!("server.{i}.rules"),
                places,
                problems,
            );
        }
    }
    policy::check(&file.policy, places, problems, |table, at, problems| {
        rules(table, at, places, problems);
    });
    people(file, places, problems);
    if let Some(plan) = &file.population {
        population(plan, places, problems);
    }
    if let Some(plan) = &file.federation {
        federation::check(plan, places, problems);
    }
    rates(file, problems);
    copies(file, problems);
    messages(file, problems);
}

fn rooms(file: &File, places: &Places, problems: &mut Problems<'_>) {
    for (i, room) in file.room.iter().enumerate() {
        let at = format!("room.{i}.max-lifetime");
        lifetime(room.max_lifetime, &at, places, problems);
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
        ("request-timeout", rules.request_timeout.0 > 0),
        ("dummy-period", rules.dummy_period.0 > 0),
        ("max-prev", rules.max_prev > 0),
    ];
    for (key, well) in positive {
        if !well {
            let span = place(places, &format!("{at}.{key}"));
            problems.add(span, format!("`{key}` is 0"), "more than 0", "");
        }
    }
    let lifetimes = [
        ("default-max-lifetime", rules.default_max_lifetime),
        ("allowed-lifetime-max", rules.allowed_lifetime_max),
        ("local-media-lifetime", rules.local_media_lifetime),
        ("remote-media-lifetime", rules.remote_media_lifetime),
    ];
    for (key, life) in lifetimes {
        lifetime(life, &format!("{at}.{key}"), places, problems);
    }
    let by_room = rules.retention_by_room.iter().flatten().enumerate();
    by_room.for_each(|(i, rule)| {
        let at = format!("{at}.retention-by-room.{i}");
        room_rule(rule, &at, places, problems);
    });
    // Synapse refuses it too (`config/retention.py`).
    if let (Some(least), Some(most)) = (rules.allowed_lifetime_min, rules.allowed_lifetime_max)
        && rules.lifetimes_cross()
    {
        let span = place(places, &format!("{at}.allowed-lifetime-min"));
        let message = format!("the smallest lifetime ({least}) is above the largest ({most})");
        let help = "give an `allowed-lifetime-min` of at most `allowed-lifetime-max`";
        problems.add(span, message, "here", help);
    }
    let multiplier = rules.destination_retry_multiplier;
    if !(1.0..=1000.0).contains(&multiplier) {
        let key = "destination-retry-multiplier";
        let span = place(places, &format!("{at}.{key}"));
        problems.add(
            span,
            format!("`{key}` is {multiplier}"),
            "from 1 to 1000",
            "",
        );
    }
}

/// A rule by room says one thing, of rooms that there can be.
fn room_rule(rule: &RoomRule, at: &str, places: &Places, problems: &mut Problems<'_>) {
    lifetime(rule.lifetime, &format!("{at}.lifetime"), places, problems);
    if rule.keep == rule.lifetime.is_some() {
        let message = "a rule by room says either `keep = true` or a `lifetime`";
        let help = "the first rule that fits counts, so what fits none follows the ordinary policy";
        problems.add(place(places, at), message, "here", help);
    }
    if let (Some(over), Some(under)) = (rule.members_over, rule.members_under)
        && over.saturating_add(1) >= under
    {
        let message = format!("no room has over {over} and under {under} members");
        let span = place(places, &format!("{at}.members-under"));
        problems.add(span, message, "nothing is left", "");
    }
}

/// Nothing can be kept for no time at all.
pub(super) fn lifetime(
    life: Option<SimDuration>,
    at: &str,
    places: &Places,
    problems: &mut Problems<'_>,
) {
    if life == Some(SimDuration::ZERO) {
        let key = at.rsplit('.').next().unwrap_or(at);
        let help = "leave it out if nothing is ever to be deleted";
        let message = format!("`{key}` is 0");
        problems.add(place(places, at), message, "more than 0", help);
    }
}

fn people(file: &File, places: &Places, problems: &mut Problems<'_>) {
    let people = &file.people;
    let checks = [
        (
            "scrolls-per-member-day",
            (0.0..=10_000.0).contains(&people.scrolls_per_member_day),
            "from 0 to 10000",
        ),
        (
            "scrolls-after-loss-per-member-day",
            (0.0..=10_000.0).contains(&people.scrolls_after_loss_per_member_day),
            "from 0 to 10000",
        ),
        (
            "jumps-after-loss-per-member-day",
            (0.0..=10_000.0).contains(&people.jumps_after_loss_per_member_day),
            "from 0 to 10000",
        ),
        ("page", people.page > 0, "at least 1"),
        (
            "register-again-per-mille",
            people.register_again_per_mille <= 1000,
            "at most 1000",
        ),
        (
            "name-reuse-per-day",
            (0.0..=1.0).contains(&people.name_reuse_per_day),
            "from 0 to 1",
        ),
        (
            "deletes-per-mille",
            people.deletes_per_mille <= 1000,
            "at most 1000",
        ),
        (
            "deletes-after",
            people.deletes_after > SimDuration::ZERO,
            "more than 0",
        ),
        (
            "deletes-sigma",
            (0.0..=5.0).contains(&people.deletes_sigma),
            "from 0 to 5",
        ),
        (
            "erases-per-user-year",
            (0.0..=MOST_IN_YEAR).contains(&people.erases_per_user_year),
            "from 0 to 1000",
        ),
        (
            "invite-again-per-mille",
            people.invite_again_per_mille <= 1000,
            "at most 1000",
        ),
        (
            "wishes",
            people.wishes.iter().all(|wish| wish.lifetime.0 > 0)
                && people
                    .wishes
                    .iter()
                    .map(|wish| u64::from(wish.per_mille))
                    .sum::<u64>()
                    <= 1000,
            "at most 1000 per mille together, and lifetimes above 0",
        ),
    ];
    for (key, well, allowed) in checks {
        if !well {
            let span = place(places, &format!("people.{key}"));
            problems.add(span, format!("`{key}` is out of range"), allowed, "");
        }
    }
}

fn population(plan: &Population, places: &Places, problems: &mut Problems<'_>) {
    frequent(
        "password-changes-per-year",
        &plan.password_changes_per_year,
        problems,
    );
    for (i, group) in plan.rooms.iter().enumerate() {
        let at = format!("population.rooms.{i}.max-lifetime");
        lifetime(group.max_lifetime, &at, places, problems);
    }
    let mut spread = |spread: &Spread, at: String| {
        let well =
            (0.0..=LARGEST_RATE).contains(&spread.median) && (0.0..=5.0).contains(&spread.sigma);
        if !well {
            let help = "a median from 0 to 1000000, a sigma from 0 to 5";
            problems.add(
                place(places, &at),
                "this distribution is out of range",
                "here",
                help,
            );
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
    counts(plan, places, problems);
}

fn counts(plan: &Population, places: &Places, problems: &mut Problems<'_>) {
    let mut count = |value: u32, at: String| {
        if value > MOST_THINGS {
            let label = format!("at most {MOST_THINGS}");
            problems.add(
                place(places, &at),
                format!("{value} are too many"),
                label,
                "",
            );
        }
    };
    count(plan.local_users, "population.local-users".into());
    count(plan.peers.count, "population.peers.count".into());
    for (i, group) in plan.rooms.iter().enumerate() {
        count(group.count, format!("population.rooms.{i}.count"));
    }
}

fn shares(plan: &Population, places: &Places, problems: &mut Problems<'_>) {
    let mut share = |value: u32, at: String| {
        if value > 1000 {
            let span = place(places, &at);
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
            (group.max_lifetime_per_mille.unwrap_or(0), "max-lifetime"),
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
        frequent("per-server-year", &outages.per_server_year, problems);
        rate("sigma", &outages.sigma, problems);
    }
    let rates = &file.fault_rates;
    let per_server_year = [
        rates.deaths.as_ref().map(|deaths| &deaths.per_server_year),
        rates.losses.as_ref().map(|losses| &losses.per_server_year),
        rates
            .media_losses
            .as_ref()
            .map(|losses| &losses.per_server_year),
        rates
            .key_losses
            .as_ref()
            .map(|losses| &losses.per_server_year),
    ];
    for per_server_year in per_server_year.into_iter().flatten() {
        frequent("per-server-year", per_server_year, problems);
    }
    if let Some(blips) = &rates.blips {
        frequent("per-server-year", &blips.per_server_year, problems);
    }
    if let Some(partitions) = &rates.partitions {
        frequent("per-pair-year", &partitions.per_pair_year, problems);
        rate("sigma", &partitions.sigma, problems);
    }
    for hosting in &rates.hosting {
        frequent("deaths-per-year", &hosting.deaths_per_year, problems);
        if let Some(outages) = &hosting.outages {
            frequent("per-year", &outages.per_year, problems);
            rate("sigma", &outages.sigma, problems);
        }
    }
}

/// A backup that is deleted at once is none.
pub(super) fn kept(keep: Option<&Here<SimDuration>>, problems: &mut Problems<'_>) {
    if let Some(keep) = keep.filter(|keep| ***keep == SimDuration::ZERO) {
        let help = "leave `keep` out if all backups are kept";
        problems.add(keep.span(), "`keep` is 0", "more than 0", help);
    }
}

pub(super) fn rate(key: &str, value: &Here<f64>, problems: &mut Problems<'_>) {
    if !(0.0..=LARGEST_RATE).contains(&**value) {
        problems.add(
            value.span(),
            format!("`{key}` is {}", **value),
            "from 0 to 1000000",
            "",
        );
    }
}

pub(super) fn frequent(key: &str, value: &Here<f64>, problems: &mut Problems<'_>) {
    if !(0.0..=MOST_IN_YEAR).contains(&**value) {
        let label = format!("from 0 to {MOST_IN_YEAR}");
        problems.add(value.span(), format!("`{key}` is {}", **value), label, "");
    }
}

fn copies(file: &File, problems: &mut Problems<'_>) {
    for trouble in &file.fault {
        if let Blow::FailedCopy { copied, .. } = &trouble.blow {
            let (Copied::RoomsPerMille(share) | Copied::TablesPerMille(share)) = copied;
            if **share > 1000 {
                let message = format!("{} of 1000 is more than all", **share);
                problems.add(share.span(), message, "at most 1000", "");
            }
        }
    }
}

fn messages(file: &File, problems: &mut Problems<'_>) {
    for step in &file.action {
        if let Deed::Send { counts, .. } = &step.deed {
            let sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
            if sum > MOST_MESSAGES {
                let message = format!("{sum} messages at once");
                let help = "for steady traffic, give the room `messages-per-day`";
                problems.add(
                    counts.span(),
                    message,
                    format!("at most {MOST_MESSAGES}"),
                    help,
                );
            }
        }
    }
}

pub(super) fn place(places: &Places, key: &str) -> Range<usize> {
    places.get(key).cloned().unwrap_or_default()
}
