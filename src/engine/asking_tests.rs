use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::classify::ScoredSpan;
use crate::domain::{Action, Outcome, Rewrite, Verdict};
use crate::engine::testing::{Sketch, split, subject};
use crate::engine::{Scratch, Screen, Wanted, mend, merge, screen_passage};
use crate::policy::{Effect, Node, Policy as Compiled};

/// A sentence that is shorter than a block.
const CLEAN: &str = "The tide comes in twice a day and nobody has ever been able to stop it. ";

/// Finds hate in what has `zorp` or `脏话` in it, and points at names.
fn judge(wanted: &Wanted) -> Answer {
    let text = &*wanted.asked.text;
    let bad = text.contains("zorp") || text.contains("脏话");
    let mut scores: Scores =
        [(Category::new("hate"), if bad { 0.9 } else { 0.1 })].into_iter().collect();
    for (at, name) in text.match_indices("Alice").chain(text.match_indices("Al.ice")) {
        scores.point(ScoredSpan {
            category: Category::new("name"),
            span: Span::new(at, at + name.len()),
            score: 0.8,
        });
    }
    if text.contains("silence") {
        return Answer::Unavailable { reason: Reason::Timeout, seen: Some(Arc::new(scores)) };
    }
    Answer::Scores { scores: Arc::new(scores), cached: false }
}

fn policy(holds: bool, effect: Action) -> Arc<Compiled> {
    let mut sketch = Sketch::default();
    sketch.asked(("hate", 0.5), holds, Effect::Act(effect));
    sketch.redact("mail", &["bob@x.com"]);
    sketch.build()
}

/// A prompt with every answer that it wants.
fn prompt(policy: &Arc<Compiled>, text: &str) -> (Verdict, usize) {
    let (mut scratch, mut asked) = (Scratch::default(), 0);
    loop {
        scratch.answers.begin_try();
        screen_passage(policy, subject(Phase::Prompt), text, &mut scratch);
        let (missing, wanted) = scratch.answers.end_try();
        if !missing {
            return (screen_passage(policy, subject(Phase::Prompt), text, &mut scratch), asked);
        }
        asked += wanted.len();
        for one in wanted {
            let answer = judge(&one);
            scratch.answers.give(one.asked, answer.into());
        }
    }
}

/// What comes out of a completion in pieces, as a relay does it: each piece is tried on a copy until every answer is there
/// that it waits for. Answers that nothing waits for come `late` pieces after they were wanted.
fn stream(policy: &Arc<Compiled>, pieces: &[&str], late: usize) -> (String, Verdict, Vec<String>) {
    let mut screen = Screen::new(Arc::clone(policy), subject(Phase::Completion), None);
    let (mut scratch, mut asked) = (Scratch::default(), Vec::new());
    let (mut text, mut sent, mut upto) = (String::new(), String::new(), 0);
    let mut behind: Vec<(usize, Wanted)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        text.push_str(piece);
        for (_, one) in behind.extract_if(.., |(due, _)| *due <= index) {
            let answer = judge(&one);
            scratch.answers.give(one.asked, answer.into());
        }
        let progress = loop {
            let mut tried = screen.clone();
            scratch.answers.begin_try();
            let progress = if index + 1 == pieces.len() {
                tried.push_last(piece, &mut scratch)
            } else {
                tried.push(piece, &mut scratch)
            };
            let (missing, wanted) = scratch.answers.end_try();
            asked.extend(wanted.iter().map(|one| one.asked.text.to_string()));
            let (waits, flows): (Vec<Wanted>, Vec<Wanted>) =
                wanted.into_iter().partition(|one| one.waits);
            if !missing {
                screen = tried;
                behind.extend(flows.into_iter().map(|one| (index + late, one)));
                break progress;
            }
            for one in waits {
                let answer = judge(&one);
                scratch.answers.give(one.asked, answer.into());
            }
        };
        let shifted: Vec<Rewrite> = progress
            .rewrites
            .into_iter()
            .map(|one| Rewrite {
                span: Span::new(one.span.start - upto, one.span.end - upto),
                ..one
            })
            .collect();
        sent.push_str(&mend(&text[upto..progress.decided], &merge(shifted)));
        upto = progress.decided;
        if progress.stop.is_some() {
            break;
        }
    }
    asked.sort();
    asked.dedup();
    (sent, screen.finish(), asked)
}

