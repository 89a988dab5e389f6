//! A client that reads a stream strictly: what it puts together, and whether all that was opened is closed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use tidegate::wire::dialect::Dialects;

use super::forms::{Closing, Form};

/// What a client has read.
pub(super) struct Read {
    stream: String,
    events: Vec<Value>,
    texts: BTreeMap<String, String>,
}

impl Read {
    pub(super) fn new(form: &Form, stream: &str) -> Self {
        let dialects = Dialects::default();
        let dialect = dialects.get(form.dialect).expect("a dialect");
        let mut framer = dialect.framer(1 << 20);
        framer.push(stream.as_bytes()).expect("an event of some length");
        let (mut events, mut texts) = (Vec::new(), BTreeMap::<String, String>::new());
        while let Some(frame) = framer.next_frame() {
            let data = frame.data.clone().unwrap_or_default();
            events.extend(serde_json::from_slice::<Value>(&data));
            let is_done = data.trim_ascii() == b"[DONE]" || data.trim_ascii().is_empty();
            assert!(is_done || serde_json::from_slice::<Value>(&data).is_ok(), "no JSON: {stream}");
            for fragment in dialect.read_event(&frame).expect("an event").fragments {
                let name = fragment.channel.describe(dialect.unit_list());
                texts.entry(name).or_default().push_str(&fragment.text);
            }
        }
        Self { stream: stream.to_owned(), events, texts }
    }

    /// The text of a channel.
    pub(super) fn text(&self, channel: &str) -> &str {
        self.texts.get(channel).map_or("", String::as_str)
    }

    /// Whether some text says a word, in whatever letters.
    pub(super) fn says(&self, word: &str) -> bool {
        let plain = |c: char| match u32::from(c) {
            0x200b => None,
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0),
            _ => Some(c),
        };
        let folded =
            |text: &String| text.chars().filter_map(plain).collect::<String>().to_lowercase();
        self.texts.values().chain([&self.stream]).any(|text| folded(text).contains(word))
    }

    /// Whether each answer that has begun has said why it ended.
    pub(super) fn is_over(&self, form: &Form) -> bool {
        let Closing::Reasons { list, member, .. } = form.closing else {
            return self.check_closed(form).is_ok();
        };
        let lists = self.events.iter().filter_map(|event| event[list].as_array());
        let units: Vec<&Value> = lists.flatten().collect();
        let ended = |unit: &Value| {
            units.iter().any(|u| u["index"] == unit["index"] && u[member].is_string())
        };
        !units.is_empty() && units.iter().all(|unit| ended(unit))
    }

    /// Checks that each answer, item and part that was opened is closed, once, and the stream behind them.
    pub(super) fn check_closed(&self, form: &Form) -> Result<(), TestCaseError> {
        match form.closing {
            Closing::Reasons { list, member, last } => {
                let mut reasons: BTreeMap<u64, usize> = BTreeMap::new();
                let lists = self.events.iter().filter_map(|event| event[list].as_array());
                for unit in lists.flatten() {
                    let count =
                        reasons.entry(unit["index"].as_u64().unwrap_or_default()).or_default();
                    *count += usize::from(unit[member].is_string());
                }
                prop_assert_eq!(reasons.len(), form.units, "{}", self.stream);
                prop_assert!(
                    reasons.values().all(|count| *count == 1),
                    "{:?} {}",
                    reasons,
                    self.stream
                );
                prop_assert!(self.stream.ends_with(last), "{}", self.stream);
                if form.frame[2] == ",\r\n" {
                    let whole = serde_json::from_str::<Vec<Value>>(&self.stream);
                    prop_assert!(whole.is_ok(), "{}", self.stream);
                }
            }
            Closing::Pairs { pairs, last } => {
                for [opens, closes, number] in pairs {
                    let of = |kind: &str| {
                        let events = self.events.iter().filter(|event| event["type"] == kind);
                        let mut numbers: Vec<u64> =
                            events.filter_map(|event| event[*number].as_u64()).collect();
                        numbers.sort_unstable();
                        numbers
                    };
                    prop_assert_eq!(of(opens), of(closes), "{} {}", opens, self.stream);
                }
                let kind =
                    self.events.last().map(|event| event["type"].clone()).unwrap_or_default();
                prop_assert!(last.iter().any(|last| kind == *last), "{} {}", kind, self.stream);
                let numbers =
                    self.events.iter().filter_map(|event| event["sequence_number"].as_u64());
                let numbers: Vec<u64> = numbers.collect();
                prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
            }
            Closing::Done => {
                let done: Vec<bool> =
                    self.events.iter().map(|event| event["done"] == true).collect();
                let last = done.last().copied().unwrap_or_default();
                prop_assert!(
                    last && done.iter().filter(|done| **done).count() == 1,
                    "{}",
                    self.stream
                );
            }
        }
        Ok(())
    }
}
