//! Upstreams that never come to an end: each hits a limit that has a name.

use super::*;
use crate::domain::Outcome;

/// Feeds `piece` until the stream is over, and no more than `most` times. The result is what came out, how the
/// stream ended, and the most bytes that were kept.
fn endless(
    with: RelaySettings,
    first: &str,
    most: usize,
    piece: impl Fn(usize) -> String,
) -> (String, Finale, usize) {
    let mut relay = Relay::new(with);
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    relay.push(first.as_bytes(), &mut scratch, &mut out);
    let mut kept = 0;
    for round in 0..most {
        relay.push(piece(round).as_bytes(), &mut scratch, &mut out);
        kept = kept.max(relay.buffered());
        if *relay.finale() != Finale::Open {
            assert_eq!(relay.buffered(), 0, "nothing is kept of a stream that is over");
            return (String::from_utf8(out.to_vec()).unwrap(), relay.finale().clone(), kept);
        }
    }
    panic!("no limit was hit in {most} rounds, {kept} bytes are kept");
}

fn failed(reason: &'static str) -> Finale {
    Finale::Failed { reason }
}

fn told(out: &str) -> bool {
    out.contains("moderation_unavailable") && out.ends_with("data: [DONE]\n\n")
}

#[test]
fn an_event_without_an_end_hits_the_limit_of_events() {
    let with = || RelaySettings { event_limit: 10_000, ..settings(policy(), 1) };
    for (first, piece) in [
        ("data: {\"choices\":[{\"delta\":{\"content\":\"", "blorp "),
        (": a comment ", "that goes on "),
        ("", "data: {\n"),
        ("", ": a comment\n"),
        ("", "id: 1\n"),
        ("data: ", "\u{1f600}"),
    ] {
        let (out, finale, kept) = endless(with(), first, 10_000, |_| piece.to_owned());
        assert_eq!(finale, failed("event_too_large"), "{first}{piece}");
        assert!(told(&out) && !out.contains("blorp"));
        assert!(kept <= 10_000 + piece.len(), "{kept}");
    }
}

#[test]
fn comments_without_end_pass_and_nothing_of_them_is_kept() {
    let mut relay = Relay::new(settings(policy(), 1));
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    for _ in 0..=MOST_WAITING {
        relay.push(b": ping\n\n", &mut scratch, &mut out);
        assert_eq!((relay.buffered(), relay.finale()), (0, &Finale::Open));
        out.clear();
    }
}

#[test]
fn comments_behind_a_held_text_hit_the_limit_of_waiting_events() {
    let (out, finale, kept) =
        endless(settings(policy(), 1), &content("bl"), MOST_WAITING + 1, |_| {
            ": ping\n\n".to_owned()
        });
    assert_eq!(finale, failed("too_much_waiting"));
    assert!(told(&out) && !out.contains("ping") && !out.contains("\"bl\""));
    assert!(kept < MOST_WAITING * 16);
}

#[test]
fn a_tool_call_without_an_end_hits_the_limit_of_waiting_bytes() {
    let arguments = "x".repeat(200_000);
    let piece = |_| {
        let call = format!("{{\"index\":0,\"function\":{{\"arguments\":\"{arguments}\"}}}}");
        chunk(0, &format!("{{\"tool_calls\":[{call}]}}"), "null")
    };
    let (out, finale, kept) = endless(settings(policy(), 1), "", 100, piece);
    assert_eq!(finale, failed("too_much_waiting"));
    assert!(told(&out) && !out.contains("tool_calls"));
    assert!(
        kept <= 2 * (MOST_WAITING_BYTES + piece(0).len()),
        "the events, and the arguments: {kept}"
    );
}

#[test]
fn choices_without_end_hit_the_limit_of_choices() {
    let many = |choice: usize| chunk(choice as u64, "{\"content\":\"a \"}", "null");
    let (out, finale, _) = endless(settings(policy(), 1), "", 10_000, many);
    assert_eq!(finale, failed("too_many_answers"));
    assert!(told(&out) && client(&out, MOST_UNITS as u64).0.is_empty());
    let all: Vec<String> =
        (0..10_000).map(|choice| format!("{{\"index\":{choice},\"delta\":{{}}}}")).collect();
    let one = format!("data: {{\"choices\":[{}]}}\n\n", all.join(","));
    let (out, finale, _) = run(settings(policy(), 1), &[one.as_bytes()]);
    assert_eq!(finale, failed("too_many_answers"));
    assert!(told(&out) && !out.contains("\"delta\""), "an event counts as a whole");
}

