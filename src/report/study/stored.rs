//! The finished runs of a study as they stand in its folder, for whoever asks what they say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::StudyError;
use super::folder::RUNS;
use super::rows::{KEYS, Row, Rows};
use crate::experiment::Pairs;
use crate::metrics::{HEADLINES, Headline};

/// `runs.csv` and where each point begins in it.
#[derive(Debug)]
pub struct Stored {
    path: PathBuf,
    header: Vec<String>,
    /// The first byte of each point's first row.
    begins: BTreeMap<u64, u64>,
}

impl Stored {
    /// Opens the table of a folder.
    ///
    /// # Errors
    /// If it cannot be read, or has the measures of another version.
    pub fn open(folder: &Path) -> Result<Stored, StudyError> {
        let path = folder.join(RUNS);
        let header = Rows::columns(&path)?;
        let measures = header.len().saturating_sub(HEADLINES.len()).max(KEYS);
        let known = HEADLINES.iter().map(|headline| headline.name);
        if !header.iter().skip(measures).map(String::as_str).eq(known) {
            return Err(StudyError::BadRow {
                path,
                line: 1,
                what: "these are not the measures of this version of fedheal".to_owned(),
            });
        }
        let mut begins = BTreeMap::new();
        for row in Rows::open(&path, &header)?.into_iter().flatten() {
            let row = row?;
            begins.entry(row.key.0).or_insert(row.begins);
        }
        Ok(Stored {
            path,
            header,
            begins,
        })
    }

    /// The columns that say which point it is.
    pub fn axes(&self) -> &[String] {
        &self.header[KEYS..self.header.len() - HEADLINES.len()]
    }

    /// The points that have runs.
    pub fn points(&self) -> impl Iterator<Item = u64> + '_ {
        self.begins.keys().copied()
    }

    /// The levels of a point.
    pub fn cells(&self, point: u64) -> Result<Vec<String>, StudyError> {
        let first = self.rows(point)?.next().transpose()?;
        let cells = first.map(|row| self.cells_of(&row));
        Ok(cells.unwrap_or_default())
    }

    /// The levels of the point that a row is of.
    pub(super) fn cells_of(&self, row: &Row) -> Vec<String> {
        let cells = row.cells.iter().skip(KEYS).take(self.axes().len());
        cells.map(str::to_owned).collect()
    }

    /// The column of a measure.
    pub(super) fn column(&self, measure: &Headline) -> usize {
        let position = self.header.iter().position(|name| name == measure.name);
        position.expect("all measures have a column")
    }

    /// The rows of a point, in order of the replicas.
    pub(super) fn rows(
        &self,
        point: u64,
    ) -> Result<impl Iterator<Item = Result<Row, StudyError>> + use<>, StudyError> {
        let begins = self.begins.get(&point);
        let rows = begins
            .map(|begins| Rows::from(&self.path, *begins))
            .transpose()?;
        let of_point = move |row: &Result<Row, StudyError>| match row {
            Ok(row) => row.key.0 == point,
            Err(_) => true,
        };
        Ok(rows.into_iter().flatten().take_while(of_point))
    }

    /// Do the two points have replicas of the same luck?
    pub fn is_paired(&self, point: u64, other: &Stored, with: u64) -> Result<bool, StudyError> {
        let (mut one, mut two) = (self.rows(point)?, other.rows(with)?);
        let (Some(one), Some(two)) = (one.next().transpose()?, two.next().transpose()?) else {
            return Ok(false);
        };
        // Seeds follow from the study's seed and the replica.
        let offset = |row: &Row| row.number(2).map(|seed| seed - f64::from(row.key.1));
        let both = offset(&one).zip(offset(&two));
        Ok(both.is_some_and(|(one, two)| one.total_cmp(&two).is_eq()))
    }

    /// A measure of two points, replica by replica, where both have a value.
    pub fn pairs(
        &self,
        point: u64,
        other: &Stored,
        with: u64,
        measure: &Headline,
    ) -> Result<Pairs, StudyError> {
        let (columns, mut pairs) = (
            (self.column(measure), other.column(measure)),
            Pairs::default(),
        );
        let mut ones = self.rows(point)?;
        let mut twos = other.rows(with)?;
        let (mut one, mut two) = (ones.next().transpose()?, twos.next().transpose()?);
        while let (Some(here), Some(there)) = (&one, &two) {
            let order = here.key.1.cmp(&there.key.1);
            if order.is_eq()
                && let Some((first, second)) = here.number(columns.0).zip(there.number(columns.1))
            {
                pairs.add(first, second);
            }
            if order.is_le() {
                one = ones.next().transpose()?;
            }
            if order.is_ge() {
                two = twos.next().transpose()?;
            }
        }
        Ok(pairs)
    }
}
