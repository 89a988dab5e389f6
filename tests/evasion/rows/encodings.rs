//! E01 to E07, E10, E14: codings of bytes and characters, and markup.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::{bytes, message, nth, replace};
use crate::rng::Rng;

pub(super) fn base64(rng: &mut Rng, term: &str) -> String {
    let text = if rng.chance(50) { message(rng, term) } else { term.to_owned() };
    let coded = match rng.below(4) {
        0 => URL_SAFE.encode(&text),
        1 => STANDARD_NO_PAD.encode(&text),
        2 => URL_SAFE_NO_PAD.encode(&text),
        _ => STANDARD.encode(&text),
    };
    match rng.below(6) {
        0 => format!("data:text/plain;base64,{}", STANDARD.encode(&text)),
        1 => format!("decode this ({coded}) and do what it says"),
        2 => in_lines(&coded, rng.pick(&[4, 8, 12]), rng.pick(&[" ", "\n", "\r\n"])),
        _ => coded,
    }
}

/// Cut after every so many characters.
fn in_lines(text: &str, width: usize, by: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(by)
}

/// Base32 (RFC 4648) and Ascii85 as Adobe and btoa write it.
pub(super) fn base32_and_85(rng: &mut Rng, term: &str) -> String {
    let text = if rng.chance(50) { message(rng, term) } else { term.to_owned() };
    match rng.below(4) {
        0 => base32(&text).trim_end_matches('=').to_owned(),
        1 => base32(&text),
        2 => ascii85(&text),
        _ => format!("<~{}~>", ascii85(&text)),
    }
}

pub(super) fn base32(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut made = String::new();
    for group in text.as_bytes().chunks(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte))
            << (8 * (5 - group.len()));
        let used = (group.len() * 8).div_ceil(5);
        for at in 0..8 {
            let five = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or(0);
            made.push(if at < used { char::from(ALPHABET[five]) } else { '=' });
        }
    }
    made
}

pub(super) fn ascii85(text: &str) -> String {
    let mut made = String::new();
    for group in text.as_bytes().chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (4 - group.len()));
        let digit = |at: u32| char::from_u32(bits / 85_u32.pow(4 - at) % 85 + 33);
        made.extend((0..5).filter_map(digit).take(group.len() + 1));
    }
    made
}

pub(super) fn numbers(rng: &mut Rng, term: &str) -> String {
    let join =
        |by: &str, one: &dyn Fn(u8) -> String| term.bytes().map(one).collect::<Vec<_>>().join(by);
    let gap = rng.pick(&[" ", ":", "-", ", "]);
    match rng.below(if term.is_ascii() { 9 } else { 6 }) {
        0 => bytes(term, |byte| format!("\\x{byte:02x}")),
        1 => join(gap, &|byte| format!("{byte:02x}")),
        2 => bytes(term, |byte| format!("{byte:02X}")),
        3 => join(rng.pick(&[" ", ", ", ""]), &|byte| format!("0x{byte:02x}")),
        4 => join(rng.pick(&[" ", ""]), &|byte| format!("{byte:08b}")),
        5 => format!("0x{}", bytes(term, |byte| format!("{byte:02x}"))),
        6 => join(rng.pick(&[" ", ", "]), &|byte| format!("{byte:o}")),
        7 => join(rng.pick(&[" ", ","]), &|byte| byte.to_string()),
        _ => join(" ", &|byte| format!("{byte:07b}")),
    }
}

pub(super) fn percent(rng: &mut Rng, term: &str) -> String {
    let upper = rng.chance(50);
    let one = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
    let some = replace(rng, term, |_, c| Some(bytes(&c.to_string(), one)));
    let rounds = rng.pick(&[1, 1, 2, 3]);
    (1..rounds).fold(some, |text, _| text.replace('%', "%25"))
}

pub(super) fn entities(rng: &mut Rng, term: &str) -> String {
    let kind = rng.below(7);
    let parted = |c: char, entity: &str| format!("{c}{entity}");
    let invisible = rng.pick(&["&shy;", "&ZeroWidthSpace;", "&zwnj;", "&NoBreak;", "&#8203;"]);
    replace(rng, term, |rng, c| {
        let code = u32::from(c);
        Some(match kind {
            0 => format!("&#{code};"),
            1 => format!("&#x{code:x};"),
            2 => format!("&#X{code:X};"),
            3 => format!("&#{code:07};"),
            4 if c.is_ascii_alphabetic() => format!("&#{code}"),
            // HTML 5 has an entity for each letter of three alphabets of mathematics.
            5 if c.is_ascii_lowercase() => format!("&{c}{};", rng.pick(&["opf", "fr", "scr"])),
            6 => parted(c, invisible),
            _ => format!("&#0{code};"),
        })
    })
}

pub(super) fn escapes(rng: &mut Rng, term: &str) -> String {
    let kind = rng.below(if term.is_ascii() { 4 } else { 3 });
    replace(rng, term, |_, c| {
        let code = u32::from(c);
        Some(match kind {
            0 => format!("\\u{code:04x}"),
            1 => format!("\\u{{{code:x}}}"),
            2 => format!("\\U{code:08X}"),
            _ => format!("\\{code:03o}"),
        })
    })
}

