//! One rule as it runs.

use std::sync::Arc;

use jiff::civil::Date;

use crate::detect::AtomId;
use crate::domain::{Action, Author, Category, Level, Mode, Phase, Severity};

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id, with the prefix of its pack.
    pub id: Arc<str>,
    /// What it is about.
    pub category: Option<Category>,
    /// How bad a hit is to read.
    pub severity: Option<Severity>,
    /// Whether it looks at prompts.
    pub on_prompt: bool,
    /// Whether it looks at completions.
    pub on_completion: bool,
    /// Whose texts it looks at.
    pub authors: AuthorSet,
    /// What it looks for.
    pub matcher: Node,
    /// Atoms that excuse a match inside one of their hits.
    pub except: Vec<AtomId>,
    /// What it does.
    pub effect: Effect,
    /// From which sensitivity on it is active.
    pub level: Level,
    /// Whether it takes effect.
    pub mode: Mode,
    /// Until when it is only watched.
    pub shadow_until: Option<Date>,
    /// The id of the message for the client.
    pub message: Option<Arc<str>>,
    /// What stands in the place of what it redacts, without brackets, where the atom has no name of
    /// its own: the rule's id in capitals.
    pub placeholder: Arc<str>,
    /// Whether no record keeps texts in which it fires.
    pub hash_only: bool,
}

impl Rule {
    /// Whether the rule looks at a text of this phase and author.
    pub fn applies_to(&self, phase: Phase, author: Author) -> bool {
        let phase = match phase {
            Phase::Prompt => self.on_prompt,
            Phase::Completion => self.on_completion,
        };
        phase && self.authors.contains(author)
    }
}

/// What a rule does when it fires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// An action of its own.
    Act(Action),
    /// Redacts, and the original is put back into the answer.
    Pseudonymise,
    /// Adds to the total.
    Score(f64),
}

impl Effect {
    /// The action, if there is one.
    pub const fn action(self) -> Option<Action> {
        match self {
            Self::Act(action) => Some(action),
            Self::Pseudonymise => Some(Action::Redact),
            Self::Score(_) => None,
        }
    }

    /// What it adds to the total.
    pub const fn score(self) -> f64 {
        match self {
            Self::Act(_) | Self::Pseudonymise => 0.0,
            Self::Score(score) => score,
        }
    }
}

/// What a total comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// From this total on.
    pub score: f64,
    /// This action.
    pub action: Action,
}

/// A set of authors. A text of unknown author matches every set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorSet(u8);

impl AuthorSet {
    /// Everybody.
    pub const ALL: Self = Self(u8::MAX);

    /// The set of these authors.
    pub fn of(authors: &[Author]) -> Self {
        Self(authors.iter().fold(0, |set, &author| set | bit(author)))
    }

    /// Whether a text of this author is meant.
    pub fn contains(self, author: Author) -> bool {
        author == Author::Unknown || self.0 & bit(author) != 0
    }
}

const fn bit(author: Author) -> u8 {
    match author {
        Author::System => 1,
        Author::User => 2,
        Author::Assistant => 4,
        Author::Tool => 8,
        Author::Unknown => 16,
    }
}

/// What an atom stands for.
#[derive(Clone, Debug)]
pub struct AtomInfo {
    /// What stands in the place of a redacted hit, such as `EMAIL`; `None` takes the rule's.
    pub placeholder: Option<Arc<str>>,
    /// Where it is written, for `explain`: `words[0]`, `regex`, `detect email`.
    pub origin: Arc<str>,
}

/// A matcher with its conditions.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Any of these.
    pub any: Vec<Matcher>,
    /// All of these (in one window, if there is one).
    pub all: Vec<Self>,
    /// None of these (in the window around the match, if there is one).
    pub not: Vec<Self>,
    /// The window that binds `all` and `not`.
    pub within: Option<Within>,
}

/// One alternative of a matcher.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// A leaf.
    Atom(AtomId),
    /// A nested matcher.
    Node(Node),
}

/// How near to each other things must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In a window of so many words. A Chinese character counts as a word.
    Words(usize),
    /// In a window of so many characters.
    Chars(usize),
}

impl Node {
    /// A matcher that is one leaf.
    pub fn atom(atom: AtomId) -> Self {
        Self { any: vec![Matcher::Atom(atom)], ..Self::default() }
    }

    /// Whether the matcher is nothing but leaves, each of which fires by itself.
    pub fn is_plain(&self) -> bool {
        let plain = |matcher: &Matcher| match matcher {
            Matcher::Atom(_) => true,
            Matcher::Node(node) => node.is_plain(),
        };
        self.all.is_empty() && self.not.is_empty() && self.any.iter().all(plain)
    }

    /// Whether the matcher, or one inside it, has a window.
    pub fn has_window(&self) -> bool {
        let nested = self.any.iter().any(|matcher| match matcher {
            Matcher::Atom(_) => false,
            Matcher::Node(node) => node.has_window(),
        });
        self.within.is_some() || nested || self.all.iter().chain(&self.not).any(Self::has_window)
    }

    /// Whether the matcher could be fulfilled by hits of the atoms that are `present`. One that could not need not
    /// be tried.
    pub fn is_possible(&self, present: &dyn Fn(AtomId) -> bool) -> bool {
        let mut alternatives = self.any.iter().map(|matcher| match matcher {
            Matcher::Atom(atom) => present(*atom),
            Matcher::Node(node) => node.is_possible(present),
        });
        if self.all.is_empty() {
            return alternatives.any(|possible| possible);
        }
        (self.any.is_empty() || alternatives.any(|possible| possible))
            && self.all.iter().all(|part| part.is_possible(present))
    }

    /// Whether one of the matcher's atoms, with its conditions, is among those that are `present`.
    pub fn is_touched(&self, present: &dyn Fn(AtomId) -> bool) -> bool {
        let mut alternatives = self.any.iter().map(|matcher| match matcher {
            Matcher::Atom(atom) => present(*atom),
            Matcher::Node(node) => node.is_touched(present),
        });
        alternatives.any(|touched| touched)
            || self.all.iter().chain(&self.not).any(|part| part.is_touched(present))
    }

    /// Visits each atom of the matcher, with its conditions.
    pub fn visit_atoms(&self, visit: &mut dyn FnMut(AtomId)) {
        for matcher in &self.any {
            match matcher {
                Matcher::Atom(atom) => visit(*atom),
                Matcher::Node(node) => node.visit_atoms(visit),
            }
        }
        for node in self.all.iter().chain(&self.not) {
            node.visit_atoms(visit);
        }
    }
}
