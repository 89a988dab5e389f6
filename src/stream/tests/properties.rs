//! Whole answers as bytes: whatever a server writes and wherever the network cuts it, each choice comes out
//! as its whole text would.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::engine::{Screen, mend};

const MESSAGE: &str = "This content was stopped by the content policy.";
/// What a match without a longest length may hold.
const MAX_MATCH: usize = 64;

/// Plants in plain and in evasive spellings, and what must not be taken for them.
const WORDS: [&str; 28] = [
    "the ",
    "dog",
    " ",
    ", ",
    "b",
    "bl",
    "or",
    "é",
    "你",
    "好",
    "\u{1f600}",
    "\"",
    "\\",
    "\u{2028}",
    "blorp",
    "ｂｌｏｒｐ",
    "b l o r p ",
    "bl0rp",
    "b\u{200b}lorp",
    "坏词",
    "坏*词",
    "id",
    "idiot",
    "傻瓜",
    "ada@example.com",
    "a@",
    "oaf\u{1f600}",
    " \u{1f468}\u{200d}\u{1f469} ",
];

/// Arguments of a tool call, and what comes out of them; `None` where the call is stopped.
const CALLS: [(&str, Option<&str>); 6] = [
    ("", Some("")),
    ("{\"q\": \"a dog\", \"n\": 1.0}", Some("{\"q\": \"a dog\", \"n\": 1.0}")),
    (
        "{\"to\":\"ada@example.com\",\"x\":\"\u{1f600}\"}",
        Some("{\"to\":\"[EMAIL]\",\"x\":\"\u{1f600}\"}"),
    ),
    ("{\"say\":\"an \\u0069diot\\n\"}", Some("{\"say\":\"an [INSULTS]\\n\"}")),
    ("{\"say\":\"bl\\u006frp\"}", None),
    ("{\"blorp\":1}", None),
];

static PLANTS: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let mut sketch = Sketch::default();
    sketch.max_match = MAX_MATCH;
    sketch.block("slurs", &["blorp", "坏词"]);
    sketch.redact("insults", &["idiot", "傻瓜", "oaf\u{1f600}"]);
    let email = sketch.regex(r"[a-z]{1,20}@[a-z]{1,20}\.[a-z]{2,4}", Some("EMAIL"));
    sketch.rule("mail", Node::atom(email), Effect::Act(Action::Redact));
    sketch.build()
});

/// What one choice says.
#[derive(Clone, Debug)]
struct Said {
    text: String,
    /// Where the text is cut into events, in units of UTF-16.
    cuts: Vec<usize>,
    call: usize,
    logprobs: bool,
}

/// What the whole text comes to.
struct Whole {
    text: String,
    stopped: bool,
    /// Bytes of the text before the first that does not go out as it is.
    clean: usize,
}

fn whole(policy: &Arc<Policy>, text: &str) -> Whole {
    let mut screen = Screen::new(Arc::clone(policy), subject(Phase::Completion), None);
    let progress = screen.push_last(text, &mut Scratch::default());
    let first = progress.rewrites.first().map_or(text.len(), |rewrite| rewrite.span.start);
    Whole {
        text: mend(&text[..progress.decided], &progress.rewrites),
        stopped: progress.stop.is_some(),
        clean: progress.stop.map_or(text.len(), |stop| stop.at).min(first),
    }
}

/// The text cut into JSON strings, which may cut characters in two halves, and the bytes of each.
fn tokens(text: &str, cuts: &[usize], escaped: bool) -> Vec<(String, Vec<u8>)> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (units.len() + 1)).collect();
    ends.push(units.len());
    ends.sort_unstable();
    let (mut at, mut pieces) = (0, Vec::new());
    for end in ends {
        let (mut token, mut bytes) = (String::from("\""), Vec::new());
        for one in char::decode_utf16(units[at..end].iter().copied()) {
            let half = match one {
                Ok(c) => {
                    let quoted = serde_json::to_string(&c.to_string()).unwrap();
                    let plain = &quoted[1..quoted.len() - 1];
                    let escape = |unit: &mut u16| format!("\\u{unit:04x}");
                    let is_plain = !escaped || c.is_ascii();
                    let written: String =
                        c.encode_utf16(&mut [0; 2]).iter_mut().map(escape).collect();
                    token.push_str(if is_plain { plain } else { &written });
                    bytes.extend(c.to_string().into_bytes());
                    continue;
                }
                Err(half) => half.unpaired_surrogate(),
            };
            write!(token, "\\u{half:04x}").unwrap();
            // The bytes of a character come with its first half.
            if half < 0xdc00 {
                let c = char::decode_utf16([half, units[end]]).next().unwrap().unwrap();
                bytes.extend(c.to_string().into_bytes());
            }
        }
        pieces.push((token + "\"", bytes));
        at = end;
    }
    pieces
}

