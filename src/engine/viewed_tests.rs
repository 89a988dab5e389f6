//! Regexes on views: what they see, what they replace, and every split of a text.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::testing::{Sketch, assert_cuts_change_nothing, in_pieces, subject};
use super::*;
use crate::domain::{Action, Outcome, Phase};
use crate::policy::*;

/// A policy that redacts what these regexes find in any view.
fn policy(patterns: &[&str]) -> Arc<Policy> {
    let mut sketch = Sketch::default();
    sketch.max_match = 24;
    for (number, pattern) in patterns.iter().enumerate() {
        let atom = sketch.viewed_regex(pattern, Some("X"));
        sketch.rule(&format!("r{number}"), Node::atom(atom), Effect::Act(Action::Redact));
    }
    sketch.build()
}

fn redacted(policy: &Arc<Policy>, text: &str) -> String {
    let subject = subject(Phase::Prompt);
    let verdict = screen_passage(policy, subject, text, &mut Scratch::default());
    assert_eq!(verdict.outcome, Outcome::Screened);
    mend(text, &verdict.rewrites)
}

#[test]
fn a_regex_on_views_sees_through_disguise_and_replaces_the_raw_text() {
    let policy = policy(&[r"PROJECT-\d{2,4}", r"bomb\w{0,3}"]);
    for (text, expected) in [
        ("see PROJECT-123, ok", "see [X], ok"),
        ("see project-123, ok", "see [X], ok"),
        ("see ＰＲＯＪＥＣＴ－１２３, ok", "see [X], ok"),
        ("see p\u{200b}ro\u{301}ject-123, ok", "see [X], ok"),
        ("see рrоjесt-123, ok", "see [X], ok"),
        ("two b o m b s here", "two [X] here"),
        ("two b0mbs here", "two [X] here"),
        ("two boooombs here", "two [X] here"),
        ("projects-123, bmb, b o b", "projects-123, bmb, b o b"),
    ] {
        assert_eq!(redacted(&policy, text), expected);
    }
}

#[test]
fn a_regex_without_views_reads_the_raw_text_alone() {
    let mut sketch = Sketch::default();
    let atom = sketch.regex(r"PROJECT-\d{2,4}", Some("X"));
    sketch.rule("codes", Node::atom(atom), Effect::Act(Action::Redact));
    let policy = sketch.build();
    assert_eq!(
        redacted(&policy, "project-12 ＰＲＯＪＥＣＴ－１２ PROJECT-12"),
        "project-12 ＰＲＯＪＥＣＴ－１２ [X]"
    );
}

#[test]
fn what_is_seen_in_a_view_and_in_the_text_counts_once() {
    let policy = policy(&["bomb"]);
    let subject = subject(Phase::Prompt);
    let verdict = screen_passage(&policy, subject, "a bomb", &mut Scratch::default());
    assert_eq!(verdict.findings.len(), 1);
}

#[test]
fn a_match_without_end_in_a_view_is_given_up_at_the_same_place_for_every_split() {
    for release in [false, true] {
        let mut sketch = Sketch::default();
        (sketch.max_match, sketch.release_on_overflow) = (16, release);
        let atom = sketch.viewed_regex("key=[^;]+;", Some("X"));
        sketch.rule("keys", Node::atom(atom), Effect::Act(Action::Redact));
        let policy = sketch.build();
        for text in [
            format!("see ＫＥＹ＝{}; ok key=1;", "ａ".repeat(40)),
            format!("see k\u{200b}ey={}; ok key=1;", "a\u{301}".repeat(40)),
            format!("see KEY={}; ok key=1;", "a".repeat(40)),
        ] {
            let whole = in_pieces(&policy, &[&text]);
            assert_eq!(whole.1.outcome, Outcome::Unscannable);
            assert_eq!(whole.0.ends_with("; ok [X]"), release);
            assert_cuts_change_nothing(&policy, &text, &[10, 20, 25, 30, 60]);
        }
    }
}

#[test]
fn a_regex_that_costs_too_much_in_a_view_is_unscannable() {
    let mut sketch = Sketch::default();
    let atom = sketch.viewed_regex(r".*[^a-z]|[a-z]", None);
    sketch.rule("slow", Node::atom(atom), Effect::Act(Action::Tag));
    let policy = sketch.build();
    let text = "ａ".repeat(30_000);
    let verdict = screen_passage(&policy, subject(Phase::Prompt), &text, &mut Scratch::default());
    assert_eq!((verdict.action, verdict.outcome), (Action::Block, Outcome::Unscannable));
}

