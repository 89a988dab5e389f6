//! Streamed events: which channel each text belongs to, and what changes do to the bytes.

use super::*;
use crate::domain::EditClass::{Fixed, JsonInString, Plain};
use crate::wire::sse::Framer;

fn event_of(dialect: &Arc<Dialect>, bytes: &[u8]) -> Result<Event, EventProblem> {
    let mut framer = Framer::new(1 << 20);
    framer.push(bytes).unwrap();
    dialect.read_event(&framer.next_frame().unwrap())
}

fn event(data: &str) -> Event {
    event_of(&chat_dialect(), format!("data: {data}\n\n").as_bytes()).unwrap()
}

fn key(name: &str, keys: &[u64]) -> PartKey {
    let mut own = [0; 2];
    own[..keys.len()].copy_from_slice(keys);
    PartKey { name: Arc::from(name), keys: own, count: u8::try_from(keys.len()).unwrap() }
}

fn content() -> Part {
    reasoning("content")
}

fn reasoning(name: &str) -> Part {
    Part::Text(key(name, &[]))
}

fn field(path: &str) -> Part {
    Part::Field(path.to_owned())
}

fn other(path: &str) -> Part {
    Part::Other(path.to_owned())
}

#[test]
fn every_row_of_the_chat_stream_has_its_channel() {
    let rows = [
        ("delta.content", content(), Plain),
        ("delta.content[].text", content(), Plain),
        ("delta.content[].thinking[].text", reasoning("content.thinking"), Plain),
        ("delta.refusal", reasoning("refusal"), Plain),
        ("delta.reasoning_content", reasoning("reasoning_content"), Plain),
        ("delta.reasoning", reasoning("reasoning"), Plain),
        ("delta.thinking", reasoning("thinking"), Plain),
        ("delta.reasoning_details[].text", Part::Text(key("reasoning_details.text", &[0])), Fixed),
        (
            "delta.reasoning_details[].summary",
            Part::Text(key("reasoning_details.summary", &[0])),
            Fixed,
        ),
        ("delta.tool_calls[].function.name", Part::CallName(key("tool_calls", &[0])), Fixed),
        (
            "delta.tool_calls[].function.arguments",
            Part::CallArgs(key("tool_calls", &[0])),
            JsonInString,
        ),
        ("delta.tool_calls[].custom.name", Part::CallName(key("tool_calls", &[0])), Fixed),
        ("delta.tool_calls[].custom.input", Part::CallArgs(key("tool_calls", &[0])), Plain),
        ("delta.function_call.name", Part::CallName(key("function_call", &[])), Fixed),
        ("delta.function_call.arguments", Part::CallArgs(key("function_call", &[])), JsonInString),
        ("delta.audio.transcript", reasoning("audio.transcript"), Fixed),
        // New fields of text stream like the known ones.
        ("delta.musings", field("delta.musings"), Fixed),
        ("musings", field("musings"), Fixed),
    ];
    for (path, part, edit) in rows {
        let base = json!({ "id": "c", "choices": [{ "index": 3 }] });
        let event =
            event(&merged(base, nest(&format!("choices[].{path}"), MARKER.into())).to_string());
        let marked: Vec<_> = event.fragments.iter().filter(|f| f.text == MARKER).collect();
        assert_eq!(marked.len(), 1, "{path}");
        assert_eq!(marked[0].channel, Channel { unit: Some(3), part }, "{path}");
        assert_eq!(marked[0].edit, edit, "{path}");
        let token = &event.raw[marked[0].token.clone()];
        assert_eq!(serde_json::from_slice::<String>(token).unwrap(), MARKER);
        assert_eq!(event.units, [3]);
    }
}

#[test]
fn what_comes_whole_is_a_text_by_itself() {
    for (path, edit) in [
        ("choices[].delta.annotations[].url_citation.title", Plain),
        ("choices[].delta.annotations[].url_citation.url", Fixed),
        ("choices[].message.content", Plain),
        ("choices[].message.tool_calls[].function.arguments", JsonInString),
        ("choices[].message.reasoning_content", Plain),
        ("choices[].stop_reason", Fixed),
        ("choices[].logprobs.brand_new", Fixed),
        ("error.message", Fixed),
        ("brand_new", Fixed),
    ] {
        let event = event(&nest(path, MARKER.into()).to_string());
        let marked: Vec<_> = event.fragments.iter().filter(|f| f.text == MARKER).collect();
        assert_eq!(marked.len(), 1, "{path}");
        let channel = &marked[0].channel;
        assert_eq!(channel.part, other(&path.replace("[]", "[0]")), "{path}");
        assert_eq!(marked[0].edit, edit, "{path}");
    }
}

