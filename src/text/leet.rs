//! The views `leet`, `leet_l` and `leet_mixed`: digits and symbols that stand for letters become letters.
//!
//! Up to four digits and symbols in a row are read as letters if a letter stands directly before or
//! behind them (`1d10t`, `a$$`), so that numbers stay numbers. Signs of punctuation count only if a
//! letter or a digit follows them in the token: `hello!` is a word with a mark behind it. `1`, `!` and
//! `|` may be `i` or `l`: `leet` reads `i`, `leet_l` reads `l`, and `leet_mixed` reads some as this and some as that, by the
//! characters beside them (`k!11`). A bar makes one letter with what closes it: `|3` is `b`, `|)` is `d`. A single digit
//! beside a Han character is read as the Han numeral (`小3`).
//!
//! The rule looks at a few characters only, so a stream holds little, and a text may be read in pieces.

use std::ops::ControlFlow;

use super::class::{Class, class};
use super::context::tail_start;
use super::han::numeral;
use super::reading::Reading;
use super::view::{SKELETON_INDEX, ViewDef};
use crate::domain::ViewName;

/// Digits and symbols for letters, over the skeleton.
pub(super) const LEET: ViewDef = ViewDef {
    name: ViewName("leet"),
    summary: "digits and symbols in place of letters, digits in place of Han numerals",
    over: Some(SKELETON_INDEX),
    default_on: true,
    applies: |input| input.survey().may_be_leet && differs(input.as_str(), Variant::I),
    build: |input, out| build(input, out, Variant::I),
    open_from: |input| open_from(input.as_str()),
};

/// The same, with the other reading of `1`, `!` and `|`.
pub(super) const LEET_L: ViewDef = ViewDef {
    name: ViewName("leet_l"),
    summary: "as leet, with 1, ! and | read as l",
    over: Some(SKELETON_INDEX),
    default_on: true,
    applies: |input| input.survey().may_be_leet && differs(input.as_str(), Variant::L),
    build: |input, out| build(input, out, Variant::L),
    open_from: |input| open_from(input.as_str()),
};

/// The same, where some of `1`, `!` and `|` are an `i` and others an `l` (`k!11`).
pub(super) const LEET_MIXED: ViewDef = ViewDef {
    name: ViewName("leet_mixed"),
    summary: "as leet, with 1 and | read as l beside vowels and at the end, else as i",
    over: Some(SKELETON_INDEX),
    default_on: true,
    applies: |input| input.survey().may_be_leet && differs(input.as_str(), Variant::Mixed),
    build: |input, out| build(input, out, Variant::Mixed),
    open_from: |input| open_from(input.as_str()),
};

/// The most digits and symbols in a row that stand for letters.
const LONGEST_GROUP: usize = 4;

/// Which letter `1`, `!` and `|` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    I,
    L,
    Mixed,
}

impl Variant {
    /// The letter that `c` stands for.
    fn letter(self, c: char) -> Option<char> {
        Some(match c {
            '0' => 'o',
            '!' if self == Self::Mixed => 'i',
            '1' | '!' | '|' if self == Self::I => 'i',
            '1' | '!' | '|' => 'l',
            '3' | '€' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' | '+' => 't',
            '8' => 'b',
            '9' => 'g',
            '(' => 'c',
            _ => return None,
        })
    }
}

/// The letter that a bar makes with what stands behind it.
const fn barred(closing: char) -> Option<char> {
    match closing {
        '3' => Some('b'),
        ')' => Some('d'),
        _ => None,
    }
}

/// Digits and symbols that follow one another without a gap.
#[derive(Clone, Copy, Debug)]
struct Group {
    start: usize,
    /// End of what is not punctuation: signs behind it count only if a letter follows.
    solid_end: usize,
    digits: usize,
    end: usize,
    chars: usize,
    /// How many `1` and `|` it has, and how many `!`: `leet_l` reads them otherwise than `leet`.
    ones: usize,
    exclamations: usize,
    /// Whether its last character is a bar.
    barred: bool,
    /// What stands before it.
    before: Before,
}

/// What stands before a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Letter,
    Han,
    Gap,
}

/// How a group is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// As letters, up to this byte.
    Letters(usize),
    /// As a Han numeral.
    Numeral,
    /// As it stands.
    Itself,
}

impl Group {
    fn new(start: usize, before: Before) -> Self {
        Self {
            start,
            solid_end: start,
            digits: 0,
            end: start,
            chars: 0,
            ones: 0,
            exclamations: 0,
            barred: false,
            before,
        }
    }

    fn add(&mut self, c: char, at: usize) {
        self.end = at + c.len_utf8();
        self.chars += 1;
        self.ones += usize::from(matches!(c, '1' | '|'));
        self.exclamations += usize::from(c == '!');
        self.digits += usize::from(c.is_ascii_digit());
        if c.is_ascii_digit() || matches!(c, '$' | '@' | '€' | ')') {
            self.solid_end = self.end;
        }
        self.barred = c == '|';
    }

