//! Which texts the keys hold for the same, on texts of the project in both languages.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::people::chance::Chance;

/// The texts of a file that has one a line, and those of one that has a row a line.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn rows(text: &str) -> Vec<String> {
    let rows = text.lines().map(serde_json::from_str::<serde_json::Value>);
    rows.map(|row| row.expect("a row")["text"].as_str().expect("a text").to_owned()).collect()
}

fn english() -> Vec<String> {
    let mut texts = lines(include_str!("../../../tools/benign/en.txt"));
    texts.extend(rows(include_str!("../../../config/eval/en.jsonl")));
    texts
}

fn chinese() -> Vec<String> {
    let mut texts = lines(include_str!("../../../tools/benign/zh.txt"));
    texts.extend(rows(include_str!("../../../config/eval/zh.jsonl")));
    texts
}

/// Shorter texts have too few pieces for a sketch to say much; the exact key is for them.
fn is_long_enough(text: &str) -> bool {
    let mut pieces = BTreeSet::new();
    for_each_piece(&folded(text), |piece| {
        pieces.insert(piece.to_vec());
    });
    pieces.len() >= 12
}

/// The text with one character changed, left out or put in, by chance.
fn edited(text: &str, chance: &mut Chance) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let place = chance.below(characters.len());
    let other = characters[chance.below(characters.len())];
    match chance.below(3) {
        0 => characters[place] = other,
        1 => drop(characters.remove(place)),
        _ => characters.insert(place, other),
    }
    characters.into_iter().collect()
}

fn far(one: &str, other: &str) -> f64 {
    match (Sketch::of(one), Sketch::of(other)) {
        (Some(one), Some(other)) => one.distance(&other),
        _ => 1.0,
    }
}

/// The share of texts that stay near themselves after one edit, and the share of pairs of them that are near.
fn measured(texts: &[String]) -> (f64, f64) {
    let mut chance = Chance::new(11);
    let long: Vec<&String> = texts.iter().filter(|text| is_long_enough(text)).collect();
    assert!(long.len() > 150, "{}", long.len());
    let stay = long.iter().filter(|text| far(text, &edited(text, &mut chance)) <= NEAR).count();
    let sketches: Vec<Sketch> = long.iter().filter_map(|text| Sketch::of(text)).collect();
    let (mut near, mut pairs) = (0, 0);
    for (place, one) in sketches.iter().enumerate() {
        for other in &sketches[place + 1..] {
            pairs += 1;
            near += usize::from(one.is_near(other));
        }
    }
    (ratio(stay, long.len()), ratio(near, pairs))
}

#[test]
fn one_edit_keeps_english_texts_near_and_others_are_far() {
    let (stay, near) = measured(&english());
    println!("English: {stay:.4} stay near, {near:.6} of pairs are near");
    assert!(stay >= 0.99 && near <= 0.0001, "{stay} {near}");
}

#[test]
fn one_edit_keeps_chinese_texts_near_and_others_are_far() {
    let (stay, near) = measured(&chinese());
    println!("Chinese: {stay:.4} stay near, {near:.6} of pairs are near");
    assert!(stay >= 0.99 && near <= 0.0001, "{stay} {near}");
}

#[test]
fn the_exact_key_ignores_case_width_blanks_and_digits_alone() {
    let key = ExactKey::of("Call 555-0100 NOW");
    assert_eq!(ExactKey::of("  call　５５５-9999\n\tnow\u{200b} "), key);
    assert_eq!(ExactKey::of("call ٥٥٥-٠١٠٠ now"), key);
    for other in
        ["call 555-01000 now", "call 555 0100 now", "call 555-0100 now!", "cal 555-0100 now"]
    {
        assert_ne!(ExactKey::of(other), key, "{other}");
    }
    // SHA-256 of "call 000-0000 now", by sha256sum.
    assert_eq!(key.to_string(), "5c25e335febd39fa1ccd55fc9c70881f9a8dd8b03e54965508de30fb5fc7c4f9");
}

#[test]
fn what_has_no_letters_has_no_sketch() {
    for text in ["", "  ", "!?! …", "。，"] {
        assert_eq!(Sketch::of(text), None, "{text:?}");
    }
    assert!(Sketch::of("7").is_some());
}

