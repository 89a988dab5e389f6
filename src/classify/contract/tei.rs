//! `POST /predict` of HF text-embeddings-inference.
//! Source: <https://huggingface.github.io/text-embeddings-inference/>.

use serde_json::{Value, json};

use super::labels::Tally;
use super::read::{json, list, list_of, member, score, text};
use super::{Common, Contract, Question, Scores, Unreadable};

/// The server's own default for `--max-client-batch-size`.
const MOST_TEXTS: usize = 32;

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct Tei(pub(in crate::classify) Common);

impl Contract for Tei {
    fn path(&self) -> &str {
        self.0.path_or("/predict")
    }

    fn most_texts(&self) -> usize {
        MOST_TEXTS
    }

    /// `truncate` is off: a text that is too long is an error then, and its end is not passed over.
    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let inputs: Vec<[&str; 1]> = questions.iter().map(|question| [question.text]).collect();
        let needed = json!({ "inputs": inputs, "truncate": false, "raw_scores": false });
        self.0.body(json!({}), needed)
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let items = list(&answer, "of predictions")?;
        // A server may answer one text without the list around it.
        let is_flat = items.first().is_some_and(Value::is_object);
        if is_flat && questions.len() == 1 {
            return Ok(vec![self.one(items)?]);
        }
        let batch = list_of(&answer, "predictions", questions.len())?;
        batch.iter().map(|item| self.one(list(item, "of labels")?)).collect()
    }
}

impl Tei {
    fn one(&self, predictions: &[Value]) -> Result<Scores, Unreadable> {
        let mut tally = Tally::new(&self.0.labels);
        for prediction in predictions {
            let label = text(prediction, "label")?;
            if tally.has_seen(label) {
                return Err(Unreadable::Contradiction("a label stands twice"));
            }
            tally.note(label, score(member(prediction, "score")?)?)?;
        }
        tally.require_all(&[])?;
        tally.finish()
    }
}
