//! What we write ourselves: refusals and endings, byte for byte as `wire.md` §2 and §3 say.

use super::*;
use crate::wire::dialect::{Calls, Cut};
use crate::wire::frame::FrameWriter;

fn meta() -> AnswerMeta {
    AnswerMeta { id: "c1".to_owned(), created: 1, model: "m".to_owned(), ..AnswerMeta::default() }
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8(bytes.as_ref().to_vec()).unwrap()
}

/// The events that end an answer, as a stream has them.
fn stopped(dialect: &Dialect, message: Option<&str>, shape: RefusalShape, shown: bool) -> String {
    let cut = Cut { unit: 0, message, shape, category: None, shown, open: None, next: 0 };
    text(FrameWriter::whole(dialect.framing(), &dialect.ending(&meta(), &cut)))
}

fn events(dialect: &Dialect, said: &[Said]) -> String {
    text(FrameWriter::whole(dialect.framing(), said))
}

const CHAT: &str =
    r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":["#;

#[test]
fn dialects_are_known_by_the_end_of_the_path() {
    let dialects = Dialects::default();
    for (path, dialect) in [
        ("/v1/chat/completions", Some("openai.chat")),
        ("/proxy/openai/v1/chat/completions", Some("openai.chat")),
        ("/v1/completions", Some("openai.completions")),
        ("/v1/chat/completions/x", None),
        ("/v1/xcompletions", None),
        ("/v1/unknown", None),
    ] {
        assert_eq!(
            dialects.of_path(path, None).map(|dialect| &**dialect.name()),
            dialect,
            "{path}"
        );
    }
}

#[test]
fn an_error_has_the_shape_that_sdks_read() {
    let body = chat_dialect().error_body(
        (400, POLICY_VIOLATION),
        ("a \"b\"", Some("messages")),
        &Calls::default(),
    );
    assert_eq!(
        text(body),
        r#"{"error":{"message":"a \"b\"","type":"invalid_request_error","param":"messages","code":"content_policy_violation"}}"#
    );
}

#[test]
fn a_whole_answer_in_the_models_place_has_every_choice() {
    let body = chat_dialect().answer_body(&meta(), (2, "No.", RefusalShape::Content), None);
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
    let body = chat_dialect().answer_body(&meta(), (1, "No.", RefusalShape::Refusal), None);
    assert!(text(body).contains(
        r#""message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"stop""#
    ));
    let body = completions_dialect().answer_body(&meta(), (1, "No.", RefusalShape::Content), None);
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
    assert_eq!(stopped(&chat_dialect(), Some("No."), content, true), format!("{line}{end}"));
    assert_eq!(stopped(&chat_dialect(), None, content, true), end);
}

#[test]
fn the_first_chunk_of_a_choice_names_the_role() {
    let chat = chat_dialect();
    let opening = events(&chat, &chat.opening(&meta(), 0));
    let role = "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
    assert_eq!(opening, format!("{CHAT}{role}"));
    // Where the client has read nothing yet, the message begins no new line.
    let first = stopped(&chat, Some("No."), RefusalShape::Content, false);
    assert!(first.contains("\"content\":\"No.\""), "{first}");
}

#[test]
fn a_refusal_in_a_stream_ends_with_stop_so_that_parsed_is_empty() {
    let out = stopped(&chat_dialect(), Some("No."), RefusalShape::Refusal, false);
    assert!(out.contains("\"refusal\":\"No.\"") && out.contains("\"finish_reason\":\"stop\""));
    let out = stopped(&chat_dialect(), None, RefusalShape::Refusal, true);
    assert!(out.contains("\"finish_reason\":\"content_filter\""));
}

#[test]
fn a_completion_that_was_cut_ends_in_one_chunk() {
    let head = r#"data: {"id":"c1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"#;
    let tail = ",\"finish_reason\":\"content_filter\",\"logprobs\":null}]}\n\n";
    let ended =
        |message, started| stopped(&completions_dialect(), message, RefusalShape::Content, started);
    assert_eq!(ended(None, true), format!("{head}\"\"{tail}"));
    assert_eq!(ended(Some("No."), true), format!("{head}\"\\nNo.\"{tail}"));
    assert_eq!(ended(Some("No."), false), format!("{head}\"No.\"{tail}"));
}

#[test]
fn usage_is_sent_only_when_it_was_asked_for() {
    let chat = chat_dialect();
    let done = "data: [DONE]\n\n";
    assert_eq!(events(&chat, &chat.closing(&meta(), false)), done);
    let usage = r#"],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#;
    assert_eq!(events(&chat, &chat.closing(&meta(), true)), format!("{CHAT}{usage}\n\n{done}"));
}

#[test]
fn an_error_in_a_stream_is_an_event_and_the_end() {
    let chat = chat_dialect();
    assert_eq!(
        events(
            &chat,
            &chat.failure(&Calls::default(), (503, "moderation_unavailable"), "try \u{2028}again")
        ),
        "data: {\"error\":{\"message\":\"try \\u2028again\",\"type\":\"server_error\",\"param\":null,\"code\":\"moderation_unavailable\"}}\n\ndata: [DONE]\n\n"
    );
    assert_eq!(&chat.keep_alive()[..], b": keep-alive\n\n");
}

#[test]
fn a_stream_of_ours_goes_on_under_the_upstreams_name() {
    let frame = "data: {\"id\":\"c\\u0031\",\"created\":5,\"model\":\"m\",\"choices\":[]}\n\n";
    let mut framer = crate::wire::sse::Framer::new(1024);
    framer.push(frame.as_bytes()).unwrap();
    let event = chat_dialect().read_event(&framer.next_frame().unwrap()).unwrap();
    let expected = AnswerMeta {
        id: "c1".to_owned(),
        created: 5,
        model: "m".to_owned(),
        ..AnswerMeta::default()
    };
    assert_eq!(chat_dialect().meta_of(&event), Some(expected));
}
