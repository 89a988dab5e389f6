//! What texts come to in the categories of moderation: for whoever asks for them, and for what is blocked because a
//! category applies.

use std::collections::BTreeMap;

use crate::domain::{Action, Categories, Category, FiredRule, OPENAI_CATEGORIES, Outcome, Verdict};
use crate::policy::Policy;

/// What was found in each answer of several, and under the key `None` beside them.
pub type Judgements = BTreeMap<Option<u64>, Judgement>;

/// What was found in some texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    categories: Categories,
    /// Whether there was a text.
    pub has_text: bool,
    /// Whether one of the texts could not be screened: nothing is known of it.
    pub unscreened: bool,
}

impl Judgement {
    /// Takes in the verdict on a text: the categories of what fired, whether it is enforced or only watched, for
    /// whoever asks decides what to do; and what classifiers say, whether a rule fired or not.
    pub fn note(&mut self, policy: &Policy, verdict: &Verdict) {
        self.has_text = true;
        self.unscreened |= verdict.outcome != Outcome::Screened;
        for fired in &verdict.rules {
            if let Some(category) = told_category(policy, fired) {
                let score = score(policy, verdict, fired);
                self.categories.note(category, applies(verdict, fired), score);
            }
        }
        for said in &verdict.scores {
            let classifier = policy.classifiers.get(said.classifier);
            let category = classifier.and_then(|one| one.category(said.label));
            if let Some(category) = category.filter(|category| is_told(policy, category)) {
                self.categories.note(category, false, f64::from(said.probability));
            }
        }
    }

    /// Takes in what was found in other texts.
    pub fn merge(&mut self, other: &Self) {
        self.has_text |= other.has_text;
        self.unscreened |= other.unscreened;
        self.categories.merge(&other.categories);
    }

    /// The categories.
    pub fn categories(&self) -> &Categories {
        &self.categories
    }
}

/// Whether a category applies to a text, of those that are told.
pub(super) fn flags(policy: &Policy, verdict: &Verdict) -> bool {
    let flagging =
        |fired: &FiredRule| told_category(policy, fired).is_some() && applies(verdict, fired);
    verdict.rules.iter().any(flagging)
}

/// The category of a rule, where it is one of OpenAI's or the policy tells its own too.
fn told_category<'f>(policy: &Policy, fired: &'f FiredRule) -> Option<&'f str> {
    let category = fired.category.as_ref().map(Category::as_str)?;
    is_told(policy, category).then_some(category)
}

fn is_told(policy: &Policy, category: &str) -> bool {
    policy.reveal.categories || OPENAI_CATEGORIES.contains(&category)
}

/// Whether the category of a rule that fired applies: by its action, or where it only scores by the total.
fn applies(verdict: &Verdict, fired: &FiredRule) -> bool {
    fired.action.unwrap_or(verdict.shadow_action) >= Action::Tag
}

/// What a rule with an action is sure of; a score is told as the part of the lowest threshold that it comes to.
fn score(policy: &Policy, verdict: &Verdict, fired: &FiredRule) -> f64 {
    let lowest = policy.thresholds.last().map_or(1.0, |threshold| threshold.score);
    match fired.action {
        Some(_) => probability(policy, verdict, fired).unwrap_or(1.0),
        None if lowest > 0.0 => fired.score / lowest,
        None => fired.score,
    }
}

