//! The Model Context Protocol: refusals have the form that the call needs, and its headers are screened like its body.

use serde_json::{Value, json};

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, whole};
use crate::wire::{Answer, Client};

/// Asks over a connection of its own, with header lines beside the necessary ones.
async fn ask(gate: &Gate, lines: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let mut client = Client::connect(gate.data).await;
    let head = format!(
        "POST /v1/mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{lines}\r\n",
        body.len()
    );
    client.send((head + &body).as_bytes()).await;
    client.answer().await
}

async fn gate(model: &Model) -> Gate {
    Setup::upstream(model.address).speaking("mcp").start().await
}

fn call(id: &Value, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": "look_up", "arguments": {"q": text}}})
}

fn prompt(id: &Value, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "prompts/get",
        "params": {"name": "greet", "arguments": {"who": text}}})
}

fn note(text: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/progress",
        "params": {"progressToken": "p", "progress": 1, "message": text}})
}

fn is_tools_refusal(answer: &Value, id: &Value) {
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (id, &json!(true)), "{answer}");
    assert!(answer["result"]["content"][0]["text"].is_string() && answer["error"].is_null());
}

fn is_error(answer: &Value, id: &Value) {
    assert_eq!((&answer["id"], &answer["error"]["code"]), (id, &json!(-32000)), "{answer}");
    assert!(answer["result"].is_null(), "{answer}");
}

#[tokio::test]
async fn a_blocked_call_is_answered_in_the_form_of_what_was_called() {
    let model = Model::says(whole("{}")).await;
    let gate = gate(&model).await;
    let answer = ask(&gate, "", &call(&json!(7), "a grenade")).await;
    assert_eq!(answer.status, 200);
    is_tools_refusal(&answer.json(), &json!(7));
    let answer = ask(&gate, "", &prompt(&json!("seven"), "a grenade")).await;
    assert_eq!(answer.status, 200);
    is_error(&answer.json(), &json!("seven"));
    // Nobody waits for an answer to a note, or to an answer.
    let told = json!({"jsonrpc": "2.0", "id": 4, "result": {"content": {"text": "a grenade"}}});
    for body in [note("a grenade"), told] {
        let answer = ask(&gate, "", &body).await;
        assert_eq!((answer.status, answer.text()), (400, String::new()), "{body}");
        assert_eq!(answer.header("x-tidegate-action"), Some("block"));
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn each_call_of_a_list_has_its_answer() {
    let model = Model::says(whole("{}")).await;
    let gate = gate(&model).await;
    let body = json!([call(&json!(1), "a dog"), note("half"), prompt(&json!("b"), "a grenade")]);
    let answer = ask(&gate, "", &body).await.json();
    assert_eq!(answer.as_array().map(Vec::len), Some(2), "{answer}");
    is_tools_refusal(&answer[0], &json!(1));
    is_error(&answer[1], &json!("b"));
    let answer = ask(&gate, "", &json!([note("a grenade"), note("half")])).await;
    assert_eq!((answer.status, answer.text()), (400, String::new()));
    for body in [json!([]), json!([call(&json!(1), "a dog"), 5]), json!([[note("half")]])] {
        let answer = ask(&gate, "", &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"]["data"]["code"], "top_level_not_object", "{body}");
    }
    let odd = call(&json!({"a": 1}), "a dog");
    assert_eq!(ask(&gate, "", &odd).await.json()["error"]["data"]["code"], "invalid_field");
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_stopped_is_one_of_its_call_and_leaves_the_others_alone() {
    let clean = json!({"jsonrpc": "2.0", "id": "b", "result": {"messages": [
        {"role": "user", "content": {"type": "text", "text": "a cat"}}]}});
    let bad = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [
        {"type": "text", "text": "a grenade"}], "structuredContent": {"x": "a grenade"}}});
    let calls = json!([call(&json!(1), "a dog"), prompt(&json!("b"), "a dog")]);
    let model = Model::says(whole(&json!([bad, clean]).to_string())).await;
    let answer = ask(&gate(&model).await, "", &calls).await;
    assert!(!answer.text().contains("grenade"));
    is_tools_refusal(&answer.json()[0], &json!(1));
    assert_eq!(answer.json()[1], clean);
    // The text of an error goes the same way.
    let bad = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "a grenade"}});
    let model = Model::says(whole(&bad.to_string())).await;
    let answer = ask(&gate(&model).await, "", &call(&json!(1), "a dog")).await.json();
    is_tools_refusal(&answer, &json!(1));
    let bad = json!({"jsonrpc": "2.0", "id": "b", "result": {"description": "a grenade"}});
    let model = Model::says(whole(&bad.to_string())).await;
    is_error(&ask(&gate(&model).await, "", &prompt(&json!("b"), "a")).await.json(), &json!("b"));
}

