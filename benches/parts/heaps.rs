//! Heaps of other crates, and a ladder of our own, behind the three calls that a comparison needs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dary_heap::DaryHeap;
use orx_priority_queue::{PriorityQueue, QuaternaryHeap};
use radix_heap::RadixHeapMap;

/// Time, the rest of the order in one number, and what is to be found there.
pub(crate) type Entry = (u64, u64, u32);

/// A queue of entries, the smallest first.
pub(crate) trait Heap: Default {
    fn push(&mut self, entry: Entry);
    fn pop(&mut self) -> Option<Entry>;
}

/// `std::collections::BinaryHeap`.
#[derive(Default)]
pub(crate) struct Std(BinaryHeap<Reverse<Entry>>);

impl Heap for Std {
    fn push(&mut self, entry: Entry) {
        self.0.push(Reverse(entry));
    }
    fn pop(&mut self) -> Option<Entry> {
        self.0.pop().map(|Reverse(entry)| entry)
    }
}

/// `dary_heap`, with so many children.
#[derive(Default)]
pub(crate) struct Dary<const D: usize>(DaryHeap<Reverse<Entry>, D>);

impl<const D: usize> Heap for Dary<D> {
    fn push(&mut self, entry: Entry) {
        self.0.push(Reverse(entry));
    }
    fn pop(&mut self) -> Option<Entry> {
        self.0.pop().map(|Reverse(entry)| entry)
    }
}

/// `orx-priority-queue`, with four children.
#[derive(Default)]
pub(crate) struct Orx(QuaternaryHeap<u32, (u64, u64)>);

impl Heap for Orx {
    fn push(&mut self, (at, packed, what): Entry) {
        self.0.push(what, (at, packed));
    }
    fn pop(&mut self) -> Option<Entry> {
        self.0.pop().map(|(what, (at, packed))| (at, packed, what))
    }
}

/// `radix-heap`. It refuses an entry before the one taken last: an arrival at the moment of a person's act
/// is one, so the simulator itself could not use it as it is.
#[derive(Default)]
pub(crate) struct Radix(RadixHeapMap<Reverse<u128>, u32>);

impl Heap for Radix {
    fn push(&mut self, (at, packed, what): Entry) {
        let key = u128::from(at) << 64 | u128::from(packed);
        self.0.push(Reverse(key), what);
    }
    fn pop(&mut self) -> Option<Entry> {
        let (Reverse(key), what) = self.0.pop()?;
        Some(((key >> 64) as u64, key as u64, what))
    }
}

/// A ladder queue: what is far away lies unsorted, in spans of time that are split when their turn comes;
/// only the next few dozen entries are sorted.
#[derive(Default)]
pub(crate) struct Ladder {
    /// Sorted, the next one last.
    near: Vec<Entry>,
    rungs: Vec<Rung>,
    /// From this time on, unsorted.
    far_from: u64,
    far: Vec<Entry>,
}

struct Rung {
    start: u64,
    width: u64,
    spans: Vec<Vec<Entry>>,
    next: usize,
}

/// A span of at most so many entries is sorted, a larger one is split.
const SORTED: usize = 48;

impl Rung {
    fn new(start: u64, length: u64, entries: Vec<Entry>) -> Self {
        let width = length / entries.len() as u64 + 1;
        let mut spans = vec![Vec::new(); (length / width + 1) as usize];
        for entry in entries {
            spans[((entry.0 - start) / width) as usize].push(entry);
        }
        Rung {
            start,
            width,
            spans,
            next: 0,
        }
    }

    /// The first moment of the spans that are still there.
    fn begin(&self) -> u64 {
        self.start + self.next as u64 * self.width
    }
}

impl Ladder {
    /// Brings the next span near. False: there is none.
    fn refill(&mut self) -> bool {
        loop {
            let Some(rung) = self.rungs.last_mut() else {
                let times = || self.far.iter().map(|entry| entry.0);
                let (Some(first), Some(last)) = (times().min(), times().max()) else {
                    return false;
                };
                let far = std::mem::take(&mut self.far);
                self.rungs.push(Rung::new(first, last - first, far));
                self.far_from = last + 1;
                continue;
            };
            let Some(skipped) = rung.spans[rung.next..].iter().position(|s| !s.is_empty()) else {
                self.rungs.pop();
                continue;
            };
            rung.next += skipped;
            let start = rung.begin();
            let mut span = std::mem::take(&mut rung.spans[rung.next]);
            rung.next += 1;
            if span.len() <= SORTED || rung.width == 1 {
                span.sort_unstable_by(|a, b| b.cmp(a));
                self.near = span;
                return true;
            }
            let length = rung.width - 1;
            self.rungs.push(Rung::new(start, length, span));
        }
    }
}

impl Heap for Ladder {
    fn push(&mut self, entry: Entry) {
        if entry.0 >= self.far_from {
            self.far.push(entry);
        } else if let Some(rung) = self.rungs.iter_mut().find(|rung| entry.0 >= rung.begin()) {
            let span = (entry.0 - rung.start) / rung.width;
            rung.spans[span as usize].push(entry);
        } else {
            let place = self.near.partition_point(|other| *other > entry);
            self.near.insert(place, entry);
        }
    }
    fn pop(&mut self) -> Option<Entry> {
        if self.near.is_empty() && !self.refill() {
            return None;
        }
        self.near.pop()
    }
}