#[test]
fn a_prompt_is_asked_about_once_and_whole() {
    let policy = policy(true, Action::Block);
    let long = format!("{}zorp", CLEAN.repeat(40));
    for (text, action) in
        [("hello", Action::Allow), ("a zorp", Action::Block), (&long, Action::Block)]
    {
        let (verdict, asked) = prompt(&policy, text);
        assert_eq!((verdict.action, asked), (action, 1), "{text}");
        assert_eq!(verdict.classified[0].asked, 1);
    }
    let (verdict, _) = prompt(&policy, "一句脏话");
    assert_eq!(&*verdict.findings[0].matched, "guard: hate");
}

#[test]
fn a_text_that_nobody_was_asked_about_has_no_answer_and_does_not_pass() {
    let policy = policy(true, Action::Tag);
    let mut scratch = Scratch::default();
    let verdict = screen_passage(&policy, subject(Phase::Prompt), "hello", &mut scratch);
    assert_eq!((verdict.action, verdict.outcome), (Action::Block, Outcome::Unavailable));
    let mut screen = Screen::new(Arc::clone(&policy), subject(Phase::Completion), None);
    let progress = screen.push_last("hello", &mut scratch);
    let stop = progress.stop.unwrap();
    assert_eq!(
        (progress.decided, stop.action, stop.outcome),
        (0, Action::Block, Outcome::Unavailable)
    );
}

#[test]
fn what_a_rule_blocks_is_blocked_whether_or_not_a_classifier_answers() {
    let mut sketch = Sketch::default();
    sketch.asked(("hate", 0.5), true, Effect::Act(Action::Tag));
    sketch.block("bombs", &["bomb"]);
    let (verdict, _) = prompt(&sketch.build(), "silence and a bomb");
    assert_eq!((verdict.action, verdict.outcome), (Action::Block, Outcome::Screened));
    assert_eq!(verdict.classified[0].unavailable, Some("timeout"));
}

#[test]
fn what_was_said_of_a_part_before_the_silence_can_only_make_a_verdict_stricter() {
    let mut sketch = Sketch::default();
    sketch.asked(("hate", 0.5), true, Effect::Act(Action::Block));
    sketch.remotes[0].on_error = OnFailure::Allow;
    let policy = sketch.build();
    assert_eq!(prompt(&policy, "zorp and silence").0.action, Action::Block);
    let (verdict, _) = prompt(&policy, "silence");
    assert_eq!((verdict.action, verdict.outcome), (Action::Allow, Outcome::Unavailable));
    assert_eq!(verdict.classified[0].fallback, Some("skip"));
}

#[test]
fn a_classifier_that_points_redacts_what_it_points_at() {
    let mut sketch = Sketch::default();
    sketch.asked(("name", 0.5), true, Effect::Act(Action::Redact));
    let policy = sketch.build();
    let text = "Alice met Alice.";
    let (verdict, _) = prompt(&policy, text);
    assert_eq!(mend(text, &verdict.rewrites), "[NAME] met [NAME].");
    let long = format!("{}{text}", CLEAN.repeat(9));
    let (sent, _, _) = stream(&policy, &[&long], 0);
    assert_eq!(sent, format!("{}[NAME] met [NAME].", CLEAN.repeat(9)));
}

#[test]
fn a_block_ends_with_a_sentence_or_a_word_and_is_never_longer_than_its_limit() {
    let policy = policy(true, Action::Block);
    let words = "word ".repeat(300);
    let letters = "字".repeat(2_000);
    for text in [CLEAN.repeat(30), words, letters] {
        let (sent, verdict, asked) = stream(&policy, &[&text], 0);
        assert_eq!((sent.as_str(), verdict.action), (text.as_str(), Action::Allow));
        let longest = asked.iter().map(|one| one.chars().count()).max().unwrap();
        assert!(longest <= LONGEST_ASKED + CONTEXT && longest > SENTENCE_CHARACTERS, "{longest}");
    }
}

