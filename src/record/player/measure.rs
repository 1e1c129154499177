//! What is counted at a server (format, 3.2): all of it from its database.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::books::Standing;
use super::super::error::RecordError;
use super::Player;
use crate::journal::{RoomId, ServerId};
use crate::verify::{EventCells, MessageCells, RoomCells, Stage, StateCells};

/// Every event of a room, and those of any room that were redacted.
struct Events {
    standings: BTreeMap<String, Standing>,
    redacted: BTreeSet<String>,
}

impl Player<'_> {
    /// Counts everything of one server.
    pub(super) async fn measure(&mut self, server: ServerId) -> Result<Stage, RecordError> {
        let mut rooms = BTreeMap::new();
        for (room, id) in self.rooms.clone() {
            let counted = self.measure_room(server, room, &id).await;
            let cells = counted.map_err(|cause| self.servers[server.index()].unreadable(cause))?;
            rooms.insert(self.script.rooms[room.index()].name.clone(), cells);
        }
        Ok(Stage {
            server: self.script.servers[server.index()].clone(),
            rooms,
        })
    }

    async fn measure_room(
        &mut self,
        server: ServerId,
        room: RoomId,
        id: &str,
    ) -> Result<RoomCells, String> {
        let homeserver = &mut self.servers[server.index()];
        let books = homeserver
            .books(self.laboratory)
            .await
            .map_err(|error| error.to_string())?;
        let events = Events {
            standings: books.standings(id).await?,
            redacted: books.redacted().await?,
        };
        let [forward, backward, failed] = books.edges(id).await?;
        let (local, members, state) = (
            books.local(id).await?,
            books.joined(id).await?,
            books.state(id).await?,
        );
        let named = |id: &String| self.user_name(id);
        let count = |standing| {
            let all = events.standings.values();
            all.filter(|one| **one == standing).count() as u64
        };
        Ok(RoomCells {
            messages: self.measure_messages(room, &events),
            events: EventCells {
                held: count(Standing::Held),
                outlier: count(Standing::Outlier),
                soft: count(Standing::Soft),
                rejected: count(Standing::Rejected),
            },
            forward_extremities: forward,
            backward_extremities: backward,
            failed_pulls: failed,
            joined: local.values().any(|membership| membership == "join"),
            local: local
                .iter()
                .map(|(user, membership)| (named(user), membership.clone()))
                .collect(),
            members: members
                .iter()
                .map(named)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            state: self.measure_state(&state),
        })
    }

    fn measure_messages(&self, room: RoomId, events: &Events) -> BTreeMap<String, MessageCells> {
        let mut classes: BTreeMap<String, MessageCells> = BTreeMap::new();
        let mut held: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (class, sent) in self.sent.get(&room).into_iter().flatten() {
            let cells = classes.entry(class.clone()).or_default();
            cells.sent = u64::from(*sent);
        }
        for (event, (of, class, number)) in &self.labels {
            if *of != room {
                continue;
            }
            let cells = classes.get_mut(class).expect("counted when sent");
            match events.standings.get(event) {
                None => {}
                Some(Standing::Outlier) => cells.outlier += 1,
                Some(Standing::Soft) => cells.soft += 1,
                Some(Standing::Rejected) => cells.rejected += 1,
                Some(Standing::Held) => {
                    cells.held += 1;
                    cells.redacted += u64::from(events.redacted.contains(event));
                    held.entry(class.clone()).or_default().push(*number);
                }
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

    fn measure_state(&self, state: &BTreeMap<String, Value>) -> StateCells {
        let text = |kind: &str, field: &str| {
            let content = state.get(kind)?;
            content[field].as_str().map(str::to_owned)
        };
        let levels = state.get("m.room.power_levels");
        StateCells {
            name: text("m.room.name", "name"),
            topic: text("m.room.topic", "topic"),
            avatar: text("m.room.avatar", "url"),
            history_visibility: text("m.room.history_visibility", "history_visibility"),
            power: levels.map(|levels| {
                let users = levels["users"].as_object().into_iter().flatten();
                users
                    .map(|(user, level)| (self.user_name(user), level.as_i64().unwrap_or_default()))
                    .collect()
            }),
            events_default: levels.map(|levels| levels["events_default"].as_i64().unwrap_or(0)),
        }
    }
}

/// Sorted numbers as ranges: `1-3,7`.
fn ranges(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let text = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

#[test]
fn numbers_become_ranges() {
    assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
    assert_eq!(ranges(&[]), "");
}
