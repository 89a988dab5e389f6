//! The decoder `pinyin`: words that are syllables of Chinese, each as the private character of its syllable, in Latin letters
//! or in zhuyin.
//!
//! Terms have variants with the same characters. Tones are left out, whether they are marks or digits, and so is what
//! sets syllables apart from each other and from Han characters.

use super::super::pinyin::{Beginning, is_spoken};
use super::super::reading::Reading;
use super::super::zhuyin;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const PINYIN: DecoderDef = DecoderDef {
    name: ViewName("pinyin"),
    switch: "pinyin",
    again: false,
    summary: "syllables of Chinese terms in pinyin or zhuyin, with or without tones, alone or among characters (lists that say `also: [pinyin]`)",
    reads: Reads::Width,
    applies,
    build,
    open_from,
};

/// The longest word in bytes that can be syllables.
const LONGEST_WORD: usize = 64;
/// The most characters that may stand between two syllables.
const LONGEST_GAP: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Latin letters and what marks their tones.
    Word,
    Zhuyin,
    /// A character that may have a reading.
    Han,
    Gap,
    Other,
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='5' => Kind::Word,
        ' ' | '-' | '\'' | '’' | '·' | '.' | '_' | '\u{3000}' => Kind::Gap,
        '\0'..='\x7f' => Kind::Other,
        '\u{3400}'..='\u{9fff}' => Kind::Han,
        _ if letter(c).is_some() || is_tone(c) => Kind::Word,
        _ if zhuyin::is_part(c) => Kind::Zhuyin,
        _ => Kind::Other,
    }
}

/// The plain letter that a letter is, with `v` for `ü`.
fn letter(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' | 'A'..='Z' => u8::try_from(c).ok()?.to_ascii_lowercase(),
        'ā' | 'á' | 'ǎ' | 'à' | 'Ā' | 'Á' | 'Ǎ' | 'À' => b'a',
        'ē' | 'é' | 'ě' | 'è' | 'Ē' | 'É' | 'Ě' | 'È' | 'ê' => b'e',
        'ī' | 'í' | 'ǐ' | 'ì' => b'i',
        'ō' | 'ó' | 'ǒ' | 'ò' | 'Ō' | 'Ó' | 'Ǒ' | 'Ò' => b'o',
        'ū' | 'ú' | 'ǔ' | 'ù' => b'u',
        'ü' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' | 'Ü' => b'v',
        _ => return None,
    })
}

/// Marks of tones that stand behind their letter.
const fn is_tone(c: char) -> bool {
    matches!(c, '\u{300}' | '\u{301}' | '\u{304}' | '\u{30c}')
}

/// A stretch of the text of one kind. Each syllable of zhuyin is one, and each of its letters that is part of none.
#[derive(Clone, Copy, Debug)]
struct Token {
    at: Span,
    kind: Kind,
    /// The syllable in zhuyin.
    code: Option<char>,
}

/// The token that begins at `start`; none at the end.
fn token(text: &str, start: usize) -> Option<Token> {
    let rest = text.get(start..)?;
    let kind_here = kind(rest.chars().next()?);
    let (length, code) = if kind_here == Kind::Zhuyin {
        let first = rest.chars().next().map_or(0, char::len_utf8);
        zhuyin::syllable(rest).map_or((first, None), |(code, length)| (length, Some(code)))
    } else {
        let other = rest.char_indices().find(|&(_, c)| kind(c) != kind_here);
        (other.map_or(rest.len(), |(at, _)| at), None)
    };
    Some(Token { at: Span::new(start, start + length), kind: kind_here, code })
}

/// What of a word counts where it is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Symbol {
    Letter(u8),
    Digit,
    Mark,
    #[default]
    End,
}

/// A word that is nothing but syllables.
#[derive(Clone, Copy, Debug)]
struct Syllables {
    symbols: [Symbol; LONGEST_WORD + 1],
    /// Where each symbol begins in the word, and where the last one ends.
    starts: [u8; LONGEST_WORD + 1],
    /// The places at which a syllable may end so that the rest is syllables too, a bit each.
    ends: u128,
    count: usize,
}

