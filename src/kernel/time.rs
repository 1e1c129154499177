//! Integer time.

use std::fmt;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, as `origin_server_ts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(pub u64);

/// A span in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(pub u64);

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_millisecond(self.0.cast_signed()).map_err(|_| fmt::Error)?;
        write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}
