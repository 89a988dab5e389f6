//! Small policies for the tests of the engine and of what stands above it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::date;

use super::{Scratch, Screen, Subject, mend, merge};
use crate::config::policy_file::{ClassifierStream, RunIf};
use crate::detect::linear::Model;
use crate::detect::{AtomId, Boundary, PatternSpec, ScannerBuilder, TermSpec};
use crate::domain::{Action, Author, Category, KeptText, Level, Mode, Phase, Rewrite, Verdict};
use crate::policy::*;

/// Writes policies in a few words.
#[derive(Debug, Default)]
pub(crate) struct Sketch {
    /// Whether terms are also looked for as syllables.
    pub(crate) pinyin: bool,
    scanner: ScannerBuilder,
    atoms: Vec<AtomInfo>,
    rules: Vec<Rule>,
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) max_match: usize,
    pub(crate) release_on_overflow: bool,
    pub(crate) classifiers: Vec<InProcess>,
    pub(crate) remotes: Vec<Remote>,
}

impl Sketch {
    pub(crate) fn words(&mut self, words: &[&str]) -> AtomId {
        let atom = self.atom(None);
        for word in words {
            let boundary = if word.is_ascii() { Boundary::Word } else { Boundary::None };
            self.scanner.term(TermSpec {
                atom,
                term: word.trim_end_matches('*').to_owned(),
                boundary,
                any_ending: word.ends_with('*'),
                exact_case: false,
                pinyin: self.pinyin,
            });
        }
        atom
    }

    pub(crate) fn regex(&mut self, pattern: &str, placeholder: Option<&str>) -> AtomId {
        self.pattern(pattern, placeholder, false)
    }

    /// A regex that reads the views too.
    pub(crate) fn viewed_regex(&mut self, pattern: &str, placeholder: Option<&str>) -> AtomId {
        self.pattern(pattern, placeholder, true)
    }

    /// What a detector of entities finds.
    pub(crate) fn entity(&mut self, name: &str) -> AtomId {
        let entity = crate::detect::entity::by_name(name).unwrap();
        let atom = self.atom(Some(entity.placeholder));
        for pattern in entity.patterns {
            self.scanner.pattern(PatternSpec {
                atom,
                pattern: (*pattern).to_owned(),
                validate: Some(entity.validate),
                label: Arc::from(name),
                max_match: 1024,
                outline: Some(entity.outline),
                views: false,
            });
        }
        atom
    }

    fn pattern(&mut self, pattern: &str, placeholder: Option<&str>, views: bool) -> AtomId {
        let atom = self.atom(placeholder);
        self.scanner.pattern(PatternSpec {
            atom,
            pattern: pattern.to_owned(),
            validate: None,
            label: Arc::from(pattern),
            max_match: if self.max_match == 0 { 1024 } else { self.max_match },
            outline: None,
            views,
        });
        atom
    }

    pub(crate) fn rule(&mut self, id: &str, matcher: Node, effect: Effect) -> &mut Rule {
        self.rules.push(Rule {
            hash_only: false,
            id: Arc::from(id),
            category: Some(Category::new("harassment")),
            severity: None,
            on_prompt: true,
            on_completion: true,
            authors: AuthorSet::ALL,
            matcher,
            except: Vec::new(),
            effect,
            level: Level::Low,
            mode: Mode::Enforce,
            shadow_until: None,
            message: None,
            placeholder: Arc::from(id.to_ascii_uppercase().replace('-', "_")),
        });
        self.rules.last_mut().unwrap()
    }

    pub(crate) fn block(&mut self, id: &str, words: &[&str]) -> &mut Rule {
        let atom = self.words(words);
        self.rule(id, Node::atom(atom), Effect::Act(Action::Block))
    }

    /// A rule that asks the model that is shipped for a category.
    pub(crate) fn scored(
        &mut self,
        category: &str,
        at_least: AtLeast,
        holds: bool,
        effect: Effect,
    ) -> &mut Rule {
        let atom = self.atom(None);
        let model = Model::builtin().clone();
        let label = model.labels().iter().position(|label| label.name == category).unwrap();
        let conditions = vec![ScoreCondition { atom, label, at_least }];
        self.classifiers.push(InProcess {
            name: Arc::from("guard"),
            model,
            holds,
            conditions,
            rules: Vec::new(),
        });
        self.rule(category, Node::atom(atom), effect)
    }

    /// A rule that asks a classifier elsewhere about a category from a score on; the rule is called like the category.
    pub(crate) fn asked(
        &mut self,
        (category, at_least): (&str, f64),
        holds: bool,
        effect: Effect,
    ) -> &mut Rule {
        let atom = self.atom(None);
        let (conditions, rules) = (
            vec![RemoteCondition { atom, category: Some(Category::new(category)), at_least }],
            vec![self.rules.len()],
        );
        let stream = if holds { ClassifierStream::Hold } else { ClassifierStream::Overlap };
        // What is asked is known by its classifier, so each has a name of its own.
        let name = if self.remotes.is_empty() { "guard" } else { category };
        self.remotes.push(Remote::in_place_of(name, stream, (conditions, rules)));
        self.rule(category, Node::atom(atom), effect)
    }

