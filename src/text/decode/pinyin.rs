//! The decoder `pinyin`: words that are syllables of Chinese, each as the private character of its syllable.
//!
//! Terms have variants with the same characters. Tones are left out, whether they are marks or digits, and so is what
//! sets syllables apart from each other and from Han characters.

use super::super::pinyin::{LONGEST_SYLLABLE, code, is_spoken};
use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const PINYIN: DecoderDef = DecoderDef {
    name: ViewName("pinyin"),
    switch: "pinyin",
    again: false,
    summary: "syllables of Chinese terms, with or without tones, alone or among characters (lists that say `also: [pinyin]`)",
    reads: Reads::Text,
    applies: |input| !tokens(input.as_str(), 0).iter().all(|token| token.syllables.is_empty()),
    build,
    open_from,
};

/// The longest word in bytes that can be syllables.
const LONGEST_WORD: usize = 64;
/// The most characters that may stand between two syllables.
const LONGEST_GAP: usize = 2;

/// A stretch of the text of one kind.
#[derive(Debug)]
struct Token {
    at: Span,
    kind: Kind,
    /// The syllables that a word is; none where it is no such word.
    syllables: Vec<(char, Span)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Han,
    Gap,
    Other,
}

impl Token {
    fn is_sound(&self) -> bool {
        self.kind == Kind::Han || !self.syllables.is_empty()
    }
}

fn kind(c: char) -> Kind {
    match c {
        _ if letter(c).is_some() || matches!(c, '0'..='5') || is_tone(c) => Kind::Word,
        _ if is_spoken(c) => Kind::Han,
        ' ' | '-' | '\'' | '’' | '·' | '.' | '_' | '\u{3000}' => Kind::Gap,
        _ => Kind::Other,
    }
}

/// The plain letter that a letter is, with `v` for `ü`.
fn letter(c: char) -> Option<char> {
    Some(match c {
        'a'..='z' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        'ā' | 'á' | 'ǎ' | 'à' | 'Ā' | 'Á' | 'Ǎ' | 'À' => 'a',
        'ē' | 'é' | 'ě' | 'è' | 'Ē' | 'É' | 'Ě' | 'È' | 'ê' => 'e',
        'ī' | 'í' | 'ǐ' | 'ì' => 'i',
        'ō' | 'ó' | 'ǒ' | 'ò' | 'Ō' | 'Ó' | 'Ǒ' | 'Ò' => 'o',
        'ū' | 'ú' | 'ǔ' | 'ù' => 'u',
        'ü' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' | 'Ü' => 'v',
        _ => return None,
    })
}

/// Marks of tones that stand behind their letter.
const fn is_tone(c: char) -> bool {
    matches!(c, '\u{300}' | '\u{301}' | '\u{304}' | '\u{30c}')
}

fn tokens(text: &str, from: usize) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (at, c) in text.get(from..).unwrap_or_default().char_indices() {
        let (at, kind) = (from + at, kind(c));
        let end = at + c.len_utf8();
        match tokens.last_mut() {
            Some(last) if last.kind == kind => last.at.end = end,
            _ => tokens.push(Token { at: Span::new(at, end), kind, syllables: Vec::new() }),
        }
    }
    for token in tokens.iter_mut().filter(|token| token.kind == Kind::Word) {
        let word = text.get(token.at.range()).unwrap_or_default();
        if word.len() <= LONGEST_WORD {
            let mut letters: Vec<(char, Span)> = Vec::new();
            for (at, c) in word.char_indices() {
                let start = token.at.start + at;
                letters.push((letter(c).unwrap_or(c), Span::new(start, start + c.len_utf8())));
            }
            token.syllables = split(&letters).unwrap_or_default();
        }
    }
    tokens
}

