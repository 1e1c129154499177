//! The event queue. The order of events is a value, not an arrival: (time, class, source, the source's own
//! counter), so it would survive threads.
//!
//! Events are large and stay where they are put, in a slab; what the heap moves about is their place in the
//! order, 24 bytes. Which heap was measured (ARCHITECTURE, decisions).

use std::cmp::Reverse;

use dary_heap::QuaternaryHeap;
use slab::Slab;

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

/// Bits of a packed key that hold the source.
const SOURCE_BITS: u32 = 22;
/// Bits of a packed key that hold the source's count.
const COUNT_BITS: u32 = 34;

impl Key {
    /// Class, source and count in one number that orders as they do.
    fn packed(self) -> u64 {
        u64::from(self.class) << (SOURCE_BITS + COUNT_BITS)
            | u64::from(self.source) << COUNT_BITS
            | self.count
    }
}

/// Where an event stands in the order and in the slab. No two have the same place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: SimTime,
    packed: u64,
    slot: u32,
}

/// One queue for all events of a simulation.
#[derive(Debug)]
pub struct Queue<E> {
    /// The heap gives the greatest, we want the earliest.
    heap: QuaternaryHeap<Reverse<Entry>>,
    events: Slab<E>,
    /// Events that each source has put into the queue so far.
    counts: Vec<u64>,
    now: SimTime,
    popped: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue {
            heap: QuaternaryHeap::new(),
            events: Slab::new(),
            counts: Vec::new(),
            now: SimTime(0),
            popped: 0,
        }
    }
}

impl<E> Queue<E> {
    /// Puts an event into the queue.
    ///
    /// # Panics
    /// If `at` is in the past, or there are more sources (4 million), events of one source (17 billion) or
    /// waiting events (4 billion) than the order has room for.
    pub fn push(&mut self, at: SimTime, class: u8, source: u32, event: E) -> Key {
        assert!(
            at >= self.now,
            "an event at {at} cannot be planned at {}",
            self.now
        );
        let count = self.count(source);
        let key = Key {
            at,
            class,
            source,
            count,
        };
        let slot = u32::try_from(self.events.insert(event)).expect("fewer than 2^32 events wait");
        self.heap.push(Reverse(Entry {
            at,
            packed: key.packed(),
            slot,
        }));
        key
    }

    /// The next number of a source's own counter.
    fn count(&mut self, source: u32) -> u64 {
        let index = source as usize;
        if index >= self.counts.len() {
            assert!(source < 1 << SOURCE_BITS, "{source} is no source");
            self.counts.resize(index + 1, 0);
        }
        let count = self.counts[index];
        assert!(
            count < 1 << COUNT_BITS,
            "source {source} has no more numbers"
        );
        self.counts[index] += 1;
        count
    }

    /// Takes the first event, if it is not after `end`.
    pub fn pop_before(&mut self, end: SimTime) -> Option<(SimTime, E)> {
        if self.peek()? > end {
            return None;
        }
        let Reverse(Entry { at, slot, .. }) = self.heap.pop()?;
        self.now = at;
        self.popped += 1;
        Some((at, self.events.remove(slot as usize)))
    }

    /// When is the first event?
    pub fn peek(&self) -> Option<SimTime> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
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
        self.heap
            .iter()
            .map(|Reverse(entry)| (entry.at, &self.events[entry.slot as usize]))
    }
}
