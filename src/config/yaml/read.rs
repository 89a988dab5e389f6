//! Events of the YAML parser to a tree, under limits.

use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span as YamlSpan};

use super::explain::{Explanation, explain};
use super::tree::{Entry, Key, Node, Style, Value};
use crate::config::codes::Code;
use crate::config::problems::{Problem, Problems};
use crate::config::source::{Source, SourceSpan};
use crate::domain::Span;

/// The largest YAML file that is read.
pub(in crate::config) const FILE_LIMIT_BYTES: usize = 4 << 20;

/// The most keys and values of one file.
const NODE_LIMIT: usize = 100_000;

/// The deepest nesting of lists and maps.
const DEPTH_LIMIT: usize = 48;

/// The most mistakes of the kind TG004 that are named in one file.
const ESCAPE_LIMIT: usize = 20;

/// Reads a text. What keeps it from being a tree goes to `problems`, and so does what is not used here
/// (aliases, tags); nothing comes back when no tree could be made.
pub(in crate::config) fn read(source: &Arc<Source>, problems: &mut Problems) -> Option<Node> {
    if source.text().len() > FILE_LIMIT_BYTES {
        let message = format!("this file is larger than {} MiB", FILE_LIMIT_BYTES >> 20);
        problems.report(Code::TG026, message, SourceSpan::line(source, 0), "files end here");
        return None;
    }
    // A wrong escape stops the parser, though everything else about the file is clear: it is named, blotted
    // out at the same length, and the text is read again, so that one run names all mistakes.
    let mut text = source.text().to_owned();
    for _ in 0..ESCAPE_LIMIT {
        let (built, found) = build(source, &text);
        let escape = match &built {
            Ok(_) => None,
            Err(error) => wrong_escape(&text, error),
        };
        let Some(escape) = escape else {
            if matches!(built, Ok(None)) && found.is_empty() {
                problems.push(empty(source));
            }
            problems.extend(found);
            return built.unwrap_or_else(|error| {
                problems.push(unreadable(source, &text, &error));
                None
            });
        };
        problems.push(backslash_in_double_quotes(source, escape));
        text.replace_range(escape.range(), &".".repeat(escape.len()));
    }
    None
}

/// The tree under construction.
struct Builder<'a> {
    source: &'a Arc<Source>,
    problems: &'a mut Problems,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    end: usize,
    value: Value,
    key: Option<Key>,
}

fn build(source: &Arc<Source>, text: &str) -> (Result<Option<Node>, ScanError>, Problems) {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEPTH_LIMIT,
        block_nesting_limit: DEPTH_LIMIT,
    };
    let mut problems = Problems::new();
    let mut builder =
        Builder { source, problems: &mut problems, open: Vec::new(), root: None, nodes: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                if !builder.event(event, byte_span(&span)) {
                    break;
                }
            }
            Err(error) => return (Err(error), problems),
        }
    }
    let root = builder.root.take();
    (Ok(root), problems)
}

// === impl Builder ===

impl Builder<'_> {
    /// Takes one event; says whether the next one is wanted.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        self.refuse_decorations(&event, span);
        match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, span),
            Event::SequenceStart(..) => self.open(Value::List(Vec::new()), span),
            Event::MappingStart(..) => self.open(Value::Map(Vec::new()), span),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.alias(span),
            Event::DocumentStart(..) if self.root.is_some() => {
                let message = "a file holds one document";
                self.not_used_here(
                    message,
                    span,
                    "a second one begins here",
                    "put it into a file of its own",
                );
                false
            }
            // The parser may grow events; those that are not values change nothing.
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | _ => true,
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> bool {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        // For a key with no value the parser gives `~`, which nobody wrote.
        let text = if style == Style::Plain && span.is_empty() { "" } else { text };
        self.add(Node { at: self.at(span), value: Value::Scalar { text: text.to_owned(), style } })
    }

    fn alias(&mut self, span: Span) -> bool {
        self.not_used_here(
            "aliases are not used here",
            span,
            "YAML takes `*` for a reference to another place",
            "quote text that begins with `*`",
        );
        self.add(Node::plain(self.at(span), self.source.slice(span)))
    }

    fn open(&mut self, value: Value, span: Span) -> bool {
        if self.open.len() >= DEPTH_LIMIT {
            let message = format!("this file is nested deeper than {DEPTH_LIMIT} levels");
            self.problems.report(Code::TG026, message, self.at(span), "one level too many");
            return false;
        }
        self.open.push(Open { start: span.start, end: span.start, value, key: None });
        true
    }

    /// Ends a collection: a bracket belongs to it, and where there is none, it ends with its last value.
    fn close(&mut self, bracket: Span) -> bool {
        let Some(Open { start, end, value, .. }) = self.open.pop() else { return true };
        let end = if bracket.is_empty() { end } else { bracket.end };
        self.add(Node { at: self.at(Span::new(start, end)), value })
    }

    /// Puts a whole node where it belongs.
    fn add(&mut self, node: Node) -> bool {
        self.nodes += 1;
        if self.nodes > NODE_LIMIT {
            let message = format!("this file has more than {NODE_LIMIT} keys and values");
            let problem = Problem::new(Code::TG026, message).at(node.at, "one too many");
            self.problems.push(problem.help("long lists of terms belong in a word list"));
            return false;
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return true;
        };
        open.end = open.end.max(node.at.span.end);
        match &mut open.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                None => open.key = Some(key(node, self.problems)),
                Some(key) => add_entry(entries, Entry { key, value: node }, self.problems),
            },
            Value::Scalar { .. } => {}
        }
        true
    }

    /// Names anchors and tags, which the tree has no room for.
    fn refuse_decorations(&mut self, event: &Event<'_>, span: Span) {
        let (Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(_, anchor, tag)
        | Event::MappingStart(_, anchor, tag)) = event
        else {
            return;
        };
        if *anchor > 0 {
            let label = "the anchor before this value";
            self.not_used_here(
                "anchors are not used here",
                span,
                label,
                "quote text that begins with `&`",
            );
        }
        if tag.is_some() {
            let label = "the tag before this value";
            self.not_used_here(
                "tags are not used here",
                span,
                label,
                "quote text that begins with `!`",
            );
        }
    }

    fn not_used_here(&mut self, message: &str, span: Span, label: &str, help: &str) {
        self.problems.push(Problem::new(Code::TG027, message).at(self.at(span), label).help(help));
    }

    fn at(&self, span: Span) -> SourceSpan {
        SourceSpan::new(self.source, span.start, span.end)
    }
}

