//! Values of a key between two others: whole numbers, numbers and durations, each counted in whole units, so that no
//! rounding error adds up from step to step.

use toml::Value;

use crate::kernel::SimDuration;

/// A number is counted in billionths.
const UNIT: i128 = 1_000_000_000;
/// The largest number that a range may speak of: beyond, a float is not exact to the billionth anyway.
const LARGEST: f64 = 1e15;

/// What the values of a range are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Number,
    Duration,
}

/// A value that can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantity {
    kind: Kind,
    units: i128,
}

impl Quantity {
    /// Reads a value; none if it is neither a number nor a duration. A duration may go backwards here.
    pub(super) fn of(value: &Value) -> Option<Quantity> {
        let (kind, units) = match value {
            Value::Integer(number) => (Kind::Whole, i128::from(*number) * UNIT),
            Value::Float(number) if number.abs() < LARGEST => {
                (Kind::Number, (number * UNIT as f64).round() as i128)
            }
            Value::String(text) => {
                let (sign, text) = match text.trim().strip_prefix('-') {
                    Some(text) => (-1, text),
                    None => (1, text.trim()),
                };
                let span: SimDuration = text.parse().ok()?;
                (Kind::Duration, sign * i128::from(span.0))
            }
            _ => return None,
        };
        Some(Quantity { kind, units })
    }

    fn is_duration(self) -> bool {
        self.kind == Kind::Duration
    }
}

/// Values at equal distances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    kind: Kind,
    first: i128,
    step: i128,
    count: u64,
}

/// Why there is no such range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRange {
    /// Numbers and durations side by side.
    Mixed,
    /// The step is 0.
    Still,
    /// The step leads away from the end.
    Away,
}

impl Range {
    /// From one value to another, both included if the steps meet it.
    pub(super) fn new(from: Quantity, to: Quantity, step: Quantity) -> Result<Range, NoRange> {
        let durations = [from, to, step].map(Quantity::is_duration);
        if durations.contains(&true) && durations.contains(&false) {
            return Err(NoRange::Mixed);
        }
        let way = to.units - from.units;
        if step.units == 0 {
            return Err(NoRange::Still);
        }
        if way != 0 && (way > 0) != (step.units > 0) {
            return Err(NoRange::Away);
        }
        let whole = [from, step].iter().all(|part| part.kind == Kind::Whole);
        Ok(Range {
            kind: match from.kind {
                Kind::Whole | Kind::Number if whole => Kind::Whole,
                Kind::Whole => Kind::Number,
                kind => kind,
            },
            first: from.units,
            step: step.units,
            count: u64::try_from(way / step.units + 1).unwrap_or(u64::MAX),
        })
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// One of them, counted from 0, as TOML.
    pub fn value(&self, number: u64) -> String {
        written(self.kind, self.first + i128::from(number) * self.step)
    }
}

/// All values from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    kind: Kind,
    least: i128,
    most: i128,
}

impl Span {
    /// None if these are not two numbers or two durations, the smaller one first.
    pub(super) fn new(least: Quantity, most: Quantity) -> Option<Span> {
        let alike = least.is_duration() == most.is_duration() && least.units < most.units;
        alike.then(|| Span {
            kind: if least.kind == most.kind {
                least.kind
            } else {
                Kind::Number
            },
            least: least.units,
            most: most.units,
        })
    }

    /// The value at a part of the way, as TOML: whole numbers and whole seconds rounded down.
    pub fn at(&self, part: u64, of: u64) -> String {
        let way = (self.most - self.least) * i128::from(part) / i128::from(of);
        let grain = match self.kind {
            Kind::Whole => UNIT,
            Kind::Number => 1,
            Kind::Duration => i128::from(SimDuration::seconds(1).0),
        };
        written(self.kind, (self.least + way).div_euclid(grain) * grain)
    }
}

fn written(kind: Kind, units: i128) -> String {
    match kind {
        Kind::Whole => (units / UNIT).to_string(),
        Kind::Duration => SimDuration(u64::try_from(units).unwrap_or(0)).to_string(),
        Kind::Number => {
            let sign = if units < 0 { "-" } else { "" };
            let digits = format!("{:09}", units.unsigned_abs() % UNIT.unsigned_abs());
            let digits = match digits.trim_end_matches('0') {
                "" => "0",
                digits => digits,
            };
            let whole = units.unsigned_abs() / UNIT.unsigned_abs();
            format!("{sign}{whole}.{digits}")
        }
    }
}
