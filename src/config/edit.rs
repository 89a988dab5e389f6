//! Items added to lists of a file whose every other byte stays as it is: comments, order, line ends.
//!
//! What is added is read back: a text comes out only where it reads as before and has the item, so that whatever way a
//! file is written in that nobody thought of here is refused, never spoilt.

use std::sync::Arc;

use serde_json::Value as Json;
use thiserror::Error;

use super::problems::Problems;
use super::source::Source;
use super::yaml::{self, Node, Value};
use crate::domain::is_unseen;

/// Why nothing can be added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unaddable {
    /// It is no YAML.
    #[error("the file cannot be read as YAML")]
    Unreadable,
    /// It has no such place.
    #[error("the file has nothing at `{0}`")]
    NoPlace(String),
    /// It is written in a way that cannot be added to.
    #[error("`{0}` is written in a way that nothing can be added to by itself")]
    Unusual(String),
}

/// Something put in before a byte of a text.
type Insertion = (usize, String);

/// The text with `item` at the end of the list at `path`, such as `tests` or `rules[3].except`, which need not be there yet.
/// The item is a text, or an object of texts, numbers, and lists and objects of such.
///
/// # Errors
/// When the text has no such place, or cannot be added to without changing something else.
pub fn with_item(text: &str, path: &str, item: &Json) -> Result<String, Unaddable> {
    let root = read(text).ok_or(Unaddable::Unreadable)?;
    let (above, key) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = if above.is_empty() || root.has(above) { root.find(above).1 } else { &root };
    let no_place = || Unaddable::NoPlace(path.to_owned());
    if !above.is_empty() && !root.has(above) {
        return Err(no_place());
    }
    if !matches!(parent.value, Value::Map(_)) {
        return Err(no_place());
    }
    let ways = ways(text, parent, key, item).unwrap_or_default();
    let mut added = ways.into_iter().map(|way| inserted(text, way));
    let wanted = expected(&root, path, item);
    let sound = |after: &String| read(after).is_some_and(|root| plain(&root) == wanted);
    added.find(sound).ok_or_else(|| Unaddable::Unusual(path.to_owned()))
}

fn read(text: &str) -> Option<Node> {
    let mut problems = Problems::new();
    let source: Arc<Source> = Source::new("", text);
    yaml::read(&source, &mut problems).filter(|_| !problems.has_errors())
}

/// Ways in which the item may be added, the likeliest first.
fn ways(text: &str, parent: &Node, key: &str, item: &Json) -> Option<Vec<Vec<Insertion>>> {
    let end = line_end(text);
    let Some(list) = parent.child(key) else { return new_key(text, parent, (key, item)) };
    if list.is_absent() {
        let at = parent.entry(key)?.key.at.span;
        let indent = indent_before(text, at.start)?;
        let lines = block(item, &format!("{indent}  "), end);
        return Some(vec![vec![(end_of_line(text, at.start), format!("{end}{lines}"))]]);
    }
    let span = list.at.span;
    match &list.value {
        Value::List(items) if list.at.text().starts_with('[') => {
            let put = match items.last() {
                Some(last) => (last.at.span.end, format!(", {}", flow(item))),
                None => (span.start + 1, flow(item)),
            };
            Some(vec![vec![put]])
        }
        Value::List(items) => {
            let last = items.last()?;
            let indent = dash(text, items.first()?, span.start)?;
            let blank = apart(text, items, indent);
            let lines =
                format!("{end}{}{}", if blank { end } else { "" }, block(item, indent, end));
            Some(after(text, last, &lines))
        }
        Value::Scalar { .. } => {
            Some(vec![vec![(span.start, "[".to_owned()), (span.end, format!(", {}]", flow(item)))]])
        }
        Value::Map(_) => None,
    }
}