/// The syllables that make up a word, the longest first where there is a choice.
fn split(letters: &[(char, Span)]) -> Option<Vec<(char, Span)>> {
    // What is behind each place as syllables, from the last place on.
    let mut behind: Vec<Option<(usize, char)>> = vec![None; letters.len() + 1];
    let fits = |behind: &[Option<(usize, char)>], end: usize| {
        end == letters.len() || behind.get(end).is_some_and(Option::is_some)
    };
    for start in (0..letters.len()).rev() {
        let mut syllable = String::new();
        let mut end = start;
        while let Some(&(c, _)) = letters.get(end) {
            let is_letter = c.is_ascii_lowercase();
            if !is_letter && !is_tone(c) || syllable.len() > LONGEST_SYLLABLE {
                break;
            }
            if is_letter {
                syllable.push(c);
            }
            end += 1;
            let tone = letters.get(end).is_some_and(|(c, _)| c.is_ascii_digit());
            let marked = letters.get(end).is_some_and(|&(c, _)| is_tone(c));
            let after = end + usize::from(tone);
            if let Some(code) = code(&syllable).filter(|_| !marked && fits(&behind, after))
                && let Some(slot) = behind.get_mut(start)
            {
                *slot = Some((after, code));
            }
        }
    }
    let (mut at, mut syllables) = (0, Vec::new());
    while at < letters.len() {
        let (end, code) = behind.get(at).copied().flatten()?;
        let (first, last) = (letters.get(at)?.1, letters.get(end.checked_sub(1)?)?.1);
        syllables.push((code, Span::new(first.start, last.end)));
        at = end;
    }
    Some(syllables)
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let tokens = tokens(input.as_str(), 0);
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let sides = before.zip(tokens.get(index + 1));
        let between = sides.is_some_and(|(before, behind)| {
            let spoken = !before.syllables.is_empty() || !behind.syllables.is_empty();
            spoken && before.is_sound() && behind.is_sound()
        });
        // A gap that is left out belongs to neither side: it may be the one behind a term.
        let left_out = token.kind == Kind::Gap && between && is_short(input.as_str(), token);
        if !left_out && token.syllables.is_empty() {
            out.append(input, token.at.range());
        }
        for &(code, span) in &token.syllables {
            out.push(code, input.raw_span(span.start, span.end));
        }
    }
}

fn is_short(text: &str, gap: &Token) -> bool {
    text.get(gap.at.range()).is_some_and(|gap| gap.chars().count() <= LONGEST_GAP)
}

/// The last word, while it may grow, and the gap at the end, while a syllable may follow.
fn open_from(input: &Reading) -> usize {
    let text = input.as_str();
    let mut kinds = text.char_indices().rev().map(|(at, c)| (at, kind(c))).peekable();
    let mut open = text.len();
    let mut gap = 0;
    while let Some(&(at, Kind::Gap)) = kinds.peek() {
        (open, gap) = (at, gap + 1);
        kinds.next();
    }
    if gap > 0 {
        let is_sound = kinds.peek().is_some_and(|(_, kind)| matches!(kind, Kind::Word | Kind::Han));
        return if gap <= LONGEST_GAP && is_sound { open } else { text.len() };
    }
    while let Some((at, Kind::Word)) = kinds.next() {
        open = at;
        if text.len() - at > LONGEST_WORD {
            return text.len();
        }
    }
    if open == text.len() {
        return open;
    }
    // The gap before the word stays or goes with what the word becomes.
    let before = text.get(..open).unwrap_or_default();
    before.len()
        - before
            .chars()
            .rev()
            .take(LONGEST_GAP)
            .take_while(|&c| kind(c) == Kind::Gap)
            .map(char::len_utf8)
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::super::super::pinyin::code;
    use super::super::tests::decoded_by;

    fn codes(syllables: &[&str]) -> String {
        syllables.iter().map(|one| code(one).unwrap()).collect()
    }

    #[test]
    fn syllables_are_read_with_and_without_tones_and_gaps() {
        let bomb = codes(&["zha", "dan"]);
        for text in [
            "zhadan",
            "zha dan",
            "Zha-Dan",
            "zhàdàn",
            "zha4dan4",
            "zha4 dan4",
            "zha\u{300}dan",
            "ZHA'DAN",
        ] {
            assert_eq!(decoded_by("pinyin", text), bomb, "{text}");
        }
        assert_eq!(
            decoded_by("pinyin", "制zao炸dan"),
            format!("制{}炸{}", codes(&["zao"]), codes(&["dan"]))
        );
        assert_eq!(decoded_by("pinyin", "lǜse, lvse"), format!("{0}, {0}", codes(&["lv", "se"])));
        assert_eq!(decoded_by("pinyin", "制 zao 了"), format!("制{}了", codes(&["zao"])));
    }

    #[test]
    fn other_words_stay() {
        for text in ["bomb", "zhadanx", "制造 炸弹", "a1b2", "", "the end."] {
            assert_eq!(decoded_by("pinyin", text), text);
        }
    }
}
