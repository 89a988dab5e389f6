//! The gate on streams of a chat model: what goes out, in which bytes, for every split.

mod halves;
mod hostile;
mod places;
mod properties;
mod responses;
mod snapshots;
mod tokens;

use std::sync::Arc;

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::domain::{Action, Phase};
use crate::engine::testing::{Sketch, subject};
use crate::engine::{Pseudonyms, Scratch};
use crate::policy::*;
use crate::wire::dialect::{AnswerMeta, Cut, Dialect, Dialects, RefusalShape};

fn completions() -> Arc<Dialect> {
    Arc::clone(Dialects::default().get("openai.completions").unwrap())
}

fn settings(policy: Arc<Policy>, units: u64) -> RelaySettings {
    let meta = AnswerMeta {
        id: "chatcmpl-x".to_owned(),
        created: 1,
        model: "m".to_owned(),
        ..AnswerMeta::default()
    };
    let subject = subject(Phase::Completion);
    RelaySettings { units, meta, ..RelaySettings::new(Dialects::fallback(), policy, subject) }
}

fn chunk(choice: u64, delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\
         \"choices\":[{{\"index\":{choice},\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}]}}\n\n"
    )
}

fn content(text: &str) -> String {
    chunk(0, &format!("{{\"content\":{}}}", serde_json::to_string(text).unwrap()), "null")
}

const STOP: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn stream(pieces: &[&str]) -> String {
    let role = chunk(0, "{\"role\":\"assistant\",\"content\":\"\"}", "null");
    let pieces: String = pieces.iter().map(|piece| content(piece)).collect();
    format!("{role}{pieces}{STOP}")
}

/// Runs a stream that arrives in these pieces of bytes.
fn run(settings: RelaySettings, pieces: &[&[u8]]) -> (String, Finale, Report) {
    let mut relay = Relay::new(settings);
    let mut scratch = Scratch::default();
    let mut out = BytesMut::new();
    for piece in pieces {
        relay.push(piece, &mut scratch, &mut out);
    }
    relay.finish(&mut scratch, &mut out);
    let finale = relay.finale().clone();
    (String::from_utf8(out.to_vec()).unwrap(), finale, relay.report())
}

/// The text that a client puts together, by choice, and the finish reasons.
fn client(stream: &str, choice: u64) -> (String, Vec<String>) {
    let (mut text, mut reasons) = (String::new(), Vec::new());
    for event in stream.split("\n\n").filter_map(|event| event.strip_prefix("data: ")) {
        let Ok(event) = serde_json::from_str::<serde_json::Value>(event) else { continue };
        for one in event["choices"].as_array().into_iter().flatten() {
            if one["index"] == choice {
                text.push_str(one["delta"]["content"].as_str().unwrap_or_default());
                reasons.extend(one["finish_reason"].as_str().map(str::to_owned));
            }
        }
    }
    (text, reasons)
}

fn policy() -> Arc<Policy> {
    let mut sketch = Sketch::default();
    sketch.block("slurs", &["blorp"]);
    sketch.redact("insults", &["idiot", "傻瓜"]);
    let email = sketch.regex(r"[a-z]+@[a-z]+\.[a-z]{2,4}", Some("EMAIL"));
    sketch.rule("mail", Node::atom(email), Effect::Act(Action::Redact));
    sketch.build()
}

#[test]
fn clean_text_leaves_byte_for_byte_as_it_came() {
    let odd = "data:{\"id\":\"c1\",  \"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\\u00e9 \"},\"x\":1.0}]}\r\n\r\n";
    let sent =
        format!(": hello\n\n{odd}{}", stream(&["The ", "do", "g is ", "fine.", " 你", "好"]));
    let (out, finale, report) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(out, sent);
    assert_eq!(finale, Finale::Ended);
    assert!(!report.edited && report.stop.is_none());
}

#[test]
fn a_span_over_several_events_is_replaced_where_it_begins() {
    let sent = stream(&["you id", "i", "ot, mail bo", "b@x", ".com now"]);
    let (out, _, report) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(
        client(&out, 0),
        ("you [INSULTS], mail [EMAIL] now".to_owned(), vec!["stop".to_owned()])
    );
    assert_eq!(out.matches("data:").count(), sent.matches("data:").count(), "no event is lost");
    assert!(report.edited);
}

#[test]
fn a_block_sends_what_stands_before_it_and_the_dialects_ending() {
    let sent = stream(&["this is fine, bl", "or", "p and more"]);
    let (out, finale, report) = run(settings(policy(), 1), &[sent.as_bytes()]);
    let (text, reasons) = client(&out, 0);
    assert_eq!(text, "this is fine, \nThis content was stopped by the content policy.");
    assert_eq!(reasons, ["content_filter"]);
    assert!(out.ends_with("data: [DONE]\n\n") && !out.contains("blor"));
    assert!(matches!(finale, Finale::Cut { stop } if stop.at == 14 && stop.rule == Some(0)));
    assert!(report.text_sent);
}

