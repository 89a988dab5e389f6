//! Settled items in the forms that people, evaluations and trainers read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::preference::Pair;
use super::review::UNRESOLVED;
use super::shapes;
use super::texts::{Unusable, answer, conversation, subject};
use super::verdict::Judgement;
use crate::domain::OPENAI_CATEGORIES;
use crate::store::{
    Connection, DecisionRow, ItemFilter, ItemRow, JudgementRow, KeptDecision, StoreError, TextKey,
};

/// The category of everything that is harmful, as evaluations call it.
pub(super) const ANY: &str = "any";
/// What makes a cell a formula in a spreadsheet when it stands first; wide forms count too.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// What is written of settled items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Everything that is known of each item.
    #[default]
    Items,
    /// Labelled texts, as `tidegate eval` and `tidegate train` read them.
    Labels,
    /// Pairs of answers, as TRL reads them.
    Trl,
    /// Pairs of answers, as fine-tuning at OpenAI reads them.
    Openai,
    /// A table.
    Csv,
}

/// An item in a form.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// A line of JSON.
    Json(Value),
    /// A row of the table, in the order of [`COLUMNS`].
    Cells(Box<[String; 15]>),
}

/// An item with what was said of it, and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    /// The item.
    pub row: ItemRow,
    /// What was said of it in the order of times; what was taken back is among it.
    pub said: Vec<JudgementRow>,
    /// The decision, while the store has it.
    pub decision: Option<KeptDecision>,
    /// All decisions of the same request; empty where nobody asked for them.
    pub of_request: Vec<KeptDecision>,
}

/// The columns of the table form.
pub const COLUMNS: [&str; 15] = [
    "item",
    "at",
    "settled_at",
    "queue",
    "source",
    "policy",
    "rule",
    "category",
    "score",
    "share",
    "outcome",
    "outcome_category",
    "judgements",
    "notes",
    "text",
];

/// What a judgement says of a text: for each category whether it applies. `claimed` is the category of the rule that
/// fired, `named` the one that a reviewer named; [`Reviewed::labels`] has the meaning. `None` where it says nothing.
pub(super) fn labels_of(
    judgement: Judgement,
    claimed: Option<&str>,
    named: Option<&str>,
) -> Option<BTreeMap<String, bool>> {
    let two = |category: &str, applies| {
        [category, ANY].into_iter().map(|name| (name.to_owned(), applies)).collect()
    };
    let mut labels: BTreeMap<String, bool> = match (judgement, claimed) {
        (Judgement::Upheld, Some(category)) => two(category, true),
        (Judgement::Overturned, Some(category)) => two(category, false),
        (Judgement::Upheld, None) => {
            let all = OPENAI_CATEGORIES.into_iter().chain([ANY]);
            all.map(|category| (category.to_owned(), false)).collect()
        }
        (Judgement::Overturned, None) => two(named.unwrap_or(ANY), true),
        (Judgement::Unsure, _) => return None,
    };
    if let Some(named) = named {
        labels.insert(named.to_owned(), true);
        labels.insert(ANY.to_owned(), true);
    }
    Some(labels)
}

// === impl Form ===

impl Form {
    /// Whether it takes all decisions of the same request.
    pub const fn takes_requests(self) -> bool {
        matches!(self, Self::Trl | Self::Openai)
    }

    /// An item in this form.
    ///
    /// # Errors
    /// When the form has no place for it.
    pub fn of(self, reviewed: &Reviewed) -> Result<Written, Unusable> {
        let json = |value: &dyn Fn() -> Result<Value, serde_json::Error>| {
            Written::Json(value().unwrap_or_default())
        };
        Ok(match self {
            Self::Items => Written::Json(reviewed.record()),
            Self::Labels => Written::Json(reviewed.labelled()?),
            Self::Trl => {
                let pair = reviewed.pair()?;
                json(&|| serde_json::to_value(pair.trl_conversation()))
            }
            Self::Openai => {
                let pair = reviewed.pair()?;
                json(&|| serde_json::to_value(pair.openai()))
            }
            Self::Csv => Written::Cells(Box::new(reviewed.cells())),
        })
    }
}