    /// When the classifier that was added last is asked.
    pub(crate) fn run_if(&mut self, run_if: &RunIf) {
        let ask_if = AskIf::of(run_if, &self.rules);
        if let Some(remote) = self.remotes.last_mut() {
            remote.ask_if = Some(ask_if);
        }
    }

    pub(crate) fn redact(&mut self, id: &str, words: &[&str]) -> &mut Rule {
        let atom = self.words(words);
        self.rule(id, Node::atom(atom), Effect::Act(Action::Redact))
    }

    pub(crate) fn build(self) -> Arc<Policy> {
        let conditions = Conditions::of(&self.rules);
        let asked = self.classifiers.into_iter().map(|one| one.asked_by(&self.rules));
        let classifiers = asked.collect();
        Arc::new(Policy {
            name: Arc::from("sketch"),
            revision: Arc::from("000000000000"),
            mode: Mode::Enforce,
            sensitivity: Level::High,
            rules: self.rules.into(),
            suppressed: Vec::new(),
            atoms: self.atoms.into(),
            conditions: Arc::new(conditions),
            term_scores: Arc::new(HashMap::new()),
            views_off: Arc::from([]),
            scanner: Arc::new(self.scanner.build().unwrap()),
            classifiers,
            review: ReviewRules {
                allowed: 0.0,
                blocked: 0.0,
                twice: 0.0,
                retain: std::time::Duration::ZERO,
            },
            remotes: self.remotes.into_iter().map(Arc::new).collect(),
            thresholds: self.thresholds.into(),
            unscannable: OnFailure::Block,
            nontext: NonText {
                image: false,
                audio: false,
                file: false,
                stored: false,
                unknown: false,
            },
            block_style: BlockStyle {
                prompt: Look::Error,
                completion: Look::ContentFilter,
                status: 400,
            },
            stream: StreamRules {
                max_match: if self.max_match == 0 { 1024 } else { self.max_match },
                block_on_overflow: !self.release_on_overflow,
                on_block: OnBlock::Replace,
            },
            messages: Arc::new(Messages::default()),
            reveal: Reveal::default(),
            kept_text: KeptText::Full,
            rescan: false,
            drops_blocked: false,
            blocks_flagged: false,
            variants: Arc::from([]),
            conditional: Arc::from([]),
            adapt: None,
            moved: Arc::from([]),
            gaps: Arc::default(),
        })
    }

    fn atom(&mut self, placeholder: Option<&str>) -> AtomId {
        self.atoms.push(AtomInfo {
            placeholder: placeholder.map(Arc::from),
            origin: Arc::from("sketch"),
        });
        AtomId::try_from(self.atoms.len() - 1).unwrap()
    }
}

pub(crate) fn subject(phase: Phase) -> Subject {
    let author = if phase == Phase::Prompt { Author::User } else { Author::Assistant };
    Subject { phase, author, today: date(2026, 11, 1), streamed: phase == Phase::Completion }
}

/// What a completion comes to when it arrives in these pieces: the text that went out, and the
/// verdict.
pub(crate) fn in_pieces(policy: &Arc<Policy>, pieces: &[&str]) -> (String, Verdict) {
    let mut screen = Screen::new(Arc::clone(policy), subject(Phase::Completion), None);
    let mut scratch = Scratch::default();
    let (mut text, mut sent, mut upto) = (String::new(), String::new(), 0);
    for (index, piece) in pieces.iter().enumerate() {
        text.push_str(piece);
        let progress = if index + 1 == pieces.len() {
            screen.push_last(piece, &mut scratch)
        } else {
            screen.push(piece, &mut scratch)
        };
        let part = &text[upto..progress.decided];
        let shifted: Vec<Rewrite> = progress
            .rewrites
            .into_iter()
            .map(|r| Rewrite {
                span: crate::domain::Span::new(r.span.start - upto, r.span.end - upto),
                ..r
            })
            .collect();
        assert_eq!(merge(shifted.clone()), shifted, "rewrites are ordered and apart");
        sent.push_str(&mend(part, &shifted));
        upto = progress.decided;
        if progress.stop.is_some() {
            break;
        }
    }
    (sent, screen.finish())
}

/// A text comes to the same cut at these places, and letter by letter, as in one piece.
pub(crate) fn assert_cuts_change_nothing(policy: &Arc<Policy>, text: &str, splits: &[usize]) {
    let whole = in_pieces(policy, &[text]);
    assert_eq!(in_pieces(policy, &split(text, splits)), whole, "{text:?} at {splits:?}");
    let letters: Vec<&str> = text.split("").collect();
    assert_eq!(in_pieces(policy, &letters), whole, "{text:?} letter by letter");
}

/// The pieces of a text cut at these places.
pub(crate) fn split<'t>(text: &'t str, splits: &[usize]) -> Vec<&'t str> {
    let mut ends: Vec<usize> = splits.iter().map(|split| split % (text.len() + 1)).collect();
    ends.retain(|&end| text.is_char_boundary(end));
    ends.push(text.len());
    ends.sort_unstable();
    let mut at = 0;
    let mut pieces = Vec::new();
    for end in ends {
        pieces.push(&text[at..end]);
        at = end;
    }
    pieces
}
