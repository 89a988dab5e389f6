//! The moderations API of OpenAI: what is asked, and the answer in its shape.
//!
//! It decides nothing: which categories apply, and how much, is told to it.

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::domain::{Categories, OPENAI_CATEGORIES};

/// The model that is named where the request names none.
const DEFAULT_MODEL: &str = "omni-moderation-latest";
/// How models of the older API are called: it has neither `illicit` nor the types of input.
const LEGACY: &str = "text-moderation";
/// The most images of one request.
const MOST_IMAGES: usize = 1;

/// Texts, each with its place.
type PlacedTexts = Vec<(String, String)>;

/// What is to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModerationInput {
    /// The model asked for.
    pub model: String,
    /// For each result the texts that it is about, each with its place.
    pub results: Vec<PlacedTexts>,
    /// Where an image stands, if one does.
    pub image: Option<String>,
}

/// Why a request cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InputProblem {
    /// There is no input.
    #[error("Missing required parameter: 'input'.")]
    Missing,
    /// It is none that can be judged.
    #[error("`input` must be a string, a list of strings or a list of text and image parts")]
    Shape,
    /// There is more than one image.
    #[error("Number of images ({0}) exceeds maximum of 1")]
    Images(usize),
    /// There are too many texts.
    #[error("there are {0} inputs; at most {1} are taken")]
    Inputs(usize, usize),
}

impl InputProblem {
    /// A stable name for clients and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing_required_parameter",
            Self::Shape => "invalid_field",
            Self::Images(_) => "too_many_images",
            Self::Inputs(..) => "too_many_messages",
        }
    }
}

impl ModerationInput {
    /// Reads a body of at most `most` texts.
    ///
    /// # Errors
    /// Where the input is missing, or is none that can be judged.
    pub fn read(body: &[u8], most: usize) -> Result<Self, InputProblem> {
        let body: Value = serde_json::from_slice(body).map_err(|_| InputProblem::Shape)?;
        let model = body.get("model").and_then(Value::as_str).unwrap_or(DEFAULT_MODEL).to_owned();
        let asked = |results| Self { model, results, image: None };
        let list = match body.get("input") {
            None | Some(Value::Null) => return Err(InputProblem::Missing),
            Some(Value::String(text)) => {
                return Ok(asked(vec![vec![("input".to_owned(), text.clone())]]));
            }
            Some(Value::Array(list)) if !list.is_empty() => list,
            Some(_) => return Err(InputProblem::Shape),
        };
        if list.len() > most {
            return Err(InputProblem::Inputs(list.len(), most));
        }
        if list.iter().all(Value::is_object) {
            let (texts, image) = parts(list)?;
            return Ok(Self { image, ..asked(vec![texts]) });
        }
        let text = |(at, text): (usize, &Value)| {
            Some(vec![(format!("input[{at}]"), text.as_str()?.to_owned())])
        };
        let texts: Option<Vec<_>> = list.iter().enumerate().map(text).collect();
        texts.map(asked).ok_or(InputProblem::Shape)
    }
}

/// The texts of parts with their places, and where an image stands.
fn parts(list: &[Value]) -> Result<(PlacedTexts, Option<String>), InputProblem> {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for (at, part) in list.iter().enumerate() {
        match part.get("type").and_then(Value::as_str) {
            Some("text") => {
                let text = part.get("text").and_then(Value::as_str).ok_or(InputProblem::Shape)?;
                texts.push((format!("input[{at}].text"), text.to_owned()));
            }
            Some("image_url") => images.push(format!("input[{at}].image_url")),
            Some(_) | None => return Err(InputProblem::Shape),
        }
    }
    if images.len() > MOST_IMAGES {
        return Err(InputProblem::Images(images.len()));
    }
    Ok((texts, images.pop()))
}

/// A result in the shape that a model of this name gives. `has_text` is whether there was text to judge.
pub fn moderation_result(found: &Categories, model: &str, has_text: bool) -> Value {
    shaped(found, model.starts_with(LEGACY), has_text)
}

/// A result within an answer of a model: it says what it is and which model judged, and is of the newer shape
/// whatever that is called.
pub fn inline_moderation_result(found: &Categories, model: &str, has_text: bool) -> Value {
    let mut result = json!({ "type": "moderation_result", "model": model });
    if let (Some(result), Value::Object(shaped)) =
        (result.as_object_mut(), shaped(found, false, has_text))
    {
        result.extend(shaped);
    }
    result
}

