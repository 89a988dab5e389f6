//! A policy and its packs as one policy.

use std::collections::BTreeMap;

use super::adapt;
use super::policy::{LoadedPolicy, RuleOrigin};
use crate::config::checks;
use crate::config::codes::Code;
use crate::config::policy_file::{ExceptEntry, Matcher, MessageRef, PolicyFile, RuleFile};
use crate::config::problems::Problems;
use crate::config::source::SourceSpan;

/// One file of a policy.
pub(super) struct Part {
    pub(super) file: PolicyFile,
    /// Index of its document.
    pub(super) document: usize,
}

/// What comes of merging.
pub(super) struct Merged {
    pub(super) file: PolicyFile,
    pub(super) rules: Vec<RuleOrigin>,
    pub(super) suppressions: Vec<RuleOrigin>,
    /// Indices of rules that are to take the place of a rule that does not exist.
    pub(super) misplaced: Vec<usize>,
    /// Names of the merged policy, as `lexicons.PACK/NAME`, with their file and their path in it.
    pub(super) names: BTreeMap<String, (usize, String)>,
}

/// Puts the packs in front of the policy, in their order, and gives what they define their name as a prefix.
pub(super) fn merge(own: Part, packs: Vec<Part>) -> Merged {
    let Part { file: mut policy, document: own_document } = own;
    let own_rules = std::mem::take(&mut policy.rules);
    let own_suppressions = std::mem::take(&mut policy.suppress);
    let mut merger = Merger {
        policy,
        rules: Vec::new(),
        suppressions: Vec::new(),
        names: BTreeMap::new(),
        misplaced: Vec::new(),
    };
    for pack in packs {
        merger.pack(pack);
    }
    merger.rules(own_rules, own_document);
    for (index, entry) in own_suppressions.into_iter().enumerate() {
        merger.policy.suppress.push(entry);
        merger.suppressions.push(RuleOrigin { document: own_document, index });
    }
    let Merger { policy, rules, suppressions, names, misplaced } = merger;
    Merged { file: policy, rules, suppressions, names, misplaced }
}

/// Rules that are named and do not exist.
pub(super) fn references(policy: &LoadedPolicy, misplaced: &[usize], problems: &mut Problems) {
    let file = &policy.file;
    let known = || file.rules.iter().map(|rule| rule.id.as_str());
    // A rule that was replaced is still a good name to have named.
    let placed = file.rules.iter().enumerate().filter(|(number, _)| !misplaced.contains(number));
    let replaced: Vec<&str> = placed.filter_map(|(_, rule)| rule.overrides.as_deref()).collect();
    let mut check = |id: &str, at: SourceSpan| {
        if !known().any(|other| other == id) && !replaced.contains(&id) && policy.would_know(id) {
            problems.push(checks::unknown(Code::TG008, "rule", id, at, known()));
        }
    };
    for number in misplaced {
        let target = file.rules.get(*number).and_then(|rule| rule.overrides.as_deref());
        check(target.unwrap_or_default(), policy.at(&format!("rules[{number}].override")));
    }
    for (number, entry) in file.suppress.iter().enumerate() {
        check(&entry.rule, policy.at(&format!("suppress[{number}].rule")));
    }
    for (number, one) in file.overrides.iter().enumerate() {
        for id in one.set.rules.names() {
            check(id, policy.key_at(&format!("overrides[{number}].set.rules.{id}")));
        }
    }
    for (number, id) in file.adapt.rules.iter().enumerate() {
        check(id, policy.at(&format!("adapt.rules[{number}]")));
    }
    adapt::check(policy, problems);
}

struct Merger {
    policy: PolicyFile,
    rules: Vec<RuleOrigin>,
    suppressions: Vec<RuleOrigin>,
    names: BTreeMap<String, (usize, String)>,
    misplaced: Vec<usize>,
}

// === impl Merger ===

