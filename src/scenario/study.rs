//! A study as a whole: the scenario that it varies, its axes, and what is asked of its results.

use std::path::{Path, PathBuf};

use super::axes::{Axis, Settings};
use super::error::{Problems, ScenarioError};
use super::file::File;
use super::limits::Places;
use super::plan::{Frontier, Hypercube, Ranking, Understood, check};
use super::sweep::Sweep;
use super::text::Text;
use super::value::Here;
use super::{Scenario, build, interpret, read, stem};

/// A scenario, and what many runs change of it.
pub struct Study {
    /// File name without ending; names the result folder.
    pub name: String,
    /// One line.
    pub title: String,
    /// The seed of the study, on which those of all replicas depend.
    pub seed: u64,
    /// Runs of each point.
    pub replicas: u32,
    /// Dimensions of the grid.
    pub axes: Vec<Axis>,
    /// Points over many keys at once.
    pub hypercube: Option<Hypercube>,
    /// Which points are beaten by none?
    pub frontier: Option<Frontier>,
    /// Which level changes a measure most?
    pub ranking: Option<Ranking>,
    /// The study in one file, with its base in it.
    pub in_one: toml::Table,
    path: PathBuf,
    text: Text,
}

impl std::fmt::Debug for Study {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Study")
            .field("path", &self.path)
            .field("seed", &self.seed)
            .field("replicas", &self.replicas)
            .field("axes", &self.axes)
            .finish_non_exhaustive()
    }
}

/// Reads and checks a study, with `set` and `seed` put over the scenario as in [`super::load`]. A scenario without a
/// `[sweep]` is a study with one point.
///
/// # Errors
/// If the file cannot be read or is wrong in any place, also at a level of an axis.
pub fn load_study(
    path: &Path,
    set: &[(String, String)],
    seed: Option<u64>,
) -> Result<Study, ScenarioError> {
    let seed = seed.map(|seed| ("seed".to_owned(), seed.to_string()));
    let set: Vec<_> = set.iter().cloned().chain(seed).collect();
    let text = Text::read(path, &set)?;
    let mut problems = Problems::new(&text);
    let scenario = interpret(&text, stem(path), &mut problems);
    let file = read(&text, &mut Problems::new(&text)).map(|(file, _)| file);
    let file = file.filter(|_| problems.is_empty());
    let in_one = text.in_one(&mut Problems::new(&text));
    let study = file
        .zip(in_one)
        .zip(scenario)
        .map(|((file, in_one), scenario)| {
            let plan = file.sweep.as_ref();
            let understood = plan.map(|sweep| check(sweep, &mut Problems::new(&text)));
            let understood = understood.unwrap_or_default();
            if let Some(sweep) = plan {
                try_levels(&text, sweep, &understood, &mut problems);
            }
            (
                scenario,
                plan.map_or(30, |sweep| *sweep.replicas),
                understood,
                in_one,
            )
        });
    problems.finish(path)?;
    let (scenario, replicas, understood, in_one) =
        study.expect("what could not be interpreted has a problem");
    Ok(Study {
        name: scenario.name,
        title: scenario.title,
        seed: scenario.world.seed,
        replicas,
        axes: understood.axes,
        hypercube: understood.hypercube,
        frontier: understood.frontier,
        ranking: understood.ranking,
        in_one,
        path: path.to_owned(),
        text,
    })
}

impl Study {
    /// The scenario with these values put over it, but for its luck.
    ///
    /// # Errors
    /// If they do not go together.
    pub fn draft(&self, set: &Settings) -> Result<Draft, ScenarioError> {
        let text = self.text.with("[sweep]", set);
        let mut problems = Problems::new(&text);
        let read = read(&text, &mut problems);
        problems.finish(&self.path)?;
        let (file, places) = read.expect("what could not be read has a problem");
        Ok(Draft {
            file,
            places,
            text,
            path: self.path.clone(),
        })
    }
}

/// A scenario that was read once, for many seeds.
pub struct Draft {
    file: File,
    places: Places,
    text: Text,
    path: PathBuf,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Draft {
    /// The scenario with the luck of this seed. Its resolved text is left out.
    ///
    /// # Errors
    /// If no world can be made of it.
    pub fn scenario(&self, seed: u64) -> Result<Scenario, ScenarioError> {
        let mut problems = Problems::new(&self.text);
        let scenario = build::build(
            &self.file,
            seed,
            stem(&self.path),
            &self.places,
            &mut problems,
        );
        problems.finish(&self.path)?;
        Ok(scenario)
    }
}

/// Puts every listed level, and the ends of every range, over the scenario by itself: so a wrong key or value is told
/// of before anything runs, at its place in the file.
fn try_levels(text: &Text, sweep: &Sweep, understood: &Understood, problems: &mut Problems<'_>) {
    for (written, axis) in std::iter::zip(&sweep.axis, &understood.axes) {
        let whole = written.name.as_ref().or(written.key.as_ref());
        let whole = whole.map_or(0..0, Here::span);
        let key = written.key.as_ref().map_or(whole, Here::span);
        let listed = written.from.is_none();
        let numbers: Vec<u64> = match listed {
            true => (0..axis.count()).collect(),
            false => vec![0, axis.count() - 1],
        };
        for number in numbers {
            let span = match &written.levels {
                Some(levels) => levels[number as usize].name.span(),
                None => key.clone(),
            };
            let level = axis.level(number);
            if refused(text, &level.set, &level.name, span, problems) && written.levels.is_none() {
                break;
            }
        }
    }
    let (Some(written), Some(cube)) = (&sweep.hypercube, &understood.hypercube) else {
        return;
    };
    for (range, stretch) in std::iter::zip(&written.range, &cube.stretches) {
        for end in [0, 1] {
            let level = stretch.level(end, 1);
            if refused(text, &level.set, &level.name, range.key.span(), problems) {
                break;
            }
        }
    }
}

/// Does the scenario refuse these values? Then says so where they stand.
fn refused(
    text: &Text,
    set: &Settings,
    name: &str,
    span: std::ops::Range<usize>,
    problems: &mut Problems<'_>,
) -> bool {
    let over = text.with("[sweep]", set);
    let mut found = Problems::new(&over);
    let interpreted = interpret(&over, String::new(), &mut found);
    let first = found.take_first();
    if let Some([message, label, help]) = first {
        let message = format!("with the value `{name}`: {message}");
        problems.add(span, message, label, help);
        return true;
    }
    interpreted.is_none()
}
