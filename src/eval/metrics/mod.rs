//! The arithmetic of evaluation: what a judge did on labelled texts, in figures with known formulas.
//!
//! It reads nothing and runs nobody. What has no meaning, such as precision where nothing was selected, is `None`;
//! no figure is ever NaN. `docs/evaluation.md` has each formula with its source.

mod calibration;
mod compare;
mod confusion;
mod counterfactual;
mod curve;
mod fairness;
mod figures;
mod interval;
mod samples;

#[cfg(test)]
mod tests;

pub use crate::domain::Interval;
pub use calibration::{BINS, Bin, calibration, calibration_error};
pub use compare::{Difference, Discordance, differences};
pub use confusion::Confusion;
pub use counterfactual::{Flips, flips};
pub use curve::{Curve, Step};
pub use fairness::{Disparity, FOUR_FIFTHS, Group};
pub use figures::{Figures, Measure, figures};
pub use interval::{Draws, Resampling, intervals, percentile, wilson};
pub use samples::{Sample, Samples};

/// A part of a whole; `None` where the whole is nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