impl Syllables {
    /// Splits a word; none where it cannot be split.
    fn of(word: &str) -> Option<Self> {
        if word.len() > LONGEST_WORD || !may_begin(word) {
            return None;
        }
        let mut split = Self {
            symbols: [Symbol::End; LONGEST_WORD + 1],
            starts: [0; LONGEST_WORD + 1],
            ends: 0,
            count: 0,
        };
        let slots = split.symbols.iter_mut().zip(&mut split.starts);
        for ((symbol, start), (at, c)) in slots.zip(word.char_indices()) {
            *start = u8::try_from(at).unwrap_or(u8::MAX);
            *symbol = letter(c).map_or_else(
                || if is_tone(c) { Symbol::Mark } else { Symbol::Digit },
                Symbol::Letter,
            );
            split.count += 1;
        }
        *split.starts.get_mut(split.count)? = u8::try_from(word.len()).ok()?;
        // Forwards, since most words stop at their first letters.
        let mut reached = 1_u128;
        for at in 0..split.count {
            if reached >> at == 0 {
                return None;
            }
            if reached >> at & 1 == 1 {
                split.each_from(at, |end, _| reached |= 1 << end);
            }
        }
        if reached >> split.count & 1 == 0 {
            return None;
        }
        split.ends = 1 << split.count;
        for at in (1..split.count).rev() {
            let mut fits = false;
            split.each_from(at, |end, _| fits |= split.ends >> end & 1 == 1);
            split.ends |= u128::from(fits) << at;
        }
        Some(split)
    }

    /// Tells each syllable that begins at a place: where it ends, and its private character.
    fn each_from(&self, start: usize, mut tell: impl FnMut(usize, char)) {
        let mut syllable = Beginning::new();
        for (at, symbol) in self.symbols.iter().enumerate().skip(start) {
            match *symbol {
                Symbol::Letter(letter) => match syllable.with(letter) {
                    Some(longer) => syllable = longer,
                    None => return,
                },
                // A tone is the tone of a letter.
                Symbol::Mark if at > start => {}
                Symbol::Mark | Symbol::Digit | Symbol::End => return,
            }
            let next = self.symbols.get(at + 1).copied().unwrap_or_default();
            let end = at + 1 + usize::from(next == Symbol::Digit);
            if let Some(code) = syllable.code().filter(|_| next != Symbol::Mark) {
                tell(end, code);
            }
        }
    }

    /// The syllables with their places in the word, the longest first where there is a choice.
    fn iter(&self) -> impl Iterator<Item = (char, Span)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut longest = None;
            self.each_from(at, |end, code| {
                if self.ends >> end & 1 == 1 {
                    longest = Some((end, code));
                }
            });
            let (end, code) = longest?;
            let place = |symbol: usize| self.starts.get(symbol).copied().map(usize::from);
            let span = Span::new(place(at)?, place(end)?);
            at = end;
            Some((code, span))
        })
    }
}

/// Whether the first two bytes of a word may begin syllables, for what stands in ASCII.
fn may_begin(word: &str) -> bool {
    let &[first, second, ..] = word.as_bytes() else { return true };
    if !first.is_ascii() || !second.is_ascii_alphabetic() {
        return !first.is_ascii_digit();
    }
    let one = Beginning::new().with(first.to_ascii_lowercase());
    one.is_some_and(|one| one.code().is_some() || one.with(second.to_ascii_lowercase()).is_some())
}

fn applies(input: &Reading) -> bool {
    let text = input.as_str();
    let mut at = 0;
    while let Some(token) = token(text, at) {
        at = token.at.end;
        let is_syllables = match token.kind {
            Kind::Word => Syllables::of(text.get(token.at.range()).unwrap_or_default()).is_some(),
            Kind::Zhuyin | Kind::Han | Kind::Gap | Kind::Other => token.code.is_some(),
        };
        if is_syllables {
            return true;
        }
    }
    false
}

/// How what stands beside a gap sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    None,
    /// That of a Han character, told only when it is asked for.
    Han(Option<char>),
    Syllable,
}

impl Sound {
    fn is_sound(self) -> bool {
        match self {
            Self::None => false,
            Self::Han(c) => c.is_some_and(is_spoken),
            Self::Syllable => true,
        }
    }

