//! Contextual forms of Arabic letters (Unicode, Arabic Presentation Forms-B).

/// The isolated form; final, initial and medial follow where the letter joins on both sides, final alone otherwise.
pub(crate) const FORMS: &[(char, u32, bool)] = &[
    ('\u{626}', 0xfe89, true),  // yeh with hamza
    ('\u{627}', 0xfe8d, false), // alef
    ('\u{628}', 0xfe8f, true),  // beh
    ('\u{629}', 0xfe93, false), // teh marbuta
    ('\u{62a}', 0xfe95, true),  // teh
    ('\u{62c}', 0xfe9d, true),  // jeem
    ('\u{62d}', 0xfea1, true),  // hah
    ('\u{62e}', 0xfea5, true),  // khah
    ('\u{62f}', 0xfea9, false), // dal
    ('\u{631}', 0xfead, false), // reh
    ('\u{633}', 0xfeb1, true),  // seen
    ('\u{641}', 0xfed1, true),  // feh
    ('\u{642}', 0xfed5, true),  // qaf
    ('\u{643}', 0xfed9, true),  // kaf
    ('\u{644}', 0xfedd, true),  // lam
    ('\u{645}', 0xfee1, true),  // meem
    ('\u{646}', 0xfee5, true),  // noon
    ('\u{64a}', 0xfef1, true),  // yeh
];
