//! Counts words and characters, as windows of rules count them.
//!
//! A Han character is a word. Letters that stand alone, one after the other (`b o m b`, `b.o.m.b`), are one word
//! together, so that a word that was pulled apart takes no more of a window than the word. Characters that show
//! nothing, and marks, are part of what stands before them. A count depends on nothing but the text before it, so a
//! text may be counted in pieces.

use crate::policy::Within;
use crate::text::is_attached;

/// The most characters between two single letters of one word, as the view `spaced` has it.
const LONGEST_GAP: u8 = 4;
/// So many single letters are one word: a text of nothing else comes to an end of its windows too.
const LONGEST_RUN: u8 = 16;
/// Bytes that are looked at together, of which every other one may begin a word and the words still be counted in a
/// byte.
const PIECE: usize = 256;
/// A letter and the longest gap.
const AROUND: usize = LONGEST_GAP as usize + 1;
/// Shorter ones are counted character by character.
const SHORT: usize = 64;

/// Words and characters before a position of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    words: usize,
    chars: usize,
    token: Token,
    /// Whether the token that is being read goes on with the run, and is not counted, if it stays a single letter.
    waits: bool,
    /// Single letters in the run that may go on.
    run: u8,
    /// Characters since the last of them.
    gap: u8,
}

/// How much is read of the word that the text stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Token {
    /// It stands in none.
    #[default]
    None,
    /// One letter.
    Letter,
    /// More than a letter.
    Word,
}

impl Count {
    /// Characters so far.
    pub(super) const fn chars(self) -> usize {
        self.chars
    }

    /// Number of the word that `hit`, which begins here, touches first.
    pub(super) fn first_word(self, hit: &str) -> usize {
        let mut letters = hit.chars().filter(|&c| !is_hidden(c));
        let first = letters.next().filter(|&c| is_word_by_itself(c) || is_letter(c));
        let Some(first) = first else {
            // It touches the word before it, and whoever goes on with a run stands in that.
            let touches = self.token != Token::None || self.run > 0;
            return self.words.saturating_sub(usize::from(touches));
        };
        let mut here = self.after(first);
        // Whether a letter stands alone, its neighbour tells.
        if let Some(next) = letters.next().filter(|_| here.token != Token::None) {
            here =
                if is_letter(next) && !is_word_by_itself(next) { here.after(next) } else { here };
        }
        here.words.saturating_sub(1)
    }

    /// Number of the last word before here.
    pub(super) const fn last_word(self) -> usize {
        self.words.saturating_sub(1)
    }

    /// Whether a window that begins at word `first` and with so many characters before it cannot reach anything
    /// from here on.
    pub(super) const fn is_past(self, (first, chars): (usize, usize), window: Within) -> bool {
        match window {
            // What comes next may be part of the word that is counted already.
            Within::Words(words) => self.words > first + words,
            Within::Chars(most) => self.chars > chars + most,
        }
    }

    /// The count after a whole piece of text.
    pub(super) fn after_text(mut self, text: &str) -> Self {
        let mut rest = text;
        while !rest.is_empty() {
            let ahead = rest.as_bytes().get(..PIECE).unwrap_or(rest.as_bytes());
            let ascii = if ahead.is_ascii() { ahead.len() } else { leading_ascii(ahead) };
            let (piece, behind) = rest.split_at_checked(ascii).unwrap_or((rest, ""));
            if piece.len() < SHORT || !self.take_simple(piece.as_bytes()) {
                self.take_ascii_text(piece.as_bytes());
            }
            rest = self.take_others(behind);
        }
        self
    }

    /// The count after one more character.
    fn after(mut self, c: char) -> Self {
        self.take(c);
        self
    }

