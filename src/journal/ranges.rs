//! The journal by the day: neighbouring facts are merged. What is told keeps its order for each server's copy of a
//! room; the moment of a merged fact is that of its first part.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::{Fact, Path};
use super::ids::{RoomId, ServerId};

/// Facts of one day, being merged.
///
/// Items of a room that one server gains (loses, ...) by one path, from one giver, for one reason become one range,
/// if nothing else befell that server's copy between them; the push behind which a gap was filled counts with the gap.
/// A refusal is told once a day. Everything else is told as it is.
#[derive(Debug, Default)]
pub struct Ranges {
    /// In the order of their first parts.
    day: Vec<Fact>,
    /// Where the last fact about each copy stands, the only one that may grow.
    last: BTreeMap<(ServerId, RoomId), usize>,
    /// Who refused whom, in which room, by which rule.
    refused: BTreeSet<(ServerId, RoomId, ServerId, &'static str)>,
}

impl Ranges {
    /// Takes in a fact. Facts arrive in order of time; with the first of a day, those of the day before are told.
    pub fn add(&mut self, fact: &Fact, hear: &mut dyn FnMut(&Fact)) {
        let other_day = |first: &Fact| first.at().day() != fact.at().day();
        if self.day.first().is_some_and(other_day) {
            self.end_day(hear);
        }
        if let Fact::Refused {
            server,
            room,
            peer,
            rule,
            ..
        } = *fact
        {
            if self.refused.insert((server, room, peer, rule)) {
                self.day.push(fact.clone());
            }
            return;
        }
        if let Some(room) = fact.room() {
            let copy = (fact.server(), room);
            if let Some(last) = self.last.get(&copy)
                && grows(&mut self.day[*last], fact)
            {
                return;
            }
            self.last.insert(copy, self.day.len());
        }
        self.day.push(fact.clone());
    }

    /// The day, or the run, is over.
    pub fn end_day(&mut self, hear: &mut dyn FnMut(&Fact)) {
        self.day.drain(..).for_each(|fact| hear(&fact));
        self.last.clear();
        self.refused.clear();
    }
}

/// Does the last fact about a copy take in the next one?
fn grows(last: &mut Fact, next: &Fact) -> bool {
    last.grow(next) || behind_gap(next).is_some_and(|next| last.grow(&next))
}

/// A push, as if it were a part of the gap that was filled before it.
fn behind_gap(fact: &Fact) -> Option<Fact> {
    let mut fact = fact.clone();
    match &mut fact {
        Fact::Gained { path, .. } if *path == Path::Push => *path = Path::GapFill,
        _ => return None,
    }
    Some(fact)
}
