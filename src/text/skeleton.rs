//! `skeleton`: letters of other scripts, small capitals, stroked and enclosed letters as the Latin
//! letters that they look like.
//!
//! Confusables are those of UTS #39 (crate `unicode-security`) whose look-alike is an ASCII letter or
//! digit, and a table of ours for what it lacks. ASCII is never changed.

use unicode_security::confusable_detection::skeleton;

use super::script::is_han;
use super::{FOLD, Reading, ViewDef};
use crate::domain::ViewName;

pub(super) const SKELETON: ViewDef = ViewDef {
    name: ViewName("skeleton"),
    summary: "look-alike letters, small capitals, squared, circled and stroked letters",
    over: Some(FOLD),
    default_on: true,
    applies: |reading| {
        let text = reading.as_str();
        !text.is_ascii() && text.chars().any(|c| !c.is_ascii() && !is_han(c) && changes(c))
    },
    build,
    open_from: Reading::len,
};

/// Look-alikes that UTS #39 does not lead to a small Latin letter, as strings of which the n-th
/// character looks like the n-th letter or digit of the pair's second string.
const LOOK_ALIKES: [(&str, &str); 9] = [
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
    ("øłđħƀŧɨɉⱥȼɇǥɍɏƶʉ", "oldhbtijacegryzu"),
    ("аеорсухіѕјһԁԛԝвкмнтѵɡӏ", "aeopcyxisjhdqwbkmhtvgl"),
    ("αορνικτυχεβηρωγ", "aopviktuxebnpwy"),
    ("օսոհցքլզ", "ounhgqlq"),
    ("ɑəɛɩɪʀʏɴᴎɾɼʟ", "aeeiiryhnrrl"),
    ("ꭰꭱꭲꮯꭼꮋꮖꭻꮶꮮꮇꮲꮪꮤꮩꮃꭹꮓ", "drtcehijklmpstvwyz"),
    ("ⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙⓚⓛⓜⓝⓞⓟⓠⓡⓢⓣⓤⓥⓦⓧⓨⓩ", "abcdefghijklmnopqrstuvwxyz"),
    ("¢£¥€ƒ", "clyef"),
];

/// What a folded character looks like.
pub(super) fn look_alike(c: char) -> Vec<char> {
    if c.is_ascii() || is_han(c) {
        return vec![c];
    }
    if let Some(letter) = enclosed(c).or_else(|| from_table(c)) {
        return vec![letter];
    }
    let mut buffer = [0; 4];
    let looks: Vec<char> =
        skeleton(c.encode_utf8(&mut buffer)).map(|c| c.to_ascii_lowercase()).collect();
    let latin = !looks.is_empty() && looks.iter().all(char::is_ascii_alphanumeric);
    if latin { looks } else { vec![c] }
}

fn changes(c: char) -> bool {
    look_alike(c) != [c]
}

fn from_table(c: char) -> Option<char> {
    LOOK_ALIKES.iter().find_map(|(from, to)| {
        let at = from.chars().position(|known| known == c)?;
        to.chars().nth(at)
    })
}

/// Negative circled and squared letters and regional indicators, which have no compatibility form.
fn enclosed(c: char) -> Option<char> {
    let first = match c {
        '\u{1f150}'..='\u{1f169}' => 0x1f150,
        '\u{1f170}'..='\u{1f189}' => 0x1f170,
        '\u{1f1e6}'..='\u{1f1ff}' => 0x1f1e6,
        _ => return None,
    };
    char::from_u32(c as u32 - first + u32::from(b'a'))
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input.raw_len());
    for (at, c) in input.as_str().char_indices() {
        let span = input.raw_span(at, at + c.len_utf8());
        if c.is_ascii() {
            out.push(c, span);
            continue;
        }
        for looks in look_alike(c) {
            out.push(looks, span);
        }
    }
}
