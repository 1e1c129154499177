//! What a played script measures of one server: its books, in the recording's terms.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::journal::{RoomId, ServerId};
use crate::protocol::matrix::{Items, Replica, power_levels};
use crate::room::{Body, Membership, RoomLog, StateKey};
use crate::verify::{EventCells, MessageCells, RoomCells, Stage, StateCells};
use crate::workload::Visibility;

use super::Player;

impl Player<'_> {
    /// Counts everything of one server.
    pub(super) fn measure(&mut self, server: ServerId) -> Stage {
        let mut rooms = BTreeMap::new();
        for index in 0..self.script.rooms.len() {
            let room = RoomId(index as u32);
            if self.simulation.logs[index].is_empty() {
                continue;
            }
            let cells = self.measure_room(server, room);
            rooms.insert(self.script.rooms[index].name.clone(), cells);
        }
        Stage {
            server: self.script.servers[server.index()].clone(),
            rooms,
        }
    }

    fn measure_room(&mut self, server: ServerId, room: RoomId) -> RoomCells {
        let log = &self.simulation.logs[room.index()];
        let spec = &self.simulation.world.rooms[room.index()];
        let nothing = Rc::new(Replica::default());
        self.simulation.servers[server.index()].replica(room, log, spec);
        let replica = self.simulation.servers[server.index()]
            .db
            .rooms
            .get(&room)
            .unwrap_or(&nothing);
        let name = |user: crate::journal::UserId| self.script.user_name(user);
        let local: BTreeMap<String, String> = (0..self.script.users.len() as u32)
            .map(crate::journal::UserId)
            .filter(|user| log.home(*user) == server)
            .filter_map(|user| {
                replica
                    .local_membership(log, user)
                    .map(|membership| (name(user), membership.name().to_owned()))
            })
            .collect();
        RoomCells {
            messages: self.measure_messages(room, replica),
            events: EventCells {
                held: count(&replica.timeline) - count(&replica.soft) - count(&replica.rejected),
                outlier: count(&replica.outliers),
                soft: count(&replica.soft),
                rejected: count(&replica.rejected),
            },
            forward_extremities: replica.heads.len() as u64,
            backward_extremities: replica.backward.len() as u64,
            failed_pulls: replica.failed_pulls.len() as u64,
            joined: local
                .values()
                .any(|membership| membership == Membership::Join.name()),
            local,
            members: log
                .joined(&replica.state)
                .map(name)
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect(),
            state: self.measure_state(log, replica),
        }
    }

    fn measure_messages(&self, room: RoomId, replica: &Replica) -> BTreeMap<String, MessageCells> {
        let log = &self.simulation.logs[room.index()];
        let mut classes: BTreeMap<String, MessageCells> = BTreeMap::new();
        let mut held: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (class, sent) in self.sent.get(&room).into_iter().flatten() {
            classes.insert(
                class.clone(),
                MessageCells {
                    sent: u64::from(*sent),
                    ..MessageCells::default()
                },
            );
        }
        for ((r, event), (class, number)) in &self.labels {
            if *r != room {
                continue;
            }
            let cells = classes.get_mut(class).expect("counted when sent");
            if replica.rejected.contains(event) {
                cells.rejected += 1;
            } else if replica.soft.contains(event) {
                cells.soft += 1;
            } else if replica.timeline.contains(event) {
                cells.held += 1;
                cells.redacted += u64::from(replica.has_redaction_of(log, *event));
                held.entry(class.clone()).or_default().push(*number);
            } else if replica.outliers.contains(event) {
                cells.outlier += 1;
            }
        }
        for (class, mut numbers) in held {
            let cells = classes.get_mut(&class).expect("counted when sent");
            numbers.sort_unstable();
            if (numbers.len() as u64) < cells.sent {
                cells.which = Some(ranges(&numbers));
            }
        }
        classes
    }

    fn measure_state(&self, log: &RoomLog, replica: &Replica) -> StateCells {
        if replica.state.is_empty() {
            return StateCells::default();
        }
        let body = |key| {
            replica
                .state
                .get(&key)
                .and_then(|no| log.single(*no))
                .map(|pdu| &pdu.body)
        };
        let levels = power_levels(log, &replica.state);
        StateCells {
            name: body(StateKey::Name).and_then(|body| match body {
                Body::Name(value) => Some(value.clone()),
                _ => None,
            }),
            topic: body(StateKey::Topic).and_then(|body| match body {
                Body::Topic(value) => Some(value.clone()),
                _ => None,
            }),
            avatar: body(StateKey::Avatar).and_then(|body| match body {
                Body::Avatar(value, _) => Some(value.clone()),
                _ => None,
            }),
            history_visibility: body(StateKey::HistoryVisibility).and_then(|body| match body {
                Body::HistoryVisibility(value) => Some(visibility_name(*value).to_owned()),
                _ => None,
            }),
            power: Some(
                levels
                    .users
                    .iter()
                    .map(|(user, level)| (self.script.user_name(*user), *level))
                    .collect(),
            ),
            events_default: Some(levels.events_default),
        }
    }
}

fn count(items: &Items) -> u64 {
    items
        .iter()
        .map(|range| u64::from(range.end - range.start))
        .sum()
}

/// `1-3,7`
fn ranges(numbers: &[u32]) -> String {
    let set: Items = numbers.iter().map(|n| *n..*n + 1).collect();
    let parts: Vec<String> = set
        .iter()
        .map(|range| match range.end - range.start {
            1 => range.start.to_string(),
            _ => format!("{}-{}", range.start, range.end - 1),
        })
        .collect();
    parts.join(",")
}

fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::WorldReadable => "world_readable",
        Visibility::Shared => "shared",
        Visibility::Invited => "invited",
        Visibility::Joined => "joined",
    }
}
