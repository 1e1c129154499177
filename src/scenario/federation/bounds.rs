//! What a federation may be: shares of a whole, and a size that fits into a machine.

use super::super::error::Problems;
use super::super::limits::{Places, frequent, kept, lifetime, place, rate};
use super::Federation;

/// Servers and rooms that fit into the memory of a large machine.
const MOST_SERVERS: f64 = 200_000.0;
const MOST_ROOMS: f64 = 2_000_000.0;
/// Messages a day of all rooms together; ten times those of the public Matrix network of 2021.
const MOST_MESSAGES: f64 = 1e9;

/// Notes what cannot be simulated.
pub(in crate::scenario) fn check(plan: &Federation, places: &Places, problems: &mut Problems<'_>) {
    let scale = *plan.scale;
    if !(scale > 0.0 && scale.is_finite()) {
        let message = format!("a federation at scale {scale} is none");
        let help = "1 is the whole of it, 0.01 a hundredth";
        problems.add(plan.scale.span(), message, "more than 0", help);
        return;
    }
    size(plan, problems);
    shares(plan, places, problems);
    for (i, kind) in plan.kinds.iter().enumerate() {
        let at = format!("federation.kinds.{i}.max-lifetime");
        lifetime(kind.max_lifetime, &at, places, problems);
        rate("activity-sigma", &kind.activity_sigma, problems);
    }
    for class in &plan.deaths {
        frequent("per-server-year", &class.per_server_year, problems);
    }
    for habit in &plan.backups {
        kept(habit.keep.as_ref(), problems);
        if habit.every.0 < 60_000 {
            let message = format!(
                "backups every {} leave no time for anything else",
                *habit.every
            );
            problems.add(habit.every.span(), message, "at least \"1m\"", "");
        }
    }
    if let Some(sites) = &plan.hosting {
        frequent("outages-per-year", &sites.outages_per_year, problems);
        rate("exponent", &sites.exponent, problems);
        rate("sigma", &sites.sigma, problems);
        if *sites.servers_per_site < 1.0 {
            let message = "less than one server for each site";
            problems.add(sites.servers_per_site.span(), message, "at least 1", "");
        }
    }
}

fn size(plan: &Federation, problems: &mut Problems<'_>) {
    let scale = *plan.scale;
    let sizes = [
        ("servers", f64::from(plan.servers), MOST_SERVERS),
        ("rooms", f64::from(plan.rooms), MOST_ROOMS),
        ("messages a day", *plan.messages_per_day, MOST_MESSAGES),
    ];
    for (what, whole, most) in sizes {
        let wanted = whole * scale;
        if wanted > most || wanted < 0.0 {
            let help = format!("set `federation.scale` to at most {:.3}", most / whole);
            let message = format!("{wanted:.0} {what} do not fit into a machine");
            problems.add(
                plan.scale.span(),
                message,
                format!("at most {most:.0}"),
                help,
            );
            return;
        }
    }
}

fn shares(plan: &Federation, places: &Places, problems: &mut Problems<'_>) {
    let mut share = |value: u64, at: &str| {
        if value > 1000 {
            let message = format!("{value} of 1000 is more than all");
            problems.add(place(places, at), message, "at most 1000", "");
        }
    };
    let sum = |values: &mut dyn Iterator<Item = u32>| values.map(u64::from).sum::<u64>();
    let largest = u64::from(plan.largest_per_mille) + u64::from(plan.second_per_mille);
    // Somebody must be left for the other servers.
    share(largest + 1, "federation.largest-per-mille");
    share(
        u64::from(plan.retention_per_mille),
        "federation.retention-per-mille",
    );
    share(
        sum(&mut plan.kinds.iter().map(|kind| kind.per_mille)),
        "federation.kinds",
    );
    share(
        sum(&mut plan.kinds.iter().map(|kind| kind.messages_per_mille)),
        "federation.kinds",
    );
    share(
        sum(&mut plan.backups.iter().map(|habit| habit.per_mille)),
        "federation.backups",
    );
    for (i, kind) in plan.kinds.iter().enumerate() {
        let share_with_lifetime = kind.max_lifetime_per_mille.unwrap_or(0);
        let shares = [
            (share_with_lifetime, "max-lifetime-per-mille"),
            (kind.servers_most_per_mille, "servers-most-per-mille"),
            (kind.encrypted_per_mille, "encrypted-per-mille"),
            (kind.files_per_mille, "files-per-mille"),
        ];
        for (value, key) in shares {
            share(u64::from(value), &format!("federation.kinds.{i}.{key}"));
        }
    }
}
