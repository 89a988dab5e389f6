//! How far two people who judged the same texts agree: Cohen's kappa, for all texts or for each rule.
//!
//! Cohen, "A Coefficient of Agreement for Nominal Scales" (Educational and Psychological Measurement 20, 1960):
//! κ = (p₀ − pₑ) ÷ (1 − pₑ), where p₀ is the share of texts on which both say the same and pₑ the share on which they
//! would by chance, Σ pᵢ. p.ᵢ. 1 is agreement on everything, 0 what chance gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::domain::Interval;

/// The most categories that one table has; what names more of them is no scale of verdicts.
pub const MOST_CATEGORIES: usize = 64;
/// The most rules that tables are kept for.
pub const MOST_RULES: usize = 4096;

/// How often two people gave each pair of verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratings<K> {
    cells: BTreeMap<(K, K), u64>,
    categories: BTreeSet<K>,
}

/// How far two people agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Kappa {
    /// Texts that both judged.
    pub texts: u64,
    /// The share of them on which both say the same, from 0 to 1.
    pub observed: f64,
    /// The share on which they would by chance, from 0 to 1.
    pub expected: f64,
    /// Cohen's kappa, from -1 to 1.
    pub kappa: f64,
    /// Its asymptotic standard error. It is 0 where both agree on everything, however few texts that are.
    pub standard_error: f64,
    /// Where kappa lies with 95 % confidence, by that error; right for some dozens of texts and more.
    pub interval: Interval,
}

/// A rating was not counted because there are too many categories or rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {most} {what}")]
pub struct TooMany {
    /// Of what.
    pub what: &'static str,
    /// The most that are counted.
    pub most: usize,
}

/// Tables of one pair of verdicts a text, for each rule.
#[derive(Clone, Debug, Default)]
pub struct RatingsByRule<K>(BTreeMap<Arc<str>, Ratings<K>>);

// === impl Ratings ===

impl<K> Default for Ratings<K> {
    fn default() -> Self {
        Self { cells: BTreeMap::new(), categories: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Ratings<K> {
    /// Counts `times` texts of which the first person says one thing and the second another, or the same. A table that
    /// would get more than [`MOST_CATEGORIES`] refuses it and stays as it was.
    pub fn add(&mut self, first: K, second: K, times: u64) -> Result<(), TooMany> {
        if times == 0 {
            return Ok(());
        }
        let new = [&first, &second].into_iter().filter(|said| !self.categories.contains(said));
        let new: BTreeSet<K> = new.cloned().collect();
        if self.categories.len() + new.len() > MOST_CATEGORIES {
            return Err(TooMany { what: "categories", most: MOST_CATEGORIES });
        }
        self.categories.extend(new);
        let count = self.cells.entry((first, second)).or_default();
        *count = count.saturating_add(times);
        Ok(())
    }

    /// Each pair of verdicts with how often it came.
    pub fn cells(&self) -> impl Iterator<Item = (&K, &K, u64)> {
        self.cells.iter().map(|((first, second), count)| (first, second, *count))
    }

    fn margins(&self) -> Margins<'_, K> {
        let mut margins = Margins { first: BTreeMap::new(), second: BTreeMap::new(), texts: 0 };
        for (first, second, count) in self.cells() {
            *margins.first.entry(first).or_default() += u128::from(count);
            *margins.second.entry(second).or_default() += u128::from(count);
            margins.texts += u128::from(count);
        }
        margins
    }

    /// How far the two agree. `None` without texts, and where both put everything into one and the same category: chance
    /// would agree on everything too, and kappa is 0 ÷ 0.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of people's judgements are far below 2^53"
    )]
    pub fn kappa(&self) -> Option<Kappa> {
        let margins = self.margins();
        if margins.first.len() == 1 && margins.first.keys().eq(margins.second.keys()) {
            return None;
        }
        let texts = u64::try_from(margins.texts).ok().filter(|texts| *texts > 0)?;
        let n = texts as f64;
        let agreed = self.cells().filter(|(first, second, _)| first == second);
        let observed = agreed.map(|(_, _, count)| count as f64).sum::<f64>() / n;
        let by_chance = margins.first.keys().map(|&k| margins.of_first(k) * margins.of_second(k));
        let expected = by_chance.sum::<f64>();
        let kappa = (observed - expected) / (1.0 - expected);
        let variance = self.variance(&margins, expected, kappa);
        let standard_error = variance.max(0.0).sqrt();
        let interval = Interval::normal(kappa, standard_error, -1.0, 1.0);
        Some(Kappa { texts, observed, expected, kappa, standard_error, interval })
    }

