//! The servers of a federation: sizes, retention, backups, where they stand, how long they live.

use super::super::population::count;
use super::super::rates::{GroupOutages, Hosting};
use super::super::value::Here;
use super::draw::Draft;
use crate::journal::ServerId;
use crate::kernel::{Purpose, SimDuration};
use crate::protocol::matrix::Rules;
use crate::workload::BackupSchedule;
use crate::world::ServerSpec;

const SIZE: Purpose = Purpose::new("federation.server.size");
const RETENTION: Purpose = Purpose::new("federation.server.retention");
const BACKUPS: Purpose = Purpose::new("federation.server.backups");
const SITE: Purpose = Purpose::new("federation.server.site");

/// All servers, the largest first.
pub(super) fn draw(draft: &mut Draft<'_>, rules: &Rules) {
    for (number, size) in sizes(draft).into_iter().enumerate() {
        let number = number as u64;
        let mut rules = rules.clone();
        let mut retention = draft.streams.stream(RETENTION, number, 0);
        rules.retention_enabled = retention.chance(draft.plan.retention_per_mille);
        rules.default_max_lifetime = rules.retention_enabled.then_some(draft.plan.retention);
        let id = ServerId(draft.world.servers.len() as u32);
        draft.world.servers.push(ServerSpec {
            name: format!("server-{:05}.example", number + 1),
            rules,
            backups: backups(draft, number),
            rank: id.0,
        });
        draft.servers.push((id, size));
        draft.census.users.push((id, size));
    }
}

/// Numbers of users, falling. The largest two have fixed shares of the whole.
fn sizes(draft: &Draft<'_>) -> Vec<u64> {
    let plan = draft.plan;
    let all = draft.scaled(plan.servers, 2);
    let fixed = [plan.largest_per_mille, plan.second_per_mille];
    let fixed: Vec<u64> = fixed
        .into_iter()
        .filter(|share| *share > 0)
        .map(u64::from)
        .collect();
    let small = u64::from(all) - fixed.len() as u64;
    let mut sizes: Vec<u64> = (0..small)
        .map(|number| count(&mut draft.streams.stream(SIZE, number, 0), plan.users))
        .collect();
    let left = 1000 - fixed.iter().sum::<u64>();
    let users: u64 = sizes.iter().sum();
    sizes.extend(fixed.iter().map(|share| (users * share / left).max(1)));
    sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
    sizes
}

fn backups(draft: &Draft<'_>, number: u64) -> Option<BackupSchedule> {
    let mut stream = draft.streams.stream(BACKUPS, number, 0);
    let place = stream.below(1000) as u32;
    let mut before = 0;
    let habit = draft.plan.backups.iter().find(|habit| {
        before += habit.per_mille;
        place < before
    })?;
    let first = stream.uniform(SimDuration::ZERO, *habit.every);
    Some(BackupSchedule {
        first: draft.world.start + first,
        every: *habit.every,
        last: None,
        keep: habit.keep.as_deref().copied(),
    })
}

/// In which machine room each server stands. The largest two stand alone.
pub(super) fn sites(draft: &Draft<'_>) -> Vec<Hosting> {
    let Some(plan) = &draft.plan.hosting else {
        return Vec::new();
    };
    let small = &draft.servers[2.min(draft.servers.len())..];
    let sites = (small.len() as f64 / *plan.servers_per_site)
        .ceil()
        .max(1.0) as u32;
    let mut weights: Vec<u64> = Vec::new();
    let mut sum = 0;
    for rank in 1..=sites {
        /// Finer than any weight that matters.
        const UNIT: f64 = 1e9;
        let weight = UNIT * libm::pow(f64::from(rank), -*plan.exponent);
        sum += (weight as u64).max(1);
        weights.push(sum);
    }
    let mut members: Vec<Vec<Here<String>>> = vec![Vec::new(); sites as usize];
    for (server, _) in small {
        let place = draft
            .streams
            .stream(SITE, u64::from(server.0), 0)
            .below(sum);
        let site = weights.partition_point(|upto| *upto <= place);
        members[site].push(draft.world.servers[server.index()].name.clone().into());
    }
    let named = members.into_iter().enumerate();
    named
        .filter(|(_, servers)| servers.len() > 1)
        .map(|(number, servers)| Hosting {
            name: format!("site-{:04}", number + 1).into(),
            servers: servers.into(),
            outages: Some(GroupOutages {
                per_year: plan.outages_per_year.clone(),
                median: plan.median.clone(),
                sigma: plan.sigma.clone(),
            }),
            deaths_per_year: Here::from(0.0),
        })
        .collect()
}

/// Mean number of deaths in a year, for each server of the world.
pub(super) fn deaths(draft: &Draft<'_>) -> Vec<f64> {
    let mut rates = vec![0.0; draft.world.servers.len()];
    for (server, size) in &draft.servers {
        let class = draft
            .plan
            .deaths
            .iter()
            .find(|class| *size < class.under_users);
        rates[server.index()] = class.map_or(0.0, |class| *class.per_server_year);
    }
    rates
}
