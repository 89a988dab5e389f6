//! JSON of an unknown shape: every string and every key of it is a text.
//!
//! Nothing is known of where such a text goes, so none of them may be changed.

use bytes::Bytes;

use super::body::{BodyProblem, Reader};
use super::dialect::Roles;
use super::json::{JsonLimits, Strictness, parse};
use super::table::{Found, Table};
use crate::domain::Passage;

/// The texts of a body, in document order.
///
/// # Errors
/// When the body is not JSON, or not the JSON that may pass, or has more texts than are screened.
pub fn texts(
    bytes: &Bytes,
    strictness: Strictness,
    limits: &JsonLimits,
) -> Result<Vec<Passage>, BodyProblem> {
    let doc = parse(bytes, strictness, limits)?;
    let roles = Roles::default();
    let mut reader = Reader::new(&doc, bytes, true, &roles);
    let mut read = |found: Found| reader.read(&Found { leaf: None, ..found });
    // A table without rows knows no key that another one could be the twin of.
    Table::default().walk(&doc, bytes, &mut read).ok();
    BodyProblem::of_texts(reader.gathered.passages.len())?;
    Ok(reader.gathered.passages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Author, EditClass};

    #[test]
    fn every_string_and_every_key_is_a_text_that_cannot_be_changed() {
        let body = Bytes::from_static(
            br#"{"a": ["b", {"c": "d\u0065"}, 1, null], "data": "data:text/plain;base64,Zg==", "e": ""}"#,
        );
        let texts = texts(&body, Strictness::Request, &JsonLimits::default()).unwrap();
        let found: Vec<&str> = texts.iter().map(|passage| passage.text.as_str()).collect();
        for text in ["a", "b", "c", "de", "data", "e"] {
            assert!(found.contains(&text), "{text}: {found:?}");
        }
        assert!(found.iter().any(|text| text.starts_with("data:")), "{found:?}");
        assert!(
            texts.iter().all(|p| p.author == Author::Unknown && p.edit == EditClass::Fixed),
            "{texts:?}"
        );
    }

    #[test]
    fn a_body_may_be_any_json_value_and_nothing_else() {
        let read = |body: &'static str| {
            texts(&Bytes::from_static(body.as_bytes()), Strictness::Request, &JsonLimits::default())
        };
        assert_eq!(read("[\"x\"]").unwrap().len(), 1);
        assert_eq!(read("\"x\"").unwrap().len(), 1);
        let many = Bytes::from(format!("[{}\"x\"]", "\"x\",".repeat(20_000)));
        let problem = texts(&many, Strictness::Request, &JsonLimits::default()).unwrap_err();
        assert_eq!(problem.code(), "too_many_texts");
        assert!(read("{\"a\": 1, \"a\": 2}").is_err() && read("x").is_err() && read("").is_err());
    }
}
