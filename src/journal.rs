//! What happened, as facts about ranges, and the numbers by which everything is named.

mod fact;
mod ids;

pub use fact::{Fact, Journal, Path, What, Why};
pub use ids::{EventNo, MediaId, RoomId, ServerId, UserId};