#[test]
fn a_sketch_is_the_same_on_every_machine() {
    let sketch = Sketch::of("nearly the same, 几乎一样").expect("letters");
    assert_eq!(
        format!("{sketch:?}"),
        "Sketch(db36c8edddc59fa482015e03d23234cd08a9382dac5fe6206c3c352a7ad13af1a8681e3382f5638042a63c032a50fa578b1c6739684135b21ac49136)"
    );
    assert_eq!(Sketch::from_bytes(*sketch.as_bytes()), sketch);
}

#[test]
fn the_distance_estimates_the_pieces_that_are_not_shared() {
    let (mut worst, mut sum, mut count) = (0.0_f64, 0.0, 0.0);
    let mut chance = Chance::new(5);
    for text in english().iter().filter(|text| is_long_enough(text)) {
        let mut other = text.clone();
        for _ in 0..4 {
            other = edited(&other, &mut chance);
        }
        let pieces = |text: &str| {
            let mut pieces = BTreeSet::new();
            for_each_piece(&folded(text), |piece| {
                pieces.insert(piece.to_vec());
            });
            pieces
        };
        let (one, two) = (pieces(text), pieces(&other));
        let truth = 1.0 - ratio(one.intersection(&two).count(), one.union(&two).count());
        let off = far(text, &other) - truth;
        worst = worst.max(off.abs());
        sum += off;
        count += 1.0;
    }
    let mean: f64 = sum / count;
    assert!(mean.abs() < 0.02 && worst < 0.3, "{mean} {worst}");
}

#[test]
fn groups_hold_what_a_reviewer_would_decide_at_once() {
    let texts = [
        "Buy cheap watches at example.com, only 20 dollars today",
        "please help me write a letter to my landlord about the heating",
        "BUY cheap watches at example.com, only 35 dollars today!!",
        "加微信领取免费礼品，数量有限先到先得",
        "buy cheap watches at example.net, only 20 dollars today",
        "加微信领取免费礼物，数量有限先到先得！",
    ];
    let sketches: Vec<Sketch> = texts.iter().filter_map(|text| Sketch::of(text)).collect();
    assert_eq!(group(&sketches).expect("few"), [vec![0, 2, 4], vec![1], vec![3, 5]]);
}

#[test]
fn groups_and_their_number_are_bounded() {
    let one = Sketch::of("the same text again and again").expect("letters");
    let groups = group(&[one; 250]).expect("few");
    assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    let refused = group(&vec![one; MOST_TEXTS + 1]).expect_err("too many");
    assert_eq!(refused.to_string(), "10001 texts are more than 10000");
}

proptest! {
    #[test]
    fn a_text_is_near_itself_and_distance_has_no_direction(one in ".{0,80}", other in ".{0,80}") {
        let (Some(one), Some(other)) = (Sketch::of(&one), Sketch::of(&other)) else { return Ok(()) };
        prop_assert!(one.distance(&one).abs() < 1e-12);
        prop_assert!((one.distance(&other) - other.distance(&one)).abs() < 1e-12);
        prop_assert!((0.0..=1.0).contains(&one.distance(&other)));
    }

    #[test]
    fn texts_with_one_exact_key_have_one_sketch(text in "[ a-zA-Z0-9１-３Ａ-Ｄ中文，.]{1,60}") {
        let louder = text.to_uppercase().replace(' ', " \t ");
        prop_assert_eq!(ExactKey::of(&text), ExactKey::of(&louder));
        prop_assert_eq!(Sketch::of(&text), Sketch::of(&louder));
    }

    #[test]
    fn every_text_is_in_one_group(words in prop::collection::vec("[ab]{4} [ab]{4} [ab]{4}", 0..40)) {
        let sketches: Vec<Sketch> = words.iter().filter_map(|text| Sketch::of(text)).collect();
        let groups = group(&sketches).expect("few");
        let mut places: Vec<usize> = groups.iter().flatten().copied().collect();
        places.sort_unstable();
        prop_assert_eq!(places, (0..sketches.len()).collect::<Vec<_>>());
        for members in &groups {
            prop_assert!(members.iter().all(|place| sketches[members[0]].is_near(&sketches[*place])));
        }
    }
}
