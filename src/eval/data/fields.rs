//! Which field of a record is what.

use serde_json::{Map, Value};

use super::labels::{ANY, Labels, Reading, name};
use super::rows::{Place, Row, Scores};
use crate::domain::Phase;

/// The most groups that one text may belong to in one field.
const MOST_GROUPS: usize = 32;
/// The most bytes of a group's name.
const LONGEST_GROUP: usize = 128;

/// A field with labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelField {
    /// The field.
    pub field: String,
    /// The category that it is about, where that is not its name.
    pub category: Option<String>,
}

/// Names of the fields. A dot leads into an object: `meta.topic`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// The text.
    pub text: String,
    /// The labels; none for `labels`, or `label` where that is not there.
    pub labels: Vec<LabelField>,
    /// The category that a bare 1 or 0 is about.
    pub category: String,
    /// From which number on a category applies, where labels are scores.
    pub positive_from: Option<f64>,
    /// What names the row to people.
    pub id: String,
    /// `prompt` or `completion`.
    pub role: String,
    /// Which way a text travels where the row does not say it.
    pub phase: Phase,
    /// Scores from elsewhere, an object of categories or one number about [`Self::category`].
    pub score: Option<String>,
    /// Fields whose values are groups.
    pub groups: Vec<String>,
}

// === impl Fields ===

impl Default for Fields {
    fn default() -> Self {
        Self {
            text: "text".to_owned(),
            labels: Vec::new(),
            category: ANY.to_owned(),
            positive_from: None,
            id: "id".to_owned(),
            role: "role".to_owned(),
            phase: Phase::Prompt,
            score: None,
            groups: vec!["lang".to_owned(), "group".to_owned()],
        }
    }
}

impl Fields {
    /// The row of a record, or what is wrong with it.
    pub(super) fn row(&self, record: &Map<String, Value>, place: Place) -> Result<Row, String> {
        let text = match find(record, &self.text) {
            Some(Value::String(text)) => text.clone(),
            // As an empty cell of a table is.
            Some(Value::Null) => return Err(format!("`{}` is empty", self.text)),
            Some(_) => return Err(format!("`{}` is not text", self.text)),
            None => {
                return Err(format!("`{}` is missing; name the field with `--text`", self.text));
            }
        };
        let id = match find(record, &self.id) {
            Some(Value::String(id)) => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let mut groups = Vec::with_capacity(self.groups.len());
        for field in &self.groups {
            groups.push(names(field, find(record, field))?);
        }
        let labels = self.labels(record)?;
        let scores = self.scores(record)?;
        Ok(Row { id, text, phase: self.phase(record)?, labels, scores, groups, place })
    }

    fn phase(&self, record: &Map<String, Value>) -> Result<Phase, String> {
        match find(record, &self.role) {
            None | Some(Value::Null) => Ok(self.phase),
            Some(Value::String(role)) => match role.as_str() {
                "prompt" | "user" | "human" => Ok(Phase::Prompt),
                "completion" | "assistant" | "response" => Ok(Phase::Completion),
                _ => Err(format!("`{}` is neither `prompt` nor `completion`", self.role)),
            },
            Some(_) => Err(format!("`{}` is not text", self.role)),
        }
    }

    /// Scores; none where the row has none.
    fn scores(&self, record: &Map<String, Value>) -> Result<Scores, String> {
        let Some(field) = &self.score else { return Ok(Scores::new()) };
        let score = |value: &Value| {
            let number = match value {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            };
            let finite = number.filter(|number| number.is_finite());
            finite.ok_or_else(|| format!("`{field}` holds something that is not a number"))
        };
        match find(record, field) {
            None | Some(Value::Null) => Ok(Scores::new()),
            Some(Value::Object(map)) => {
                let given = map.iter().filter(|(_, value)| !value.is_null());
                given.map(|(category, value)| Ok((name(category)?, score(value)?))).collect()
            }
            Some(one) => Ok(Scores::from([(name(&self.category)?, score(one)?)])),
        }
    }

    fn labels(&self, record: &Map<String, Value>) -> Result<Labels, String> {
        let reading = Reading { category: &self.category, positive_from: self.positive_from };
        match self.labels.as_slice() {
            [] => {
                let mut usual = ["labels", "label"].into_iter();
                let found = usual.find_map(|field| Some((field, find(record, field)?)));
                let missing = "`labels` and `label` are missing; name the field with `--label`";
                let (field, value) = found.ok_or(missing)?;
                reading.one_field(field, value)
            }
            [LabelField { field, category: None }] => {
                let missing = || format!("`{field}` is missing");
                reading.one_field(field, find(record, field).ok_or_else(missing)?)
            }
            several => {
                let present: Vec<(&str, &Value)> = several
                    .iter()
                    .filter_map(|one| {
                        let category = one.category.as_deref().unwrap_or(&one.field);
                        Some((category, find(record, &one.field)?))
                    })
                    .collect();
                if present.is_empty() {
                    return Err("all fields with labels are missing".to_owned());
                }
                // What some rows leave out was not annotated there.
                let missing = several.len() - present.len();
                let absent = std::iter::repeat_n(("absent", &Value::Null), missing);
                reading.map("", present.into_iter().chain(absent))
            }
        }
    }
}

/// The value of a field; a dot leads into an object where no field has the whole name.
fn find<'r>(record: &'r Map<String, Value>, field: &str) -> Option<&'r Value> {
    if let Some(value) = record.get(field) {
        return Some(value);
    }
    let (outer, inner) = field.split_once('.')?;
    find(record.get(outer)?.as_object()?, inner)
}

/// The groups that a field names: none, one, or a list of them.
fn names(field: &str, value: Option<&Value>) -> Result<Vec<String>, String> {
    let name = |value: &Value| match value {
        Value::String(name) if name.len() <= LONGEST_GROUP => Ok(name.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("`{field}` is no name of a group"))
        }
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(empty)) if empty.is_empty() => Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() <= MOST_GROUPS => {
            let mut found: Vec<String> = items.iter().map(name).collect::<Result<_, _>>()?;
            found.sort();
            found.dedup();
            Ok(found)
        }
        Some(one) => Ok(vec![name(one)?]),
    }
}
