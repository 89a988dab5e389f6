//! From matchers as written to atoms of one scanner: each detector, list of words, regex and lexicon becomes an atom.

use std::collections::HashMap;
use std::sync::Arc;

use super::Gaps;
use super::classifiers::{Classifiers, Found};
use super::hold::unbounded_part;
use super::rule::{AtomInfo, Matcher, Node, Rule, Within};
use crate::config::policy_file::{
    self, ClassifierStream, ExceptEntry, LetterCase, Matcher as MatcherFile, Pattern, RuleFile,
};
use crate::config::units::Window;
use crate::config::{Code, LoadedLexicon, LoadedPolicy, Named, Problem, Problems, Term};
use crate::detect::entity::{self, ENTITIES};
use crate::detect::{
    AtomId, Boundary, BuildError, PatternError, PatternSpec, Scanner, ScannerBuilder, TermSpec,
    longest_match,
};
use crate::domain::{Phase, Span};
use crate::text::normalise_term;

/// Takes in the matchers of a policy, one after the other.
pub(super) struct Matchers<'l> {
    loaded: &'l LoadedPolicy,
    problems: Problems,
    scanner: ScannerBuilder,
    atoms: Vec<AtomInfo>,
    term_scores: HashMap<usize, f64>,
    /// Terms given to the scanner so far.
    terms: usize,
    /// Where each pattern given to the scanner stands in the policy.
    patterns: Vec<String>,
    /// Lexicons are taken in once, whoever uses them.
    lexicon_atoms: HashMap<String, AtomId>,
    classifiers: Classifiers,
    gaps: Gaps,
}

/// What finds the matchers of a policy.
pub(super) struct Built {
    pub(super) scanner: Scanner,
    /// What each atom stands for.
    pub(super) atoms: Vec<AtomInfo>,
    /// Scores that single terms of a lexicon have, by the term's number.
    pub(super) term_scores: HashMap<usize, f64>,
    /// The models in process, with what is asked of them, and the classifiers that have to be asked.
    pub(super) classifiers: Found,
    /// What was left out because it has a mistake.
    pub(super) gaps: Gaps,
}

impl<'l> Matchers<'l> {
    /// None yet.
    pub(super) fn new(loaded: &'l LoadedPolicy) -> Self {
        let mut problems = Problems::new();
        Self {
            classifiers: Classifiers::new(loaded, &mut problems),
            loaded,
            problems,
            scanner: ScannerBuilder::new(),
            atoms: Vec::new(),
            term_scores: HashMap::new(),
            terms: 0,
            patterns: Vec::new(),
            lexicon_atoms: HashMap::new(),
            gaps: Gaps::default(),
        }
    }

    /// A matcher as it runs. `place` is where it stands in the policy; a stream holds at most `max_match` bytes for it.
    pub(super) fn node(&mut self, written: &MatcherFile, place: &str, max_match: usize) -> Node {
        let mut node = Node { within: written.within.map(within), ..Node::default() };
        for (index, name) in written.detect.iter().flat_map(|list| list.iter()).enumerate() {
            let place = format!("{place}.detect[{index}]");
            node.any.extend(self.detector(name, &place, max_match).map(Matcher::Atom));
        }
        if let Some(words) = &written.words {
            let atom = self.atom(None, "words");
            for (index, word) in words.iter().enumerate() {
                self.word(word, atom, &format!("{place}.words[{index}]"));
            }
            node.any.push(Matcher::Atom(atom));
        }
        for (index, pattern) in written.regex.iter().flat_map(|list| list.iter()).enumerate() {
            let key = if matches!(pattern, Pattern::Detailed { .. }) { ".pattern" } else { "" };
            let place = format!("{place}.regex[{index}]{key}");
            node.any.extend(self.regex(pattern, &place, max_match).map(Matcher::Atom));
        }
        for (index, name) in written.lexicon.iter().flat_map(|list| list.iter()).enumerate() {
            let place = format!("{place}.lexicon[{index}]");
            node.any.extend(self.lexicon(name, &place).map(Matcher::Atom));
        }
        for (name, condition) in written.classifier.iter().flat_map(Named::iter) {
            let place = format!("{place}.classifier.{name}");
            node.any
                .extend(self.classifier((name, condition), &place).into_iter().map(Matcher::Atom));
        }
        let mut parts = |key: &str, list: &Option<crate::config::OneOrMany<MatcherFile>>| {
            let items = list.iter().flat_map(|list| list.iter()).enumerate();
            items
                .map(|(index, part)| self.node(part, &format!("{place}.{key}[{index}]"), max_match))
                .collect::<Vec<_>>()
        };
        let any = parts("any", &written.any);
        node.all = parts("all", &written.all);
        node.not = parts("not", &written.not);
        node.any.extend(any.into_iter().map(Matcher::Node));
        node
    }

