//! The decoder `signals`: alphabets in which a letter is heard or felt: Morse (ITU-R M.1677-1), Braille (ISO 11548, grade 1),
//! and the words by which letters are spelled on the radio (ICAO).

use std::sync::LazyLock;

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::units::{self, Rules, Spelled, Unit, Value, is_gap};
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const SIGNALS: DecoderDef = DecoderDef {
    name: ViewName("signals"),
    switch: "decoded",
    again: true,
    summary: "Morse, Braille, letters spelled by words (`bravo oscar`)",
    reads: Reads::Text,
    applies: runs::applies::<Signals>,
    build: runs::build::<Signals>,
    open_from: runs::open_from::<Signals>,
};

/// The fewest letters of a run in Morse or in words.
const FEWEST: usize = 3;
/// The most signs of a letter in Morse, and the most bytes of the gap behind it.
const MOST_SIGNS: usize = 6;
const LONGEST_GAP: usize = 4;
/// The longest word.
const LONGEST_WORD: usize = 8;

/// The letters in Morse, a to z, then the digits from 0 on.
const MORSE: [&str; 36] = [
    ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--",
    "-.", "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..",
    "-----", ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----.",
];

/// The letters in Braille, a to z, as the low byte of the code point behind U+2800.
const BRAILLE: [u8; 26] = [
    0x01, 0x03, 0x09, 0x19, 0x11, 0x0b, 0x1b, 0x13, 0x0a, 0x1a, 0x05, 0x07, 0x0d, 0x1d, 0x15, 0x0f,
    0x1f, 0x17, 0x0e, 0x1e, 0x25, 0x27, 0x3a, 0x2d, 0x3d, 0x35,
];

/// The words, in small letters, by their first.
const WORDS: [&str; 30] = [
    "alfa", "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india",
    "juliett", "juliet", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo",
    "sierra", "tango", "uniform", "victor", "whiskey", "whisky", "x-ray", "xray", "yankee", "zulu",
];

const SPELLED: Rules =
    Rules { unit: word, fewest: FEWEST, plausible: |text| !text.is_empty(), unparted: false };

pub(super) struct Signals;

impl Encoding for Signals {
    fn candidates(around: &Around<'_>) -> u64 {
        // Spelling words have four to eight letters, or a hyphen behind the first of theirs.
        let starts = around.word_starts() & !around.here.digits;
        let length = around.all_within(|block| block.words, 4)
            & !around.all_within(|block| block.words, LONGEST_WORD + 1);
        let hyphened =
            around.before_nth(|block| block.signs, 1) & around.before_nth(|block| block.words, 2);
        let signs = around.here.signs & !around.after(|block| block.words);
        starts & (length | hyphened) | signs | around.here.leads
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_alphabetic()
            || is_gap(byte)
            || matches!(byte, b'.' | b'_' | 0xb7 | 0xc2 | 0xe2 | 0x80..=0x95 | 0xa0..=0xa3)
    }

    fn begins(before: Option<u8>, byte: u8, behind: &[u8]) -> bool {
        match byte {
            b'.' | b'-' | b'_' | 0xc2 => !before.is_some_and(is_part),
            0xe2 => true,
            _ => {
                let goes_on = behind.first().is_none_or(|&second| may_begin(byte, second));
                goes_on && byte.is_ascii_alphabetic() && !before.is_some_and(is_part)
            }
        }
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        match bytes.get(start..).unwrap_or_default() {
            [0xe2, 0xa0..=0xa3, ..] => braille(bytes, start),
            [first, ..] if first.is_ascii_alphabetic() => units::read(bytes, start, &SPELLED),
            [0xe2, ..]
                if start
                    .checked_sub(1)
                    .and_then(|at| bytes.get(at))
                    .copied()
                    .is_some_and(is_part) =>
            {
                Run::default()
            }
            _ => morse(bytes, start),
        }
    }
}

