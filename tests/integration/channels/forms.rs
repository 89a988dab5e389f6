//! How each dialect writes a stream, as data. In events, `{u}` is the number of the answer, `{i}` that of the part,
//! `{p}` a piece of its text as it stands in a JSON string and `{pp}` in JSON in a JSON string, `{t}` and `{tt}` the
//! whole text so, `{o}` the items that are closed, `{n}` the number of the event.

/// How a dialect streams.
pub(super) struct Form {
    pub(super) dialect: &'static str,
    /// Where it is asked for, and with what.
    pub(super) path: &'static str,
    pub(super) asked: &'static str,
    /// What the answer says that it is.
    pub(super) sort: &'static str,
    /// How many answers it may have.
    pub(super) units: usize,
    /// Whether its parts come one behind the other.
    pub(super) in_turn: bool,
    /// What stands before and behind each event, and between two.
    pub(super) frame: [&'static str; 3],
    pub(super) begin: &'static [&'static str],
    pub(super) channels: &'static [Channel],
    /// The event that ends an answer.
    pub(super) finish: &'static str,
    pub(super) end: &'static [&'static str],
    pub(super) closing: Closing,
}

/// A text that comes in pieces.
pub(super) struct Channel {
    /// What the dialect calls it; `None` where it comes whole.
    pub(super) name: Option<&'static str>,
    /// Whether its text stands in the arguments of a call.
    pub(super) is_call: bool,
    pub(super) open: &'static [&'static str],
    pub(super) piece: &'static str,
    pub(super) close: &'static [&'static str],
    /// What a whole answer repeats of it.
    pub(super) item: &'static str,
}

/// How it is known that all that was opened is closed.
pub(super) enum Closing {
    /// Each answer of this list says once, in this member, why it ended, and with these bytes the stream ends.
    Reasons { list: &'static str, member: &'static str, last: &'static str },
    /// What is opened is closed, by type and number; the last event is of one of these types.
    Pairs { pairs: &'static [[&'static str; 3]], last: &'static [&'static str] },
    /// The last event, and no other, says that all is done.
    Done,
}

const PLAIN: Channel =
    Channel { name: None, is_call: false, open: &[], piece: "", close: &[], item: "" };

/// Events of one answer whose parts may come through one another.
const EVENTS: Form = Form {
    dialect: "",
    path: "",
    asked: "",
    sort: "text/event-stream",
    units: 1,
    in_turn: false,
    frame: ["data: ", "\n\n", ""],
    begin: &[],
    channels: &[],
    finish: "",
    end: &[],
    closing: Closing::Done,
};

const ASKED: &str =
    r#"{"model":"m","stream":true,"n":{u},"messages":[{"role":"user","content":"hi"}]}"#;

const CHAT_CHANNELS: &[Channel] = &[
    Channel {
        name: Some("choices[{u}].content"),
        piece: r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{"content":"{p}"},"finish_reason":null}]}"#,
        ..PLAIN
    },
    Channel {
        name: Some("choices[{u}].reasoning_content"),
        piece: r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{"reasoning_content":"{p}"}}]}"#,
        ..PLAIN
    },
    Channel {
        name: Some("choices[{u}].refusal"),
        piece: r#"{"id":"c","created":1,"model":"m","choices":[{"delta":{"refusal":"{p}"},"index":{u}}]}"#,
        ..PLAIN
    },
    Channel {
        name: Some("choices[{u}].tool_calls[{i}].arguments"),
        is_call: true,
        open: &[
            r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{"tool_calls":[{"index":{i},"id":"call_{i}","type":"function","function":{"name":"look_up","arguments":""}}]}}]}"#,
            r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{"tool_calls":[{"index":{i},"function":{"arguments":"{\"q\":\""}}]}}]}"#,
        ],
        piece: r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{"tool_calls":[{"index":{i},"function":{"arguments":"{pp}"}}]}}]}"#,
        close: &[
            r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{"tool_calls":[{"index":{i},"function":{"arguments":"\"}"}}]}}]}"#,
        ],
        ..PLAIN
    },
];

const CHAT_CLOSING: Closing =
    Closing::Reasons { list: "choices", member: "finish_reason", last: "data: [DONE]\n\n" };

const GEMINI_CHANNELS: &[Channel] = &[
    Channel {
        name: Some("candidates[{u}].text"),
        piece: r#"{"candidates":[{"content":{"parts":[{"text":"{p}"}],"role":"model"},"index":{u}}],"modelVersion":"g","responseId":"r"}"#,
        ..PLAIN
    },
    Channel {
        name: Some("candidates[{u}].thought"),
        piece: r#"{"candidates":[{"content":{"parts":[{"text":"{p}","thought":true}],"role":"model"},"index":{u}}],"modelVersion":"g","responseId":"r"}"#,
        ..PLAIN
    },
    Channel {
        is_call: true,
        close: &[
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"c{i}","name":"look_up","args":{"q":["{t}"],"n":1.0}}}],"role":"model"},"index":{u}}],"modelVersion":"g","responseId":"r"}"#,
        ],
        ..PLAIN
    },
];

