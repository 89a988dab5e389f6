//! A transformer in process: texts in, and for each a row of probabilities or why there is none. No wire has this form;
//! it is the same strict reading that makes scores of it.

use serde::{Deserialize, Serialize};

use super::labels::Tally;
use super::read::{list_of, member, score};
use super::{Contract, Labels, Question, Scores, Unreadable, texts};

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct Local {
    pub(in crate::classify) labels: Labels,
    /// The labels in the order of a row.
    pub(in crate::classify) classes: Vec<String>,
}

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::classify) struct Asked {
    pub(in crate::classify) texts: Vec<String>,
}

/// What is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::classify) enum Answered {
    /// A row for each text.
    Rows(Vec<Vec<f32>>),
    /// There are none.
    Failed(String),
}

impl Contract for Local {
    fn path(&self) -> &'static str {
        ""
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let texts = texts(questions).into_iter().map(str::to_owned).collect();
        serde_json::to_vec(&Asked { texts }).unwrap_or_default()
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = super::read::json(answer)?;
        if let Some(why) = answer.get("failed").and_then(serde_json::Value::as_str) {
            return Err(Unreadable::Failed(why.to_owned()));
        }
        let rows = list_of(member(&answer, "rows")?, "rows", questions.len())?;
        let row = |row| {
            let row = list_of(row, "classes", self.classes.len())?;
            let mut tally = Tally::new(&self.labels);
            for (class, value) in self.classes.iter().zip(row) {
                tally.note(class, score(value)?)?;
            }
            tally.finish()
        };
        rows.iter().map(row).collect()
    }
}
