//! The drawn form: the lines of the file, what is meant in them, and what to do.

use std::sync::Arc;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Paint, gravity_style, hidden, summary};
use crate::config::problems::{Label, Problem, Problems};
use crate::config::source::{Source, SourceSpan};

/// The widest piece of a line that is shown, in columns of the terminal.
const LINE_COLUMNS: usize = 110;

/// How much of a long line is shown in front of what is meant in it.
const LEAD_COLUMNS: usize = 40;

pub(super) fn render(problems: &Problems, colour: bool) -> String {
    let artist = Artist { paint: Paint { on: colour }, hidden: hidden(problems) };
    let mut out = Vec::new();
    for (number, problem) in problems.iter().enumerate() {
        // The way to more words is shown once: it is the same for all.
        artist.problem(problem, number == 0, &mut out);
        out.push(String::new());
    }
    out.push(summary(problems));
    out.push(String::new());
    out.join("\n")
}

struct Artist<'a> {
    paint: Paint,
    hidden: Vec<&'a Label>,
}

/// One line of a file with the labels in it.
struct Row<'a> {
    source: &'a Arc<Source>,
    line: usize,
    labels: Vec<&'a Label>,
}

/// How the rows of one problem are drawn.
#[derive(Clone, Copy)]
struct Look {
    style: anstyle::Style,
    /// Columns of the line numbers.
    width: usize,
    /// Whether more than one label says something: then each says it on its own line.
    several: bool,
}

/// What is shown of a line: columns are those of the terminal.
struct Shown {
    text: String,
    /// Bytes of the line that were left out in front.
    skipped: usize,
    /// The sign for what was left out, or nothing.
    lead: &'static str,
}

// === impl Artist ===

impl Artist<'_> {
    fn problem(&self, problem: &Problem, teach: bool, out: &mut Vec<String>) {
        let bold = anstyle::Style::new().bold();
        out.push(format!(
            "{}: {}",
            self.paint.head(problem),
            self.paint.with(bold, &problem.message)
        ));
        let rows = rows(problem);
        // Of a folder or of a file that is not there, there is no line to draw.
        let nothing = |label: &&Label| label.text.is_empty() && label.at.source.text().is_empty();
        if let Some(primary) = problem.primary().filter(|label| !nothing(label)) {
            self.drawing(problem, &rows, &primary.at, out);
        }
        if let Some(help) = &problem.help {
            out.push(format!("  help: {help}"));
        }
        if teach {
            out.push(format!("  docs: tidegate explain {}", problem.code));
        }
    }

    fn drawing(
        &self,
        problem: &Problem,
        rows: &[Row<'_>],
        primary: &SourceSpan,
        out: &mut Vec<String>,
    ) {
        let last = rows.iter().map(|row| row.line + 1).max().unwrap_or(1);
        let width = last.to_string().len().max(2);
        let pad = " ".repeat(width + 1);
        let place = |at: &SourceSpan| {
            let position = at.position();
            format!("{}:{}:{}", at.source.name(), position.line, position.column)
        };
        out.push(format!("{pad}{}", self.dim(&format!("╭─[{}]", place(primary)))));
        let said = rows.iter().flat_map(|row| &row.labels).filter(|label| !label.text.is_empty());
        let look = Look { style: gravity_style(problem), width, several: said.count() > 1 };
        let mut shown = &primary.source;
        for row in rows {
            if !Arc::ptr_eq(shown, row.source) {
                shown = row.source;
                let at = row.labels.first().map_or(primary, |label| &label.at);
                out.push(format!("{pad}{}", self.dim(&format!("├─[{}]", place(at)))));
            }
            self.row(row, look, out);
        }
        out.push(format!("{pad}{}", self.dim("╰────")));
    }

    fn row(&self, row: &Row<'_>, look: Look, out: &mut Vec<String>) {
        let Look { style, width, several } = look;
        let shown = self.shown(row);
        let number = self.dim(&format!("{:>width$} │", row.line + 1));
        out.push(format!("{number} {}{}", shown.lead, shown.text).trim_end().to_owned());
        let gutter = self.dim(&format!("{:>width$} ·", ""));
        for label in row.labels.iter().filter(|label| !label.text.is_empty()) {
            let (column, span) = columns(row, label, &shown);
            let indent = " ".repeat(column);
            if several {
                let line = format!("{} {}", "─".repeat(span), label.text);
                out.push(format!("{gutter} {indent}{}", self.paint.with(style, &line)));
                continue;
            }
            let middle = span / 2;
            let line = format!("{}┬{}", "─".repeat(middle), "─".repeat(span - middle - 1));
            out.push(format!("{gutter} {indent}{}", self.paint.with(style, &line)));
            let hang = " ".repeat(column + middle);
            let said = format!("╰── {}", label.text);
            out.push(format!("{gutter} {hang}{}", self.paint.with(style, &said)));
        }
    }

    /// The line as it is shown: without control characters, without secrets, and not too long.
    fn shown(&self, row: &Row<'_>) -> Shown {
        let span = row.source.line_span(row.line);
        let line = row.source.slice(span);
        let meant =
            row.labels.first().map_or(0, |label| label.at.span.start.saturating_sub(span.start));
        let before = line.get(..meant.min(line.len())).unwrap_or_default();
        let (skipped, lead) = if before.width() > LINE_COLUMNS - LEAD_COLUMNS {
            (cut(before), "…")
        } else {
            (0, "")
        };
        let mut text = String::new();
        let mut used = 0;
        for (at, character) in line.char_indices().skip_while(|(at, _)| *at < skipped) {
            used += column_width(character);
            if used > LINE_COLUMNS {
                text.push('…');
                break;
            }
            text.push(if self.is_hidden(row.source, span.start + at) {
                '•'
            } else {
                visible(character)
            });
        }
        Shown { text, skipped, lead }
    }

    fn is_hidden(&self, source: &Arc<Source>, offset: usize) -> bool {
        self.hidden.iter().any(|label| {
            Arc::ptr_eq(&label.at.source, source) && label.at.span.range().contains(&offset)
        })
    }

    fn dim(&self, text: &str) -> String {
        self.paint.with(anstyle::AnsiColor::Blue.on_default(), text)
    }
}

