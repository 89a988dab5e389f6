//! Forms (`multipart/form-data`), read so strictly that no server reads anything else in them.
//!
//! Parsers differ in what they forgive: text before the first boundary, boundaries in the middle of a line, folded and
//! repeated headers, escapes in names, several charsets. Whatever two of them could read differently is refused; it
//! does not know what a field is for.

use std::ops::Range;

use memchr::memmem;
use thiserror::Error;

/// The most fields of a form.
pub const MOST_FIELDS: usize = 256;
/// The most bytes of the headers of one field.
pub const LONGEST_HEAD: usize = 1024;
/// The most bytes of a field of text: prompts are far below, voices to know speakers by are not.
pub const LONGEST_TEXT: usize = 1 << 20;
/// The longest boundary (RFC 2046).
const LONGEST_BOUNDARY: usize = 70;
/// The longest name of a field.
const LONGEST_NAME: usize = 64;

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, without the brackets of a list.
    pub name: String,
    /// Whether its name ends with `[]`: then there may be several of it.
    pub listed: bool,
    /// The name of the file; a field without one is text.
    pub filename: Option<String>,
    /// What stands in it, in bytes of the body.
    pub value: Range<usize>,
}

/// Why a form cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormProblem {
    /// It does not begin, go on and end at boundaries alone.
    #[error(
        "the form must be fields between lines of `--` and the boundary, with nothing before, behind or around them"
    )]
    Framing,
    /// There are too many fields.
    #[error("the form has more than {MOST_FIELDS} fields")]
    TooManyFields,
    /// A field has a header that is not expected, or one twice.
    #[error(
        "field {field} of the form must have one `content-disposition: form-data; name=\"…\"` (for a file with `; filename=\"…\"`), at most one `content-type` in UTF-8, and no other header"
    )]
    Head {
        /// Its number, from 1.
        field: usize,
    },
    /// A text is too long, or not UTF-8.
    #[error("the field `{name}` must be UTF-8 of at most {LONGEST_TEXT} bytes")]
    Text {
        /// Its name.
        name: String,
    },
}

impl FormProblem {
    /// A stable name for clients and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooManyFields => "too_many_values",
            Self::Framing | Self::Head { .. } | Self::Text { .. } => "invalid_form",
        }
    }
}

/// The boundary that a content type names: `multipart/form-data` with a boundary of plain letters, and nothing else.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (sort, parameter) = content_type.split_once(';')?;
    if !sort.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let (name, value) = parameter.trim().split_once('=')?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = quoted.unwrap_or(value);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+'".contains(&byte);
    let fits = (1..=LONGEST_BOUNDARY).contains(&value.len()) && value.bytes().all(plain);
    (name.eq_ignore_ascii_case("boundary") && fits).then_some(value)
}

/// Reads a form.
///
/// # Errors
/// When another reader could find other fields in it, or when it is larger than the limits of this module.
pub fn read(bytes: &[u8], boundary: &str) -> Result<Vec<Field>, FormProblem> {
    let mark = format!("--{boundary}");
    let mut fields: Vec<Field> = Vec::new();
    // Behind the line of the boundary that opens the next field.
    let mut open = None;
    for at in memmem::find_iter(bytes, mark.as_bytes()) {
        let begins_line =
            at == 0 || bytes.get(..at).is_some_and(|before| before.ends_with(b"\r\n"));
        let behind = bytes.get(at + mark.len()..).unwrap_or_default();
        if !begins_line || (at == 0) != open.is_none() {
            return Err(FormProblem::Framing);
        }
        if let Some(start) = open {
            // The line break before a boundary is part of it.
            let end = at.saturating_sub(2);
            fields.push(field(bytes, start..end, fields.len() + 1)?);
        }
        if behind.starts_with(b"\r\n") {
            if fields.len() >= MOST_FIELDS {
                return Err(FormProblem::TooManyFields);
            }
            open = Some(at + mark.len() + 2);
            continue;
        }
        let is_last = matches!(behind, b"--" | b"--\r\n") && !fields.is_empty();
        return if is_last { Ok(fields) } else { Err(FormProblem::Framing) };
    }
    Err(FormProblem::Framing)
}

