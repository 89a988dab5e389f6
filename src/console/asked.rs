//! Members of queries: texts of a bounded length, words of a list, times. One that is there and empty says nothing.

use jiff::Timestamp;
use serde::de::value::StringDeserializer;
use serde::de::{Error, IntoDeserializer as _};
use serde::{Deserialize, Deserializer};

/// The most characters of a text that something is looked for by.
pub(super) const MOST_TEXT: usize = 256;

/// A text, or nothing where it is empty.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if text.contains('\0') {
        return Err(D::Error::custom("no text that is kept has a NUL in it"));
    }
    if text.chars().count() > MOST_TEXT {
        return Err(D::Error::custom(format!("a text has at most {MOST_TEXT} characters")));
    }
    Ok((!text.is_empty()).then_some(text))
}

/// A word of a list, or nothing where it is empty.
pub(super) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let word = String::deserialize(from)?;
    if word.is_empty() {
        return Ok(None);
    }
    let word: StringDeserializer<D::Error> = word.into_deserializer();
    T::deserialize(word).map(Some)
}

/// A time as RFC 3339 writes it, in milliseconds since 1970.
pub(super) fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let Some(written) = text(from)? else { return Ok(None) };
    let wrong = |_| D::Error::custom("a time looks like `2027-01-15T08:30:00Z`");
    written.parse::<Timestamp>().map(|time| Some(time.as_millisecond())).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;
    use crate::domain::Action;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Members {
        #[serde(deserialize_with = "text")]
        rule: Option<String>,
        #[serde(deserialize_with = "word")]
        action: Option<Action>,
        #[serde(deserialize_with = "instant")]
        since: Option<i64>,
    }

    fn read(query: &str) -> Result<Members, String> {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let read = axum::extract::Query::<Members>::try_from_uri(&uri);
        read.map(|members| members.0).map_err(|error| error.body_text())
    }

    #[test]
    fn what_is_empty_says_nothing_and_what_is_wrong_is_refused() {
        assert_eq!(read("rule=&action=&since="), Ok(Members::default()));
        let all = read("rule=a%20b&action=block&since=1970-01-01T00%3A00%3A01Z").unwrap();
        let rule = Some("a b".to_owned());
        assert_eq!(all, Members { rule, action: Some(Action::Block), since: Some(1000) });
        assert!(read("since=yesterday").unwrap_err().contains("looks like"));
        assert!(read("action=explode").is_err() && read("rule=%00").is_err());
        assert!(read(&format!("rule={}", "x".repeat(MOST_TEXT + 1))).is_err());
        assert!(read("other=1").is_err());
    }
}
