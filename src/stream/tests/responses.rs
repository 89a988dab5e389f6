//! Streams that repeat their text in snapshots, and endings that repeat what the client has had.

use serde_json::{Value, json};

use super::*;

fn responses() -> Arc<Dialect> {
    Arc::clone(Dialects::default().get("openai.responses").unwrap())
}

fn with(shape: RefusalShape) -> RelaySettings {
    RelaySettings { dialect: responses(), shape, ..settings(policy(), 1) }
}

/// Writes events with their numbers.
#[derive(Default)]
struct Script {
    sent: Vec<String>,
}

impl Script {
    fn say(&mut self, kind: &str, fields: &Value) -> &mut Self {
        let mut event = fields.clone();
        event["type"] = kind.into();
        event["sequence_number"] = self.sent.len().into();
        self.sent.push(format!("event: {kind}\ndata: {event}\n\n"));
        self
    }

    fn begin(&mut self) -> &mut Self {
        let response = json!({"id": "resp_1", "model": "m", "status": "in_progress", "output": []});
        self.say("response.created", &json!({ "response": response }))
    }

    fn open(&mut self, index: u64, item: &Value) -> &mut Self {
        self.say("response.output_item.added", &json!({"output_index": index, "item": item}))
    }

    fn message(&mut self) -> &mut Self {
        let item = json!({"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []});
        let part = json!({"type": "output_text", "text": "", "annotations": []});
        self.open(0, &item);
        let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part});
        self.say("response.content_part.added", &at)
    }

    fn deltas(&mut self, pieces: &[&str]) -> &mut Self {
        for piece in pieces {
            let delta = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": piece, "logprobs": []});
            self.say("response.output_text.delta", &delta);
        }
        self
    }

    fn end(&mut self, text: &str) -> &mut Self {
        let part = json!({"type": "output_text", "text": text, "annotations": []});
        let item = json!({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]});
        let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "text": text, "logprobs": []});
        self.say("response.output_text.done", &at);
        let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part});
        self.say("response.content_part.done", &at);
        self.say("response.output_item.done", &json!({"output_index": 0, "item": item}));
        let response =
            json!({"id": "resp_1", "model": "m", "status": "completed", "output": [item]});
        self.say("response.completed", &json!({ "response": response }))
    }

    fn run(&self, settings: RelaySettings) -> (Vec<Value>, Finale) {
        let sent = self.sent.concat();
        let (out, finale, _) = run(settings, &[sent.as_bytes()]);
        (events(&out), finale)
    }
}

