//! C01 to C08: other characters for letters.

use super::replace;
use crate::rng::Rng;
use crate::tables::latin;

/// What a small letter becomes when it is written somehow.
fn from_row(row: &str, letter: char) -> Option<String> {
    latin::nth_of_alphabet(row, letter).filter(|made| *made != letter).map(String::from)
}

pub(super) fn case(rng: &mut Rng, term: &str) -> String {
    let term = if rng.chance(40) {
        term.replacen("ss", rng.pick(&["ß", "ẞ"]), 1)
    } else {
        term.to_owned()
    };
    replace(rng, &term, |rng, c| {
        let odd = match c {
            'i' => rng.pick(&['İ', 'ı', 'I']),
            's' => rng.pick(&['ſ', 'S']),
            'k' => rng.pick(&['\u{212a}', 'K']),
            _ => c.to_ascii_uppercase(),
        };
        (odd != c).then(|| odd.to_string())
    })
}

pub(super) fn full_width(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |_, c| wide(c))
}

/// The full-width form (Unicode, Halfwidth and Fullwidth Forms).
pub(super) fn wide(c: char) -> Option<String> {
    match c {
        ' ' => Some("\u{3000}".to_owned()),
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).map(String::from),
        _ => None,
    }
}

pub(super) fn mathematical(rng: &mut Rng, term: &str) -> String {
    let alphabet = rng.pick(latin::MATHEMATICAL);
    let mixed = rng.chance(30);
    replace(rng, term, |rng, c| {
        let c = if c.is_ascii_lowercase() && rng.chance(20) { c.to_ascii_uppercase() } else { c };
        styled(if mixed { rng.pick(latin::MATHEMATICAL) } else { alphabet }, c)
    })
}

/// A letter in one of the alphabets of mathematics.
pub(super) fn styled(alphabet: u32, letter: char) -> Option<String> {
    let at = match letter {
        'A'..='Z' => u32::from(letter) - u32::from('A'),
        'a'..='z' => u32::from(letter) - u32::from('a') + 26,
        _ => return None,
    };
    let hole = latin::MATHEMATICAL_HOLES.iter().find(|(hole, _)| *hole == alphabet + at);
    hole.map(|(_, made)| *made).or_else(|| char::from_u32(alphabet + at)).map(String::from)
}

pub(super) fn enclosed(rng: &mut Rng, term: &str) -> String {
    let kind = rng.pick(latin::ENCLOSED);
    let mixed = rng.chance(20);
    replace(rng, term, |rng, c| {
        let kind = if mixed { rng.pick(latin::ENCLOSED) } else { kind };
        let at = latin::letter_number(c)?;
        char::from_u32(kind + u32::try_from(at).ok()?).map(String::from)
    })
}

pub(super) fn raised(rng: &mut Rng, term: &str) -> String {
    let lowered = rng.chance(40);
    replace(rng, term, |_, c| {
        let low = latin::LOWERED.iter().find(|(letter, _)| *letter == c);
        low.filter(|_| lowered)
            .map(|(_, low)| low.to_string())
            .or_else(|| from_row(latin::RAISED, c))
    })
}

pub(super) fn small_capitals(rng: &mut Rng, term: &str) -> String {
    let phonetic = rng.chance(50);
    replace(rng, term, |rng, c| {
        let hooked = latin::PHONETIC.iter().find(|(letter, _)| *letter == c).filter(|_| phonetic);
        let hooked = hooked.map(|(_, forms)| rng.pick_char(forms).to_string());
        hooked.or_else(|| from_row(latin::SMALL_CAPITALS, c))
    })
}

pub(super) fn look_alikes(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |rng, c| {
        let found = latin::LOOK_ALIKES.iter().find(|(letter, _)| *letter == c);
        found.map(|(_, forms)| rng.pick_char(forms).to_string())
    })
}

pub(super) fn stroked(rng: &mut Rng, term: &str) -> String {
    replace(rng, term, |_, c| {
        latin::STROKED.iter().find(|(letter, _)| *letter == c).map(|(_, form)| form.to_string())
    })
}

pub(super) fn ligatures(rng: &mut Rng, term: &str) -> String {
    let mut able: Vec<&(&str, &str)> =
        latin::LIGATURES.iter().filter(|(letters, _)| term.contains(letters)).collect();
    rng.shuffle(&mut able);
    let mut made = term.to_owned();
    for (letters, one) in able.iter().take(rng.between(1, 3)) {
        made = made.replacen(letters, one, 1);
    }
    made
}

pub(super) fn arabic_forms(rng: &mut Rng, term: &str) -> String {
    let stretched = rng.chance(30);
    replace(rng, term, |rng, c| {
        let (_, isolated, joins) = crate::tables::arabic::FORMS.iter().find(|form| form.0 == c)?;
        if stretched && *joins {
            return Some(format!("{c}{}", "\u{640}".repeat(rng.between(1, 3))));
        }
        let form = isolated + u32::try_from(rng.below(if *joins { 4 } else { 2 })).ok()?;
        char::from_u32(form).map(String::from)
    })
}
