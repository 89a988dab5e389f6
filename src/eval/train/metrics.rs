//! How well scores tell two classes apart.

/// A score, and whether the category applies.
pub(super) type Judged = (f64, bool);

/// Right and wrong at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Confusion {
    pub(super) true_positives: usize,
    pub(super) false_positives: usize,
    pub(super) false_negatives: usize,
    pub(super) true_negatives: usize,
}

impl Confusion {
    /// What is found from `threshold` on.
    pub(super) fn at(judged: &[Judged], threshold: f64) -> Self {
        let mut confusion = Self::default();
        for &(score, applies) in judged {
            *match (score >= threshold, applies) {
                (true, true) => &mut confusion.true_positives,
                (true, false) => &mut confusion.false_positives,
                (false, true) => &mut confusion.false_negatives,
                (false, false) => &mut confusion.true_negatives,
            } += 1;
        }
        confusion
    }

    /// Of what was found, the share that applies.
    pub(super) fn precision(self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Of what applies, the share that was found.
    pub(super) fn recall(self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// The harmonic mean of the two; none without a positive.
    pub(super) fn f1(self) -> Option<f64> {
        self.recall()?;
        let wrong = self.false_positives + self.false_negatives;
        ratio(2 * self.true_positives, 2 * self.true_positives + wrong)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2⁵³")]
pub(super) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Highest score first, in groups of equal scores: how many of each apply, and how many do not.
fn steps(judged: &[Judged]) -> Vec<(usize, usize)> {
    let mut sorted: Vec<&Judged> = judged.iter().filter(|(score, _)| !score.is_nan()).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    sorted
        .chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq())
        .map(|equal| {
            let positives = equal.iter().filter(|(_, applies)| *applies).count();
            (positives, equal.len() - positives)
        })
        .collect()
}

/// Average precision: `Σ (Rₙ − Rₙ₋₁) Pₙ` over the thresholds (Manning, Raghavan and Schütze, 2008, 8.4). None without
/// a positive.
pub(super) fn average_precision(judged: &[Judged]) -> Option<f64> {
    let steps = steps(judged);
    let all: usize = steps.iter().map(|step| step.0).sum();
    let (mut found, mut wrong, mut sum) = (0, 0, 0.0);
    for (positives, negatives) in steps {
        found += positives;
        wrong += negatives;
        sum += ratio(positives, all)? * ratio(found, found + wrong)?;
    }
    (all > 0).then_some(sum)
}

/// The area under the ROC curve: how often a positive scores above a negative, ties counting half (Fawcett, 2006). None
/// unless there are both.
pub(super) fn roc_auc(judged: &[Judged]) -> Option<f64> {
    let steps = steps(judged);
    let all: (usize, usize) =
        steps.iter().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
    let (mut above, mut twice) = (0_usize, 0_usize);
    for (positives, negatives) in steps {
        twice += negatives * (2 * above + positives);
        above += positives;
    }
    ratio(twice, 2 * all.0 * all.1)
}

/// Mean of `−y ln p − (1 − y) ln(1 − p)`, where no probability counts as surer than one in a million. None without rows.
pub(super) fn cross_entropy(judged: &[Judged]) -> Option<f64> {
    const SUREST: f64 = 1e-6;
    let of = |&(p, applies): &Judged| {
        let p = p.clamp(SUREST, 1.0 - SUREST);
        if applies { -p.ln() } else { -(1.0 - p).ln() }
    };
    let sum: f64 = judged.iter().map(of).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2⁵³")]
    let count = judged.len() as f64;
    (!judged.is_empty()).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUDGED: [Judged; 5] =
        [(0.9, true), (0.8, false), (0.7, true), (0.7, false), (0.1, false)];

    fn close(value: Option<f64>, expected: f64) {
        assert!((value.unwrap() - expected).abs() < 1e-9, "{value:?} is not {expected}");
    }

    #[test]
    fn average_precision_is_what_one_computes_by_hand() {
        // Half of the positives at precision 1, the other half at 2 of 4.
        close(average_precision(&JUDGED), 0.5 * 1.0 + 0.5 * 0.5);
        close(average_precision(&[(0.2, true), (0.9, false)]), 0.5);
        close(average_precision(&[(0.2, true)]), 1.0);
    }

    #[test]
    fn the_area_under_the_curve_counts_pairs_and_half_of_ties() {
        // 0.9 is above three negatives; 0.7 is above one, beside one and below one.
        close(roc_auc(&JUDGED), (3.0 + 1.5) / 6.0);
        close(roc_auc(&[(0.2, true), (0.9, false)]), 0.0);
    }

    #[test]
    fn confusion_counts_and_its_ratios_are_right() {
        let confusion = Confusion::at(&JUDGED, 0.7);
        let expected = Confusion {
            true_positives: 2,
            false_positives: 2,
            false_negatives: 0,
            true_negatives: 1,
        };
        assert_eq!(confusion, expected);
        close(confusion.precision(), 0.5);
        close(confusion.recall(), 1.0);
        close(confusion.f1(), 2.0 / 3.0);
        close(Confusion::at(&JUDGED, 0.95).f1(), 0.0);
    }

    #[test]
    fn cross_entropy_is_the_mean_surprise() {
        close(
            cross_entropy(&[(0.5, true), (0.25, false)]),
            f64::midpoint(2_f64.ln(), (4.0_f64 / 3.0).ln()),
        );
        close(cross_entropy(&[(1.0, false)]), -(1e-6_f64).ln());
    }

    #[test]
    fn nothing_one_class_and_no_number_give_no_figure() {
        assert_eq!((average_precision(&[]), roc_auc(&[]), cross_entropy(&[])), (None, None, None));
        assert_eq!(roc_auc(&[(0.5, true)]), None);
        assert_eq!(average_precision(&[(0.5, false)]), None);
        assert_eq!(Confusion::at(&[(0.5, false)], 0.1).f1(), None);
        // What is not a number is above no threshold and counts for no order.
        close(average_precision(&[(f64::NAN, false), (0.5, true)]), 1.0);
        assert_eq!(Confusion::at(&[(f64::NAN, false)], 0.1).true_negatives, 1);
    }
}
