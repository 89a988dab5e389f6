//! Alphabets of signals: Morse (ITU-R M.1677-1), Braille (ISO 11548), the spelling alphabet of ICAO and NATO.

pub(crate) const MORSE: &[&str] = &[
    ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--",
    "-.", "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..",
];

pub(crate) const BRAILLE: &str = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";

pub(crate) const NATO: &[&str] = &[
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett",
    "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango",
    "uniform", "victor", "whiskey", "x-ray", "yankee", "zulu",
];

/// Rows of the square that prisoners knock; k is knocked as c.
pub(crate) const TAP_SQUARE: [&str; 5] = ["abcde", "fghij", "lmnop", "qrstu", "vwxyz"];
