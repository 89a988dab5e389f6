#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

//! A rule, people who judge its texts, and a gate that follows.

use serde_json::json;

use super::{GATE, Labels, Looked, Subject};
use crate::people::acts::Reviewer;
use crate::people::review::decide;
use crate::policy::compile;
use crate::store::{Connection, Item, JudgementRow, ThresholdRow};

/// A day, in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const START: i64 = 100 * DAY;

/// The rule of a policy with these settings, at a threshold.
pub(crate) fn subject(at_least: f64, settings: &str) -> Subject {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p.yaml");
    let text = format!(
        "version: 1\nname: p\nrules:\n  - {{ id: r, classifier: {{ guard: {{ at_least: {at_least}, labels: [hate] }} }}, \
         action: review, category: hate }}\nclassifiers: {{ guard: {{ kind: builtin }} }}\n\
         review: {{ sample: {{ allowed: 10%, blocked: 100% }} }}\n\
         adapt: {{ enabled: true, rules: [r], bounds: [0.3, 0.9], step: 0.1, target_fpr: 5%, min_labels: 50, \
         reviewer_error: 0%, {settings} }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let (loaded, problems) = crate::config::load_policy(root.path(), &path);
    assert!(problems.is_empty(), "{problems:?}");
    Subject::of(&compile(&loaded.unwrap()).0.unwrap()).swap_remove(0)
}

pub(crate) fn by(name: &str, now: i64) -> Reviewer<'static> {
    let id = || uuid::Uuid::now_v7().to_string();
    Reviewer { name: name.to_owned(), now, signer: None, id }
}

/// Puts so many settled items into a store: texts with a score, harmful or not, judged in turn by these people.
pub(crate) fn settle(
    connection: &mut dyn Connection,
    (score, harmful, many): (f64, bool, usize),
    (people, at): (&[&str], i64),
) {
    for index in 0..many {
        let flagged = score >= 0.5;
        let id = uuid::Uuid::now_v7().to_string();
        let item = Item {
            id: id.clone(),
            at,
            queue: "samples".to_owned(),
            source: if flagged { "verdict" } else { "sample_allowed" }.to_owned(),
            decision: id.clone(),
            policy: "p".to_owned(),
            rule: flagged.then(|| "r".to_owned()),
            category: flagged.then(|| "hate".to_owned()),
            share: if flagged { 1.0 } else { 0.1 },
            wanted: 1,
            expires: at + 30 * DAY,
            scores: Some(json!({ "r": score }).to_string()),
            ..Item::default()
        };
        item.insert(connection).unwrap();
        let reviewer = by(people[index % people.len()], at);
        let said = if flagged == harmful { "upheld" } else { "overturned" };
        let judgement = JudgementRow {
            id: (reviewer.id)(),
            item: id.clone(),
            at,
            reviewer: reviewer.name.clone(),
            judgement: said.to_owned(),
            category: (harmful && !flagged).then(|| "hate".to_owned()),
            ..JudgementRow::default()
        };
        let act = reviewer.act("judge", &id, json!({}));
        judgement.give(connection, decide, (&act, None)).unwrap().unwrap();
    }
}

/// What labels say now, carried out.
pub(crate) fn follow(
    connection: &mut dyn Connection,
    subject: &Subject,
    (row, now): (&ThresholdRow, i64),
) -> Option<Looked> {
    let mut labels = Labels::default();
    while subject.read_labels(connection, (row, now), &mut labels).unwrap() {}
    let decision = subject.decide(row, &labels, now);
    subject.carry_out(connection, (row, &decision), &by(GATE, now)).unwrap()
}

/// Three people.
pub(crate) const THREE: &[&str] = &["ann", "bo", "cy"];

/// Benign texts above the threshold and below, and harmful ones: far too many benign ones are flagged.
pub(crate) fn too_many(connection: &mut dyn Connection, people: &[&str], at: i64) {
    settle(connection, (0.52, false, 60), (people, at));
    settle(connection, (0.2, false, 60), (people, at));
    settle(connection, (0.8, true, 30), (people, at));
}
