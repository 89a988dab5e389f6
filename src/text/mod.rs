//! Views: normalised readings of a text, each with a map back to the raw bytes.
//!
//! A view is one file and one line in [`VIEWS`]. It knows nothing of terms or rules.

mod fold;
mod leet;
mod reading;
mod repeats;
mod script;
mod skeleton;
mod spaced;

#[cfg(test)]
mod tests;

pub use reading::Reading;
pub use repeats::is_drawn_out;
pub use script::is_attached;

use crate::domain::ViewName;

/// One view.
#[derive(Clone, Copy, Debug)]
pub struct ViewDef {
    /// Its name in policies and findings.
    pub name: ViewName,
    /// What it sees through, for `tidegate list views`.
    pub summary: &'static str,
    /// Which view of [`VIEWS`] it reads; `None` reads the raw text.
    pub over: Option<usize>,
    /// Whether it is on where a policy says nothing.
    pub default_on: bool,
    /// Whether this view could differ from what it reads. Cheap, and never wrongly false.
    pub applies: fn(&Reading) -> bool,
    /// Builds the view; the map of the result leads to the raw text.
    pub build: fn(&Reading, &mut Reading),
    /// The horizon: the first byte of what it reads whose image could still change when more text
    /// follows; the length when nothing is open.
    pub open_from: fn(&Reading) -> usize,
}

/// All views, each after the one that it reads.
pub const VIEWS: &[ViewDef] =
    &[fold::FOLD, skeleton::SKELETON, spaced::SPACED, leet::LEET, repeats::REPEATS];

/// Where `fold` and `skeleton` stand in [`VIEWS`].
const FOLD: usize = 0;
const SKELETON: usize = 1;

/// A term as it stands in the `fold` view.
pub fn normalise_term(term: &str) -> String {
    let (mut raw, mut folded) = (Reading::default(), Reading::default());
    raw.identity(term);
    (fold::FOLD.build)(&raw, &mut folded);
    folded.as_str().trim().to_owned()
}

/// A term as it stands in the `skeleton` view and those above it.
pub fn skeleton_term(term: &str) -> String {
    normalise_term(term).chars().flat_map(skeleton::look_alike).collect()
}

/// A term as it stands in the `repeats` view.
pub fn repeats_term(term: &str) -> String {
    repeats::collapse(&skeleton_term(term))
}
