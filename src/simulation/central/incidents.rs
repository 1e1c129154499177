//! The operator's own troubles, drawn from their rates: each tenant and each kind has its own streams.

use crate::journal::ServerId;
use crate::kernel::{Purpose, SimDuration, SimTime, Stream, Streams};
use crate::protocol::central::{Cue, Rules, Who};
use crate::world::World;

const DELETED: Purpose = Purpose::new("central.incidents.deleted");
const REGION: Purpose = Purpose::new("central.incidents.region");
const CLOSED: Purpose = Purpose::new("central.incidents.closed");
const LOCKED: Purpose = Purpose::new("central.incidents.locked");
const POLICY: Purpose = Purpose::new("central.incidents.policy");

const YEAR: f64 = 365.0 * 86_400_000.0;

/// All of them, in order of time.
pub(super) fn draw(rules: &Rules, streams: Streams, world: &World) -> Vec<(SimTime, Cue)> {
    let mut all = Vec::new();
    let moments = |purpose, entity, per_year: f64| {
        let stream = streams.stream(purpose, entity, 0);
        moments(stream, per_year, world.start, world.end)
    };
    for tenant in 0..world.servers.len() as u32 - 1 {
        let (tenant, entity) = (ServerId(tenant), u64::from(tenant));
        let who = Who::Tenant(tenant);
        let deleted = moments(DELETED, entity, rules.logical_incidents_per_tenant_year);
        all.extend(deleted.map(|at| (at, Cue::Deleted(tenant))));
        let policy = moments(POLICY, entity, rules.wrong_policies_per_tenant_year);
        all.extend(policy.map(|at| (at, Cue::WrongPolicy(tenant))));
        for at in moments(LOCKED, entity, rules.lock_outs_per_tenant_year) {
            let mut length = streams.stream(LOCKED, entity, at.0);
            let until = at + length.exponential(rules.lock_out_length);
            all.extend([(at, Cue::Barred(who)), (until, Cue::Admitted(who))]);
        }
    }
    let region = moments(REGION, 0, rules.region_outages_per_year);
    all.extend(region.map(|at| (at, Cue::RegionLost)));
    let closed = moments(CLOSED, 0, rules.total_losses_per_service_year);
    all.extend(closed.take(1).map(|at| (at, Cue::Closed)));
    all.sort_by_key(|(at, _)| *at);
    all
}

/// Moments at a constant rate, between start and end.
fn moments(
    mut stream: Stream,
    per_year: f64,
    start: SimTime,
    end: SimTime,
) -> impl Iterator<Item = SimTime> {
    let mean = (per_year > 0.0).then(|| SimDuration((YEAR / per_year) as u64));
    let mut at = start;
    let next = move || {
        at = at + stream.exponential(mean?);
        (at < end).then_some(at)
    };
    std::iter::from_fn(next)
}
