//! Which rows are taken, what they teach, and which part of the work each serves.

use std::collections::{BTreeMap, HashSet};

use super::chance::spread;
use super::read::Row;
use crate::config::RecipeFile;
use crate::detect::linear::LANES;
use crate::text::{Reading, VIEWS};

/// Says that a text is harmless altogether, or harmful in some way.
const ANY: &str = "any";

/// What a row serves for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Weights.
    Train,
    /// When to stop, calibration, thresholds.
    Tune,
    /// The report.
    Report,
}

/// A row that is taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    /// Its place among all rows.
    pub(super) row: usize,
    pub(super) part: Part,
    pub(super) weight: f32,
    /// Whether each category applies, where somebody said so.
    pub(super) labels: [Option<bool>; LANES],
    /// Whether it is an everyday text without any harm, such as thresholds are set by.
    pub(super) everyday: bool,
    /// Whether it is said to be harmless.
    pub(super) harmless: bool,
}

/// What became of the rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) taken: Vec<Taken>,
    /// Rows taken of each source.
    pub(super) sources: BTreeMap<String, u64>,
    /// Rows that say the same as an earlier one with the same letters.
    pub(super) copies: usize,
    /// Rows beyond the cap of their source.
    pub(super) capped: usize,
}

/// Takes rows as the recipe says. Which of a source are taken, and what for, depends on hashes of their letters and the
/// seed alone.
pub(super) fn select(rows: &[Row], recipe: &RecipeFile, seed: u64) -> Selection {
    let mut selection = Selection::default();
    let mut by_source: BTreeMap<&str, Vec<(u64, usize)>> = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut letters = Letters::default();
    for (number, row) in rows.iter().enumerate() {
        let hash = letters.hash(&row.text);
        if seen.insert((hash, labels(row, recipe))) {
            by_source.entry(&row.source).or_default().push((spread(hash ^ spread(seed)), number));
        } else {
            selection.copies += 1;
        }
    }
    for (source, mut of_source) in by_source {
        let rule = recipe.sources.get(source).unwrap_or(&recipe.others);
        of_source.sort_unstable();
        let cap = rule.cap.unwrap_or(usize::MAX);
        selection.capped += of_source.len().saturating_sub(cap);
        of_source.truncate(cap);
        for &(hash, number) in &of_source {
            let Some(row) = rows.get(number) else { continue };
            selection.taken.push(take(row, number, hash, recipe));
        }
        if !of_source.is_empty() {
            selection.sources.insert(source.to_owned(), of_source.len() as u64);
        }
    }
    selection.taken.sort_unstable_by_key(|taken| taken.row);
    selection
}

fn take(row: &Row, number: usize, hash: u64, recipe: &RecipeFile) -> Taken {
    let rule = recipe.sources.get(&row.source).unwrap_or(&recipe.others);
    let harmless = is_harmless(row, recipe);
    let everyday = harmless && rule.everyday;
    let split = &recipe.split;
    let held = if everyday { split.harmless.fraction() } else { split.holdout.fraction() };
    // Spread again: a cap takes the lowest hashes of a source.
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let place = (spread(hash) >> 11) as f64 / (1_u64 << 53) as f64;
    let part = if place >= held {
        Part::Train
    } else if place >= held / 2.0 {
        Part::Tune
    } else {
        Part::Report
    };
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more digits")]
    let weight = (rule.weight * row.weight) as f32;
    Taken { row: number, part, weight, labels: labels(row, recipe), everyday, harmless }
}

/// Labels by lane. What is harmless altogether has none of the categories.
fn labels(row: &Row, recipe: &RecipeFile) -> [Option<bool>; LANES] {
    let mut labels = [None; LANES];
    let harmless = is_harmless(row, recipe);
    for (label, (_, category)) in labels.iter_mut().zip(recipe.categories.iter()) {
        let told = row.labels.get(&category.field).copied().flatten();
        *label = told.or_else(|| harmless.then_some(false));
    }
    labels
}

/// Whether a row says that nothing is wrong with it: `any` is 0, or all categories are; and none is 1.
fn is_harmless(row: &Row, recipe: &RecipeFile) -> bool {
    let told = |field: &str| row.labels.get(field).copied().flatten();
    let all = || recipe.categories.iter().all(|(_, it)| told(&it.field) == Some(false));
    !row.labels.values().any(|&label| label == Some(true)) && (told(ANY) == Some(false) || all())
}

/// Hashes the letters of texts, so that copies that differ in case, digits or punctuation are found.
#[derive(Default)]
struct Letters {
    raw: Reading,
    folded: Reading,
}

impl Letters {
    fn hash(&mut self, text: &str) -> u64 {
        self.raw.identity(text);
        self.folded.identity(text);
        if let Some(fold) = VIEWS.first().filter(|fold| (fold.applies)(&self.raw)) {
            (fold.build)(&self.raw, &mut self.folded);
        }
        let letters = self.folded.as_str().chars().filter(|c| c.is_alphabetic());
        let hash = letters.fold(1, |hash: u64, c| spread(hash ^ u64::from(u32::from(c))));
        // A text without letters is itself.
        if hash == 1 {
            text.bytes().fold(2, |hash, byte| spread(hash ^ u64::from(byte)))
        } else {
            hash
        }
    }
}
