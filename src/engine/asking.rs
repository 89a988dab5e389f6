//! What classifiers that have to be asked say of a text while it grows, as hits among the others.
//!
//! A prompt is asked about when it is whole. A completion is asked about block by block: blocks end with a sentence, or
//! after a number of characters, wherever the pieces of the text end, and each goes with some text before it. Whether a
//! block is asked about at all (`run_if`) hangs on the text up to its end, and never on what such classifiers said before.
//! A classifier that holds keeps its block back until it has answered. With one that does not the text flows, and ends where
//! it stands when a bad answer comes; how much may flow so is limited.

use std::collections::VecDeque;
use std::sync::Arc;

use super::answers::{Answered, Answers, Asked};
use super::place::Placed;
use super::screen::Subject;
use super::tally::Tally;
use crate::classify::{Reason, Scores, Verdict as Answer};
use crate::detect::Hit;
use crate::detect::linear;
use crate::domain::{Action, Category, Classified, Mode, Phase, Span};
use crate::policy::{Known, LONGEST_ASKED, OnFailure, Policy, Remote, RemoteCondition};
use crate::text::floor_char;

/// Characters of a block from which on it ends with a sentence.
const SENTENCE_CHARACTERS: usize = 200;
/// Characters from which on it ends with a word.
const WORD_CHARACTERS: usize = 400;
/// Characters before a block that it is asked about with.
const CONTEXT: usize = 400;
/// Blocks that flow without an answer before the text waits for the first of them.
const MOST_BEHIND: usize = 8;
/// What ends a sentence, whatever follows.
const SENTENCE_ENDS: [char; 5] = ['\n', '。', '！', '？', '।'];
/// What ends a sentence if a blank follows: a point also stands inside numbers and addresses, which have to stay whole.
const ENDS_BEFORE_BLANKS: [char; 4] = ['.', '!', '?', '…'];
/// What may stand between the end of a sentence and the blank.
const CLOSING: [char; 9] = ['"', '\'', ')', ']', '”', '’', '»', '」', '』'];
/// What stands between parts of a sentence in scripts that have no blanks.
const WIDE_COMMAS: [char; 4] = ['，', '、', '；', '：'];

/// What classifiers that have to be asked say of one text.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    subject: Subject,
    /// The classifiers.
    remotes: Vec<One>,
    /// The text from some way before the first block that is not settled; of a prompt, all of it.
    text: String,
    /// Where `text` begins in the whole text.
    base: usize,
    /// Where the unfinished block begins.
    open: usize,
    /// Its characters so far.
    characters: usize,
    /// Whether its sentence ends here if a blank follows.
    may_end: bool,
    over: bool,
    /// Blocks that are not settled, in order.
    blocks: VecDeque<Block>,
    /// Hits that are not decided yet, in bytes of the whole text.
    hits: Vec<Hit>,
    /// What the rules make of the text without these classifiers, up to the last block that was looked at.
    pub(super) without: Without,
    pub(super) said: Vec<Classified>,
}

/// What is known of a text without the classifiers that have to be asked.
#[derive(Clone, Debug)]
pub(super) struct Without {
    pub(super) tally: Tally,
    /// Hits that rules with conditions may still need.
    pub(super) remembered: Vec<Placed>,
    /// Hits behind that, not looked at yet, each with the place from which on it counts.
    pub(super) ahead: Vec<(usize, Placed)>,
    /// Everything before this byte is in the above.
    pub(super) noted: usize,
}

/// A classifier that is asked about the text.
#[derive(Clone, Copy, Debug)]
struct One {
    /// Its number in the policy.
    number: usize,
    /// Whether text waits for it. Nothing does while all rules that ask it are only watched.
    holds: bool,
    /// Whether all rules that ask it are only watched.
    watched: bool,
    /// What happens where it does not answer. Nothing does where it is only watched.
    on_error: OnFailure,
}

#[derive(Clone, Debug)]
struct Block {
    span: Span,
    /// The state of each classifier, in their order.
    states: Vec<State>,
    /// Where its last character begins.
    last: usize,
    /// Whether the rules found something in the text up to here.
    found: bool,
}

#[derive(Clone, Debug)]
enum State {
    /// Whether it is asked is not known yet.
    New,
    /// It is asked; the text begins at that byte of the whole text.
    Asked(Asked, usize),
    /// It has not answered, and that stops the text.
    Failed,
    Settled,
}

impl Without {
    /// The hits that count in the text up to `edge`, those that were remembered first.
    pub(super) fn upto(&mut self, edge: usize) -> Vec<Placed> {
        let (now, ahead) =
            std::mem::take(&mut self.ahead).into_iter().partition(|(at, _)| *at < edge);
        self.ahead = ahead;
        let now: Vec<(usize, Placed)> = now;
        let mut known = std::mem::take(&mut self.remembered);
        known.extend(now.into_iter().map(|(_, placed)| placed));
        known.sort_by_key(|placed| placed.hit.span.start);
        known
    }
}

