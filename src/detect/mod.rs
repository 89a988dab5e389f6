//! Finds spans of text: terms of lexicons, patterns, and entities such as card numbers.
//!
//! It does not know rules, scores or actions: it reports hits of *atoms*, the numbered leaves of a
//! policy's matchers, and says up to where a text that still grows is decided (the *horizon*).
//! Scanning cannot fail; building can.

mod automaton;
mod border;
mod decoded;
pub mod entity;
mod flat;
mod hit;
mod index;
mod lexicon;
pub mod linear;
pub mod onnx;
mod pattern;
mod pattern_set;
mod pieces;
mod run;
mod scanner;
mod shapes;
mod viewed;
mod widen;

#[cfg(test)]
mod tests;

pub use hit::Hit;
pub use lexicon::{Boundary, TermSpec};
pub use pattern::{Outline, PatternError, PatternSpec, longest_match};
pub use scanner::{BuildError, Scan, Scanner, ScannerBuilder, Scratch, Window};

/// Number of one leaf matcher of a policy. Several terms or patterns may share one.
pub type AtomId = u32;
