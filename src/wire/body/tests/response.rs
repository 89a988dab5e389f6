//! Whole answers: where text is found, and what stops and edits make of the bytes.

use super::*;
use crate::domain::Author::{Assistant, Tool, Unknown, User};
use crate::domain::EditClass::{Fixed, JsonInString, Opaque, Plain};
use crate::domain::TextKind::{
    Citation, Logprob, Meta, Reasoning, Refusal, Text, ToolArgs, Transcript,
};

/// Rows of `wire.md` §4.1 (response).
const CHAT_ROWS: &[(&str, Expected)] = &[
    ("choices[].message.content", (Assistant, Text, Plain)),
    ("choices[].message.content[].text", (Assistant, Text, Plain)),
    ("choices[].message.content[].thinking[].text", (Assistant, Reasoning, Plain)),
    ("choices[].message.refusal", (Assistant, Refusal, Plain)),
    ("choices[].message.tool_calls[].function.name", (Assistant, Meta, Fixed)),
    ("choices[].message.tool_calls[].function.arguments", (Assistant, ToolArgs, Fixed)),
    ("choices[].message.tool_calls[].custom.name", (Assistant, Meta, Fixed)),
    ("choices[].message.tool_calls[].custom.input", (Assistant, ToolArgs, Plain)),
    ("choices[].message.function_call.arguments", (Assistant, ToolArgs, Fixed)),
    ("choices[].message.reasoning_content", (Assistant, Reasoning, Plain)),
    ("choices[].message.reasoning", (Assistant, Reasoning, Plain)),
    ("choices[].message.thinking", (Assistant, Reasoning, Plain)),
    ("choices[].message.reasoning_details[].text", (Assistant, Reasoning, Fixed)),
    ("choices[].message.reasoning_details[].summary", (Assistant, Reasoning, Fixed)),
    ("choices[].message.audio.transcript", (Assistant, Transcript, Fixed)),
    ("choices[].message.annotations[].url_citation.title", (Tool, Citation, Plain)),
    ("choices[].message.annotations[].url_citation.url", (Tool, Citation, Fixed)),
    ("choices[].logprobs.content[].token", (Assistant, Logprob, Opaque)),
    ("choices[].logprobs.content[].top_logprobs[].token", (Assistant, Logprob, Opaque)),
    ("choices[].logprobs.refusal[].token", (Assistant, Logprob, Opaque)),
    ("choices[].stop_reason", (Assistant, Meta, Fixed)),
    ("prompt_logprobs[].50256.decoded_token", (User, Logprob, Opaque)),
    ("prompt_text", (User, Text, Fixed)),
    ("error.message", (Assistant, Meta, Fixed)),
    ("error.metadata.raw", (Assistant, Meta, Fixed)),
    ("error.innererror.detail", (Assistant, Meta, Fixed)),
    ("choices[].message.images[].caption", (Unknown, Meta, Fixed)),
    ("brand_new", (Unknown, Meta, Fixed)),
];

#[test]
fn every_row_of_the_chat_answer_is_found() {
    for (path, expected) in CHAT_ROWS {
        let base = json!({ "id": "c", "choices": [{ "index": 7 }] });
        let answer = answer(&chat_dialect(), &merged(base, nest(path, MARKER.into())).to_string());
        let marked: Vec<_> =
            answer.passages().iter().filter(|p| p.passage.text == MARKER).collect();
        assert_eq!(marked.len(), 1, "{path}");
        let passage = &marked[0].passage;
        assert_eq!((passage.author, passage.kind, passage.edit), *expected, "{path}");
        assert_eq!(marked[0].unit, path.starts_with("choices").then_some(7), "{path}");
        assert_eq!(answer.unknown_leaves() > 0, expected.0 == Unknown, "{path}");
    }
    let path = "choices[].message.tool_calls[].function.arguments";
    let arguments = json!({ "q": MARKER }).to_string();
    let answer = answer(&chat_dialect(), &nest(path, arguments.into()).to_string());
    assert_eq!(answer.passages()[1].passage.edit, JsonInString);
    assert_eq!(answer.passages()[1].unit, Some(0), "without an index, its place is it");
}

#[test]
fn every_row_of_the_completions_answer_is_found() {
    for (path, kind, edit) in [
        ("choices[].text", Text, Plain),
        ("choices[].logprobs.tokens[]", Logprob, Opaque),
        ("choices[].prompt_logprobs[].x.decoded_token", Logprob, Opaque),
        ("choices[].stop_reason", Meta, Fixed),
        ("error.message", Meta, Fixed),
    ] {
        let answer = answer(&completions_dialect(), &nest(path, MARKER.into()).to_string());
        let found = answer.passages().iter().find(|p| p.passage.text == MARKER).unwrap();
        assert_eq!((found.passage.kind, found.passage.edit), (kind, edit), "{path}");
    }
    let keys = nest("choices[].logprobs.top_logprobs[]", json!({ MARKER: -0.5 }));
    let answer = answer(&completions_dialect(), &keys.to_string());
    assert!(answer.passages().iter().any(|p| p.passage.text == MARKER));
}

#[test]
fn an_answer_of_a_real_server_has_no_unknown_strings() {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt 4",
        "system_fingerprint": null, "service_tier": "default", "provider": "Some Cloud",
        "usage": { "prompt_tokens": 1, "prompt_tokens_details": { "cached_tokens": 0 } },
        "choices": [{ "index": 0, "finish_reason": "stop", "native_finish_reason": "STOP",
            "logprobs": null, "content_filter_results": { "hate": { "severity": "safe" } },
            "message": { "role": "assistant", "content": "hi", "refusal": null,
                "annotations": [], "tool_calls": null, "function_call": null } }],
        "prompt_filter_results": [{ "prompt_index": 0, "content_filter_results": {} }],
        "prompt_logprobs": [null, { "5": { "logprob": -1.0, "rank": 1, "decoded_token": "a" } }],
    });
    let answer = answer(&chat_dialect(), &body.to_string());
    assert_eq!(answer.unknown_leaves(), 0, "{:?}", answer.passages());
    assert_eq!(answer.passages().len(), 2);
}

