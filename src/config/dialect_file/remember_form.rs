//! What is kept in mind of a stream whose ending repeats it, as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, Named, OneOrMany};

/// What is kept in mind of the events that the client has had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "what is remembered of a stream")]
pub struct RememberForm {
    /// The field that numbers events, always upwards.
    pub sequence: String,
    /// The field that holds a piece of text.
    pub piece: String,
    /// The answer as the first event has it.
    pub answer: KeptForm,
    /// The items of the answer.
    pub items: PartForm,
    /// The parts of items, by the list of the item that they stand in.
    #[serde(default)]
    pub parts: Named<PartForm>,
}

/// An object that events carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an object of an event")]
pub struct KeptForm {
    /// Types of these events.
    #[serde(rename = "in")]
    pub events: OneOrMany<String>,
    /// Their member that holds it.
    pub at: String,
}

/// Items or parts: what opens and closes one, and what their text comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "items or parts of a stream")]
pub struct PartForm {
    /// The type of events that open one.
    pub opens: String,
    /// The type of events that close one.
    pub closes: String,
    /// The member of both that holds it.
    pub at: String,
    /// The field of all its events that numbers it.
    pub number: String,
    /// Types of events with pieces of a text, and the member that the text comes to.
    #[serde(default)]
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub pieces: Named<String>,
}
