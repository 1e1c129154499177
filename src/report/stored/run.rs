//! All tables of a run but its journal, in memory.

use super::super::exposure::{Exposed, Step};
use super::super::manifest::{Manifest, Story};
use super::super::tables::{Expect, Item, Measure, Recovery, Server, Stranded, Tapestry};
use super::super::terminal::thousands;
use super::{Stored, StoredError};

/// What the tables of a run say.
#[derive(Debug)]
pub(in crate::report) struct RunTables {
    pub(in crate::report) manifest: Manifest,
    pub(in crate::report) measures: Vec<Measure<'static>>,
    pub(in crate::report) items: Vec<Item<'static>>,
    pub(in crate::report) recovery: Vec<Recovery<'static>>,
    pub(in crate::report) servers: Vec<Server<'static>>,
    pub(in crate::report) stranded: Vec<Stranded<'static>>,
    pub(in crate::report) tapestry: Vec<Tapestry<'static>>,
    pub(in crate::report) exposure: Vec<Exposed<'static>>,
    pub(in crate::report) over_time: Vec<Step<'static>>,
    pub(in crate::report) expect: Vec<Expect<'static>>,
}

impl RunTables {
    /// Reads them.
    ///
    /// # Errors
    /// If one is missing, or if a row cannot be read.
    pub(in crate::report) fn read(stored: &Stored) -> Result<RunTables, StoredError> {
        let tables = stored.tables();
        Ok(RunTables {
            manifest: stored.manifest().clone(),
            measures: tables.rows("measures.csv")?,
            items: tables.rows("items.csv")?,
            recovery: tables.rows("recovery.csv")?,
            servers: tables.rows("servers.csv")?,
            stranded: tables.rows("stranded.csv")?,
            tapestry: tables.rows("tapestry.csv")?,
            exposure: tables.rows("exposure.csv")?,
            over_time: tables.rows("exposure_over_time.csv")?,
            expect: tables.rows("expect.csv")?,
        })
    }

    /// What the tables are about.
    pub(in crate::report) fn story(&self) -> &Story {
        &self.manifest.story
    }

    /// The sum of a number of `items.csv` over all rows of a class.
    pub(in crate::report) fn sum(&self, class: &str, number: impl Fn(&Item<'_>) -> u64) -> u64 {
        let rows = self.items.iter().filter(|row| row.class == class);
        rows.map(number).sum()
    }

    /// The end of every caption: how many of what, and which run.
    pub(in crate::report) fn n(&self, number: u64, of: &str) -> String {
        format!(
            "n = {} {of}. One run, seed {}, so there is no interval: a sweep gives one. fedheal {}.",
            thousands(number),
            self.manifest.seed,
            env!("CARGO_PKG_VERSION")
        )
    }
}
