//! Runs a policy's own tests: the same engine as in traffic, on the texts of the test file.
//!
//! A test on a completion runs as it is written and at every split; each must give the same.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use super::script::scripted;
use super::{Pseudonyms, Restorer, Scratch, Step, Subject, mend, rehearse, screen_passage};
use crate::config::test_file::{Expectation, TestCase, TestDefaults};
use crate::domain::{Action, Author, Mode, Phase, Span, Verdict};
use crate::policy::{Facts, Policy};

/// Texts up to this many bytes are tried at every split, longer ones at this many.
const MOST_SPLITS: usize = 200;

/// One way in which a test went wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// The text, shortened.
    pub text: String,
    /// What was expected, and what came: `action: expected block, got allow`.
    pub what: String,
    /// The key of `expect` that was not met.
    pub key: &'static str,
    /// What came, as `expect` would have it.
    pub came: Value,
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
    /// Those of them that are on trial: they count only where a test names them.
    on_trial: Vec<Arc<str>>,
    /// For each text what each rule added to its total.
    scores: Vec<Vec<(Arc<str>, f64)>>,
    output: String,
    released: String,
    /// What matched, with the rule.
    spans: Vec<(Arc<str>, String)>,
    /// Classifiers that gave no answer.
    unavailable: Vec<String>,
}

