//! What an upstream may say, and what of it passes.

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, chunk, completion, end, whole};
use crate::wire::{ask, get, post, prompt, streamed};

const KEY: &str = "sk-of-the-operator";

/// A gate that puts its own key before a model that says this.
async fn keyed(answer: impl Into<Vec<u8>>) -> (Gate, Model) {
    let model = Model::says(answer).await;
    let upstream = format!("{{ url: 'http://{}', key: {{ file: key }} }}", model.address);
    let setup = Setup::new(&upstream).walking();
    std::fs::write(setup.folder().join("key"), KEY).expect("a key");
    (setup.start().await, model)
}

#[tokio::test]
async fn t41_heads_of_answers_are_filtered_or_the_answer_is_not_passed_on() {
    let said = completion("hello");
    let with = |lines: &str| whole(&said).replacen("\r\n", &format!("\r\n{lines}"), 1);
    let filtered = "set-cookie: a=b\r\nupgrade: websocket\r\nalt-svc: h3=\":1\"\r\nlocation: /x\r\nx-goog-api-key: k\r\nauthorization: k\r\ntrailer: x\r\n";
    let (gate, _model) =
        keyed(with(&format!("{filtered}openai-model: for {KEY}\r\nopenai-version: 1\r\n"))).await;
    let answer = ask(gate.data, &prompt("hi")).await;
    assert_eq!((answer.status, answer.header("openai-version")), (200, Some("1")));
    for name in [
        "set-cookie",
        "upgrade",
        "alt-svc",
        "location",
        "x-goog",
        "authorization",
        "trailer",
        "openai-model",
    ] {
        assert!(!answer.head.contains(name), "{name} in {}", answer.head);
    }
    let length = format!("content-length: {}\r\n", said.len());
    let bad = [
        with("content-type: text/html\r\n"),
        with("content-encoding: identity\r\ncontent-encoding: gzip\r\n"),
        with("content-length: 1\r\n"),
        with("transfer-encoding: gzip\r\n").replace(&length, ""),
        whole(&said).replace(&length, "content-length: -1\r\n"),
        whole(&said).replace(&length, &format!("content-length: {}\r\n", said.len() + 1)),
        whole(&said).replace("200 OK", "101 Switching Protocols"),
        format!("HTTP/1.1 204 No Content\r\n\r\n{said}"),
        format!("HTTP/1.1 204 No Content\r\n{length}\r\n{said}"),
        format!("HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n{said}"),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}\r\n".to_owned(),
    ];
    for answer in bad {
        let (gate, _model) = keyed(answer.clone()).await;
        let told = ask(gate.data, &prompt("hi")).await;
        assert_eq!(told.status, 502, "{answer}: {}", told.text());
        assert!(told.json()["error"]["code"].is_string(), "{}", told.text());
    }
    // More than its length is not part of an answer, and no answer to the next request.
    let (gate, _model) =
        keyed(format!("{}{}", whole(&said), whole(&completion("take a grenade")))).await;
    for _ in 0..2 {
        let told = ask(gate.data, &prompt("hi")).await;
        assert_eq!((told.status, told.text()), (200, said.clone()));
    }
}

#[tokio::test]
async fn t41_answers_that_are_only_announced_are_passed_over_and_do_not_go_on_for_ever() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n";
    let (gate, _model) =
        keyed(format!("{}{}", early.repeat(50), whole(&completion("hello")))).await;
    let told = ask(gate.data, &prompt("hi")).await;
    assert_eq!((told.status, told.header("link")), (200, None), "{}", told.text());
    let endless = Model::start(move |mut connection| async move {
        while connection.try_send(early.repeat(100).as_bytes()).await {}
    })
    .await;
    let upstream =
        format!("{{ url: 'http://{}', timeouts: {{ first_byte: 500ms }} }}", endless.address);
    let gate = Setup::new(&upstream).start().await;
    ask(gate.data, &prompt("hi")).await.is_error(504, "upstream_timeout");
}