/// A list that is not there yet, behind the last entry of its parent.
fn new_key(text: &str, parent: &Node, (key, item): (&str, &Json)) -> Option<Vec<Vec<Insertion>>> {
    let Value::Map(entries) = &parent.value else { return None };
    let end = line_end(text);
    let (first, last) = (entries.first()?, entries.last()?);
    if parent.at.text().starts_with('{') {
        let at = last.value.at.span.end;
        return Some(vec![vec![(at, format!(", {key}: [{}]", flow(item)))]]);
    }
    let start = start_of_line(text, first.key.at.span.start);
    let before = text.get(start..first.key.at.span.start)?;
    // The first key of an item of a list stands behind its dash.
    let indent: String = before.chars().map(|c| if c == '-' { ' ' } else { c }).collect();
    if !indent.chars().all(char::is_whitespace) {
        return None;
    }
    let lines = if item.is_object() {
        format!("{end}{indent}{key}:{end}{}", block(item, &format!("{indent}  "), end))
    } else {
        format!("{end}{indent}{key}: [{}]", flow(item))
    };
    Some(after(text, &last.value, &lines))
}

/// Lines behind a node: behind its last line that has something in it, or behind all of them.
fn after(text: &str, node: &Node, lines: &str) -> Vec<Vec<Insertion>> {
    let span = node.at.span;
    let shown = node.at.text().trim_end().len();
    let places = [span.start + shown.saturating_sub(1), span.end];
    let put = |at: usize| vec![(end_of_line(text, at), lines.to_owned())];
    places.into_iter().map(put).collect()
}

/// Whether the items of a list stand apart, with an empty line between them.
fn apart(text: &str, items: &[Node], indent: &str) -> bool {
    let (Some(last), true) = (items.last(), items.len() > 1) else { return false };
    let start = start_of_line(text, last.at.span.start);
    let own = text.get(start..).is_some_and(|line| line.starts_with(indent));
    let before = text.get(..start).unwrap_or_default();
    let mut above = before.lines().rev();
    own && above
        .find(|line| !line.trim_start().starts_with('#'))
        .is_some_and(|l| l.trim().is_empty())
}

fn line_end(text: &str) -> &'static str {
    let first = text.find('\n').and_then(|at| text.get(..at));
    if first.is_some_and(|line| line.ends_with('\r')) { "\r\n" } else { "\n" }
}

fn start_of_line(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line| line + 1)
}

/// Where the line of a byte ends, before what ends it.
fn end_of_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// The blanks before a byte, where nothing else stands before it in its line.
fn indent_before(text: &str, at: usize) -> Option<&str> {
    let before = text.get(start_of_line(text, at)..at)?;
    before.chars().all(|c| c == ' ').then_some(before)
}

/// The blanks before the dashes of a list, whose first item may begin in the line after its dash.
fn dash<'t>(text: &'t str, first: &Node, list: usize) -> Option<&'t str> {
    let at = first.at.span.start;
    let before = text.get(start_of_line(text, at)..at)?;
    let blanks = before.trim_end().strip_suffix('-');
    let blanks = blanks.filter(|before| before.chars().all(|c| c == ' '));
    let is_dash = text.get(list..).is_some_and(|rest| rest.starts_with('-'));
    blanks.or_else(|| indent_before(text, list).filter(|_| is_dash))
}

