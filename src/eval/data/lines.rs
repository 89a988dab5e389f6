//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// The most bytes of one row.
pub(super) const LONGEST_ROW: usize = 4 << 20;

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is whole.
    Whole(Vec<u8>),
    /// It is longer than [`LONGEST_ROW`]; the rest of it was passed over.
    TooLong,
}

/// Reads up to the next line end. `None` at the end of the input.
pub(super) fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let most = u64::try_from(LONGEST_ROW).unwrap_or(u64::MAX);
    input.by_ref().take(most + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    } else if line.len() > LONGEST_ROW {
        skip_line(input)?;
        return Ok(Some(Line::TooLong));
    }
    Ok(Some(Line::Whole(line)))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (passed, done) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(passed);
        if done {
            return Ok(());
        }
    }
}
