//! Zhuyin (bopomofo): the syllables of [`super::pinyin`] in letters of their own.
//!
//! A syllable is an initial, a medial and a rime, each of which may be wanting, and the mark of its tone. Spelling is that of
//! ISO 7098.

use super::pinyin::Beginning;

/// The most characters of a syllable: the light tone before it, three letters, and a tone behind them.
pub(super) const LONGEST: usize = 5;

/// A letter by what it is in a syllable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Initial(Onset, &'static str),
    Medial(char),
    /// What it is alone or behind an initial.
    Rime(&'static str),
}

/// What may follow an initial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Onset {
    /// Any medial.
    Plain,
    /// ㄧ or ㄩ only, and one of them always.
    Palatal,
    /// Not ㄧ or ㄩ; alone it is a syllable.
    Sibilant,
}

fn letter(c: char) -> Option<Letter> {
    use Letter::{Initial, Medial, Rime};
    use Onset::{Palatal, Plain, Sibilant};
    Some(match c {
        'ㄅ' => Initial(Plain, "b"),
        'ㄆ' => Initial(Plain, "p"),
        'ㄇ' => Initial(Plain, "m"),
        'ㄈ' => Initial(Plain, "f"),
        'ㄉ' => Initial(Plain, "d"),
        'ㄊ' => Initial(Plain, "t"),
        'ㄋ' => Initial(Plain, "n"),
        'ㄌ' => Initial(Plain, "l"),
        'ㄍ' => Initial(Plain, "g"),
        'ㄎ' => Initial(Plain, "k"),
        'ㄏ' => Initial(Plain, "h"),
        'ㄐ' => Initial(Palatal, "j"),
        'ㄑ' => Initial(Palatal, "q"),
        'ㄒ' => Initial(Palatal, "x"),
        'ㄓ' => Initial(Sibilant, "zh"),
        'ㄔ' => Initial(Sibilant, "ch"),
        'ㄕ' => Initial(Sibilant, "sh"),
        'ㄖ' => Initial(Sibilant, "r"),
        'ㄗ' => Initial(Sibilant, "z"),
        'ㄘ' => Initial(Sibilant, "c"),
        'ㄙ' => Initial(Sibilant, "s"),
        'ㄧ' | 'ㄨ' | 'ㄩ' => Medial(c),
        'ㄚ' => Rime("a"),
        'ㄛ' => Rime("o"),
        'ㄜ' => Rime("e"),
        'ㄝ' => Rime("ê"),
        'ㄞ' => Rime("ai"),
        'ㄟ' => Rime("ei"),
        'ㄠ' => Rime("ao"),
        'ㄡ' => Rime("ou"),
        'ㄢ' => Rime("an"),
        'ㄣ' => Rime("en"),
        'ㄤ' => Rime("ang"),
        'ㄥ' => Rime("eng"),
        'ㄦ' => Rime("er"),
        _ => return None,
    })
}

/// A medial and a rime, behind an initial and alone.
fn final_of(medial: char, rime: &str) -> Option<(&'static str, &'static str)> {
    Some(match (medial, rime) {
        ('ㄧ', "") => ("i", "yi"),
        ('ㄧ', "a") => ("ia", "ya"),
        ('ㄧ', "o") => ("io", "yo"),
        ('ㄧ', "ê") => ("ie", "ye"),
        ('ㄧ', "ai") => ("iai", "yai"),
        ('ㄧ', "ao") => ("iao", "yao"),
        ('ㄧ', "ou") => ("iu", "you"),
        ('ㄧ', "an") => ("ian", "yan"),
        ('ㄧ', "en") => ("in", "yin"),
        ('ㄧ', "ang") => ("iang", "yang"),
        ('ㄧ', "eng") => ("ing", "ying"),
        ('ㄨ', "") => ("u", "wu"),
        ('ㄨ', "a") => ("ua", "wa"),
        ('ㄨ', "o") => ("uo", "wo"),
        ('ㄨ', "ai") => ("uai", "wai"),
        ('ㄨ', "ei") => ("ui", "wei"),
        ('ㄨ', "an") => ("uan", "wan"),
        ('ㄨ', "en") => ("un", "wen"),
        ('ㄨ', "ang") => ("uang", "wang"),
        ('ㄨ', "eng") => ("ong", "weng"),
        ('ㄩ', "") => ("v", "yu"),
        ('ㄩ', "ê") => ("ve", "yue"),
        ('ㄩ', "an") => ("van", "yuan"),
        ('ㄩ', "en") => ("vn", "yun"),
        ('ㄩ', "eng") => ("iong", "yong"),
        _ => return None,
    })
}

const fn is_light(c: char) -> bool {
    c == '˙'
}

const fn is_tone(c: char) -> bool {
    matches!(c, 'ˉ' | 'ˊ' | 'ˇ' | 'ˋ' | '˙')
}

/// Whether a character can be part of a syllable.
pub(super) fn is_part(c: char) -> bool {
    is_tone(c) || letter(c).is_some()
}

