//! Where text sits, as written: one line a place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::remember_form::RememberForm;
use crate::config::shapes::{self, Named, OneOrMany};

/// Paths of texts with what stands there: `messages[].content: role E`.
pub type Texts = Named<String>;

/// Paths with what is put there, as JSON.
pub type Values = Named<String>;

/// Requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a request form")]
pub struct RequestForm {
    /// Where everything that is inherited stands: `requests[].params`.
    pub under: Option<String>,
    /// The field that holds the prompt; of several, one has to be there. Errors name the first.
    pub prompt: OneOrMany<String>,
    /// Lists whose elements are turns with a role of their own, where those are not the prompt.
    pub turns: OneOrMany<String>,
    /// What the prompt has to be.
    pub prompt_is: Option<PromptShape>,
    /// The field that names the model.
    pub model: Option<String>,
    /// Whether the model stands in the path, where the last `*` of the pattern is.
    pub model_in_path: Option<bool>,
    /// The flag that asks for a stream.
    pub stream: Option<String>,
    /// Whether a stream comes where nothing is said, or, without a flag, always.
    pub streams_by_default: Option<bool>,
    /// Whether the server says by the type of its answer if that is a stream; it may have no body either.
    pub answered_either_way: Option<bool>,
    /// The field that answers repeat: the `id` of JSON-RPC. What has none wants no answer.
    pub echo: Option<String>,
    /// The field that says what is asked for, where refusals depend on it: the `method` of JSON-RPC. What has none is
    /// itself an answer.
    pub method: Option<String>,
    /// Whether a body may be a list of such bodies, each with an answer of its own.
    pub listed: Option<bool>,
    /// Headers that are read here, by their names: `mcp-param-*: assistant tool_args E`, or `skip` for ids. What is
    /// not plain ASCII stands in them as `=?base64?…?=`.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub headers: Texts,
    /// The flag that asks for a last event with the tokens used.
    pub usage: Option<String>,
    /// The number of answers that are asked for.
    pub choices: Option<String>,
    /// Fields that ask for an answer in JSON, by being there and not saying `text`.
    pub json: OneOrMany<String>,
    /// Parts of content whose types are known; a part of another type may hold anything.
    pub parts: Option<PartsForm>,
    /// What has to be known to leave earlier turns out; without it none is.
    pub history: Option<HistoryForm>,
    /// The member of a message that says who wrote it, if it is not `role`.
    pub role: Option<String>,
    /// Authors of roles with names of their own: `model: assistant`.
    pub roles: Named<String>,
    /// The author of a message without a role.
    pub role_default: Option<String>,
    /// Whether keys are known in `snake_case` too, as protobuf reads them.
    pub snake_case: Option<bool>,
    /// The member of an object that says its type, if it is not `type`.
    pub tag: Option<String>,
    /// Members beside which a text is never changed: signatures.
    pub sealed: OneOrMany<String>,
    /// Whether a body is a form (`multipart/form-data`): the rows name its fields, and `media` are its files.
    pub form: Option<bool>,
    /// Whether a body is JSON whatever its content type says, as servers have it whose users call them with `curl -d`.
    pub any_content_type: Option<bool>,
    /// Texts.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub text: Texts,
    /// Media: `image`, `audio`, `file`, `stored` (named here, kept by the model's server), `opaque`, or `typed` where a media type beside it says, and who sent it.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub media: Texts,
    /// What is no text: ids, enums, numbers.
    pub skip: OneOrMany<String>,
}

/// Parts of content of which the types are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "content parts")]
pub struct PartsForm {
    /// Where parts stand: `messages[].content[]`.
    pub at: String,
    /// Their types.
    pub known: OneOrMany<String>,
}

/// What earlier turns hang on one another by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "how turns hang together")]
pub struct HistoryForm {
    /// The list of turns, right at the top: `messages`.
    pub turns: String,
    /// Where a turn has ids that others have too, which stay or go with it: of calls and of their results.
    #[serde(default)]
    pub links: OneOrMany<String>,
    /// Where a turn has results that may have no ids: without one, they hang on the turn of the model before them.
    #[serde(default)]
    pub results: OneOrMany<String>,
    /// Types of turns that belong to the one behind them.
    #[serde(default)]
    pub leads: OneOrMany<String>,
    /// Whether the API refuses two turns of the same side in a row.
    #[serde(default)]
    pub alternates: bool,
}

