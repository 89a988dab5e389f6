//! Decisions that people can speak of later: each goes to the store, with what of it somebody is to look at.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::account::{Account, Unit};
use crate::audit::{Signer, digest};
use crate::domain::{Action, Author, KeptText, Phase};
use crate::people::duplicates::ExactKey;
use crate::policy::{Policy, ReviewRules};
use crate::store::{Item, KeptDecision, Store};
use crate::telemetry::{DecisionRecord, Metrics};

/// The name of the store where lost records are counted.
const SINK: &str = "store";
/// Headers in which clients say who they are, the first that is there.
const CREDENTIALS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
/// Hexadecimal digits of a digest that tell callers apart.
const CALLER: usize = 32;

/// What is kept of decisions, and where.
#[derive(Debug)]
pub struct Shelf {
    /// The store.
    pub store: Store,
    /// The most that is kept of texts.
    pub text: KeptText,
    /// How long decisions and feedback stay, in milliseconds.
    pub retain: i64,
    /// Whether nothing is answered while the store is away.
    pub required: bool,
    /// The most opinions that one caller gives in a minute.
    pub feedback: u32,
}

/// Whoever asks, as the store knows them: a digest of their key, empty where they send none.
pub(super) fn caller(headers: &HeaderMap) -> String {
    let sent = CREDENTIALS.iter().find_map(|name| headers.get(*name));
    sent.map_or_else(String::new, |sent| {
        let hidden = digest(&[b"caller\0", sent.as_bytes()].concat());
        hidden.chars().take(CALLER).collect()
    })
}

impl Shelf {
    /// Whether nothing may be answered now.
    pub(super) fn refuses(&self) -> bool {
        self.required && self.store.state().away.is_some()
    }

    /// Keeps a decision. Whether that went well, where it has to.
    pub(super) fn keep(
        &self,
        account: &Account,
        unit: &Unit<'_>,
        (record, would_be): (&DecisionRecord, Action),
    ) -> bool {
        let at = account.telemetry.clock.now().as_millisecond();
        let (kept, mut record) = account.with_texts(unit, record.clone(), self.text);
        let passages = std::mem::take(&mut record.passages);
        let texts = (!passages.is_empty()).then(|| serde_json::to_string(&passages).ok()).flatten();
        let deciding = record.rules.first();
        let review = unit.policy.review;
        let mut decision = KeptDecision {
            id: record.decision_id.clone(),
            at,
            caller: account.caller.clone(),
            request: record.request_id.clone(),
            route: record.route.to_string(),
            policy: record.policy.to_string(),
            revision: record.policy_revision.to_string(),
            phase: record.phase.to_owned(),
            action: record.action.to_owned(),
            would_be: record.would_be.to_owned(),
            enforced: record.enforced,
            rule: deciding.map(|rule| rule.id.to_string()),
            category: deciding.and_then(|rule| rule.category.clone()),
            score: record.score,
            model: record.model.clone(),
            record: serde_json::to_string(&record).unwrap_or_default(),
            texts,
            kin: kin_of(account, unit, kept),
            weight: would_be as i64 * 2 + i64::from(record.enforced),
            expires: at.saturating_add(self.retain),
            item: None,
        };
        let draws = account.decision(unit.phase).draws();
        if let Some((queue, source, share)) = wanted(would_be, review, draws[0]) {
            let stays = i64::try_from(review.retain.as_millis()).unwrap_or(i64::MAX);
            let expires = at.saturating_add(stays);
            decision.expires = decision.expires.max(expires);
            decision.item = Some(Item {
                id: Uuid::now_v7().to_string(),
                at,
                queue: queue.to_owned(),
                source: source.to_owned(),
                decision: decision.id.clone(),
                policy: decision.policy.clone(),
                rule: decision.rule.clone(),
                category: decision.category.clone(),
                score: decision.score,
                share,
                kin: decision.kin.clone(),
                wanted: if draws[1] < review.twice { 2 } else { 1 },
                expires,
                scores: scores_of(unit),
            });
        }
        self.store.keep(decision) || !self.required
    }

    /// Whether what of a unit passes is put before people, and what it scored has to be known for thresholds that move, so that
    /// every text of it has to be looked at again.
    pub(super) fn wants_scores(account: &Account, policy: &Policy, phase: Phase) -> bool {
        policy.adapt.is_some()
            && account.shelf.is_some()
            && account.decision(phase).draws()[0] < policy.review.allowed
    }

    /// Has the series of the store from the start.
    pub(super) fn announce(metrics: &Metrics) {
        metrics.records_lost(SINK, 0);
    }
}

/// What a unit scored for rules whose thresholds may move, as a JSON object.
fn scores_of(unit: &Unit<'_>) -> Option<String> {
    let verdicts = unit.verdicts.iter().map(|(_, author, verdict)| {
        // Whoever is not known may be anybody.
        (Author::of(author).unwrap_or(Author::Unknown), verdict)
    });
    let scored = unit.policy.scored(unit.phase, &verdicts);
    let scores: Map<String, Value> =
        scored.into_iter().map(|(rule, score)| (rule.to_string(), score.into())).collect();
    (!scores.is_empty()).then(|| Value::Object(scores).to_string())
}

/// What the last text of a unit has in common with others, where texts are kept at all.
fn kin_of(account: &Account, unit: &Unit<'_>, kept: KeptText) -> String {
    let signer = account.telemetry.records.signer().map(Arc::as_ref);
    let text = unit.texts.last().and_then(|text| text.whole());
    let text = text.filter(|_| kept >= KeptText::Hashed);
    text.map_or_else(String::new, |(_, text)| kin(text, signer))
}

/// What texts have in common that differ in nothing that matters; a key makes it tell nothing about them.
fn kin(text: &str, signer: Option<&Signer>) -> String {
    let key = ExactKey::of(text).to_string();
    signer.map_or_else(|| key.clone(), |signer| signer.digest(&key))
}

/// Whether somebody is to look at a decision: the queue, what brings it there, and how likely that was.
fn wanted(
    would_be: Action,
    review: ReviewRules,
    draw: f64,
) -> Option<(&'static str, &'static str, f64)> {
    let (source, share) = match would_be {
        Action::Review => return Some(("verdicts", "verdict", 1.0)),
        Action::Respond | Action::Block => ("sample_blocked", review.blocked),
        Action::Allow | Action::Tag | Action::Redact => ("sample_allowed", review.allowed),
    };
    (draw < share).then_some(("samples", source, share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_apart_by_their_key_which_does_not_show() {
        let of = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static(value));
            caller(&headers)
        };
        let alice = of("authorization", "Bearer sk-alice");
        assert_eq!(alice, of("authorization", "Bearer sk-alice"));
        assert_ne!(alice, of("authorization", "Bearer sk-bob"));
        assert_eq!(alice.len(), CALLER);
        assert!(!alice.contains("alice"));
        assert_eq!(of("accept", "*/*"), "");
    }

    #[test]
    fn of_what_is_stopped_or_passes_the_share_that_was_asked_for_is_looked_at() {
        let (allowed, blocked) = (0.1, 1.0);
        let retain = std::time::Duration::ZERO;
        let rules = ReviewRules { allowed, blocked, twice: 0.0, retain };
        assert_eq!(wanted(Action::Allow, rules, 0.2), None);
        assert_eq!(wanted(Action::Redact, rules, 0.05), Some(("samples", "sample_allowed", 0.1)));
        assert_eq!(wanted(Action::Block, rules, 0.999), Some(("samples", "sample_blocked", 1.0)));
        assert_eq!(wanted(Action::Review, rules, 0.999), Some(("verdicts", "verdict", 1.0)));
    }
}