    /// Counts the characters up to the next ASCII one, and gives back what follows.
    fn take_others<'t>(&mut self, text: &'t str) -> &'t str {
        let (bytes, mut at) = (text.as_bytes(), 0);
        while let Some(&byte) = bytes.get(at).filter(|byte| !byte.is_ascii()) {
            if is_common_han(byte) {
                let start = at;
                while bytes.get(at).copied().is_some_and(is_common_han) {
                    at += 3;
                }
                self.take_words((at - start) / 3);
                continue;
            }
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            self.take(c);
            at += c.len_utf8();
        }
        text.get(at..).unwrap_or_default()
    }

    fn take(&mut self, c: char) {
        if let Some(byte) = u8::try_from(c).ok().filter(u8::is_ascii) {
            self.take_ascii(byte);
        } else if is_word_by_itself(c) {
            self.take_words(1);
        } else if is_letter(c) {
            self.take_letter(c.is_alphabetic());
        } else if is_hidden(c) {
            self.chars += 1;
        } else {
            self.take_gap();
        }
    }

    fn take_ascii(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.take_letter(byte.is_ascii_alphabetic());
        } else if is_hidden_ascii(byte) {
            self.chars += 1;
        } else {
            self.take_gap();
        }
    }

    fn take_ascii_text(&mut self, text: &[u8]) {
        for &byte in text {
            self.take_ascii(byte);
        }
    }

    /// Characters that are words.
    fn take_words(&mut self, count: usize) {
        *self = Self { words: self.words + count, chars: self.chars + count, ..Self::default() };
    }

    /// A letter, or a digit, which is none that stands alone.
    fn take_letter(&mut self, single: bool) {
        self.chars += 1;
        match self.token {
            Token::None => {
                let near = self.gap <= LONGEST_GAP && (1..LONGEST_RUN).contains(&self.run);
                self.waits = single && near;
                self.words += usize::from(!self.waits);
                self.token = if single { Token::Letter } else { Token::Word };
            }
            Token::Letter => {
                self.words += usize::from(self.waits);
                (self.token, self.waits) = (Token::Word, false);
            }
            Token::Word => {}
        }
    }

    fn take_gap(&mut self) {
        self.chars += 1;
        match self.token {
            Token::None => self.gap = self.gap.saturating_add(1),
            Token::Letter => (self.run, self.gap) = (if self.waits { self.run + 1 } else { 1 }, 1),
            Token::Word => (self.run, self.gap) = (0, 1),
        }
        (self.token, self.waits) = (Token::None, false);
    }

    /// Counts a piece of ASCII text in which there are no single letters near each other and no hidden characters.
    /// Between the first and the last word of more than one letter, it is the beginnings of words that count. False,
    /// and nothing counted, where it is not of that sort.
    fn take_simple(&mut self, piece: &[u8]) -> bool {
        let is_pair = |pair: &[u8]| pair.iter().all(u8::is_ascii_alphanumeric);
        let ends = piece.windows(2).position(is_pair).zip(piece.windows(2).rposition(is_pair));
        let parts = ends.filter(|_| is_simple(piece)).and_then(|(first, last)| {
            let (head, rest) = piece.split_at_checked(first + 2)?;
            Some((head, rest.split_at_checked(last.checked_sub(first)?)?))
        });
        let Some((head, (middle, tail))) = parts else { return false };
        self.take_ascii_text(head);
        self.words += beginnings(middle);
        self.chars += middle.len();
        self.take_ascii_text(tail);
        true
    }
}

fn leading_ascii(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii()).count()
}

/// The words that begin in a piece of text that stands behind a letter.
fn beginnings(piece: &[u8]) -> usize {
    let pairs = piece.iter().zip(piece.get(1..).unwrap_or_default());
    // At most every other byte of a piece begins a word, so they are summed up in bytes, which become vectors.
    usize::from(pairs.map(|(&a, &b)| letter(b) & !letter(a)).fold(0_u8, u8::wrapping_add))
}

/// Whether a piece of ASCII text has no hidden characters, and no two single letters or digits near each other.
fn is_simple(piece: &[u8]) -> bool {
    let hidden = piece.iter().fold(0, |found, &byte| found | u8::from(is_hidden_ascii(byte)));
    hidden == 0 && !has_near_singles(piece)
}

/// Whether two single letters or digits stand near each other in a piece. In arrays, which the compiler makes
/// vectors of.
fn has_near_singles(piece: &[u8]) -> bool {
    let mut letters = [0_u8; PIECE + 2];
    let mut singles = [0_u8; PIECE];
    // Slices, since vectors are not made of iterators that skip.
    for (here, byte) in letters.get_mut(1..).unwrap_or_default().iter_mut().zip(piece) {
        *here = letter(*byte);
    }
    let from = |by: usize| letters.get(by..).unwrap_or_default();
    let neighbours = letters.iter().zip(from(1)).zip(from(2));
    for (single, ((before, here), behind)) in singles.iter_mut().zip(neighbours) {
        *single = here & !before & !behind;
    }
    let apart = |by: usize| {
        let others = singles.get(by..).unwrap_or_default();
        singles.iter().zip(others).fold(0, |found, (a, b)| found | a & b)
    };
    (2..=AROUND).fold(0, |found, by| found | apart(by)) != 0
}

