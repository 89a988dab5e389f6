//! Thresholds by what they let be flagged of harmless texts.

use super::calibrate::{log_odds, probability};
use crate::detect::linear::{Preset, Thresholds};

/// A share is read off where at least so many texts lie above it; further out the tail is fitted.
const ENOUGH_ABOVE: f64 = 10.0;
/// The tail is fitted on the highest twentieth, of so many texts at least and at most.
const TAIL_SHARE: usize = 20;
const TAIL: std::ops::RangeInclusive<usize> = 20..=400;
/// Without so many texts there is nothing to set a threshold by.
pub(super) const FEWEST: usize = 50;
/// What then stands in: surer than this a model seldom is.
const CAREFUL: f32 = 0.95;

/// Thresholds at which the given shares of harmless texts with these probabilities are flagged, and none lower than its
/// `least`.
pub(super) fn set(
    harmless: &[f32],
    [low, balanced, strict]: [f64; 3],
    least: [f32; 3],
) -> Thresholds {
    let mut sorted: Vec<f32> = harmless.iter().copied().filter(|it| !it.is_nan()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let at = |share| if sorted.len() < FEWEST { CAREFUL } else { threshold(&sorted, share) };
    let strict = at(strict).max(least[2]);
    let balanced = at(balanced).max(strict).max(least[1]);
    Thresholds { low: at(low).max(balanced).max(least[0]), balanced, strict }
}

/// The shares of all categories may be raised and lowered by so much, so that together they come to what is allowed.
const FACTORS: std::ops::RangeInclusive<f64> = 0.25..=4.0;
/// Halvings of the way between the two; more would change no threshold that can be counted.
const HALVINGS: usize = 20;

/// Thresholds of each category at which the categories together flag no more than `allowed` of the rows, each row being
/// the probabilities of one harmless text by category. `parts` say how categories share what is allowed.
///
/// Texts that are flagged in several categories count once, and tails that are fitted may be too careful, so that the
/// shares are scaled by what the rows come to. What is too rare to be counted is scaled as the next milder preset.
pub(super) fn set_together(
    rows: &[Vec<f32>],
    parts: &[f64],
    allowed: [f64; 3],
    least: [f32; 3],
) -> Vec<Thresholds> {
    let sum: f64 = parts.iter().sum();
    let lanes: Vec<Vec<f32>> = (0..parts.len())
        .map(|lane| rows.iter().filter_map(|row| row.get(lane).copied()).collect())
        .collect();
    let at = |factors: [f64; 3]| -> Vec<Thresholds> {
        let of = |(lane, part): (&Vec<f32>, &f64)| {
            let [low, balanced, strict] = allowed;
            let share = |allowed: f64, factor: f64| allowed * factor * part / sum;
            let [first, second, third] = factors;
            let shares = [share(low, first), share(balanced, second), share(strict, third)];
            set(lane, shares, least)
        };
        lanes.iter().zip(parts).map(of).collect()
    };
    let factor = |preset: Preset, allowed: f64| {
        let flagged = |factor: f64| flagged(rows, &at([factor; 3]), preset);
        let (mut low, mut high) = FACTORS.into_inner();
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            *if flagged(middle) <= allowed { &mut low } else { &mut high } = middle;
        }
        low
    };
    if rows.len() < FEWEST {
        return at([1.0; 3]);
    }
    let [low, balanced, strict] = allowed;
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2⁵³")]
    let countable = |allowed: f64| allowed * rows.len() as f64 >= ENOUGH_ABOVE;
    let of =
        |preset, allowed, milder| if countable(allowed) { factor(preset, allowed) } else { milder };
    let of_strict = of(Preset::Strict, strict, 1.0);
    let of_balanced = of(Preset::Balanced, balanced, of_strict);
    at([of(Preset::Low, low, of_balanced), of_balanced, of_strict])
}

/// The share of rows that some category flags.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2⁵³")]
fn flagged(rows: &[Vec<f32>], thresholds: &[Thresholds], preset: Preset) -> f64 {
    let by_any = |row: &&Vec<f32>| {
        row.iter().zip(thresholds).any(|(&probability, set)| probability >= set.at(preset))
    };
    rows.iter().filter(by_any).count() as f64 / rows.len().max(1) as f64
}

