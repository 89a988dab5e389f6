//! Files as people see them: a name to show, the text, and places in it.

use std::fmt;
use std::sync::Arc;

use crate::domain::Span;

/// One text that settings were read from: a file, an environment variable, a flag.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    name: String,
    location: String,
    text: String,
    line_starts: Vec<usize>,
}

/// Where something stands, for people: both numbers begin at 1, the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A range of bytes of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpan {
    /// The text that the range lies in.
    pub source: Arc<Source>,
    /// The range, in bytes of that text.
    pub span: Span,
}

// === impl Source ===

impl Source {
    /// A source that people and programs see under `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let name = name.into();
        Self::of_file(name.clone(), name, text)
    }

    /// A file that people see under `name`, its path from the configuration root, and that programs find at
    /// `location`, its path from where they stand.
    pub fn of_file(
        name: impl Into<String>,
        location: impl Into<String>,
        text: impl Into<String>,
    ) -> Arc<Self> {
        let text = text.into();
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        let line_starts = line_starts.collect();
        Arc::new(Self { name: name.into(), location: location.into(), line_starts, text })
    }

    /// The name that people see: a path relative to where they stand, or `--listen`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where programs find it: a path from where they stand.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of the line that holds byte `offset`, from 0. An offset past the end is on the last line.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The bytes of line `line` (from 0) without its line end; empty where there is no such line.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = self.line_starts.get(line).copied() else {
            return Span::new(self.text.len(), self.text.len());
        };
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        Span::new(start, start + text.strip_suffix('\r').unwrap_or(text).len())
    }

    /// The text of line `line` (from 0) without its line end.
    pub fn line_text(&self, line: usize) -> &str {
        self.slice(self.line_span(line))
    }

    /// The text of a span; empty where the span is not a part of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Line and column of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_of(offset);
        let start = self.line_span(line).start;
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or_default();
        Position { line: line + 1, column: before.chars().count() + 1 }
    }
}

impl fmt::Debug for Source {
    /// Only the name: the text may hold what must not stand in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

// === impl SourceSpan ===

impl SourceSpan {
    /// The range `start..end` of `source`.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        Self { source: Arc::clone(source), span: Span::new(start, end) }
    }

    /// The whole of line `line` (from 0) of `source`, without its indentation.
    pub fn line(source: &Arc<Source>, line: usize) -> Self {
        let span = source.line_span(line);
        let text = source.slice(span);
        let indent = text.len() - text.trim_start().len();
        Self::new(source, span.start + indent, span.end)
    }

    /// The text that the range covers.
    pub fn text(&self) -> &str {
        self.source.slice(self.span)
    }

    /// Line and column of the first byte.
    pub fn position(&self) -> Position {
        self.source.position(self.span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new("a.yaml", "eins\r\n抱歉 x\n");
        let at = SourceSpan::new(&source, 13, 14);
        assert_eq!(at.text(), "x");
        assert_eq!(at.position(), Position { line: 2, column: 4 });
        assert_eq!(source.line_text(0), "eins");
        assert_eq!(source.line_text(1), "抱歉 x");
        assert_eq!((source.line_text(2), source.line_text(9)), ("", ""));
    }

    #[test]
    fn an_offset_past_the_end_is_on_the_last_line() {
        let source = Source::new("a", "x\ny");
        assert_eq!(source.position(99).line, 2);
        assert_eq!(Source::new("a", "").position(0), Position { line: 1, column: 1 });
    }
}
