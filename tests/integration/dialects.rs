//! The golden bodies of every dialect through the real proxy: what is allowed passes byte for byte, what is not never
//! arrives, and what the gate says itself is in the dialect of the path.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;
use tidegate::config::dialect_file::Framing;
use tidegate::wire::dialect::{Dialect, Dialects};

use crate::gate::Setup;
use crate::model::{Connection, Model, whole};
use crate::wire::{Answer, Client, get, post};

/// A text that is allowed, one that is redacted, and one that is blocked.
const OUTCOMES: [(&str, &str); 3] = [
    ("allow", "a dog and 一只猫"),
    ("redact", "write to bob@example.com today"),
    ("block", "all is fine, then a grenade and more"),
];

/// The bodies of one sort of a dialect, by their names.
pub(crate) fn bodies(dialect: &Dialect, sort: &str) -> Vec<(String, String)> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects").join(&**dialect.name());
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("a file").path());
    let of_sort = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(sort))
    };
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a text"))
    };
    let mut bodies: Vec<_> = paths.filter(of_sort).map(read).collect();
    bodies.sort();
    bodies
}

/// A path of the dialect, with something plain where anything may stand.
fn path_of(dialect: &Dialect) -> Option<String> {
    let pattern = dialect.paths().next()?;
    let (pattern, query) = pattern.split_once('?').unwrap_or((pattern, ""));
    let path = match pattern.strip_prefix('*') {
        Some(rest) => format!("/v1{rest}"),
        None => pattern.to_owned(),
    };
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Some(path.replace('*', "m") + &query)
}

/// A request of the dialect with a text in it, as a stream or not.
pub(crate) fn request_of(dialect: &Dialect, text: &str, stream: bool) -> Option<String> {
    // Forms have tests of their own.
    if dialect.takes_form() {
        return None;
    }
    let (_, body) = bodies(dialect, "request").into_iter().next()?;
    let mut body: Value = serde_json::from_str(&body.replace("{{text}}", text)).expect("JSON");
    if let Some(flag) = &dialect.file().request.stream {
        body[flag] = Value::Bool(stream);
    }
    Some(body.to_string())
}

