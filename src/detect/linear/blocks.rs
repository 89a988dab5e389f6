//! A text cut into blocks, and the features of each.
//!
//! Edges are a function of the raw characters before them and of the one behind: where a sentence ends, else between
//! two words, else at a set number of characters. So pieces of a stream cannot move them.

use super::grams::{Census, Grams};
use crate::text::{Class, Reading, VIEWS, class, is_attached};

/// A block ends at the next border of a word from so many characters on. Windows are made of blocks, so that two of them
/// read some 200 characters, and each character is read in two such windows.
pub const BLOCK_CHARACTERS: usize = 100;
/// A block may end with a sentence from so many characters on.
const SENTENCE_CHARACTERS: usize = 60;
/// A block ends, within a word if need be, after so many characters.
const HARD_CHARACTERS: usize = 140;
/// The same where even a character with all that belongs to it does not end.
pub const LONGEST_BLOCK: usize = 204;

/// Where a block stands in the raw text, and what the text up to its end is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// Characters by writing, from the beginning of the text on.
    pub census: Census,
}

/// Takes the features of blocks as they are found.
pub trait BlockSink {
    /// A feature of the block that is being read.
    fn gram(&mut self, bucket: u32);
    /// That block ends.
    fn block(&mut self, extent: Extent);
}

/// Reads a text in pieces of any size. Keeps one unfinished block, at most [`LONGEST_BLOCK`] characters.
#[derive(Clone, Debug)]
pub struct BlockReader {
    bits: u32,
    /// The raw text behind the last edge.
    open: String,
    characters: usize,
    last: char,
    /// Bytes before `open`.
    settled: usize,
    grams: Grams,
    raw: Reading,
    folded: Reading,
}

impl BlockReader {
    /// A reader whose features are numbered below `2^bits`.
    pub fn new(bits: u32) -> Self {
        Self {
            bits,
            open: String::new(),
            characters: 0,
            last: ' ',
            settled: 0,
            grams: Grams::default(),
            raw: Reading::default(),
            folded: Reading::default(),
        }
    }

    /// Begins a new text. Buffers keep their capacity.
    pub fn reset(&mut self) {
        self.open.clear();
        self.characters = 0;
        self.last = ' ';
        self.settled = 0;
        self.grams = Grams::default();
    }

    /// Bytes of the text up to the last edge.
    pub const fn settled(&self) -> usize {
        self.settled
    }

    /// Bytes that have come.
    pub fn seen(&self) -> usize {
        self.settled + self.open.len()
    }

    /// Reads on. Blocks go to `sink` as soon as the character behind them is there.
    pub fn push(&mut self, text: &str, sink: &mut impl BlockSink) {
        let mut from = 0;
        for (at, c) in text.char_indices() {
            if self.is_edge(c) {
                self.open.push_str(text.get(from..at).unwrap_or_default());
                from = at;
                self.close(sink);
            }
            self.characters += 1;
            self.last = c;
        }
        self.open.push_str(text.get(from..).unwrap_or_default());
    }

    /// The text is over: what is left is the last block.
    pub fn finish(&mut self, sink: &mut impl BlockSink) {
        if !self.open.is_empty() {
            self.close(sink);
        }
    }

    /// Whether a block ends before this character.
    fn is_edge(&self, c: char) -> bool {
        let n = self.characters;
        if n < SENTENCE_CHARACTERS || (n < LONGEST_BLOCK && is_attached(c)) {
            return false;
        }
        n >= HARD_CHARACTERS
            || (n >= BLOCK_CHARACTERS && !(is_of_word(self.last) && is_of_word(c)))
            || ends_sentence(self.last, c)
    }

    fn close(&mut self, sink: &mut impl BlockSink) {
        self.raw.identity(&self.open);
        let folded = match VIEWS.first() {
            Some(fold) if (fold.applies)(&self.raw) => {
                (fold.build)(&self.raw, &mut self.folded);
                &self.folded
            }
            _ => &self.raw,
        };
        self.grams.block(folded.as_str(), self.bits, |bucket| sink.gram(bucket));
        let (start, end) = (self.settled, self.settled + self.open.len());
        self.settled = end;
        self.open.clear();
        self.characters = 0;
        sink.block(Extent { start, end, census: self.grams.census() });
    }
}

fn is_of_word(c: char) -> bool {
    matches!(class(c), Class::Letter | Class::Other)
}

/// Whether a sentence ends with `last`, when `next` follows.
fn ends_sentence(last: char, next: char) -> bool {
    match last {
        '。' | '！' | '？' | '｡' | '\n' => true,
        '.' | '!' | '?' | '…' => next.is_whitespace(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<(usize, usize)>);

    impl BlockSink for Seen {
        fn gram(&mut self, _: u32) {}
        fn block(&mut self, extent: Extent) {
            self.0.push((extent.start, extent.end));
        }
    }

    fn blocks(text: &str) -> Vec<String> {
        let (mut reader, mut seen) = (BlockReader::new(16), Seen::default());
        reader.push(text, &mut seen);
        reader.finish(&mut seen);
        seen.0.iter().map(|&(start, end)| text[start..end].to_owned()).collect()
    }

    #[test]
    fn the_view_that_features_are_read_from_is_fold() {
        assert_eq!(VIEWS[0].name.0, "fold");
    }

    #[test]
    fn a_block_ends_with_a_sentence_or_between_words_or_at_the_hard_limit() {
        let sentence = format!("{}. {}", "a ".repeat(35), "b ".repeat(20));
        assert_eq!(
            blocks(&sentence),
            [format!("{}.", "a ".repeat(35)), format!(" {}", "b ".repeat(20))]
        );
        let words = "abcdefg ".repeat(30);
        assert_eq!(blocks(&words)[0], format!("{}abcdefg", "abcdefg ".repeat(12)));
        assert_eq!(
            blocks(&"x".repeat(300)).iter().map(String::len).collect::<Vec<_>>(),
            [140, 140, 20]
        );
        let marks = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(blocks(&marks)[0].chars().count(), LONGEST_BLOCK);
    }

    #[test]
    fn a_short_sentence_and_a_decimal_point_end_no_block() {
        assert_eq!(blocks("Hi. You! 3.14").len(), 1);
        assert_eq!(blocks(&format!("{}3.14", "a ".repeat(32))).len(), 1);
        assert!(blocks("").is_empty());
    }

    #[test]
    fn blocks_cover_the_text() {
        for text in
            ["中文。".repeat(90), "a b! ".repeat(90), "😀".repeat(300), "e\u{301}".repeat(300)]
        {
            assert_eq!(blocks(&text).concat(), text);
        }
    }
}
