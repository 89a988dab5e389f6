//! The tree, and the way to a node by a path such as `rules[3].regex[0]`.

use std::sync::Arc;

use crate::config::source::{Source, SourceSpan};
use crate::domain::Span;

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Style {
    /// Without quotes: may be a number or `true`, where the schema asks for one.
    Plain,
    /// In single quotes: text.
    Single,
    /// In double quotes: text, with escapes.
    Double,
    /// As a block, `|` or `>`: text.
    Block,
}

/// One value with its place.
#[derive(Clone, Debug)]
pub(in crate::config) struct Node {
    /// Where it stands. A collection spans from its first to its last value.
    pub(in crate::config) at: SourceSpan,
    /// What stands there.
    pub(in crate::config) value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(in crate::config) enum Value {
    /// A single value. Plain and empty is "no value".
    Scalar {
        /// The text after escapes.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the file.
    Map(Vec<Entry>),
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(in crate::config) struct Entry {
    /// The key.
    pub(in crate::config) key: Key,
    /// The value.
    pub(in crate::config) value: Node,
}

/// A key with its place.
#[derive(Clone, Debug)]
pub(in crate::config) struct Key {
    /// The key as it counts: after escapes, and after a misspelling was mended for the sake of the checks.
    pub(in crate::config) text: String,
    /// Where it stands.
    pub(in crate::config) at: SourceSpan,
}

// === impl Node ===

impl Node {
    /// A scalar that was written without quotes.
    pub(in crate::config) fn plain(at: SourceSpan, text: &str) -> Self {
        Self { at, value: Value::Scalar { text: text.to_owned(), style: Style::Plain } }
    }

    /// Keys and values with no entry yet.
    pub(in crate::config) const fn map(at: SourceSpan) -> Self {
        Self { at, value: Value::Map(Vec::new()) }
    }

    /// Whether nothing stands here: `key:` with no value.
    pub(in crate::config) fn is_absent(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, style: Style::Plain } if text.is_empty())
    }

    /// The entry under `key`.
    pub(in crate::config) fn entry(&self, key: &str) -> Option<&Entry> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|entry| entry.key.text == key)
    }

    /// The value under `key`.
    pub(in crate::config) fn child(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Whether there is a node at exactly `path`.
    pub(in crate::config) fn has(&self, path: &str) -> bool {
        self.walk(path).2.is_empty()
    }

    /// The node at `path`, and the key in front of it; where the path leads on beyond what was written,
    /// the deepest node that was. A single value counts as item 0 of a list, because that is how lists of
    /// one may be written.
    pub(in crate::config) fn find(&self, path: &str) -> (Option<&Key>, &Self) {
        let (key, node, _) = self.walk(path);
        (key, node)
    }

    /// As far along `path` as the tree goes, and the rest of the path.
    fn walk<'p>(&self, path: &'p str) -> (Option<&Key>, &Self, &'p str) {
        let (mut key, mut node, mut rest) = (None, self, path);
        loop {
            rest = rest.trim_start_matches('.');
            let step = match &node.value {
                Value::Map(entries) => longest_key(entries, rest),
                Value::List(items) => index(rest)
                    .and_then(|(at, after)| items.get(at).map(|item| (None, item, after))),
                Value::Scalar { .. } => None,
            };
            let step = step.or_else(|| {
                let (at, after) = index(rest)?;
                (at == 0 && !matches!(node.value, Value::List(_))).then_some((key, node, after))
            });
            let Some((next_key, next, after)) = step else { return (key, node, rest) };
            (key, node, rest) = (next_key, next, after);
        }
    }

    /// The place of bytes `range` of the decoded text of a scalar. Exact where the text stands in the file
    /// as it counts; else the whole scalar.
    pub(in crate::config) fn within(&self, range: Span) -> SourceSpan {
        let Value::Scalar { text, style } = &self.value else { return self.at.clone() };
        let written = self.at.text();
        let offsets = match style {
            Style::Plain => (written == text).then_some((range.start, range.end)),
            Style::Single => {
                Some((single_quoted(written, range.start), single_quoted(written, range.end)))
            }
            Style::Double => written
                .strip_prefix('"')
                .and_then(|inner| inner.strip_suffix('"'))
                .filter(|inner| inner == text)
                .map(|_| (range.start + 1, range.end + 1)),
            Style::Block => None,
        };
        let inside = |at: usize| at <= written.len() && written.is_char_boundary(at);
        match offsets {
            Some((start, end)) if inside(start) && inside(end) && !written.contains('\n') => {
                let span = Span::new(start, end).shifted(self.at.span.start);
                SourceSpan { source: Arc::clone(&self.at.source), span }
            }
            _ => self.at.clone(),
        }
    }

    /// The source that the node stands in.
    pub(in crate::config) const fn source(&self) -> &Arc<Source> {
        &self.at.source
    }
}

