//! What happened, as facts about ranges, and the numbers by which everything is named.

mod fact;
mod ids;
mod ranges;

pub use fact::{Fact, Path, What, Why};
pub use ids::{EventNo, MediaId, RoomId, ServerId, UserId};
pub use ranges::Ranges;

/// All facts of a run, in order of time; where they are told as they come, only those that stay of interest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    facts: Vec<Fact>,
    /// How many of them, from the first on, were told.
    told: usize,
}

impl Journal {
    /// Writes a fact down. Facts arrive in order of time.
    pub fn write(&mut self, fact: Fact) {
        debug_assert!(self.facts.last().is_none_or(|last| last.at() <= fact.at()));
        if !self.facts.last_mut().is_some_and(|last| last.extend(&fact)) {
            self.facts.push(fact);
        }
    }

    /// Facts that were told, in their order: nothing grows any more.
    pub fn of(facts: Vec<Fact>) -> Journal {
        Journal { facts, told: 0 }
    }

    /// The facts, oldest first.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Tells of every fact once, but for the newest, which may still grow; forgets all that were told and are about
    /// other servers than `kept`.
    pub fn tell(&mut self, kept: ServerId, hear: &mut dyn FnMut(&Fact)) {
        if self.facts.len() > self.told + 1 {
            let newest = self.facts.pop();
            self.tell_all(kept, hear);
            self.facts.extend(newest);
        }
    }

    /// As `tell`, of the newest as well: nothing will be written any more.
    pub fn tell_all(&mut self, kept: ServerId, hear: &mut dyn FnMut(&Fact)) {
        for fact in self.facts.split_off(self.told) {
            hear(&fact);
            if fact.server() == kept {
                self.facts.push(fact);
            }
        }
        self.told = self.facts.len();
    }
}
