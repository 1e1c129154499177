//! The cheap rule: power events (power levels, join rules, kicks, bans) win over others; among events of
//! one sort the later `origin_server_ts` wins; each is checked against what has been resolved so far.

use std::collections::BTreeSet;

use crate::journal::EventNo;
use crate::room::{Body, Membership, Pdu, RoomLog, StateKey, StateMap};
use crate::workload::RoomSpec;

use super::allowed;
use super::conflict::Conflict;

/// Resolves several states into one.
pub fn resolve(log: &RoomLog, spec: &RoomSpec, states: &[&StateMap]) -> StateMap {
    let Conflict { agreed, sides } = Conflict::new(states);
    let conflicted: BTreeSet<EventNo> = sides
        .iter()
        .flat_map(|side| side.values().copied())
        .collect();
    let mut ordered: Vec<EventNo> = conflicted.into_iter().collect();
    ordered.sort_by_key(|no| (!is_power_event(log, *no), log.at(*no), *no));
    let mut resolved = agreed;
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