/// Runs one test.
pub fn run_test(
    policy: &Arc<Policy>,
    test: &TestCase,
    defaults: &TestDefaults,
    today: Date,
    scratch: &mut Scratch,
) -> TrialResult {
    let policy = for_test(policy, test, defaults);
    let mut result = TrialResult::default();
    let policy = match scripted(&policy, test.with.as_ref(), &defaults.with) {
        Ok((policy, answers)) => {
            scratch.answers = answers;
            policy
        }
        Err(name) => {
            let what = format!("with.classifiers: the policy has no classifier `{name}`");
            let text = String::new();
            result.misses.push(Miss { text, what, key: "with", came: Value::Null });
            return result;
        }
    };
    let policy = &policy;
    let phase = test.on.unwrap_or(defaults.on);
    let phase = if test.chunks.is_some() { Phase::Completion } else { phase };
    let written = test.author.unwrap_or(match (phase, test.author) {
        (Phase::Completion, None) => Author::Assistant,
        (Phase::Prompt, _) | (Phase::Completion, Some(_)) => defaults.author,
    });
    let subject = Subject { phase, author: written, today, streamed: phase == Phase::Completion };
    let mut check = |text: &str, outcome: &Outcome| {
        result.misses.extend(differences(&test.expect, outcome, text));
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
                        let came = Value::from(restored);
                        result.misses.push(Miss {
                            text: shortened(text),
                            what,
                            key: "restored",
                            came,
                        });
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

/// The policy as the request of a test gets it.
fn for_test(policy: &Arc<Policy>, test: &TestCase, defaults: &TestDefaults) -> Arc<Policy> {
    let own = test.with.as_ref().and_then(|with| with.request.as_ref());
    let Some(request) = own.or(defaults.with.request.as_ref()) else { return Arc::clone(policy) };
    let headers = || request.header.iter().flat_map(crate::config::Named::iter);
    policy.for_request(&Facts {
        route: request.route.as_deref().unwrap_or_default(),
        path: request.path.as_deref().unwrap_or_default(),
        model: request.model.as_deref().unwrap_or_default(),
        language: request.language.as_deref(),
        headers: &|wanted| {
            let named = headers().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            named.map(|(_, value)| value.as_str()).collect()
        },
    })
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
    let mut sent = String::new();
    let mut take = |step: Step| sent.push_str(&step.out);
    let verdict = rehearse(policy, subject, pieces, restorer, (scratch, &mut take));
    (sent, verdict)
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
        on_trial: Vec::new(),
        scores: Vec::new(),
        output: String::new(),
        released: String::new(),
        spans: Vec::new(),
        unavailable: Vec::new(),
    };
    for message in messages {
        let subject = Subject { author: message.who(), ..subject };
        let verdict = screen_passage(policy, subject, message.what(), scratch);
        let output = mend(message.what(), &verdict.rewrites);
        let one = outcome(policy, message.what(), &verdict, output.clone(), output);
        whole.action = whole.action.max(one.action);
        whole.scores.extend(one.scores);
        whole.rules.extend(one.rules);
        whole.on_trial.extend(one.on_trial);
        whole.spans.extend(one.spans);
        whole.unavailable.extend(one.unavailable);
        whole.output = one.output;
    }
    whole.rules.sort();
    whole.rules.dedup();
    whole.unavailable.sort();
    whole.unavailable.dedup();
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
    let on_trial = verdict.rules.iter().filter(|rule| policy.is_on_trial(rule.mode));
    let span = |span: Span| text.get(span.range()).unwrap_or_default().to_owned();
    let findings = verdict.findings.iter();
    let scores = verdict.rules.iter().map(|rule| (Arc::clone(&rule.id), rule.score));
    Outcome {
        action: effective(policy, verdict),
        rules,
        on_trial: on_trial.map(|rule| Arc::clone(&rule.id)).collect(),
        scores: vec![scores.collect()],
        output,
        released,
        spans: findings.map(|one| (Arc::clone(&one.rule_id), span(one.span))).collect(),
        unavailable: unavailable(verdict),
    }
}

fn unavailable(verdict: &Verdict) -> Vec<String> {
    let silent = verdict.classified.iter().filter(|one| one.unavailable.is_some());
    let mut names: Vec<String> = silent.map(|one| one.classifier.to_string()).collect();
    names.sort();
    names
}

/// What was decided, or would have been, had the policy been in force.
fn effective(policy: &Policy, verdict: &Verdict) -> Action {
    if policy.mode == Mode::Shadow { verdict.shadow_action } else { verdict.action }
}

/// Enough of a text to know it by.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn differences(expect: &Expectation, outcome: &Outcome, text: &str) -> Vec<Miss> {
    let mut misses = Vec::new();
    let mut differ = |key: &'static str, expected: String, came: String, value: Value| {
        if expected != came {
            let what = format!("{key}: expected {expected}, got {came}");
            misses.push(Miss { text: shortened(text), what, key, came: value });
        }
    };
    if let Some(action) = expect.action {
        let came = outcome.action.to_string();
        differ("action", action.to_string(), came.clone(), Value::from(came));
    }
    let named = |id: &str| expect.rules.iter().flatten().any(|named| *named == id);
    let counts = |id: &Arc<str>| named(id) || !outcome.on_trial.contains(id);
    if let Some(rules) = &expect.rules {
        let mut rules = rules.clone();
        rules.sort();
        let came = outcome.rules.iter().filter(|id| counts(id));
        let came: Vec<&str> = came.map(|id| &**id).collect();
        let listed = |ids: &str| format!("[{ids}]");
        differ("rules", listed(&rules.join(", ")), listed(&came.join(", ")), Value::from(came));
    }
    if let Some(score) = expect.score {
        let totals = outcome.scores.iter().map(|scores| {
            let counted = scores.iter().filter(|(id, _)| counts(id));
            counted.fold(0.0, |total, (_, score)| total + score)
        });
        let came = totals.fold(0.0, f64::max);
        differ("score", score.to_string(), came.to_string(), Value::from(came));
    }
    for (key, expected, came) in [
        ("output", &expect.output, &outcome.output),
        ("released", &expect.released, &outcome.released),
    ] {
        if let Some(expected) = expected {
            differ(key, format!("`{expected}`"), format!("`{came}`"), Value::from(came.as_str()));
        }
    }
    if let Some(expected) = &expect.unavailable {
        let mut expected = expected.clone();
        expected.sort();
        let came = outcome.unavailable.join(", ");
        let value = Value::from(outcome.unavailable.clone());
        differ("unavailable", format!("[{}]", expected.join(", ")), format!("[{came}]"), value);
    }
    if let Some(spans) = &expect.spans {
        let came = outcome.spans.iter().filter(|(id, _)| counts(id));
        let came: Vec<&str> = came.map(|(_, span)| span.as_str()).collect();
        differ("spans", format!("{spans:?}"), format!("{came:?}"), Value::from(came));
    }
    misses
}