/// The choices of the events of one choice, as they are written.
fn events(index: usize, said: &Said, escaped: bool) -> Vec<String> {
    let mut events = Vec::new();
    for (token, bytes) in tokens(&said.text, &said.cuts, escaped) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let entry = json!({ "token": text, "bytes": bytes, "logprob": -0.1, "top_logprobs": [] });
        let logprobs = if said.logprobs { json!({ "content": [entry] }) } else { Value::Null };
        events.push(format!(
            "{{\"index\":{index},\"delta\":{{\"content\":{token}}},\"logprobs\":{logprobs},\"finish_reason\":null}}"
        ));
    }
    let (arguments, _) = CALLS[said.call];
    if !arguments.is_empty() {
        let named = json!({ "index": 0, "id": "call_1", "type": "function",
                            "function": { "name": "look_up", "arguments": "" } });
        events.push(format!("{{\"index\":{index},\"delta\":{{\"tool_calls\":[{named}]}}}}"));
        for (token, _) in tokens(arguments, &said.cuts, escaped) {
            events.push(format!(
                "{{\"index\":{index},\"delta\":{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":{token}}}}}]}}}}"
            ));
        }
    }
    events.push(format!("{{\"index\":{index},\"delta\":{{}},\"finish_reason\":\"stop\"}}"));
    events
}

/// Both choices in one stream, in the order that `turns` gives and in several framings.
fn written(said: &[Said; 2], turns: &[bool], frames: &[usize], escaped: bool) -> String {
    let mut queues = [0, 1].map(|index| events(index, &said[index], escaped).into_iter());
    let (mut turns, mut frames) = (turns.iter().cycle(), frames.iter().cycle());
    let mut stream = String::new();
    loop {
        let turn = usize::from(*turns.next().unwrap());
        let Some(choice) = queues[turn].next().or_else(|| queues[1 - turn].next()) else { break };
        let data =
            format!("{{\"id\":\"c1\",\"created\":1,\"model\":\"m\",\"choices\":[{choice}]}}");
        let event = match frames.next().unwrap() % 6 {
            0 => format!("data:{data}\r\n\r\n"),
            1 => format!(": a comment\n\ndata: {data}\n\n"),
            2 => format!("data: {data}\r\r"),
            3 => format!("id: 7\r\nevent: message\r\ndata: {data}\r\n\r\n"),
            4 => format!("data: {}\ndata: {}\n\n", &data[..1], &data[1..]),
            _ => format!("data: {data}\n\n"),
        };
        stream.push_str(&event);
    }
    stream + "data: [DONE]\n\n"
}

/// Texts, tokens and arguments of one choice as a client puts them together.
#[derive(Debug, Default)]
struct Read {
    units: Vec<u16>,
    tokens: Vec<u8>,
    arguments: Vec<u16>,
    calls: usize,
    reasons: Vec<String>,
}

/// Reads a stream as a client does that knows halves of characters.
fn read(stream: &[u8]) -> [Read; 2] {
    use crate::wire::json::{Doc, JsonLimits, Strictness, parse, token_text};
    let mut both = [Read::default(), Read::default()];
    let mut framer = crate::wire::sse::Framer::new(1 << 20);
    framer.push(stream).unwrap();
    while let Some(frame) = framer.next_frame() {
        let Some(data) = frame.data.filter(|data| data.starts_with(b"{")) else { continue };
        let doc = parse(&data, Strictness::Response, &JsonLimits::default()).unwrap();
        let at = |node, key: &str| doc.member(node, key, &data);
        let units = |node, into: &mut Vec<u16>| {
            let written = &data[doc.range(node)];
            for piece in token_text(written).filter(|_| written.starts_with(b"\"")) {
                match piece.half {
                    Some(half) => into.push(half),
                    None => into.extend(piece.c.encode_utf16(&mut [0; 2]).iter()),
                }
            }
        };
        let choices = at(Doc::ROOT, "choices").unwrap();
        for choice in doc.children(choices) {
            let index = doc.integer(at(choice, "index").unwrap(), &data).unwrap();
            let read = &mut both[usize::try_from(index).unwrap()];
            let delta = at(choice, "delta").unwrap();
            if let Some(content) = at(delta, "content") {
                units(content, &mut read.units);
            }
            for call in at(delta, "tool_calls")
                .map(|list| doc.children(list).collect::<Vec<_>>())
                .into_iter()
                .flatten()
            {
                read.calls += 1;
                units(at(at(call, "function").unwrap(), "arguments").unwrap(), &mut read.arguments);
            }
            if let Some(list) = at(choice, "logprobs").and_then(|node| at(node, "content")) {
                for token in doc.children(list) {
                    for byte in doc.children(at(token, "bytes").unwrap()) {
                        read.tokens.push(u8::try_from(doc.integer(byte, &data).unwrap()).unwrap());
                    }
                }
            }
            let reason = at(choice, "finish_reason").and_then(|node| doc.string(node, &data));
            read.reasons.extend(reason.map(std::borrow::Cow::into_owned));
        }
    }
    both
}

