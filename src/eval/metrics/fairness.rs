//! Whether groups of people are treated alike.

use super::confusion::Confusion;

/// Below this ratio of the lowest to the highest selection rate, a practice counts as disparate: the four-fifths rule
/// of the United States' Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4 D).
pub const FOUR_FIFTHS: f64 = 0.8;

/// What was decided about the texts of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Labels against decisions.
    pub confusion: Confusion,
    /// Whether it has too few texts to say much: shown, and left out of [`Disparity`].
    pub is_small: bool,
}

/// How differently groups are treated. Each figure is `None` where fewer than two groups have what it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disparity {
    /// The lowest selection rate divided by the highest; `None` also where no group has a text selected.
    pub disparate_impact: Option<f64>,
    /// The larger gap between groups of recall (true positive rate) and false-alarm rate (false positive rate): the
    /// equalized odds difference (Hardt, Price and Srebro 2016).
    pub equalized_odds: Option<f64>,
    /// The largest gap of recall between groups: the equal opportunity difference (same source).
    pub equal_opportunity: Option<f64>,
    /// The largest gap of the false-alarm rate between groups: the predictive equality difference.
    pub predictive_equality: Option<f64>,
    /// The largest gap of precision between groups: the predictive parity difference (Chouldechova 2017).
    pub predictive_parity: Option<f64>,
}

// === impl Disparity ===

impl Disparity {
    /// Compares the groups that are not small.
    pub fn between(groups: &[Group]) -> Self {
        let of = |rate: fn(&Confusion) -> Option<f64>| {
            let large = groups.iter().filter(|group| !group.is_small);
            Range::of(large.filter_map(|group| rate(&group.confusion)))
        };
        let selection = of(Confusion::selection_rate);
        let impact = selection.filter(|range| range.highest > 0.0);
        let recall = of(Confusion::recall).map(Range::gap);
        let false_alarms = of(Confusion::false_alarm_rate).map(Range::gap);
        Self {
            disparate_impact: impact.map(|range| range.lowest / range.highest),
            equalized_odds: recall.into_iter().chain(false_alarms).reduce(f64::max),
            equal_opportunity: recall,
            predictive_equality: false_alarms,
            predictive_parity: of(Confusion::precision).map(Range::gap),
        }
    }
}

/// The ends of several values.
#[derive(Clone, Copy)]
struct Range {
    lowest: f64,
    highest: f64,
}

// === impl Range ===

impl Range {
    /// `None` of fewer than two values.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (mut count, mut lowest, mut highest) = (0, f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            count += 1;
            lowest = lowest.min(value);
            highest = highest.max(value);
        }
        (count > 1).then_some(Self { lowest, highest })
    }

    fn gap(self) -> f64 {
        self.highest - self.lowest
    }
}
