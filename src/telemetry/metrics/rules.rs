//! Which rules have a series of their own. Policies may have thousands of rules, and each series costs every scrape.

use std::collections::{HashMap, HashSet};

use arc_swap::ArcSwap;

use super::Table;
use crate::domain::Mode;

/// What a rule counts as that has no series of its own.
pub(super) const OTHER: &str = "other";

/// Rules with a series of their own, by their policies.
#[derive(Debug, Default)]
pub(super) struct NamedRules(ArcSwap<HashMap<String, HashSet<String>>>);

impl NamedRules {
    /// The label of a rule.
    pub(super) fn label<'r>(&self, policy: &str, rule: &'r str) -> &'r str {
        if self.0.load().get(policy).is_some_and(|rules| rules.contains(rule)) {
            rule
        } else {
            OTHER
        }
    }

    /// These rules are in force; the first `most` have a series of their own. Rules that are gone lose theirs.
    pub(super) fn set(&self, table: &Table, rules: &[(&str, &str, Mode)], most: usize) {
        let mut named: HashMap<String, HashSet<String>> = HashMap::new();
        let mut count = 0;
        for &(policy, rule, mode) in rules {
            let of_policy = named.entry(policy.to_owned()).or_default();
            if !of_policy.contains(rule) && count < most {
                of_policy.insert(rule.to_owned());
                count += 1;
            }
            let label = if of_policy.contains(rule) { rule } else { OTHER };
            table.rule_matches.with_label_values(&[policy, label, mode.as_str()]).inc_by(0);
        }
        let before = self.0.swap(std::sync::Arc::new(named));
        for (policy, rules) in &*before {
            for rule in rules.iter().filter(|rule| self.label(policy, rule) == OTHER) {
                for mode in [Mode::Enforce, Mode::Shadow] {
                    let series = [policy.as_str(), rule, mode.as_str()];
                    // A rule seldom has been in both modes.
                    table.rule_matches.remove_label_values(&series).unwrap_or_default();
                }
            }
        }
    }
}
