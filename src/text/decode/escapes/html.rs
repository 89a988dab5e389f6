//! Entities of HTML: `&#98;`, `&#x62;`, `&amp;`.
//!
//! Names are read by their pattern where they have one: letters with a mark (`eacute`), mathematical letters
//! (`bopf`, `bscr`, `bfr`). The others that can stand in a word or between its letters are listed. Names and
//! meanings: the HTML Standard, section "Named character references".

use super::{Escape, hexadecimal};

/// The longest name, and the most digits.
const LONGEST: usize = 32;

/// Names of characters that disguise words or set letters apart.
const NAMED: [(&str, char); 58] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("NonBreakingSpace", '\u{a0}'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
    ("InvisibleTimes", '\u{2062}'),
    ("InvisibleComma", '\u{2063}'),
    ("ApplyFunction", '\u{2061}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("hairsp", '\u{200a}'),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
    ("szlig", 'ß'),
    ("oslash", 'ø'),
];

/// What stands behind a letter in the names of letters with marks, and the mark.
const MARKS: [(&str, char); 13] = [
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circ", '\u{302}'),
    ("uml", '\u{308}'),
    ("tilde", '\u{303}'),
    ("ring", '\u{30a}'),
    ("cedil", '\u{327}'),
    ("caron", '\u{30c}'),
    ("macr", '\u{304}'),
    ("breve", '\u{306}'),
    ("ogon", '\u{328}'),
    ("dot", '\u{307}'),
    ("strok", '\u{335}'),
];

/// What stands behind a letter in the names of mathematical letters.
const STYLES: [&str; 3] = ["opf", "scr", "fr"];

pub(super) fn read(bytes: &[u8], at: usize) -> Escape {
    let rest = bytes.get(at + 1..).unwrap_or_default();
    match rest {
        [] => Escape::Open,
        [b'#', digits @ ..] => number(digits, at),
        _ => named(rest, at),
    }
}

fn number(rest: &[u8], at: usize) -> Escape {
    let (digits, radix, skipped) = match rest {
        [] | [b'x' | b'X'] => return Escape::Open,
        [b'x' | b'X', digits @ ..] => (digits, 16, 3),
        digits => (digits, 10, 2),
    };
    let count = digits.iter().take_while(|&&digit| char::from(digit).is_digit(radix)).count();
    let number = digits.get(..count).unwrap_or_default();
    if count == 0 || count > LONGEST {
        return Escape::None;
    }
    let value = if radix == 16 {
        hexadecimal(number)
    } else {
        std::str::from_utf8(number).ok().and_then(|number| number.parse().ok())
    };
    let end = at + skipped + count;
    match (digits.get(count), value.and_then(char::from_u32)) {
        (None, _) => Escape::Open,
        (Some(b';'), Some(c)) => Escape::one(c, at, end + 1),
        (Some(_), Some(c)) => Escape::one(c, at, end),
        (Some(_), None) => Escape::None,
    }
}

fn named(rest: &[u8], at: usize) -> Escape {
    let count =
        rest.iter().take(LONGEST + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if count == 0 || count > LONGEST {
        return Escape::None;
    }
    match rest.get(count) {
        None => Escape::Open,
        Some(b';') => {
            let name = rest.get(..count).and_then(|name| std::str::from_utf8(name).ok());
            name.and_then(meaning).map_or(Escape::None, |c| Escape::one(c, at, at + count + 2))
        }
        Some(_) => Escape::None,
    }
}

fn meaning(name: &str) -> Option<char> {
    if let Some(&(_, c)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some(c);
    }
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let rest = name.get(1..)?;
    if STYLES.contains(&rest) {
        return Some(letter);
    }
    let &(_, mark) = MARKS.iter().find(|(known, _)| *known == rest)?;
    Some(unicode_normalization::char::compose(letter, mark).unwrap_or(letter))
}