    fn detector(&mut self, name: &str, place: &str, max_match: usize) -> Option<AtomId> {
        let Some(entity) = entity::by_name(name) else {
            let names = ENTITIES.iter().map(|entity| entity.name);
            let close = names.clone().max_by(|a, b| {
                strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
            });
            let problem = Problem::new(Code::TG010, format!("unknown detector `{name}`"));
            let label = close.map(|close| format!("did you mean `{close}`?")).unwrap_or_default();
            let help = format!("detectors: {}", names.collect::<Vec<_>>().join(", "));
            self.problems.push(problem.at(self.loaded.at(place), label).help(help));
            self.gaps.note(place);
            return None;
        };
        let atom = self.atom(Some(entity.placeholder), "detector");
        for pattern in entity.patterns {
            // A whole private key is longer than a stream may hold for other matches.
            let longest = longest_match(pattern).ok().flatten().unwrap_or(max_match);
            self.scanner.pattern(PatternSpec {
                atom,
                pattern: (*pattern).to_owned(),
                validate: Some(entity.validate),
                label: Arc::from(entity.name),
                max_match: max_match.max(longest),
                outline: Some(entity.outline),
                views: false,
            });
            self.patterns.push(place.to_owned());
        }
        Some(atom)
    }

    fn classifier(
        &mut self,
        condition: (&str, &policy_file::ClassifierCondition),
        place: &str,
    ) -> Vec<AtomId> {
        let Self { loaded, classifiers, atoms, problems, .. } = self;
        let mut new_atom = |origin: &str| new_atom(atoms, None, origin);
        let found = classifiers.conditions((loaded, place), condition, &mut new_atom, problems);
        if found.is_empty() {
            self.gaps.note(place);
        }
        found
    }

    fn regex(&mut self, pattern: &Pattern, place: &str, max_match: usize) -> Option<AtomId> {
        let (pattern, views) = (pattern.text(), pattern.reads_views());
        match longest_match(pattern) {
            Err(error) => {
                self.pattern_problem(&error, place);
                self.gaps.note(place);
                return None;
            }
            Ok(Some(longest)) if longest <= max_match => {}
            Ok(longest) => self.unbounded(pattern, longest, place, max_match),
        }
        let atom = self.atom(None, "regex");
        self.scanner.pattern(PatternSpec {
            atom,
            pattern: pattern.to_owned(),
            validate: None,
            label: Arc::from(pattern),
            max_match,
            outline: None,
            views,
        });
        self.patterns.push(place.to_owned());
        Some(atom)
    }

    /// A pattern without a longest match holds a stream up to `max_match`.
    fn unbounded(&mut self, pattern: &str, longest: Option<usize>, place: &str, max_match: usize) {
        let rule = place.split('.').next().unwrap_or(place);
        let index = rule.trim_start_matches("rules[").trim_end_matches(']').parse::<usize>();
        let rule = index.ok().and_then(|index| self.loaded.file.rules.get(index));
        let streamed = |rule: &RuleFile| rule.on.contains(&Phase::Completion);
        if rule.is_some_and(|rule| rule.max_match.is_some() || !streamed(rule)) {
            return;
        }
        let message = match longest {
            Some(longest) => {
                format!("this regex can match {longest} bytes; streams hold {max_match}")
            }
            None => {
                format!("this regex has no longest match; streams hold {max_match} bytes of it")
            }
        };
        let problem = Problem::new(Code::TG040, message);
        let help =
            "bound it, or set `max_match` on the rule to say how much a stream may hold for it";
        let part = unbounded_part(pattern).filter(|_| longest.is_none());
        let at = match part {
            Some(part) => self.loaded.within(place, part),
            None => self.loaded.at(place),
        };
        let label = if longest.is_none() { "no bound here" } else { "more than a stream holds" };
        self.problems.push(problem.at(at, label).help(help));
    }

