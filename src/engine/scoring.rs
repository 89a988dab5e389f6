//! What the models in process say of a text while it grows, as hits among the others.
//!
//! Scores change where a block of the text ends, which is a matter of the text alone and never of its pieces. In a prompt they
//! count when it is whole, and the hit is the window that scores highest. In a completion they count at the end of each
//! block: the hit is that block where the policy holds it until then, else its last character, so that what follows is cut.
//! Where nothing can come of it, since all rules that ask are only watched, nothing is held: the hit is the end of the block.

use super::screen::Subject;
use crate::detect::Hit;
use crate::detect::linear::{Context, Running, Scores};
use crate::domain::{Author, ClassifierScore, Phase, Span};
use crate::policy::{AskIf, Policy, Remote};
use crate::text::floor_char;

/// So many bytes of a completion are scored at a time: no two blocks end within so few characters.
const STRIDE: usize = 48;

/// The scores of one text.
#[derive(Clone, Debug)]
pub(super) struct Scoring {
    phase: Phase,
    context: Context,
    running: Vec<One>,
    /// Bytes of the text that came.
    seen: usize,
    /// Where its last character begins.
    last: usize,
    said: Said,
}

/// What models say of a text while it grows.
#[derive(Clone, Debug, Default)]
struct Said {
    /// Hits that are not decided yet, in bytes of the whole text.
    hits: Vec<Hit>,
    /// Scores that wait until the text that they speak of is decided, each with the byte where its hit begins.
    scores: Vec<(usize, ClassifierScore)>,
    /// Kept only where there are classifiers that are asked where something is said.
    told: Option<Told>,
}

/// What they said, for classifiers that are asked where something is said.
#[derive(Clone, Debug, Default)]
struct Told {
    /// Hits that were not taken yet.
    hits: Vec<Hit>,
    /// Scores, each with its classifier and the end of the text that it speaks of.
    scores: Vec<(usize, usize, Scores)>,
}

/// The scores of one classifier.
#[derive(Clone, Debug)]
struct One {
    /// Its number in the policy.
    classifier: usize,
    holds: bool,
    /// Whether nothing waits for it: what it says is only recorded.
    watched: bool,
    running: Running,
    /// The conditions that were met already: each is told once.
    met: Vec<bool>,
}

