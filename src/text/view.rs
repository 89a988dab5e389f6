//! What a view is, and the table of all of them.

use super::reading::Reading;
use super::{fold, leet, repeats, skeleton, spaced};
use crate::domain::ViewName;

/// One way of reading a text.
///
/// A view is a pure function of the reading it stands on. Where [`ViewDef::applies`] says no, the view
/// would equal that reading, which then stands in for it (or, for `spaced_words`, `leet_l` and `leet_mixed`, would show
/// no word that an earlier view does not show).
#[derive(Clone, Copy, Debug)]
pub struct ViewDef {
    /// The name in findings and policies.
    pub name: ViewName,
    /// What the view sees through, for people.
    pub summary: &'static str,
    /// Index in [`VIEWS`] of the view it reads; `None` for the raw text.
    pub over: Option<usize>,
    /// Whether it is on where a policy says nothing.
    pub default_on: bool,
    /// A cheap test, one pass without allocation: could this view differ from the reading it stands on?
    /// `true` may be wrong, `false` never is.
    pub applies: fn(&Reading) -> bool,
    /// Builds the view of the first reading into the second, which it empties. The offsets of the
    /// result are those of the raw text.
    pub build: fn(&Reading, &mut Reading),
    /// The horizon: the first byte of the input whose image could still change, or whose character
    /// could still grow, when more text follows; the length of the input when nothing is open. What is
    /// left out later may still be swallowed by the last character before the horizon.
    pub open_from: fn(&Reading) -> usize,
}

/// All views; each stands behind the one it reads.
pub const VIEWS: &[ViewDef] = &[
    fold::FOLD,
    skeleton::SKELETON,
    spaced::SPACED,
    spaced::SPACED_WORDS,
    leet::LEET,
    leet::LEET_L,
    leet::LEET_MIXED,
    repeats::REPEATS,
];

/// Index of `fold` in [`VIEWS`].
pub(super) const FOLD_INDEX: usize = 0;
/// Index of `skeleton` in [`VIEWS`].
pub(super) const SKELETON_INDEX: usize = 1;
