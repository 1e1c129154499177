//! Time, queue, randomness. The kernel knows nothing of servers.

mod time;

pub use time::{SimDuration, SimTime};
