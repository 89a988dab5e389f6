//! Requests: where text is found, what is refused, what a change does to the bytes.

use proptest::prelude::*;

use super::*;
use crate::domain::Author::{Assistant, System, Tool, Unknown, User};
use crate::domain::EditClass::{Fixed, JsonInString, Plain};
use crate::domain::TextKind::{Meta, Reasoning, Refusal, Schema, Text, ToolArgs};
use crate::wire::table::Media;

/// Rows of `wire.md` §4.1 (request) whose author does not depend on the role.
const CHAT_ROWS: &[(&str, Expected)] = &[
    ("messages[].content[].refusal", (Assistant, Refusal, Plain)),
    ("messages[].refusal", (Assistant, Refusal, Plain)),
    ("messages[].tool_calls[].function.name", (Assistant, Meta, Fixed)),
    ("messages[].tool_calls[].custom.name", (Assistant, Meta, Fixed)),
    ("messages[].tool_calls[].custom.input", (Assistant, ToolArgs, Plain)),
    ("messages[].function_call.name", (Assistant, Meta, Fixed)),
    ("messages[].reasoning_content", (Assistant, Reasoning, Fixed)),
    ("messages[].reasoning", (Assistant, Reasoning, Fixed)),
    ("messages[].reasoning_details[].text", (Assistant, Reasoning, Fixed)),
    ("messages[].reasoning_details[].summary", (Assistant, Reasoning, Fixed)),
    ("messages[].thinking", (Assistant, Reasoning, Fixed)),
    ("messages[].content[].thinking[].text", (Assistant, Reasoning, Fixed)),
    ("tools[].function.name", (System, Meta, Fixed)),
    ("tools[].function.description", (System, Schema, Plain)),
    ("tools[].function.parameters.properties.city.description", (System, Schema, Plain)),
    ("tools[].function.parameters.title", (System, Schema, Plain)),
    ("tools[].function.parameters.properties.city.enum[]", (System, Schema, Fixed)),
    ("tools[].function.parameters.properties.city.const", (System, Schema, Fixed)),
    ("tools[].function.parameters.properties.city.pattern", (System, Schema, Fixed)),
    ("tools[].function.parameters.properties.city.default", (System, Schema, Fixed)),
    ("tools[].function.parameters.properties.city.default.title", (System, Schema, Fixed)),
    ("tools[].function.parameters.examples[].title", (System, Schema, Fixed)),
    ("tools[].custom.name", (System, Meta, Fixed)),
    ("tools[].custom.description", (System, Schema, Plain)),
    ("tools[].custom.format.grammar.definition", (System, Schema, Fixed)),
    ("functions[].name", (System, Meta, Fixed)),
    ("functions[].description", (System, Schema, Plain)),
    ("functions[].parameters.properties.x.description", (System, Schema, Plain)),
    ("function_call.name", (System, Meta, Fixed)),
    ("tool_choice.function.name", (System, Meta, Fixed)),
    ("response_format.json_schema.name", (System, Meta, Fixed)),
    ("response_format.json_schema.description", (System, Schema, Plain)),
    ("response_format.json_schema.schema.properties.a.description", (System, Schema, Plain)),
    ("prediction.content", (User, Text, Plain)),
    ("prediction.content[].text", (User, Text, Plain)),
    ("stop", (User, Meta, Fixed)),
    ("stop[]", (User, Meta, Fixed)),
    ("user", (User, Meta, Fixed)),
    ("safety_identifier", (User, Meta, Fixed)),
    ("prompt_cache_key", (User, Meta, Fixed)),
    ("metadata.note", (User, Meta, Fixed)),
    ("web_search_options.user_location.approximate.city", (User, Meta, Fixed)),
    ("chat_template", (System, Meta, Fixed)),
    ("chat_template_kwargs.persona.tone", (System, Meta, Fixed)),
    ("documents[].text", (Tool, Text, Fixed)),
    ("guided_json.properties.x.pattern", (System, Schema, Fixed)),
    ("guided_regex", (System, Schema, Fixed)),
    ("guided_grammar", (System, Schema, Fixed)),
    ("guided_choice[]", (System, Schema, Fixed)),
    ("structured_outputs.regex", (System, Schema, Fixed)),
    ("bad_words[]", (User, Meta, Fixed)),
    ("vllm_xargs.hint", (User, Meta, Fixed)),
    ("prompt", (User, Text, Plain)),
    ("plugins[].web.search_prompt", (User, Meta, Fixed)),
    ("reasoning.note", (User, Meta, Fixed)),
    // What no row names.
    ("messages[].content[].new_field.deep", (Unknown, Meta, Fixed)),
    ("messages[].content[]", (Unknown, Meta, Fixed)),
    ("brand_new", (Unknown, Meta, Fixed)),
    ("stream_options.include_usage.why", (Unknown, Meta, Fixed)),
    // Names that are sentences.
    ("model", (Unknown, Meta, Fixed)),
    ("messages[].role", (Unknown, Meta, Fixed)),
    ("messages[].tool_call_id", (Unknown, Meta, Fixed)),
    ("messages[].content[].type", (Unknown, Meta, Fixed)),
    ("reasoning_effort", (Unknown, Meta, Fixed)),
];

