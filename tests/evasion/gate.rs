//! The gate as an operator configures it, with the terms as word lists and all views as they are by default.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::BytesMut;
use jiff::civil::date;
use serde_json::{Value, json};
use tidegate::config::load_policy;
use tidegate::domain::{Author, Phase, Verdict};
use tidegate::engine::{Scratch, Subject, mend, screen_passage};
use tidegate::policy::{Policy, compile};
use tidegate::stream::{Relay, RelaySettings};
use tidegate::wire::dialect::{AnswerMeta, Dialects, RefusalShape};

use crate::rng::Rng;
use crate::terms::{ARABIC, CHINESE, ENGLISH};

/// A policy of these files, of which `policy.yaml` is the first that is read.
pub(crate) fn policy_of(files: &[(&str, &[u8])]) -> Arc<Policy> {
    match try_policy_of(files) {
        (Some(policy), _) => policy,
        (None, problems) => panic!("{problems}"),
    }
}

/// The same, with what is said about it.
pub(crate) fn try_policy_of(files: &[(&str, &[u8])]) -> (Option<Arc<Policy>>, String) {
    let root = tempfile::tempdir().expect("a folder");
    for (name, contents) in files {
        std::fs::write(root.path().join(name), contents).expect("a file");
    }
    let (loaded, mut problems) = load_policy(root.path(), &root.path().join("policy.yaml"));
    let policy = loaded.and_then(|loaded| {
        let (policy, found) = compile(&loaded);
        problems.extend(found);
        policy
    });
    let policy = policy.filter(|_| !problems.has_errors()).map(Arc::new);
    let told: Vec<String> =
        problems.iter().map(|one| format!("{}: {}", one.code, one.message)).collect();
    (policy, told.join("; "))
}

const POLICY: &str = "version: 1
name: evasion
lexicons:
  english: { file: english.txt }
  chinese: { file: chinese.txt, boundary: none, also: [pinyin] }
  arabic: { file: arabic.txt }
rules:
  - { id: english, lexicon: english, action: redact }
  - { id: chinese, lexicon: chinese, action: redact }
  - { id: arabic, lexicon: arabic, action: redact }
";

/// What all rows are tried against.
pub(crate) fn policy() -> &'static Arc<Policy> {
    static MADE: OnceLock<Arc<Policy>> = OnceLock::new();
    let list = |terms: &[&str]| terms.join("\n").into_bytes();
    MADE.get_or_init(|| {
        policy_of(&[
            ("policy.yaml", POLICY.as_bytes()),
            ("english.txt", &list(ENGLISH)),
            ("chinese.txt", &list(CHINESE)),
            ("arabic.txt", &list(ARABIC)),
        ])
    })
}

/// The policy that is shipped, whose thousands of terms ordinary text must get past.
pub(crate) fn shipped() -> &'static Arc<Policy> {
    static MADE: OnceLock<Arc<Policy>> = OnceLock::new();
    MADE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let (loaded, problems) = load_policy(&root, &root.join("policies/default.yaml"));
        let policy = loaded.and_then(|loaded| compile(&loaded).0);
        Arc::new(policy.unwrap_or_else(|| panic!("{problems:?}")))
    })
}

fn subject(phase: Phase) -> Subject {
    let author = if phase == Phase::Prompt { Author::User } else { Author::Assistant };
    Subject { phase, author, today: date(2026, 11, 1), streamed: phase == Phase::Completion }
}

/// What is found in a whole text.
pub(crate) fn whole(policy: &Arc<Policy>, text: &str, scratch: &mut Scratch) -> Verdict {
    screen_passage(policy, subject(Phase::Prompt), text, scratch)
}

/// What is found in the same text as a whole answer.
pub(crate) fn answer(policy: &Arc<Policy>, text: &str, scratch: &mut Scratch) -> Verdict {
    let subject = Subject { streamed: false, ..subject(Phase::Completion) };
    screen_passage(policy, subject, text, scratch)
}

/// The text with what was found taken out.
pub(crate) fn redacted(text: &str, verdict: &Verdict) -> String {
    mend(text, &verdict.rewrites)
}

/// The text in pieces of one to so many characters.
pub(crate) fn pieces<'t>(rng: &mut Rng, text: &'t str, most: usize) -> Vec<&'t str> {
    let (mut made, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let length: usize = rest.chars().take(rng.between(1, most)).map(char::len_utf8).sum();
        let (piece, others) = rest.split_at(length);
        made.push(piece);
        rest = others;
    }
    made
}

/// What a client of a streamed chat answer puts together when the text comes in these pieces.
pub(crate) fn streamed(policy: &Arc<Policy>, pieces: &[&str], scratch: &mut Scratch) -> String {
    let mut relay = Relay::new(RelaySettings {
        dialect: Dialects::fallback(),
        policy: Arc::clone(policy),
        subject: subject(Phase::Completion),
        restorer: None,
        event_limit: 1 << 20,
        units: 1,
        include_usage: false,
        shape: RefusalShape::Content,
        language: Some("en".to_owned()),
        kept_bytes: 0,
        meta: AnswerMeta::default(),
    });
    let event = |sent: &mut String, delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let event = json!({"id": "c1", "created": 1, "model": "m", "choices": [choice]});
        write!(sent, "data: {event}\n\n").expect("a text grows");
    };
    let mut out = BytesMut::new();
    for piece in pieces {
        let mut sent = String::new();
        event(&mut sent, json!({"content": piece}), Value::Null);
        relay.push(sent.as_bytes(), scratch, &mut out);
    }
    let mut sent = String::new();
    event(&mut sent, json!({}), json!("stop"));
    sent.push_str("data: [DONE]\n\n");
    relay.push(sent.as_bytes(), scratch, &mut out);
    let stream = String::from_utf8(out.to_vec()).expect("UTF-8");
    let events = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let events = events.filter(|event| *event != "[DONE]");
    events
        .map(|event| serde_json::from_str::<Value>(event).expect("JSON"))
        .filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect()
}