#[test]
fn fields_of_a_choice_that_no_row_names_are_put_together_like_known_ones() {
    for path in [
        "delta.tool_calls[].extra_content.google.thought_signature",
        "delta.function_call.extra",
        "delta.audio.extra",
        "delta.deep.er",
        "brand_new",
    ] {
        let event = event(&nest(&format!("choices[].{path}"), MARKER.into()).to_string());
        let marked: Vec<_> = event.fragments.iter().filter(|f| f.text == MARKER).collect();
        assert_eq!(marked.len(), 1, "{path}");
        assert_eq!(marked[0].channel.part, field(&path.replace("[]", "[0]")), "{path}");
        assert_eq!(marked[0].edit, Fixed, "{path}");
    }
}

#[test]
fn token_texts_are_put_together_from_their_bytes() {
    let token = |text: &str, bytes: &[u8], other: &str| {
        json!({ "token": text, "bytes": bytes, "logprob": -0.1,
                "top_logprobs": [{ "token": other, "bytes": b"?", "logprob": -2.0 }] })
    };
    let lists = json!({ "content": [token("a", b"a", "b"), token("\\xe5", b"\xe5", "c")],
                        "refusal": [{ "token": "no" }] });
    let event = event(&json!({ "choices": [{ "index": 1, "logprobs": lists }] }).to_string());
    let run = |list: &str, bytes: &[u8], alone: &[&str]| Tokens {
        keys: Vec::new(),
        unit: Some(1),
        list: list.to_owned(),
        bytes: bytes.to_vec(),
        alone: alone.iter().map(|&text| text.to_owned()).collect(),
    };
    assert_eq!(
        event.tokens,
        [
            run("logprobs.content", b"a\xe5", &["\\xe5"]),
            run("", b"", &["?", "b", "?", "c"]),
            run("logprobs.refusal", b"no", &[]),
        ]
    );
    assert!(event.fragments.is_empty() && event.unknown_leaves == 0);
    let lists = json!({ "tokens": ["a ", "b"], "top_logprobs": [{ "c": -1.0 }, null] });
    let data = json!({ "choices": [{ "index": 0, "text": "a b", "logprobs": lists }] });
    let bytes = format!("data: {data}\n\n");
    let event = event_of(&completions_dialect(), bytes.as_bytes()).unwrap();
    let bytes: Vec<&[u8]> = event.tokens.iter().map(|run| &run.bytes[..]).collect();
    assert!(bytes.contains(&&b"a b"[..]), "{bytes:?}");
    assert!(event.tokens.iter().any(|run| run.alone.contains(&"c".to_owned())));
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
        ("choices[].text", content()),
        ("choices[].reasoning", field("reasoning")),
        ("choices[].stop_reason", other("choices[0].stop_reason")),
    ] {
        let bytes = format!("data: {}\n\n", nest(path, MARKER.into()));
        let event = event_of(&completions_dialect(), bytes.as_bytes()).unwrap();
        let marked = event.fragments.iter().find(|f| f.text == MARKER).unwrap();
        assert_eq!(marked.channel.part, part, "{path}");
    }
}

