//! Where in a text bytes of some classes stand, as bits, so that decoders look at few places and pass over the rest at the
//! speed of words of 64 bits.
#![expect(
    clippy::indexing_slicing,
    reason = "constant bounds in arrays of constant length are checked when compiling, and become vectors"
)]

/// Bytes of a block; a bit each.
pub(super) const BLOCK: usize = 64;

/// Bits of the classes of one byte.
const LETTER: u8 = 1;
const CAPITAL: u8 = 1 << 1;
const DIGIT: u8 = 1 << 2;
const SIGN: u8 = 1 << 3;
const MARK: u8 = 1 << 4;
const LEAD: u8 = 1 << 5;
const WORD: u8 = 1 << 6;

/// The bytes of a block that are of each class, a bit for each byte, the first the lowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    /// ASCII letters and digits.
    pub(super) words: u64,
    /// ASCII digits.
    pub(super) digits: u64,
    /// The rest of ASCII that is shown, but for blanks.
    pub(super) signs: u64,
    /// Signs with which markup and escapes begin, and few more: `%`, `&`, `*`, `<`, `=`, `\` to `` ` ``, `{` to `~`.
    pub(super) marks: u64,
    /// The second byte of a small letter before a capital or digit, a capital before a digit, or a digit before a letter.
    pub(super) mixed: u64,
    /// First bytes of characters beyond ASCII, but for those of kana and most Han characters.
    pub(super) leads: u64,
}

/// A block with its neighbours. Where there are none, they are empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'m> {
    before: &'m Block,
    pub(super) here: &'m Block,
    pub(super) behind: &'m Block,
}

/// One of the masks of a block.
pub(super) type Class = fn(&Block) -> u64;

impl Around<'_> {
    fn ahead(&self, class: Class) -> u128 {
        u128::from(class(self.here)) | u128::from(class(self.behind)) << BLOCK
    }

    /// The bytes of which the byte before is of a class.
    pub(super) fn after(&self, class: Class) -> u64 {
        class(self.here) << 1 | class(self.before) >> (BLOCK - 1)
    }

    /// The bytes of which the `n`-th after them is of a class, 64 at most.
    pub(super) fn before_nth(&self, class: Class, n: usize) -> u64 {
        low(self.ahead(class) >> n)
    }

    /// The bytes of which one is of a class, or of the `n` - 1 behind them, where `n` is 64 at most.
    pub(super) fn any_within(&self, class: Class, n: usize) -> u64 {
        let (mut any, mut covers) = (self.ahead(class), 1);
        while covers < n {
            let more = covers.min(n - covers);
            any |= any >> more;
            covers += more;
        }
        low(any)
    }

    /// The bytes that are of a class with all `n` - 1 behind them, where `n` is 64 at most.
    pub(super) fn all_within(&self, class: Class, n: usize) -> u64 {
        let (mut all, mut covers) = (self.ahead(class), 1);
        while covers < n {
            let more = covers.min(n - covers);
            all &= all >> more;
            covers += more;
        }
        low(all)
    }

    /// The beginnings of runs of letters and digits.
    pub(super) fn word_starts(&self) -> u64 {
        self.here.words & !self.after(|block| block.words)
    }

    /// The letters, digits and signs behind no letter or digit, with something mixed among the `n` bytes from there on.
    pub(super) fn mixed_within(&self, n: usize) -> u64 {
        // In most blocks there is nothing to look for.
        if self.here.mixed | self.behind.mixed == 0 {
            return 0;
        }
        let shown = self.here.words | self.here.signs;
        shown & !self.after(|block| block.words) & self.any_within(|block| block.mixed, n)
    }
}

const fn low(bits: u128) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = bits as u64;
    low
}

/// The masks of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Masks {
    blocks: Vec<Block>,
    ascii: bool,
}

static EMPTY: Block = Block { words: 0, digits: 0, signs: 0, marks: 0, mixed: 0, leads: 0 };

