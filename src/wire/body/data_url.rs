//! Text that travels as a data URL.
//!
//! It reads no media: what is not text stays what it is, and cannot be screened.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Media types beside `text/*` that hold text.
const TEXT_TYPES: [&str; 6] = [
    "application/json",
    "application/xml",
    "application/xhtml+xml",
    "application/csv",
    "application/yaml",
    "application/javascript",
];

/// The text of a data URL (RFC 2397) whose media type is a text in UTF-8.
pub(super) fn text_of(url: &str) -> Option<String> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let mut words = head.split(';').map(|word| word.trim().to_ascii_lowercase());
    let media = words.next().unwrap_or_default();
    let is_text = media.is_empty() || is_text_type(&media);
    let mut base64 = false;
    for word in words {
        // Text in another coding looks like other text when it is read as UTF-8.
        match word.split_once('=') {
            Some(("charset", "utf-8" | "utf8" | "us-ascii")) => {}
            Some(("charset", _)) => return None,
            Some(_) => {}
            None => base64 |= word == "base64",
        }
    }
    if !is_text {
        return None;
    }
    if base64 { text_of_base64(data) } else { String::from_utf8(percent_decoded(data)).ok() }
}

/// Whether a media type is one of texts.
pub(super) fn is_text_type(media: &str) -> bool {
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media.starts_with("text/") || media.ends_with("+json") || TEXT_TYPES.contains(&&*media)
}

/// The shortest run of its letters that is taken for base64: no address is as long without a colon or a dot.
const SHORTEST_BASE64: usize = 64;

/// Whether a text is base64 and no address.
pub(super) fn is_base64(text: &str) -> bool {
    let of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte);
    text.len() >= SHORTEST_BASE64 && text.bytes().all(of_base64)
}

/// The UTF-8 text that some base64 holds.
pub(super) fn text_of_base64(data: &str) -> Option<String> {
    let data = data.trim();
    let bytes = STANDARD.decode(data).or_else(|_| STANDARD_NO_PAD.decode(data)).ok()?;
    String::from_utf8(bytes).ok()
}

fn percent_decoded(data: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(data.len());
    let mut rest = data.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = (*first == b'%').then(|| hex(tail.get(..2)?)).flatten();
        decoded.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    decoded
}

fn hex(digits: &[u8]) -> Option<u8> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_a_data_url_is_read() {
        for (url, expected) in [
            ("data:text/plain;base64,aGVsbG8=", Some("hello")),
            ("data:text/plain;base64,aGVsbG8", Some("hello")),
            ("data:text/CSV;charset=UTF-8;base64,aGVsbG8=", Some("hello")),
            ("data:application/ld+json,%7B%22a%22%3A1%7D", Some("{\"a\":1}")),
            ("data:,a%20b%zz%4", Some("a b%zz%4")),
            ("data:image/png;base64,aGVsbG8=", None),
            ("data:text/plain;charset=utf-16;base64,awBpAA==", None),
            ("data:text/plain;base64,!!!!", None),
            ("data:text/plain;base64,/////w==", None),
            ("https://example.com/a.txt", None),
        ] {
            assert_eq!(text_of(url).as_deref(), expected, "{url}");
        }
    }
}
