//! What the interface is, for programs: an OpenAPI 3.1 document, made from the table that the guard holds requests to.

mod access;
mod data;
mod describe;
mod work;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::AdminState;
use super::access::{Needs, Place, TABLE};
use super::answer::found;
use super::asked::MOST_TEXT;
use describe::Told;

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new().route("/api/openapi.json", get(show))
}

/// `GET /api/openapi.json`.
async fn show() -> Response {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    found(DOCUMENT.get_or_init(document))
}

/// What is said of every place.
fn told() -> Vec<Told> {
    [access::places(), data::places(), work::places()].into_iter().flatten().collect()
}

fn document() -> Value {
    let told = told();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for place in TABLE {
        let of = told.iter().find(|told| told.method == place.method && told.path == place.path);
        let operations = paths.entry(place.path).or_default();
        operations.insert(place.method.to_lowercase(), operation(place, of));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tidegate console",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The interface of the console on the admin listener. Programs send an API token, browsers a \
                session; a change by a browser brings `X-CSRF-Token` along.",
        },
        "paths": paths,
        "components": {
            "schemas": describe::schemas(),
            "responses": { "error": describe::error_response() },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "an API token, `tgt_…`" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-tidegate" },
            },
        },
    })
}

fn operation(place: &Place, told: Option<&Told>) -> Value {
    let (permission, is_open) = match place.needs {
        Needs::Nothing => (None, true),
        Needs::SignedIn => (None, false),
        Needs::Session => (Some("session"), false),
        Needs::Permission(permission) => (Some(permission.as_str()), false),
    };
    let tokens = place.needs != Needs::Session;
    let security = match (is_open, tokens) {
        (true, _) => json!([]),
        (false, true) => json!([{ "token": [] }, { "session": [] }]),
        (false, false) => json!([{ "session": [] }]),
    };
    let mut shown = json!({
        "operationId": name(place),
        "security": security,
        "x-needs": permission,
        "x-confirmed": place.confirmed,
        "parameters": in_path(place.path),
        "responses": { "default": { "$ref": "#/components/responses/error" } },
    });
    if let (Some(told), Some(members)) = (told, shown.as_object_mut()) {
        told.write(members);
    }
    shown
}

/// The name of an operation: `getReviewItemsId` of `GET /api/review/items/{id}`.
fn name(place: &Place) -> String {
    let mut name = place.method.to_lowercase();
    let is_border = |c: char| !c.is_ascii_alphanumeric();
    for word in place.path.trim_start_matches("/api").split(is_border).filter(|w| !w.is_empty()) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.extend(letters);
    }
    name
}

/// The names that stand in a path in braces.
fn in_path(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let one = |name| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": { "type": "string", "minLength": 1, "maxLength": MOST_TEXT },
        })
    };
    names.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_table_is_described_and_nothing_else_is() {
        let told = told();
        for place in TABLE {
            let of =
                told.iter().filter(|told| told.method == place.method && told.path == place.path);
            assert_eq!(of.count(), 1, "{} {}", place.method, place.path);
        }
        assert_eq!(told.len(), TABLE.len());
    }

    #[test]
    fn every_reference_leads_somewhere_and_no_name_stands_twice() {
        let document = document();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap_or_default();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let mut names: Vec<String> = TABLE.iter().map(name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.contains(&"getReviewItemsId".to_owned()));
    }

    #[test]
    fn what_changes_something_takes_no_members_that_nobody_knows() {
        let document = document();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
                assert!(
                    body.is_null() || body["additionalProperties"] == false,
                    "{method} {path}: {body}"
                );
            }
        }
    }
}