/// A policy that redacts all entities.
fn entities() -> Arc<Policy> {
    let mut sketch = Sketch::default();
    for entity in crate::detect::entity::ENTITIES {
        let atom = sketch.entity(entity.name);
        sketch.rule(entity.name, Node::atom(atom), Effect::Act(Action::Redact));
    }
    sketch.build()
}

#[test]
fn entities_in_full_width_and_other_digits_are_found_and_replaced() {
    let policy = entities();
    for (text, expected) in [
        (
            "card ４１１１ １１１１ １１１１ １１１１ and １３８１２３４５６７８",
            "card [CREDIT_CARD] and [PHONE]",
        ),
        ("卡号：４１１１　１１１１　１１１１　１１１１。", "卡号：[CREDIT_CARD]。"),
        ("身份证１１０１０５１９４９１２３１００２Ｘ，", "身份证[CN_ID]，"),
        ("身份证１１０１０５１９４９１２３１００２ｘ", "身份证[CN_ID]"),
        ("电话＋８６ １３８ １２３４ ５６７８", "电话[PHONE]"),
        ("电话（０１０）６２７５１２３４！", "电话[PHONE]！"),
        ("phone 138１２３４5678", "phone [PHONE]"),
        ("هاتف ٠١٣٨ 13812345678 ١٣٨١٢٣٤٥٦٧٨", "هاتف ٠١٣٨ [PHONE] [PHONE]"),
        ("𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏", "[CREDIT_CARD]"),
        ("ssn ５３６－９０－４３９９", "ssn [US_SSN]"),
        ("ＤＥ８９３７０４００４４０５３２０１３０００", "[IBAN]"),
        ("写信给ｂｏｂ＠ｅｘａｍｐｌｅ．ｃｏｍ吧", "写信给[EMAIL]吧"),
        ("写信给bob＠example.com吧", "写信给[EMAIL]吧"),
        ("at ８．８．８．８, ok", "at [IPV4], ok"),
        ("key ＡＫＩＡＩＯＳＦＯＤＮＮ７ＥＸＡＭＰＬＥ", "key [API_KEY]"),
        ("card 4111\u{200b}1111\u{200b}1111\u{200b}1111 ok", "card [CREDIT_CARD] ok"),
        ("card 4111.1111.1111.1111 ok", "card [CREDIT_CARD] ok"),
        ("２０２３年１２月３１日，第１２３４号", "２０２３年１２月３１日，第１２３４号"),
        ("（１）好的：２、３，４４％", "（１）好的：２、３，４４％"),
    ] {
        assert_eq!(redacted(&policy, text), expected);
        let letters: Vec<&str> = text.split("").collect();
        assert_eq!(in_pieces(&policy, &letters).0, expected);
    }
}

fn numbers() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "４１１１",
        "4111",
        "１１１１",
        "1111",
        "１３８",
        "138",
        "１２３４５６７８",
        "12345678",
        "５３６－９０－４３９９",
        "bob",
        "ｂｏｂ",
        "＠",
        "@",
        "example．com",
        "ｅｘａｍｐｌｅ.ｃｏｍ",
        "８．８．",
        "8.8",
        "（０１０）",
        "(010)",
        "＋８６",
        "１１０１０５１９４９１２３１００２",
        "Ｘ",
        "x",
        "-----",
        "ｈｔｔｐ：／／ａ．ｉｏ／",
        "ey",
        "号",
        "，",
        "　",
        " ",
        " ",
        "\u{200b}",
        "\u{301}",
        "．",
        "：",
        "（",
        "1",
        "１",
        "٤",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "ab", "abc", "a b c", "a.b.c", "ＡＢＣ", "абс", "a\u{200b}b", "ab\u{301}c", "abbbbc", "a8c", "key=",
            "КЕУ＝", "k e y =", ";", "；", "炸", "弹", "炸，弹", "炸 弹", "彈", "１２", "12", "-", "－", " ", " ", "\n", "😀",
        ]),
        1 => prop::sample::select(vec!["a", "b", "c", "1", "\u{301}", "\u{200b}", "x", "i", "l", ", "]),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn chunking_never_changes_what_entities_are_found_in_other_forms(
        text in numbers(),
        splits in prop::collection::vec(0_usize..300, 0..8),
    ) {
        static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(entities);
        assert_cuts_change_nothing(&POLICY, &text, &splits);
    }

    #[test]
    fn chunking_never_changes_what_regexes_see_in_views(
        text in texts(),
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| policy(&[
            r"ABC", r"(?-u:\b)[0-9]{2}-[0-9]{2}(?-u:\b)", "key=[^;]+;", "炸.{0,2}弹", r"(?m)^ab?", r"c{2}$", r"bc|abcx",
        ]));
        assert_cuts_change_nothing(&POLICY, &text, &splits);
    }
}
