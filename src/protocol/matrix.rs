//! Matrix as Synapse does it.

mod rules;

pub use rules::Rules;
