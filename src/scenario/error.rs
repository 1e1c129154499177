//! Errors of scenario files: file, line and column, the wrong value, and what would be right.

use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ScenarioError {
    /// There is no such file, or it cannot be read.
    #[error("{}: {what}", .path.display())]
    #[diagnostic(help("{help}"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What would be right.
        help: &'static str,
    },
    /// `--set` names a key that cannot be set.
    #[error("--set {key}: {what}")]
    #[diagnostic(help("write --set key.of.the.file=value, such as --set people.page=100"))]
    Set {
        /// The key.
        key: String,
        /// Why not.
        what: String,
    },
    /// One or more places in the file are wrong.
    #[error("{}: {} {} cannot be run as written", .path.display(), .problems.len(), if .problems.len() == 1 { "problem:" } else { "problems:" })]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All of them, in the order of the file.
        #[related]
        problems: Vec<Problem>,
    },
}

/// One place in a file that is wrong.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct Problem {
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("here")]
    span: SourceSpan,
}

/// Gathers problems, so that all are told at once.
pub(super) struct Problems<'a> {
    path: &'a Path,
    text: &'a str,
    found: Vec<(usize, Problem)>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Problems {
            path,
            text,
            found: Vec::new(),
        }
    }

    /// Something is wrong at this place.
    pub(super) fn add(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        let source_code = NamedSource::new(self.path.display().to_string(), self.text.to_owned());
        let start = span.start;
        let span = SourceSpan::from(span);
        self.found.push((
            start,
            Problem {
                message,
                help,
                source_code,
                span,
            },
        ));
    }

    /// A name that nothing declares; the nearest declared one is suggested.
    pub(super) fn unknown<'n>(
        &mut self,
        span: Range<usize>,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) {
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it with [[{what}]]"),
        };
        self.add(span, format!("there is no {what} `{name}`"), Some(help));
    }

    /// All of them as an error, or nothing.
    pub(super) fn into_result(mut self) -> Result<(), ScenarioError> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|(start, _)| *start);
        let problems = self.found.into_iter().map(|(_, problem)| problem).collect();
        Err(ScenarioError::Wrong {
            path: self.path.to_owned(),
            problems,
        })
    }
}

/// The known name most like a wrong one, if any is like it at all.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Names less alike than this are not suggested.
    const ALIKE: f64 = 0.75;
    known
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// An error of the TOML reader, with its place and, for an unknown key, the nearest known one.
pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ScenarioError {
    let mut problems = Problems::new(path, text);
    let message = error.message().to_owned();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let help = match quoted.split_first() {
        Some((wrong, known)) if message.starts_with("unknown") => {
            nearest(wrong, known.iter().copied()).map(|near| format!("did you mean `{near}`?"))
        }
        _ => None,
    };
    problems.add(error.span().unwrap_or(0..0), message, help);
    problems.into_result().expect_err("one problem was added")
}
