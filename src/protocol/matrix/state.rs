//! Authorisation, and the state at places of the graph where branches meet (reference, section 5.2).

pub mod cheap;
mod conflict;
#[cfg(feature = "exact-state")]
pub mod exact;

use std::collections::BTreeSet;

use crate::journal::{EventNo, UserId};
use crate::room::{Body, Membership, Pdu, PowerLevels, RoomLog, StateKey, StateMap};
use crate::workload::{RoomKind, RoomSpec};

/// Level needed for state events, kicks, bans, and redacting others' messages.
const STATE_LEVEL: i64 = 50;
/// Level needed for power levels, history visibility and encryption (Synapse's room presets).
pub(super) const ADMIN_LEVEL: i64 = 100;
/// A creator from room version 12 on: above every level.
const CREATOR_LEVEL: i64 = i64::MAX;
/// First room version whose creators have unlimited power.
const CREATOR_POWER_VERSION: u8 = 12;

/// The power levels in a state; the defaults where it has none.
pub fn power_levels(log: &RoomLog, state: &StateMap) -> PowerLevels {
    levels_in(log, state).cloned().unwrap_or_default()
}

fn levels_in<'a>(log: &'a RoomLog, state: &StateMap) -> Option<&'a PowerLevels> {
    let pdu = log.single(*state.get(&StateKey::PowerLevels)?)?;
    match &pdu.body {
        Body::PowerLevels(levels) => Some(levels),
        _ => None,
    }
}

/// A user's power in a state.
pub(super) fn power(log: &RoomLog, spec: &RoomSpec, state: &StateMap, user: UserId) -> i64 {
    let creator = log.single(0).map(|pdu| pdu.sender);
    if spec.version >= CREATOR_POWER_VERSION && creator == Some(user) {
        return CREATOR_LEVEL;
    }
    match levels_in(log, state) {
        Some(levels) => levels.users.get(&user).copied().unwrap_or(0),
        // Before there are power levels the creator may do everything.
        None if creator == Some(user) => ADMIN_LEVEL,
        None => 0,
    }
}

/// The power needed for an event other than a membership (Synapse's room presets; a room without power
/// levels has only the defaults of the specification).
fn needed(levels: Option<&PowerLevels>, body: &Body) -> i64 {
    let Some(levels) = levels else {
        return body.state_key().map_or(0, |_| STATE_LEVEL);
    };
    match body {
        Body::PowerLevels(_) | Body::HistoryVisibility(_) | Body::Encryption => ADMIN_LEVEL,
        Body::Message { .. } | Body::Redaction(_) | Body::Dummy => levels.events_default,
        _ => STATE_LEVEL,
    }
}

/// May this event be, given the state before it? (Room version 10 to 12, restricted joins left out.)
pub fn allowed(log: &RoomLog, spec: &RoomSpec, state: &StateMap, pdu: &Pdu) -> bool {
    if matches!(pdu.body, Body::Create) {
        return true;
    }
    if !state.contains_key(&StateKey::Create) {
        return false;
    }
    let creator = log.single(0).expect("created").sender;
    let is_inside = |user| spec.federate || log.home(user) == log.home(creator);
    if !is_inside(pdu.sender) {
        return false;
    }
    if let Body::Member {
        who, membership, ..
    } = pdu.body
    {
        // Synapse asks it of whoever is invited, too (`_is_membership_change_allowed`).
        return is_inside(who) && member_allowed(log, spec, state, pdu, who, membership);
    }
    if log.membership_in(state, pdu.sender) != Some(Membership::Join) {
        return false;
    }
    let levels = levels_in(log, state);
    let own = power(log, spec, state, pdu.sender);
    if own < needed(levels, &pdu.body) {
        return false;
    }
    match &pdu.body {
        Body::PowerLevels(new) => {
            let lists_creator = new.users.contains_key(&creator);
            (spec.version < CREATOR_POWER_VERSION || !lists_creator)
                && levels.is_none_or(|old| levels_allowed(old, new, pdu.sender, own))
        }
        _ => true,
    }
}

/// Nobody raises a level above their own or lowers one from above it, nor changes somebody else as
/// powerful as themselves.
fn levels_allowed(old: &PowerLevels, new: &PowerLevels, sender: UserId, own: i64) -> bool {
    let in_reach = |before: i64, after: i64| before == after || before.max(after) <= own;
    let users: BTreeSet<UserId> = old.users.keys().chain(new.users.keys()).copied().collect();
    in_reach(old.events_default, new.events_default)
        && in_reach(old.invite, new.invite)
        && users.into_iter().all(|user| {
            let (before, after) = (old.users.get(&user), new.users.get(&user));
            before == after
                || (after.is_none_or(|level| *level <= own)
                    && (user == sender || before.is_none_or(|level| *level < own)))
        })
}

