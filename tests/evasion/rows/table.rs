//! All rows, in the order of the catalogue.

use super::{
    Disguise, Layer, Row, chinese, ciphers, composed, encodings, hidden, letters, marks, reported,
    spelling,
};
use crate::terms::Language::{self, Arabic, Chinese, English};

const N: Layer = Layer::Normalise;
const D: Layer = Layer::Decode;
const C: Layer = Layer::Classify;
const EN: &[Language] = &[English];
const ZH: &[Language] = &[Chinese];
const BOTH: &[Language] = &[English, Chinese];

const fn row(
    (id, test, layer): (&'static str, &'static str, Layer),
    languages: &'static [Language],
    shortest: usize,
    make: Disguise,
    words: &'static str,
) -> Row {
    Row { id, test, layer, words, languages, shortest, make }
}

/// Every row. Lengths are promises: separators inside a word count from 7 letters on (in shorter words they are in
/// ordinary text), turned and reversed text from 6 on, Chinese in reverse from 4 characters on, codings from as many
/// bytes on as set them apart from a word or a number.
pub(crate) const ROWS: &[Row] = &[
    row(("C01", "T02", N), EN, 1, letters::case, "upper and lower case, `İ ı ſ K ß ẞ`"),
    row(("C02", "T02", N), EN, 1, letters::full_width, "full-width letters"),
    row(("C03", "T02", N), EN, 1, letters::mathematical, "thirteen alphabets of mathematics"),
    row(
        ("C04", "T02", N),
        EN,
        1,
        letters::enclosed,
        "circled, squared, parenthesised, negative letters, regional indicators",
    ),
    row(("C05", "T02", N), EN, 1, letters::raised, "raised and lowered letters"),
    row(("C06", "T03", N), EN, 1, letters::small_capitals, "small capitals, phonetic letters"),
    row(
        ("C07", "T03", N),
        EN,
        1,
        letters::look_alikes,
        "look-alikes: Cyrillic, Greek, Armenian, Cherokee, Lisu, Roman numerals",
    ),
    row(("C08", "T03", N), EN, 1, letters::stroked, "letters with a stroke"),
    row(
        ("C09", "T04", N),
        BOTH,
        1,
        marks::accents,
        "accents, lines under and through, composed or not",
    ),
    row(("C10", "T04", N), BOTH, 1, marks::towers, "3 to 20 marks on each letter"),
    row(("C11", "T04", N), BOTH, 1, marks::enclosing, "enclosing marks, keycaps"),
    row(("C12", "T04", N), BOTH, 1, marks::without_width, "characters without width or ink"),
    row(
        ("C13", "T05", D),
        EN,
        1,
        hidden::tags,
        "tag characters: alone, behind an emoji, between other letters",
    ),
    row(
        ("C14", "T05", D),
        BOTH,
        1,
        hidden::selectors,
        "variation selectors as bytes behind a character",
    ),
    row(
        ("C15", "T05", D),
        BOTH,
        1,
        hidden::bits,
        "bits as characters without width, 7 or 8, either polarity",
    ),
    row(
        ("C16", "T06", N),
        BOTH,
        1,
        hidden::bidi,
        "overrides of the writing direction, swapped pairs",
    ),
    row(("C17", "T06", N), BOTH, 1, hidden::deletions, "wrong characters and backspaces"),
    row(("C18", "T06", N), BOTH, 1, marks::controls, "control characters, colours of terminals"),
    row(("C19a", "T07", N), EN, 1, spelling::spaced, "single letters with separators"),
    row(("C19b", "T07", N), EN, 7, spelling::pieces, "separators inside long words"),
    row(("C20", "T07", N), EN, 7, spelling::without_blanks, "lost blanks, `camelCase`"),
    row(("C21", "T07", N), EN, 1, spelling::repeated, "letters two to four times"),
    row(
        ("C22", "T07", N),
        EN,
        1,
        spelling::leet,
        "digits and signs for letters, three in five at most",
    ),
    row(("C23", "T08", N), EN, 6, spelling::upside_down, "upside-down letters, in reverse or not"),
    row(("C24", "T08", N), EN, 6, spelling::reversed, "in reverse, whole or word by word"),
    row(("C25", "T15", C), EN, 7, reported::typos, "one typing error, inner letters shuffled"),
    row(("C27", "", C), EN, 6, reported::first_letters, "first letters of words or lines"),
    row(
        ("C29", "", N),
        &[Arabic],
        1,
        letters::arabic_forms,
        "Arabic presentation forms, stretched letters",
    ),
    row(("C30", "", N), EN, 1, letters::ligatures, "ligatures and squared words: `ﬃ ﬆ ㏌ ⅳ`"),
    row(
        ("E01", "T09", D),
        BOTH,
        6,
        encodings::base64,
        "base64: both alphabets, unpadded, in lines, data URLs",
    ),
    row(("E02", "T10", D), BOTH, 6, encodings::base32_and_85, "base32, Ascii85"),
    row(("E02c", "", C), EN, 6, reported::rare_bases, "base45, base58"),
    row(("E03", "T09", D), BOTH, 6, encodings::numbers, "hexadecimal, binary, octal, decimal"),
    row(("E04", "T09", D), BOTH, 1, encodings::percent, "percent escapes, one to three times"),
    row(
        ("E05", "T09", D),
        BOTH,
        1,
        encodings::entities,
        "HTML entities: numbers, names, without semicolon, between letters",
    ),
    row(("E06", "T09", D), BOTH, 1, encodings::escapes, "escapes of JSON, JavaScript, Python"),
    row(("E07", "T10", D), BOTH, 1, encodings::mail, "quoted-printable, words of mail headers"),
    row(("E08", "T10", D), EN, 4, ciphers::rot13_and_atbash, "ROT13, Atbash"),
    row(("E08b", "T10", D), EN, 4, ciphers::caesar, "other shifts, where the text says so"),
    row(("E09", "T10", D), EN, 1, ciphers::signals, "Morse, Braille, spelling alphabet"),
    row(("E09c", "", C), EN, 1, reported::knocks, "knocks on a square"),
    row(("E10", "T10", D), BOTH, 1, encodings::host_names, "international host names"),
    row(("E12", "", C), BOTH, 1, reported::put_together, "pieces that code puts together"),
    row(
        ("E13a", "E13", D),
        BOTH,
        6,
        composed::named_pairs,
        "two layers: base64, hex, ROT13 and percent with invisible characters, entities, look-alikes",
    ),
    row(("E13b", "E13", D), BOTH, 6, composed::two_layers, "two layers by chance"),
    row(("E13c", "E13", D), BOTH, 6, composed::three_layers, "three layers by chance"),
    row(
        ("E13d", "E13", D),
        BOTH,
        6,
        composed::any_row_encoded,
        "any row of normalisation in base32, hex or base64",
    ),
    row(
        ("E13e", "E13", D),
        BOTH,
        6,
        composed::any_row_covered,
        "any row of normalisation, full-width, struck through or with invisible characters",
    ),
    row(("E14a", "", D), BOTH, 1, encodings::markup, "tags, comments and CDATA inside a word"),
    row(("E14b", "", D), BOTH, 1, encodings::markdown, "Markdown inside a word"),
    row(("E14c", "", D), BOTH, 1, encodings::latex, "LaTeX inside a word"),
    row(("E14d", "", C), BOTH, 1, reported::files, "folded YAML, CSV, SQL"),
    row(("H01", "T12", N), ZH, 1, chinese::traditional, "traditional characters"),
    row(
        ("H02", "T12", N),
        ZH,
        1,
        chinese::compatible,
        "Kangxi radicals, compatibility and circled forms",
    ),
    row(("H03", "T12", N), ZH, 1, chinese::parted, "up to three other characters between"),
    row(
        ("H04", "T13", N),
        ZH,
        2,
        chinese::pinyin,
        "pinyin with and without tones, alone or among characters",
    ),
    row(("H04c", "", C), ZH, 3, chinese::initials, "initials of pinyin"),
    row(("H05", "T15", C), ZH, 2, chinese::homophones, "characters that sound alike"),
    row(("H06", "T13", N), ZH, 1, chinese::split_in_halves, "characters split in two"),
    row(("H07", "", N), ZH, 1, chinese::variants, "Japanese and old forms, radicals"),
    row(("H07c", "", C), ZH, 2, chinese::similar, "other characters that look alike"),
    row(("H08", "T13", N), ZH, 2, chinese::zhuyin, "zhuyin"),
    row(("H09", "T12", N), ZH, 1, chinese::numerals, "other numerals"),
    row(("H11", "", N), ZH, 4, chinese::reversed, "in reverse"),
    row(("H11c", "", C), ZH, 2, chinese::vertical, "first characters of lines"),
    row(("H13", "T12", N), ZH, 1, chinese::repeated, "characters two or three times"),
];
