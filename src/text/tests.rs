//! Views on examples and on arbitrary text.

use proptest::prelude::*;

use super::*;
use crate::domain::Span;

fn view(name: &str, raw: &str) -> Reading {
    let index = VIEWS.iter().position(|view| view.name.0 == name).unwrap();
    let view = &VIEWS[index];
    let mut input = Reading::default();
    match view.over {
        None => input.identity(raw),
        Some(over) => input = self::view(VIEWS[over].name.0, raw),
    }
    let mut out = Reading::default();
    (view.build)(&input, &mut out);
    out
}

fn read(name: &str, raw: &str) -> String {
    view(name, raw).as_str().to_owned()
}

#[test]
fn fold_sees_through_case_width_style_and_marks() {
    for (raw, folded) in [
        ("IDIOT", "idiot"),
        ("İDıOT", "idiot"),
        ("ｉｄｉｏｔ　ｘ", "idiot x"),
        ("𝕚𝓭𝔦𝖔𝘁", "idiot"),
        ("ⓘⓓⓘⓞⓣ", "idiot"),
        ("i\u{301}d\u{336}iöt", "idiot"),
        ("ᵇᵒᵐᵇ", "bomb"),
        ("Straße ſ K", "strasse s k"),
        ("i\u{200b}d\u{ad}i\u{2060}ot", "idiot"),
        ("i\0d\u{1}iot", "idiot"),
        ("a \t\n b", "a b"),
        ("炸彈 傻瓜", "炸弹 傻瓜"),
        ("③叁", "3三"),
        ("⼀", "一"),
        ("1️⃣", "1"),
        ("й", "и"),
    ] {
        assert_eq!(read("fold", raw), folded, "{raw}");
    }
}

#[test]
fn marks_are_kept_where_they_are_spelling() {
    for text in ["हिन्दी", "ไทย", "が", "한국"] {
        assert_eq!(read("fold", text), text);
    }
}

#[test]
fn spans_lead_back_to_the_raw_bytes_with_what_is_hidden_in_them() {
    let raw = "ein İ\u{301}d\u{200b}iot!";
    let folded = view("fold", raw);
    let at = folded.as_str().find("idiot").unwrap();
    let span = folded.raw_span(at, at + 5);
    assert_eq!(&raw[span.range()], "İ\u{301}d\u{200b}iot");
}

#[test]
fn skeleton_sees_look_alikes() {
    for (raw, looks) in [
        ("іdіоt", "idiot"),
        ("ιδιοτ", "iδiot"),
        ("ɪᴅɪᴏᴛ", "idiot"),
        ("🅸🅳🅸🅾🆃", "idiot"),
        ("🇮🇩🇮🇴🇹", "idiot"),
        ("bøłđ", "bold"),
        ("傻瓜", "傻瓜"),
    ] {
        assert_eq!(read("skeleton", raw), looks, "{raw}");
    }
}

#[test]
fn spaced_joins_single_letters_and_leaves_words_alone() {
    for (raw, joined) in [
        ("you i d i o t !", "you idiot !"),
        ("i.d.i.o.t", "idiot"),
        ("i-d-i-o-t", "idiot"),
        ("a big cat", "a big cat"),
        ("I a m", "iam"),
        ("plan b is c", "plan b is c"),
        ("炸*弹", "炸弹"),
        ("炸 弹", "炸弹"),
        ("炸-1-弹", "炸弹"),
        ("A 1 B", "a 1 b"),
    ] {
        assert_eq!(read("spaced", raw), joined, "{raw}");
    }
}

#[test]
fn leet_reads_words_that_mix_letters_and_digits() {
    for (raw, letters) in [
        ("1d10t", "idiot"),
        ("$h1t", "shit"),
        ("b0mb!", "bomb!"),
        ("hello!", "hello!"),
        ("1234", "1234"),
        ("$5,200", "$5,200"),
        ("id10t傻", "idiot傻"),
    ] {
        assert_eq!(read("leet", raw), letters, "{raw}");
    }
}

#[test]
fn repeats_collapses_what_is_drawn_out() {
    assert_eq!(read("repeats", "idiiiooot"), "idiot");
    assert_eq!(read("repeats", "炸炸弹弹"), "炸弹");
    let applies = |raw: &str| (VIEWS[4].applies)(&view("skeleton", raw));
    assert!(is_drawn_out("Soo\u{301}oo") && !is_drawn_out("committee 妈妈"));
    assert!(applies("soooo") && applies("炸炸弹弹") && !applies("hello committee 妈"));
}

#[test]
fn ordinary_english_needs_no_view_but_fold() {
    let folded = view("fold", "The committee met on Tuesday, and everybody agreed.");
    assert!(folded.is_identity());
    for over in &VIEWS[1..] {
        assert!(!(over.applies)(&folded), "{}", over.name);
    }
}

fn raw_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "b", "i d i", " ", "  ", "\n", ".", "-", "1", "0", "$", "!", "é", "e\u{301}", "\u{301}",
            "\u{200b}", "炸", "弹", "彈", "*", "ａ", "ß", "ооо", "аа", "🇮", "ﷺ", "が", "か\u{3099}", "aaa", "word",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn chain(raw: &str) -> Vec<(Reading, Reading)> {
    VIEWS
        .iter()
        .map(|one| {
            let input = match one.over {
                None => {
                    let mut input = Reading::default();
                    input.identity(raw);
                    input
                }
                Some(over) => view(VIEWS[over].name.0, raw),
            };
            (input, view(one.name.0, raw))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn spans_are_ordered_and_land_on_characters(raw in raw_texts()) {
        for (_, reading) in chain(&raw) {
            let mut before = 0;
            for (at, c) in reading.as_str().char_indices() {
                let Span { start, end } = reading.raw_span(at, at + c.len_utf8());
                prop_assert!(start <= end && end <= raw.len() && start >= before);
                prop_assert!(raw.is_char_boundary(start) && raw.is_char_boundary(end));
                before = start;
            }
        }
    }

    #[test]
    fn folding_again_changes_nothing(raw in raw_texts()) {
        let once = read("fold", &raw);
        prop_assert_eq!(read("fold", &once), once);
    }

    #[test]
    fn a_reading_is_bounded(raw in "\\PC{0,20}") {
        prop_assert!(read("fold", &raw).len() <= raw.len() * 32);
    }

    #[test]
    fn what_is_before_the_open_byte_does_not_change_when_text_follows(raw in raw_texts(), at: usize) {
        let at = (0..=at % (raw.len() + 1)).rev().find(|&at| raw.is_char_boundary(at)).unwrap();
        let (prefix, whole) = (chain(&raw[..at]), chain(&raw));
        let mut decided = at;
        for (index, view) in VIEWS.iter().enumerate() {
            let (input, reading) = &prefix[index];
            decided = decided.min(input.raw_start((view.open_from)(input)));
            let (_, longer) = &whole[index];
            let upto = |reading: &Reading| {
                let mut chars: Vec<(char, usize)> = reading.as_str().char_indices()
                    .map(|(at, c)| (c, reading.raw_start(at))).collect();
                chars.retain(|(_, start)| *start < decided);
                chars
            };
            prop_assert_eq!(upto(reading), upto(longer), "{} decided {}", view.name, decided);
        }
    }
}