    fn pattern_problem(&mut self, error: &PatternError, place: &str) {
        let (code, at) = match error {
            PatternError::Syntax { at, .. } => {
                let span = Span::from(at.start..at.end.max(at.start + 1));
                (Code::TG011, self.loaded.within(place, span))
            }
            PatternError::MatchesEmpty => (Code::TG013, self.loaded.at(place)),
            PatternError::TooLarge | PatternError::Automaton { .. } => {
                (Code::TG014, self.loaded.at(place))
            }
        };
        let (message, label) = match error {
            PatternError::Syntax { .. } => {
                ("this regex does not compile".to_owned(), error.to_string())
            }
            PatternError::MatchesEmpty => {
                (error.to_string(), "something in it must always be there".to_owned())
            }
            PatternError::TooLarge | PatternError::Automaton { .. } => {
                (error.to_string(), "too large to compile".to_owned())
            }
        };
        self.problems.push(Problem::new(code, message).at(at, label));
    }

    fn word(&mut self, word: &str, atom: AtomId, place: &str) {
        let any_ending = word.ends_with('*');
        let term = word.trim_end_matches('*');
        if normalise_term(term).is_empty() {
            let message = format!("`{}` normalises to nothing", word.escape_debug());
            let problem = Problem::new(Code::TG012, message);
            self.problems
                .push(problem.at(self.loaded.at(place), "this would match everywhere or never"));
            self.gaps.note(place);
            return;
        }
        let boundary = Boundary::Word;
        let term = term.to_owned();
        let pinyin = self.loaded.file.views.pinyin == Some(true);
        let exact_case = false;
        self.scanner.term(TermSpec { atom, term, boundary, any_ending, exact_case, pinyin });
        self.terms += 1;
    }

    fn lexicon(&mut self, name: &str, place: &str) -> Option<AtomId> {
        if let Some(&atom) = self.lexicon_atoms.get(name) {
            return Some(atom);
        }
        let Some(lexicon) = self.loaded.lexicons.get(name) else {
            self.gaps.note(place);
            return None;
        };
        let atom = self.atom(None, &format!("lexicon {name}"));
        let mut known: HashMap<(String, bool), &Term> = HashMap::new();
        for term in &lexicon.terms {
            let normalised = normalise_term(&term.text);
            if normalised.is_empty() {
                let message = format!("`{}` normalises to nothing", term.text.escape_debug());
                let problem = Problem::new(Code::TG012, message);
                self.problems
                    .push(problem.at(lexicon.at(term), "this would match everywhere or never"));
                continue;
            }
            self.duplicate(
                lexicon,
                term,
                known.entry((normalised, term.any_ending)).or_insert(term),
            );
            let boundary = match term.boundary.unwrap_or(lexicon.settings.boundary) {
                policy_file::Boundary::Word => Boundary::Word,
                policy_file::Boundary::None => Boundary::None,
            };
            let also = lexicon.settings.also.contains(&policy_file::AlsoView::Pinyin);
            let pinyin = also || self.loaded.file.views.pinyin == Some(true);
            let exact_case = term.case.unwrap_or(lexicon.settings.case) == LetterCase::Exact;
            self.scanner.term(TermSpec {
                atom,
                term: term.text.clone(),
                boundary,
                any_ending: term.any_ending,
                exact_case,
                pinyin,
            });
            if let Some(score) = term.score {
                self.term_scores.insert(self.terms, score);
            }
            self.terms += 1;
        }
        self.lexicon_atoms.insert(name.to_owned(), atom);
        Some(atom)
    }

    /// A term that another one of its list already stands for. Where case matters, the two differ.
    fn duplicate(&mut self, lexicon: &LoadedLexicon, term: &Term, first: &Term) {
        let exact = |term: &Term| term.case.unwrap_or(lexicon.settings.case) == LetterCase::Exact;
        if first.span == term.span || exact(term) || exact(first) {
            return;
        }
        let message = format!("`{}` is the same as `{}` after folding", term.text, first.text);
        let problem = Problem::new(Code::TG072, message).at(lexicon.at(term), "this one");
        self.problems.push(problem.at(lexicon.at(first), "is already given here"));
    }

