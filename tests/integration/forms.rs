//! Forms: transcriptions and changes of images, with their texts screened and changed in place, and nothing else changed.

use std::net::SocketAddr;

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, whole};
use crate::wire::{Answer, Client};

/// A file of sound that is no text.
const SOUND: &[u8] = b"ID3\x00\xff\xfe\r\n--not the boundary\r\n\x80";

/// A form of fields with these heads and values.
fn form(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, value) in fields {
        let head = format!("--xyz-1\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xyz-1--\r\n");
    body
}

/// A transcription with a prompt and more fields.
fn transcription(prompt: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let file = ("name=\"file\"; filename=\"a dog.mp3\"\r\nContent-Type: audio/mpeg", SOUND);
    let prompt = ("name=\"prompt\"", prompt.as_bytes());
    form(&[&[file, ("name=\"model\"", b"whisper-1"), prompt], more].concat())
}

async fn post(address: SocketAddr, path: &str, sort: &str, body: &[u8]) -> Answer {
    let mut client = Client::connect(address).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {sort}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.send(&[head.as_bytes(), body].concat()).await;
    client.answer().await
}

async fn transcribe(gate: &Gate, body: &[u8]) -> Answer {
    post(gate.data, "/v1/audio/transcriptions", "multipart/form-data; boundary=xyz-1", body).await
}

