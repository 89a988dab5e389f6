//! What the gate itself says, as written: JSON with `$names` for what is put in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::Values;
use crate::config::shapes::{self, Named, OneOrMany};

/// What the gate itself says in a dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "shapes")]
pub struct ShapesForm {
    /// What ids of answers begin with: `chatcmpl-`.
    pub id_prefix: Option<String>,
    /// What ids of items of an answer begin with: `msg_`.
    pub item_prefix: Option<String>,
    /// The body of an error: `$message`, `$type`, `$code`, `$param`, `$status`.
    pub error: Option<String>,
    /// What `$type` is, by status; `4xx` and `5xx` for all others.
    pub error_types: Named<String>,
    /// What `$reason` and `$details` are, by the category of the rule that decided: `hate*` for all that begin so, `none`
    /// where the rule has no category, `*` for all others.
    #[schemars(schema_with = "shapes::paths::<ReasonForm>")]
    pub reasons: Named<ReasonForm>,
    /// The answer to a prompt that is blocked, where it is not that error.
    pub blocked: Option<BlockedShape>,
    /// An answer in the model's place.
    pub answer: Option<AnswerShape>,
    /// The same where the message stands in a field of its own (`block_style: refusal`, and where the
    /// answer has to be JSON).
    pub refusal: Option<AnswerShape>,
    /// A whole answer whose text is stopped: what is put where. `choices[]` is the stopped one, `.` the whole answer.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub stopped: Values,
    /// The same where the message stands in a field of its own.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub stopped_refusal: Values,
    /// A piece of text as an event of its own, by channel: `$text`, `$unit`, `$key`.
    #[schemars(schema_with = "shapes::paths::<FrameForm>")]
    pub pieces: Named<FrameForm>,
    /// Events before the first one of an answer.
    pub opening: Vec<StepForm>,
    /// Events that end an answer.
    pub ending: Vec<StepForm>,
    /// Before them, where a stream is remembered: the events that end a part that is open at the client.
    pub part_ending: Vec<StepForm>,
    /// Then those that end an item that is open.
    pub item_ending: Vec<StepForm>,
    /// Then those that say the message in an item of its own, where it is not said yet. That item is ended too.
    pub saying: Vec<StepForm>,
    /// Events that end the stream.
    pub closing: Vec<StepForm>,
    /// Events of a failure in mid-stream: `$message`, `$type`, `$code`.
    pub failure: Vec<StepForm>,
    /// What is said instead where a call asks for this (`request.method`).
    #[schemars(schema_with = "shapes::paths::<MethodForm>")]
    pub methods: Named<MethodForm>,
    /// What keeps a silent stream open, byte for byte.
    pub keep_alive: Option<String>,
}

/// How a dialect words a category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a reason")]
pub struct ReasonForm {
    /// `$reason` where a prompt is stopped.
    pub prompt: String,
    /// `$reason` where an answer is stopped, or stands in the model's place.
    pub answer: String,
    /// `$details`, as JSON; without it, an empty list.
    #[serde(default)]
    pub details: Option<String>,
}

/// What is said to calls that ask for one thing; what is not here is as for all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "shapes for a method")]
pub struct MethodForm {
    /// The answer to a prompt that is blocked.
    pub blocked: Option<BlockedShape>,
    /// A whole answer whose text is stopped: what is put where.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub stopped: Values,
    /// Events that end an answer.
    pub ending: Vec<StepForm>,
}

/// The answer to a prompt that is blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a blocked prompt")]
pub struct BlockedShape {
    /// The status, in the place of that of the policy.
    #[serde(default)]
    pub status: Option<u16>,
    /// The body; of a stream, its one event.
    pub body: String,
}

/// An answer in the model's place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an answer")]
pub struct AnswerShape {
    /// The body: `$id`, `$created`, `$model`, `$message`, and `$units` where there may be several answers.
    pub body: String,
    /// One of several answers: `$unit`, `$message`.
    #[serde(default)]
    pub unit: Option<String>,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an event")]
pub struct FrameForm {
    /// The name of the event.
    #[serde(default)]
    pub event: Option<String>,
    /// Its data.
    pub data: String,
}

/// An event that is sent if something is so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an event of an ending")]
pub struct StepForm {
    /// What has to be so: `message`, `refusal`, `shown`, `usage`, `open`, `ours`, `said`, `part TYPE`, `item TYPE`;
    /// with `not ` before it, not so.
    #[serde(default, rename = "if")]
    pub when: OneOrMany<String>,
    /// The name of the event.
    #[serde(default)]
    pub event: Option<String>,
    /// Its data.
    pub data: String,
    /// What is put into the data where, after its `$names`: `response.status: '"incomplete"'`.
    #[serde(default)]
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub put: Values,
}
