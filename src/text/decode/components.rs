//! The decoder `components`: Han characters that are written as their two halves (`弓单` for `弹`) are whole again.
//!
//! A radical may stand as the character that it is a form of (`水每` for `海`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::char_table::CharTable;
use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::ViewName;

pub(super) const COMPONENTS: DecoderDef = DecoderDef {
    name: ViewName("components"),
    switch: "skeleton",
    again: true,
    summary: "Han characters that are written as their two halves",
    reads: Reads::Width,
    applies: |input| !input.masks().is_ascii() && next(input.as_str(), 0).is_some(),
    build,
    open_from,
};

/// Radicals, and the character that each is a form of.
const RADICALS: [(char, char); 13] = [
    ('氵', '水'),
    ('亻', '人'),
    ('讠', '言'),
    ('钅', '金'),
    ('衤', '衣'),
    ('礻', '示'),
    ('纟', '糸'),
    ('扌', '手'),
    ('忄', '心'),
    ('饣', '食'),
    ('刂', '刀'),
    ('攵', '文'),
    ('犭', '犬'),
];

/// No half comes before it.
const FIRST_HALF: char = '\u{2e80}';

/// For each left half the right halves, with what they make.
type Wholes = HashMap<char, Vec<(char, char)>>;

static WHOLES: LazyLock<Wholes> = LazyLock::new(|| {
    let mut wholes = Wholes::new();
    let lines = include_str!("../data/components.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut chars = line.chars();
        let (Some(whole), Some(left), Some(right)) = (chars.next(), chars.next(), chars.next())
        else {
            continue;
        };
        for left in forms(left) {
            wholes.entry(left).or_default().extend(forms(right).map(|right| (right, whole)));
        }
    }
    wholes
});

/// Which halves characters are, so that nearly all are passed over without a look into [`WHOLES`].
static HALVES: CharTable<Halves> = CharTable::new(|c| Halves {
    left: WHOLES.contains_key(&c),
    right: WHOLES.values().flatten().any(|&(right, _)| right == c),
});

#[derive(Clone, Copy, Debug, Default)]
struct Halves {
    left: bool,
    right: bool,
}

/// A half with the character that it is a form of.
fn forms(half: char) -> impl Iterator<Item = char> {
    let full = RADICALS.iter().find(|(radical, _)| *radical == half).map(|&(_, full)| full);
    std::iter::once(half).chain(full)
}

/// The next two halves: where they begin and end, and the character that they make.
fn next(text: &str, from: usize) -> Option<(usize, usize, char)> {
    let mut before: Option<(usize, char)> = None;
    for (at, c) in text.get(from..)?.char_indices() {
        let halves = if c < FIRST_HALF { Halves::default() } else { HALVES.get(c) };
        if halves.right
            && let Some((start, left)) = before
        {
            let rights = WHOLES.get(&left).map(Vec::as_slice).unwrap_or_default();
            if let Some(&(_, whole)) = rights.iter().find(|(other, _)| *other == c) {
                return Some((from + start, from + at + c.len_utf8(), whole));
            }
        }
        before = halves.left.then_some((at, c));
    }
    None
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    let mut copied = 0;
    while let Some((start, end, whole)) = next(text, copied) {
        out.append(input, copied..start);
        out.push(whole, input.raw_span(start, end));
        copied = end;
    }
    out.append(input, copied..text.len());
}

/// A left half at the end.
fn open_from(text: &str) -> usize {
    let last = text.chars().next_back().filter(|last| WHOLES.contains_key(last));
    text.len() - last.map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn halves_side_by_side_are_one_character() {
        for (text, says) in [
            ("制造火乍弓单", "制造炸弹"),
            ("木仓支和水每洛因", "枪支和海洛因"),
            ("亻言用", "信用"),
            ("清晨的港口很安静", "清晨的港口很安静"),
        ] {
            assert_eq!(decoded_by("components", text), says);
        }
    }

    #[test]
    fn each_pair_of_halves_makes_one_character() {
        assert!(super::WHOLES.len() > 100);
        for (left, rights) in super::WHOLES.iter() {
            let mut all: Vec<char> = rights.iter().map(|(right, _)| *right).collect();
            all.sort_unstable();
            assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{left}");
        }
    }
}
