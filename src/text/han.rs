//! Han characters that are written in more than one way: traditional forms and numerals.

use std::sync::LazyLock;

/// Pairs of `OpenCC`'s dictionary `TSCharacters`, written by `tools/t2s.py`.
const SIMPLIFIED: &str = include_str!("data/t2s.txt");

/// The pairs of the data file, ordered by the traditional character.
static PAIRS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let pair = |line: &str| {
        let mut chars = line.chars();
        Some((chars.next()?, chars.next()?))
    };
    let lines = SIMPLIFIED.lines().filter(|line| !line.starts_with('#'));
    let mut pairs: Vec<_> = lines.filter_map(pair).collect();
    pairs.sort_unstable();
    pairs
});

/// Numerals of documents and of merchants, each with the plain one. The forms used in documents are in
/// the Unihan database (`kAccountingNumeric`, `kOtherNumeric`); `〡` to `〩` are the Suzhou numerals.
const NUMERALS: [(&str, char); 13] = [
    ("〇", '零'),
    ("壹弌〡", '一'),
    ("贰弍〢", '二'),
    ("叁弎〣叄", '三'),
    ("肆〤", '四'),
    ("伍〥", '五'),
    ("陆〦", '六'),
    ("柒〧", '七'),
    ("捌〨", '八'),
    ("玖〩", '九'),
    ("拾", '十'),
    ("佰", '百'),
    ("仟", '千'),
];

/// The digits 0 to 9 as Han numerals.
const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// The simplified form of a character, and the plain form of a numeral.
pub(super) fn simplify(c: char) -> char {
    let pair = PAIRS.binary_search_by_key(&c, |&(traditional, _)| traditional).ok();
    let c = pair.and_then(|at| PAIRS.get(at)).map_or(c, |&(_, simplified)| simplified);
    NUMERALS.iter().find(|(forms, _)| forms.contains(c)).map_or(c, |&(_, plain)| plain)
}

/// The Han numeral of an ASCII digit.
pub(super) fn numeral(digit: char) -> Option<char> {
    let value = digit.to_digit(10)?;
    DIGITS.get(usize::try_from(value).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_characters_become_simplified_ones() {
        for (traditional, simplified) in "製造炸彈貳陸參".chars().zip("制造炸弹二六参".chars())
        {
            assert_eq!(simplify(traditional), simplified);
        }
    }

    #[test]
    fn simplifying_twice_changes_nothing_more() {
        assert!(PAIRS.len() > 4_000);
        for &(traditional, _) in PAIRS.iter() {
            let once = simplify(traditional);
            assert_eq!(simplify(once), once, "{traditional}");
        }
    }

    #[test]
    fn digits_have_numerals() {
        assert_eq!(numeral('3'), Some('三'));
        assert_eq!(numeral('x'), None);
    }
}
