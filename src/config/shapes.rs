//! Shapes that many keys share: one value or a list, names with values in order, references to secrets,
//! and the words of `domain` as schemas.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};

use crate::domain::NoticeKind;

/// A list that may be written as a single value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OneOrMany<T>(pub Vec<T>);

/// Names with their values, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T>(pub Vec<(String, T)>);

/// Where a secret is to be found. The secret itself never stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveDeserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum SecretRef {
    /// In an environment variable.
    Env {
        /// Name of the variable.
        env: String,
    },
    /// In a file, without its last line end.
    File {
        /// Path of the file; relative paths begin at the configuration root.
        file: String,
    },
}

// === impl OneOrMany ===

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a OneOrMany<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(DeriveDeserialize)]
        #[serde(untagged)]
        enum Written<T> {
            Many(Vec<T>),
            One(T),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Many(items) => items,
            Written::One(item) => vec![item],
        }))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1 }] })
    }
}

// === impl Named ===

impl<T> Named<T> {
    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Whether there is a value under `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is no name.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many names there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Takes the entries of a map one by one, in their order.
struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names with values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Named(entries))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "type": "object",
            "propertyNames": { "format": "identifier" },
            "additionalProperties": value,
        })
    }
}

// === impl SecretRef ===

impl JsonSchema for SecretRef {
    fn schema_name() -> Cow<'static, str> {
        "SecretRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "a secret",
            "description": "Where a secret is to be found: in an environment variable or in a file.",
            "type": "object",
            "properties": {
                "env": { "type": "string", "description": "Name of an environment variable." },
                "file": { "type": "string", "description": "Path of a file." },
            },
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
            "x-secret": true,
        })
    }
}

// === schemas of words that `domain` owns ===

/// `shadow` or `enforce`.
pub(super) fn mode(_: &mut SchemaGenerator) -> Schema {
    words(&["shadow", "enforce"])
}

/// `omitted`, `hashed`, `redacted` or `full`.
pub(super) fn kept_text(_: &mut SchemaGenerator) -> Schema {
    words(&["omitted", "hashed", "redacted", "full"])
}

/// A list of what somebody may be told of.
pub(super) fn notices(_: &mut SchemaGenerator) -> Schema {
    let kinds = NoticeKind::ALL.map(NoticeKind::as_str);
    json_schema!({ "type": "array", "items": words(&kinds), "uniqueItems": true })
}

/// `low`, `medium` or `high`.
pub(super) fn level(_: &mut SchemaGenerator) -> Schema {
    words(&["low", "medium", "high"])
}

/// `low`, `medium`, `high` or `critical`.
pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    words(&["low", "medium", "high", "critical"])
}

/// `prompt` or `completion`.
pub(super) fn phase(_: &mut SchemaGenerator) -> Schema {
    words(&["prompt", "completion"])
}

/// One phase or a list of them.
pub(super) fn phases(generator: &mut SchemaGenerator) -> Schema {
    one_or_many(&phase(generator))
}

/// Who can be named as the author of a text.
pub(super) fn author(_: &mut SchemaGenerator) -> Schema {
    words(&["system", "user", "assistant", "tool"])
}

/// One author or a list of them.
pub(super) fn authors(generator: &mut SchemaGenerator) -> Schema {
    one_or_many(&author(generator))
}

/// Every action, as tests expect them.
pub(super) fn any_action(_: &mut SchemaGenerator) -> Schema {
    words(&["allow", "tag", "redact", "review", "respond", "block"])
}

/// What a score total can do: it has no span to redact.
pub(super) fn threshold_action(_: &mut SchemaGenerator) -> Schema {
    words(&["tag", "review", "respond", "block"])
}

/// A name that metrics and addresses can carry.
pub(super) fn identifier(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "identifier" })
}

/// A name of a rule.
pub(super) fn rule_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "rule-id" })
}

/// An address and a port to listen on.
pub(super) fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "address", "examples": ["127.0.0.1:8080"] })
}

/// The address of a server, `https://host` with an optional path.
pub(super) fn url(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "url", "examples": ["https://api.openai.com"] })
}

/// A SHA-256 hash in hexadecimal digits.
pub(super) fn sha256(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "sha256" })
}

/// Text, or `null` written out for "none".
pub(super) fn nullable_url(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [{ "type": "string", "format": "url" }, { "const": null }] })
}

/// Format version 1.
pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "format": "version", "const": 1 })
}

/// Names of any form, such as paths, with their values.
pub(super) fn paths<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let value = generator.subschema_for::<T>();
    json_schema!({ "type": "object", "additionalProperties": value })
}

fn words(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

fn one_or_many(item: &Schema) -> Schema {
    json_schema!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1 }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_may_be_written_as_a_value() {
        let one: OneOrMany<String> = serde_json::from_str("\"a\"").unwrap();
        let many: OneOrMany<String> = serde_json::from_str("[\"a\"]").unwrap();
        assert_eq!(one, many);
    }

    #[test]
    fn names_keep_the_order_of_the_file() {
        let named: Named<u8> = serde_json::from_str(r#"{"z": 1, "a": 2}"#).unwrap();
        assert_eq!(named.names().collect::<Vec<_>>(), ["z", "a"]);
        assert_eq!(serde_json::to_string(&named).unwrap(), r#"{"z":1,"a":2}"#);
    }
}
