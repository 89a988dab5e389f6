//! Rules and exceptions that do nothing: found by comparing what is written, and by trying exceptions out.
//!
//! It warns and never refuses: what does nothing does no harm, but somebody meant something by it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Policy, Rule};
use crate::config::policy_file::{
    Boundary, ExceptEntry, LetterCase, Matcher, PolicyFile, RuleAction, RuleFile,
};
use crate::config::{Code, LoadedPolicy, Problem, Problems};
use crate::detect::{AtomId, Scratch, Window};
use crate::domain::{Author, Mode, Phase};
use crate::text::normalise_term;

/// Bounds of the scan of one exception, which is one term.
const TERM_HITS: usize = 1_000;
const TERM_WORK: usize = 1 << 20;

/// What does nothing in a policy. Nothing is said that depends on a part with a mistake.
pub fn lint(loaded: &LoadedPolicy, policy: &Policy) -> Problems {
    let mut problems = Problems::new();
    if loaded.is_sound_everywhere("thresholds") && loaded.is_sound_everywhere("rules") {
        idle_scores(loaded, &mut problems);
    }
    if loaded.is_sound_everywhere("suppress") && loaded.is_sound_everywhere("overrides") {
        overshadowed(loaded, &mut problems);
    }
    idle_exceptions(loaded, policy, &mut problems);
    problems.sort();
    problems
}

/// Scores that no threshold reads, or that never come to one even all together.
fn idle_scores(loaded: &LoadedPolicy, problems: &mut Problems) {
    let file = &loaded.file;
    let lowest = file.thresholds.iter().map(|one| one.score).min_by(f64::total_cmp);
    let scoring = file.rules.iter().enumerate().filter_map(|(number, rule)| {
        let score = rule.score.filter(|_| rule.action.is_none())?;
        Some((number, rule, highest_score(loaded, rule, score)))
    });
    let scoring: Vec<_> = scoring.collect();
    let together: f64 = scoring.iter().map(|(_, _, score)| score.max(0.0)).sum();
    let why = match lowest {
        None => "the policy has no `thresholds` that would read the total".to_owned(),
        Some(lowest) if together < lowest => {
            format!("all scores together come to {together}; the lowest threshold is {lowest}")
        }
        Some(_) => return,
    };
    for (number, rule, _) in scoring {
        let at = loaded.at(&format!("rules[{number}].score"));
        problems.report(Code::TG032, decides_nothing(rule), at, &why);
    }
}

/// The highest score that one match of a rule can have: terms of its lists may have their own.
fn highest_score(loaded: &LoadedPolicy, rule: &RuleFile, own: f64) -> f64 {
    let matchers = rule.matcher.walk();
    let lists = matchers.iter().flat_map(|(_, matcher)| matcher.lexicon.iter());
    let lists = lists.flat_map(|names| names.iter()).filter_map(|name| loaded.lexicons.get(name));
    lists.flat_map(|list| &list.terms).filter_map(|term| term.score).fold(own, f64::max)
}

/// Rules whose every match stops the text already, by another rule.
fn overshadowed(loaded: &LoadedPolicy, problems: &mut Problems) {
    let file = &loaded.file;
    let reaches = file.rules.iter().enumerate().map(|(number, rule)| {
        let sound = loaded.is_sound(&format!("rules[{number}]"));
        Reach::of(loaded, &rule.matcher).filter(|_| sound)
    });
    let reaches: Vec<Option<Reach<'_>>> = reaches.collect();
    let rules = || file.rules.iter().zip(&reaches).enumerate();
    for (late, (rule, reach)) in rules() {
        let Some(reach) = reach.as_ref().filter(|_| is_in_force(rule)) else { continue };
        let stricter = rules().find(|(early, (other, wide))| {
            let wide = wide.as_ref().filter(|_| *early != late && always_stops(file, other));
            let (own, theirs) =
                (rule.action.map(RuleAction::action), other.action.map(RuleAction::action));
            let outranked = own < theirs || (own == theirs && *early < late);
            wide.is_some_and(|wide| outranked && sees_all_of(other, rule) && wide.covers(reach))
        });
        let Some((early, (other, _))) = stricter else { continue };
        let weaker =
            if rule.action == other.action { "the same action" } else { "a weaker action" };
        let problem = Problem::new(Code::TG032, decides_nothing(rule))
            .at(loaded.at(&format!("rules[{late}].id")), format!("on the same text, with {weaker}"))
            .at(
                loaded.at(&format!("rules[{early}].id")),
                format!("every text this matches is stopped by `{}` already", other.id),
            );
        problems.push(problem);
    }
}

