//! The views `spaced` and `spaced_words`: single letters and Han characters that were pulled apart stand together
//! again.
//!
//! Letters: at least three tokens of one letter each, with at most four characters that are neither
//! letter nor digit between two of them (`f u c k`, `b.o.m.b`), become one word. Ordinary words are
//! never glued, since each letter must stand alone. A gap stays if it looks like one between words, by
//! the two gaps on either side (`f u c k  y o u`): what is read depends on a few characters around
//! only, so a stream holds little, and a text may be looked at in pieces. Han characters: up to three other characters (of
//! dots, nine) between two of them are left out; where these are ordinary clause punctuation or line ends (`好,我们`)
//! only if one of the two stands alone. Two commas are not ordinary, and `の` is no letter there.
//!
//! The first or last letter of a run may be a word of its own: `spaced` reads `a b o m b` as one word, which finds
//! `a s s`; `spaced_words` as two. And several words may stand in one run (`b u i l d a b o m b`): `spaced_words` has a
//! blank where one English word ends, another begins, and no longer one stands across.

use std::ops::ControlFlow;
use std::ops::Range;

use super::class::{Class, class};
use super::context::letters_tail_start;
use super::dictionary::{LONGEST_WORD, word_lengths};
use super::reading::Reading;
use super::view::{SKELETON_INDEX, ViewDef};
use crate::domain::{Span, ViewName};

/// Letters pulled apart, over the skeleton.
pub(super) const SPACED: ViewDef = ViewDef {
    name: ViewName("spaced"),
    summary: "letters and Han characters pulled apart by blanks, punctuation or emoji",
    over: Some(SKELETON_INDEX),
    default_on: true,
    applies: |input| applies(input, Ends::Join),
    build: |input, out| build(input, out, Ends::Join),
    open_from: |input| open_from(input, Ends::Join),
};

/// The same, with the other reading of letters that are words.
pub(super) const SPACED_WORDS: ViewDef = ViewDef {
    name: ViewName("spaced_words"),
    summary: "as spaced, with several words in one run of pulled apart letters told apart",
    over: Some(SKELETON_INDEX),
    default_on: true,
    applies: |input| applies(input, Ends::Stay),
    build: |input, out| build(input, out, Ends::Stay),
    open_from: |input| open_from(input, Ends::Stay),
};

/// Single letters that make a run.
const LEAST_RUN: usize = 3;
/// Gaps on either side that a gap is compared with.
const NEIGHBOURS: usize = 2;
/// The letters around one gap that may say whether it stays.
const WINDOW: usize = 2 * (LONGEST_WORD + 1);
/// The most characters between two single letters.
const LONGEST_GAP: usize = 4;
/// The most characters between two Han characters.
const LONGEST_HAN_GAP: usize = 3;
/// So many dots count as one character.
const DOTS: usize = 3;
/// The kana that Chinese writers put for `的`, and between other characters.
const WRITTEN_FOR_DE: char = 'の';
/// A longer word across a gap says that the letter beside it is none by itself: `i` in `i g n o r e`.
const LONGEST_PARTICLE: usize = 2;
/// Letters that are words by themselves, or are written in the place of one.
const WORDS: [&str; 3] = ["a", "i", "u"];
/// What hears of the text that is left out; it may stop the scan.
type Drops<'a> = dyn FnMut(Dropped) -> ControlFlow<()> + 'a;

/// Text that is left out.
struct Dropped {
    range: Range<usize>,
    /// Whether a blank stands in its place.
    blank: bool,
}

/// What becomes of the first and the last letter of a run where they may be words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// They belong to the run.
    Join,
    /// They are words.
    Stay,
}

impl Ends {
    /// The letters behind a gap that are read before it is decided.
    const fn ahead(self) -> usize {
        match self {
            Self::Join => NEIGHBOURS + 1,
            Self::Stay => LONGEST_WORD,
        }
    }
}

/// What a scan came to.
struct Scanned {
    /// The first byte that is open at the end.
    open: usize,
    /// Whether an end of a run stayed a word.
    word_stayed: bool,
}