/// Reads one field from its bytes.
fn field(bytes: &[u8], range: Range<usize>, number: usize) -> Result<Field, FormProblem> {
    let wrong = FormProblem::Head { field: number };
    let part = bytes.get(range.clone()).unwrap_or_default();
    // A head ends at the first empty line; a field without headers would begin with one.
    let most = part.get(..part.len().min(LONGEST_HEAD)).unwrap_or_default();
    let end = memmem::find(most, b"\r\n\r\n").ok_or_else(|| wrong.clone())?;
    let head = part.get(..end).and_then(|head| std::str::from_utf8(head).ok());
    let Head { name, filename } = head.and_then(read_head).ok_or(wrong)?;
    let value = range.start + end + 4..range.end;
    let (name, listed) = match name.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let name = name.to_owned();
    if filename.is_none() {
        let text = bytes.get(value.clone()).unwrap_or_default();
        if text.len() > LONGEST_TEXT || std::str::from_utf8(text).is_err() {
            return Err(FormProblem::Text { name });
        }
    }
    Ok(Field { name, listed, filename: filename.map(str::to_owned), value })
}

struct Head<'h> {
    name: &'h str,
    filename: Option<&'h str>,
}

/// Reads the headers of a field.
fn read_head(head: &str) -> Option<Head<'_>> {
    let (mut found, mut sort) = (None, None);
    for line in head.split("\r\n") {
        if line.chars().any(char::is_control) {
            return None;
        }
        let (name, value) = line.split_once(':')?;
        let slot = match name.to_ascii_lowercase().as_str() {
            "content-disposition" => &mut found,
            "content-type" => &mut sort,
            _ => return None,
        };
        if slot.replace(value.trim()).is_some() {
            return None;
        }
    }
    let head = disposition(found?)?;
    let fits = sort.is_none_or(|sort| is_media_type(sort, head.filename.is_none()));
    fits.then_some(head)
}

/// What a `content-disposition` names: one name and at most one file, in quotes, without escapes.
fn disposition(value: &str) -> Option<Head<'_>> {
    let mut rest = value.strip_prefix("form-data")?;
    let (mut name, mut filename) = (None, None);
    while !rest.is_empty() {
        let (key, behind) = rest.strip_prefix(';')?.trim_start().split_once("=\"")?;
        let (inside, behind) = behind.split_once('"')?;
        let slot = match key {
            "name" => &mut name,
            "filename" => &mut filename,
            _ => return None,
        };
        if inside.contains('\\') || slot.replace(inside).is_some() {
            return None;
        }
        rest = behind;
    }
    let name = name.filter(|name| is_name(name))?;
    // With brackets or without, it is one name; a charset of its own would change what all others say.
    (name != "_charset_").then_some(Head { name, filename })
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let bare = name.strip_suffix("[]").unwrap_or(name);
    (1..=LONGEST_NAME).contains(&bare.len()) && bare.bytes().all(plain)
}

