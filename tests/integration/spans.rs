//! What a collector of traces is told of requests that meet no policy.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::gate::{Gate, PATIENCE, Setup};
use crate::model::{Model, completion, whole};
use crate::wire::{Answer, Client, ask, ask_with, prompt, request_to};

const PARENT: u64 = 0xb7ad_6b71_6920_3331;

/// A span, read by hand from a message of OTLP (`opentelemetry/proto/trace/v1/trace.proto`).
#[derive(Debug)]
struct Seen {
    trace: String,
    parent: Option<u64>,
    name: String,
    began: u64,
    ended: u64,
    attributes: Vec<(String, String)>,
    failed: bool,
}

impl Seen {
    fn says(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

/// The fields of a message of protobuf: its number, and its bytes or those of its value.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => varint(&mut bytes).to_le_bytes().to_vec(),
            1 => take(&mut bytes, 8),
            2 => {
                let length = varint(&mut bytes);
                take(&mut bytes, usize::try_from(length).expect("a length"))
            }
            5 => take(&mut bytes, 4),
            other => panic!("no field of a span has the type {other}"),
        };
        fields.push((key >> 3, value));
    }
    fields
}

fn take(bytes: &mut &[u8], length: usize) -> Vec<u8> {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken.to_vec()
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0.. {
        let (byte, rest) = bytes.split_first().expect("a whole number");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// What is below a field, for all messages.
fn below(messages: &[Vec<u8>], field: u64) -> Vec<Vec<u8>> {
    let all = messages.iter().flat_map(|message| fields(message));
    all.filter(|(number, _)| *number == field).map(|(_, value)| value).collect()
}

fn span(bytes: &[u8]) -> Seen {
    let mut seen = Seen {
        trace: String::new(),
        parent: None,
        name: String::new(),
        began: 0,
        ended: 0,
        attributes: Vec::new(),
        failed: false,
    };
    for (field, value) in fields(bytes) {
        match field {
            1 => {
                let trace = u128::from_be_bytes(value.try_into().expect("sixteen bytes"));
                seen.trace = format!("{trace:032x}");
            }
            4 => seen.parent = Some(u64::from_be_bytes(value.try_into().expect("eight bytes"))),
            5 => seen.name = text(&value),
            7 => seen.began = number(&value),
            8 => seen.ended = number(&value),
            9 => {
                let pair = fields(&value);
                let (kind, value) = fields(&pair[1].1).remove(0);
                let value = match kind {
                    1 => text(&value),
                    // Several texts.
                    5 => String::new(),
                    _ => number(&value).to_string(),
                };
                seen.attributes.push((text(&pair[0].1), value));
            }
            15 => seen.failed = true,
            _ => {}
        }
    }
    seen
}

/// A collector, and a gate that tells it of every trace.
struct Traced {
    collector: Model,
    gate: Gate,
}

impl Traced {
    async fn start(setup: Setup) -> Self {
        let collector = Model::says(whole("")).await;
        let lines = format!("telemetry: {{ otlp: 'http://{}' }}\n", collector.address);
        let gate = setup.lines(&lines).start().await;
        Self { collector, gate }
    }

    fn told(&self) -> Vec<Vec<u8>> {
        self.collector.asked().into_iter().map(|asked| asked.body).collect()
    }

    /// The spans of a trace, once there is one of the request.
    async fn of(&self, trace: &str) -> Vec<Seen> {
        let until = Instant::now() + PATIENCE;
        loop {
            let spans = below(&below(&below(&self.told(), 1), 2), 2);
            let spans = spans.iter().map(|bytes| span(bytes)).filter(|one| one.trace == trace);
            let spans: Vec<Seen> = spans.collect();
            if spans.iter().any(|span| span.name == "tidegate.request") {
                return spans;
            }
            assert!(Instant::now() < until, "no span of {trace} came");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The one span of a request that met no policy, and that it says how that was answered and why.
    async fn refused(&self, trace: &str, answer: &Answer) -> Seen {
        let mut spans = self.of(trace).await;
        assert_eq!(spans.len(), 1, "{spans:?}");
        let span = spans.remove(0);
        let status = answer.status.to_string();
        assert_eq!(span.says("http.response.status_code"), Some(&*status), "{span:?}");
        assert_eq!(span.says("error.type"), answer.json()["error"]["code"].as_str(), "{span:?}");
        assert_eq!(span.failed, answer.status >= 500, "{span:?}");
        assert!(span.began > 0 && span.began <= span.ended, "{span:?}");
        span
    }
}

fn parent(trace: &str, flags: &str) -> String {
    format!("traceparent: 00-{trace}-{PARENT:016x}-{flags}\r\n")
}

#[tokio::test]
async fn what_is_refused_before_a_policy_is_a_span_of_the_callers_trace_with_status_and_reason() {
    let traced = Traced::start(Setup::demo().with("limits.body", "2KiB")).await;
    let chat = "/v1/chat/completions";
    let large = prompt(&"grenade ".repeat(500));
    let cases = [
        (404, "unknown_path", request_to("/v1/grenade", "{}", "{}")),
        (400, "unknown_query_parameter", request_to(&format!("{chat}?grenade=1"), "{}", "{}")),
        (405, "method_not_allowed", request_to(chat, "{}", "{}").replace("POST", "DELETE")),
        (405, "method_not_allowed", request_to(chat, "{}", "{}").replace("POST", "GRENADE")),
        (
            400,
            "ambiguous_credentials",
            request_to(chat, "{}authorization: grenade\r\nx-api-key: grenade\r\n", "{}"),
        ),
        (
            400,
            "unknown_policy",
            request_to(chat, "{}x-tidegate-policy: grenade\r\n", &prompt("hi")),
        ),
        (
            415,
            "unsupported_media_type",
            request_to(chat, "{}", "{}").replace("application/json", "text/grenade"),
        ),
        (400, "duplicate_key", request_to(chat, "{}", "{\"grenade\":1,\"grenade\":2}")),
        (413, "body_too_large", request_to(chat, "{}", &large)),
    ];
    for (index, (status, reason, request)) in cases.into_iter().enumerate() {
        let trace = format!("{:032x}", 0x0af7_6519 + index);
        let mut client = Client::connect(traced.gate.data).await;
        client.send(request.replacen("{}", &parent(&trace, "01"), 1).as_bytes()).await;
        let answer = client.answer().await;
        answer.is_error(status, reason);
        let span = traced.refused(&trace, &answer).await;
        assert_eq!(span.parent, Some(PARENT), "{span:?}");
        let sent = request.split(' ').next().unwrap_or_default();
        let method = if sent == "GRENADE" { "_OTHER" } else { sent };
        assert_eq!(span.says("http.request.method"), Some(method));
        assert_eq!(span.says("tidegate.request_id"), answer.header("x-request-id"));
    }
    // No text of a request is told.
    for message in traced.told() {
        let shown = String::from_utf8_lossy(&message).to_lowercase();
        assert!(!shown.contains("grenade"), "{shown}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_told_where_the_caller_keeps_no_trace_and_begins_one_where_theirs_cannot_be_read()
 {
    let traced = Traced::start(Setup::demo()).await;
    let unkept = "1".repeat(32);
    let path = "/v1/nowhere";
    let mut client = Client::connect(traced.gate.data).await;
    client.send(request_to(path, &parent(&unkept, "00"), "{}").as_bytes()).await;
    client.answer().await.is_error(404, "unknown_path");
    let mut client = Client::connect(traced.gate.data).await;
    let unread = format!("00-{}-{PARENT:016x}-01", "G".repeat(32));
    client.send(request_to(path, &format!("traceparent: {unread}\r\n"), "{}").as_bytes()).await;
    client.answer().await.is_error(404, "unknown_path");
    // What the collector is told comes in the order in which it happened.
    let marker = "2".repeat(32);
    let answer = ask_with(traced.gate.data, &parent(&marker, "01"), "[]").await;
    traced.refused(&marker, &answer).await;
    let spans = below(&below(&below(&traced.told(), 1), 2), 2);
    let spans: Vec<Seen> = spans.iter().map(|bytes| span(bytes)).collect();
    assert_eq!(spans.len(), 2, "{spans:?}");
    let own = spans.iter().find(|span| span.trace != marker).expect("a trace of its own");
    assert!(own.parent.is_none() && own.says("error.type") == Some("unknown_path"), "{own:?}");
}

#[tokio::test]
async fn a_request_for_which_there_is_no_room_is_a_span_that_failed() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let model = Model::start(move |mut connection| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            connection.send(whole(&completion("hello")).as_bytes()).await;
        }
    })
    .await;
    let setup = Setup::upstream(model.address).with("limits.in_flight", "1");
    let traced = Traced::start(setup).await;
    let data = traced.gate.data;
    let first = tokio::spawn(async move { ask(data, &prompt("hi")).await });
    traced.gate.counts(&["tidegate_http_requests_in_flight{route=\"chat\"} 1"]).await;
    let trace = "3".repeat(32);
    let answer = ask_with(data, &parent(&trace, "01"), &prompt("hi")).await;
    answer.is_error(503, "overloaded");
    let span = traced.refused(&trace, &answer).await;
    assert!(span.failed && span.parent == Some(PARENT), "{span:?}");
    go.notify_one();
    assert_eq!(first.await.expect("no panic").status, 200);
}

#[tokio::test]
async fn what_has_no_text_and_passes_is_a_span_without_a_reason() {
    let traced = Traced::start(Setup::demo()).await;
    let trace = "4".repeat(32);
    let mut client = Client::connect(traced.gate.data).await;
    let lines = parent(&trace, "01");
    let head = format!("GET /v1/models HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n");
    client.send(head.as_bytes()).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let spans = traced.of(&trace).await;
    assert!(spans.len() == 1 && spans[0].says("error.type").is_none(), "{spans:?}");
}
