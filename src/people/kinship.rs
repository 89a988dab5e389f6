//! Which texts are the same to whoever has to judge them.

use unicode_normalization::UnicodeNormalization as _;

use crate::audit::{Signer, digest};

/// What texts have in common that differ only in case, width and blanks; a key makes it tell nothing about them.
pub fn kin(text: &str, signer: Option<&Signer>) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    let words = words.join(" ");
    signer.map_or_else(|| digest(words.as_bytes()), |signer| signer.digest(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kin_that_differ_in_case_width_and_blanks_alone() {
        assert_eq!(kin("You  Idiot\n", None), kin("ｙｏｕ idiot", None));
        assert_eq!(kin("你 好", None), kin("你\u{3000}好", None));
        assert_ne!(kin("you idiot", None), kin("you idiots", None));
    }
}
