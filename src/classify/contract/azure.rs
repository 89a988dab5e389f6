//! `POST /contentsafety/text:analyze` of Azure AI Content Safety.
//! Source: <https://learn.microsoft.com/rest/api/contentsafety/text-operations/analyze-text>.

use serde_json::json;

use super::labels::Tally;
use super::read::{json, list, member, text, whole};
use super::{Common, Contract, KeyPlace, Question, Scores, Unreadable};

/// The service takes no longer text.
pub(in crate::classify) const MOST_CHARS: u32 = 10_000;
/// The highest severity of `EightSeverityLevels`.
const HIGHEST: usize = 7;
/// The label of a match of a blocklist.
const BLOCKLIST: &str = "blocklist";

/// The categories of the service, and blocklists.
pub(in crate::classify) const USUAL: &[(&str, &str)] = &[
    ("Hate", "hate"),
    ("SelfHarm", "self-harm"),
    ("Sexual", "sexual"),
    ("Violence", "violence"),
    (BLOCKLIST, "blocklist"),
];

/// The contract. A severity is a score in sevenths.
#[derive(Debug)]
pub(in crate::classify) struct Azure(pub(in crate::classify) Common);

impl Contract for Azure {
    fn path(&self) -> &str {
        self.0.path_or("/contentsafety/text:analyze?api-version=2024-09-01")
    }

    fn key_place(&self) -> KeyPlace {
        KeyPlace::Header("ocp-apim-subscription-key")
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let categories: Vec<&str> =
            self.0.labels.names().filter(|name| *name != BLOCKLIST).collect();
        let text = questions.first().map_or("", |question| question.text);
        let needed = json!({
            "text": text,
            "categories": categories,
            "outputType": "EightSeverityLevels",
        });
        let usual = json!({ "blocklistNames": [], "haltOnBlocklistHit": false });
        self.0.body(usual, needed)
    }

    fn read(&self, _: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let mut tally = Tally::new(&self.0.labels);
        for one in list(member(&answer, "categoriesAnalysis")?, "`categoriesAnalysis`")? {
            let label = text(one, "category")?;
            let severity = whole(one, "severity")?;
            if tally.has_seen(label) {
                return Err(Unreadable::Contradiction("a category stands twice"));
            }
            if severity > HIGHEST {
                return Err(Unreadable::Score(format!("severity {severity} of {HIGHEST}")));
            }
            #[expect(clippy::cast_precision_loss, reason = "both are below eight")]
            tally.note(label, severity as f64 / HIGHEST as f64)?;
        }
        tally.require_all(&[BLOCKLIST])?;
        let matches = answer.get("blocklistsMatch").filter(|matches| !matches.is_null());
        if matches
            .map(|matches| list(matches, "`blocklistsMatch`"))
            .transpose()?
            .is_some_and(|m| !m.is_empty())
        {
            tally.note(BLOCKLIST, 1.0)?;
        }
        Ok(vec![tally.finish()?])
    }
}
