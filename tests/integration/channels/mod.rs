//! Streams of every dialect, made up: answers, texts, thoughts and calls through one another, with a forbidden word in
//! one of them or in none, cut into events and into bytes anywhere. Through the relay, and fewer through the real proxy.

mod client;
mod forms;

use std::sync::Arc;

use bytes::BytesMut;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use tidegate::config::load_policy;
use tidegate::domain::{Author, Phase};
use tidegate::engine::{Scratch, Subject};
use tidegate::policy::{Policy, compile};
use tidegate::stream::{Finale, Relay, RelaySettings};
use tidegate::wire::dialect::{AnswerMeta, Dialect, Dialects};

use crate::gate::{POLICY, Setup};
use crate::model::Model;
use client::Read;
use forms::{Channel, FORMS, Form};

/// Words that are allowed, some of them almost forbidden.
const WORDS: [&str; 14] = [
    "the ",
    "dog ",
    "an é ",
    "你好",
    "\u{1f600} ",
    "\"q\" ",
    "\\ ",
    "\n",
    "gren ",
    "grenad ",
    "ade ",
    "a@b ",
    ", ",
    "x ",
];

/// The forbidden word, as it may be written.
const PLANTS: [&str; 4] = ["grenade", "gre\u{200b}nade", "ｇｒｅｎａｄｅ", "GrenadE"];

/// What stands in the place of what is stopped.
const MESSAGE: &str = "This content was stopped by the content policy.";

/// How many streams of each dialect go through the relay, and through the proxy.
const RELAYED: u32 = 48;
const PROXIED: usize = 6;
/// How many of each break off, at each of their events.
const DYING: usize = 5;

/// What a part says.
#[derive(Clone, Debug)]
struct Said {
    unit: usize,
    channel: usize,
    /// Its number within its answer.
    part: usize,
    text: String,
    /// Where the text is cut into events, in characters.
    cuts: Vec<usize>,
    /// Where the forbidden word begins.
    planted: Option<usize>,
}

/// A stream.
#[derive(Clone, Debug)]
struct Case {
    said: Vec<Said>,
    turns: Vec<usize>,
    splits: Vec<usize>,
}

/// What is drawn for a part: whether it is there, its words, where they are cut.
type Drawn = (bool, Vec<usize>, Vec<usize>);

fn cases(form: &'static Form) -> impl Strategy<Value = Case> {
    let parts = form.units * form.channels.len();
    let words = prop::collection::vec(0..WORDS.len(), 0..7);
    let cuts = prop::collection::vec(0_usize..60, 0..8);
    let drawn = prop::collection::vec((prop::bool::weighted(0.7), words, cuts), parts);
    let plant = prop::option::weighted(0.7, (0_usize..64, 0_usize..8, 0..PLANTS.len()));
    let turns = prop::collection::vec(0_usize..64, 1..20);
    let splits = prop::collection::vec(0_usize..20_000, 0..30);
    (drawn, plant, turns, splits).prop_map(|(drawn, plant, turns, splits)| {
        let said = parts_of(form, &drawn, plant);
        Case { said, turns, splits }
    })
}

fn parts_of(form: &Form, drawn: &[Drawn], plant: Option<(usize, usize, usize)>) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    for (at, (is_there, words, cuts)) in drawn.iter().enumerate() {
        let (unit, channel) = (at / form.channels.len(), at % form.channels.len());
        // Each answer says something.
        if *is_there || channel == 0 {
            let part = said.iter().filter(|said| said.unit == unit).count();
            let words: Vec<&str> = words.iter().map(|&word| WORDS[word]).collect();
            let (text, cuts) = (words.concat(), cuts.clone());
            said.push(Said { unit, channel, part, text, cuts, planted: None });
        }
    }
    if let Some((which, word, spelling)) = plant {
        let at = which % said.len();
        let said = &mut said[at];
        let starts: Vec<usize> = said.text.match_indices(' ').map(|(at, _)| at + 1).collect();
        let at = starts.get(word).copied().unwrap_or(0);
        said.text.insert_str(at, &format!("{} ", PLANTS[spelling]));
        said.planted = Some(at);
    }
    said
}

