//! The published JSON Schemas, made from the types as written; the checks read the same ones.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json};

use super::policy_file::PolicyFile;
use super::server_file::ServerFile;
use super::test_file::TestFile;

/// Which file a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaOf {
    /// A policy.
    Policy,
    /// The server file.
    Server,
    /// A file of policy tests.
    Test,
}

/// The JSON Schema of a file, as `tidegate schema` prints it: two spaces a level, a line end at the end, and the
/// same bytes from each run.
pub fn schema(of: SchemaOf) -> String {
    let mut text = serde_json::to_string_pretty(document(of)).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema of a file as a value.
pub(super) fn document(of: SchemaOf) -> &'static Json {
    static POLICY: LazyLock<Json> = LazyLock::new(generate::<PolicyFile>);
    static SERVER: LazyLock<Json> = LazyLock::new(generate::<ServerFile>);
    static TEST: LazyLock<Json> = LazyLock::new(generate::<TestFile>);
    match of {
        SchemaOf::Policy => &POLICY,
        SchemaOf::Server => &SERVER,
        SchemaOf::Test => &TEST,
    }
}

fn generate<T: JsonSchema>() -> Json {
    let mut schema =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

/// Makes a schema say what the reader does: a key is written or left out, never `null`; unknown keys are
/// refused everywhere.
fn tidy(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(tidy),
        Json::Object(map) => {
            strip_null(map);
            if map.contains_key("properties")
                && map.get("type").is_some_and(|kind| kind == "object")
            {
                map.entry("additionalProperties").or_insert(Json::Bool(false));
            }
            map.values_mut().for_each(tidy);
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn strip_null(map: &mut Map<String, Json>) {
    if let Some(Json::Array(types)) = map.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Json::Array(words)) = map.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Json::Array(branches)) = map.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
        if let [Json::Object(only)] = branches.as_slice() {
            let only = only.clone();
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
    if map.get("default").is_some_and(Json::is_null) {
        map.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [SchemaOf; 3] = [SchemaOf::Policy, SchemaOf::Server, SchemaOf::Test];

    #[test]
    fn every_schema_is_a_valid_schema() {
        for of in ALL {
            jsonschema::meta::validate(document(of)).unwrap();
            assert!(schema(of).ends_with("}\n"));
        }
    }

    #[test]
    fn every_default_stands_in_the_schema() {
        let server = document(SchemaOf::Server);
        let limits = server.pointer("/$defs/Limits/properties").unwrap();
        assert_eq!(limits.pointer("/body/default").unwrap(), "4MiB");
        assert_eq!(limits.pointer("/in_flight/default").unwrap(), 1024);
        assert_eq!(server.pointer("/properties/listen/default").unwrap(), "127.0.0.1:8080");
        let policy = document(SchemaOf::Policy);
        assert_eq!(policy.pointer("/properties/unscannable/default").unwrap(), "block");
        assert_eq!(policy.pointer("/properties/sensitivity/default").unwrap(), "medium");
    }

    #[test]
    fn no_place_takes_unknown_keys_or_null() {
        fn walk(schema: &Json, path: &str) {
            if let Json::Object(map) = schema {
                if map.contains_key("properties")
                    && map.get("type").is_some_and(|kind| kind == "object")
                {
                    assert!(map.contains_key("additionalProperties"), "{path}");
                }
                assert_ne!(map.get("type"), Some(&Json::from("null")), "{path}");
                map.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}")));
            }
            if let Json::Array(items) = schema {
                items.iter().for_each(|item| walk(item, path));
            }
        }
        ALL.into_iter().for_each(|of| walk(document(of), ""));
    }

    #[test]
    fn every_key_is_described() {
        for of in ALL {
            let defs = document(of).pointer("/$defs").unwrap().as_object().unwrap();
            for (name, def) in defs {
                let properties = def.pointer("/properties").and_then(Json::as_object);
                for (key, property) in properties.into_iter().flatten() {
                    assert!(property.get("description").is_some(), "{of:?} {name}.{key}");
                }
            }
        }
    }
}
