//! The view `width`, which only detectors of entities read: digits and letters in another form (full-width,
//! styled, digits of other scripts) are ASCII, with upper and lower case as written.
//!
//! Each character is judged by itself and a few beside it, and stands for itself unless it is near such a form.
//! Where there is none, the view is the text, so ordinary text in any script costs a glance.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::char_table::CharTable;
use super::class::{Class, class};
use super::fold::is_attached;
use super::reading::Reading;
use super::view::ViewDef;
use super::zhuyin::is_part;
use crate::domain::ViewName;

/// Other forms of ASCII characters, over the raw text.
pub const WIDTH: ViewDef = ViewDef {
    name: ViewName("width"),
    summary: "full-width and styled letters, digits of all scripts, invisible characters between them; for `detect`",
    over: None,
    default_on: true,
    applies: |input| applies(input.as_str()),
    build,
    open_from: |input| open_from(input.as_str()),
};

/// How many signs behind a form are read as ASCII too.
const SIGNS: u8 = 3;

/// What a character can stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Itself alone.
    #[default]
    Own,
    /// An ASCII character, whatever is beside it.
    Always(char),
    /// An ASCII sign, near a character that is read as ASCII.
    Beside(char),
    /// A part of the character before it.
    Attached,
}

static FORMS: CharTable<Form> = CharTable::new(find_form);

/// What came before a character.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    /// Whether the last character is a visible ASCII character here, to which something may be attached: letters and digits
    /// of entities, and the signs of encodings too; or one of a Chinese syllable.
    word: bool,
    /// How many more signs are read as ASCII.
    signs: u8,
}

/// What a character becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Keep,
    Write(char),
    Swallow,
}

impl Before {
    /// Reads the character `c`, behind which `rest` stands.
    fn step(&mut self, c: char, rest: &str) -> Step {
        if c.is_ascii() {
            *self = Self { word: c.is_ascii_graphic(), signs: 0 };
            return Step::Keep;
        }
        let (after, step) = match FORMS.get(c) {
            Form::Attached if self.word => return Step::Swallow,
            Form::Attached => return Step::Keep,
            Form::Always(to) => (Self { word: true, signs: SIGNS }, Step::Write(to)),
            Form::Beside(to) if self.signs > 0 => {
                (Self { word: to.is_ascii_graphic(), signs: self.signs - 1 }, Step::Write(to))
            }
            Form::Beside(to) if opens(c) && is_opened(c, rest) => {
                (Self { word: true, signs: SIGNS }, Step::Write(to))
            }
            Form::Own => (Self { word: is_syllable(c), signs: 0 }, Step::Keep),
            Form::Beside(_) => (Self::default(), Step::Keep),
        };
        *self = after;
        step
    }
}

fn applies(text: &str) -> bool {
    !text.is_ascii() && {
        let (bytes, mut at, mut before) = (text.as_bytes(), 0, Before::default());
        while let Some(&byte) = bytes.get(at) {
            // Lead bytes of U+4000 to U+9FFF, of which none has another form by itself.
            if matches!(byte, 0xe4..=0xe9) {
                while matches!(bytes.get(at), Some(0xe4..=0xe9)) {
                    at += 3;
                }
                before = Before { word: true, signs: 0 };
                continue;
            }
            // Marks of Chinese clauses, of which none has one either.
            if byte == 0xe3 && matches!(bytes.get(at + 1..at + 3), Some([0x80, 0x80..=0xa9])) {
                (at, before) = (at + 3, Before::default());
                continue;
            }
            if byte.is_ascii() {
                (at, before) = (at + 1, Before { word: byte.is_ascii_graphic(), signs: 0 });
                continue;
            }
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            at += c.len_utf8();
            // A sign is only read otherwise where what follows it is too.
            if before.step(c, "") != Step::Keep {
                return true;
            }
        }
        false
    }
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    let (mut before, mut copied) = (Before::default(), 0);
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let step = before.step(c, text.get(end..).unwrap_or_default());
        if step == Step::Keep {
            continue;
        }
        out.append(input, copied..at);
        copied = end;
        match step {
            Step::Write(to) => out.push(to, input.raw_span(at, end)),
            Step::Swallow | Step::Keep => out.extend_last(input.raw_end(end)),
        }
    }
    out.append(input, copied..input.len());
}

/// A sign at the end whose next character says what it is.
pub(super) fn open_from(text: &str) -> usize {
    let shown = text.trim_end_matches(is_attached);
    let before = shown.strip_suffix(opens).unwrap_or(text);
    if !shown.ends_with('＃') {
        return before.len();
    }
    before.trim_end_matches(is_attached).strip_suffix('＆').unwrap_or(before).len()
}

/// Signs that stand before a number or what is written as one.
const fn opens(c: char) -> bool {
    matches!(c, '（' | '＋' | '％' | '＆' | '＃' | '＼')
}

