//! Integer time: milliseconds, as `origin_server_ts`.

use std::fmt;
use std::ops::{Add, Mul, Sub};
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLIS_PER_DAY: u64 = 86_400_000;

/// A moment: milliseconds since 1970-01-01T00:00:00, in universal time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(pub u64);

/// A span in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(pub u64);

impl SimDuration {
    /// No time.
    pub const ZERO: SimDuration = SimDuration(0);

    /// So many milliseconds.
    pub const fn millis(n: u64) -> Self {
        SimDuration(n)
    }

    /// So many seconds.
    pub const fn seconds(n: u64) -> Self {
        SimDuration(n * 1000)
    }

    /// So many minutes.
    pub const fn minutes(n: u64) -> Self {
        SimDuration(n * 60_000)
    }

    /// So many hours.
    pub const fn hours(n: u64) -> Self {
        SimDuration(n * 3_600_000)
    }

    /// So many days.
    pub const fn days(n: u64) -> Self {
        SimDuration(n * MILLIS_PER_DAY)
    }
}

impl SimTime {
    /// The time since an earlier moment; zero if that is later.
    pub fn since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// An earlier moment, not before 1970.
    pub fn saturating_sub(self, span: SimDuration) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }

    /// How much of the time between two moments is over at this one, in thousandths.
    pub fn per_mille(self, start: SimTime, end: SimTime) -> u64 {
        self.since(start).0 * 1000 / end.since(start).0.max(1)
    }

    /// Days since 1970-01-01.
    pub fn day(self) -> u64 {
        self.0 / MILLIS_PER_DAY
    }

    /// The first moment of a day.
    pub fn of_day(day: u64) -> SimTime {
        SimTime(day * MILLIS_PER_DAY)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, span: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    /// # Panics
    /// If the moment subtracted is later.
    fn sub(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.checked_sub(earlier.0).expect("time runs forwards"))
    }
}

impl Add for SimDuration {
    type Output = SimDuration;
    fn add(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_add(other.0))
    }
}

impl Mul<u64> for SimDuration {
    type Output = SimDuration;
    fn mul(self, n: u64) -> SimDuration {
        SimDuration(self.0.saturating_mul(n))
    }
}

/// A text that is not a time or a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimeError {
    /// Not a duration.
    #[error(
        "`{0}` is not a duration: write a whole number and a unit, such as \"90d\", \"12h\" or \"1h 30m\""
    )]
    Duration(String),
    /// A negative duration.
    #[error("`{0}` is negative: a duration cannot be less than \"0s\"")]
    Negative(String),
    /// Not a moment.
    #[error(
        "`{0}` is not a moment: write a date and a time, such as \"2021-06-06T09:00\", or a date alone"
    )]
    Moment(String),
    /// A moment that the simulator cannot count.
    #[error("`{0}` is out of range: years from 1970 to 9999 can be simulated")]
    Range(String),
}

impl FromStr for SimDuration {
    type Err = ParseTimeError;
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        if text.trim_start().starts_with('-') {
            return Err(ParseTimeError::Negative(text.to_owned()));
        }
        let span = humantime::parse_duration(text)
            .map_err(|_| ParseTimeError::Duration(text.to_owned()))?;
        u64::try_from(span.as_millis())
            .map(SimDuration)
            .map_err(|_| ParseTimeError::Duration(text.to_owned()))
    }
}

impl fmt::Display for SimDuration {
    /// In days, hours, minutes, seconds and milliseconds, so that it reads back exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        let mut parts = Vec::new();
        for (unit, millis) in [
            ("d", MILLIS_PER_DAY),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1000),
            ("ms", 1),
        ] {
            if left >= millis {
                parts.push(format!("{}{unit}", left / millis));
                left %= millis;
            }
        }
        f.write_str(
            if parts.is_empty() {
                "0s".to_owned()
            } else {
                parts.join(" ")
            }
            .as_str(),
        )
    }
}

impl FromStr for SimTime {
    type Err = ParseTimeError;
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let moment: DateTime = match text.parse::<DateTime>() {
            Ok(moment) => moment,
            Err(_) => text
                .parse::<Date>()
                .map(|date| date.at(0, 0, 0, 0))
                .map_err(|_| ParseTimeError::Moment(text.to_owned()))?,
        };
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let out_of_range = || ParseTimeError::Range(text.to_owned());
        let millis = moment.duration_since(epoch).as_millis();
        u64::try_from(millis)
            .map(SimTime)
            .map_err(|_| out_of_range())
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let span = i64::try_from(self.0)
            .ok()
            .map(jiff::SignedDuration::from_millis);
        match span.and_then(|span| epoch.checked_add(span).ok()) {
            Some(at) if at.millisecond() == 0 => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S")),
            Some(at) => write!(
                f,
                "{}.{:03}",
                at.strftime("%Y-%m-%dT%H:%M:%S"),
                at.millisecond()
            ),
            None => f.write_str("after the year 9999"),
        }
    }
}

struct Text<T>(std::marker::PhantomData<T>, &'static str);

impl<T: FromStr<Err = ParseTimeError>> Visitor<'_> for Text<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for SimDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(std::marker::PhantomData, "a duration such as \"90d\""))
    }
}

impl<'de> Deserialize<'de> for SimTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(
            std::marker::PhantomData,
            "a moment such as \"2021-06-06T09:00\"",
        ))
    }
}

impl Serialize for SimDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for SimTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for SimDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A whole number and a unit, several if need be: \"90d\", \"12h\", \"1h 30m\".",
            "examples": ["90d", "12h", "1h 30m"],
            "pattern": "^[0-9]+ ?[a-zA-Z]+( ?[0-9]+ ?[a-zA-Z]+)*$"
        })
    }
}

impl JsonSchema for SimTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A date, or a date and a time of day, in universal time: \"2021-06-06T09:00\".",
            "examples": ["2021-06-06", "2021-06-06T09:00"],
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?)?$"
        })
    }
}
