//! An answer that is plain text: a transcript, or subtitles (SRT, `WebVTT`), whose times stand between the texts.
//!
//! A term may be split over two subtitles, so texts that times part are told as adjoining.

use std::ops::Range;

/// The most digits of the number of a subtitle; more could be a number that means something.
const LONGEST_NUMBER: usize = 6;

/// The texts between the times of subtitles; of a text without any, the whole of it.
pub(super) fn stretches(text: &str) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut start = 0;
    let mut at = 0;
    // Where the line before begins, if it is the number of a subtitle.
    let mut number = None;
    for line in text.split_inclusive('\n') {
        let said = line.trim_matches(['\r', '\n', ' ', '\t']);
        if is_time(said) {
            stretches.push(start..number.unwrap_or(at));
            start = at + line.len();
        }
        let is_number = !said.is_empty()
            && said.len() <= LONGEST_NUMBER
            && said.bytes().all(|byte| byte.is_ascii_digit());
        number = is_number.then_some(at);
        at += line.len();
    }
    stretches.push(start..text.len());
    // Blanks around a text would keep it apart from the next one.
    let trimmed = |range: Range<usize>| {
        let said = text.get(range.clone())?;
        let start = range.start + (said.len() - said.trim_start().len());
        let length = said.trim().len();
        (length > 0).then_some(start..start + length)
    };
    stretches.into_iter().filter_map(trimmed).collect()
}

/// Whether a line is the times of a subtitle and nothing else: `00:00:01,000 --> 00:00:02,500`. With settings behind
/// them it is text.
fn is_time(line: &str) -> bool {
    let Some((from, to)) = line.split_once("-->") else { return false };
    let is_point = |point: &str| {
        let point = point.trim();
        let digits = point.bytes().filter(u8::is_ascii_digit).count();
        let marks = point.bytes().filter(|byte| b":.,".contains(byte)).count();
        digits + marks == point.len() && (7..=11).contains(&digits) && marks <= 3
    };
    is_point(from) && is_point(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<&str> {
        stretches(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn times_and_numbers_of_subtitles_are_no_text() {
        let srt = "1\n00:00:01,000 --> 00:00:02,000\na gre\n\n2\n00:00:02,000 --> 00:00:03,000\nnade\nhere\n";
        assert_eq!(said(srt), ["a gre", "nade\nhere"]);
        let vtt = "WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\na dog\r\n";
        assert_eq!(said(vtt), ["WEBVTT", "a dog"]);
        assert_eq!(said("a plain\n\ntext\n"), ["a plain\n\ntext"]);
        assert_eq!(said("4111111111111111\n00:00:01,000 --> 00:00:02,000\n"), ["4111111111111111"]);
        assert_eq!(
            said("a --> b\n00:00:01,000 --> 00:00:02,000 line:a"),
            ["a --> b\n00:00:01,000 --> 00:00:02,000 line:a"]
        );
        assert!(said(" \n").is_empty());
    }
}
