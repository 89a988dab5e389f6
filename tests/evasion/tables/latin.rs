//! What Latin letters can be replaced by. Code points and their names are those of the Unicode standard.

/// The thirteen alphabets of mathematics, by their capital A (Unicode, Mathematical Alphanumeric Symbols);
/// 26 capitals and 26 small letters follow each.
pub(crate) const MATHEMATICAL: &[u32] = &[
    0x1d400, 0x1d434, 0x1d468, 0x1d49c, 0x1d4d0, 0x1d504, 0x1d538, 0x1d56c, 0x1d5a0, 0x1d5d4,
    0x1d608, 0x1d63c, 0x1d670,
];

/// Letters that had a place in Unicode before those alphabets, in whose place there is a hole.
pub(crate) const MATHEMATICAL_HOLES: &[(u32, char)] = &[
    (0x1d455, 'ℎ'),
    (0x1d49d, 'ℬ'),
    (0x1d4a0, 'ℰ'),
    (0x1d4a1, 'ℱ'),
    (0x1d4a3, 'ℋ'),
    (0x1d4a4, 'ℐ'),
    (0x1d4a7, 'ℒ'),
    (0x1d4a8, 'ℳ'),
    (0x1d4ad, 'ℛ'),
    (0x1d4ba, 'ℯ'),
    (0x1d4bc, 'ℊ'),
    (0x1d4c4, 'ℴ'),
    (0x1d506, 'ℭ'),
    (0x1d50b, 'ℌ'),
    (0x1d50c, 'ℑ'),
    (0x1d515, 'ℜ'),
    (0x1d51d, 'ℨ'),
    (0x1d53a, 'ℂ'),
    (0x1d53f, 'ℍ'),
    (0x1d545, 'ℕ'),
    (0x1d547, 'ℙ'),
    (0x1d548, 'ℚ'),
    (0x1d549, 'ℝ'),
    (0x1d551, 'ℤ'),
];

/// Enclosed letters, by the sign of the letter A: circled capitals and small letters, parenthesised, squared,
/// negative circled, negative squared, regional indicators (Unicode, Enclosed Alphanumerics and its supplement).
pub(crate) const ENCLOSED: &[u32] = &[0x24b6, 0x24d0, 0x249c, 0x1f130, 0x1f150, 0x1f170, 0x1f1e6];

/// Raised letters a to z (Unicode, Phonetic Extensions, Spacing Modifier Letters).
pub(crate) const RAISED: &str = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖ𐞥ʳˢᵗᵘᵛʷˣʸᶻ";

/// Lowered letters (Unicode, Superscripts and Subscripts).
pub(crate) const LOWERED: &[(char, char)] = &[
    ('a', 'ₐ'),
    ('e', 'ₑ'),
    ('h', 'ₕ'),
    ('i', 'ᵢ'),
    ('j', 'ⱼ'),
    ('k', 'ₖ'),
    ('l', 'ₗ'),
    ('m', 'ₘ'),
    ('n', 'ₙ'),
    ('o', 'ₒ'),
    ('p', 'ₚ'),
    ('r', 'ᵣ'),
    ('s', 'ₛ'),
    ('t', 'ₜ'),
    ('u', 'ᵤ'),
    ('v', 'ᵥ'),
    ('x', 'ₓ'),
];

/// LATIN LETTER SMALL CAPITAL A to Z; there is none for X.
pub(crate) const SMALL_CAPITALS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ";

/// Phonetic letters with a hook, a tail or a bar, and what they are a form of (Unicode, IPA Extensions).
pub(crate) const PHONETIC: &[(char, &str)] = &[
    ('a', "ɑ"),
    ('b', "ɓ"),
    ('c', "ƈɕ"),
    ('d', "ɗɖ"),
    ('e', "ɛ"),
    ('g', "ɡɠ"),
    ('h', "ɦ"),
    ('i', "ɨɪ"),
    ('j', "ʝ"),
    ('k', "ƙ"),
    ('l', "ɭɫ"),
    ('m', "ɱ"),
    ('n', "ɳɲ"),
    ('o', "ɵ"),
    ('p', "ƥ"),
    ('q', "ʠ"),
    ('r', "ɽɾ"),
    ('s', "ʂ"),
    ('t', "ʈƭ"),
    ('u', "ʉ"),
    ('v', "ʋ"),
    ('y', "ƴ"),
    ('z', "ʐʑ"),
];

