//! Who is measured.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use thread_local::ThreadLocal;

use super::data::{ANY, Scores, canonical};
use crate::detect::linear::{Context, Model, Preset};
use crate::detect::onnx::{Head, Onnx, Threads};
use crate::domain::{Action, Author, Category, FiredRule, Mode, Outcome, Phase, Verdict};
use crate::engine::{Inquire, Scratch, Subject, screen_asking};
use crate::policy::Policy;

/// Categories that say nothing about harm, so that [`ANY`] leaves them out.
pub const APART: [&str; 2] = ["personal-data", "secrets"];

/// Says of texts which categories apply. Several threads ask at once.
pub trait Judge: Sync {
    /// Its name for people, with its revision.
    fn name(&self) -> String;

    /// Whether its scores are meant as probabilities.
    fn gives_probabilities(&self) -> bool;

    /// Judges one text. What it could not judge is [`Prediction::unscreened`], never a text without categories.
    fn judge(&self, question: Question<'_>) -> Prediction;
}

/// What a judge is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The text.
    pub text: &'a str,
    /// Which way it travels.
    pub phase: Phase,
    /// Scores that its row has from elsewhere, by category.
    pub scores: &'a Scores,
}

/// What a judge says of one category.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Call {
    /// Whether it applies.
    pub selected: bool,
    /// How strongly; what is not noted has 0.
    pub score: f64,
}

/// What a judge says of one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    calls: BTreeMap<String, Call>,
    /// Whether the judge gave no answer: the text counts neither as clean nor as anything else.
    pub unscreened: bool,
    /// What the judge went by, such as ids of rules.
    pub reasons: Vec<Arc<str>>,
}

// === impl Prediction ===

impl Prediction {
    /// The prediction of a judge that has none.
    pub fn unscreened() -> Self {
        Self { unscreened: true, ..Self::default() }
    }

    /// Notes a category; of several calls for one the strongest counts. It counts for what it is a part of too:
    /// `violence/graphic` for `violence`, and everything that is not [`APART`] for [`ANY`]. A score that is no
    /// number is no answer.
    pub fn note(&mut self, category: &str, call: Call) {
        if !call.score.is_finite() {
            self.unscreened = true;
            return;
        }
        let category = canonical(category);
        let whole = category.split('/').next().unwrap_or_default();
        let any = (!APART.contains(&whole)).then_some(ANY);
        let parent = (whole != category).then_some(whole);
        for name in [Some(category.as_str()), parent, any].into_iter().flatten() {
            let known = self.calls.entry(name.to_owned()).or_default();
            known.selected |= call.selected;
            known.score = known.score.max(call.score);
        }
    }

    /// What is said of a category.
    pub fn of(&self, category: &str) -> Call {
        self.calls.get(category).copied().unwrap_or_default()
    }

    /// Every category that is noted.
    pub fn calls(&self) -> impl Iterator<Item = (&str, Call)> {
        self.calls.iter().map(|(category, call)| (category.as_str(), *call))
    }

    /// The categories that apply.
    pub fn selected(&self) -> Vec<&str> {
        let selected = self.calls.iter().filter(|(_, call)| call.selected);
        selected.map(|(category, _)| category.as_str()).collect()
    }
}

/// A policy as a judge: a category applies where one of its rules fired with an action that is strict enough, or where
/// one added to a total that comes to such an action.
#[derive(Debug)]
pub struct PolicyJudge {
    policy: Arc<Policy>,
    at_least: Action,
    today: Date,
    /// The total that comes to an action that is strict enough.
    bar: Option<f64>,
    /// Who answers for classifiers.
    whom: Option<Arc<dyn Inquire>>,
    scratch: ThreadLocal<RefCell<Scratch>>,
}

// === impl PolicyJudge ===

impl PolicyJudge {
    /// Judges by a policy as it is on a day. Actions milder than `at_least` count as none.
    pub fn new(policy: Arc<Policy>, at_least: Action, today: Date) -> Self {
        let enough = policy.thresholds.iter().filter(|threshold| threshold.action >= at_least);
        let bar = enough.map(|threshold| threshold.score).reduce(f64::min);
        Self { policy, at_least, today, bar, whom: None, scratch: ThreadLocal::new() }
    }

    /// The same, with somebody who answers for the classifiers that the policy asks.
    #[must_use]
    pub fn asking(self, whom: Option<Arc<dyn Inquire>>) -> Self {
        Self { whom, ..self }
    }

    /// Rules that count: those in force, or all where the whole policy is only watched.
    fn counts(&self, fired: &FiredRule) -> bool {
        fired.mode == Mode::Enforce || self.policy.mode == Mode::Shadow
    }

