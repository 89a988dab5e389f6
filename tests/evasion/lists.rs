//! T19 and T20: word lists and exceptions are read like the texts they are for.

use std::sync::Arc;

use tidegate::domain::Action;
use tidegate::engine::Scratch;
use tidegate::policy::Policy;

use crate::gate::{policy_of, try_policy_of, whole};
use crate::rng::Rng;
use crate::rows::{Layer, ROWS, Row};
use crate::terms::Language;

fn rules(rules: &str) -> Arc<Policy> {
    policy_of(&[("policy.yaml", format!("version: 1\nname: lists\nrules:\n{rules}").as_bytes())])
}

fn action(policy: &Arc<Policy>, text: &str) -> Action {
    whole(policy, text, &mut Scratch::default()).action
}

/// Of 40 disguises of a term together with its exception, so many that are found in spite of it. The list only shrinks.
const KNOWN_UNEXCUSED: &[(&str, usize)] = &[("C19a", 2), ("C21", 1)];

#[test]
fn t19_an_exception_excuses_what_is_disguised_as_the_term_is() {
    let policy = rules("  - { id: bombs, words: [bomb], except: [bath bomb], action: block }\n");
    let mut unexcused = Vec::new();
    let owed =
        |row: &&Row| row.layer == Layer::Normalise && row.languages.contains(&Language::English);
    for row in ROWS.iter().filter(owed) {
        let text = |number| {
            let variant = (row.make)(&mut Rng::of(&["T19", row.id], number), "bath bomb");
            format!("a {variant} for my sister")
        };
        let found = (0..40).filter(|number| action(&policy, &text(*number)) != Action::Allow);
        match found.count() {
            0 => {}
            count => unexcused.push((row.id, count)),
        }
    }
    assert_eq!(action(&policy, "a bath bomb for my sister"), Action::Allow);
    assert_eq!(action(&policy, "a bomb for my sister"), Action::Block);
    assert_eq!(unexcused, KNOWN_UNEXCUSED);
}

/// Forms of a numeral in a list that do not find the same word with another form in a text yet.
const KNOWN_APART: &[(&str, &str)] = &[
    ("下3滥", "下三滥"),
    ("下3滥", "下叁滥"),
    ("下３滥", "下三滥"),
    ("下３滥", "下叁滥"),
    ("下③滥", "下三滥"),
    ("下③滥", "下叁滥"),
];

#[test]
fn t19_numerals_have_one_form_in_lists_exceptions_and_texts() {
    let forms = ["下三滥", "下3滥", "下３滥", "下叁滥", "下③滥"];
    let mut apart = Vec::new();
    for listed in forms {
        let found = rules(&format!("  - {{ id: low, words: [{listed}], action: block }}\n"));
        let text = |form: &str| format!("他真是{form}的人");
        apart.extend(
            forms
                .iter()
                .filter(|form| action(&found, &text(form)) != Action::Block)
                .map(|form| (listed, *form)),
        );
        let excused = rules(&format!(
            "  - {{ id: low, words: [滥的], except: [{listed}的], action: block }}\n"
        ));
        assert_eq!(action(&excused, &text(listed)), Action::Allow, "{listed}");
        assert_eq!(action(&excused, "他真是滥的人"), Action::Block, "{listed}");
    }
    assert_eq!(apart, KNOWN_APART);
}

/// A policy with a word list of these bytes.
fn listed(list: &[u8]) -> (Option<Arc<Policy>>, String) {
    let policy = "version: 1\nname: lists\nlexicons: { list: { file: list.txt } }\nrules:\n  - { id: a, lexicon: list, action: block }\n";
    try_policy_of(&[("policy.yaml", policy.as_bytes()), ("list.txt", list)])
}

#[test]
fn t20_a_list_of_disguised_terms_finds_them_plain() {
    let list = "ｂｏｍｂ\nｂ\u{301}ａｄ\u{200b}word\nрассвет\n炸彈\n𝖈𝖔𝖉𝖊𝖝\n";
    let (policy, problems) = listed(list.as_bytes());
    let policy = policy.unwrap_or_else(|| panic!("{problems}"));
    for text in
        ["a bomb here", "a badword here", "тёмный рассвет", "這是炸彈", "这是 炸弹 吗", "the codex"]
    {
        assert_eq!(action(&policy, text), Action::Block, "{text}");
    }
    assert_eq!(action(&policy, "nothing of that sort"), Action::Allow);
}

#[test]
fn t20_byte_order_mark_line_endings_comments_and_blanks_are_no_part_of_terms() {
    let lists: [&[u8]; 4] = [
        "\u{feff}bomb\nother\n".as_bytes(),
        b"# list\r\n\r\nbomb\r\nother\r\n",
        b"  bomb  \n# comment\nother",
        b"bomb ; score=1\nother\n",
    ];
    for list in lists {
        let (policy, problems) = listed(list);
        if let Some(policy) = policy {
            assert_eq!(action(&policy, "a bomb here"), Action::Block, "{list:?}");
            assert_eq!(action(&policy, "# comment, list\r\n"), Action::Allow, "{list:?}");
        } else {
            assert!(problems.contains("list.txt"), "{list:?}: {problems}");
        }
    }
}

#[test]
fn t20_a_list_that_says_nothing_finds_nothing_or_is_refused() {
    let lists = [
        "",
        "\n\n",
        "# only a comment\n",
        "\u{200b}\n",
        "\u{feff}",
        "*\n",
        ".\n",
        "\u{301}\n",
        " ;\n",
    ];
    for list in lists {
        let (policy, problems) = listed(list.as_bytes());
        let Some(policy) = policy else {
            assert!(problems.contains("TG0"), "{list:?}: {problems}");
            continue;
        };
        for text in ["an ordinary sentence, is it not?", "普通的一句话。", "x", "..."] {
            let found = whole(&policy, text, &mut Scratch::default()).action;
            assert!(
                found == Action::Allow || text.contains(list.trim()),
                "{list:?} finds {text:?}"
            );
        }
    }
}

#[test]
fn t20_a_term_of_one_character_finds_that_character_as_a_word_only() {
    let (policy, problems) = listed("x\n毒\n".as_bytes());
    let policy = policy.unwrap_or_else(|| panic!("{problems}"));
    assert_eq!(action(&policy, "extra boxes"), Action::Allow);
    assert_eq!(action(&policy, "press x now"), Action::Block);
    assert_eq!(action(&policy, "ordinary text"), Action::Allow);
}

#[test]
fn t20_a_list_of_100_000_terms_loads_and_finds_the_last_one() {
    let list: String = (0..100_000).map(|n| format!("qz{n:06}term")).collect::<Vec<_>>().join("\n");
    let (policy, problems) = listed(list.as_bytes());
    let policy = policy.unwrap_or_else(|| panic!("{problems}"));
    assert_eq!(action(&policy, "here is QZ099999TERM, disguised"), Action::Block);
    assert_eq!(action(&policy, "here is qz100000term"), Action::Allow);
}
