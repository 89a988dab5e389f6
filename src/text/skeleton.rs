//! The view `skeleton`: letters that look like Latin letters become Latin letters.
//!
//! ASCII is never changed: `rn` stays `rn`, `0` stays `0` (that is for `leet`). Each character is read
//! by itself, so nothing is ever open.

use unicode_script::{Script, UnicodeScript};
use unicode_security::skeleton as prototype;

use super::char_table::CharTable;
use super::class::{has_look_alikes, is_mark};
use super::look_alikes;
use super::reading::Reading;
use super::view::{FOLD_INDEX, ViewDef};
use crate::domain::{Span, ViewName};

/// Look-alikes of Latin letters, over the folded text.
pub(super) const SKELETON: ViewDef = ViewDef {
    name: ViewName("skeleton"),
    summary: "look-alike letters, small capitals, squared and stroked letters",
    over: Some(FOLD_INDEX),
    default_on: true,
    applies: |input| {
        input.survey().may_look_alike && input.as_str().chars().any(|c| latin(c) != UNCHANGED)
    },
    build,
    open_from: Reading::len,
};

/// What a character looks like: up to four ASCII characters, filled up with zeros.
type Latin = [u8; 4];

/// The look of a character that looks like itself only.
const UNCHANGED: Latin = [0; 4];

static LATIN: CharTable<Latin> = CharTable::new(find_latin);

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let mut copied = 0;
    let mut capitals = input.capitals().iter().peekable();
    for (at, c) in input.as_str().char_indices() {
        let capital = capitals.next_if(|(capital, _)| *capital == at);
        let look = latin(capital.map_or(c, |&(_, capital)| capital));
        if look == UNCHANGED {
            continue;
        }
        let end = at + c.len_utf8();
        out.append(input, copied..at);
        let raw: Span = input.raw_span(at, end);
        for &byte in look.iter().take_while(|&&byte| byte != 0) {
            out.push(char::from(byte), raw);
        }
        copied = end;
    }
    out.append(input, copied..input.len());
}

/// Whether a capital looks like another Latin letter than the character that it is folded to: `Ν` like `n`, but `ν`
/// like `v`. Slow. Capitals like `I` do not: UTS #39 takes them for `l`, and they are also an `i`.
pub(super) fn looks_otherwise(capital: char, folded: char) -> bool {
    if capital.is_ascii() || !capital.is_uppercase() {
        return false;
    }
    match find_latin(capital) {
        [b'l', ..] | UNCHANGED => false,
        look @ [_, 0, ..] => !folded.is_ascii() && look != find_latin(folded),
        _ => false,
    }
}

fn latin(c: char) -> Latin {
    if c.is_ascii() { UNCHANGED } else { LATIN.get(c) }
}

/// Finds what a character looks like: by our own table, else by the confusables of UTS #39.
fn find_latin(c: char) -> Latin {
    if let Some(own) = look_alikes::latin(c) {
        return pack(own.chars());
    }
    if !c.is_alphabetic() || !has_look_alikes(c) || c.script() == Script::Common {
        return UNCHANGED;
    }
    let mut buffer = [0; 4];
    let look: String = prototype(c.encode_utf8(&mut buffer)).filter(|&c| !is_mark(c)).collect();
    // UTS #39 takes `m` for `rn`, which serves people who compare, not texts that are searched.
    let look = look.to_lowercase().replace("rn", "m");
    if look.is_empty() || !look.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return UNCHANGED;
    }
    pack(look.chars())
}

fn pack(chars: impl Iterator<Item = char>) -> Latin {
    let mut packed = UNCHANGED;
    let mut slots = packed.iter_mut();
    for c in chars {
        match (slots.next(), u8::try_from(c)) {
            (Some(slot), Ok(byte)) => *slot = byte,
            _ => return UNCHANGED,
        }
    }
    packed
}