const GEMINI: Form = Form {
    dialect: "gemini.stream_sse",
    path: "/v1beta/models/g:streamGenerateContent?alt=sse",
    asked: r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"candidateCount":{u}}}"#,
    units: 2,
    frame: ["data: ", "\r\n\r\n", ""],
    channels: GEMINI_CHANNELS,
    finish: r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":{u},"finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":4},"modelVersion":"g","responseId":"r"}"#,
    closing: Closing::Reasons { list: "candidates", member: "finishReason", last: "}\r\n\r\n" },
    ..EVENTS
};

/// The dialects whose streams are generated.
pub(super) const FORMS: &[Form] = &[
    Form {
        dialect: "openai.chat",
        path: "/v1/chat/completions",
        asked: ASKED,
        units: 2,
        channels: CHAT_CHANNELS,
        finish: r#"{"id":"c","created":1,"model":"m","choices":[{"index":{u},"delta":{},"finish_reason":"stop"}]}"#,
        end: &["[DONE]"],
        closing: CHAT_CLOSING,
        ..EVENTS
    },
    Form {
        dialect: "openai.completions",
        path: "/v1/completions",
        asked: r#"{"model":"m","stream":true,"n":{u},"prompt":"hi"}"#,
        units: 2,
        channels: &[Channel {
            name: Some("choices[{u}].content"),
            piece: r#"{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":{u},"text":"{p}","finish_reason":null,"logprobs":null}]}"#,
            ..PLAIN
        }],
        finish: r#"{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":{u},"text":"","finish_reason":"stop","logprobs":null}]}"#,
        end: &["[DONE]"],
        closing: CHAT_CLOSING,
        ..EVENTS
    },
    Form {
        dialect: "mistral.agents",
        path: "/v1/agents/completions",
        asked: r#"{"agent_id":"a","stream":true,"n":{u},"messages":[{"role":"user","content":"hi"}]}"#,
        units: 2,
        channels: &[
            Channel {
                name: Some("choices[{u}].content"),
                piece: r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":{u},"delta":{"content":"{p}"},"finish_reason":null}]}"#,
                ..PLAIN
            },
            Channel {
                name: Some("choices[{u}].content.thinking"),
                piece: r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":{u},"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"{p}"}]}]},"finish_reason":null}]}"#,
                ..PLAIN
            },
            Channel {
                is_call: true,
                close: &[
                    r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":{u},"delta":{"tool_calls":[{"id":"c{i}","index":{i},"function":{"name":"look_up","arguments":"{\"q\":\"{tt}\"}"}}]},"finish_reason":null}]}"#,
                ],
                ..PLAIN
            },
        ],
        finish: r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":{u},"delta":{"content":""},"finish_reason":"stop"}]}"#,
        end: &["[DONE]"],
        closing: CHAT_CLOSING,
        ..EVENTS
    },
    Form {
        dialect: "openai.responses",
        path: "/v1/responses",
        asked: r#"{"model":"m","stream":true,"input":"hi"}"#,
        begin: &[
            r#"{"type":"response.created","response":{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"in_progress","output":[]},"sequence_number":{n}}"#,
        ],
        channels: &[
            Channel {
                name: Some("text[{i}][0]"),
                open: &[
                    r#"{"type":"response.output_item.added","output_index":{i},"item":{"id":"msg_{i}","type":"message","status":"in_progress","content":[],"role":"assistant"},"sequence_number":{n}}"#,
                    r#"{"type":"response.content_part.added","item_id":"msg_{i}","output_index":{i},"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""},"sequence_number":{n}}"#,
                ],
                piece: r#"{"type":"response.output_text.delta","item_id":"msg_{i}","output_index":{i},"content_index":0,"delta":"{p}","logprobs":[],"sequence_number":{n}}"#,
                close: &[
                    r#"{"type":"response.output_text.done","item_id":"msg_{i}","output_index":{i},"content_index":0,"text":"{t}","logprobs":[],"sequence_number":{n}}"#,
                    r#"{"type":"response.content_part.done","item_id":"msg_{i}","output_index":{i},"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":"{t}"},"sequence_number":{n}}"#,
                    r#"{"type":"response.output_item.done","output_index":{i},"item":{"id":"msg_{i}","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"{t}"}],"role":"assistant"},"sequence_number":{n}}"#,
                ],
                item: r#"{"id":"msg_{i}","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"{t}"}],"role":"assistant"}"#,
                ..PLAIN
            },
            Channel {
                name: Some("summary[{i}][0]"),
                open: &[
                    r#"{"type":"response.output_item.added","output_index":{i},"item":{"id":"rs_{i}","type":"reasoning","summary":[]},"sequence_number":{n}}"#,
                    r#"{"type":"response.reasoning_summary_part.added","item_id":"rs_{i}","output_index":{i},"summary_index":0,"part":{"type":"summary_text","text":""},"sequence_number":{n}}"#,
                ],
                piece: r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs_{i}","output_index":{i},"summary_index":0,"delta":"{p}","sequence_number":{n}}"#,
                close: &[
                    r#"{"type":"response.reasoning_summary_text.done","item_id":"rs_{i}","output_index":{i},"summary_index":0,"text":"{t}","sequence_number":{n}}"#,
                    r#"{"type":"response.reasoning_summary_part.done","item_id":"rs_{i}","output_index":{i},"summary_index":0,"part":{"type":"summary_text","text":"{t}"},"sequence_number":{n}}"#,
                    r#"{"type":"response.output_item.done","output_index":{i},"item":{"id":"rs_{i}","type":"reasoning","summary":[{"type":"summary_text","text":"{t}"}]},"sequence_number":{n}}"#,
                ],
                item: r#"{"id":"rs_{i}","type":"reasoning","summary":[{"type":"summary_text","text":"{t}"}]}"#,
                ..PLAIN
            },
            Channel {
                name: Some("call[{i}].arguments"),
                is_call: true,
                open: &[
                    r#"{"type":"response.output_item.added","output_index":{i},"item":{"id":"fc_{i}","type":"function_call","status":"in_progress","arguments":"","call_id":"call_{i}","name":"look_up"},"sequence_number":{n}}"#,
                    r#"{"type":"response.function_call_arguments.delta","item_id":"fc_{i}","output_index":{i},"delta":"{\"q\":\"","sequence_number":{n}}"#,
                ],
                piece: r#"{"type":"response.function_call_arguments.delta","item_id":"fc_{i}","output_index":{i},"delta":"{pp}","sequence_number":{n}}"#,
                close: &[
                    r#"{"type":"response.function_call_arguments.delta","item_id":"fc_{i}","output_index":{i},"delta":"\"}","sequence_number":{n}}"#,
                    r#"{"type":"response.function_call_arguments.done","item_id":"fc_{i}","output_index":{i},"arguments":"{\"q\":\"{tt}\"}","sequence_number":{n}}"#,
                    r#"{"type":"response.output_item.done","output_index":{i},"item":{"id":"fc_{i}","type":"function_call","status":"completed","arguments":"{\"q\":\"{tt}\"}","call_id":"call_{i}","name":"look_up"},"sequence_number":{n}}"#,
                ],
                item: r#"{"id":"fc_{i}","type":"function_call","status":"completed","arguments":"{\"q\":\"{tt}\"}","call_id":"call_{i}","name":"look_up"}"#,
            },
        ],
        end: &[
            r#"{"type":"response.completed","response":{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"completed","output":[{o}]},"sequence_number":{n}}"#,
        ],
        closing: Closing::Pairs {
            pairs: &[
                ["response.output_item.added", "response.output_item.done", "output_index"],
                ["response.content_part.added", "response.content_part.done", "output_index"],
                [
                    "response.reasoning_summary_part.added",
                    "response.reasoning_summary_part.done",
                    "output_index",
                ],
            ],
            last: &["response.completed", "response.incomplete"],
        },
        ..EVENTS
    },
    Form {
        dialect: "anthropic.messages",
        path: "/v1/messages",
        asked: r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
        in_turn: true,
        begin: &[
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}"#,
            r#"{"type":"ping"}"#,
        ],
        channels: &[
            Channel {
                name: Some("text[{i}]"),
                open: &[
                    r#"{"type":"content_block_start","index":{i},"content_block":{"type":"text","text":""}}"#,
                ],
                piece: r#"{"type":"content_block_delta","index":{i},"delta":{"type":"text_delta","text":"{p}"}}"#,
                close: &[r#"{"type":"content_block_stop","index":{i}}"#],
                ..PLAIN
            },
            Channel {
                name: Some("thinking[{i}]"),
                open: &[
                    r#"{"type":"content_block_start","index":{i},"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
                ],
                piece: r#"{"type":"content_block_delta","index":{i},"delta":{"type":"thinking_delta","thinking":"{p}"}}"#,
                close: &[
                    r#"{"type":"content_block_delta","index":{i},"delta":{"type":"signature_delta","signature":"c2lnbmVk"}}"#,
                    r#"{"type":"content_block_stop","index":{i}}"#,
                ],
                ..PLAIN
            },
            Channel {
                name: Some("call[{i}].arguments"),
                is_call: true,
                open: &[
                    r#"{"type":"content_block_start","index":{i},"content_block":{"type":"tool_use","id":"toolu_{i}","name":"look_up","input":{}}}"#,
                    r#"{"type":"content_block_delta","index":{i},"delta":{"type":"input_json_delta","partial_json":"{\"q\":\""}}"#,
                ],
                piece: r#"{"type":"content_block_delta","index":{i},"delta":{"type":"input_json_delta","partial_json":"{pp}"}}"#,
                close: &[
                    r#"{"type":"content_block_delta","index":{i},"delta":{"type":"input_json_delta","partial_json":"\"}"}}"#,
                    r#"{"type":"content_block_stop","index":{i}}"#,
                ],
                ..PLAIN
            },
        ],
        finish: r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":30}}"#,
        end: &[r#"{"type":"message_stop"}"#],
        closing: Closing::Pairs {
            pairs: &[["content_block_start", "content_block_stop", "index"]],
            last: &["message_stop"],
        },
        ..EVENTS
    },
    GEMINI,
    Form {
        dialect: "gemini.stream_array",
        path: "/v1beta/models/g:streamGenerateContent",
        sort: "application/json",
        frame: ["", "", ",\r\n"],
        closing: Closing::Reasons { list: "candidates", member: "finishReason", last: "]" },
        ..GEMINI
    },
    Form {
        dialect: "ollama.chat",
        path: "/api/chat",
        asked: r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
        sort: "application/x-ndjson",
        frame: ["", "\n", ""],
        channels: &[
            Channel {
                name: Some("content"),
                piece: r#"{"model":"m","created_at":"2026-11-01T10:00:00Z","message":{"role":"assistant","content":"{p}"},"done":false}"#,
                ..PLAIN
            },
            Channel {
                name: Some("thinking"),
                piece: r#"{"model":"m","created_at":"2026-11-01T10:00:00Z","message":{"role":"assistant","content":"","thinking":"{p}"},"done":false}"#,
                ..PLAIN
            },
            Channel {
                is_call: true,
                close: &[
                    r#"{"model":"m","created_at":"2026-11-01T10:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look_up","arguments":{"q":"{t}"}}}]},"done":false}"#,
                ],
                ..PLAIN
            },
        ],
        end: &[
            r#"{"model":"m","created_at":"2026-11-01T10:00:01Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":4}"#,
        ],
        closing: Closing::Done,
        ..EVENTS
    },
    Form {
        dialect: "cohere.chat",
        path: "/v2/chat",
        asked: r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
        in_turn: true,
        begin: &[
            r#"{"id":"c1","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
        ],
        channels: &[
            Channel {
                name: Some("tool_plan"),
                piece: r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"{p}"}}}"#,
                ..PLAIN
            },
            Channel {
                name: Some("content[{i}]"),
                open: &[
                    r#"{"type":"content-start","index":{i},"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
                ],
                piece: r#"{"type":"content-delta","index":{i},"delta":{"message":{"content":{"text":"{p}"}}}}"#,
                close: &[r#"{"type":"content-end","index":{i}}"#],
                ..PLAIN
            },
            Channel {
                name: Some("thinking[{i}]"),
                open: &[
                    r#"{"type":"content-start","index":{i},"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}"#,
                ],
                piece: r#"{"type":"content-delta","index":{i},"delta":{"message":{"content":{"thinking":"{p}"}}}}"#,
                close: &[r#"{"type":"content-end","index":{i}}"#],
                ..PLAIN
            },
            Channel {
                name: Some("tool_calls[{i}].arguments"),
                is_call: true,
                open: &[
                    r#"{"type":"tool-call-start","index":{i},"delta":{"message":{"tool_calls":{"id":"call_{i}","type":"function","function":{"name":"look_up","arguments":""}}}}}"#,
                    r#"{"type":"tool-call-delta","index":{i},"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"q\":\""}}}}}"#,
                ],
                piece: r#"{"type":"tool-call-delta","index":{i},"delta":{"message":{"tool_calls":{"function":{"arguments":"{pp}"}}}}}"#,
                close: &[
                    r#"{"type":"tool-call-delta","index":{i},"delta":{"message":{"tool_calls":{"function":{"arguments":"\"}"}}}}}"#,
                    r#"{"type":"tool-call-end","index":{i}}"#,
                ],
                ..PLAIN
            },
        ],
        end: &[
            r#"{"type":"message-end","id":"c1","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":1,"output_tokens":2}}}}"#,
        ],
        closing: Closing::Pairs {
            pairs: &[
                ["content-start", "content-end", "index"],
                ["tool-call-start", "tool-call-end", "index"],
            ],
            last: &["message-end"],
        },
        ..EVENTS
    },
];