/// Rows whose author the role of the message says.
const ROLE_ROWS: &[(&str, Expected)] = &[
    ("messages[].content", (Unknown, Text, Plain)),
    ("messages[].content[].text", (Unknown, Text, Plain)),
    ("messages[].name", (Unknown, Meta, Fixed)),
    ("messages[].content[].file.filename", (Unknown, Meta, Fixed)),
];

fn expect_marker(request: &Request, path: &str, expected: Expected) {
    let marked: Vec<_> = request.passages().iter().filter(|p| p.text == MARKER).collect();
    assert_eq!(marked.len(), 1, "{path}: {:?}", request.passages());
    let passage = marked[0];
    assert_eq!((passage.author, passage.kind, passage.edit), expected, "{path}");
    assert_eq!(passage.path, path.replace("[]", "[0]"));
    assert_eq!(passage.turn, path.starts_with("messages").then_some(0), "{path}");
}

#[test]
fn every_row_of_the_chat_request_is_found() {
    for (path, expected) in CHAT_ROWS {
        let base = json!({ "messages": [{}] });
        let request = chat(&merged(base, nest(path, MARKER.into())));
        expect_marker(&request, path, *expected);
        let unknown = expected.0 == Unknown;
        assert_eq!(request.unknown_leaves() > 0, unknown, "{path}");
    }
}

#[test]
fn the_role_says_who_wrote_a_message() {
    let roles = [
        ("system", System),
        ("developer", System),
        ("user", User),
        ("assistant", Assistant),
        ("tool", Tool),
        ("function", Tool),
        ("narrator", Unknown),
    ];
    for (role, author) in roles {
        for (path, (_, kind, edit)) in ROLE_ROWS {
            let base = json!({ "messages": [{ "role": role }] });
            let request = chat(&merged(base, nest(path, MARKER.into())));
            expect_marker(&request, path, (author, *kind, *edit));
        }
    }
    let two = json!({ "messages": [
        { "content": "a", "role": "user" }, { "content": [{ "text": "b" }], "role": "tool" },
    ] });
    let authors: Vec<_> = chat(&two).passages().iter().map(|p| (p.author, p.turn)).collect();
    assert_eq!(authors, [(User, Some(0)), (Tool, Some(1))]);
}

#[test]
fn every_row_of_the_completions_request_is_found() {
    let rows = [
        ("prompt", (User, Text, Plain)),
        ("prompt[]", (User, Text, Plain)),
        ("suffix", (User, Text, Plain)),
        ("stop", (User, Meta, Fixed)),
        ("user", (User, Meta, Fixed)),
        ("messages[].content", (Unknown, Meta, Fixed)),
    ];
    for (path, expected) in rows {
        let base = if path.starts_with("prompt") { json!({}) } else { json!({ "prompt": "p" }) };
        let body = merged(base, nest(path, MARKER.into())).to_string();
        let request = request(&completions_dialect(), &body).unwrap();
        let found = request.passages().iter().find(|p| p.text == MARKER).unwrap();
        assert_eq!((found.author, found.kind, found.edit), expected, "{path}");
    }
}

