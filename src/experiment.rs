//! Studies: which runs there are, with which luck, and what many of them say together. Nothing here touches a file.

mod cohort;
mod crew;
mod guard;
mod pareto;
mod points;
mod ranking;
mod seeds;
mod statistics;

pub use cohort::{Cohort, Difference, Pairs};
pub use crew::{CrewError, WINDOW, work};
pub use guard::{guarded, keep_panics};
pub use pareto::{Offer, pareto};
pub use points::{Point, Points};
pub use ranking::{Ranked, rank};
pub use seeds::replica_seed;
pub use statistics::{Estimate, Interval, Moments, Sample, median, wilson};
