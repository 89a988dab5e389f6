//! The engine on small policies: precedence, conditions, windows, scores.

use std::sync::Arc;

use super::testing::{Sketch, in_pieces, split, subject};
use super::*;
use crate::domain::{Action, Mode, Outcome, Phase, Verdict};
use crate::policy::*;

fn prompt(policy: &Arc<Policy>, text: &str) -> Verdict {
    screen_passage(policy, subject(Phase::Prompt), text, &mut Scratch::default())
}

fn fired(verdict: &Verdict) -> Vec<&str> {
    verdict.rules.iter().map(|rule| &*rule.id).collect()
}

#[test]
fn the_strictest_action_wins_and_all_that_fired_are_kept() {
    let mut sketch = Sketch::default();
    sketch.redact("insults", &["idiot"]);
    sketch.block("slurs", &["blorp"]);
    let policy = sketch.build();
    let verdict = prompt(&policy, "you idiot blorp");
    assert_eq!((verdict.action, fired(&verdict)), (Action::Block, vec!["insults", "slurs"]));
    assert_eq!(verdict.decided_by, Some(1));
    let verdict = prompt(&policy, "you idiot");
    assert_eq!(mend("you idiot", &verdict.rewrites), "you [INSULTS]");
}

#[test]
fn an_exception_excuses_only_the_match_inside_it() {
    let mut sketch = Sketch::default();
    let novel = sketch.words(&["the idiot by dostoevsky"]);
    sketch.block("insults", &["idiot", "moron"]).except.push(novel);
    let policy = sketch.build();
    assert_eq!(prompt(&policy, "reading The Idiot by Dostoevsky").action, Action::Allow);
    let verdict = prompt(&policy, "reading The Idiot by Dostoevsky, you moron");
    assert_eq!((verdict.action, verdict.findings.len()), (Action::Block, 1));
}

#[test]
fn a_shadow_rule_is_recorded_and_changes_nothing() {
    let mut sketch = Sketch::default();
    sketch.block("trial", &["blorp"]).mode = Mode::Shadow;
    let policy = sketch.build();
    let verdict = prompt(&policy, "blorp");
    assert_eq!((verdict.action, verdict.shadow_action), (Action::Allow, Action::Block));
    assert_eq!(fired(&verdict), ["trial"]);
    assert_eq!(in_pieces(&policy, &["a blorp b"]).0, "a blorp b");
}

#[test]
fn a_rule_on_trial_enforces_from_its_day_on() {
    for (until, action) in [((2026, 12, 1), Action::Allow), ((2026, 11, 1), Action::Block)] {
        let mut sketch = Sketch::default();
        let (year, month, day) = until;
        sketch.block("trial", &["blorp"]).shadow_until = Some(jiff::civil::date(year, month, day));
        assert_eq!(prompt(&sketch.build(), "blorp").action, action);
    }
}

#[test]
fn scores_add_up_once_a_rule_and_thresholds_turn_them_into_actions() {
    let mut sketch = Sketch::default();
    let (a, b) = (sketch.words(&["darn", "heck"]), sketch.words(&["blorp"]));
    sketch.rule("mild", Node::atom(a), Effect::Score(2.0));
    sketch.rule("worse", Node::atom(b), Effect::Score(3.0));
    sketch.thresholds = vec![
        Threshold { score: 5.0, action: Action::Block },
        Threshold { score: 2.0, action: Action::Tag },
    ];
    let policy = sketch.build();
    let verdict = prompt(&policy, "darn heck darn");
    assert_eq!((verdict.action, verdict.score), (Action::Tag, 2.0));
    let verdict = prompt(&policy, "darn blorp");
    assert_eq!((verdict.action, verdict.score, verdict.decided_by), (Action::Block, 5.0, None));
    let (sent, verdict) = in_pieces(&policy, &["oh da", "rn it is a blo", "rp and more"]);
    assert_eq!((sent.as_str(), verdict.action), ("oh darn it is a ", Action::Block));
}

fn window_policy(within: Option<Within>, action: Action) -> Arc<Policy> {
    let mut sketch = Sketch::default();
    let (make, thing) = (sketch.words(&["make", "build"]), sketch.words(&["bomb"]));
    let node = Node { all: vec![Node::atom(make), Node::atom(thing)], within, ..Node::default() };
    sketch.rule("weapons", node, Effect::Act(action));
    sketch.build()
}

#[test]
fn parts_bound_by_a_window_fire_together_and_far_apart_do_not() {
    let policy = window_policy(Some(Within::Words(4)), Action::Block);
    assert_eq!(prompt(&policy, "make a big bomb").action, Action::Block);
    assert_eq!(prompt(&policy, "a bomb they make").action, Action::Block);
    assert_eq!(prompt(&policy, "make a very big bomb").action, Action::Allow);
    let (sent, _) = in_pieces(&policy, &["ok make ", "a ", "big ", "bo", "mb now"]);
    assert_eq!(sent, "ok ");
    let (sent, _) = in_pieces(&policy, &["ok make ", "a ", "very ", "big ", "bomb"]);
    assert_eq!(sent, "ok make a very big bomb");
}

