//! Where hits stand, counted in words and characters.

use crate::detect::Hit;
use crate::domain::Span;
use crate::policy::Within;

/// A hit with its place in the whole text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// The hit; its span counts from the beginning of the text.
    pub(super) hit: Hit,
    /// Number of the first and of the last word that it touches.
    pub(super) words: (usize, usize),
    /// Characters before its beginning and before its end.
    pub(super) chars: (usize, usize),
}

/// Words and characters before a position of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    words: usize,
    chars: usize,
    in_word: bool,
}

impl Placed {
    /// A hit whose place nobody asks for; its span counts from byte `base` of the whole text.
    pub(super) fn unplaced(hit: &Hit, base: usize) -> Self {
        Self { hit: hit.at(hit.span.shifted(base)), words: (0, 0), chars: (0, 0) }
    }
}

/// Bytes of which every other one may begin a word, and the words still be counted in a byte.
const SUMMED: usize = 256;

impl Count {
    /// The count after one more character.
    fn after(self, c: char) -> Self {
        let alone = is_word_by_itself(c);
        let letter = alone || is_letter(c);
        let begins = alone || (letter && !self.in_word);
        Self {
            words: self.words + usize::from(begins),
            chars: self.chars + 1,
            in_word: letter && !alone,
        }
    }

    /// The count after a whole piece of text.
    pub(super) fn after_text(self, text: &str) -> Self {
        if text.is_ascii() {
            return self.after_ascii(text.as_bytes());
        }
        text.chars().fold(self, Self::after)
    }

    fn after_ascii(self, text: &[u8]) -> Self {
        let (Some(first), Some(last)) = (text.first(), text.last()) else { return self };
        let letter = |byte: u8| u8::from(byte.is_ascii_alphanumeric());
        let mut begins = usize::from(letter(*first) == 1 && !self.in_word);
        let behind = text.get(1..).unwrap_or_default();
        // So few together that they can be summed up in bytes, which the compiler makes vectors of.
        for (before, here) in text.chunks(SUMMED).zip(behind.chunks(SUMMED)) {
            let begins_here = before.iter().zip(here).map(|(&a, &b)| letter(b) & !letter(a));
            begins += usize::from(begins_here.fold(0_u8, u8::wrapping_add));
        }
        Self {
            words: self.words + begins,
            chars: self.chars + text.len(),
            in_word: last.is_ascii_alphanumeric(),
        }
    }

    /// Whether a window that begins at `hit` cannot reach anything from here on.
    pub(super) fn is_past(self, hit: &Placed, window: Within) -> bool {
        match window {
            Within::Words(words) => self.words > hit.words.0 + words,
            Within::Chars(chars) => self.chars > hit.chars.0 + chars,
        }
    }
}

/// Gives each hit its place. `text` begins at byte `base` of the whole text, where `before` counts.
pub(super) fn place(hits: &[Hit], text: &str, base: usize, before: Count) -> Vec<Placed> {
    let mut edges: Vec<usize> = hits.iter().flat_map(|h| [h.span.start, h.span.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut counts = Vec::with_capacity(edges.len());
    let (mut count, mut at) = (before, 0);
    for &edge in &edges {
        count = count.after_text(text.get(at..edge).unwrap_or_default());
        at = edge;
        counts.push(count);
    }
    let count_at = |edge: usize| {
        edges.binary_search(&edge).ok().and_then(|i| counts.get(i)).copied().unwrap_or(before)
    };
    let placed = |hit: &Hit| {
        let (start, end) = (count_at(hit.span.start), count_at(hit.span.end));
        let span = hit.span.shifted(base);
        // A hit that begins inside a word touches that word, which was counted before it.
        let first = start.words.saturating_sub(usize::from(start.in_word));
        Placed {
            hit: hit.at(span),
            words: (first, end.words.saturating_sub(1).max(first)),
            chars: (start.chars, end.chars),
        }
    };
    hits.iter().map(placed).collect()
}

/// Whether two hits, the first of which begins first, lie in one window.
pub(super) fn in_window(first: &Placed, last: &Placed, window: Within) -> bool {
    match window {
        Within::Words(words) => last.words.1 < first.words.0 + words,
        Within::Chars(chars) => last.chars.1 <= first.chars.0 + chars,
    }
}

/// Whether a window that begins with `first` could still hold a hit that begins where `later` does. Of hits in the
/// order of the text, none after the first that it cannot is in the window.
pub(super) fn may_reach(first: &Placed, later: &Placed, window: Within) -> bool {
    match window {
        Within::Words(words) => later.words.0 < first.words.0 + words,
        Within::Chars(chars) => later.chars.0 <= first.chars.0 + chars,
    }
}

/// Whether two hits lie in one window, in either order.
pub(super) fn near(a: &Placed, b: &Placed, window: Within) -> bool {
    let (first, last) = if a.hit.span.start <= b.hit.span.start { (a, b) } else { (b, a) };
    in_window(first, last, window)
}

/// Whether a hit lies wholly inside a span.
pub(super) fn inside(placed: &Placed, span: Span) -> bool {
    span.contains(placed.hit.span)
}

/// A letter or digit. Punctuation is told apart first, because the tables of all characters are slow.
fn is_letter(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric(),
        '\u{2000}'..='\u{206f}'
        | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}'
        | '\u{ff00}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' => false,
        _ => c.is_alphanumeric(),
    }
}

/// Scripts without spaces between words: each character counts as a word.
fn is_word_by_itself(c: char) -> bool {
    match c {
        // All of these are letters; the other ranges have signs among them.
        '\u{4e00}'..='\u{9fff}' => true,
        '\u{2e80}'..='\u{4dff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            is_letter(c)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_counts_as_a_word() {
        assert_eq!(Count::default().after_text("make a bomb").words, 3);
        assert_eq!(Count::default().after_text("制造炸弹，ok").words, 5);
    }

    #[test]
    fn counting_in_pieces_is_counting_the_whole() {
        let text = "one two, 三四five six";
        for (at, _) in text.char_indices() {
            let (head, tail) = text.split_at(at);
            let pieces = Count::default().after_text(head).after_text(tail);
            assert_eq!(pieces, Count::default().after_text(text));
        }
    }
}