fn decides_nothing(rule: &RuleFile) -> String {
    format!("rule `{}` can never decide anything", rule.id)
}

/// Whether a rule takes effect by itself: one on trial is there to be watched.
fn is_in_force(rule: &RuleFile) -> bool {
    rule.mode != Some(Mode::Shadow) && rule.shadow_until.is_none()
}

/// Whether a rule stops each text that it matches, for every request and on every day.
fn always_stops(file: &PolicyFile, rule: &RuleFile) -> bool {
    let stops = rule.action.is_some_and(|action| action.action().stops());
    let suppressed = file.suppress.iter().any(|entry| entry.rule == rule.id);
    let overridden = file.overrides.iter().any(|one| one.set.rules.contains(&rule.id));
    stops && is_in_force(rule) && rule.except.iter().next().is_none() && !suppressed && !overridden
}

/// Whether a rule looks at all texts that the other looks at.
fn sees_all_of(rule: &RuleFile, other: &RuleFile) -> bool {
    let phases = other.on.iter().all(|phase: &Phase| rule.on.contains(phase));
    let authors = match (&rule.authors, &other.authors) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(others)) => others.iter().all(|author: &Author| own.contains(author)),
    };
    phases && authors && rule.level <= other.level
}

/// What a matcher without conditions finds.
#[derive(Default)]
struct Reach<'l> {
    detectors: BTreeSet<&'l str>,
    /// Regexes, and whether they read the views too.
    patterns: BTreeMap<&'l str, bool>,
    terms: HashMap<String, TermReach>,
}

/// How widely a term is taken.
#[derive(Clone, Copy)]
struct TermReach {
    inside_words: bool,
    any_ending: bool,
    exact_case: bool,
}

impl<'l> Reach<'l> {
    /// `None` for a matcher with conditions: what it finds depends on what else stands there.
    fn of(loaded: &'l LoadedPolicy, matcher: &'l Matcher) -> Option<Self> {
        let mut reach = Self::default();
        for (_, part) in matcher.walk() {
            if part.all.is_some() || part.not.is_some() || part.classifier.is_some() {
                return None;
            }
            reach
                .detectors
                .extend(part.detect.iter().flat_map(|list| list.iter()).map(String::as_str));
            for pattern in part.regex.iter().flat_map(|list| list.iter()) {
                *reach.patterns.entry(pattern.text()).or_default() |= pattern.reads_views();
            }
            for word in part.words.iter().flat_map(|list| list.iter()) {
                let any_ending = word.ends_with('*');
                reach.term(
                    word.trim_end_matches('*'),
                    TermReach { inside_words: false, any_ending, exact_case: false },
                );
            }
            for name in part.lexicon.iter().flat_map(|list| list.iter()) {
                let list = loaded.lexicons.get(name)?;
                for term in &list.terms {
                    let boundary = term.boundary.unwrap_or(list.settings.boundary);
                    let case = term.case.unwrap_or(list.settings.case);
                    reach.term(
                        &term.text,
                        TermReach {
                            inside_words: boundary == Boundary::None,
                            any_ending: term.any_ending,
                            exact_case: case == LetterCase::Exact,
                        },
                    );
                }
            }
        }
        Some(reach)
    }

    fn term(&mut self, text: &str, reach: TermReach) {
        let known = self.terms.entry(normalise_term(text)).or_insert(reach);
        // Of two spellings the wider one counts, as far as it is the wider one in everything.
        if known.is_within(reach) {
            *known = reach;
        }
    }

    /// Whether everything that the other finds is found.
    fn covers(&self, other: &Self) -> bool {
        let anything =
            !(other.detectors.is_empty() && other.patterns.is_empty() && other.terms.is_empty());
        anything
            && other.detectors.is_subset(&self.detectors)
            && other
                .patterns
                .iter()
                .all(|(text, views)| self.patterns.get(text).is_some_and(|own| *own || !views))
            && other.terms.iter().all(|(text, reach)| self.takes(text, *reach))
    }

