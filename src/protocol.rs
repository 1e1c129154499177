//! Deciders: each sees one node's own books, a clock value and one cue, and answers with effects.

pub mod central;
pub mod matrix;
