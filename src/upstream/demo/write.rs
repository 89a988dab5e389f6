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

/// The most prompts of one request that are answered; legacy completions take a list of them.
const MOST_PROMPTS: usize = 256;

/// One answer, before it is put into a format.
struct Plan<'r> {
    chat: bool,
    request: &'r Value,
    /// What the first prompt asks for.
    script: Script,
    /// What is said to each prompt.
    texts: Vec<String>,
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
        let message = "the demo model answers chat and legacy completions (`/v1/chat/completions`) and \
            lists models, and nothing else";
        return error(StatusCode::NOT_FOUND, message);
    }
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return error(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let answer = |prompt: String| {
        let script = answers.pick(&prompt).unwrap_or_else(|| read(&prompt));
        let text = match (&script.say, &script.refuse) {
            (Some(say), _) => say.clone(),
            (None, Some(_)) => String::new(),
            (None, None) if wants_json(&request) => json!({"echo": prompt}).to_string(),
            (None, None) => format!("You said: {prompt}"),
        };
        (script, text)
    };
    let (scripts, texts): (Vec<Script>, Vec<String>) =
        prompts(&request, chat).into_iter().map(answer).unzip();
    let script = scripts.into_iter().next().unwrap_or_default();
    let pause = settings.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
    let plan = Plan { chat, request: &request, script, texts, pause };
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

    /// Choices for one prompt.
    fn choices(&self) -> usize {
        let asked = self.request["n"].as_u64().and_then(|n| usize::try_from(n).ok());
        asked.unwrap_or(1).clamp(1, 16)
    }

    /// Each choice of the answer: its number and its text.
    fn all_choices(&self) -> impl Iterator<Item = (usize, &str)> {
        let texts = self.texts.iter().flat_map(|text| std::iter::repeat_n(&**text, self.choices()));
        texts.enumerate()
    }

    fn id(&self) -> &'static str {
        if self.chat { "chatcmpl-demo" } else { "cmpl-demo" }
    }

    fn usage(&self) -> Value {
        let prompt = self.request.to_string().len() / 4;
        let completion: usize = self.texts.iter().map(|text| tokens(text).len()).sum();
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
        let choice = |(index, text): (usize, &str)| {
            if !self.chat {
                return json!({"index": index, "text": text, "logprobs": null, "finish_reason": "stop"});
            }
            let said = self.script.refuse.is_none() && self.script.tool.is_none();
            let mut message = json!({
                "role": "assistant",
                "content": said.then_some(text),
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
            let logprobs = self.logprobs(text);
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": self.finish()})
        };
        let object = if self.chat { "chat.completion" } else { "text_completion" };
        let body = json!({
            "id": self.id(),
            "object": object,
            "created": CREATED,
            "model": self.model(),
            "choices": self.all_choices().map(choice).collect::<Vec<_>>(),
            "usage": self.usage(),
        });
        let longest = self.texts.iter().map(|text| tokens(text).len()).max().unwrap_or(0);
        let count = u32::try_from(longest).unwrap_or(u32::MAX);
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
        for (index, _) in self.all_choices() {
            if self.chat {
                let delta = json!({"role": "assistant", "content": "", "refusal": null});
                push(
                    pause,
                    json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": null}]),
                );
            }
            pause = Duration::ZERO;
        }
        for (prompt, text) in self.texts.iter().enumerate() {
            let first = prompt * self.choices();
            let numbers = move || first..first + self.choices();
            for (delta, index) in self
                .deltas(text)
                .iter()
                .flat_map(|delta| numbers().map(move |index| (delta, index)))
            {
                let choice = if self.chat {
                    let token = delta["content"].as_str().unwrap_or_default();
                    let logprobs = self.logprobs(token);
                    json!({"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": null})
                } else {
                    json!({"index": index, "text": delta["content"], "logprobs": null, "finish_reason": null})
                };
                push(if index == first { self.pause } else { Duration::ZERO }, json!([choice]));
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
        for (index, _) in self.all_choices() {
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

    /// What the chunks between the first and the last carry that say `text`.
    fn deltas(&self, text: &str) -> Vec<Value> {
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
            deltas.extend(tokens(text).into_iter().map(|token| json!({"content": token})));
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

/// The texts that the demo answers to: the last user message, or the prompt, or each prompt of a list.
fn prompts(request: &Value, chat: bool) -> Vec<String> {
    if chat {
        return vec![last_message(request)];
    }
    let prompt = &request["prompt"];
    let list = prompt.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = list.iter().filter_map(Value::as_str).take(MOST_PROMPTS).map(str::to_owned);
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { vec![prompt.as_str().unwrap_or_default().to_owned()] } else { texts }
}

fn last_message(request: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The choices that come of a list of two prompts with two answers each, in the order of their numbers.
    fn texts(stream: bool) -> Vec<String> {
        let body =
            json!({"model": "m", "stream": stream, "n": 2, "prompt": ["say: a b", "say: c"]});
        let body = body.to_string();
        let path = "/v1/completions";
        let settings = DemoSettings { rate: None };
        let reply = reply(settings, &Answers::default(), &Method::POST, path, body.as_bytes());
        let bytes: Vec<u8> = reply.pieces.iter().flat_map(|(_, piece)| piece.to_vec()).collect();
        let text = String::from_utf8(bytes).unwrap();
        let events = text.lines().map(|line| line.trim_start_matches("data: "));
        let events = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
        let mut texts = vec![String::new(); 4];
        for choice in events.flat_map(|event| event["choices"].as_array().cloned().unwrap()) {
            let number = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
            texts[number].push_str(choice["text"].as_str().unwrap());
        }
        texts
    }

    #[test]
    fn each_prompt_of_a_list_has_its_choices() {
        assert_eq!(texts(false), ["a b", "a b", "c", "c"]);
        assert_eq!(texts(true), ["a b", "a b", "c", "c"]);
    }
}