#[test]
fn keys_of_free_form_objects_are_texts() {
    for path in ["metadata", "tools[].function.parameters.properties", "brand_new", "logit_bias"] {
        let body = merged(json!({ "messages": [] }), nest(path, json!({ MARKER: 1 })));
        let request = chat(&body);
        let found = request.passages().iter().find(|p| p.text == MARKER);
        assert_eq!(found.map(|p| p.edit), Some(Fixed), "{path}");
    }
    let usual = json!({ "messages": [], "logit_bias": { "50256": -100 }, "stream_options": {} });
    assert!(chat(&usual).passages().is_empty());
}

#[test]
fn arguments_that_are_json_are_read_leaf_by_leaf() {
    for path in ["tool_calls[].function.arguments", "function_call.arguments"] {
        let path = format!("messages[].{path}");
        let arguments = json!({ "city": MARKER, "n": 1, "list": [{ "k": "v" }] }).to_string();
        let body = merged(json!({ "messages": [{}] }), nest(&path, arguments.into()));
        let request = chat(&body);
        let base = path.replace("[]", "[0]");
        let all: Vec<_> =
            request.passages().iter().map(|p| (p.path.clone(), &*p.text, p.edit)).collect();
        let expected = [
            (format!("{base}.city"), "city", Fixed),
            (format!("{base}.city"), MARKER, JsonInString),
            (format!("{base}.n"), "n", Fixed),
            (format!("{base}.list"), "list", Fixed),
            (format!("{base}.list[0].k"), "k", Fixed),
            (format!("{base}.list[0].k"), "v", JsonInString),
        ];
        assert_eq!(all, expected);
        assert!(request.passages().iter().all(|p| p.author == Assistant && p.kind == ToolArgs));
        let body = merged(json!({ "messages": [{}] }), nest(&path, "{\"a\": tr".into()));
        let request = chat(&body);
        assert_eq!(request.passages()[0].text, "{\"a\": tr");
        assert_eq!(request.passages()[0].edit, Fixed);
    }
}

fn sorts(request: &Request) -> Vec<(Media, &str)> {
    request.media().iter().map(|part| (part.sort, &*part.path)).collect()
}

#[test]
fn what_is_not_text_is_named() {
    let part = |part: Value| json!({ "messages": [{ "role": "user", "content": [part] }] });
    let image = "https://example.com/?q=secret";
    for (body, sort, path) in [
        (
            json!({ "type": "image_url", "image_url": { "url": image } }),
            Media::Image,
            "image_url.url",
        ),
        (json!({ "type": "image_url", "image_url": image }), Media::Image, "image_url"),
        (
            json!({ "type": "video_url", "video_url": { "url": image } }),
            Media::Image,
            "video_url.url",
        ),
        (
            json!({ "type": "audio_url", "audio_url": { "url": "x" } }),
            Media::Audio,
            "audio_url.url",
        ),
        (
            json!({ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } }),
            Media::Audio,
            "input_audio.data",
        ),
        (json!({ "type": "file", "file": { "file_id": "file-1" } }), Media::File, "file.file_id"),
        (
            json!({ "type": "file", "file": { "file_data": "data:application/pdf;base64,AA" } }),
            Media::File,
            "file.file_data",
        ),
    ] {
        let request = chat(&part(body));
        assert_eq!(sorts(&request), [(sort, &*format!("messages[0].content[0].{path}"))]);
        assert_eq!(request.media()[0].author, User);
        assert_eq!(request.unknown_leaves(), 0);
    }
    let request = chat(&part(json!({ "type": "image_url", "image_url": { "url": image } })));
    assert_eq!(request.passages()[0].text, image, "an address is text");
}

#[test]
fn a_part_of_an_unknown_type_is_media_and_its_strings_are_read() {
    let part = json!({ "type": "hologram", "beams": "words" });
    let body = json!({ "messages": [{ "role": "user", "content": [part] }] });
    let request = chat(&body);
    assert_eq!(sorts(&request), [(Media::Unknown, "messages[0].content[0]")]);
    assert!(request.passages().iter().any(|p| p.text == "words" && p.author == Unknown));
    for kind in ["text", "input_text"] {
        let part = json!({ "type": kind, "text": "words" });
        let request = chat(&json!({ "messages": [{ "role": "user", "content": [part] }] }));
        assert!(request.media().is_empty() && request.passages().len() == 1);
    }
}

