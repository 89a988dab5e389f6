//! Adds up what fired, in the order of the text, until something stops the text.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::judgement::flags;
use super::place::Placed;
use crate::domain::{
    Action, Classified, ClassifierScore, Finding, FiredRule, Mode, Outcome, Phase, Rewrite, Verdict,
};
use crate::policy::{Effect, OnFailure, Policy, Rule};

/// The most findings that a verdict lists; further ones take effect and are not listed.
const MOST_LISTED: usize = 1024;

/// A hit that fires a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fired {
    /// Index of the rule.
    pub(super) rule: usize,
    /// The hit.
    pub(super) placed: Placed,
}

/// Where and why a text stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// First byte that must not be sent.
    pub at: usize,
    /// `respond` or `block`.
    pub action: Action,
    /// The rule that stopped it; `None` for a threshold or a text that could not be screened.
    pub rule: Option<usize>,
    /// Whether the text was stopped for what it says or because it could not be read.
    pub outcome: Outcome,
}

/// The verdict while it grows.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    today: Date,
    phase: Phase,
    verdict: Verdict,
    /// The total had every shadow rule been enforced.
    shadow_score: f64,
    /// Whether a threshold has come to `redact`, so that scored spans are replaced.
    redacts_scored: bool,
    /// Scored spans of a prompt, which are replaced if a threshold comes to that later.
    scored: Vec<Rewrite>,
}

impl Tally {
    pub(super) fn new(phase: Phase, today: Date) -> Self {
        Self {
            today,
            phase,
            verdict: Verdict::default(),
            shadow_score: 0.0,
            redacts_scored: false,
            scored: Vec::new(),
        }
    }

    /// Takes the scores of rules that fired without being told of here: they count, and are not listed.
    pub(super) fn add_scores(&mut self, policy: &Policy, fired: &[Fired]) {
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        for one in fired {
            let Some(rule) = policy.rules.get(one.rule) else { continue };
            let known = scores.entry(one.rule).or_default();
            *known = known.max(score_of(policy, rule, one));
        }
        for (rule, score) in scores {
            let Some(rule) = policy.rules.get(rule) else { continue };
            self.shadow_score += score;
            if policy.mode_of(rule, self.today) == Mode::Enforce {
                self.verdict.score += score;
            }
        }
    }

    /// Takes in what fired in the next stretch of text, in the order of the text. The result is what
    /// to replace in it, and where it stops.
    pub(super) fn add(&mut self, policy: &Policy, fired: &[Fired]) -> (Vec<Rewrite>, Option<Stop>) {
        let mut rewrites = Vec::new();
        let mut stop: Option<Stop> = None;
        for one in fired {
            let Some(rule) = policy.rules.get(one.rule) else { continue };
            let start = one.placed.hit.span.start;
            if self.phase == Phase::Completion && stop.is_some_and(|stop| stop.at < start) {
                break;
            }
            let (action, decides) = self.fire_or_flag(policy, rule, one, &mut rewrites);
            if action.stops() && stop.is_none_or(|known| known.action < action) {
                let at = stop.map_or(start, |known| known.at.min(start));
                let rule = decides.then_some(one.rule);
                stop = Some(Stop { at, action, rule, outcome: Outcome::Screened });
            }
        }
        if self.redacts_scored && self.phase == Phase::Prompt {
            rewrites.append(&mut self.scored);
        }
        if let Some(stop) = &mut stop {
            self.verdict.decided_by = stop.rule;
            if self.phase == Phase::Completion {
                // A text stops before the whole of what is replaced, never in the middle of it.
                for rewrite in &rewrites {
                    if rewrite.span.start < stop.at && stop.at < rewrite.span.end {
                        stop.at = rewrite.span.start;
                    }
                }
                rewrites.retain(|rewrite| rewrite.span.end <= stop.at);
            }
            self.verdict.stop_at = Some(stop.at);
        }
        (rewrites, stop)
    }

    /// A text that could not be screened from `at` on. The result is where it stops, if it does.
    pub(super) fn fail(&mut self, policy: &Policy, at: usize, on: OnFailure) -> Option<Stop> {
        self.fail_as(policy, Outcome::Unscannable, (at, on))
    }

    /// The same for a text about which a classifier has not answered. Where rules stop it, nothing hangs on that.
    pub(super) fn unavailable(
        &mut self,
        policy: &Policy,
        at: usize,
        on: OnFailure,
    ) -> Option<Stop> {
        if self.verdict.action.stops() {
            return None;
        }
        self.fail_as(policy, Outcome::Unavailable, (at, on))
    }

    fn fail_as(
        &mut self,
        policy: &Policy,
        outcome: Outcome,
        (at, on): (usize, OnFailure),
    ) -> Option<Stop> {
        self.verdict.outcome = outcome;
        let action = on.action();
        self.verdict.shadow_action = self.verdict.shadow_action.max(action);
        if policy.mode == Mode::Shadow {
            return None;
        }
        self.verdict.action = self.verdict.action.max(action);
        if !action.stops() {
            return None;
        }
        self.verdict.stop_at = Some(at);
        self.verdict.decided_by = None;
        Some(Stop { at, action, rule: None, outcome })
    }