#[tokio::test]
async fn a_stream_that_is_stopped_ends_with_an_answer_to_each_call() {
    let bad = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [
        {"type": "text", "text": "a grenade"}]}});
    let model = Model::says(format!("{STREAM}data: {bad}\n\n")).await;
    let gate = gate(&model).await;
    let calls = json!([call(&json!(1), "a dog"), prompt(&json!("b"), "a dog")]);
    let answer = ask(&gate, "", &calls).await.text();
    assert!(!answer.contains("grenade"), "{answer}");
    let events: Vec<Value> = answer
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    is_tools_refusal(&events[0], &json!(1));
    is_error(&events[1], &json!("b"));
}

#[tokio::test]
async fn a_failure_repeats_the_id_of_the_call() {
    let gate = Setup::new("{ url: 'http://127.0.0.1:9' }").speaking("mcp").start().await;
    let answer = ask(&gate, "", &call(&json!(7), "a dog")).await;
    assert_eq!(answer.status, 502);
    is_error(&answer.json(), &json!(7));
}

#[tokio::test]
async fn headers_that_repeat_arguments_are_screened_and_change_with_them() {
    let model = Model::says(whole("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}")).await;
    let gate = gate(&model).await;
    let clean = call(&json!(7), "a dog");
    // "a grenade" as base64.
    for value in ["a grenade", "=?base64?YSBncmVuYWRl?="] {
        for name in ["Mcp-Param-Q", "mcp-name", "mcp-session-id", "mcp-else"] {
            if name != "Mcp-Param-Q" && !value.contains(' ') {
                continue;
            }
            let answer = ask(&gate, &format!("{name}: {value}\r\n"), &clean).await;
            is_tools_refusal(&answer.json(), &json!(7));
        }
    }
    for odd in [
        "Mcp-Param-Q: =?base64?%%?=\r\n",
        "Mcp-Param-Q: caf\u{e9}\r\n",
        "mcp-name: a\r\nmcp-name: b\r\n",
    ] {
        let answer = ask(&gate, odd, &clean).await;
        assert_eq!(answer.status, 400, "{odd}");
        assert_eq!(answer.json()["error"]["data"]["code"], "invalid_header", "{odd}");
    }
    assert!(model.asked().is_empty());
    let lines = "Mcp-Param-Q: bob@example.com\r\nMcp-Session-Id: s-1\r\nMcp-Method: tools/call\r\n";
    let answer = ask(&gate, lines, &call(&json!(7), "bob@example.com")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let asked = &model.asked()[0];
    assert!(asked.head.contains("mcp-param-q: [email]"), "{}", asked.head);
    assert!(asked.head.contains("mcp-session-id: s-1") && asked.head.contains("mcp-method: "));
    assert!(String::from_utf8_lossy(&asked.body).contains("[EMAIL]"));
}

#[tokio::test]
async fn headers_that_a_dialect_does_not_read_are_not_passed_on() {
    let model = Model::says(whole(&crate::model::completion("hi"))).await;
    let gate = Setup::upstream(model.address).start().await;
    crate::wire::ask_with(gate.data, "mcp-param-q: a grenade\r\n", &crate::wire::prompt("hi"))
        .await;
    assert!(!model.asked()[0].head.contains("mcp-"), "{}", model.asked()[0].head);
}
