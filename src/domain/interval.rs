//! How sure a figure is.

use serde::Serialize;

/// The normal quantile of a two-sided interval of 95 %.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Where a figure lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

// === impl Interval ===

impl Interval {
    /// The interval of a rate by Wilson's score (1927), which is right for few texts and for rates near 0 and 1 too.
    /// `n` is the number of independent texts behind the rate; it need not be whole where texts are weighted. `None`
    /// where `n` is not above 0 or the rate not between 0 and 1.
    pub fn wilson(rate: f64, n: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&rate) || !n.is_finite() || n <= 0.0 {
            return None;
        }
        let scale = 1.0 + Z95 * Z95 / n;
        let centre = (rate + Z95 * Z95 / (2.0 * n)) / scale;
        let half = Z95 / scale * (rate * (1.0 - rate) / n + Z95 * Z95 / (4.0 * n * n)).sqrt();
        Some(Self { low: (centre - half).max(0.0), high: (centre + half).min(1.0) })
    }

    /// The interval of an estimate that is spread as a normal distribution is, cut to what the figure can be.
    pub fn normal(estimate: f64, standard_error: f64, least: f64, most: f64) -> Self {
        let half = Z95 * standard_error;
        Self { low: (estimate - half).max(least), high: (estimate + half).min(most) }
    }

    /// Whether a value lies in it; its ends belong to it.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}
