//! Adaptive thresholds that cannot work, or have little to go by.

use super::policy::LoadedPolicy;
use crate::config::codes::Code;
use crate::config::policy_file::{
    Adaptation, AtLeast, LEAST_STEP, MOST_ADAPTIVE, MOST_ERROR, RuleAction, RuleFile,
};
use crate::config::problems::{Problem, Problems};
use crate::config::shapes::Named;
use crate::config::units::Share;

/// Says what is wrong with `adapt`, where a policy has it, whether it is switched on or not.
pub(super) fn check(policy: &LoadedPolicy, problems: &mut Problems) {
    let adapt = &policy.file.adapt;
    if *adapt == Adaptation::default() {
        return;
    }
    let mut list = List { policy, problems };
    list.targets(adapt);
    list.shares(adapt);
    list.rules(adapt);
    if adapt.enabled {
        list.labels(adapt);
    }
}

struct List<'p> {
    policy: &'p LoadedPolicy,
    problems: &'p mut Problems,
}

/// What keeps a rule from having one threshold that can move; `None` where nothing does.
fn immovable(rule: &RuleFile) -> Option<&'static str> {
    let matcher = &rule.matcher;
    let asked = matcher.classifier.iter().flat_map(Named::iter).count();
    let alone = matcher.kinds() == ["classifier"] && matcher.not.is_none();
    match (asked, alone) {
        (0, _) => Some("it asks no classifier by itself"),
        (1, true) if rule.except.iter().next().is_some() => {
            Some("`except` excuses what the score says")
        }
        (1, true) => None,
        (1, false) => Some("it looks for more than what a classifier says"),
        (_, _) => Some("it asks several classifiers, and each has a threshold"),
    }
}

