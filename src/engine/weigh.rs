//! Which rules fire among some hits, which of them wait for more text, and which hits they still need.
//!
//! Most rules have nothing to do with most texts: each is tried only where there are hits that could fulfil it.

use std::borrow::Cow;

use super::count::Count;
use super::place::{Placed, inside};
use super::rules::{Sight, fulfilled, pending};
use super::screen::Subject;
use super::tally::Fired;
use crate::detect::AtomId;
use crate::policy::{Memory, Policy, Rule, Within};

/// The most hits that rules with conditions remember of the text before.
const MOST_REMEMBERED: usize = 512;

/// The atoms that some hits are of, a bit each.
struct Present(Vec<u64>);

impl Present {
    fn of(hits: &[Placed], policy: &Policy) -> Self {
        let mut words = vec![0_u64; policy.atoms.len().div_ceil(64)];
        for placed in hits {
            let (word, bit) = place_of(placed.hit.atom);
            if let Some(word) = words.get_mut(word) {
                *word |= bit;
            }
        }
        Self(words)
    }

    fn has(&self, atom: AtomId) -> bool {
        let (word, bit) = place_of(atom);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

const fn place_of(atom: AtomId) -> (usize, u64) {
    (atom as usize / 64, 1 << (atom % 64))
}

/// Whether a rule looks at a text of this kind on this day.
fn looks_at((policy, subject): (&Policy, Subject), index: usize, rule: &Rule) -> bool {
    let Subject { phase, author, today, .. } = subject;
    policy.is_on(index, today) && rule.applies_to(phase, author)
}

/// What fires among `known` with a place at or after `start`, in the order of the text.
pub(super) fn fired_among(
    with: (&Policy, Subject),
    known: &[Placed],
    start: usize,
    sight: Sight,
) -> Vec<Fired> {
    let mut fired = Vec::new();
    if known.iter().all(|placed| placed.hit.span.start < start) {
        return fired;
    }
    let present = Present::of(known, with.0);
    for (index, rule) in with.0.rules.iter().enumerate() {
        if !rule.matcher.is_possible(&|atom| present.has(atom)) || !looks_at(with, index, rule) {
            continue;
        }
        let hits = unexcused(known, &rule.except, &present);
        for found in fulfilled(&rule.matcher, &hits, sight) {
            if let Some(&placed) = hits.get(found)
                && placed.hit.span.start >= start
            {
                fired.push(Fired { rule: index, placed });
            }
        }
    }
    fired.sort_by_key(|fired| (fired.placed.hit.span, fired.rule));
    fired
}

/// Where the first of `known` begins, at or after `decided`, whose window is still open: it could yet take part, or
/// be excused, when more text comes. The text is known up to `upto`.
pub(super) fn first_pending(
    with: (&Policy, Subject),
    known: &[Placed],
    decided: usize,
    upto: Count,
) -> Option<usize> {
    if known.iter().all(|placed| placed.hit.span.start < decided) {
        return None;
    }
    let present = Present::of(known, with.0);
    let rules = with.0.conditions.windowed.iter();
    let rules = rules.filter_map(|&index| Some((index, with.0.rules.get(index)?)));
    rules
        .filter(|(_, rule)| rule.matcher.is_touched(&|atom| present.has(atom)))
        .filter(|&(index, rule)| looks_at(with, index, rule))
        .filter_map(|(_, rule)| {
            let hits = unexcused(known, &rule.except, &present);
            pending(&rule.matcher, &hits, decided, upto)
        })
        .min()
}

/// The hits of a completion up to `upto` that rules with conditions may need later; the first one of each atom that
/// is needed for ever is never forgotten.
pub(super) fn worth_remembering(
    policy: &Policy,
    mut known: Vec<Placed>,
    upto: Count,
) -> Vec<Placed> {
    known.retain(|placed| match policy.memory_of(placed.hit.atom) {
        // Counted from its end, as what it excuses may stand there.
        Some(Memory::Words(words)) => {
            !upto.is_past((placed.words.1, placed.chars.1), Within::Words(words))
        }
        Some(Memory::Whole) => true,
        None => false,
    });
    let mut excess = known.len().saturating_sub(MOST_REMEMBERED);
    if excess > 0 {
        let mut seen = Vec::new();
        known.retain(|placed| {
            let first = !seen.contains(&placed.hit.atom);
            if first {
                seen.push(placed.hit.atom);
            }
            let keep = first || excess == 0;
            excess -= usize::from(!keep);
            keep
        });
    }
    known
}

/// The same as [`without_excused`], without a copy where nothing excuses.
fn unexcused<'h>(hits: &'h [Placed], excuses: &[AtomId], present: &Present) -> Cow<'h, [Placed]> {
    if excuses.iter().any(|&atom| present.has(atom)) {
        Cow::Owned(without_excused(hits, excuses))
    } else {
        Cow::Borrowed(hits)
    }
}

/// The hits without those that lie inside a hit of an excusing atom (and without the latter).
pub(super) fn without_excused(hits: &[Placed], excuses: &[AtomId]) -> Vec<Placed> {
    if excuses.is_empty() {
        return hits.to_vec();
    }
    let (excusing, others): (Vec<Placed>, Vec<Placed>) =
        hits.iter().partition(|placed| excuses.contains(&placed.hit.atom));
    let excused = |p: &Placed| excusing.iter().any(|excuse| inside(p, excuse.hit.span));
    others.into_iter().filter(|placed| !excused(placed)).collect()
}
