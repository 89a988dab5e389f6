//! C19 to C24: separators, lost blanks, repetition, signs for letters, text that is turned or reversed.

use super::{backwards, letters, replace};
use crate::rng::Rng;
use crate::tables::latin;

const SEPARATORS: &[&str] = &[
    " ", ".", "-", "_", "*", "/", "\n", "\u{2009}", "\u{a0}", "\u{2028}", "😀", "🔥", "·", "،",
    "।", "・", "、", "|", "~", "+", " . ", " - ", "...", "--",
];

/// Single letters with something between them.
pub(super) fn spaced(rng: &mut Rng, term: &str) -> String {
    let mark = rng.pick(SEPARATORS);
    let gap = match rng.below(3) {
        0 => mark.to_owned(),
        1 => mark.repeat(2),
        _ => format!("{mark}{}{mark}", if mark.trim().is_empty() { "" } else { " " }),
    };
    let apart = |word: &str| word.chars().map(String::from).collect::<Vec<_>>().join(mark);
    term.split(' ').map(apart).collect::<Vec<_>>().join(&gap)
}

/// A long word in pieces of more than one letter.
pub(super) fn pieces(rng: &mut Rng, term: &str) -> String {
    let mark = rng.pick(&[" ", ".", "-", "_", "*", "/", "·", "\u{a0}", "~", "|", "--"]);
    let count = term.chars().count();
    let mut cuts: Vec<usize> = (0..rng.between(1, 3)).map(|_| rng.between(1, count - 1)).collect();
    cuts.retain(|at| !term.chars().skip(at - 1).take(2).any(|c| c == ' '));
    let mut made = String::new();
    for (at, c) in term.chars().enumerate() {
        if cuts.contains(&at) {
            made.push_str(mark);
        }
        made.push(c);
    }
    made
}

pub(super) fn without_blanks(rng: &mut Rng, term: &str) -> String {
    let titled = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    let mut words = term.split(' ');
    match rng.below(4) {
        0 | 1 => term.replace(' ', ""),
        2 => words.map(titled).collect(),
        _ => {
            let first = words.next().unwrap_or_default().to_owned();
            first + &words.map(titled).collect::<String>()
        }
    }
}

pub(super) fn repeated(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |rng, c| (c != ' ').then(|| c.to_string().repeat(rng.between(2, 4))))
}

/// Each word keeps a letter, and at most three letters in five of it change.
pub(super) fn leet(rng: &mut Rng, term: &str) -> String {
    let word = |rng: &mut Rng, word: &str| {
        let count = letters(word);
        let most = (count * 3 / 5).min(count - 1);
        let known = |c: char| latin::LEET.iter().find(|(letter, _)| *letter == c);
        let mut able: Vec<usize> = word
            .chars()
            .enumerate()
            .filter(|(_, c)| known(*c).is_some())
            .map(|(at, _)| at)
            .collect();
        rng.shuffle(&mut able);
        able.truncate(rng.between(1, most.max(1)).min(most));
        let sign = |(at, c): (usize, char)| match known(c).filter(|_| able.contains(&at)) {
            Some((_, signs)) => rng.pick(signs).to_owned(),
            None => c.to_string(),
        };
        word.chars().enumerate().map(sign).collect::<String>()
    };
    term.split(' ').map(|one| word(rng, one)).collect::<Vec<_>>().join(" ")
}

pub(super) fn upside_down(rng: &mut Rng, term: &str) -> String {
    let turn = |c: char| latin::nth_of_alphabet(latin::TURNED, c).unwrap_or(c);
    let turned: String = term.chars().map(turn).collect();
    if rng.chance(60) { backwards(&turned) } else { turned }
}

/// The whole backwards, or each word of a phrase for itself.
pub(super) fn reversed(rng: &mut Rng, term: &str) -> String {
    if rng.chance(60) {
        return backwards(term);
    }
    term.split(' ').map(backwards).collect::<Vec<_>>().join(" ")
}
