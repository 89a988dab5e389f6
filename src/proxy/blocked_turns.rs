//! Turns of conversations that were blocked, so that they can be left out when they come again, instead of blocking
//! each later request.
//!
//! A turn is known by a keyed hash of what its verdict hangs on: its texts, who wrote them, and the policy as the
//! request gets it. The day is not part of it: no rule becomes milder by itself.

use std::collections::BTreeSet;
use std::hash::{Hash as _, Hasher};

use super::joined::Together;
use super::remembered::{Key, Remembered};
use crate::domain::{Action, Author, Outcome, Passage, Verdict};
use crate::policy::Policy;
use crate::wire::body::Request;

/// What is remembered. It belongs to a configuration and goes with it.
#[derive(Debug, Default)]
pub struct BlockedTurns(Remembered);

impl BlockedTurns {
    /// The turns of a request that were blocked before under one of these policies.
    pub(super) fn known(&self, policies: &[&Policy], request: &Request) -> Vec<usize> {
        let was_blocked = |texts: &[&Passage]| {
            policies.iter().any(|policy| self.0.knows(self.key(policy, texts)))
        };
        let turns = request.turn_texts().into_iter();
        turns.filter(|(_, texts)| was_blocked(texts)).map(|(turn, _)| turn).collect()
    }

    /// Remembers the turns of a request that are blocked for what they say by themselves: those of users and tools.
    pub(super) fn learn(
        &self,
        policy: &Policy,
        request: &Request,
        (verdicts, together): (&[Verdict], &[Together]),
    ) {
        let blocks = |verdict: &Verdict| {
            verdict.action == Action::Block && verdict.outcome == Outcome::Screened
        };
        let own = verdicts.iter().enumerate().filter(|(_, verdict)| blocks(verdict));
        // What several turns come to together is said by none of them.
        let joined = together.iter().filter(|one| one.in_one_turn && blocks(&one.verdict));
        let passages = own.map(|(passage, _)| passage).chain(joined.map(|one| one.passage));
        let passages = passages.filter_map(|passage| request.passages().get(passage));
        let passages = passages.filter(|p| matches!(p.author, Author::User | Author::Tool));
        let blocked: BTreeSet<usize> = passages.filter_map(|passage| passage.turn).collect();
        if blocked.is_empty() {
            return;
        }
        for (_, texts) in request.turn_texts().iter().filter(|(turn, _)| blocked.contains(turn)) {
            self.0.add(self.key(policy, texts));
        }
    }

    fn key(&self, policy: &Policy, texts: &[&Passage]) -> Key {
        self.0.key(|mut hasher: &mut dyn Hasher| {
            policy.hash_variant(&mut hasher);
            policy.blocks_flagged.hash(&mut hasher);
            for Passage { author, kind, text, .. } in texts {
                (author, kind, text).hash(&mut hasher);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::engine::testing::Sketch;
    use crate::wire::dialect::Dialects;
    use crate::wire::json::JsonLimits;

    const NONE: [usize; 0] = [];

    fn policy() -> std::sync::Arc<Policy> {
        let mut sketch = Sketch::default();
        sketch.block("slurs", &["blorp"]);
        sketch.build()
    }

    fn request(turns: &[(&str, &str)]) -> Request {
        let messages: Vec<_> =
            turns.iter().map(|(role, text)| json!({"role": role, "content": text})).collect();
        let body = Bytes::from(json!({ "messages": messages }).to_string());
        Request::parse(&Dialects::fallback(), body, &JsonLimits::default(), 10).unwrap()
    }

    fn verdicts(actions: &[Action]) -> Vec<Verdict> {
        actions.iter().map(|&action| Verdict { action, ..Verdict::default() }).collect()
    }

    #[test]
    fn a_turn_is_known_by_its_texts_their_author_and_the_policy() {
        use Action::{Allow, Block, Respond};
        let (policy, other) = (policy(), policy());
        let turns = BlockedTurns::default();
        let asked = request(&[("user", "a"), ("user", "b"), ("tool", "c"), ("user", "d")]);
        turns.learn(&policy, &asked, (&verdicts(&[Allow, Block, Block, Respond]), &[]));
        assert_eq!(turns.known(&[&policy], &asked), [1, 2]);
        assert_eq!(turns.known(&[&policy], &request(&[("tool", "b"), ("user", "c")])), NONE);
        assert_eq!(turns.known(&[&policy], &request(&[("user", "x"), ("user", "b")])), [1]);
        assert_eq!(turns.known(&[&other], &asked), NONE);
        assert_eq!(turns.known(&[&policy.blocking_flagged()], &asked), NONE);
        assert_eq!(BlockedTurns::default().known(&[&policy], &asked), NONE);
    }

    #[test]
    fn turns_of_the_operator_and_of_the_model_and_what_cannot_be_read_are_not_remembered() {
        let policy = policy();
        let turns = BlockedTurns::default();
        let asked = request(&[("system", "a"), ("assistant", "b"), ("user", "c"), ("user", "d")]);
        let mut found = verdicts(&[Action::Block; 3]);
        found.push(Verdict { outcome: Outcome::Unscannable, ..found[0].clone() });
        turns.learn(&policy, &asked, (&found, &[]));
        assert_eq!(turns.known(&[&policy], &asked), [2]);
    }
}
