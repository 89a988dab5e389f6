//! Forms: whatever is read in one is all that any reader could find, and a change of one field changes nothing else.

use bytes::Bytes;
use tidegate::domain::{Rewrite, Span};
use tidegate::wire::body::{PassageEdit, Request};
use tidegate::wire::dialect::Dialects;
use tidegate::wire::json::JsonLimits;
use tidegate::wire::multipart;

use super::pieces::Choices;

const BOUNDARY: &str = "b";

/// Checks one form, whose boundary is `b`.
pub fn check(input: &[u8]) {
    let (mut choices, form) = Choices::of(input);
    let Ok(fields) = multipart::read(form, BOUNDARY) else { return };
    let marks = memchr_count(form, b"--b");
    assert_eq!(marks, fields.len() + 1, "a lenient reader finds other fields");
    let mut at = 0;
    for field in &fields {
        assert!(at < field.value.start && field.value.start <= field.value.end);
        at = field.value.end;
        let value = &form[field.value.clone()];
        assert!(field.filename.is_some() || std::str::from_utf8(value).is_ok());
    }
    let dialects = Dialects::default();
    let dialect = dialects.get("openai.transcriptions").expect("it is built in");
    let body = Bytes::copy_from_slice(form);
    let limits = JsonLimits::default();
    let Ok(read) = Request::parse_form(dialect, (body.clone(), BOUNDARY), &limits, 1000) else {
        return;
    };
    assert_eq!(read.splice(&[]).expect("nothing changes"), body);
    let many = read.passages().len();
    if many == 0 {
        return;
    }
    let passage = choices.below(many);
    let span = Span::new(0, read.passages()[passage].text.len());
    let rewrites =
        [Rewrite { span, replacement: "[X]".into(), label: "x".into(), restorable: false }];
    let Ok(changed) = read.splice(&[PassageEdit { passage, rewrites: &rewrites }]) else { return };
    let again = multipart::read(&changed, BOUNDARY).expect("it is still a form");
    let other = |(old, new): (&multipart::Field, &multipart::Field)| {
        form[old.value.clone()] != changed[new.value.clone()]
    };
    assert_eq!(again.len(), fields.len());
    let differing = fields.iter().zip(&again).filter(|&pair| other(pair)).count();
    assert!(differing <= 1, "more than one field changed");
}

fn memchr_count(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|window| *window == part).count()
}
