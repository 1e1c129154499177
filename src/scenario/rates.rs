//! Faults drawn at random, as a file describes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Here, Name};
use crate::faults::{KeyFate, MediaFate};
use crate::kernel::SimDuration;

/// Faults drawn at random. Each server, link and hosting group has its own luck: one more moves nobody
/// else's.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FaultRates {
    /// Outages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outages: Option<Outages>,
    /// Short outages, of exponential length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) blips: Option<Blips>,
    /// Servers that end without notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deaths: Option<Deaths>,
    /// Servers that go back to their newest backup. Who has none yet is spared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) losses: Option<Losses>,
    /// Files that are all lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) media_losses: Option<MediaLosses>,
    /// Signing keys that are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key_losses: Option<KeyLosses>,
    /// Links that fail for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partitions: Option<Partitions>,
    /// Servers that stand in one place and fall together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) hosting: Vec<Hosting>,
}

/// Outages of lognormal length.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Outages {
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
    /// Median length.
    pub(super) median: Here<SimDuration>,
    /// Spread of the length's logarithm.
    #[serde(default = "spread")]
    pub(super) sigma: Here<f64>,
    /// Servers that have none.
    #[serde(default)]
    pub(super) spare: Vec<Name>,
}

/// Short outages, of exponential length.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Blips {
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
    /// Mean length.
    pub(super) mean: Here<SimDuration>,
    /// Servers that have none.
    #[serde(default)]
    pub(super) spare: Vec<Name>,
}

/// Servers that end.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Deaths {
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
    /// Servers that live on.
    #[serde(default)]
    pub(super) spare: Vec<Name>,
}

/// Restores to the newest backup.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Losses {
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
    /// What becomes of the files.
    #[serde(default = "restored")]
    pub(super) media: MediaFate,
    /// What becomes of the key.
    #[serde(default = "kept")]
    pub(super) signing_key: KeyFate,
    /// Servers that lose nothing.
    #[serde(default)]
    pub(super) spare: Vec<Name>,
}

/// Losses of all files.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MediaLosses {
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
    /// Servers that lose none.
    #[serde(default)]
    pub(super) spare: Vec<Name>,
}

/// Losses of the signing key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct KeyLosses {
    /// Mean number for a server in a year.
    pub(super) per_server_year: Here<f64>,
    /// Is the old key still listed?
    #[serde(default)]
    pub(super) listed: bool,
    /// Servers that keep theirs.
    #[serde(default)]
    pub(super) spare: Vec<Name>,
}

/// Failures of links, of lognormal length.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Partitions {
    /// Mean number for a pair of servers in a year.
    pub(super) per_pair_year: Here<f64>,
    /// Median length.
    pub(super) median: Here<SimDuration>,
    /// Spread of the length's logarithm.
    #[serde(default = "spread")]
    pub(super) sigma: Here<f64>,
}

/// A hosting group: a machine room, or one provider's region.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Hosting {
    /// Its name; its luck hangs on it.
    pub(super) name: Name,
    /// The servers in it.
    pub(super) servers: Here<Vec<Name>>,
    /// Outages of all of them at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outages: Option<GroupOutages>,
    /// Mean number of times in a year at which all of them end; it can happen once.
    #[serde(default)]
    pub(super) deaths_per_year: Here<f64>,
}

/// Outages of a hosting group, of lognormal length.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GroupOutages {
    /// Mean number in a year.
    pub(super) per_year: Here<f64>,
    /// Median length.
    pub(super) median: Here<SimDuration>,
    /// Spread of the length's logarithm.
    #[serde(default = "spread")]
    pub(super) sigma: Here<f64>,
}

fn spread() -> Here<f64> {
    Here::from(1.0)
}

fn restored() -> MediaFate {
    MediaFate::Restored
}

fn kept() -> KeyFate {
    KeyFate::Kept
}
