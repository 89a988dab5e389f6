//! Headers of a request that carry text: what a client repeats of its arguments, so that servers can route by it.
//!
//! A value that is not plain ASCII stands in a header as `=?base64?…?=` (the Model Context Protocol, 2026-07-28).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::splice::{PassageEdit, Place};
use super::{BodyProblem, Request};
use crate::domain::{Author, EditClass, Passage, Rewrite, TextKind};
use crate::wire::table::{By, Leaf};

/// What a value in base64 stands between.
const CODED: (&str, &str) = ("=?base64?", "?=");

impl Request {
    /// The same request with its headers (names in small letters): those that the dialect reads are passages too.
    ///
    /// # Errors
    /// When a header stands there twice, or says what two readers could read differently.
    pub fn with_headers<'h>(
        mut self,
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Self, BodyProblem> {
        let mut known: Vec<&str> = Vec::new();
        for (name, value) in headers {
            let Some(leaf) = self.dialect.header(name) else { continue };
            let problem = |what| BodyProblem::Header { name: name.to_owned(), what };
            if known.contains(&name) {
                return Err(problem("stands there twice; send it once"));
            }
            known.push(name);
            let text = decoded(value).ok_or_else(|| {
                problem("has a value that is no plain ASCII; send it as `=?base64?…?=` of UTF-8")
            })?;
            let (author, kind, edit) = match leaf {
                Leaf::Text { by, kind, edit, .. } => {
                    let By::Always(author) = by else { continue };
                    (author, kind, edit)
                }
                Leaf::Skip | Leaf::Media { .. } if is_name(&text) => continue,
                Leaf::Skip | Leaf::Media { .. } => {
                    self.unknown_leaves += 1;
                    (Author::Unknown, TextKind::Meta, EditClass::Fixed)
                }
            };
            if text.is_empty() {
                continue;
            }
            let path = format!("header {name}");
            self.passages.push(Passage { path, author, kind, edit, turn: None, text });
            self.places.push(match edit {
                EditClass::Plain | EditClass::ObjectLeaf => Place::Header(name.to_owned()),
                EditClass::JsonInString | EditClass::Fixed | EditClass::Opaque => Place::Fixed,
            });
        }
        Ok(self)
    }

    /// Headers with passages changed: their names and new values.
    pub fn headers(&self, edits: &[PassageEdit<'_>]) -> Vec<(String, String)> {
        let changed = edits.iter().filter(|edit| !edit.rewrites.is_empty());
        let header = |edit: &PassageEdit<'_>| match self.places.get(edit.passage)? {
            Place::Header(name) => {
                let text = &self.passages.get(edit.passage)?.text;
                Some((name.clone(), coded(&rewritten(text, edit.rewrites))))
            }
            Place::Token(_) | Place::Inner { .. } | Place::Plain(_) | Place::Key | Place::Fixed => {
                None
            }
        };
        changed.filter_map(header).collect()
    }
}

/// What a value says, if all readers read the same in it.
fn decoded(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?;
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let (begin, end) = CODED;
    let begins = value.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin));
    if !begins {
        return Some(value.to_owned());
    }
    let inside = value.strip_prefix(begin)?.strip_suffix(end)?;
    String::from_utf8(STANDARD.decode(inside).ok()?).ok()
}

/// A text as the value of a header.
fn coded(text: &str) -> String {
    let (begin, end) = CODED;
    let begins = text.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin));
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.trim() == text;
    if is_plain && !begins {
        return text.to_owned();
    }
    format!("{begin}{}{end}", STANDARD.encode(text))
}

fn rewritten(text: &str, rewrites: &[Rewrite]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for rewrite in rewrites {
        let span = rewrite.span.range();
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&rewrite.replacement);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Whether a value is of the letters of ids and names. Ids of sessions may be as long as a header.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@+=~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_that_two_readers_could_read_differently_is_not_read() {
        assert_eq!(decoded(b"us-west1").as_deref(), Some("us-west1"));
        assert_eq!(decoded(b"=?base64?5LiA5Y+q54yr?=").as_deref(), Some("一只猫"));
        for odd in [
            &b"=?base64?5LiA5Y+q54yr"[..],
            b"=?BASE64?YQ==?=",
            b"=?base64?%%?=",
            b"=?base64?/w==?=",
            b"=?base64?YQ?=",
            "一只猫".as_bytes(),
            b"a\tb",
        ] {
            assert_eq!(decoded(odd), None, "{}", String::from_utf8_lossy(odd));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in ".{0,20}|=\\?base64\\?.{0,5}") {
            let value = coded(&text);
            prop_assert_eq!(decoded(value.as_bytes()), Some(text));
        }
    }
}