/// An answer with what differs from run to run taken out.
fn shown(answer: &Answer) -> String {
    let ids = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
        .expect("a regex");
    let times =
        Regex::new(r#""(created|created_at|createTime)":("[^"]*"|[0-9]+)"#).expect("a regex");
    let sort = answer.header("content-type").unwrap_or("-").to_owned();
    let text = answer.text();
    let text = ids.replace_all(&text, "ID");
    format!("{} {sort}\n{}", answer.status, times.replace_all(&text, "\"$1\":0"))
}

/// Every dialect that has a path and a request to try.
pub(crate) fn all() -> Vec<(Arc<Dialect>, String)> {
    let dialects = Dialects::default();
    let with_path = |dialect: &Arc<Dialect>| Some((Arc::clone(dialect), path_of(dialect)?));
    let all: Vec<_> = dialects.iter().filter_map(with_path).collect();
    all.into_iter().filter(|(dialect, _)| request_of(dialect, "hi", false).is_some()).collect()
}

#[tokio::test]
async fn a_blocked_prompt_is_told_in_the_dialect_of_its_path_and_reaches_no_model() {
    for (dialect, path) in all() {
        let name = dialect.name();
        let model = Model::says(whole("{}")).await;
        let gate = Setup::upstream(model.address).everywhere().start().await;
        for stream in [false, true] {
            if stream && !dialect.streams() {
                continue;
            }
            let body = request_of(&dialect, "take a grenade", stream).expect("a request");
            let answer = post(gate.data, &path, &body).await;
            assert!(!answer.text().contains("grenade"), "{name}: {}", answer.text());
            let kind = if stream { "streamed" } else { "plain" };
            insta::assert_snapshot!(format!("{name}.prompt.{kind}"), shown(&answer));
        }
        assert!(model.asked().is_empty(), "{name}: the model was asked");
        let answer = post(gate.data, &path, "{\"a\": 1, \"a\": 2}").await;
        assert_eq!(answer.status, 400, "{name}");
        insta::assert_snapshot!(format!("{name}.duplicate_key"), shown(&answer));
    }
}

#[tokio::test]
async fn whole_answers_pass_are_redacted_or_give_way_in_their_dialect() {
    for (dialect, path) in all() {
        let name = dialect.name();
        let asked = request_of(&dialect, "hi", false).expect("a request");
        if dialect.file().request.streams_by_default == Some(true)
            && dialect.file().request.stream.is_none()
        {
            continue;
        }
        for (file, template) in bodies(&dialect, "answer") {
            for (outcome, text) in OUTCOMES {
                let body = template.replace("{{text}}", text);
                let model = Model::says(whole(&body)).await;
                let gate = Setup::upstream(model.address).everywhere().start().await;
                let answer = post(gate.data, &path, &asked).await;
                let place = format!("{name}/{file} {outcome}");
                if outcome == "allow" {
                    assert_eq!((answer.status, answer.text()), (200, body), "{place}");
                    continue;
                }
                let said = answer.text();
                assert!(!said.contains("bob@") && !said.contains("grenade"), "{place}: {said}");
                insta::assert_snapshot!(format!("{name}.{file}.{outcome}"), shown(&answer));
            }
        }
    }
}

/// A model that answers in pieces which cut through lines and characters.
pub(crate) async fn in_pieces(sent: String) -> Model {
    let send = async |mut connection: Connection, sent: String| {
        for piece in sent.as_bytes().chunks(61) {
            connection.send(piece).await;
        }
    };
    Model::start(move |connection| send(connection, sent.clone())).await
}

#[tokio::test]
async fn streams_pass_byte_for_byte_and_let_nothing_through_that_is_not_allowed() {
    for (dialect, path) in all() {
        let name = dialect.name();
        let sort = match dialect.framing() {
            Framing::Sse => "text/event-stream",
            Framing::Lines => "application/x-ndjson",
            Framing::Array => "application/json",
        };
        let asked = request_of(&dialect, "hi", true).expect("a request");
        for (file, template) in bodies(&dialect, "stream") {
            for (outcome, text) in OUTCOMES {
                let body = template.replace("{{piece}}", text).replace("{{text}}", text);
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\nconnection: close\r\n\r\n");
                let sent = head + &body;
                let model = in_pieces(sent).await;
                let gate = Setup::upstream(model.address).everywhere().start().await;
                let answer = post(gate.data, &path, &asked).await;
                let place = format!("{name}/{file} {outcome}");
                let said = answer.text();
                assert_eq!(answer.status, 200, "{place}: {said}");
                if outcome == "allow" {
                    assert_eq!(said, body, "{place}");
                }
                assert!(!said.contains("bob@") && !said.contains("grenade"), "{place}: {said}");
                assert!(answer.whole, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_is_told_in_the_dialect_of_the_path() {
    let gate = Setup::new("{ url: 'http://127.0.0.1:9' }").everywhere().start().await;
    for (dialect, path) in all() {
        let body = request_of(&dialect, "hi", false).expect("a request");
        let answer = post(gate.data, &path, &body).await;
        assert_eq!(answer.status, 502, "{}", dialect.name());
        insta::assert_snapshot!(format!("{}.down", dialect.name()), shown(&answer));
    }
}

#[tokio::test]
async fn every_endpoint_of_every_dialect_has_a_posture() {
    let model = Model::says(whole("{\"fine\":true}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    for dialect in Dialects::default().iter() {
        let file = dialect.file();
        for endpoint in file.pass.iter().chain(&file.refuse) {
            let (method, pattern) = endpoint.split_once(' ').expect("a method and a path");
            if method != "GET" {
                continue;
            }
            let path = pattern.replacen("*/", "/v1/", 1).replace('*', "x");
            let before = model.asked().len();
            let answer = get(gate.data, &path).await;
            let reached = model.asked().len() > before;
            if file.pass.contains(endpoint) {
                assert_eq!((answer.status, reached), (200, true), "{endpoint}: {}", answer.text());
            } else {
                assert!((400..500).contains(&answer.status) && !reached, "{endpoint}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_endpoint_says_why_and_what_to_do_instead() {
    let model = Model::says(whole("{\"fine\":true}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    for (path, part) in [
        ("/v1/messages/batches/b1/results", "POST /v1/messages one by one"),
        ("/v1/files/f1/content", "files are not screened line by line"),
        ("/v1/batches/b1", "ask one by one"),
        ("/v1/threads", "there is no such path"),
    ] {
        let answer = get(gate.data, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn mistrals_moderations_of_conversations_are_screened_and_judged_by_mistral() {
    let judged = "{\"id\":\"m\",\"model\":\"x\",\"results\":[{\"categories\":{\"pii\":false}}]}";
    let model = Model::says(whole(judged)).await;
    let gate = Setup::upstream(model.address).start().await;
    let ask = |text: &str| {
        let one = serde_json::json!({"role": "user", "content": text});
        serde_json::json!({"model": "x", "input": [[one]]}).to_string()
    };
    let answer = post(gate.data, "/v1/chat/moderations", &ask("mail bob@example.com")).await;
    assert_eq!((answer.status, answer.text()), (200, judged.to_owned()));
    assert!(String::from_utf8_lossy(&model.asked()[0].body).contains("mail [EMAIL]"));
    let answer = post(gate.data, "/v1/chat/moderations", &ask("a grenade")).await;
    assert_eq!((answer.status, answer.json()["object"].clone()), (400, "error".into()));
}

#[tokio::test]
async fn the_header_names_the_record_that_says_why() {
    let model = Model::says(whole(&crate::model::completion("hello"))).await;
    let gate = Setup::upstream(model.address).start().await;
    let mut client = Client::connect(gate.data).await;
    let body = crate::wire::prompt("write to ada@example.org");
    client.send(crate::wire::request("x-request-id: one\r\n", &body).as_bytes()).await;
    let answer = client.answer().await;
    client.send(crate::wire::request("x-request-id: two\r\n", &body).as_bytes()).await;
    client.answer().await;
    let records = gate.records("one", "two").await;
    let named = answer.header("x-tidegate-decision").expect("an id");
    let record = records.iter().find(|record| record["decision_id"] == named).expect("its record");
    assert_eq!((&record["phase"], &record["action"]), (&"prompt".into(), &"redact".into()));
}

#[tokio::test]
async fn a_key_in_the_query_is_passed_on_as_a_header() {
    let model = Model::says(whole("{\"models\":[]}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    let answer = get(gate.data, "/v1/models?key=secret").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let asked = &model.asked()[0];
    assert!(asked.head.contains("x-goog-api-key: secret"), "{}", asked.head);
    assert!(!asked.head.contains("?key"), "{}", asked.head);
}

#[tokio::test]
async fn an_api_that_nobody_has_heard_of_is_served_by_a_file() {
    let example = include_str!("../../docs/examples/acme.talk.yaml");
    let said = "take a grenade";
    let model = Model::start(move |mut connection| async move {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        connection.send(head.as_bytes()).await;
        for word in ["all ", "is ", "fine, ", said, "!"] {
            let event = format!("event: word\ndata: {{\"kind\":\"word\",\"text\":\"{word}\"}}\n\n");
            connection.send(event.as_bytes()).await;
        }
        connection.send(b"event: end\ndata: {\"kind\":\"end\",\"why\":\"done\"}\n\n").await;
    })
    .await;
    let setup = Setup::upstream(model.address).everywhere();
    let folder = setup.folder().join("dialects");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("acme.talk.yaml"), example).expect("a file");
    let gate = setup.start().await;
    let ask = |text: &str, live: bool| {
        serde_json::json!({ "engine": "a1", "live": live, "turns": [{ "who": "person", "says": text }] })
            .to_string()
    };
    let answer = post(gate.data, "/acme/v1/talk", &ask("a grenade", true)).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["oops"]["code"], "content_policy_violation");
    let answer = post(gate.data, "/acme/v1/talk", &ask("mail ada@example.org", true)).await;
    assert!(
        answer.text().ends_with(
            "event: word\ndata: {\"kind\":\"word\",\"text\":\"\\nI can't help with that.\"}\n\n\
         event: end\ndata: {\"kind\":\"end\",\"why\":\"stopped\"}\n\n"
        ) || answer
            .text()
            .ends_with("event: end\ndata: {\"kind\":\"end\",\"why\":\"stopped\"}\n\n")
    );
    assert!(answer.text().contains("fine, ") && !answer.text().contains("grenade"));
    assert!(String::from_utf8_lossy(&model.asked()[0].body).contains("mail [EMAIL]"));

    let model = Model::says(whole(
        "{\"talk\":\"t1\",\"reply\":{\"text\":\"take a grenade\"},\"why\":\"done\"}",
    ))
    .await;
    let setup = Setup::upstream(model.address).everywhere();
    let folder = setup.folder().join("dialects");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("acme.talk.yaml"), example).expect("a file");
    let gate = setup.start().await;
    let answer = post(gate.data, "/acme/v1/talk", &ask("hi", false)).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["why"]), (200, &"stopped".into()));
    assert!(body["reply"]["text"].is_string() && !answer.text().contains("grenade"));
}