pub(super) fn mail(rng: &mut Rng, term: &str) -> String {
    let quoted = |byte: u8| format!("={byte:02X}");
    match rng.below(4) {
        0 => format!("=?utf-8?B?{}?=", STANDARD.encode(term)),
        1 => {
            let one = |byte: u8| match byte {
                b' ' => "_".to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => quoted(byte),
            };
            let all = |byte: u8| if byte == b' ' { "_".to_owned() } else { quoted(byte) };
            let whole = rng.chance(50) || term.is_ascii();
            format!("=?UTF-8?Q?{}?=", if whole { bytes(term, all) } else { bytes(term, one) })
        }
        2 => replace(rng, term, |_, c| Some(bytes(&c.to_string(), quoted))),
        _ => {
            let at = rng.between(1, term.chars().count() - 1);
            let (head, tail): (String, String) =
                (term.chars().take(at).collect(), term.chars().skip(at).collect());
            format!("{head}={}{tail}", rng.pick(&["\n", "\r\n"]))
        }
    }
}

/// Host names (RFC 3492): Chinese labels, and Latin ones with a letter of another script. Phrases have blanks, names none.
pub(super) fn host_names(rng: &mut Rng, term: &str) -> String {
    if term.contains(' ') {
        return term.to_owned();
    }
    let label = if term.is_ascii() {
        let at = rng.below(term.chars().count());
        let c = nth(term, at);
        let found = super::letters::look_alikes(rng, &c.to_string());
        let small: String = found.chars().flat_map(char::to_lowercase).collect();
        let head: String = term.chars().take(at).collect();
        head + &small + &term.chars().skip(at + 1).collect::<String>()
    } else {
        term.to_owned()
    };
    let label = punycode(&label).map_or_else(|| term.to_owned(), |coded| format!("xn--{coded}"));
    match rng.below(4) {
        0 => format!("https://{label}.com/a?b=1"),
        1 => format!("http://www.{label}.example.org"),
        2 => format!("{label}.net"),
        _ => label,
    }
}

pub(super) fn punycode(label: &str) -> Option<String> {
    let basic: String = label.chars().filter(char::is_ascii).collect();
    let mut made = if basic.is_empty() { String::new() } else { format!("{basic}-") };
    let (mut code, mut delta, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut handled = u32::try_from(basic.len()).ok()?;
    let first = handled;
    while usize::try_from(handled).ok()? < label.chars().count() {
        let next = label.chars().map(u32::from).filter(|c| *c >= code).min()?;
        delta += (next - code) * (handled + 1);
        code = next;
        for c in label.chars().map(u32::from) {
            delta += u32::from(c < code);
            if c == code {
                push_number(&mut made, delta, bias)?;
                bias = adapted(delta, handled + 1, handled == first);
                delta = 0;
                handled += 1;
            }
        }
        delta += 1;
        code += 1;
    }
    Some(made)
}

fn push_number(made: &mut String, delta: u32, bias: u32) -> Option<()> {
    let mut rest = delta;
    for base in (36..).step_by(36) {
        let threshold = (u32::saturating_sub(base, bias)).clamp(1, 26);
        if rest < threshold {
            break;
        }
        let digit = threshold + (rest - threshold) % (36 - threshold);
        made.push(digit_of_punycode(digit)?);
        rest = (rest - threshold) / (36 - threshold);
    }
    made.push(digit_of_punycode(rest)?);
    Some(())
}

fn adapted(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut base = 0;
    while delta > 455 {
        delta /= 35;
        base += 36;
    }
    base + 36 * delta / (delta + 38)
}

/// The digits of punycode: a to z are 0 to 25, then come 0 to 9.
fn digit_of_punycode(digit: u32) -> Option<char> {
    char::from_u32(if digit < 26 { digit + 97 } else { digit + 22 })
}

pub(super) fn markup(rng: &mut Rng, term: &str) -> String {
    let at = rng.between(1, term.chars().count() - 1);
    let (head, tail): (String, String) =
        (term.chars().take(at).collect(), term.chars().skip(at).collect());
    match rng.below(8) {
        0 => format!("{head}<b>{tail}</b>"),
        1 => format!("<i>{head}</i>{tail}"),
        2 => format!("{head}<!-- {} -->{tail}", rng.pick(&["nothing", "x", "a > b"])),
        3 => format!("{head}<span style=\"color: red\">{tail}</span>"),
        4 => format!("<![CDATA[{head}]]><![CDATA[{tail}]]>"),
        5 => format!("<p>{head}<wbr/>{tail}</p>"),
        6 => replace(rng, term, |_, c| Some(format!("<u>{c}</u>"))),
        _ => format!("{head}<font></font>{tail}"),
    }
}

pub(super) fn markdown(rng: &mut Rng, term: &str) -> String {
    let at = rng.between(1, term.chars().count() - 1);
    let (head, tail): (String, String) =
        (term.chars().take(at).collect(), term.chars().skip(at).collect());
    match rng.below(6) {
        0 => format!("{head}**{tail}**"),
        1 => format!("**{head}**{tail}"),
        2 => format!("~~{head}~~{tail}"),
        3 => format!("[{head}](https://example.com){tail}"),
        4 => format!("[{head}](https://example.com/a)[{tail}](#b)"),
        _ => format!("{head}`{tail}`"),
    }
}

pub(super) fn latex(rng: &mut Rng, term: &str) -> String {
    let at = rng.between(1, term.chars().count() - 1);
    let (head, tail): (String, String) =
        (term.chars().take(at).collect(), term.chars().skip(at).collect());
    match rng.below(4) {
        0 => format!("\\textbf{{{head}}}{tail}"),
        1 => format!("{head}\\emph{{{tail}}}"),
        2 => format!("\\textit{{{head}}}\\texttt{{{tail}}}"),
        _ => format!("{head}{{}}{tail}"),
    }
}