#[test]
fn texts_without_end_hit_the_limit_of_channels_and_stop_their_choice() {
    let field = |round: usize| chunk(0, &format!("{{\"field_{round}\":\"a \"}}"), "null");
    let call = |round: usize| {
        let call =
            format!("{{\"index\":{round},\"function\":{{\"name\":\"f\",\"arguments\":\"\"}}}}");
        chunk(0, &format!("{{\"tool_calls\":[{call}]}}"), "null")
    };
    let over = |finale: &Finale| matches!(finale, Finale::Cut { stop } if stop.outcome == Outcome::Unscannable);
    let (out, finale, _) = endless(settings(policy(), 1), "", MOST_CHANNELS + 1, field);
    assert!(over(&finale), "{finale:?}");
    assert!(out.contains("content_filter") && !out.contains(&format!("field_{MOST_CHANNELS}")));
    let (out, finale, _) = endless(settings(policy(), 1), "", MOST_CHANNELS + 1, call);
    assert!(over(&finale) && !out.contains("tool_calls"), "{finale:?}");
}

#[test]
fn lists_of_tokens_without_end_hit_the_limit_of_channels_and_go() {
    let event = |round: usize| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"text\":\"a \",\"logprobs\":{{\"list_{round}\":[\"a \"]}}}}]}}\n\n"
        )
    };
    let with = RelaySettings { dialect: completions(), ..settings(policy(), 1) };
    let sent: String = (0..MOST_CHANNELS + 10).map(event).collect();
    let (out, ..) = run(with, &[sent.as_bytes()]);
    assert!(out.contains("list_7\"") && !out.contains(&format!("list_{MOST_CHANNELS}")));
    assert_eq!(out.matches("\"text\":\"a \"").count(), MOST_CHANNELS + 10, "the text stays");
}

#[test]
fn a_match_without_an_end_is_cut_at_max_match_and_its_tokens_go() {
    let mut sketch = Sketch::default();
    sketch.max_match = 100;
    let tag = sketch.regex("<[^>]+>", None);
    sketch.rule("tags", Node::atom(tag), Effect::Act(Action::Redact));
    let policy = sketch.build();
    let mut relay = Relay::new(settings(Arc::clone(&policy), 1));
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    relay.push(content("fine <").as_bytes(), &mut scratch, &mut out);
    while *relay.finale() == Finale::Open {
        relay.push(content("abcdefg").as_bytes(), &mut scratch, &mut out);
        assert!(relay.held() <= 100 + 7, "{}", relay.held());
    }
    assert!(matches!(relay.finale(), Finale::Cut { stop } if stop.at == 5));
    let out = String::from_utf8(out.to_vec()).unwrap();
    assert!(client(&out, 0).0.starts_with("fine \n") && !out.contains("abc"));
    let token = |text: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"logprobs\":{{\"content\":[{{\"token\":\"{text}\"}}]}}}}]}}\n\n"
        )
    };
    let sent = token("<") + &token("abcdefg ").repeat(30) + STOP;
    let (out, finale, _) = run(settings(policy, 1), &[sent.as_bytes()]);
    assert_eq!(finale, Finale::Ended);
    assert!(!out.contains("abc") && !out.contains("\"<\""), "{out}");
}

#[test]
fn a_report_keeps_a_limited_number_of_verdicts() {
    let mut sketch = Sketch::default();
    let word = sketch.words(&["note"]);
    sketch.rule("notes", Node::atom(word), Effect::Act(Action::Tag));
    let event =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a note\"}}]}\n\n";
    let sent = event.repeat(1000) + STOP;
    let (out, finale, report) = run(settings(sketch.build(), 1), &[sent.as_bytes()]);
    assert_eq!((out == sent, finale), (true, Finale::Ended));
    assert_eq!(report.channels.len(), 256);
}

