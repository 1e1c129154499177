//! What can be wrong with a scenario, and how it is shown: place, wrong value, remedy.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::text::Text;

/// Longer lines are not shown in a message: it would be a page of noise.
const LONGEST_LINE_SHOWN: usize = 300;

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read at all.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What stands in the way.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// It was read, and is wrong in one or more places.
    #[error("{} cannot be used: {} problem{}", path.display(), problems.len(), if problems.len() == 1 { "" } else { "s" })]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it, in order of place.
        problems: Vec<Problem>,
    },
}

impl Diagnostic for ScenarioError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self {
            ScenarioError::Unreadable { remedy, .. } => Some(Box::new(remedy)),
            ScenarioError::Wrong { .. } => None,
        }
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self {
            ScenarioError::Unreadable { .. } => None,
            ScenarioError::Wrong { problems, .. } => Some(Box::new(
                problems.iter().map(|problem| problem as &dyn Diagnostic),
            )),
        }
    }
}

/// One thing that is wrong in a scenario.
#[derive(Debug)]
pub struct Problem {
    source: Arc<NamedSource<String>>,
    span: Range<usize>,
    shown: bool,
    place: String,
    message: String,
    label: String,
    help: String,
}

impl Problem {
    /// Where: `file:line:column`, counted from 1.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.shown.then_some(&self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = (!self.label.is_empty()).then(|| self.label.clone());
        let span = (self.span.start, self.span.len());
        self.shown.then(|| {
            Box::new(std::iter::once(LabeledSpan::new(label, span.0, span.1)))
                as Box<dyn Iterator<Item = LabeledSpan>>
        })
    }
}

/// The problems found so far in one scenario.
pub(super) struct Problems<'a> {
    text: &'a Text,
    found: Vec<(usize, Problem)>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a Text) -> Self {
        let found = Vec::new();
        Problems { text, found }
    }

    /// The text that they are found in.
    pub(super) fn text(&self) -> &'a Text {
        self.text
    }

    /// Notes one; `label` stands under the wrong value, `help` is the remedy.
    pub(super) fn add(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let at = span.start;
        let (source, span) = self.text.locate(span);
        let before = &source.inner()[..span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        let line_length = source.inner()[line_start..]
            .find('\n')
            .unwrap_or(source.inner().len() - line_start);
        let problem = Problem {
            place: format!("{}:{line}:{column}", source.name()),
            source,
            span,
            shown: line_length <= LONGEST_LINE_SHOWN,
            message: message.into(),
            label: label.into(),
            help: help.into(),
        };
        self.found.push((at, problem));
    }

    /// Is nothing wrong so far?
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is wrong in the first place: message, label, remedy.
    pub(super) fn take_first(mut self) -> Option<[String; 3]> {
        self.found.sort_by_key(|(at, _)| *at);
        let (_, first) = self.found.into_iter().next()?;
        Some([first.message, first.label, first.help])
    }

    /// The error of all of them, if there are any.
    pub(super) fn finish(mut self, path: &Path) -> Result<(), ScenarioError> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|(at, _)| *at);
        Err(ScenarioError::Wrong {
            path: path.to_owned(),
            problems: self.found.into_iter().map(|(_, problem)| problem).collect(),
        })
    }
}

/// The name most like `wrong`, if any is near enough to have been meant.
pub fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= name.chars().count().max(3) / 3 + 1)
        .min()
        .map(|(_, name)| name)
}