    fn takes(&self, text: &str, reach: TermReach) -> bool {
        let same = self.terms.get(text).is_some_and(|own| reach.is_within(*own));
        let by_beginning = || {
            let beginnings = text.char_indices().skip(1).filter_map(|(at, _)| text.get(..at));
            beginnings.filter_map(|beginning| self.terms.get(beginning)).any(|own| {
                own.any_ending && reach.is_within(TermReach { any_ending: true, ..*own })
            })
        };
        same || by_beginning()
    }
}

impl TermReach {
    /// Whether a term that is taken so is found wherever the same term taken as `other` is.
    const fn is_within(self, other: Self) -> bool {
        (other.inside_words || !self.inside_words)
            && (other.any_ending || !self.any_ending)
            && !other.exact_case
    }
}

/// Exceptions in which the rule finds nothing that they could excuse.
fn idle_exceptions(loaded: &LoadedPolicy, policy: &Policy, problems: &mut Problems) {
    let mut trial = Trial { policy, scratch: Scratch::default(), lists: BTreeMap::new() };
    for (number, rule) in loaded.file.rules.iter().enumerate() {
        let Some(compiled) = policy.rules.iter().find(|compiled| *compiled.id == *rule.id) else {
            continue;
        };
        if policy.gaps.are_in(number) || !loaded.is_sound(&format!("rules[{number}]")) {
            continue;
        }
        for (entry_number, entry) in rule.except.iter().enumerate() {
            let (excuses, path) = match entry {
                // With any ending it excuses texts that are not written down here.
                ExceptEntry::Term(term) if term.ends_with('*') => continue,
                ExceptEntry::Term(term) => {
                    (finds(&trial.atoms(term), compiled), format!("except[{entry_number}]"))
                }
                ExceptEntry::Lexicon { lexicon } => {
                    let any = lexicon.iter().any(|name| trial.list(loaded, name, compiled));
                    (any, format!("except[{entry_number}].lexicon"))
                }
            };
            if !excuses {
                let at = loaded.at(&format!("rules[{number}].{path}"));
                let message = format!("this exception of rule `{}` excuses nothing", rule.id);
                let problem = Problem::new(Code::TG039, message)
                    .at(at, "nothing that the rule looks for lies inside it");
                problems.push(problem.help("an exception holds the match and the words around it"));
            }
        }
    }
}

/// Tries exceptions out.
struct Trial<'p> {
    policy: &'p Policy,
    scratch: Scratch,
    /// What is found in the terms of a list; `None` for a list that cannot be tried.
    lists: BTreeMap<String, Option<BTreeSet<AtomId>>>,
}

impl Trial<'_> {
    /// What the policy finds in a text.
    fn atoms(&mut self, text: &str) -> BTreeSet<AtomId> {
        (self.scratch.hits_left, self.scratch.work_left) = (TERM_HITS, TERM_WORK);
        let window = Window { text, from: 0, last: true, restart: 0, pieces: true };
        self.policy.scanner.scan(window, &mut self.scratch);
        self.scratch.hits.iter().map(|hit| hit.atom).collect()
    }

    /// Whether some term of a list could excuse a match of the rule.
    fn list(&mut self, loaded: &LoadedPolicy, name: &str, rule: &Rule) -> bool {
        if !self.lists.contains_key(name) {
            let list = loaded.lexicons.get(name);
            let list = list.filter(|list| !list.terms.iter().any(|term| term.any_ending));
            let found = list
                .map(|list| list.terms.iter().flat_map(|term| self.atoms(&term.text)).collect());
            self.lists.insert(name.to_owned(), found);
        }
        let found = self.lists.get(name).and_then(Option::as_ref);
        found.is_none_or(|found| finds(found, rule))
    }
}

/// Whether some of these atoms are looked for by the rule.
fn finds(found: &BTreeSet<AtomId>, rule: &Rule) -> bool {
    let mut any = false;
    rule.matcher.visit_atoms(&mut |atom| any |= found.contains(&atom));
    any
}