/// Whether a byte before a sign makes it part of a word or of a longer row of signs.
const fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// For each first letter of the words the second, as bits; that of `x` may be a hyphen, too.
static SECONDS: LazyLock<[u32; 32]> = LazyLock::new(|| {
    let mut seconds = [0; 32];
    for word in WORDS {
        if let [first, second, ..] = *word.as_bytes()
            && let Some(bits) = seconds.get_mut(usize::from(first & 31))
        {
            *bits |= 1 << (second & 31);
        }
    }
    seconds
});

/// Whether one of the words may begin with these letters. Nearly all words end here.
fn may_begin(first: u8, second: u8) -> bool {
    let seconds = SECONDS.get(usize::from(first & 31)).copied().unwrap_or_default();
    seconds & (1 << (second & 31)) != 0
}

/// The words that begin with the letter that the text begins with.
fn words_with(rest: &[u8]) -> &'static [&'static str] {
    let Some(first) = rest.first().map(u8::to_ascii_lowercase) else { return &[] };
    let from = WORDS.partition_point(|word| word.as_bytes().first() < Some(&first));
    let words = WORDS.get(from..).unwrap_or_default();
    let count = words.iter().take_while(|word| word.as_bytes().first() == Some(&first)).count();
    words.get(..count).unwrap_or_default()
}

/// One of the words.
fn word(rest: &[u8]) -> Unit {
    if let [first, second, ..] = *rest
        && !may_begin(first, second)
    {
        return Unit::None;
    }
    let begins = |word: &&&str| {
        let known = word.len().min(rest.len());
        rest.get(..known).is_some_and(|part| {
            word.as_bytes().get(..known).is_some_and(|word| word.eq_ignore_ascii_case(part))
        })
    };
    let mut open = rest.is_empty();
    for word in words_with(rest).iter().filter(begins) {
        match rest.get(word.len()) {
            Some(next) if next.is_ascii_alphanumeric() => {}
            next if rest.len() >= word.len() => {
                let value = Value::Char(word.chars().next().unwrap_or(' '));
                return Unit::Is { value, len: word.len(), ends: next.is_none() };
            }
            _ => open = true,
        }
    }
    if open && rest.len() <= LONGEST_WORD { Unit::Open } else { Unit::None }
}

/// A row of patterns, each of which stands for itself.
fn braille(bytes: &[u8], start: usize) -> Run {
    let mut run = Run { end: start, ..Run::default() };
    while let Some(&[0xe2, second @ 0xa0..=0xa3, third]) = bytes.get(run.end..run.end + 3) {
        let dots = (second & 3) << 6 | (third & 0x3f);
        let letter = BRAILLE.iter().zip('a'..='z').find(|(known, _)| **known == dots);
        let c = match letter {
            Some((_, letter)) => letter,
            None if dots == 0 => ' ',
            None => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        };
        run.text.push((c, Span::new(run.end, run.end + 3)));
        run.end += 3;
    }
    run.counts = run.end > start;
    run
}

/// A sign of Morse: whether it is a dash, and its bytes.
const fn sign(rest: &[u8]) -> Option<(bool, usize)> {
    match rest {
        [b'.', ..] => Some((false, 1)),
        [b'-' | b'_', ..] => Some((true, 1)),
        // · and •; ‒ – — and −.
        [0xc2, 0xb7, ..] => Some((false, 2)),
        [0xe2, 0x80, 0xa2, ..] => Some((false, 3)),
        [0xe2, 0x80, 0x92..=0x94, ..] | [0xe2, 0x88, 0x92, ..] => Some((true, 3)),
        _ => None,
    }
}

/// The letter that begins here: what it is, its bytes.
fn letter(rest: &[u8]) -> (Option<char>, usize) {
    let (mut signs, mut count, mut length) = ([0; MOST_SIGNS], 0, 0);
    while let Some((dash, len)) = sign(rest.get(length..).unwrap_or_default()) {
        let Some(slot) = signs.get_mut(count) else { return (None, length) };
        *slot = if dash { b'-' } else { b'.' };
        (count, length) = (count + 1, length + len);
    }
    if count == 0 || rest.get(length).is_some_and(u8::is_ascii_alphanumeric) {
        return (None, length);
    }
    let signs = signs.get(..count);
    let known = MORSE.iter().zip(('a'..='z').chain('0'..='9'));
    let known = known.into_iter().find(|(code, _)| signs == Some(code.as_bytes()));
    (known.map(|(_, c)| c), length)
}

