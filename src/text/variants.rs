//! Variants of terms: what a term is when it is written backwards, upside down, as one word or in a cipher that puts a
//! letter for a letter.
//!
//! They are looked for like terms, in all views, so a text is read no more often for them, a stream is held no
//! longer, and what is disguised twice is found. A variant that is an English word is none.

use super::class::{Class, class};
use super::dictionary::is_word;
use super::term::skeleton_term;
use super::{pinyin, upside_down};
use crate::domain::ViewName;

/// One way of writing a term.
#[derive(Clone, Copy, Debug)]
pub struct VariantDef {
    /// The name in findings.
    pub name: ViewName,
    /// The switch of policies that it belongs to.
    pub switch: &'static str,
    /// What it sees through, for people.
    pub summary: &'static str,
    /// Whether a term with any ending has any ending in it too.
    pub keeps_ending: bool,
    /// The variants of a normalised term; none where it is too short to be told from other text.
    pub of: fn(&str) -> Vec<String>,
}

/// The variant that is the letters of a term alone: it stands for the term in pieces, and not for itself.
pub const PIECES: ViewName = ViewName("pieces");

/// All kinds of variants.
pub const VARIANTS: &[VariantDef] = &[
    VariantDef {
        name: ViewName("reversed"),
        switch: "reversed",
        summary: "text written backwards, whole or word by word (terms of 6 letters or 3 Han characters and more)",
        keeps_ending: false,
        of: reversed,
    },
    VariantDef {
        name: ViewName("upside_down"),
        switch: "upside_down",
        summary: "letters turned upside down, read from the end or the beginning (terms of 6 letters and more)",
        keeps_ending: false,
        of: upside_down::variants,
    },
    VariantDef {
        name: PIECES,
        switch: "spaced",
        summary: "marks or blanks inside long words, in prompts (terms of 7 letters and more)",
        keeps_ending: true,
        of: letters,
    },
    VariantDef {
        name: ViewName("joined"),
        switch: "spaced",
        summary: "several words written as one (terms of 7 letters and more)",
        keeps_ending: true,
        of: joined,
    },
    VariantDef {
        name: ViewName("rot13"),
        switch: "decoded",
        summary: "letters moved on by 13 places (terms of 4 letters and more)",
        keeps_ending: true,
        of: |term| ciphered(term, |letter| (letter + 13) % 26),
    },
    VariantDef {
        name: ViewName("atbash"),
        switch: "decoded",
        summary: "the alphabet backwards (terms of 4 letters and more)",
        keeps_ending: true,
        of: |term| ciphered(term, |letter| 25 - letter),
    },
    VariantDef {
        name: ViewName("pinyin"),
        switch: "pinyin",
        summary: "some or all characters as their syllables (terms of 2 Han characters and more)",
        keeps_ending: true,
        of: pinyin::variants,
    },
];

/// The fewest letters of a term that is looked for backwards: short ones are other words backwards.
const FEWEST_LETTERS: usize = 6;
/// The same in Han characters.
const FEWEST_HAN: usize = 3;
/// The fewest letters of a term of several words that is looked for as one word.
const FEWEST_JOINED: usize = 7;
/// The fewest letters of a term that is looked for in a cipher.
const FEWEST_CIPHERED: usize = 4;

fn reversed(term: &str) -> Vec<String> {
    let count = |wanted: Class| term.chars().filter(|&c| class(c) == wanted).count();
    if count(Class::Letter) < FEWEST_LETTERS && count(Class::Han) < FEWEST_HAN {
        return Vec::new();
    }
    let whole: String = term.chars().rev().collect();
    let words = term.split(' ').map(|word| word.chars().rev().collect::<String>());
    let by_word = words.collect::<Vec<_>>().join(" ");
    let mut variants = vec![whole, by_word];
    variants.dedup();
    variants.retain(|variant| variant != term && !is_text(variant));
    variants
}

