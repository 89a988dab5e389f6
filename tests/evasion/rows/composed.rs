//! E13: disguises of disguises. What stands outside keeps every character of what it is put on, so that in any order
//! the term can be had back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Disguise, bytes, ciphers, encodings, letters, marks, message, spelling};
use crate::rng::Rng;
use crate::terms::Language;

/// What is put on the term itself; it may lose what normalisation loses.
const INNER: &[Disguise] = &[
    letters::case,
    letters::look_alikes,
    letters::small_capitals,
    letters::stroked,
    marks::accents,
    marks::without_width,
    spelling::leet,
];

/// The same for Chinese.
const INNER_CHINESE: &[Disguise] = &[
    super::chinese::traditional,
    super::chinese::parted,
    marks::struck_through,
    marks::without_width,
];

/// What can be put on anything.
const OUTER: &[Disguise] = &[
    base64,
    hex,
    percent_all,
    entities_all,
    full_width,
    marks::zero_width_spaces,
    marks::struck_through,
    mathematical,
    escapes_all,
];

fn base64(_: &mut Rng, text: &str) -> String {
    STANDARD.encode(text)
}

fn hex(rng: &mut Rng, text: &str) -> String {
    if rng.chance(50) {
        bytes(text, |byte| format!("{byte:02x}"))
    } else {
        bytes(text, |byte| format!("\\x{byte:02x}"))
    }
}

fn percent_all(_: &mut Rng, text: &str) -> String {
    bytes(text, |byte| format!("%{byte:02X}"))
}

fn entities_all(rng: &mut Rng, text: &str) -> String {
    let decimal = rng.chance(50);
    let one = |c| {
        if decimal { format!("&#{};", u32::from(c)) } else { format!("&#x{:x};", u32::from(c)) }
    };
    text.chars().map(one).collect()
}

fn escapes_all(_: &mut Rng, text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
}

fn full_width(_: &mut Rng, text: &str) -> String {
    text.chars().map(|c| letters::wide(c).unwrap_or_else(|| c.to_string())).collect()
}

fn mathematical(rng: &mut Rng, text: &str) -> String {
    let alphabet = rng.pick(&[0x1d400, 0x1d5a0, 0x1d5d4, 0x1d670]);
    text.chars().map(|c| letters::styled(alphabet, c).unwrap_or_else(|| c.to_string())).collect()
}

/// The pairs that the catalogue names.
pub(super) fn named_pairs(rng: &mut Rng, term: &str) -> String {
    let chinese = !term.is_ascii();
    let text = if rng.chance(50) { message(rng, term) } else { term.to_owned() };
    match rng.below(if chinese { 4 } else { 7 }) {
        0 => STANDARD.encode(marks::zero_width_spaces(rng, &text)),
        1 => marks::zero_width_spaces(rng, &STANDARD.encode(text)),
        2 => hex(rng, &STANDARD.encode(text)),
        3 => {
            let inner = entities_all(rng, &text);
            percent_all(rng, &inner)
        }
        4 => ciphers::shifted(&STANDARD.encode(text), 13),
        5 => {
            let inner = spelling::leet(rng, term);
            full_width(rng, &inner)
        }
        _ => {
            let inner = letters::look_alikes(rng, term);
            marks::struck_through(rng, &inner)
        }
    }
}

/// Two of them by chance.
pub(super) fn two_layers(rng: &mut Rng, term: &str) -> String {
    let first = inner(rng, term);
    once(rng, &first)
}

/// Three of them by chance.
pub(super) fn three_layers(rng: &mut Rng, term: &str) -> String {
    let first = if rng.chance(70) { inner(rng, term) } else { once(rng, term) };
    let second = once(rng, &first);
    once(rng, &second)
}

fn inner(rng: &mut Rng, term: &str) -> String {
    let made = rng.pick(if term.is_ascii() { INNER } else { INNER_CHINESE })(rng, term);
    if made == term { marks::zero_width_spaces(rng, term) } else { made }
}

fn once(rng: &mut Rng, text: &str) -> String {
    rng.pick(OUTER)(rng, text)
}

/// Every row by chance on a whole message that is then given in base32, hex or base64: what a decoder finds is read
/// as carefully as what was there before.
pub(super) fn any_row_encoded(rng: &mut Rng, term: &str) -> String {
    let made = any_row(rng, term, &[]);
    match rng.below(3) {
        0 => encodings::base32(&made),
        1 => hex(rng, &made),
        _ => STANDARD.encode(made),
    }
}

/// Every row by chance, and on what it made something that every character bears. Not on
/// what deletes the character before it, which would be another one then, nor within the codes of terminals.
pub(super) fn any_row_covered(rng: &mut Rng, term: &str) -> String {
    let made = any_row(rng, term, &["C16", "C17", "C18"]);
    let cover: Disguise = rng.pick(&[
        full_width,
        marks::zero_width_spaces,
        marks::struck_through,
        marks::without_width,
    ]);
    cover(rng, &made)
}

/// A row of normalisation by chance, without some.
fn any_row(rng: &mut Rng, term: &str, without: &[&str]) -> String {
    let language = if term.is_ascii() { Language::English } else { Language::Chinese };
    let fitting: Vec<_> = super::ROWS
        .iter()
        .filter(|row| {
            row.layer == super::Layer::Normalise
                && !without.contains(&row.id)
                && row.terms().any(|one| one == (language, known(term)))
        })
        .collect();
    (rng.pick(&fitting).make)(rng, term)
}

/// The term as its list has it.
fn known(term: &str) -> &'static str {
    let all = [Language::English, Language::Chinese];
    all.iter().flat_map(|one| one.terms()).find(|one| **one == term).expect("a term of the lists")
}
