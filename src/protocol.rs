//! Deciders: each sees one server's own books, a clock value and one cue, and answers with effects.

pub mod matrix;