    /// What excuses hits of a rule.
    pub(super) fn except(&mut self, rule: &RuleFile, place: &str) -> Vec<AtomId> {
        let mut atoms = Vec::new();
        for (index, entry) in rule.except.iter().enumerate() {
            match entry {
                ExceptEntry::Term(term) => {
                    let atom = self.atom(None, "except");
                    self.word(term, atom, &format!("{place}.except[{index}]"));
                    atoms.push(atom);
                }
                ExceptEntry::Lexicon { lexicon } => {
                    for name in lexicon {
                        atoms.extend(self.lexicon(name, &format!("{place}.except[{index}]")));
                    }
                }
            }
        }
        atoms
    }

    fn atom(&mut self, placeholder: Option<&str>, origin: &str) -> AtomId {
        new_atom(&mut self.atoms, placeholder, origin)
    }

    /// Says so where a rule needs to know which words are meant, and asks a classifier.
    pub(super) fn needs_no_words(&mut self, rule: &RuleFile, place: &str) {
        let redacts = matches!(
            rule.action,
            Some(policy_file::RuleAction::Redact | policy_file::RuleAction::Pseudonymise)
        );
        for (below, matcher) in rule.matcher.walk() {
            let inside = matcher.walk().into_iter().any(|(_, part)| part.classifier.is_some());
            let (label, at) = if matcher.within.is_some() && inside {
                ("a classifier stands in no window", format!("{below}.within"))
            } else if redacts && self.says_no_words(matcher) {
                ("a classifier does not say which words", format!("{below}.classifier"))
            } else {
                continue;
            };
            let message = format!("rule `{}` needs words, and asks a classifier", rule.id);
            let at = format!("{place}.{}", at.trim_start_matches('.'));
            let at = self.loaded.key_at(&at);
            self.problems.push(Problem::new(Code::TG048, message).at(at, label));
        }
    }

    /// Whether a matcher asks a classifier that does not say which words it is about.
    fn says_no_words(&self, matcher: &MatcherFile) -> bool {
        let named = matcher.classifier.iter().flat_map(Named::iter).map(|(name, _)| name);
        let mut written = named.filter_map(|name| self.loaded.file.classifiers.get(name));
        written.any(|one| !one.kind.points() || one.stream == ClassifierStream::Overlap)
    }

    /// The scanner of all that was taken in for these rules, without these views.
    pub(super) fn build(
        mut self,
        views_off: &[&'static str],
        rules: &[Rule],
    ) -> (Option<Built>, Problems) {
        for name in views_off {
            self.scanner.without_view(name);
        }
        let Self { loaded, mut problems, scanner, atoms, term_scores, patterns, gaps, .. } = self;
        let classifiers = self.classifiers.finish(loaded, rules, &mut problems);
        let scanner = match scanner.build() {
            Ok(scanner) => scanner,
            Err(error) => {
                let index = match &error {
                    BuildError::Pattern { index, .. } => patterns.get(*index),
                    BuildError::Patterns(_) => None,
                };
                let place = index.cloned().unwrap_or_else(|| "rules".to_owned());
                let message = match &error {
                    BuildError::Pattern { error, .. } => error.to_string(),
                    BuildError::Patterns(_) => error.to_string(),
                };
                let problem = Problem::new(Code::TG014, message);
                let problem = problem.at(loaded.at(&place), "too large to compile");
                problems.push(problem.help("smaller repetitions, or several smaller regexes"));
                return (None, problems);
            }
        };
        (Some(Built { scanner, atoms, term_scores, classifiers, gaps }), problems)
    }
}

fn new_atom(atoms: &mut Vec<AtomInfo>, placeholder: Option<&str>, origin: &str) -> AtomId {
    atoms.push(AtomInfo { placeholder: placeholder.map(Arc::from), origin: Arc::from(origin) });
    AtomId::try_from(atoms.len() - 1).unwrap_or(AtomId::MAX)
}

fn within(window: Window) -> Within {
    match window {
        Window::Words(words) => Within::Words(words as usize),
        Window::Chars(chars) => Within::Chars(chars as usize),
    }
}
