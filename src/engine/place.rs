//! Where hits stand, counted in words and characters.

use super::count::Count;
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

impl Placed {
    /// A hit whose place nobody asks for; its span counts from byte `base` of the whole text.
    pub(super) fn unplaced(hit: &Hit, base: usize) -> Self {
        Self { hit: hit.at(hit.span.shifted(base)), words: (0, 0), chars: (0, 0) }
    }

    /// Whether a window that begins here cannot reach anything from `upto` on.
    pub(super) fn is_out_of_reach(&self, upto: Count, window: Within) -> bool {
        upto.is_past((self.words.0, self.chars.0), window)
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
        let first = start.first_word(text.get(hit.span.range()).unwrap_or_default());
        Placed {
            hit: hit.at(hit.span.shifted(base)),
            words: (first, end.last_word().max(first)),
            chars: (start.chars(), end.chars()),
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

/// Where hits stand.
pub(super) fn spans(placed: &[Placed]) -> impl Iterator<Item = Span> + Clone {
    placed.iter().map(|placed| placed.hit.span)
}
