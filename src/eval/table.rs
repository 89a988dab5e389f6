//! What was said of every row, kept small: labels and calls, no texts.

use std::collections::HashMap;
use std::sync::Arc;

use super::data::{BadRow, Labels, Place, Row};
use super::judge::{Call, Prediction};
use super::metrics::{Discordance, Sample};

/// The most rows of one run.
const MOST_ROWS: usize = 4_000_000;
/// The most values of a field of groups.
const MOST_VALUES: usize = 1_000;
/// The most different categories.
const MOST_CATEGORIES: usize = 1_000;
/// How many bad rows are kept to be shown; the rest is only counted.
const MOST_BAD_SHOWN: usize = 20;
/// The most characters of an example.
const EXCERPT: usize = 240;

/// A limit that the data go beyond.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// Rows.
    #[error("more than {MOST_ROWS} rows; measure a part of them, such as every tenth")]
    Rows,
    /// Values of a field.
    #[error("`{0}` has more than {MOST_VALUES} values, so it names no groups")]
    Values(String),
    /// Categories.
    #[error("more than {MOST_CATEGORIES} categories; is `--label` the right field?")]
    Categories,
}

/// How many rows of which sort there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that were judged.
    pub rows: u64,
    /// Of them, those of which nothing was annotated.
    pub unlabelled: u64,
    /// Rows that could not be used.
    pub bad: u64,
    /// The first of them.
    pub shown_bad: Vec<BadRow>,
    /// Rows that a judge gave no answer to, for each judge; they are in no figure.
    pub unscreened: Vec<u64>,
}

/// A text on which a judge and the label differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The beginning of the text.
    pub text: String,
    /// Its id.
    pub id: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What the judge went by.
    pub reasons: Vec<Arc<str>>,
}

/// Examples of one judge's mistakes in one category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    /// Labelled and not selected.
    pub misses: Vec<Example>,
    /// Selected and not labelled.
    pub false_alarms: Vec<Example>,
}

/// A field whose values are groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimension {
    /// The field.
    pub field: String,
    values: Names,
}

/// Rows as judged.
#[derive(Clone, Debug)]
pub struct Table {
    counts: Counts,
    dimensions: Vec<Dimension>,
    categories: Names,
    rows: Vec<Seen>,
    examples: usize,
    mistakes: HashMap<(usize, String), Mistakes>,
}

/// Names by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    list: Vec<String>,
    numbers: HashMap<String, u16>,
}

/// What a judge said, by the number of the category.
type Calls = Box<[(u16, Call)]>;

/// One row.
#[derive(Clone, Debug)]
struct Seen {
    groups: Box<[(u16, u16)]>,
    labels: Box<[(u16, bool)]>,
    benign: bool,
    /// What each judge said; `None` of one that gave no answer.
    calls: Box<[Option<Calls>]>,
}

// === impl Names ===

impl Names {
    /// The number of a name; `None` where there would be more than `most`.
    fn number(&mut self, name: &str, most: usize) -> Option<u16> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        let number = u16::try_from(self.list.len()).ok().filter(|_| self.list.len() < most)?;
        self.list.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        Some(number)
    }
}

// === impl Dimension ===

impl Dimension {
    /// The values that occur, in the order of their names.
    pub fn values(&self) -> Vec<&str> {
        let mut values: Vec<&str> = self.values.list.iter().map(String::as_str).collect();
        values.sort_unstable();
        values
    }
}

// === impl Seen ===

impl Seen {
    fn label(&self, category: u16) -> Option<bool> {
        let named = self.labels.iter().find(|(number, _)| *number == category);
        named.map(|(_, label)| *label).or_else(|| self.benign.then_some(false))
    }

    /// What a judge said of a category; `None` where it gave no answer.
    fn call(&self, judge: usize, category: u16) -> Option<Call> {
        let calls = self.calls.get(judge)?.as_ref()?;
        let call = calls.iter().find(|(number, _)| *number == category);
        Some(call.map(|(_, call)| *call).unwrap_or_default())
    }

    /// Whether every judge gave an answer.
    fn is_comparable(&self) -> bool {
        self.calls.iter().all(Option::is_some)
    }
}

// === impl Table ===

impl Table {
    /// A table without rows, for so many judges and these fields of groups, that keeps so many examples of each sort
    /// of mistake.
    pub fn new(judges: usize, fields: &[String], examples: usize) -> Self {
        let dimension = |field: &String| Dimension { field: field.clone(), ..Dimension::default() };
        Self {
            counts: Counts { unscreened: vec![0; judges], ..Counts::default() },
            dimensions: fields.iter().map(dimension).collect(),
            categories: Names::default(),
            rows: Vec::new(),
            examples,
            mistakes: HashMap::new(),
        }
    }

    /// How many rows of which sort there were.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The fields of groups.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Notes a row that cannot be used.
    pub fn note_bad(&mut self, bad: BadRow) {
        self.counts.bad += 1;
        if self.counts.shown_bad.len() < MOST_BAD_SHOWN {
            self.counts.shown_bad.push(bad);
        }
    }