fn joined(term: &str) -> Vec<String> {
    let letters = term.chars().filter(|&c| class(c) == Class::Letter).count();
    if letters < FEWEST_JOINED || !term.contains(' ') {
        return Vec::new();
    }
    let variant = term.replace(' ', "");
    let ordinary = is_text(&variant) || JOINED_WORDS.contains(&variant.as_str());
    if ordinary { Vec::new() } else { vec![variant] }
}

fn letters(term: &str) -> Vec<String> {
    let letters: String = term.chars().filter(char::is_ascii_alphanumeric).collect();
    let skeleton = skeleton_term(term);
    let marks = skeleton.chars().any(|c| !c.is_ascii_alphanumeric() && c != ' ');
    if letters.len() < FEWEST_JOINED || !term.is_ascii() || marks {
        Vec::new()
    } else {
        vec![letters]
    }
}

fn ciphered(term: &str, cipher: fn(u8) -> u8) -> Vec<String> {
    let letters = term.bytes().filter(u8::is_ascii_lowercase).count();
    if letters < FEWEST_CIPHERED || !term.is_ascii() {
        return Vec::new();
    }
    let one = |c: char| match u8::try_from(c) {
        Ok(byte @ b'a'..=b'z') => char::from(cipher(byte - b'a') + b'a'),
        _ => c,
    };
    let variant: String = term.chars().map(one).collect();
    if is_text(&variant) { Vec::new() } else { vec![variant] }
}

/// Words that are two others joined, beside those of the dictionary.
const JOINED_WORDS: &[&str] = &["killall", "therapist"];

/// Words that are other words backwards or in one of the ciphers, beside those of the dictionary.
const OTHER_WORDS: &[&str] = &[
    "animal", "balk", "barf", "clerk", "deliver", "denier", "desserts", "diaper", "drawer",
    "drawers", "envy", "errs", "flap", "gateman", "girl", "glow", "gnat", "green", "hold",
    "lamina", "nametag", "nowhere", "ones", "onyx", "pyrex", "rail", "recaps", "reef", "reined",
    "repaid", "reviled", "reward", "rewards", "slow", "sloops", "snoops", "spacer", "spools",
    "spoons", "sports", "stressed", "strops", "sync", "tang", "terra", "told", "trio",
];

/// Whether each word of a text is an English one.
pub(super) fn is_text(text: &str) -> bool {
    text.split(' ').all(|word| is_word(word) || OTHER_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(name: &str, term: &str) -> Vec<String> {
        let def = VARIANTS.iter().find(|def| def.name.0 == name).unwrap();
        (def.of)(term)
    }

    #[test]
    fn a_term_has_variants_where_they_cannot_be_other_words() {
        assert_eq!(variants("reversed", "grenade"), ["edanerg"]);
        assert_eq!(variants("reversed", "build a bomb"), ["bmob a dliub", "dliub a bmob"]);
        assert_eq!(variants("reversed", "制造炸弹"), ["弹炸造制"]);
        assert_eq!(variants("reversed", "drawer"), [] as [&str; 0], "a reward");
        assert_eq!(variants("reversed", "rotavator"), [] as [&str; 0], "it is the same backwards");
        assert_eq!(variants("reversed", "bomb"), [] as [&str; 0]);
        assert_eq!(variants("rot13", "bomb 2"), ["obzo 2"]);
        assert_eq!(variants("rot13", "green"), [] as [&str; 0], "terra");
        assert_eq!(variants("rot13", "gun"), [] as [&str; 0]);
        assert_eq!(variants("atbash", "bomb"), ["ylny"]);
        assert_eq!(variants("rot13", "炸弹"), [] as [&str; 0]);
    }

    #[test]
    fn words_are_joined_where_that_is_no_other_word() {
        assert_eq!(variants("joined", "make nerve gas"), ["makenervegas"]);
        assert_eq!(variants("joined", "the rapist"), [] as [&str; 0], "a therapist");
        assert_eq!(variants("joined", "gun man"), [] as [&str; 0]);
        assert_eq!(variants("joined", "explosive"), [] as [&str; 0]);
    }
}
