//! Thresholds by what they let be flagged of harmless texts.

use super::calibrate::{log_odds, probability};
use crate::detect::linear::Thresholds;

/// A share is read off where at least so many texts lie above it; further out the tail is fitted.
const ENOUGH_ABOVE: f64 = 10.0;
/// The tail is fitted on the highest twentieth, of so many texts at least and at most.
const TAIL_SHARE: usize = 20;
const TAIL: std::ops::RangeInclusive<usize> = 20..=400;
/// Without so many texts there is nothing to set a threshold by.
pub(super) const FEWEST: usize = 50;
/// What then stands in: surer than this a model seldom is.
const CAREFUL: f32 = 0.95;

/// Thresholds at which the given shares of harmless texts with these probabilities are flagged.
pub(super) fn set(harmless: &[f64], [low, balanced, strict]: [f64; 3]) -> Thresholds {
    let mut odds: Vec<f64> = harmless.iter().map(|&p| log_odds(p)).collect();
    odds.sort_by(|a, b| b.total_cmp(a));
    let at = |share| {
        if odds.len() < FEWEST { CAREFUL } else { above(probability(threshold(&odds, share))) }
    };
    let strict = at(strict);
    let balanced = at(balanced).max(strict);
    Thresholds { low: at(low).max(balanced), balanced, strict }
}

/// The next number, so that a text with just this probability is not flagged itself.
fn above(probability: f32) -> f32 {
    probability.next_up().min(1.0)
}

/// The log odds that this share of `odds`, the highest first, lies above. Beyond what can be counted the tail is taken
/// to fall off exponentially: peaks over a threshold with shape 0 (Coles, "An Introduction to Statistical Modeling of
/// Extreme Values", 2001, chapter 4).
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2⁵³")]
fn threshold(odds: &[f64], share: f64) -> f64 {
    let count = odds.len() as f64;
    let expected = share * count;
    if expected >= ENOUGH_ABOVE {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and the count"
        )]
        let place = expected as usize;
        return odds.get(place).copied().unwrap_or(f64::NEG_INFINITY);
    }
    let tail = (odds.len() / TAIL_SHARE).clamp(*TAIL.start(), *TAIL.end()).min(odds.len() - 1);
    let Some(&base) = odds.get(tail) else { return f64::INFINITY };
    let excess: f64 = odds.iter().take(tail).map(|odds| odds - base).sum::<f64>() / tail as f64;
    base + excess * (tail as f64 / count / share.max(f64::MIN_POSITIVE)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities whose log odds are exponential with mean 1 above −4.
    fn harmless(count: u32) -> Vec<f64> {
        let odds = |number: u32| -4.0 - (f64::from(number) + 0.5).ln() + f64::from(count).ln();
        (0..count).map(|number| f64::from(probability(odds(number)))).collect()
    }

    fn flagged(texts: &[f64], threshold: f32) -> f64 {
        let flagged = texts.iter().filter(|&&p| p >= f64::from(threshold)).count();
        f64::from(u32::try_from(flagged).unwrap()) / f64::from(u32::try_from(texts.len()).unwrap())
    }

    #[test]
    fn the_share_that_is_allowed_is_flagged_and_no_more() {
        let texts = harmless(20_000);
        let set = set(&texts, [0.002, 0.01, 0.05]);
        for (threshold, share) in [(set.low, 0.002), (set.balanced, 0.01), (set.strict, 0.05)] {
            let flagged = flagged(&texts, threshold);
            assert!(flagged <= share && flagged > share * 0.95, "{flagged} of {share}");
        }
    }

    #[test]
    fn what_cannot_be_counted_is_fitted() {
        // Two of 2000 texts would be 0.1 %; the same distribution with 100 times as many texts tells the truth.
        let set = set(&harmless(2_000), [0.0001, 0.001, 0.05]);
        let many = harmless(200_000);
        assert!(
            (0.00005..0.0002).contains(&flagged(&many, set.low)),
            "{}",
            flagged(&many, set.low)
        );
        assert!((0.0007..0.0015).contains(&flagged(&many, set.balanced)));
    }

    #[test]
    fn equal_texts_are_not_all_flagged_and_few_texts_set_nothing() {
        let same = vec![0.3; 1000];
        assert_eq!(flagged(&same, set(&same, [0.002, 0.01, 0.05]).strict), 0.0);
        assert_eq!(
            set(&[0.1; 10], [0.002, 0.01, 0.05]),
            Thresholds { low: CAREFUL, balanced: CAREFUL, strict: CAREFUL }
        );
        let all = [f64::NAN, 0.0, 1.0].repeat(30);
        let set = set(&all, [0.002, 0.01, 0.05]);
        assert!(set.low >= set.balanced && set.balanced >= set.strict && set.low <= 1.0);
    }
}
