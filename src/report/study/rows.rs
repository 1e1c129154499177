//! Reading `runs.csv` and the log behind it row by row, from any place in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::error::{StudyError, failed};

/// Which run: point and replica, both from 1.
pub(super) type Key = (u64, u32);

/// Columns before those of the axes: point, replica, seed.
pub(super) const KEYS: usize = 3;

/// A row as it stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) cells: StringRecord,
    /// Where it begins in the file.
    pub(super) begins: u64,
    /// The line that it stands in, from 1.
    pub(super) line: u64,
}

impl Row {
    /// The number in a column; none if the cell is empty.
    pub(super) fn number(&self, column: usize) -> Option<f64> {
        self.cells.get(column)?.parse().ok()
    }
}

/// The rows of a table, one after the other.
pub(super) struct Rows {
    path: PathBuf,
    reader: csv::Reader<File>,
    base: u64,
}

impl Rows {
    /// From the first row on. None if the file is not there; an empty one has no rows.
    pub(super) fn open(path: &Path, header: &[String]) -> Result<Option<Rows>, StudyError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path)(error)),
        };
        let mut reader = csv::Reader::from_reader(file);
        let bad = |line, what: String| StudyError::BadRow {
            path: path.to_owned(),
            line,
            what,
        };
        let found = reader
            .headers()
            .map_err(|error| bad(1, error.to_string()))?;
        if !found.is_empty() && found != header {
            let columns: Vec<&str> = found.iter().collect();
            let what = format!(
                "the columns are {}, and not {}",
                columns.join(","),
                header.join(",")
            );
            return Err(bad(1, what));
        }
        Ok(Some(Rows {
            path: path.to_owned(),
            reader,
            base: 0,
        }))
    }

    /// The columns of a table.
    pub(super) fn columns(path: &Path) -> Result<Vec<String>, StudyError> {
        let file = File::open(path).map_err(failed(path))?;
        let mut reader = csv::Reader::from_reader(file);
        let header = reader
            .headers()
            .map_err(|error| failed(path)(error.into()))?;
        Ok(header.iter().map(str::to_owned).collect())
    }

    /// From the row on that begins there.
    pub(super) fn from(path: &Path, begins: u64) -> Result<Rows, StudyError> {
        let mut file = File::open(path).map_err(failed(path))?;
        file.seek(SeekFrom::Start(begins)).map_err(failed(path))?;
        Ok(Rows {
            path: path.to_owned(),
            reader: csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(file),
            base: begins,
        })
    }

    fn read(&mut self) -> Result<Option<Row>, StudyError> {
        let place = self.reader.position().clone();
        let (begins, line) = (self.base + place.byte(), place.line());
        let bad = |what: String| StudyError::BadRow {
            path: self.path.clone(),
            line,
            what,
        };
        let mut cells = StringRecord::new();
        let is_there = self.reader.read_record(&mut cells);
        if !is_there.map_err(|error| bad(error.to_string()))? {
            return Ok(None);
        }
        let point = cells.get(0).and_then(|cell| cell.parse().ok());
        let replica = cells.get(1).and_then(|cell| cell.parse().ok());
        let key = point.zip(replica);
        Ok(Some(Row {
            key: key.ok_or_else(|| bad("this row names no point and replica".to_owned()))?,
            cells,
            begins,
            line,
        }))
    }
}

impl Iterator for Rows {
    type Item = Result<Row, StudyError>;
    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Rows that are nearly in order, put in order: none stands more than `window` places behind a row that comes after it.
pub(super) struct Sorted<I> {
    rows: I,
    window: usize,
    waiting: BTreeMap<Key, Row>,
}

impl<I> Sorted<I> {
    pub(super) fn new(rows: I, window: usize) -> Sorted<I> {
        Sorted {
            rows,
            window,
            waiting: BTreeMap::new(),
        }
    }
}

impl<I: Iterator<Item = Result<Row, StudyError>>> Iterator for Sorted<I> {
    type Item = Result<Row, StudyError>;
    fn next(&mut self) -> Option<Self::Item> {
        while self.waiting.len() <= self.window {
            match self.rows.next() {
                Some(Ok(row)) => self.waiting.insert(row.key, row),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            };
        }
        self.waiting.pop_first().map(|(_, row)| Ok(row))
    }
}

/// Cuts off a last line that does not end: a row that was being written when the program was ended. Was there one?
pub(super) fn drop_cut_row(path: &Path) -> Result<bool, StudyError> {
    /// Longer than any row.
    const TAIL: u64 = 1 << 20;
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(path)(error)),
    };
    let failed = failed(path);
    let length = file.metadata().map_err(&failed)?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from)).map_err(&failed)?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).map_err(&failed)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n');
    let whole = from + whole.map_or(0, |at| at as u64 + 1);
    if whole == length {
        return Ok(false);
    }
    file.set_len(whole).map_err(&failed)?;
    Ok(true)
}
