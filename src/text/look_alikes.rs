//! Our own table of characters that look like Latin letters or digits, beside UTS #39.
//!
//! The confusables of UTS #39 compare capital and small letters apart, leave out small capitals and
//! most phonetic letters, and know nothing of squared letters. Case is folded when this table is
//! asked, so a letter stands where its capital or its small form has the look (`н`, for `Н`).

/// Each Latin letter or digit with what looks like it, after folding.
const LOOK_ALIKES: &[(&str, &str)] = &[
    ("a", "ᴀɑɐαаӑӓⱥᗅꭺ∂⍺∀"),
    ("b", "ʙɓƀбьвҍᏼβ"),
    ("c", "ᴄɔƈȼɕсҫϲ¢ᑕ"),
    ("d", "ᴅɖɗđðԁժᑯ"),
    ("e", "ᴇəǝɛɘɜɇеҽєεэ℮€"),
    ("f", "ꜰƒҒғքϝ"),
    ("g", "ɢɡɠǥԍցɣ"),
    ("h", "ʜɦħһнңհ"),
    ("i", "ɪɨıᴉιіїɩᎥ¡"),
    ("j", "ᴊʝɉјյ"),
    ("k", "ᴋƙꝁкқҡκĸ"),
    ("l", "ʟɭłɫƚӏǀլɬꞁן"),
    ("m", "ᴍɱмӎ"),
    ("n", "ɴɲɳƞпηոռŋ"),
    ("o", "ᴏɵøоοσօөѳ"),
    ("p", "ᴘƥþрρᵽ"),
    ("q", "ꞯʠԛգզɋ"),
    ("r", "ʀɽɾгɍᴦ"),
    ("s", "ꜱʂѕʃșꜩ§տ"),
    ("t", "ᴛʈŧтτƭ"),
    ("u", "ᴜʊʉυսμцɥᴗ"),
    ("v", "ᴠʋνѵ"),
    ("w", "ᴡʍԝωшɯщѡ"),
    ("x", "хχҳ×"),
    ("y", "ʏƴуүўγɏ"),
    ("z", "ᴢʐʑƶζʒȝӡ"),
    ("ab", "🆎"),
    ("cl", "🆑"),
    ("cool", "🆒"),
    ("free", "🆓"),
    ("id", "🆔"),
    ("new", "🆕"),
    ("ng", "🆖"),
    ("ok", "🆗"),
    ("sos", "🆘"),
    ("up", "🆙"),
    ("vs", "🆚"),
];

/// Alphabets and digits that follow one another in Unicode and that NFKC leaves alone: the first
/// character, and the ASCII characters that it and its followers show.
const SERIES: [(char, &str); 9] = [
    ('\u{1f150}', LETTERS), // negative circled
    ('\u{1f170}', LETTERS), // negative squared
    ('\u{1f1e6}', LETTERS), // regional indicators
    ('\u{24f5}', "123456789"),
    ('\u{24ff}', "0"),
    ('\u{2776}', "123456789"),
    ('\u{2780}', "123456789"),
    ('\u{278a}', "123456789"),
    ('\u{1f10b}', "00"),
];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// The ASCII characters that `c` looks like, if this table has it.
pub(super) fn latin(c: char) -> Option<&'static str> {
    let listed = LOOK_ALIKES.iter().find(|(_, sources)| sources.contains(c));
    listed
        .map(|&(latin, _)| latin)
        .or_else(|| SERIES.iter().find_map(|&series| in_series(c, series)))
}

fn in_series(c: char, (first, shown): (char, &'static str)) -> Option<&'static str> {
    let at = usize::try_from(u32::from(c).checked_sub(u32::from(first))?).ok()?;
    shown.get(at..=at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_end_where_their_letters_end() {
        assert_eq!(latin('🅐'), Some("a"));
        assert_eq!(latin('🆉'), Some("z"));
        assert_eq!(latin('🇿'), Some("z"));
        assert_eq!(latin('❾'), Some("9"));
        assert_eq!(latin('❿'), None);
        assert_eq!(latin('中'), None);
    }

    #[test]
    fn no_character_is_listed_twice_and_none_is_ascii() {
        let mut all: Vec<char> = LOOK_ALIKES.iter().flat_map(|(_, list)| list.chars()).collect();
        assert!(all.iter().all(|c| !c.is_ascii()));
        all.sort_unstable();
        for pair in all.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }
}
