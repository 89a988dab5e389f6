//! A dialect file as written: where text sits in an API's requests, answers and streams, and how
//! refusals and endings look there.
//!
//! It gives no meaning to paths and templates; `wire::dialect` does.

mod forms;
mod moderation_form;
mod remember_form;
mod shapes_form;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{self, OneOrMany};

pub use forms::{
    AnswerForm, EventForm, Framing, HistoryForm, MetaForm, PartsForm, PromptShape, RequestForm,
    StreamForm, Texts, Values,
};
pub use moderation_form::ModerationForm;
pub use remember_form::{KeptForm, PartForm, RememberForm};
pub use shapes_form::{
    AnswerShape, BlockedShape, FrameForm, MethodForm, ReasonForm, ShapesForm, StepForm,
};

/// A dialect file as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a dialect file")]
pub struct DialectFile {
    /// Format version; this release knows 1.
    #[schemars(schema_with = "shapes::version")]
    pub version: u32,
    /// Its name in routes, records and metrics, such as `acme.chat`.
    #[schemars(schema_with = "shapes::identifier")]
    pub dialect: String,
    /// What it is, for people.
    #[serde(default)]
    pub title: Option<String>,
    /// A dialect that this one is like: whatever is not said here is as there.
    #[serde(default)]
    pub extends: Option<String>,
    /// Paths of requests that are screened, POST: `*` stands for anything, `*/chat/completions`.
    #[serde(default)]
    pub paths: OneOrMany<String>,
    /// Endpoints that carry no text of people or models, with their method: `GET */models`.
    #[serde(default)]
    pub pass: OneOrMany<String>,
    /// Endpoints that are refused, with their method, so that a census of the API is complete.
    #[serde(default)]
    pub refuse: OneOrMany<String>,
    /// Why an endpoint is refused and what to do instead, by the endpoint as `refuse` has it.
    #[serde(default)]
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub because: shapes::Named<String>,
    /// What the gate answers itself, by the policy of the route, without asking a model.
    #[serde(default)]
    pub serves: Option<Served>,
    /// Requests.
    #[serde(default)]
    pub request: RequestForm,
    /// Whole answers.
    #[serde(default)]
    pub response: AnswerForm,
    /// Streamed answers; without it there are none.
    #[serde(default)]
    pub stream: Option<StreamForm>,
    /// `false` where the dialect that this one extends has streams and this one has none.
    #[serde(default)]
    pub streamed: Option<bool>,
    /// Moderation that a request may ask for beside its answer.
    #[serde(default)]
    pub moderation: Option<ModerationForm>,
    /// `false` where the dialect that this one extends has such moderation and this one has none.
    #[serde(default)]
    pub moderated: Option<bool>,
    /// What the gate itself says in this dialect.
    #[serde(default)]
    pub shapes: ShapesForm,
}

/// What the gate answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Served {
    /// OpenAI's moderations: `input` in, categories out.
    Moderations,
}