/// A row of a table in CSV.
pub fn csv_row<const N: usize>(cells: [String; N]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A writer into memory does not fail.
    writer.write_record(cells).unwrap_or_default();
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

// === impl Reviewed ===

impl Reviewed {
    /// Items that a filter means, with their judgements and decisions, in the order of their ids.
    ///
    /// # Errors
    /// When the database cannot be reached, or a text cannot be decrypted.
    pub fn page(
        connection: &mut dyn Connection,
        key: Option<&TextKey>,
        (filter, with_requests): (&ItemFilter, bool),
    ) -> Result<Vec<Self>, StoreError> {
        let rows = ItemRow::list(connection, filter)?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
        let said = JudgementRow::between(connection, &first.item.id, &last.item.id)?;
        let mut by_item = Self::by_item(said);
        let mut page = Vec::with_capacity(rows.len());
        for row in rows {
            let decision = DecisionRow::find(connection, key, &row.item.decision)?;
            let decision = decision.map(|row| row.decision);
            let request = decision.as_ref().filter(|_| with_requests);
            let of_request =
                request.map(|of| DecisionRow::of_request(connection, key, &of.request));
            let of_request = of_request.transpose()?.unwrap_or_default();
            let of_request = of_request.into_iter().map(|row| row.decision).collect();
            let said = by_item.remove(&row.item.id).unwrap_or_default();
            page.push(Self { row, said, decision, of_request });
        }
        Ok(page)
    }

    /// Judgements, by the items that they are of.
    pub fn by_item(said: Vec<JudgementRow>) -> BTreeMap<String, Vec<JudgementRow>> {
        let mut by_item: BTreeMap<String, Vec<JudgementRow>> = BTreeMap::new();
        for one in said {
            by_item.entry(one.item.clone()).or_default().push(one);
        }
        by_item
    }

    fn standing(&self) -> impl DoubleEndedIterator<Item = &JudgementRow> {
        self.said.iter().filter(|said| said.undone_at.is_none())
    }

    /// Everything.
    pub fn record(&self) -> Value {
        let mut value = shapes::item(&self.row);
        if let Some(members) = value.as_object_mut() {
            let judgements: Vec<Value> = self.standing().map(shapes::judgement).collect();
            members.insert("judgements".to_owned(), judgements.into());
            let decision = self.decision.as_ref().map(shapes::decision);
            members.insert("about".to_owned(), decision.unwrap_or_default());
        }
        value
    }

    /// How it ended, where people settled it.
    fn outcome(&self) -> Result<(Judgement, Option<&str>), Unusable> {
        let (outcome, category) = self.row.outcome.as_ref().ok_or(Unusable::Unresolved)?;
        if outcome == UNRESOLVED {
            return Err(Unusable::Unresolved);
        }
        let judgement = Judgement::of(outcome).ok_or(Unusable::Unresolved)?;
        Ok((judgement, category.as_deref()))
    }

    /// What is known of the text: for each category whether it applies.
    ///
    /// A decision in which a rule fired says that its category applies, one without says that none does. Who upholds it
    /// says the same; who overturns it says the opposite. A category that a reviewer names applies in any case; who
    /// overturns a hit and names none says that nothing is wrong with the text.
    ///
    /// # Errors
    /// When it is not settled, or the decision has gone.
    pub fn labels(&self) -> Result<BTreeMap<String, bool>, Unusable> {
        let (judgement, named) = self.outcome()?;
        let decision = self.decision.as_ref().ok_or(Unusable::Gone)?;
        let claimed = decision.rule.as_ref().map(|_| decision.category.as_deref().unwrap_or(ANY));
        labels_of(judgement, claimed, named).ok_or(Unusable::Unresolved)
    }

    /// A labelled text as `tidegate eval` and `tidegate train` read it; `weight` is how many texts like it there were
    /// for each that was drawn.
    ///
    /// # Errors
    /// When it is not settled, or its text is not kept as it was.
    pub fn labelled(&self) -> Result<Value, Unusable> {
        let labels = self.labels()?;
        let decision = self.decision.as_ref().ok_or(Unusable::Gone)?;
        let text = subject(decision)?;
        let labels: BTreeMap<&String, u8> =
            labels.iter().map(|(category, label)| (category, u8::from(*label))).collect();
        let share = self.row.item.share;
        Ok(json!({
            "id": self.row.item.id,
            "text": text,
            "role": decision.phase,
            "labels": labels,
            "weight": if share > 0.0 { 1.0 / share } else { 1.0 },
            "source": format!("review/{}", self.row.item.source),
            "policy": decision.policy,
            "rule": decision.rule,
        }))
    }

    /// The answer that a reviewer wrote against that of the model.
    ///
    /// # Errors
    /// When there is none, or a text is not kept as it was.
    pub fn pair(&self) -> Result<Pair, Unusable> {
        let (judgement, _) = self.outcome()?;
        let agrees = |said: &&JudgementRow| said.judgement == judgement.as_str();
        let edited = |said: &JudgementRow| said.edited.clone();
        let chosen = self.standing().rev().filter(agrees).find_map(edited);
        let chosen = chosen.or_else(|| self.standing().rev().find_map(edited));
        let chosen = chosen.ok_or(Unusable::NoEdit)?;
        let prompt = conversation(self.of_phase("prompt").ok_or(Unusable::NoPrompt)?)?;
        let rejected = answer(self.of_phase("completion").ok_or(Unusable::NoAnswer)?)?;
        Pair::new(prompt, chosen, rejected).map_err(Unusable::NoPair)
    }

    /// The decision about a phase of the request, under the item's policy where there are several.
    fn of_phase(&self, phase: &str) -> Option<&KeptDecision> {
        let of_phase = || self.of_request.iter().filter(|decision| decision.phase == phase);
        of_phase()
            .find(|decision| decision.policy == self.row.item.policy)
            .or_else(|| of_phase().next())
    }

    /// A row of the table, in the order of [`COLUMNS`]; nothing in it is a formula.
    pub fn cells(&self) -> [String; 15] {
        let item = &self.row.item;
        let (outcome, category) = self.row.outcome.clone().unwrap_or_default();
        let said: Vec<String> =
            self.standing().map(|said| format!("{}: {}", said.reviewer, said.judgement)).collect();
        let notes: Vec<&str> = self.standing().filter_map(|said| said.note.as_deref()).collect();
        let text = self.decision.as_ref().and_then(|decision| {
            super::texts::passages(decision).pop().and_then(|passage| passage.text)
        });
        [
            item.id.clone(),
            shapes::time(item.at),
            self.row.settled_at.map(shapes::time).unwrap_or_default(),
            item.queue.clone(),
            item.source.clone(),
            item.policy.clone(),
            item.rule.clone().unwrap_or_default(),
            item.category.clone().unwrap_or_default(),
            item.score.to_string(),
            item.share.to_string(),
            outcome,
            category.unwrap_or_default(),
            said.join("; "),
            notes.join("\n"),
            text.unwrap_or_default(),
        ]
        .map(|cell| neutral(&cell))
    }
}

/// A cell that no spreadsheet takes for a formula: one that would be gets `'` in front.
pub fn neutral(cell: &str) -> String {
    // Some programs begin a cell at each of these too.
    let begins = cell.split([';', '\t', '\r', '\n']);
    let acts = |part: &str| part.trim_start_matches(' ').starts_with(FORMULA);
    if acts(cell) || begins.into_iter().any(acts) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Item, ItemState};

    fn reviewed(rule: Option<&str>, outcome: &str, named: Option<&str>) -> Reviewed {
        let category = rule.map(|_| "harassment".to_owned());
        let decision = KeptDecision {
            rule: rule.map(str::to_owned),
            category,
            phase: "prompt".to_owned(),
            texts: Some(r#"[{"at":"prompt","author":"user","bytes":2,"text":"hi"}]"#.to_owned()),
            ..KeptDecision::default()
        };
        Reviewed {
            row: ItemRow {
                item: Item { share: 0.25, ..Item::default() },
                state: ItemState::Settled,
                claim: None,
                outcome: Some((outcome.to_owned(), named.map(str::to_owned))),
                settled_at: Some(1),
            },
            said: Vec::new(),
            decision: Some(decision),
            of_request: Vec::new(),
        }
    }

    #[test]
    fn labels_say_what_reviewers_said_of_what_the_decision_claimed() {
        let rule = Some("insults");
        let of = |rule, outcome, named| {
            let labels = reviewed(rule, outcome, named).labels().expect("settled");
            labels.into_iter().collect::<Vec<_>>()
        };
        let label = |category: &str, applies| (category.to_owned(), applies);
        assert_eq!(of(rule, "upheld", None), [label("any", true), label("harassment", true)]);
        assert_eq!(of(rule, "overturned", None), [label("any", false), label("harassment", false)]);
        assert_eq!(
            of(rule, "overturned", Some("hate")),
            [label("any", true), label("harassment", false), label("hate", true)]
        );
        assert_eq!(of(None, "overturned", None), [label("any", true)]);
        assert_eq!(of(None, "overturned", Some("hate")), [label("any", true), label("hate", true)]);
        let none = of(None, "upheld", None);
        assert_eq!(none.len(), 14);
        assert!(none.iter().all(|(_, applies)| !applies));
        assert_eq!(reviewed(rule, "unresolved", None).labels(), Err(Unusable::Unresolved));
    }

    #[test]
    fn a_row_weighs_as_much_as_those_that_were_not_drawn() {
        let row = reviewed(Some("insults"), "upheld", None).labelled().expect("a text");
        assert_eq!((row.get("weight"), row.get("text")), (Some(&json!(4.0)), Some(&json!("hi"))));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1"] {
            assert_eq!(neutral(cell), format!("'{cell}"));
        }
        assert_eq!(neutral("a=1"), "a=1");
        assert_eq!(neutral(""), "");
    }
}
