//! What the models in process say of a text while it grows, as hits among the others.
//!
//! Scores change where a block of the text ends, which is a matter of the text alone and never of its pieces. In a prompt they
//! count when it is whole, and the hit is the window that scores highest. In a completion they count at the end of each
//! block: the hit is that block where the policy holds it until then, else its last character, so that what follows is cut.

use super::screen::Subject;
use crate::detect::Hit;
use crate::detect::linear::{Context, Running};
use crate::domain::{Author, ClassifierScore, Phase, Span};
use crate::policy::Policy;
use crate::text::floor_char;

/// So many bytes of a completion are scored at a time: no two blocks end within so few characters.
const STRIDE: usize = 48;

/// The scores of one text.
#[derive(Debug)]
pub(super) struct Scoring {
    phase: Phase,
    context: Context,
    running: Vec<One>,
    /// Bytes of the text that came.
    seen: usize,
    /// Where its last character begins.
    last: usize,
    /// Hits that are not decided yet, in bytes of the whole text.
    hits: Vec<Hit>,
    /// Scores that wait until the text that they speak of is decided, each with the byte where its hit begins.
    scores: Vec<(usize, ClassifierScore)>,
}

/// The scores of one classifier.
#[derive(Debug)]
struct One {
    /// Its number in the policy.
    classifier: usize,
    holds: bool,
    running: Running,
    /// The conditions that were met already: each is told once.
    met: Vec<bool>,
}

impl Scoring {
    /// With all classifiers that rules ask for such texts.
    pub(super) fn new(policy: &Policy, subject: Subject) -> Self {
        let Subject { phase, author, today, .. } = subject;
        let all = policy.classifiers.iter().enumerate();
        let asked = all.filter(|(_, one)| policy.asks(one, (phase, author), today));
        let running = asked.map(|(classifier, one)| One {
            classifier,
            holds: one.holds,
            running: Running::new(&one.model),
            met: vec![false; one.conditions.len()],
        });
        let context = Context { from_model: author == Author::Assistant, ..Context::default() };
        let (running, hits, scores) = (running.collect(), Vec::new(), Vec::new());
        Self { phase, context, running, seen: 0, last: 0, hits, scores }
    }

    /// More of the text has come.
    pub(super) fn push(&mut self, policy: &Policy, text: &str) {
        if self.running.is_empty() {
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let length = match self.phase {
                Phase::Prompt => rest.len(),
                Phase::Completion => stride(rest),
            };
            let (piece, behind) = rest.split_at(length);
            self.piece(policy, piece);
            rest = behind;
        }
    }

    fn piece(&mut self, policy: &Policy, piece: &str) {
        let (start, before) = (self.seen, self.last);
        self.seen += piece.len();
        self.last = start + last_character(piece);
        for one in &mut self.running {
            let settled = one.running.settled();
            one.running.push(piece);
            let edge = one.running.settled();
            if self.phase == Phase::Completion && edge > settled {
                // The character behind a block ends it, and that has come in this piece.
                let inside = piece.get(..edge.saturating_sub(start)).unwrap_or_default();
                let last = if inside.is_empty() { before } else { start + last_character(inside) };
                let block = Span::new(if one.holds { settled } else { last }, edge);
                let found = (&mut self.hits, &mut self.scores);
                one.note(policy, &self.context, Some(block), found);
            }
        }
    }

    /// The text is over.
    pub(super) fn finish(&mut self, policy: &Policy) {
        for one in &mut self.running {
            let settled = one.running.settled();
            one.running.finish();
            if self.seen == 0 {
                continue;
            }
            let block = Span::new(if one.holds { settled } else { self.last }, self.seen);
            let block = Some(block).filter(|_| self.phase == Phase::Completion);
            one.note(policy, &self.context, block, (&mut self.hits, &mut self.scores));
        }
        self.last = self.seen;
    }

    /// From this byte of the whole text on, a hit may yet begin.
    pub(super) fn open(&self) -> usize {
        let waiting = self.running.iter().filter(|one| one.met.contains(&false));
        let open = |one: &One| if one.holds { one.running.settled() } else { self.last };
        waiting.map(open).min().unwrap_or(usize::MAX)
    }

    /// The hits that begin at `from` or later, or are moved there: a text that was given up is out.
    pub(super) fn hits(&self, from: usize) -> impl Iterator<Item = Hit> {
        self.hits.iter().map(move |hit| {
            let start = hit.span.start.max(from);
            hit.at(Span::new(start, hit.span.end.max(start)))
        })
    }

    /// Gives the scores that speak of the text up to a byte: the highest of each category. A text that was stopped
    /// there says nothing of what came behind, however much had come by then.
    pub(super) fn settle(&mut self, upto: usize, known: &mut Vec<ClassifierScore>) {
        for &(_, score) in self.scores.iter().filter(|(from, _)| *from <= upto) {
            let key = |one: &ClassifierScore| (one.classifier, one.label);
            match known.binary_search_by_key(&key(&score), key) {
                Ok(at) => known.iter_mut().skip(at).take(1).for_each(|known| {
                    known.probability = known.probability.max(score.probability);
                }),
                Err(at) => known.insert(at, score),
            }
        }
        self.scores.retain(|(from, _)| *from > upto);
    }

    /// Lets go of hits before `upto`.
    pub(super) fn forget(&mut self, upto: usize) {
        self.hits.retain(|hit| hit.span.start >= upto);
    }
}

impl One {
    /// Notes the scores, and the conditions that are met now. The hit is `block`, or the window that scores highest.
    fn note(
        &mut self,
        policy: &Policy,
        context: &Context,
        block: Option<Span>,
        (hits, said): (&mut Vec<Hit>, &mut Vec<(usize, ClassifierScore)>),
    ) {
        let Some(classifier) = policy.classifiers.get(self.classifier) else { return };
        let scores = self.running.scores(context);
        // Nothing waits any more for a block once all conditions are met.
        let waits = self.met.contains(&false);
        let from = block.map_or(0, |block| if waits { block.start } else { block.end });
        said.extend(scores.all().iter().enumerate().map(|(label, score)| {
            let (classifier, probability) = (self.classifier, score.probability);
            (from, ClassifierScore { classifier, label, probability })
        }));
        for (condition, met) in classifier.conditions.iter().zip(&mut self.met) {
            let Some(score) = scores.all().get(condition.label).filter(|_| !*met) else { continue };
            if classifier.is_met(condition, score.probability, scores.group) {
                *met = true;
                let span = block.unwrap_or(score.span);
                hits.push(Hit::scored(condition.atom, span, (self.classifier, condition.label)));
            }
        }
    }
}

/// Where the last character of a text begins.
fn last_character(text: &str) -> usize {
    floor_char(text, text.len().saturating_sub(1))
}

/// The first bytes of a text that are scored at a time.
fn stride(text: &str) -> usize {
    text.char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|&end| end <= STRIDE)
        .last()
        .unwrap_or(text.len())
}

#[cfg(test)]
#[path = "scoring_tests.rs"]
mod tests;
