//! `POST /v2/models/NAME/infer`: the open inference protocol of Triton, OVMS and MLServer.
//! Source: <https://github.com/kserve/open-inference-protocol>.

use serde_json::json;

use super::labels::Tally;
use super::read::{json, list, list_of, member, score, text};
use super::{Common, Contract, Question, Scores, Unreadable, texts};

/// Models are often built for few rows at a time.
const MOST_TEXTS: usize = 32;

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct Kserve {
    pub(in crate::classify) common: Common,
    /// The whole path, with the model's name.
    pub(in crate::classify) path: String,
    /// Name of the input tensor.
    pub(in crate::classify) input: String,
    /// Name of the output tensor: a row of scores for each text.
    pub(in crate::classify) output: String,
    /// The labels in the order of a row.
    pub(in crate::classify) classes: Vec<String>,
}

impl Contract for Kserve {
    fn path(&self) -> &str {
        &self.path
    }

    fn most_texts(&self) -> usize {
        MOST_TEXTS
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let input = json!({
            "name": self.input,
            "shape": [questions.len(), 1],
            "datatype": "BYTES",
            "data": texts(questions),
        });
        let needed = json!({ "inputs": [input], "outputs": [{ "name": self.output }] });
        // The model's name stands in the path, and not in the body.
        let common = Common { model: None, ..self.common.clone() };
        common.body(json!({}), needed)
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let outputs = list(member(&answer, "outputs")?, "`outputs`")?;
        let is_ours = |output: &&serde_json::Value| text(output, "name") == Ok(&self.output);
        let mut ours = outputs.iter().filter(is_ours);
        let (Some(output), None) = (ours.next(), ours.next()) else {
            return Err(Unreadable::Missing(format!("one output `{}`", self.output)));
        };
        let (rows, width) = (questions.len(), self.classes.len());
        let shape: Vec<u64> = list(member(output, "shape")?, "`shape`")?
            .iter()
            .map(|size| size.as_u64().unwrap_or_default())
            .collect();
        let is_row = rows == 1 && shape == [width as u64];
        if shape != [rows as u64, width as u64] && !is_row {
            return Err(Unreadable::Missing(format!("output of the shape [{rows}, {width}]")));
        }
        let data = list_of(member(output, "data")?, "values", rows * width)?;
        data.chunks(width.max(1))
            .map(|row| {
                let mut tally = Tally::new(&self.common.labels);
                for (class, value) in self.classes.iter().zip(row) {
                    tally.note(class, score(value)?)?;
                }
                tally.finish()
            })
            .collect()
    }
}
