//! The words that descriptions of places are made of.

use serde_json::{Map, Value, json};

use crate::domain::Action;

/// What is said of a place.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    summary: &'static str,
    query: Vec<Value>,
    body: Option<Value>,
    answers: Vec<(&'static str, Value)>,
}

/// Begins a description.
pub(super) const fn told(method: &'static str, path: &'static str, summary: &'static str) -> Told {
    Told { method, path, summary, query: Vec::new(), body: None, answers: Vec::new() }
}

impl Told {
    /// With a parameter of the query.
    pub(super) fn asks(mut self, name: &str, schema: Value) -> Self {
        self.query.push(having(json!({ "name": name, "in": "query" }), "schema", schema));
        self
    }

    /// With one that has to be there.
    pub(super) fn demands(mut self, name: &str, schema: Value) -> Self {
        let parameter = json!({ "name": name, "in": "query", "required": true });
        self.query.push(having(parameter, "schema", schema));
        self
    }

    /// As a list, page by page.
    pub(super) fn paged(self) -> Self {
        self.asks("after", text()).asks("limit", whole(1, 200))
    }

    /// With a JSON body of these members, of which some have to be there.
    pub(super) fn takes(mut self, required: &[&str], members: Value) -> Self {
        let body = json!({ "type": "object", "additionalProperties": false, "required": required });
        self.body = Some(having(body, "properties", members));
        self
    }

    /// Answers with JSON.
    pub(super) fn gives(mut self, status: &'static str, schema: Value) -> Self {
        let content = having(json!({}), "application/json", having(json!({}), "schema", schema));
        self.answers.push((status, having(json!({ "description": "done" }), "content", content)));
        self
    }

    /// Answers with something else, of one of these types.
    pub(super) fn sends(mut self, status: &'static str, kinds: &[&str], what: &str) -> Self {
        let one = |kind: &&str| ((*kind).to_owned(), json!({ "schema": { "type": "string" } }));
        let content: Map<String, Value> = kinds.iter().map(one).collect();
        self.answers.push((status, json!({ "description": what, "content": content })));
        self
    }

    /// Answers without a word.
    pub(super) fn says_nothing(mut self, status: &'static str, what: &str) -> Self {
        self.answers.push((status, json!({ "description": what })));
        self
    }

    /// Writes it into an operation.
    pub(super) fn write(&self, operation: &mut Map<String, Value>) {
        operation.insert("summary".to_owned(), self.summary.into());
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            parameters.extend(self.query.iter().cloned());
        }
        if let Some(body) = &self.body {
            let content = json!({ "application/json": { "schema": body } });
            let body = json!({ "required": true, "content": content });
            operation.insert("requestBody".to_owned(), body);
        }
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            for (status, answer) in &self.answers {
                responses.insert((*status).to_owned(), answer.clone());
            }
        }
    }
}

/// An object with one member more.
fn having(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    object
}

// === schemas ===

/// A text that something is looked for by.
pub(super) fn text() -> Value {
    json!({ "type": "string", "maxLength": 256 })
}

/// A whole number between two others.
pub(super) fn whole(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// A time.
pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// One of some words.
pub(super) fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// A yes or no.
pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// Something of the list of schemas.
pub(super) fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object that has at least these members, and says no more of them.
pub(super) fn object(members: &[&str]) -> Value {
    json!({ "type": "object", "required": members })
}

/// A list of rows.
pub(super) fn list(row: Value) -> Value {
    having(json!({ "type": "array" }), "items", row)
}

/// A page of rows.
pub(super) fn page(row: Value) -> Value {
    json!({
        "type": "object",
        "required": ["rows"],
        "properties": { "rows": list(row), "next": { "type": ["string", "null"] } },
    })
}

/// What every answer may be in the place of what was asked for.
pub(super) fn error_response() -> Value {
    json!({
        "description": "it was not done",
        "content": { "application/json": { "schema": of("error") } },
    })
}

/// Rows that several places show.
pub(super) fn schemas() -> Value {
    let words = Action::ALL.map(Action::as_str);
    let nullable = json!({ "type": ["string", "null"] });
    json!({
        "error": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": { "code": { "type": "string" }, "message": { "type": "string" } },
            } },
        },
        "session": object(&["user", "permissions", "csrf", "idle_s", "ends_at", "confirmed_until", "must_change"]),
        "user": object(&["id", "name", "role", "disabled", "oidc", "created_at", "seen_at"]),
        "token": object(&["id", "name", "owner", "scopes", "created_at", "expires_at", "used_at", "revoked"]),
        "decision": {
            "type": "object",
            "required": ["decision", "request", "at", "route", "policy", "revision", "phase", "action", "would_be",
                "enforced", "rule", "category", "score", "model", "would_have"],
            "properties": {
                "decision": { "type": "string" },
                "at": time(),
                "phase": one_of(&["prompt", "completion"]),
                "would_be": one_of(&words),
                "enforced": flag(),
                "rule": nullable,
                "category": nullable,
                "score": { "type": "number" },
                "would_have": flag(),
            },
        },
        "decision_detail": object(&["decision", "record", "passages", "request", "feedback", "items", "others"]),
        "item": {
            "type": "object",
            "required": ["item", "at", "queue", "source", "state", "decision", "policy", "rule", "category", "score",
                "wanted", "claimed_by", "claimed_until", "outcome", "outcome_category", "settled_at", "severe"],
            "properties": {
                "item": { "type": "string" },
                "at": time(),
                "state": one_of(&["open", "second", "disagreement", "settled"]),
                "severe": flag(),
                "alike": { "type": "integer" },
            },
        },
        "item_detail": object(&["item", "decision", "judgements", "hidden", "alike", "rule"]),
        "queue": object(&["queue", "state", "items", "oldest_at"]),
        "feedback": object(&["feedback", "at", "decision", "route", "policy", "kind", "label", "category", "thumbs",
            "rating", "scale", "item", "state", "outcome"]),
        "act": object(&["seq", "at", "actor", "act", "object", "detail"]),
        "change": object(&["file", "yaml", "diff", "writable"]),
    })
}
