//! The folder of a study while it grows: finished runs go into a log at once, and from there into `runs.csv` in order.
//!
//! Rows are a few hundred bytes, and none stays in memory: the log is nearly sorted (see `experiment::WINDOW`), so it
//! is merged into the table while both are read.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::decimal::cell;
use super::super::write::{Hashed, sync_folder};
use super::error::{StudyError, failed};
use super::identity;
use super::rows::{KEYS, Key, Row, Rows, Sorted, drop_cut_row};
use crate::experiment::{Points, WINDOW, replica_seed};
use crate::metrics::HEADLINES;
use crate::scenario::Study;

/// The table of finished runs, in order of point and replica.
pub(super) const RUNS: &str = "runs.csv";
/// The runs that failed, in the same order.
pub(super) const FAILED: &str = "failed.csv";
/// Runs that are not in the table yet, in the order in which they ended.
const LOG: &str = "runs.log.csv";

/// What came of one run.
#[derive(Debug)]
pub struct Ended {
    /// Its point.
    pub point: u64,
    /// Its replica.
    pub replica: u32,
    /// Its seed.
    pub seed: u64,
    /// The value of every headline measure, or why there is none.
    pub outcome: Result<Vec<Option<f64>>, String>,
}

/// A folder that grows.
#[derive(Debug)]
pub struct StudyFolder<'a> {
    pub(super) folder: PathBuf,
    pub(super) study: &'a Study,
    pub(super) points: &'a Points<'a>,
    log: File,
    logged: u64,
    /// What is to be said of its beginning.
    pub notes: Vec<String>,
    /// Runs that failed since it was last asked what is missing.
    pub failed: u64,
    /// Rows of `runs.csv`.
    pub runs: u64,
}

