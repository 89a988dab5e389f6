//! Texts of strangers on a terminal: nothing in them moves the cursor, changes the colour or hides.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::domain::is_unseen;

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people.
    #[default]
    Table,
    /// JSON, one value a line.
    Json,
}

/// The most columns of a cell.
const WIDEST: usize = 60;

/// Whether a character shows nothing, or shows something else than itself: controls, marks of direction, joiners,
/// selectors of variants, tags, blanks that are letters, and what no font has.
fn is_hidden(c: char) -> bool {
    is_unseen(c)
        || matches!(c,
            '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text with all that is hidden in it drawn as `<U+200B>`; lines stay lines.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_hidden(c) {
            write!(shown, "<U+{:04X}>", u32::from(c)).unwrap_or_default();
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same in one line, and not wider than a cell.
pub(super) fn cell(text: &str) -> String {
    let line = visible(text).replace('\n', "⏎");
    if line.width() <= WIDEST {
        return line;
    }
    let mut cut = String::new();
    for c in line.chars() {
        if cut.width() >= WIDEST - 1 {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// A value as one line of JSON. What is hidden in its texts is written as an escape, so that it reads back the same.
pub(super) fn json_line(value: &Value) -> String {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(line, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// Rows below their headings, in columns.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> =
        rows.iter().map(|row| row.each_ref().map(|text| cell(text))).collect();
    let mut widths = headings.map(str::len);
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.width());
        }
    }
    let mut drawn = String::new();
    for row in std::iter::once(&headings.map(str::to_owned)).chain(&rows) {
        let mut line = String::new();
        for (width, text) in widths.iter().zip(row) {
            line.push_str(text);
            line.push_str(&" ".repeat(width.saturating_sub(text.width()) + 2));
        }
        drawn.push_str(line.trim_end());
        drawn.push('\n');
    }
    drawn
}

/// A text below a heading, each line moved in.
pub(super) fn block(text: &str) -> String {
    visible(text).lines().flat_map(|line| ["    ", line, "\n"]).map(str::to_owned).collect()
}

/// A duration in milliseconds, in its greatest unit.
pub(super) fn duration(millis: i64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let fits = units.into_iter().find(|(size, _)| millis >= *size);
    fits.map_or_else(|| "0s".to_owned(), |(size, unit)| format!("{}{unit}", millis / size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_hidden_is_drawn() {
        assert_eq!(visible("a\u{1b}[31mb"), "a<U+001B>[31mb");
        assert_eq!(visible("id\u{200b}iot\u{202e}x"), "id<U+200B>iot<U+202E>x");
        assert_eq!(visible("\u{9b}2J\r\t\u{e0041}"), "<U+009B>2J<U+000D><U+0009><U+E0041>");
        assert_eq!(visible("ни́ 你好 é\nक्षि"), "ни́ 你好 é\nक्षि");
    }

    #[test]
    fn json_reads_back_the_same_and_has_nothing_hidden() {
        let value = serde_json::json!({ "text": "a\u{1b}\u{9b}\u{200b}\u{e0041}\u{7f}你\n" });
        let line = json_line(&value);
        assert!(!line.trim_end().chars().any(is_hidden), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).ok(), Some(value));
    }

    #[test]
    fn columns_stand_below_each_other_in_any_script() {
        let rows = [["你好".to_owned(), "b\nc".to_owned()], ["a".to_owned(), "x".repeat(99)]];
        let drawn = table(["ONE", "TWO"], &rows);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.first(), Some(&"ONE   TWO"));
        assert_eq!(lines.get(1), Some(&"你好  b⏎c"));
        assert!(lines.get(2).is_some_and(|line| line.ends_with("x…") && line.width() == 66));
    }

    #[test]
    fn durations_are_short() {
        let shown = [0, 59_999, 60_000, 7_200_000, 864_000_000].map(duration);
        assert_eq!(shown, ["0s", "59s", "1m", "2h", "10d"]);
    }

    proptest! {
        #[test]
        fn no_text_gets_through_with_anything_hidden(text: String) {
            let drawn = visible(&text);
            prop_assert!(!drawn.chars().any(|c| c != '\n' && is_hidden(c)), "{:?}", drawn);
            prop_assert!(!cell(&text).chars().any(is_hidden));
            let value = Value::String(text);
            let back = serde_json::from_str::<Value>(&json_line(&value));
            prop_assert_eq!(back.ok(), Some(value));
        }
    }
}
