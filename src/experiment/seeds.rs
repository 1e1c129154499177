//! The luck of a replica.

use crate::kernel::{Purpose, Streams};

const REPLICAS: Purpose = Purpose::new("experiment.replicas");
/// Seeds lie below: every spreadsheet, JSON reader and TOML reader keeps such a number whole.
const BELOW: u64 = 1 << 53;

/// The seed of a replica, counted from 1. It depends on the study's seed and the replica alone, so that all points of a
/// study meet the same worlds (common random numbers); and no two replicas of a study share one.
pub fn replica_seed(study: u64, replica: u32) -> u64 {
    let first = Streams::new(study).stream(REPLICAS, 0, 0).below(BELOW);
    (first + u64::from(replica)) % BELOW
}
