//! C13 to C17: text in channels that readers do not see, and text whose order or presence on the screen differs from
//! that of its bytes.

use super::{backwards, nth};
use crate::rng::Rng;

const COVERS: &[&str] = &[
    "have a lovely day my friend",
    "the weather is nice today",
    "今天天气很好我们去公园",
    "🙂🙂👍",
];

/// The character of the block of tags for an ASCII character (Unicode, Tags).
fn tag(c: char) -> Option<char> {
    c.is_ascii().then(|| char::from_u32(0xe0000 + u32::from(c))).flatten()
}

pub(super) fn tags(rng: &mut Rng, term: &str) -> String {
    let hidden: String = term.chars().filter_map(tag).collect();
    let cover = rng.pick(COVERS);
    match rng.below(4) {
        0 => hidden,
        1 => format!("{}{hidden}", rng.pick(&['😀', '🏴', '🐈', '❤'])),
        2 => format!("{cover}{hidden}"),
        _ => interleave(cover, &hidden),
    }
}

/// One character of the hidden text after each of the cover, what is left over at the end.
fn interleave(cover: &str, hidden: &str) -> String {
    let mut hidden = hidden.chars();
    let mut made = String::new();
    for c in cover.chars() {
        made.push(c);
        made.extend(hidden.next());
    }
    made.extend(hidden);
    made
}

pub(super) fn selectors(rng: &mut Rng, term: &str) -> String {
    let of_byte = |byte: u8| {
        let code = u32::from(byte);
        char::from_u32(if code < 16 { 0xfe00 + code } else { 0xe0100 + code - 16 })
    };
    let by_code = |c: char| char::from_u32(0xe0100 + u32::from(c));
    let hidden: String = if term.is_ascii() && rng.chance(40) {
        term.chars().filter_map(by_code).collect()
    } else {
        term.bytes().filter_map(of_byte).collect()
    };
    let base = rng.pick(&['😊', '🐱', 'a', '。', '❤']);
    match rng.below(3) {
        0 => format!("{base}{hidden}"),
        1 => format!("{}{hidden}", rng.pick(COVERS)),
        _ => format!("{base}{hidden} {}", rng.pick(COVERS)),
    }
}

pub(super) fn bits(rng: &mut Rng, term: &str) -> String {
    let (zero, one) = rng.pick(&[('\u{2062}', '\u{2064}'), ('\u{200b}', '\u{200c}')]);
    let (zero, one) = if rng.chance(30) { (one, zero) } else { (zero, one) };
    let width = if term.is_ascii() && rng.chance(40) { 7 } else { 8 };
    let bits =
        |byte: u8| (0..width).rev().map(move |at| if byte >> at & 1 == 1 { one } else { zero });
    let hidden: String = term.bytes().flat_map(bits).collect();
    match rng.below(3) {
        0 => hidden,
        1 => format!("{}{hidden}", rng.pick(COVERS)),
        _ => {
            let cover = rng.pick(COVERS);
            let at = rng.between(1, cover.chars().count() - 1);
            let (head, tail): (String, String) =
                (cover.chars().take(at).collect(), cover.chars().skip(at).collect());
            format!("{head}{hidden}{tail}")
        }
    }
}

const LRI: char = '\u{2066}';
const PDI: char = '\u{2069}';
const LRO: char = '\u{202d}';
const RLO: char = '\u{202e}';
const PDF: char = '\u{202c}';

/// Text that is shown in the right order although its bytes are in another (Boucher et al., Bad Characters, 2021).
pub(super) fn bidi(rng: &mut Rng, term: &str) -> String {
    if rng.chance(50) {
        return format!("{RLO}{}{PDF}", backwards(term));
    }
    let count = term.chars().count();
    let mut left = rng.between(1, 3);
    let mut made = String::new();
    let mut at = 0;
    let first = rng.below(count - 1);
    while at < count {
        let swap = at + 1 < count && left > 0 && (at == first || (at > first && rng.chance(30)));
        if swap {
            let (shown_first, shown_second) = (nth(term, at), nth(term, at + 1));
            made.extend([
                LRO,
                LRI,
                RLO,
                LRI,
                shown_second,
                PDI,
                LRI,
                shown_first,
                PDI,
                PDF,
                PDI,
                PDF,
            ]);
            left -= 1;
            at += 2;
        } else {
            made.push(nth(term, at));
            at += 1;
        }
    }
    made
}

pub(super) fn deletions(rng: &mut Rng, term: &str) -> String {
    let every = rng.between(1, 3);
    let delete = rng.pick(&['\u{8}', '\u{7f}']);
    let mut made = String::new();
    for (at, c) in term.chars().enumerate() {
        made.push(c);
        if at % every == 0 {
            let wrong: String = (0..rng.between(1, 2)).map(|_| rng.pick_char("xqwz0错")).collect();
            made.push_str(&wrong);
            made.extend(wrong.chars().map(|_| delete));
        }
    }
    made
}