/// Whether a media type is a plain one, and for a text, one in UTF-8.
fn is_media_type(sort: &str, is_text: bool) -> bool {
    let sort = sort.to_ascii_lowercase();
    let mut words = sort.split(';').map(str::trim);
    let media = words.next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-_".contains(&byte);
    let utf8 = |word: &str| matches!(word, "charset=utf-8" | "charset=\"utf-8\"");
    if is_text {
        return media == "text/plain" && words.all(utf8);
    }
    // Of sound, parameters say the coding: `audio/webm;codecs=opus`.
    let plain_word = |word: &str| !word.starts_with("charset") || utf8(word);
    media.bytes().all(plain) && media.contains('/') && words.all(plain_word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nhi\r\n";
    const FILE: &str = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a b.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\u{0}\r\n-\r\n";

    fn fields(body: &str) -> Result<Vec<Field>, FormProblem> {
        read(body.as_bytes(), "b")
    }

    #[test]
    fn fields_are_read_with_where_they_stand() {
        let body = format!("{TEXT}{FILE}--b--\r\n");
        let read = fields(&body).unwrap();
        assert_eq!((&*read[0].name, &body[read[0].value.clone()]), ("prompt", "hi"));
        assert_eq!((&*read[1].name, &body[read[1].value.clone()]), ("file", "\0\r\n-"));
        assert_eq!(read[1].filename.as_deref(), Some("a b.mp3"));
        let listed = TEXT.replace("prompt", "keywords[]");
        let listed = fields(&format!("{listed}--b--")).unwrap();
        assert_eq!((&*listed[0].name, listed[0].listed), ("keywords", true));
    }

    #[test]
    fn what_stands_around_the_fields_is_refused() {
        for body in [
            String::new(),
            "--b--\r\n".to_owned(),
            format!("{TEXT}--b"),
            TEXT.to_owned(),
            format!("\r\n{TEXT}--b--\r\n"),
            format!("x\r\n{TEXT}--b--\r\n"),
            format!("{TEXT}--b--\r\nmore"),
            format!("{TEXT}--b-- \r\n"),
            format!("{TEXT}--b\n{TEXT}--b--\r\n"),
            format!("{TEXT}--b \r\n{TEXT}--b--\r\n"),
            TEXT.replace("hi", "hi --b") + "--b--\r\n",
            TEXT.replace("hi", "hi\n--b--\n") + "--b--\r\n",
            TEXT.replace("hi", "hi\r\n--bb") + "--b--\r\n",
        ] {
            assert_eq!(fields(&body), Err(FormProblem::Framing), "{body:?}");
        }
    }

    #[test]
    fn a_head_that_two_servers_read_differently_is_refused() {
        let line = "Content-Disposition: form-data; name=\"prompt\"";
        for head in [
            "",
            "X-Other: 1",
            "Content-Disposition: form-data",
            "Content-Disposition: attachment; name=\"prompt\"",
            "Content-Disposition: form-data; name=prompt",
            "Content-Disposition: form-data; name=\"prompt\"; name=\"other\"",
            "Content-Disposition: form-data; name=\"pro\\\"mpt\"",
            "Content-Disposition: form-data; name=\"prompt\"; filename*=utf-8''a",
            "Content-Disposition: form-data; name=\"a[b]\"",
            "Content-Disposition: form-data; name=\"_charset_\"",
            "Content-Disposition: form-data; NAME=\"prompt\"",
            "Content-Disposition: form-data; name=\"prompt\"\r\n folded: 1",
            "Content-Disposition: form-data; name=\"prompt\"\nX: 1",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(
            [
                line,
                "Content-Type: text/plain; charset=latin1",
                "Content-Type: text/plain\r\nContent-Type: text/plain",
                "Content-Type: application/json",
                "Content-Transfer-Encoding: base64",
            ]
            .map(|more| format!("{line}\r\n{more}")),
        ) {
            let body = format!("--b\r\n{head}\r\n\r\nhi\r\n--b--\r\n");
            assert_eq!(fields(&body), Err(FormProblem::Head { field: 1 }), "{head}");
        }
        let body = format!("--b\r\n{line}\r\n\r\n{}\r\n--b--\r\n", "a".repeat(LONGEST_TEXT + 1));
        assert_eq!(fields(&body), Err(FormProblem::Text { name: "prompt".to_owned() }));
        let latin =
            [TEXT.replace("hi", "").trim_end().as_bytes(), b"\r\n\r\n\xe9\r\n--b--"].concat();
        assert!(matches!(read(&latin, "b"), Err(FormProblem::Text { .. })));
        let many = TEXT.repeat(MOST_FIELDS + 1) + "--b--";
        assert_eq!(fields(&many), Err(FormProblem::TooManyFields));
    }

    #[test]
    fn a_content_type_names_one_plain_boundary() {
        for (sort, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data;boundary=\"a-b\"", Some("a-b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=a b", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; charset=utf-8; boundary=a", None),
            ("multipart/mixed; boundary=a", None),
        ] {
            assert_eq!(boundary(sort), expected, "{sort}");
        }
    }

    proptest! {
        #[test]
        fn what_a_client_writes_is_read_again(values in prop::collection::vec("[ a-c\r\n-]{0,12}", 1..5)) {
            let mut body = String::new();
            for (at, value) in values.iter().enumerate() {
                let head = format!("Content-Disposition: form-data; name=\"f{at}\"");
                body += &["--bound\r\n", &head, "\r\n\r\n", value, "\r\n"].concat();
            }
            body.push_str("--bound--\r\n");
            let read = read(body.as_bytes(), "bound").unwrap();
            let said: Vec<&str> = read.iter().map(|field| &body[field.value.clone()]).collect();
            prop_assert_eq!(said, values);
        }

        #[test]
        fn every_field_that_a_lenient_reader_finds_is_found(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "--b", "\r\n", "\n", "--", "x", "Content-Disposition: form-data; name=\"p\"", ": ", " ",
            ]), 0..24),
        ) {
            let body = pieces.concat();
            if let Ok(fields) = read(body.as_bytes(), "b") {
                // A reader that takes every `--b` for a boundary finds as many fields.
                prop_assert_eq!(body.matches("--b").count(), fields.len() + 1);
            }
        }
    }
}
