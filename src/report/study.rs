//! The folder of a study: one row per run, what they say together, and how two points differ.
//!
//! `runs.csv` grows while the study runs, and every other table is made from it; nothing here keeps runs in memory.

mod columns;
mod compare;
mod error;
mod findings;
mod folder;
mod identity;
mod manifest;
mod rows;
mod stored;
mod words;

pub use compare::{Compared, Side, Values, compare};
pub use error::StudyError;
pub use findings::{Findings, Spot};
pub use folder::{Ended, StudyFolder};
pub use identity::KIND;
pub use manifest::Machine;
pub use stored::Stored;
pub use words::{compared, told};