#[test]
fn a_block_in_the_first_words_begins_with_the_role() {
    let (out, _, report) =
        run(settings(policy(), 1), &[content("blorp").as_bytes(), STOP.as_bytes()]);
    assert!(out.starts_with("data: {\"id\":\"c1\"") && out.contains("\"role\":\"assistant\""));
    assert!(!report.text_sent);
}

#[test]
fn each_choice_is_stopped_by_itself() {
    let choice = |index, text: &str| chunk(index, &format!("{{\"content\":\"{text}\"}}"), "null");
    let sent = [
        choice(0, "good "),
        choice(1, "a blorp "),
        choice(0, "day "),
        choice(1, "hidden"),
        chunk(0, "{}", "\"stop\""),
        chunk(1, "{}", "\"stop\""),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let (out, finale, _) = run(settings(policy(), 2), &[sent.as_bytes()]);
    assert_eq!(client(&out, 0), ("good day ".to_owned(), vec!["stop".to_owned()]));
    let (text, reasons) = client(&out, 1);
    assert!(text.starts_with("a \n") && !text.contains("hidden"), "{text}");
    assert_eq!(reasons, ["content_filter"]);
    assert!(out.ends_with("data: [DONE]\n\n") && finale == Finale::Ended, "{finale:?}");
}

#[test]
fn nothing_is_kept_of_a_choice_that_is_stopped() {
    let call = "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}";
    let mut relay = Relay::new(settings(policy(), 2));
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    relay.push(chunk(1, "{\"content\":\"ok \"}", "null").as_bytes(), &mut scratch, &mut out);
    relay.push(chunk(0, call, "null").as_bytes(), &mut scratch, &mut out);
    assert!(relay.held() > 0);
    relay.push(content("blorp and what follows").as_bytes(), &mut scratch, &mut out);
    assert_eq!((relay.held(), relay.finale()), (0, &Finale::Open), "choice 1 goes on");
}

#[test]
fn a_tool_call_is_held_whole_and_a_blocked_one_leaves_no_trace() {
    let call = |arguments: &str| {
        let quoted = serde_json::to_string(arguments).unwrap();
        chunk(
            0,
            &format!(
                "{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":{quoted}}}}}]}}"
            ),
            "null",
        )
    };
    let head = chunk(
        0,
        "{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"look_up\",\"arguments\":\"\"}}]}",
        "null",
    );
    let end = chunk(0, "{}", "\"tool_calls\"") + "data: [DONE]\n\n";
    let fine = [head.clone(), call("{\"q\":\"a"), call(" dog\"}"), end.clone()].concat();
    assert_eq!(run(settings(policy(), 1), &[fine.as_bytes()]).0, fine);
    let mut relay = Relay::new(settings(policy(), 1));
    let mut out = BytesMut::new();
    relay.push(
        format!("{head}{}", call("{\"q\":\"a dog\"")).as_bytes(),
        &mut Scratch::default(),
        &mut out,
    );
    assert!(out.is_empty(), "nothing of an unfinished call goes out");
    let bad = [head.clone(), call("{\"q\":\"a bl"), call("orp\"}"), end.clone()].concat();
    let (out, _, _) = run(settings(policy(), 1), &[bad.as_bytes()]);
    assert!(
        !out.contains("look_up") && !out.contains("tool_calls") && out.contains("content_filter")
    );
    let mended = [head, call("{\"to\":\"bob@x"), call(".com\",\"n\":1.0}"), end].concat();
    let (out, _, _) = run(settings(policy(), 1), &[mended.as_bytes()]);
    let arguments: String = out
        .split("\n\n")
        .filter_map(|event| {
            serde_json::from_str::<serde_json::Value>(event.strip_prefix("data: ")?).ok()
        })
        .filter_map(|e| {
            Some(
                e["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
                    .as_str()?
                    .to_owned(),
            )
        })
        .collect();
    assert_eq!(arguments, "{\"to\":\"[EMAIL]\",\"n\":1.0}");
}

#[test]
fn a_call_that_is_whole_goes_in_one_burst_or_not_at_all() {
    let call = |delta: &str| {
        let call = format!("{{\"tool_calls\":[{{\"index\":0,{delta}}}]}}");
        chunk(0, &call, "null")
    };
    let head = call("\"id\":\"call_1\",\"function\":{\"name\":\"look_up\",\"arguments\":\"{\"}");
    let tail = call("\"function\":{\"arguments\":\"}\"}");
    let end = chunk(0, "{}", "\"tool_calls\"") + "data: [DONE]\n\n";
    // The text between its events is held when the call is whole; then the text is stopped, or is fine.
    let said = |rest: &str| [head.clone(), content("bl"), tail.clone(), content(rest), end.clone()];
    let (out, ..) = run(settings(policy(), 1), &[said("orp ").concat().as_bytes()]);
    assert!(!out.contains("tool_calls") && out.contains("content_filter"), "{out}");
    let fine = said("ue").concat();
    assert_eq!(run(settings(policy(), 1), &[fine.as_bytes()]).0, fine);
}

