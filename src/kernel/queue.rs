//! The event queue. The order of events is a value, not an arrival: (time, class, source, the source's own
//! counter), so it would survive threads.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use super::SimTime;

/// The place of an event in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// When.
    pub at: SimTime,
    /// Smaller classes first at the same moment.
    pub class: u8,
    /// Who put it there.
    pub source: u32,
    /// The source's own count of events.
    pub count: u64,
}

#[derive(Debug)]
struct Entry<E> {
    key: Key,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    /// Reversed: the heap gives the greatest, we want the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

/// One queue for all events of a simulation.
#[derive(Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Entry<E>>,
    counts: BTreeMap<u32, u64>,
    now: SimTime,
    popped: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            counts: BTreeMap::new(),
            now: SimTime(0),
            popped: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Puts an event into the queue.
    ///
    /// # Panics
    /// If `at` is in the past.
    pub fn push(&mut self, at: SimTime, class: u8, source: u32, event: E) -> Key {
        assert!(
            at >= self.now,
            "an event at {at} cannot be planned at {}",
            self.now
        );
        let counter = self.counts.entry(source).or_insert(0);
        let key = Key {
            at,
            class,
            source,
            count: *counter,
        };
        *counter += 1;
        self.heap.push(Entry { key, event });
        key
    }

    /// Takes the first event, if it is not after `end`.
    pub fn pop_before(&mut self, end: SimTime) -> Option<(SimTime, E)> {
        if self.peek()? > end {
            return None;
        }
        let Entry { key, event } = self.heap.pop()?;
        self.now = key.at;
        self.popped += 1;
        Some((key.at, event))
    }

    /// When is the first event?
    pub fn peek(&self) -> Option<SimTime> {
        self.heap.peek().map(|entry| entry.key.at)
    }

    /// The time of the event taken last.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Lets time pass without an event, up to the first one.
    ///
    /// # Panics
    /// If an event would be passed over, or time would run backwards.
    pub fn advance(&mut self, to: SimTime) {
        assert!(
            to >= self.now && self.peek().is_none_or(|first| first >= to),
            "no event is passed over"
        );
        self.now = to;
    }

    /// Number of events waiting.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Is nothing waiting?
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Number of events taken so far: the work done.
    pub fn popped(&self) -> u64 {
        self.popped
    }

    /// Waiting events, in no order, for looking whether something is under way.
    pub fn waiting(&self) -> impl Iterator<Item = (SimTime, &E)> {
        self.heap.iter().map(|entry| (entry.key.at, &entry.event))
    }
}
