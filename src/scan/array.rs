//! The elements of one JSON array as bytes, without reading the whole array.
//!
//! It only finds where elements end; whether they are JSON is seen when each is read.

use std::io::{self, BufRead};

use super::reader::{LONGEST_ROW, Offset};

/// A mark of byte order that some programs put before UTF-8.
const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Where in the array the reading is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Array {
    /// Before it.
    #[default]
    Start,
    /// Behind its bracket.
    First,
    /// Behind an element.
    After,
    /// Behind a comma.
    Next,
    /// Behind its end.
    Done,
}

/// The bytes of an element.
pub(super) enum Element {
    /// They are all there.
    Whole(Vec<u8>),
    /// They are more than [`LONGEST_ROW`]; they were passed over.
    TooLong,
}

/// Where in an element the reading is.
#[derive(Default)]
struct Inside {
    depth: usize,
    string: bool,
    escaped: bool,
}

// === impl Array ===

impl Array {
    /// Bytes were passed over, up to the end of an element.
    pub(super) fn skip_first(&mut self, bytes: u64) {
        if bytes > 0 {
            *self = Self::After;
        }
    }

    /// The next element and the line that it begins in. What is no array is invalid data.
    pub(super) fn next(
        &mut self,
        input: &mut impl BufRead,
        at: &mut Offset,
    ) -> io::Result<Option<(u64, Element)>> {
        loop {
            let Some(byte) = peek(input)? else {
                return match self {
                    Self::Done => Ok(None),
                    Self::Start => {
                        Err(wrong("no JSON array; for an object a line, `--input jsonl`"))
                    }
                    Self::First | Self::After | Self::Next => Err(wrong("the array does not end")),
                };
            };
            let after = match (*self, byte) {
                (state, b' ' | b'\t' | b'\r' | b'\n') => state,
                (Self::Start, byte) if BOM.contains(&byte) && at.bytes < 3 => Self::Start,
                (Self::Start, b'[') => Self::First,
                (Self::First | Self::After, b']') => Self::Done,
                (Self::After, b',') => Self::Next,
                (Self::First | Self::Next, byte) if byte != b',' && byte != b']' => {
                    *self = Self::After;
                    let line = at.lines + 1;
                    return Ok(Some((line, element(input, at)?)));
                }
                (Self::Start, _) => {
                    return Err(wrong("no JSON array; for an object a line, `--input jsonl`"));
                }
                (Self::Done, _) => return Err(wrong("something follows the end of the array")),
                _ => return Err(wrong("a comma or the end of the array should stand here")),
            };
            *self = after;
            input.consume(1);
            at.bytes += 1;
            at.lines += u64::from(byte == b'\n');
        }
    }
}

/// Reads an element up to the comma or bracket that ends it.
fn element(input: &mut impl BufRead, at: &mut Offset) -> io::Result<Element> {
    let mut bytes = Vec::new();
    let mut inside = Inside::default();
    let mut long = false;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Err(wrong("the array does not end"));
        }
        let end = buffer.iter().position(|byte| inside.ends(*byte));
        let piece = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        at.lines += memchr::memchr_iter(b'\n', piece).count() as u64;
        long |= bytes.len() + piece.len() > LONGEST_ROW;
        if long {
            bytes.clear();
        } else {
            bytes.extend_from_slice(piece);
        }
        let length = piece.len();
        input.consume(length);
        at.bytes += length as u64;
        if end.is_some() {
            break;
        }
    }
    if long {
        return Ok(Element::TooLong);
    }
    bytes.truncate(bytes.trim_ascii_end().len());
    Ok(Element::Whole(bytes))
}

impl Inside {
    /// Whether this byte stands behind the element; else it is taken in.
    fn ends(&mut self, byte: u8) -> bool {
        if self.string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b']' | b'}' if self.depth == 0 => return true,
            b']' | b'}' => self.depth -= 1,
            _ => {}
        }
        false
    }
}

fn peek(input: &mut impl BufRead) -> io::Result<Option<u8>> {
    Ok(input.fill_buf()?.first().copied())
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