#[test]
fn a_data_url_of_text_is_read() {
    let url = "data:text/plain;base64,aGVsbG8=";
    let part = json!({ "type": "file", "file": { "file_data": url } });
    let request = chat(&json!({ "messages": [{ "role": "user", "content": [part] }] }));
    let passage = &request.passages()[0];
    assert_eq!((&*passage.text, passage.author, passage.edit), ("hello", User, Fixed));
    assert!(request.media().is_empty());
}

#[test]
fn token_ids_and_templates_cannot_be_screened() {
    for (body, path, choices) in [
        (r#"{"prompt":[1,2,3],"n":2}"#, "prompt[0]", 2),
        (r#"{"prompt":[[1,2],[3,4]],"n":2}"#, "prompt[0][0]", 4),
        (r#"{"prompt":"x","prompt_embeds":"AAAA"}"#, "prompt_embeds", 1),
        (r#"{"prompt":["x",5,6]}"#, "prompt[1]", 3),
    ] {
        let request = request(&completions_dialect(), body).unwrap();
        assert_eq!(sorts(&request).first(), Some(&(Media::Unknown, path)), "{body}");
        assert_eq!(request.choices(), choices, "{body}");
    }
    let lists = request(&completions_dialect(), r#"{"prompt":[[1,2],[3,4]]}"#).unwrap();
    assert_eq!(lists.media().len(), 2, "one for each list, not for each number");
    let number = chat(&json!({ "messages": [{ "role": "user", "content": 5 }] }));
    assert_eq!(sorts(&number), [(Media::Unknown, "messages[0].content")]);
    let template = chat(&json!({ "messages": [], "chat_template": "{{ a ~ b }}" }));
    assert_eq!(sorts(&template), [(Media::Unknown, "chat_template")]);
}

#[test]
fn the_head_of_a_request_is_read() {
    let request = chat(&json!({
        "model": "org/m-1:free", "messages": [], "stream": true, "n": 3,
        "stream_options": { "include_usage": true }, "response_format": { "type": "json_object" },
    }));
    assert!(request.stream() && request.include_usage() && request.wants_json());
    assert_eq!((request.model(), request.choices()), ("org/m-1:free", 3));
    assert_eq!(request.unknown_leaves(), 0);
    let plain = chat(&json!({ "messages": [], "n": null, "response_format": { "type": "text" } }));
    assert!(!plain.stream() && !plain.include_usage() && !plain.wants_json());
    assert_eq!((plain.model(), plain.choices()), ("", 1));
    let several = request_of_prompts();
    assert_eq!(several.choices(), 6);
}

fn request_of_prompts() -> Request {
    request(&completions_dialect(), r#"{"prompt":["a","b","c"],"n":2}"#).unwrap()
}

#[test]
fn shapes_that_no_server_reads_alike_are_refused() {
    for (body, code, param) in [
        (r#"[{"messages":[]}]"#, "top_level_not_object", None),
        (r#""text""#, "top_level_not_object", None),
        ("{}", "invalid_field", Some("messages")),
        (r#"{"messages":{"role":"user"}}"#, "invalid_field", Some("messages")),
        (r#"{"messages":["x"]}"#, "invalid_field", Some("messages")),
        (r#"{"messages":null}"#, "invalid_field", Some("messages")),
        (r#"{"messages":[],"stream":"yes"}"#, "invalid_field", Some("stream")),
        (r#"{"messages":[],"n":0}"#, "invalid_field", Some("n")),
        (r#"{"messages":[],"n":1.5}"#, "invalid_field", Some("n")),
        (r#"{"Messages":[]}"#, "ambiguous_key", None),
        (r#"{"Messages":[],"messages":[]}"#, "ambiguous_key", None),
        ("{\"me\u{17f}\u{17f}ages\":[],\"messages\":[]}", "ambiguous_key", None),
        (r#"{"messages":[{"CONTENT":"x"}]}"#, "ambiguous_key", None),
        (r#"{"messages":[],"m\u0065ssages":[]}"#, "duplicate_key", None),
        (r#"{"messages":[{"content":"a","con\u0074ent":"b"}]}"#, "duplicate_key", None),
        (r#"{"messages":[{"content":"\ud83d"}]}"#, "lone_surrogate", None),
        ("\u{feff}{}", "byte_order_mark", None),
    ] {
        let problem = request(&chat_dialect(), body).unwrap_err();
        assert_eq!((problem.code(), problem.param()), (code, param), "{body}");
    }
    let many = json!({ "messages": vec![json!({}); 101] }).to_string();
    let problem = request(&chat_dialect(), &many).unwrap_err();
    assert_eq!(problem.code(), "too_many_messages");
    assert_eq!(problem.to_string(), "there are 101 messages; at most 100 are taken");
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count).map(|key| format!("\"x{key}\":1")).collect();
        request(&chat_dialect(), &format!("{{\"messages\":[],\"a\":{{{}}}}}", keys.join(",")))
    };
    let problem = keys(20_001).unwrap_err();
    assert_eq!(problem.code(), "too_many_texts");
    assert!(problem.to_string().starts_with("there are 20002 texts"), "{problem}");
    assert!(keys(19_000).is_ok());
    let problem = request(&completions_dialect(), r#"{"prompt":{}}"#).unwrap_err();
    assert_eq!(problem.to_string(), "`prompt` must be a string or a list");
}

#[test]
fn a_body_without_edits_is_the_very_same_bytes() {
    let body = "\n{ \"x\" : 1.0, \"messages\":[ {\"role\":\"user\",\"content\":\"a\\/\\u0062\"} ],\"n\":null }\t";
    let request = request(&chat_dialect(), body).unwrap();
    let out = request.splice(&[PassageEdit { passage: 0, rewrites: &[] }]).unwrap();
    assert_eq!(out.as_ptr(), request.bytes().as_ptr());
    assert_eq!(&out[..], body.as_bytes());
}

#[test]
fn an_edit_changes_its_span_and_no_other_byte() {
    let body = concat!(
        r#"{ "big":18446744073709551617,"f":1.0e3 ,"messages":[{"role":"user","#,
        r#""content":"say\u0020\"bob\" to \u00e9ve \/ \ud83d\ude00 now"}], "a":[ ]}"#
    );
    let request = request(&chat_dialect(), body).unwrap();
    let at = request.passages().iter().position(|p| p.kind == Text).unwrap();
    let rewrites = replacing(&request.passages()[at].text, "\"bob\" to é", "[\u{2028}\"X\"]");
    let out = request.splice(&[PassageEdit { passage: at, rewrites: &rewrites }]).unwrap();
    let expected = body.replace(r#"\"bob\" to \u00e9"#, r#"[\u2028\"X\"]"#);
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
}

#[test]
fn an_edit_inside_arguments_keeps_them_json_and_every_other_byte() {
    let arguments = r#"{\"to\": \"b\\u006fb\", \"n\":1.0,\"s\":\"\/ \\\"q\\\" bob\",\"bob\":[]}"#;
    let body = format!(
        r#"{{"messages":[{{"role":"assistant","tool_calls":[{{"function":{{"arguments":"{arguments}"}}}}]}}]}}"#
    );
    let request = request(&chat_dialect(), &body).unwrap();
    let rewrites: Vec<(usize, [Rewrite; 1])> = request
        .passages()
        .iter()
        .enumerate()
        .filter(|(_, p)| p.edit == JsonInString)
        .map(|(at, p)| (at, replacing(&p.text, "bob", "\"\\\u{7f}")))
        .collect();
    let edits: Vec<PassageEdit<'_>> = rewrites
        .iter()
        .rev()
        .map(|(passage, r)| PassageEdit { passage: *passage, rewrites: r })
        .collect();
    let out = request.splice(&edits).unwrap();
    let expected = body
        .replace(r"b\\u006fb", r#"\\\"\\\\\\u007f"#)
        .replace(r#"\\\" bob\""#, r#"\\\" \\\"\\\\\\u007f\""#);
    assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    let read: Value = serde_json::from_slice(&out).unwrap();
    let inner = read["messages"][0]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    let inner: Value = serde_json::from_str(inner).unwrap();
    assert_eq!(inner["to"], "\"\\\u{7f}");
    assert_eq!(inner["s"], "/ \"q\" \"\\\u{7f}");
}

#[test]
fn what_must_not_change_is_not_changed() {
    let request = chat(&json!({ "messages": [{ "name": "bob", "content": "hi" }] }));
    let at = request.passages().iter().position(|p| p.text == "bob").unwrap();
    let rewrites = replacing("bob", "bob", "x");
    let problem = request.splice(&[PassageEdit { passage: at, rewrites: &rewrites }]).unwrap_err();
    assert_eq!(problem.path, "messages[0].name");
    let problem = request.splice(&[PassageEdit { passage: 99, rewrites: &rewrites }]);
    assert!(problem.is_err());
}

#[test]
fn the_largest_bodies_are_read_in_one_pass() {
    // Each would take minutes, were any step quadratic; that it has more texts than are screened is told after them.
    let texts = |dialect, body: &str| match request(&dialect, body) {
        Err(BodyProblem::TooManyTexts { found }) => found,
        other => panic!("{other:?}"),
    };
    let strings = "\"x\",".repeat(400_000);
    let body = format!("{{\"prompt\":[{strings}\"x\"]}}");
    assert_eq!(texts(completions_dialect(), &body), 400_001);
    let ids = "1,".repeat(400_000);
    let body = format!("{{\"prompt\":[{ids}1]}}");
    assert_eq!(request(&completions_dialect(), &body).unwrap().media().len(), 1);
    let keys = (0..60_000).map(|n| format!("\"k{n}\":1,")).collect::<Vec<_>>().concat();
    let parts = "{\"text\":\"x\"},".repeat(60_000);
    let body = format!("{{\"messages\":[{{{keys}\"content\":[{parts}{{}}]}}]}}");
    assert_eq!(texts(chat_dialect(), &body), 120_000);
    let text = "\\n你好 bob".repeat(60_000);
    let body = format!("{{\"messages\":[{{\"content\":\"{text}\"}}]}}");
    let request = request(&chat_dialect(), &body).unwrap();
    let plain = &request.passages()[0].text;
    let bobs = plain.match_indices("bob").map(|(at, _)| Rewrite {
        span: Span::new(at, at + 3),
        replacement: "x".to_owned(),
        label: Arc::from("test"),
        restorable: false,
    });
    let bobs: Vec<Rewrite> = bobs.collect();
    let out = request.splice(&[PassageEdit { passage: 0, rewrites: &bobs }]).unwrap();
    assert_eq!(out, body.replace("bob", "x"));
}

proptest! {
    #[test]
    fn splicing_then_reading_gives_the_changed_text(
        texts in prop::collection::vec("\\PC{0,6}(bob)?[\\x00-\\x1f\"\\\\]{0,2}", 1..4),
        with in "[\\x00-\\x7f\u{85}\u{2028}é]{0,5}",
        nested: bool,
    ) {
        let messages: Vec<Value> = texts.iter().map(|text| {
            if nested {
                let arguments = json!({ "v": text }).to_string();
                json!({ "tool_calls": [{ "function": { "arguments": arguments } }] })
            } else {
                json!({ "role": "user", "content": text })
            }
        }).collect();
        let request = chat(&json!({ "messages": messages }));
        let rewrites: Vec<(usize, [Rewrite; 1])> = request.passages().iter().enumerate()
            .filter(|(_, p)| p.edit != Fixed && p.text.contains("bob"))
            .map(|(at, p)| (at, replacing(&p.text, "bob", &with)))
            .collect();
        let edits: Vec<PassageEdit<'_>> = rewrites.iter()
            .map(|(passage, r)| PassageEdit { passage: *passage, rewrites: r })
            .collect();
        let out = request.splice(&edits).unwrap();
        let out: Value = serde_json::from_slice(&out).unwrap();
        for (at, text) in texts.iter().enumerate() {
            let expected = text.replacen("bob", &with, 1);
            let message = &out["messages"][at];
            if nested {
                let inner = message["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
                let inner: Value = serde_json::from_str(inner).unwrap();
                prop_assert_eq!(inner["v"].as_str(), Some(&*expected));
            } else {
                prop_assert_eq!(message["content"].as_str(), Some(&*expected));
            }
        }
    }
}