fn says(sort: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_form_passes_byte_for_byte_and_only_a_redacted_field_changes() {
    let model = Model::says(whole("{\"text\":\"hi\"}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    let clean = transcription("names are Ada", &[]);
    let answer = transcribe(&gate, &clean).await;
    assert_eq!((answer.status, answer.text()), (200, "{\"text\":\"hi\"}".to_owned()));
    assert_eq!(model.asked()[0].body, clean);
    assert!(model.asked()[0].head.contains("content-type: multipart/form-data; boundary=xyz-1"));
    transcribe(&gate, &transcription("mail \"bob@example.com\" now", &[])).await;
    assert_eq!(model.asked()[1].body, transcription("mail \"[EMAIL]\" now", &[]));
}

#[tokio::test]
async fn every_text_of_a_form_is_screened_and_names_of_files_too() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    let bad: &[u8] = b"a grenade";
    for body in [
        transcription("a grenade", &[]),
        transcription("a", &[("name=\"keywords[]\"", b"a dog"), ("name=\"keywords[]\"", bad)]),
        transcription("a", &[("name=\"language\"", bad)]),
        transcription("a", &[("name=\"nobody_knows\"", bad)]),
        transcription("a", &[("name=\"grenade\"", b"a")]),
        transcription("a", &[("name=\"other\"; filename=\"a grenade.mp3\"", SOUND)]),
    ] {
        let answer = transcribe(&gate, &body).await;
        answer.is_error(400, "content_policy_violation");
    }
    let edit = form(&[
        ("name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png", SOUND),
        ("name=\"prompt\"", bad),
    ]);
    let sort = "multipart/form-data; boundary=xyz-1";
    let answer = post(gate.data, "/v1/images/edits", sort, &edit).await;
    assert_eq!(answer.json()["error"]["code"], "moderation_blocked");
    assert!(model.asked().is_empty());
    let edit = form(&[("name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png", SOUND)]);
    post(gate.data, "/v1/images/variations", sort, &edit).await;
    assert_eq!(model.asked()[0].body, edit);
}

#[tokio::test]
async fn sound_passes_only_where_the_policy_says_so() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = transcribe(&gate, &transcription("a", &[])).await;
    answer.is_error(400, "content_not_screenable");
    assert!(answer.text().contains("audio content at `file`"), "{}", answer.text());
    let gate = Setup::upstream(model.address).policy("nontext: { audio: allow }\n").start().await;
    assert_eq!(transcribe(&gate, &transcription("a", &[])).await.status, 200);
    // A file where a text belongs is no sound.
    let file: &[(&str, &[u8])] = &[("name=\"hotwords\"; filename=\"a\"", b"a grenade")];
    let answer = transcribe(&gate, &transcription("a", file)).await;
    answer.is_error(400, "content_not_screenable");
}

#[tokio::test]
async fn a_form_that_two_servers_read_differently_is_refused() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    for (more, code) in [
        (("name=\"prompt\"", &b"b"[..]), "duplicate_key"),
        (("name=\"Prompt\"", b"b"), "ambiguous_key"),
        (("name=\"prompt[]\"", b"b"), "duplicate_key"),
        (("name=\"a\"; filename*=UTF-8''a", b"b"), "invalid_form"),
        (("name=\"_charset_\"", b"utf-7"), "invalid_form"),
        (("name=\"a\"\r\nContent-Type: text/plain; charset=utf-16", b"b"), "invalid_form"),
        (("name=\"a\"", b"x\n--xyz-1\nContent-Disposition: form-data"), "invalid_form"),
        (("name=\"stream\"", b"yes"), "invalid_field"),
    ] {
        let answer = transcribe(&gate, &transcription("a", &[more])).await;
        answer.is_error(400, code);
    }
    let body = transcription("a", &[]);
    for sort in
        ["application/json", "multipart/form-data", "multipart/form-data; boundary=xyz-1; x=y"]
    {
        let answer = post(gate.data, "/v1/audio/transcriptions", sort, &body).await;
        answer.is_error(415, "unsupported_media_type");
    }
    let no_file = form(&[("name=\"model\"", b"whisper-1")]);
    assert!(transcribe(&gate, &no_file).await.text().contains("`file` is required"));
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn a_transcript_is_screened_in_whatever_form_it_comes() {
    let srt =
        "1\n00:00:01,000 --> 00:00:02,000\nmail bob@\n\n2\n00:00:02,000 --> 00:00:03,000\nTEXT\n";
    let json = "{\"text\":\"TEXT\",\"words\":[{\"word\":\"TEXT\"}]}";
    for (sort, body) in [
        ("text/plain; charset=utf-8", "TEXT\n"),
        ("text/plain", srt),
        ("text/vtt", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nTEXT\n"),
        ("application/json", json),
        // Read as what it is, whatever it says that it is.
        ("text/plain", json),
    ] {
        let sent = body.replace("TEXT", "a dog");
        let model = Model::says(says(sort, &sent)).await;
        let gate = Setup::upstream(model.address).everywhere().start().await;
        let answer = transcribe(&gate, &transcription("a", &[])).await;
        assert_eq!((answer.text(), answer.header("content-type")), (sent, Some(sort)));
        let model = Model::says(says(sort, &body.replace("TEXT", "to bob@example.com now"))).await;
        let gate = Setup::upstream(model.address).everywhere().start().await;
        let answer = transcribe(&gate, &transcription("a", &[])).await.text();
        assert!(answer.contains("to [EMAIL] now") && !answer.contains("bob@example"), "{answer}");
        let model = Model::says(says(sort, &body.replace("TEXT", "a grenade"))).await;
        let gate = Setup::upstream(model.address).everywhere().start().await;
        transcribe(&gate, &transcription("a", &[])).await.is_error(400, "content_policy_violation");
    }
    // A term that times part, and words that a text is told in.
    for (sort, body) in [
        ("text/plain", srt.replace("mail bob@", "a gre").replace("TEXT", "nade")),
        (
            "application/json",
            "{\"text\":\"a bob@example.com\",\"words\":[{\"word\":\"bob@\"},{\"word\":\"example.com\"}]}"
                .to_owned(),
        ),
    ] {
        let model = Model::says(says(sort, &body)).await;
        let gate = Setup::upstream(model.address).everywhere().start().await;
        let answer = transcribe(&gate, &transcription("a", &[])).await.text();
        assert!(!answer.contains("nade") && !answer.contains("example.com"), "{answer}");
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n";
    let model = Model::says([head.as_bytes(), b"\xff\xfe"].concat()).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    assert_eq!(transcribe(&gate, &transcription("a", &[])).await.status, 502);
}

#[tokio::test]
async fn a_streamed_transcript_is_screened_and_ends_with_an_error_where_it_is_stopped() {
    let stream: &[(&str, &[u8])] = &[("name=\"stream\"", b"true")];
    let events = |one: &str, two: &str| {
        let delta =
            |text| format!("data: {{\"type\":\"transcript.text.delta\",\"delta\":\"{text}\"}}\n\n");
        let done =
            format!("data: {{\"type\":\"transcript.text.done\",\"text\":\"{one}{two}\"}}\n\n");
        format!("{}{}{done}", delta(one), delta(two))
    };
    for (one, two, passes) in
        [("a ", "dog", true), ("bob@exam", "ple.com", false), ("a gre", "nade", false)]
    {
        let sent = events(one, two);
        let model = Model::says(format!("{STREAM}{sent}")).await;
        let gate = Setup::upstream(model.address).everywhere().start().await;
        let answer = transcribe(&gate, &transcription("a", stream)).await;
        let said = answer.text();
        assert_eq!(said == sent, passes, "{said}");
        assert!(!said.contains("nade") && !said.contains("ple.com"), "{said}");
        assert_eq!(said.contains("content_policy_violation"), one == "a gre", "{said}");
    }
}
