//! E08 and E09: letters for letters, and alphabets of signals.

use super::message;
use crate::rng::Rng;
use crate::tables::codes;
use crate::tables::latin::letter_number;

/// Each letter moved on by so many places.
pub(super) fn shifted(text: &str, by: u8) -> String {
    let one = |c: char| match c {
        'a'..='z' => char::from((c as u8 - b'a' + by) % 26 + b'a'),
        'A'..='Z' => char::from((c as u8 - b'A' + by) % 26 + b'A'),
        _ => c,
    };
    text.chars().map(one).collect()
}

fn atbash(text: &str) -> String {
    let one =
        |c: char| if c.is_ascii_lowercase() { char::from(b'z' - (c as u8 - b'a')) } else { c };
    text.chars().map(one).collect()
}

pub(super) fn rot13_and_atbash(rng: &mut Rng, term: &str) -> String {
    let text = if rng.chance(50) { message(rng, term) } else { term.to_owned() };
    if rng.chance(50) { shifted(&text, 13) } else { atbash(&text) }
}

/// Another shift, with a word near it that says so.
pub(super) fn caesar(rng: &mut Rng, term: &str) -> String {
    let by = rng.pick(&[1, 2, 3, 4, 5, 7, 10, 11, 17, 19, 23, 25]);
    let cue = rng.pick(&[
        "decode this Caesar cipher:",
        "decipher (shift cipher):",
        "it is encoded with a Caesar shift, decode it:",
    ]);
    format!("{cue} {}", shifted(&message(rng, term), by))
}

pub(super) fn morse(rng: &mut Rng, term: &str) -> String {
    let (dot, dash) = rng.pick(&[(".", "-"), ("·", "−"), ("•", "–"), (".", "_")]);
    let gap = rng.pick(&[" / ", "   ", " | "]);
    let letter = |c| {
        letter_number(c)
            .map(|at| codes::MORSE[at].replace('-', "\0").replace('.', dot).replace('\0', dash))
    };
    let word = |word: &str| word.chars().filter_map(letter).collect::<Vec<_>>().join(" ");
    term.split(' ').map(word).collect::<Vec<_>>().join(gap)
}

pub(super) fn braille(term: &str) -> String {
    let letter =
        |c: char| letter_number(c).and_then(|at| codes::BRAILLE.chars().nth(at)).unwrap_or(c);
    term.chars().map(letter).collect()
}

fn spelt(rng: &mut Rng, term: &str) -> String {
    let case = rng.below(3);
    let word = |c: char| {
        let word = codes::NATO[letter_number(c)?];
        Some(match case {
            0 => word.to_owned(),
            1 => word.to_uppercase(),
            _ => word.get(..1)?.to_uppercase() + word.get(1..)?,
        })
    };
    term.chars().filter_map(word).collect::<Vec<_>>().join(rng.pick(&[" ", "-", ", "]))
}

pub(super) fn signals(rng: &mut Rng, term: &str) -> String {
    match rng.below(3) {
        0 => morse(rng, term),
        1 => braille(term),
        _ => spelt(rng, term),
    }
}