impl Merger {
    fn pack(&mut self, pack: Part) {
        let Part { file, document } = pack;
        let prefix = |name: &str| format!("{}/{name}", file.name);
        for (name, lexicon) in file.lexicons.iter() {
            self.names.insert(
                format!("lexicons.{}", prefix(name)),
                (document, format!("lexicons.{name}")),
            );
            self.policy.lexicons.0.push((prefix(name), lexicon.clone()));
        }
        for (id, message) in file.messages.iter() {
            self.names
                .insert(format!("messages.{}", prefix(id)), (document, format!("messages.{id}")));
            self.policy.messages.0.push((prefix(id), message.clone()));
        }
        for (name, classifier) in file.classifiers.iter() {
            self.names.insert(
                format!("classifiers.{}", prefix(name)),
                (document, format!("classifiers.{name}")),
            );
            let mut classifier = classifier.clone();
            if let Some(run_if) = &mut classifier.run_if {
                let named = run_if.classifier.iter_mut().flat_map(|named| &mut named.0);
                named.for_each(|(name, _)| *name = prefix(name));
                let rules = run_if.rules.iter_mut().flat_map(|rules| &mut rules.0);
                rules.for_each(|rule| *rule = in_pack(rule, &prefix));
            }
            self.policy.classifiers.0.push((prefix(name), classifier));
        }
        for (index, mut entry) in file.suppress.iter().cloned().enumerate() {
            entry.rule = in_pack(&entry.rule, &prefix);
            self.policy.suppress.push(entry);
            self.suppressions.push(RuleOrigin { document, index });
        }
        let rules = file.rules.iter().cloned().map(|rule| prefixed(rule, &prefix)).collect();
        self.rules(rules, document);
    }

    /// Adds the rules of one file; one that overrides takes the place of the rule it names.
    fn rules(&mut self, rules: Vec<RuleFile>, document: usize) {
        for (index, rule) in rules.into_iter().enumerate() {
            let origin = RuleOrigin { document, index };
            let target = rule.overrides.as_deref();
            let place =
                self.policy.rules.iter().position(|other| Some(other.id.as_str()) == target);
            let old = place
                .and_then(|at| Some((self.policy.rules.get_mut(at)?, self.rules.get_mut(at)?)));
            if let Some((old_rule, old_origin)) = old {
                (*old_rule, *old_origin) = (rule, origin);
                continue;
            }
            if target.is_some() {
                self.misplaced.push(self.rules.len());
            }
            self.policy.rules.push(rule);
            self.rules.push(origin);
        }
    }
}

/// A rule of a pack, with the names that it has and uses outside of the pack.
fn prefixed(mut rule: RuleFile, prefix: &dyn Fn(&str) -> String) -> RuleFile {
    rule.id = prefix(&rule.id);
    for former in &mut rule.was.0 {
        *former = prefix(former);
    }
    prefix_matcher(&mut rule.matcher, prefix);
    for entry in &mut rule.except.0 {
        if let ExceptEntry::Lexicon { lexicon } = entry {
            lexicon.0.iter_mut().for_each(|name| *name = prefix(name));
        }
    }
    if let Some(MessageRef::Id { id }) = &mut rule.message {
        *id = prefix(id);
    }
    rule.overrides = rule.overrides.map(|target| in_pack(&target, prefix));
    rule
}

fn prefix_matcher(matcher: &mut Matcher, prefix: &dyn Fn(&str) -> String) {
    for name in matcher.lexicon.iter_mut().flat_map(|names| &mut names.0) {
        *name = prefix(name);
    }
    for (name, _) in matcher.classifier.iter_mut().flat_map(|conditions| &mut conditions.0) {
        *name = prefix(name);
    }
    for list in [&mut matcher.any, &mut matcher.all, &mut matcher.not].into_iter().flatten() {
        list.0.iter_mut().for_each(|part| prefix_matcher(part, prefix));
    }
}

/// A rule that a pack names: its own, unless the name already says of which pack.
fn in_pack(id: &str, prefix: &dyn Fn(&str) -> String) -> String {
    if id.contains('/') { id.to_owned() } else { prefix(id) }
}
