//! The JSON reader against another parser, and splicing against plain replacing.

use proptest::prelude::*;

use super::text::says;
use super::*;

fn code(body: &[u8]) -> &'static str {
    parse(body, Strictness::Request, &JsonLimits::default()).map_or_else(|p| p.code(), |_| "ok")
}

fn read(body: &[u8]) -> Doc {
    parse(body, Strictness::Response, &JsonLimits::default()).unwrap()
}

#[test]
fn what_two_parsers_read_differently_is_refused_in_requests() {
    for (body, expected) in [
        (&br#"{"a":1,"\u0061":2}"#[..], "duplicate_key"),
        (br#"{"a":"\ud83d"}"#, "lone_surrogate"),
        (br#"{"a":"\uDE00\uD83D"}"#, "lone_surrogate"),
        (br#"{"\ud83d":1}"#, "lone_surrogate"),
        (b"\xef\xbb\xbf{}", "byte_order_mark"),
        (b"\xff\xfe{\0}\0", "invalid_utf8"),
        (b"{\"a\":\"\xed\xa0\xbd\xed\xb8\x80\"}", "invalid_utf8"),
        (b"{\"a\":\"\xc0\xaf\"}", "invalid_utf8"),
        (br#"{"a":NaN}"#, "invalid_number"),
        (br#"{"a":-Infinity}"#, "invalid_number"),
        (br#"{"a":Infinity}"#, "invalid_number"),
        (br#"{"a":01}"#, "invalid_number"),
        (br#"{"a":1.}"#, "invalid_number"),
        (br#"{"a":0x1}"#, "invalid_number"),
        (br#"{"a":1e}"#, "invalid_number"),
        (br#"{"a":+1}"#, "invalid_json"),
        (br#"{"a":1,}"#, "invalid_json"),
        (br"{'a':1}", "invalid_json"),
        (br#"{"a":1"#, "invalid_json"),
        (br#"{"a":"x"#, "invalid_json"),
        (br#"{"a":"\x41"}"#, "invalid_json"),
        (br#"{"a":"\u00g0"}"#, "invalid_json"),
        (b"", "invalid_json"),
        (b"{} // x", "trailing_bytes"),
        (b"{\"a\":\"\n\"}", "control_character"),
        (b"{\"a\":\"x\0\"}", "control_character"),
        (br#"{"a":1}{"a":2}"#, "trailing_bytes"),
        (br#"{"a":1} x"#, "trailing_bytes"),
        (br#"{"a":"\ud83d\ude00","b":1e999,"c":"\u0000","d":-0,"e":18446744073709551617}"#, "ok"),
    ] {
        assert_eq!(code(body), expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn depth_and_number_of_values_have_limits() {
    assert_eq!(code("[".repeat(65).as_bytes()), "too_deep");
    assert_eq!(code("[".repeat(100_000).as_bytes()), "too_deep");
    assert_eq!(code(format!("{}1{}", "[".repeat(64), "]".repeat(64)).as_bytes()), "ok");
    assert_eq!(code(format!("[{}1]", "1,".repeat(600_000)).as_bytes()), "too_many_values");
}

#[test]
fn many_keys_are_told_apart_too() {
    let members: Vec<String> = (0..1000).map(|n| format!("\"k{n}\":{n}")).collect();
    assert_eq!(code(format!("{{{}}}", members.join(",")).as_bytes()), "ok");
    let twice = format!("{{{},\"k\\u0039\":1}}", members.join(","));
    assert_eq!(code(twice.as_bytes()), "duplicate_key");
}

#[test]
fn a_problem_says_where_it_is() {
    let problem = parse(b"{\"a\": 1, \"a\": 2}", Strictness::Request, &JsonLimits::default());
    let message = problem.unwrap_err().to_string();
    assert_eq!(message, "the key `a` stands twice in one object, the second time at byte 9");
    let problem = parse(b"{\"a\" 1}", Strictness::Request, &JsonLimits::default()).unwrap_err();
    assert!(problem.to_string().ends_with("at byte 5: expected `:` after the key"));
}

#[test]
fn responses_may_have_what_servers_write_all_the_same() {
    let body = b"\n\r\n {\"a\":\"x\",\"a\":\"\\ud83d\",\"n\":[NaN,-Infinity,Infinity]} ";
    let doc = read(body);
    assert_eq!(doc.children(Doc::ROOT).count(), 3);
    let last = doc.member(Doc::ROOT, "a", body).unwrap();
    assert_eq!(doc.string(last, body).unwrap(), "\u{fffd}");
    assert_eq!(doc.index(last), 1);
}

#[test]
fn every_escape_is_decoded() {
    let token = br#""a\n\t\r\b\f\/\\\"\u0041\ud83d\ude00\ud83d""#;
    assert_eq!(decode(token), "a\n\t\r\u{8}\u{c}/\\\"A😀\u{fffd}");
    let pieces: String = token_text(token).map(|piece| piece.c).collect();
    assert_eq!(pieces, decode(token));
    let halves: Vec<Option<u16>> = token_text(br#""\ude00x\ud83d""#).map(|p| p.half).collect();
    assert_eq!(halves, [Some(0xde00), None, Some(0xd83d)]);
}

#[test]
fn only_the_cut_bytes_change() {
    let token = br#""x\/\u0065mail\u0020b\ud83d\ude00b \u00e9""#;
    let text = decode(token);
    assert_eq!(text, "x/email b😀b é");
    let start = text.find('b').unwrap();
    let cut = (start..start + "b😀b".len(), "[\"]\u{2028}".to_owned());
    let spliced = splice_token(token, &[cut]);
    assert_eq!(spliced, br#""x\/\u0065mail\u0020[\"]\u2028 \u00e9""#);
}

#[test]
fn what_tears_lines_apart_is_escaped_in_replacements() {
    let replacement = "\"\\\u{0}\u{1f}\u{7f}\u{85}\u{2028}\u{2029}\n";
    let written = quote(replacement);
    assert_eq!(written, br#""\"\\\u0000\u001f\u007f\u0085\u2028\u2029\n""#);
    assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), replacement);
}

#[test]
fn members_are_taken_out_with_their_commas() {
    let body = br#"{ "a" : 1 , "b":[1, 2 ,3] ,"c":{} }"#;
    let doc = read(body);
    let without = |gone: &[&str]| {
        let gone = |node| doc.key(node, body).is_some_and(|key| gone.contains(&&*key));
        String::from_utf8(apply(body, remove_children(&doc, Doc::ROOT, gone))).unwrap()
    };
    assert_eq!(without(&[]), std::str::from_utf8(body).unwrap());
    assert_eq!(without(&["a"]), r#"{ "b":[1, 2 ,3] ,"c":{} }"#);
    assert_eq!(without(&["b"]), r#"{ "a" : 1 ,"c":{} }"#);
    assert_eq!(without(&["c"]), r#"{ "a" : 1 , "b":[1, 2 ,3] }"#);
    assert_eq!(without(&["a", "b"]), r#"{ "c":{} }"#);
    assert_eq!(without(&["a", "b", "c"]), "{  }");
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"\\\\é]{0,3}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn rebuild(doc: &Doc, node: NodeId, bytes: &[u8]) -> serde_json::Value {
    use serde_json::Value;
    let key = |child| doc.key(child, bytes).unwrap().into_owned();
    match doc.kind(node) {
        Kind::Object => {
            let members = doc.children(node).map(|child| (key(child), rebuild(doc, child, bytes)));
            members.collect::<serde_json::Map<_, _>>().into()
        }
        Kind::Array => {
            doc.children(node).map(|child| rebuild(doc, child, bytes)).collect::<Vec<_>>().into()
        }
        Kind::String => doc.string(node, bytes).unwrap().into_owned().into(),
        Kind::Number => serde_json::from_slice(&bytes[doc.range(node)]).unwrap(),
        Kind::True => Value::Bool(true),
        Kind::False => Value::Bool(false),
        Kind::Null => Value::Null,
    }
}

proptest! {
    #[test]
    fn every_document_is_read_as_another_parser_reads_it(value in values(), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&value)
        } else {
            serde_json::to_string(&value)
        }.unwrap();
        let doc = parse(text.as_bytes(), Strictness::Request, &JsonLimits::default()).unwrap();
        let again: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(rebuild(&doc, Doc::ROOT, text.as_bytes()), again);
    }

    #[test]
    fn what_is_accepted_is_accepted_by_another_parser(
        text in "[\\[\\]{}\":,0-9a-fntrue.eE+ -]{0,24}",
    ) {
        let ours = parse(text.as_bytes(), Strictness::Request, &JsonLimits::default());
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        if ours.is_ok() {
            prop_assert!(theirs.is_ok());
        }
    }

    #[test]
    fn strings_are_accepted_and_read_as_another_parser_does(
        inside in "(\\\\u[0dD][0-9a-fA-F]{3}|\\\\[\"\\\\/bfnrtux]|[a\u{e9}\u{1f600}\u{1}])*",
    ) {
        let token = format!("\"{inside}\"");
        let ours = parse(token.as_bytes(), Strictness::Request, &JsonLimits::default());
        let theirs = serde_json::from_str::<String>(&token);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        if let Ok(text) = theirs {
            prop_assert_eq!(decode(token.as_bytes()), &*text);
            for other in [text.as_str(), inside.as_str(), "a", "", "\u{fffd}", "\\"] {
                prop_assert_eq!(says(token.as_bytes(), other), other == text, "{}", other);
            }
        }
    }

    #[test]
    fn splicing_then_decoding_is_replacing(
        text in "\\PC{0,20}",
        with in prop::collection::vec("\\PC{0,6}", 2),
        mut at in prop::collection::vec(any::<usize>(), 4),
    ) {
        let token = serde_json::to_vec(&text).unwrap();
        for at in &mut at {
            *at %= text.len() + 1;
            while !text.is_char_boundary(*at) {
                *at -= 1;
            }
        }
        at.sort_unstable();
        let (a, b, c, d) = (at[0], at[1], at[2], at[3]);
        let cuts = [(c..d, with[1].clone()), (a..b, with[0].clone())];
        let spliced = splice_token(&token, &cuts);
        let part = |from, to| text.get(from..to).unwrap();
        let expected =
            [part(0, a), &with[0], part(b, c), &with[1], part(d, text.len())].concat();
        if a < b && c < d {
            prop_assert_eq!(decode(&spliced), expected.as_str());
            prop_assert_eq!(serde_json::from_slice::<String>(&spliced).unwrap(), expected);
        }
    }

    #[test]
    fn what_stays_when_children_are_removed_is_what_another_parser_keeps(
        values in prop::collection::vec(values(), 0..6),
        gone in prop::collection::vec(any::<bool>(), 6),
        pretty: bool,
    ) {
        let text = if pretty {
            serde_json::to_string_pretty(&values)
        } else {
            serde_json::to_string(&values)
        }.unwrap();
        let doc = read(text.as_bytes());
        let patches = remove_children(&doc, Doc::ROOT, |node| gone[doc.index(node)]);
        let left: Vec<serde_json::Value> =
            serde_json::from_slice(&apply(text.as_bytes(), patches)).unwrap();
        let all: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let expected: Vec<serde_json::Value> =
            all.into_iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(v, _)| v).collect();
        prop_assert_eq!(left, expected);
    }
}
