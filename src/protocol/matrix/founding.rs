//! How a room is made: its first state; and of a room that is older than the simulation, the events that made it and the
//! copy of a server that saw them all.

use std::rc::Rc;

use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::SimTime;
use crate::room::{Body, Membership, Pdu, PowerLevels, Profile, RoomLog, StateMap};
use crate::workload::{RoomKind, RoomSpec, Visibility};

use super::replica::Replica;
use super::{Homeserver, state};

/// Level to invite in public rooms, and in all others (Synapse's presets).
const INVITE_LEVEL_PUBLIC: i64 = 50;
/// A creator's level before room version 12.
const CREATOR_LEVEL: i64 = 100;
/// First version whose creators are not listed.
pub(super) const CREATOR_POWER_VERSION: u8 = 12;

/// The state that a new room is given after its creation, in order.
pub(super) fn first_state(spec: &RoomSpec, by: UserId) -> Vec<Body> {
    let mut levels = PowerLevels {
        invite: if spec.kind == RoomKind::Public {
            INVITE_LEVEL_PUBLIC
        } else {
            0
        },
        ..PowerLevels::default()
    };
    if spec.version < CREATOR_POWER_VERSION {
        levels.users.insert(by, CREATOR_LEVEL);
    }
    let mut bodies = vec![
        Body::Member {
            who: by,
            membership: Membership::Join,
            profile: Profile::Name,
        },
        Body::PowerLevels(levels),
        Body::JoinRules(spec.kind),
    ];
    let visibility = Body::HistoryVisibility(spec.visibility);
    let guests = (spec.kind != RoomKind::Public).then_some(Body::GuestAccess);
    // What the preset says comes first, then what whoever creates the room wants otherwise (`_send_events_for_new_room`).
    if spec.visibility == Visibility::Shared {
        bodies.extend(std::iter::once(visibility).chain(guests));
    } else {
        bodies.extend(guests.into_iter().chain([visibility]));
    }
    bodies.push(Body::Name(spec.name.clone()));
    if spec.encrypted {
        bodies.push(Body::Encryption);
    }
    if spec.max_lifetime.is_some() {
        bodies.push(Body::Retention(spec.max_lifetime));
    }
    bodies
}

/// The founding events of a room, made by the first of its members, joined by the others one after the other; and
/// the state after the last of them.
///
/// # Panics
/// If there is no member.
pub fn founding_events(
    spec: &RoomSpec,
    members: &[UserId],
    home: impl Fn(UserId) -> ServerId,
    at: SimTime,
) -> (Vec<Pdu>, StateMap) {
    let (by, others) = members.split_first().expect("somebody made the room");
    let made = first_state(spec, *by).into_iter().map(|body| (*by, body));
    let joined = others.iter().map(|who| {
        let body = Body::Member {
            who: *who,
            membership: Membership::Join,
            profile: Profile::Name,
        };
        (*who, body)
    });
    let (mut pdus, mut state) = (Vec::new(), StateMap::new());
    for (sender, body) in std::iter::once((*by, Body::Create))
        .chain(made)
        .chain(joined)
    {
        let no = pdus.len() as u32;
        let key = body.state_key().expect("a room is founded by state events");
        let auth_events = match no {
            0 => Vec::new(),
            _ => state::auth_events(spec, &state, sender, &body),
        };
        pdus.push(Pdu {
            sender,
            origin: home(sender),
            body,
            prev_events: no.checked_sub(1).into_iter().collect(),
            auth_events,
            depth: no + 1,
            at,
        });
        state.insert(key, no);
    }
    (pdus, state)
}

/// The copy of a room that has just been founded, of a server that received every event when it was made. Of these events
/// only the last one is ever built upon, so they are of one state group, whose number is as good as any: that of the room.
pub fn founding_copy(log: &RoomLog, spec: &RoomSpec) -> Replica {
    let end = log.len();
    let mut replica = Replica::default();
    replica.min_depth = Some(1);
    replica.follows = true;
    replica.synced = end;
    replica.timeline.insert(0..end);
    let group = founding_group(log.room());
    replica.heads.insert(end - 1, group);
    replica.positions.place_in_step(0, end);
    replica.set_groups(0..end, group);
    replica.state = replica.resolve_heads(log, spec);
    replica
}

fn founding_group(room: RoomId) -> u32 {
    room.0 + 1
}

impl Homeserver {
    /// Takes over a copy of a room that has just been founded. Other state groups come later.
    pub fn take_founded(&mut self, room: RoomId, copy: Rc<Replica>) {
        self.db.next_group = self.db.next_group.max(founding_group(room) + 1);
        self.db.rooms.insert(room, copy);
    }
}
