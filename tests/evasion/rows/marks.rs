//! C09 to C12 and C18: what is put on or between letters and is hardly seen.

use unicode_normalization::UnicodeNormalization;

use super::{insert, replace};
use crate::rng::Rng;
use crate::tables::latin;

pub(super) fn accents(rng: &mut Rng, term: &str) -> String {
    let mixed = rng.chance(50);
    let same = rng.pick_char(latin::ACCENTS);
    let composed = rng.chance(50);
    let made = replace(rng, term, |rng, c| {
        let mark = if mixed { rng.pick_char(latin::ACCENTS) } else { same };
        c.is_alphabetic().then(|| format!("{c}{mark}"))
    });
    if composed { made.nfc().collect() } else { made }
}

pub(super) fn towers(rng: &mut Rng, term: &str) -> String {
    let high = rng.between(3, 20);
    replace(rng, term, |rng, c| {
        c.is_alphabetic().then(|| {
            let mark = |rng: &mut Rng| rng.pick(&(0x300..=0x36f).collect::<Vec<u32>>());
            let marks = (0..rng.between(3, high)).filter_map(|_| char::from_u32(mark(rng)));
            std::iter::once(c).chain(marks.collect::<Vec<_>>()).collect()
        })
    })
}

pub(super) fn enclosing(rng: &mut Rng, term: &str) -> String {
    let marks = [
        "\u{20dd}",
        "\u{20de}",
        "\u{20df}",
        "\u{20e0}",
        "\u{20e2}",
        "\u{20e3}",
        "\u{fe0f}\u{20e3}",
    ];
    let mark = rng.pick(&marks);
    replace(rng, term, |_, c| c.is_alphabetic().then(|| format!("{c}{mark}")))
}

/// Characters without width or without ink, by the catalogue.
const INVISIBLE: &str = "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}\u{180e}\u{2061}\u{2062}\u{2063}\
    \u{2064}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{17b5}\u{2800}";

pub(super) fn without_width(rng: &mut Rng, term: &str) -> String {
    let same = rng.chance(50).then(|| rng.pick_char(INVISIBLE));
    insert(rng, term, |rng| {
        (0..rng.between(1, 3)).map(|_| same.unwrap_or_else(|| rng.pick_char(INVISIBLE))).collect()
    })
}

/// The same with the one that is used most, for compositions.
pub(super) fn zero_width_spaces(rng: &mut Rng, text: &str) -> String {
    let hidden = rng.pick(&['\u{200b}', '\u{200c}', '\u{2060}', '\u{feff}', '\u{ad}']);
    insert(rng, text, |_| hidden.to_string())
}

pub(super) fn struck_through(rng: &mut Rng, text: &str) -> String {
    let mark = rng.pick(&['\u{336}', '\u{332}', '\u{335}', '\u{305}']);
    text.chars().flat_map(|c| [c, mark]).collect()
}

pub(super) fn controls(rng: &mut Rng, term: &str) -> String {
    let codes = ["\u{1b}[0m", "\u{1b}[31m", "\u{1b}[1;32m", "\u{1b}[38;5;9m", "\u{1b}[K"];
    let control = |rng: &mut Rng| {
        let any = rng.pick(&[
            0, 1, 2, 4, 5, 6, 0xe, 0x10, 0x15, 0x1a, 0x1c, 0x80, 0x86, 0x8d, 0x90, 0x9d, 0x9f_u32,
        ]);
        char::from_u32(any).map(String::from).expect("a control")
    };
    let kind = rng.below(3);
    let same = control(rng);
    insert(rng, term, |rng| match kind {
        0 => same.clone(),
        1 => control(rng),
        _ => rng.pick(&codes).to_owned(),
    })
}
