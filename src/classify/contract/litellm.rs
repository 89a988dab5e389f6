//! `POST /beta/litellm_basic_guardrail_api`: LiteLLM's contract for guardrail servers.
//! Source: <https://docs.litellm.ai/docs/adding_provider/generic_guardrail_api>.

use serde_json::json;

use super::labels::Tally;
use super::read::{json, list_of, member, text};
use super::{Common, Contract, KeyPlace, Question, Scores, Unreadable};
use crate::domain::Phase;

/// What a server that blocks, and one that masks, stands for.
const BLOCKED: &str = "blocked";
const INTERVENED: &str = "intervened";

/// The contract says whether, and not why.
pub(in crate::classify) const USUAL: &[(&str, &str)] =
    &[(BLOCKED, "unsafe"), (INTERVENED, "unsafe")];

/// The contract. The action is about all texts of a call, so each call has one.
#[derive(Debug)]
pub(in crate::classify) struct Litellm(pub(in crate::classify) Common);

impl Contract for Litellm {
    fn path(&self) -> &str {
        self.0.path_or("/beta/litellm_basic_guardrail_api")
    }

    fn key_place(&self) -> KeyPlace {
        KeyPlace::Header("x-api-key")
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let Some(question) = questions.first() else { return Vec::new() };
        let input_type = match question.phase {
            Phase::Prompt => "request",
            Phase::Completion => "response",
        };
        let needed = json!({ "texts": [question.text], "input_type": input_type });
        self.0.body(json!({ "request_data": {} }), needed)
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let mut tally = Tally::new(&self.0.labels);
        let asked = questions.first().map_or("", |question| question.text);
        let told = answer.get("texts").filter(|texts| !texts.is_null());
        let told = told.map(|texts| list_of(texts, "texts", 1)).transpose()?;
        match text(&answer, "action")? {
            "NONE" => {
                let same = |texts: &[serde_json::Value]| texts.iter().all(|text| *text == asked);
                if !told.is_none_or(same) {
                    return Err(Unreadable::Contradiction("`NONE`, and the text is another one"));
                }
            }
            "BLOCKED" => tally.note(BLOCKED, 1.0)?,
            "GUARDRAIL_INTERVENED" => {
                member(&answer, "texts")?;
                tally.note(INTERVENED, 1.0)?;
            }
            other => return Err(Unreadable::unknown([other])),
        }
        Ok(vec![tally.finish()?])
    }
}