impl Asking {
    /// With all classifiers that rules ask about such texts.
    pub(super) fn new(policy: &Policy, subject: Subject) -> Self {
        let Subject { phase, author, today, .. } = subject;
        let one = |(number, remote): (usize, &Arc<Remote>)| {
            let watched = !policy.blocks_flagged
                && policy.are_only_watched(&remote.rules, (phase, author), today);
            let skipped = watched && policy.mode == Mode::Enforce;
            let on_error = if skipped { OnFailure::Allow } else { remote.on_error };
            One { number, holds: remote.holds && !watched, watched, on_error }
        };
        Self {
            subject,
            remotes: policy.remotes_for((phase, author), today).map(one).collect(),
            text: String::new(),
            base: 0,
            open: 0,
            characters: 0,
            may_end: false,
            over: false,
            blocks: VecDeque::new(),
            hits: Vec::new(),
            without: Without {
                tally: Tally::new(phase, today),
                remembered: Vec::new(),
                ahead: Vec::new(),
                noted: 0,
            },
            said: Vec::new(),
        }
    }

    /// Nobody is asked after all.
    pub(super) fn ask_nobody(&mut self) {
        self.remotes.clear();
    }

    /// Whether nobody is asked about the text.
    pub(super) fn is_idle(&self) -> bool {
        self.remotes.is_empty()
    }

    /// More of the text has come.
    pub(super) fn push(&mut self, text: &str) {
        if self.is_idle() {
            return;
        }
        if self.subject.phase == Phase::Prompt {
            return self.text.push_str(text);
        }
        for c in text.chars() {
            self.text.push(c);
            self.characters += 1;
            let n = self.characters;
            let (is_blank, is_comma) = (c.is_whitespace(), WIDE_COMMAS.contains(&c));
            let ends_sentence = SENTENCE_ENDS.contains(&c) || (self.may_end && is_blank);
            self.may_end =
                ENDS_BEFORE_BLANKS.contains(&c) || (self.may_end && CLOSING.contains(&c));
            let ends = (n >= SENTENCE_CHARACTERS && ends_sentence)
                || (n >= WORD_CHARACTERS && (is_blank || is_comma))
                || n >= LONGEST_ASKED;
            if ends {
                self.close();
            }
        }
    }

    /// The text is over.
    pub(super) fn finish(&mut self) {
        if !std::mem::replace(&mut self.over, true) && self.end() > self.open {
            self.close();
        }
    }

    fn end(&self) -> usize {
        self.base + self.text.len()
    }

    fn close(&mut self) {
        let span = Span::new(self.open, self.end());
        let states = vec![State::New; self.remotes.len()];
        let last = self.base + last_character(&self.text);
        self.blocks.push_back(Block { span, states, last, found: false });
        (self.open, self.characters, self.may_end) = (span.end, 0, false);
    }

    /// Takes in hits that are known for good: those of rules before `upto`, and those of models in process.
    pub(super) fn note(&mut self, placed: &[Placed], scored: &[Hit], upto: usize) {
        let Without { ahead, noted, .. } = &mut self.without;
        let new = |one: &&Placed| {
            one.hit.score().is_none() && (*noted..upto).contains(&one.hit.span.start)
        };
        ahead.extend(placed.iter().filter(new).map(|one| (one.hit.span.start, *one)));
        // The score of a block is known at its end.
        let known_at = |hit: &Hit| hit.span.end.saturating_sub(1);
        ahead.extend(scored.iter().map(|hit| (known_at(hit), Placed::unplaced(hit, 0))));
        *noted = upto.max(*noted);
    }

    /// The next block of which it is not known whether it is asked about, if the text up to `upto` is known.
    pub(super) fn next_edge(&self, upto: usize) -> Option<usize> {
        let is_new = |block: &&Block| matches!(block.states.first(), Some(State::New));
        let next = self.blocks.iter().find(is_new).map(|block| block.span.end);
        next.filter(|&end| end <= upto || self.over)
    }

