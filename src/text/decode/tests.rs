//! What all decoders have in common.

use proptest::prelude::*;

use super::runs::overlooked;
use super::{
    DECODERS, DecoderDef, Reads, ascii85, base32, base64, base64_groups, bits, deletes, mail,
    numbers, punycode, selectors, signals, widened,
};
use crate::text::Reading;

/// What a decoder reads of a text.
fn input(def: &DecoderDef, text: &str) -> Reading {
    let (mut raw, mut width) = (Reading::default(), Reading::default());
    raw.identity(text);
    let wide = def.reads == Reads::Width && widened(&raw, &mut width);
    if wide { width } else { raw }
}

fn by_name(name: &str) -> &'static DecoderDef {
    DECODERS.iter().find(|def| def.name.0 == name).expect("a decoder of that name")
}

/// What a text says to one decoder.
pub(super) fn decoded_by(name: &str, text: &str) -> String {
    let def = by_name(name);
    let (input, mut out) = (input(def, text), Reading::default());
    (def.build)(&input, &mut out);
    let applies = (def.applies)(&input);
    assert!(applies || out.as_str() == input.as_str(), "{name} does not apply to {text:?}");
    out.as_str().to_owned()
}

/// Pieces of texts in which something is encoded, and of which some are cut short.
fn pieces() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(PIECES.to_vec());
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    "decode: ",
    "deco",
    "解密",
    "ufmm nf ",
    "bcpvu ",
    "Ym9tYg==",
    "zha",
    "dan4",
    "zh\u{e0}",
    "Zao",
    "制",
    "ㄓ",
    "ㄚˋ",
    "ㄉㄢ",
    "˙ㄉ",
    "ˋ",
    "ㄩ",
    "'",
    "4",
    "Ym9t",
    "YmlnIGJvbWI=",
    "54K45by5",
    "5oiRwq3lgYfCreW4gcKt",
    "Yg",
    "aG93",
    "=",
    "==",
    "hello",
    "the bomb",
    "IBM",
    "a1",
    " ",
    " ",
    "\n",
    ".",
    "-",
    "/",
    "&#98;",
    "&#x62",
    "&#",
    "&",
    "&am",
    "&amp;",
    ";",
    "%62",
    "%6",
    "%",
    "%E7%82%B8",
    "%E7%82",
    "=62=6f",
    "=62",
    "\\",
    "\\u0062",
    "\\u00",
    "\\x62",
    "\\n",
    "\\ud83d",
    "\\ude00",
    "\\142",
    "62",
    "62 6f 6d 62",
    "62 6f ",
    "efbd8eefbd89",
    "e8, b4, ad, ",
    "626f6d62",
    "6f:6d",
    "0x62",
    "0x",
    "0",
    "01100010",
    "01101111 ",
    "1101111 ",
    "U+70B8",
    "U+",
    "98 111 109 98",
    "98, ",
    "111,",
    "109 ",
    "28856 ",
    "142 157 155 142",
    "0142 ",
    "bGl0 dGxl",
    "dGxl\n",
    "IGJv ",
    "bWI=",
    "Lz9gLt==",
    "NRUXI5DMMUQGE33NMI======",
    "nruxi5dm",
    "MUQGE33N",
    "<~@W-*m~>",
    "<~",
    "~>",
    "Ch\\!5Ch4_uDf&q",
    "-... --- -- -...",
    "-... ",
    "--- ",
    " / ",
    "   ",
    "...",
    "–•••",
    "⠃⠕⠍",
    "bravo oscar mike",
    "bravo ",
    "Mike, ",
    "x-ray",
    "mik",
    "=?utf-8?B?Ym9tYg==?=",
    "=?utf-8?Q?=62o?=",
    "=?utf-8?",
    "?=",
    "=\n",
    "=\r",
    "=6F",
    "xn--bcher-kva",
    "xn--",
    "fsqu00a.com",
    "\r",
    "x",
    "é",
    "炸",
    "\u{200b}",
    "Ｙ",
    "😀",
    "\u{e0062}",
    "\u{e006f}\u{e006d}",
    "\u{e007f}",
    "🏴",
    "\u{fe0f}",
    "\u{e0152}\u{e015f}",
    "\u{e0162}",
    "\u{200c}\u{200b}\u{200b}\u{200c}\u{200c}\u{200c}\u{200b}\u{200c}",
    "\u{200b}\u{200c}\u{200c}\u{200b}\u{200b}\u{200b}\u{200c}\u{200b}",
    "\u{2062}\u{2064}\u{2064}\u{2062}\u{2062}\u{2062}\u{2064}",
    "a long way to go and",
    "弓单",
    "火",
    "乍",
    "水",
    "<b>",
    "</",
    "<!-- x",
    "-->",
    "<![CDATA[",
    "]]>",
    "](a)",
    "[",
    "]",
    "**",
    "*",
    "`",
    "__",
    "{",
    "}",
    "\\emph{",
    "\u{8}",
    "\u{8}\u{8}",
    "\u{7f}",
    "\u{1b}[31m",
    "\u{1b}[",
    "\u{1b}",
    "3",
    "m",
    "\u{202e}",
    "\u{202c}",
    "\u{2066}",
    "\u{2069}",
    "\u{202d}",
];

