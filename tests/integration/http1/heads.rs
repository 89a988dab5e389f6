//! What heads of requests say.

use super::raw::{all, chunks};
use super::{CHAT, Door, Expected, SECOND, body, prompts_on_record, request};
use crate::gate::Setup;
use crate::model::{Model, completion, whole};
use crate::wire::{Client, ask, ask_with, get, post, prompt};

#[tokio::test]
async fn t35_requests_in_raw_bytes_are_refused_with_a_reason_or_reach_the_model_as_they_were_screened()
 {
    let door = Door::open().await;
    let cases = all();
    assert!(cases.len() >= 73, "{} of them", cases.len());
    for (what, bytes, expected) in &cases {
        match expected {
            Expected::Passes => {
                let (_, asked) = door.passes(what, bytes).await;
                assert_eq!(asked.body, body(), "{what}");
                let framing =
                    |name: &str| asked.head.lines().filter(|line| line.starts_with(name)).count();
                assert_eq!(
                    (framing("content-length:"), framing("transfer-encoding:")),
                    (1, 0),
                    "{what}"
                );
                assert_eq!(framing("host:"), 1, "{what}");
            }
            Expected::Refused(..) => door.refuses(what, bytes, expected).await,
        }
    }
    let passed = cases.iter().filter(|(.., expected)| matches!(expected, Expected::Passes)).count();
    ask(door.gate.data, &prompt("the last one")).await;
    door.gate
        .counts(&[&format!(
            "tidegate_upstream_requests_total{{outcome=\"ok\",upstream=\"model\"}} {}",
            passed + 1
        )])
        .await;
    assert_eq!(door.model.asked().len(), passed + 1);
    while prompts_on_record(&door.gate) < passed + 1 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        prompts_on_record(&door.gate),
        passed + 1,
        "each that was asked is on record, and no other"
    );
    for reason in [
        "malformed_head",
        "bare_line_feed",
        "invalid_chunk",
        "invalid_content_length",
        "invalid_transfer_encoding",
        "invalid_host",
        "invalid_target",
    ] {
        assert!(door.gate.rejected(reason).await, "{reason} is counted");
    }
}

#[tokio::test]
async fn t36_behind_junk_in_chunks_no_second_request_is_read() {
    let door = Door::open().await;
    let hidden = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body().len()
    );
    for (what, bytes, expected) in chunks() {
        if let Expected::Refused(..) = expected {
            // A whole request that a server would answer which read the junk otherwise.
            let bytes = [bytes, hidden.clone().into_bytes(), body()].concat();
            door.refuses(&what, &bytes, &expected).await;
        }
    }
    assert!(door.model.asked().is_empty());
}

