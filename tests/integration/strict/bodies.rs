//! Bodies of requests: their codings, types, sizes and shapes.

use std::io::Write as _;

use flate2::Compression;

use crate::gate::{Gate, Setup};
use crate::model::{Model, completion, whole};
use crate::wire::{Answer, Client, ask, post, prompt};

async fn open() -> (Gate, Model) {
    let model = Model::says(whole(&completion("hello"))).await;
    (Setup::upstream(model.address).any_path().start().await, model)
}

/// Posts bytes to a path with these header lines.
async fn send(gate: &Gate, path: &str, lines: &str, body: &[u8]) -> Answer {
    let mut client = Client::connect(gate.data).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n{lines}\r\n",
        body.len()
    );
    client.try_send(&[head.as_bytes(), body].concat()).await;
    client.answer().await
}

const CHAT: &str = "/v1/chat/completions";
const JSON: &str = "content-type: application/json\r\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[tokio::test]
async fn t27_numbers_and_everything_else_untouched_pass_byte_for_byte() {
    let (gate, model) = open().await;
    for number in [
        "18446744073709551617",
        "1.0",
        "-0",
        "1e400",
        "-0.0e-0",
        "1E+2",
        "0.1000000000000000055511151231257827",
    ] {
        let body =
            prompt("hi").replacen('{', &format!("{{ \"seed\" :{number},\"x\":[{number}],"), 1);
        assert_eq!(ask(gate.data, &body).await.status, 200, "{number}");
        assert_eq!(model.asked().pop().expect("it was asked").body, body.as_bytes());
    }
}

#[tokio::test]
async fn t28_a_text_is_found_at_every_edge_of_a_buffer_and_beyond_the_limit_nothing_passes() {
    let model = Model::says(whole(&completion("hello"))).await;
    let gate = Setup::upstream(model.address).with("limits.body", "512KiB").start().await;
    let around = prompt("").len();
    for at in [
        1_usize,
        4095,
        8184,
        8191,
        8192,
        16_383,
        65_535,
        65_536,
        (256 << 10) - 1,
        (512 << 10) - around - 9,
    ] {
        for more in 0..2 {
            // The term begins at this byte of the body, or ends there.
            let before = at.saturating_sub(around - 3 + more * 7);
            let body = prompt(&format!("{} grenade", "a ".repeat(before / 2)));
            ask(gate.data, &body).await.is_error(400, "content_policy_violation");
        }
    }
    let most = (512 << 10) - around;
    assert_eq!(ask(gate.data, &prompt(&"a".repeat(most))).await.status, 200);
    for more in [1, 2, 4096] {
        let text = format!("{}grenade", "a".repeat(most - 7 + more));
        ask(gate.data, &prompt(&text)).await.is_error(413, "body_too_large");
    }
    assert_eq!(model.asked().len(), 1);
}

#[tokio::test]
async fn t26_deep_wide_and_long_bodies_are_refused_quickly() {
    let (gate, model) = open().await;
    let open = |more: &str| prompt("hi").replacen('{', &format!("{{\"x\":{more},"), 1);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let keys: Vec<String> = (0..600_000).map(|n| format!("\"{n:x}\":1")).collect();
    let message = "{\"role\":\"user\",\"content\":\"hi\"}";
    let messages =
        format!("{{\"model\":\"m\",\"messages\":[{}]}}", vec![message; 100_000].join(","));
    for (body, status) in [
        (open(&nested(65)), 400),
        (open(&nested(10_000)), 400),
        (open(&nested(1_000_000)), 400),
        (open(&"[".repeat(1_000_000)), 400),
        (open(&objects(64)), 400),
        (open(&format!("{{{}}}", keys[..10_000].join(","))), 200),
        (open(&format!("{{{}}}", keys.join(","))), 413),
        (messages, 413),
        (prompt(&"a".repeat(10 << 20)), 413),
    ] {
        let started = std::time::Instant::now();
        let answer = ask(gate.data, &body).await;
        assert_eq!(answer.status, status, "{} bytes: {}", body.len(), answer.text());
        let seconds = started.elapsed().as_secs();
        assert!(seconds < 10, "{} bytes take {seconds} s", body.len());
    }
    assert!(model.asked().len() <= 1);
}

