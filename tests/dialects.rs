//! Golden files of every dialect: what is read in requests and answers, and what comes out of answers and streams
//! that pass, are redacted and are stopped. `tests/dialects/NAME/` holds a dialect's bodies; in them `{{text}}` is
//! the text of the outcome, and an event with `{{piece}}` is repeated for each of its pieces.
//!
//! The dialect files are read from `config/dialects`, so that this also holds a file to account that has changed
//! since the gate was built.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::civil::date;
use tidegate::config::{load_policy, read_dialect_text};
use tidegate::domain::{Author, Phase};
use tidegate::engine::{Scratch, Subject};
use tidegate::policy::{Policy, compile};
use tidegate::stream::{Finale, Relay, RelaySettings};
use tidegate::wire::body::{Request, Response};
use tidegate::wire::dialect::{AnswerMeta, Dialect, resolve};
use tidegate::wire::json::JsonLimits;

/// What is said in each outcome: the text, and its pieces as a model would stream them.
const OUTCOMES: [(&str, &str); 3] = [
    ("allow", "a dog and 一只猫"),
    ("redact", "write to bob@example.com today"),
    ("block", "all is fine, then blorp and more"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every dialect of `config/dialects`, each behind the one that it extends.
fn dialects() -> BTreeMap<String, Arc<Dialect>> {
    let folder = root().join("config/dialects");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (file, problems) = read_dialect_text(&name, &fs::read_to_string(&path).unwrap());
            assert!(problems.iter().next().is_none(), "{name}: {problems:#?}");
            file.unwrap()
        })
        .collect();
    let mut known: Vec<Arc<Dialect>> = Vec::new();
    while !files.is_empty() {
        let ready = |file: &tidegate::config::dialect_file::DialectFile| {
            file.extends.as_ref().is_none_or(|base| known.iter().any(|one| **one.name() == **base))
        };
        let next = files.iter().position(ready).expect("every `extends` names a dialect");
        let file = files.swap_remove(next);
        match resolve(&file, &known) {
            Ok(dialect) => known.push(Arc::new(dialect)),
            Err(mistakes) => panic!("{}: {mistakes:#?}", file.dialect),
        }
    }
    known.into_iter().map(|dialect| (dialect.name().to_string(), dialect)).collect()
}

fn policy() -> Arc<Policy> {
    let folder = root().join("tests/sdk");
    let (written, problems) = load_policy(&folder, &folder.join("policies/sdk.yaml"));
    assert!(!problems.has_errors());
    Arc::new(compile(&written.unwrap()).0.unwrap())
}

/// The bodies of one sort of a dialect, by their names.
fn bodies(dialect: &str, sort: &str) -> Vec<(String, String)> {
    let folder = root().join("tests/dialects").join(dialect);
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let mut bodies: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(sort))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    bodies.sort();
    bodies
}

/// The pieces of a text: words with the blank before them, or single characters.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        match pieces.last_mut() {
            Some(last) if c != ' ' && c.is_ascii() && last.is_ascii() => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// A stream with a text in it. Events are told apart by blank lines, or, where there are none, by lines.
fn stream_of(template: &str, pieces: &[String]) -> String {
    let blank = if template.contains("\r\n\r\n") { "\r\n\r\n" } else { "\n\n" };
    let between = if template.contains(blank) { blank } else { "\n" };
    let mut out = String::new();
    for event in template.split_inclusive(between) {
        if event.contains("{{piece}}") {
            for piece in pieces {
                out.push_str(&event.replace("{{piece}}", piece));
            }
        } else {
            out.push_str(&event.replace("{{text}}", &pieces.concat()));
        }
    }
    out
}

fn settings(dialect: &Arc<Dialect>, policy: &Arc<Policy>) -> RelaySettings {
    let subject = Subject {
        phase: Phase::Completion,
        author: Author::Assistant,
        today: date(2026, 11, 1),
        streamed: true,
    };
    let meta = AnswerMeta {
        id: "own".to_owned(),
        created: 1_700_000_000,
        model: "m".to_owned(),
        ..AnswerMeta::default()
    };
    RelaySettings { meta, ..RelaySettings::new(Arc::clone(dialect), Arc::clone(policy), subject) }
}

fn relayed(settings: RelaySettings, pieces: &[&[u8]]) -> (String, Finale) {
    let mut relay = Relay::new(settings);
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::new());
    for piece in pieces {
        relay.push(piece, &mut scratch, &mut out);
    }
    relay.finish(&mut scratch, &mut out);
    (String::from_utf8(out.to_vec()).unwrap(), relay.finale().clone())
}