fn applies(input: &Reading, ends: Ends) -> bool {
    let text = input.as_str();
    input.survey().may_be_spaced && {
        let mut found = false;
        let scanned = scan(text, ends, &mut |_| {
            found = true;
            if ends == Ends::Join { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        // Where no word stays, `spaced` shows all there is.
        if ends == Ends::Join { found } else { scanned.word_stayed }
    }
}

fn open_from(input: &Reading, ends: Ends) -> usize {
    let (decided, tail) = input.as_str().split_at(letters_tail_start(input.as_str()));
    decided.len() + scan(tail, ends, &mut |_| ControlFlow::Continue(())).open
}

fn build(input: &Reading, out: &mut Reading, ends: Ends) {
    out.begin(input);
    let mut copied = 0;
    scan(input.as_str(), ends, &mut |dropped| {
        let Dropped { range, blank } = dropped;
        out.append(input, copied..range.start);
        if blank {
            out.push(' ', input.raw_span(range.start, range.end));
        }
        copied = range.end;
        ControlFlow::Continue(())
    });
    out.append(input, copied..input.len());
}

/// Finds what is left out, in the order of the text, and tells what is open at its end.
fn scan(text: &str, ends: Ends, drops: &mut Drops<'_>) -> Scanned {
    let mut letters = Letters::new(text, ends);
    let mut han = Han::default();
    for (at, c) in text.char_indices() {
        let class = class(c);
        if han.read(c, class, at, drops).is_break() || letters.read(c, class, at, drops).is_break()
        {
            return Scanned { open: text.len(), word_stayed: letters.word_stayed };
        }
    }
    let open = letters.open_from().min(han.open_from(text));
    if letters.end(drops).is_continue() {
        // Nothing comes after this, so there is nothing to stop.
        let _stopped = han.end(drops);
    }
    Scanned { open, word_stayed: letters.word_stayed }
}

/// Runs of single letters.
struct Letters<'a> {
    text: &'a str,
    ends: Ends,
    word_stayed: bool,
    /// The last letters of the run.
    window: [Span; WINDOW],
    len: usize,
    /// The lengths of the words that begin with each letter of the window, a bit each, and how many are known.
    words: [u16; WINDOW],
    known: usize,
    /// Whether the first letter of the window is the first of the run.
    begins: bool,
    /// The letter of the window behind which the first undecided gap lies.
    next: usize,
    /// Characters since the last letter of the run.
    gap: usize,
    /// The last character of the token that is being read, and how many it has.
    token: Span,
    token_chars: usize,
}

impl<'a> Letters<'a> {
    fn new(text: &'a str, ends: Ends) -> Self {
        let none = Span::new(0, 0);
        Self {
            text,
            ends,
            word_stayed: false,
            window: [none; WINDOW],
            len: 0,
            words: [0; WINDOW],
            known: 0,
            begins: true,
            next: 0,
            gap: 0,
            token: none,
            token_chars: 0,
        }
    }

    fn read(&mut self, c: char, class: Class, at: usize, drops: &mut Drops<'_>) -> ControlFlow<()> {
        match class {
            Class::Letter | Class::Other => {
                let alone = class == Class::Letter && self.token_chars == 0;
                self.token = Span::new(at, at + c.len_utf8());
                self.token_chars += 1;
                if alone { ControlFlow::Continue(()) } else { self.close(drops) }
            }
            Class::Gap => {
                self.end_token(drops)?;
                self.gap += 1;
                if self.gap > LONGEST_GAP { self.close(drops) } else { ControlFlow::Continue(()) }
            }
            Class::Han => self.end(drops),
        }
    }

    /// The token ends here: a single letter joins the run.
    fn end_token(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        let single = self.is_single();
        self.token_chars = 0;
        if !single {
            return ControlFlow::Continue(());
        }
        if self.len == WINDOW {
            self.window.rotate_left(1);
            self.words.rotate_left(1);
            self.known = self.known.saturating_sub(1);
            self.begins = false;
            self.len -= 1;
            self.next -= 1;
        }
        if let Some(slot) = self.window.get_mut(self.len) {
            *slot = self.token;
            self.len += 1;
        }
        self.gap = 0;
        while self.next + self.ends.ahead() < self.len {
            self.decide(drops)?;
        }
        ControlFlow::Continue(())
    }

    /// Whether the token, as far as it is read, is one letter.
    fn is_single(&self) -> bool {
        let token = self.text.get(self.token.range()).unwrap_or_default();
        self.token_chars == 1 && token.chars().all(|c| class(c) == Class::Letter)
    }

    fn end(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        self.end_token(drops)?;
        self.close(drops)
    }

    /// Ends the run.
    fn close(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        while self.next + 1 < self.len {
            self.decide(drops)?;
        }
        (self.len, self.known) = (0, 0);
        self.begins = true;
        self.next = 0;
        self.gap = 0;
        ControlFlow::Continue(())
    }

    /// Leaves out the next gap, unless the run is too short or the gap is one between words.
    fn decide(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        self.learn_words();
        let letters = self.window.get(..self.len).unwrap_or_default();
        let gaps = Gaps { text: self.text, letters };
        let (at, long_enough) = (self.next, letters.len() >= LEAST_RUN);
        self.next += 1;
        // All gaps but the last are decided before the run ends.
        let (first, last) = (at == 0 && self.begins, at + 2 == letters.len());
        if self.ends == Ends::Stay {
            let words = self.words_around(at);
            if gaps.is_beside_word(at, first, last) && words.across <= LONGEST_PARTICLE {
                self.word_stayed = true;
                return ControlFlow::Continue(());
            }
            if words.is_border() {
                self.word_stayed = true;
                let range = gaps.gap(at).map(Span::range).unwrap_or_default();
                return drops(Dropped { range, blank: true });
            }
        }
        let Some(gap) = gaps.gap(at).filter(|_| long_enough) else {
            return ControlFlow::Continue(());
        };
        // A gap between words is a blank, whatever fills it.
        let blank = gaps.is_wide(at);
        let shown = self.text.get(gap.range()).unwrap_or_default();
        if blank && shown.trim().is_empty() {
            return ControlFlow::Continue(());
        }
        drops(Dropped { range: gap.range(), blank })
    }

    /// Finds the words that begin with the letters up to the one behind the next gap.
    fn learn_words(&mut self) {
        let letters = self.window.get(..self.len).unwrap_or_default();
        let gaps = Gaps { text: self.text, letters };
        while self.ends == Ends::Stay && self.known <= self.next + 1 {
            let Some(slot) = self.words.get_mut(self.known) else { break };
            *slot = word_lengths(gaps.letters_from(self.known));
            self.known += 1;
        }
    }

    /// The words around the gap behind the letter `at`.
    fn words_around(&self, at: usize) -> Around {
        let lengths = |letter: usize| self.words.get(letter).copied().unwrap_or_default();
        let mut around = Around { before: 0, behind: longest(lengths(at + 1)), across: 0 };
        for first in (at + 1).saturating_sub(LONGEST_WORD)..=at {
            let (own, upto) = (lengths(first), at + 1 - first);
            if around.before == 0 && own >> upto & 1 == 1 {
                around.before = upto;
            }
            if own >> upto > 1 {
                around.across = around.across.max(longest(own));
            }
        }
        around
    }

    fn open_from(&self) -> usize {
        let run_goes_on = self.token_chars == 0 || self.is_single();
        match self.window.get(self.next) {
            Some(letter) if self.len > 0 && run_goes_on => letter.end,
            _ => self.text.len(),
        }
    }
}

/// The lengths of the longest words that end before a gap, begin behind it, and stand across it; zero where there is
/// none. Between the letters of a word stands one character.
#[derive(Clone, Copy)]
struct Around {
    before: usize,
    behind: usize,
    across: usize,
}

impl Around {
    /// Whether one word ends there, another begins, and no longer one stands across.
    fn is_border(self) -> bool {
        self.before > 0 && self.behind > 0 && self.across < self.before.max(self.behind)
    }
}

/// The gaps between some single letters that follow one another.
#[derive(Clone, Copy)]
struct Gaps<'a> {
    text: &'a str,
    letters: &'a [Span],
}

impl Gaps<'_> {
    /// The gap behind the letter `at`.
    fn gap(self, at: usize) -> Option<Span> {
        let (left, right) = (self.letters.get(at)?, self.letters.get(at + 1)?);
        Some(Span::new(left.end, right.start))
    }

    /// The letters from `first` on, as far as one character stands between them.
    fn letters_from(self, first: usize) -> impl Iterator<Item = char> {
        let near = move |&at: &usize| {
            at == first
                || at.checked_sub(1).and_then(|before| self.gap(before)).is_some_and(|gap| {
                    self.text.get(gap.range()).unwrap_or_default().chars().nth(1).is_none()
                })
        };
        (first..self.letters.len())
            .take_while(near)
            .filter_map(move |at| self.text.get(self.letters.get(at)?.range())?.chars().next())
    }

    /// Whether a blank stands behind the letter `at`, and the letter before it, the first of a run, or behind it, the
    /// last, may be a word: there must be enough letters left for a run.
    fn is_beside_word(self, at: usize, first: bool, last: bool) -> bool {
        let is_word = |at: usize| {
            let letter = self.letters.get(at).and_then(|letter| self.text.get(letter.range()));
            letter.is_some_and(|letter| WORDS.contains(&letter))
        };
        let blank = self.gap(at).is_some_and(|gap| self.has_blank(gap));
        let word = (first && is_word(at)) || (last && is_word(at + 1));
        blank && word && self.letters.len() > LEAST_RUN
    }

    fn has_blank(self, gap: Span) -> bool {
        self.text.get(gap.range()).unwrap_or_default().contains(char::is_whitespace)
    }

    /// Whether the gap behind the letter `at` looks like one between words: wider than the two gaps on
    /// either side. Where there are fewer, the separators merely vary (`f.u c.k`).
    fn is_wide(self, at: usize) -> bool {
        let Some(first) = at.checked_sub(NEIGHBOURS) else { return false };
        let mut others = (first..=at + NEIGHBOURS).filter(|&other| other != at);
        others.all(|other| self.is_wider(at, other))
    }

    /// Whether one gap has more characters than another, or a blank where the other has none.
    fn is_wider(self, at: usize, other: usize) -> bool {
        let (Some(gap), Some(other)) = (self.gap(at), self.gap(other)) else { return false };
        let chars = |gap: Span| self.text.get(gap.range()).unwrap_or_default().chars().count();
        chars(gap) > chars(other) || (self.has_blank(gap) && !self.has_blank(other))
    }
}

