//! A file that was read: its text, its tree, and the way from a typed value back to its place.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::check::check;
use super::codes::Code;
use super::problems::{Gravity, Problems, check_allow_comments};
use super::schema::{self, SchemaOf};
use super::source::{Source, SourceSpan};
use super::yaml::{self, Node, Value};
use crate::domain::Span;

/// A file that was read. Paths such as `rules[3].regex[0]` name places in it.
#[derive(Clone, Debug)]
pub struct Document {
    source: Arc<Source>,
    root: Node,
    /// The places of mistakes that kept something out of the typed value.
    mistakes: Vec<SourceSpan>,
    /// Whether the tree has everything that is written.
    whole: bool,
}

impl Document {
    /// The text it was read from.
    pub const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether the typed value has all of what is written at `path`, if anything is. Where it has not, nothing
    /// can be said that a mended file might prove wrong, such as that nobody uses a name.
    pub fn is_sound(&self, path: &str) -> bool {
        let (key, node) = self.root.find(path);
        let spoilt = || key.is_some_and(|key| self.is_spoilt(&key.at)) || self.has_mistake(node);
        self.whole && (self.mistakes.is_empty() || !self.says(path) || !spoilt())
    }

    /// Whether the value at `path`, if there is one, was taken over, be it without some of what it holds.
    pub(super) fn is_read(&self, path: &str) -> bool {
        let (key, node) = self.root.find(path);
        let refused = |at: &SourceSpan| self.mistakes.contains(at);
        let gone = || refused(&node.at) || key.is_some_and(|key| refused(&key.at));
        self.whole && !(self.says(path) && gone())
    }

    /// Whether the name is written as a key of the group at `path`, with a mistake in it or not; or whether that
    /// cannot be told.
    pub(super) fn may_name(&self, path: &str, name: &str) -> bool {
        !self.is_read(path) || self.says(&join(path, name))
    }

    /// Whether the text at `path` holds `name` although the typed value may not: something there has a mistake.
    pub(super) fn may_use(&self, path: &str, name: &str) -> bool {
        !self.is_sound(path) && (!self.whole || self.root.find(path).1.at.text().contains(name))
    }

    fn has_mistake(&self, node: &Node) -> bool {
        self.is_spoilt(&node.at)
            || match &node.value {
                Value::List(items) => items.iter().any(|item| self.has_mistake(item)),
                // A variable or a flag may have put a value here.
                Value::Map(entries) => entries.iter().any(|entry| self.has_mistake(&entry.value)),
                Value::Scalar { .. } => false,
            }
    }

    fn is_spoilt(&self, at: &SourceSpan) -> bool {
        self.mistakes.iter().any(|mistake| {
            let (inner, outer) = (mistake.span, at.span);
            Arc::ptr_eq(&mistake.source, &at.source)
                && (inner == outer || (outer.start <= inner.start && inner.start < outer.end))
        })
    }

    /// The place of the value at `path`. Where the file does not say so much, the deepest value that it does.
    pub fn at(&self, path: &str) -> SourceSpan {
        let at = &self.root.find(path).1.at;
        let end = at.source.line_span(at.source.line_of(at.span.start)).end;
        SourceSpan::new(&at.source, at.span.start, at.span.end.min(end).max(at.span.start))
    }

    /// The whole of the value at `path`, over all of its lines.
    pub fn whole(&self, path: &str) -> SourceSpan {
        self.root.find(path).1.at.clone()
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
    let value = check(&mut root, schema::document(of), problems)?;
    let errors = || problems.iter().filter(|problem| problem.gravity == Gravity::Error);
    // An unknown key means nothing, so nothing is missing without it.
    let spoiling = errors().filter(|problem| problem.code != Code::TG003);
    let mistakes = spoiling.filter_map(|problem| Some(problem.primary()?.at.clone())).collect();
    let left_out = [Code::TG020, Code::TG026, Code::TG028];
    let own = |at: &SourceSpan| Arc::ptr_eq(&at.source, source);
    let whole = !errors().any(|problem| {
        left_out.contains(&problem.code) && problem.primary().is_some_and(|label| own(&label.at))
    });
    let document = Document { source: Arc::clone(source), root, mistakes, whole };
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
