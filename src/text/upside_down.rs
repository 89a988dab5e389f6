//! Terms as they are when each letter is one that looks like it upside down.
//!
//! A text on its head is read from its end, but the letters may also stand in the order of the term. Half of the alphabet
//! turned is the alphabet itself (`n` is `u`, `o` is `o`), so a term counts only where enough of its letters become such
//! as no English text has. `ı`, `ᴉ` and such are one letter to the skeleton, which spells these terms too.

use super::class::{Class, class};
use super::term::skeleton_term;
use super::variants::is_text;

/// The letters a to z upside down, as `fold` leaves them.
const TURNED: [char; 26] = [
    'ɐ', 'q', 'ɔ', 'p', 'ǝ', 'ɟ', 'ƃ', 'ɥ', 'ᴉ', 'ɾ', 'ʞ', 'l', 'ɯ', 'u', 'o', 'd', 'b', 'ɹ', 's',
    'ʇ', 'n', 'ʌ', 'ʍ', 'x', 'ʎ', 'z',
];

/// The fewest letters of a term: short ones are other words too.
const FEWEST_LETTERS: usize = 6;
/// The fewest letters that stand only for themselves upside down.
const FEWEST_TURNED: usize = 2;

/// A normalised term upside down, from its end and from its beginning; nothing where that is no sign of a disguise.
pub(super) fn variants(term: &str) -> Vec<String> {
    let turned: String = term.chars().map(turn).collect();
    let letters = term.chars().filter(|&c| class(c) == Class::Letter).count();
    let telling = turned.chars().filter(|c| !c.is_ascii()).count();
    if letters < FEWEST_LETTERS || telling < FEWEST_TURNED || !term.is_ascii() {
        return Vec::new();
    }
    let mut variants = vec![turned.chars().rev().collect(), turned];
    variants.dedup();
    variants.retain(|variant: &String| {
        let seen = skeleton_term(variant);
        seen != term && !is_text(&seen)
    });
    variants
}

fn turn(c: char) -> char {
    let number = u32::from(c).checked_sub(u32::from('a'));
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.and_then(|number| TURNED.get(number)).copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_turned_in_either_order() {
        assert_eq!(variants("pipe bomb"), ["qɯoq ǝdᴉd", "dᴉdǝ qoɯq"]);
        assert_eq!(variants("heroin"), ["uᴉoɹǝɥ", "ɥǝɹoᴉu"]);
    }

    #[test]
    fn what_may_be_a_word_when_turned_is_no_variant() {
        for term in ["bomb", "unsold", "soldxx", "炸弹炸弹炸弹", "наркотик"] {
            assert_eq!(variants(term), [] as [&str; 0], "{term}");
        }
    }

    #[test]
    fn turned_letters_are_as_the_view_fold_leaves_them() {
        for c in TURNED {
            assert_eq!(super::super::term::normalise_term(&c.to_string()), c.to_string());
        }
    }
}
