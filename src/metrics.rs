//! Measures, read from the journal and the final books; no protocol is known here.

mod books;
mod expect;
mod federation;
mod files;
mod measure;
mod personal;
mod recovery;
mod rows;
mod stranded;
mod tally;

pub use books::{Books, FileGaps, Holding, Items, LossBooks};
pub use expect::{Bound, Count, Expectation, Finding, Found};
pub use measure::measure;
pub use recovery::path_name;
pub use rows::{Counts, Dimension, Filter, ItemRow, Measures, RecoveryRow, ServerRow, StrandedRow};
pub use stranded::REASONS;
