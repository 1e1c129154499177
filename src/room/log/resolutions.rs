//! What a room's servers lately asked for: resolutions of conflicting states, and what a state rests on.
//!
//! While a fork lasts, every event on it asks for the same resolution, and so does every server. Which
//! answers are kept changes no result: a resolution is a function of the states.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::journal::EventNo;
use crate::room::{RoomLog, StateMap};

/// How many are kept. Assumption: a server sees at most a few forks at once, each with its tips and one
/// event's parents.
const KEPT: usize = 16;

/// The states, in the order asked, and what they resolve to; the one last used first.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolutions {
    kept: VecDeque<(Vec<StateMap>, StateMap)>,
}

impl Resolutions {
    fn find(&mut self, states: &[&StateMap]) -> Option<StateMap> {
        let place = self.kept.iter().position(|(of, _)| {
            of.len() == states.len() && of.iter().zip(states).all(|(one, other)| one == *other)
        })?;
        let found = self.kept.remove(place).expect("just found there");
        let resolved = found.1.clone();
        self.kept.push_front(found);
        Some(resolved)
    }

    fn keep(&mut self, states: &[&StateMap], resolved: &StateMap) {
        let states = states.iter().map(|state| (*state).clone()).collect();
        self.kept.push_front((states, resolved.clone()));
        self.kept.truncate(KEPT);
    }
}

/// The events of a state, and all those that they rest on; each in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    /// The state.
    pub state: Vec<EventNo>,
    /// What it rests on (the auth chains of its events).
    pub auth: Vec<EventNo>,
}

impl RoomLog {
    /// The state after an item, and what it rests on; `chain` is only asked if that is not known. Questions in
    /// a row are mostly about one state.
    pub fn grounds(
        &self,
        no: EventNo,
        chain: impl FnOnce(&[EventNo]) -> Vec<EventNo>,
    ) -> Rc<Grounds> {
        let since = self.state_since(no);
        let kept = &mut *self.grounds.borrow_mut();
        match kept {
            Some((of, grounds)) if *of == since => Rc::clone(grounds),
            _ => {
                let mut state: Vec<EventNo> = self.state_after(no).values().copied().collect();
                state.sort_unstable();
                let auth = chain(&state);
                let grounds = Rc::new(Grounds { state, auth });
                *kept = Some((since, Rc::clone(&grounds)));
                grounds
            }
        }
    }

    /// What some states of this room resolve to; `resolve` is only asked if it is not known.
    pub fn resolution(&self, states: &[&StateMap], resolve: impl FnOnce() -> StateMap) -> StateMap {
        let known = self.resolutions.borrow_mut().find(states);
        known.unwrap_or_else(|| {
            let resolved = resolve();
            self.resolutions.borrow_mut().keep(states, &resolved);
            resolved
        })
    }
}