    fn prediction(&self, verdict: &Verdict) -> Prediction {
        let mut prediction = Prediction {
            unscreened: verdict.outcome != Outcome::Screened,
            ..Prediction::default()
        };
        let counted = || verdict.rules.iter().filter(|fired| self.counts(fired));
        let total = counted().fold(0.0, |total, fired| total + fired.score);
        for fired in counted() {
            prediction.reasons.push(Arc::clone(&fired.id));
            let Some(category) = fired.category.as_ref().map(Category::as_str) else { continue };
            prediction.note(category, self.call(fired, total));
        }
        prediction
    }

    /// A rule that acts calls fully or not at all; one that scores by the part of the bar that the total comes to.
    fn call(&self, fired: &FiredRule, total: f64) -> Call {
        let (selected, score) = match (fired.action, self.bar) {
            (Some(action), _) => {
                let selected = action >= self.at_least;
                (selected, f64::from(u8::from(selected)))
            }
            (None, Some(bar)) if bar > 0.0 => (total >= bar, (total / bar).clamp(0.0, 1.0)),
            (None, Some(_)) => (true, 1.0),
            (None, None) => (false, 0.0),
        };
        Call { selected, score }
    }
}

impl Judge for PolicyJudge {
    fn name(&self) -> String {
        format!("{}@{}", self.policy.name, self.policy.revision)
    }

    fn gives_probabilities(&self) -> bool {
        false
    }

    fn judge(&self, question: Question<'_>) -> Prediction {
        let Question { text, phase, .. } = question;
        let author = match phase {
            Phase::Prompt => Author::User,
            Phase::Completion => Author::Assistant,
        };
        let subject = Subject { phase, author, today: self.today, streamed: false };
        let scratch = self.scratch.get_or_default();
        let (scratch, whom) = (&mut scratch.borrow_mut(), self.whom.as_deref());
        let verdict = screen_asking((&self.policy, subject), text, scratch, whom);
        self.prediction(&verdict)
    }
}

/// A linear model as a judge: a category applies from its threshold of a preset on.
#[derive(Clone, Debug)]
pub struct ModelJudge {
    /// The model.
    pub model: Model,
    /// Whose thresholds.
    pub preset: Preset,
}

impl Judge for ModelJudge {
    fn name(&self) -> String {
        format!("{}@{}, {}", self.model.card().name, self.model.revision(), self.preset.name())
    }

    fn gives_probabilities(&self) -> bool {
        true
    }

    fn judge(&self, question: Question<'_>) -> Prediction {
        let from_model = question.phase == Phase::Completion;
        let scores = self.model.score(question.text, &Context { from_model, ..Context::default() });
        let mut prediction = Prediction::default();
        for (lane, (label, score)) in self.model.labels().iter().zip(scores.all()).enumerate() {
            let least = self.model.threshold(lane, self.preset, scores.group);
            let selected = least.is_some_and(|least| score.probability >= least);
            prediction.note(&label.name, Call { selected, score: f64::from(score.probability) });
        }
        prediction
    }
}

/// A transformer with a head as a judge: a category applies from its threshold of a preset on.
#[derive(Debug)]
pub struct HeadJudge {
    /// The encoder with its head.
    pub model: Onnx,
    /// What it runs on.
    pub threads: Threads,
    /// Whose thresholds.
    pub preset: Preset,
}

impl Judge for HeadJudge {
    fn name(&self) -> String {
        let name = |head: &Head| format!("{}@{}", head.header().card.name, head.revision());
        let name = self.model.head().map_or_else(|| "a transformer".to_owned(), name);
        format!("{name}, {}", self.preset.name())
    }

    fn gives_probabilities(&self) -> bool {
        true
    }

    fn judge(&self, question: Question<'_>) -> Prediction {
        let scores = self.model.scores(question.text, &self.threads);
        let (Ok(scores), Some(head)) = (scores, self.model.head()) else {
            return Prediction::unscreened();
        };
        let mut prediction = Prediction::default();
        for (lane, (label, score)) in head.header().labels.iter().zip(scores).enumerate() {
            let least = self.model.threshold(lane, self.preset, question.text);
            let selected = least.is_some_and(|least| score >= least);
            prediction.note(&label.name, Call { selected, score: f64::from(score) });
        }
        prediction
    }
}

/// Scores that stand in the data, such as those of another model: a category applies from a threshold on.
#[derive(Clone, Copy, Debug)]
pub struct RecordedJudge {
    /// The threshold.
    pub threshold: f64,
}

impl Judge for RecordedJudge {
    fn name(&self) -> String {
        format!("scores of the data, from {} on", self.threshold)
    }

    fn gives_probabilities(&self) -> bool {
        true
    }