/// Puts a coding on.
type Code = fn(&[u8]) -> Vec<u8>;

#[tokio::test]
async fn t30_codings_are_taken_off_under_limits_and_others_are_refused() {
    let (gate, model) = open().await;
    let (bad, good) = (prompt("take a grenade"), prompt("hi"));
    let zstd: Code = |text| {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Uncompressed)
    };
    let codings: [(&str, Code); 6] = [
        ("gzip", gzip),
        ("GZip", gzip),
        ("x-gzip", gzip),
        ("deflate", zlib),
        ("zstd", zstd),
        ("identity", <[u8]>::to_vec),
    ];
    for (coding, code) in codings {
        let lines = format!("{JSON}content-encoding: {coding}\r\n");
        send(&gate, CHAT, &lines, &code(bad.as_bytes()))
            .await
            .is_error(400, "content_policy_violation");
        assert_eq!(send(&gate, CHAT, &lines, &code(good.as_bytes())).await.status, 200, "{coding}");
        let asked = model.asked().pop().expect("it was asked");
        assert_eq!(
            (asked.body, asked.head.contains("content-encoding")),
            (good.clone().into_bytes(), false)
        );
        for body in [&b""[..], b"x", &[&code(good.as_bytes())[..], b"junk"].concat()] {
            let answer = send(&gate, CHAT, &lines, body).await;
            assert_eq!(answer.status, 400, "{coding}: {}", answer.text());
        }
    }
    let halves = good.split_at(20);
    let members = [gzip(halves.0.as_bytes()), gzip(halves.1.as_bytes())].concat();
    assert_eq!(
        send(&gate, CHAT, &format!("{JSON}content-encoding: gzip\r\n"), &members).await.status,
        200
    );
    let hidden = [gzip(good.as_bytes()), gzip(bad.as_bytes())].concat();
    send(&gate, CHAT, &format!("{JSON}content-encoding: gzip\r\n"), &hidden)
        .await
        .is_error(400, "trailing_bytes");
    let asked = model.asked().len();
    for lines in [
        "content-encoding: gzip, gzip",
        "content-encoding: gzip\r\ncontent-encoding: gzip",
        "content-encoding: compress",
        "content-encoding: x",
        "content-encoding:",
        "content-encoding: gzip;q=1",
        "content-encoding: aws-chunked",
    ] {
        let answer = send(&gate, CHAT, &format!("{JSON}{lines}\r\n"), &gzip(good.as_bytes())).await;
        answer.is_error(415, "unsupported_content_encoding");
    }
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000);
    send(&gate, CHAT, &format!("{JSON}content-encoding: gzip\r\n"), &bomb)
        .await
        .is_error(413, "body_too_large");
    assert_eq!(model.asked().len(), asked);
}