impl Scoring {
    /// With all classifiers that rules ask for such texts.
    pub(super) fn new(policy: &Policy, subject: Subject) -> Self {
        let Subject { phase, author, today, .. } = subject;
        let remotes: Vec<&Remote> =
            policy.remotes_for((phase, author), today).map(|(_, remote)| &**remote).collect();
        let looked_at = |number: usize| {
            let ask_if = remotes.iter().filter_map(|remote| remote.ask_if.as_ref());
            ask_if.flat_map(AskIf::looks_at).any(|one| one == number)
        };
        let all = policy.classifiers.iter().enumerate();
        let asked = all
            .filter(|(number, one)| policy.asks(one, (phase, author), today) || looked_at(*number));
        let running = asked.map(|(classifier, one)| One {
            classifier,
            holds: one.holds,
            watched: !looked_at(classifier)
                && !policy.blocks_flagged
                && policy.are_only_watched(&one.rules, (phase, author), today),
            running: Running::new(&one.model),
            met: vec![false; one.conditions.len()],
        });
        let context = Context { from_model: author == Author::Assistant, ..Context::default() };
        let running = running.collect();
        let told = (!remotes.is_empty()).then(Told::default);
        let said = Said { told, ..Said::default() };
        Self { phase, context, running, seen: 0, last: 0, said }
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
                let block = Span::new(one.begins((settled, last), edge), edge);
                one.note(policy, &self.context, Some(block), &mut self.said);
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
            let block = Span::new(one.begins((settled, self.last), self.seen), self.seen);
            let block = Some(block).filter(|_| self.phase == Phase::Completion);
            one.note(policy, &self.context, block, &mut self.said);
        }
        self.last = self.seen;
    }

    /// From this byte of the whole text on, a hit may yet begin.
    pub(super) fn open(&self) -> usize {
        let waiting = self.running.iter().filter(|one| one.waits());
        let open = |one: &One| if one.holds { one.running.settled() } else { self.last };
        waiting.map(open).min().unwrap_or(usize::MAX)
    }

    /// The hits that begin at `from` or later, or are moved there: a text that was given up is out.
    pub(super) fn hits(&self, from: usize) -> impl Iterator<Item = Hit> {
        self.said.hits.iter().map(move |hit| {
            let start = hit.span.start.max(from);
            hit.at(Span::new(start, hit.span.end.max(start)))
        })
    }

    /// Gives the scores that speak of the text up to a byte: the highest of each category. A text that was stopped
    /// there says nothing of what came behind, however much had come by then.
    pub(super) fn settle(&mut self, upto: usize, known: &mut Vec<ClassifierScore>) {
        for &(_, score) in self.said.scores.iter().filter(|(from, _)| *from <= upto) {
            let key = |one: &ClassifierScore| (one.classifier, one.label);
            match known.binary_search_by_key(&key(&score), key) {
                Ok(at) => known.iter_mut().skip(at).take(1).for_each(|known| {
                    known.probability = known.probability.max(score.probability);
                }),
                Err(at) => known.insert(at, score),
            }
        }
        self.said.scores.retain(|(from, _)| *from > upto);
    }

    /// The hits that were not taken before, in bytes of the whole text.
    pub(super) fn take_told(&mut self) -> Vec<Hit> {
        self.said.told.as_mut().map_or_else(Vec::new, |told| std::mem::take(&mut told.hits))
    }

    /// What each classifier said of the text up to `edge`, with its number; what was said before is let go of.
    pub(super) fn said_at(&mut self, edge: usize) -> Vec<(usize, Scores)> {
        let Some(told) = &mut self.said.told else { return Vec::new() };
        let mut said: Vec<(usize, usize, Scores)> = Vec::new();
        for one in told.scores.iter().filter(|(_, settled, _)| *settled <= edge) {
            said.retain(|(number, _, _)| *number != one.0);
            said.push(*one);
        }
        told.scores.retain(|(_, settled, _)| *settled > edge);
        told.scores.splice(0..0, said.iter().copied());
        said.into_iter().map(|(number, _, scores)| (number, scores)).collect()
    }

    /// Lets go of hits before `upto`.
    pub(super) fn forget(&mut self, upto: usize) {
        self.said.hits.retain(|hit| hit.span.start >= upto);
    }
}

impl One {
    /// Whether text waits for what it says: no more once all conditions are met.
    fn waits(&self) -> bool {
        !self.watched && self.met.contains(&false)
    }

    /// Where the hit of a block begins that ends at `edge`.
    const fn begins(&self, (block, last): (usize, usize), edge: usize) -> usize {
        match (self.watched, self.holds) {
            (true, _) => edge,
            (false, true) => block,
            (false, false) => last,
        }
    }

    /// Notes the scores, and the conditions that are met now. The hit is `block`, or the window that scores highest.
    fn note(&mut self, policy: &Policy, context: &Context, block: Option<Span>, said: &mut Said) {
        let Some(classifier) = policy.classifiers.get(self.classifier) else { return };
        let scores = self.running.scores(context);
        let from = block.map_or(0, |block| if self.waits() { block.start } else { block.end });
        said.scores.extend(scores.all().iter().enumerate().map(|(label, score)| {
            let (classifier, probability) = (self.classifier, score.probability);
            (from, ClassifierScore { classifier, label, probability })
        }));
        if let Some(told) = &mut said.told {
            told.scores.push((self.classifier, self.running.settled(), scores));
        }
        for (condition, met) in classifier.conditions.iter().zip(&mut self.met) {
            let Some(score) = scores.all().get(condition.label).filter(|_| !*met) else { continue };
            if classifier.is_met(condition, score.probability, scores.group) {
                *met = true;
                let span = block.unwrap_or(score.span);
                let hit = Hit::scored(condition.atom, span, (self.classifier, condition.label));
                said.hits.push(hit);
                if let Some(told) = &mut said.told {
                    told.hits.push(hit);
                }
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
