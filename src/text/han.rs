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

/// Other forms of simplified characters, one pair after the other: those of Japan, old and popular ones, and radicals that
/// normalisation leaves alone. Written for this project.
const VARIANTS: &str = "弾弹薬药葯药売卖氷冰箇个罔网鎗枪銭钱仮假証证躶裸緑绿黒黑麽么綵彩愽博囙因岀出⺅人⺣火\
    対对広广気气楽乐読读続续発发変变歩步毎每帰归実实図图団团囲围圧压塩盐営营応应桜樱価价絵绘覚觉巻卷関关観观顔颜\
    拠据挙举暁晓駆驱恵惠経经継继県县剣剑険险検检権权顕显験验厳严鉱矿砕碎済济剤剂雑杂産产児儿釈释収收従从渋涩獣兽\
    縦纵粛肃処处焼烧奨奖縄绳譲让醸酿穂穗髄髓斉齐摂摄専专戦战繊纤総总巣巢騒骚増增蔵藏臓脏帯带択择沢泽単单遅迟鋳铸\
    庁厅聴听徴征鎮镇逓递鉄铁転转伝传闘斗稲稻徳德悩恼脳脑覇霸拝拜廃废髪发抜拔浜滨払拂仏佛辺边豊丰満满黙默訳译\
    揺摇様样謡谣頼赖覧览両两猟猎塁垒霊灵齢龄労劳滝泷竜龙⺡水⺘手⺖心⺨犬⺮竹⺼肉⻊足⻋车⻉贝⻓长⻔门⻢马尐小";

/// The pairs of [`VARIANTS`], ordered by the other form.
static OTHER_FORMS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let mut chars = VARIANTS.chars();
    let pair = || Some((chars.next()?, chars.next()?));
    let mut pairs: Vec<_> = std::iter::from_fn(pair).collect();
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
    let c = other(&PAIRS, c);
    let c = other(&OTHER_FORMS, c);
    NUMERALS.iter().find(|(forms, _)| forms.contains(c)).map_or(c, |&(_, plain)| plain)
}

/// What some ordered pairs say of a character.
fn other(pairs: &[(char, char)], c: char) -> char {
    let pair = pairs.binary_search_by_key(&c, |&(form, _)| form).ok();
    pair.and_then(|at| pairs.get(at)).map_or(c, |&(_, plain)| plain)
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
        for pair in OTHER_FORMS.windows(2) {
            assert_ne!(pair[0].0, pair[1].0);
        }
        for &(form, plain) in OTHER_FORMS.iter() {
            assert_eq!((simplify(form), simplify(plain)), (plain, plain), "{form}");
        }
    }

    #[test]
    fn digits_have_numerals() {
        assert_eq!(numeral('3'), Some('三'));
        assert_eq!(numeral('x'), None);
    }
}
