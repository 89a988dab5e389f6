//! Terms that are split over texts.

use jiff::civil::date;

use super::joined::{JointVerdict, MOST_JOINED, MOST_REACH, Meeting, Piece, joints, screen_joint};
use super::{Scratch, Subject, mend, merge};
use crate::domain::{Action, Author, Phase};
use crate::engine::testing::Sketch;
use crate::policy::{Effect, Matcher, Node, Policy, Threshold, Within};

fn subject() -> Subject {
    let (phase, author) = (Phase::Prompt, Author::User);
    Subject { phase, author, today: date(2026, 11, 1), streamed: false }
}

fn screened(policy: &Policy, texts: &[&str], meeting: Meeting) -> Vec<JointVerdict> {
    let piece = |(unit, &text): (usize, &&'static str)| Piece { text, unit };
    let texts: Vec<&'static str> = texts.iter().map(|text| &*Box::leak(Box::from(*text))).collect();
    let pieces: Vec<Piece<'_>> = texts.iter().enumerate().map(piece).collect();
    let mut scratch = Scratch::default();
    let joints = joints(&pieces);
    let screen = |joint| screen_joint(policy, subject(), (joint, meeting), &mut scratch);
    joints.iter().filter_map(screen).collect()
}

fn action(policy: &Policy, texts: &[&str], meeting: Meeting) -> Action {
    let screened = screened(policy, texts, meeting);
    screened.iter().map(|one| one.verdict.action).max().unwrap_or_default()
}

#[test]
fn a_term_that_is_split_over_texts_is_found_and_one_inside_a_text_is_not_found_again() {
    let mut sketch = Sketch::default();
    sketch.block("w", &["grenade", "hand grenade", "炸弹"]);
    let policy = sketch.build();
    for (texts, expected) in [
        (&["gre", "nade"][..], Action::Block),
        (&["a gre", "n", "ade please"], Action::Block),
        (&["a hand", "grenade"], Action::Block),
        (&["制造炸", "弹的方法"], Action::Block),
        (&["gre", "nades"], Action::Allow),
        (&["a grenade", "and more"], Action::Allow),
        (&["grenade"], Action::Allow),
        (&["gre", "mlin"], Action::Allow),
        // In the second text alone, the first letter belongs to it.
        (&["tell me abou", "t g r e n a d e now"], Action::Block),
    ] {
        assert_eq!(action(&policy, texts, Meeting::Crossing), expected, "{texts:?}");
    }
}

#[test]
fn a_match_is_found_as_far_as_it_reaches_from_a_border_of_long_texts() {
    let mut sketch = Sketch::default();
    sketch.block("w", &["grenade"]);
    let policy = sketch.build();
    let far = "and so on ".repeat(5_000);
    let (one, two, three) = (format!("{far}gre"), format!("nade {far} gr"), "enade".to_owned());
    let found = screened(&policy, &[&one, &two, &three], Meeting::Crossing);
    assert_eq!(found.iter().map(|one| one.piece).collect::<Vec<_>>(), [0, 1]);
    let hidden = format!("gre{}", "\u{200b}".repeat(600));
    assert_eq!(action(&policy, &[&hidden, "nade"], Meeting::Crossing), Action::Block);
}

#[test]
fn many_small_texts_are_joined_in_runs_that_overlap() {
    let mut sketch = Sketch::default();
    sketch.block("w", &["grenade"]);
    let policy = sketch.build();
    for before in (0..3_000).step_by(61) {
        let mut texts = vec!["and so on "; before];
        texts.extend(["g", "r", "e", "n", "a", "d", "e"]);
        assert_eq!(action(&policy, &texts, Meeting::Crossing), Action::Block, "{before}");
    }
    let pieces = vec![Piece { text: "and so on ", unit: 0 }; 9_000];
    let mut pieces = pieces;
    (0..).zip(&mut pieces).for_each(|(unit, piece)| piece.unit = unit);
    assert!(joints(&pieces).iter().all(|joint| joint.len() <= MOST_JOINED + MOST_REACH));
}

#[test]
fn the_placeholder_stands_where_the_match_begins_and_no_text_is_left_empty() {
    let mut sketch = Sketch::default();
    sketch.redact("name", &["john smith"]);
    let policy = sketch.build();
    let mended = |texts: &[&str]| {
        let found = screened(&policy, texts, Meeting::Crossing);
        let one = |(index, text): (usize, &&str)| {
            let own = found.iter().flat_map(|joint| &joint.rewrites);
            let own = own.filter(|(piece, _)| *piece == index).map(|(_, own)| own.clone());
            mend(text, &merge(own.collect()))
        };
        texts.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    assert_eq!(mended(&["I am john", "smith, hello"]), ["I am [NAME]", ", hello"]);
    assert_eq!(mended(&["I am jo", "hn", " smith."]), ["I am [NAME]", "[NAME]", "."]);
    assert_eq!(mended(&["I am", "john smith"]), ["I am", "john smith"]);
}

#[test]
fn conditions_that_only_texts_together_fulfil_count_where_that_is_asked_for() {
    let mut sketch = Sketch::default();
    let (making, weapon) = (sketch.words(&["build"]), sketch.words(&["bomb"]));
    let all = vec![Node::atom(making), Node::atom(weapon)];
    let node = Node { all, within: Some(Within::Words(6)), ..Node::default() };
    sketch.rule("making", node, Effect::Act(Action::Block));
    let policy = sketch.build();
    for (texts, together, crossing) in [
        (&["how to build", "a bomb"][..], Action::Block, Action::Allow),
        (&["how to build a bo", "mb"], Action::Block, Action::Block),
        (&["how to build a bomb", "now"], Action::Allow, Action::Allow),
        (&["how to build.", "a bomb"], Action::Allow, Action::Allow),
        (&["how to build. a bo", "mb"], Action::Block, Action::Block),
        (&["how to build a house for all of us", "a bomb"], Action::Allow, Action::Allow),
    ] {
        assert_eq!(action(&policy, texts, Meeting::Together), together, "{texts:?}");
        assert_eq!(action(&policy, texts, Meeting::Crossing), crossing, "{texts:?}");
    }
}

#[test]
fn scores_of_what_lies_inside_count_towards_a_total_that_a_split_term_reaches() {
    let mut sketch = Sketch::default();
    for (id, word) in [("one", "zorp"), ("two", "blorp")] {
        let atom = sketch.words(&[word]);
        let node = Node { any: vec![Matcher::Atom(atom)], ..Node::default() };
        sketch.rule(id, node, Effect::Score(0.5));
    }
    sketch.thresholds.push(Threshold { score: 1.0, action: Action::Block });
    let policy = sketch.build();
    assert_eq!(action(&policy, &["zorp blo", "rp"], Meeting::Crossing), Action::Block);
    assert_eq!(action(&policy, &["zorp", "blorp"], Meeting::Crossing), Action::Allow);
    assert_eq!(action(&policy, &["blo", "rp"], Meeting::Crossing), Action::Allow);
}
