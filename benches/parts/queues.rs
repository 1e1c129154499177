//! Whole event queues: ours, the one before it, and others that do the same work around another heap.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use fedheal::kernel::{Key, Queue, SimTime};
use slab::Slab;

use super::heaps::Heap;

/// What a comparison asks of an event queue.
pub(crate) trait Events<E>: Default {
    fn push(&mut self, at: SimTime, class: u8, source: u32, event: E);
    fn pop(&mut self) -> Option<(SimTime, E)>;
}

impl<E> Events<E> for Queue<E> {
    fn push(&mut self, at: SimTime, class: u8, source: u32, event: E) {
        Queue::push(self, at, class, source, event);
    }
    fn pop(&mut self) -> Option<(SimTime, E)> {
        self.pop_before(SimTime(u64::MAX))
    }
}

/// The queue before: events and all in the heap, counts in a map.
pub(crate) struct Before<E> {
    heap: BinaryHeap<Whole<E>>,
    counts: BTreeMap<u32, u64>,
}

struct Whole<E> {
    key: Key,
    event: E,
}

impl<E> PartialEq for Whole<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<E> Eq for Whole<E> {}
impl<E> PartialOrd for Whole<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Whole<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

impl<E> Default for Before<E> {
    fn default() -> Self {
        Before {
            heap: BinaryHeap::new(),
            counts: BTreeMap::new(),
        }
    }
}

impl<E> Events<E> for Before<E> {
    fn push(&mut self, at: SimTime, class: u8, source: u32, event: E) {
        let counter = self.counts.entry(source).or_insert(0);
        let key = Key {
            at,
            class,
            source,
            count: *counter,
        };
        *counter += 1;
        self.heap.push(Whole { key, event });
    }
    fn pop(&mut self) -> Option<(SimTime, E)> {
        self.heap.pop().map(|whole| (whole.key.at, whole.event))
    }
}

/// Events in a slab, as in ours, around any heap.
pub(crate) struct Around<H, E> {
    heap: H,
    events: Slab<E>,
    counts: Vec<u64>,
}

impl<H: Heap, E> Default for Around<H, E> {
    fn default() -> Self {
        Around {
            heap: H::default(),
            events: Slab::new(),
            counts: Vec::new(),
        }
    }
}

impl<H: Heap, E> Events<E> for Around<H, E> {
    fn push(&mut self, at: SimTime, class: u8, source: u32, event: E) {
        let index = source as usize;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        let packed = u64::from(class) << 56 | u64::from(source) << 34 | self.counts[index];
        self.counts[index] += 1;
        let slot = self.events.insert(event);
        self.heap.push((at.0, packed, slot as u32));
    }
    fn pop(&mut self) -> Option<(SimTime, E)> {
        let (at, _, slot) = self.heap.pop()?;
        Some((SimTime(at), self.events.remove(slot as usize)))
    }
}

/// A heap without a slab: the event is a number and stands in the entry.
#[derive(Default)]
pub(crate) struct Alone<H> {
    heap: H,
    pushed: u64,
}

impl<H: Heap> Events<u32> for Alone<H> {
    fn push(&mut self, at: SimTime, class: u8, _: u32, event: u32) {
        let packed = u64::from(class) << 56 | self.pushed;
        self.pushed += 1;
        self.heap.push((at.0, packed, event));
    }
    fn pop(&mut self) -> Option<(SimTime, u32)> {
        let (at, _, event) = self.heap.pop()?;
        Some((SimTime(at), event))
    }
}
