//! T16: ordinary text passes as it is.

use std::sync::Arc;

use tidegate::engine::Scratch;
use tidegate::policy::Policy;

use crate::benign::{both_ways, documents, false_alarms, prompts};
use crate::gate::{policy, shipped};
use crate::report::Ordinary;

/// The policies that ordinary text is tried with.
fn policies() -> [(&'static str, &'static Arc<Policy>); 2] {
    [("these terms", policy()), ("the shipped policy", shipped())]
}

/// False alarms in documents, with the bytes that were read.
fn in_documents(policy: &Arc<Policy>) -> (usize, Vec<String>) {
    let mut scratch = Scratch::default();
    let (mut bytes, mut found) = (0, Vec::new());
    for one in documents() {
        bytes += one.text.len();
        for alarm in false_alarms(policy, &one.text, &mut scratch) {
            let said = &one.text[alarm.span.start..alarm.span.end];
            found.push(format!("{}: {} in {said:?} by {}", one.file, alarm.matched, alarm.view));
        }
    }
    (bytes, found)
}

/// Prompts with a false alarm, with how many there were.
fn in_prompts(policy: &Arc<Policy>) -> (usize, Vec<String>) {
    let mut scratch = Scratch::default();
    let all = prompts();
    let mut found = Vec::new();
    for text in &all {
        if let Some(alarm) = false_alarms(policy, text, &mut scratch).first() {
            found.push(format!("{} in {text:?} by {}", alarm.matched, alarm.view));
        }
    }
    (all.len(), found)
}

/// What `docs/evasion.md` says of ordinary text.
pub(crate) fn measure() -> Vec<Ordinary> {
    let mut made = Vec::new();
    for (what_documents, what_prompts, policy) in [
        ("documents, terms of this test", "prompts, terms of this test", policy()),
        ("documents, shipped policy", "prompts, shipped policy", shipped()),
    ] {
        let (bytes, found) = in_documents(policy);
        made.push(Ordinary {
            what: what_documents,
            size: format!("{} kB", bytes / 1000),
            found: found.len(),
        });
        let (count, found) = in_prompts(policy);
        made.push(Ordinary {
            what: what_prompts,
            size: format!("{count} texts"),
            found: found.len(),
        });
    }
    made
}

#[test]
fn t16_in_ordinary_documents_one_false_alarm_is_allowed_in_100_kilobytes() {
    for (name, policy) in policies() {
        let (bytes, found) = in_documents(policy);
        assert!(bytes >= 200_000, "{bytes} bytes are too few");
        assert!(found.len() * 100_000 <= bytes, "{name}, {bytes} bytes:\n{}", found.join("\n"));
    }
}

#[test]
fn t16_of_ordinary_prompts_three_in_a_thousand_may_be_false_alarms() {
    for (name, policy) in policies() {
        let (count, found) = in_prompts(policy);
        assert!(found.len() * 1000 <= count * 3, "{name}, {count} prompts:\n{}", found.join("\n"));
    }
}

#[test]
fn t16_ordinary_text_comes_out_byte_for_byte_whole_and_streamed() {
    let mut scratch = Scratch::default();
    for one in documents() {
        let (whole, streamed) = both_ways(policy(), &one.text, &mut scratch);
        assert_eq!(whole, streamed, "{}: both ways say the same", one.file);
        if false_alarms(policy(), &one.text, &mut scratch).is_empty() && !says_a_term(&one.text) {
            assert_eq!(whole, one.text, "{}", one.file);
        }
    }
}

/// Whether a text plainly says a term of ours (`kill -9`).
fn says_a_term(text: &str) -> bool {
    let text = text.to_lowercase();
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let says = |term: &&str| {
        text.match_indices(*term).any(|(at, _)| {
            let (before, after) =
                (text[..at].chars().last(), text[at + term.len()..].chars().next());
            !term.is_ascii() || !(is_part(before) || is_part(after))
        })
    };
    crate::terms::ENGLISH.iter().chain(crate::terms::CHINESE).any(says)
}