fn events(out: &str) -> Vec<Value> {
    let data = out.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn kind(event: &Value) -> &str {
    let kind = event["type"].as_str().unwrap();
    kind.strip_prefix("response.").unwrap_or(kind)
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(kind).collect()
}

fn text(pieces: &[&str]) -> Script {
    let mut script = Script::default();
    script.begin().message().deltas(pieces).end(&pieces.concat());
    script
}

/// The text of the deltas, and of everything that repeats it.
fn copies(events: &[Value]) -> (String, Vec<String>) {
    let deltas: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    let places =
        ["/text", "/part/text", "/item/content/0/text", "/response/output/0/content/0/text"];
    let of = |event: &Value| places.map(|place| event.pointer(place).cloned());
    let copies = events.iter().flat_map(of).flatten();
    let copies = copies.filter_map(|text| text.as_str().map(str::to_owned));
    (deltas, copies.filter(|text| !text.is_empty()).collect())
}

fn numbers_grow(events: &[Value]) {
    let numbers: Vec<u64> =
        events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
}

#[test]
fn snapshots_say_what_the_deltas_said_whatever_becomes_of_the_text() {
    for (pieces, read, last) in [
        (&["a d", "og and ", "一只猫"][..], "a dog and 一只猫", "completed"),
        (
            &["you id", "iot, mail bo", "b@x.com, 傻", "瓜!"],
            "you [INSULTS], mail [EMAIL], [INSULTS]!",
            "completed",
        ),
        (&["fine \\ \"so\"\n", "far, blo", "rp and more"], "fine \\ \"so\"\nfar, \n", "incomplete"),
    ] {
        let (events, _) = text(pieces).run(with(RefusalShape::Content));
        let (deltas, copies) = copies(&events);
        assert!(deltas.starts_with(read), "{deltas}");
        assert_eq!(copies, [deltas.as_str(); 4], "{read}");
        assert_eq!(kinds(&events).last(), Some(&last));
        numbers_grow(&events);
    }
}

#[test]
fn a_cut_text_is_closed_as_it_was_shown() {
    let (events, finale) = text(&["it is ", "blorp", " so"]).run(with(RefusalShape::Content));
    assert!(matches!(finale, Finale::Cut { .. }));
    let closing = ["output_text.done", "content_part.done", "output_item.done", "incomplete"];
    assert!(kinds(&events).ends_with(&closing), "{events:?}");
    let last = &events.last().unwrap()["response"];
    assert_eq!((&last["id"], &last["status"]), (&json!("resp_1"), &json!("incomplete")));
    assert_eq!(last["incomplete_details"]["reason"], "content_filter");
    assert_eq!(last["output"][0]["status"], "incomplete");
    assert_eq!(last["output"][0]["id"], "msg_1");
}

#[test]
fn numbers_of_events_grow_wherever_an_answer_stops() {
    for before in 0..5 {
        let mut script = Script::default();
        script.begin();
        if before > 0 {
            script.message();
        }
        let mut pieces = vec!["word "; before];
        pieces.push("blorp ");
        let (events, finale) = script.deltas(&pieces).run(with(RefusalShape::Content));
        assert!(matches!(finale, Finale::Cut { .. }));
        numbers_grow(&events);
    }
    // Where the upstream has no numbers, ours begin.
    let sent = Script::default().begin().message().deltas(&["blorp "]).sent.concat();
    let sent = sent.replace("\"sequence_number\"", "\"n\"");
    let (out, ..) = run(with(RefusalShape::Content), &[sent.as_bytes()]);
    let ours: Vec<Value> =
        events(&out).into_iter().filter(|event| event.get("sequence_number").is_some()).collect();
    assert!(!ours.is_empty());
    numbers_grow(&ours);
}

#[test]
fn a_cut_text_that_had_to_be_json_is_not_closed() {
    let (events, _) =
        text(&["{\"echo\":\"it is ", "blorp", "\"}"]).run(with(RefusalShape::Refusal));
    let after = kinds(&events).into_iter().skip_while(|kind| *kind != "output_text.delta");
    let after: Vec<&str> = after.filter(|kind| *kind != "output_text.delta").collect();
    assert_eq!(after, ["incomplete"]);
    assert_eq!(events.last().unwrap()["response"]["output"], json!([]));
    numbers_grow(&events);
}

#[test]
fn a_message_in_the_place_of_an_answer_that_had_to_be_json_is_a_refusal() {
    let (events, _) = text(&["blorp", "\"}"]).run(with(RefusalShape::Refusal));
    assert_eq!(kinds(&events).last(), Some(&"incomplete"));
    let meta = AnswerMeta { id: "resp_x".to_owned(), ..AnswerMeta::default() };
    let cut = Cut {
        unit: 0,
        message: Some("no"),
        shape: RefusalShape::Refusal,
        category: None,
        shown: false,
        open: None,
        next: 0,
    };
    let said: Vec<Value> = [responses().opening(&meta, 0), responses().ending(&meta, &cut)]
        .concat()
        .iter()
        .map(|said| serde_json::from_str(&said.data).unwrap())
        .collect();
    let all = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(kinds(&said), all);
    numbers_grow(&said);
    let last = &said.last().unwrap()["response"];
    assert_eq!(last["status"], "completed");
    assert_eq!(last["output"][0]["content"][0], json!({"type": "refusal", "refusal": "no"}));
    assert_eq!(last["output"][0]["status"], "completed");
}

#[test]
fn a_piece_of_a_part_that_was_never_opened_is_screened() {
    let mut script = Script::default();
    let (events, finale) =
        script.deltas(&["to bob@x", ".com and blo", "rp"]).run(with(RefusalShape::Content));
    assert!(matches!(finale, Finale::Cut { .. }));
    let deltas: Vec<&Value> = events.iter().filter(|event| event["item_id"] == "msg_1").collect();
    let text: String = deltas.iter().map(|event| event["delta"].as_str().unwrap()).collect();
    assert_eq!(text, "to [EMAIL] and ");
    // What is cut is the event itself, with all that it says of its place.
    assert!(deltas.iter().all(|event| event["content_index"] == 0 && event["output_index"] == 0));
    assert_eq!(kinds(&events).last(), Some(&"incomplete"));
    numbers_grow(&events);
}

#[test]
fn a_call_that_is_stopped_leaves_no_trace_and_one_that_passes_comes_in_a_burst() {
    for (kind, member) in
        [("function_call", "arguments"), ("custom_tool_call", "input"), ("mcp_call", "arguments")]
    {
        for (argument, passes) in [("fine", true), ("blorp", false)] {
            let whole = if member == "input" {
                argument.to_owned()
            } else {
                json!({ "q": argument }).to_string()
            };
            let mut item = json!({"id": "c_1", "type": kind, "name": "look_up", "call_id": "call_1", member: ""});
            let mut script = Script::default();
            script.begin().open(0, &item);
            let (one, two) = whole.split_at(3);
            let event = format!("response.{kind}_{member}");
            for delta in [one, two] {
                let at = json!({"output_index": 0, "item_id": "c_1", "delta": delta});
                script.say(&format!("{event}.delta"), &at);
            }
            let at = json!({"output_index": 0, "item_id": "c_1", member: whole});
            script.say(&format!("{event}.done"), &at);
            item[member] = whole.into();
            script.say("response.output_item.done", &json!({"output_index": 0, "item": item}));
            let (events, finale) = script.run(with(RefusalShape::Content));
            assert_eq!(matches!(finale, Finale::Cut { .. }), !passes, "{kind}");
            let has_it = events.iter().any(|event| event.to_string().contains("c_1"));
            assert_eq!(has_it, passes, "{kind} {events:?}");
        }
    }
}

#[test]
fn of_an_answer_that_is_too_long_to_remember_the_ending_repeats_nothing() {
    let long = "word ".repeat(200_000);
    let mut script = Script::default();
    script.begin().message();
    for _ in 0..6 {
        script.deltas(&[&long]);
    }
    let (events, _) = script.deltas(&["blorp"]).run(with(RefusalShape::Content));
    assert_eq!(kinds(&events).last(), Some(&"incomplete"));
    assert_eq!(events.last().unwrap()["response"]["output"], json!([]));
    numbers_grow(&events);
}

#[test]
fn token_texts_are_decided_with_the_part_that_they_repeat() {
    let mut script = Script::default();
    script.begin().message();
    for word in ["go", "od blo"] {
        let tokens = json!([{"token": word, "logprob": -0.1, "top_logprobs": []}]);
        let delta = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": word, "logprobs": tokens});
        script.say("response.output_text.delta", &delta);
    }
    let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "text": "good blo", "logprobs": []});
    script.say("response.output_text.done", &at);
    let sent = script.sent.concat();
    let mut relay = Relay::new(with(RefusalShape::Content));
    let mut out = BytesMut::new();
    relay.push(sent.as_bytes(), &mut Scratch::default(), &mut out);
    assert_eq!(out, sent.as_bytes(), "nothing waits for the end of the answer");
}

