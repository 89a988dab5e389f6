//! What needs a classifier, or is only a suspicion: reported, and no bar is set.

use super::nth;
use crate::rng::Rng;
use crate::tables::codes;

const ROWS_OF_KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

pub(super) fn typos(rng: &mut Rng, term: &str) -> String {
    let mut made: Vec<char> = term.chars().collect();
    let at = rng.between(1, made.len() - 2);
    match rng.below(5) {
        0 => {
            made.remove(at);
        }
        1 => made.insert(at, rng.pick_char("aeionrstl")),
        2 => made.swap(at, at + 1),
        3 => {
            let row = ROWS_OF_KEYS.iter().find_map(|row| row.find(made[at]).map(|key| (row, key)));
            if let Some((row, key)) = row {
                made[at] = nth(row, if key == 0 { 1 } else { key - 1 });
            }
        }
        _ => {
            let last = made.len() - 1;
            rng.shuffle(&mut made[1..last]);
        }
    }
    made.into_iter().collect()
}

pub(super) fn first_letters(rng: &mut Rng, term: &str) -> String {
    let words = [
        "apples",
        "bread",
        "cold",
        "dinner",
        "every",
        "fresh",
        "garden",
        "house",
        "island",
        "jam",
        "kettle",
        "lemon",
        "morning",
        "north",
        "orange",
        "paper",
        "quiet",
        "river",
        "summer",
        "table",
        "under",
        "village",
        "water",
        "xylophone",
        "yellow",
        "zebra",
    ];
    let word = |c: char| words.iter().find(|word| word.starts_with(c)).copied();
    term.chars().filter_map(word).collect::<Vec<_>>().join(rng.pick(&[" ", "\n"]))
}

/// Base45 (RFC 9285) and base58 (with the alphabet of Bitcoin).
pub(super) fn rare_bases(rng: &mut Rng, term: &str) -> String {
    if rng.chance(50) { base45(term) } else { base58(term) }
}

fn base45(text: &str) -> String {
    const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let mut made = String::new();
    for pair in text.as_bytes().chunks(2) {
        let mut value = pair.iter().fold(0, |value, byte| value * 256 + usize::from(*byte));
        for _ in 0..=pair.len() {
            made.push(char::from(ALPHABET[value % 45]));
            value /= 45;
        }
    }
    made
}

fn base58(text: &str) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<usize> = Vec::new();
    for byte in text.bytes() {
        let mut carry = usize::from(byte);
        for digit in &mut digits {
            carry += *digit * 256;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.iter().rev().map(|digit| char::from(ALPHABET[*digit])).collect()
}

pub(super) fn knocks(_: &mut Rng, term: &str) -> String {
    let knock = |c: char| {
        let c = if c == 'k' { 'c' } else { c };
        let place = |(row, letters): (usize, &&str)| letters.find(c).map(|column| (row, column));
        let (row, column) = codes::TAP_SQUARE.iter().enumerate().find_map(place)?;
        Some(format!("{} {}", ".".repeat(row + 1), ".".repeat(column + 1)))
    };
    term.chars().filter_map(knock).collect::<Vec<_>>().join("  ")
}

/// Pieces that a reader is told to put together.
pub(super) fn put_together(rng: &mut Rng, term: &str) -> String {
    let at = rng.between(1, term.chars().count() - 1);
    let (head, tail): (String, String) =
        (term.chars().take(at).collect(), term.chars().skip(at).collect());
    match rng.below(3) {
        0 => format!("a='{head}';b='{tail}';print(a+b)"),
        1 => format!("\"{head}\" + \"{tail}\""),
        _ => format!("''.join(['{head}', '{tail}'])"),
    }
}

/// A line that is folded, columns, a string of SQL.
pub(super) fn files(rng: &mut Rng, term: &str) -> String {
    let at = rng.between(1, term.chars().count() - 1);
    let (head, tail): (String, String) =
        (term.chars().take(at).collect(), term.chars().skip(at).collect());
    match rng.below(3) {
        0 => format!("text: >-\n  {head}\n  {tail}"),
        1 => format!("id,first,second\n1,{head},{tail}"),
        _ => format!("SELECT '{head}' || '{tail}';"),
    }
}
