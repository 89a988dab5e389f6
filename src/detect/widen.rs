//! Patterns made wider, so that their automaton is small: it matches a superset of what they match.

use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicodeRange, Hir, HirKind, Look,
};

/// Whether a match of one of the patterns can begin with this byte, the byte before a word border not
/// counted.
pub(super) fn can_begin_with(patterns: &[Hir], byte: u8) -> bool {
    patterns.iter().any(|pattern| {
        let bordered = matches!(pattern.kind(), HirKind::Concat(parts) if parts.first() == Some(&border_byte()));
        !bordered && begins_with(pattern, byte)
    })
}

/// Whether the first byte of a match can be this one.
fn begins_with(hir: &Hir, byte: u8) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.first() == Some(&byte),
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&char::from(byte))),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte))
        }
        HirKind::Repetition(repetition) => begins_with(&repetition.sub, byte),
        HirKind::Capture(capture) => begins_with(&capture.sub, byte),
        HirKind::Alternation(parts) => parts.iter().any(|part| begins_with(part, byte)),
        HirKind::Concat(parts) => {
            for part in parts {
                if begins_with(part, byte) {
                    return true;
                }
                if part.properties().minimum_len() != Some(0) {
                    return false;
                }
            }
            false
        }
    }
}

/// Any byte that is no ASCII letter, digit or underscore: what stands before a word border.
fn border_byte() -> Hir {
    let ranges = [(0, b'/'), (b':', b'@'), (b'[', b'^'), (b'`', b'`'), (b'{', 0xff)];
    let ranges = ranges.map(|(start, end)| ClassBytesRange::new(start, end));
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

/// A byte that UTF-8 does not use.
pub(super) fn byte_of_no_text() -> Hir {
    Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(0xff, 0xff)])))
}

/// A pattern whose word border at the beginning has become the byte before it. An ASCII border and a
/// Unicode one alike have no ASCII word character before them, when one follows.
fn with_border(hir: &Hir, widening: Widening) -> Option<Hir> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let (first, rest) = parts.split_first()?;
    let HirKind::Look(look) = first.kind() else { return None };
    let border = matches!(
        look,
        Look::WordAscii | Look::WordUnicode | Look::WordStartAscii | Look::WordStartUnicode
    );
    if !border || !rest.first().is_some_and(begins_a_word) {
        return None;
    }
    let rest = rest.iter().map(|part| widen(part, widening));
    Some(Hir::concat(std::iter::once(border_byte()).chain(rest).collect()))
}

/// Whether a match can only begin with an ASCII letter, digit or underscore.
fn begins_a_word(hir: &Hir) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.first().is_some_and(|&byte| word(byte)),
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().all(|range| {
            range.end().is_ascii() && (range.start()..=range.end()).all(|c| word(c as u8))
        }),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().all(|range| (range.start()..=range.end()).all(word))
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && begins_a_word(&repetition.sub),
        HirKind::Capture(capture) => begins_a_word(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(begins_a_word),
        HirKind::Alternation(parts) => parts.iter().all(begins_a_word),
    }
}

/// Whether a pattern repeats something more than `longest` times, or without limit.
pub(super) fn has_long_repeat(hir: &Hir, longest: u32) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => {
            repetition.max.is_none_or(|max| max > longest)
                || has_long_repeat(&repetition.sub, longest)
        }
        HirKind::Capture(capture) => has_long_repeat(&capture.sub, longest),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().any(|part| has_long_repeat(part, longest))
        }
    }
}

/// What a match may begin with that the automaton does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Context {
    /// Nothing.
    None,
    /// One character that is no letter and no digit.
    Mark,
    /// Any one character.
    Any,
}

impl Context {
    /// Whether this character may be what a match begins with.
    pub(super) fn includes(self, c: char) -> bool {
        match self {
            Self::None => false,
            Self::Mark => !c.is_alphanumeric(),
            Self::Any => true,
        }
    }
}