/// Letters of other scripts that look like a Latin one: Cyrillic, Greek, Armenian, Cherokee, Lisu and Roman
/// numerals (UTS #39, `confusables.txt` and `intentional.txt`; к, м, т, г, η are what attackers use for their shape).
pub(crate) const LOOK_ALIKES: &[(char, &str)] = &[
    ('a', "аαАΑᎪꓮ⍺"),
    ('b', "ЬВΒᏏᏴꓐ"),
    ('c', "сϲСϹⅽᏟꓚⅭ"),
    ('d', "ԁⅾᎠꓓⅮᏧ"),
    ('e', "еҽЕΕᎬꓰ℮"),
    ('f', "քꓝϜꬵ"),
    ('g', "ցɡԌᏀꓖ"),
    ('h', "һհНΗᎻꓧᏂ"),
    ('i', "іιⅰІΙⅠꭵ"),
    ('j', "јϳЈᎫꓙ"),
    ('k', "кκКΚᏦꓗ"),
    ('l', "ⅼӏӀᏞꓡⅬ"),
    ('m', "мⅿМΜᎷꓟⅯ"),
    ('n', "ոηΝꓠ"),
    ('o', "оοօОΟՕꓳσ"),
    ('p', "рρРΡᏢꓑ"),
    ('q', "ԛզԚ"),
    ('r', "гᎡᏒꓣᴦ"),
    ('s', "ѕЅՏᏚꓢ"),
    ('t', "тτТΤᎢꓔ"),
    ('u', "υսՍꓴ"),
    ('v', "νѵⅴᏙꓦⅤ"),
    ('w', "ԝաԜᎳꓪѡ"),
    ('x', "хⅹХΧꓫⅩ"),
    ('y', "уγүΥҮꓬ"),
    ('z', "ΖᏃꓜꮓ"),
];

/// Letters with a stroke, which have no decomposition (Unicode, Latin Extended-A to -D).
pub(crate) const STROKED: &[(char, char)] = &[
    ('a', 'ⱥ'),
    ('b', 'ƀ'),
    ('c', 'ȼ'),
    ('d', 'đ'),
    ('e', 'ɇ'),
    ('g', 'ǥ'),
    ('h', 'ħ'),
    ('i', 'ɨ'),
    ('j', 'ɉ'),
    ('k', 'ꝁ'),
    ('l', 'ł'),
    ('o', 'ø'),
    ('p', 'ᵽ'),
    ('r', 'ɍ'),
    ('t', 'ŧ'),
    ('u', 'ʉ'),
    ('y', 'ɏ'),
    ('z', 'ƶ'),
];

/// Several letters in one character, all of which compatibility normalisation takes apart.
pub(crate) const LIGATURES: &[(&str, &str)] = &[
    ("ffi", "ﬃ"),
    ("ffl", "ﬄ"),
    ("ff", "ﬀ"),
    ("fi", "ﬁ"),
    ("fl", "ﬂ"),
    ("st", "ﬆ"),
    ("ij", "ĳ"),
    ("lj", "ǉ"),
    ("nj", "ǌ"),
    ("dz", "ǳ"),
    ("kg", "㎏"),
    ("km", "㎞"),
    ("mm", "㎜"),
    ("cc", "㏄"),
    ("cm", "㎝"),
    ("mg", "㎎"),
    ("ln", "㏑"),
    ("log", "㏒"),
    ("rad", "㎭"),
    ("sr", "㏛"),
    ("ps", "㎰"),
    ("ns", "㎱"),
    ("ms", "㎳"),
    ("mil", "㏕"),
    ("mol", "㏖"),
    ("cd", "㏅"),
    ("in", "㏌"),
    ("kt", "㏏"),
    ("lm", "㏐"),
    ("lx", "㏓"),
    ("ii", "ⅱ"),
    ("iv", "ⅳ"),
    ("vi", "ⅵ"),
    ("xi", "ⅺ"),
    ("no", "№"),
    ("tm", "™"),
    ("sm", "℠"),
    ("rs", "₨"),
];

/// Digits and signs for letters.
pub(crate) const LEET: &[(char, &[&str])] = &[
    ('a', &["4", "@"]),
    ('b', &["8", "|3"]),
    ('d', &["|)"]),
    ('e', &["3", "€"]),
    ('i', &["1", "!", "|"]),
    ('l', &["1"]),
    ('o', &["0"]),
    ('s', &["5", "$"]),
    ('t', &["7", "+"]),
];

/// Letters turned upside down, a to z.
pub(crate) const TURNED: &str = "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz";

/// Marks that text is usually decorated with: accents above and below, underline, strike-through, slashes.
pub(crate) const ACCENTS: &str = "\u{300}\u{301}\u{302}\u{303}\u{304}\u{306}\u{307}\u{308}\u{30a}\u{30c}\u{323}\u{327}\u{331}\u{332}\u{333}\u{335}\u{336}\u{337}\u{338}";

/// What replaces a small Latin letter in a row of 26.
pub(crate) fn nth_of_alphabet(row: &str, letter: char) -> Option<char> {
    letter_number(letter).and_then(|number| row.chars().nth(number))
}

/// 0 for `a`, 25 for `z`.
pub(crate) fn letter_number(letter: char) -> Option<usize> {
    letter.is_ascii_lowercase().then(|| usize::from(letter as u8 - b'a'))
}