fn morse(bytes: &[u8], start: usize) -> Run {
    let mut run = Run { end: start, ..Run::default() };
    let (mut at, mut letters, mut closed) = (start, 0, 0);
    loop {
        let (c, length) = letter(bytes.get(at..).unwrap_or_default());
        let ends = at + length == bytes.len();
        run.open = ends.then_some(run.end);
        let Some(c) = c else { break };
        if at > run.end && is_word_gap(bytes.get(run.end..at).unwrap_or_default()) {
            run.text.push((' ', Span::new(run.end, at)));
        }
        run.text.push((c, Span::new(at, at + length)));
        (run.end, letters) = (at + length, letters + 1);
        if letters == FEWEST && is_one_letter(&run.text) {
            return Run { open: run.open.map(|_| start), ..Run::default() };
        }
        if ends {
            break;
        }
        closed = letters;
        let rest = bytes.get(run.end..).unwrap_or_default();
        let gap = rest.iter().take(LONGEST_GAP).take_while(|byte| is_blank(**byte)).count();
        if gap == rest.len() {
            run.open = Some(run.end);
            break;
        }
        if gap == 0 {
            break;
        }
        at = run.end + gap;
    }
    run.open = run.open.map(|open| if closed < FEWEST { start } else { open });
    run.counts = letters >= FEWEST;
    run
}

/// Whether all letters are one, as in rulers and borders of tables.
fn is_one_letter(text: &[Spelled]) -> bool {
    let mut letters = text.iter().map(|(c, _)| *c).filter(|c| *c != ' ');
    let first = letters.next();
    letters.all(|c| Some(c) == first)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'/' | b'|' | b'\n' | b'\r' | b'\t')
}

fn is_word_gap(gap: &[u8]) -> bool {
    gap.len() > 2 || gap.iter().any(|byte| matches!(byte, b'/' | b'|' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;
    use super::*;

    #[test]
    fn each_word_is_among_those_with_its_letter() {
        for word in WORDS {
            assert!(words_with(word.to_uppercase().as_bytes()).contains(&word), "{word}");
            assert!(may_begin(word.as_bytes()[0], word.as_bytes()[1].to_ascii_uppercase()));
        }
        assert!(may_begin(b'X', b'-') && words_with(b"-").is_empty());
    }

    #[test]
    fn morse_braille_and_spelling_words_are_read() {
        for (text, says) in [
            ("-... --- -- -...", "bomb"),
            ("say -... --- -- -... now", "say bomb now"),
            (".--. .. .--. . / -... --- -- -...", "pipe bomb"),
            (".--. .. .--. .   -... --- -- -...", "pipe bomb"),
            ("−··· −−− −− −···", "bomb"),
            ("–••• ––– –– –•••", "bomb"),
            ("... . -..-", "sex"),
            ("a ⠃⠕⠍⠃ b", "a bomb b"),
            ("⠏⠊⠏⠑⠀⠃⠕⠍⠃", "pipe bomb"),
            ("bravo oscar mike bravo", "bomb"),
            ("Sierra, Echo, X-ray!", "sex!"),
            ("HOTEL-INDIA-TANGO", "hit"),
        ] {
            assert_eq!(decoded_by("signals", text), says, "{text}");
        }
    }

    #[test]
    fn dashes_dots_and_hotels_are_left_alone() {
        for text in [
            "wait... - what? -- yes.",
            "--- --- --- --- | --- | --- |",
            "- one\n- two\n- three",
            "the hotel in India, by Oscar",
            "well — that – is it…",
            "ls --all -l ../../x ./x",
            "___ ____ ......... ---------",
        ] {
            assert_eq!(decoded_by("signals", text), text);
        }
    }
}
