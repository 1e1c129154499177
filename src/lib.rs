//! What does a federation give back?
//!
//! `fedheal` simulates federated networks event by event where something is wrong, and as counts and
//! ranges where nothing is. The modules below stand in the order of their shelves: each imports only from
//! those above it (`tests/it/tidy.rs` checks that). Start at [`simulation`], whose `run` is the main loop.

pub mod kernel;

pub mod journal;

pub mod faults;
pub mod workload;

pub mod room;
pub mod script;

pub mod metrics;
pub mod protocol;

pub mod world;

pub mod scenario;
pub mod verify;

pub mod simulation;

pub mod experiment;

pub mod explain;

#[cfg(unix)]
pub mod record;
pub mod report;

pub mod view;

pub mod cli;
