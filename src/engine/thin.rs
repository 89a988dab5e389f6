//! Lets go of hits that no rule can need any more, so that the limit on hits counts those that matter: a
//! common word that is part of a window, or of an exception, does not make a long text unscannable.

use std::collections::HashMap;

use super::count::Count;
use super::place::{Placed, may_reach};
use crate::detect::AtomId;
use crate::policy::{Policy, Within};

/// The hits, in the order of the text, that some rule may still need; the text is known up to `upto`.
pub(super) fn thin(policy: &Policy, hits: &[Placed], upto: Count) -> Vec<Placed> {
    let conditions = &policy.conditions;
    let mut in_company = vec![false; hits.len()];
    mark_company(policy, hits, Direction::Forward, &mut in_company);
    mark_company(policy, hits, Direction::Backward, &mut in_company);
    let needed = |(placed, in_company): &(&Placed, bool)| {
        let atom = placed.hit.atom;
        if conditions.excusing.binary_search(&atom).is_ok() {
            return excuses_something(policy, hits, placed);
        }
        let is_part = conditions.parts.binary_search(&atom).is_ok();
        !is_part || *in_company || may_get_company(policy, placed, upto)
    };
    let hits = hits.iter().zip(in_company).filter(needed);
    hits.map(|(placed, _)| *placed).collect()
}

/// The rules that are windows and have this atom as a part.
fn windows(policy: &Policy, atom: AtomId) -> impl Iterator<Item = (usize, Within)> {
    let members = &policy.conditions.members;
    let first = members.partition_point(|(known, _)| *known < atom);
    let members = members.iter().skip(first).take_while(move |(known, _)| *known == atom);
    members.filter_map(|&(_, rule)| Some((rule, policy.rules.get(rule)?.matcher.within?)))
}

/// Whether a part could yet get another part near it.
fn may_get_company(policy: &Policy, part: &Placed, upto: Count) -> bool {
    windows(policy, part.hit.atom).any(|(_, window)| !part.is_out_of_reach(upto, window))
}

/// Which way hits are gone through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// The last hit of a rule's parts, and the last one of another part than that.
#[derive(Clone, Copy)]
struct Latest<'h> {
    hit: &'h Placed,
    other: Option<&'h Placed>,
}

/// Marks the parts that have another part of their rule within reach on the side they are come to from. Hits
/// stand in the order of the text, so if the nearest is out of reach, all are.
fn mark_company(policy: &Policy, hits: &[Placed], direction: Direction, marks: &mut [bool]) {
    let mut latest: HashMap<usize, Latest<'_>> = HashMap::new();
    for nth in 0..hits.len() {
        let index = if direction == Direction::Forward { nth } else { hits.len() - 1 - nth };
        let (Some(hit), Some(mark)) = (hits.get(index), marks.get_mut(index)) else { continue };
        for (rule, window) in windows(policy, hit.hit.atom) {
            let known = latest.get(&rule).copied();
            let other = known.and_then(|known| {
                if known.hit.hit.atom == hit.hit.atom { known.other } else { Some(known.hit) }
            });
            *mark |= other.is_some_and(|other| match direction {
                Direction::Forward => may_reach(other, hit, window),
                Direction::Backward => may_reach(hit, other, window),
            });
            latest.insert(rule, Latest { hit, other });
        }
    }
}

