//! Which item redacts which.

use std::collections::BTreeMap;
use std::ops::Range;

use super::RoomLog;
use crate::journal::EventNo;

/// Redactions, by what they are and by what they redact.
#[derive(Debug, Clone, Default)]
pub(super) struct Redactions {
    /// Each with what it redacts, in order of creation.
    all: Vec<(EventNo, EventNo)>,
    /// Of each redacted item its redactions, in order of creation.
    of: BTreeMap<EventNo, Vec<EventNo>>,
}

impl Redactions {
    pub(super) fn push(&mut self, redaction: EventNo, target: EventNo) {
        self.all.push((redaction, target));
        self.of.entry(target).or_default().push(redaction);
    }
}

impl RoomLog {
    /// What the item redacts, if it is a redaction.
    pub fn redacted_by(&self, no: EventNo) -> Option<EventNo> {
        let all = &self.redactions.all;
        let place = all.binary_search_by_key(&no, |(no, _)| *no);
        place.ok().map(|place| all[place].1)
    }

    /// Redactions of an item, in order of creation.
    pub fn redactions_of(&self, target: EventNo) -> &[EventNo] {
        self.redactions.of.get(&target).map_or(&[], Vec::as_slice)
    }

    /// Redacted items among some, in order.
    pub fn redacted_in(&self, items: Range<EventNo>) -> impl Iterator<Item = EventNo> + '_ {
        self.redactions.of.range(items).map(|(target, _)| *target)
    }

    /// Redactions ever made, each with what it redacts, in order of creation.
    pub fn redactions(&self) -> &[(EventNo, EventNo)] {
        &self.redactions.all
    }
}