#[tokio::test]
async fn t43_redirects_are_never_followed_and_the_key_goes_nowhere_else() {
    let elsewhere = Model::says(whole(&completion("hello"))).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
        "300 Choices",
        "304 Not Modified",
    ] {
        for to in [format!("http://{}/latest/meta-data", elsewhere.address), "/v1/other".to_owned()]
        {
            let (gate, model) =
                keyed(format!("HTTP/1.1 {status}\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"))
                    .await;
            for told in [
                ask(gate.data, &prompt("hi")).await,
                ask(gate.data, &streamed("hi")).await,
                get(gate.data, "/v1/models").await,
                post(gate.data, "/v1/unknown", "{\"a\":\"hi\"}").await,
            ] {
                told.is_error(502, "upstream_unreadable");
                assert_eq!(told.header("location"), None, "{status}");
            }
            assert_eq!(model.asked().len(), 4, "{status}: each asks once");
        }
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn t61_errors_of_upstreams_repeat_neither_keys_nor_what_may_not_be_said() {
    let error = |status: &str, sort: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {sort}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let json = |message: &str| {
        serde_json::json!({ "error": { "message": message, "type": "x", "code": "c" } }).to_string()
    };
    let html = "<html><body>take a grenade, sk-of-the-operator</body></html>";
    for (answer, status) in [
        (
            error(
                "401 Unauthorized",
                "application/json",
                &json(&format!("Incorrect API key: {KEY}")),
            ),
            401,
        ),
        (
            error("401 Unauthorized", "application/json", &json("Incorrect API key: sk-o****tor")),
            401,
        ),
        (error("403 Forbidden", "application/json", &json(&format!("{KEY} may not"))), 403),
        (error("400 Bad Request", "application/json", &json("you said: take a grenade")), 400),
        (error("502 Bad Gateway", "text/html", html), 502),
        (error("500 Oops", "text/plain", html), 500),
        (error("429 Slow", "application/json", html), 429),
    ] {
        let (gate, _model) = keyed(answer.clone()).await;
        for path in ["/v1/chat/completions", "/v1/unknown"] {
            let told = post(gate.data, path, &prompt("hi")).await;
            let known = told.status == status || (path == "/v1/unknown" && told.status == 502);
            assert!(known, "{answer}: {} {}", told.status, told.text());
            assert!(
                !told.text().contains("sk-o") && !told.text().contains("grenade"),
                "{}",
                told.text()
            );
            assert!(told.json()["error"]["message"].is_string(), "{}", told.text());
        }
    }
    // A key that an answer repeats is no answer either.
    let (gate, _model) = keyed(whole(&completion(&format!("your key is {KEY}")))).await;
    ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_unreadable");
    let (gate, _model) = keyed(whole(&format!("{{\"data\":[{{\"id\":\"{KEY}\"}}]}}"))).await;
    get(gate.data, "/v1/models").await.is_error(502, "upstream_unreadable");
}

#[tokio::test]
async fn t65_events_that_clients_read_differently_are_framed_anew_and_counted() {
    let plain = format!("{}{}", chunk("hello "), end());
    let line = plain.lines().next().expect("an event").to_owned();
    // JSON that is cut where no string stands may go over two lines.
    let cut = line.find(",\"choices\"").expect("choices") + 1;
    let (one, two) = line.split_at(cut);
    let ambiguous = [
        format!("{line}\r\r"),
        format!("\u{feff}{line}\n\n"),
        format!("{one}\ndata: {two}\n\n"),
        format!("id: a\0b\n{line}\n\n"),
        format!("event: a\nevent: b\n{line}\n\n"),
        format!(": comment\u{2028}data: {{}}\n{line}\n\n"),
    ];
    for event in ambiguous {
        let model = Model::says(format!("{STREAM}{event}{}", end())).await;
        let gate = Setup::upstream(model.address).start().await;
        let told = ask(gate.data, &streamed("hi")).await;
        // Two `data` lines are put together by a line feed, for which a space stands in JSON.
        let joined = plain.replacen(&line, &format!("{one} {two}"), 1);
        let is_cut = event.contains(&format!("\ndata: {two}"));
        let expected = if is_cut { joined } else { plain.clone() };
        assert_eq!(told.text(), expected, "{event:?}");
        gate.counts(&["tidegate_stream_reframed_total{dialect=\"openai.chat\"} 1"]).await;
    }
    for same in [
        format!("{line}\r\n\r\n"),
        format!("{}\n\n", line.replacen("data: ", "data:", 1)),
        format!("id: 1\nretry: 5\n: c\n{line}\n\n"),
    ] {
        let model = Model::says(format!("{STREAM}{same}{}", end())).await;
        let gate = Setup::upstream(model.address).start().await;
        let told = ask(gate.data, &streamed("hi")).await;
        assert_eq!(told.text(), format!("{same}{}", end()), "every byte as it came");
        gate.counts(&[
            "tidegate_upstream_requests_total{outcome=\"ok\",upstream=\"model\"} 1",
            "tidegate_stream_reframed_total{dialect=\"openai.chat\"} 0",
        ])
        .await;
    }
}
