//! A plain axis of numbers: which pixel a number has, and where its marks are.

use super::super::decimal::decimal;
use crate::metrics::HEADLINES;

/// A measure in words, with its unit.
pub(in crate::report) fn spoken_measure(name: &str) -> String {
    let words = name.replace('_', " ");
    match HEADLINES.iter().find(|headline| headline.name == name) {
        // Such a name ends with its unit.
        Some(headline) if words.ends_with(headline.unit) => words,
        Some(headline) => format!("{words} ({})", headline.unit),
        None => words,
    }
}

/// Numbers from a least to a greatest, on pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    least: f64,
    greatest: f64,
    pixels: (i32, i32),
}

impl Scale {
    /// An axis on which all these numbers have a place, with a little room at both ends; none if there are none.
    pub(super) fn over(numbers: impl Iterator<Item = f64>, pixels: (i32, i32)) -> Option<Scale> {
        let finite = numbers.filter(|number| number.is_finite());
        let ends = finite.fold(None, |ends: Option<(f64, f64)>, number| match ends {
            None => Some((number, number)),
            Some((least, greatest)) => Some((least.min(number), greatest.max(number))),
        });
        let (least, greatest) = ends?;
        let room = match greatest - least {
            span if span > 0.0 => span * 0.05,
            _ => 0.5,
        };
        Some(Scale {
            least: least - room,
            greatest: greatest + room,
            pixels,
        })
    }

    /// Where a number stands.
    pub(super) fn pixel(&self, number: f64) -> i32 {
        let (first, last) = self.pixels;
        let share = (number - self.least) / (self.greatest - self.least);
        first + (f64::from(last - first) * share).round() as i32
    }

    /// At most seven marks at round numbers, each with its label.
    pub(super) fn marks(&self) -> Vec<(i32, String)> {
        let span = self.greatest - self.least;
        let mut decade = 1e-9;
        let mut step = decade;
        while span / step > 6.0 {
            step = match () {
                () if span / (decade * 2.0) <= 6.0 => decade * 2.0,
                () if span / (decade * 5.0) <= 6.0 => decade * 5.0,
                () => decade * 10.0,
            };
            decade *= 10.0;
        }
        let first = (self.least / step).ceil() as i64;
        let last = (self.greatest / step).floor() as i64;
        let numbers = (first..=last).map(|n| n as f64 * step);
        numbers
            .map(|number| (self.pixel(number), decimal(number)))
            .collect()
    }
}