    fn judge(&self, question: Question<'_>) -> Prediction {
        if question.scores.is_empty() {
            return Prediction::unscreened();
        }
        let mut prediction = Prediction::default();
        let call = |score: f64| Call { selected: score >= self.threshold, score };
        for (category, score) in question.scores {
            prediction.note(category, call(*score));
        }
        // What has a score of its own has no other.
        for (category, score) in question.scores {
            prediction.calls.insert(category.clone(), call(*score));
        }
        prediction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::Sketch;
    use crate::policy::{Effect, Node, Threshold};
    use jiff::civil::date;

    fn sketch() -> Sketch {
        let mut sketch = Sketch::default();
        sketch.block("threats", &["zorp"]).category = Some(Category::new("violence/graphic"));
        sketch.redact("private", &["quux"]).category = Some(Category::new("personal-data"));
        let atom = sketch.words(&["darn"]);
        sketch.rule("rude", Node::atom(atom), Effect::Score(1.0));
        let atom = sketch.words(&["heck"]);
        sketch.rule("ruder", Node::atom(atom), Effect::Score(3.0));
        sketch.thresholds = vec![
            Threshold { score: 4.0, action: Action::Block },
            Threshold { score: 2.0, action: Action::Tag },
        ];
        sketch
    }

    fn policy(mode: Mode) -> Arc<Policy> {
        let mut policy = Policy::clone(&sketch().build());
        policy.mode = mode;
        Arc::new(policy)
    }

    static NO_SCORES: Scores = Scores::new();

    fn ask(text: &str) -> Question<'_> {
        Question { text, phase: Phase::Prompt, scores: &NO_SCORES }
    }

    fn judge(mode: Mode, at_least: Action, text: &str) -> Prediction {
        PolicyJudge::new(policy(mode), at_least, date(2026, 11, 1)).judge(ask(text))
    }

    #[test]
    fn a_rule_counts_for_its_category_for_the_whole_of_it_and_for_any() {
        let said = judge(Mode::Enforce, Action::Tag, "a zorp");
        assert_eq!(said.selected(), ["any", "violence", "violence/graphic"]);
        assert_eq!(said.of("violence"), Call { selected: true, score: 1.0 });
        assert_eq!(said.of("hate"), Call::default());
        assert_eq!(said.reasons, [Arc::from("threats")]);
        // Private data is found and is no harm.
        assert_eq!(judge(Mode::Enforce, Action::Tag, "a quux").selected(), ["personal-data"]);
        assert_eq!(judge(Mode::Enforce, Action::Tag, "fine"), Prediction::default());
    }

    #[test]
    fn an_action_that_is_too_mild_does_not_count() {
        assert!(judge(Mode::Enforce, Action::Review, "a quux").selected().is_empty());
        assert_eq!(judge(Mode::Enforce, Action::Block, "a zorp").selected().len(), 3);
    }

    #[test]
    fn a_total_counts_by_the_part_of_the_bar_that_it_comes_to() {
        let of = |at_least, text| judge(Mode::Enforce, at_least, text).of("harassment");
        assert_eq!(of(Action::Tag, "darn"), Call { selected: false, score: 0.5 });
        assert_eq!(of(Action::Tag, "darn heck"), Call { selected: true, score: 1.0 });
        assert_eq!(of(Action::Block, "heck"), Call { selected: false, score: 0.75 });
        assert_eq!(of(Action::Block, "darn heck"), Call { selected: true, score: 1.0 });
    }

    #[test]
    fn a_policy_that_is_only_watched_is_judged_as_if_it_were_in_force() {
        assert_eq!(judge(Mode::Shadow, Action::Tag, "a zorp").selected().len(), 3);
        let mut watched = Policy::clone(&policy(Mode::Enforce));
        let mut rules = watched.rules.to_vec();
        for rule in &mut rules {
            rule.mode = Mode::Shadow;
        }
        watched.rules = rules.into();
        let judge = PolicyJudge::new(Arc::new(watched), Action::Tag, date(2026, 11, 1));
        assert!(judge.judge(ask("a zorp")).selected().is_empty());
    }

    #[test]
    fn recorded_scores_are_taken_as_they_stand() {
        let of = |scores: &[(&str, f64)]| {
            let scores = scores.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect();
            let question = Question { text: "", phase: Phase::Prompt, scores: &scores };
            RecordedJudge { threshold: 0.5 }.judge(question)
        };
        let said = of(&[("hate", 0.9), ("violence/graphic", 0.2)]);
        assert_eq!(said.selected(), ["any", "hate"]);
        assert_eq!(said.of("any"), Call { selected: true, score: 0.9 });
        assert_eq!(said.of("violence"), Call { selected: false, score: 0.2 });
        let said = of(&[("hate", 0.9), ("any", 0.3)]);
        assert_eq!(said.of("any"), Call { selected: false, score: 0.3 });
        assert!(of(&[]).unscreened);
    }

    #[test]
    fn a_score_that_is_no_number_is_no_answer() {
        let mut prediction = Prediction::default();
        prediction.note("hate", Call { selected: true, score: f64::NAN });
        assert!(prediction.unscreened && prediction.selected().is_empty());
    }

    #[test]
    fn a_text_that_cannot_be_scanned_is_neither_clean_nor_flagged() {
        let text = "zorp ".repeat(10_001);
        let said = judge(Mode::Enforce, Action::Tag, &text);
        assert!(said.unscreened || said.of("violence").selected, "never clean");
    }
}