#[test]
fn every_text_of_a_request_is_read_with_its_author_and_edit_class() {
    for (name, dialect) in dialects() {
        for (file, body) in bodies(&name, "request") {
            let body = Bytes::from(body.replace("{{text}}", "hi"));
            let request = Request::parse(&dialect, body, &JsonLimits::default(), 1000);
            let request = request.unwrap_or_else(|problem| panic!("{name}/{file}: {problem}"));
            insta::assert_snapshot!(format!("{name}.{file}"), seen(&request));
        }
        for (file, body) in bodies(&name, "form") {
            let body = Bytes::from(body.replace("{{text}}", "hi").replace('\n', "\r\n"));
            let request = Request::parse_form(&dialect, (body, "b"), &JsonLimits::default(), 1000);
            let request = request.unwrap_or_else(|problem| panic!("{name}/{file}: {problem}"));
            insta::assert_snapshot!(format!("{name}.{file}"), seen(&request));
        }
    }
}

/// What is read in a request.
fn seen(request: &Request) -> String {
    let mut seen = format!(
        "model {:?} stream {} answers {} json {} unknown {}\n",
        request.model(),
        request.stream(),
        request.choices(),
        request.wants_json(),
        request.unknown_leaves()
    );
    for p in request.passages() {
        let turn = p.turn.map_or_else(|| "-".to_owned(), |turn| turn.to_string());
        let what = (p.author.as_str(), p.kind, p.edit);
        writeln!(seen, "{}  {what:?} turn {turn}  {:?}", p.path, p.text).unwrap();
    }
    for part in request.media() {
        writeln!(seen, "media {} {}", part.path, part.sort.as_str()).unwrap();
    }
    seen
}

#[test]
fn every_text_of_an_answer_is_read_with_its_author_and_edit_class() {
    for (name, dialect) in dialects() {
        for (file, body) in bodies(&name, "answer") {
            let body = Bytes::from(body.replace("{{text}}", "hi"));
            let answer = Response::parse(&dialect, body, &JsonLimits::default()).unwrap();
            let mut seen = format!("unknown {}\n", answer.unknown_leaves());
            for one in answer.passages() {
                let p = &one.passage;
                let what = (p.author.as_str(), p.kind, p.edit);
                writeln!(seen, "{:?} {}  {what:?}  {:?}", one.unit, p.path, p.text).unwrap();
            }
            insta::assert_snapshot!(format!("{name}.{file}"), seen);
        }
    }
}

#[test]
fn a_stream_comes_out_by_its_outcome_and_the_same_at_every_split() {
    let policy = policy();
    for (name, dialect) in dialects() {
        for (file, template) in bodies(&name, "stream") {
            for (outcome, text) in OUTCOMES {
                let sent = stream_of(&template, &pieces(text));
                let (out, finale) = relayed(settings(&dialect, &policy), &[sent.as_bytes()]);
                let place = format!("{name}/{file} {outcome}");
                if outcome == "allow" {
                    assert_eq!((&out, &finale), (&sent, &Finale::Ended), "{place}");
                } else {
                    assert!(!out.contains("bob@") && !out.contains("blorp"), "{place}: {out}");
                    insta::assert_snapshot!(
                        format!("{name}.{file}.{outcome}"),
                        format!("{finale:?}\n{out}")
                    );
                }
                // Some hundred splits of each; the bytes one by one are every split at once.
                for at in (1..sent.len()).step_by(sent.len() / 97 + 1) {
                    let (one, two) = sent.as_bytes().split_at(at);
                    let cut = relayed(settings(&dialect, &policy), &[one, two]);
                    assert_eq!(cut, (out.clone(), finale.clone()), "{place} at byte {at}");
                }
                let bytes: Vec<&[u8]> = sent.as_bytes().chunks(1).collect();
                assert_eq!(relayed(settings(&dialect, &policy), &bytes).0, out, "{place} by bytes");
            }
        }
    }
}

#[test]
fn what_a_client_reads_does_not_depend_on_how_a_text_is_cut_into_events() {
    let policy = policy();
    for (name, dialect) in dialects() {
        for (file, template) in bodies(&name, "stream") {
            if !template.contains("{{piece}}") {
                continue;
            }
            for (outcome, text) in OUTCOMES {
                // The client's text: what its pieces come to, whatever events carry them.
                let read = |pieces: &[String]| {
                    let sent = stream_of(&template, pieces);
                    let (out, finale) = relayed(settings(&dialect, &policy), &[sent.as_bytes()]);
                    (texts_of(&dialect, &out), finale)
                };
                let whole = read(&[text.to_owned()]);
                let single: Vec<String> = text.chars().map(String::from).collect();
                assert_eq!(read(&single), whole, "{name}/{file} {outcome}: by characters");
                for (at, _) in text.char_indices().skip(1) {
                    let two = [text[..at].to_owned(), text[at..].to_owned()];
                    assert_eq!(read(&two), whole, "{name}/{file} {outcome}: cut at {at}");
                }
            }
        }
    }
}

/// What a client puts together from a stream: the text of each channel.
fn texts_of(dialect: &Arc<Dialect>, stream: &str) -> BTreeMap<String, String> {
    let mut framer = dialect.framer(1 << 20);
    framer.push(stream.as_bytes()).unwrap();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    while let Some(frame) = framer.next_frame() {
        let event = dialect.read_event(&frame).unwrap();
        for fragment in event.fragments {
            texts.entry(fragment.channel.describe(None)).or_default().push_str(&fragment.text);
        }
    }
    texts
}
