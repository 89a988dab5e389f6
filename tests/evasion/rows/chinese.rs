//! H01 to H13: what only Chinese can be disguised by.

use super::{backwards, insert, replace};
use crate::rng::Rng;
use crate::tables::{han, sounds};

pub(super) fn traditional(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |_, c| han::other(han::TRADITIONAL, c).map(String::from))
}

/// One of the other forms that a table has for a character.
fn by_table(rng: &mut Rng, term: &str, table: &[(char, &str)]) -> String {
    replace(rng, term, |rng, c| han::other(table, c).map(|forms| rng.pick_char(forms).to_string()))
}

pub(super) fn compatible(rng: &mut Rng, term: &str) -> String {
    by_table(rng, term, han::COMPATIBLE)
}

pub(super) fn variants(rng: &mut Rng, term: &str) -> String {
    by_table(rng, term, han::VARIANTS)
}

pub(super) fn similar(rng: &mut Rng, term: &str) -> String {
    by_table(rng, term, han::SIMILAR)
}

pub(super) fn numerals(rng: &mut Rng, term: &str) -> String {
    by_table(rng, term, han::NUMERALS)
}

const BETWEEN: &[&str] = &[
    "，", "。", "*", "～", "😀", "1", "a", "、", " ", "-", "_", "/", ".", "·", "…", "|", "+", "#",
    "X", "9", "🔥", "！", "\n", "　", "&", "^", "=", "の", "x",
];

/// At most three characters that are not Han between two that are.
pub(super) fn parted(rng: &mut Rng, term: &str) -> String {
    let same = rng.chance(50).then(|| rng.pick(BETWEEN));
    insert(rng, term, |rng| {
        (0..rng.pick(&[1, 1, 1, 2, 3])).map(|_| same.unwrap_or_else(|| rng.pick(BETWEEN))).collect()
    })
}

pub(super) fn split_in_halves(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |rng, c| {
        han::other(han::HALVES, c).map(|halves| rng.pick(halves).to_owned())
    })
}

/// How a syllable may be typed.
fn syllable(sound: &sounds::Sound, way: usize) -> String {
    match way {
        0 => sounds::with_mark(sound),
        1 => format!("{}{}", sound.pinyin, if sound.tone == 5 { 0 } else { sound.tone }),
        _ => sound.pinyin.to_owned(),
    }
}

/// All syllables, or some of them among the characters.
pub(super) fn pinyin(rng: &mut Rng, term: &str) -> String {
    let way = rng.pick(&[0, 1, 2, 2, 2]);
    let all = term.chars().filter_map(sounds::sound);
    match rng.below(4) {
        0 => all.map(|sound| syllable(&sound, way)).collect::<Vec<_>>().join(" "),
        1 => {
            let words: Vec<String> = all.map(|sound| syllable(&sound, way)).collect();
            words.chunks(2).map(<[String]>::concat).collect::<Vec<_>>().join(" ")
        }
        2 => {
            let capital = |sound: sounds::Sound| {
                let (first, rest) = sound.pinyin.split_at(1);
                first.to_uppercase() + rest
            };
            all.map(capital).collect::<Vec<_>>().join(rng.pick(&["", " ", "-"]))
        }
        _ => {
            let at = rng.below(term.chars().count());
            let one = |(place, c): (usize, char)| {
                let spoken = place == at || (place > at && rng.chance(40));
                let sound = sounds::sound(c).filter(|_| spoken);
                sound.map_or_else(|| c.to_string(), |sound| syllable(&sound, way))
            };
            term.chars().enumerate().map(one).collect()
        }
    }
}

pub(super) fn zhuyin(rng: &mut Rng, term: &str) -> String {
    let (by, toned) = (rng.pick(&["", " "]), rng.chance(70));
    let one = |sound: sounds::Sound| {
        if toned { sounds::in_zhuyin(&sound) } else { sound.zhuyin.to_owned() }
    };
    if rng.chance(30) {
        return replace(rng, term, |_, c| sounds::sound(c).map(one));
    }
    term.chars().filter_map(sounds::sound).map(one).collect::<Vec<_>>().join(by)
}

pub(super) fn initials(rng: &mut Rng, term: &str) -> String {
    let first = |c: char| sounds::sound(c).and_then(|sound| sound.pinyin.chars().next());
    let made: String = term.chars().filter_map(first).collect();
    if rng.chance(30) { made.to_uppercase() } else { made }
}

pub(super) fn homophones(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |rng, c| {
        sounds::sound(c).map(|sound| rng.pick_char(sound.alike).to_string())
    })
}

pub(super) fn reversed(_: &mut Rng, term: &str) -> String {
    backwards(term)
}

/// One character in each line, alone or as the first of a harmless one.
pub(super) fn vertical(rng: &mut Rng, term: &str) -> String {
    let lines = ["天晴朗", "风吹过", "月当空", "花满园", "水长流"];
    let line = |c: char| format!("{c}{}", rng.pick(&lines));
    term.chars().map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn repeated(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |rng, c| Some(c.to_string().repeat(rng.between(2, 3))))
}
