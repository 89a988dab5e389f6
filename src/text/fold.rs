//! The view `fold`: one spelling for case, width, style, invisible characters, ornament and Han forms.
//!
//! A text is read cluster by cluster: a base character and what modifies it. On bases of most scripts
//! marks are ornament; they are dropped, and the base is decided as soon as it is read (it is
//! *closed*). In scripts where marks are spelling the cluster stays *open* until the next base.

use caseless::Caseless;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::char_table::CharTable;
use super::class::{drops_marks, is_invisible, is_mark};
use super::han::simplify;
use super::reading::Reading;
use super::skeleton;
use super::view::ViewDef;
use crate::domain::{Span, ViewName};

/// Folds the raw text. Always on: every other view stands on it.
pub(super) const FOLD: ViewDef = ViewDef {
    name: ViewName("fold"),
    summary: "case, width, styled letters, invisible characters, marks, traditional and simplified Han",
    over: None,
    default_on: true,
    applies,
    build,
    open_from,
};

/// The most that one open cluster may hold, counted in decomposed characters; what is left out counts
/// for one. What follows it is swallowed, so that no cluster stays open for ever. UAX #15 (stream-safe
/// text) holds 30 marks on one base to be more than any language needs.
const CLUSTER_LIMIT: u8 = 32;

/// What a character does in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// Is left out.
    #[default]
    Invisible,
    /// Ornament or spelling, as its base decides; left out where there is no base.
    Mark,
    /// May join an open cluster, and opens one where there is none: vowel signs, Korean jamo.
    Joiner,
    /// A base that is decided at once, and becomes one character.
    Closed,
    /// A base that is decided at once, and becomes several characters.
    ClosedMany,
    /// A base that what follows may change.
    Open,
}

/// What the table knows of a character.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    kind: Kind,
    /// Length of the full decomposition in characters.
    cost: u8,
    /// The folded character, if it is a single one.
    to: Option<char>,
    /// Whether it is a capital that looks like other letters than its folded character does.
    looks_otherwise: bool,
}

static ENTRIES: CharTable<Entry> = CharTable::new(find_entry);

/// Where the text stands after a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is open; marks are ornament of what came before.
    Closed,
    /// A cluster reached its limit: all that would belong to it is left out.
    Full,
    /// A cluster that began at this byte is open.
    Open { start: usize, cost: u8 },
}

/// What to do with a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is a base of its own.
    Emit,
    /// It begins an open cluster.
    Begin,
    /// It belongs to the open cluster.
    Absorb,
    /// It is left out, and swallowed by what came before.
    Swallow,
}

impl State {
    fn step(self, entry: Entry, at: usize) -> (Self, Step) {
        let begin = (Self::Open { start: at, cost: entry.cost }, Step::Begin);
        match (entry.kind, self) {
            (Kind::Closed | Kind::ClosedMany, _) => (Self::Closed, Step::Emit),
            (Kind::Open, _) | (Kind::Joiner, Self::Closed) => begin,
            (_, Self::Closed | Self::Full) => (self, Step::Swallow),
            (_, Self::Open { start, cost }) => {
                let cost = cost.saturating_add(entry.cost.max(1));
                if cost > CLUSTER_LIMIT {
                    (Self::Full, Step::Swallow)
                } else {
                    (Self::Open { start, cost }, Step::Absorb)
                }
            }
        }
    }
}

/// Builds the reading: the state, the input and the output of one pass.
struct Folder<'a> {
    input: &'a Reading,
    out: &'a mut Reading,
    state: State,
    /// Whether the open cluster is more than its first character and what is left out.
    joined: bool,
}

impl Folder<'_> {
    /// Reads the character `c` at `at`.
    fn character(&mut self, c: char, at: usize) {
        let entry = ENTRIES.get(c);
        let (next, step) = self.state.step(entry, at);
        let end = at + c.len_utf8();
        match step {
            Step::Absorb => self.joined |= entry.kind != Kind::Invisible,
            Step::Emit | Step::Begin | Step::Swallow => self.close(at),
        }
        match step {
            Step::Emit => self.emit(entry, c, at, end),
            Step::Begin => self.joined = false,
            Step::Swallow => self.out.extend_last(self.input.raw_end(end)),
            Step::Absorb => {}
        }
        self.state = next;
    }

    fn emit(&mut self, entry: Entry, c: char, start: usize, end: usize) {
        let raw = self.input.raw_span(start, end);
        match entry.to {
            Some(to) if entry.looks_otherwise => self.out.push_small(to, c, raw),
            Some(to) => self.out.push(to, raw),
            None => self.spell_out(start, end, raw),
        }
    }

    /// Writes the open cluster, which ends at `end`, if there is one.
    fn close(&mut self, end: usize) {
        let State::Open { start, .. } = self.state else { return };
        self.state = State::Closed;
        let raw = self.input.raw_span(start, end);
        let first = self.input.as_str().get(start..end).and_then(|rest| rest.chars().next());
        match first.and_then(|first| ENTRIES.get(first).to) {
            Some(to) if !self.joined => self.out.push(to, raw),
            _ => self.spell_out(start, end, raw),
        }
    }

    fn spell_out(&mut self, start: usize, end: usize, raw: Span) {
        let cluster = self.input.as_str().get(start..end).unwrap_or_default();
        for c in fold_cluster(cluster.chars()) {
            self.out.push(c, raw);
        }
    }
}

