//! Which hits fire a rule whose matcher has conditions: `all`, `not`, `within`.

use super::count::Count;
use super::place::{Placed, in_window, may_reach, near};
use crate::policy::{Matcher, Node, Within};

/// How a text is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The whole text is there: what stands later counts too (prompts).
    Whole,
    /// The text is read from the front, and what was passed on cannot be called back (completions):
    /// a condition without a window counts from where it is fulfilled.
    Forward,
}

/// The hits, as ordered indices into `hits`, that take part in a fulfilment of the matcher.
pub(super) fn fulfilled(node: &Node, hits: &[Placed], sight: Sight) -> Vec<usize> {
    let mut found = alternatives(node, hits, sight);
    if !node.all.is_empty() {
        let mut parts: Vec<Vec<usize>> =
            node.all.iter().map(|part| fulfilled(part, hits, sight)).collect();
        if !node.any.is_empty() {
            parts.push(found);
        }
        found = match node.within {
            Some(window) => together(&parts, hits, window),
            None => everywhere(&parts, hits, sight),
        };
    }
    for part in &node.not {
        let excuses = fulfilled(part, hits, sight);
        found.retain(|&index| {
            hits.get(index).is_some_and(|hit| {
                !excuses.iter().filter_map(|&excuse| hits.get(excuse)).any(|excuse| {
                    match (node.within, sight) {
                        (Some(window), _) => near(hit, excuse, window),
                        (None, Sight::Whole) => true,
                        (None, Sight::Forward) => excuse.hit.span.start <= hit.hit.span.start,
                    }
                })
            })
        });
    }
    found
}

/// The earliest hit from byte `decided` on whose window is still open: it could yet take part, or be excused, when
/// more text comes. The text is known up to `upto`.
pub(super) fn pending(node: &Node, hits: &[Placed], decided: usize, upto: Count) -> Option<usize> {
    let mut earliest: Option<usize> = None;
    let mut note = |start: usize| earliest = Some(earliest.map_or(start, |e| e.min(start)));
    if let Some(window) = node.within {
        let is_open =
            |hit: &Placed| hit.hit.span.start >= decided && !hit.is_out_of_reach(upto, window);
        let mut candidates = alternatives(node, hits, Sight::Whole);
        candidates.extend(node.all.iter().flat_map(|part| fulfilled(part, hits, Sight::Whole)));
        candidates.retain(|&index| hits.get(index).is_some_and(is_open));
        if node.not.is_empty() && !candidates.is_empty() {
            let taking_part = fulfilled(node, hits, Sight::Whole);
            candidates.retain(|index| !taking_part.contains(index));
        }
        let starts = candidates.iter().filter_map(|&index| hits.get(index));
        starts.for_each(|hit| note(hit.hit.span.start));
    }
    let nested = node.any.iter().filter_map(|matcher| match matcher {
        Matcher::Node(node) => Some(node),
        Matcher::Atom(_) => None,
    });
    for node in nested.chain(&node.all).chain(&node.not) {
        if let Some(start) = pending(node, hits, decided, upto) {
            note(start);
        }
    }
    earliest
}

fn alternatives(node: &Node, hits: &[Placed], sight: Sight) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for matcher in &node.any {
        match matcher {
            Matcher::Atom(atom) => {
                let with_atom = hits.iter().enumerate().filter(|(_, hit)| hit.hit.atom == *atom);
                found.extend(with_atom.map(|(index, _)| index));
            }
            Matcher::Node(node) => found.extend(fulfilled(node, hits, sight)),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Hits of all parts, where every part has one: all of them, or those from the place on where the
/// last part came in.
fn everywhere(parts: &[Vec<usize>], hits: &[Placed], sight: Sight) -> Vec<usize> {
    let start = |index: &usize| hits.get(*index).map(|hit| hit.hit.span.start);
    let firsts: Option<Vec<usize>> =
        parts.iter().map(|part| part.iter().filter_map(start).min()).collect();
    let Some(complete) = firsts.and_then(|firsts| firsts.into_iter().max()) else {
        return Vec::new();
    };
    let mut found: Vec<usize> = parts.iter().flatten().copied().collect();
    if sight == Sight::Forward {
        found.retain(|index| start(index).is_some_and(|start| start >= complete));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Hits that lie in some window which has a hit of every part.
fn together(parts: &[Vec<usize>], hits: &[Placed], window: Within) -> Vec<usize> {
    let mut tagged: Vec<(usize, usize)> = parts
        .iter()
        .enumerate()
        .flat_map(|(part, indices)| indices.iter().map(move |&index| (index, part)))
        .collect();
    // Hits are ordered by their place in the text, so indices are too.
    tagged.sort_unstable();
    let mut found = Vec::new();
    for (position, &(first, _)) in tagged.iter().enumerate() {
        let Some(first_hit) = hits.get(first) else { continue };
        let rest = tagged.get(position..).unwrap_or_default();
        let inside: Vec<(usize, usize)> = rest
            .iter()
            .copied()
            .take_while(|&(index, _)| {
                hits.get(index).is_some_and(|hit| may_reach(first_hit, hit, window))
            })
            .filter(|&(index, _)| hits.get(index).is_some_and(|h| in_window(first_hit, h, window)))
            .collect();
        let complete = (0..parts.len()).all(|part| inside.iter().any(|&(_, p)| p == part));
        if complete {
            found.extend(inside.into_iter().map(|(index, _)| index));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
