//! Terms of lexicons in the spelling that each view shows them in.

use super::class::{Class, class};
use super::fold::FOLD;
use super::reading::Reading;
use super::skeleton::SKELETON;
use super::view::ViewDef;

/// A term as `fold` shows it, the form in which lexicons keep their terms.
pub fn normalise_term(term: &str) -> String {
    let mut raw = Reading::default();
    raw.identity(term);
    built(&FOLD, &raw).as_str().to_owned()
}

/// A term as `skeleton`, and the views that stand on it, show it.
pub fn skeleton_term(term: &str) -> String {
    let mut raw = Reading::default();
    raw.identity(term);
    built(&SKELETON, &built(&FOLD, &raw)).as_str().to_owned()
}

/// A term as `repeats` shows it where it was stretched: every run of one letter is a single letter, so
/// that `killlll` finds `kill`.
///
/// Such a spelling may be a word of its own (`ass` becomes `as`, `妈妈` becomes `妈`): an occurrence
/// counts only where [`Reading::is_collapsed`] holds for it.
pub fn repeats_term(term: &str) -> String {
    let mut last = None;
    let mut spelling = skeleton_term(term);
    spelling.retain(|c| {
        let letter = matches!(class(c), Class::Letter | Class::Han);
        let again = letter && last == Some(c);
        last = Some(c);
        !again
    });
    spelling
}

fn built(view: &ViewDef, input: &Reading) -> Reading {
    let mut out = Reading::default();
    (view.build)(input, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_kept_as_the_views_show_them() {
        assert_eq!(normalise_term("Ｎaïve 製造"), "naive 制造");
        assert_eq!(skeleton_term("ВОМВ"), "bomb");
        assert_eq!(repeats_term("Kill all"), "kil al");
        assert_eq!(repeats_term("妈妈 1001"), "妈 1001");
    }
}
