//! Faults as written into faults with numbers.

use super::error::Problems;
use super::names::Names;
use super::trouble::{Blow, Copied, Trouble};
use super::value::{Here, Name};
use crate::faults::{CopyScope, Fault};
use crate::journal::ServerId;
use crate::kernel::SimTime;
use crate::world::World;

/// Puts a fault into the world, and its end if it has one.
pub(super) fn put(
    trouble: &Trouble,
    names: &Names,
    world: &mut World,
    problems: &mut Problems<'_>,
) {
    let at = *trouble.at;
    match &trouble.blow {
        Blow::Partition { between, length } => {
            for between in links(between, names, problems) {
                world.faults.push((at, Fault::Cut { between }));
                end(world, at + *length, Fault::Heal { between });
            }
        }
        Blow::Blocking { between } => {
            for between in links(between, names, problems) {
                world.faults.push((at, Fault::Cut { between }));
            }
        }
        blow => {
            let Some(server) = struck(blow).and_then(|name| names.server(name, problems)) else {
                return;
            };
            if let Some(fault) = fault(blow, server) {
                world.faults.push((at, fault));
            }
            match blow {
                Blow::Outage { length, .. } => end(world, at + *length, Fault::Start { server }),
                Blow::Freeze { length, .. } => end(world, at + *length, Fault::Thaw { server }),
                _ => {}
            }
        }
    }
}

/// A fault that strikes one server, without its end.
pub(super) fn of_server(blow: &Blow, names: &Names, problems: &mut Problems<'_>) -> Option<Fault> {
    let server = names.server(struck(blow)?, problems)?;
    fault(blow, server)
}

/// What ends after the simulation does not end in it.
fn end(world: &mut World, at: SimTime, fault: Fault) {
    if at <= world.end {
        world.faults.push((at, fault));
    }
}

/// The server that a fault strikes; none for links.
fn struck(blow: &Blow) -> Option<&Name> {
    Some(match blow {
        Blow::Backup { server }
        | Blow::Restore { server, .. }
        | Blow::FailedCopy { server, .. }
        | Blow::Outage { server, .. }
        | Blow::Stop { server }
        | Blow::Start { server }
        | Blow::Freeze { server, .. }
        | Blow::Death { server }
        | Blow::KeyLoss { server, .. }
        | Blow::MediaLoss { server } => server,
        Blow::Partition { .. } | Blow::Blocking { .. } => return None,
    })
}

fn fault(blow: &Blow, server: ServerId) -> Option<Fault> {
    Some(match blow {
        Blow::Backup { .. } => Fault::Backup { server },
        Blow::Restore {
            to,
            media,
            media_to,
            signing_key,
            ..
        } => Fault::Restore {
            server,
            to: to.as_deref().copied(),
            media: *media,
            media_to: media_to.as_deref().copied(),
            key: *signing_key,
        },
        Blow::FailedCopy { copied, .. } => {
            let scope = match copied {
                Copied::RoomsPerMille(share) => CopyScope::Rooms(**share),
                Copied::TablesPerMille(share) => CopyScope::Tables(**share),
            };
            Fault::FailedCopy { server, scope }
        }
        Blow::Outage { .. } | Blow::Stop { .. } => Fault::Stop { server },
        Blow::Start { .. } => Fault::Start { server },
        Blow::Freeze { .. } => Fault::Freeze { server },
        Blow::Death { .. } => Fault::Death { server },
        Blow::KeyLoss { listed, .. } => Fault::KeyLoss {
            server,
            listed: *listed,
        },
        Blow::MediaLoss { .. } => Fault::MediaLoss { server },
        Blow::Partition { .. } | Blow::Blocking { .. } => return None,
    })
}

/// All links among some servers.
fn links(
    among: &Here<Vec<Name>>,
    names: &Names,
    problems: &mut Problems<'_>,
) -> Vec<(ServerId, ServerId)> {
    let mut servers: Vec<ServerId> = among
        .iter()
        .filter_map(|name| names.server(name, problems))
        .collect();
    let all_known = servers.len() == among.len();
    servers.sort_unstable();
    servers.dedup();
    if servers.len() < 2 && all_known {
        let help = "name two different servers, or more";
        problems.add(among.span(), "a link has two ends", "here", help);
    }
    let pairs = servers.iter().enumerate();
    pairs
        .flat_map(|(i, one)| servers[i + 1..].iter().map(|other| (*one, *other)))
        .collect()
}