/// The probability from which on at most this share of `sorted`, the highest first, is flagged. Beyond what can be
/// counted the tail of the log odds is taken to fall off exponentially: peaks over a threshold with shape 0 (Coles, "An
/// Introduction to Statistical Modeling of Extreme Values", 2001, chapter 4).
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2⁵³")]
fn threshold(sorted: &[f32], share: f64) -> f32 {
    let count = sorted.len() as f64;
    let expected = share * count;
    if expected >= ENOUGH_ABOVE {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and the count"
        )]
        let place = expected as usize;
        // The next number, so that the text with just this probability is not flagged itself.
        return sorted.get(place).map_or(0.0, |probability| probability.next_up().min(1.0));
    }
    let tail = (sorted.len() / TAIL_SHARE).clamp(*TAIL.start(), *TAIL.end());
    let odds = |probability: &f32| log_odds(f64::from(*probability));
    let Some(base) = sorted.get(tail).map(odds) else { return CAREFUL };
    let excess: f64 = sorted.iter().take(tail).map(|it| odds(it) - base).sum::<f64>() / tail as f64;
    let odds = base + excess * (tail as f64 / count / share.max(f64::MIN_POSITIVE)).ln();
    probability(odds).next_up().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities whose log odds are exponential with mean 1 above −4.
    fn harmless(count: u32) -> Vec<f32> {
        let odds = |number: u32| -4.0 - (f64::from(number) + 0.5).ln() + f64::from(count).ln();
        (0..count).map(|number| probability(odds(number))).collect()
    }

    fn flagged(texts: &[f32], threshold: f32) -> f64 {
        let flagged = texts.iter().filter(|&&p| p >= threshold).count();
        f64::from(u32::try_from(flagged).unwrap()) / f64::from(u32::try_from(texts.len()).unwrap())
    }

    #[test]
    fn the_share_that_is_allowed_is_flagged_and_no_more() {
        let texts = harmless(20_000);
        let set = set(&texts, [0.002, 0.01, 0.05], [0.0; 3]);
        for (threshold, share) in [(set.low, 0.002), (set.balanced, 0.01), (set.strict, 0.05)] {
            let flagged = flagged(&texts, threshold);
            assert!(flagged <= share && flagged > share * 0.95, "{flagged} of {share}");
        }
    }

    #[test]
    fn what_cannot_be_counted_is_fitted() {
        // Two of 2000 texts would be 0.1 %; the same distribution with 100 times as many texts tells the truth.
        let set = set(&harmless(2_000), [0.0001, 0.001, 0.05], [0.0; 3]);
        let many = harmless(200_000);
        assert!(
            (0.00005..0.0002).contains(&flagged(&many, set.low)),
            "{}",
            flagged(&many, set.low)
        );
        assert!((0.0007..0.0015).contains(&flagged(&many, set.balanced)));
    }

    #[test]
    fn categories_together_flag_what_is_allowed_whether_they_flag_the_same_texts_or_not() {
        let texts = harmless(20_000);
        let shifted = |by: usize| texts.iter().cycle().skip(by).take(texts.len());
        let same: Vec<Vec<f32>> = texts.iter().map(|&it| vec![it, it, it]).collect();
        let others: Vec<Vec<f32>> = texts
            .iter()
            .zip(shifted(5_000))
            .zip(shifted(10_000))
            .map(|((&a, &b), &c)| vec![a, b, c])
            .collect();
        let allowed = [0.002, 0.01, 0.05];
        for rows in [same, others] {
            let set = set_together(&rows, &[1.0, 1.0, 2.0], allowed, [0.0; 3]);
            for (preset, allowed) in Preset::ALL.into_iter().zip(allowed) {
                let share = super::flagged(&rows, &set, preset);
                assert!(share <= allowed && share > allowed * 0.9, "{share} of {allowed}");
            }
        }
    }

    #[test]
    fn equal_texts_are_not_all_flagged_and_few_texts_set_nothing() {
        let same = vec![0.3; 1000];
        assert!(flagged(&same, set(&same, [0.002, 0.01, 0.05], [0.0; 3]).strict) < 1e-9);
        assert_eq!(
            set(&[0.1; 10], [0.002, 0.01, 0.05], [0.0; 3]),
            Thresholds { low: CAREFUL, balanced: CAREFUL, strict: CAREFUL }
        );
        let all = [f32::NAN, 0.0, 1.0].repeat(30);
        let set = set(&all, [0.002, 0.01, 0.05], [0.0; 3]);
        assert!(set.low >= set.balanced && set.balanced >= set.strict && set.low <= 1.0);
    }

    #[test]
    fn what_is_unlikely_is_not_found_however_seldom_harmless_texts_come_to_it() {
        let set = set(&[1e-6; 1000], [0.002, 0.01, 0.05], [0.5, 0.25, 0.1]);
        assert_eq!(set, Thresholds { low: 0.5, balanced: 0.25, strict: 0.1 });
    }
}
