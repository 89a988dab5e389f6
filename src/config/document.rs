//! A file that was read: its text, its tree, and the way from a typed value back to its place.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::check::check;
use super::codes::Code;
use super::problems::{Problems, check_allow_comments};
use super::schema::{self, SchemaOf};
use super::source::{Source, SourceSpan};
use super::yaml::{self, Node};
use crate::domain::Span;

/// A file that was read. Paths such as `rules[3].regex[0]` name places in it.
#[derive(Clone, Debug)]
pub struct Document {
    source: Arc<Source>,
    root: Node,
    complete: bool,
}

impl Document {
    /// The text it was read from.
    pub const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether every entry of the file is in its typed value. Where it is not, "nobody uses this" cannot be said.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The place of the value at `path`. Where the file does not say so much, the deepest value that it does.
    pub fn at(&self, path: &str) -> SourceSpan {
        let at = &self.root.find(path).1.at;
        let end = at.source.line_span(at.source.line_of(at.span.start)).end;
        SourceSpan::new(&at.source, at.span.start, at.span.end.min(end).max(at.span.start))
    }

    /// The place of the key of the value at `path`.
    pub fn key_at(&self, path: &str) -> SourceSpan {
        self.root.find(path).0.map_or_else(|| self.at(path), |key| key.at.clone())
    }

    /// The place of bytes `range` of the text at `path`, such as the range that a regex parser complains about.
    /// Where the text does not stand in the file as it counts (escapes, several lines), the place of the whole.
    pub fn within(&self, path: &str, range: Span) -> SourceSpan {
        self.root.find(path).1.within(range)
    }

    /// Whether the file has a value at exactly this path of keys and items, with a mistake in it or not.
    pub(super) fn says(&self, path: &str) -> bool {
        self.root.has(path)
    }

    pub(super) const fn root(&self) -> &Node {
        &self.root
    }
}

/// The path of `below` under `path`; either may be empty.
pub(super) fn join(path: &str, below: &str) -> String {
    let dot = if path.is_empty() || below.is_empty() { "" } else { "." };
    format!("{path}{dot}{below}")
}

/// Reads a text to its type. Mistakes go to `problems`; a value comes back whenever one could be made, also beside
/// errors, so that the caller can find more of them.
pub(super) fn read<T: DeserializeOwned>(
    source: &Arc<Source>,
    of: SchemaOf,
    problems: &mut Problems,
) -> Option<(T, Document)> {
    check_allow_comments(source, problems);
    let root = yaml::read(source, problems)?;
    typed(source, root, of, problems)
}

/// The same from a tree.
pub(super) fn typed<T: DeserializeOwned>(
    source: &Arc<Source>,
    mut root: Node,
    of: SchemaOf,
    problems: &mut Problems,
) -> Option<(T, Document)> {
    let before = problems.errors();
    let value = check(&mut root, schema::document(of), problems)?;
    let document =
        Document { source: Arc::clone(source), root, complete: problems.errors() == before };
    match serde_json::from_value(value) {
        Ok(value) => Some((value, document)),
        Err(error) => {
            // The checks read the same schema as the types, so this says that the two have come apart.
            let message = "this file could not be taken over";
            problems.report(Code::TG002, message, SourceSpan::line(source, 0), &error.to_string());
            None
        }
    }
}
