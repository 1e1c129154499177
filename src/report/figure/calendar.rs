//! The axis of the calendar: milliseconds after a first moment, told as dates.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::kernel::{SimDuration, SimTime};

/// From a first moment to a last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    start: SimTime,
    end: u64,
}

/// Steps between labels: hours, days, and about as many days as months have.
const STEPS: [SimDuration; 8] = [
    SimDuration::hours(1),
    SimDuration::hours(6),
    SimDuration::days(1),
    SimDuration::days(7),
    SimDuration::days(30),
    SimDuration::days(90),
    SimDuration::days(180),
    SimDuration::days(365),
];

impl Calendar {
    pub(super) fn new(start: SimTime, end: SimTime) -> Calendar {
        Calendar {
            start,
            end: end.since(start).0.max(1),
        }
    }

    /// How far a moment is from the first.
    pub(super) fn after(&self, at: SimTime) -> u64 {
        at.since(self.start).0
    }

    /// A number of pixels or fewer between two values is no difference to the eye.
    pub(super) fn column(&self, value: u64) -> i32 {
        self.map(&value, (0, 800))
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// At most so many marks, each with its label.
    pub(super) fn marks(&self, most: u64) -> Vec<(u64, String)> {
        let fitting = STEPS.into_iter().find(|step| self.end / step.0 < most);
        let step = fitting.map_or(self.end / most, |step| step.0).max(1);
        let marks = (0..).map(|n| n * step).take_while(|at| *at <= self.end);
        marks.map(|at| (at, self.format_ext(&at))).collect()
    }
}

impl Ranged for Calendar {
    type FormatOption = NoDefaultFormatting;
    type ValueType = u64;

    fn map(&self, value: &u64, (first, last): (i32, i32)) -> i32 {
        let (wide, end) = (u64::from(first.abs_diff(last)), self.end);
        let pixels =
            ((*value).min(end) as u128 * u128::from(wide) + u128::from(end) / 2) / u128::from(end);
        first + i32::try_from(pixels).unwrap_or(0)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<u64> {
        self.marks(8).into_iter().map(|(at, _)| at).collect()
    }

    fn range(&self) -> Range<u64> {
        0..self.end
    }
}

impl ValueFormatter<u64> for Calendar {
    fn format_ext(&self, value: &u64) -> String {
        let moment = SimTime(self.start.0 + value).to_string();
        let (date, time) = moment.split_once('T').unwrap_or((&moment, ""));
        if self.end < SimDuration::days(3).0 {
            time.chars().take(5).collect()
        } else {
            date.to_owned()
        }
    }
}
