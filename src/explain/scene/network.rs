//! The servers of a scene: which are shown, what is done to them, and what they give to the viewpoint.

use std::collections::BTreeMap;

use super::{MOST_SERVERS, Moment, Place, moment_of, number_of};
use crate::explain::View;
use crate::faults::Fault;
use crate::journal::{Fact, ServerId, What};

impl View<'_> {
    /// Servers to be shown, and how many are not.
    pub(super) fn places(&self) -> (Vec<ServerId>, usize) {
        let mut servers: Vec<ServerId> = (0..self.books.names.len() as u32).map(ServerId).collect();
        let rank = |server: &ServerId| {
            let is_other = *server != self.of;
            (
                is_other,
                std::cmp::Reverse(self.shared_rooms(*server)),
                *server,
            )
        };
        servers.sort_by_cached_key(rank);
        let left = servers.len().saturating_sub(MOST_SERVERS);
        servers.truncate(MOST_SERVERS);
        (servers, left)
    }

    pub(super) fn place(&self, server: ServerId) -> Place {
        Place {
            name: self.server_name(server),
            users: self.books.users[server.index()],
            shared_rooms: self.shared_rooms(server),
        }
    }

    fn shared_rooms(&self, server: ServerId) -> u64 {
        let holders = self.books.holders.iter();
        holders
            .filter(|all| all.contains(&server) && all.contains(&self.of))
            .count() as u64
    }

    /// Notes what befalls the servers, and what they give.
    pub(super) fn befall(&self, moments: &mut [Moment], servers: &[ServerId]) {
        for (at, fault) in &self.world().faults {
            let place = moment_of(moments, *at);
            let is_cut = matches!(fault, Fault::Cut { .. });
            match fault {
                Fault::Backup { .. } => {}
                Fault::Cut { between } | Fault::Heal { between } => {
                    let ends = (number_of(servers, between.0), number_of(servers, between.1));
                    if let (Some(one), Some(other)) = ends {
                        moments[place].cuts.push((one, other, is_cut));
                    }
                }
                _ => {
                    if let Some(server) = number_of(servers, fault.server()) {
                        moments[place].struck.push((server, fault.name()));
                    }
                }
            }
        }
        let mut given: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for fact in self.facts() {
            if let Fact::Gained {
                at,
                from,
                what: What::Items { first, last, .. },
                ..
            } = fact
                && *from != self.of
                && let Some(from) = number_of(servers, *from)
            {
                *given.entry((moment_of(moments, *at), from)).or_default() +=
                    u64::from(last - first + 1);
            }
        }
        for ((moment, from), items) in given {
            moments[moment].given.push((from, items));
        }
    }
}
