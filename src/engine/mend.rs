//! Texts with spans replaced.

use crate::domain::{Rewrite, Span};

/// The text with each rewrite applied. The rewrites are ordered and do not overlap.
pub fn mend(text: &str, rewrites: &[Rewrite]) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut at = 0;
    for rewrite in rewrites {
        mended.push_str(text.get(at..rewrite.span.start).unwrap_or_default());
        mended.push_str(&rewrite.replacement);
        at = rewrite.span.end;
    }
    mended.push_str(text.get(at..).unwrap_or_default());
    mended
}

/// Orders rewrites and makes one of those that overlap: it covers all their spans and names the
/// longest. Where a plain redaction and a restorable one fall together, the plain one wins.
pub fn merge(mut rewrites: Vec<Rewrite>) -> Vec<Rewrite> {
    rewrites.sort_by_key(|rewrite| (rewrite.span.start, rewrite.span.end));
    let mut merged: Vec<(Rewrite, Span)> = Vec::with_capacity(rewrites.len());
    for rewrite in rewrites {
        let own = rewrite.span;
        match merged.last_mut() {
            Some((last, named)) if last.span.overlaps(own) => {
                let whole = last.span.union(own);
                let plainer = last.restorable && !rewrite.restorable;
                let alike = last.restorable == rewrite.restorable;
                if plainer || (alike && own.len() > named.len()) {
                    *last = rewrite;
                    *named = own;
                }
                last.span = whole;
            }
            Some(_) | None => merged.push((rewrite, own)),
        }
    }
    merged.into_iter().map(|(rewrite, _)| rewrite).collect()
}

/// Adds the originals that go back into the text before `limit`. What a rule replaces is not put
/// back.
pub(super) fn put_back(
    mut rewrites: Vec<Rewrite>,
    restored: Vec<Rewrite>,
    limit: usize,
) -> Vec<Rewrite> {
    for one in restored {
        if one.span.end <= limit && !rewrites.iter().any(|known| known.span.overlaps(one.span)) {
            rewrites.push(one);
        }
    }
    rewrites.sort_by_key(|rewrite| rewrite.span);
    rewrites
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn rewrite(start: usize, end: usize, name: &str, restorable: bool) -> Rewrite {
        Rewrite {
            span: Span::new(start, end),
            replacement: format!("[{name}]"),
            label: Arc::from(name),
            restorable,
        }
    }

    #[test]
    fn overlapping_spans_become_one_that_names_the_longest() {
        let merged = merge(vec![
            rewrite(5, 9, "B", false),
            rewrite(0, 6, "A", false),
            rewrite(9, 12, "C", false),
        ]);
        assert_eq!(merged, [rewrite(0, 9, "A", false), rewrite(9, 12, "C", false)]);
        assert_eq!(mend("0123456789abXY", &merged), "[A][C]XY");
    }

    #[test]
    fn a_plain_redaction_wins_over_a_restorable_one() {
        let merged = merge(vec![rewrite(0, 9, "A", true), rewrite(2, 4, "B", false)]);
        assert_eq!(merged, [Rewrite { span: Span::new(0, 9), ..rewrite(2, 4, "B", false) }]);
    }
}
