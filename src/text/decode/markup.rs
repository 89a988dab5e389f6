//! The decoder `markup`: text as a reader of HTML, XML, Markdown or LaTeX sees it.
//!
//! | left out | bounded by |
//! |---|---|
//! | tags: `<`, perhaps `/`, a letter, up to `>` | [`LONGEST_TAG`] |
//! | comments `<!-- … -->` | [`LONGEST_COMMENT`] |
//! | `<![CDATA[`, `]]>` | |
//! | up to three of `*`, `` ` ``, `~`, two or three of `_`, beside a letter | [`MOST_MARKS`] |
//! | `](…)` of a link, with the `[` of the next one | [`LONGEST_TAG`] |
//! | `\name{` and `{}`, and `}` before a letter or another command | [`LONGEST_NAME`] |
//!
//! Single low lines stay: names in programs have them.

use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::ViewName;

pub(super) const MARKUP: DecoderDef = DecoderDef {
    name: ViewName("markup"),
    switch: "markup",
    again: true,
    summary: "text without tags and comments, Markdown and LaTeX",
    reads: Reads::Width,
    applies: |input| next_whole(input, 0).is_some(),
    build,
    open_from,
};

/// A longer tag or target of a link, in bytes, is text.
const LONGEST_TAG: usize = 256;
/// A longer comment, in bytes, is text.
const LONGEST_COMMENT: usize = 512;
/// A longer name of a command, in bytes, is text.
const LONGEST_NAME: usize = 24;
/// The most marks in a row that are emphasis or a fence.
const MOST_MARKS: usize = 3;

/// What stands at a place where markup may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    None,
    Open,
    /// It ends here.
    Upto(usize),
}

/// Whether markup may begin with a byte.
const fn begins(byte: u8) -> bool {
    matches!(byte, b'<' | b']' | b'\\' | b'{' | b'}' | b'*' | b'`' | b'~' | b'_')
}

/// Reads the markup that may stand at `at`.
fn read(text: &str, at: usize) -> Mark {
    let rest = text.get(at..).unwrap_or_default();
    match rest.as_bytes() {
        [b'<', ..] => tag(rest, at),
        [b']', ..] => behind_bracket(rest, at),
        [b'\\' | b'{' | b'}', ..] => command(rest, at),
        [b'*' | b'`' | b'~' | b'_', ..] => emphasis(text, rest, at),
        _ => Mark::None,
    }
}

/// Up to the end of `ending`, which must begin within so many bytes.
fn upto(rest: &str, from: usize, ending: &str, longest: usize, at: usize) -> Mark {
    let bytes = rest.as_bytes();
    let window = bytes.get(from..bytes.len().min(longest)).unwrap_or_default();
    match memchr::memmem::find(window, ending.as_bytes()) {
        Some(end) => Mark::Upto(at + from + end + ending.len()),
        None if bytes.len() < longest => Mark::Open,
        None => Mark::None,
    }
}

fn tag(rest: &str, at: usize) -> Mark {
    const COMMENT: &str = "<!--";
    const CDATA: &str = "<![CDATA[";
    if rest.starts_with(COMMENT) {
        return upto(rest, COMMENT.len(), "-->", LONGEST_COMMENT, at);
    }
    if rest.starts_with(CDATA) {
        return Mark::Upto(at + CDATA.len());
    }
    if COMMENT.starts_with(rest) || CDATA.starts_with(rest) || rest == "</" {
        return Mark::Open;
    }
    let name = rest.trim_start_matches('<').trim_start_matches('/');
    let is_tag =
        rest.len() - name.len() <= 2 && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_tag { upto(rest, 1, ">", LONGEST_TAG, at) } else { Mark::None }
}

/// The end of a CDATA section, or of the text of a link with its target.
fn behind_bracket(rest: &str, at: usize) -> Mark {
    if rest.starts_with("]]>") {
        return Mark::Upto(at + 3);
    }
    if rest.starts_with("](") {
        return upto(rest, 2, ")", LONGEST_TAG, at);
    }
    if "]]>".starts_with(rest) { Mark::Open } else { Mark::None }
}

