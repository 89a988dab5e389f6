//! Terms that are split over several texts of a request or an answer.

use serde_json::{Value, json};

use crate::gate::Setup;
use crate::model::{Model, STREAM, whole};
use crate::wire::{ask, ask_with};

fn chat(messages: &Value) -> String {
    json!({"model": "m", "messages": messages}).to_string()
}

fn part(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// Messages with an answer of the model after each.
fn turns(texts: &[&str]) -> Value {
    let turn = |text: &&str| {
        [
            json!({"role": "user", "content": text}),
            json!({"role": "assistant", "content": "Go on."}),
        ]
    };
    texts.iter().flat_map(turn).collect()
}

fn call(arguments: &Value) -> Value {
    json!({"id": "c1", "type": "function",
        "function": {"name": "send", "arguments": arguments.to_string()}})
}

fn called(arguments: &Value) -> Value {
    json!([
        {"role": "user", "content": "Do it."},
        {"role": "assistant", "content": null, "tool_calls": [call(arguments)]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ])
}

const CHINESE: &str = "  - { id: zh, words: [炸弹], action: block }\n";

#[tokio::test]
async fn a_term_that_is_split_over_texts_of_a_request_is_blocked_and_the_record_says_where() {
    let gate = Setup::demo().policy(CHINESE).start().await;
    let parts = |texts: &[&str]| {
        let parts: Vec<Value> = texts.iter().map(|text| part(text)).collect();
        json!([{"role": "user", "content": "hi"}, {"role": "user", "content": parts}])
    };
    let cases = [
        ("parts", parts(&["say gre", "nade"]), "messages[1].content[0].text (joined)"),
        ("parts-zh", parts(&["说", "炸", "弹"]), "messages[1].content[1].text (joined)"),
        ("turns", turns(&["fine", "a gre", "nade"]), "messages[2].content (joined)"),
        ("turns-zh", turns(&["说炸", "弹吧"]), "messages[0].content (joined)"),
        (
            "leaves",
            called(&json!({"a": "gre", "b": ["nade"]})),
            "messages[1].tool_calls[0].function.arguments.* (joined)",
        ),
        (
            "leaves-zh",
            called(&json!({"a": ["炸", {"b": "弹"}]})),
            "messages[1].tool_calls[0].function.arguments.*[0] (joined)",
        ),
        (
            "keys",
            called(&json!({"gre": 1, "nade": 2})),
            "messages[1].tool_calls[0].function.arguments.* (joined)",
        ),
    ];
    for (id, messages, place) in cases {
        let body = chat(&messages);
        let answer = ask_with(gate.data, &format!("x-request-id: {id}\r\n"), &body).await;
        answer.is_error(400, "content_policy_violation");
        ask_with(gate.data, &format!("x-request-id: after-{id}\r\n"), &chat(&parts(&["hi"]))).await;
        let records = gate.records(id, &format!("after-{id}")).await;
        assert_eq!(records[0]["passage"], place, "{id}");
    }
}

#[tokio::test]
async fn texts_of_different_roles_and_texts_that_only_look_alike_stay_apart() {
    let model = Model::says(whole(&crate::model::completion("fine"))).await;
    let gate = Setup::upstream(model.address).start().await;
    for messages in [
        json!([{"role": "user", "content": "gre"}, {"role": "assistant", "content": "nade"}]),
        turns(&["gre", "mlin", "nade"]),
        turns(&["gre", "1", "2", "3", "4", "5", "6", "7", "nade"]),
        called(&json!({"gre": "nade"})),
    ] {
        let body = chat(&messages);
        assert_eq!(ask(gate.data, &body).await.status, 200, "{body}");
        assert_eq!(model.asked().last().unwrap().body, body.as_bytes(), "not a byte changes");
    }
}

#[tokio::test]
async fn what_is_replaced_over_several_texts_is_named_once_and_taken_out_of_all() {
    let model = Model::says(whole(&crate::model::completion("fine"))).await;
    let gate = Setup::upstream(model.address).start().await;
    let asked = |messages: Value| {
        let (gate, model) = (&gate, &model);
        async move {
            assert_eq!(ask(gate.data, &chat(&messages)).await.status, 200);
            let body = model.asked().last().unwrap().body.clone();
            serde_json::from_slice::<Value>(&body).unwrap()["messages"].clone()
        }
    };
    let content = json!([part("write ada@exam"), part("ple.org now")]);
    let got = asked(json!([{"role": "user", "content": content}])).await;
    assert_eq!(got[0]["content"], json!([part("write [EMAIL]"), part(" now")]));
    let got = asked(turns(&["write ada@exam", "ple.org"])).await;
    assert_eq!(
        (&got[0]["content"], &got[2]["content"]),
        (&json!("write [EMAIL]"), &json!("[EMAIL]"))
    );
    let got = asked(called(&json!({"to": "bob@x.org, ada@exam", "rest": "ple.org, cc"}))).await;
    let arguments = got[1]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert_eq!(arguments, r#"{"to":"[EMAIL], [EMAIL]","rest":", cc"}"#);
    // Keys cannot be changed.
    let body = chat(&called(&json!({"ada@exam": 1, "ple.org": 2})));
    ask(gate.data, &body).await.is_error(400, "content_policy_violation");
}

#[tokio::test]
async fn arguments_of_calls_in_answers_are_read_as_one_whole_and_streamed() {
    let call = |arguments: &Value| {
        let mut call = call(arguments);
        call["index"] = json!(0);
        json!({"role": "assistant", "content": null, "tool_calls": [call]})
    };
    let completion = |arguments: &Value| {
        whole(
            &json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": call(arguments)}]})
            .to_string(),
        )
    };
    let stream = |arguments: &Value| {
        let event = |delta: Value, finish: Value| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
            format!(
                "data: {}\n\n",
                json!({"id": "c", "created": 1, "model": "m", "choices": [choice]})
            )
        };
        let (one, end) =
            (event(call(arguments), Value::Null), event(json!({}), json!("tool_calls")));
        format!("{STREAM}{one}{end}data: [DONE]\n\n")
    };
    let (bad, mail) = (json!({"a": "gre", "b": "nade"}), json!({"a": "ada@exam", "b": "ple.org."}));
    let body = |stream| {
        json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
            .to_string()
    };
    for (streamed, answer) in [
        (false, &completion as &dyn Fn(&Value) -> String),
        (true, &stream as &dyn Fn(&Value) -> String),
    ] {
        let model = Model::says(answer(&bad)).await;
        let gate = Setup::upstream(model.address).start().await;
        let got = ask(gate.data, &body(streamed)).await.text();
        assert!(got.contains("content_filter") && !got.contains("tool_calls"), "{got}");
        let model = Model::says(answer(&mail)).await;
        let gate = Setup::upstream(model.address).start().await;
        let got = ask(gate.data, &body(streamed)).await.text();
        assert!(got.contains(r#"{\"a\":\"[EMAIL]\",\"b\":\".\"}"#), "{got}");
    }
}

#[tokio::test]
async fn a_rule_in_shadow_only_watches_texts_that_are_read_as_one() {
    let gate = Setup::demo()
        .policy("  - { id: watched, words: [zorp], action: block, mode: shadow }\n")
        .start()
        .await;
    let body = chat(&turns(&["zo", "rp"]));
    assert_eq!(ask(gate.data, &body).await.status, 200);
    gate.counts(&[
        "tidegate_rule_matches_total{mode=\"shadow\",policy=\"test\",rule=\"watched\"} 1",
    ])
    .await;
}