impl Masks {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let mut masks = Vec::with_capacity(blocks.len() + 1);
        let mut last = 0;
        for block in blocks {
            masks.push(look(block, &mut last));
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            masks.push(look(&block, &mut last));
        }
        Self { blocks: masks, ascii: bytes.is_ascii() }
    }

    /// Whether all of the text is ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// The bytes from `from` on that `pick` picks in each block.
    pub(super) fn places<F: Fn(&Around<'_>) -> u64>(&self, from: usize, pick: F) -> Places<'_, F> {
        let index = from / BLOCK;
        let mut places = Places { blocks: &self.blocks, index, picked: 0, pick };
        places.picked = places.pick(index) & (!0 << (from % BLOCK));
        places
    }
}

/// Bytes that were picked, in order.
#[derive(Clone, Debug)]
pub(super) struct Places<'m, F> {
    blocks: &'m [Block],
    index: usize,
    /// Those of this block that are not passed yet.
    picked: u64,
    pick: F,
}

impl<F: Fn(&Around<'_>) -> u64> Places<'_, F> {
    #[inline]
    fn pick(&self, index: usize) -> u64 {
        let block = |index: usize| self.blocks.get(index).unwrap_or(&EMPTY);
        let (before, behind) = (block(index.wrapping_sub(1)), block(index + 1));
        (self.pick)(&Around { before, here: block(index), behind })
    }
}

impl<F: Fn(&Around<'_>) -> u64> Iterator for Places<'_, F> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.picked == 0 {
            self.index += 1;
            if self.index >= self.blocks.len() {
                return None;
            }
            self.picked = self.pick(self.index);
        }
        let at = self.index * BLOCK + self.picked.trailing_zeros() as usize;
        self.picked &= self.picked - 1;
        Some(at)
    }
}

#[inline]
fn classes_of(byte: u8) -> u8 {
    let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
    let capital = u8::from(byte.wrapping_sub(b'A') < 26);
    let digit = u8::from(byte.wrapping_sub(b'0') < 10);
    let shown = u8::from(byte.wrapping_sub(b'!') < 94);
    // In ranges, since that takes fewer steps.
    let mark = u8::from(byte.wrapping_sub(b'%') < 2)
        | u8::from(byte == b'*')
        | u8::from(byte | 1 == b'=')
        | u8::from(byte.wrapping_sub(b'\\') < 5)
        | u8::from(byte.wrapping_sub(b'{') < 4);
    // From 0xc0 on but for 0xe3 to 0xe9.
    let lead = u8::from(byte >= 0xc0) & u8::from(byte.wrapping_sub(0xe3) >= 7);
    let word = letter | digit;
    let sign = shown & (word ^ 1);
    // All are of different bits.
    letter * LETTER
        + word * WORD
        + capital * CAPITAL
        + digit * DIGIT
        + sign * SIGN
        + mark * MARK
        + lead * LEAD
}

/// The masks of a block; `last` is what the byte before it is, and becomes what its last byte is.
fn look(block: &[u8; BLOCK], last: &mut u8) -> Block {
    // The byte before stands in front.
    let mut classes = [0; BLOCK + 1];
    classes[0] = *last;
    let mut union = 0;
    for at in 0..BLOCK {
        let class = classes_of(block[at]);
        classes[at + 1] = class;
        union |= class;
    }
    *last = classes[BLOCK];
    let mut mixed = [0; BLOCK];
    let mut any_mixed = 0;
    for at in 0..BLOCK {
        let (a, b) = (classes[at], classes[at + 1]);
        let (letter, capital, digit) = (b & LETTER, (b & CAPITAL) >> 1, (b & DIGIT) >> 2);
        let small_before = a & LETTER & !(a >> 1);
        let found = small_before & (capital | digit)
            | (a >> 1) & LETTER & digit
            | (a >> 2) & LETTER & letter;
        mixed[at] = found;
        any_mixed |= found;
    }
    let mut here = [0; BLOCK];
    here.copy_from_slice(&classes[1..]);
    let mut masks = Block::default();
    if union & WORD != 0 {
        masks.words = plane::<WORD>(&here);
    }
    if union & DIGIT != 0 {
        masks.digits = plane::<DIGIT>(&here);
    }
    if union & SIGN != 0 {
        masks.signs = plane::<SIGN>(&here);
    }
    if union & MARK != 0 {
        masks.marks = plane::<MARK>(&here);
    }
    if union & LEAD != 0 {
        masks.leads = plane::<LEAD>(&here);
    }
    if any_mixed != 0 {
        masks.mixed = plane::<LETTER>(&mixed);
    }
    masks
}

