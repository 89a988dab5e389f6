//! Messages that some servers put whole into the last event of a stream.

use serde_json::{Value, json};

use super::*;

fn snapshot(message: &Value) -> String {
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop",
                         "logprobs": { "content": [{ "token": "x", "logprob": -0.1 }] } });
    format!("data: {}\n\n", json!({ "id": "c1", "choices": [choice] }))
}

fn message(stream: &str) -> Value {
    let last = stream.split("\n\n").find(|event| event.contains("\"message\":{\"")).unwrap();
    let event: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    event["choices"][0].clone()
}

const DONE: &str = "data: [DONE]\n\n";

#[test]
fn a_snapshot_says_what_the_deltas_said() {
    let text = "you idiot, mail bob@x.com, 傻瓜!";
    let deltas: String = ["you id", "iot, mail bob@", "x.com, 傻", "瓜!"].map(content).concat();
    let clean = deltas + &snapshot(&json!({ "role": "assistant", "content": text })) + DONE;
    let (out, finale, report) = run(settings(policy(), 1), &[clean.as_bytes()]);
    assert_eq!(finale, Finale::Ended);
    let choice = message(&out);
    assert_eq!(choice["message"]["content"], client(&out, 0).0);
    assert_eq!(choice["message"]["content"], "you [INSULTS], mail [EMAIL], [INSULTS]!");
    assert_eq!(choice["logprobs"], Value::Null, "its tokens repeat the text");
    assert!(report.edited);
}

#[test]
fn a_clean_snapshot_leaves_byte_for_byte() {
    let sent = content("hello there") + &snapshot(&json!({ "content": "hello there" })) + DONE;
    assert_eq!(run(settings(policy(), 1), &[sent.as_bytes()]).0, sent);
}

#[test]
fn every_text_of_a_snapshot_is_mended_in_its_own_way() {
    let arguments = "{\"to\": \"bob@x.com\", \"n\": 1.0}";
    let sent = snapshot(&json!({
        "content": [{ "type": "text", "text": "idiot" }],
        "reasoning": "an idiot?",
        "annotations": [{ "type": "url_citation", "url_citation": { "title": "idiot" } }],
        "tool_calls": [{ "id": "1", "type": "function",
                         "function": { "name": "send", "arguments": arguments } }],
    })) + DONE;
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(finale, Finale::Ended);
    let message = &message(&out)["message"];
    assert_eq!(message["content"][0]["text"], "[INSULTS]");
    assert_eq!(message["reasoning"], "an [INSULTS]?");
    assert_eq!(message["annotations"], json!([]), "their places are not known any more");
    let mended = &message["tool_calls"][0]["function"]["arguments"];
    assert_eq!(mended, "{\"to\": \"[EMAIL]\", \"n\": 1.0}");
}

#[test]
fn a_snapshot_gets_its_originals_back_like_the_deltas() {
    let mut pseudonyms = Pseudonyms::default();
    let mut rewrites = [crate::domain::Rewrite {
        span: crate::domain::Span::new(0, 7),
        replacement: String::new(),
        label: Arc::from("EMAIL"),
        restorable: true,
    }];
    pseudonyms.assign("bo@x.de", &mut rewrites);
    let restorer = pseudonyms.restorer().map(Arc::new);
    let sent = content("to [EMA")
        + &content("IL_1].")
        + &snapshot(&json!({ "content": "to [EMAIL_1]." }))
        + DONE;
    let with = RelaySettings { restorer, ..settings(Sketch::default().build(), 1) };
    let (out, ..) = run(with, &[sent.as_bytes()]);
    assert_eq!(client(&out, 0).0, "to bo@x.de.");
    assert_eq!(message(&out)["message"]["content"], "to bo@x.de.");
}

#[test]
fn a_snapshot_with_a_blocked_text_never_leaves() {
    for bad in [
        json!({ "content": "it says blorp" }),
        json!({ "tool_calls": [{ "function": { "name": "f", "arguments": "{\"a\":\"blorp\"}" } }] }),
        // What must be changed and cannot be.
        json!({ "reasoning_details": [{ "type": "reasoning.text", "text": "idiot" }] }),
    ] {
        let sent = content("it says") + &snapshot(&bad) + DONE;
        let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
        assert!(matches!(finale, Finale::Cut { .. }), "{bad}");
        assert!(!out.contains("blorp") && !out.contains("idiot") && !out.contains("\"message\":"));
        let (text, reasons) = client(&out, 0);
        assert!(text.starts_with("it says\n"), "{text}");
        assert_eq!(reasons, ["content_filter"]);
    }
}
