//! Lets go of hits that no rule can need any more, so that the limit on hits counts those that matter: a
//! common word that is part of a window, or of an exception, does not make a long text unscannable.

use super::place::{Count, Placed, may_reach, near};
use crate::detect::AtomId;
use crate::policy::Policy;

/// The hits, in the order of the text, that some rule may still need; the text is known up to `upto`.
pub(super) fn thin(policy: &Policy, hits: &[Placed], upto: Count) -> Vec<Placed> {
    let needed = |(index, placed): &(usize, &Placed)| {
        let atom = placed.hit.atom;
        if policy.conditions.excusing.binary_search(&atom).is_ok() {
            return excuses_something(policy, hits, placed);
        }
        let uses = uses(policy, atom);
        uses.is_empty()
            || uses.iter().any(|&(_, rule)| in_company(policy, hits, *index, rule, upto))
    };
    hits.iter().enumerate().filter(needed).map(|(_, placed)| *placed).collect()
}

/// The windows that an atom is part of, if it is nothing else.
fn uses(policy: &Policy, atom: AtomId) -> &[(AtomId, usize)] {
    let parts = &policy.conditions.parts;
    let first = parts.partition_point(|(known, _)| *known < atom);
    let end = parts.partition_point(|(known, _)| *known <= atom);
    parts.get(first..end).unwrap_or_default()
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

/// Whether a part of a rule's window has another part near it, or could yet get one.
fn in_company(policy: &Policy, hits: &[Placed], index: usize, rule: usize, upto: Count) -> bool {
    let Some(rule) = policy.rules.get(rule) else { return true };
    let (Some(window), Some(own)) = (rule.matcher.within, hits.get(index)) else { return true };
    if !upto.is_past(own, window) {
        return true;
    }
    let mut atoms = Vec::new();
    rule.matcher.visit_atoms(&mut |atom| atoms.push(atom));
    let partner = |other: &&Placed| {
        other.hit.atom != own.hit.atom
            && atoms.contains(&other.hit.atom)
            && near(own, other, window)
    };
    let later = hits.iter().skip(index + 1).take_while(|other| may_reach(own, other, window));
    let earlier = hits.get(..index).unwrap_or_default().iter().rev();
    let earlier = earlier.take_while(|other| may_reach(other, own, window));
    later.chain(earlier).any(|other| partner(&other))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::detect::{Scratch, Window};
    use crate::domain::{Action, Outcome, Phase, Span};
    use crate::engine::place::place;
    use crate::engine::rules::{Sight, fulfilled};
    use crate::engine::screen::without_excused;
    use crate::engine::screen_passage;
    use crate::engine::testing::{Sketch, in_pieces, subject};
    use crate::policy::{Effect, Node, Within};

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
            let policy = policy();
            let text = words.join(" ");
            let mut scratch = Scratch::new(1_000, 1 << 20);
            let window = Window { text: &text, from: 0, last: true, restart: 0 };
            policy.scanner.scan(window, &mut scratch);
            let all = place(&scratch.hits, &text, 0, Count::default());
            // Up to a place that no hit crosses, then the rest.
            let upto = words.iter().take(cut).map(|word| word.len() + 1).sum::<usize>().min(text.len());
            let known = all.iter().filter(|placed| placed.hit.span.start < upto).copied();
            let known: Vec<Placed> = known.collect();
            let crossed = known.iter().any(|placed| placed.hit.span.end > upto);
            prop_assume!(!crossed);
            let mut thinned = thin(&policy, &known, Count::default().after_text(&text[..upto]));
            thinned.extend(all.iter().filter(|placed| placed.hit.span.start >= upto));
            let end = Count::default().after_text(&text);
            prop_assert_eq!(fired(&policy, &thinned), fired(&policy, &all));
            prop_assert_eq!(fired(&policy, &thin(&policy, &thinned, end)), fired(&policy, &all));
        }
    }
}
