//! `POST /v1/moderations`, as OpenAI has it and many servers repeat it.
//! Source: <https://platform.openai.com/docs/api-reference/moderations>.

use serde_json::{Value, json};

use super::labels::Tally;
use super::read::{json, list_of, member, score};
use super::{Common, Contract, MANY, Question, Scores, Unreadable, texts};
use crate::domain::OPENAI_CATEGORIES;

/// Categories that older models leave out or answer with `null`.
const OPTIONAL: [&str; 2] = ["illicit", "illicit/violent"];
/// What the server flags has at least this score: its own thresholds may lie lower.
const FLAGGED: f64 = 0.5;

/// Their names are our categories.
pub(in crate::classify) fn usual_labels() -> Vec<(&'static str, &'static str)> {
    OPENAI_CATEGORIES.iter().map(|name| (*name, *name)).collect()
}

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct OpenAi(pub(in crate::classify) Common);

impl Contract for OpenAi {
    fn path(&self) -> &str {
        self.0.path_or("/v1/moderations")
    }

    fn most_texts(&self) -> usize {
        MANY
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        self.0.body(json!({}), json!({ "input": texts(questions) }))
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let results = list_of(member(&answer, "results")?, "results", questions.len())?;
        results.iter().map(|result| self.one(result)).collect()
    }
}

impl OpenAi {
    fn one(&self, result: &Value) -> Result<Scores, Unreadable> {
        let missing = || Unreadable::Missing("object `category_scores`".to_owned());
        let scores = member(result, "category_scores")?.as_object().ok_or_else(missing)?;
        let mut tally = Tally::new(&self.0.labels);
        for (label, value) in scores {
            if value.is_null() && OPTIONAL.contains(&label.as_str()) {
                continue;
            }
            tally.note(label, score(value)?)?;
        }
        tally.require_all(&OPTIONAL)?;
        let flagged = flags(result, &mut tally)?;
        let scores = tally.finish()?;
        if flagged && scores.highest() <= 0.0 {
            return Err(Unreadable::Contradiction("`flagged`, and no category scores anything"));
        }
        Ok(scores)
    }
}

/// Takes in `flagged` and `categories`, which some servers leave out. What is flagged stays flagged.
fn flags(result: &Value, tally: &mut Tally<'_>) -> Result<bool, Unreadable> {
    let flag = |value: &Value, what: &str| {
        value.as_bool().ok_or_else(|| Unreadable::Missing(format!("`true` or `false` {what}")))
    };
    let flagged = result.get("flagged").map_or(Ok(false), |value| flag(value, "`flagged`"))?;
    let Some(categories) = result.get("categories") else { return Ok(flagged) };
    let missing = || Unreadable::Missing("object `categories`".to_owned());
    for (label, value) in categories.as_object().ok_or_else(missing)? {
        if value.is_null() && OPTIONAL.contains(&label.as_str()) {
            continue;
        }
        if flag(value, "in `categories`")? {
            tally.note(label, FLAGGED)?;
        }
    }
    Ok(flagged)
}
