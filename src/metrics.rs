//! Measures, read from the journal and the final books; no protocol is known here.

mod expect;
mod rows;

pub use expect::{Bound, Count, Expectation, Finding, Found};
pub use rows::{Counts, Dimension, Filter, ItemRow, Measures, RecoveryRow, ServerRow, StrandedRow};