#[test]
fn text_behind_the_end_of_a_choice_does_not_pass() {
    let sent = content("bl") + &chunk(0, "{}", "\"stop\"") + &content("orp");
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(finale, failed("text_after_end"));
    assert_eq!(client(&out, 0).0, "bl");
    let late = stream(&["a dog"]) + &content("blorp");
    let (out, finale, _) = run(settings(policy(), 1), &[late.as_bytes()]);
    assert_eq!(
        (out, finale),
        (stream(&["a dog"]), Finale::Ended),
        "what follows the end is dropped"
    );
}

#[test]
fn an_event_that_cannot_be_read_one_way_ends_the_stream() {
    let choice = |inside: &str| format!("data: {{\"choices\":[{{{inside}}}]}}\n\n");
    let deep = format!("data: {}{}\n\n", "{\"a\":".repeat(70), "1".to_owned() + &"}".repeat(70));
    for bad in [
        choice("\"index\":0,\"delta\":{\"content\":\"a\",\"content\":\"b\"}"),
        choice("\"index\":0,\"delta\":{\"content\":\"a\",\"\\u0063ontent\":\"b\"}"),
        choice("\"index\":\"0\",\"delta\":{\"content\":\"a\"}"),
        choice("\"index\":-1,\"delta\":{\"content\":\"a\"}"),
        "data: \u{feff}{}\n\n".to_owned(),
        "data: {} {}\n\n".to_owned(),
        deep,
    ] {
        let (out, finale, _) = run(settings(policy(), 1), &[(content("ok ") + &bad).as_bytes()]);
        assert_eq!(finale, failed("unreadable_event"), "{bad}");
        assert!(told(&out) && out.starts_with(&content("ok ")));
    }
}

#[test]
fn a_last_event_without_its_blank_line_is_screened_and_passed_on_whole() {
    let whole = stream(&["a dog"]);
    for ending in ["", "\n", "\r\n", "\r"] {
        let sent = whole.trim_end().to_owned() + ending;
        let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
        assert_eq!((&out, finale), (&whole, Finale::Ended), "{ending:?}");
        let sent = content("a ") + content("blorp").trim_end() + ending;
        let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
        assert!(!out.contains("blorp"), "{ending:?}");
        assert!(matches!(finale, Finale::Cut { .. }), "{finale:?}");
    }
    let sent = content("a ") + &content("dog")[..60];
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(finale, failed("upstream_ended_early"), "half an event is none");
    assert!(client(&out, 0).0 == "a " && out.contains("upstream_error"));
    let old: String = whole.replace("\n\n", "\r\r");
    assert_eq!(run(settings(policy(), 1), &[old.as_bytes()]).0, whole, "lines that end with CR");
}

/// Repeated without end, each of them could still become part of a match in some view.
const RUNS: [&str; 20] = [
    "b ",
    "b l o r ",
    "\u{200b}",
    "\u{301}",
    "o",
    "blo",
    "bloo",
    "&#",
    "\\u00",
    "YmxvcnA",
    "坏*",
    "1!|",
    " ",
    "\n",
    "\u{feff}b",
    "🄱",
    "b\u{200d}",
    "a@",
    "a.",
    "\u{1f600}",
];

#[test]
fn runs_that_a_view_could_still_read_as_a_term_are_held_no_longer_than_max_match() {
    for unit in RUNS {
        let mut relay = Relay::new(settings(policy(), 1));
        let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
        let event = unit.len() * 3;
        for _ in 0..1000 {
            relay.push(content(&unit.repeat(3)).as_bytes(), &mut scratch, &mut out);
            assert!(relay.held() <= 1024 + 256 + event, "{unit:?}: {}", relay.held());
        }
        relay.push(STOP.as_bytes(), &mut scratch, &mut out);
        assert_ne!(*relay.finale(), Finale::Open);
    }
}

#[test]
fn a_run_that_is_held_too_long_ends_at_the_same_byte_however_it_is_cut() {
    for unit in RUNS {
        let text = format!("fine b{} and more", unit.repeat(2000 / unit.len()));
        let sent = |size: usize| {
            let letters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = letters.chunks(size).map(|c| c.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let (out, _, report) = run(settings(policy(), 1), &[stream(&pieces).as_bytes()]);
            (client(&out, 0), report.stop)
        };
        let whole = sent(usize::MAX);
        for size in [1, 7, 100] {
            assert_eq!(sent(size), whole, "{unit:?} in pieces of {size}");
        }
    }
}
