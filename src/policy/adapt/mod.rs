//! Rules whose thresholds may move: what they ask, what texts scored, and the policy with other thresholds.
//!
//! It moves nothing by itself: `people` says where a threshold should be, and `app` puts such a policy in force.

use std::sync::Arc;

use serde_json::json;

use super::classifiers::{AtLeast, InProcess};
use super::remotes::Remote;
use super::variant::Variant;
use super::{Policy, Rule};
use crate::audit::digest;
use crate::config::LoadedPolicy;
use crate::config::policy_file::{self, Adaptation, MOST_ADAPTIVE};
use crate::detect::AtomId;
use crate::domain::{Author, Phase, Verdict};

/// Hexadecimal digits by which settings are told apart.
const DIGITS: usize = 16;

/// The thresholds of a policy that may move.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapting {
    /// How, as it is written.
    pub settings: Adaptation,
    /// Which.
    pub rules: Vec<Adaptive>,
}

/// A rule whose threshold may move.
#[derive(Clone, Debug, PartialEq)]
pub struct Adaptive {
    /// Index of the rule.
    pub rule: usize,
    /// Its threshold as it is written, from 0 to 1.
    pub written: f64,
    /// What tells it from the same rule with another threshold or under other settings: what was learnt counts for that
    /// one alone.
    pub basis: String,
    /// What tells it from the same rule with another classifier or category: labels say nothing of another one's scores.
    pub scorer: String,
    asked: Asked,
}

/// The conditions of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// Categories of a model in process, by their numbers.
    InProcess { classifier: usize, labels: Vec<usize> },
    /// Conditions of a classifier that has to be asked.
    Remote { remote: usize, conditions: Vec<usize> },
}

/// The rules of a policy whose thresholds may move; `None` where none may.
pub(super) fn adapting(
    loaded: &LoadedPolicy,
    rules: &[Rule],
    (classifiers, remotes): (&[InProcess], &[Arc<Remote>]),
) -> Option<Arc<Adapting>> {
    let settings = &loaded.file.adapt;
    if !settings.enabled {
        return None;
    }
    let mut found: Vec<Adaptive> = Vec::new();
    for id in settings.rules.iter().take(MOST_ADAPTIVE) {
        let rule = rules.iter().position(|rule| *rule.id == **id);
        let Some(rule) = rule.filter(|rule| found.iter().all(|one| one.rule != *rule)) else {
            continue;
        };
        found.extend(adaptive(loaded, (rule, rules.get(rule)?), (classifiers, remotes)));
    }
    (!found.is_empty()).then(|| Arc::new(Adapting { settings: settings.clone(), rules: found }))
}

fn adaptive(
    loaded: &LoadedPolicy,
    (index, rule): (usize, &Rule),
    (classifiers, remotes): (&[InProcess], &[Arc<Remote>]),
) -> Option<Adaptive> {
    let file = loaded.file.rules.iter().find(|file| *file.id == *rule.id)?;
    let (name, condition) = file.matcher.classifier.as_ref()?.iter().next()?;
    let written = condition.at_least.and_then(policy_file::AtLeast::score)?;
    let atoms = atoms(rule);
    let is_own = |atom: AtomId| atoms.contains(&atom);
    let in_process = classifiers.iter().position(|one| *one.name == *name);
    let (asked, model) = if let Some(classifier) = in_process {
        let one = classifiers.get(classifier)?;
        let own = one.conditions.iter().filter(|condition| is_own(condition.atom));
        let labels = own.map(|condition| condition.label).collect();
        (Asked::InProcess { classifier, labels }, Some(one.model.revision()))
    } else {
        let remote = remotes.iter().position(|one| *one.name == *name)?;
        let all = remotes.get(remote)?.conditions.iter().enumerate();
        let own = all.filter(|(_, condition)| is_own(condition.atom));
        (Asked::Remote { remote, conditions: own.map(|(index, _)| index).collect() }, None)
    };
    let adapt = &loaded.file.adapt;
    let settings = Adaptation { rules: Vec::new(), ..adapt.clone() };
    let classifier = loaded.file.classifiers.iter().find(|(known, _)| *known == name);
    let scorer = json!([classifier, model, condition.labels, file.category, file.on, file.authors]);
    let scorer = short(&scorer.to_string());
    let basis = short(&json!([scorer, written, settings]).to_string());
    Some(Adaptive { rule: index, written, basis, scorer, asked })
}

