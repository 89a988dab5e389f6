//! Compiles what was written into what runs: rules over numbered atoms, thresholds, messages.
//!
//! It decides nothing about a text (that is `engine`) and reads no file (that is `config`). A compiled
//! policy is immutable; a reload makes a new one.

mod adapt;
mod classifiers;
mod compile;
mod conditions;
mod gaps;
mod hold;
mod lint;
mod matchers;
mod message;
mod remotes;
mod rule;
mod variant;

pub use adapt::{Adapting, Adaptive};
pub use classifiers::{AtLeast, InProcess, ScoreCondition};
pub use compile::{compile, compile_sound_parts};
pub use conditions::{Conditions, Memory};
pub use gaps::Gaps;
pub use hold::{Hold, holds};
pub use lint::lint;

pub use message::{Messages, UNAVAILABLE_MESSAGE};
pub use remotes::{AskIf, Known, LONGEST_ASKED, Remote, RemoteCondition};
pub use rule::{AtomInfo, AuthorSet, Effect, Matcher, Node, Rule, Threshold, Within};
pub use variant::{Condition, Facts, Suppressed, Variant};

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use crate::detect::{AtomId, Hit, Scanner};
use crate::domain::{Action, KeptText, Level, Mode};

/// What happens to a text that could not be screened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It is refused.
    #[default]
    Block,
    /// It passes and is put before a person.
    Review,
    /// It passes.
    Allow,
}

impl OnFailure {
    /// The action that this comes to.
    pub const fn action(self) -> Action {
        match self {
            Self::Block => Action::Block,
            Self::Review => Action::Review,
            Self::Allow => Action::Allow,
        }
    }
}

/// How a stream is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamRules {
    /// The most bytes that are held for one match in progress.
    pub max_match: usize,
    /// Whether a stream is cut when a match in progress reaches that; otherwise the text goes out.
    pub block_on_overflow: bool,
    /// How a stream ends that has begun already.
    pub on_block: OnBlock,
}

/// How a stream that has begun ends when its text is blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBlock {
    /// Our message, then the dialect's ending.
    #[default]
    Replace,
    /// Only the dialect's ending.
    Stop,
    /// The dialect's error event.
    Error,
}

/// How a refusal looks to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// An error of the API.
    Error,
    /// The dialect's refusal.
    Refusal,
    /// An answer that ends with the dialect's `content_filter`.
    ContentFilter,
}

/// How blocked prompts and completions look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockStyle {
    /// A blocked prompt.
    pub prompt: Look,
    /// A blocked completion.
    pub completion: Look,
    /// The HTTP status of errors.
    pub status: u16,
}

/// What the client may learn about a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reveal {
    /// Rule ids in `x-tidegate-rules`.
    pub rules: bool,
    /// The policy's name and revision in `x-tidegate-policy`.
    pub policy: bool,
    /// Categories that are not OpenAI's, in answers of `/v1/moderations`.
    pub categories: bool,
}

/// What happens to parts that are not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one answer for each kind of part")]
pub struct NonText {
    /// Whether images pass, unscreened and counted.
    pub image: bool,
    /// Whether audio passes.
    pub audio: bool,
    /// Whether files pass.
    pub file: bool,
    /// Whether what the model's server keeps may be taken up again.
    pub stored: bool,
    /// Whether anything else passes.
    pub unknown: bool,
}

/// What of a policy's decisions people are to look at. Shares lie between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReviewRules {
    /// How much of what passes.
    pub allowed: f64,
    /// How much of what is stopped.
    pub blocked: f64,
    /// How much of that two people judge, neither knowing of the other.
    pub twice: f64,
    /// How long an item stays.
    pub retain: Duration,
}

