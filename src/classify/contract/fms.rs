//! `POST /api/v1/text/contents` of the FMS guardrails detectors (TrustyAI, OpenShift AI).
//! Source: <https://foundation-model-stack.github.io/fms-guardrails-orchestrator/>.

use serde_json::{Value, json};

use super::labels::Tally;
use super::read::{CodePoints, json, list, list_of, member, score, text, whole};
use super::{Common, Contract, MANY, Question, Scores, Unreadable, texts};

/// The contract. Its offsets count Unicode code points.
#[derive(Debug)]
pub(in crate::classify) struct Fms {
    pub(in crate::classify) common: Common,
    /// Which detector of the server: the header `detector-id`.
    pub(in crate::classify) detector: Option<String>,
}

impl Contract for Fms {
    fn path(&self) -> &str {
        self.common.path_or("/api/v1/text/contents")
    }

    fn header(&self) -> Option<(&'static str, &str)> {
        self.detector.as_deref().map(|detector| ("detector-id", detector))
    }

    fn most_texts(&self) -> usize {
        MANY
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let needed = json!({ "contents": texts(questions) });
        self.common.body(json!({ "detector_params": {} }), needed)
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let results = list_of(&answer, "results", questions.len())?;
        questions
            .iter()
            .zip(results)
            .map(|(question, found)| self.one(question.text, found))
            .collect()
    }
}

impl Fms {
    fn one(&self, whole_text: &str, found: &Value) -> Result<Scores, Unreadable> {
        let places = CodePoints::of(whole_text);
        let mut tally = Tally::new(&self.common.labels);
        for one in list(found, "of detections")? {
            let (start, end) = (whole(one, "start")?, whole(one, "end")?);
            let span = places.span(start, end)?;
            // A server that counts otherwise would have the wrong part rewritten.
            let told = one.get("text").filter(|told| !told.is_null());
            if told.is_some_and(|told| told.as_str() != whole_text.get(span.range())) {
                return Err(Unreadable::Contradiction("`text` is not what stands at `start..end`"));
            }
            // Detectors name what they found in `detection`, and its family in `detection_type`.
            let (name, family) = (text(one, "detection")?, text(one, "detection_type")?);
            let label = if self.common.labels.has(name) { name } else { family };
            tally.note_span(label, score(member(one, "score")?)?, span)?;
        }
        tally.finish()
    }
}
