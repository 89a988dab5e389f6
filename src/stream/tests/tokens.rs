//! Token texts beside an answer: they never say what the text may not, or not yet, say.

use serde_json::{Value, json};

use super::*;

/// An event with a text and tokens of its own, each with one alternative.
fn event(text: &str, tokens: &[(&[u8], &str)]) -> String {
    let token = |(bytes, other): &(&[u8], &str)| {
        json!({ "token": String::from_utf8_lossy(bytes), "bytes": bytes, "logprob": -0.1,
                "top_logprobs": [{ "token": other, "bytes": null, "logprob": -3.0 }] })
    };
    let tokens: Vec<Value> = tokens.iter().map(token).collect();
    let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": null,
                         "logprobs": { "content": tokens } });
    format!("data: {}\n\n", json!({ "id": "c1", "choices": [choice] }))
}

fn sent(events: &[String]) -> (String, Finale) {
    let sent = events.concat() + STOP;
    let (out, finale, _) = run(settings(policy(), 1), &[sent.as_bytes()]);
    (out, finale)
}

/// The tokens that the client has, put together.
fn tokens(stream: &str) -> String {
    let mut bytes = Vec::new();
    for event in stream.split("\n\n").filter_map(|event| event.strip_prefix("data: ")) {
        let Ok(event) = serde_json::from_str::<Value>(event) else { continue };
        for token in event["choices"][0]["logprobs"]["content"].as_array().into_iter().flatten() {
            let token = token["bytes"].as_array().unwrap().iter();
            bytes.extend(token.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()));
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn clean_tokens_leave_byte_for_byte_even_when_they_cut_characters() {
    let events = [
        event("the dog", &[(b"the ", "a"), (b"dog", "cat")]),
        event("", &[(b"\xe4", "x")]),
        event("你 ", &[(b"\xbd\xa0 ", "y")]),
        event("and ", &[(b"and ", "or")]),
    ];
    assert_eq!(sent(&events).0, events.concat() + STOP);
}

#[test]
fn tokens_that_come_before_their_text_wait_until_they_are_decided() {
    let mut relay = Relay::new(settings(policy(), 1));
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    let first = event("good ", &[(b"good ", "a"), (b"bl", "b")]);
    relay.push(first.as_bytes(), &mut scratch, &mut out);
    assert!(out.is_empty(), "the text is decided, a token is not");
    let second = event("", &[(b"ack ", "c")]);
    relay.push(second.as_bytes(), &mut scratch, &mut out);
    assert_eq!(out, (first + &second).as_bytes());
}

#[test]
fn tokens_of_a_stopped_text_do_not_leave_before_it_nor_after_it() {
    let events = [
        event("fine ", &[(b"fine ", "a")]),
        event("", &[(b"bl", "b")]),
        event("", &[(b"orp ", "c")]),
        event("then ", &[(b"", "d")]),
        event("blorp ", &[(b"more", "e")]),
    ];
    let (out, finale) = sent(&events);
    assert!(matches!(finale, Finale::Cut { .. }));
    assert_eq!(tokens(&out), "fine ");
    assert_eq!(client(&out, 0).0, "fine then \nThis content was stopped by the content policy.");
}

#[test]
fn tokens_of_a_replaced_text_go_with_all_that_follow() {
    let events = [
        event("fine ", &[(b"fine ", "a")]),
        event("an id", &[(b"an id", "b")]),
        event("iot ", &[(b"iot ", "c")]),
        event("here", &[(b"here", "d")]),
    ];
    let (out, _) = sent(&events);
    assert_eq!(client(&out, 0).0, "fine an [INSULTS] here");
    assert_eq!(tokens(&out), "fine ");
}

#[test]
fn an_alternative_that_may_not_be_said_takes_the_tokens_of_its_event_out() {
    let events = [
        event("a ", &[(b"a ", "an ")]),
        event("b ", &[(b"b ", "blorp ")]),
        event("c ", &[(b"c ", "idiot ")]),
        event("d ", &[(b"d ", "e ")]),
    ];
    let (out, finale) = sent(&events);
    assert_eq!((client(&out, 0).0.as_str(), finale), ("a b c d ", Finale::Ended));
    assert_eq!(tokens(&out), "a d ");
    assert!(!out.contains("blorp") && !out.contains("idiot"));
}

#[test]
fn tokens_that_say_something_else_than_their_text_are_screened_for_themselves() {
    let events = [
        event("a ", &[(b"id", "x")]),
        event("b ", &[(b"iot ", "y")]),
        event("c ", &[(b"c ", "z")]),
    ];
    let (out, _) = sent(&events);
    assert_eq!(client(&out, 0).0, "a b c ");
    assert_eq!(tokens(&out), "", "from the first bad token on there are none");
}

#[test]
fn tokens_in_the_last_event_of_a_choice_are_decided_with_it() {
    let last = event("bl", &[(b"bl", "x")])
        .replace("\"finish_reason\":null", "\"finish_reason\":\"length\"");
    let whole = last + "data: [DONE]\n\n";
    assert_eq!(run(settings(policy(), 1), &[whole.as_bytes()]).0, whole);
}

#[test]
fn tokens_of_legacy_completions_are_screened_too() {
    let event = |text: &str, token: &str, other: &str| {
        let lists = json!({ "tokens": [token], "token_logprobs": [-0.1], "text_offset": [0],
                            "top_logprobs": [{ other: -0.3 }] });
        let choice = json!({ "index": 0, "text": text, "logprobs": lists, "finish_reason": null });
        format!("data: {}\n\n", json!({ "id": "c", "choices": [choice] }))
    };
    let stop = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let with = RelaySettings { dialect: completions(), ..settings(policy(), 1) };
    let clean = event("a ", "a ", "b ") + stop;
    assert_eq!(run(with.clone(), &[clean.as_bytes()]).0, clean);
    let bad = event("a ", "a ", "blorp") + &event("you idiot.", "you idiot.", "x") + stop;
    let (out, finale, _) = run(with, &[bad.as_bytes()]);
    assert_eq!(finale, Finale::Ended);
    assert!(out.contains("you [INSULTS].") && !out.contains("idiot") && !out.contains("blorp"));
}
