#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test stops at what it did not expect, and thresholds are what was written"
)]

use super::*;
use crate::config::load_policy;
use crate::detect::linear::{Context, Group};
use crate::domain::{Classified, ClassifierScore};
use crate::policy::compile;

const RULES: &str = "rules:
  - { id: hateful, classifier: { guard: { at_least: 0.5, labels: [hate] } }, action: review, category: hate }
  - { id: asked, classifier: { judge: { at_least: 0.7, labels: [hate] } }, action: block, category: hate, authors: [user] }
classifiers:
  guard: { kind: builtin }
  judge: { kind: http, endpoint: judge, answer: { score: /score }, labels: { bad: hate } }
overrides: [{ when: { route: strict }, set: { sensitivity: high } }]
review: { sample: { allowed: 1%, blocked: 100% } }
";
const ADAPT: &str =
    "adapt: { enabled: true, mode: on, rules: [hateful, asked], bounds: [0.4, 0.9] }\n";

fn policy(text: &str) -> Policy {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p.yaml");
    std::fs::write(&path, format!("version: 1\nname: p\n{text}")).unwrap();
    let (loaded, problems) = load_policy(root.path(), &path);
    assert!(!problems.has_errors(), "{problems:?}");
    let (policy, problems) = compile(&loaded.unwrap());
    policy.unwrap_or_else(|| unreachable!("{problems:?}"))
}

fn rules(text: &str) -> Vec<Adaptive> {
    policy(text).adapt.map(|adapt| adapt.rules.clone()).unwrap_or_default()
}

#[test]
fn nothing_moves_that_is_not_switched_on() {
    assert_eq!(policy(RULES).adapt, None);
    assert_eq!(policy(&format!("{RULES}{}", ADAPT.replace("true", "false"))).adapt, None);
    let rules = rules(&format!("{RULES}{ADAPT}"));
    let written: Vec<f64> = rules.iter().map(|one| one.written).collect();
    assert_eq!(written, [0.5, 0.7]);
}

#[test]
fn what_was_learnt_is_for_these_settings_and_labels_are_for_this_classifier() {
    let all = format!("{RULES}{ADAPT}");
    let first = |text: &str| rules(text).swap_remove(0);
    let before = first(&all);
    assert_eq!(before, first(&all.replace("action: block", "action: review")));
    for (was, is) in [
        ("at_least: 0.5", "at_least: 0.6"),
        ("bounds: [0.4", "bounds: [0.3"),
        ("mode: on", "mode: shadow"),
        ("mode: on", "mode: on, target_fpr: 1%"),
    ] {
        let after = first(&all.replace(was, is));
        assert_ne!(before.basis, after.basis, "{is}");
        assert_eq!(before.scorer, after.scorer, "{is}");
    }
    for (was, is) in
        [("0.5, labels: [hate]", "0.5, labels: [violence]"), ("review, category: hate", "review")]
    {
        let after = first(&all.replace(was, is));
        assert_ne!(
            (before.basis.as_str(), before.scorer.as_str()),
            (&*after.basis, &*after.scorer)
        );
        assert_ne!(before.scorer, after.scorer, "{is}");
    }
}

#[test]
fn a_policy_stands_at_the_thresholds_that_it_is_given_for_every_request() {
    let policy = policy(&format!("{RULES}{ADAPT}"));
    let moved = policy.with_thresholds(&|rule, one| {
        assert!([0.5, 0.7].contains(&one.written));
        (rule == "asked").then_some(0.8)
    });
    assert_eq!(&*moved.moved, &[(Arc::from("asked"), 0.8)]);
    for own in [&moved, &*moved.variants[0].policy] {
        assert_eq!(own.remotes[0].conditions[0].at_least, 0.8);
        assert_eq!(own.classifiers[0].conditions[0].at_least, AtLeast::Probability(0.5));
        assert_eq!(own.moved, moved.moved);
    }
    assert!(
        Arc::ptr_eq(&policy.rules, &moved.rules) && Arc::ptr_eq(&policy.scanner, &moved.scanner)
    );
    assert_eq!(policy.remotes[0].id, moved.remotes[0].id);
    let moved = moved.with_thresholds(&|rule, _| (rule == "hateful").then_some(0.75));
    assert_eq!(moved.remotes[0].conditions[0].at_least, 0.7);
    let guard = &moved.classifiers[0];
    assert!(guard.is_met(&guard.conditions[0], 0.75, Group::Other));
    assert!(!guard.is_met(&guard.conditions[0], 0.74, Group::Other));
    // The model is the same one.
    let text = "nothing at all";
    assert_eq!(
        guard.model.score(text, &Context::default()).all()[0].probability,
        policy.classifiers[0].model.score(text, &Context::default()).all()[0].probability
    );
}

#[test]
fn a_unit_scores_what_the_worst_of_the_texts_scores_that_a_rule_looks_at() {
    let policy = policy(&format!("{RULES}{ADAPT}"));
    let hate = policy.classifiers[0].conditions[0].label;
    let guard = |probability| ClassifierScore { classifier: 0, label: hate, probability };
    let other = ClassifierScore { classifier: 0, label: hate + 1, probability: 1.0 };
    let judge = |scores: &[f64], unavailable| Classified {
        classifier: Arc::from("judge"),
        asked: 1,
        spared: 0,
        unavailable,
        fallback: None,
        highest: None,
        scores: scores.to_vec(),
        agreement: [0; 4],
        took_us: 0,
        cached: false,
    };
    let verdict = |probability, classified| Verdict {
        scores: vec![guard(probability), other],
        classified: vec![classified],
        ..Verdict::default()
    };
    let system = verdict(0.5, judge(&[0.9], None));
    let user = verdict(0.25, judge(&[0.625], None));
    let spared = verdict(0.125, judge(&[], None));
    let silent = verdict(0.125, judge(&[], Some("timeout")));
    let scored = |verdicts: &[(Author, &Verdict)]| {
        let scored = policy.scored(Phase::Prompt, &verdicts.iter().copied());
        scored.into_iter().map(|(rule, score)| (rule.to_string(), score)).collect::<Vec<_>>()
    };
    let is = |rule: &str, score: f64| (rule.to_owned(), score);
    let both = scored(&[(Author::System, &system), (Author::User, &user)]);
    assert_eq!(both, [is("hateful", 0.5), is("asked", 0.625)]);
    assert_eq!(scored(&[(Author::User, &spared)]), [is("hateful", 0.125), is("asked", 0.0)]);
    assert_eq!(scored(&[(Author::User, &silent)]), [is("hateful", 0.125)]);
    assert_eq!(scored(&[(Author::System, &system)]), [is("hateful", 0.5)]);
}