impl<'a> StudyFolder<'a> {
    /// Opens the folder of a study, new or begun.
    ///
    /// # Errors
    /// If it belongs to anything else, if it cannot be written, or if somebody else writes there.
    pub fn open(
        folder: &Path,
        study: &'a Study,
        points: &'a Points<'a>,
    ) -> Result<StudyFolder<'a>, StudyError> {
        identity::check_kind(folder)?;
        identity::check(folder, study)?;
        let unwritable = |cause| StudyError::Unwritable {
            path: folder.to_owned(),
            cause,
        };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let path = folder.join(LOG);
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.map_err(unwritable)?;
        match log.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(StudyError::Busy(folder.to_owned())),
            // Where files cannot be locked, nobody is kept out.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let mut opened = StudyFolder {
            folder: folder.to_owned(),
            study,
            points,
            log,
            logged: 0,
            notes: Vec::new(),
            failed: 0,
            runs: 0,
        };
        for name in [RUNS, LOG] {
            if drop_cut_row(&folder.join(name))? {
                let note = format!("{name} ended in the middle of a row; that run is made again");
                opened.notes.push(note);
            }
        }
        opened.check_rows()?;
        opened.merge_log(None)?;
        if opened.runs > 0 {
            let note = format!("{} runs are there already", opened.runs);
            opened.notes.push(note);
        }
        Ok(opened)
    }

    /// Where it is.
    pub fn place(&self) -> &Path {
        &self.folder
    }

    /// The columns of `runs.csv`.
    pub(super) fn header(&self) -> Vec<String> {
        let keys = ["point", "replica", "seed"].map(str::to_owned);
        let measures = HEADLINES.iter().map(|headline| headline.name.to_owned());
        let columns = keys.into_iter().chain(self.points.columns());
        columns.chain(measures).collect()
    }

    fn header_of_log(&self) -> Vec<String> {
        let mut header = self.header();
        header.push("error".to_owned());
        header
    }

    /// Position of the first measure in a row.
    pub(super) fn first_measure(&self) -> usize {
        KEYS + self.points.columns().len()
    }

    /// The rows of `runs.csv` as they are now.
    pub(super) fn rows(&self) -> Result<impl Iterator<Item = Result<Row, StudyError>>, StudyError> {
        let rows = Rows::open(&self.folder.join(RUNS), &self.header())?;
        Ok(rows.into_iter().flatten())
    }

    /// Are these the rows that a sweep of this study writes?
    fn check_rows(&self) -> Result<(), StudyError> {
        let mut before: Key = (0, 0);
        let points = self.points.count();
        for row in self.rows()? {
            let row = row?;
            let seed = replica_seed(self.study.seed, row.key.1);
            let what = if row.key <= before {
                "this row is not behind the one before it"
            } else if u128::from(row.key.0) > points {
                "the study has no such point"
            } else if row.cells.get(2) != Some(&*seed.to_string()) {
                "this is not the replica's seed"
            } else {
                before = row.key;
                continue;
            };
            return Err(StudyError::BadRow {
                path: self.folder.join(RUNS),
                line: row.line,
                what: what.to_owned(),
            });
        }
        Ok(())
    }

    /// The runs up to this replica that the table has not, in order.
    pub fn missing(
        &mut self,
        replicas: u32,
    ) -> Result<impl Iterator<Item = Key> + use<>, StudyError> {
        self.failed = 0;
        let points = u64::try_from(self.points.count()).unwrap_or(u64::MAX);
        let rows = Rows::open(&self.folder.join(RUNS), &self.header())?;
        // They were all read a moment ago. What cannot be read now is made again.
        let there = rows.into_iter().flatten().filter_map(Result::ok);
        let mut there = there.map(|row| row.key).peekable();
        let all =
            (1..=points).flat_map(move |point| (1..=replicas).map(move |replica| (point, replica)));
        Ok(all.filter(move |wanted| {
            while there.next_if(|key| key < wanted).is_some() {}
            there.next_if_eq(wanted).is_none()
        }))
    }

    /// Writes down what came of a run. It is safe from then on, whatever becomes of the program.
    pub fn write(&mut self, ended: &Ended) -> Result<(), StudyError> {
        let mut line = csv::Writer::from_writer(Vec::new());
        if self.logged == 0 {
            line.write_record(self.header_of_log())
                .map_err(|error| self.failed(LOG)(error.into()))?;
        }
        let keys = [
            ended.point.to_string(),
            ended.replica.to_string(),
            ended.seed.to_string(),
        ];
        let mut record: Vec<String> = keys.into_iter().collect();
        record.extend(self.points.point(ended.point).cells);
        match &ended.outcome {
            Ok(values) => {
                record.extend(values.iter().copied().map(cell));
                record.push(String::new());
            }
            Err(why) => {
                record.extend(HEADLINES.iter().map(|_| String::new()));
                // One row is one line: so a cut one is known by its missing end.
                record.push(why.split_whitespace().collect::<Vec<_>>().join(" "));
                self.failed += 1;
            }
        }
        let written = line.write_record(record).map_err(io::Error::from);
        let line = written.and_then(|()| line.into_inner().map_err(|error| error.into_error()));
        let written = line.and_then(|line| self.log.write_all(&line));
        self.logged += 1;
        written.map_err(self.failed(LOG))
    }

    /// Puts the rows of the log into the table; those of failed runs into `failed.csv`, with the command that repeats
    /// each.
    pub fn gather(&mut self, again: &dyn Fn(u64, u64) -> String) -> Result<(), StudyError> {
        self.merge_log(Some(again))
    }

    fn merge_log(&mut self, again: Option<&dyn Fn(u64, u64) -> String>) -> Result<(), StudyError> {
        let header = self.header();
        let error = header.len();
        let log = Rows::open(&self.folder.join(LOG), &self.header_of_log())?;
        let mut log = Sorted::new(log.into_iter().flatten(), WINDOW).peekable();
        let mut rows = self.rows()?.peekable();
        let mut runs = self.new_table(RUNS, &header)?;
        let columns = ["point", "replica", "seed"].map(str::to_owned).into_iter();
        let columns = columns.chain(self.points.columns());
        let columns: Vec<String> = columns
            .chain(["error", "command"].map(str::to_owned))
            .collect();
        let mut failures = self.new_table(FAILED, &columns)?;
        let mut count = 0;
        let mut last = (0, 0);
        loop {
            let from_log = match (rows.peek(), log.peek()) {
                (None, None) => break,
                (Some(Ok(row)), Some(Ok(logged))) => logged.key < row.key,
                (_, Some(Err(_))) | (None, _) => true,
                (Some(_), _) => false,
            };
            let row = if from_log { log.next() } else { rows.next() };
            let Some(row) = row.transpose()? else {
                break;
            };
            let why = row.cells.get(error).unwrap_or_default();
            if !why.is_empty() {
                let Some(again) = again else { continue };
                let seed = row.cells[2].parse().unwrap_or_default();
                let cells = row.cells.iter().take(self.first_measure());
                let command = again(row.key.0, seed);
                let cells = cells.chain([why, &command]);
                failures
                    .write_record(cells)
                    .map_err(|e| self.failed(FAILED)(e.into()))?;
            } else if row.key != last {
                // A log that was merged and not yet emptied has nothing new.
                last = row.key;
                let cells = row.cells.iter().take(error);
                runs.write_record(cells)
                    .map_err(|e| self.failed(RUNS)(e.into()))?;
                count += 1;
            }
        }
        drop((rows, log));
        self.put(RUNS, runs)?;
        if again.is_some() {
            self.put(FAILED, failures)?;
        } else {
            let _ = fs::remove_file(self.folder.join(hidden(FAILED)));
        }
        self.log.set_len(0).map_err(self.failed(LOG))?;
        (self.logged, self.runs) = (0, count);
        Ok(())
    }

    fn new_table(
        &self,
        name: &str,
        header: &[String],
    ) -> Result<csv::Writer<BufWriter<Hashed>>, StudyError> {
        let file = Hashed::create(&self.folder.join(hidden(name))).map_err(self.failed(name))?;
        let mut table = csv::Writer::from_writer(BufWriter::new(file));
        table
            .write_record(header)
            .map_err(|error| self.failed(name)(error.into()))?;
        Ok(table)
    }

    /// Forces a table to the disk and puts it in the place of the old one.
    fn put(&self, name: &str, table: csv::Writer<BufWriter<Hashed>>) -> Result<(), StudyError> {
        let file = table.into_inner().map_err(|error| error.into_error());
        let file = file.and_then(|file| file.into_inner().map_err(|error| error.into_error()));
        let finished = file.and_then(Hashed::finish);
        finished.map_err(self.failed(name))?;
        fs::rename(self.folder.join(hidden(name)), self.folder.join(name))
            .map_err(self.failed(name))?;
        sync_folder(&self.folder).map_err(self.failed(name))
    }

    /// Writes a whole file and puts it in the place of the old one.
    pub(super) fn file(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StudyError> {
        let path = self.folder.join(hidden(name));
        let mut file = BufWriter::new(Hashed::create(&path).map_err(self.failed(name))?);
        let filled = fill(&mut file);
        let file = filled.and_then(|()| file.into_inner().map_err(|error| error.into_error()));
        file.and_then(Hashed::finish).map_err(self.failed(name))?;
        fs::rename(path, self.folder.join(name)).map_err(self.failed(name))
    }

    /// Nothing waits for its place any more.
    pub(super) fn close_log(&self) -> Result<(), StudyError> {
        fs::remove_file(self.folder.join(LOG)).map_err(self.failed(LOG))
    }

    pub(super) fn failed(&self, name: &str) -> impl Fn(io::Error) -> StudyError + use<> {
        failed(&self.folder.join(name))
    }
}

/// The name of a file that is being written.
fn hidden(name: &str) -> String {
    format!(".{name}.new")
}