/// The entry whose key is the longest beginning of `path`: names may themselves hold dots.
fn longest_key<'a, 'p>(
    entries: &'a [Entry],
    path: &'p str,
) -> Option<(Option<&'a Key>, &'a Node, &'p str)> {
    entries
        .iter()
        .filter_map(|entry| {
            let rest = path.strip_prefix(entry.key.text.as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some((
                Some(&entry.key),
                &entry.value,
                rest,
            ))
        })
        .min_by_key(|(_, _, rest)| rest.len())
}

/// The number of a path that begins with `[3]`, and what follows.
fn index(path: &str) -> Option<(usize, &str)> {
    let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

/// Offset in `'it''s'` of byte `offset` of `it's`.
fn single_quoted(written: &str, offset: usize) -> usize {
    let mut decoded = 0;
    let mut quote_before = false;
    for (at, byte) in written.bytes().enumerate().skip(1) {
        if quote_before && byte == b'\'' {
            quote_before = false;
            continue;
        }
        if decoded == offset {
            return at;
        }
        quote_before = byte == b'\'';
        decoded += 1;
    }
    written.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problems::Problems;

    fn tree(text: &str) -> Node {
        let mut problems = Problems::new();
        let tree = crate::config::yaml::read(&Source::new("t.yaml", text), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        tree.expect("the text is readable")
    }

    fn text_at(root: &Node, path: &str) -> String {
        root.find(path).1.at.text().to_owned()
    }

    #[test]
    fn a_path_leads_to_the_place_of_a_value() {
        let root = tree(
            "rules:\n  - id: a\n    regex: ['x', 'yy']\n  - regex: 'z'\nlexicons:\n  pack.a: {file: f}\n",
        );
        assert_eq!(text_at(&root, "rules[0].regex[1]"), "'yy'");
        assert_eq!(text_at(&root, "rules[1].regex[0]"), "'z'");
        assert_eq!(text_at(&root, "rules[1].regex[0].pattern"), "'z'");
        assert_eq!(text_at(&root, "lexicons.pack.a.file"), "f");
        assert_eq!(root.find("rules[0].id").0.map(|key| key.text.as_str()), Some("id"));
    }

    #[test]
    fn a_path_beyond_what_was_written_leads_to_the_deepest_node() {
        let root = tree("rules:\n  - id: a\n");
        assert_eq!(text_at(&root, "rules[0].action"), "id: a");
        assert_eq!(text_at(&root, "rules[7]"), "- id: a");
        assert!(text_at(&root, "nothing.at.all").starts_with("rules:"));
    }

    #[test]
    fn a_range_of_a_value_is_found_inside_its_quotes() {
        let root = tree("a: 'it''s 坏 x'\nb: \"plain\"\nc: \"es\\tcape\"\nd: bare\n");
        let place = |key: &str, start, end| {
            root.find(key).1.within(Span::new(start, end)).text().to_owned()
        };
        assert_eq!(place("a", 0, 2), "it");
        assert_eq!(place("a", 3, 4), "s");
        assert_eq!(place("a", 5, 8), "坏");
        assert_eq!(place("b", 1, 3), "la");
        assert_eq!(place("c", 0, 2), "\"es\\tcape\"");
        assert_eq!(place("d", 0, 4), "bare");
        assert_eq!(place("d", 2, 400), "bare");
    }
}
