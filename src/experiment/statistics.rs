//! What several values say together, and how sure that is: at 95 % confidence throughout.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

/// Of intervals this share holds what they are to hold.
const CONFIDENCE: f64 = 0.95;
/// The point below which 97.5 % of a standard normal distribution lies.
const NORMAL: f64 = 1.959_963_984_540_054;
/// Values that a quantile is read from, at most, so that memory stays bounded. Replicas are independent, so the first
/// so many are as good a choice as any.
const SAMPLE_MOST: usize = 10_000;

/// A span of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    fn around(middle: f64, half_width: f64) -> Interval {
        Interval {
            low: middle - half_width,
            high: middle + half_width,
        }
    }

    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// A value with what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value; none if there was nothing to estimate it from.
    pub value: Option<f64>,
    /// Where the true value lies; none if too little is known.
    pub interval: Option<Interval>,
    /// From how many values.
    pub n: u64,
    /// How.
    pub method: &'static str,
}

/// Number, mean and spread of values that came one by one (Welford 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes in one value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values there were.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The variance of their mean; none of less than two values.
    pub(super) fn variance_of_mean(&self) -> Option<f64> {
        (self.n > 1).then(|| self.squares / (self.n - 1) as f64 / self.n as f64)
    }

    /// The mean with Student's interval.
    pub fn student(&self) -> Estimate {
        let interval = self.variance_of_mean().map(|variance| {
            let half_width = student_quantile((self.n - 1) as f64) * variance.sqrt();
            Interval::around(self.mean, half_width)
        });
        Estimate {
            value: (self.n > 0).then_some(self.mean),
            interval,
            n: self.n,
            method: "mean, Student",
        }
    }
}

/// The point below which 97.5 % of Student's distribution lies.
pub(super) fn student_quantile(freedom: f64) -> f64 {
    let student = StudentsT::new(0.0, 1.0, freedom).expect("there are degrees of freedom");
    student.inverse_cdf(0.5 + CONFIDENCE / 2.0)
}

/// A share of yes-or-no values with Wilson's interval (Wilson 1927).
pub fn wilson(yes: u64, n: u64) -> Estimate {
    let interval = (n > 0).then(|| {
        let (all, share) = (n as f64, yes as f64 / n as f64);
        let squared = NORMAL * NORMAL;
        let middle = (share + squared / (2.0 * all)) / (1.0 + squared / all);
        let spread = share * (1.0 - share) / all + squared / (4.0 * all * all);
        let interval = Interval::around(middle, NORMAL * spread.sqrt() / (1.0 + squared / all));
        // No rounding error may lead out of what a share can be.
        Interval {
            low: if yes == 0 { 0.0 } else { interval.low },
            high: if yes == n { 1.0 } else { interval.high },
        }
    });
    Estimate {
        value: (n > 0).then(|| yes as f64 / n as f64),
        interval,
        n,
        method: "share, Wilson",
    }
}

/// Values that a quantile is read from, as many as are kept.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    values: Vec<f64>,
}

impl Sample {
    /// Takes in one value; none is larger than all others.
    pub fn add(&mut self, value: Option<f64>) {
        if self.values.len() < SAMPLE_MOST {
            self.values.push(value.unwrap_or(f64::INFINITY));
        }
    }

    /// The median of what was taken in.
    pub fn median(&mut self) -> Estimate {
        self.values.sort_by(f64::total_cmp);
        median(&self.values)
    }
}

/// The value that half of the sorted values do not exceed, with the percentile bootstrap's interval.
///
/// No resample is drawn: the median of a resample with replacement is at most the value at place i exactly if at least
/// half of its n draws are among the first i values, which a binomial distribution counts (Efron 1979). So this is the
/// interval of endless resamples, and the same on every machine. An end that is not finite is none.
pub fn median(sorted: &[f64]) -> Estimate {
    const METHOD: &str = "median, bootstrap";
    let n = sorted.len();
    let middle = n.div_ceil(2);
    let finite = |value: f64| value.is_finite().then_some(value);
    let quantile = |share: f64| {
        let place = (1..n).collect::<Vec<_>>().partition_point(|place| {
            let one = *place as f64 / n as f64;
            let draws = Binomial::new(one, n as u64).expect("a share of 0 to 1");
            let at_most = 1.0 - draws.cdf(middle as u64 - 1);
            at_most < share
        });
        sorted[place]
    };
    let interval = (n > 1)
        .then(|| Interval {
            low: quantile(0.5 - CONFIDENCE / 2.0),
            high: quantile(0.5 + CONFIDENCE / 2.0),
        })
        .filter(|interval| interval.low.is_finite());
    Estimate {
        value: (n > 0).then(|| sorted[middle - 1]).and_then(finite),
        interval,
        n: n as u64,
        method: METHOD,
    }
}
