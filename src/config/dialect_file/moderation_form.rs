//! Moderation that a request for an answer asks for beside it, as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes_form::FrameForm;

/// Moderation that a request may ask for beside its answer, and where the answer has the results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "moderation beside an answer")]
pub struct ModerationForm {
    /// The member of a request that asks for it, and of an answer that holds the results.
    pub field: String,
    /// The results of one direction: `$results` is the list of them, one for each answer, `$result` the first, `$model`
    /// the model that judged.
    pub results: String,
    /// The event of its own that says them at the end of a stream, before the one that says that it is over:
    /// `$moderation`, and what is known of the stream.
    #[serde(default)]
    pub event: Option<FrameForm>,
    /// Where the last event of a stream has the whole answer: its member.
    #[serde(default)]
    pub inside: Option<String>,
}
