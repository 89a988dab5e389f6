//! What people say of a text, and the words in which data sets say it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::OPENAI_CATEGORIES;

/// The category of everything that is harmful.
pub const ANY: &str = "any";
/// The most bytes of a category's name.
const LONGEST_NAME: usize = 64;
/// The most categories of one row.
const MOST_CATEGORIES: usize = 100;
/// Words of a label that say that no category applies.
const BENIGN: [&str; 7] = ["benign", "safe", "harmless", "clean", "normal", "none", "ok"];
/// Words of a label that say that something is wrong, and not what.
const HARMFUL: [&str; 3] = ["harmful", "unsafe", "toxic"];

/// What is known of one text: for each category whether it applies. What is not in it was not annotated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    named: BTreeMap<String, bool>,
    /// Whether no category applies that is not named, as a row says that is benign altogether.
    benign: bool,
}

// === impl Labels ===

impl Labels {
    /// The label of a category in its canonical form; `None` where it was not annotated.
    pub fn of(&self, category: &str) -> Option<bool> {
        self.named.get(category).copied().or_else(|| self.benign.then_some(false))
    }

    /// The categories that are named.
    pub fn named(&self) -> impl Iterator<Item = (&str, bool)> {
        self.named.iter().map(|(category, label)| (category.as_str(), *label))
    }

    /// Whether everything that is not named is known not to apply.
    pub const fn is_benign(&self) -> bool {
        self.benign
    }

    /// Whether nothing was annotated.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && !self.benign
    }

    /// Takes in one label. Of two for the same category the one that applies counts.
    fn note(&mut self, category: String, label: bool) {
        *self.named.entry(category).or_default() |= label;
    }

    /// Says `any` where the row does not: it applies where a category does, and does not where all were annotated
    /// and none does.
    fn complete(mut self, all_annotated: bool) -> Self {
        let applies = self.named.values().any(|label| *label);
        if !self.named.contains_key(ANY) && (applies || (all_annotated && !self.named.is_empty())) {
            self.named.insert(ANY.to_owned(), applies);
        }
        self
    }
}

/// How labels are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    /// The category that a bare 1 or 0 is about.
    pub(super) category: &'a str,
    /// From which number on a category applies, where labels are scores.
    pub(super) positive_from: Option<f64>,
}

// === impl Reading ===

