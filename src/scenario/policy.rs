//! Policies: rules of a group of servers, put over the federation's and under a server's own.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::error::Problems;
use super::file::File;
use super::limits::{Places, place};
use super::names::Names;
use super::value::{Here, Name};
use crate::journal::ServerId;
use crate::kernel::{Purpose, Streams};
use crate::protocol::matrix::Rules;
use crate::world::World;

/// Rules that hold on a group of servers: on those that meet all that is said here. Of several policies for one server,
/// what stands later in the file counts; a server's own `rules` count more than any policy.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Policy {
    /// Which servers are drawn hangs on it.
    pub(super) label: Name,
    /// Names of servers, drawn ones too; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) servers: Option<Vec<Name>>,
    /// Only servers with more users than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) users_over: Option<Here<u64>>,
    /// Only servers with fewer users than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) users_under: Option<Here<u64>>,
    /// Of 1000 of these servers, how many follow it; drawn for each by itself.
    #[serde(default = "all")]
    pub(super) share_per_mille: Here<u32>,
    /// What holds on them.
    pub(super) rules: Given,
}

fn all() -> Here<u32> {
    Here::from(1000)
}

/// Some rules, and which of them were written.
#[derive(Debug)]
pub(super) struct Given {
    rules: Rules,
    keys: BTreeSet<String>,
}

impl<'de> Deserialize<'de> for Given {
    /// Which keys were written is noted afterwards (`note_keys`): the types of rules are those of `Rules`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rules = Rules::deserialize(deserializer)?;
        let keys = BTreeSet::new();
        Ok(Given { rules, keys })
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = as_table(&self.rules);
        all.retain(|key, _| self.keys.contains(key));
        all.serialize(serializer)
    }
}

impl JsonSchema for Given {
    fn inline_schema() -> bool {
        Rules::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        Rules::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        Rules::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Rules::json_schema(generator)
    }
}

fn as_table(rules: &Rules) -> Map<String, Value> {
    match serde_json::to_value(rules) {
        Ok(Value::Object(table)) => table,
        _ => unreachable!("rules are a table of plain values"),
    }
}

impl Given {
    /// The rules given, but for those of `spared`, over others.
    fn over(&self, others: &Rules, spared: &BTreeSet<String>) -> Rules {
        let given = as_table(&self.rules);
        let mut all = as_table(others);
        for key in self.keys.difference(spared) {
            all.insert(key.clone(), given[key].clone());
        }
        serde_json::from_value(Value::Object(all)).expect("rules are read as they are written")
    }
}

/// The keys that a table of rules gives itself: what it has from the federation was written there.
fn own_keys(places: &Places, at: &str) -> BTreeSet<String> {
    let prefix = format!("{at}.");
    let inside = places.range(prefix.clone()..);
    let inside = inside.take_while(|(place, _)| place.starts_with(&prefix));
    let keys = inside.map(|(place, span)| (&place[prefix.len()..], span));
    keys.filter(|(key, span)| {
        !key.contains('.') && places.get(&format!("rules.{key}")) != Some(span)
    })
    .map(|(key, _)| key.to_owned())
    .collect()
}

/// Notes which rules each policy gives.
pub(super) fn note_keys(policies: &mut [Policy], places: &Places) {
    for (i, policy) in policies.iter_mut().enumerate() {
        policy.rules.keys = own_keys(places, &format!("policy.{i}.rules"));
    }
}

/// Notes what no policy can be.
pub(super) fn check(
    policies: &[Policy],
    places: &Places,
    problems: &mut Problems<'_>,
    rules: impl Fn(&Rules, &str, &mut Problems<'_>),
) {
    for (i, policy) in policies.iter().enumerate() {
        let at = format!("policy.{i}.rules");
        rules(&policy.rules.rules, &at, problems);
        if own_keys(places, &at).is_empty() {
            let help = "give at least one rule, such as rules = { retention-enabled = true }";
            problems.add(place(places, &at), "this policy says nothing", "here", help);
        }
        if *policy.share_per_mille > 1000 {
            let message = format!("{} of 1000 is more than all", *policy.share_per_mille);
            problems.add(policy.share_per_mille.span(), message, "at most 1000", "");
        }
        if let (Some(over), Some(under)) = (&policy.users_over, &policy.users_under)
            && **over + 1 >= **under
        {
            let message = format!(
                "no number of users is over {} and under {}",
                **over, **under
            );
            let help = format!("give at least {}", **over + 2);
            problems.add(under.span(), message, "nobody is left", help);
        }
    }
}

/// Puts the policies over the rules of the world's servers. `users` are the numbers of their users.
pub(super) fn apply(
    file: &File,
    places: &Places,
    names: &Names,
    users: &[u64],
    world: &mut World,
    problems: &mut Problems<'_>,
) {
    let streams = Streams::new(world.seed);
    let own: BTreeMap<&str, BTreeSet<String>> = (file.server.iter().enumerate())
        .map(|(i, server)| {
            let keys = own_keys(places, &format!("server.{i}.rules"));
            (server.name.as_str(), keys)
        })
        .collect();
    let none = BTreeSet::new();
    for policy in &file.policy {
        let named = policy.servers.as_ref().map(|all| {
            let all = all.iter().filter_map(|name| names.server(name, problems));
            all.collect::<BTreeSet<ServerId>>()
        });
        // Most servers of a drawn federation have the same rules as another.
        let mut known: Vec<(Rules, Rules)> = Vec::new();
        for (number, server) in world.servers.iter_mut().enumerate() {
            let id = ServerId(number as u32);
            let is_meant = named.as_ref().is_none_or(|named| named.contains(&id));
            if !is_meant || !policy.fits(users[number]) || !policy.draws(&streams, &server.name) {
                continue;
            }
            let spared = own.get(server.name.as_str());
            let found = known.iter().find(|(before, _)| *before == server.rules);
            let after = match (spared, found) {
                (None, Some((_, after))) => after.clone(),
                _ => policy.rules.over(&server.rules, spared.unwrap_or(&none)),
            };
            if spared.is_none() && found.is_none() {
                known.push((server.rules.clone(), after.clone()));
            }
            if after.lifetimes_cross() && !server.rules.lifetimes_cross() {
                let message = format!(
                    "on `{}`, `allowed-lifetime-min` is above `allowed-lifetime-max`",
                    server.name
                );
                let help = "give both in the policy, or leave both to the other rules";
                problems.add(policy.label.span(), message, "with this policy", help);
                return;
            }
            server.rules = after;
        }
    }
}

impl Policy {
    fn fits(&self, users: u64) -> bool {
        self.users_over.as_ref().is_none_or(|over| users > **over)
            && self
                .users_under
                .as_ref()
                .is_none_or(|under| users < **under)
    }

    /// Is the server one of the share? Keyed by its name, so that a server more moves nobody else's luck.
    fn draws(&self, streams: &Streams, server: &str) -> bool {
        let purpose = Purpose::new(&format!("policy.{}.{server}", *self.label));
        *self.share_per_mille >= 1000 || streams.stream(purpose, 0, 0).chance(*self.share_per_mille)
    }
}
