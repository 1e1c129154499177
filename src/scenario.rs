//! Scenario files: as written, checked, and turned into a world.
//!
//! `text` reads the file and puts overrides over it; `file`, `deed`, `trouble`, `play`, `policy`, `rates` and
//! `population` are what may stand in it; `mend` reads it past its mistakes; `validate` checks across fields and `limits`
//! each number; `build` makes the world, and `luck` draws faults for it; `central` checks and adds what
//! only a central service has. `sweep` is what a file says of a study, `axes` and `range` what its points put over the
//! scenario, and `study` the whole of it.

mod actions;
mod axes;
mod build;
mod central;
mod deed;
mod error;
mod federation;
mod file;
mod findings;
mod limits;
mod luck;
mod mend;
mod names;
mod overlay;
mod plan;
mod play;
mod plays;
mod policy;
mod population;
mod range;
mod rates;
mod schema;
mod strikes;
mod study;
mod sweep;
mod text;
mod trouble;
mod validate;
mod value;

use std::collections::BTreeMap;
use std::path::Path;

use crate::journal::ServerId;
use crate::metrics::Expectation;
use crate::protocol::central::Rules as CentralRules;
use crate::protocol::matrix::Rules;
use crate::script::Script;
use crate::world::{Census, World};

pub use axes::{Axis, Level, Settings, Stretch};
pub use error::{Problem, ScenarioError, nearest};
pub use plan::{Frontier, Hypercube, Ranking};
pub use range::{Range, Span};
pub use schema::schema;
pub use study::{Draft, Study, load_study};

/// A scenario that has been read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// File name without ending; names the result folder.
    pub name: String,
    /// One line.
    pub title: String,
    /// The world that it describes.
    pub world: World,
    /// The steps to be played in it, if it is played by a script. The world's end is then the script's, and
    /// known when it has been played.
    pub script: Option<Script>,
    /// All people of a drawn federation, whether they are simulated or only counted.
    pub census: Option<Census>,
    /// The server whose losses are measured.
    pub measured: ServerId,
    /// The rules of the central service, if the world is kept by one: its last server is the operator.
    pub central: Option<CentralRules>,
    /// What must be found.
    pub expect: Vec<Expectation>,
    /// How many expectations are of another protocol.
    pub not_asked: usize,
    /// The file with all defaults filled in, as TOML.
    pub resolved: String,
}

impl Scenario {
    /// Users of each server, whether they are simulated or only counted.
    pub fn users_of_servers(&self) -> Vec<u64> {
        let mut users = vec![0; self.world.servers.len()];
        for user in &self.world.users {
            users[user.server.index()] += 1;
        }
        let counted = self.census.iter().flat_map(|census| &census.users);
        for (server, number) in counted {
            users[server.index()] = *number;
        }
        users
    }
}

/// Reads and checks a scenario. Each pair of `set` puts a value over what the file says, by its dotted
/// key (`people.page`, `room.0.kind`): a TOML value, or else a plain string. `seed` goes before both.
///
/// # Errors
/// If the file cannot be read, or is wrong in any place; all wrong places are told of at once.
pub fn load(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> Result<Scenario, ScenarioError> {
    let seed = seed.map(|seed| ("seed".to_owned(), seed.to_string()));
    let set: Vec<_> = set.iter().cloned().chain(seed).collect();
    let text = text::Text::read(path, &set)?;
    let mut problems = error::Problems::new(&text);
    let scenario = interpret(&text, stem(path), &mut problems);
    problems.finish(path)?;
    Ok(scenario.expect("what could not be interpreted has a problem"))
}

/// The file name without ending.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn interpret(
    text: &text::Text,
    name: String,
    problems: &mut error::Problems<'_>,
) -> Option<Scenario> {
    let (mut file, places) = read(text, problems)?;
    if let Some(sweep) = &file.sweep {
        plan::check(sweep, problems);
    }
    let mut scenario = build::build(&file, *file.seed, name, &places, problems);
    if !file.policy.is_empty() {
        // Read again, what the policies made of a server's rules is its own.
        let rules: BTreeMap<&str, &Rules> = (scenario.world.servers.iter())
            .map(|server| (server.name.as_str(), &server.rules))
            .collect();
        for server in &mut file.server {
            if let Some(made) = rules.get(server.name.as_str()) {
                server.rules = (*made).clone();
            }
        }
    }
    scenario.resolved = resolved(&file, problems);
    Some(scenario)
}

/// Reads and checks the file as far as that is possible without building a world; also where every key stands.
fn read(
    text: &text::Text,
    problems: &mut error::Problems<'_>,
) -> Option<(file::File, limits::Places)> {
    let root = text.parse(problems)?;
    if !problems.is_empty() {
        return None;
    }
    let places = overlay::places(root.get_ref());
    let mend::Mended { mut file, whole } = mend::read(root, problems)?;
    policy::note_keys(&mut file.policy, &places);
    if let (Some(base), false) = (&file.base, text.has_base()) {
        let help = "write `base` into the file";
        problems.add(base.span(), "only a file can name its base", "here", help);
    }
    validate::check(&file, whole, &places, problems);
    // If not whole, a name may be unknown only because what declares it could not be read.
    whole.then_some((file, places))
}

/// The file as it was understood, with all defaults.
fn resolved(file: &file::File, problems: &mut error::Problems<'_>) -> String {
    if !problems.is_empty() {
        return String::new();
    }
    toml::to_string(file).unwrap_or_else(|error| {
        problems.add(0..0, error.to_string(), "", "");
        String::new()
    })
}
