//! The decoders `selectors` and `selectors_ascii`: text as variation selectors behind a character that is shown.
//!
//! There are 256 selectors, one for each byte; others count the last 240 from zero, and write ASCII. In ordinary text no
//! selector stands behind another one.

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::speller::Speller;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const SELECTORS: DecoderDef = DecoderDef {
    name: ViewName("selectors"),
    switch: "hidden",
    again: true,
    summary: "bytes as variation selectors, which are not shown",
    reads: Reads::Text,
    applies: runs::applies::<Selectors<FIRST_16>>,
    build: runs::build::<Selectors<FIRST_16>>,
    open_from: runs::open_from::<Selectors<FIRST_16>>,
};

pub(super) const SELECTORS_ASCII: DecoderDef = DecoderDef {
    name: ViewName("selectors_ascii"),
    switch: "hidden",
    again: true,
    summary: "ASCII as supplementary variation selectors",
    reads: Reads::Text,
    applies: runs::applies::<Selectors<0>>,
    build: runs::build::<Selectors<0>>,
    open_from: runs::open_from::<Selectors<0>>,
};

/// The bytes before the one that U+E0100 stands for where U+FE00 to U+FE0F stand for bytes too.
const FIRST_16: u8 = 16;
/// The fewest selectors that are text.
const FEWEST: usize = 2;

pub(super) struct Selectors<const BEFORE: u8>;

impl<const BEFORE: u8> Encoding for Selectors<BEFORE> {
    fn glance(bytes: &[u8]) -> bool {
        memchr::memmem::find(bytes, b"\xef\xb8").is_some()
            || memchr::memmem::find(bytes, b"\xf3\xa0").is_some()
    }

    fn candidates(around: &Around<'_>) -> u64 {
        around.here.leads
    }

    fn continues(byte: u8) -> bool {
        matches!(byte, 0x80..=0xbf | 0xef | 0xf3)
    }

    fn begins(_: Option<u8>, byte: u8, _: &[u8]) -> bool {
        matches!(byte, 0xef | 0xf3)
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        let mut speller = Speller::default();
        let (mut at, mut count) = (start, 0);
        while let Some((byte, width)) = byte_of(bytes.get(at..).unwrap_or_default(), BEFORE)
            && speller.unit(&[byte], Span::new(at, at + width))
        {
            (at, count) = (at + width, count + 1);
        }
        let open = (at == bytes.len()).then_some(if count < FEWEST { start } else { at });
        let mut run = Run::spelled(speller, Span::new(start, at), 0, open);
        run.counts = count >= FEWEST && !run.text.is_empty();
        run.on_its_own()
    }
}

/// The byte that the selector at the beginning stands for, and the bytes of the selector.
fn byte_of(bytes: &[u8], before: u8) -> Option<(u8, usize)> {
    match *bytes {
        [0xef, 0xb8, last @ 0x80..=0x8f, ..] if before > 0 => Some((last - 0x80, 3)),
        [0xf3, 0xa0, third @ 0x84..=0x87, last, ..] => {
            let number = (third - 0x84) << 6 | (last & 0x3f);
            Some((number.checked_add(before)?, 4))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    fn selectors(text: &str, before: u32) -> String {
        let selector = |byte: u8| match u32::from(byte).checked_sub(before) {
            Some(number) => char::from_u32(0xe0100 + number).expect("a selector"),
            None => char::from_u32(0xfe00 + u32::from(byte)).expect("a selector"),
        };
        text.bytes().map(selector).collect()
    }

    #[test]
    fn bytes_behind_an_emoji_are_read_on_their_own() {
        let hidden = selectors("a bomb 炸弹", 16);
        assert_eq!(decoded_by("selectors", &format!("😊{hidden}")), "😊\na bomb 炸弹");
        assert_eq!(decoded_by("selectors", &format!("😊{hidden}b")), "😊\na bomb 炸弹\nb");
        let hidden = selectors("a bomb", 0);
        assert_eq!(decoded_by("selectors_ascii", &format!("😊{hidden}b")), "😊\na bomb\nb");
    }

    #[test]
    fn a_selector_that_chooses_a_form_is_no_text() {
        for text in ["❤️ 1️⃣ 👁️‍🗨️", "葛\u{e0100}城", "（，；"] {
            assert_eq!(decoded_by("selectors", text), text);
            assert_eq!(decoded_by("selectors_ascii", text), text);
        }
    }
}
