//! Measures, read from the journal and the final books; no protocol is known here.

mod books;
mod expect;
mod exposure;
mod federation;
mod files;
mod headline;
mod heard;
mod measure;
mod network;
mod personal;
mod recovery;
mod rows;
mod split;
mod stranded;
mod tally;
mod tapestry;
mod tenures;
mod views;
mod wishes;

pub use books::{Books, FileGaps, Holding, ItemLoss, Items, LossBooks, both, minus};
pub use expect::{Bound, Count, Expectation, Finding, Found};
pub use exposure::{Cause, Exposure, ExposureRow, ExposureStep, Unheeded};
pub use headline::{Better, HEADLINES, Headline, Run, Summary};
pub use heard::{Heard, Strikes};
pub use measure::{all_room_items, kind_name, measure, room_items};
pub use network::{Everybody, GroupRow, Network, NetworkRow, network};
pub use recovery::path_name;
pub use rows::{Counts, Dimension, Filter, ItemRow, Measures, RecoveryRow, ServerRow, StrandedRow};
pub use split::{RoomItems, State};
pub use stranded::{REASONS, stranded_reason};
pub use tally::messages;
pub use tapestry::TapestryRow;
pub use views::ViewRow;