#[test]
fn what_other_texts_of_an_answer_had_held_goes_out_before_its_stop() {
    let thought = |text: &str| chunk(0, &format!("{{\"reasoning\":\"{text}\"}}"), "null");
    let sent = [content("it may be bl"), thought("no, it is a blorp "), content("orp")].concat();
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    let text = client(&out, 0).0;
    assert_eq!(text, "it may be bl\nThis content was stopped by the content policy.");
    assert!(out.contains("\"no, it is a \"") && matches!(finale, Finale::Cut { .. }), "{out}");
}

#[test]
fn placeholders_are_restored_even_when_the_model_cuts_them_in_two() {
    let mut pseudonyms = Pseudonyms::default();
    let mut rewrites = [crate::domain::Rewrite {
        span: crate::domain::Span::new(0, 7),
        replacement: String::new(),
        label: Arc::from("EMAIL"),
        restorable: true,
    }];
    pseudonyms.assign("bo@x.de", &mut rewrites);
    let restorer = pseudonyms.restorer().map(Arc::new);
    let sent = stream(&["I will write to [EM", "AIL_1].", " [EMA", "CS]"]);
    let with = RelaySettings { restorer, ..settings(Sketch::default().build(), 1) };
    let (out, _, _) = run(with, &[sent.as_bytes()]);
    assert_eq!(client(&out, 0).0, "I will write to bo@x.de. [EMACS]");
}

#[test]
fn token_texts_go_when_the_text_they_repeat_is_changed() {
    let event = |text: &str| {
        format!(
            "data: {{\"id\":\"c1\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\
             \"logprobs\":{{\"content\":[{{\"token\":\"{text}\",\"logprob\":-0.1,\"top_logprobs\":[]}}]}}}}]}}\n\n"
        )
    };
    let sent = event("fine ") + &event("idi") + &event("ot ") + &event("after") + STOP;
    let (out, _, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(client(&out, 0).0, "fine [INSULTS] after");
    assert!(!out.contains("idi") && !out.contains("\"ot"), "{out}");
}

#[test]
fn an_unreadable_event_ends_the_stream_closed() {
    let sent = content("fine ") + "data: not json\n\n" + &content("more");
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(finale, Finale::Failed { reason: "unreadable_event" });
    assert!(out.contains("moderation_unavailable") && !out.contains("more"));
    assert!(out.ends_with("data: [DONE]\n\n"), "what ends is ours, so SDKs raise a typed error");
}

#[test]
fn an_upstream_that_dies_ends_with_an_error_and_never_as_a_normal_stop() {
    let sent = content("half an ans");
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert_eq!(finale, Finale::Failed { reason: "upstream_ended_early" });
    assert!(out.starts_with(&sent) && out.contains("upstream_error") && !out.contains("\"stop\""));
}

#[test]
fn text_in_places_nobody_named_is_screened_too() {
    let sent = chunk(0, "{\"x_new_field\":\"blorp\"}", "null") + STOP;
    let (out, finale, report) = run(settings(policy(), 1), &[sent.as_bytes()]);
    assert!(matches!(finale, Finale::Cut { .. }) && !out.contains("blorp"));
    assert_eq!(report.unknown_leaves, 2, "the key and its value");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_split_of_the_bytes_gives_the_same_bytes(
        words in prop::collection::vec(prop::sample::select(vec![
            "the ", "idiot", " ", "bl", "orp", "a@", "b.cd", " dog", "傻", "瓜", "\u{1f600}", "id",
        ]), 0..12),
        splits in prop::collection::vec(0_usize..4000, 0..12),
    ) {
        let sent = stream(&words);
        let bytes = sent.as_bytes();
        let mut ends: Vec<usize> = splits.iter().map(|s| s % (bytes.len() + 1)).collect();
        ends.push(bytes.len());
        ends.sort_unstable();
        let mut at = 0;
        let mut pieces = Vec::new();
        for end in ends {
            pieces.push(&bytes[at..end]);
            at = end;
        }
        let (whole, finale, _) = run(settings(policy(), 1), &[bytes]);
        let (cut, cut_finale, _) = run(settings(policy(), 1), &pieces);
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(cut_finale, finale);
        prop_assert!(!whole.contains("blorp"));
    }

    #[test]
    fn any_cut_of_the_text_into_events_gives_the_client_the_same_text(
        text in "(the |idiot|blorp| |a@b.cd|傻瓜|dog|id|bl){0,8}",
        splits in prop::collection::vec(0_usize..64, 0..10),
    ) {
        let pieces = crate::engine::testing::split(&text, &splits);
        let (whole, ..) = run(settings(policy(), 1), &[stream(&[&text]).as_bytes()]);
        let (cut, ..) = run(settings(policy(), 1), &[stream(&pieces).as_bytes()]);
        prop_assert_eq!(client(&cut, 0), client(&whole, 0));
    }
}