/// The bytes that have a bit, or one of two bits side by side.
#[inline]
pub(super) fn plane<const BITS: u8>(bytes: &[u8; BLOCK]) -> u64 {
    let mut mask = 0;
    for (index, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight) >> BITS.trailing_zeros();
        let more = if BITS.count_ones() > 1 { eight >> 1 } else { 0 };
        let bits = (eight | more) & 0x0101_0101_0101_0101;
        mask |= (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where a class stands, told from each byte by itself.
    fn expected(bytes: &[u8], is: impl Fn(Option<u8>, u8) -> bool) -> Vec<usize> {
        let before = |at: usize| at.checked_sub(1).map(|at| bytes[at]);
        (0..bytes.len()).filter(|&at| is(before(at), bytes[at])).collect()
    }

    fn all(masks: &Masks, pick: impl Fn(&Around<'_>) -> u64) -> Vec<usize> {
        masks.places(0, pick).collect()
    }

    fn is_mixed(before: Option<u8>, byte: u8) -> bool {
        before.is_some_and(|a| {
            a.is_ascii_lowercase() && (byte.is_ascii_uppercase() || byte.is_ascii_digit())
                || a.is_ascii_uppercase() && byte.is_ascii_digit()
                || a.is_ascii_digit() && byte.is_ascii_alphabetic()
        })
    }

    proptest! {
        #[test]
        fn masks_tell_the_class_of_each_byte(text in "[aBz09 !<_~é中😀\u{200b}\n]{0,200}") {
            let bytes = text.as_bytes();
            let masks = Masks::of(bytes);
            let sign = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric();
            prop_assert_eq!(all(&masks, |a| a.here.words), expected(bytes, |_, b| b.is_ascii_alphanumeric()));
            prop_assert_eq!(all(&masks, |a| a.here.digits), expected(bytes, |_, b| b.is_ascii_digit()));
            prop_assert_eq!(all(&masks, |a| a.here.signs), expected(bytes, |_, b| sign(b)));
            prop_assert_eq!(all(&masks, |a| a.here.marks), expected(bytes, |_, b| b"%&*<=\\]^_`{|}~".contains(&b)));
            prop_assert_eq!(all(&masks, |a| a.here.mixed), expected(bytes, is_mixed));
            prop_assert_eq!(all(&masks, |a| a.here.leads), expected(bytes, |_, b| b >= 0xc0 && !(0xe3..=0xe9).contains(&b)));
            prop_assert_eq!(masks.is_ascii(), text.is_ascii());
        }

        #[test]
        fn places_go_on_from_anywhere(text in "[a ]{0,300}", from in 0_usize..300) {
            let bytes = text.as_bytes();
            let masks = Masks::of(bytes);
            let expected: Vec<_> = (from..bytes.len()).filter(|&at| bytes[at] == b'a').collect();
            prop_assert_eq!(masks.places(from, |a| a.here.words).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn neighbourhoods_reach_across_blocks(text in "[a ]{0,300}", n in 1_usize..=64) {
            let bytes = text.as_bytes();
            let masks = Masks::of(bytes);
            let words: Class = |block| block.words;
            let at = |at: usize| bytes.get(at).is_some_and(|&byte| byte == b'a');
            let found = all(&masks, |a| a.any_within(words, n));
            prop_assert_eq!(found, (0..bytes.len()).filter(|&p| (p..p + n).any(at)).collect::<Vec<_>>());
            let found = all(&masks, |a| a.all_within(words, n));
            prop_assert_eq!(found, (0..bytes.len()).filter(|&p| (p..p + n).all(at)).collect::<Vec<_>>());
            let found = all(&masks, |a| a.before_nth(words, n));
            prop_assert_eq!(found, (0..bytes.len()).filter(|&p| at(p + n)).collect::<Vec<_>>());
            let found = all(&masks, |a: &Around<'_>| Around::word_starts(a));
            prop_assert_eq!(found, (0..bytes.len()).filter(|&p| at(p) && (p == 0 || !at(p - 1))).collect::<Vec<_>>());
        }
    }
}