    /// Decides for the first block that ends at `edge` who is asked about it. [`Self::without`] is as of there.
    pub(super) fn decide(
        &mut self,
        policy: &Policy,
        edge: usize,
        scores: &[(usize, linear::Scores)],
    ) {
        let Self { blocks, without, remotes, subject, base, text, said, .. } = self;
        let Some(block) = blocks.iter_mut().find(|block| block.span.end == edge) else { return };
        let verdict = without.tally.verdict();
        let rules: Vec<usize> = verdict.rules.iter().map(|fired| fired.rule).collect();
        block.found = verdict.shadow_action >= Action::Tag;
        let own = text.get(block.span.start - *base..edge - *base).unwrap_or_default();
        let known = Known { score: verdict.score, rules: &rules, scores, text: own };
        for (state, one) in block.states.iter_mut().zip(&*remotes) {
            let Some(remote) = policy.remotes.get(one.number) else { continue };
            if remote.ask_if.as_ref().is_some_and(|ask_if| !ask_if.holds(policy, known)) {
                said_by(said, remote).spared += 1;
                *state = State::Settled;
                continue;
            }
            let start = before(text, block.span.start - *base);
            let window = text.get(start..edge - *base).unwrap_or_default();
            let Subject { phase, author, .. } = *subject;
            let (remote, text) = (Arc::clone(remote), Arc::from(window));
            *state = State::Asked(Asked { remote, phase, author, text }, *base + start);
        }
    }

    /// Takes the answers that are there, and notes those that are wanted. The result is what classifiers leave open that
    /// have not answered. Once the text is over, no answer is none.
    pub(super) fn settle(&mut self, policy: &Policy, answers: &mut Answers) -> Vec<OnFailure> {
        let Self { blocks, hits, said, over, remotes, .. } = self;
        let behind = blocks.len().saturating_sub(MOST_BEHIND);
        let mut failures = Vec::new();
        for (index, block) in blocks.iter_mut().enumerate() {
            for (state, one) in block.states.iter_mut().zip(&*remotes) {
                let State::Asked(asked, start) = &*state else { continue };
                let (remote, start) = (Arc::clone(&asked.remote), *start);
                let known = answers.of(asked);
                if known.is_none() {
                    answers.want(asked.clone(), one.holds || *over || index < behind);
                    if answers.is_trying() && *over {
                        *state = State::Settled;
                    }
                    if answers.is_trying() || !*over {
                        continue;
                    }
                }
                let unasked = Answer::Unavailable { reason: Reason::Rejected, seen: None };
                let answered = known.unwrap_or_else(|| unasked.into());
                let number = policy.classifiers.len() + one.number;
                let entry = said_by(said, &remote);
                let scores = note_answer(entry, one.on_error, &answered);
                note_scores(entry, &remote, scores.as_deref());
                let met = scores.is_some_and(|scores| {
                    let from = if one.holds { None } else { Some(block.last) };
                    add_hits((&remote, number), (&scores, start), (block.span, from), hits)
                });
                *state = State::Settled;
                match answered.answer {
                    Answer::Scores { .. } => note_agreement(entry, met, block.found),
                    Answer::Unavailable { .. } => {
                        failures.push(one.on_error);
                        if one.on_error.action().stops() && policy.mode == Mode::Enforce {
                            *state = State::Failed;
                        }
                    }
                }
            }
        }
        self.forget();
        failures
    }

    /// Where the text stops because a classifier has not answered: before the block that was held for it, or else as
    /// soon as may be.
    pub(super) fn failed_at(&self) -> Option<usize> {
        self.blocks.iter().find_map(|block| {
            let mut states = block.states.iter().zip(&self.remotes);
            let (_, one) = states.find(|(state, _)| matches!(state, State::Failed))?;
            Some(if one.holds { block.span.start } else { 0 })
        })
    }

    /// From this byte of the whole text on, a hit may yet begin.
    pub(super) fn open(&self) -> usize {
        if self.is_idle() {
            return usize::MAX;
        }
        let any_holds = self.remotes.iter().any(|one| one.holds);
        let waits = |block: &&Block| {
            let mut states = block.states.iter().zip(&self.remotes);
            states.any(|(state, one)| one.holds && !matches!(state, State::Settled))
        };
        let first = self.blocks.iter().find(waits).map(|block| block.span.start);
        let unfinished = (any_holds && !self.over).then_some(self.open);
        // A text that flows keeps its last character, so that there is something to end before.
        let flows = !any_holds && self.remotes.iter().any(|one| !one.watched);
        let flowing = (flows && !self.over).then(|| self.base + last_character(&self.text));
        [first, unfinished, flowing].into_iter().flatten().min().unwrap_or(usize::MAX)
    }

    /// The hits that begin at `from` or later, or are moved there.
    pub(super) fn hits(&self, from: usize) -> impl Iterator<Item = Hit> {
        self.hits.iter().map(move |hit| {
            let start = hit.span.start.max(from);
            hit.at(Span::new(start, hit.span.end.max(start)))
        })
    }

    /// Lets go of hits before `upto`.
    pub(super) fn forget_hits(&mut self, upto: usize) {
        self.hits.retain(|hit| hit.span.start >= upto);
    }

