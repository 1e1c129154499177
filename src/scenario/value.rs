//! Small values of a scenario file: a value with its place, one word or several, bounds on a share.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::metrics::Bound;

/// A value that knows where it was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Here<T> {
    value: T,
    span: Range<usize>,
}

/// The name of a server, user, room or file.
pub(super) type Name = Here<String>;

impl<T> Here<T> {
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Something that is part of this value.
    pub(super) fn part<P>(&self, value: P) -> Here<P> {
        Here {
            value,
            span: self.span(),
        }
    }
}

impl<T> From<T> for Here<T> {
    /// A default, which was written nowhere.
    fn from(value: T) -> Self {
        Here { value, span: 0..0 }
    }
}

impl<T> Deref for Here<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Here<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.span();
        let value = spanned.into_inner();
        Ok(Here { value, span })
    }
}

impl<T: Serialize> Serialize for Here<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Here<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One word or a list of words, any of which will do.
#[derive(Debug, Clone)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [word] => serializer.serialize_str(word),
            words => words.serialize(serializer),
        }
    }
}

impl JsonSchema for Words {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } }
        ] })
    }
}

/// Bounds on a share: `">= 0.9"`, `"<= 0.1"`, `"= 0"`, `"0.2..0.5"`.
#[derive(Debug, Clone)]
pub(super) struct Must {
    text: String,
    pub(super) bound: Bound,
}

impl Must {
    fn parse(text: &str) -> Option<Must> {
        // Shares are kept in thousandths, so three decimals are all that can be told apart.
        let share = |text: &str| {
            let share: f64 = text.trim().parse().ok()?;
            let per_mille = (share * 1000.0).round();
            let exact = (share * 1000.0 - per_mille).abs() < 1e-6;
            ((0.0..=1.0).contains(&share) && exact).then_some(per_mille as u64)
        };
        let (least, most) = if let Some(least) = text.strip_prefix(">=") {
            (share(least)?, 1000)
        } else if let Some(most) = text.strip_prefix("<=") {
            (0, share(most)?)
        } else if let Some(exact) = text.strip_prefix('=') {
            (share(exact)?, share(exact)?)
        } else {
            let (least, most) = text.split_once("..")?;
            (share(least)?, share(most)?)
        };
        (least <= most).then(|| Must {
            text: text.to_owned(),
            bound: Bound {
                least_per_mille: least,
                most_per_mille: most,
            },
        })
    }
}

impl<'de> Deserialize<'de> for Must {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Must::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no bound on a share: write \">= 0.9\", \"<= 0.1\", \"= 0\" or \"0.2..0.5\", \
                 with shares from 0 to 1 in at most three decimals"
            ))
        })
    }
}

impl Serialize for Must {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl JsonSchema for Must {
    fn schema_name() -> Cow<'static, str> {
        "Must".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Bounds on a share, from 0 to 1.",
            "examples": [">= 0.9", "<= 0.1", "= 0", "0.2..0.5"],
            "pattern": "^((>=|<=|=) *[01](\\.[0-9]+)?|[01](\\.[0-9]+)? *\\.\\. *[01](\\.[0-9]+)?)$"
        })
    }
}
