//! How often the rules of a policy fire on everyday text: the warning TG031.
//!
//! It measures rules one by one; what a policy as a whole may flag is a budget of its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::{Scratch, Subject, screen_passage};
use crate::config::policy_file::RuleFile;
use crate::config::{Code, LoadedPolicy, Problem, Problems, SourceSpan};
use crate::domain::{Action, Author, Phase};
use crate::policy::{Effect, Policy, Rule, everyday};

/// From so many lines in ten thousand on, a rule or a term counts as one that matches ordinary text.
const TOO_MANY: usize = 10;
/// The most terms of one rule that are named.
const MOST_NAMED: usize = 5;

/// The lines, by number, on which one rule fires, for each thing that it found.
type Lines = BTreeMap<Arc<str>, BTreeSet<usize>>;

/// Settings on which it depends whether a rule acts.
const SETTINGS: [&str; 3] = ["sensitivity", "thresholds", "views"];

/// Rules that act on everyday text, and the terms that make them do so. Nothing is said that depends on a part
/// with a mistake.
pub fn everyday_problems(loaded: &LoadedPolicy, policy: &Arc<Policy>, today: Date) -> Problems {
    if !SETTINGS.iter().all(|key| loaded.is_sound(key)) {
        return Problems::new();
    }
    let mut fired: Vec<Lines> = policy.rules.iter().map(|_| Lines::new()).collect();
    let mut total = 0;
    let mut scratch = Scratch::asking_nobody();
    let subjects = subjects(policy, today);
    for (number, line) in everyday().enumerate() {
        total = number + 1;
        for &subject in &subjects {
            for finding in screen_passage(policy, subject, line, &mut scratch).findings {
                if let Some(lines) = fired.get_mut(finding.rule) {
                    lines.entry(Arc::clone(&finding.matched)).or_default().insert(number);
                }
            }
        }
    }
    let mut problems = Problems::new();
    for (rule, lines) in policy.rules.iter().zip(&fired).filter(|(rule, _)| acts(policy, rule)) {
        report((loaded, policy), rule, lines, total, &mut problems);
    }
    problems.sort();
    problems
}

/// As what the lines are screened: as prompts of users, and as answers where some rule reads only those.
fn subjects(policy: &Policy, today: Date) -> Vec<Subject> {
    let prompt = Subject { phase: Phase::Prompt, author: Author::User, today, streamed: false };
    let answer = Subject { phase: Phase::Completion, author: Author::Assistant, ..prompt };
    let reads_prompts = |rule: &Rule| rule.applies_to(Phase::Prompt, Author::User);
    if policy.rules.iter().all(reads_prompts) { vec![prompt] } else { vec![prompt, answer] }
}

/// Whether a rule does something to a text all by itself. A low score on a common word is what scores are
/// for, and a tag changes nothing.
fn acts(policy: &Policy, rule: &Rule) -> bool {
    match rule.effect {
        Effect::Act(action) => action > Action::Tag,
        Effect::Pseudonymise => true,
        Effect::Score(score) => policy.thresholds.iter().any(|one| score >= one.score),
    }
}

fn report(
    (loaded, policy): (&LoadedPolicy, &Policy),
    rule: &Rule,
    lines: &Lines,
    total: usize,
    problems: &mut Problems,
) {
    let too_many = |count: usize| count * 10_000 >= TOO_MANY * total;
    let Some(number) = loaded.file.rules.iter().position(|file| *file.id == *rule.id) else {
        return;
    };
    if policy.gaps.widen(number) || !loaded.is_sound(&format!("rules[{number}]")) {
        return;
    }
    let Some(file) = loaded.file.rules.get(number) else { return };
    let mut terms: Vec<(&Arc<str>, usize)> =
        lines.iter().map(|(term, lines)| (term, lines.len())).collect();
    terms.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut named = false;
    for (term, count) in terms.iter().filter(|(_, count)| too_many(*count)).take(MOST_NAMED) {
        let Some(at) = place_of(loaded, file, number, term) else { continue };
        let message = format!("`{term}` of rule `{}` matches ordinary text", rule.id);
        problems.push(warning(message, at, *count, total));
        named = true;
    }
    let all: BTreeSet<usize> = lines.values().flatten().copied().collect();
    if !named && too_many(all.len()) {
        let at = loaded.at(&format!("rules[{number}].id"));
        let message = format!("rule `{}` matches ordinary text", rule.id);
        problems.push(warning(message, at, all.len(), total));
    }
}

fn warning(message: String, at: SourceSpan, count: usize, total: usize) -> Problem {
    let tenths = (count * 1_000 + total / 2).checked_div(total).unwrap_or(0);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let label = format!(
        "fires on {whole}.{tenth}% of the built-in everyday-text sample ({count} of {total} lines)"
    );
    let help = "a longer phrase, `all` with `within`, or `except` narrows it";
    Problem::new(Code::TG031, message).at(at, label).help(help)
}

/// Where a term stands: in the rule, or in one of its word lists. Detectors and regexes are the rule's own.
fn place_of(
    loaded: &LoadedPolicy,
    rule: &RuleFile,
    number: usize,
    term: &str,
) -> Option<SourceSpan> {
    for (below, matcher) in rule.matcher.walk() {
        let words = matcher.words.iter().flat_map(|list| list.iter());
        if let Some(index) = words.map(|word| word.trim_end_matches('*')).position(|w| w == term) {
            let dot = if below.is_empty() { "" } else { "." };
            return Some(loaded.at(&format!("rules[{number}].{below}{dot}words[{index}]")));
        }
        let names = matcher.lexicon.iter().flat_map(|list| list.iter());
        for list in names.filter_map(|name| loaded.lexicons.get(name)) {
            if let Some(found) = list.terms.iter().find(|one| one.text == term) {
                return Some(list.at(found));
            }
        }
    }
    None
}
