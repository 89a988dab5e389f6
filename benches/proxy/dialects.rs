//! What the proxy adds in each dialect: a system text and a question of a kilobyte, answered with 800 bytes, in the
//! smallest body that the API takes.

use std::net::SocketAddr;

use super::load::{self, COUNTER, Load};
use super::{ROUNDS, SPAN, median};

/// Stands in a template where the text goes.
const TEXT: &str = "{{text}}";

/// An API: its name, its path, a request and its answer.
pub(crate) struct Api {
    name: &'static str,
    pub(crate) path: &'static str,
    request: &'static str,
    answer: &'static str,
}

/// Chat first: the others are compared with it.
pub(crate) const APIS: [Api; 9] = [
    Api {
        name: "openai.chat",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"{{text}}"}]}"#,
        answer: r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{text}}","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":200,"total_tokens":400}}"#,
    },
    Api {
        name: "openai.responses",
        path: "/v1/responses",
        request: r#"{"model":"m","instructions":"You are a helpful assistant.","input":[{"role":"user","content":[{"type":"input_text","text":"{{text}}"}]}]}"#,
        answer: r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"m","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"{{text}}","annotations":[]}]}],"parallel_tool_calls":true,"previous_response_id":null,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"metadata":{}}"#,
    },
    Api {
        name: "openai.completions",
        path: "/v1/completions",
        request: r#"{"model":"m","prompt":"You are a helpful assistant. {{text}}"}"#,
        answer: r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"{{text}}","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":200,"total_tokens":400}}"#,
    },
    Api {
        name: "anthropic.messages",
        path: "/v1/messages",
        request: r#"{"model":"m","max_tokens":400,"system":"You are a helpful assistant.","messages":[{"role":"user","content":"{{text}}"}]}"#,
        answer: r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"{{text}}"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":200,"output_tokens":200}}"#,
    },
    Api {
        name: "gemini.generate",
        path: "/v1beta/models/m:generateContent",
        request: r#"{"systemInstruction":{"parts":[{"text":"You are a helpful assistant."}]},"contents":[{"role":"user","parts":[{"text":"{{text}}"}]}]}"#,
        answer: r#"{"candidates":[{"content":{"parts":[{"text":"{{text}}"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":200,"candidatesTokenCount":200,"totalTokenCount":400},"modelVersion":"m"}"#,
    },
    Api {
        name: "ollama.chat",
        path: "/api/chat",
        request: r#"{"model":"m","stream":false,"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"{{text}}"}]}"#,
        answer: r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"{{text}}"},"done":true,"done_reason":"stop","total_duration":1,"eval_count":200}"#,
    },
    Api {
        name: "ollama.generate",
        path: "/api/generate",
        request: r#"{"model":"m","stream":false,"system":"You are a helpful assistant.","prompt":"{{text}}"}"#,
        answer: r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","response":"{{text}}","done":true,"done_reason":"stop","total_duration":1,"eval_count":200}"#,
    },
    Api {
        name: "cohere.chat",
        path: "/v2/chat",
        request: r#"{"model":"m","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"{{text}}"}]}"#,
        answer: r#"{"id":"1","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"{{text}}"}]},"usage":{"tokens":{"input_tokens":200,"output_tokens":200}}}"#,
    },
    Api {
        name: "bedrock.converse",
        path: "/model/m/converse",
        request: r#"{"system":[{"text":"You are a helpful assistant."}],"messages":[{"role":"user","content":[{"text":"{{text}}"}]}]}"#,
        answer: r#"{"output":{"message":{"role":"assistant","content":[{"text":"{{text}}"}]}},"stopReason":"end_turn","usage":{"inputTokens":200,"outputTokens":200,"totalTokens":400},"metrics":{"latencyMs":1}}"#,
    },
];

impl Api {
    /// A request of it, with its head, that says this.
    pub(crate) fn request(&self, text: &str) -> Vec<u8> {
        load::post(self.path, &self.request.replace(TEXT, &escaped(text)))
    }

    /// Its answer, with its head, that says this.
    pub(crate) fn answer(&self, text: &str) -> Vec<u8> {
        let body = self.answer.replace(TEXT, &escaped(text));
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// Prints what one client waits longer, by dialect, on average of the rounds; the rounds go through all dialects, so that a slow
/// minute of the machine falls on all of them.
pub(crate) fn added(model: SocketAddr, tidegate: SocketAddr) -> anyhow::Result<()> {
    let mut found: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); APIS.len()];
    let span = SPAN / 3;
    for _ in 0..ROUNDS {
        for (api, (alone, through)) in APIS.iter().zip(&mut found) {
            let request = api.request(&format!("{COUNTER} {}", load::prompt()));
            for (address, medians) in [(model, alone), (tidegate, through)] {
                medians.push(Load::run(address, &request, 1, span)?.percentile(50) * 1e3);
            }
        }
    }
    println!("\n| dialect | model alone | through Tidegate | added | of what chat adds |");
    println!("|---|---|---|---|---|");
    let mut chat = None;
    for (api, (alone, through)) in APIS.iter().zip(found) {
        let (alone, through) = (median(alone), median(through));
        let added = through - alone;
        let share = added / *chat.get_or_insert(added);
        println!(
            "| `{}` | {alone:.3} ms | {through:.3} ms | {added:.3} ms | {share:.2} |",
            api.name
        );
    }
    Ok(())
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}