fn pieces<'s>(stream: &'s [u8], splits: &[usize]) -> Vec<&'s [u8]> {
    let mut ends: Vec<usize> = splits.iter().map(|split| split % (stream.len() + 1)).collect();
    ends.push(stream.len());
    ends.sort_unstable();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(&ends).map(|(start, &end)| &stream[Range { start, end }]).collect()
}

fn said() -> impl Strategy<Value = Said> {
    let words = prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..10);
    let cuts = prop::collection::vec(0_usize..200, 0..12);
    (words, cuts, 0..CALLS.len(), any::<bool>()).prop_map(|(words, cuts, call, logprobs)| Said {
        text: words.concat(),
        cuts,
        call,
        logprobs,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn each_choice_comes_out_as_its_whole_text_would(
        said in [said(), said()],
        turns in prop::collection::vec(any::<bool>(), 1..24),
        frames in prop::collection::vec(0_usize..6, 1..8),
        escaped in any::<bool>(),
        splits in prop::collection::vec(0_usize..10_000, 0..40),
    ) {
        let policy = Arc::clone(&PLANTS);
        let sent = written(&said, &turns, &frames, escaped);
        let mut relay = Relay::new(settings(Arc::clone(&policy), 2));
        let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
        let calls: usize = said.iter().map(|said| CALLS[said.call].0.len()).sum();
        let fragments = said.iter().flat_map(|said| tokens(&said.text, &said.cuts, false));
        let longest = fragments.map(|(_, bytes)| bytes.len()).max().unwrap_or(0);
        for piece in pieces(sent.as_bytes(), &splits) {
            relay.push(piece, &mut scratch, &mut out);
            prop_assert!(relay.held() <= 2 * (MAX_MATCH + longest) + calls);
            prop_assert!(relay.buffered() <= 4 * sent.len());
        }
        relay.finish(&mut scratch, &mut out);
        prop_assert!(out.ends_with(b"data: [DONE]\n\n"));
        for (said, read) in said.iter().zip(read(&out)) {
            let whole = whole(&policy, &said.text);
            let (_, expected) = CALLS[said.call];
            let stopped = whole.stopped || expected.is_none();
            let text = String::from_utf16(&read.units).unwrap();
            let text = if stopped { text.strip_suffix(MESSAGE).unwrap() } else { &text };
            let text = text.strip_suffix('\n').filter(|_| stopped).unwrap_or(text);
            prop_assert_eq!(text, &whole.text);
            prop_assert_eq!(&read.reasons, &[if stopped { "content_filter" } else { "stop" }]);
            let call = expected.filter(|_| !whole.stopped).unwrap_or_default();
            prop_assert_eq!(String::from_utf16(&read.arguments).unwrap(), call);
            prop_assert_eq!(read.calls > 0, !call.is_empty(), "a stopped call leaves no trace");
            let tokens = String::from_utf8(read.tokens).unwrap();
            prop_assert!(said.text.starts_with(&tokens) && tokens.len() <= whole.clean, "{}", tokens);
        }
    }

    #[test]
    fn every_split_of_the_bytes_gives_the_same_bytes_and_the_same_report(
        said in [said(), said()],
        turns in prop::collection::vec(any::<bool>(), 1..8),
        frames in prop::collection::vec(0_usize..6, 1..8),
        splits in prop::collection::vec(0_usize..10_000, 0..40),
    ) {
        let sent = written(&said, &turns, &frames, false);
        let (once, finale, report) = run(settings(Arc::clone(&PLANTS), 2), &[sent.as_bytes()]);
        let single: Vec<&[u8]> = sent.as_bytes().chunks(1).collect();
        for pieces in [pieces(sent.as_bytes(), &splits), single] {
            let (cut, cut_finale, cut_report) = run(settings(Arc::clone(&PLANTS), 2), &pieces);
            prop_assert_eq!(&cut, &once);
            prop_assert_eq!(&cut_finale, &finale);
            prop_assert_eq!(cut_report.redactions, report.redactions.clone());
            prop_assert_eq!(cut_report.stop, report.stop);
        }
    }
}