    /// The asymptotic variance of kappa by Fleiss, Cohen and Everitt, "Large Sample Standard Errors of Kappa and
    /// Weighted Kappa" (Psychological Bulletin 72, 1969):
    /// (A + B − C) ÷ (n (1 − pₑ)²) with A = Σ pᵢᵢ (1 − (pᵢ. + p.ᵢ)(1 − κ))², B = (1 − κ)² Σ pᵢⱼ (p.ᵢ + pⱼ.)² over i ≠ j,
    /// C = (κ − pₑ (1 − κ))².
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of people's judgements are far below 2^53"
    )]
    fn variance(&self, margins: &Margins<'_, K>, expected: f64, kappa: f64) -> f64 {
        let n = margins.texts as f64;
        let apart = 1.0 - kappa;
        let spread = self.cells().map(|(first, second, count)| {
            let share = count as f64 / n;
            // What the second says as often as the first said this, and the other way round.
            let margin = margins.of_second(first) + margins.of_first(second);
            let slope = if first == second { 1.0 - margin * apart } else { margin * apart };
            share * slope * slope
        });
        let centre = kappa - expected * apart;
        (spread.sum::<f64>() - centre * centre) / (n * (1.0 - expected).powi(2))
    }
}

/// What each of two people said in all.
struct Margins<'a, K> {
    first: BTreeMap<&'a K, u128>,
    second: BTreeMap<&'a K, u128>,
    texts: u128,
}

impl<K: Ord> Margins<'_, K> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of people's judgements are far below 2^53"
    )]
    fn share(&self, margin: &BTreeMap<&K, u128>, category: &K) -> f64 {
        margin.get(category).copied().unwrap_or_default() as f64 / self.texts as f64
    }

    fn of_first(&self, category: &K) -> f64 {
        self.share(&self.first, category)
    }

    fn of_second(&self, category: &K) -> f64 {
        self.share(&self.second, category)
    }
}

// === impl RatingsByRule ===

impl<K: Ord + Clone> RatingsByRule<K> {
    /// No ratings yet.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Counts one text that a rule had fired on. What would make more than [`MOST_RULES`] tables is refused.
    pub fn add(&mut self, rule: &Arc<str>, first: K, second: K) -> Result<(), TooMany> {
        if !self.0.contains_key(rule) && self.0.len() >= MOST_RULES {
            return Err(TooMany { what: "rules", most: MOST_RULES });
        }
        self.0.entry(Arc::clone(rule)).or_default().add(first, second, 1)
    }

    /// The table of each rule, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Ratings<K>)> {
        self.0.iter()
    }
}