#[test]
fn a_reasoning_text_does_not_end_with_a_summary_of_the_same_number() {
    let mut script = Script::default();
    script.begin().open(0, &json!({"id": "rs_1", "type": "reasoning", "summary": []}));
    let at = |key: &str, text: &str| json!({"output_index": 0, key: 0, "item_id": "rs_1", "delta": text, "text": text});
    script.say("response.reasoning_text.delta", &at("content_index", "one"));
    script.say("response.reasoning_summary_text.delta", &at("summary_index", "two"));
    script.say("response.reasoning_summary_text.done", &at("summary_index", "two"));
    script.say("response.reasoning_text.delta", &at("content_index", " three"));
    let (events, finale) = script.run(with(RefusalShape::Content));
    assert_eq!(finale, Finale::Failed { reason: "upstream_ended_early" });
    assert!(events.iter().any(|event| event["delta"] == " three"));
    assert_eq!(kinds(&events).last(), Some(&"error"));
    numbers_grow(&events);
}

#[test]
fn what_waits_to_be_opened_behind_a_held_call_shows_no_text() {
    let mut script = Script::default();
    let call =
        json!({"id": "c_1", "type": "function_call", "name": "f", "call_id": "x", "arguments": ""});
    script.begin().open(1, &call).message().deltas(&["fine so far ", "blorp "]);
    let (events, finale) = script.run(with(RefusalShape::Content));
    assert!(matches!(finale, Finale::Cut { .. }));
    assert!(!events.iter().any(|event| event["item_id"] == "msg_1"), "{events:?}");
    let items = &events.last().unwrap()["response"]["output"];
    assert_eq!(items.as_array().unwrap().len(), 1, "only the message of the policy: {items}");
    numbers_grow(&events);
}