/// Whether a character belongs to the one before it: marks, invisible characters, vowel signs and such.
/// A text must not be looked at from such a character on.
pub fn is_attached(c: char) -> bool {
    matches!(ENTRIES.get(c).kind, Kind::Invisible | Kind::Mark | Kind::Joiner)
}

fn applies(input: &Reading) -> bool {
    // Without an early exit, so that the compiler makes vector instructions of it.
    let changes = |byte: u8| u8::from(!is_plain(byte)) | u8::from(byte.is_ascii_uppercase());
    input.as_str().bytes().fold(0, |found, byte| found | changes(byte)) != 0
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let mut folder = Folder { input, out, state: State::Closed, joined: false };
    let text = input.as_str();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = plain_run(rest);
        if plain > 0 {
            folder.close(at);
            folder.state = State::Closed;
            folder.out.append_lower(input, at..at + plain);
            at += plain;
        } else if let Some(c) = rest.chars().next() {
            folder.character(c, at);
            at += c.len_utf8();
        }
    }
    folder.close(text.len());
}

fn open_from(input: &Reading) -> usize {
    let text = input.as_str();
    let base = text.char_indices().rev().find(|&(_, c)| !is_attached(c)).map_or(0, |(at, _)| at);
    let mut state = State::Closed;
    for (at, c) in text.get(base..).unwrap_or_default().char_indices() {
        (state, _) = state.step(ENTRIES.get(c), base + at);
    }
    match state {
        State::Open { start, .. } => start,
        State::Closed | State::Full => text.len(),
    }
}

/// Length of the beginning of a text that needs no more than lower case: ASCII, and characters that
/// stand for themselves whatever follows.
fn plain_run(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii() {
            let (blocks, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<PLAIN_BLOCK>();
            let is_plain_block =
                |block: &&[u8; PLAIN_BLOCK]| block.iter().fold(true, |all, &b| all & is_plain(b));
            let whole = blocks.iter().take_while(is_plain_block).count();
            at += whole * PLAIN_BLOCK;
            let next = blocks.get(whole).map_or(rest, |block| block.as_slice());
            let plain = next.iter().take_while(|&&byte| is_plain(byte)).count();
            at += plain;
            if whole + plain == 0 {
                break;
            }
        } else {
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            let entry = ENTRIES.get(c);
            if entry.kind != Kind::Closed || entry.to != Some(c) {
                break;
            }
            at += c.len_utf8();
        }
    }
    at
}

/// Bytes that are tested together.
const PLAIN_BLOCK: usize = 32;

/// Whether a byte is ASCII that needs no more than lower case.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// Finds what a character does. Slow; the table remembers it.
fn find_entry(c: char) -> Entry {
    if is_invisible(c) {
        return Entry::default();
    }
    let decomposed: Vec<char> = std::iter::once(c).nfkd().filter(|&d| !is_invisible(d)).collect();
    let cost = u8::try_from(decomposed.len()).unwrap_or(u8::MAX);
    let Some(&first) = decomposed.first() else { return Entry::default() };
    let folded = fold_cluster(std::iter::once(c));
    let to = match folded.as_slice() {
        &[single] => Some(single),
        _ => None,
    };
    let base = decomposed.iter().rev().find(|&&d| !is_mark(d));
    let kind = match base {
        None => Kind::Mark,
        Some(_) if is_mark(first) || joins(first) => Kind::Joiner,
        Some(&base) if !drops_marks(base) => Kind::Open,
        Some(_) if to.is_some() => Kind::Closed,
        Some(_) => Kind::ClosedMany,
    };
    let looks_otherwise = to.is_some_and(|to| skeleton::looks_otherwise(c, to));
    Entry { kind, cost, to, looks_otherwise }
}

/// Whether a decomposed character can become part of what stands before it.
fn joins(c: char) -> bool {
    c.general_category() == GeneralCategory::SpacingMark
        || is_nfc_quick(std::iter::once(c)) == IsNormalized::Maybe
}

/// Folds one cluster: NFKC without what is invisible and without ornament, full case folding, simplified
/// Han, and one kind of blank. (The order of UAX #15 and UTS #39: decompose, clean, fold, compose.)
fn fold_cluster(cluster: impl Iterator<Item = char>) -> Vec<char> {
    let mut on_ornament = true;
    let decomposed =
        cluster.filter(|&c| !is_invisible(c)).map(seen_as).nfkd().filter(|&c| !is_invisible(c));
    let cleaned = decomposed.filter(|&c| {
        let mark = is_mark(c);
        if !mark {
            on_ornament = drops_marks(c);
        }
        !(mark && on_ornament)
    });
    cleaned.default_case_fold().map(plain_form).nfkc().collect()
}

/// Characters that compatibility normalisation makes something of that they do not look like: letters in brackets would
/// become three characters, and a crescent that is a `c` to the eye a sigma.
fn seen_as(c: char) -> char {
    let letter = |first: u32| {
        let number = u8::try_from(u32::from(c) - first).unwrap_or_default();
        char::from(b'a' + number)
    };
    match c {
        '\u{249c}'..='\u{24b5}' => letter(0x249c),
        '\u{1f110}'..='\u{1f129}' => letter(0x1_f110),
        '\u{3f2}' | '\u{3f9}' => 'c',
        _ => c,
    }
}

/// The form of a character that case folding and normalisation leave alone.
fn plain_form(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => c,
        'ı' => 'i',
        _ if c.is_whitespace() => ' ',
        _ if c.is_ascii() => c,
        _ => simplify(c),
    }
}