/// The longest syllable that a text begins with, as its private character, and its bytes with the mark of its tone. The light
/// tone stands before a syllable or behind it.
pub(super) fn syllable(text: &str) -> Option<(char, usize)> {
    let before = text.chars().next().filter(|&c| is_light(c)).map_or(0, char::len_utf8);
    let rest = text.get(before..)?;
    let mut letters = [None; 3];
    for (slot, c) in letters.iter_mut().zip(rest.chars()) {
        *slot = Some((letter(c), c.len_utf8()));
    }
    let known = letters.iter().take_while(|slot| matches!(slot, Some((Some(_), _)))).count();
    let (code, length) = (1..=known).rev().find_map(|count| {
        let mut parts = letters.iter().take(count).flatten();
        let length: usize = parts.clone().map(|(_, length)| length).sum();
        let mut next = || parts.next().and_then(|(letter, _)| *letter);
        Some((code([next(), next(), next()])?, length))
    })?;
    let behind = rest.get(length..)?.chars().next().filter(|&c| is_tone(c));
    Some((code, before + length + behind.map_or(0, char::len_utf8)))
}

/// The private character of a syllable of up to three letters.
fn code(letters: [Option<Letter>; 3]) -> Option<char> {
    use Letter::{Initial, Medial, Rime};
    let (initial, medial, rime) = match letters {
        [Some(Initial(kind, name)), None, None] => (Some((kind, name)), None, None),
        [Some(Initial(kind, name)), Some(Rime(rime)), None] => {
            (Some((kind, name)), None, Some(rime))
        }
        [Some(Initial(kind, name)), Some(Medial(medial)), None] => {
            (Some((kind, name)), Some(medial), None)
        }
        [Some(Initial(kind, name)), Some(Medial(medial)), Some(Rime(rime))] => {
            (Some((kind, name)), Some(medial), Some(rime))
        }
        [Some(Medial(medial)), None, None] => (None, Some(medial), None),
        [Some(Medial(medial)), Some(Rime(rime)), None] => (None, Some(medial), Some(rime)),
        [Some(Rime(rime)), None, None] => (None, None, Some(rime)),
        _ => return None,
    };
    spelled(initial, medial, rime)
}

fn spelled(
    initial: Option<(Onset, &str)>,
    medial: Option<char>,
    rime: Option<&str>,
) -> Option<char> {
    let kind = initial.map(|(kind, _)| kind);
    let narrow = matches!(medial, Some('ㄧ' | 'ㄩ'));
    match kind {
        Some(Onset::Palatal) if !narrow => return None,
        Some(Onset::Sibilant) if narrow => return None,
        _ => {}
    }
    let end = match (medial, rime) {
        (Some(medial), rime) => {
            let (behind, alone) = final_of(medial, rime.unwrap_or_default())?;
            if initial.is_some() { behind } else { alone }
        }
        (None, Some(rime)) => rime,
        (None, None) if kind == Some(Onset::Sibilant) => "i",
        (None, None) => return None,
    };
    let rounded = |letter| match letter {
        // Behind j, q and x the dots are left out.
        b'v' if kind == Some(Onset::Palatal) => b'u',
        _ => letter,
    };
    let letters = initial.map_or("", |(_, name)| name).bytes().chain(end.bytes().map(rounded));
    letters.into_iter().try_fold(Beginning::new(), Beginning::with)?.code()
}

#[cfg(test)]
mod tests {
    use super::super::pinyin::code as pinyin;
    use super::syllable;

    #[test]
    fn syllables_are_spelled_as_in_pinyin() {
        for (zhuyin, spelled) in [
            ("ㄓ", "zhi"),
            ("ㄙ", "si"),
            ("ㄖ", "ri"),
            ("ㄓㄚ", "zha"),
            ("ㄨㄢ", "wan"),
            ("ㄐㄩ", "ju"),
            ("ㄑㄩㄢ", "quan"),
            ("ㄒㄩㄥ", "xiong"),
            ("ㄌㄩ", "lv"),
            ("ㄋㄩㄝ", "nve"),
            ("ㄌㄧㄡ", "liu"),
            ("ㄌㄨㄣ", "lun"),
            ("ㄉㄨㄥ", "dong"),
            ("ㄧ", "yi"),
            ("ㄩㄥ", "yong"),
            ("ㄨㄥ", "weng"),
            ("ㄦ", "er"),
            ("ㄕㄨㄤ", "shuang"),
        ] {
            assert_eq!(syllable(zhuyin), pinyin(spelled).map(|c| (c, zhuyin.len())), "{zhuyin}");
            for toned in [format!("{zhuyin}ˋ"), format!("˙{zhuyin}"), format!("{zhuyin}˙")] {
                assert_eq!(syllable(&toned), pinyin(spelled).map(|c| (c, toned.len())), "{toned}");
            }
        }
    }

    #[test]
    fn the_longest_syllable_is_taken_and_no_more() {
        assert_eq!(syllable("ㄓㄠ"), pinyin("zhao").map(|c| (c, 6)));
        assert_eq!(syllable("ㄓㄗㄠ"), pinyin("zhi").map(|c| (c, 3)));
        assert_eq!(syllable("ㄕㄧ"), pinyin("shi").map(|c| (c, 3)), "shi yi");
        assert_eq!(syllable("ㄒㄧㄢㄢ"), pinyin("xian").map(|c| (c, 9)));
    }

    #[test]
    fn bare_initials_are_no_syllables() {
        for text in ["ㄅㄅ", "ㄏㄏ", "ㄉ", "ㄐㄨ", "ㄐㄚ", "ㄒ", "ㄈㄩ", "ˋ", "˙", "", "的", "b"]
        {
            assert_eq!(syllable(text), None, "{text}");
        }
    }
}