fn inserted(text: &str, mut insertions: Vec<Insertion>) -> String {
    insertions.sort_by_key(|(at, _)| *at);
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for (at, put) in insertions {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(&put);
        from = at;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// An item of a block list, without the end of its last line.
fn block(item: &Json, indent: &str, end: &str) -> String {
    let Json::Object(members) = item else { return format!("{indent}- {}", flow(item)) };
    let lines = members.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
    format!("{indent}- {}", lines.collect::<Vec<_>>().join(&format!("{end}{indent}  ")))
}

/// A value as YAML on one line.
pub fn flow(value: &Json) -> String {
    match value {
        Json::String(text) => scalar(text),
        Json::Null | Json::Bool(_) => value.to_string(),
        Json::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text as YAML on one line: plain where it is a name, else in quotes; what cannot be seen is written as an escape.
fn scalar(text: &str) -> String {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word =
        matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no");
    if begins && !word && text.chars().all(name) {
        text.to_owned()
    } else if text.chars().any(is_unseen) {
        format!("\"{}\"", text.chars().map(escaped).collect::<String>())
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// A character between double quotes.
fn escaped(c: char) -> String {
    let code = u32::from(c);
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        c if is_unseen(c) && code <= 0xff => format!("\\x{code:02x}"),
        c if is_unseen(c) && code <= 0xffff => format!("\\u{code:04x}"),
        c if is_unseen(c) => format!("\\U{code:08x}"),
        c => c.to_string(),
    }
}

/// A tree without places. A text stands as itself however it is written, but for what is not there at all.
fn plain(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { .. } if node.is_absent() => Json::Null,
        Value::Scalar { text, .. } => Json::String(text.clone()),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            entries.map(|entry| (entry.key.text.clone(), plain(&entry.value))).collect()
        }
    }
}

/// What a tree is to read as with the item.
fn expected(root: &Node, path: &str, item: &Json) -> Json {
    let mut whole = plain(root);
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let (above, key) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(Json::Object(parent)) = whole.pointer_mut(above) {
        let list = parent.entry(key.to_owned()).or_insert(Json::Null);
        let mut items = match list.take() {
            Json::Null => Vec::new(),
            Json::Array(items) => items,
            one @ (Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_)) => {
                vec![one]
            }
        };
        items.push(as_read(item));
        *list = Json::Array(items);
    }
    whole
}

/// A value as a tree has it: every single value is a text.
fn as_read(value: &Json) -> Json {
    match value {
        Json::Null => Json::Null,
        Json::String(text) => Json::String(text.clone()),
        Json::Bool(_) | Json::Number(_) => Json::String(flow(value)),
        Json::Array(items) => items.iter().map(as_read).collect(),
        Json::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), as_read(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn added(text: &str, path: &str, item: &Json) -> String {
        with_item(text, path, item).expect("it can be added")
    }

    #[test]
    fn a_test_is_added_in_the_way_in_which_its_list_is_written() {
        let case = json!({ "name": "a b", "text": "it's", "expect": { "action": "allow" } });
        let lines = "  - name: 'a b'\n    text: 'it''s'\n    expect: { action: allow }\n";
        for (before, wanted) in [
            ("version: 1\n", format!("version: 1\ntests:\n{lines}")),
            ("tests:\n", format!("tests:\n{lines}")),
            (
                "tests: # none yet\nbudgets: []\n",
                format!("tests: # none yet\n{lines}budgets: []\n"),
            ),
            (
                "tests:\n  - name: x # why\n    # and so\nbudgets: []",
                format!("tests:\n  - name: x # why\n{lines}    # and so\nbudgets: []"),
            ),
            (
                "tests:\n  - { name: x }\n\n  # y\n  - { name: y }\n\nb: 1\n",
                format!("tests:\n  - {{ name: x }}\n\n  # y\n  - {{ name: y }}\n\n{lines}\nb: 1\n"),
            ),
            (
                "tests:\n  - text: |\n      a\n      b\n",
                format!("tests:\n  - text: |\n      a\n      b\n{lines}"),
            ),
        ] {
            assert_eq!(added(before, "tests", &case), wanted);
        }
        let flat = "{ name: 'a b', text: 'it''s', expect: { action: allow } }";
        assert_eq!(added("tests: [ ]\n", "tests", &case), format!("tests: [{flat} ]\n"));
        assert_eq!(
            added("tests: [{ name: x }, ]", "tests", &case),
            format!("tests: [{{ name: x }}, {flat}, ]")
        );
        let crlf = "tests:\r\n- name: x\r\n";
        let wanted = format!(
            "{crlf}{}",
            lines.replace("\n  ", "\n").replace('\n', "\r\n").trim_start_matches("  ")
        );
        assert_eq!(added(crlf, "tests", &case), wanted);
    }

    #[test]
    fn an_exception_is_added_to_its_rule_alone() {
        let term = json!("bath bomb");
        for (before, wanted) in [
            (
                "rules:\n  - { id: a }\n  - { id: b, words: [bomb], } # c\n",
                "rules:\n  - { id: a }\n  - { id: b, words: [bomb], except: ['bath bomb'], } # c\n",
            ),
            (
                "rules:\n  - id: a\n  - id: b\n    words:\n      - bomb\nx: 1\n",
                "rules:\n  - id: a\n  - id: b\n    words:\n      - bomb\n    except: ['bath bomb']\nx: 1\n",
            ),
            (
                "rules:\n  - id: a\n  - id: b\n    except: bomb cyclone # said so\n",
                "rules:\n  - id: a\n  - id: b\n    except: [bomb cyclone, 'bath bomb'] # said so\n",
            ),
            (
                "rules:\n  - id: a\n  - id: b\n    except:\n    - x\n    words: y\n",
                "rules:\n  - id: a\n  - id: b\n    except:\n    - x\n    - 'bath bomb'\n    words: y\n",
            ),
        ] {
            assert_eq!(added(before, "rules[1].except", &term), wanted);
        }
    }

    #[test]
    fn what_would_change_something_else_is_refused() {
        let unusual = |text: &str| with_item(text, "tests", &json!({ "name": "x" }));
        assert_eq!(unusual("tests: { a: b }\n"), Err(Unaddable::Unusual("tests".to_owned())));
        assert_eq!(unusual("tests: [\n"), Err(Unaddable::Unreadable));
        let nowhere = with_item("rules: []\n", "rules[3].except", &json!("x"));
        assert_eq!(nowhere, Err(Unaddable::NoPlace("rules[3].except".to_owned())));
        // The term would be cut in two.
        let cut = with_item("rules:\n  - except: a, b\n", "rules[0].except", &json!("x"));
        assert_eq!(cut, Err(Unaddable::Unusual("rules[0].except".to_owned())));
    }

    /// Whether `after` is `before` with something put in at one place.
    fn only_adds(before: &str, after: &str) -> bool {
        let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        (0..=same).rev().any(|same| {
            let rest = before.len() - same;
            after.len() >= before.len()
                && after.as_bytes().ends_with(&before.as_bytes()[before.len() - rest..])
        })
    }

    fn items() -> impl Strategy<Value = String> {
        let text = "[ -~抱歉\\n\\t\\u{7f}\\u{85}\\u{200b}\\u{2028}'\"]{0,12}";
        prop::collection::vec(text, 0..3).prop_map(|texts| {
            let lines = texts.iter().map(|text| {
                format!("  - name: {} # n\n    expect: {{ action: allow }}\n", scalar(text))
            });
            lines.collect()
        })
    }

    proptest! {
        #[test]
        fn every_other_byte_stays_and_the_result_reads_as_before_with_the_case(
            items in items(),
            gap in "(\n|  # more\n|)",
            tail in "(budgets: \\[\\]\n|# the end|)",
            crlf: bool,
            text in "\\PC{0,20}|[ -~\\n\\r\\t\\u{0}-\\u{a0}\\u{feff}\\u{202e}]{0,20}",
        ) {
            let before = format!("# first\nversion: 1\ntests:\n{items}{gap}{tail}");
            let before = if crlf { before.replace('\n', "\r\n") } else { before };
            let case = json!({ "name": text, "text": text, "expect": { "rules": [text] }, "todo": true });
            let after = added(&before, "tests", &case);
            prop_assert!(only_adds(&before, &after), "{:?}\n{:?}", before, after);
            let root = read(&after).expect("it reads");
            let Value::List(read) = &root.find("tests").1.value else { panic!("{after}") };
            prop_assert_eq!(plain(read.last().expect("a case")), as_read(&case));
            let whole = plain(&root);
            prop_assert_eq!(whole.get("version"), Some(&json!("1")));
        }
    }
}