impl List<'_> {
    fn wrong(&mut self, place: &str, message: impl Into<String>, label: &str, help: &str) {
        let at = self.policy.at(&format!("adapt{place}"));
        self.problems.push(Problem::new(Code::TG052, message).at(at, label).help(help));
    }

    fn targets(&mut self, adapt: &Adaptation) {
        if adapt.target_fpr.is_some() && adapt.target_precision.is_some() {
            let help = "leave one of them out";
            self.wrong(".target_precision", "`adapt` has two targets", "a second one", help);
        }
        for (key, target) in
            [("target_fpr", adapt.target_fpr), ("target_precision", adapt.target_precision)]
        {
            if target.is_some_and(|target| [0.0, 1.0].contains(&target.fraction())) {
                let message = format!("`adapt.{key}` can never be met");
                let help = "a share above 0% and below 100%, such as 0.5%";
                self.wrong(&format!(".{key}"), message, "no share between", help);
            }
        }
    }

    fn shares(&mut self, adapt: &Adaptation) {
        if adapt.every.duration().is_zero() {
            let help = "`every: 24h` lets a day pass between two moves";
            self.wrong(".every", "thresholds would not rest", "above 0", help);
        }
        if adapt.window.duration().is_zero() {
            let help = "`window: 28d` counts labels of four weeks";
            self.wrong(".window", "no label would count", "above 0", help);
        }
        if adapt.reviewer_share == Share::NONE {
            let help = "`reviewer_share: 50%` lets nobody weigh more than all others";
            self.wrong(".reviewer_share", "nobody's labels would count", "above 0%", help);
        }
        if adapt.reviewer_error.fraction() > MOST_ERROR {
            let help = "0% to 25%; people who err more often say too little";
            self.wrong(".reviewer_error", "labels would say nothing", "at most 25%", help);
        }
    }

    fn rules(&mut self, adapt: &Adaptation) {
        if adapt.enabled && adapt.rules.is_empty() {
            let help = "name rules that ask a classifier: `rules: [toxic]`";
            self.wrong("", "`adapt.rules` names no rule", "no threshold would move", help);
        }
        if adapt.rules.len() > MOST_ADAPTIVE {
            let help = format!("name {MOST_ADAPTIVE} at most");
            self.wrong(".rules", "`adapt.rules` names too many rules", "too many", &help);
        }
        let Some((low, high)) = self.bounds(adapt) else { return };
        let policy = self.policy;
        for id in &adapt.rules {
            let mut rules = policy.file.rules.iter().enumerate();
            if let Some((number, rule)) = rules.find(|(_, rule)| rule.id == *id) {
                self.rule(number, rule, (low, high));
            }
        }
    }

    fn bounds(&mut self, adapt: &Adaptation) -> Option<(f64, f64)> {
        let help = "low, then high, both from 0 to 1: `bounds: [0.6, 0.9]`";
        let [low, high] = adapt.bounds[..] else {
            self.wrong("", "`adapt.bounds` needs two numbers", "write [low, high]", help);
            return None;
        };
        if low >= high || low.is_nan() || high.is_nan() {
            self.wrong(".bounds", "`adapt.bounds` holds nothing", "low comes before high", help);
            return None;
        }
        if low < 0.0 || high > 1.0 {
            let label = "no score lies outside of 0 to 1";
            self.wrong(".bounds", "`adapt.bounds` are no scores", label, help);
            return None;
        }
        if !(LEAST_STEP..=high - low).contains(&adapt.step) {
            let help = format!("at least {LEAST_STEP}, and at most what lies between the bounds");
            self.wrong(".step", "`adapt.step` fits into no bounds", "no step", &help);
        }
        Some((low, high))
    }

    fn rule(&mut self, number: usize, rule: &RuleFile, (low, high): (f64, f64)) {
        let why = immovable(rule);
        let mut places = rule.matcher.classifier.iter().flat_map(Named::iter);
        let first = places.next();
        let place = match first {
            Some((name, _)) => format!("rules[{number}].classifier.{name}"),
            None => format!("rules[{number}]"),
        };
        let score = first.and_then(|(_, condition)| condition.at_least).and_then(AtLeast::score);
        let label = match why {
            Some(why) => why,
            None if score.is_none_or(|score| !(low..=high).contains(&score)) => {
                "`at_least` has to be a number inside the bounds"
            }
            None => return,
        };
        let message = format!("rule `{}` cannot move inside `adapt.bounds`", rule.id);
        let help =
            "take it out of `adapt.rules`, or write one classifier with a number as `at_least`";
        let at = self.policy.at(&place);
        self.problems.push(Problem::new(Code::TG052, message).at(at, label).help(help));
    }

    /// Whether people see what the target is about, and long enough.
    fn labels(&mut self, adapt: &Adaptation) {
        let review = &self.policy.file.review;
        if adapt.target_precision.is_none() && review.sample.allowed == Share::NONE {
            let label = "nobody looks at what passes";
            let help = "`review: { sample: { allowed: 1% } }` draws of it";
            self.wrong("", "the rate of benign text would not be known", label, help);
        }
        let drawn = |rule: &RuleFile| match rule.action {
            Some(RuleAction::Review) | None => true,
            Some(RuleAction::Block | RuleAction::Respond) => review.sample.blocked != Share::NONE,
            Some(RuleAction::Tag | RuleAction::Redact | RuleAction::Pseudonymise) => {
                review.sample.allowed != Share::NONE
            }
        };
        let named = |rule: &&RuleFile| adapt.rules.contains(&rule.id);
        if let Some(rule) = self.policy.file.rules.iter().filter(named).find(|rule| !drawn(rule)) {
            let message = format!("nobody looks at what rule `{}` flags", rule.id);
            let help = "`review: { sample: { blocked: 100% } }` draws of what is stopped";
            self.wrong("", message, "nothing to measure", help);
        }
        if review.retain.duration() < adapt.window.duration() {
            let message = format!(
                "labels go after `review.retain: {}`, before `adapt.window: {}` is over",
                review.retain, adapt.window
            );
            let at = self.policy.at("adapt");
            let help = "keep items as long as labels are to count";
            let problem = Problem::new(Code::TG075, message).at(at, "fewer labels count");
            self.problems.push(problem.help(help));
        }
    }
}
