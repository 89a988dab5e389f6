//! Conversations whose earlier turns come again.

use serde_json::{Value, json};

use crate::gate::Setup;
use crate::model::{completion, whole};
use crate::scene::Scene;
use crate::wire::ask;

fn conversation(turns: &[&str]) -> String {
    let messages: Vec<_> =
        turns.iter().map(|text| json!({"role": "user", "content": text})).collect();
    json!({"model": "demo", "messages": messages}).to_string()
}

#[tokio::test]
async fn a_clean_turn_that_comes_again_is_not_screened_again_and_others_are() {
    let gate = Setup::demo().start().await;
    let long = |word: &str| format!("{word} {}", "and so on ".repeat(40));
    let (first, second, bad) = (long("one"), long("two"), long("grenade"));
    assert_eq!(ask(gate.data, &conversation(&[&first])).await.status, 200);
    assert_eq!(ask(gate.data, &conversation(&[&first, &second])).await.status, 200);
    gate.counts(&[
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"hit\"} 1",
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"miss\"} 2",
    ])
    .await;
    for _ in 0..2 {
        assert_eq!(ask(gate.data, &conversation(&[&first, &bad])).await.status, 400);
    }
    gate.counts(&[
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"hit\"} 3",
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"miss\"} 4",
        "tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"weapons\"} 2",
    ])
    .await;
}

#[tokio::test]
async fn a_policy_that_rescans_screens_every_turn_each_time() {
    let gate = Setup::demo().policy("history: rescan\n").start().await;
    let text = "and so on ".repeat(40);
    for _ in 0..2 {
        assert_eq!(ask(gate.data, &conversation(&[&text])).await.status, 200);
    }
    gate.counts(&[
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"hit\"} 0",
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"miss\"} 0",
    ])
    .await;
}

/// A model that says `ok` in the dialect of a path, and a gate before it that leaves blocked turns out.
async fn dropping(answer: &str) -> Scene {
    Scene::saying("history: drop_blocked\n", whole(answer)).await
}

fn turn(role: &str, text: &str) -> Value {
    json!({"role": role, "content": text})
}

#[tokio::test]
async fn a_blocked_turn_of_a_chat_is_left_out_with_its_refusal_when_it_comes_again() {
    let scene = dropping(&completion("ok")).await;
    let body = |turns: &[String]| {
        format!("{{ \"model\":\"m\", \"messages\" : [{}] ,\"top_p\":1.0e0}}", turns.join(" ,\n"))
    };
    let turn = |role: &str, text: &str| format!("{{\"content\" : \"{text}\",\"role\":\"{role}\"}}");
    let (system, hello) = (turn("system", "be kind"), turn("user", "hello"));
    let (hi, grenade) = (turn("assistant", "hi"), turn("user", "make a grenade"));
    let (no, cake) = (turn("assistant", "Not here."), turn("user", "make a cake"));
    let first = [system.clone(), hello.clone(), hi.clone(), grenade.clone()];
    for _ in 0..2 {
        scene
            .post("/v1/chat/completions", &body(&first))
            .await
            .is_error(400, "content_policy_violation");
    }
    assert_eq!(scene.asked(), 0, "the newest turn is never left out");
    let kept = body(&[system.clone(), hello.clone(), hi.clone(), cake.clone()]);
    for refusal in [&[no.clone()][..], &[]] {
        let mut turns = first.to_vec();
        turns.extend_from_slice(refusal);
        turns.push(cake.clone());
        let answer = scene.post("/v1/chat/completions", &body(&turns)).await;
        assert_eq!((answer.status, answer.text()), (200, completion("ok")));
        let forwarded = scene.forwarded();
        assert_eq!(forwarded, kept, "every other byte stays");
    }
    scene.gate.counts(&["tidegate_turns_left_out_total{dialect=\"openai.chat\"} 3"]).await;
    // The same words from nobody who was blocked for them are screened as ever.
    let tool = json!({"messages": [{"role": "system", "content": "make a grenade"}, {"role": "user", "content": "hi"}]});
    assert_eq!(ask(scene.gate.data, &tool.to_string()).await.status, 400);
}

#[tokio::test]
async fn a_blocked_result_of_a_tool_goes_with_its_call_in_a_chat() {
    let scene = dropping(&completion("ok")).await;
    let call = |id: &str| {
        json!({"role": "assistant", "content": null, "tool_calls": [{"id": id, "type": "function",
            "function": {"name": "look", "arguments": "{}"}}]})
    };
    let result =
        |id: &str, text: &str| json!({"role": "tool", "tool_call_id": id, "content": text});
    let mut turns = vec![
        turn("user", "go"),
        call("c1"),
        result("c1", "fine"),
        call("c2"),
        result("c2", "一个 grenade"),
    ];
    let body = |turns: &[Value]| json!({"model": "m", "messages": turns}).to_string();
    assert_eq!(ask(scene.gate.data, &body(&turns)).await.status, 400);
    turns.push(turn("user", "go on"));
    assert_eq!(ask(scene.gate.data, &body(&turns)).await.status, 200);
    let kept = [&turns[..3], &turns[5..]].concat();
    assert_eq!(scene.last()["messages"], json!(kept));
    // A result that stands last is the newest turn, though its call is not.
    turns.extend([call("c3"), result("c3", "a grenade")]);
    assert_eq!(ask(scene.gate.data, &body(&turns)).await.status, 400);
}

