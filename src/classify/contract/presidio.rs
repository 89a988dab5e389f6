//! `POST /analyze` of Microsoft Presidio.
//! Source: <https://microsoft.github.io/presidio/api-docs/api-docs.html>.

use serde_json::json;

use super::labels::Tally;
use super::read::{CodePoints, json, list, member, score, text, whole};
use super::{Common, Contract, Question, Scores, Unreadable};

/// The contract. Its offsets count Unicode code points.
#[derive(Debug)]
pub(in crate::classify) struct Presidio {
    pub(in crate::classify) common: Common,
    /// Language of the texts, such as `en`.
    pub(in crate::classify) language: String,
}

impl Contract for Presidio {
    fn path(&self) -> &str {
        self.common.path_or("/analyze")
    }

    /// Only entities that the map names are asked for.
    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let text = questions.first().map_or("", |question| question.text);
        let entities: Vec<&str> = self.common.labels.names().collect();
        let needed = json!({ "text": text, "language": self.language, "entities": entities });
        self.common.body(json!({ "score_threshold": 0.0 }), needed)
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let places = CodePoints::of(questions.first().map_or("", |question| question.text));
        let mut tally = Tally::new(&self.common.labels);
        for found in list(&answer, "of entities")? {
            let span = places.span(whole(found, "start")?, whole(found, "end")?)?;
            tally.note_span(text(found, "entity_type")?, score(member(found, "score")?)?, span)?;
        }
        Ok(vec![tally.finish()?])
    }
}
