//! The generators make what they say: compared with examples of the standards, or undone by normalisation.

use unicode_normalization::UnicodeNormalization;

use super::{ROWS, Row, ciphers, encodings};
use crate::rng::Rng;

fn row(id: &str) -> &'static Row {
    ROWS.iter().find(|row| row.id == id).expect("a row")
}

#[test]
fn codings_are_those_of_their_standards() {
    for (text, coded) in [("foobar", "MZXW6YTBOI======"), ("fooba", "MZXW6YTB"), ("f", "MY======")]
    {
        assert_eq!(encodings::base32(text), coded, "RFC 4648");
    }
    assert_eq!(encodings::ascii85("Man is distinguished"), "9jqo^BlbD-BleB1DJ+*+F(f,q");
    for (label, coded) in [
        ("bücher", "bcher-kva"),
        ("münchen", "mnchen-3ya"),
        ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
    ] {
        assert_eq!(encodings::punycode(label).as_deref(), Some(coded), "RFC 3492");
    }
    assert_eq!(ciphers::shifted("Hello", 13), "Uryyb");
    assert_eq!(ciphers::braille("bomb"), "⠃⠕⠍⠃");
    let morse = ciphers::morse(&mut Rng::of(&["morse"], 1), "sos");
    assert_eq!(
        morse.split(' ').map(|letter| letter.chars().count()).collect::<Vec<_>>(),
        [3, 3, 3]
    );
}

#[test]
fn what_compatibility_normalisation_undoes_is_the_term_again() {
    for id in ["C02", "C03", "C05", "C29", "C30", "H02"] {
        for (_, term) in row(id).terms() {
            for number in 0..40 {
                let variant = (row(id).make)(&mut Rng::of(&[id, term], number), term);
                let plain: String =
                    variant.replace('\u{640}', "").nfkc().flat_map(char::to_lowercase).collect();
                assert_eq!(plain, term, "{id}: {variant:?}");
            }
        }
    }
}

#[test]
fn every_row_makes_the_same_from_the_same_seed_and_other_things_from_others() {
    for row in ROWS {
        for (_, term) in row.terms() {
            let made = |number| (row.make)(&mut Rng::of(&[row.id, term], number), term);
            assert_eq!(made(0), made(0), "{}", row.id);
        }
        let all = row.terms().flat_map(|(_, term)| {
            (0..8).map(move |number| (row.make)(&mut Rng::of(&[row.id, term], number), term))
        });
        let distinct: std::collections::BTreeSet<String> = all.collect();
        assert!(distinct.len() >= 8, "{} makes {} variants", row.id, distinct.len());
    }
}

#[test]
fn the_words_and_numbers_of_rows_are_of_one_piece() {
    let mut ids = std::collections::BTreeSet::new();
    for row in ROWS {
        assert!(ids.insert(row.id), "{} twice", row.id);
        assert!(!row.words.is_empty() && !row.words.contains('|'), "{}", row.id);
        assert!(row.terms().count() >= 4, "{} has terms", row.id);
    }
    assert!(crate::terms::ENGLISH.len() >= 20 && crate::terms::CHINESE.len() >= 20);
}