/// A text as it stands in a JSON string, `times` deep.
fn quoted(text: &str, times: usize) -> String {
    (0..times).fold(text.to_owned(), |text, _| {
        let quoted = serde_json::to_string(&text).expect("JSON");
        quoted[1..quoted.len() - 1].to_owned()
    })
}

impl Said {
    fn pieces(&self) -> Vec<String> {
        let chars: Vec<char> = self.text.chars().collect();
        let mut ends: Vec<usize> = self.cuts.iter().map(|cut| cut % (chars.len() + 1)).collect();
        ends.push(chars.len());
        ends.sort_unstable();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(&ends).map(|(start, &end)| chars[start..end].iter().collect()).collect()
    }

    fn form<'f>(&self, form: &'f Form) -> &'f Channel {
        &form.channels[self.channel]
    }

    fn fill(&self, template: &str) -> String {
        template
            .replace("{u}", &self.unit.to_string())
            .replace("{i}", &self.part.to_string())
            .replace("{tt}", &quoted(&self.text, 2))
            .replace("{t}", &quoted(&self.text, 1))
    }

    fn events(&self, form: &Form) -> Vec<String> {
        let channel = self.form(form);
        let fill = |template: &&str| self.fill(template);
        let piece = |piece: String| {
            let piece = self
                .fill(channel.piece)
                .replace("{pp}", &quoted(&piece, 2))
                .replace("{p}", &quoted(&piece, 1));
            (!channel.piece.is_empty()).then_some(piece)
        };
        let pieces = self.pieces().into_iter().filter_map(piece);
        channel.open.iter().map(fill).chain(pieces).chain(channel.close.iter().map(fill)).collect()
    }

    /// What a client reads of it where nothing is stopped.
    fn whole(&self, form: &Form) -> String {
        if self.form(form).is_call {
            format!("{{\"q\":\"{}\"}}", quoted(&self.text, 1))
        } else {
            self.text.clone()
        }
    }
}

impl Case {
    fn written(&self, form: &Form) -> String {
        let reversed = |said: &Said| said.events(form).into_iter().rev().collect();
        let mut queues: Vec<Vec<String>> = self.said.iter().map(reversed).collect();
        let mut events: Vec<String> = form.begin.iter().map(|event| (*event).to_owned()).collect();
        let mut turns = self.turns.iter().cycle();
        while !queues.is_empty() {
            let turn = if form.in_turn { 0 } else { turns.next().expect("a cycle") % queues.len() };
            match queues[turn].pop() {
                Some(event) => events.push(event),
                None => drop(queues.remove(turn)),
            }
        }
        let units = if form.finish.is_empty() { 0 } else { form.units };
        events.extend((0..units).map(|unit| form.finish.replace("{u}", &unit.to_string())));
        let items: Vec<String> =
            self.said.iter().map(|said| said.fill(said.form(form).item)).collect();
        events.extend(form.end.iter().map(|event| event.replace("{o}", &items.join(","))));
        let [before, behind, between] = form.frame;
        let is_named = form.begin.iter().any(|event| event.contains("\"type\""));
        let framed = |(number, event): (usize, &String)| {
            let event = event.replace("{n}", &number.to_string());
            // Where events have types, their names say the same.
            let name = event.split_once("\"type\":\"").filter(|_| is_named);
            let name = name.and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
            let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
            format!("{name}{before}{event}{behind}")
        };
        let framed: Vec<String> = events.iter().enumerate().map(framed).collect();
        match between {
            "" => framed.concat(),
            between => format!("[{}]", framed.join(between)),
        }
    }

    fn pieces<'s>(&self, stream: &'s [u8]) -> Vec<&'s [u8]> {
        let mut ends: Vec<usize> =
            self.splits.iter().map(|split| split % (stream.len() + 1)).collect();
        ends.push(stream.len());
        ends.sort_unstable();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(&ends).map(|(start, &end)| &stream[start..end]).collect()
    }

    fn planted(&self) -> Option<&Said> {
        self.said.iter().find(|said| said.planted.is_some())
    }
}

fn policy() -> Arc<Policy> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.yaml");
    std::fs::write(&file, POLICY).expect("a policy");
    let (written, problems) = load_policy(folder.path(), &file);
    assert!(!problems.has_errors());
    Arc::new(compile(&written.expect("a policy")).0.expect("a policy"))
}