fn letter(byte: u8) -> u8 {
    u8::from(byte.is_ascii_alphanumeric())
}

/// A character that is part of the one before it. The marks of ordinary text need not be looked up.
fn is_hidden(c: char) -> bool {
    let shows = matches!(c, ' '..='~' | '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3029}' | '\u{ff01}'..='\u{ff20}');
    !shows && is_attached(c)
}

const fn is_hidden_ascii(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t' && byte != b'\n' && byte != b'\r') || byte == 0x7f
}

/// Whether U+5000 to U+9FFF begin with this byte, each of which is a word of three bytes.
const fn is_common_han(byte: u8) -> bool {
    matches!(byte, 0xe5..=0xe9)
}

/// A letter or digit. Punctuation is told apart first, because the tables of all characters are slow.
fn is_letter(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric(),
        '\u{2000}'..='\u{206f}'
        | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}'
        | '\u{ff00}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' => false,
        _ => c.is_alphanumeric(),
    }
}

/// Scripts without spaces between words: each character counts as a word.
fn is_word_by_itself(c: char) -> bool {
    match c {
        // All of these are letters; the other ranges have signs among them.
        '\u{4e00}'..='\u{9fff}' => true,
        '\u{2e80}'..='\u{4dff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            is_letter(c)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> usize {
        Count::default().after_text(text).words
    }

    #[test]
    fn a_chinese_character_counts_as_a_word() {
        assert_eq!(words("make a bomb"), 3);
        assert_eq!(words("制造炸弹，ok"), 5);
        assert_eq!(words("制 造"), 2);
    }

    #[test]
    fn letters_that_stand_alone_one_after_the_other_count_as_one_word() {
        for (text, count) in [
            ("b o m b", 1),
            ("make one b.o.m.b now", 4),
            ("make a b o m b", 2),
            ("b o m b s are", 2),
            ("a ..... b", 2),
            ("4 5 6", 3),
            ("b\u{200b}o\u{301} m b", 2),
            ("m\u{200b}a\x01k\u{301}e", 1),
            ("x 制 x", 3),
        ] {
            assert_eq!(words(text), count, "{text:?}");
        }
        assert_eq!(words(&"a ".repeat(100)), 7);
    }

    #[test]
    fn a_word_behind_single_letters_is_the_next_word() {
        let count = Count::default().after_text("make a ");
        assert_eq!(count.first_word("bomb"), 2);
        assert_eq!(count.first_word("b o m b"), 1);
        assert_eq!(Count::default().after_text("make ").first_word("a"), 1);
    }

    proptest! {
        #[test]
        fn counting_in_pieces_is_counting_the_whole(
            words in prop::collection::vec("[a-z]{1,5}|a|4|三四|[ab]\u{301}|\x01|\u{200b}|x\\.y", 0..60),
            gap in " {1,6}|, ",
            cuts in prop::collection::vec(0_usize..400, 0..4),
        ) {
            let text = words.join(&gap);
            let whole = text.chars().fold(Count::default(), Count::after);
            let mut pieces = Count::default();
            for piece in crate::engine::testing::split(&text, &cuts) {
                pieces = pieces.after_text(piece);
            }
            prop_assert_eq!(pieces, whole);
        }

        #[test]
        fn words_are_numbered_in_the_order_of_the_text(
            words in prop::collection::vec("[a-z]{1,3}|a|b|4|三|\u{301}|\\.|-", 0..20),
            gap in " {0,2}",
        ) {
            let text = words.join(&gap);
            let (mut count, mut last) = (Count::default(), 0);
            for (at, c) in text.char_indices() {
                let here = count.first_word(&text[at..]);
                prop_assert!(here >= last, "{:?} at {}", text, at);
                prop_assert!(here + 1 >= count.words);
                last = here;
                count = count.after(c);
            }
        }
    }
}
