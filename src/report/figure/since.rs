//! The axis of time after the loss: linear while little happens late, else logarithmic beyond a knee.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::kernel::SimDuration;

/// From the loss (0) to an end; values are milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    end: u64,
    unit: u64,
    name: &'static str,
    /// Linear up to about here, logarithmic beyond; 0 is linear throughout.
    knee: u64,
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Since {
    /// The axis for a run that goes on for `whole` after the loss; the last item came back after
    /// `last`, half of them after `half`.
    pub(super) fn new(whole: SimDuration, last: SimDuration, half: Option<SimDuration>) -> Since {
        let half = half.unwrap_or(last).0;
        // With half of the story in the first twentieth, a linear axis shows a wall and a plain.
        let long_tail = half * 20 < last.0;
        let end = if long_tail {
            whole.0
        } else {
            whole.0.min(last.0 + last.0 / 4)
        };
        let end = end.max(1);
        let (unit, name) = match end {
            end if end >= 3 * DAY => (DAY, "days"),
            end if end >= 3 * HOUR => (HOUR, "hours"),
            _ => (MINUTE, "minutes"),
        };
        let mut knee = 0;
        if long_tail {
            knee = unit;
            while knee > half.max(unit / 100) {
                knee /= 10;
            }
        }
        Since {
            end,
            unit,
            name,
            knee,
        }
    }

    /// The axis's title, with its unit.
    pub(super) fn title(&self) -> String {
        let name = self.name;
        match self.knee {
            0 => format!("time after the loss ({name})"),
            knee => format!(
                "time after the loss ({name}; logarithmic beyond {})",
                self.format_ext(&knee)
            ),
        }
    }

    /// Where a value stands, from 0 to 1. libm, because the platform's last bit differs.
    fn share(&self, value: u64) -> f64 {
        let (value, end) = (value.min(self.end) as f64, self.end as f64);
        if self.knee == 0 {
            return value / end;
        }
        let knee = self.knee as f64;
        libm::log1p(value / knee) / libm::log1p(end / knee)
    }

    /// A number of pixels or fewer between two values is no difference to the eye.
    pub(super) fn column(&self, value: u64) -> i32 {
        self.map(&value, (0, 800))
    }

    /// The end of the axis.
    pub(super) fn end(&self) -> u64 {
        self.end
    }
}

impl Ranged for Since {
    type FormatOption = NoDefaultFormatting;
    type ValueType = u64;

    fn map(&self, value: &u64, (first, last): (i32, i32)) -> i32 {
        let pixels = f64::from(last - first) * self.share(*value);
        first + pixels.round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<u64> {
        let steps: Vec<u64> = if self.knee == 0 {
            let step = nice_step(self.end, self.unit);
            (0..)
                .map(|n| n * step)
                .take_while(|at| *at <= self.end)
                .collect()
        } else {
            let decades = std::iter::successors(Some(self.knee), |decade| Some(decade * 10));
            let decades = decades.take_while(|decade| *decade <= self.end);
            let few = self.end / self.knee > 2000;
            let inner: &[u64] = if few { &[1, 3] } else { &[1, 2, 5] };
            let inner = decades.flat_map(|decade| inner.iter().map(move |n| n * decade));
            std::iter::once(0).chain(inner).collect()
        };
        steps.into_iter().filter(|at| *at <= self.end).collect()
    }

    fn range(&self) -> Range<u64> {
        0..self.end
    }
}

impl ValueFormatter<u64> for Since {
    fn format_ext(&self, value: &u64) -> String {
        let text = format!("{:.2}", *value as f64 / self.unit as f64);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A step of 1, 2 or 5 tens that divides the axis into at most ten.
fn nice_step(end: u64, unit: u64) -> u64 {
    let smallest = (unit / 100).max(1);
    let mut decade = smallest;
    loop {
        for step in [decade, 2 * decade, 5 * decade] {
            if end / step <= 10 {
                return step;
            }
        }
        decade *= 10;
    }
}