/// The greatest of some lengths, a bit each.
fn longest(lengths: u16) -> usize {
    lengths.checked_ilog2().map_or(0, |length| length as usize)
}

/// Gaps between Han characters.
#[derive(Default)]
struct Han {
    /// Han characters without a gap before this place; zero where no gap can begin.
    segment: usize,
    gap_start: usize,
    /// What the gap holds, three dots counted as one character, since `…` is three in the folded text.
    gap_chars: usize,
    /// The dots at its end.
    dots: usize,
    /// Whether the gap is clause punctuation and blanks only, and whether it has more than blanks.
    ordinary: bool,
    marked: bool,
    /// Whether it has a comma, colon or the like: two in a row are no punctuation.
    comma: bool,
    /// A gap that is left out if the Han character behind it stands alone.
    pending: Option<Range<usize>>,
}

impl Han {
    fn read(&mut self, c: char, class: Class, at: usize, drops: &mut Drops<'_>) -> ControlFlow<()> {
        if class != Class::Han {
            return self.read_other(c, class, at, drops);
        }
        if self.gap_chars == 0 {
            self.pending = None;
            self.segment += 1;
            return ControlFlow::Continue(());
        }
        let gap = self.gap_start..at;
        let (segment, ordinary) = (self.segment, self.ordinary && self.marked);
        *self = Self { segment: 1, ..Self::default() };
        match segment {
            0 => ControlFlow::Continue(()),
            2.. if ordinary => {
                self.pending = Some(gap);
                ControlFlow::Continue(())
            }
            _ => drops(Dropped { range: gap, blank: false }),
        }
    }

