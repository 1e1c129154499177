//! The rooms' logs before anything is in them: what will be said, by whom, and what messages carry.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::journal::RoomId;
use crate::kernel::{SimDuration, Streams};
use crate::room::{Deletions, RoomLog, Traffic, Wishes};
use crate::world::World;

/// One empty log for each room.
pub(super) fn empty_logs(world: &World, streams: Streams) -> Vec<RoomLog> {
    let people = world.users.iter().map(|user| (user.server, user.weight));
    let people = Rc::new(people.collect::<Vec<_>>());
    let mut wishes: BTreeMap<Option<SimDuration>, Rc<Wishes>> = BTreeMap::new();
    let rooms = world.rooms.iter().zip(0..);
    rooms
        .map(|(spec, number)| {
            let traffic = Traffic {
                room: RoomId(number),
                per_day: spec.messages_per_day,
                files_per_mille: spec.files_per_mille,
                from: world.start,
                deletions: Deletions {
                    per_mille: world.people.deletes_per_mille,
                    after: world.people.deletes_after,
                    sigma: world.people.deletes_sigma,
                },
            };
            let mut log = RoomLog::new(traffic, streams, Rc::clone(&people));
            let of_room = spec.max_lifetime;
            let wishes = wishes.entry(of_room);
            log.carry(Rc::clone(wishes.or_insert_with(|| {
                let servers = world.servers.iter();
                let wishes = servers.map(|server| server.rules.kept_for(of_room));
                Rc::new(Wishes::new(wishes.collect()))
            })));
            log
        })
        .collect()
}