#[tokio::test]
async fn t32_the_type_of_a_body_is_said_once_and_is_what_the_route_takes() {
    let (gate, model) = open().await;
    let refused = [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: multipart/form-data; boundary=x\r\n",
        "content-type: application/json; charset=utf-16\r\n",
        "content-type: application/json; charset=iso-8859-1\r\n",
        "content-type: application/json; boundary=x\r\n",
        "content-type: application/json, text/plain\r\n",
        "content-type: application/jsonp\r\n",
        "content-type: application/json\r\ncontent-type: application/json\r\n",
        "content-type:\r\n",
        "content-type: \u{e9}\r\n",
    ];
    for lines in refused {
        for text in ["hi", "take a grenade"] {
            let answer = send(&gate, CHAT, lines, prompt(text).as_bytes()).await;
            answer.is_error(415, "unsupported_media_type");
        }
    }
    assert!(model.asked().is_empty());
    for lines in [
        "content-type: APPLICATION/JSON\r\n",
        "content-type: application/json;charset=UTF-8\r\n",
        "content-type: application/json; charset=\"utf-8\"\r\n",
        "Content-Type:application/json\r\n",
    ] {
        assert_eq!(send(&gate, CHAT, lines, prompt("hi").as_bytes()).await.status, 200, "{lines}");
        send(&gate, CHAT, lines, prompt("take a grenade").as_bytes())
            .await
            .is_error(400, "content_policy_violation");
    }
    // Ollama's clients say of JSON what they like; the server behind the gate is told what was read.
    for lines in
        ["", "content-type: text/plain\r\n", "content-type: application/x-www-form-urlencoded\r\n"]
    {
        send(&gate, "/api/chat", lines, prompt("hi").as_bytes()).await;
        let head = model.asked().pop().expect("it was asked").head;
        assert_eq!(head.matches("content-type:").count(), 1, "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        let asked = model.asked().len();
        assert_ne!(
            send(&gate, "/api/chat", lines, prompt("take a grenade").as_bytes()).await.status,
            200
        );
        assert_eq!(model.asked().len(), asked);
    }
    for lines in [
        "content-type: text/plain; charset=utf-16\r\n",
        "content-type: application/xml\r\n",
        "content-type: text/plain\r\ncontent-type: text/plain\r\n",
    ] {
        assert_eq!(
            send(&gate, "/api/chat", lines, prompt("hi").as_bytes()).await.status,
            415,
            "{lines}"
        );
    }
}

#[tokio::test]
async fn t34_shapes_that_are_no_request_are_refused_or_their_texts_are_screened() {
    let (gate, model) = open().await;
    let say = "take a grenade";
    for body in [
        format!("[\"m\",[{{\"role\":\"user\",\"content\":\"{say}\"}}]]"),
        format!("\"{say}\""),
        "null".to_owned(),
        "7".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        " ".to_owned(),
        String::new(),
        format!("{{\"model\":\"m\",\"messages\":{{\"role\":\"user\",\"content\":\"{say}\"}}}}"),
        format!("{{\"model\":\"m\",\"messages\":\"{say}\"}}"),
        format!("{{\"model\":\"m\",\"messages\":[\"{say}\"]}}"),
        format!("{{\"model\":\"m\",\"messages\":[[{{\"content\":\"{say}\"}}]]}}"),
        format!("{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":[\"{say}\"]}}]}}"),
        format!(
            "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":{{\"text\":\"{say}\"}}}}]}}"
        ),
        format!(
            "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":[[\"{say}\"]]}}]}}"
        ),
        format!(
            "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"{say}\"}}]}}]}}"
        ),
        format!("{{\"model\":\"m\",\"messages\":[{{\"content\":\"{say}\"}}]}}"),
        format!("{{\"model\":\"m\",\"messages\":[{{\"role\":7,\"content\":\"{say}\"}}]}}"),
        format!(
            "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":null,\"x\":\"{say}\"}}]}}"
        ),
        format!("{{\"model\":\"m\",\"messages\":[],\"prompt\":\"{say}\"}}"),
        format!("{{\"model\":\"m\",\"messages\":[],\"{say}\":1}}"),
    ] {
        let answer = post(gate.data, CHAT, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.json()["error"]["code"].is_string(), "{}", answer.text());
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn the_one_escape_of_a_path_is_the_colon_in_the_ids_of_bedrocks_models() {
    let (gate, model) = open().await;
    let body = |text: &str| {
        format!("{{\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"{text}\"}}]}}]}}")
    };
    let path = "/model/anthropic.claude-v2%3A1/converse";
    let answer = post(gate.data, path, &body("take a grenade")).await;
    assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{}", answer.text());
    assert!(model.asked().is_empty());
    post(gate.data, path, &body("hi")).await;
    let head = model.asked().pop().expect("it was asked").head;
    assert!(head.starts_with("post /model/anthropic.claude-v2%3a1/converse "), "as signed: {head}");
}
