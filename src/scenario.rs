//! Scenario files: as written, checked, and turned into a world.

mod error;
mod events;
mod expect;
mod file;
mod load;
mod names;
mod population;
mod validate;

use crate::journal::ServerId;
use crate::metrics::Expectation;
use crate::world::World;

pub use error::{Problem, ScenarioError};
pub use load::{load, schema};

/// A scenario that has been read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// File name without ending; names the result folder.
    pub name: String,
    /// One line.
    pub title: String,
    /// The world that it describes.
    pub world: World,
    /// The server whose losses are measured.
    pub measured: ServerId,
    /// What must be found.
    pub expect: Vec<Expectation>,
    /// The file with all defaults filled in, as TOML.
    pub resolved: String,
}