/// How often one person's yes or no is wrong, from 0 to 0.5, where two people agree on the share `observed` of texts.
/// Two who each err on the share e of texts, independently and in both directions alike, disagree on 2e (1 − e) of
/// them, so e = (1 − √(1 − 2 (1 − p₀))) ÷ 2. `None` where they agree on less than half: then they do not err, they
/// answer different questions.
pub fn error_behind(observed: f64) -> Option<f64> {
    (0.5..=1.0).contains(&observed).then(|| (1.0 - (2.0 * observed - 1.0).max(0.0).sqrt()) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: &[&[u64]]) -> Ratings<usize> {
        let mut table = Ratings::default();
        for (first, row) in rows.iter().enumerate() {
            for (second, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                table.add(first, second, *count).expect("few categories");
            }
        }
        table
    }

    #[test]
    fn kappa_is_what_scikit_learn_says() {
        // `cohen_kappa_score` of scikit-learn 1.8.0 on rows that give these tables.
        let tables: [(&[&[u64]], f64); 5] = [
            (&[&[20, 5], &[10, 15]], 0.4),
            (&[&[44, 5, 1], &[7, 20, 3], &[9, 5, 6]], 0.491_525_423_728_813_6),
            (&[&[0, 10], &[12, 0]], -0.983_606_557_377_048_9),
            (&[&[95, 2], &[3, 0]], -0.024_590_163_934_426_146),
            (
                &[&[8, 0, 0, 0], &[1, 0, 3, 0], &[0, 2, 9, 1], &[0, 0, 0, 31]],
                0.787_175_234_936_428_9,
            ),
        ];
        for (rows, expected) in tables {
            let found = table(rows).kappa().expect("two categories").kappa;
            assert!((found - expected).abs() < 1e-12, "{rows:?}: {found}");
        }
    }

    #[test]
    fn shares_and_counts_stand_beside_kappa() {
        let found = table(&[&[20, 5], &[10, 15]]).kappa().expect("two categories");
        assert_eq!(found.texts, 50);
        assert!((found.observed - 0.7).abs() < 1e-12);
        assert!((found.expected - 0.5).abs() < 1e-12);
        assert!(found.interval.holds(found.kappa) && found.interval.low > 0.0);
    }

    #[test]
    fn kappa_of_one_category_alone_is_undefined() {
        assert_eq!(table(&[&[7]]).kappa(), None);
        assert_eq!(Ratings::<u8>::default().kappa(), None);
        let mut no_other = table(&[&[7]]);
        no_other.add(1, 0, 0).expect("few categories");
        assert_eq!(no_other.kappa(), None);
        let found = table(&[&[0, 7]]).kappa().expect("two categories, one each");
        assert_eq!((found.observed, found.expected, found.kappa), (0.0, 0.0, 0.0));
    }

    #[test]
    fn full_agreement_is_one() {
        let found = table(&[&[7, 0], &[0, 3]]).kappa().expect("two categories");
        assert!((found.kappa - 1.0).abs() < 1e-12 && found.standard_error < 1e-9, "{found:?}");
    }

    #[test]
    fn each_rule_has_a_table_of_its_own() {
        let mut rules = RatingsByRule::new();
        let (hate, spam): (Arc<str>, Arc<str>) = ("hate".into(), "spam".into());
        for (rule, first, second) in
            [(&spam, true, true), (&spam, false, false), (&hate, true, false), (&hate, false, true)]
        {
            rules.add(rule, first, second).expect("few rules");
        }
        let found: Vec<(&str, f64)> = rules
            .iter()
            .map(|(rule, table)| (&**rule, table.kappa().expect("two categories").kappa))
            .collect();
        assert_eq!(found, [("hate", -1.0), ("spam", 1.0)]);
    }

    #[test]
    fn too_many_categories_and_rules_are_refused() {
        let mut table = Ratings::default();
        for category in 0..MOST_CATEGORIES {
            table.add(category, category, 1).expect("not too many");
        }
        let refused = table.add(0, MOST_CATEGORIES, 1).expect_err("one too many");
        assert_eq!(refused.to_string(), "more than 64 categories");
        assert_eq!(table.kappa().expect("many categories").texts, 64);
        let mut rules = RatingsByRule::new();
        for rule in 0..MOST_RULES {
            rules.add(&Arc::from(format!("{rule}")), 1, 1).expect("not too many");
        }
        assert!(rules.add(&Arc::from("more"), 1, 1).is_err());
    }

    #[test]
    fn the_error_behind_disagreement_is_found_again() {
        for error in [0.0, 0.01, 0.05, 0.2, 0.5] {
            let observed = 1.0 - 2.0 * error * (1.0 - error);
            let found = error_behind(observed).expect("more than half agree");
            assert!((found - error).abs() < 1e-7, "{error} {found}");
        }
        assert_eq!((error_behind(0.49), error_behind(f64::NAN)), (None, None));
    }

    /// Kappa of shares that need not be counts.
    fn kappa_of(shares: &[[f64; 3]; 3]) -> f64 {
        let total: f64 = shares.iter().flatten().sum();
        let observed: f64 = (0..3).map(|i| shares[i][i]).sum::<f64>() / total;
        let row = |i: usize| shares[i].iter().sum::<f64>() / total;
        let column = |i: usize| shares.iter().map(|row| row[i]).sum::<f64>() / total;
        let expected: f64 = (0..3).map(|i| row(i) * column(i)).sum();
        (observed - expected) / (1.0 - expected)
    }

    proptest! {
        /// The delta method: the variance of a function of multinomial shares p is (Σ p g² − (Σ p g)²) ÷ n with the
        /// slopes g, which are measured here.
        #[test]
        fn the_standard_error_is_that_of_the_delta_method(counts in prop::collection::vec(1_u32..60, 9)) {
            let whole: Vec<u64> = counts.iter().copied().map(u64::from).collect();
            let rows: Vec<&[u64]> = whole.chunks(3).collect();
            let found = table(&rows).kappa().expect("three categories");
            let n = f64::from(counts.iter().sum::<u32>());
            let mut shares = [[0.0; 3]; 3];
            for (place, count) in counts.iter().enumerate() {
                shares[place / 3][place % 3] = f64::from(*count) / n;
            }
            let (mut mean, mut square) = (0.0, 0.0);
            for i in 0..3 {
                for j in 0..3 {
                    let moved = |by: f64| {
                        let mut moved = shares;
                        moved[i][j] += by;
                        kappa_of(&moved)
                    };
                    let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    mean += shares[i][j] * slope;
                    square += shares[i][j] * slope * slope;
                }
            }
            let expected = ((square - mean * mean) / n).max(0.0).sqrt();
            prop_assert!((found.standard_error - expected).abs() < 1e-6, "{} {}", found.standard_error, expected);
        }

        #[test]
        fn kappa_does_not_depend_on_who_is_first(counts in prop::collection::vec(0_u64..60, 9)) {
            let rows: Vec<&[u64]> = counts.chunks(3).collect();
            let one = table(&rows);
            let mut other = Ratings::default();
            for (first, second, count) in one.cells() {
                other.add(*second, *first, count).expect("few categories");
            }
            match (one.kappa(), other.kappa()) {
                (Some(one), Some(other)) => {
                    prop_assert!((one.kappa - other.kappa).abs() < 1e-12);
                    prop_assert!((one.standard_error - other.standard_error).abs() < 1e-9);
                    prop_assert!((-1.0..=1.0).contains(&one.kappa));
                }
                (one, other) => prop_assert_eq!(one, other),
            }
        }
    }
}
