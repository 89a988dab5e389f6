//! Texts that are read as one: the cases of prompts split over two texts at every character, and benign lines side by
//! side, which must stay benign.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;
use serde_json::Value;
use tidegate::config::load_policy;
use tidegate::domain::{Action, Author, Phase};
use tidegate::engine::{
    JointVerdict, Meeting, Piece, Scratch, Subject, joints, mend, merge, screen_joint,
    screen_passage,
};
use tidegate::policy::{Policy, compile};

fn policy(folder: &str, file: &str) -> Arc<Policy> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let (written, problems) = load_policy(&root, &root.join(file));
    assert!(!problems.has_errors());
    Arc::new(compile(&written.unwrap()).0.unwrap())
}

fn subject() -> Subject {
    let (phase, author) = (Phase::Prompt, Author::User);
    Subject { phase, author, today: date(2026, 11, 1), streamed: false }
}

fn joined(
    policy: &Policy,
    texts: &[&str],
    meeting: Meeting,
    scratch: &mut Scratch,
) -> Vec<JointVerdict> {
    let piece = |(unit, &text): (usize, &&'static str)| Piece { text, unit };
    let texts: Vec<&'static str> = texts.iter().map(|text| &*Box::leak(Box::from(*text))).collect();
    let pieces: Vec<Piece<'_>> = texts.iter().enumerate().map(piece).collect();
    let joints = joints(&pieces);
    let screen = |joint| screen_joint(policy, subject(), (joint, meeting), scratch);
    joints.iter().filter_map(screen).collect()
}

/// What the model gets of each text.
fn mended(
    texts: &[&str],
    found: &[JointVerdict],
    own: &[Vec<tidegate::domain::Rewrite>],
) -> String {
    let one = |(index, text): (usize, &&str)| {
        let joined = found.iter().flat_map(|joint| &joint.rewrites);
        let joined = joined.filter(|(piece, _)| *piece == index).map(|(_, one)| one.clone());
        mend(text, &merge(joined.chain(own[index].clone()).collect()))
    };
    texts.iter().enumerate().map(one).collect()
}

#[test]
fn a_term_that_is_stopped_is_stopped_wherever_it_is_split_over_two_texts() {
    let policy = policy("tests/sdk", "policies/sdk.yaml");
    let mut scratch = Scratch::default();
    for line in include_str!("cases/prompts.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (name, text) = (&case["name"], case["text"].as_str().unwrap());
        let whole = screen_passage(&policy, subject(), text, &mut scratch);
        for (at, _) in text.char_indices().skip(1) {
            let texts = [&text[..at], &text[at..]];
            let own = texts.map(|text| screen_passage(&policy, subject(), text, &mut scratch));
            let found = joined(&policy, &texts, Meeting::Together, &mut scratch);
            let strictest = own.iter().chain(found.iter().map(|one| &one.verdict));
            let strictest = strictest.map(|verdict| verdict.action).max().unwrap();
            assert!(strictest >= whole.action, "{name}: {texts:?}");
            if whole.action == Action::Allow {
                assert!(found.is_empty(), "{name}: {texts:?}: {found:?}");
            }
            if whole.action == Action::Redact {
                let own = own.map(|verdict| verdict.rewrites);
                let sent = mended(&texts, &found, &own);
                let expected = case["sent"].as_str().unwrap();
                let once = |text: &str| text.replace("[PHONE][PHONE]", "[PHONE]");
                assert_eq!(once(&sent), once(expected), "{name}: {texts:?}");
            }
        }
    }
}

fn benign() -> Vec<String> {
    let lines = include_str!("../config/tests/corpora/benign.en.jsonl").lines();
    let lines = lines.chain(include_str!("../config/tests/corpora/benign.zh.jsonl").lines());
    let text =
        |line| serde_json::from_str::<Value>(line).unwrap()["text"].as_str().unwrap().to_owned();
    lines.map(text).collect()
}

#[test]
fn benign_lines_side_by_side_stay_benign() {
    let mut scratch = Scratch::default();
    let lines = benign();
    for name in ["default", "strict"] {
        let policy = policy("config", &format!("policies/{name}.yaml"));
        let (mut joined_texts, mut flagged) = (0, Vec::new());
        for step in [1, 7, 401] {
            for start in (0..lines.len()).step_by(3) {
                let nth = |nth: usize| lines[(start + nth * step) % lines.len()].as_str();
                for (length, meeting) in
                    [(8, Meeting::Crossing), (2, Meeting::Together), (4, Meeting::Together)]
                {
                    let texts: Vec<&str> = (0..length).map(nth).collect();
                    joined_texts += 1;
                    for one in joined(&policy, &texts, meeting, &mut scratch) {
                        let rules: Vec<&str> = one.verdict.rules.iter().map(|r| &*r.id).collect();
                        let what = format!("{rules:?}: {texts:?} {:?}", one.verdict.findings);
                        flagged.push(what);
                    }
                }
            }
        }
        println!("{name}: {} of {joined_texts} joined texts flagged", flagged.len());
        assert!(flagged.is_empty(), "{}", flagged.join("\n"));
    }
}
