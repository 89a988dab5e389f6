//! An input as choices and a payload: the first line is for choices, so that seeds can be written by hand.

/// Decisions that an input makes, one byte after the other, over and over.
pub struct Choices<'i> {
    bytes: &'i [u8],
    at: usize,
}

impl<'i> Choices<'i> {
    /// The choices in the first line of an input, and what follows it.
    pub fn of(input: &'i [u8]) -> (Self, &'i [u8]) {
        let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(0);
        let (bytes, rest) = input.split_at(end);
        (Self { bytes, at: 0 }, rest.strip_prefix(b"\n").unwrap_or(rest))
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let byte = self.bytes.get(self.at % self.bytes.len().max(1)).copied().unwrap_or(b'1');
        self.at += 1;
        // Two bytes where one does not reach far enough.
        let high = if bound > 256 { self.below(256) } else { 0 };
        (high * 256 + usize::from(byte)) % bound
    }

    /// A place in a text, on a border of characters.
    pub fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Bytes in pieces of 1 to 40.
    pub fn split<'b>(&mut self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at((1 + self.below(40)).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }

    /// A text in pieces of at least a character and at most some 40 bytes.
    pub fn split_text<'t>(&mut self, text: &'t str) -> Vec<&'t str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let mut at = (1 + self.below(40)).min(rest.len());
            while !rest.is_char_boundary(at) {
                at += 1;
            }
            let (piece, behind) = rest.split_at(at);
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }
}
