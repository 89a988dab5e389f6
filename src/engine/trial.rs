//! Runs a policy's own tests: the same engine as in traffic, on the texts of the test file.
//!
//! A test on a completion runs as it is written and at every split; each must give the same.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Pseudonyms, Restorer, Scratch, Screen, Subject, mend, merge, screen_passage};
use crate::config::test_file::{Expectation, TestCase, TestDefaults};
use crate::domain::{Action, Author, Mode, Phase, Rewrite, Span, Verdict};
use crate::policy::Policy;

/// Texts up to this many bytes are tried at every split, longer ones at this many.
const MOST_SPLITS: usize = 200;

/// One way in which a test went wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// The text, shortened.
    pub text: String,
    /// What was expected, and what came: `action: expected block, got allow`.
    pub what: String,
}

/// How one test went.
#[derive(Clone, Debug, Default)]
pub struct TrialResult {
    /// What went wrong; nothing if it passed.
    pub misses: Vec<Miss>,
    /// Ids of the rules that fired in it.
    pub fired: Vec<Arc<str>>,
}

/// What came of a text.
struct Outcome {
    action: Action,
    rules: Vec<Arc<str>>,
    score: f64,
    output: String,
    released: String,
    spans: Vec<String>,
}

/// Runs one test.
pub fn run_test(
    policy: &Arc<Policy>,
    test: &TestCase,
    defaults: &TestDefaults,
    today: Date,
    scratch: &mut Scratch,
) -> TrialResult {
    let phase = test.on.unwrap_or(defaults.on);
    let phase = if test.chunks.is_some() { Phase::Completion } else { phase };
    let written = test.author.unwrap_or(match (phase, test.author) {
        (Phase::Completion, None) => Author::Assistant,
        (Phase::Prompt, _) | (Phase::Completion, Some(_)) => defaults.author,
    });
    let subject = Subject { phase, author: written, today, streamed: phase == Phase::Completion };
    let mut result = TrialResult::default();
    let mut check = |text: &str, outcome: &Outcome| {
        for what in differences(&test.expect, outcome) {
            result.misses.push(Miss { text: text.chars().take(80).collect(), what });
        }
        result.fired.extend(outcome.rules.iter().cloned());
    };
    if let Some(messages) = &test.messages {
        let outcome = conversation(policy, subject, messages, scratch);
        check("(messages)", &outcome);
        return result;
    }
    if let Some(chunks) = &test.chunks {
        let pieces: Vec<&str> = chunks.iter().map(String::as_str).collect();
        check(&pieces.concat(), &completion(policy, subject, &pieces, scratch));
        every_split(policy, subject, &pieces.concat(), scratch, &mut check);
        return result;
    }
    for text in test.text.iter().chain(test.each.iter().flatten()) {
        match phase {
            Phase::Prompt => {
                let (outcome, restorer) = prompt(policy, subject, text, scratch);
                check(text, &outcome);
                if let Some(answer) = &test.answer {
                    let pieces: Vec<&str> = answer.iter().map(String::as_str).collect();
                    let restored = restore(policy, subject, &pieces, restorer, scratch);
                    let expected = test.expect.restored.as_deref();
                    if let Some(expected) = expected.filter(|expected| *expected != restored) {
                        let what = format!("restored: expected `{expected}`, got `{restored}`");
                        result.misses.push(Miss { text: text.clone(), what });
                        return result;
                    }
                }
            }
            Phase::Completion => {
                check(text, &completion(policy, subject, &[text], scratch));
                every_split(policy, subject, text, scratch, &mut check);
            }
        }
    }
    result
}

/// What a policy says to one text, for budgets: whether any rule or threshold acts on it.
pub fn is_flagged(policy: &Arc<Policy>, text: &str, today: Date, scratch: &mut Scratch) -> bool {
    let subject = Subject { phase: Phase::Prompt, author: Author::User, today, streamed: false };
    effective(policy, &screen_passage(policy, subject, text, scratch)) > Action::Tag
}

fn every_split(
    policy: &Arc<Policy>,
    subject: Subject,
    text: &str,
    scratch: &mut Scratch,
    check: &mut dyn FnMut(&str, &Outcome),
) {
    let borders = text.char_indices().map(|(at, _)| at).filter(|&at| at > 0);
    let step = text.len() / MOST_SPLITS + 1;
    for at in borders.step_by(step) {
        let (head, tail) = text.split_at(at);
        check(text, &completion(policy, subject, &[head, tail], scratch));
    }
    let letters: Vec<&str> = text.split("").filter(|piece| !piece.is_empty()).collect();
    check(text, &completion(policy, subject, &letters, scratch));
}

fn prompt(
    policy: &Arc<Policy>,
    subject: Subject,
    text: &str,
    scratch: &mut Scratch,
) -> (Outcome, Option<Arc<Restorer>>) {
    let mut verdict = screen_passage(policy, subject, text, scratch);
    let mut pseudonyms = Pseudonyms::default();
    pseudonyms.assign(text, &mut verdict.rewrites);
    let output = mend(text, &verdict.rewrites);
    let outcome = outcome(policy, text, &verdict, output.clone(), output);
    (outcome, pseudonyms.restorer().map(Arc::new))
}

