//! How streams end that we end: exact sequences that every official SDK reads without an error.

use super::refusal::{RefusalShape, quoted};
use super::{Dialect, Event};
use crate::wire::json::{Doc, JsonLimits, Strictness, parse};

/// What every chunk of one stream has in common, copied from the upstream's first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamMeta {
    /// The id of the answer.
    pub id: String,
    /// When it was made, in seconds of Unix time.
    pub created: u64,
    /// The model that answers.
    pub model: String,
}

/// How one choice ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'m> {
    /// Which choice.
    pub choice: u64,
    /// What the client reads, if anything.
    pub message: Option<&'m str>,
    /// How that looks.
    pub shape: RefusalShape,
    /// Whether the client has had a chunk of this choice already; the first one names the role.
    pub started: bool,
}

impl StreamMeta {
    /// What an event says of its stream, where it says it.
    pub fn of(event: &Event) -> Option<Self> {
        let bytes = event.data()?;
        let doc = parse(bytes, Strictness::Response, &JsonLimits::default()).ok()?;
        let string = |key: &str| {
            let node = doc.member(Doc::ROOT, key, bytes)?;
            doc.string(node, bytes).map(std::borrow::Cow::into_owned)
        };
        let created = doc.member(Doc::ROOT, "created", bytes);
        Some(Self {
            id: string("id")?,
            created: created.and_then(|node| doc.integer(node, bytes)).unwrap_or_default(),
            model: string("model").unwrap_or_default(),
        })
    }

    pub(super) fn chunk(&self, dialect: Dialect, choices: &str, rest: &str) -> String {
        let object = match dialect {
            Dialect::Chat => "chat.completion.chunk",
            Dialect::Completions => "text_completion",
        };
        format!(
            "data: {{\"id\":{},\"object\":\"{object}\",\"created\":{},\"model\":{},\"choices\":[{choices}]{rest}}}\n\n",
            quoted(&self.id),
            self.created,
            quoted(&self.model),
        )
    }
}

/// The chunks that end one choice.
pub fn stop_choice(dialect: Dialect, meta: &StreamMeta, ending: &Ending<'_>) -> Vec<u8> {
    let Ending { choice, message, shape, started } = *ending;
    let mut out = String::new();
    match dialect {
        Dialect::Chat => {
            let mut delta = Vec::new();
            if !started {
                delta.push("\"role\":\"assistant\"".to_owned());
            }
            if let Some(message) = message {
                let field = match shape {
                    RefusalShape::Content => "content",
                    RefusalShape::Refusal => "refusal",
                };
                // After text that the client has seen, the message begins a line of its own.
                let line = if started && shape == RefusalShape::Content { "\n" } else { "" };
                delta.push(format!("\"{field}\":{}", quoted(&format!("{line}{message}"))));
            }
            if !delta.is_empty() {
                let delta = delta.join(",");
                let body =
                    format!("{{\"index\":{choice},\"delta\":{{{delta}}},\"finish_reason\":null}}");
                out.push_str(&meta.chunk(dialect, &body, ""));
            }
            let reason = match (shape, message) {
                (RefusalShape::Refusal, Some(_)) => "stop",
                (RefusalShape::Refusal, None) | (RefusalShape::Content, _) => "content_filter",
            };
            let body =
                format!("{{\"index\":{choice},\"delta\":{{}},\"finish_reason\":\"{reason}\"}}");
            out.push_str(&meta.chunk(dialect, &body, ""));
        }
        Dialect::Completions => {
            let text = message.map(|message| {
                let line = if started { "\n" } else { "" };
                format!("{line}{message}")
            });
            let body = format!(
                "{{\"index\":{choice},\"text\":{},\"finish_reason\":\"content_filter\",\"logprobs\":null}}",
                quoted(&text.unwrap_or_default())
            );
            out.push_str(&meta.chunk(dialect, &body, ""));
        }
    }
    out.into_bytes()
}

/// What ends the whole stream: a usage chunk, if the client asked for one (nothing is known of the
/// tokens, so they are zero), and `[DONE]`.
pub fn usage_and_done(dialect: Dialect, meta: &StreamMeta, include_usage: bool) -> Vec<u8> {
    let mut out = String::new();
    if include_usage {
        let usage = ",\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}";
        out.push_str(&meta.chunk(dialect, "", usage));
    }
    let mut out = out.into_bytes();
    out.extend_from_slice(done());
    out
}

/// The event of a failure in mid-stream: SDKs raise a typed error for it.
pub fn error_event(kind: &str, code: &str, message: &str) -> Vec<u8> {
    format!(
        "data: {{\"error\":{{\"message\":{},\"type\":{},\"param\":null,\"code\":{}}}}}\n\n",
        quoted(message),
        quoted(kind),
        quoted(code)
    )
    .into_bytes()
}

/// What ends every stream.
pub const fn done() -> &'static [u8] {
    b"data: [DONE]\n\n"
}

/// What keeps a silent stream open.
pub const fn keep_alive() -> &'static [u8] {
    b": keep-alive\n\n"
}