    /// What classifiers have said.
    pub(super) fn tell(&mut self, said: &[Classified]) {
        if self.verdict.classified != said {
            self.verdict.classified = said.to_vec();
        }
    }

    /// The verdict so far.
    pub(super) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What classifiers say of the text so far.
    pub(super) fn scores(&mut self) -> &mut Vec<ClassifierScore> {
        &mut self.verdict.scores
    }

    /// The verdict at the end, with its rewrites.
    pub(super) fn finish(mut self, rewrites: Vec<Rewrite>) -> Verdict {
        self.verdict.rules.sort_by_key(|fired| fired.rule);
        self.verdict.rewrites = rewrites;
        self.verdict
    }

    /// Takes in one hit; the result is the action it brings about, and whether its rule has decided that. Where the
    /// request asks for it, what a category applies to is blocked.
    fn fire_or_flag(
        &mut self,
        policy: &Policy,
        rule: &Rule,
        one: &Fired,
        rewrites: &mut Vec<Rewrite>,
    ) -> (Action, bool) {
        let action = self.fire(policy, rule, one, rewrites);
        if action.stops() || !policy.blocks_flagged || !flags(policy, &self.verdict) {
            return (action, rule.effect.action() == Some(action));
        }
        if self.verdict.action < Action::Block {
            self.verdict.decided_by = Some(one.rule);
        }
        (self.verdict.action, self.verdict.shadow_action) = (Action::Block, Action::Block);
        let fired = self.verdict.rules.iter_mut().filter(|fired| fired.rule == one.rule);
        fired.for_each(|fired| fired.mode = Mode::Enforce);
        (Action::Block, true)
    }

    /// Takes in one hit; the result is the action it brings about, rules and totals together.
    fn fire(
        &mut self,
        policy: &Policy,
        rule: &Rule,
        one: &Fired,
        rewrites: &mut Vec<Rewrite>,
    ) -> Action {
        let mode = policy.mode_of(rule, self.today);
        let own_score = score_of(policy, rule, one);
        let gained = self.note_rule(rule, one.rule, own_score, mode);
        self.list(policy, rule, one, (own_score, mode));
        self.shadow_score += gained;
        let own = rule.effect.action().unwrap_or_default();
        let would_be = own.max(threshold(policy, self.shadow_score));
        self.verdict.shadow_action = self.verdict.shadow_action.max(would_be);
        if mode == Mode::Shadow {
            return Action::Allow;
        }
        self.verdict.score += gained;
        let total = threshold(policy, self.verdict.score);
        let scored = matches!(rule.effect, Effect::Score(_));
        self.redacts_scored |= total == Action::Redact;
        if own == Action::Redact || (scored && self.redacts_scored) {
            rewrites.push(rewrite(policy, rule, one));
        } else if scored && self.phase == Phase::Prompt {
            self.scored.push(rewrite(policy, rule, one));
        }
        let action = own.max(total);
        if action > self.verdict.action {
            self.verdict.action = action;
            self.verdict.decided_by = (own == action).then_some(one.rule);
        }
        action
    }

    /// Notes that a rule fired; the result is what the total gains: a rule counts once, with the
    /// highest score of its matches.
    fn note_rule(&mut self, rule: &Rule, index: usize, score: f64, mode: Mode) -> f64 {
        if let Some(known) = self.verdict.rules.iter_mut().find(|fired| fired.rule == index) {
            let gained = (score - known.score).max(0.0);
            known.score += gained;
            return gained;
        }
        self.verdict.rules.push(FiredRule {
            rule: index,
            id: Arc::clone(&rule.id),
            category: rule.category.clone(),
            action: rule.effect.action(),
            score,
            mode,
        });
        score
    }

    fn list(&mut self, policy: &Policy, rule: &Rule, one: &Fired, (score, mode): (f64, Mode)) {
        if self.verdict.findings.len() >= MOST_LISTED {
            return;
        }
        self.verdict.findings.push(Finding {
            rule: one.rule,
            rule_id: Arc::clone(&rule.id),
            category: rule.category.clone(),
            span: one.placed.hit.span,
            view: one.placed.hit.view,
            matched: policy.label(&one.placed.hit),
            action: rule.effect.action(),
            score,
            mode,
        });
    }
}

fn score_of(policy: &Policy, rule: &Rule, one: &Fired) -> f64 {
    let Effect::Score(score) = rule.effect else { return 0.0 };
    let term = policy.scanner.term_index(&one.placed.hit);
    term.and_then(|term| policy.term_scores.get(&term)).copied().unwrap_or(score)
}

fn threshold(policy: &Policy, total: f64) -> Action {
    let reached = policy.thresholds.iter().find(|threshold| total >= threshold.score);
    reached.map_or(Action::Allow, |threshold| threshold.action)
}

fn rewrite(policy: &Policy, rule: &Rule, one: &Fired) -> Rewrite {
    let atom = policy.atoms.get(one.placed.hit.atom as usize);
    let name = atom.and_then(|atom| atom.placeholder.as_ref()).unwrap_or(&rule.placeholder);
    Rewrite {
        span: one.placed.hit.span,
        replacement: format!("[{name}]"),
        label: Arc::clone(name),
        restorable: rule.effect == Effect::Pseudonymise,
    }
}
