//! Syllables of Han characters, and the private characters by which one spelling of a syllable is compared.
//!
//! Readings are those of the Unicode Han database (`kMandarin` and its kin), as the crate `pinyin` has them.

use std::sync::LazyLock;

use pinyin::{ToPinyin as _, ToPinyinMulti as _};

/// The private character of the first syllable (supplementary private use area A); the others follow.
const FIRST: u32 = 0xf_0000;
/// The most Han characters of a term of which each may be replaced by its syllable or not; in longer ones all or a row are.
const MOST_MIXED: usize = 5;
/// The most variants of one term.
const MOST_VARIANTS: usize = 96;

/// All syllables.
static SYLLABLES: LazyLock<Syllables> = LazyLock::new(|| {
    let characters = ('\u{4e00}'..='\u{9fff}').filter_map(|c| c.to_pinyin_multi());
    let mut all: Vec<String> = characters
        .flat_map(|readings| readings.into_iter().map(|reading| plain(reading.plain())))
        .filter(|syllable| is_syllable(syllable))
        .collect();
    all.sort_unstable();
    all.dedup();
    let mut syllables = Syllables { next: vec![[0; LETTERS]], codes: vec![None] };
    for (syllable, code) in all.iter().zip((FIRST..).filter_map(char::from_u32)) {
        syllables.add(syllable.as_bytes(), code);
    }
    syllables
});

/// The letters of the alphabet.
const LETTERS: usize = 26;

/// Every syllable, in plain letters with `v` for `ü`, letter by letter: what does not begin one ends early.
#[derive(Debug)]
struct Syllables {
    /// For each beginning the beginning that a letter makes of it, 0 where that begins no syllable. The first is empty.
    next: Vec<[u16; LETTERS]>,
    /// For each beginning the private character, if it is a syllable.
    codes: Vec<Option<char>>,
}

impl Syllables {
    fn add(&mut self, syllable: &[u8], code: char) {
        let mut at = 0;
        for letter in syllable {
            let new = self.next.len();
            let row = self.next.get_mut(at);
            let Some(slot) = row.and_then(|row| row.get_mut(usize::from(letter - b'a'))) else {
                return;
            };
            if *slot == 0 {
                *slot = u16::try_from(new).unwrap_or_default();
                self.next.push([0; LETTERS]);
                self.codes.push(None);
                at = new;
            } else {
                at = usize::from(*slot);
            }
        }
        if let Some(slot) = self.codes.get_mut(at) {
            *slot = Some(code);
        }
    }
}

/// What may become a syllable, letter by letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    all: &'static Syllables,
    at: u16,
}

impl Beginning {
    /// Before the first letter.
    pub(super) fn new() -> Self {
        Self { all: &SYLLABLES, at: 0 }
    }

    /// With one small letter more; `None` where no syllable begins so.
    pub(super) fn with(self, letter: u8) -> Option<Self> {
        let row = self.all.next.get(usize::from(self.at))?;
        let at = *row.get(usize::from(letter.wrapping_sub(b'a')))?;
        (at != 0).then_some(Self { at, ..self })
    }

    /// The private character of the syllable, if it is one.
    pub(super) fn code(self) -> Option<char> {
        self.all.codes.get(usize::from(self.at)).copied().flatten()
    }
}

fn plain(reading: &str) -> String {
    reading.replace('ü', "v")
}

/// Whether it has a vowel: the database has `m` and `ng` too.
fn is_syllable(letters: &str) -> bool {
    letters.bytes().all(|letter| letter.is_ascii_lowercase())
        && letters.bytes().any(|letter| b"aeiouv".contains(&letter))
}

/// The private character of a syllable in plain letters.
pub(super) fn code(syllable: &str) -> Option<char> {
    syllable.bytes().try_fold(Beginning::new(), Beginning::with)?.code()
}

/// Whether a character is a Han character with a reading.
pub(super) fn is_spoken(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}') && c.to_pinyin().is_some()
}

/// The private characters of the readings of a character, the most usual first.
fn codes(c: char) -> Vec<char> {
    let mut codes = Vec::new();
    for reading in c.to_pinyin_multi().into_iter().flatten() {
        codes.extend(code(&plain(reading.plain())).filter(|code| !codes.contains(code)));
    }
    codes
}

/// A normalised term of two Han characters and more, with some or all of them as syllables.
pub(super) fn variants(term: &str) -> Vec<String> {
    let term: Vec<char> = term.chars().collect();
    let readings: Vec<Vec<char>> = term.iter().map(|&c| codes(c)).collect();
    let spoken = readings.iter().filter(|codes| !codes.is_empty()).count();
    if spoken < 2 {
        return Vec::new();
    }
    let ways = |most: usize| -> usize {
        readings
            .iter()
            .map(|codes| 1 + codes.len().min(most))
            .try_fold(1_usize, usize::checked_mul)
            .unwrap_or(usize::MAX)
    };
    if spoken > MOST_MIXED {
        return in_rows(&term, &readings);
    }
    let readings_of_each = if ways(2) <= MOST_VARIANTS { 2 } else { 1 };
    let mut variants = vec![String::new()];
    for (c, codes) in term.iter().zip(&readings) {
        let choices: Vec<char> =
            std::iter::once(*c).chain(codes.iter().take(readings_of_each).copied()).collect();
        let longer = |variant: String| {
            choices.iter().map(move |c| format!("{variant}{c}")).collect::<Vec<_>>()
        };
        variants = variants.into_iter().flat_map(longer).collect();
    }
    // The first is the term itself.
    variants.drain(..1);
    variants
}

/// Each row of characters as syllables, and the others as they are.
fn in_rows(term: &[char], readings: &[Vec<char>]) -> Vec<String> {
    let mut variants = Vec::new();
    for start in 0..term.len() {
        for end in start + 1..=term.len() {
            let one = |(at, c): (usize, &char)| {
                let code = readings.get(at).and_then(|codes| codes.first());
                *code.filter(|_| (start..end).contains(&at)).unwrap_or(c)
            };
            variants.push(term.iter().enumerate().map(one).collect());
        }
    }
    variants.truncate(MOST_VARIANTS);
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_has_each_mixture_of_characters_and_syllables() {
        let (zhi, zao) = (code("zhi").unwrap(), code("zao").unwrap());
        let variants = variants("制造");
        for wanted in [format!("{zhi}造"), format!("制{zao}"), format!("{zhi}{zao}")] {
            assert!(variants.contains(&wanted), "{variants:?}");
        }
        assert!(!variants.contains(&"制造".to_owned()));
        assert!(super::variants("弹").is_empty() && super::variants("bomb").is_empty());
        assert_eq!(super::variants("怎么制造炸弹").len(), 21);
        assert!(super::variants("重行重行重").len() <= MOST_VARIANTS);
    }

    #[test]
    fn syllables_are_known_by_their_plain_letters() {
        assert!(
            ["zhuang", "lv", "nv", "er", "a", "xian"].into_iter().all(|one| code(one).is_some())
        );
        assert!(["ng", "m", "the", "lü", ""].into_iter().all(|one| code(one).is_none()));
        assert!(is_spoken('炸') && !is_spoken('の') && !is_spoken('a'));
    }
}
