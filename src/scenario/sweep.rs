//! A study as a file describes it: which values many runs take in turn, and what is asked of them.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::value::{Here, Name};

/// A study: the scenario many times, with other values and other luck. `fedheal sweep` plays it.
///
/// Its points are the grid of all axes, and each of these with every point of the hypercube. The luck of a replica
/// depends on the study's seed and the replica's number alone, so all points meet the same worlds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Sweep {
    /// Runs of each point.
    #[serde(default = "thirty")]
    pub(super) replicas: Here<u32>,
    /// Dimensions of the grid.
    #[serde(default)]
    pub(super) axis: Vec<Axis>,
    /// Points spread over many keys at once.
    #[serde(default)]
    pub(super) hypercube: Option<Hypercube>,
    /// Two measures of which one is paid with the other: which points are beaten by none?
    #[serde(default)]
    pub(super) frontier: Option<Frontier>,
    /// Which level of an axis changes a measure most?
    #[serde(default)]
    pub(super) ranking: Option<Ranking>,
}

/// Thirty seeds, as simulation studies have by custom.
fn thirty() -> Here<u32> {
    Here::from(30)
}

/// One dimension of the grid: a key with `values`, or with `from`, `to` and `step`; or named `levels`, each of which
/// sets several keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Axis {
    /// The name of its column; the key, if it has one.
    #[serde(default)]
    pub(super) name: Option<Name>,
    /// The dotted key whose value changes. A number in it is a position in a list: `server.0.rules.wake-period`.
    #[serde(default)]
    pub(super) key: Option<Name>,
    /// Its values, one after the other.
    #[serde(default)]
    pub(super) values: Option<Here<Vec<Value>>>,
    /// The first value: a number or a duration.
    #[serde(default)]
    pub(super) from: Option<Here<Value>>,
    /// No value lies beyond this one.
    #[serde(default)]
    pub(super) to: Option<Here<Value>>,
    /// From each value to the next.
    #[serde(default)]
    pub(super) step: Option<Here<Value>>,
    /// Named levels.
    #[serde(default)]
    pub(super) levels: Option<Here<Vec<Level>>>,
}

/// One level of an axis.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Level {
    /// What stands in the axis' column.
    pub(super) name: Name,
    /// What it puts over the scenario, by dotted keys. Nothing: the scenario as it is.
    #[serde(default)]
    pub(super) set: BTreeMap<String, Value>,
}

/// A Latin hypercube: each range is cut into as many strata as there are points, and each point has a stratum of every
/// range for itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Hypercube {
    /// How many points.
    pub(super) points: Here<u32>,
    /// The keys that vary.
    pub(super) range: Vec<Span>,
}

/// A key of a hypercube, with a value between two: whole numbers, numbers, or durations (in whole seconds).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Span {
    /// The dotted key.
    pub(super) key: Name,
    /// The smallest value.
    pub(super) from: Here<Value>,
    /// The largest value.
    pub(super) to: Here<Value>,
}

/// Two measures of which one is paid with the other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Frontier {
    /// What is wanted, such as `recovered_share`.
    pub(super) gain: Name,
    /// What it costs.
    pub(super) cost: Name,
    /// Axes that are no choice, such as the age of the backup: each of their levels has a frontier of its own.
    #[serde(default)]
    pub(super) within: Vec<Name>,
}

/// Which level of an axis changes a measure most, beside one of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Ranking {
    /// The measure.
    pub(super) measure: Name,
    /// The axis.
    pub(super) axis: Name,
    /// The level with which all others are compared.
    pub(super) baseline: Name,
}

/// Any value that can stand in a scenario.
#[derive(Debug, Clone)]
pub(super) struct Value(pub(super) toml::Value);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml::Value::deserialize(deserializer).map(Value)
    }
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A value of the key." })
    }
}