#[test]
fn an_event_says_what_it_is_for() {
    let kind = |bytes: &str| event_of(&chat_dialect(), bytes.as_bytes()).unwrap().kind;
    assert_eq!(kind("data: {}\n\n"), EventKind::Delta);
    assert_eq!(kind("data: [DONE]\r\n\r\n"), EventKind::Done);
    assert_eq!(kind("data:[DONE] \n\n"), EventKind::Done);
    assert_eq!(kind(": OPENROUTER PROCESSING\n\n"), EventKind::Comment);
    assert_eq!(kind("data:\n\n"), EventKind::Comment);
    assert_eq!(kind("data: {\"error\":{\"message\":\"m\"}}\n\n"), EventKind::Error);
    assert_eq!(kind("data: {\"error\":null}\n\n"), EventKind::Delta);
    for bad in ["data: ping\n\n", "data: [1]\n\n", "data: {\"a\":\n\n", "data: {}{}\n\n"] {
        assert!(event_of(&chat_dialect(), bad.as_bytes()).is_err(), "{bad}");
    }
    let last = event(
        r#"{"choices":[{"index":1,"delta":{},"finish_reason":"stop"},{"index":0,"delta":{},"finish_reason":null}],"usage":{"total_tokens":1}}"#,
    );
    assert_eq!((last.units, last.finished), (vec![1, 0], vec![1]));
    let usual = event(r#"{"choices":[],"usage":null,"obfuscation":"x y?"}"#);
    assert!(usual.fragments.is_empty() && usual.unknown_leaves == 0);
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
    let event = event_of(&chat_dialect(), bytes.as_bytes()).unwrap();
    assert_eq!(event.raw, bytes, "what is not changed is the very same bytes");
    assert_eq!(
        chat_dialect().render(&event, &[], &Strip { edited: &[1], ..Strip::default() }),
        bytes
    );
    let content = event.fragments.iter().position(|f| f.text == "a/bob c").unwrap();
    let cuts = vec![(2..5, "[N]".to_owned())];
    let out = chat_dialect().render(
        &event,
        &[FragmentEdit { fragment: content, cuts }],
        &Strip::default(),
    );
    let expected = bytes
        .replace("b\\u006fb", "[N]")
        .replace("[{\"type\":\"x\"}]", "[]")
        .replace("{\"content\":[]}}]", "null}]");
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    let stripped = chat_dialect().render(&event, &[], &Strip { edited: &[0], ..Strip::default() });
    assert_eq!(std::str::from_utf8(&stripped).unwrap(), expected.replace("[N]", "b\\u006fb"));
}

#[test]
fn an_ambiguous_event_is_framed_anew_and_says_the_same() {
    let event = event_of(
        &chat_dialect(),
        b"event: x\ndata: {\"choices\":[{\ndata: \"delta\":{\"content\":\"hi\"}}]}\n\n",
    )
    .unwrap();
    assert!(event.reframed);
    assert_eq!(event.raw, "data: {\"choices\":[{ \"delta\":{\"content\":\"hi\"}}]}\n\n");
    assert_eq!(&event.raw[event.fragments[0].token.clone()], b"\"hi\"");
    let done = event_of(&chat_dialect(), b"\xef\xbb\xbfdata: [DONE]\n\n").unwrap();
    assert_eq!((done.kind, &done.raw[..]), (EventKind::Done, &b"data: [DONE]\n\n"[..]));
}

#[test]
fn choices_are_taken_out_of_an_event() {
    let data =
        r#"{"a":1.0,"choices":[ {"index":0,"delta":{}} , {"index":1,"delta":{"content":"x"}} ]}"#;
    let event = event(data);
    let without = |gone: &[u64]| {
        chat_dialect()
            .render_without(&event, gone, (&[], &Strip::default()))
            .map(|out| String::from_utf8(out.to_vec()).unwrap())
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
    let meta = AnswerMeta {
        id: "c".to_owned(),
        created: 1,
        model: "m".to_owned(),
        ..AnswerMeta::default()
    };
    let chunk = |dialect: Arc<Dialect>, part| {
        let said = dialect.piece_of(&meta, &Channel { unit: Some(2), part }, br#""a\"b""#)?;
        Some(said.data)
    };
    let head = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":2,"delta":{"#;
    let tail = "},\"finish_reason\":null}]}";
    assert_eq!(
        chunk(chat_dialect(), content()).unwrap(),
        format!("{head}\"content\":\"a\\\"b\"{tail}")
    );
    assert!(chunk(chat_dialect(), reasoning("refusal")).unwrap().contains("\"refusal\":"));
    assert_eq!(
        chunk(completions_dialect(), content()).unwrap(),
        "{\"id\":\"c\",\"object\":\"text_completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":2,\"text\":\"a\\\"b\",\"finish_reason\":null,\"logprobs\":null}]}"
    );
    for (part, written) in [
        (reasoning("audio.transcript"), r#""delta":{"audio":{"transcript":"a\"b"}}"#),
        (
            reasoning("content.thinking"),
            r#""delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a\"b"}]}]}"#,
        ),
        (
            Part::Text(key("reasoning_details.text", &[2])),
            r#""delta":{"reasoning_details":[{"type":"reasoning.text","index":2,"text":"a\"b"}]}"#,
        ),
    ] {
        let chunk = chunk(chat_dialect(), part).unwrap();
        assert!(chunk.contains(written), "{chunk}");
    }
    for part in [
        Part::CallArgs(key("tool_calls", &[0])),
        Part::CallName(key("tool_calls", &[0])),
        other("x"),
        field("delta.deep.er"),
    ] {
        assert_eq!(chunk(chat_dialect(), part), None);
    }
    assert_eq!(chunk(completions_dialect(), reasoning("reasoning")), None);
}