fn completion(
    policy: &Arc<Policy>,
    subject: Subject,
    pieces: &[&str],
    scratch: &mut Scratch,
) -> Outcome {
    let (sent, verdict) = relay(policy, subject, pieces, None, scratch);
    outcome(policy, &pieces.concat(), &verdict, sent.clone(), sent)
}

fn restore(
    policy: &Arc<Policy>,
    subject: Subject,
    pieces: &[&str],
    restorer: Option<Arc<Restorer>>,
    scratch: &mut Scratch,
) -> String {
    let subject =
        Subject { phase: Phase::Completion, author: Author::Assistant, streamed: true, ..subject };
    relay(policy, subject, pieces, restorer, scratch).0
}

/// What a client gets of a completion that arrives in these pieces.
fn relay(
    policy: &Arc<Policy>,
    subject: Subject,
    pieces: &[&str],
    restorer: Option<Arc<Restorer>>,
    scratch: &mut Scratch,
) -> (String, Verdict) {
    let mut screen = Screen::new(Arc::clone(policy), subject, restorer);
    let (mut text, mut sent, mut upto) = (String::new(), String::new(), 0);
    for (index, piece) in pieces.iter().enumerate() {
        text.push_str(piece);
        let progress = if index + 1 == pieces.len() {
            screen.push_last(piece, scratch)
        } else {
            screen.push(piece, scratch)
        };
        let shifted: Vec<Rewrite> = progress
            .rewrites
            .into_iter()
            .map(|one| Rewrite {
                span: Span::new(one.span.start - upto, one.span.end - upto),
                ..one
            })
            .collect();
        let part = text.get(upto..progress.decided).unwrap_or_default();
        sent.push_str(&mend(part, &merge(shifted)));
        upto = progress.decided;
        if progress.stop.is_some() {
            break;
        }
    }
    (sent, screen.finish())
}

fn conversation(
    policy: &Arc<Policy>,
    subject: Subject,
    messages: &[crate::config::test_file::TestMessage],
    scratch: &mut Scratch,
) -> Outcome {
    let mut whole = Outcome {
        action: Action::Allow,
        rules: Vec::new(),
        score: 0.0,
        output: String::new(),
        released: String::new(),
        spans: Vec::new(),
    };
    for message in messages {
        let subject = Subject { author: message.who(), ..subject };
        let verdict = screen_passage(policy, subject, message.what(), scratch);
        let output = mend(message.what(), &verdict.rewrites);
        let one = outcome(policy, message.what(), &verdict, output.clone(), output);
        whole.action = whole.action.max(one.action);
        whole.score = whole.score.max(one.score);
        whole.rules.extend(one.rules);
        whole.spans.extend(one.spans);
        whole.output = one.output;
    }
    whole.rules.sort();
    whole.rules.dedup();
    whole
}

fn outcome(
    policy: &Policy,
    text: &str,
    verdict: &Verdict,
    output: String,
    released: String,
) -> Outcome {
    let mut rules: Vec<Arc<str>> = verdict.rules.iter().map(|rule| Arc::clone(&rule.id)).collect();
    rules.sort();
    let span = |span: Span| text.get(span.range()).unwrap_or_default().to_owned();
    Outcome {
        action: effective(policy, verdict),
        rules,
        score: verdict.rules.iter().map(|rule| rule.score).sum(),
        output,
        released,
        spans: verdict.findings.iter().map(|finding| span(finding.span)).collect(),
    }
}

/// What was decided, or would have been, had the policy been in force.
fn effective(policy: &Policy, verdict: &Verdict) -> Action {
    if policy.mode == Mode::Shadow { verdict.shadow_action } else { verdict.action }
}

fn differences(expect: &Expectation, outcome: &Outcome) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: String, came: String| {
        if expected != came {
            differences.push(format!("{what}: expected {expected}, got {came}"));
        }
    };
    if let Some(action) = expect.action {
        differ("action", action.to_string(), outcome.action.to_string());
    }
    if let Some(rules) = &expect.rules {
        let mut rules = rules.clone();
        rules.sort();
        differ(
            "rules",
            format!("[{}]", rules.join(", ")),
            format!("[{}]", outcome.rules.join(", ")),
        );
    }
    if let Some(score) = expect.score {
        differ("score", score.to_string(), outcome.score.to_string());
    }
    if let Some(output) = &expect.output {
        differ("output", format!("`{output}`"), format!("`{}`", outcome.output));
    }
    if let Some(released) = &expect.released {
        differ("released", format!("`{released}`"), format!("`{}`", outcome.released));
    }
    if let Some(spans) = &expect.spans {
        differ("spans", format!("{spans:?}"), format!("{:?}", outcome.spans));
    }
    differences
}