fn relayed(
    dialect: &Arc<Dialect>,
    policy: &Arc<Policy>,
    units: usize,
    pieces: &[&[u8]],
) -> (String, Finale) {
    let subject = Subject {
        phase: Phase::Completion,
        author: Author::Assistant,
        today: jiff::civil::date(2026, 11, 1),
        streamed: true,
    };
    let meta = AnswerMeta {
        id: "own".to_owned(),
        created: 1,
        model: "m".to_owned(),
        ..AnswerMeta::default()
    };
    let mut relay = Relay::new(RelaySettings {
        units: units as u64,
        meta,
        ..RelaySettings::new(Arc::clone(dialect), Arc::clone(policy), subject)
    });
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    for piece in pieces {
        relay.push(piece, &mut scratch, &mut out);
    }
    relay.finish(&mut scratch, &mut out);
    (String::from_utf8(out.to_vec()).expect("text"), relay.finale().clone())
}

/// What was shown before the message, if that stands behind it.
fn without_message(text: &str) -> &str {
    let Some(before) = text.strip_suffix(MESSAGE) else { return text };
    before.strip_suffix('\n').unwrap_or(before)
}

/// What a client that reads `out` must find.
fn check(form: &Form, case: &Case, out: &str) -> Result<(), TestCaseError> {
    let read = Read::new(form, out);
    prop_assert!(!read.says("grenade"), "{out}");
    read.check_closed(form)?;
    let planted = case.planted();
    for said in &case.said {
        let Some(name) = said.form(form).name else { continue };
        let got = read.text(&said.fill(name));
        let whole = said.whole(form);
        let stopped = planted.is_some_and(|planted| planted.unit == said.unit);
        match (said.planted, said.form(form).is_call) {
            (_, _) if !stopped => prop_assert_eq!(got, &whole),
            (Some(_), true) => prop_assert_eq!(got, "", "a stopped call leaves no trace"),
            (None, true) => {
                prop_assert!(got.is_empty() || got == whole, "{} of {}: {}", got, whole, out);
            }
            (Some(at), false) => {
                let before = &said.text[..at];
                let rest = got.strip_prefix(before);
                let is_message =
                    |rest: &str| rest.is_empty() || rest.trim_start().starts_with(MESSAGE);
                // What waits behind a call that is not whole is not shown.
                let waits = !form.in_turn
                    && case
                        .said
                        .iter()
                        .any(|other| other.unit == said.unit && other.form(form).is_call);
                let is_part = waits && before.starts_with(without_message(got));
                prop_assert!(
                    is_part || rest.is_some_and(is_message),
                    "{:?} of {:?}",
                    got,
                    said.text
                );
            }
            (None, false) => {
                let text = without_message(got);
                prop_assert!(whole.starts_with(text), "{:?} of {:?}", got, whole);
            }
        }
    }
    Ok(())
}

/// The sentences that hold of every stream of a dialect.
fn prove(name: &str) {
    let form = FORMS.iter().find(|form| form.dialect == name).expect("a form");
    let dialects = Dialects::default();
    let (dialect, policy) = (dialects.get(name).expect("a dialect"), policy());
    let mut runner = TestRunner::new(Config {
        cases: RELAYED,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    });
    let proven = runner.run(&cases(form), |case| {
        let sent = case.written(form);
        let (out, finale) = relayed(dialect, &policy, form.units, &[sent.as_bytes()]);
        if case.planted().is_none() {
            prop_assert_eq!(&out, &sent, "clean streams come out as they came");
            prop_assert_eq!(&finale, &Finale::Ended);
        }
        check(form, &case, &out)?;
        let single: Vec<&[u8]> = sent.as_bytes().chunks(1).collect();
        for pieces in [case.pieces(sent.as_bytes()), single] {
            let cut = relayed(dialect, &policy, form.units, &pieces);
            prop_assert_eq!(&cut, &(out.clone(), finale.clone()), "however it arrives");
        }
        Ok(())
    });
    if let Err(error) = proven {
        panic!("{name}: {error}");
    }
}