/// Each character with the raw bytes that it stands for.
fn characters(reading: &Reading) -> Vec<(char, usize, usize)> {
    let text = reading.as_str().char_indices();
    text.map(|(at, c)| {
        let span = reading.raw_span(at, at + c.len_utf8());
        (c, span.start, span.end)
    })
    .collect()
}

fn build(def: &DecoderDef, text: &str) -> Reading {
    let mut out = Reading::default();
    (def.build)(&input(def, text), &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_decided_of_a_decoded_text_stays(text in pieces(), cut in 0_usize..120) {
        let Some((cut, _)) = text.char_indices().nth(cut) else { return Ok(()) };
        for def in DECODERS {
            let head = input(def, &text[..cut]);
            // Before anything is deleted, a text is not held for that.
            if deletes(def) && !(def.applies)(&head) {
                continue;
            }
            let open = head.raw_start((def.open_from)(head.as_str()));
            let mut decided = build(def, &text[..cut]);
            let upto = decided.upto(open);
            let open = open.min(decided.raw_start(upto));
            decided.cut(upto, open);
            let (left, whole) = (characters(&decided), characters(&build(def, &text)));
            prop_assert!(left.len() <= whole.len(), "{}: {:?}", def.name.0, left);
            for (left, right) in left.iter().zip(&whole) {
                // The last one may still swallow what is left out behind it.
                prop_assert_eq!((left.0, left.1), (right.0, right.1), "{} at {} of {:?}", def.name.0, open, text);
            }
            let next = whole.get(left.len());
            prop_assert!(next.is_none_or(|next| next.1 >= open), "{}: {:?} before {}", def.name.0, next, open);
        }
    }

    #[test]
    fn offsets_of_a_decoded_text_ascend_and_lie_on_characters(text in pieces()) {
        for def in DECODERS {
            let mut last = 0;
            for (c, start, end) in characters(&build(def, &text)) {
                prop_assert!(start >= last && end >= start && end <= text.len(), "{}: {c:?} {start} {end}", def.name.0);
                prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{}", def.name.0);
                last = start;
            }
        }
    }

    #[test]
    fn each_run_begins_at_a_candidate(text in pieces()) {
        let (raw, wide) = (input(by_name("bits"), &text), input(by_name("base32"), &text));
        for (name, overlooked, input) in [
            ("bits", overlooked::<bits::Bits> as fn(&Reading) -> Vec<usize>, &raw),
            ("selectors", overlooked::<selectors::Selectors<16>>, &raw),
            ("selectors_ascii", overlooked::<selectors::Selectors<0>>, &raw),
            ("base64", overlooked::<base64::Base64<false>>, &wide),
            ("base64_rot13", overlooked::<base64::Base64<true>>, &wide),
            ("base64_groups", overlooked::<base64_groups::Groups>, &wide),
            ("base32", overlooked::<base32::Base32>, &wide),
            ("ascii85", overlooked::<ascii85::Ascii85>, &wide),
            ("numbers", overlooked::<numbers::Numbers>, &wide),
            ("decimal", overlooked::<numbers::Decimal>, &wide),
            ("octal", overlooked::<numbers::Octal>, &wide),
            ("signals", overlooked::<signals::Signals>, &raw),
            ("mail", overlooked::<mail::Mail>, &wide),
            ("punycode", overlooked::<punycode::Punycode>, &wide),
        ] {
            prop_assert_eq!(overlooked(input), Vec::<usize>::new(), "{} in {:?}", name, input.as_str());
        }
    }

    #[test]
    fn what_nothing_is_decoded_of_is_not_built(text in pieces()) {
        for def in DECODERS {
            let input = input(def, &text);
            let differs = build(def, &text).as_str() != input.as_str();
            prop_assert!(!differs || (def.applies)(&input), "{} of {:?}", def.name.0, text);
        }
    }
}
