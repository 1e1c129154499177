//! A table as a page shows it: words and numbers in rows, and where the rest stands.

use super::super::terminal::thousands;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name that somebody gave; it may hold anything.
    Name,
    /// Words of ours.
    Words,
    /// A number.
    Number,
}

/// A table.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) caption: String,
    pub(super) columns: Vec<(&'static str, Kind)>,
    pub(super) rows: Vec<Vec<String>>,
    /// What is not shown, and where it stands; may be empty.
    pub(super) more: String,
}

impl Grid {
    /// A table whose columns are these; a name is a column of names, `#` before it one of numbers, `=` one of words.
    pub(super) fn new(caption: &str, columns: &[&'static str]) -> Grid {
        let column = |name: &&'static str| match name.split_at(1) {
            ("#", name) => (name, Kind::Number),
            ("=", name) => (name, Kind::Words),
            _ => (*name, Kind::Name),
        };
        Grid {
            caption: caption.to_owned(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            more: String::new(),
        }
    }

    /// The same with these rows, of which the first so many are shown; the whole is in a file.
    pub(super) fn filled(
        mut self,
        rows: impl IntoIterator<Item = Vec<String>>,
        most: usize,
        file: &str,
    ) -> Grid {
        self.rows = rows.into_iter().collect();
        let more = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        self.more = match more {
            0 => format!("From {file}."),
            more => format!("And {} more rows in {file}.", thousands(more as u64)),
        };
        self
    }

    /// The class of a column's cells, for the style sheet.
    pub(super) fn class(&self, column: &usize) -> &'static str {
        match self.columns.get(*column) {
            Some((_, Kind::Number)) => "number",
            Some((_, Kind::Name)) => "name",
            _ => "words",
        }
    }
}

/// `52.5 %`, or a dash where there is nothing to share.
pub(super) fn share(part: u64, all: u64) -> String {
    match (part * 1000 + all / 2).checked_div(all) {
        Some(share) => format!("{}.{} %", share / 10, share % 10),
        None => "-".to_owned(),
    }
}