fn shaped(found: &Categories, legacy: bool, has_text: bool) -> Value {
    let own = OPENAI_CATEGORIES.iter().copied();
    let own = own.filter(|name| !legacy || !name.starts_with("illicit"));
    let more = found.names().filter(|name| !OPENAI_CATEGORIES.contains(name));
    let (mut categories, mut scores, mut types) = (Map::new(), Map::new(), Map::new());
    let mut flagged = false;
    for name in own.chain(more) {
        let (applies, score) = found.of(name);
        flagged |= applies;
        categories.insert(name.to_owned(), json!(applies));
        scores.insert(name.to_owned(), json!(score));
        types.insert(name.to_owned(), if has_text { json!(["text"]) } else { json!([]) });
    }
    let mut result = json!({
        "flagged": flagged, "categories": categories, "category_scores": scores,
    });
    if let (false, Some(result)) = (legacy, result.as_object_mut()) {
        result.insert("category_applied_input_types".to_owned(), Value::Object(types));
    }
    result
}

/// The whole answer.
pub fn moderation_answer(id: &str, model: &str, results: &[Value]) -> Value {
    json!({ "id": id, "model": model, "results": results })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<ModerationInput, InputProblem> {
        ModerationInput::read(body.to_string().as_bytes(), 3)
    }

    fn text(place: &str, text: &str) -> (String, String) {
        (place.to_owned(), text.to_owned())
    }

    #[test]
    fn a_string_and_strings_have_a_result_each_and_parts_have_one() {
        let asked = read(&json!({"input": "a"})).unwrap();
        assert_eq!(asked.model, "omni-moderation-latest");
        assert_eq!(asked.results, [[text("input", "a")]]);
        let asked = read(&json!({"input": ["a", ""], "model": "text-moderation-stable"})).unwrap();
        assert_eq!(asked.model, "text-moderation-stable");
        assert_eq!(asked.results, [[text("input[0]", "a")], [text("input[1]", "")]]);
        let image = json!({"type": "image_url", "image_url": {"url": "https://x.org/a.png"}});
        let parts = json!([{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}]);
        let asked = read(&json!({"input": parts})).unwrap();
        assert_eq!(asked.results, [[text("input[0].text", "a"), text("input[2].text", "b")]]);
        assert_eq!(asked.image.as_deref(), Some("input[1].image_url"));
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        let image = json!({"type": "image_url", "image_url": {"url": "https://x.org/a.png"}});
        for (body, problem) in [
            (json!({}), InputProblem::Missing),
            (json!({"input": null}), InputProblem::Missing),
            (json!({"input": 7}), InputProblem::Shape),
            (json!({"input": []}), InputProblem::Shape),
            (json!({"input": ["a", 7]}), InputProblem::Shape),
            (json!({"input": ["a", image]}), InputProblem::Shape),
            (json!({"input": [{"type": "video"}]}), InputProblem::Shape),
            (json!({"input": [{"role": "user", "content": "a"}]}), InputProblem::Shape),
            (json!({"input": [image, image]}), InputProblem::Images(2)),
            (json!({"input": ["a", "b", "c", "d"]}), InputProblem::Inputs(4, 3)),
        ] {
            assert_eq!(read(&body), Err(problem), "{body}");
        }
    }

    #[test]
    fn every_category_is_in_every_map_and_older_models_have_fewer() {
        let mut found = Categories::default();
        found.note("hate", true, 1.0);
        found.note("violence", false, 0.25);
        let result = moderation_result(&found, "omni-moderation-latest", true);
        assert_eq!(result["flagged"], true);
        for map in ["categories", "category_scores", "category_applied_input_types"] {
            let keys: Vec<&String> = result[map].as_object().unwrap().keys().collect();
            assert_eq!(keys, OPENAI_CATEGORIES, "{map}");
        }
        assert_eq!(
            (&result["categories"]["hate"], &result["category_scores"]["hate"]),
            (&json!(true), &json!(1.0))
        );
        assert_eq!(result["categories"]["violence"], false);
        assert_eq!(result["category_scores"]["violence"], 0.25);
        let legacy = moderation_result(&found, "text-moderation-latest", true);
        assert_eq!(legacy["categories"].as_object().unwrap().len(), 11);
        assert!(legacy.get("category_applied_input_types").is_none());
        let nothing = moderation_result(&Categories::default(), "omni-moderation-latest", false);
        assert_eq!(nothing["flagged"], false);
        assert_eq!(nothing["category_applied_input_types"]["sexual"], json!([]));
    }

    #[test]
    fn categories_of_an_operators_own_stand_behind_the_others() {
        let mut found = Categories::default();
        found.note("pii", true, 3.0);
        let result = moderation_result(&found, "omni-moderation-latest", true);
        assert_eq!(
            (&result["flagged"], &result["categories"]["pii"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(result["category_scores"]["pii"], 1.0);
    }
}
