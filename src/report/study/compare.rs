//! Two results side by side: what they differ by, how sure that is, and what the pairing was worth.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::manifest::MANIFEST;
use super::super::write::manifest;
use super::error::{StudyError, failed};
use super::identity::KIND;
use super::stored::Stored;
use crate::experiment::Difference;
use crate::metrics::{HEADLINES, Headline};

/// What is compared: a result folder, and of a study one of its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The folder.
    pub folder: PathBuf,
    /// Of a study: the point, if one is named.
    pub point: Option<u64>,
}

/// One measure of the two sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The measure.
    pub measure: &'static str,
    /// First side, second side, and what they differ by.
    pub values: Values,
}

/// What there is to compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// One run on each side: no interval can be given.
    Single(f64, f64),
    /// Many runs on each side.
    Many {
        /// What they differ by.
        difference: Difference,
        /// Had the two sides the same luck?
        is_paired: bool,
    },
}

/// A side that was read.
enum Read {
    Run(Vec<(String, f64)>),
    Study(Stored, u64),
}

/// Compares two results, in all measures or in one.
///
/// # Errors
/// If one of them cannot be read, or if they are not of one kind.
pub fn compare(
    sides: [&Side; 2],
    measure: Option<&'static Headline>,
) -> Result<Vec<Compared>, StudyError> {
    let [first, second] = sides.map(read);
    let (first, second) = (first?, second?);
    let chosen = HEADLINES
        .iter()
        .filter(|headline| measure.is_none_or(|one| one.name == headline.name));
    let mut all = Vec::new();
    for headline in chosen {
        let values = match (&first, &second) {
            (Read::Run(first), Read::Run(second)) => {
                let of = |run: &[(String, f64)]| {
                    let found = run.iter().find(|(name, _)| name == headline.name);
                    found.map(|(_, value)| *value)
                };
                of(first).zip(of(second)).map(|(a, b)| Values::Single(a, b))
            }
            (Read::Study(first, point), Read::Study(second, with)) => {
                let difference = first.pairs(*point, second, *with, headline)?.difference();
                let is_paired = first.is_paired(*point, second, *with)?;
                difference.map(|difference| Values::Many {
                    difference,
                    is_paired,
                })
            }
            _ => {
                return Err(StudyError::NoStudy {
                    path: sides[1].folder.clone(),
                    what: "results of another kind than the first",
                });
            }
        };
        all.extend(values.map(|values| Compared {
            measure: headline.name,
            values,
        }));
    }
    Ok(all)
}

fn read(side: &Side) -> Result<Read, StudyError> {
    let folder = &side.folder;
    let no_study = |what| StudyError::NoStudy {
        path: folder.clone(),
        what,
    };
    if !folder.join(MANIFEST).is_file() {
        return Err(no_study("no results (no manifest.json)"));
    }
    if manifest(folder)["kind"] != KIND {
        return match side.point {
            None => run(&folder.join("measures.csv")).map(Read::Run),
            Some(_) => Err(no_study("a single run, which has no points")),
        };
    }
    let stored = Stored::open(folder)?;
    let points: Vec<u64> = stored.points().collect();
    let point = match (side.point, &*points) {
        (Some(point), points) if points.contains(&point) => point,
        (None, [point]) => *point,
        (Some(_), _) => return Err(no_study("no such point, or no runs of it")),
        (None, []) => return Err(no_study("no runs")),
        (None, _) => return Err(no_study("several points: name one, as FOLDER:POINT,")),
    };
    Ok(Read::Study(stored, point))
}

/// The measures of a single run.
fn run(path: &Path) -> Result<Vec<(String, f64)>, StudyError> {
    let text = fs::read(path).map_err(failed(path))?;
    let mut reader = csv::Reader::from_reader(&*text);
    let mut values = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| failed(path)(error.into()))?;
        if let (Some(name), Some(Ok(value))) = (row.get(0), row.get(1).map(str::parse)) {
            values.push((name.to_owned(), value));
        }
    }
    Ok(values)
}
