//! `POST /classify` of vLLM and SGLang.
//! Source: <https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::labels::Tally;
use super::read::{json, list_of, member, score, text, whole};
use super::{Common, Contract, MANY, Question, Scores, Unreadable, texts};

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct Vllm {
    pub(in crate::classify) common: Common,
    /// The labels in the order of `probs`: the answer names the likeliest one only.
    pub(in crate::classify) classes: Vec<String>,
}

impl Contract for Vllm {
    fn path(&self) -> &str {
        self.common.path_or("/classify")
    }

    fn most_texts(&self) -> usize {
        MANY
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        self.common.body(json!({}), json!({ "input": texts(questions) }))
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let items = list_of(member(&answer, "data")?, "data", questions.len())?;
        let mut by_index = BTreeMap::new();
        for item in items {
            by_index.insert(whole(item, "index")?, self.one(item)?);
        }
        let complete = (0..questions.len()).all(|index| by_index.contains_key(&index));
        if !complete {
            return Err(Unreadable::Contradiction("`index` does not count the texts"));
        }
        Ok(by_index.into_values().collect())
    }
}

impl Vllm {
    fn one(&self, item: &Value) -> Result<Scores, Unreadable> {
        let probs = list_of(member(item, "probs")?, "probs", self.classes.len())?;
        let probs = probs.iter().map(score).collect::<Result<Vec<f64>, _>>()?;
        let mut tally = Tally::new(&self.common.labels);
        for (class, prob) in self.classes.iter().zip(&probs) {
            tally.note(class, *prob)?;
        }
        let likeliest = text(item, "label")?;
        let highest = probs.iter().copied().fold(0.0, f64::max);
        let named = self.classes.iter().position(|class| class == likeliest);
        let Some(named) = named.and_then(|at| probs.get(at)) else {
            return Err(Unreadable::unknown([likeliest]));
        };
        // Classes in another order than the model's would turn safe into unsafe and back.
        if *named < highest {
            return Err(Unreadable::Contradiction(
                "`label` is not the class with the highest score",
            ));
        }
        tally.finish()
    }
}