/// The beginning of a command of LaTeX with its brace, an empty group, or the end of one before more of the word.
fn command(rest: &str, at: usize) -> Mark {
    match rest.as_bytes() {
        [b'{', b'}', ..] => Mark::Upto(at + 2),
        [b'{' | b'}' | b'\\'] | [b'}', b'{'] => Mark::Open,
        [b'}', b'\\', ..] => match command(rest.get(1..).unwrap_or_default(), at + 1) {
            Mark::Upto(_) => Mark::Upto(at + 1),
            other @ (Mark::None | Mark::Open) => other,
        },
        [b'}', ..] => {
            let next = rest.chars().nth(1);
            let goes_on = next.is_some_and(char::is_alphabetic) || rest.starts_with("}{}");
            if goes_on { Mark::Upto(at + 1) } else { Mark::None }
        }
        [b'\\', name @ ..] => {
            let name = name.get(..name.len().min(LONGEST_NAME)).unwrap_or_default();
            let length = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            match name.get(length) {
                Some(b'{') if length > 0 => Mark::Upto(at + length + 2),
                None if name.len() < LONGEST_NAME => Mark::Open,
                _ => Mark::None,
            }
        }
        _ => Mark::None,
    }
}

/// Marks of emphasis, strike-through or code beside a letter.
fn emphasis(text: &str, rest: &str, at: usize) -> Mark {
    let Some(mark) = rest.chars().next() else { return Mark::None };
    let before = text.get(..at).unwrap_or_default().chars().next_back();
    let count = rest.chars().take(MOST_MARKS + 1).take_while(|&c| c == mark).count();
    let behind = rest.get(count..).unwrap_or_default().chars().next();
    let beside = before.into_iter().chain(behind).any(char::is_alphabetic);
    if count > MOST_MARKS || before == Some(mark) {
        Mark::None
    } else if behind.is_none() {
        Mark::Open
    } else if beside && (mark != '_' || count > 1) {
        Mark::Upto(at + count)
    } else {
        Mark::None
    }
}

/// The next markup from `from` on, and where it ends.
fn next(input: &Reading, from: usize) -> Option<(usize, Mark)> {
    let places = input.masks().places(from, |around| around.here.marks);
    let mut marks = places.map(|at| (at, read(input.as_str(), at)));
    marks.find(|(_, mark)| *mark != Mark::None)
}

/// The next markup that is whole. A link of which the text begins right behind another one loses its bracket, too.
fn next_whole(input: &Reading, from: usize) -> Option<(usize, usize)> {
    let text = input.as_str();
    let mut at = from;
    loop {
        let (start, found) = next(input, at)?;
        match found {
            Mark::Upto(end) => {
                let link = text.get(start..end).is_some_and(|mark| mark.starts_with("]("));
                let more = link && text.get(end..).is_some_and(|rest| rest.starts_with('['));
                return Some((start, end + usize::from(more)));
            }
            Mark::None | Mark::Open => at = start + 1,
        }
    }
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    let mut copied = 0;
    while let Some((at, end)) = next_whole(input, copied) {
        out.append(input, copied..at);
        out.extend_last(input.raw_end(end));
        copied = end;
    }
    out.append(input, copied..text.len());
}

fn open_from(text: &str) -> usize {
    let mut at = text.len().saturating_sub(LONGEST_COMMENT);
    while let Some(&byte) = text.as_bytes().get(at) {
        let found = if begins(byte) { read(text, at) } else { Mark::None };
        match found {
            Mark::Upto(end) => at = end,
            Mark::None => at += 1,
            Mark::Open => return at,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn tags_comments_and_sections_are_left_out() {
        for (text, says) in [
            ("bo<b>mb</b>!", "bomb!"),
            ("bo<!-- a > b -->mb", "bomb"),
            ("bo<span style=\"color: red\">mb</span>", "bomb"),
            ("<![CDATA[bo]]><![CDATA[mb]]>", "bomb"),
            ("<p>bo<wbr/>mb</p>", "bomb"),
        ] {
            assert_eq!(decoded_by("markup", text), says, "{text}");
        }
    }

    #[test]
    fn emphasis_links_and_commands_are_left_out() {
        for (text, says) in [
            ("bo**mb** and", "bomb and"),
            ("make **nerve** gas", "make nerve gas"),
            ("~~bo~~mb b`omb` _a_", "bomb bomb _a_"),
            ("[bo](https://example.com/a)[mb](#b).", "[bomb."),
            ("\\textbf{bo}mb b\\emph{omb}", "bomb bomb}"),
            ("\\textit{bo}\\texttt{mb} bo{}mb", "bomb} bomb"),
        ] {
            assert_eq!(decoded_by("markup", text), says, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_markup_stays() {
        for text in [
            "a < b and c > d, x <- y, <3",
            "snake_case_name 3 * 4 ** 2",
            "- [ ] todo [1] (see) {\"a\": 1}",
            "C:\\Users\\me ----- ****** ~~~~",
            "* item",
        ] {
            assert_eq!(decoded_by("markup", text), text);
        }
    }
}
