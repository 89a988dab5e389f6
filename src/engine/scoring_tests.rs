use proptest::prelude::*;

use super::*;
use crate::detect::linear::{LONGEST_BLOCK, Preset};
use crate::domain::{Action, Mode, Verdict};
use crate::engine::Scratch;
use crate::engine::screen_passage;
use crate::engine::testing::{Sketch, assert_cuts_change_nothing, in_pieces, subject};
use crate::policy::{AtLeast, Effect, Node, Policy as Compiled};

use std::sync::Arc;

/// A sentence that is a block by itself.
const FIRST: &str =
    "The library opens at nine on weekdays and at ten on Saturdays, all year round.";
const SECOND: &str =
    " Its reading room has a view of the river, and there is tea in the afternoon.";

fn policy(at_least: AtLeast, holds: bool) -> Arc<Compiled> {
    let mut sketch = Sketch::default();
    sketch.scored("hate", at_least, holds, Effect::Act(Action::Block));
    sketch.build()
}

fn prompt(policy: &Arc<Compiled>, text: &str) -> Verdict {
    screen_passage(policy, subject(Phase::Prompt), text, &mut Scratch::default())
}

#[test]
fn a_prompt_is_blocked_from_the_score_on_that_the_rule_names() {
    let text = "All of them are vermin and should be thrown out of our country";
    let score = |text: &str| {
        let model = crate::detect::linear::Model::builtin();
        let label = model.labels().iter().position(|label| label.name == "hate").unwrap();
        model.score(text, &Context::default()).all()[label].probability
    };
    let exactly = policy(AtLeast::Probability(score(text)), true);
    let verdict = prompt(&exactly, text);
    assert_eq!((verdict.action, &*verdict.findings[0].matched), (Action::Block, "guard: hate"));
    assert_eq!(verdict.findings[0].span, Span::new(0, text.len()));
    let more = policy(AtLeast::Probability(score(text) + 0.01), true);
    assert_eq!(prompt(&more, text).action, Action::Allow);
    assert!(score(FIRST) < score(text));
}

#[test]
fn the_hit_in_a_prompt_is_the_window_that_scores_highest() {
    let filling = format!("{FIRST}{SECOND} ").repeat(9);
    let text =
        format!("{filling}Those people are vermin, all of them, and we should get rid of them.");
    let verdict = prompt(&policy(AtLeast::Probability(0.0), true), &text);
    let span = verdict.findings[0].span;
    assert!(span.start > 0 && span.end == text.len(), "{span:?} of {}", text.len());
}

#[test]
fn a_block_that_goes_too_far_is_never_sent_where_the_policy_holds_it() {
    let strict = policy(AtLeast::Probability(0.0), true);
    let (sent, verdict) = in_pieces(&strict, &[FIRST, SECOND]);
    assert_eq!((sent.as_str(), verdict.stop_at), ("", Some(0)));
}

#[test]
fn where_the_text_flows_it_ends_before_the_last_character_of_the_block() {
    let strict = policy(AtLeast::Probability(0.0), false);
    let (sent, verdict) = in_pieces(&strict, &[FIRST, SECOND]);
    assert_eq!(
        (sent.as_str(), verdict.stop_at),
        (&FIRST[..FIRST.len() - 1], Some(FIRST.len() - 1))
    );
    let (sent, verdict) = in_pieces(&strict, &["短", "い文"]);
    assert_eq!((sent.as_str(), verdict.stop_at), ("短い", Some(6)));
}

#[test]
fn a_text_that_flows_is_held_for_one_character_and_one_that_is_held_for_a_block() {
    for (holds, most) in [(false, 4), (true, LONGEST_BLOCK)] {
        let lax = policy(AtLeast::Probability(1.0), holds);
        let mut screen = crate::engine::Screen::new(lax, subject(Phase::Completion), None);
        let (mut scratch, mut held) = (Scratch::default(), 0);
        for word in FIRST.repeat(9).split_inclusive(' ') {
            screen.push(word, &mut scratch);
            held = held.max(screen.held());
        }
        assert!(held <= most && (holds == (held > 4)), "{held}");
    }
}

/// What the model says of `hate` in the first classifier of a verdict.
fn said(verdict: &Verdict) -> f32 {
    let labels = crate::detect::linear::Model::builtin().labels();
    let label = labels.iter().position(|label| label.name == "hate").unwrap();
    verdict.scores.iter().find(|one| (one.classifier, one.label) == (0, label)).unwrap().probability
}