#[test]
fn an_upstream_that_dies_at_any_event_ends_as_a_failure_with_no_half_of_a_call() {
    let (policy, dialects) = (policy(), Dialects::default());
    let mut runner = TestRunner::deterministic();
    for form in FORMS {
        let dialect = dialects.get(form.dialect).expect("a dialect");
        for _ in 0..DYING {
            let case = cases(form).new_tree(&mut runner).expect("a stream").current();
            let sent = case.written(form);
            let (whole, _) = relayed(dialect, &policy, form.units, &[sent.as_bytes()]);
            let [before, behind, between] = form.frame;
            let border =
                format!("{behind}{between}{}", if between.is_empty() { before } else { "{" });
            for (at, _) in sent.match_indices(&border) {
                // Behind an event, in the middle of the next one.
                for end in [at + behind.len(), at + border.len() + 9] {
                    let Some(sent) = sent.get(..end) else { continue };
                    let (out, finale) = relayed(dialect, &policy, form.units, &[sent.as_bytes()]);
                    let read = Read::new(form, &out);
                    assert!(!read.says("grenade"), "{} {out}", form.dialect);
                    let is_over = out == whole || !matches!(finale, Finale::Ended | Finale::Open);
                    assert!(is_over || read.is_over(form), "{} {finale:?} {out}", form.dialect);
                    for said in case.said.iter().filter(|said| said.form(form).is_call) {
                        let Some(name) = said.form(form).name else { continue };
                        let got = read.text(&said.fill(name));
                        assert!(got.is_empty() || got == said.whole(form), "{got}: {out}");
                    }
                }
            }
        }
    }
}

macro_rules! every_stream_of {
    ($($test:ident: $dialect:literal,)*) => {
        $(
            #[test]
            fn $test() {
                prove($dialect);
            }
        )*

        #[test]
        fn every_form_is_tried() {
            let tried = [$($dialect),*];
            assert!(FORMS.iter().all(|form| tried.contains(&form.dialect)) && tried.len() == FORMS.len());
        }
    };
}

every_stream_of! {
    streams_of_chat_lose_nothing_and_let_nothing_through: "openai.chat",
    streams_of_completions_lose_nothing_and_let_nothing_through: "openai.completions",
    streams_of_mistral_lose_nothing_and_let_nothing_through: "mistral.agents",
    streams_of_responses_lose_nothing_and_let_nothing_through: "openai.responses",
    streams_of_anthropic_lose_nothing_and_let_nothing_through: "anthropic.messages",
    streams_of_gemini_lose_nothing_and_let_nothing_through: "gemini.stream_sse",
    arrays_of_gemini_lose_nothing_and_let_nothing_through: "gemini.stream_array",
    streams_of_ollama_lose_nothing_and_let_nothing_through: "ollama.chat",
    streams_of_cohere_lose_nothing_and_let_nothing_through: "cohere.chat",
}

#[tokio::test]
async fn the_same_holds_through_the_real_proxy() {
    let told: Arc<std::sync::Mutex<Vec<Vec<u8>>>> = Arc::default();
    let next = Arc::clone(&told);
    let model = Model::start(move |mut connection| {
        let pieces = next.lock().expect("nobody panicked").clone();
        async move {
            for piece in pieces {
                connection.send(&piece).await;
            }
        }
    })
    .await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    let mut runner = TestRunner::deterministic();
    for form in FORMS {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\nconnection: close\r\n\r\n", form.sort);
        let asked = form.asked.replace("{u}", &form.units.to_string());
        for _ in 0..PROXIED {
            let case = cases(form).new_tree(&mut runner).expect("a stream").current();
            let sent = case.written(form);
            let mut pieces = vec![head.clone().into_bytes()];
            pieces.extend(case.pieces(sent.as_bytes()).into_iter().map(<[u8]>::to_vec));
            *told.lock().expect("nobody panicked") = pieces;
            let answer = crate::wire::post(gate.data, form.path, &asked).await;
            let (name, text) = (form.dialect, answer.text());
            assert!(answer.whole, "{name}: {text}");
            if case.planted().is_none() {
                assert_eq!((answer.status, &text), (200, &sent), "{name}");
            }
            let proven = check(form, &case, &text);
            assert!(proven.is_ok(), "{name} {case:?}: {proven:?}\n{text}");
        }
    }
}