/// A policy as it runs. A copy shares everything that is large.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: Arc<str>,
    /// A hash of its files.
    pub revision: Arc<str>,
    /// Whether its decisions take effect.
    pub mode: Mode,
    /// Which rules are on.
    pub sensitivity: Level,
    /// The rules, in the order of the file; all of them, whatever their level.
    pub rules: Arc<[Rule]>,
    /// Rules that are switched off.
    pub suppressed: Vec<Suppressed>,
    /// What the atoms of the matchers stand for.
    pub atoms: Arc<[AtomInfo]>,
    /// What rules with conditions need of hits.
    pub conditions: Arc<Conditions>,
    /// Scores that single terms of a lexicon have, by the term's number.
    pub term_scores: Arc<HashMap<usize, f64>>,
    /// Names of the views that are off.
    pub views_off: Arc<[&'static str]>,
    /// Finds the atoms.
    pub scanner: Arc<Scanner>,
    /// The models that run in process.
    pub classifiers: Arc<[InProcess]>,
    /// The classifiers that have to be asked.
    pub remotes: Arc<[Arc<Remote>]>,
    /// What score totals come to, strictest first.
    pub thresholds: Arc<[Threshold]>,
    /// What happens to texts that cannot be screened.
    pub unscannable: OnFailure,
    /// What happens to parts that are not text.
    pub nontext: NonText,
    /// How blocks look.
    pub block_style: BlockStyle,
    /// How streams are treated.
    pub stream: StreamRules,
    /// What clients read.
    pub messages: Arc<Messages>,
    /// What clients may learn.
    pub reveal: Reveal,
    /// The most that decision records keep of texts.
    pub kept_text: KeptText,
    /// What of it people are to look at.
    pub review: ReviewRules,
    /// Whether a text that was screened before is screened again when it comes again.
    pub rescan: bool,
    /// Whether earlier turns that were blocked are left out when they come again.
    pub drops_blocked: bool,
    /// Whether a text to which a category applies is blocked whatever the rules say of it, as a request may ask.
    pub blocks_flagged: bool,
    /// What it becomes for some requests, in the order in which that is tried.
    pub variants: Arc<[Variant]>,
    /// Rules that are switched off for some requests.
    pub conditional: Arc<[(Condition, Suppressed)]>,
    /// The thresholds that may move; none where none may.
    pub adapt: Option<Arc<Adapting>>,
    /// Rules that stand at another threshold than the one that is written, with that threshold.
    pub moved: Arc<[(Arc<str>, f64)]>,
    /// What is missing from its rules, because it has a mistake; nothing in a policy that takes effect.
    pub gaps: Arc<Gaps>,
}

impl Policy {
    /// The mode in which a rule runs on a given day, under the policy's own mode.
    pub fn mode_of(&self, rule: &Rule, today: Date) -> Mode {
        let on_trial = rule.shadow_until.is_some_and(|until| today < until);
        if self.mode == Mode::Shadow || rule.mode == Mode::Shadow || on_trial {
            Mode::Shadow
        } else {
            Mode::Enforce
        }
    }

    /// Whether a rule that runs in this mode is watched while the policy is in force: what it would do is recorded and
    /// counted, and whoever relies on the policy need not know of it.
    pub fn is_on_trial(&self, mode: Mode) -> bool {
        self.mode == Mode::Enforce && mode == Mode::Shadow
    }

    /// The same policy, blocking what a category applies to.
    #[must_use]
    pub fn blocking_flagged(&self) -> Self {
        Self { blocks_flagged: true, ..self.clone() }
    }

    /// What a hit found, for people: the term as the list has it, the name of the pattern, or the classifier with the
    /// category.
    pub fn label(&self, hit: &Hit) -> Arc<str> {
        match hit.score() {
            None => Arc::from(self.scanner.label(hit)),
            Some((classifier, label)) => {
                let found = self.classifiers.get(classifier).map(|one| one.label(label));
                let remote = || {
                    let remote = self.remotes.get(classifier.checked_sub(self.classifiers.len())?);
                    Some(remote?.label(label))
                };
                Arc::from(found.or_else(remote).unwrap_or_default())
            }
        }
    }

    /// How long rules with conditions look back at hits of this atom; `None` where none does.
    pub fn memory_of(&self, atom: AtomId) -> Option<Memory> {
        let memory = &self.conditions.memory;
        let found = memory.binary_search_by_key(&atom, |(atom, _)| *atom).ok()?;
        memory.get(found).map(|(_, memory)| *memory)
    }

    /// Whether a rule is on: at the policy's sensitivity, and not switched off on this day.
    pub fn is_on(&self, index: usize, today: Date) -> bool {
        let active = self.rules.get(index).is_some_and(|rule| rule.level <= self.sensitivity);
        active && !self.suppressed.iter().any(|off| off.rule == index && off.holds_on(today))
    }

    /// The category of a rule, `none` where it has none; nothing where no rule is meant.
    pub fn category(&self, rule: Option<usize>) -> Option<&str> {
        let rule = self.rules.get(rule?)?;
        Some(rule.category.as_ref().map_or("none", |category| category.as_str()))
    }

    /// What the client reads when this rule (or a threshold, `None`) stops a text.
    pub fn message(&self, rule: Option<usize>, language: Option<&str>) -> &str {
        let id =
            rule.and_then(|rule| self.rules.get(rule)).and_then(|rule| rule.message.as_deref());
        self.messages.text(id, language)
    }

    /// A text without the message of ours that it ends with: a client that has read one sends it again as part of
    /// its history, and what the operator wrote is not screened.
    pub fn without_own_message<'t>(&self, text: &'t str) -> &'t str {
        self.messages.stripped(text)
    }
}

/// Short everyday lines in English and Chinese, for checking that a policy leaves them alone.
pub fn everyday() -> impl Iterator<Item = &'static str> {
    include_str!("../../config/everyday.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}