#[test]
fn what_a_classifier_points_at_is_not_cut_at_a_point_inside_it() {
    let mut sketch = Sketch::default();
    sketch.asked(("name", 0.5), true, Effect::Act(Action::Redact));
    let policy = sketch.build();
    // Wherever it stands, `Al.ice` holds no end of a sentence; the texts have blanks, or none.
    for (filler, behind, fillers) in [("word ", " wrote.", 30..150), ("字", "写道，", 180..500)]
    {
        for before in fillers.map(|n| filler.repeat(n)) {
            let text = format!("{before}Al.ice{behind}{}", filler.repeat(30));
            let (sent, _, _) = stream(&policy, &[&text], 0);
            assert_eq!(sent, text.replace("Al.ice", "[NAME]"));
        }
    }
}

#[test]
fn a_sentence_ends_before_a_blank_and_with_a_full_stop_of_scripts_without_blanks() {
    let policy = policy(true, Action::Block);
    for end in [". ", "! ", "?\n", ".\" ", ".”) ", "… ", "。", "！", "।"] {
        let text = format!("{}{end}{}", "字".repeat(SENTENCE_CHARACTERS), "字".repeat(50));
        let (_, _, asked) = stream(&policy, &[&text], 0);
        assert!(asked.iter().any(|one| one.ends_with(end)), "{end:?}: {asked:?}");
    }
    let commas = format!("{}，{}", "字".repeat(WORD_CHARACTERS), "字".repeat(50));
    let (_, _, asked) = stream(&policy, &[&commas], 0);
    assert!(asked.iter().any(|one| one.ends_with('，')), "{asked:?}");
}

#[test]
fn so_much_flows_without_an_answer_and_no_more() {
    let policy = policy(false, Action::Block);
    let text = format!("zorp. {}", CLEAN.repeat(60));
    let pieces: Vec<&str> = text.split_inclusive(' ').collect();
    let (sent, verdict, _) = stream(&policy, &pieces, 1 << 20);
    assert_eq!(verdict.action, Action::Block);
    assert!(sent.len() > 4 * LONGEST_ASKED / 3, "it flows: {}", sent.len());
    assert!(sent.len() < (MOST_BEHIND + 2) * LONGEST_ASKED, "{}", sent.len());
}

#[test]
fn a_text_that_flows_does_not_end_before_every_answer_is_there() {
    let policy = policy(false, Action::Block);
    let (sent, verdict, _) = stream(&policy, &["a zorp ", "and ", "more"], 1 << 20);
    assert_eq!((verdict.action, sent.ends_with("more")), (Action::Block, false));
}

#[test]
fn nothing_waits_for_a_classifier_that_is_only_watched_and_its_silence_changes_nothing() {
    let mut sketch = Sketch::default();
    sketch.asked(("hate", 0.5), true, Effect::Act(Action::Block)).mode = Mode::Shadow;
    let policy = sketch.build();
    let mut screen = Screen::new(Arc::clone(&policy), subject(Phase::Completion), None);
    let mut scratch = Scratch::default();
    for word in CLEAN.repeat(9).split_inclusive(' ') {
        screen.push(word, &mut scratch);
        // No more than the next word could be part of a match.
        assert!(screen.held() < 24, "{word}: {}", screen.held());
    }
    let (verdict, _) = prompt(&policy, "a silence and zorp");
    assert_eq!((verdict.action, verdict.outcome), (Action::Allow, Outcome::Unavailable));
    let (verdict, _) = prompt(&policy, "a zorp");
    assert_eq!((verdict.action, verdict.shadow_action), (Action::Allow, Action::Block));
}