/// Whether such a sign stands before another form of a letter or digit.
fn is_opened(sign: char, rest: &str) -> bool {
    let behind = |rest: &str| rest.chars().find(|&c| !is_attached(c));
    let rest = if sign == '＆' && behind(rest) == Some('＃') {
        rest.split_once('＃').map_or(rest, |(_, rest)| rest)
    } else {
        rest
    };
    behind(rest).is_some_and(is_form)
}

/// Han characters and the letters of zhuyin with their tones, to which nothing is attached in ordinary text.
fn is_syllable(c: char) -> bool {
    is_part(c) || class(c) == Class::Han
}

fn is_form(c: char) -> bool {
    !c.is_ascii() && matches!(FORMS.get(c), Form::Always(to) if to.is_ascii_alphanumeric())
}

fn find_form(c: char) -> Form {
    if is_attached(c) {
        return Form::Attached;
    }
    let mut composed = std::iter::once(c).nfkc();
    let (first, second) = (composed.next(), composed.next());
    match first.filter(|to| to.is_ascii() && second.is_none() && *to != c) {
        // In addresses these stand between letters and digits of any width; in other text they are rare.
        Some(to) if to.is_ascii_alphanumeric() || matches!(c, '＠' | '．' | '－' | '＿') => {
            Form::Always(to)
        }
        Some(to) => Form::Beside(to),
        None => digit(c).map_or(Form::Own, Form::Always),
    }
}

/// The digit that a digit of another script is: these stand in rows of ten.
fn digit(c: char) -> Option<char> {
    let is_digit = |code: u32| {
        char::from_u32(code).is_some_and(|c| c.general_category() == GeneralCategory::DecimalNumber)
    };
    let code = u32::from(c);
    if c.is_ascii() || !is_digit(code) {
        return None;
    }
    let before = (0..code).rev().take_while(|&code| is_digit(code)).count();
    char::from_digit(u32::try_from(before % 10).unwrap_or_default(), 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::context_start;

    fn shown(text: &str) -> Reading {
        let (mut raw, mut out) = (Reading::default(), Reading::default());
        raw.identity(text);
        build(&raw, &mut out);
        out
    }

    #[test]
    fn other_forms_of_ascii_become_ascii_and_keep_their_case() {
        for (text, expected) in [
            ("４１１１　１１１１－１２", "4111 1111-12"),
            ("（０１０）１２３", "(010)123"),
            ("＋８６ １３８", "+86 138"),
            ("ＡＫＩＡｂ", "AKIAb"),
            ("𝟒𝟙𝟣", "411"),
            ("٤١١١ ۴۱ ४१ ①²", "4111 41 41 12"),
            ("bob＠example．com", "bob@example.com"),
            ("ｈｔｔｐ：／／ａ", "http://a"),
            ("41\u{200b}11\u{301}", "4111"),
            ("（注）：好的，２０％吗？", "（注）：好的，20%吗？"),
            ("（2023）你好！　①。", "（2023）你好！　1。"),
            ("＆＃ｘ７０；％４Ｆ＼ｕ５３５ａ", "&#x70;%4F\\u535a"),
            ("＆\u{200c}＃\u{200c}１\u{200c}", "&#1"),
            ("中\u{200b}中\u{336}ㄓ\u{200d}ˋ", "中中ㄓˋ"),
        ] {
            assert_eq!(shown(text).as_str(), expected);
            assert!(applies(text), "{text}");
        }
    }

    #[test]
    fn ordinary_text_is_not_read_twice() {
        for text in
            ["plain", "（2023）：你好，世界！“好”——", "日本語のテキスト、한국어", "été 👍🏽 नमस्ते"]
        {
            assert!(!applies(text), "{text}");
            assert_eq!(shown(text).as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_read_depends_on_a_few_characters_around(
            text in "[a1１Ａ（＋）：／　＠．＆＃％中ㄓˋ\u{200b}\u{301} ²٤]{0,40}",
            cut in 0_usize..40,
        ) {
            let Some((cut, _)) = text.char_indices().nth(cut) else { return Ok(()) };
            prop_assert_eq!(applies(&text), shown(&text).as_str() != text);
            // What is decided stays.
            let open = open_from(&text[..cut]);
            let head = shown(&text[..cut]);
            let whole = shown(&text);
            let upto = head.upto(open);
            prop_assert!(whole.as_str().starts_with(&head.as_str()[..upto]));
            // Some context is enough.
            if !text[cut..].starts_with(is_attached) {
                let from = context_start(&text[..cut], usize::MAX);
                let tail = shown(&text[from..]);
                let behind = |r: &Reading, from: usize| r.as_str()[r.upto(cut - from)..].to_owned();
                prop_assert_eq!(behind(&tail, from), behind(&whole, 0));
            }
        }
    }
}