#[tokio::test]
async fn blocked_turns_of_anthropics_messages_are_left_out() {
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    let scene = dropping(&answer.to_string()).await;
    let call = json!({"role": "assistant", "content": [
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"q": "x"}}]});
    let result = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a grenade"}]});
    let body =
        |turns: &[Value]| json!({"model": "m", "max_tokens": 9, "messages": turns}).to_string();
    let mut turns = vec![turn("user", "go"), call, result];
    let path = "/v1/messages";
    assert_eq!(scene.post(path, &body(&turns)).await.status, 400);
    turns.extend([turn("assistant", "no"), turn("user", "造一个 grenade")]);
    assert_eq!(scene.post(path, &body(&turns)).await.status, 400);
    assert_eq!(scene.asked(), 0);
    // The same text in parts, with a mark of the prompt cache that has moved on, is the same turn.
    turns[4] = json!({"role": "user", "content": [{"type": "text", "text": "造一个 grenade"}]});
    let cached = json!({"type": "text", "text": "cake", "cache_control": {"type": "ephemeral"}});
    turns.push(json!({"role": "user", "content": [cached]}));
    let answer = scene.post(path, &body(&turns)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(scene.last()["messages"], json!([turns[0], turns[5]]));
}

/// Two rounds of a tool whose results have no ids, of which the second is blocked, and what stays of them when more is said.
async fn a_blocked_result_without_an_id(
    path: &str,
    list: &str,
    answer: Value,
    turns: Vec<Value>,
    next: Value,
) {
    let scene = dropping(&answer.to_string()).await;
    let mut turns = turns;
    let body = |turns: &[Value]| json!({"model": "m", "stream": false, list: turns}).to_string();
    let blocked = scene.post(path, &body(&turns)).await;
    assert_eq!(blocked.header("x-tidegate-action"), Some("block"), "{}", blocked.text());
    assert_eq!(scene.asked(), 0, "{path}");
    turns.push(next);
    let answer = scene.post(path, &body(&turns)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kept = [&turns[..3], &turns[5..]].concat();
    assert_eq!(scene.last()[list], json!(kept));
}

#[tokio::test]
async fn a_blocked_result_of_a_tool_goes_with_its_call_in_gemini() {
    let says = |role: &str, part: Value| json!({"role": role, "parts": [part]});
    let call = || says("model", json!({"functionCall": {"name": "look", "args": {}}}));
    let result = |text: &str| {
        says("user", json!({"functionResponse": {"name": "look", "response": {"text": text}}}))
    };
    let answer = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP", "index": 0}]});
    let turns = vec![
        says("user", json!({"text": "go"})),
        call(),
        result("fine"),
        call(),
        result("a grenade"),
    ];
    let next = says("user", json!({"text": "go on"}));
    a_blocked_result_without_an_id(
        "/v1beta/models/m:generateContent",
        "contents",
        answer,
        turns,
        next,
    )
    .await;
}

#[tokio::test]
async fn a_blocked_result_of_a_tool_goes_with_its_call_in_ollama() {
    let call = || json!({"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "look", "arguments": {}}}]});
    let result = |text: &str| json!({"role": "tool", "tool_name": "look", "content": text});
    let answer = json!({"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": "ok"},
        "done": true, "done_reason": "stop"});
    let turns = vec![turn("user", "go"), call(), result("fine"), call(), result("a grenade")];
    a_blocked_result_without_an_id("/api/chat", "messages", answer, turns, turn("user", "go on"))
        .await;
}

#[tokio::test]
async fn blocked_items_of_responses_are_left_out_with_what_leads_up_to_them() {
    let answer = include_str!("../dialects/openai.responses/answer.json").replace("{{text}}", "ok");
    let scene = dropping(&answer).await;
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": []});
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c1", "output": "a grenade"});
    let said = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "no"}]});
    let body = |items: &[Value]| json!({"model": "m", "input": items}).to_string();
    let mut items = vec![turn("user", "go"), reasoning, call, result];
    let path = "/v1/responses";
    assert_eq!(scene.post(path, &body(&items)).await.status, 400);
    items.extend([said, turn("user", "a grenade please")]);
    assert_eq!(scene.post(path, &body(&items)).await.status, 400);
    items.push(turn("user", "a cake please"));
    let answer = scene.post(path, &body(&items)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(scene.last()["input"], json!([items[0], items[6]]));
    let text = json!({"model": "m", "input": "a grenade"}).to_string();
    assert_eq!(scene.post(path, &text).await.status, 400, "a text is no list of turns");
}

#[tokio::test]
async fn nothing_is_left_out_where_the_policy_does_not_say_so_or_where_turns_block_only_together() {
    let body = |texts: &[&str]| {
        let turns: Vec<Value> = texts.iter().map(|text| turn("user", text)).collect();
        json!({"model": "m", "messages": turns}).to_string()
    };
    let gate = Setup::demo().start().await;
    for texts in [&["a grenade"][..], &["a grenade", "a cake"]] {
        assert_eq!(ask(gate.data, &body(texts)).await.status, 400);
    }
    let scene = dropping(&completion("ok")).await;
    for texts in [&["a gren", "ade"][..], &["a gren", "ade", "! a cake"]] {
        assert_eq!(ask(scene.gate.data, &body(texts)).await.status, 400, "{texts:?}");
    }
    assert_eq!(ask(scene.gate.data, &body(&["ade", "! a cake"])).await.status, 200);
}