#[test]
fn run_if_holds_by_score_rule_category_and_sample() {
    use crate::config::policy_file::RunIf;
    let asks = |run_if: serde_json::Value, text: &str| {
        let run_if: RunIf = serde_json::from_value(run_if).unwrap();
        let mut sketch = Sketch::default();
        let odd = sketch.words(&["odd"]);
        sketch.rule("odd", Node::atom(odd), Effect::Score(1.0));
        sketch.redact("rude", &["rude"]).category = Some(Category::new("rudeness"));
        sketch.asked(("hate", 0.5), true, Effect::Act(Action::Block));
        sketch.run_if(&run_if);
        let (verdict, asked) = prompt(&sketch.build(), text);
        assert_eq!(verdict.classified[0].spared, u32::from(asked == 0));
        assert_eq!(verdict.action == Action::Block, asked == 1 && text.contains("zorp"));
        asked == 1
    };
    let band = serde_json::json!({ "score_at_least": 0.5, "score_below": 2 });
    assert!(!asks(band.clone(), "a zorp") && asks(band, "an odd zorp"));
    let below = serde_json::json!({ "score_below": 1 });
    assert!(asks(below.clone(), "a zorp") && !asks(below, "an odd zorp"));
    let rules = serde_json::json!({ "rules": ["rude"] });
    assert!(!asks(rules.clone(), "an odd zorp") && asks(rules, "a rude zorp"));
    let categories = serde_json::json!({ "categories": ["rudeness"] });
    assert!(!asks(categories.clone(), "odd") && asks(categories, "rude"));
    let sample = serde_json::json!({ "sample": "25%" });
    let drawn = (0..400).filter(|n| asks(sample.clone(), &format!("text {n}"))).count();
    assert!((60..140).contains(&drawn), "{drawn}");
}

/// Sentences of which some are bad, some name somebody, and some make the classifier fall silent.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => Just(CLEAN),
        1 => Just("And you zorp! "),
        1 => Just("这是脏话。"),
        2 => Just("今天天气很好，我们去公园散步，然后回家吃饭。"),
        1 => Just("Alice met bob@x.com there. "),
        1 => Just("odd "),
        1 => Just("word "),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn how_a_text_is_cut_changes_nothing_of_what_a_classifier_that_holds_comes_to(
        text in text(),
        splits in prop::collection::vec(0_usize..4_000, 0..12),
        tags: bool,
        run_if: bool,
    ) {
        let mut sketch = Sketch::default();
        let odd = sketch.words(&["odd"]);
        sketch.rule("odd", Node::atom(odd), Effect::Score(1.0));
        let action = if tags { Action::Tag } else { Action::Block };
        sketch.asked(("hate", 0.5), true, Effect::Act(action));
        if run_if {
            sketch.run_if(&serde_json::from_value(serde_json::json!({ "score_at_least": 1 })).unwrap());
        }
        sketch.asked(("name", 0.5), true, Effect::Act(Action::Redact));
        sketch.redact("mail", &["bob@x.com"]);
        let policy = sketch.build();
        let whole = stream(&policy, &[&text], 0);
        let pieces = split(&text, &splits);
        let (sent, verdict, asked) = stream(&policy, &pieces, 0);
        prop_assert_eq!(&sent, &whole.0);
        prop_assert_eq!(verdict.action, whole.1.action);
        prop_assert_eq!(verdict.stop_at, whole.1.stop_at);
        prop_assert_eq!(&verdict.rules, &whole.1.rules);
        if verdict.stop_at.is_none() {
            prop_assert_eq!(asked, whole.2);
        }
        prop_assert!(tags || run_if || !sent.contains("zorp"), "{}", sent);
        prop_assert!(!sent.contains("Alice"), "{}", sent);
    }

    #[test]
    fn a_text_that_flows_says_no_more_than_one_that_is_held_says_and_the_blocks_that_may_flow(
        text in text(),
        splits in prop::collection::vec(0_usize..4_000, 0..40),
        late in 0_usize..30,
    ) {
        let held = stream(&policy(true, Action::Block), &[&text], 0);
        let (sent, verdict, _) = stream(&policy(false, Action::Block), &split(&text, &splits), late);
        prop_assert_eq!(verdict.action, held.1.action);
        prop_assert!(sent.starts_with(&held.0) || held.0.starts_with(&sent), "{}\n{}", sent, held.0);
        let more = sent.chars().count().saturating_sub(held.0.chars().count());
        prop_assert!(more <= (MOST_BEHIND + 1) * LONGEST_ASKED, "{}", more);
    }
}