/// The highest probability of what a rule asks classifiers for; `None` where it looks for anything else.
fn probability(policy: &Policy, verdict: &Verdict, fired: &FiredRule) -> Option<f64> {
    let (mut highest, mut alone) = (None::<f32>, true);
    policy.rules.get(fired.rule)?.matcher.visit_atoms(&mut |atom| {
        let asked = policy.asked_score(atom);
        alone &= asked.is_some();
        let said =
            verdict.scores.iter().filter(|said| asked == Some((said.classifier, said.label)));
        highest = said.map(|said| said.probability).chain(highest).reduce(f32::max);
    });
    highest.filter(|_| alone).map(f64::from)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::detect::linear::{Context, Model};
    use crate::domain::{Mode, Phase};
    use crate::engine::testing::{Sketch, in_pieces, subject};
    use crate::engine::{Scratch, screen_passage};
    use crate::policy::{AtLeast, Effect, Node, Threshold};

    /// A rule that tags, one that is only watched, one that scores, and one of a category that is not told.
    fn policy() -> Policy {
        let mut sketch = Sketch::default();
        let atom = sketch.words(&["zorp", "脏词"]);
        sketch.rule("tagged", Node::atom(atom), Effect::Act(Action::Tag));
        sketch.block("watched", &["blorp"]).mode = Mode::Shadow;
        let atom = sketch.words(&["guts", "gore"]);
        sketch.rule("gore", Node::atom(atom), Effect::Score(1.0));
        let atom = sketch.words(&["buckets"]);
        sketch.rule("much", Node::atom(atom), Effect::Score(1.0));
        sketch.redact("private", &["quux"]).category = Some(Category::new("pii"));
        sketch.thresholds = vec![Threshold { score: 2.0, action: Action::Tag }];
        Policy::clone(&sketch.build())
    }

    fn verdict(policy: &Arc<Policy>, text: &str) -> Verdict {
        screen_passage(policy, subject(Phase::Prompt), text, &mut Scratch::default())
    }

    #[test]
    fn what_is_flagged_is_blocked_where_that_is_asked_for_and_nothing_else() {
        let (plain, asked) = (Arc::new(policy()), Arc::new(policy().blocking_flagged()));
        for (text, flagged) in [
            ("a zorp", true),
            ("一个脏词", true),
            ("a blorp", true),
            ("guts and gore", false),
            ("buckets of guts", true),
            ("a quux", false),
            ("fine", false),
        ] {
            let (as_it_is, blocked) = (verdict(&plain, text), verdict(&asked, text));
            let mut judgement = Judgement::default();
            judgement.note(&plain, &as_it_is);
            assert_eq!(judgement.categories().apply(), flagged, "{text}");
            assert!(!as_it_is.action.stops(), "{text}");
            assert_eq!(blocked.action == Action::Block, flagged, "{text}");
            assert!(blocked.decided_by.is_some() || !flagged, "{text}");
        }
    }

    #[test]
    fn a_category_scores_what_a_classifier_says_and_a_rule_that_asks_it_alone_says_no_more() {
        for (text, blorp) in [("a blorp: they are vermin", "blorp"), ("他们都是害虫", "好")]
        {
            for (least, words, flagged) in
                [(1.0, false, false), (0.0, false, true), (1.0, true, text.contains("blorp"))]
            {
                let mut sketch = Sketch::default();
                let least = AtLeast::Probability(least);
                sketch.scored("hate", least, true, Effect::Act(Action::Tag)).category =
                    Some(Category::new("hate"));
                if words {
                    sketch.block("words", &[blorp]).category = Some(Category::new("hate"));
                }
                let policy = sketch.build();
                let mut judgement = Judgement::default();
                judgement.note(&policy, &verdict(&policy, text));
                let model = Model::builtin();
                let of = |name: &str| {
                    let label = model.labels().iter().position(|label| label.name == name).unwrap();
                    f64::from(model.score(text, &Context::default()).all()[label].probability)
                };
                let hate = if words && flagged { 1.0 } else { of("hate") };
                assert_eq!(judgement.categories().of("hate"), (flagged, hate), "{text}");
                assert_eq!(judgement.categories().of("violence"), (false, of("violence")));
                assert_eq!(judgement.categories().of("jailbreak"), (false, 0.0), "not told");
            }
        }
    }

    #[test]
    fn a_growing_text_stops_before_what_flags_it() {
        let asked = Arc::new(policy().blocking_flagged());
        let (sent, verdict) = in_pieces(&asked, &["all is fine, then a zo", "rp and more"]);
        assert_eq!((sent.as_str(), verdict.action), ("all is fine, then a ", Action::Block));
        let (sent, verdict) = in_pieces(&Arc::new(policy()), &["a zo", "rp and more"]);
        assert_eq!((sent.as_str(), verdict.action), ("a zorp and more", Action::Tag));
    }

    #[test]
    fn categories_of_an_operators_own_flag_where_the_policy_tells_them() {
        let mut policy = policy().blocking_flagged();
        policy.reveal.categories = true;
        assert_eq!(verdict(&Arc::new(policy), "a quux").action, Action::Block);
    }

    #[test]
    fn judgements_of_several_texts_are_taken_together() {
        let policy = Arc::new(policy());
        let (mut one, mut other) = (Judgement::default(), Judgement::default());
        one.note(&policy, &verdict(&policy, "fine"));
        other.note(&policy, &verdict(&policy, "a zorp"));
        other.unscreened = true;
        assert!(one.has_text && !one.categories().apply());
        one.merge(&other);
        assert!(one.categories().apply() && one.unscreened);
    }
}
