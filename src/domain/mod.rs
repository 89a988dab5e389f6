//! The nouns that every other module shares: spans, categories, actions, passages, findings, verdicts.
//!
//! It does no work: no parsing, no matching, no I/O. A type lives here as soon as two modules need it,
//! so that no module has to import a higher one for a word.

mod action;
mod category;
mod finding;
mod ident;
mod interval;
mod kept;
mod notice;
mod passage;
mod secret;
mod span;
mod unseen;
mod verdict;

pub use action::{Action, Level, Mode, Phase, Severity};
pub use category::{Categories, Category, OPENAI_CATEGORIES};
pub use finding::{Finding, MOST_DECODERS, ViewName, ViewPath};
pub use ident::DecisionId;
pub use interval::{Interval, Z95};
pub use kept::KeptText;
pub use notice::NoticeKind;
pub use passage::{Author, EditClass, Passage, TextKind};
pub use secret::Secret;
pub use span::Span;
pub use unseen::is_unseen;
pub use verdict::{Classified, ClassifierScore, FiredRule, Outcome, Rewrite, Verdict};