fn member_allowed(
    log: &RoomLog,
    spec: &RoomSpec,
    state: &StateMap,
    pdu: &Pdu,
    who: UserId,
    membership: Membership,
) -> bool {
    let sender = pdu.sender;
    let of_sender = log.membership_in(state, sender);
    let of_who = log.membership_in(state, who);
    let own = power(log, spec, state, sender);
    match membership {
        Membership::Join => {
            let creators_first =
                pdu.prev_events == [0] && log.single(0).is_some_and(|c| c.sender == who);
            if creators_first {
                return true;
            }
            let public = state
                .get(&StateKey::JoinRules)
                .and_then(|no| log.single(*no))
                .is_some_and(|rules| matches!(rules.body, Body::JoinRules(RoomKind::Public)));
            sender == who
                && match of_who {
                    Some(Membership::Ban) => false,
                    Some(Membership::Join | Membership::Invite) => true,
                    _ => public,
                }
        }
        Membership::Invite => {
            of_sender == Some(Membership::Join)
                && !matches!(of_who, Some(Membership::Join | Membership::Ban))
                && own >= levels_in(log, state).map_or(0, |levels| levels.invite)
        }
        Membership::Leave if sender == who => {
            matches!(of_who, Some(Membership::Join | Membership::Invite))
        }
        Membership::Leave | Membership::Ban => {
            of_sender == Some(Membership::Join)
                && own >= STATE_LEVEL
                && power(log, spec, state, who) < own
        }
    }
}

/// `auth_events` by the specification's selection rule.
pub fn auth_events(spec: &RoomSpec, state: &StateMap, sender: UserId, body: &Body) -> Vec<EventNo> {
    let mut keys = vec![StateKey::PowerLevels, StateKey::Member(sender)];
    if spec.version < CREATOR_POWER_VERSION {
        keys.push(StateKey::Create);
    }
    if let Body::Member {
        who, membership, ..
    } = body
    {
        keys.push(StateKey::Member(*who));
        if matches!(membership, Membership::Join | Membership::Invite) {
            keys.push(StateKey::JoinRules);
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter_map(|key| state.get(&key).copied())
        .collect()
}

/// How many events authorise this one. A drawn message rests on the levels, its author's membership and, up to
/// version 11, the creation.
pub(super) fn auth_count(log: &RoomLog, spec: &RoomSpec, no: EventNo) -> usize {
    match log.single(no) {
        Some(pdu) => pdu.auth_events.len(),
        None if spec.version < CREATOR_POWER_VERSION => 3,
        None => 2,
    }
}

/// All events that the given ones rest on, themselves left out unless they rest on each other.
pub(super) fn auth_chain(
    log: &RoomLog,
    roots: impl IntoIterator<Item = EventNo>,
) -> BTreeSet<EventNo> {
    let mut chain = BTreeSet::new();
    let mut front: Vec<EventNo> = roots.into_iter().collect();
    while let Some(no) = front.pop() {
        for auth in log.auth_events(no) {
            if chain.insert(*auth) {
                front.push(*auth);
            }
        }
    }
    // From version 12 on the create event is implied, not listed.
    chain.insert(0);
    chain
}

/// The state before an item: that after its parents, resolved.
pub fn state_before(log: &RoomLog, spec: &RoomSpec, prev_events: &[EventNo]) -> StateMap {
    match prev_events {
        [] => StateMap::new(),
        [prev] => log.state_after(*prev).clone(),
        several => {
            let states: Vec<&StateMap> = several.iter().map(|no| log.state_after(*no)).collect();
            resolve(log, spec, &states)
        }
    }
}

/// The state after an item.
pub fn apply(state_before: &StateMap, body: &Body, no: EventNo) -> StateMap {
    match body.state_key() {
        Some(key) => state_before.update(key, no),
        None => state_before.clone(),
    }
}

/// Resolves several states into one: by the algorithm of the room's version with the feature
/// `exact-state`, else by the cheap rule.
pub fn resolve(log: &RoomLog, spec: &RoomSpec, states: &[&StateMap]) -> StateMap {
    #[cfg(not(feature = "exact-state"))]
    use cheap::resolve as settle;
    #[cfg(feature = "exact-state")]
    use exact::resolve as settle;

    let (first, rest) = states.split_first().expect("there is a state to resolve");
    if rest
        .iter()
        .all(|state| state.ptr_eq(first) || state == first)
    {
        return (*first).clone();
    }
    log.resolution(states, || settle(log, spec, states))
}
