//! Rooms as shared logs: numbered items, their parents and times, and the traffic that nobody scripted.
//!
//! The log is what the items *are* (the same everywhere, as an event id fixes its content); who holds
//! which of them stands in each server's own books.

mod deletions;
mod log;
mod pdu;
mod state;
mod times;
mod traffic;

pub use deletions::Deletions;
pub use log::{Grounds, People, Piece, Present, RoomLog, Wishes};
pub use pdu::{Body, Membership, Pdu, PowerLevels, Profile};
pub use state::{StateKey, StateMap, changed_keys};
pub use times::Times;
pub use traffic::{Day, Speakers, Traffic, TrafficRef};