    /// Lets go of blocks that are settled, and of text that no block needs.
    fn forget(&mut self) {
        let settled = |state: &State| matches!(state, State::Settled);
        while self.blocks.front().is_some_and(|block| block.states.iter().all(settled)) {
            self.blocks.pop_front();
        }
        if self.subject.phase == Phase::Prompt {
            return;
        }
        let needed = self.blocks.front().map_or(self.open, |block| block.span.start);
        let keep = before(&self.text, needed - self.base);
        self.text.drain(..keep);
        self.base += keep;
    }
}

/// Where the text begins that a block which begins at `at` is asked about with.
fn before(text: &str, at: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    head.char_indices().rev().take(CONTEXT).last().map_or(at, |(at, _)| at)
}

/// Where the last character of a text begins.
fn last_character(text: &str) -> usize {
    floor_char(text, text.len().saturating_sub(1))
}

/// What is told of a classifier.
fn said_by<'s>(said: &'s mut Vec<Classified>, remote: &Remote) -> &'s mut Classified {
    let known = said.iter().position(|one| one.classifier == remote.name);
    let at = known.unwrap_or_else(|| {
        said.push(Classified {
            classifier: Arc::clone(&remote.name),
            asked: 0,
            spared: 0,
            unavailable: None,
            fallback: None,
            highest: None,
            scores: Vec::new(),
            agreement: [0; 4],
            took_us: 0,
            cached: true,
        });
        said.len() - 1
    });
    // The position was found or made just now.
    #[expect(clippy::indexing_slicing, reason = "it is inside")]
    &mut said[at]
}

/// Notes an answer; the result is the scores in it.
fn note_answer(
    entry: &mut Classified,
    on_error: OnFailure,
    answered: &Answered,
) -> Option<Arc<Scores>> {
    entry.asked += 1;
    entry.took_us = entry.took_us.max(u64::try_from(answered.took.as_micros()).unwrap_or(u64::MAX));
    let scores = match &answered.answer {
        Answer::Scores { scores, cached } => {
            entry.cached &= cached;
            Some(Arc::clone(scores))
        }
        Answer::Unavailable { reason, seen } => {
            entry.cached = false;
            entry.unavailable.get_or_insert(reason.as_str());
            entry.fallback = Some(match on_error {
                OnFailure::Block => "block",
                OnFailure::Review => "review",
                OnFailure::Allow => "skip",
            });
            seen.clone()
        }
    };
    for (category, score) in scores.iter().flat_map(|scores| scores.iter()) {
        if entry.highest.as_ref().is_none_or(|(_, known)| score > *known) {
            entry.highest = Some((category.clone(), score));
        }
    }
    scores
}

/// Notes what an answer says of each condition.
fn note_scores(entry: &mut Classified, remote: &Remote, scores: Option<&Scores>) {
    let Some(scores) = scores else { return };
    entry.scores.resize(remote.conditions.len(), 0.0);
    for (known, condition) in entry.scores.iter_mut().zip(&remote.conditions) {
        *known = known.max(score_of(condition, scores));
    }
}

/// What scores say of a condition.
fn score_of(condition: &RemoteCondition, scores: &Scores) -> f64 {
    match &condition.category {
        Some(category) => scores.of(category.as_str()),
        None => scores.highest(),
    }
}

fn note_agreement(entry: &mut Classified, met: bool, found: bool) {
    let [both, rules, alone, neither] = &mut entry.agreement;
    *match (found, met) {
        (true, true) => both,
        (true, false) => rules,
        (false, true) => alone,
        (false, false) => neither,
    } += 1;
}

/// Adds a hit for each condition that is met: what the classifier points at, or the block; where the text flows, the block
/// from its last character on. The result is whether one is.
fn add_hits(
    (remote, number): (&Remote, usize),
    (scores, start): (&Scores, usize),
    (block, from): (Span, Option<usize>),
    hits: &mut Vec<Hit>,
) -> bool {
    let mut met = false;
    for (index, condition) in remote.conditions.iter().enumerate() {
        let wanted = |category: &Category| {
            condition.category.as_ref().is_none_or(|condition| condition == category)
        };
        if score_of(condition, scores) < condition.at_least {
            continue;
        }
        met = true;
        let of_it = scores.spans().iter().filter(|one| wanted(&one.category));
        let strong: Vec<Span> = of_it
            .filter(|one| one.score >= condition.at_least)
            .map(|one| one.span.shifted(start))
            .collect();
        let inside = |span: &Span| {
            let clipped = Span::new(span.start.max(block.start), span.end.min(block.end));
            (clipped.start < clipped.end).then_some(clipped)
        };
        let whole = strong.is_empty().then_some(block);
        for span in strong.iter().filter_map(inside).chain(whole) {
            let span = from.map_or(span, |from| Span::new(from, block.end));
            hits.push(Hit::scored(condition.atom, span, (number, index)));
        }
    }
    met
}

#[cfg(test)]
#[path = "asking_tests.rs"]
mod tests;