    /// How the group is read before a character of this class.
    fn reads(&self, behind: Class) -> Reads {
        let digit = self.chars == 1 && self.digits == 1;
        let letter_behind = behind == Class::Letter;
        if self.chars > LONGEST_GROUP {
            Reads::Itself
        } else if letter_behind {
            Reads::Letters(self.end)
        } else if self.before == Before::Letter && self.solid_end > self.start {
            Reads::Letters(self.solid_end)
        } else if digit && (self.before == Before::Han || behind == Class::Han) {
            Reads::Numeral
        } else {
            Reads::Itself
        }
    }
}

/// What hears of each group and how it is read; it may stop the scan.
type Visit<'a> = dyn FnMut(&Group, Reads) -> ControlFlow<()> + 'a;

/// Visits each group and returns the one at the end of the text, which may still grow.
fn scan(text: &str, visit: &mut Visit<'_>) -> Option<Group> {
    let mut group: Option<Group> = None;
    let mut before = Before::Gap;
    for (at, c) in text.char_indices() {
        let class = class(c);
        let closes = c == ')' && group.is_some_and(|group| group.barred);
        if closes || belongs(c, class, before == Before::Letter || group.is_some()) {
            group.get_or_insert_with(|| Group::new(at, before)).add(c, at);
            continue;
        }
        if let Some(done) = group.take() {
            visit(&done, done.reads(class)).is_continue().then_some(())?;
        }
        before = match class {
            Class::Letter | Class::Other => Before::Letter,
            Class::Han => Before::Han,
            Class::Gap => Before::Gap,
        };
    }
    group
}

/// Whether a character is part of a group. A bracket or a plus sign stands for a letter only inside a
/// token.
fn belongs(c: char, class: Class, inside: bool) -> bool {
    match class {
        Class::Other => c.is_ascii_digit(),
        Class::Gap if matches!(c, '(' | '+') => inside,
        Class::Gap => matches!(c, '@' | '$' | '!' | '|' | '€'),
        Class::Letter | Class::Han => false,
    }
}

fn differs(text: &str, variant: Variant) -> bool {
    let (mut ones, mut exclamations, mut found) = (0, 0, false);
    let mut visit = |group: &Group, reads: Reads| {
        if matches!(reads, Reads::Letters(_)) {
            ones += group.ones;
            exclamations += group.exclamations;
        }
        found = match variant {
            Variant::I => found || reads != Reads::Itself,
            Variant::L => ones + exclamations > 0,
            // Of a single one there are no more than the two other readings.
            Variant::Mixed => ones > 0 && ones + exclamations > 1,
        };
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    if let Some(last) = scan(text, &mut visit) {
        // Only says again what `found` says.
        let _stop = visit(&last, last.reads(Class::Gap));
    }
    found
}

fn build(input: &Reading, out: &mut Reading, variant: Variant) {
    out.begin(input);
    let text = input.as_str();
    let mut copied = 0;
    let mut visit = |group: &Group, reads: Reads| {
        let end = match reads {
            Reads::Itself => return ControlFlow::Continue(()),
            Reads::Letters(end) => end,
            Reads::Numeral => group.end,
        };
        out.append(input, copied..group.start);
        let mut before = text.get(..group.start).and_then(|text| text.chars().next_back());
        let after = text.get(end..).and_then(|text| text.chars().next());
        let mut signs = text.get(group.start..end).unwrap_or_default().char_indices().peekable();
        while let Some((at, c)) = signs.next() {
            let start = group.start + at;
            let closing = signs.next_if(|&(_, closing)| c == '|' && barred(closing).is_some());
            let read = match closing {
                Some((_, closing)) => barred(closing),
                None if reads == Reads::Numeral => numeral(c),
                None if variant == Variant::Mixed && matches!(c, '1' | '|') => {
                    let next = signs.peek().map_or(after, |&(_, next)| Some(next));
                    Some(beside(before, next))
                }
                None => variant.letter(c),
            };
            before = read;
            let length = c.len_utf8() + closing.map_or(0, |(_, closing)| closing.len_utf8());
            out.push(read.unwrap_or(c), input.raw_span(start, start + length));
        }
        copied = end;
        ControlFlow::Continue(())
    };
    if let Some(last) = scan(text, &mut visit) {
        // Nothing comes after the last group.
        let _continue = visit(&last, last.reads(Class::Gap));
    }
    out.append(input, copied..input.len());
}

/// Which letter a `1` or `|` is more likely to be between two characters, of which the first is read already.
fn beside(before: Option<char>, next: Option<char>) -> char {
    let is_vowel =
        |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | '0' | '3' | '4' | '@' | '!' | '€');
    let ends =
        next.is_none_or(|next| class(next) == Class::Gap && !belongs(next, Class::Gap, true));
    let beside_vowel = before.is_some_and(is_vowel) || next.is_some_and(is_vowel);
    if ends || beside_vowel { 'l' } else { 'i' }
}

/// A group at the end is open while it may still be read as letters.
fn open_from(text: &str) -> usize {
    let (decided, tail) = text.split_at(tail_start(text));
    let last = scan(tail, &mut |_, _| ControlFlow::Continue(()));
    let open = last.filter(|group| group.chars <= LONGEST_GROUP);
    open.map_or(text.len(), |group| decided.len() + group.start)
}
