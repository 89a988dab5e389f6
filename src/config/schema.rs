//! The published JSON Schemas, made from the types as written; the checks read the same ones.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json};

use super::dialect_file::DialectFile;
use super::identities_file::IdentitiesFile;
use super::policy_file::PolicyFile;
use super::recipe_file::RecipeFile;
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
    /// A dialect file.
    Dialect,
    /// The recipe of a model.
    Recipe,
    /// A file of identities.
    Identities,
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
    static DIALECT: LazyLock<Json> = LazyLock::new(generate::<DialectFile>);
    static RECIPE: LazyLock<Json> = LazyLock::new(generate::<RecipeFile>);
    static IDENTITIES: LazyLock<Json> = LazyLock::new(generate::<IdentitiesFile>);
    match of {
        SchemaOf::Policy => &POLICY,
        SchemaOf::Server => &SERVER,
        SchemaOf::Test => &TEST,
        SchemaOf::Dialect => &DIALECT,
        SchemaOf::Recipe => &RECIPE,
        SchemaOf::Identities => &IDENTITIES,
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
    use crate::config::check::check;
    use crate::config::problems::Problems;
    use crate::config::source::Source;
    use crate::config::yaml;

    const ALL: [SchemaOf; 6] = [
        SchemaOf::Policy,
        SchemaOf::Server,
        SchemaOf::Test,
        SchemaOf::Dialect,
        SchemaOf::Identities,
        SchemaOf::Recipe,
    ];

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

    /// Every schema inside a schema, with its path.
    fn parts(
        schema: &'static Json,
        path: &str,
        into: &mut Vec<(String, &'static Map<String, Json>)>,
    ) {
        if let Json::Array(items) = schema {
            for item in items {
                parts(item, path, into);
            }
        }
        let Json::Object(map) = schema else { return };
        into.push((path.to_owned(), map));
        for (key, value) in map {
            parts(value, &format!("{path}/{key}"), into);
        }
    }

    #[test]
    fn no_place_takes_unknown_keys_or_null() {
        let mut all = Vec::new();
        for of in ALL {
            parts(document(of), "", &mut all);
        }
        for (path, map) in all {
            let is_object = map.contains_key("properties")
                && map.get("type").is_some_and(|kind| kind == "object");
            assert!(!is_object || map.contains_key("additionalProperties"), "{path}");
            assert_ne!(map.get("type"), Some(&Json::from("null")), "{path}");
        }
    }

    #[test]
    fn every_key_is_described() {
        let mut all = Vec::new();
        for of in ALL {
            parts(document(of), "", &mut all);
        }
        let with_keys =
            all.iter().filter(|(path, _)| path.ends_with("/properties") && path.contains("$defs"));
        for (path, keys) in with_keys {
            let bare = keys.iter().find(|(_, property)| property.get("description").is_none());
            assert!(bare.is_none(), "{path}: {bare:?}");
        }
    }

    #[test]
    fn what_the_reader_takes_the_schema_takes() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/config/");
        for (of, file) in [
            (SchemaOf::Policy, "good/policies/careful.yaml"),
            (SchemaOf::Policy, "later/policies/later.yaml"),
            (SchemaOf::Server, "good/tidegate.yaml"),
            (SchemaOf::Server, "later/tidegate.yaml"),
            (SchemaOf::Test, "good/tests/careful.test.yaml"),
        ] {
            let source =
                Source::new(file, std::fs::read_to_string(format!("{folder}{file}")).unwrap());
            let mut problems = Problems::new();
            let mut root = yaml::read(&source, &mut problems).unwrap();
            let value = check(&mut root, document(of), &mut problems).unwrap();
            assert!(problems.is_empty());
            let validator = jsonschema::validator_for(document(of)).unwrap();
            let errors: Vec<_> =
                validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{file}: {errors:?}");
        }
    }
}