const TWO: &str = concat!(
    r#"{"id":"c1","x":1.0,"choices":[{"index":0,"message":{"role":"assistant","content":"to bob\u0020x","#,
    r#""annotations":[{"type":"url_citation","url_citation":{"start_index":0}}]},"logprobs":{"content":[]},"finish_reason":"stop"},"#,
    r#" {"index":1,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t"}]},"finish_reason":"tool_calls"}],"usage":{"total_tokens":9}}"#
);

fn bob(answer: &Response) -> usize {
    answer.passages().iter().position(|p| p.passage.text == "to bob x").unwrap()
}

#[test]
fn an_answer_with_nothing_to_do_is_the_very_same_bytes() {
    let body = format!("\n\n{TWO} ");
    let answer = answer(&chat_dialect(), &body);
    let out = answer.render(&[], &[], &[]).unwrap();
    assert_eq!(out.as_ptr(), answer.bytes().as_ptr());
}

#[test]
fn an_edit_takes_with_it_what_repeats_the_text_or_points_into_it() {
    let answer = answer(&chat_dialect(), TWO);
    let rewrites = replacing("to bob x", "bob", "[N]");
    let edit = PassageEdit { passage: bob(&answer), rewrites: &rewrites };
    let out = answer.render(&[edit], &[], &[]).unwrap();
    let expected = TWO
        .replace("bob", "[N]")
        .replace(r#"[{"type":"url_citation","url_citation":{"start_index":0}}]"#, "[]")
        .replace(r#""logprobs":{"content":[]}"#, r#""logprobs":null"#);
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
}

#[test]
fn a_stopped_choice_leaves_nothing_of_the_model_and_the_others_keep_every_byte() {
    let answer = answer(&chat_dialect(), TWO);
    let stopped = |shape| [StoppedUnit { unit: 1, message: "No.", shape, category: None }];
    let out = answer.render(&[], &stopped(RefusalShape::Content), &[]).unwrap();
    let start = TWO.find(r#" {"index":1"#).unwrap() + 1;
    let end = TWO.find(r#"],"usage""#).unwrap();
    let (before, after) = (TWO.get(..start).unwrap(), TWO.get(end..).unwrap());
    let content = r#"{"index":1,"message":{"role":"assistant","content":"No.","refusal":null},"logprobs":null,"finish_reason":"content_filter"}"#;
    assert_eq!(std::str::from_utf8(&out).unwrap(), format!("{before}{content}{after}"));
    let out = answer.render(&[], &stopped(RefusalShape::Refusal), &[]).unwrap();
    let refusal = r#"{"index":1,"message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"stop"}"#;
    assert_eq!(std::str::from_utf8(&out).unwrap(), format!("{before}{refusal}{after}"));
}

#[test]
fn an_edit_of_a_stopped_choice_is_not_needed() {
    let answer = answer(&chat_dialect(), TWO);
    let rewrites = replacing("to bob x", "bob", "[N]");
    let stopped =
        [StoppedUnit { unit: 0, message: "No.", shape: RefusalShape::Content, category: None }];
    let edit = PassageEdit { passage: bob(&answer), rewrites: &rewrites };
    let out = answer.render(&[edit], &stopped, &[]);
    let out: Value = serde_json::from_slice(&out.unwrap()).unwrap();
    assert_eq!(out["choices"][0]["message"]["content"], "No.");
    assert_eq!(out["choices"][1]["message"]["tool_calls"][0]["id"], "t");
}

#[test]
fn a_stopped_completion_keeps_its_form() {
    let body = r#"{"id":"x","choices":[{"text":"bad","index":0,"logprobs":{"tokens":["bad"]},"finish_reason":"length"}]}"#;
    let answer = answer(&completions_dialect(), body);
    let stopped =
        [StoppedUnit { unit: 0, message: "No.", shape: RefusalShape::Refusal, category: None }];
    let out = answer.render(&[], &stopped, &[]).unwrap();
    let expected = r#"{"id":"x","choices":[{"index":0,"text":"No.","logprobs":null,"finish_reason":"content_filter"}]}"#;
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
}

#[test]
fn all_copies_of_a_duplicate_key_are_read() {
    let body = r#"{"choices":[{"message":{"content":"one","content":"two"}}]}"#;
    let answer = answer(&chat_dialect(), body);
    let texts: Vec<&str> = answer.passages().iter().map(|p| &*p.passage.text).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn shapes_of_odd_servers_do_not_break_the_reader() {
    for body in [
        "{}",
        r#"{"choices":null}"#,
        r#"{"choices":{"a":1}}"#,
        r#"{"choices":["text"]}"#,
        r#"{"choices":[{"message":null}]}"#,
        r#"{"choices":[{"message":{"content":[]}}],"usage":null}"#,
        r#"{"error":"text"}"#,
        r#"{"choices":[{"index":"0","message":{"content":5}}]}"#,
    ] {
        let answer = answer(&chat_dialect(), body);
        let stopped =
            [StoppedUnit { unit: 0, message: "No.", shape: RefusalShape::Content, category: None }];
        let out = answer.render(&[], &stopped, &[Some(0)]).unwrap();
        assert!(serde_json::from_slice::<Value>(&out).is_ok(), "{body}");
    }
}
