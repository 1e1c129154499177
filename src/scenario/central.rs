//! What only a central service has: its operator among the servers, bounds on its rules, and faults that mean nothing to
//! it.

use super::error::Problems;
use super::file::File;
use super::limits::{Places, place};
use super::trouble::Blow;
use crate::kernel::SimDuration;
use crate::protocol::matrix::Rules;
use crate::world::{ServerSpec, World};

/// Times in a year that something befalls the service or one tenant.
const MOST_IN_YEAR: f64 = 1000.0;
/// The shortest time between two runs of a job or two copies.
const SHORTEST: SimDuration = SimDuration::minutes(1);

/// The operator stands behind all others, so that these have the same numbers, and the same luck, under every protocol.
pub(super) fn add_operator(
    file: &File,
    places: &Places,
    world: &mut World,
    problems: &mut Problems<'_>,
) {
    let name = file.central.name.clone();
    if world.servers.iter().any(|server| server.name == name) {
        let message = format!("the operator cannot be `{name}`: a tenant is called so");
        let help = "give one of them another name, such as central.name = \"operator.example\"";
        problems.add(place(places, "central.name"), message, "taken", help);
        return;
    }
    world.servers.push(ServerSpec {
        name,
        rules: Rules::default(),
        backups: None,
        rank: world.servers.len() as u32,
    });
}

/// Checks what a file says of a central service.
pub(super) fn check(file: &File, places: &Places, problems: &mut Problems<'_>) {
    if !file.script.is_empty() {
        let help = "scripts are played on homeservers: use protocol = \"matrix\", or actions and faults at given times";
        let message = "a central service plays no [[script]]";
        problems.add(place(places, "script"), message, "here", help);
    }
    numbers(file, places, problems);
    for trouble in &file.fault {
        no_link(&trouble.blow, problems);
        of_tenant(file, &trouble.blow, problems);
    }
}

fn numbers(file: &File, places: &Places, problems: &mut Problems<'_>) {
    let rules = &file.central;
    let mut must = |well: bool, key: &str, value: String, allowed: &str| {
        if !well {
            let at = place(places, &format!("central.{key}"));
            problems.add(at, format!("`{key}` is {value}"), allowed, "");
        }
    };
    for (key, share) in [
        ("rto-tail-per-mille", rules.rto_tail_per_mille),
        ("backup-unusable-per-mille", rules.backup_unusable_per_mille),
        ("tenant-export-per-mille", rules.tenant_export_per_mille),
        (
            "redelete-after-restore-per-mille",
            rules.redelete_after_restore_per_mille,
        ),
        ("free-tier-per-mille", rules.free_tier_per_mille),
    ] {
        must(share <= 1000, key, share.to_string(), "at most 1000");
    }
    for (key, rate) in [
        (
            "logical-incidents-per-tenant-year",
            rules.logical_incidents_per_tenant_year,
        ),
        (
            "total-losses-per-service-year",
            rules.total_losses_per_service_year,
        ),
        ("region-outages-per-year", rules.region_outages_per_year),
        ("lock-outs-per-tenant-year", rules.lock_outs_per_tenant_year),
        (
            "wrong-policies-per-tenant-year",
            rules.wrong_policies_per_tenant_year,
        ),
    ] {
        let well = (0.0..=MOST_IN_YEAR).contains(&rate);
        must(well, key, rate.to_string(), "from 0 to 1000");
    }
    for (key, span) in [
        ("snapshot-every", rules.snapshot_every),
        ("delete-lag", rules.delete_lag),
        ("export-every", rules.export_every),
    ] {
        must(span >= SHORTEST, key, span.to_string(), "at least \"1m\"");
    }
    if rules.rto > rules.rto_tail {
        let given = ["central.rto", "central.rto-tail"];
        let at = given.iter().find_map(|key| places.get(*key));
        let message = format!(
            "`rto` ({}) is longer than `rto-tail` ({})",
            rules.rto, rules.rto_tail
        );
        let help = "most restores take `rto`, some up to `rto-tail`";
        problems.add(at.cloned().unwrap_or_default(), message, "here", help);
    }
}

/// Tenants of one service have no links between them.
fn no_link(blow: &Blow, problems: &mut Problems<'_>) {
    if let Blow::Partition { between, .. } | Blow::Blocking { between } = blow {
        problems.add(
            between.span(),
            "a central service has no links that could fail",
            "here",
            "an `outage` of one tenant keeps it out; one of the operator (central.name) keeps out all",
        );
    }
}

/// What befalls a store or a key of a server means something only where there is such a server.
fn of_tenant(file: &File, blow: &Blow, problems: &mut Problems<'_>) {
    let (server, message) = match blow {
        Blow::KeyLoss { server, .. } => (
            server,
            "a central service signs nothing with a tenant's key",
        ),
        Blow::MediaLoss { server } => (
            server,
            "a central service keeps no store of files for one tenant",
        ),
        Blow::FailedCopy { server, .. } | Blow::Restore { server, .. }
            if server.as_str() == file.central.name =>
        {
            (server, "the operator answers for each tenant")
        }
        _ => return,
    };
    let help =
        "use `failed-copy` for all that one tenant has, or `death` of the operator for all of all";
    problems.add(server.span(), message, "here", help);
}
