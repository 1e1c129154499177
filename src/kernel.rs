//! Time, queue, randomness. The kernel knows nothing of servers, messages or Matrix; it could simulate a
//! post office.

mod distributions;
mod queue;
mod streams;
mod time;

pub use distributions::Permutation;
pub use queue::{Key, Queue};
pub use streams::{Purpose, Stream, Streams};
pub use time::{ParseTimeError, SimDuration, SimTime};
