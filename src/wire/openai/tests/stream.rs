//! Streamed events: which channel each text belongs to, and what changes do to the bytes.

use super::*;
use crate::domain::EditClass::{Fixed, JsonInString, Opaque, Plain};
use crate::wire::sse::Framer;

fn event_of(dialect: Dialect, bytes: &[u8]) -> Result<Event, EventProblem> {
    let mut framer = Framer::new(1 << 20);
    framer.push(bytes).unwrap();
    read_event(dialect, &framer.next_frame().unwrap())
}

fn event(data: &str) -> Event {
    event_of(Dialect::Chat, format!("data: {data}\n\n").as_bytes()).unwrap()
}

fn reasoning(name: &str) -> Part {
    Part::Reasoning(name.to_owned())
}

fn other(path: &str) -> Part {
    Part::Other(path.to_owned())
}

#[test]
fn every_row_of_the_chat_stream_has_its_channel() {
    let rows = [
        ("delta.content", Part::Content, Plain),
        ("delta.content[].text", Part::Content, Plain),
        ("delta.content[].thinking[].text", reasoning("content.thinking"), Plain),
        ("delta.refusal", Part::Refusal, Plain),
        ("delta.reasoning_content", reasoning("reasoning_content"), Plain),
        ("delta.reasoning", reasoning("reasoning"), Plain),
        ("delta.thinking", reasoning("thinking"), Plain),
        ("delta.reasoning_details[].text", reasoning("reasoning_details.text"), Fixed),
        ("delta.reasoning_details[].summary", reasoning("reasoning_details.summary"), Fixed),
        ("delta.tool_calls[].function.name", Part::ToolName(0), Fixed),
        ("delta.tool_calls[].function.arguments", Part::ToolArgs(0), JsonInString),
        ("delta.tool_calls[].custom.name", Part::ToolName(0), Fixed),
        ("delta.tool_calls[].custom.input", Part::ToolArgs(0), Plain),
        ("delta.function_call.name", Part::ToolName(FUNCTION_CALL), Fixed),
        ("delta.function_call.arguments", Part::ToolArgs(FUNCTION_CALL), JsonInString),
        ("delta.audio.transcript", Part::Transcript, Fixed),
        ("logprobs.content[].token", Part::Logprob, Opaque),
        ("logprobs.content[].top_logprobs[].token", Part::Logprob, Opaque),
        ("logprobs.refusal[].token", Part::Logprob, Opaque),
        // New fields of text stream like the known ones.
        ("delta.musings", reasoning("musings"), Fixed),
        ("musings", reasoning("musings"), Fixed),
    ];
    for (path, part, edit) in rows {
        let base = json!({ "id": "c", "choices": [{ "index": 3 }] });
        let event =
            event(&merged(base, nest(&format!("choices[].{path}"), MARKER.into())).to_string());
        let marked: Vec<_> = event.fragments.iter().filter(|f| f.text == MARKER).collect();
        assert_eq!(marked.len(), 1, "{path}");
        assert_eq!(marked[0].channel, Channel { choice: 3, part }, "{path}");
        assert_eq!(marked[0].edit, edit, "{path}");
        let token = &event.raw[marked[0].token.clone()];
        assert_eq!(serde_json::from_slice::<String>(token).unwrap(), MARKER);
        assert_eq!(event.choices, [3]);
    }
}

#[test]
fn what_comes_whole_is_a_text_by_itself_and_is_never_edited() {
    for path in [
        "choices[].delta.annotations[].url_citation.title",
        "choices[].delta.annotations[].url_citation.url",
        "choices[].message.content",
        "choices[].message.tool_calls[].function.arguments",
        "choices[].message.reasoning_content",
        "choices[].stop_reason",
        "choices[].delta.tool_calls[].extra_content.google.thought_signature",
        "choices[].delta.function_call.extra",
        "choices[].delta.audio.extra",
        "choices[].logprobs.brand_new",
        "choices[].delta.deep.er",
        "error.message",
        "brand_new",
    ] {
        let event = event(&nest(path, MARKER.into()).to_string());
        let marked: Vec<_> = event.fragments.iter().filter(|f| f.text == MARKER).collect();
        assert_eq!(marked.len(), 1, "{path}");
        let channel = &marked[0].channel;
        assert_eq!(channel.part, other(&path.replace("[]", "[0]")), "{path}");
        assert_eq!(marked[0].edit, Fixed, "{path}");
    }
}

