//! What the demo model answers, in OpenAI's shapes.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null where nothing is; it never panics"
)]

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::script::{Script, read, tokens};
use super::{Answers, DemoSettings, Reply};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream; charset=utf-8";
/// When every answer was made; fixed, so that answers are the same each time.
const CREATED: u64 = 1_700_000_000;
/// What a demo is called that was not asked for by name.
const MODEL: &str = "demo";

/// One answer, before it is put into a format.
struct Plan<'r> {
    chat: bool,
    request: &'r Value,
    script: Script,
    text: String,
    pause: Duration,
}

pub(super) fn reply(
    settings: DemoSettings,
    answers: &Answers,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Reply {
    if *method == Method::GET && path.ends_with("/models") {
        let model =
            json!({"id": MODEL, "object": "model", "created": CREATED, "owned_by": "tidegate"});
        return whole(StatusCode::OK, &json!({"object": "list", "data": [model]}), Duration::ZERO);
    }
    let chat = path.ends_with("/chat/completions");
    if *method != Method::POST || !(chat || path.ends_with("/completions")) {
        return error(StatusCode::NOT_FOUND, "unknown path");
    }
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return error(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let prompt = last_prompt(&request, chat);
    let script = answers.pick(&prompt).unwrap_or_else(|| read(&prompt));
    let text = match (&script.say, &script.refuse) {
        (Some(say), _) => say.clone(),
        (None, Some(_)) => String::new(),
        (None, None) if wants_json(&request) => json!({"echo": prompt}).to_string(),
        (None, None) => format!("You said: {prompt}"),
    };
    let pause = settings.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
    let plan = Plan { chat, request: &request, script, text, pause };
    if let Some(status) = plan.script.fail {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = error(status, "the demo was told to fail");
        reply.pieces.iter_mut().take(1).for_each(|(pause, _)| *pause = plan.script.stall);
        return reply;
    }
    if plan.script.garbage {
        return Reply {
            status: StatusCode::OK,
            content_type: JSON,
            pieces: vec![(plan.script.stall, Bytes::from_static(b"<html>not json</html>"))],
            breaks_off: false,
        };
    }
    if request["stream"] == true { plan.stream() } else { plan.whole() }
}

impl Plan<'_> {
    fn model(&self) -> &str {
        self.request["model"].as_str().unwrap_or(MODEL)
    }

    fn choices(&self) -> u64 {
        self.request["n"].as_u64().unwrap_or(1).clamp(1, 16)
    }

    fn id(&self) -> &'static str {
        if self.chat { "chatcmpl-demo" } else { "cmpl-demo" }
    }

    fn usage(&self) -> Value {
        let prompt = self.request.to_string().len() / 4;
        let completion = tokens(&self.text).len();
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
    }

    fn finish(&self) -> &'static str {
        if self.script.tool.is_some() { "tool_calls" } else { "stop" }
    }

    fn logprobs(&self, token: &str) -> Value {
        if !self.script.logprobs {
            return Value::Null;
        }
        let entry =
            json!({"token": token, "logprob": -0.1, "bytes": token.as_bytes(), "top_logprobs": []});
        json!({"content": [entry], "refusal": null})
    }

    fn whole(&self) -> Reply {
        let choice = |index: u64| {
            if !self.chat {
                return json!({"index": index, "text": self.text, "logprobs": null, "finish_reason": "stop"});
            }
            let said = self.script.refuse.is_none() && self.script.tool.is_none();
            let mut message = json!({
                "role": "assistant",
                "content": said.then_some(&self.text),
                "refusal": self.script.refuse,
            });
            if let Some(reasoning) = &self.script.reasoning {
                message["reasoning_content"] = json!(reasoning);
            }
            if let Some((name, arguments)) = &self.script.tool {
                let function = json!({"name": name, "arguments": arguments});
                message["tool_calls"] =
                    json!([{"id": "call_demo", "type": "function", "function": function}]);
            }
            let logprobs = self.logprobs(&self.text);
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": self.finish()})
        };
        let object = if self.chat { "chat.completion" } else { "text_completion" };
        let body = json!({
            "id": self.id(),
            "object": object,
            "created": CREATED,
            "model": self.model(),
            "choices": (0..self.choices()).map(choice).collect::<Vec<_>>(),
            "usage": self.usage(),
        });
        let count = u32::try_from(tokens(&self.text).len()).unwrap_or(u32::MAX);
        let mut reply = whole(StatusCode::OK, &body, self.script.stall + self.pause * count);
        reply.breaks_off = self.script.cut.is_some();
        reply
    }

    fn stream(&self) -> Reply {
        let mut pieces = Vec::new();
        let mut push = |pause: Duration, choices: Value| {
            pieces.push((pause, self.event(&choices, None)));
        };
        let mut pause = self.script.stall;
        for index in 0..self.choices() {
            if self.chat {
                let delta = json!({"role": "assistant", "content": "", "refusal": null});
                push(
                    pause,
                    json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": null}]),
                );
            }
            pause = Duration::ZERO;
        }
        for delta in self.deltas() {
            for index in 0..self.choices() {
                let choice = if self.chat {
                    let token = delta["content"].as_str().unwrap_or_default();
                    let logprobs = self.logprobs(token);
                    json!({"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": null})
                } else {
                    json!({"index": index, "text": delta["content"], "logprobs": null, "finish_reason": null})
                };
                push(if index == 0 { self.pause } else { Duration::ZERO }, json!([choice]));
            }
        }
        if self.script.cut.is_some() {
            return Reply {
                status: StatusCode::OK,
                content_type: EVENTS,
                pieces,
                breaks_off: true,
            };
        }
        for index in 0..self.choices() {
            let choice = if self.chat {
                json!({"index": index, "delta": {}, "logprobs": null, "finish_reason": self.finish()})
            } else {
                json!({"index": index, "text": "", "logprobs": null, "finish_reason": "stop"})
            };
            push(Duration::ZERO, json!([choice]));
        }
        if self.request["stream_options"]["include_usage"] == true {
            pieces.push((Duration::ZERO, self.event(&json!([]), Some(self.usage()))));
        }
        pieces.push((Duration::ZERO, Bytes::from_static(b"data: [DONE]\n\n")));
        Reply { status: StatusCode::OK, content_type: EVENTS, pieces, breaks_off: false }
    }

    /// What the chunks between the first and the last carry.
    fn deltas(&self) -> Vec<Value> {
        let mut deltas = Vec::new();
        for token in self.script.reasoning.iter().flat_map(|text| tokens(text)) {
            deltas.push(json!({"reasoning_content": token}));
        }
        if let Some((name, arguments)) = &self.script.tool {
            let function = json!({"name": name, "arguments": ""});
            let call =
                json!({"index": 0, "id": "call_demo", "type": "function", "function": function});
            deltas.push(json!({"tool_calls": [call]}));
            for token in tokens(arguments) {
                let call = json!({"index": 0, "function": {"arguments": token}});
                deltas.push(json!({"tool_calls": [call]}));
            }
        } else if let Some(refusal) = &self.script.refuse {
            deltas.extend(tokens(refusal).into_iter().map(|token| json!({"refusal": token})));
        } else {
            deltas.extend(tokens(&self.text).into_iter().map(|token| json!({"content": token})));
        }
        deltas.truncate(self.script.cut.unwrap_or(usize::MAX));
        deltas
    }

    fn event(&self, choices: &Value, usage: Option<Value>) -> Bytes {
        let object = if self.chat { "chat.completion.chunk" } else { "text_completion" };
        let mut event = json!({
            "id": self.id(),
            "object": object,
            "created": CREATED,
            "model": self.model(),
            "choices": choices,
        });
        if let Some(usage) = usage {
            event["usage"] = usage;
        }
        Bytes::from(format!("data: {event}\n\n"))
    }
}

fn whole(status: StatusCode, body: &Value, pause: Duration) -> Reply {
    let pieces = vec![(pause, Bytes::from(body.to_string()))];
    Reply { status, content_type: JSON, pieces, breaks_off: false }
}

fn error(status: StatusCode, message: &str) -> Reply {
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let error = json!({"message": message, "type": kind, "param": null, "code": null});
    whole(status, &json!({"error": error}), Duration::ZERO)
}

/// The text that the demo answers to: the last user message, or the prompt.
fn last_prompt(request: &Value, chat: bool) -> String {
    if !chat {
        let prompt = &request["prompt"];
        return prompt.as_str().or_else(|| prompt[0].as_str()).unwrap_or_default().to_owned();
    }
    let messages = request["messages"].as_array();
    let last = messages.and_then(|all| all.iter().rev().find(|message| message["role"] == "user"));
    let Some(content) = last.map(|message| &message["content"]) else { return String::new() };
    match content.as_array() {
        Some(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        None => content.as_str().unwrap_or_default().to_owned(),
    }
}

fn wants_json(request: &Value) -> bool {
    request["response_format"]["type"].as_str().is_some_and(|format| format != "text")
}
