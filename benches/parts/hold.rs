//! The hold model (PHOLD): take the first event, put one back after a random delay, for ever. The number of
//! events that wait stays the same.

use std::marker::PhantomData;

use fedheal::kernel::{Purpose, SimDuration, SimTime, Stream, Streams};

use super::queues::Events;

/// Delays are drawn beforehand, so that it is the queue that is measured.
const DELAYS: usize = 1 << 14;

/// When an event is due, and in which class it is then.
pub(crate) type Draw = (SimDuration, u8);

/// Classic PHOLD: exponential, with a mean of a day.
pub(crate) fn exponential(stream: &mut Stream) -> Draw {
    (stream.exponential(SimDuration::days(1)) + SimDuration(1), 2)
}

/// The simulator's own mix, as it was counted in the incident, a gap fill, a restore and a federation out of
/// step: most events are answers that arrive at the same moment, some are retries and timers, and the people
/// who speak and read next are hours or days away.
pub(crate) fn simulator(stream: &mut Stream) -> Draw {
    let spread = |stream: &mut Stream, from: SimDuration, decades: u64| {
        let scale = (0..stream.below(decades)).fold(1, |scale, _| scale * 10);
        stream.uniform(from * scale, from * (10 * scale))
    };
    match stream.below(100) {
        0..50 => (SimDuration::ZERO, 1),
        50..65 => (SimDuration::millis(50), 1),
        65..80 => (spread(stream, SimDuration::seconds(10), 2), 2),
        _ => (spread(stream, SimDuration::minutes(2), 4), 3),
    }
}

/// An event that knows whose it is.
pub(crate) trait Load {
    fn of(process: u32) -> Self;
    fn process(&self) -> u32;
}

impl Load for u32 {
    fn of(process: u32) -> Self {
        process
    }
    fn process(&self) -> u32 {
        *self
    }
}

/// As large as the simulator's own events.
pub(crate) struct Large([u32; 2 * WORDS]);

/// Words of `simulation::Event`.
const WORDS: usize = 8;

impl Load for Large {
    fn of(process: u32) -> Self {
        Large([process; 2 * WORDS])
    }
    fn process(&self) -> u32 {
        self.0[0]
    }
}

/// A small generator: which process is next, and which of the delays (SplitMix64; Steele, Lea and Flood 2014).
struct Mixer(u64);

impl Mixer {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A queue in which a number of events always waits.
pub(crate) struct Hold<Q, E> {
    queue: Q,
    draws: Vec<Draw>,
    mixer: Mixer,
    processes: u64,
    events: PhantomData<E>,
}

impl<E: Load, Q: Events<E>> Hold<Q, E> {
    /// So many events wait, sixteen for each process, after delays that `draw` gives.
    pub(crate) fn new(pending: u64, draw: fn(&mut Stream) -> Draw) -> Self {
        let mut stream = Streams::new(1).stream(Purpose::new("bench.hold"), 0, 0);
        let mut hold = Hold {
            queue: Q::default(),
            draws: (0..DELAYS).map(|_| draw(&mut stream)).collect(),
            mixer: Mixer(7),
            processes: pending.div_ceil(16),
            events: PhantomData,
        };
        for _ in 0..pending {
            hold.plan(SimTime(0));
        }
        // Until the times that are left to wait have their lasting distribution.
        hold.run(2 * pending);
        hold
    }

    fn plan(&mut self, now: SimTime) {
        let bits = self.mixer.next();
        let process = (((bits >> 32) * self.processes) >> 32) as u32;
        let (delay, class) = self.draws[bits as usize % DELAYS];
        self.queue.push(now + delay, class, process, E::of(process));
    }

    /// Takes and puts back so many events. Equal checksums mean an equal order.
    pub(crate) fn run(&mut self, events: u64) -> u64 {
        let mut checksum = 0_u64;
        for _ in 0..events {
            let (now, event) = self.queue.pop().expect("as many come as go");
            checksum = checksum.rotate_left(5) ^ now.0 ^ u64::from(event.process());
            self.plan(now);
        }
        checksum
    }
}
