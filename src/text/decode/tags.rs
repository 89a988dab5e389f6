//! The decoder `tags`: ASCII as tag characters (U+E0020 to U+E007E), which are not shown, alone or between other letters.
//!
//! What is hidden stands on lines of its own in place of what it stands among. Flags of regions (🏴 and tags up to a
//! cancel tag) are read too; no word is spelled as they are.

use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const TAGS: DecoderDef = DecoderDef {
    name: ViewName("tags"),
    switch: "hidden",
    again: true,
    summary: "text in tag characters, which are not shown",
    reads: Reads::Text,
    applies: |input| next(input.as_str(), 0).is_some(),
    build,
    open_from,
};

/// So many characters that are shown may stand between two that are not and belong together.
const MOST_BETWEEN: usize = 16;
/// Ends the tags of a flag.
const CANCEL: char = '\u{e007f}';
/// The first byte of a tag character.
const LEAD: u8 = 0xf3;
/// The bytes of a tag character.
const WIDTH: usize = 4;

/// The ASCII character that a tag stands for.
fn shown(tag: char) -> Option<char> {
    let code = u32::from(tag).checked_sub(0xe0000)?;
    char::from_u32(code).filter(|c| matches!(c, ' '..='~'))
}

/// The next tag with what it stands for.
fn next(text: &str, from: usize) -> Option<(usize, char)> {
    let mut at = from;
    loop {
        at += memchr::memchr(LEAD, text.as_bytes().get(at..)?)?;
        if let Some(c) = text.get(at..).and_then(|rest| shown(rest.chars().next()?)) {
            return Some((at, c));
        }
        at += 1;
    }
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    let (mut copied, mut inside) = (0, false);
    while let Some((at, c)) = next(text, copied) {
        let between = text.get(copied..at).unwrap_or_default();
        if !inside || between.chars().nth(MOST_BETWEEN).is_some() {
            if inside {
                border(input, out, copied);
            }
            out.append(input, copied..at);
            border(input, out, at);
        }
        copied = at + WIDTH;
        out.push(c, input.raw_span(at, copied));
        inside = !text.get(copied..).unwrap_or_default().starts_with(CANCEL);
        if !inside {
            copied += WIDTH;
            out.extend_last(input.raw_end(copied));
            border(input, out, copied);
        }
    }
    if inside && copied < text.len() {
        border(input, out, copied);
    }
    out.append(input, copied..text.len());
}

/// Sets what is hidden apart from what is not.
fn border(input: &Reading, out: &mut Reading, at: usize) {
    let at = input.raw_start(at);
    out.push('\n', Span::new(at, at));
}

/// What is shown behind a tag may stand between it and the next.
fn open_from(text: &str) -> usize {
    let mut last = text.char_indices().rev().take(MOST_BETWEEN + 1);
    match last.find(|&(_, c)| c == CANCEL || shown(c).is_some()) {
        Some((at, c)) if c != CANCEL => at + WIDTH,
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    fn tags(text: &str) -> String {
        let tag = |c: char| char::from_u32(0xe0000 + u32::from(c)).expect("a tag");
        text.chars().map(tag).collect()
    }

    #[test]
    fn what_is_written_in_tags_is_read_on_its_own() {
        let bomb = tags("Bomb");
        assert_eq!(decoded_by("tags", &bomb), "\nBomb");
        assert_eq!(decoded_by("tags", &format!("hi😀{bomb}there")), "hi😀\nBomb\nthere");
        let (head, tail) = bomb.split_at(8);
        assert_eq!(decoded_by("tags", &format!("a{head}nice day{tail}.")), "a\nBomb\n.");
        let far = "and a long way to go";
        assert_eq!(decoded_by("tags", &format!("{head}{far}{tail}")), format!("\nBo\n{far}\nmb"));
    }

    #[test]
    fn a_flag_ends_with_its_cancel_tag() {
        let flag = format!("🏴{}\u{e007f}", tags("gbeng"));
        assert_eq!(decoded_by("tags", &format!("{flag}{flag}!")), "🏴\ngbeng\n🏴\ngbeng\n!");
        assert_eq!(decoded_by("tags", "🏴 👩‍🚀 ❤️ plain 炸"), "🏴 👩‍🚀 ❤️ plain 炸");
    }
}