fn short(text: &str) -> String {
    digest(text.as_bytes()).chars().take(DIGITS).collect()
}

fn atoms(rule: &Rule) -> Vec<AtomId> {
    let mut atoms = Vec::new();
    rule.matcher.visit_atoms(&mut |atom| atoms.push(atom));
    atoms
}

impl Adaptive {
    /// What a text scored for the rule, by a verdict about it; `None` where nothing is known of it.
    fn score_in(&self, policy: &Policy, verdict: &Verdict) -> Option<f64> {
        match &self.asked {
            Asked::InProcess { classifier, labels } => {
                let said = verdict.scores.iter().filter(|said| said.classifier == *classifier);
                let said = said.filter(|said| labels.contains(&said.label));
                said.map(|said| f64::from(said.probability)).reduce(f64::max)
            }
            Asked::Remote { remote, conditions } => {
                let remote = policy.remotes.get(*remote)?;
                let said = verdict.classified.iter().find(|one| one.classifier == remote.name)?;
                if said.unavailable.is_some() {
                    return None;
                }
                // What it was not asked about, the rule flags at no threshold.
                let own = conditions.iter().filter_map(|at| said.scores.get(*at).copied());
                Some(own.fold(0.0, f64::max))
            }
        }
    }
}

impl Policy {
    /// What a unit scored for each rule whose threshold may move, by the verdicts about its texts with their authors: the
    /// highest of all texts that the rule looks at. Rules that look at none of them are left out.
    pub fn scored<'v>(
        &self,
        phase: Phase,
        verdicts: &(impl Iterator<Item = (Author, &'v Verdict)> + Clone),
    ) -> Vec<(Arc<str>, f64)> {
        let rules = self.adapt.iter().flat_map(|adapt| &adapt.rules);
        let scored = rules.filter_map(|one| {
            let rule = self.rules.get(one.rule)?;
            let own = verdicts.clone().filter(|(author, _)| rule.applies_to(phase, *author));
            let scores = own.filter_map(|(_, verdict)| one.score_in(self, verdict));
            Some((Arc::clone(&rule.id), scores.reduce(f64::max)?))
        });
        scored.collect()
    }

    /// The policy with these thresholds of its rules that may move, by the rule and its settings; as they are written
    /// where none is given. Everything else is shared.
    #[must_use]
    pub fn with_thresholds(&self, of: &dyn Fn(&str, &Adaptive) -> Option<f64>) -> Self {
        let Some(adapt) = self.adapt.clone() else { return self.clone() };
        let mut thresholds: Vec<(usize, f64)> = Vec::new();
        let mut moved = Vec::new();
        for one in &adapt.rules {
            let Some(rule) = self.rules.get(one.rule) else { continue };
            let to = of(&rule.id, one);
            thresholds.push((one.rule, to.unwrap_or(one.written)));
            moved.extend(to.map(|to| (Arc::clone(&rule.id), to)));
        }
        let mut policy = self.at(&thresholds);
        policy.moved = moved.into();
        let variant = |variant: &Variant| {
            let own = variant.policy.at(&thresholds);
            let own = Self { moved: Arc::clone(&policy.moved), ..own };
            Variant { when: variant.when.clone(), policy: Arc::new(own) }
        };
        let variants = self.variants.iter().map(variant).collect();
        Self { variants, ..policy }
    }

    /// With these thresholds, by the index of the rule.
    fn at(&self, thresholds: &[(usize, f64)]) -> Self {
        let mut classifiers = self.classifiers.to_vec();
        let mut remotes = self.remotes.to_vec();
        for (rule, to) in thresholds {
            let Some(rule) = self.rules.get(*rule) else { continue };
            let own = atoms(rule);
            for classifier in &mut classifiers {
                let conditions = classifier.conditions.iter_mut();
                for condition in conditions.filter(|condition| own.contains(&condition.atom)) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "as exact as the scores are"
                    )]
                    let to = *to as f32;
                    condition.at_least = AtLeast::Probability(to);
                }
            }
            let asks = |remote: &Arc<Remote>| remote.atoms().any(|atom| own.contains(&atom));
            for remote in remotes.iter_mut().filter(|remote| asks(remote)) {
                let mut changed = Remote::clone(remote);
                let conditions = changed.conditions.iter_mut();
                for condition in conditions.filter(|condition| own.contains(&condition.atom)) {
                    condition.at_least = *to;
                }
                *remote = Arc::new(changed);
            }
        }
        Self { classifiers: classifiers.into(), remotes: remotes.into(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