/// The lines to show: those of the main place's file first, each file's in its order.
fn rows(problem: &Problem) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for label in &problem.labels {
        let line = label.at.source.line_of(label.at.span.start);
        match rows
            .iter_mut()
            .find(|row| row.line == line && Arc::ptr_eq(row.source, &label.at.source))
        {
            Some(row) => row.labels.push(label),
            None => rows.push(Row { source: &label.at.source, line, labels: vec![label] }),
        }
    }
    let main = problem.primary().map(|label| &label.at.source);
    rows.sort_by_key(|row| (main.is_some_and(|main| !Arc::ptr_eq(main, row.source)), row.line));
    rows
}

/// Column and width of a label under its line, in columns of the terminal. A label is at least one wide, and ends
/// with its line.
fn columns(row: &Row<'_>, label: &Label, shown: &Shown) -> (usize, usize) {
    let line = row.source.line_span(row.line);
    let start = label.at.span.start.clamp(line.start, line.end);
    let end = label.at.span.end.clamp(start, line.end);
    let width = |from: usize, to: usize| {
        row.source.text().get(from..to).map_or(0, |text| text.chars().map(column_width).sum())
    };
    let column = shown.lead.width() + width(line.start + shown.skipped, start);
    let most = (LINE_COLUMNS + 2).saturating_sub(column).max(1);
    (column, width(start, end).clamp(1, most))
}

/// How many bytes of a long beginning are left out, so that its end is still seen.
fn cut(before: &str) -> usize {
    let mut kept = 0;
    for (at, character) in before.char_indices().rev() {
        kept += column_width(character);
        if kept > LEAD_COLUMNS {
            return at + character.len_utf8();
        }
    }
    0
}

/// What a character is shown as: a tab as one space, other controls as a box, so that no file can talk to the
/// terminal.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        _ if character.is_control() || is_invisible(character) => '\u{fffd}',
        _ => character,
    }
}

/// Characters that would move or hide their neighbours: zero-width ones and those that set a direction.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn column_width(character: char) -> usize {
    visible(character).width().unwrap_or(1)
}