impl Reading<'_> {
    /// The labels of a row that has them in one field: an object of categories, 1 or 0, a word, or several.
    pub(super) fn one_field(&self, field: &str, value: &Value) -> Result<Labels, String> {
        match value {
            Value::Object(map) => {
                let entries = map.iter().map(|(category, value)| (category.as_str(), value));
                self.map(field, entries)
            }
            Value::Array(items) => {
                let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                let words =
                    words.ok_or_else(|| format!("`{field}` holds something that is not text"))?;
                self.words(field, &words)
            }
            Value::String(text) if text.trim_start().starts_with('{') => {
                let inner: Value = serde_json::from_str(text)
                    .map_err(|error| format!("`{field}` begins like JSON and is not: {error}"))?;
                self.one_field(field, &inner)
            }
            Value::String(text) if is_word(text) => {
                let words = text.split([',', ';', '|']).map(str::trim);
                self.words(field, &words.filter(|word| !word.is_empty()).collect::<Vec<_>>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let Some(label) = self.flag(field, value)? else { return Ok(Labels::default()) };
                let mut labels = Labels::default();
                let category = name(self.category)?;
                labels.benign = !label && category == ANY;
                labels.note(category, label);
                Ok(labels.complete(true))
            }
        }
    }

    /// The labels of a row that has one value for each category.
    pub(super) fn map<'v>(
        &self,
        field: &str,
        entries: impl Iterator<Item = (&'v str, &'v Value)>,
    ) -> Result<Labels, String> {
        let (mut labels, mut all_annotated) = (Labels::default(), true);
        for (number, (category, value)) in entries.enumerate() {
            if number == MOST_CATEGORIES {
                return Err(format!("`{field}` has more than {MOST_CATEGORIES} categories"));
            }
            let written =
                if field.is_empty() { category.to_owned() } else { format!("{field}.{category}") };
            match self.flag(&written, value)? {
                Some(label) => labels.note(name(category)?, label),
                None => all_annotated = false,
            }
        }
        Ok(labels.complete(all_annotated))
    }

    fn words(&self, field: &str, words: &[&str]) -> Result<Labels, String> {
        if words.len() > MOST_CATEGORIES {
            return Err(format!("`{field}` has more than {MOST_CATEGORIES} categories"));
        }
        let mut labels = Labels::default();
        for word in words {
            let lower = word.to_lowercase();
            if BENIGN.contains(&lower.as_str()) {
                labels.benign = true;
            } else if HARMFUL.contains(&lower.as_str()) {
                labels.note(name(self.category)?, true);
            } else {
                labels.note(name(word)?, true);
            }
        }
        labels.benign |= words.is_empty();
        if labels.benign && !labels.named.is_empty() {
            return Err(format!("`{field}` says that the text is benign, and that it is not"));
        }
        if labels.benign {
            labels.note(ANY.to_owned(), false);
        }
        Ok(labels.complete(false))
    }

    /// 1, 0, or nothing for what was not annotated.
    fn flag(&self, field: &str, value: &Value) -> Result<Option<bool>, String> {
        let number = match value {
            Value::Null => return Ok(None),
            Value::Bool(label) => return Ok(Some(*label)),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match word_flag(text) {
                Some(Flag::Applies) => return Ok(Some(true)),
                Some(Flag::DoesNot) => return Ok(Some(false)),
                Some(Flag::Unsaid) => return Ok(None),
                None => text.trim().parse().ok(),
            },
            Value::Array(_) | Value::Object(_) => None,
        };
        match (number, self.positive_from) {
            (Some(number), Some(from)) if number.is_finite() => Ok(Some(number >= from)),
            (Some(1.0), None) => Ok(Some(true)),
            (Some(0.0), None) => Ok(Some(false)),
            (Some(_), None) => Err(format!(
                "`{field}` is {value}; a label is 1, 0 or null (for scores, `--positive-from 0.5`)"
            )),
            (None | Some(_), _) => Err(format!("`{field}` is no label; a label is 1, 0 or null")),
        }
    }
}

/// Whether a text names categories: it is neither a flag nor a number.
fn is_word(text: &str) -> bool {
    word_flag(text).is_none() && text.trim().parse::<f64>().is_err()
}

/// What a word says instead of 1, 0 and null.
enum Flag {
    Applies,
    DoesNot,
    Unsaid,
}

fn word_flag(text: &str) -> Option<Flag> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Some(Flag::Applies),
        "0" | "false" | "no" => Some(Flag::DoesNot),
        "" | "null" | "na" | "nan" => Some(Flag::Unsaid),
        other => match other.parse() {
            Ok(1.0) => Some(Flag::Applies),
            Ok(0.0) => Some(Flag::DoesNot),
            Ok(_) | Err(_) => None,
        },
    }
}

/// A category's name in its canonical form, if it can be one.
pub(super) fn name(written: &str) -> Result<String, String> {
    let canonical = canonical(written);
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '/' | '.');
    if canonical.is_empty() || canonical.len() > LONGEST_NAME || !canonical.chars().all(fits) {
        let shown: String = written.chars().take(LONGEST_NAME).collect();
        return Err(format!("`{shown}` is no name of a category"));
    }
    Ok(canonical)
}

/// The name of a category as figures have it: small letters, `-` for `_` and blanks, and `/` where `OpenAI` writes it,
/// so that `self_harm` and `sexual_minors` are `self-harm` and `sexual/minors`.
pub fn canonical(name: &str) -> String {
    let plain: String = name
        .trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == '_' || c.is_whitespace() { '-' } else { c })
        .collect();
    let known = OPENAI_CATEGORIES.iter().find(|known| known.replace('/', "-") == plain);
    known.map_or(plain, |known| (*known).to_owned())
}