/// What a prompt has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PromptShape {
    /// A list of objects: messages.
    Objects,
    /// A string, or a list.
    Texts,
    /// A string.
    Text,
    /// Anything.
    Any,
}

/// Whole answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "an answer form")]
pub struct AnswerForm {
    /// The list of answers, where there may be several: `choices[]`. Each is stopped by itself.
    pub unit: Option<String>,
    /// What an answer is that is no JSON: `image`, `audio`, `file`. It passes, and is counted as not screened.
    pub media_body: Option<String>,
    /// What an answer is that is no JSON but plain text, or subtitles: `assistant transcript E`.
    pub text_body: Option<String>,
    /// The member of an object that says its type, if it is not `type`.
    pub tag: Option<String>,
    /// Members beside which a text is never changed: signatures.
    pub sealed: OneOrMany<String>,
    /// Texts.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub text: Texts,
    /// Media.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub media: Texts,
    /// What is no text.
    pub skip: OneOrMany<String>,
    /// What an answer whose text was changed has in the place of things that repeat the text or point
    /// into it.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub coupled: Values,
}

/// Streamed answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a stream form")]
pub struct StreamForm {
    /// How events are told apart.
    pub framing: Option<Framing>,
    /// The list of answers in an event, where there may be several: `choices[]`.
    pub unit: Option<String>,
    /// The member that says the type of an event. Without it all events are of one type, `*`.
    pub tag: Option<String>,
    /// Members beside which a text is never changed: signatures.
    pub sealed: OneOrMany<String>,
    /// The data of the event behind the last one: `[DONE]`.
    pub done: Option<String>,
    /// Texts of events by their type; `*` for all types.
    #[schemars(schema_with = "shapes::paths::<EventForm>")]
    pub events: Named<EventForm>,
    /// The fields of an event, or of an answer in it, that say by being there that the answer is over; one outside the
    /// list of answers that all of them are.
    pub finished_by: OneOrMany<String>,
    /// Whether an answer may go on behind what says that it is over, as older servers have it in every event. Then its
    /// texts are over with the stream.
    pub ends_with_stream: Option<bool>,
    /// Types of events that say that the answer is over.
    pub finished_at: OneOrMany<String>,
    /// Types of events with which a part begins, and the fields that number it.
    pub opens: Named<OneOrMany<String>>,
    /// Types of events with which the texts of a part are over, and the fields that number it; `-> text` among them
    /// closes only the channel of that name.
    pub closes: Named<OneOrMany<String>>,
    /// What has to be kept in mind of the events that the client has had, for endings that repeat it.
    pub remember: Option<RememberForm>,
    /// The field that says that an event is an error.
    pub error_field: Option<String>,
    /// Types of events that are errors.
    pub errors: OneOrMany<String>,
    /// Where an event says what the stream is called.
    pub meta: Option<MetaForm>,
    /// What events of a changed answer have in the place of what repeats the text or points into it.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub coupled: Values,
    /// Of these, what repeats the text token by token.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub tokens: Values,
}

/// The texts of events of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "an event form")]
pub struct EventForm {
    /// Texts: `delta.text: assistant E -> text @index`.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub text: Texts,
    /// Media.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub media: Texts,
    /// What is no text.
    pub skip: OneOrMany<String>,
    /// Members that repeat a whole answer (`response: ""`) or what stands at a place of one (`item: output[]`):
    /// their texts are those of `response`.
    #[schemars(schema_with = "shapes::paths::<String>")]
    pub like: Named<String>,
}

/// How events are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON document a line.
    Lines,
    /// One JSON array whose elements come one by one.
    Array,
}

/// Where an event says what the stream is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "what a stream is called")]
pub struct MetaForm {
    /// The id.
    pub id: Option<String>,
    /// The time, in seconds of Unix time.
    pub created: Option<String>,
    /// The model.
    pub model: Option<String>,
}
