//! Many runs of one point, and two points run by run.

use super::statistics::{Estimate, Interval, Moments, Sample, student_quantile, wilson};
use crate::metrics::Summary;

/// The values of one measure at one point. It grows with a median's sample only, and that has its bound.
#[derive(Debug, Clone)]
pub struct Cohort {
    summary: Summary,
    moments: Moments,
    sample: Sample,
    missing: u64,
}

impl Cohort {
    /// No value yet.
    pub fn new(summary: Summary) -> Cohort {
        Cohort {
            summary,
            moments: Moments::default(),
            sample: Sample::default(),
            missing: 0,
        }
    }

    /// Takes in the value of one run, if it has one.
    pub fn add(&mut self, value: Option<f64>) {
        match value {
            Some(value) => self.moments.add(value),
            None => self.missing += 1,
        }
        if self.summary == Summary::Median {
            self.sample.add(value);
        }
    }

    /// Runs without a value.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// What they say together.
    pub fn estimate(&mut self) -> Estimate {
        match self.summary {
            Summary::Mean => self.moments.student(),
            Summary::Share => {
                let yes = self.moments.mean() * self.moments.n() as f64;
                wilson(yes.round() as u64, self.moments.n())
            }
            Summary::Median => self.sample.median(),
        }
    }
}

/// Two points run by run: pairs of values that replicas of the same luck have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pairs {
    first: Moments,
    second: Moments,
    differences: Moments,
}

/// What two points differ by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Mean of the first.
    pub first: f64,
    /// Mean of the second.
    pub second: f64,
    /// Second minus first, with Student's interval of the differences of pairs.
    pub paired: Estimate,
    /// The interval that as many runs with other luck on each side would have had (Welch 1947).
    pub unpaired: Option<Interval>,
}

impl Difference {
    /// How many times wider the interval would be without pairs; none if that cannot be said, or if all pairs differ
    /// by the same.
    pub fn narrowing(&self) -> Option<f64> {
        let paired = self.paired.interval?.half_width();
        let unpaired = self.unpaired?.half_width();
        (paired > 0.0).then(|| unpaired / paired)
    }
}

impl Pairs {
    /// Takes in the values of two runs with the same luck.
    pub fn add(&mut self, first: f64, second: f64) {
        self.first.add(first);
        self.second.add(second);
        self.differences.add(second - first);
    }

    /// The difference; none without pairs.
    pub fn difference(&self) -> Option<Difference> {
        (self.differences.n() > 0).then(|| Difference {
            first: self.first.mean(),
            second: self.second.mean(),
            paired: self.differences.student(),
            unpaired: welch(&self.first, &self.second),
        })
    }
}

/// The interval of the difference of two means that have nothing to do with each other.
pub(super) fn welch(first: &Moments, second: &Moments) -> Option<Interval> {
    let (a, b) = (first.variance_of_mean()?, second.variance_of_mean()?);
    let squares = a * a / (first.n() - 1) as f64 + b * b / (second.n() - 1) as f64;
    let half_width = if squares > 0.0 {
        student_quantile((a + b) * (a + b) / squares) * (a + b).sqrt()
    } else {
        0.0
    };
    let middle = second.mean() - first.mean();
    Some(Interval {
        low: middle - half_width,
        high: middle + half_width,
    })
}
