//! From scores to probabilities: logistic regression on the window's and the whole text's score.

use super::lane::logistic;
use crate::detect::linear::Calibrator;

/// The most steps of Newton's method; a handful is enough.
const STEPS: usize = 50;
/// Pulls the factors to zero, so that two scores that are the same share the work.
const RIDGE: f64 = 1.0;
/// Fewer positives or negatives say nothing.
pub(super) const FEWEST: usize = 10;

/// A row of the held-back part: its two scores, and whether the category applies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) window: f64,
    pub(super) whole: f64,
    pub(super) applies: bool,
}

/// Fits bias and factors, of which none is below 0: a higher score never makes a category less likely. Nothing where
/// there are too few of either class.
pub(super) fn fit(rows: &[Scored]) -> Option<Calibrator> {
    let positives = rows.iter().filter(|row| row.applies).count();
    if positives < FEWEST || rows.len() - positives < FEWEST {
        return None;
    }
    let sound =
        |&[bias, window, whole]: &[f64; 3]| bias.is_finite() && window >= 0.0 && whole >= 0.0;
    let tries = [[true, true], [true, false], [false, true]];
    let [bias, window, whole] = tries.iter().map(|&used| newton(rows, used)).find(sound)?;
    #[expect(clippy::cast_possible_truncation, reason = "a factor needs no more digits")]
    let [bias, window, whole] = [bias as f32, window as f32, whole as f32];
    Some(Calibrator { bias, window, whole, ..Calibrator::default() })
}

/// Newton's method on the cross-entropy, with the factors that are used.
fn newton(rows: &[Scored], [window, whole]: [bool; 2]) -> [f64; 3] {
    let used = [1.0, f64::from(u8::from(window)), f64::from(u8::from(whole))];
    let mut at = [0.0; 3];
    for _ in 0..STEPS {
        let mut slope = [0.0, RIDGE * at[1], RIDGE * at[2]];
        let mut curve = [[1e-9, 0.0, 0.0], [0.0, RIDGE, 0.0], [0.0, 0.0, RIDGE]];
        for row in rows {
            let inputs = [1.0, row.window * used[1], row.whole * used[2]];
            let z: f64 = at.iter().zip(inputs).map(|(factor, input)| factor * input).sum();
            let p = 1.0 / (1.0 + (-z).exp());
            let error = p - f64::from(u8::from(row.applies));
            for (i, input) in inputs.iter().enumerate() {
                add(&mut slope, i, error * input);
                for (j, other) in inputs.iter().enumerate() {
                    if let Some(line) = curve.get_mut(i) {
                        add(line, j, p * (1.0 - p) * input * other);
                    }
                }
            }
        }
        let step = solve(curve, slope);
        let far = step.iter().map(|part| part.abs()).fold(0.0, f64::max);
        // Long steps overshoot where the classes can be told apart without error.
        let shorter = if far > 4.0 { 4.0 / far } else { 1.0 };
        for (factor, part) in at.iter_mut().zip(step) {
            *factor -= shorter * part;
        }
        if far < 1e-9 {
            break;
        }
    }
    at
}

fn add(values: &mut [f64; 3], at: usize, value: f64) {
    if let Some(place) = values.get_mut(at) {
        *place += value;
    }
}

/// Solves three linear equations by Cramer's rule.
fn solve(m: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    let det = |[first, second, third]: [[f64; 3]; 3]| {
        first[0] * (second[1] * third[2] - second[2] * third[1])
            - first[1] * (second[0] * third[2] - second[2] * third[0])
            + first[2] * (second[0] * third[1] - second[1] * third[0])
    };
    let whole = det(m);
    // The matrix is symmetric, so its rows are its columns.
    let [first, second, third] = m;
    [[v, second, third], [first, v, third], [first, second, v]].map(|it| det(it) / whole)
}

/// Log odds of a probability, kept finite.
pub(super) fn log_odds(probability: f64) -> f64 {
    let p = probability.clamp(1e-12, 1.0 - 1e-12);
    (p / (1.0 - p)).ln()
}

/// The probability of log odds.
#[expect(clippy::cast_possible_truncation, reason = "a threshold needs no more digits")]
pub(super) fn probability(log_odds: f64) -> f32 {
    logistic(log_odds as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved() {
        let m = [[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]];
        let x = solve(m, [4.0, 10.0, 14.0]);
        for (row, expected) in m.iter().zip([4.0, 10.0, 14.0]) {
            let sum: f64 = row.iter().zip(x).map(|(a, b)| a * b).sum();
            assert!((sum - expected).abs() < 1e-12);
        }
    }

    /// Rows whose share of positives at each score is the logistic function of twice the score less one.
    fn rows(whole: impl Fn(f64) -> f64) -> Vec<Scored> {
        let mut rows = Vec::new();
        for step in -20..=20 {
            let window = f64::from(step) / 10.0;
            let p = 1.0 / (1.0 + (1.0 - 2.0 * window).exp());
            let applies = |number: u32| f64::from(number) < p * 500.0;
            rows.extend((0..500).map(|number| Scored {
                window,
                whole: whole(window),
                applies: applies(number),
            }));
        }
        rows
    }

    #[test]
    fn known_odds_are_found_again() {
        let fitted = fit(&rows(|_| 0.0)).unwrap();
        assert!(
            (fitted.bias + 1.0).abs() < 0.02 && (fitted.window - 2.0).abs() < 0.03,
            "{fitted:?}"
        );
        let shared = fit(&rows(|window| window)).unwrap();
        assert!((shared.window + shared.whole - 2.0).abs() < 0.03, "{shared:?}");
    }

    #[test]
    fn a_score_that_speaks_against_itself_is_left_out() {
        let fitted = fit(&rows(|window| -window)).unwrap();
        assert!(fitted.whole == 0.0 && fitted.window > 0.0);
        let mut upside_down = rows(|_| 0.0);
        for row in &mut upside_down {
            row.applies = !row.applies;
        }
        let fitted = fit(&upside_down).unwrap();
        assert!(fitted.window == 0.0 && fitted.whole == 0.0, "{fitted:?}");
    }

    #[test]
    fn too_few_rows_give_no_calibration_and_a_perfect_split_a_finite_one() {
        assert_eq!(fit(&[]), None);
        let row = |window: f64| Scored { window, whole: window, applies: window > 0.0 };
        let one_class: Vec<Scored> = (0..99).map(|_| row(1.0)).collect();
        assert_eq!(fit(&one_class), None);
        let split: Vec<Scored> = (0..99).flat_map(|_| [row(1.0), row(-1.0)]).collect();
        let fitted = fit(&split).unwrap();
        assert!(fitted.window.is_finite() && fitted.window > 0.5);
    }

    #[test]
    fn log_odds_and_probabilities_are_each_others_way_back() {
        for p in [0.001, 0.5, 0.9] {
            assert!((f64::from(probability(log_odds(p))) - p).abs() < 1e-6);
        }
        assert!(log_odds(1.0).is_finite() && log_odds(0.0).is_finite());
    }
}
