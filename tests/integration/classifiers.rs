//! Rules that ask a classifier elsewhere, through every door, with answers good, bad, late and none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::classifier_server::{Act, Asked, Server};
use crate::gate::{Gate, PATIENCE, Setup};
use crate::model::{Connection, Model, STREAM, chunk, completion, end, whole};
use crate::wire::{Client, ask, post, prompt, request, streamed};

/// More characters than a block has.
const LONG: &str = "The tide comes in twice a day and nobody has ever been able to stop it, which is why the people of the \
    coast have built gates that shut by themselves when the water rises, and open again when it falls. ";

fn text(asked: &Asked) -> String {
    asked.body["text"].as_str().unwrap_or_default().to_owned()
}

/// Finds hate in what has `zorp` or `脏话` in it.
fn judged(text: &str) -> Act {
    let score = if text.contains("zorp") || text.contains("脏话") { 0.9 } else { 0.1 };
    Act::Json(json!({ "scores": { "hate": score } }))
}

async fn judge() -> Server {
    Server::start(|_, asked| judged(&text(asked))).await
}

/// A rule that asks `judge`, with more settings of the classifier.
fn rule(settings: &str) -> String {
    let patient = if settings.contains("timeout:") { "" } else { "    timeout: 5s\n" };
    format!(
        "  - {{ id: judged, classifier: {{ judge: {{ at_least: 0.5, labels: [hate] }} }}, action: block, category: hate }}
classifiers:
  judge:
    kind: http
    endpoint: judge
    request: {{ body: '{{\"text\": \"{{{{text}}}}\", \"phase\": \"{{{{phase}}}}\"}}' }}
    answer: {{ labels: /scores }}
    labels: {{ hate: hate }}
{patient}{settings}"
    )
}

fn setup(model: &Model, server: &Server, settings: &str) -> Setup {
    let endpoint = format!("endpoints: {{ judge: {{ url: 'http://{}' }} }}\n", server.address);
    Setup::upstream(model.address).policy(&rule(settings)).lines(&endpoint)
}

async fn gate(model: &Model, server: &Server, settings: &str) -> Gate {
    setup(model, server, settings).start().await
}

/// A model that streams these pieces.
async fn streaming(pieces: Vec<String>) -> Model {
    let pieces = Arc::new(pieces);
    Model::start(move |mut connection: Connection| {
        let pieces = Arc::clone(&pieces);
        async move {
            connection.send(STREAM.as_bytes()).await;
            for piece in pieces.iter() {
                connection.send(chunk(piece).as_bytes()).await;
                tokio::task::yield_now().await;
            }
            connection.send(end().as_bytes()).await;
        }
    })
    .await
}

