//! Weights in 8 bits, and no more of them than the file may hold.

use super::lane::Fit;
use crate::detect::linear::LANES;

/// The largest step of a weight.
const MOST: f32 = 127.0;
/// So many of the weights that are not 0 fit the steps; the few beyond are cut.
const WITHIN: f64 = 0.9999;

/// Weights of buckets in steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Quantised {
    /// What one step of each category stands for.
    pub(super) scales: [f32; LANES],
    /// Buckets with the weights of each category, ascending.
    pub(super) rows: Vec<(u32, [i8; LANES])>,
    /// Buckets that had weights, and were dropped so that the file stays small.
    pub(super) dropped: usize,
}

/// Rounds the weights of each category. `buckets` are the numbers of the weights; `most_rows` is how many may have any.
pub(super) fn quantise(fits: &[Fit], buckets: &[u32], most_rows: usize) -> Quantised {
    let mut quantised = Quantised::default();
    for (scale, fit) in quantised.scales.iter_mut().zip(fits) {
        *scale = scale_of(&fit.weights);
    }
    let lanes = || fits.iter().zip(quantised.scales);
    let mut rows: Vec<(u32, [i8; LANES])> = Vec::new();
    for (number, &bucket) in buckets.iter().enumerate() {
        let mut row = [0; LANES];
        for (step, (fit, scale)) in row.iter_mut().zip(lanes()) {
            *step = steps(fit.weights.get(number).copied().unwrap_or_default(), scale);
        }
        if row != [0; LANES] {
            rows.push((bucket, row));
        }
    }
    let all = rows.len();
    drop_weakest(&mut rows, most_rows);
    quantised.dropped = all - rows.len();
    quantised.rows = rows;
    quantised
}

fn scale_of(weights: &[f32]) -> f32 {
    let mut sizes: Vec<f32> =
        weights.iter().map(|weight| weight.abs()).filter(|&size| size > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in the list"
    )]
    let place = (sizes.len() as f64 * WITHIN) as usize;
    sizes.get(place.min(sizes.len().saturating_sub(1))).map_or(0.0, |size| size / MOST)
}

#[expect(clippy::cast_possible_truncation, reason = "it is from −127 to 127")]
fn steps(weight: f32, scale: f32) -> i8 {
    if scale > 0.0 { (weight / scale).round().clamp(-MOST, MOST) as i8 } else { 0 }
}

/// Drops the rows whose largest weight is least, all of a size at once, until at most `most` are left.
fn drop_weakest(rows: &mut Vec<(u32, [i8; LANES])>, most: usize) {
    let strength =
        |row: &[i8; LANES]| row.iter().map(|step| step.unsigned_abs()).max().unwrap_or_default();
    let mut weakest = 0;
    while rows.len() > most {
        weakest += 1;
        rows.retain(|(_, row)| strength(row) > weakest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(weights: &[f32]) -> Fit {
        Fit { weights: weights.to_vec(), bias: 0.0, epochs: 1, loss: 0.0 }
    }

    #[test]
    fn the_largest_weight_is_the_largest_step_and_zero_is_zero() {
        let quantised = quantise(&[fit(&[2.0, -1.0, 0.0]), fit(&[0.0, 0.0, 0.0])], &[4, 7, 9], 10);
        assert!((quantised.scales[0] - 2.0 / 127.0).abs() < 1e-7);
        assert_eq!(
            quantised.rows,
            [(4, [127, 0, 0, 0, 0, 0, 0, 0]), (7, [-64, 0, 0, 0, 0, 0, 0, 0])]
        );
    }

    #[test]
    fn the_weakest_buckets_are_dropped_first() {
        let quantised = quantise(&[fit(&[1.0, 0.1, -0.5, 0.2])], &[0, 1, 2, 3], 2);
        let buckets: Vec<u32> = quantised.rows.iter().map(|row| row.0).collect();
        assert_eq!((buckets, quantised.dropped), (vec![0, 2], 2));
    }
}
