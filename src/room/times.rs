//! When a day's drawn messages are made, worked out no further than somebody looks.
//!
//! The times of a quiet day are drawn together. A busy day is halved again and again: how many messages fall into each half
//! is drawn, until a span has few, whose times are drawn. A look at one message goes down to its span alone, so it takes
//! little longer if the day has ten times the messages.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::kernel::{Purpose, SimDuration, SimTime, Streams};

use super::Traffic;

const QUIET: Purpose = Purpose::new("traffic.times");
const HALVES: Purpose = Purpose::new("traffic.halves");
const IN_SPAN: Purpose = Purpose::new("traffic.span");
const MILLIS_PER_DAY: u32 = 86_400_000;
/// Above so many messages a day is busy. About there, halving begins to be quicker.
const MOST_ON_A_QUIET_DAY: u32 = 700;
/// Up to so many messages, a span of a busy day is not halved.
const MOST_IN_A_SPAN: u32 = 32;

/// The times of a day's drawn messages, by their number.
#[derive(Debug)]
pub struct Times {
    midnight: SimTime,
    count: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Milliseconds since midnight, in order.
    Quiet(Vec<u32>),
    Busy(Halved),
}

/// The messages of a busy day, as far as somebody looked.
#[derive(Debug)]
struct Halved {
    streams: Streams,
    room: u64,
    day: u32,
    /// Spans by their place in the tree of halves: the whole day is 1, the halves of `n` are `2n` and `2n + 1`.
    known: RefCell<BTreeMap<u32, Known>>,
    /// The span at which somebody looked last: the next look is mostly at the same.
    last: RefCell<Option<Span>>,
}

/// A span that is not halved.
#[derive(Debug, Clone)]
struct Span {
    /// The number of its first message.
    first: u32,
    /// Milliseconds since midnight.
    whole: Range<u32>,
    /// Those of its messages, in order.
    millis: Rc<[u32]>,
}

#[derive(Debug, Clone)]
enum Known {
    /// How many messages are in the first half.
    Halves(u32),
    /// Milliseconds since midnight, in order.
    Millis(Rc<[u32]>),
}

impl Traffic {
    /// The times of a day's `count` messages: independent, each at any moment of the day.
    pub fn times(&self, streams: &Streams, day: u32, count: u32) -> Times {
        let room = u64::from(self.room.0);
        let kind = if count > MOST_ON_A_QUIET_DAY {
            Kind::Busy(Halved {
                streams: *streams,
                room,
                day,
                known: RefCell::default(),
                last: RefCell::default(),
            })
        } else {
            let mut stream = streams.stream(QUIET, room, u64::from(day));
            let moments = (0..count).map(|_| stream.below(u64::from(MILLIS_PER_DAY)) as u32);
            let mut millis: Vec<u32> = moments.collect();
            millis.sort_unstable();
            Kind::Quiet(millis)
        };
        Times {
            midnight: SimTime::of_day(u64::from(day)),
            count,
            kind,
        }
    }
}

impl Times {
    /// Messages of the day.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// When a message is made; none if the day has no such number.
    pub fn get(&self, number: u32) -> Option<SimTime> {
        (number < self.count).then(|| self.at(number))
    }

    /// When a message is made.
    ///
    /// # Panics
    /// If the day has no such number.
    pub fn at(&self, number: u32) -> SimTime {
        assert!(number < self.count, "the day has {} messages", self.count);
        let millis = match &self.kind {
            Kind::Quiet(millis) => millis[number as usize],
            Kind::Busy(halved) => {
                let is_in = |span: &Span| {
                    (span.first..span.first + span.millis.len() as u32).contains(&number)
                };
                let is_in_first = |second: u32, _| number < second;
                let span = halved.span(self.count, is_in, is_in_first);
                span.millis[(number - span.first) as usize]
            }
        };
        self.midnight + SimDuration(u64::from(millis))
    }

    /// How many of the day's messages are made before a moment.
    pub fn before(&self, moment: SimTime) -> u32 {
        let passed = moment.since(self.midnight).0;
        if passed >= u64::from(MILLIS_PER_DAY) {
            return self.count;
        }
        let passed = passed as u32;
        let made = |millis: &[u32]| millis.partition_point(|of| *of < passed) as u32;
        match &self.kind {
            Kind::Quiet(millis) => made(millis),
            Kind::Busy(halved) => {
                let is_in = |span: &Span| span.whole.contains(&passed);
                let span = halved.span(self.count, is_in, |_, middle| passed < middle);
                span.first + made(&span.millis)
            }
        }
    }
}

impl Halved {
    /// The span in which something is. If it is not the last one, it is gone down to: of two halves, `is_in_first` is told
    /// which number and which millisecond the second one begins with.
    fn span(
        &self,
        count: u32,
        is_in: impl Fn(&Span) -> bool,
        is_in_first: impl Fn(u32, u32) -> bool,
    ) -> Span {
        let last = &mut *self.last.borrow_mut();
        match last {
            Some(span) if is_in(span) => span.clone(),
            _ => last.insert(self.go_down(count, is_in_first)).clone(),
        }
    }

    fn go_down(&self, count: u32, is_in_first: impl Fn(u32, u32) -> bool) -> Span {
        let (mut place, mut first, mut count) = (1, 0, count);
        let mut span = 0..MILLIS_PER_DAY;
        loop {
            let known = self.known.borrow().get(&place).cloned();
            let known = known.unwrap_or_else(|| {
                let drawn = self.draw(place, count, &span);
                self.known.borrow_mut().insert(place, drawn.clone());
                drawn
            });
            match known {
                Known::Millis(millis) => {
                    return Span {
                        first,
                        whole: span,
                        millis,
                    };
                }
                Known::Halves(in_first) => {
                    let middle = middle(&span);
                    if is_in_first(first + in_first, middle) {
                        (place, count, span.end) = (2 * place, in_first, middle);
                    } else {
                        (place, count, span.start) = (2 * place + 1, count - in_first, middle);
                        first += in_first;
                    }
                }
            }
        }
    }

    fn draw(&self, place: u32, count: u32, span: &Range<u32>) -> Known {
        let number = (u64::from(self.day) << 32) | u64::from(place);
        let length = span.end - span.start;
        if count > MOST_IN_A_SPAN && length > 1 {
            let mut stream = self.streams.stream(HALVES, self.room, number);
            let share = f64::from(middle(span) - span.start) / f64::from(length);
            return Known::Halves(stream.binomial(u64::from(count), share) as u32);
        }
        let mut stream = self.streams.stream(IN_SPAN, self.room, number);
        let moments = (0..count).map(|_| span.start + stream.below(u64::from(length)) as u32);
        let mut millis: Vec<u32> = moments.collect();
        millis.sort_unstable();
        Known::Millis(millis.into())
    }
}

fn middle(span: &Range<u32>) -> u32 {
    span.start + (span.end - span.start) / 2
}
