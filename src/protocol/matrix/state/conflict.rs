//! Where states differ, and on what they agree.

use std::collections::BTreeSet;

use imbl::ordmap::DiffItem;

use crate::room::{StateKey, StateMap};

/// States, each split into what all have in common and the rest.
#[derive(Debug)]
pub(super) struct Conflict {
    /// What every state has, with the same value.
    pub(super) agreed: StateMap,
    /// Of each different state: the rest.
    pub(super) sides: Vec<StateMap>,
}

impl Conflict {
    /// A key that one of the states lacks is in conflict too (Synapse, `_seperate`).
    pub(super) fn new(states: &[&StateMap]) -> Self {
        let (first, rest) = states.split_first().expect("there is a state to resolve");
        let keys: BTreeSet<StateKey> = rest
            .iter()
            .flat_map(|state| first.diff(state))
            .map(|difference| match difference {
                DiffItem::Add(key, _) | DiffItem::Remove(key, _) => *key,
                DiffItem::Update { old: (key, _), .. } => *key,
            })
            .collect();
        let mut sides: Vec<StateMap> = Vec::new();
        for state in states {
            let side = keys
                .iter()
                .filter_map(|key| state.get(key).map(|no| (*key, *no)))
                .collect();
            if !sides.contains(&side) {
                sides.push(side);
            }
        }
        let mut agreed = (*first).clone();
        for key in &keys {
            agreed.remove(key);
        }
        Conflict { agreed, sides }
    }
}
