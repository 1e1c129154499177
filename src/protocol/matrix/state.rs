//! Authorisation and state resolution: the cheap rule of the reference, section 5.2.
//!
//! Power events (power levels, join rules, kicks, bans) win over others; among events of one sort the
//! later `origin_server_ts` wins; each is checked against what has been resolved so far.

use std::collections::BTreeSet;

use crate::journal::{EventNo, UserId};
use crate::room::{Body, Membership, Pdu, PowerLevels, RoomLog, StateKey, StateMap};
use crate::workload::{RoomKind, RoomSpec};

/// Level needed for state events, kicks, bans, and redacting others' messages.
const STATE_LEVEL: i64 = 50;
/// Level needed for power levels and history visibility (Synapse's room presets).
const ADMIN_LEVEL: i64 = 100;
/// A creator from room version 12 on: above every level.
const CREATOR_LEVEL: i64 = i64::MAX;
/// First room version whose creators have unlimited power.
const CREATOR_POWER_VERSION: u8 = 12;

/// The power levels in a state.
pub fn power_levels(log: &RoomLog, state: &StateMap) -> PowerLevels {
    state
        .get(&StateKey::PowerLevels)
        .and_then(|no| log.single(*no))
        .and_then(|pdu| match &pdu.body {
            Body::PowerLevels(levels) => Some(levels.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// A user's power in a state.
pub(super) fn power(log: &RoomLog, spec: &RoomSpec, state: &StateMap, user: UserId) -> i64 {
    let creator = log.single(0).map(|pdu| pdu.sender);
    if spec.version >= CREATOR_POWER_VERSION && creator == Some(user) {
        return CREATOR_LEVEL;
    }
    match state.get(&StateKey::PowerLevels) {
        Some(_) => power_levels(log, state)
            .users
            .get(&user)
            .copied()
            .unwrap_or(0),
        // Before there are power levels the creator may do everything.
        None if creator == Some(user) => ADMIN_LEVEL,
        None => 0,
    }
}

/// The power needed for an event other than a membership.
fn needed(levels: &PowerLevels, body: &Body) -> i64 {
    match body {
        Body::PowerLevels(_)
        | Body::HistoryVisibility(_)
        | Body::Encryption
        | Body::Retention(_) => ADMIN_LEVEL,
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
    if !spec.federate && log.home(pdu.sender) != log.home(log.single(0).expect("created").sender) {
        return false;
    }
    if let Body::Member {
        who, membership, ..
    } = pdu.body
    {
        return member_allowed(log, spec, state, pdu.sender, who, membership, pdu);
    }
    if log.membership_in(state, pdu.sender) != Some(Membership::Join) {
        return false;
    }
    let levels = power_levels(log, state);
    let own = power(log, spec, state, pdu.sender);
    if !state.contains_key(&StateKey::PowerLevels) {
        return own >= ADMIN_LEVEL || !pdu.body.is_message();
    }
    if own < needed(&levels, &pdu.body) {
        return false;
    }
    match &pdu.body {
        Body::PowerLevels(new) => levels_allowed(&levels, new, pdu.sender, own),
        _ => true,
    }
}

/// Nobody raises anyone above themselves, nor changes somebody as powerful as themselves.
fn levels_allowed(old: &PowerLevels, new: &PowerLevels, sender: UserId, own: i64) -> bool {
    let users: BTreeSet<UserId> = old.users.keys().chain(new.users.keys()).copied().collect();
    users.into_iter().all(|user| {
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
    sender: UserId,
    who: UserId,
    membership: Membership,
    pdu: &Pdu,
) -> bool {
    let of_sender = log.membership_in(state, sender);
    let of_who = log.membership_in(state, who);
    let own = power(log, spec, state, sender);
    match membership {
        Membership::Join => {
            let creators_first =
                pdu.prev_events == [0] && log.single(0).is_some_and(|c| c.sender == who);
            if creators_first {
                return sender == who;
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
                && own >= power_levels(log, state).invite
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
pub(super) fn auth_events(
    spec: &RoomSpec,
    state: &StateMap,
    sender: UserId,
    body: &Body,
) -> Vec<EventNo> {
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
pub(super) fn state_before(log: &RoomLog, spec: &RoomSpec, prev_events: &[EventNo]) -> StateMap {
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
pub(super) fn apply(state_before: &StateMap, body: &Body, no: EventNo) -> StateMap {
    match body.state_key() {
        Some(key) => state_before.update(key, no),
        None => state_before.clone(),
    }
}

/// Resolves several states into one.
pub fn resolve(log: &RoomLog, spec: &RoomSpec, states: &[&StateMap]) -> StateMap {
    let (first, rest) = states.split_first().expect("there is a state to resolve");
    if rest
        .iter()
        .all(|state| state.ptr_eq(first) || state == first)
    {
        return (*first).clone();
    }
    let keys: BTreeSet<StateKey> = states
        .iter()
        .flat_map(|state| state.keys().copied())
        .collect();
    let mut resolved = StateMap::new();
    let mut conflicted: BTreeSet<EventNo> = BTreeSet::new();
    for key in keys {
        let values: BTreeSet<Option<EventNo>> = states
            .iter()
            .map(|state| state.get(&key).copied())
            .collect();
        match (values.len(), values.first()) {
            (1, Some(Some(no))) => {
                resolved.insert(key, *no);
            }
            _ => conflicted.extend(values.into_iter().flatten()),
        }
    }
    let mut ordered: Vec<EventNo> = conflicted.iter().copied().collect();
    ordered.sort_by_key(|no| (!is_power_event(log, *no), log.at(*no), *no));
    for no in ordered {
        let pdu = log.single(no).expect("state events are kept singly");
        if allowed(log, spec, &with_auth(log, &resolved, pdu), pdu) {
            resolved.insert(pdu.body.state_key().expect("a state event"), no);
        }
    }
    resolved
}

/// The resolved state so far, with the event's own `auth_events` where it has nothing yet.
fn with_auth(log: &RoomLog, resolved: &StateMap, pdu: &Pdu) -> StateMap {
    let mut state = resolved.clone();
    for no in &pdu.auth_events {
        if let Some(key) = log.state_key(*no) {
            state.entry(key).or_insert(*no);
        }
    }
    state.entry(StateKey::Create).or_insert(0);
    state
}

/// Power events of state resolution v2: power levels, join rules, and memberships ended by others.
fn is_power_event(log: &RoomLog, no: EventNo) -> bool {
    log.single(no).is_some_and(|pdu| match &pdu.body {
        Body::Create | Body::PowerLevels(_) | Body::JoinRules(_) => true,
        Body::Member {
            who, membership, ..
        } => *who != pdu.sender && matches!(membership, Membership::Leave | Membership::Ban),
        _ => false,
    })
}