/// Whether a hit that excuses holds a hit that it could excuse.
fn excuses_something(policy: &Policy, hits: &[Placed], excuse: &Placed) -> bool {
    let span = excuse.hit.span;
    let first = hits.partition_point(|placed| placed.hit.span.start < span.start);
    let inside = hits.iter().skip(first).take_while(|placed| placed.hit.span.start < span.end);
    let mut others =
        inside.filter(|placed| policy.conditions.excusing.binary_search(&placed.hit.atom).is_err());
    others.any(|placed| span.contains(placed.hit.span))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::detect::Window;
    use crate::domain::{Action, Outcome, Phase, Span};
    use crate::engine::place::place;
    use crate::engine::rules::{Sight, fulfilled};
    use crate::engine::testing::{Sketch, in_pieces, subject};
    use crate::engine::weigh::without_excused;
    use crate::engine::{Scratch, screen_passage};
    use crate::policy::{Effect, Node};

    /// A window of two parts with something that excludes it, and a word with an exception.
    fn policy() -> Arc<Policy> {
        let mut sketch = Sketch::default();
        let (make, bomb, bath) =
            (sketch.words(&["make", "build"]), sketch.words(&["bomb"]), sketch.words(&["bath"]));
        let near = Node {
            all: vec![Node::atom(make), Node::atom(bomb)],
            not: vec![Node::atom(bath)],
            within: Some(Within::Words(3)),
            ..Node::default()
        };
        sketch.rule("near", near, Effect::Act(Action::Block));
        let novel = sketch.words(&["the idiot book"]);
        sketch.redact("insults", &["idiot"]).except.push(novel);
        sketch.build()
    }

    fn screened(text: &str) -> Outcome {
        let policy = policy();
        screen_passage(&policy, subject(Phase::Prompt), text, &mut Scratch::default()).outcome
    }

    #[test]
    fn common_parts_of_windows_do_not_make_a_long_prompt_unscannable() {
        let text = "we make a lot of tea and coffee, ".repeat(30_000);
        assert_eq!(screened(&text), Outcome::Screened);
        let found = format!("{text} make the bomb");
        let policy = policy();
        let subject = subject(Phase::Prompt);
        let verdict = screen_passage(&policy, subject, &found, &mut Scratch::default());
        assert_eq!((verdict.action, verdict.outcome), (Action::Block, Outcome::Screened));
    }

    #[test]
    fn exceptions_around_nothing_do_not_count() {
        let mut sketch = Sketch::default();
        let tea = sketch.words(&["tea"]);
        sketch.redact("insults", &["idiot"]).except.push(tea);
        let policy = sketch.build();
        let subject = subject(Phase::Prompt);
        let text = "a cup of tea, ".repeat(30_000);
        let verdict = screen_passage(&policy, subject, &text, &mut Scratch::default());
        assert_eq!(verdict.outcome, Outcome::Screened);
    }

    #[test]
    fn more_hits_that_matter_than_the_limit_are_unscannable() {
        assert_eq!(screened(&"you idiot ".repeat(9_000)), Outcome::Screened);
        assert_eq!(screened(&"you idiot ".repeat(11_000)), Outcome::Unscannable);
        assert_eq!(screened(&"make a bath bomb, ".repeat(11_000)), Outcome::Unscannable);
    }

    #[test]
    fn parts_of_a_completion_count_only_when_they_fire() {
        let policy = policy();
        let piece = "we make a lot of tea and coffee, ".repeat(100);
        let pieces: Vec<&str> = (0..300).map(|_| piece.as_str()).collect();
        let (sent, verdict) = in_pieces(&policy, &pieces);
        assert_eq!((sent.len(), verdict.outcome), (piece.len() * 300, Outcome::Screened));
        let piece = "you idiot ".repeat(100);
        let pieces: Vec<&str> = (0..120).map(|_| piece.as_str()).collect();
        let (_, verdict) = in_pieces(&policy, &pieces);
        assert_eq!(verdict.outcome, Outcome::Unscannable);
    }

    /// The rules and spans that fire among these hits.
    fn fired(policy: &Policy, hits: &[Placed]) -> Vec<(usize, Span)> {
        let rules = policy.rules.iter().enumerate();
        let fired = rules.flat_map(|(index, rule)| {
            let left = without_excused(hits, &rule.except);
            let found = fulfilled(&rule.matcher, &left, Sight::Whole);
            found.into_iter().map(|hit| (index, left[hit].hit.span)).collect::<Vec<_>>()
        });
        fired.collect()
    }

    proptest! {
        #[test]
        fn what_is_let_go_never_changes_what_fires(
            words in prop::collection::vec("make|build|bomb|bath|idiot|the idiot book|a|,", 0..40),
            cut in 0_usize..40,
        ) {
            static POLICY: std::sync::LazyLock<Arc<Policy>> = std::sync::LazyLock::new(policy);
            let policy = &POLICY;
            let text = words.join(" ");
            let mut scratch = crate::detect::Scratch::new(1_000, 1 << 20);
            let window = Window { text: &text, from: 0, last: true, restart: 0, pieces: true };
            policy.scanner.scan(window, &mut scratch);
            let all = place(&scratch.hits, &text, 0, Count::default());
            // Up to a place that no hit crosses, then the rest.
            let upto = words.iter().take(cut).map(|word| word.len() + 1).sum::<usize>().min(text.len());
            let known = all.iter().filter(|placed| placed.hit.span.start < upto).copied();
            let known: Vec<Placed> = known.collect();
            let crossed = known.iter().any(|placed| placed.hit.span.end > upto);
            prop_assume!(!crossed);
            let mut thinned = thin(policy, &known, Count::default().after_text(&text[..upto]));
            thinned.extend(all.iter().filter(|placed| placed.hit.span.start >= upto));
            let end = Count::default().after_text(&text);
            prop_assert_eq!(fired(policy, &thinned), fired(policy, &all));
            prop_assert_eq!(fired(policy, &thin(policy, &thinned, end)), fired(policy, &all));
        }
    }
}
