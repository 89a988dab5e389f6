//! What we write ourselves: refusals and endings, byte for byte as `wire.md` §2 and §3 say.

use super::*;

fn meta() -> StreamMeta {
    StreamMeta { id: "c1".to_owned(), created: 1, model: "m".to_owned() }
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8(bytes.as_ref().to_vec()).unwrap()
}

fn stopped(dialect: Dialect, message: Option<&str>, shape: RefusalShape, started: bool) -> String {
    text(stop_choice(dialect, &meta(), &Ending { choice: 0, message, shape, started }))
}

const CHAT: &str =
    r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":["#;

#[test]
fn dialects_are_known_by_the_end_of_the_path() {
    for (path, dialect) in [
        ("/v1/chat/completions", Some(Dialect::Chat)),
        ("/openai/v1/chat/completions", Some(Dialect::Chat)),
        ("/v1/completions", Some(Dialect::Completions)),
        ("/v1/fim/completions", Some(Dialect::Completions)),
        ("/v1/chat/completions/x", None),
        ("/v1/xcompletions", None),
        ("/v1/models", None),
    ] {
        assert_eq!(Dialect::of_path(path), dialect, "{path}");
    }
    assert_eq!(Dialect::Chat.name(), "openai.chat");
    assert_eq!(Dialect::Completions.name(), "openai.completions");
}

#[test]
fn an_error_has_the_shape_that_sdks_read() {
    let body = error_body("invalid_request_error", POLICY_VIOLATION, "a \"b\"", Some("messages"));
    assert_eq!(
        text(body),
        r#"{"error":{"message":"a \"b\"","type":"invalid_request_error","param":"messages","code":"content_policy_violation"}}"#
    );
}

#[test]
fn a_whole_answer_in_the_models_place_has_every_choice() {
    let body = answer_body(Dialect::Chat, &meta(), (2, "No.", RefusalShape::Content));
    let usage = r#""usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#;
    let choice = |n: u64| {
        format!(
            r#"{{"index":{n},"message":{{"role":"assistant","content":"No.","refusal":null}},"logprobs":null,"finish_reason":"content_filter"}}"#
        )
    };
    assert_eq!(
        text(body),
        format!(
            r#"{{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{},{}],{usage}"#,
            choice(0),
            choice(1)
        )
    );
    let body = answer_body(Dialect::Chat, &meta(), (1, "No.", RefusalShape::Refusal));
    assert!(text(body).contains(
        r#""message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"stop""#
    ));
    let body = answer_body(Dialect::Completions, &meta(), (1, "No.", RefusalShape::Content));
    assert!(text(body).starts_with(
        r#"{"id":"c1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"No.","logprobs":null,"finish_reason":"content_filter"}]"#
    ));
}

#[test]
fn a_choice_that_was_cut_ends_with_the_message_and_the_reason() {
    let line = format!(
        "{CHAT}{}",
        "{\"index\":0,\"delta\":{\"content\":\"\\nNo.\"},\"finish_reason\":null}]}\n\n"
    );
    let end = format!(
        "{CHAT}{}",
        "{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n"
    );
    let content = RefusalShape::Content;
    assert_eq!(stopped(Dialect::Chat, Some("No."), content, true), format!("{line}{end}"));
    assert_eq!(stopped(Dialect::Chat, None, content, true), end);
}

#[test]
fn the_first_chunk_of_a_choice_names_the_role() {
    let role = "\"role\":\"assistant\"";
    let content = RefusalShape::Content;
    let first = stopped(Dialect::Chat, Some("No."), content, false);
    assert!(first.starts_with(&format!(
        "{CHAT}{{\"index\":0,\"delta\":{{{role},\"content\":\"No.\"}},\"finish_reason\":null}}]}}\n\n"
    )));
    let silent = stopped(Dialect::Chat, None, content, false);
    assert!(silent.starts_with(&format!("{CHAT}{{\"index\":0,\"delta\":{{{role}}},")));
    assert!(!stopped(Dialect::Chat, Some("No."), content, true).contains(role));
}

#[test]
fn a_refusal_in_a_stream_ends_with_stop_so_that_parsed_is_empty() {
    let out = stopped(Dialect::Chat, Some("No."), RefusalShape::Refusal, false);
    assert!(out.contains("\"refusal\":\"No.\"") && out.contains("\"finish_reason\":\"stop\""));
    let out = stopped(Dialect::Chat, None, RefusalShape::Refusal, true);
    assert!(out.contains("\"finish_reason\":\"content_filter\""));
}

#[test]
fn a_completion_that_was_cut_ends_in_one_chunk() {
    let head = r#"data: {"id":"c1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"#;
    let tail = ",\"finish_reason\":\"content_filter\",\"logprobs\":null}]}\n\n";
    let ended =
        |message, started| stopped(Dialect::Completions, message, RefusalShape::Content, started);
    assert_eq!(ended(None, true), format!("{head}\"\"{tail}"));
    assert_eq!(ended(Some("No."), true), format!("{head}\"\\nNo.\"{tail}"));
    assert_eq!(ended(Some("No."), false), format!("{head}\"No.\"{tail}"));
}

#[test]
fn usage_is_sent_only_when_it_was_asked_for() {
    let done = "data: [DONE]\n\n";
    assert_eq!(text(usage_and_done(Dialect::Chat, &meta(), false)), done);
    let usage = r#"],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#;
    assert_eq!(
        text(usage_and_done(Dialect::Chat, &meta(), true)),
        format!("{CHAT}{usage}\n\n{done}")
    );
}

#[test]
fn a_refusal_as_a_stream_is_whole() {
    let out = answer_stream(Dialect::Chat, &meta(), (2, "No.", RefusalShape::Content), true);
    let out = text(out);
    for choice in 0..2 {
        assert_eq!(out.matches(&format!("\"index\":{choice}")).count(), 2);
    }
    assert!(out.ends_with("data: [DONE]\n\n") && out.matches("\"usage\"").count() == 1);
}

#[test]
fn an_error_in_a_stream_is_one_event() {
    assert_eq!(
        text(error_event("server_error", "moderation_unavailable", "try \u{2028}again")),
        "data: {\"error\":{\"message\":\"try \\u2028again\",\"type\":\"server_error\",\"param\":null,\"code\":\"moderation_unavailable\"}}\n\n"
    );
    assert_eq!(keep_alive(), b": keep-alive\n\n");
}

#[test]
fn a_stream_of_ours_goes_on_under_the_upstreams_name() {
    let frame = "data: {\"id\":\"c\\u0031\",\"created\":5,\"model\":\"m\",\"choices\":[]}\n\n";
    let mut framer = crate::wire::sse::Framer::new(1024);
    framer.push(frame.as_bytes()).unwrap();
    let event = read_event(Dialect::Chat, &framer.next_frame().unwrap()).unwrap();
    let expected = StreamMeta { id: "c1".to_owned(), created: 5, model: "m".to_owned() };
    assert_eq!(StreamMeta::of(&event), Some(expected));
}
