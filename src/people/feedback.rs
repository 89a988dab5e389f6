//! What a user says of a decision, as it comes in.

use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use crate::audit::digest;
use crate::store::{Feedback, Rating};

/// The most bytes of such a body.
pub const MOST_BODY: usize = 16 << 10;
/// The most characters of a comment.
const MOST_COMMENT: usize = 2000;
/// The most characters of a category, of a reporter, and of what tells a repetition.
const MOST_NAME: usize = 128;

/// What was told, ready to be kept but for its id, its time and the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What is to be kept.
    pub feedback: Feedback,
    /// The review queue that it is for, and what brings it there: `report` or `appeal`.
    pub review: Option<(&'static str, &'static str)>,
}

/// Why it cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TellError {
    /// It is longer than anything of its kind.
    #[error("feedback has at most {MOST_BODY} bytes")]
    TooLong,
    /// It is not the JSON of one.
    #[error("{0}")]
    Malformed(String),
    /// A member has not a value that it may have.
    #[error("`{member}`: {why}")]
    Wrong {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl TellError {
    /// The word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "feedback_too_large",
            Self::Malformed(_) => "invalid_feedback",
            Self::Wrong { .. } => "invalid_value",
        }
    }

    /// The member that is wrong.
    pub const fn member(&self) -> Option<&'static str> {
        match self {
            Self::Wrong { member, .. } => Some(*member),
            Self::TooLong | Self::Malformed(_) => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    decision_id: String,
    kind: Option<Kind>,
    label: Option<Label>,
    thumbs: Option<Thumbs>,
    rating: Option<i64>,
    scale: Option<i64>,
    category: Option<String>,
    comment: Option<String>,
    reporter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Report,
    Appeal,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Label {
    FalsePositive,
    FalseNegative,
    Correct,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Thumbs {
    Up,
    Down,
}

/// Reads what a user says of a decision. `key` is what the caller tells repetitions by, if anything; without it the same said
/// again is a repetition. What `caller` calls people is kept as a digest that is theirs alone.
///
/// # Errors
/// When it is not what can be said.
pub fn tell(body: &[u8], key: Option<&str>, caller: &str) -> Result<Told, TellError> {
    if body.len() > MOST_BODY {
        return Err(TellError::TooLong);
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let decision = body.decision_id.parse::<Uuid>().map_err(|_| {
        let why = "this is no decision's id; answers carry theirs in `x-tidegate-decision`";
        wrong("decision_id", why)
    })?;
    let rating = rating(body.rating, body.scale)?;
    let label = body.label.map(|label| match label {
        Label::FalsePositive => "false_positive",
        Label::FalseNegative => "false_negative",
        Label::Correct => "correct",
    });
    let thumb = body.thumbs.map(|thumbs| match thumbs {
        Thumbs::Up => "up",
        Thumbs::Down => "down",
    });
    let kind = match (body.kind, label, rating, thumb) {
        (Some(Kind::Report), ..) => "report",
        (Some(Kind::Appeal), ..) => "appeal",
        (None, Some(_), ..) => "label",
        (None, None, Some(_), _) => "rating",
        (None, None, None, Some(_)) => "thumbs",
        (None, None, None, None) => {
            let why = "feedback says something: `kind`, `label`, `rating` or `thumbs`";
            return Err(TellError::Malformed(why.to_owned()));
        }
    };
    let category = limited("category", body.category, MOST_NAME)?.map(named).transpose()?;
    let comment = limited("comment", body.comment, MOST_COMMENT)?;
    let reporter = limited("reporter", body.reporter, MOST_NAME)?;
    // What one caller calls a person is nobody else's business.
    let reporter =
        reporter.map(|reporter| digest(format!("reporter\0{caller}\0{reporter}").as_bytes()));
    let decision = decision.to_string();
    let all =
        json!([decision, kind, label, thumb, body.rating, body.scale, category, comment, reporter]);
    let said = digest(all.to_string().as_bytes());
    let key = key.map(|key| match key {
        "" => Err(wrong("Idempotency-Key", "it is empty")),
        key if key.chars().count() > MOST_NAME => {
            Err(wrong("Idempotency-Key", &too_long(MOST_NAME)))
        }
        key => Ok(format!("key:{key}")),
    });
    let replay = key.transpose()?.unwrap_or_else(|| format!("said:{said}"));
    let review = match (body.kind, body.label) {
        (Some(Kind::Appeal), _) => Some(("appeals", "appeal")),
        (Some(Kind::Report), _) | (None, Some(Label::FalsePositive | Label::FalseNegative)) => {
            Some(("reports", "report"))
        }
        (None, Some(Label::Correct) | None) => None,
    };
    let feedback = Feedback {
        decision,
        kind: kind.to_owned(),
        label: label.map(str::to_owned),
        category,
        thumb: thumb.map(str::to_owned),
        rating,
        comment,
        reporter,
        replay,
        digest: said,
        ..Feedback::default()
    };
    Ok(Told { feedback, review })
}

/// The name of a category; it is shown where texts of users are not.
fn named(category: String) -> Result<String, TellError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if category.chars().all(is_name) {
        return Ok(category);
    }
    let why = "the name of a category has ASCII letters, digits and `_`, `-`, `.`, `/`; say the rest in `comment`";
    Err(wrong("category", why))
}

fn wrong(member: &'static str, why: &str) -> TellError {
    TellError::Wrong { member, why: why.to_owned() }
}

fn too_long(most: usize) -> String {
    format!("it has more than {most} characters")
}

/// What a parser says, without what it quotes of a value that somebody wrote.
fn malformed(error: &serde_json::Error) -> TellError {
    let said = error.to_string();
    let tells = ["missing field", "unknown field", "duplicate field", "unknown variant"];
    let why = if tells.iter().any(|known| said.starts_with(known)) {
        said.chars().take(300).collect()
    } else {
        format!("this is no feedback in JSON (line {}, column {})", error.line(), error.column())
    };
    TellError::Malformed(why)
}

fn rating(value: Option<i64>, scale: Option<i64>) -> Result<Option<Rating>, TellError> {
    let Some(value) = value else {
        return scale.map_or(Ok(None), |_| Err(wrong("scale", "there is no `rating` on it")));
    };
    let (scale, lowest) = match scale {
        Some(5) => (5, 1),
        Some(10) => (10, 0),
        Some(_) => return Err(wrong("scale", "5 (from 1 on) or 10 (from 0 on)")),
        None => {
            return Err(wrong(
                "scale",
                "a rating names its scale: 5 (from 1 on) or 10 (from 0 on)",
            ));
        }
    };
    if !(lowest..=scale).contains(&value) {
        return Err(wrong("rating", &format!("on this scale a number from {lowest} to {scale}")));
    }
    Ok(Some(Rating { value, scale }))
}

fn limited(
    member: &'static str,
    text: Option<String>,
    most: usize,
) -> Result<Option<String>, TellError> {
    if text.as_ref().is_some_and(|text| text.chars().count() > most) {
        return Err(wrong(member, &too_long(most)));
    }
    // PostgreSQL keeps no NUL.
    if text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Err(wrong(member, "it has a NUL in it"));
    }
    Ok(text.filter(|text| !text.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0190a0a0-0000-7000-8000-000000000000";

    fn told(members: &str) -> Result<Told, TellError> {
        tell(format!(r#"{{"decision_id":"{ID}"{members}}}"#).as_bytes(), None, "a")
    }

    #[test]
    fn what_can_be_said_is_read_and_brought_to_its_queue() {
        let cases = [
            (r#","label":"false_positive""#, "label", Some(("reports", "report"))),
            (r#","label":"correct""#, "label", None),
            (r#","kind":"report","category":"hate""#, "report", Some(("reports", "report"))),
            (r#","kind":"appeal","comment":"这是玩笑""#, "appeal", Some(("appeals", "appeal"))),
            (r#","rating":0,"scale":10"#, "rating", None),
            (r#","thumbs":"down""#, "thumbs", None),
        ];
        for (members, kind, review) in cases {
            let told = told(members).unwrap();
            assert_eq!((told.feedback.kind.as_str(), told.review), (kind, review), "{members}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused_at_its_place_and_not_quoted() {
        let long = format!(r#","kind":"report","comment":"{}""#, "x".repeat(2001));
        let cases = [
            ("", None, "says something"),
            (r#","rating":6,"scale":5"#, Some("rating"), "from 1 to 5"),
            (r#","rating":0,"scale":5"#, Some("rating"), "from 1 to 5"),
            (r#","rating":4"#, Some("scale"), "names its scale"),
            (r#","scale":5,"thumbs":"up""#, Some("scale"), "no `rating`"),
            (r#","rating":4,"scale":7"#, Some("scale"), "5 (from 1 on)"),
            (r#","label":"wrong""#, None, "unknown variant"),
            (r#","thumbs":"up","thumbs":"up""#, None, "duplicate field"),
            (r#","thumbs":"up","user":"bob""#, None, "unknown field"),
            (r#","thumbs":"up","category":"Bob said so""#, Some("category"), "ASCII letters"),
            (r#","thumbs":17"#, None, "no feedback in JSON"),
            (r#","kind":"report","comment":"a\u0000b""#, Some("comment"), "NUL"),
            (long.as_str(), Some("comment"), "2000 characters"),
        ];
        for (members, member, why) in cases {
            let error = told(members).unwrap_err();
            assert_eq!(error.member(), member, "{members}");
            assert!(error.to_string().contains(why), "{error}");
        }
        let error =
            tell(br#"{"decision_id":"secret words","thumbs":"up"}"#, None, "a").unwrap_err();
        assert_eq!(error.member(), Some("decision_id"));
        assert!(!error.to_string().contains("secret"));
        assert_eq!(tell(&vec![b' '; MOST_BODY + 1], None, "a"), Err(TellError::TooLong));
    }

    proptest! {
        #[test]
        fn whatever_comes_in_is_taken_within_limits_or_refused(
            body in prop_oneof![
                any::<Vec<u8>>(),
                (any::<String>(), any::<i64>(), any::<i64>(), "report|appeal|other").prop_map(
                    |(text, value, scale, kind)| {
                        let body = serde_json::json!({
                            "decision_id": ID, "kind": kind, "rating": value % 12, "scale": scale % 11,
                            "comment": text, "category": text, "reporter": text,
                        });
                        body.to_string().into_bytes()
                    },
                ),
            ],
            key in proptest::option::of(any::<String>()),
        ) {
            let Ok(told) = tell(&body, key.as_deref(), "a") else { return Ok(()) };
            let Feedback { comment, category, reporter, replay, rating, .. } = told.feedback;
            prop_assert!(comment.is_none_or(|text| text.chars().count() <= MOST_COMMENT && !text.contains('\0')));
            prop_assert!(category.is_none_or(|name| name.is_ascii() && name.len() <= MOST_NAME));
            prop_assert!(reporter.is_none_or(|digest| digest.len() == 64));
            prop_assert!(replay.len() <= 4 * MOST_NAME + 4);
            prop_assert!(rating.is_none_or(|rating| (0..=rating.scale).contains(&rating.value)));
        }
    }

    #[test]
    fn a_repetition_is_told_by_its_key_or_by_what_it_says() {
        let replay = |members, key| {
            let body = format!(r#"{{"decision_id":"{ID}"{members}}}"#);
            tell(body.as_bytes(), key, "a").unwrap().feedback.replay
        };
        let (up, down) = (r#","thumbs":"up""#, r#","thumbs":"down""#);
        assert_eq!(replay(up, None), replay(up, None));
        assert_ne!(replay(up, None), replay(down, None));
        assert_eq!(replay(up, Some("a")), replay(down, Some("a")));
        assert_ne!(replay(up, Some("a")), replay(up, Some("b")));
        assert!(tell(br"{}", Some(""), "a").is_err());
    }
}