/// The key that a node stands for. Only a scalar can be one.
fn key(node: Node, problems: &mut Problems) -> Key {
    match node.value {
        Value::Scalar { text, style } => {
            if text == "<<" && style == Style::Plain {
                let label = "this would pull in another place";
                problems.report(
                    Code::TG027,
                    "merge keys are not used here",
                    node.at.clone(),
                    label,
                );
            }
            Key { text, at: node.at }
        }
        Value::List(_) | Value::Map(_) => {
            problems.report(
                Code::TG020,
                "a key is a single word",
                node.at.clone(),
                "this is not one",
            );
            Key { text: String::new(), at: node.at }
        }
    }
}

fn add_entry(entries: &mut Vec<Entry>, entry: Entry, problems: &mut Problems) {
    let Some(first) = entries.iter().find(|other| other.key.text == entry.key.text) else {
        entries.push(entry);
        return;
    };
    let message = format!("`{}` is given twice", entry.key.text);
    let problem = Problem::new(Code::TG028, message).at(entry.key.at, "this one");
    problems.push(problem.at(first.key.at.clone(), "is already given here"));
}

/// The backslash and the character after it, where they are what stopped the parser.
fn wrong_escape(text: &str, error: &ScanError) -> Option<Span> {
    if *error.kind() != ErrorKind::UnknownQuotedScalarEscape {
        return None;
    }
    // The parser gives the beginning of the scalar; escapes before the wrong one are skipped in pairs.
    let start = byte_offset(error.marker());
    let mut characters = text.get(start..)?.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let (_, escaped) = characters.next()?;
        if !ESCAPES.contains(escaped) {
            let begin = start + at;
            return Some(Span::new(begin, begin + 1 + escaped.len_utf8()));
        }
    }
    None
}

/// The characters that may follow a backslash in double quotes. Source: YAML 1.2.2, section 5.7.
const ESCAPES: &str = "0abt\tnvfre \"/\\N_LPxuU\n\r";

fn backslash_in_double_quotes(source: &Arc<Source>, escape: Span) -> Problem {
    let at = SourceSpan::new(source, escape.start, escape.end);
    let problem =
        Problem::new(Code::TG004, format!("`{}` is not allowed inside double quotes", at.text()));
    let line = source.line_text(source.line_of(escape.start));
    let problem = problem.at(at, "YAML reads backslashes in double quotes itself");
    match in_single_quotes(line) {
        Some(mended) => problem.help(format!("use single quotes: {mended}")),
        None => problem.help("use single quotes, which leave backslashes alone"),
    }
}

/// A line with one double-quoted value, in single quotes instead.
fn in_single_quotes(line: &str) -> Option<String> {
    let (before, rest) = line.split_once('"')?;
    let (value, after) = rest.rsplit_once('"')?;
    (!value.contains(['\'', '"']) && !after.contains('"'))
        .then(|| format!("{}'{value}'", before.trim_start().trim_start_matches("- ")))
}

/// The problem for a text that stopped the parser.
fn unreadable(source: &Arc<Source>, text: &str, error: &ScanError) -> Problem {
    let explanation = explain(error.kind());
    let mut offset = byte_offset(error.marker()).min(text.len());
    if explanation.is_about_tabs() {
        // The parser gives the value before the tab.
        offset += text.get(offset..).and_then(|rest| rest.find('\t')).unwrap_or(0);
    }
    let character = text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
    let width = if character == '\n' { 0 } else { character.len_utf8() };
    // At the end of the file there is nothing to point at: the last line that has text is shown.
    let (start, end) = if offset >= text.trim_end().len() {
        let end = text.trim_end().len();
        let start =
            text.get(..end).and_then(|t| t.char_indices().next_back()).map_or(end, |(at, _)| at);
        (start, end)
    } else {
        (offset, offset + width)
    };
    let Explanation { code, label, help, .. } = explanation;
    let problem = Problem::new(*code, "this file cannot be read as YAML");
    let problem = problem.at(SourceSpan::new(source, start, end), *label);
    if help.is_empty() { problem } else { problem.help(*help) }
}

fn empty(source: &Arc<Source>) -> Problem {
    Problem::new(Code::TG020, "this file is empty")
        .at(SourceSpan::line(source, 0), "nothing stands here")
}

fn byte_span(span: &YamlSpan) -> Span {
    span.byte_range().map_or_else(|| Span::new(span.start.index(), span.end.index()), Span::from)
}

fn byte_offset(marker: &Marker) -> usize {
    marker.byte_offset().unwrap_or_else(|| marker.index())
}