    fn read_other(
        &mut self,
        c: char,
        class: Class,
        at: usize,
        drops: &mut Drops<'_>,
    ) -> ControlFlow<()> {
        self.end(drops)?;
        if self.gap_chars == 0 {
            self.gap_start = at;
            (self.ordinary, self.marked, self.comma, self.dots) = (true, false, false, 0);
        }
        self.gap_chars += usize::from(c != '.' || self.dots.is_multiple_of(DOTS));
        self.dots = if c == '.' { self.dots + 1 } else { 0 };
        let comma = matches!(c, ',' | '、' | ';' | ':');
        self.ordinary &= is_clause_mark(c) && !(comma && self.comma);
        self.comma |= comma;
        self.marked |= !matches!(c, ' ' | '\t');
        // Letters of scripts written beside Han (kana, hangul) are text, not filling.
        let text = class != Class::Gap && !c.is_ascii() && c != WRITTEN_FOR_DE;
        if self.gap_chars > LONGEST_HAN_GAP || text {
            self.segment = 0;
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        let Some(range) = self.pending.take() else { return ControlFlow::Continue(()) };
        drops(Dropped { range, blank: false })
    }

    fn open_from(&self, text: &str) -> usize {
        match &self.pending {
            Some(gap) => gap.start,
            None if self.segment > 0 && self.gap_chars > 0 => self.gap_start,
            None => text.len(),
        }
    }
}

/// Blanks and the punctuation of ordinary clauses, as the folded text has them.
fn is_clause_mark(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_whitespace()
            || matches!(c, '\u{b}' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '\'');
    }
    c.is_whitespace() || "。、…—“”‘’《》〈〉「」『』【】".contains(c)
}
