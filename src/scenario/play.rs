//! Steps of a script as a file writes them: the actions and faults of any scenario, and what only makes
//! sense where one thing happens after another.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::deed::Deed;
use super::trouble::Blow;
use super::value::{Here, Name};

/// One step.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Play {
    /// What.
    #[serde(rename = "do")]
    pub(super) turn: Here<Turn>,
}

/// What a step does.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Turn {
    Own(Own),
    Deed(Deed),
    Blow(Blow),
}

/// What is said only in scripts, or said in another way there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(super) enum Own {
    /// Sends messages: the users of `by` take turns, each sends `turn` messages in its turn until its
    /// number in `counts` is reached. A turn is over when everybody has heard.
    Send {
        room: Name,
        /// What they are called; `tag@server` is their class.
        tag: Name,
        by: Vec<Name>,
        counts: Vec<u32>,
        #[serde(default = "single")]
        turn: u32,
    },
    /// Redacts a message: the `number`-th that was sent under this tag by users of this server.
    Redact {
        room: Name,
        by: Name,
        tag: String,
        server: Name,
        number: u32,
    },
    /// The process stands still until `thaw`; requests to it wait.
    Freeze { server: Name },
    /// A frozen process goes on.
    Thaw { server: Name },
    /// Requests between two servers fail at once, in both directions, until `heal`.
    Cut { between: [Name; 2] },
    /// Requests between two servers work again.
    Heal { between: [Name; 2] },
    /// Waits until nothing has changed for a while.
    Settle {},
    /// Settles, then counts what the server holds.
    Measure { stage: Name, server: Name },
}

fn single() -> u32 {
    1
}

/// All that a step can be: what is its own, deeds, and faults.
const ALL: [&str; 30] = [
    "create-room",
    "invite",
    "join",
    "leave",
    "kick",
    "ban",
    "unban",
    "send",
    "set-state",
    "set-power",
    "redact",
    "scroll",
    "register",
    "login",
    "check-session",
    "set-password",
    "deactivate",
    "upload",
    "download",
    "purge-history",
    "backup",
    "restore",
    "stop",
    "start",
    "freeze",
    "thaw",
    "cut",
    "heal",
    "settle",
    "measure",
];
/// Of these: what is said only in scripts, or in another way there.
const OWN: [&str; 8] = [
    "send", "redact", "freeze", "thaw", "cut", "heal", "settle", "measure",
];
/// Of these: faults.
const BLOWS: [&str; 4] = ["backup", "restore", "stop", "start"];

impl<'de> Deserialize<'de> for Turn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Turn, D::Error> {
        deserializer.deserialize_map(TurnVisitor)
    }
}

struct TurnVisitor;

impl<'de> Visitor<'de> for TurnVisitor {
    type Value = Turn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step, such as `settle = {}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Turn, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return Err(de::Error::invalid_length(0, &"exactly 1 step"));
        };
        if !ALL.contains(&name.as_str()) {
            return Err(de::Error::unknown_variant(&name, &ALL));
        }
        let own = OWN.contains(&name.as_str());
        let blow = BLOWS.contains(&name.as_str());
        let step = MapAccessDeserializer::new(Begun {
            name: Some(name),
            map: &mut map,
        });
        let turn = if own {
            Own::deserialize(step).map(Turn::Own)
        } else if blow {
            Blow::deserialize(step).map(Turn::Blow)
        } else {
            Deed::deserialize(step).map(Turn::Deed)
        }?;
        match map.next_key::<String>()? {
            None => Ok(turn),
            Some(second) => Err(de::Error::custom(format!(
                "a second step `{second}`, expected a [[script]] of its own for it"
            ))),
        }
    }
}

/// A table whose first key has been looked at already.
struct Begun<A> {
    name: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Begun<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.name.take() {
            Some(name) => {
                let name: StringDeserializer<A::Error> = name.into_deserializer();
                seed.deserialize(name).map(Some)
            }
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

impl JsonSchema for Turn {
    fn schema_name() -> Cow<'static, str> {
        "Turn".into()
    }

    /// Of the schemas of the three kinds, the alternatives that have a place in a script.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds = [
            (Own::json_schema(generator), OWN.to_vec()),
            (Blow::json_schema(generator), BLOWS.to_vec()),
            (Deed::json_schema(generator), deeds()),
        ];
        let mut steps = Vec::new();
        for (schema, names) in kinds {
            let all = schema.get("oneOf").and_then(|all| all.as_array());
            let named = |step: &&serde_json::Value| {
                let name = step["required"][0].as_str().unwrap_or_default();
                names.contains(&name)
            };
            steps.extend(all.into_iter().flatten().filter(named).cloned());
        }
        schemars::json_schema!({ "description": "What a step does.", "oneOf": steps })
    }
}

/// Actions of any scenario.
fn deeds() -> Vec<&'static str> {
    let other = |name: &&str| !OWN.contains(name) && !BLOWS.contains(name);
    ALL.iter().copied().filter(other).collect()
}