/// The text that a client puts together of a stream.
fn said(body: &str) -> String {
    let events = body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let events = events.filter_map(|event| serde_json::from_str::<serde_json::Value>(event).ok());
    events
        .filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_prompt_that_a_classifier_finds_bad_never_reaches_the_model() {
    let (model, server) = (Model::says(whole(&completion("fine"))).await, judge().await);
    let gate = gate(&model, &server, "").await;
    for bad in ["you zorp", "这是脏话"] {
        let answer = ask(gate.data, &prompt(bad)).await;
        answer.is_error(400, "content_policy_violation");
    }
    assert!(model.asked().is_empty());
    let answer = ask(gate.data, &prompt("good morning, 早上好")).await;
    assert_eq!((answer.status, answer.text().contains("fine")), (200, true));
    assert_eq!(text(&server.asked()[0]), "you zorp");
    gate.counts(&[
        "tidegate_classifier_texts_total{classifier=\"judge\",sent=\"asked\"} 4",
        "tidegate_classifier_agreement_total{classifier=\"judge\",found_by=\"classifier\"} 2",
        "tidegate_classifier_agreement_total{classifier=\"judge\",found_by=\"neither\"} 2",
    ])
    .await;
}

#[tokio::test]
async fn every_other_door_asks_too() {
    let bad = completion("so you zorp");
    let (model, server) = (Model::says(whole(&bad)).await, judge().await);
    let gate = setup(&model, &server, "").walking().start().await;
    let whole_answer = ask(gate.data, &prompt("say it")).await;
    assert_eq!((whole_answer.status, whole_answer.text().contains("zorp")), (200, false));
    let moderated = post(gate.data, "/v1/moderations", r#"{"input": ["a zorp", "fine"]}"#).await;
    let results: serde_json::Value = serde_json::from_str(&moderated.text()).unwrap();
    assert_eq!(results["results"][0]["categories"]["hate"], true, "{results}");
    assert_eq!(results["results"][1]["flagged"], false);
    post(gate.data, "/v1/summaries", r#"{"deep": ["a zorp"]}"#)
        .await
        .is_error(400, "content_policy_violation");
    // What the model calls a tool with is asked about like any text.
    let call = json!({ "id": "c1", "type": "function",
        "function": { "name": "say", "arguments": "{\"text\": \"you zorp\"}" } });
    let message = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let body = json!({ "id": "1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": message }] });
    let model = Model::says(whole(&body.to_string())).await;
    let gate = self::gate(&model, &server, "").await;
    assert!(!ask(gate.data, &prompt("call it")).await.text().contains("zorp"));
}

#[tokio::test]
async fn nothing_of_a_block_that_a_classifier_finds_bad_is_ever_sent() {
    let text = format!("{LONG}{LONG}And you zorp! {LONG}");
    let server = judge().await;
    let mut outcomes = Vec::new();
    for size in [1, 7, 64, 10_000] {
        let pieces = text.as_bytes().chunks(size);
        let pieces = pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect();
        let model = streaming(pieces).await;
        let gate = gate(&model, &server, "").await;
        let answer = ask(gate.data, &streamed("tell me")).await;
        let client = said(&answer.text());
        assert!(!answer.text().contains("zorp") && !client.contains("And you"), "{client}");
        assert!(answer.text().contains("content_filter") && client.starts_with(LONG), "{client}");
        outcomes.push(client);
    }
    outcomes.dedup();
    assert_eq!(outcomes.len(), 1, "the pieces change nothing: {outcomes:?}");
}

#[tokio::test]
async fn a_clean_stream_passes_byte_for_byte_while_a_classifier_reads_it() {
    let server = judge().await;
    let all = LONG.repeat(5);
    let pieces: Vec<String> = all.split_inclusive(' ').map(str::to_owned).collect();
    let mut wanted: String = pieces.iter().map(|piece| chunk(piece)).collect();
    wanted.push_str(&end());
    for stream in ["hold", "overlap"] {
        let model = streaming(pieces.clone()).await;
        let gate = gate(&model, &server, &format!("    stream: {stream}\n")).await;
        let answer = ask(gate.data, &streamed("tell me")).await;
        assert!(answer.whole && answer.text() == wanted, "{stream}");
    }
    let asked = server.asked();
    assert!(asked.iter().any(|one| one.body["phase"] == "completion"));
    assert!(asked.iter().all(|one| text(one).chars().count() <= 1_000));
}

#[tokio::test]
async fn a_tool_call_of_a_stream_waits_for_the_classifier() {
    let server = judge().await;
    let piece = |name: Option<&str>, part: &str| {
        let function = json!({ "name": name, "arguments": part });
        let call = json!({ "index": 0, "id": name.map(|_| "c1"), "function": function });
        let delta = json!({ "tool_calls": [call] });
        let choice = json!({ "index": 0, "delta": delta });
        format!(
            "data: {}\n\n",
            json!({ "id": "1", "object": "chat.completion.chunk", "created": 1,
            "model": "m", "choices": [choice] })
        )
    };
    for (word, passes) in [("fine", true), ("zorp", false)] {
        let half = format!("{{\"text\": \"so {word}");
        let stream = [
            STREAM.to_owned(),
            piece(Some("say"), ""),
            piece(None, &half),
            piece(None, "\"}"),
            end(),
        ]
        .concat();
        let model = Model::says(stream).await;
        let gate = gate(&model, &server, "").await;
        let answer = ask(gate.data, &streamed("call it")).await.text();
        assert_eq!(answer.contains(word), passes, "{answer}");
        assert_eq!(answer.contains("content_filter"), !passes, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_text_that_flows_is_cut_when_the_answer_comes_and_never_ends_before_it() {
    let (release, told) = tokio::sync::watch::channel(false);
    let open = Arc::new(AtomicBool::new(false));
    let is_open = Arc::clone(&open);
    // It answers nothing before the client has had text of the bad block.
    let server = Server::start(move |_, asked| {
        let text = text(asked);
        if text.contains("zorp") {
            for _ in 0..PATIENCE.as_millis() / 5 {
                if is_open.load(Ordering::SeqCst) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        judged(&text)
    })
    .await;
    let model = Model::start(move |mut connection| {
        let mut told = told.clone();
        async move {
            connection.send(STREAM.as_bytes()).await;
            connection.send(chunk(&format!("So you zorp. {LONG}{LONG}")).as_bytes()).await;
            // What holds the last character of a text is more text.
            connection.send(chunk("It is").as_bytes()).await;
            // The rest of the answer comes once the classifier may speak.
            told.wait_for(|told| *told).await.map(|_| ()).unwrap_or_default();
            connection.send(chunk("and so on").as_bytes()).await;
            connection.send(end().as_bytes()).await;
        }
    })
    .await;
    let gate = gate(&model, &server, "    stream: overlap\n    timeout: 30s\n").await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("tell me")).as_bytes()).await;
    client.read_until("zorp").await;
    open.store(true, Ordering::SeqCst);
    release.send_replace(true);
    let rest = client.answer().await.text();
    assert!(rest.contains("content_filter"), "it is cut: {rest}");
}

#[tokio::test]
async fn a_classifier_that_does_not_answer_is_never_taken_for_clean() {
    let garbage: Vec<Act> = vec![
        Act::Bytes(b"I think this is fine.".to_vec()),
        Act::Json(json!({ "scores": { "hate": 2.0 } })),
        Act::Json(json!({ "scores": { "hate": "NaN" } })),
        Act::Json(json!({ "safe": true })),
        Act::Raw(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_vec()),
        Act::Raw(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
                .to_vec(),
        ),
        Act::Raw(Vec::new()),
        Act::Silence,
    ];
    for act in garbage {
        let shown = format!("{act:?}");
        let server = Server::start(move |_, _| act.clone()).await;
        let model = Model::says(whole(&completion("fine"))).await;
        let gate = gate(&model, &server, "    timeout: 300ms\n").await;
        let answer = ask(gate.data, &prompt("hello")).await;
        answer.is_error(503, "moderation_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"), "{shown}");
        assert!(model.asked().is_empty(), "{shown}");
        let moderated = post(gate.data, "/v1/moderations", r#"{"input": "hello"}"#).await;
        assert_eq!(moderated.status, 503, "{shown}");
        gate.counts(&[
            "tidegate_fallbacks_total{classifier=\"judge\",fallback=\"block\"} 2",
            "tidegate_unmoderated_total{phase=\"prompt\",reason=\"classifier_unavailable\"} 2",
            "tidegate_decisions_total{action=\"unavailable\",category=\"none\",mode=\"enforce\",phase=\"prompt\"} 2",
        ])
        .await;
    }
}

#[tokio::test]
async fn an_answer_that_nobody_judged_is_a_fault_and_no_refusal() {
    // It judges prompts alone.
    let server = Server::start(|_, asked| {
        if asked.body["phase"] == "prompt" { judged(&text(asked)) } else { Act::Silence }
    })
    .await;
    let model = Model::says(whole(&completion("fine"))).await;
    let gate = gate(&model, &server, "    timeout: 300ms\n").await;
    ask(gate.data, &prompt("hello")).await.is_error(503, "moderation_unavailable");
    for (stream, early) in [("hold", true), ("overlap", false)] {
        let model = streaming(vec![format!("{LONG}{LONG}"), "more".to_owned()]).await;
        let settings = format!("    timeout: 300ms\n    stream: {stream}\n");
        let gate = self::gate(&model, &server, &settings).await;
        let answer = ask(gate.data, &streamed("hello")).await;
        assert!(answer.text().contains("moderation_unavailable"), "{stream}: {}", answer.text());
        assert_eq!(answer.status == 503, early, "{stream}: {}", answer.head);
        assert!(!answer.text().contains("finish_reason\":\"stop"), "{stream}: {}", answer.text());
    }
}

#[tokio::test]
async fn on_error_says_what_passes_without_a_classifier() {
    let server = Server::start(|_, _| Act::Json(json!({ "error": "overloaded" }))).await;
    for (on_error, action) in [("review", "review"), ("skip", "allow")] {
        let model = Model::says(whole(&completion("fine"))).await;
        let gate = gate(&model, &server, &format!("    on_error: {on_error}\n")).await;
        let answer = ask(gate.data, &prompt("hello")).await;
        assert_eq!((answer.status, answer.header("x-tidegate-action")), (200, Some(action)));
        // The rules beside it hold all the same.
        ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");
        let fallback =
            format!("tidegate_fallbacks_total{{classifier=\"judge\",fallback=\"{on_error}\"}} 3");
        gate.counts(&[&fallback]).await;
    }
}

#[tokio::test]
async fn run_if_asks_only_about_what_the_cheaper_rules_leave_open() {
    let (model, server) = (Model::says(whole(&completion("fine"))).await, judge().await);
    let more = "    run_if: { rules: [doubt], score_at_least: 2 }
thresholds: [{ score: 100, action: block }]
";
    let rules = "  - { id: doubt, words: [blorp], action: tag }
  - { id: odd, words: [wibble], score: 1 }
  - { id: odder, words: [wobble], score: 1 }
";
    let endpoint = format!("endpoints: {{ judge: {{ url: 'http://{}' }} }}\n", server.address);
    let policy = format!("{rules}{}", rule(more));
    let gate = Setup::upstream(model.address).policy(&policy).lines(&endpoint).start().await;
    for (said, asked, status) in [
        ("a zorp", 0, 200),
        ("a wibble zorp", 0, 200),
        ("a blorp zorp", 1, 400),
        ("wibble wobble zorp", 2, 400),
        ("wibble wobble", 3, 200),
    ] {
        assert_eq!(ask(gate.data, &prompt(said)).await.status, status, "{said}");
        let prompts = server.asked();
        let prompts = prompts.iter().filter(|one| one.body["phase"] == "prompt").count();
        assert_eq!(prompts, asked, "{said}");
    }
    gate.counts(&[
        "tidegate_classifier_texts_total{classifier=\"judge\",sent=\"asked\"} 3",
        "tidegate_classifier_agreement_total{classifier=\"judge\",found_by=\"both\"} 1",
    ])
    .await;
}

#[tokio::test]
async fn records_and_health_say_how_a_classifier_stands() {
    let (model, server) = (Model::says(whole(&completion("fine"))).await, judge().await);
    let gate = gate(&model, &server, "    self_test: { good: [hello], bad: [you zorp] }\n").await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("x-request-id: one\r\n", &prompt("a zorp")).as_bytes()).await;
    assert_eq!(client.answer().await.status, 400);
    client.send(request("x-request-id: two\r\n", &prompt("hello")).as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    let records = gate.records("one", "two").await;
    let said = &records[0]["classifiers"][0];
    assert_eq!(
        (&said["name"], &said["asked"], &said["label"]),
        (&json!("judge"), &json!(1), &json!("hate"))
    );
    assert_eq!((&said["score"], &said["unavailable"]), (&json!(0.9), &json!(null)));
    let ready = gate.admin("/readyz?verbose").await;
    assert_eq!(ready.status, 200);
    assert!(ready.text().starts_with("ready\nclassifier judge@"), "{}", ready.text());
    assert!(ready.text().contains("circuit closed, self-test passed"), "{}", ready.text());
    assert_eq!(gate.admin("/readyz").await.text(), "ready\n");
}

#[tokio::test]
async fn a_classifier_whose_self_test_fails_is_not_believed() {
    // It finds everything fine.
    let server = Server::start(|_, _| Act::Json(json!({ "scores": { "hate": 0.0 } }))).await;
    let model = Model::says(whole(&completion("fine"))).await;
    let gate = gate(&model, &server, "    self_test: { good: [hello], bad: [you zorp] }\n").await;
    ask(gate.data, &prompt("hello")).await.is_error(503, "moderation_unavailable");
    let ready = gate.admin("/readyz?verbose").await;
    assert!(ready.text().contains("self-test failed"), "{}", ready.text());
}

#[tokio::test]
async fn a_transformer_in_process_is_asked_like_any_other() {
    let model = Model::says(whole(&completion("all is fine"))).await;
    let tiny = |name: &str| {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/tiny").join(name);
        std::fs::read(path).expect("a file")
    };
    let files = [("model", "classifier.onnx"), ("tokenizer", "tokenizer.json")];
    let files = files.map(|(key, name)| {
        let digest = <sha2::Sha256 as sha2::Digest>::digest(tiny(name));
        let digest: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = digest.concat();
        format!("    {key}: {{ file: {name}, sha256: {hash} }}\n")
    });
    let files = files.concat();
    let policy = format!(
        "  - {{ id: judged, classifier: {{ tiny: {{ at_least: 0.7, labels: [hate] }} }}, action: block }}
classifiers:
  tiny:
    kind: onnx
{files}    answer: {{ classes: [fine, hateful, violent], activation: sigmoid }}
    labels: {{ fine: none, hateful: hate, violent: violence }}
    timeout: 20s
"
    );
    let setup = Setup::upstream(model.address).policy(&policy);
    for name in ["classifier.onnx", "tokenizer.json"] {
        std::fs::write(setup.folder().join(name), tiny(name)).expect("a file");
    }
    let gate = setup.start().await;
    ask(gate.data, &prompt("this is bad")).await.is_error(400, "content_policy_violation");
    assert_eq!(ask(gate.data, &prompt("good day")).await.status, 200);
    gate.counts(&["tidegate_classifier_requests_total{classifier=\"tiny\",outcome=\"ok\"} 3"])
        .await;
}

#[tokio::test]
async fn an_endpoint_that_nobody_defined_is_named_before_the_gate_serves() {
    let model = Model::says(whole(&completion("fine"))).await;
    let problem = Setup::upstream(model.address).policy(&rule("")).launch().await;
    let problem = problem.err().expect("it does not start");
    assert!(problem.contains("TG024") && problem.contains("unknown endpoint `judge`"), "{problem}");
}

/// Chaos: a classifier that flaps between good, slow, broken and gone, under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_classifier_does_under_load_nothing_unjudged_passes_and_nothing_gets_stuck() {
    const CLIENTS: usize = 16;
    const ROUNDS: usize = 12;
    let server = Server::start(|number, asked| match number % 7 {
        0 | 3 => judged(&text(asked)),
        1 => Act::Bytes(b"{\"scores\":".to_vec()),
        2 => Act::Silence,
        4 => Act::Raw(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_vec()),
        5 => Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        _ => Act::Json(json!({ "scores": { "hate": 7 } })),
    })
    .await;
    let model = Model::says(whole(&completion("fine"))).await;
    let gate = Arc::new(gate(&model, &server, "    timeout: 100ms\n    cache: false\n").await);
    let passed = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS).map(|client| {
        let (gate, passed) = (Arc::clone(&gate), Arc::clone(&passed));
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let bad = round % 2 == 0;
                let word = if bad { "zorp" } else { "fine" };
                let answer = ask(gate.data, &prompt(&format!("{word} {client} {round}"))).await;
                match answer.status {
                    200 => {
                        assert!(!bad, "a bad text passed");
                        passed.fetch_add(1, Ordering::SeqCst);
                    }
                    400 => assert!(bad, "a good text was refused as a bad one"),
                    503 => {}
                    status => panic!("{status}: {}", answer.text()),
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        tokio::time::timeout(PATIENCE, client).await.expect("nothing is stuck").expect("no panic");
    }
    for asked in model.asked() {
        assert!(!String::from_utf8_lossy(&asked.body).contains("zorp"));
    }
    // What is in flight comes to its end.
    let metrics = gate.admin("/metrics").await.text();
    let in_flight =
        metrics.lines().find(|line| line.starts_with("tidegate_http_requests_in_flight{"));
    assert_eq!(in_flight.and_then(|line| line.rsplit(' ').next()), Some("0"));
}