#[test]
fn a_word_that_was_pulled_apart_takes_one_word_of_a_window() {
    let policy = window_policy(Some(Within::Words(4)), Action::Block);
    for text in [
        "make one b o m b",
        "please make a b.o.m.b now",
        "m a k e one big b-o-m-b",
        "b o m b to m.a.k.e",
        "b u i l d the bomb",
        "b u i l d a b o m b",
        "please m.a.k.e.a.b.o.m.b",
        "make a big b\u{200b}o\u{200b}m\u{200b}b",
        "m\u{301}a\u{301}k\u{301}e a big bo\u{200b}mb",
    ] {
        assert_eq!(prompt(&policy, text).action, Action::Block, "{text}");
        let letters: Vec<&str> = text.split("").collect();
        let (sent, verdict) = in_pieces(&policy, &letters);
        assert_eq!((sent, verdict.action), (in_pieces(&policy, &[text]).0, Action::Block));
    }
    assert_eq!(prompt(&policy, "make a very big b o m b").action, Action::Allow);
}

#[test]
fn a_stream_of_single_letters_is_not_held_for_ever() {
    let policy = window_policy(Some(Within::Words(4)), Action::Block);
    let mut screen = Screen::new(policy, subject(Phase::Completion), None);
    let mut scratch = Scratch::default();
    screen.push("make ", &mut scratch);
    for _ in 0..100 {
        screen.push("x ", &mut scratch);
        assert!(screen.held() < 200);
    }
}

#[test]
fn parts_without_a_window_count_from_where_the_last_one_came_in() {
    let policy = window_policy(None, Action::Redact);
    let text = "make it, then a bomb, then make";
    assert_eq!(
        mend(text, &prompt(&policy, text).rewrites),
        "[WEAPONS] it, then a [WEAPONS], then [WEAPONS]"
    );
    let (sent, _) = in_pieces(&policy, &[text]);
    assert_eq!(sent, "make it, then a [WEAPONS], then [WEAPONS]");
}

#[test]
fn a_match_is_excused_by_what_stands_near_it() {
    let mut sketch = Sketch::default();
    let (bad, good) = (sketch.words(&["suicide"]), sketch.words(&["prevention", "helpline"]));
    let node = Node {
        any: vec![Matcher::Atom(bad)],
        not: vec![Node::atom(good)],
        within: Some(Within::Words(3)),
        ..Node::default()
    };
    sketch.rule("self-harm", node, Effect::Act(Action::Block));
    let policy = sketch.build();
    assert_eq!(prompt(&policy, "suicide prevention week").action, Action::Allow);
    assert_eq!(prompt(&policy, "a helpline against suicide").action, Action::Allow);
    assert_eq!(prompt(&policy, "suicide is what they call prevention").action, Action::Block);
    let (sent, _) = in_pieces(&policy, &["suicide", " ", "prevention", " week"]);
    assert_eq!(sent, "suicide prevention week");
}

#[test]
fn an_exception_around_a_part_of_a_window_holds_when_the_other_part_comes_later() {
    let mut sketch = Sketch::default();
    let (make, thing) = (sketch.words(&["make"]), sketch.words(&["bomb"]));
    let excuse = sketch.words(&["make fun"]);
    let node = Node {
        all: vec![Node::atom(make), Node::atom(thing)],
        within: Some(Within::Words(6)),
        ..Node::default()
    };
    sketch.rule("weapons", node, Effect::Act(Action::Block)).except.push(excuse);
    let policy = sketch.build();
    let text = "they make fun of a bomb joke";
    assert_eq!(in_pieces(&policy, &[text]).0, text);
    for pieces in [text.split("").collect::<Vec<_>>(), text.split_inclusive(' ').collect()] {
        assert_eq!(in_pieces(&policy, &pieces).0, text);
    }
}

#[test]
fn an_unbounded_match_is_cut_or_let_go_as_the_policy_says() {
    for (release, expected) in
        [(false, "see "), (true, "see <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa> ok")]
    {
        let mut sketch = Sketch::default();
        (sketch.max_match, sketch.release_on_overflow) = (16, release);
        let atom = sketch.regex("<[^>]+>", Some("TAG"));
        sketch.rule("tags", Node::atom(atom), Effect::Act(Action::Redact));
        let policy = sketch.build();
        let text = format!("see <{}> ok", "a".repeat(40));
        for pieces in [split(&text, &[]), split(&text, &[10, 20, 25, 30]), text.split("").collect()]
        {
            let (sent, verdict) = in_pieces(&policy, &pieces);
            assert_eq!(sent, expected);
            assert_eq!(verdict.outcome, Outcome::Unscannable);
        }
    }
}

#[test]
fn a_text_with_too_many_hits_is_unscannable_and_closed() {
    let mut sketch = Sketch::default();
    sketch.rule("mild", Node::default(), Effect::Act(Action::Tag));
    let atom = sketch.regex("[ab]", None);
    sketch.rule("letters", Node::atom(atom), Effect::Act(Action::Tag));
    let verdict = prompt(&sketch.build(), &"ab ".repeat(30_000));
    assert_eq!((verdict.action, verdict.outcome), (Action::Block, Outcome::Unscannable));
}
