//! Characters whose surrogate halves come in two events.

use super::*;

fn quoted(token: &str) -> String {
    chunk(0, &format!("{{\"content\":\"{token}\"}}"), "null")
}

fn calls(tokens: &[&str]) -> String {
    let call = |token: &&str| {
        let arguments = format!("{{\"index\":0,\"function\":{{\"arguments\":\"{token}\"}}}}");
        chunk(0, &format!("{{\"tool_calls\":[{arguments}]}}"), "null")
    };
    tokens.iter().map(call).collect::<String>() + STOP
}

/// Words with a face in them: `\ud83d\ude00` when it is written as halves.
fn faces() -> Arc<Policy> {
    let mut sketch = Sketch::default();
    sketch.block("slurs", &["blorp\u{1f600}"]);
    sketch.redact("insults", &["\u{1f600}idiot", "oaf\u{1f600}"]);
    sketch.build()
}

/// The text of choice 0, with halves joined as clients join them.
fn joined(stream: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    for event in stream.split("\n\n").filter(|event| event.contains("\"content\":\"")) {
        let token = event.split("\"content\":").nth(1).unwrap();
        let token = &token[..token[1..].find('"').unwrap() + 2];
        for piece in crate::wire::json::token_text(token.as_bytes()) {
            match piece.half {
                Some(half) => units.push(half),
                None => units.extend(piece.c.encode_utf16(&mut [0; 2]).iter()),
            }
        }
    }
    String::from_utf16(&units).unwrap_or_else(|_| panic!("{stream}"))
}

#[test]
fn clean_halves_leave_byte_for_byte_as_they_came() {
    for tokens in [
        &["a \\ud83d", "\\ude00 b"][..],
        &["\\ud83d", "\\ude00\\ud83d", "", "\\ude00"],
        &["alone \\ud83d", "x \\ude00", "\\ud83d", "\\ud83d"],
    ] {
        let sent: String = tokens.iter().map(|token| quoted(token)).collect::<String>() + STOP;
        assert_eq!(run(settings(faces(), 1), &[sent.as_bytes()]).0, sent);
        let sent = calls(tokens);
        assert_eq!(run(settings(faces(), 1), &[sent.as_bytes()]).0, sent);
    }
}

#[test]
fn a_half_waits_for_its_other_half() {
    let mut relay = Relay::new(settings(faces(), 1));
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    relay.push(quoted("a \\ud83d").as_bytes(), &mut scratch, &mut out);
    assert!(out.is_empty() && relay.held() > 0);
    relay.push(quoted("\\ude00 and ").as_bytes(), &mut scratch, &mut out);
    assert_eq!(out, (quoted("a \\ud83d") + &quoted("\\ude00 and ")).as_bytes());
}

#[test]
fn words_are_found_around_joined_halves_and_taken_out_of_both_events() {
    for (tokens, expected) in [
        (&["you \\ud83d", "\\ude00idiot, ok"][..], "you [INSULTS], ok"),
        (&["you oaf\\ud83d", "\\ude00, ok"], "you [INSULTS], ok"),
        (&["\\ud83d", "\\ude00", "idi", "ot \\ud83d", "\\ude00!"], "[INSULTS] \u{1f600}!"),
        (&["\\ud83d", "\\ude00idiot \\ud83d", "\\ude00idiot."], "[INSULTS] [INSULTS]."),
    ] {
        let sent: String = tokens.iter().map(|token| quoted(token)).collect::<String>() + STOP;
        let (out, ..) = run(settings(faces(), 1), &[sent.as_bytes()]);
        assert_eq!(joined(&out), expected);
        assert!(!out.contains("idi") && !out.contains("oaf"), "{out}");
    }
}

#[test]
fn a_block_around_joined_halves_lets_nothing_of_them_out() {
    let sent =
        quoted("fine \\ud83d") + &quoted("\\ude00 blorp\\ud83d") + &quoted("\\ude00 x") + STOP;
    let (out, finale, _) = run(settings(faces(), 1), &[sent.as_bytes()]);
    assert!(matches!(finale, Finale::Cut { .. }), "{finale:?}");
    assert!(joined(&out).starts_with("fine \u{1f600} \n"), "{out}");
    assert!(!out.contains("blorp"));
}

#[test]
fn halves_in_a_tool_call_are_joined_too() {
    let sent =
        calls(&["{\\\"a\\\":\\\"\\ud83d", "\\ude00idi", "ot \\ud83d", "\\ude00 \\ud83d\\\"}"]);
    let (out, ..) = run(settings(faces(), 1), &[sent.as_bytes()]);
    let expected = calls(&["{\\\"a\\\":\\\"[INSULTS]", "", " \\ud83d", "\\ude00 \\ud83d\\\"}"]);
    assert_eq!(out, expected, "what is not edited keeps its bytes");
    let sent = calls(&["{\\\"a\\\":\\\"blorp\\ud83d", "\\ude00\\\"}"]);
    let (out, finale, _) = run(settings(faces(), 1), &[sent.as_bytes()]);
    assert!(matches!(finale, Finale::Cut { .. }) && !out.contains("blorp"), "{out}");
}