#[test]
fn nothing_waits_for_a_rule_that_is_only_watched_and_it_fires_in_any_pieces() {
    let vermin = " All of them are vermin and should be thrown out of our country by tomorrow.";
    let text = format!("{FIRST}{vermin} 他们都是害虫。{SECOND}");
    for holds in [false, true] {
        let mut sketch = Sketch::default();
        let rule = sketch.scored(
            "hate",
            AtLeast::Preset(Preset::Strict),
            holds,
            Effect::Act(Action::Block),
        );
        rule.mode = Mode::Shadow;
        let policy = sketch.build();
        let held = |policy: &Arc<Compiled>| -> Vec<usize> {
            let policy = Arc::clone(policy);
            let mut screen = crate::engine::Screen::new(policy, subject(Phase::Completion), None);
            let mut scratch = Scratch::default();
            let pieces = text.split_inclusive(' ');
            let after = pieces.map(|piece| {
                screen.push(piece, &mut scratch);
                screen.held()
            });
            after.collect()
        };
        assert_eq!(held(&policy), held(&Sketch::default().build()));
        let (sent, verdict) = in_pieces(&policy, &[&text]);
        assert_eq!((&sent, verdict.action), (&text, Action::Allow));
        let span = verdict.findings[0].span;
        assert!(span.is_empty() && span.start > FIRST.len(), "{span:?}");
        assert_cuts_change_nothing(&policy, &text, &[9, 80, 81, 153, 154, 155]);
    }
}

#[test]
fn a_verdict_tells_every_score_whether_a_rule_fires_or_not() {
    let model = crate::detect::linear::Model::builtin();
    for text in ["All of them are vermin and should be thrown out", "他们都是害虫，应该滚出去"]
    {
        for least in [0.0, 1.0] {
            let verdict = prompt(&policy(AtLeast::Probability(least), true), text);
            assert_eq!(verdict.is_clean(), least > 0.5, "{text}");
            let scores = model.score(text, &Context::default());
            let scores = scores.all().iter().map(|score| score.probability);
            assert!(verdict.scores.iter().map(|one| one.probability).eq(scores), "{text}");
            assert!(said(&verdict) > 0.3, "{text}");
        }
    }
    assert_eq!(prompt(&policy(AtLeast::Probability(0.0), true), "").scores, []);
}

#[test]
fn of_an_answer_the_highest_score_is_told_and_nothing_of_what_comes_behind_its_end() {
    let vermin = " All of them are vermin and should be thrown out of our country by tomorrow.";
    let mild = said(&in_pieces(&policy(AtLeast::Probability(1.0), false), &[FIRST, SECOND]).1);
    let text = format!("{FIRST}{vermin}{SECOND}");
    let harsh = said(&in_pieces(&policy(AtLeast::Probability(1.0), false), &[&text]).1);
    assert!(mild + 0.2 < harsh, "{mild} {harsh}");
    let mut sketch = Sketch::default();
    sketch.scored("hate", AtLeast::Probability(1.0), false, Effect::Act(Action::Block));
    sketch.block("tea", &["tea"]);
    let text = format!("{FIRST}{SECOND}{vermin}");
    let (sent, verdict) = in_pieces(&sketch.build(), &[&text]);
    assert!(sent.ends_with("there is ") && said(&verdict) <= mild, "{sent} {verdict:?}");
}

#[test]
fn nobody_is_scored_where_no_rule_asks_for_it() {
    let mut sketch = Sketch::default();
    let rule = sketch.scored("hate", AtLeast::Probability(0.0), true, Effect::Act(Action::Block));
    rule.on_completion = false;
    let policy = sketch.build();
    assert!(Scoring::new(&policy, subject(Phase::Completion)).running.is_empty());
    assert_eq!(in_pieces(&policy, &[FIRST]).0, FIRST);
}

/// Sentences of which some are scored high.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(FIRST),
        Just("you are a stupid worthless idiot. "),
        Just("I hate those people, they are vermin! "),
        Just("你这个没用的废物，去死吧。"),
        Just("今天天气很好，我们去公园散步。\n"),
        Just("😀 e\u{301} "),
        Just("bob@x.com "),
        Just("quit "),
        Just("bob@x.combob@x.com "),
        Just("bob@-x.com.bob@x.com "),
        Just("0.13812345678 "),
        Just("a"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn how_a_text_is_cut_changes_nothing_of_what_its_scores_come_to(
        text in text(),
        splits in prop::collection::vec(0_usize..2_000, 0..6),
        at in prop_oneof![
            Just(AtLeast::Probability(0.0)), Just(AtLeast::Probability(0.3)),
            Just(AtLeast::Probability(0.8)), Just(AtLeast::Preset(Preset::Balanced)),
        ],
        holds: bool,
        watched: bool,
    ) {
        let mut sketch = Sketch::default();
        sketch.scored("harassment", at, holds, Effect::Act(Action::Block));
        let hate = sketch.scored("hate", at, !holds, Effect::Act(Action::Tag));
        hate.mode = if watched { Mode::Shadow } else { Mode::Enforce };
        sketch.redact("vermin", &["vermin"]);
        sketch.block("quit", &["quit"]);
        for name in ["email", "phone"] {
            let contact = sketch.entity(name);
            sketch.rule(name, Node::atom(contact), Effect::Act(Action::Redact));
        }
        assert_cuts_change_nothing(&sketch.build(), &text, &splits);
    }
}