    /// Takes in a row with what each judge said of it.
    ///
    /// # Errors
    /// When the data go beyond a limit.
    pub fn add(&mut self, row: &Row, predictions: &[Prediction]) -> Result<(), TooMuch> {
        if self.rows.len() == MOST_ROWS {
            return Err(TooMuch::Rows);
        }
        let mut groups = Vec::new();
        for (place, (dimension, values)) in self.dimensions.iter_mut().zip(&row.groups).enumerate()
        {
            let place = u16::try_from(place).unwrap_or(u16::MAX);
            for value in values {
                let number = dimension.values.number(value, MOST_VALUES);
                let too_many = || TooMuch::Values(dimension.field.clone());
                groups.push((place, number.ok_or_else(too_many)?));
            }
        }
        let categories = &mut self.categories;
        let mut number =
            |name: &str| categories.number(name, MOST_CATEGORIES).ok_or(TooMuch::Categories);
        let labels: Result<Vec<_>, _> =
            row.labels.named().map(|(name, label)| Ok((number(name)?, label))).collect();
        let mut calls = Vec::with_capacity(predictions.len());
        for prediction in predictions {
            let noted: Result<Calls, _> =
                prediction.calls().map(|(name, call)| Ok((number(name)?, call))).collect();
            calls.push(if prediction.unscreened { None } else { Some(noted?) });
        }
        self.rows.push(Seen {
            groups: groups.into(),
            labels: labels?.into(),
            benign: row.labels.is_benign(),
            calls: calls.into(),
        });
        self.count(&row.labels, predictions);
        self.keep_examples(row, predictions);
        Ok(())
    }

    fn count(&mut self, labels: &Labels, predictions: &[Prediction]) {
        self.counts.rows += 1;
        self.counts.unlabelled += u64::from(labels.is_empty());
        for (count, prediction) in self.counts.unscreened.iter_mut().zip(predictions) {
            *count += u64::from(prediction.unscreened);
        }
    }

    fn keep_examples(&mut self, row: &Row, predictions: &[Prediction]) {
        if self.examples == 0 {
            return;
        }
        let answered = predictions.iter().enumerate().filter(|(_, said)| !said.unscreened);
        for (judge, prediction) in answered {
            let called = prediction.selected().into_iter().map(str::to_owned);
            let mut categories: Vec<String> =
                row.labels.named().map(|(name, _)| name.to_owned()).collect();
            categories.extend(called);
            categories.sort();
            categories.dedup();
            for category in categories {
                let Some(label) = row.labels.of(&category) else { continue };
                let selected = prediction.of(&category).selected;
                if label == selected {
                    continue;
                }
                let mistakes = self.mistakes.entry((judge, category)).or_default();
                let list = if label { &mut mistakes.misses } else { &mut mistakes.false_alarms };
                if list.len() < self.examples {
                    list.push(Example::of(row, prediction));
                }
            }
        }
    }

    /// The examples of a judge's mistakes in a category.
    pub fn mistakes(&self, judge: usize, category: &str) -> Option<&Mistakes> {
        self.mistakes.get(&(judge, category.to_owned()))
    }

    /// The categories that are annotated in at least one row, in the order of their names.
    pub fn labelled_categories(&self) -> Vec<&str> {
        let mut named = vec![false; self.categories.list.len()];
        for (number, _) in self.rows.iter().flat_map(|row| row.labels.iter()) {
            if let Some(seen) = named.get_mut(usize::from(*number)) {
                *seen = true;
            }
        }
        let names = self.categories.list.iter().zip(named);
        let mut names: Vec<&str> =
            names.filter(|(_, is_named)| *is_named).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The rows that are annotated with a category, as a judge called them; of all, or of a group: the place of
    /// its field, and its name. Rows that some judge gave no answer to are left out for every judge, so that all
    /// are measured on the same.
    pub fn samples(
        &self,
        judge: usize,
        category: &str,
        group: Option<(usize, &str)>,
    ) -> Vec<Sample> {
        let Some(category) = self.categories.numbers.get(category) else { return Vec::new() };
        let group = match group {
            None => None,
            Some((place, name)) => {
                let value = self.dimensions.get(place).and_then(|one| one.values.numbers.get(name));
                let (Some(value), Ok(place)) = (value, u16::try_from(place)) else {
                    return Vec::new();
                };
                Some((place, *value))
            }
        };
        let fits = |row: &&Seen| {
            row.is_comparable() && group.is_none_or(|group| row.groups.contains(&group))
        };
        let sample = |row: &Seen| {
            let (label, call) = (row.label(*category)?, row.call(judge, *category)?);
            Some(Sample { label, score: call.score, selected: call.selected })
        };
        self.rows.iter().filter(fits).filter_map(sample).collect()
    }

    /// On how many rows of a category only the first, and only the second of two judges is right.
    pub fn discordance(&self, category: &str) -> Discordance {
        let mut discordance = Discordance::default();
        let (first, second) = (self.samples(0, category, None), self.samples(1, category, None));
        for (a, b) in first.iter().zip(&second) {
            discordance.add(a.label == a.selected, b.label == b.selected);
        }
        discordance
    }
}

// === impl Example ===

impl Example {
    fn of(row: &Row, prediction: &Prediction) -> Self {
        let mut text: String = row.text.chars().take(EXCERPT).collect();
        if text.len() < row.text.len() {
            text.push('…');
        }
        let reasons = prediction.reasons.clone();
        Self { text, id: row.id.clone(), place: row.place.clone(), reasons }
    }
}