#[test]
fn the_function_call_is_one_channel_whatever_stands_beside_its_arguments() {
    let first =
        event(r#"{"choices":[{"delta":{"function_call":{"name":"f","arguments":"{\"a\""}}}]}"#);
    let second = event(r#"{"choices":[{"delta":{"function_call":{"arguments":":1}"}}}]}"#);
    let tool = event(r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}"#);
    let part = |event: &Event| event.fragments.last().unwrap().channel.part.clone();
    assert_eq!(part(&first), part(&second));
    assert_ne!(part(&first), part(&tool));
}

#[test]
fn every_row_of_the_completions_stream_has_its_channel() {
    for (path, part) in [
        ("choices[].text", Part::Content),
        ("choices[].logprobs.tokens[]", Part::Logprob),
        ("choices[].reasoning", reasoning("reasoning")),
        ("choices[].stop_reason", other("choices[0].stop_reason")),
    ] {
        let bytes = format!("data: {}\n\n", nest(path, MARKER.into()));
        let event = event_of(Dialect::Completions, bytes.as_bytes()).unwrap();
        let marked = event.fragments.iter().find(|f| f.text == MARKER).unwrap();
        assert_eq!(marked.channel.part, part, "{path}");
    }
}

#[test]
fn an_event_says_what_it_is_for() {
    let kind = |bytes: &str| event_of(Dialect::Chat, bytes.as_bytes()).unwrap().kind;
    assert_eq!(kind("data: {}\n\n"), EventKind::Delta);
    assert_eq!(kind("data: [DONE]\r\n\r\n"), EventKind::Done);
    assert_eq!(kind("data:[DONE] \n\n"), EventKind::Done);
    assert_eq!(kind(": OPENROUTER PROCESSING\n\n"), EventKind::Comment);
    assert_eq!(kind("data:\n\n"), EventKind::Comment);
    assert_eq!(kind("data: {\"error\":{\"message\":\"m\"}}\n\n"), EventKind::Error);
    assert_eq!(kind("data: {\"error\":null}\n\n"), EventKind::Delta);
    for bad in ["data: ping\n\n", "data: [1]\n\n", "data: {\"a\":\n\n", "data: {}{}\n\n"] {
        assert!(event_of(Dialect::Chat, bad.as_bytes()).is_err(), "{bad}");
    }
    let last = event(
        r#"{"choices":[{"index":1,"delta":{},"finish_reason":"stop"},{"index":0,"delta":{},"finish_reason":null}],"usage":{"total_tokens":1}}"#,
    );
    assert_eq!((last.choices, last.finished, last.has_usage), (vec![1, 0], vec![1], true));
    let usual = event(r#"{"choices":[],"usage":null,"obfuscation":"x y?"}"#);
    assert!(!usual.has_usage && usual.fragments.is_empty() && usual.unknown_leaves == 0);
}

#[test]
fn halves_of_a_character_are_kept_for_whoever_joins_them() {
    let content = |text: &str| {
        let event = event(&format!("{{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}"));
        let fragment = &event.fragments[0];
        (fragment.text.clone(), fragment.leading_low_half, fragment.trailing_high_half)
    };
    assert_eq!(content(r"a\ud83d"), ("a\u{fffd}".to_owned(), None, Some(0xd83d)));
    assert_eq!(content(r"\ude00b"), ("\u{fffd}b".to_owned(), Some(0xde00), None));
    assert_eq!(
        content(r"\ude00 \ud83d"),
        ("\u{fffd} \u{fffd}".to_owned(), Some(0xde00), Some(0xd83d))
    );
    assert_eq!(content(r"\ud83d"), ("\u{fffd}".to_owned(), None, Some(0xd83d)));
    assert_eq!(content(r"\ud83d\ude00"), ("\u{1f600}".to_owned(), None, None));
    assert_eq!(content("\u{fffd}"), ("\u{fffd}".to_owned(), None, None));
    let joined = char::decode_utf16([0xd83d, 0xde00]).next().unwrap().unwrap();
    assert_eq!(joined, '\u{1f600}');
}

#[test]
fn only_changed_tokens_change_and_token_texts_go_with_them() {
    let bytes = concat!(
        "id: 7\r\ndata:  {\"id\":\"c\",\"n\":1.0,\"choices\":[{\"index\":0,",
        "\"delta\":{\"content\":\"a\\/b\\u006fb c\",\"annotations\":[{\"type\":\"x\"}]},\"logprobs\":{\"content\":[]}}]}\r\n\r\n"
    );
    let event = event_of(Dialect::Chat, bytes.as_bytes()).unwrap();
    assert_eq!(event.raw, bytes, "what is not changed is the very same bytes");
    assert_eq!(event.strip_copies(&[1]), bytes);
    let content = event.fragments.iter().position(|f| f.text == "a/bob c").unwrap();
    let cuts = vec![(2..5, "[N]".to_owned())];
    let out = event.splice(&[FragmentEdit { fragment: content, cuts }]);
    let expected = bytes
        .replace("b\\u006fb", "[N]")
        .replace("[{\"type\":\"x\"}]", "[]")
        .replace("{\"content\":[]}}]", "null}]");
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    let stripped = event.strip_copies(&[0]);
    assert_eq!(std::str::from_utf8(&stripped).unwrap(), expected.replace("[N]", "b\\u006fb"));
}

#[test]
fn an_ambiguous_event_is_framed_anew_and_says_the_same() {
    let event = event_of(
        Dialect::Chat,
        b"event: x\ndata: {\"choices\":[{\ndata: \"delta\":{\"content\":\"hi\"}}]}\n\n",
    )
    .unwrap();
    assert!(event.reframed);
    assert_eq!(event.raw, "data: {\"choices\":[{ \"delta\":{\"content\":\"hi\"}}]}\n\n");
    assert_eq!(&event.raw[event.fragments[0].token.clone()], b"\"hi\"");
    let done = event_of(Dialect::Chat, b"\xef\xbb\xbfdata: [DONE]\n\n").unwrap();
    assert_eq!((done.kind, &done.raw[..]), (EventKind::Done, &b"data: [DONE]\n\n"[..]));
}

#[test]
fn choices_are_taken_out_of_an_event() {
    let data =
        r#"{"a":1.0,"choices":[ {"index":0,"delta":{}} , {"index":1,"delta":{"content":"x"}} ]}"#;
    let event = event(data);
    let without = |gone: &[u64]| {
        event.without_choices(gone).map(|out| String::from_utf8(out.to_vec()).unwrap())
    };
    let first = r#"data: {"a":1.0,"choices":[ {"index":0,"delta":{}} ]}"#;
    let second = r#"data: {"a":1.0,"choices":[ {"index":1,"delta":{"content":"x"}} ]}"#;
    assert_eq!(without(&[]).unwrap(), format!("data: {data}\n\n"));
    assert_eq!(without(&[1]).unwrap(), format!("{first}\n\n"));
    assert_eq!(without(&[0]).unwrap(), format!("{second}\n\n"));
    assert_eq!(without(&[0, 1]), None);
}

#[test]
fn the_decided_part_of_a_text_is_written_into_its_own_field() {
    let meta = StreamMeta { id: "c".to_owned(), created: 1, model: "m".to_owned() };
    let chunk = |dialect, part, started| {
        let channel = Channel { choice: 2, part };
        let chunk = text_chunk(dialect, &meta, &channel, ("a\"b", started))?;
        Some(String::from_utf8(chunk.to_vec()).unwrap())
    };
    let head = r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":2,"delta":{"#;
    let tail = "},\"finish_reason\":null}]}\n\n";
    assert_eq!(
        chunk(Dialect::Chat, Part::Content, false).unwrap(),
        format!("{head}\"role\":\"assistant\",\"content\":\"a\\\"b\"{tail}")
    );
    assert_eq!(
        chunk(Dialect::Chat, reasoning("re\"asoning"), true).unwrap(),
        format!("{head}\"re\\\"asoning\":\"a\\\"b\"{tail}")
    );
    assert!(chunk(Dialect::Chat, Part::Refusal, true).unwrap().contains("\"refusal\":"));
    assert_eq!(
        chunk(Dialect::Completions, Part::Content, false).unwrap(),
        "data: {\"id\":\"c\",\"object\":\"text_completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":2,\"text\":\"a\\\"b\",\"finish_reason\":null,\"logprobs\":null}]}\n\n"
    );
    for part in [Part::ToolArgs(0), Part::Transcript, other("x"), reasoning("content.thinking")] {
        assert_eq!(chunk(Dialect::Chat, part, true), None);
    }
    assert_eq!(chunk(Dialect::Completions, reasoning("reasoning"), true), None);
}