#[tokio::test]
async fn t37_a_path_in_other_letters_is_not_served_and_never_reaches_the_model() {
    let model = Model::says(whole(&completion("hello"))).await;
    let gate = Setup::upstream(model.address).any_path().start().await;
    let served = [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/messages",
        "/v1/responses",
        "/api/chat",
        "/v1beta/models/m:generateContent",
        "/v2/rerank",
        "/v1/models",
    ];
    for path in served {
        let inner = &path[1..];
        let (first, rest) = inner.split_once('/').unwrap_or((inner, ""));
        let escaped = format!("/%{:02x}{}", inner.as_bytes()[0], &inner[1..]);
        for odd in [
            format!("/{path}"),
            format!("{path}/"),
            format!("/.{path}"),
            format!("/x/..{path}"),
            format!("/{first}//{rest}"),
            format!("/{first}/./{rest}"),
            escaped,
            format!("/{first}%2f{rest}"),
            format!("{path}%00"),
            format!("{path};a"),
            format!("{path};a=b"),
            format!("/{first}\\{rest}"),
            format!("{path}%20"),
            path.to_uppercase(),
            format!("{path}\u{e9}"),
            format!("{path}."),
            format!("{path}/."),
            format!("{path}/.."),
            format!("{path}%3f"),
            format!("{path}+"),
        ] {
            let answer = post(gate.data, &odd, &prompt("take a grenade")).await;
            assert_eq!(answer.status, 404, "{odd}: {}", answer.text());
            // A full stop at the end is part of a model's name.
            if !odd.ends_with('.') {
                let answer = get(gate.data, &odd).await;
                assert_eq!(answer.status, 404, "{odd}: {}", answer.text());
            }
        }
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn t39_what_connection_names_cannot_take_away_what_the_gate_says() {
    let model = Model::says(whole(&completion("hello"))).await;
    let setup = Setup::new(&format!("{{ url: 'http://{}', key: {{ file: key }} }}", model.address));
    std::fs::write(setup.folder().join("key"), "sk-server").expect("a key");
    let gate = setup.start().await;
    let many: Vec<String> = (0..200).map(|number| format!("x-{number}")).collect();
    let lines = format!(
        "connection: authorization, x-request-id, content-type, traceparent, host, content-length, {}\r\n\
         authorization: Bearer sk-client\r\nx-request-id: mine\r\nopenai-organization: org\r\n\
         connection: openai-organization\r\nkeep-alive: timeout=5\r\nte: trailers\r\nproxy-authorization: x\r\n",
        many.join(", ")
    );
    let answer = ask_with(gate.data, &lines, &prompt("hi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let head = model.asked().remove(0).head;
    for line in [
        "authorization: bearer sk-server",
        "content-type: application/json",
        "x-request-id: mine",
        "traceparent: ",
        "host: ",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    for line in [
        "sk-client",
        "openai-organization",
        "keep-alive",
        "\nte:",
        "proxy-",
        "x-199",
        "connection: authorization",
    ] {
        assert!(!head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn t40_one_identity_goes_on_and_nothing_that_only_looks_like_one() {
    let door = Door::open().await;
    let twice = [
        "authorization: Bearer a\r\nx-api-key: b\r\n",
        "x-api-key: a\r\nx-api-key: b\r\n",
        "api-key: a\r\nx-goog-api-key: b\r\n",
        "Authorization: Bearer a\r\nauthorization: Bearer b\r\n",
    ];
    for lines in twice {
        ask_with(door.gate.data, lines, &prompt("hi")).await.is_error(400, "ambiguous_credentials");
    }
    assert!(door.model.asked().is_empty());
    let lines = "authorization: Bearer mine\r\ncookie: session=1\r\nx-forwarded-for: 1.2.3.4\r\nx-forwarded-host: evil\r\n\
                 forwarded: for=1.2.3.4\r\nx-real-ip: 1.2.3.4\r\nx-original-url: /admin\r\nx-http-method-override: GET\r\n\
                 x-amz-security-tokens: x\r\nx_api_key: y\r\nproxy-authorization: z\r\n";
    assert_eq!(ask_with(door.gate.data, lines, &prompt("hi")).await.status, 200);
    let head = door.model.asked().remove(0).head;
    assert!(head.contains("authorization: bearer mine"), "{head}");
    for part in
        ["cookie", "forwarded", "x-real-ip", "x-original", "override", "x_api_key", "proxy-"]
    {
        assert!(!head.contains(part), "{part} in {head}");
    }
}

#[tokio::test]
async fn t42_upgrades_and_tunnels_are_refused_and_nothing_behind_them_is_read() {
    let door = Door::open().await;
    let length = format!("content-length: {}", body().len());
    let lines: [&[&[u8]]; 4] = [
        &[
            b"connection: upgrade",
            b"upgrade: websocket",
            b"sec-websocket-key: x3JJHMbDL1EzLkh9GBhXDw==",
            b"sec-websocket-version: 13",
        ],
        &[
            b"connection: upgrade, http2-settings",
            b"upgrade: h2c",
            b"http2-settings: AAMAAABkAAQAAP__",
        ],
        &[b"connection: upgrade", b"upgrade: TLS/1.0"],
        &[b"upgrade: x"],
    ];
    for more in lines {
        let lines: Vec<&[u8]> =
            [&b"host: localhost"[..], b"content-type: application/json", length.as_bytes()]
                .into_iter()
                .chain(more.iter().copied())
                .collect();
        let bytes = request(format!("POST {CHAT} HTTP/1.1").as_bytes(), &lines, &body());
        door.refuses("an upgrade", &bytes, &Expected::Refused(501, "upgrade_not_supported")).await;
        // Without a body the early data stands right behind the head.
        let mut client = Client::connect(door.gate.data).await;
        let lines: Vec<&[u8]> =
            [&b"host: localhost"[..]].into_iter().chain(more.iter().copied()).collect();
        let bytes = request(b"GET /v1/realtime HTTP/1.1", &lines, SECOND);
        client.send(&bytes).await;
        let said = client.closed().await;
        assert!(
            said.starts_with("HTTP/1.1 501 ") && said.matches("HTTP/1.1 ").count() == 1,
            "{said}"
        );
    }
    let bytes = request(b"CONNECT localhost:80 HTTP/1.1", &[b"host: localhost:80"], SECOND);
    let mut client = Client::connect(door.gate.data).await;
    client.send(&bytes).await;
    let said = client.closed().await;
    assert!(said.starts_with("HTTP/1.1 405 ") && said.matches("HTTP/1.1 ").count() == 1, "{said}");
    assert!(door.model.asked().is_empty());
}

#[tokio::test]
async fn a_connection_of_http_1_0_is_closed_behind_its_answer() {
    let door = Door::open().await;
    let length = format!("content-length: {}", body().len());
    let line = format!("POST {CHAT} HTTP/1.0");
    for keep in [&b"connection: keep-alive"[..], b"x: y"] {
        let bytes = request(
            line.as_bytes(),
            &[b"host: localhost", b"content-type: application/json", length.as_bytes(), keep],
            &body(),
        );
        let mut client = Client::connect(door.gate.data).await;
        client.send(&[&bytes, SECOND].concat()).await;
        let said = client.closed().await;
        assert!(
            said.starts_with("HTTP/1.0 200 ") && said.matches("HTTP/1.").count() == 1,
            "{said}"
        );
    }
}
