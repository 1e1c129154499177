//! State resolution as the specification has it: version 2 up to room version 11, 2.1 from 12 on.
//!
//! The algorithm and the authorisation in it are those of `ruma-state-res`; here is only what it asks
//! for: the events, the auth chains and the conflicted subgraph.

mod event;

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ruma_common::OwnedEventId;
use ruma_common::room_version_rules::RoomVersionRules;
use ruma_state_res::utils::event_id_set::EventIdSet;

use crate::journal::{EventNo, UserId};
use crate::room::{Body, RoomLog, StateKey, StateMap};
use crate::workload::RoomSpec;

use super::CREATOR_POWER_VERSION;
use super::auth_chain;
use super::conflict::Conflict;
pub use event::{Event, event_id, state_type};

/// A state as ruma has it.
type RumaState = ruma_state_res::StateMap<OwnedEventId>;

/// The rules of a room version.
pub fn rules(version: u8) -> RoomVersionRules {
    match version {
        ..=10 => RoomVersionRules::V10,
        11 => RoomVersionRules::V11,
        12.. => RoomVersionRules::V12,
    }
}

/// Resolves several states into one.
pub fn resolve(log: &RoomLog, spec: &RoomSpec, states: &[&StateMap]) -> StateMap {
    let Conflict { agreed, sides } = Conflict::new(states);
    let dispute = Dispute::new(log, spec, &agreed, &sides);
    let people = dispute.people(log);
    let base = agreed.iter().filter(|(key, _)| match key {
        StateKey::Member(user) => people.contains(user),
        _ => true,
    });
    let base: Vec<(StateKey, EventNo)> = base.map(|(key, no)| (*key, *no)).collect();
    let maps: Vec<RumaState> = sides
        .iter()
        .map(|side| {
            let side = side.iter().map(|(key, no)| (*key, *no));
            base.iter()
                .copied()
                .chain(side)
                .map(|(key, no)| (state_type(log, key), event_id(no)))
                .collect()
        })
        .collect();
    let rules = rules(spec.version);
    let events: RefCell<BTreeMap<OwnedEventId, Arc<Event>>> = RefCell::default();
    let resolved = ruma_state_res::resolve(
        &rules.authorization,
        rules.state_res.v2_rules().expect("no room has version 1"),
        &maps,
        dispute.chains.iter().map(ids).collect(),
        |id| {
            let made = || Arc::new(Event::new(log, spec, event::number(id)));
            let mut events = events.borrow_mut();
            Some(events.entry(id.to_owned()).or_insert_with(made).clone())
        },
        |_| Some(ids(&dispute.subgraph)),
    )
    .expect("every event of the room is there and well formed");
    let mut settled = agreed;
    let resolved: BTreeMap<_, _> = resolved.into_iter().collect();
    for id in resolved.into_values() {
        let no = event::number(id.borrow());
        let key = log.state_key(no).expect("a state event");
        settled.entry(key).or_insert(no);
    }
    settled
}

fn ids(events: &BTreeSet<EventNo>) -> EventIdSet<OwnedEventId> {
    events.iter().map(|no| event_id(*no)).collect()
}

/// What is looked at to end a conflict.
struct Dispute {
    /// What each side rests on, itself included, without that on which all rest through what they agree on.
    chains: Vec<BTreeSet<EventNo>>,
    /// From room version 12 on: all on the paths of `auth_events` from one event in conflict to another.
    subgraph: BTreeSet<EventNo>,
}

impl Dispute {
    fn new(log: &RoomLog, spec: &RoomSpec, agreed: &StateMap, sides: &[StateMap]) -> Self {
        // As in Synapse, an event is part of its own chain (`_get_auth_chain_difference_using_cover_index_txn`).
        let common = with_chain(log, agreed.values().copied().collect());
        let chains = sides
            .iter()
            .map(|side| &with_chain(log, side.values().copied().collect()) - &common)
            .collect();
        let conflicted: BTreeSet<EventNo> = sides.iter().flatten().map(|(_, no)| *no).collect();
        let mut subgraph = BTreeSet::new();
        if spec.version >= CREATOR_POWER_VERSION {
            // An event is younger than those that it rests on: the order of numbers is one of the graph.
            for no in with_chain(log, conflicted.clone()) {
                let above = log
                    .auth_events(no)
                    .iter()
                    .any(|auth| subgraph.contains(auth));
                if above || conflicted.contains(&no) {
                    subgraph.insert(no);
                }
            }
        }
        Dispute { chains, subgraph }
    }

    /// Whose memberships can matter: senders and targets of the events looked at.
    fn people(&self, log: &RoomLog) -> BTreeSet<UserId> {
        let events = self.chains.iter().chain([&self.subgraph]).flatten();
        events
            .flat_map(|no| {
                let target = log.single(*no).and_then(|pdu| match pdu.body {
                    Body::Member { who, .. } => Some(who),
                    _ => None,
                });
                [Some(log.author(*no).0), target]
            })
            .flatten()
            .collect()
    }
}

/// Events and all that they rest on.
fn with_chain(log: &RoomLog, mut events: BTreeSet<EventNo>) -> BTreeSet<EventNo> {
    let mut chain = auth_chain(log, events.iter().copied());
    chain.append(&mut events);
    chain
}
