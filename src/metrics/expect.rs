//! Expectations: what an account says, what the simulator must find, and whether the two agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Counts, Filter, Measures};

/// A column of `Counts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// See [`Counts::items`].
    Items,
    /// See [`Counts::held`].
    Held,
    /// See [`Counts::shell`].
    Shell,
    /// See [`Counts::stranded`].
    Stranded,
    /// See [`Counts::lost`].
    Lost,
    /// See [`Counts::expired`].
    Expired,
    /// See [`Counts::gone`].
    Gone,
    /// See [`Counts::recovered`].
    Recovered,
    /// See [`Counts::recoverable`].
    Recoverable,
    /// See [`Counts::readable`].
    Readable,
}

impl Count {
    /// The value of this column.
    pub fn of(self, counts: &Counts) -> u64 {
        match self {
            Count::Items => counts.items,
            Count::Held => counts.held,
            Count::Shell => counts.shell,
            Count::Stranded => counts.stranded,
            Count::Lost => counts.lost,
            Count::Expired => counts.expired,
            Count::Gone => counts.gone,
            Count::Recovered => counts.recovered,
            Count::Recoverable => counts.recoverable,
            Count::Readable => counts.readable,
        }
    }
}

/// Bounds on a share, in thousandths, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Smallest.
    pub least_per_mille: u64,
    /// Largest.
    pub most_per_mille: u64,
}

/// One thing that the simulator must find: `count` of `of` among the rows chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What this part is about, for the table (`DM with one server, created before`).
    pub part: String,
    /// Which rows.
    pub filter: Filter,
    /// Numerator.
    pub count: Count,
    /// Denominator. An empty denominator fails the finding: nothing was measured.
    pub of: Count,
    /// What the share must be.
    pub must: Bound,
}

/// One entry of a scenario's `[expect]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Short name.
    pub name: String,
    /// What the account says.
    pub says: String,
    /// What the simulator must find; all parts are checked.
    pub findings: Vec<Finding>,
    /// Does that agree with the account?
    pub agrees: bool,
    /// Why not, or how far; shown.
    pub note: String,
}

/// A finding after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Numerator.
    pub count: u64,
    /// Denominator.
    pub of: u64,
    /// Is the share within its bounds?
    pub met: bool,
}

impl Finding {
    /// Looks the finding up in what was measured.
    pub fn check(&self, measures: &Measures) -> Found {
        let sum = measures.sum(&self.filter);
        let (count, of) = (self.count.of(&sum), self.of.of(&sum));
        let met = of > 0
            && count * 1000 >= self.must.least_per_mille * of
            && count * 1000 <= self.must.most_per_mille * of;
        Found { count, of, met }
    }
}