/// A pattern without its first character, where that only says what may or may not stand before the rest
/// (`(?:^|[^0-9])`, `(?:^|[,.!? ])`). It could be nearly any character, or the blank after each word, so that the
/// pattern would nearly always be in progress.
pub(super) fn without_context(hir: &Hir) -> (Context, Option<Hir>) {
    let kept = (Context::None, None);
    match hir.kind() {
        HirKind::Capture(capture) => without_context(&capture.sub),
        HirKind::Alternation(branches) => {
            let bare: Vec<_> = branches.iter().map(without_context).collect();
            let context = bare.iter().map(|(context, _)| *context).max().unwrap_or(Context::None);
            if context == Context::None {
                return kept;
            }
            let branches = bare
                .into_iter()
                .zip(branches)
                .map(|((_, bare), branch)| bare.unwrap_or_else(|| branch.clone()));
            (context, Some(Hir::alternation(branches.collect())))
        }
        HirKind::Literal(literal) => match literal.0.split_first() {
            Some((first, rest)) if !rest.is_empty() && first.is_ascii_whitespace() => {
                (Context::Mark, Some(Hir::literal(rest)))
            }
            _ => kept,
        },
        HirKind::Concat(parts) => without_first(parts).unwrap_or(kept),
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) | HirKind::Repetition(_) => kept,
    }
}

fn without_first(parts: &[Hir]) -> Option<(Context, Option<Hir>)> {
    let (first, rest) = parts.split_first()?;
    if let HirKind::Literal(_) = first.kind() {
        let (context, bare) = without_context(first);
        let parts = std::iter::once(bare?).chain(rest.iter().cloned());
        return Some((context, Some(Hir::concat(parts.collect()))));
    }
    let rest = Hir::concat(rest.to_vec());
    if !is_one_char(first) || rest.properties().minimum_len() == Some(0) {
        return None;
    }
    let context = if class_size(first) >= CONTEXT_CLASS {
        Context::Any
    } else if [b' ', b'\n'].into_iter().any(|byte| begins_with(first, byte)) {
        if has_word_character(first) { Context::Any } else { Context::Mark }
    } else {
        return None;
    };
    Some((context, Some(rest)))
}

/// A class of so many characters excludes rather than lists.
const CONTEXT_CLASS: usize = 10_000;

/// Whether a letter or digit is among the characters of an expression of one character, which are not many.
fn has_word_character(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => {
            !literal.0.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())
        }
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).any(char::is_alphanumeric)),
        HirKind::Class(Class::Bytes(class)) => class.ranges().iter().any(|range| {
            !range.end().is_ascii()
                || (range.start()..=range.end()).any(|byte| byte.is_ascii_alphanumeric())
        }),
        HirKind::Repetition(repetition) => has_word_character(&repetition.sub),
        HirKind::Capture(capture) => has_word_character(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().any(has_word_character)
        }
    }
}

/// Whether an expression matches one character at most.
fn is_one_char(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => true,
        HirKind::Literal(literal) => literal.0.len() == 1,
        HirKind::Repetition(repetition) => {
            repetition.max == Some(1) && is_one_char(&repetition.sub)
        }
        HirKind::Capture(capture) => is_one_char(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().all(is_one_char),
        HirKind::Concat(_) => false,
    }
}

/// How far a pattern may be widened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widening {
    /// Counted repeats up to this many times are kept; longer ones become unlimited, which matches
    /// more and needs no counter.
    pub(super) longest: u32,
    /// Only repeats of classes with fewer characters than this are widened: an unlimited `.` would
    /// keep the pattern in progress to the end of the line.
    pub(super) classes_below: usize,
}

/// A whole pattern, widened, with the byte before it where it begins at a word border.
pub(super) fn widen_whole(hir: &Hir, widening: Widening) -> Hir {
    with_border(hir, widening).unwrap_or_else(|| widen(hir, widening))
}

/// The pattern with every assertion replaced by the empty expression, and long counted repeats made
/// unlimited: it matches a superset of what the pattern matches.
fn widen(hir: &Hir, widening: Widening) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            let long = repetition.max.is_some_and(|max| max > widening.longest);
            if long && class_size(&repetition.sub) < widening.classes_below {
                repetition.min = repetition.min.min(1);
                repetition.max = None;
            }
            repetition.sub = Box::new(widen(&repetition.sub, widening));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => widen(&capture.sub, widening),
        HirKind::Concat(parts) => {
            Hir::concat(parts.iter().map(|part| widen(part, widening)).collect())
        }
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(|part| widen(part, widening)).collect())
        }
    }
}

/// How many characters the widest class of an expression has.
fn class_size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(ClassUnicodeRange::len).sum()
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().map(ClassBytesRange::len).sum()
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => 0,
        HirKind::Repetition(repetition) => class_size(&repetition.sub),
        HirKind::Capture(capture) => class_size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(class_size).max().unwrap_or(0)
        }
    }
}
