//! How refusals look: errors, and answers in the model's place, as the official SDKs accept them.
//!
//! Status 400 is what no SDK retries; the token `content_policy_violation` stands in the message too,
//! because openai-python 3 prints nothing but the message.

use bytes::Bytes;
use serde_json::json;

use super::{Dialect, StreamMeta};
use crate::wire::json::quote;

/// The code of an error that says that the content policy was violated.
pub const POLICY_VIOLATION: &str = "content_policy_violation";

/// How a refusal in the place of an answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalShape {
    /// The message as content, ending with `content_filter`.
    Content,
    /// The message in the `refusal` field. The form for structured output, where prose in `content`
    /// makes SDKs fail to parse.
    Refusal,
}

/// The body of an error in OpenAI's shape.
pub fn error_body(kind: &str, code: &str, message: &str, param: Option<&str>) -> Bytes {
    let error = json!({ "message": message, "type": kind, "param": param, "code": code });
    Bytes::from(json!({ "error": error }).to_string())
}

/// A whole answer in the model's place, for each of `choices` choices.
pub fn answer_body(
    dialect: Dialect,
    meta: &StreamMeta,
    (choices, message, shape): (u64, &str, RefusalShape),
) -> Bytes {
    let choice = |index: u64| match (dialect, shape) {
        (Dialect::Chat, RefusalShape::Content) => json!({
            "index": index,
            "message": { "role": "assistant", "content": message, "refusal": null },
            "logprobs": null,
            "finish_reason": "content_filter",
        }),
        (Dialect::Chat, RefusalShape::Refusal) => json!({
            "index": index,
            "message": { "role": "assistant", "content": null, "refusal": message },
            "logprobs": null,
            "finish_reason": "stop",
        }),
        (Dialect::Completions, _) => json!({
            "index": index, "text": message, "logprobs": null, "finish_reason": "content_filter",
        }),
    };
    let object = match dialect {
        Dialect::Chat => "chat.completion",
        Dialect::Completions => "text_completion",
    };
    let body = json!({
        "id": meta.id,
        "object": object,
        "created": meta.created,
        "model": meta.model,
        "choices": (0..choices).map(choice).collect::<Vec<_>>(),
        "usage": { "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 },
    });
    Bytes::from(body.to_string())
}

/// The same as a stream: a first chunk, the ending of each choice, usage if asked for, `[DONE]`.
pub fn answer_stream(
    dialect: Dialect,
    meta: &StreamMeta,
    (choices, message, shape): (u64, &str, RefusalShape),
    include_usage: bool,
) -> Bytes {
    let mut stream = Vec::new();
    for choice in 0..choices {
        let ending =
            super::ending::Ending { choice, message: Some(message), shape, started: false };
        stream.extend(super::ending::stop_choice(dialect, meta, &ending));
    }
    stream.extend(super::ending::usage_and_done(dialect, meta, include_usage));
    Bytes::from(stream)
}

/// A message as it stands in a chunk.
pub(super) fn quoted(message: &str) -> String {
    String::from_utf8_lossy(&quote(message)).into_owned()
}
