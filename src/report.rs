//! Result folders: tables, the figure, the manifest; and the summary for the terminal.
//!
//! A folder holds everything that a run has to say, and what is needed to run it again. Every number of
//! the figure stands in a table, every column of a table in `data_dictionary.csv`, every file's checksum
//! in `manifest.json`. Same scenario, seed and version: the same bytes, but for the manifest's `build`.

mod decimal;
mod describe;
mod dictionary;
mod exposure;
mod facts;
mod figure;
mod manifest;
mod names;
mod network;
mod page;
mod replay;
mod sentences;
mod stored;
pub mod study;
mod tables;
mod terminal;
mod write;

pub use describe::{describe, memory_needed};
pub use dictionary::{Column, DICTIONARY};
pub use facts::{FactRow, Keep, fact_row};
pub use figure::TooLarge;
pub use manifest::{Manifest, Story};
pub use names::Names;
pub use page::renew;
pub use replay::{ReplayError, diagram_png, diagram_svg, replay, replay_while};
pub use sentences::{sentences, stopped, wrapped};
pub use stored::{Opened, Stored, StoredError, StoredStudy};
pub use tables::Table;
pub use terminal::{misses, summary};
pub use write::WriteError;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use facts::FactsFile;
use manifest::MANIFEST;
use page::PAGE;
use stored::RunTables;

use crate::journal::Fact;
use crate::metrics::{Measures, Network, Run};
use crate::scenario::Scenario;
use crate::world::World;

/// What came of one run, besides its journal.
#[derive(Debug)]
pub struct Written<'a> {
    /// What was measured.
    pub measures: &'a Measures,
    /// What was measured of all servers.
    pub network: &'a Network,
    /// Of a script: its answers and measurements, in the format of recordings.
    pub recording: Option<&'a str>,
    /// Was the scenario played to its end? If not, its world's end is the last moment that was played.
    pub complete: bool,
}

/// The result folder of one run in the making: the journal goes into it while the run goes on, everything else at the
/// end. It appears whole or not at all; dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct Results {
    staging: write::Staging,
    journal: Keep,
    facts: Option<FactsFile>,
    failed: Option<io::Error>,
}

impl Results {
    /// Begins a folder.
    pub fn begin(folder: &Path, journal: Keep) -> Result<Results, WriteError> {
        let staging = write::Staging::beside(folder)?;
        let facts = match journal {
            Keep::None => None,
            Keep::Ranges | Keep::Full => {
                let file = staging.open(FactsFile::NAME)?;
                let facts = FactsFile::begin(file, journal);
                Some(facts.map_err(staging.failed(FactsFile::NAME))?)
            }
        };
        Ok(Results {
            staging,
            journal,
            facts,
            failed: None,
        })
    }

    /// The hidden folder in which the results are made, for whoever must end without them.
    pub fn hidden(&self) -> &Path {
        self.staging.hidden()
    }

    /// Writes a fact of the journal; facts arrive in order of time. `Break` says that there is no use in going on:
    /// `end_journal` will say why.
    pub fn note(&mut self, world: &World, fact: &Fact) -> ControlFlow<()> {
        if let (Some(facts), None) = (&mut self.facts, &self.failed) {
            self.failed = facts.write(Names::new(world), fact).err();
        }
        match self.failed {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// Ends the journal, and says whether it found its place: asked before the measuring, which takes its time.
    pub fn end_journal(&mut self, world: &World) -> Result<(), WriteError> {
        let name = FactsFile::NAME;
        if let Some(cause) = self.failed.take() {
            return Err(self.staging.failed(name)(cause));
        }
        match self.facts.take() {
            None => Ok(()),
            Some(facts) => {
                let file = facts.end(Names::new(world));
                self.staging
                    .close(name, file.map_err(self.staging.failed(name))?)
            }
        }
    }

    /// Writes everything else and puts the folder into its place: beside it, under another name, if the run is not
    /// complete. `command` is what a person types to repeat the run; it goes into the manifest. Answers with the place.
    pub fn publish(
        mut self,
        scenario: &Scenario,
        written: &Written<'_>,
        command: &str,
    ) -> Result<PathBuf, WriteError> {
        self.end_journal(&scenario.world)?;
        let mut staging = self.staging;
        if !written.complete {
            staging.make_partial()?;
        }
        let measures = written.measures;
        staging.file("scenario.toml", |out| {
            out.write_all(scenario.resolved.as_bytes())
        })?;
        let run = Run {
            measures,
            network: written.network,
            expect: &scenario.expect,
        };
        staging.table(tables::measures(&run))?;
        staging.table(tables::items(measures))?;
        staging.table(tables::recovery(measures))?;
        staging.table(tables::servers(measures))?;
        staging.table(tables::stranded(measures))?;
        staging.table(tables::tapestry(measures))?;
        staging.table(network::items(written.network))?;
        staging.table(network::groups(written.network))?;
        staging.table(exposure::exposure(written.network))?;
        staging.table(exposure::over_time(written.network))?;
        staging.table(exposure::views(written.network))?;
        staging.table(tables::expect(scenario, measures))?;
        let unwritten = (self.journal == Keep::None).then_some(FactsFile::NAME);
        staging.table(dictionary::rows(unwritten))?;
        if let Some(recording) = written.recording {
            staging.file("recording.json", |out| out.write_all(recording.as_bytes()))?;
        }
        let kept = (self.journal, written.complete);
        let mut manifest = Manifest::new(scenario, measures, command, kept);
        let page = match written.complete {
            true => Some(draw(&mut staging, &manifest)?),
            // A page or figure may be looked at without its folder, and would be taken for the whole.
            false => None,
        };
        manifest.files_sha256 = staging.checksums();
        staging.file(MANIFEST, |out| manifest.write(out))?;
        if let Some(page) = page {
            staging.file(PAGE, |out| out.write_all(page.as_bytes()))?;
        }
        staging.publish()
    }
}

/// Draws what stands beside the tables, from the tables as they stand there; answers with the page.
fn draw(staging: &mut write::Staging, manifest: &Manifest) -> Result<String, WriteError> {
    let stored = Stored::just_written(&staging.new_folder(), manifest.clone());
    let run = RunTables::read(&stored);
    let run = run.map_err(|error| staging.failed(PAGE)(io::Error::other(error)))?;
    for (name, drawing) in [
        ("recovery.svg", figure::recovery(&run)),
        ("tapestry.svg", figure::tapestry(&run)),
    ] {
        staging.file(name, |out| out.write_all(drawing.file().as_bytes()))?;
    }
    Ok(page::of_run(&run))
}
