//! The decoder `bidi`: text in the order in which it is shown where controls of the writing direction change that.
//!
//! Of the bidirectional algorithm (UAX #9) this is what turns letters of one script round: an override to the left (RLO)
//! shows what is in it in reverse, and what is embedded or isolated in it as one piece of its own order. Every character
//! of such a stretch stands for all of it, since its bytes are in another order.

use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::ViewName;

pub(super) const BIDI: DecoderDef = DecoderDef {
    name: ViewName("bidi"),
    switch: "edits",
    again: true,
    summary: "text in the order in which overrides of the writing direction show it",
    reads: Reads::Text,
    applies: |input| !input.masks().is_ascii() && next(input.as_str(), 0).is_some(),
    build,
    open_from,
};

/// A longer stretch in bytes, with its controls, stands as it is.
const LONGEST: usize = 512;
/// Override to the left.
const RLO: char = '\u{202e}';
const RLO_BYTES: &[u8] = b"\xe2\x80\xae";

/// What a control does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    /// Begins an isolate or an embedding, in which letters are reversed or not.
    Begin { isolate: bool, reversed: bool },
    /// Ends the isolate or embedding.
    End { isolate: bool },
}

const fn control(c: char) -> Option<Control> {
    Some(match c {
        '\u{202a}' | '\u{202b}' | '\u{202d}' => Control::Begin { isolate: false, reversed: false },
        RLO => Control::Begin { isolate: false, reversed: true },
        '\u{2066}'..='\u{2068}' => Control::Begin { isolate: true, reversed: false },
        '\u{202c}' => Control::End { isolate: false },
        '\u{2069}' => Control::End { isolate: true },
        _ => return None,
    })
}

/// An isolate or embedding with what is in it so far, piece by piece.
#[derive(Debug)]
struct Level {
    isolate: bool,
    reversed: bool,
    pieces: Vec<String>,
}

/// What an override shows.
#[derive(Debug)]
struct Stretch {
    shown: String,
    end: usize,
    /// Whether more text could belong to it.
    open: bool,
}

/// Reads the override that begins at `at`; `None` where it is too long.
fn read(text: &str, at: usize) -> Option<Stretch> {
    let mut levels: Vec<Level> = Vec::new();
    for (offset, c) in text.get(at..)?.char_indices() {
        if offset >= LONGEST {
            return None;
        }
        // The end of a paragraph ends everything in it.
        if matches!(c, '\n' | '\r' | '\u{2029}') {
            let shown = close(&mut levels, usize::MAX);
            return Some(Stretch { shown, end: at + offset, open: false });
        }
        match control(c) {
            Some(Control::Begin { isolate, reversed }) => {
                levels.push(Level { isolate, reversed, pieces: Vec::new() });
            }
            Some(Control::End { isolate }) => {
                let embeddings = levels.iter().rev().take_while(|level| !level.isolate).count();
                // The end of an isolate ends the embeddings in it; that of one around the override, all.
                let closed = if isolate { embeddings + 1 } else { embeddings.min(1) };
                let shown = close(&mut levels, closed);
                if levels.is_empty() {
                    return Some(Stretch { shown, end: at + offset + c.len_utf8(), open: false });
                }
            }
            None => {
                levels.last_mut()?.pieces.push(c.into());
            }
        }
    }
    Some(Stretch { shown: close(&mut levels, usize::MAX), end: text.len(), open: true })
}

/// Ends so many levels; each becomes a piece of the one around it. Hands back what the outermost shows once it ended.
fn close(levels: &mut Vec<Level>, count: usize) -> String {
    for _ in 0..count.min(levels.len()) {
        let Some(mut level) = levels.pop() else { break };
        if level.reversed {
            level.pieces.reverse();
        }
        let shown = level.pieces.concat();
        match levels.last_mut() {
            Some(around) => around.pieces.push(shown),
            None => return shown,
        }
    }
    String::new()
}

/// The next override that is read.
fn next(text: &str, from: usize) -> Option<(usize, Stretch)> {
    let mut at = from;
    loop {
        at += memchr::memmem::find(text.as_bytes().get(at..)?, RLO_BYTES)?;
        if let Some(stretch) = read(text, at) {
            return Some((at, stretch));
        }
        at += RLO_BYTES.len();
    }
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    let mut copied = 0;
    while let Some((at, stretch)) = next(text, copied) {
        out.append(input, copied..at);
        let raw = input.raw_span(at, stretch.end);
        for c in stretch.shown.chars() {
            out.push(c, raw);
        }
        out.extend_last(raw.end);
        copied = stretch.end;
    }
    out.append(input, copied..text.len());
}

fn open_from(text: &str) -> usize {
    let from = text.len().saturating_sub(2 * LONGEST);
    let mut from = (from..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    while let Some((at, stretch)) = next(text, from) {
        if stretch.open {
            return at;
        }
        from = stretch.end;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn overrides_are_read_as_they_are_shown() {
        for (text, says) in [
            ("a \u{202e}bmob\u{202c}!", "a bomb!"),
            ("a \u{202e}bmob", "a bomb"),
            ("a \u{202e}bmob\nbmob", "a bomb\nbmob"),
            ("\u{2066}\u{202e}bmob\u{2069}bmob", "\u{2066}bombbmob"),
            ("\u{202e}b\u{2066}om\u{2069}b\u{202c}", "bomb"),
            ("\u{202e}ab\u{202d}cd\u{202c}ef\u{202c}", "fecdba"),
            (
                "b\u{202d}\u{2066}\u{202e}\u{2066}m\u{2069}\u{2066}o\u{2069}\u{202c}\u{2069}\u{202c}b",
                "b\u{202d}\u{2066}om\u{2069}\u{202c}b",
            ),
        ] {
            assert_eq!(decoded_by("bidi", text), says, "{text:?}");
        }
    }

    #[test]
    fn other_controls_of_direction_change_no_order() {
        for text in ["\u{2067}שלום\u{2069} abc", "\u{200f}a\u{202a}b\u{202c}", "plain"] {
            assert_eq!(decoded_by("bidi", text), text);
        }
    }
}