    /// Whether the gap between these is left out.
    fn joins(self, behind: Self) -> bool {
        (self == Self::Syllable || behind == Self::Syllable) && self.is_sound() && behind.is_sound()
    }
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    // Up to here the text is written, and up to `at` it is read.
    let (mut written, mut at) = (0, 0);
    let (mut before, mut gap) = (Sound::None, None::<Span>);
    while let Some(token) = token(text, at) {
        at = token.at.end;
        let stretch = text.get(token.at.range()).unwrap_or_default();
        if token.kind == Kind::Gap {
            gap = Some(token.at);
            continue;
        }
        let word = if token.kind == Kind::Word { Syllables::of(stretch) } else { None };
        let sound = |c| match token.kind {
            Kind::Han => Sound::Han(c),
            Kind::Word if word.is_some() => Sound::Syllable,
            Kind::Zhuyin if token.code.is_some() => Sound::Syllable,
            Kind::Word | Kind::Zhuyin | Kind::Gap | Kind::Other => Sound::None,
        };
        let here = sound(stretch.chars().next());
        let between = gap.take();
        // A gap that is left out belongs to neither side: it may be the one behind a term.
        if let Some(gap) = between.filter(|gap| is_short(text, *gap) && before.joins(here)) {
            out.append(input, written..gap.start);
            written = gap.end;
        }
        before = sound(stretch.chars().next_back());
        if here != Sound::Syllable {
            continue;
        }
        out.append(input, written..token.at.start);
        written = token.at.end;
        let from = token.at.start;
        for (code, span) in word.iter().flat_map(Syllables::iter) {
            out.push(code, input.raw_span(from + span.start, from + span.end));
        }
        if let Some(code) = token.code {
            out.push(code, input.raw_span(from, token.at.end));
        }
    }
    out.append(input, written..text.len());
}

fn is_short(text: &str, gap: Span) -> bool {
    text.get(gap.range()).is_some_and(|gap| gap.chars().count() <= LONGEST_GAP)
}

/// The last word or the last syllable in zhuyin, while it may grow, and the gap at the end, while a syllable may follow.
fn open_from(text: &str) -> usize {
    let mut kinds = text.char_indices().rev().map(|(at, c)| (at, kind(c))).peekable();
    let mut open = text.len();
    let mut gap = 0;
    while let Some(&(at, Kind::Gap)) = kinds.peek() {
        (open, gap) = (at, gap + 1);
        kinds.next();
    }
    if gap > 0 {
        let sound =
            |&(_, kind): &(usize, Kind)| matches!(kind, Kind::Word | Kind::Zhuyin | Kind::Han);
        return if gap <= LONGEST_GAP && kinds.peek().is_some_and(sound) {
            open
        } else {
            text.len()
        };
    }
    let last = kinds.peek().map(|&(_, kind)| kind);
    let mut letters = 0;
    while let Some(&(at, kind)) = kinds.peek()
        && matches!(kind, Kind::Word | Kind::Zhuyin)
        && Some(kind) == last
    {
        (open, letters) = (at, letters + 1);
        // What stands so far back is a syllable already, or none.
        if kind == Kind::Zhuyin && letters == zhuyin::LONGEST {
            return open;
        }
        if text.len() - at > LONGEST_WORD {
            return text.len();
        }
        kinds.next();
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
    fn zhuyin_is_read_like_pinyin() {
        let bomb = codes(&["zha", "dan"]);
        for text in
            ["ㄓㄚˋㄉㄢˋ", "ㄓㄚㄉㄢ", "ㄓㄚˋ ㄉㄢˋ", "˙ㄓㄚ˙ㄉㄢ", "ㄓㄚˋdan", "ㄓㄚˋ dan4"]
        {
            assert_eq!(decoded_by("pinyin", text), bomb, "{text}");
        }
        assert_eq!(decoded_by("pinyin", "炸 ㄉㄢˋ了"), format!("炸{}了", codes(&["dan"])));
        assert_eq!(decoded_by("pinyin", "ㄉㄓㄚˋㄉㄢˋ"), format!("ㄉ{bomb}"));
    }

    #[test]
    fn other_words_stay() {
        for text in ["bomb", "zhadanx", "制造 炸弹", "a1b2", "", "the end.", "ㄅㄅ ㄏㄏ 我ㄉ書"]
        {
            assert_eq!(decoded_by("pinyin", text), text);
        }
    }
}
