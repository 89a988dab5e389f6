//! Thresholds that follow what reviewers say, inside limits that an operator set.
//!
//! [`Adapter::decide`] looks at the labels of the last weeks, says how often the rule is wrong on all traffic, and moves
//! the threshold by at most one step where the evidence is clear. It is a function of what it is given: the same labels
//! give the same move. `docs/adaptive.md` has the method, its limits and a simulated month.
//!
//! One person's labels never move a threshold: what the others say has to be clear in the same direction without them,
//! whoever is left out. Reports and complaints do not count at all.

mod estimate;
mod label;
mod settings;
mod weigh;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::domain::Interval;
use estimate::{Estimate, estimate};
pub use label::{LEAST_PROBABILITY, Label, Source};
pub use settings::{
    LEAST_STEP, MOST_ERROR, REVIEWER_SHARE, Settings, SettingsError, Target, WINDOW,
};
use weigh::{Tally, by_reviewer, cut, without_each};

/// The most labels that a decision is made of: the newest.
pub const MOST_LABELS: usize = 100_000;
/// Parts of a step that are tried.
const PARTS: [f64; 3] = [0.25, 0.5, 1.0];
/// Thresholds are kept to nine decimals, so that ten steps of 0.01 are 0.1.
const DECIMALS: f64 = 1e9;

/// Which way a threshold goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher: the rule flags less.
    Up,
    /// Lower: it flags more.
    Down,
}

/// Where a threshold stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The threshold.
    pub threshold: f64,
    /// When it moved last; `None` where it never did.
    pub moved: Option<Timestamp>,
    /// When it fell last. Labels from before do not count: what it flags since then passed in those days, and was drawn
    /// as seldom as other texts that pass.
    pub lowered: Option<Timestamp>,
}

/// What becomes of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// It rises to this.
    Up(f64),
    /// It falls to this.
    Down(f64),
    /// It should go this way, and stands at the bound.
    AtBound(Direction),
    /// It stays.
    Stay(Why),
}

/// Why a threshold stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It stands outside of its bounds: somebody has to set it.
    OutsideBounds,
    /// It moved a short time ago.
    CoolingDown,
    /// There are fewer labels since the last move than a move needs.
    TooFewLabels,
    /// There are fewer reviewers than their share allows, or only one.
    TooFewReviewers,
    /// No flagged text was labelled, so there is no precision.
    NothingFlagged,
    /// No benign text that passed was labelled, so there is no rate of benign texts.
    NothingPassed,
    /// The labels allow no estimate.
    Unclear,
    /// The target may be met already.
    WithinTolerance,
    /// The evidence is clear only with the labels of one person.
    OnePerson,
    /// The smallest step down would miss the target on the other side.
    WouldMiss,
    /// The smallest step up would leave nothing to measure.
    WouldMeasureNothing,
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Labels that counted.
    pub labels: u64,
    /// Those of them that came since the last move.
    pub new_labels: u64,
    /// Labels that did not because they are no reviews.
    pub feedback: u64,
    /// Labels that did not because their numbers are impossible or their time is to come.
    pub invalid: u64,
    /// People whose labels counted.
    pub reviewers: u64,
    /// Benign texts that the rule flags.
    pub flagged_benign: u64,
    /// Harmful ones that it flags.
    pub flagged_harmful: u64,
    /// Benign texts that it does not flag.
    pub passed_benign: u64,
    /// Harmful ones that it does not.
    pub passed_harmful: u64,
    /// The rate that the target is about, at the threshold as it stands: of all traffic, from 0 to 1.
    pub rate: Option<f64>,
    /// Where that rate lies with 95 % confidence.
    pub interval: Option<Interval>,
    /// The rate that the same labels give at the threshold that it moves to.
    pub after: Option<f64>,
}

/// A move with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What becomes of the threshold.
    pub to: Move,
    /// What that rests on.
    pub evidence: Evidence,
}

/// Decides about the threshold of one rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adapter {
    settings: Settings,
}

// === impl Direction ===

impl Direction {
    const fn sign(self) -> f64 {
        match self {
            Self::Up => 1.0,
            Self::Down => -1.0,
        }
    }
}

// === impl Standing ===

impl Standing {
    /// A threshold that never moved.
    pub const fn new(threshold: f64) -> Self {
        Self { threshold, moved: None, lowered: None }
    }

    /// Where it stands after a decision that was made, and carried out, at the time `now`.
    #[must_use]
    pub fn after(self, to: Move, now: Timestamp) -> Self {
        match to {
            Move::Up(threshold) => Self { threshold, moved: Some(now), ..self },
            Move::Down(threshold) => Self { threshold, moved: Some(now), lowered: Some(now) },
            Move::AtBound(_) | Move::Stay(_) => self,
        }
    }
}

// === impl Move ===

impl Move {
    /// What became of the threshold in a word: `up`, `down`, `at_bound`, or why it stays.
    pub fn word(self) -> String {
        let why = |why: Why| serde_json::to_value(why).ok();
        let why = |stays: Why| why(stays).and_then(|word| word.as_str().map(str::to_owned));
        match self {
            Self::Up(_) => "up".to_owned(),
            Self::Down(_) => "down".to_owned(),
            Self::AtBound(_) => "at_bound".to_owned(),
            Self::Stay(stays) => why(stays).unwrap_or_default(),
        }
    }

    /// The new threshold, where it moves.
    pub const fn threshold(self) -> Option<f64> {
        match self {
            Self::Up(to) | Self::Down(to) => Some(to),
            Self::AtBound(_) | Self::Stay(_) => None,
        }
    }
}

// === impl Evidence ===

impl Evidence {
    fn count(&mut self, labels: &[&Label<'_>], standing: Standing) {
        self.labels = labels.len() as u64;
        for label in labels {
            self.new_labels += u64::from(standing.moved.is_none_or(|moved| label.reviewed > moved));
            let count = match (label.score >= standing.threshold, label.harmful) {
                (true, false) => &mut self.flagged_benign,
                (true, true) => &mut self.flagged_harmful,
                (false, false) => &mut self.passed_benign,
                (false, true) => &mut self.passed_harmful,
            };
            *count += 1;
        }
    }
}

// === impl Adapter ===

impl Adapter {
    /// For these settings, if they make sense.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check().map(|()| Self { settings })
    }

    /// What was set.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// From when on labels count, beside since when a threshold fell last.
    pub fn window_begins(&self, now: Timestamp) -> Option<Timestamp> {
        let window = SignedDuration::try_from(self.settings.window).ok();
        window.and_then(|window| now.checked_sub(window).ok())
    }

    /// What becomes of a threshold at the time `now`. Of `labels`, which may stand in any order, those count that were
    /// reviewed inside the window and since the threshold fell last, [`MOST_LABELS`] at most.
    pub fn decide(&self, standing: Standing, labels: &[Label<'_>], now: Timestamp) -> Decision {
        let mut evidence = Evidence::default();
        let to = self.moved(standing, labels, now, &mut evidence);
        Decision { to: to.unwrap_or_else(Move::Stay), evidence }
    }

    /// The move, or why there is none; notes on the way what it rests on.
    fn moved(
        &self,
        standing: Standing,
        labels: &[Label<'_>],
        now: Timestamp,
        evidence: &mut Evidence,
    ) -> Result<Move, Why> {
        let Settings { target, low, high, every, reviewer_share, .. } = self.settings;
        let threshold = standing.threshold;
        let labels = counted(labels, self.since(standing, now), now, evidence);
        evidence.count(&labels, standing);
        let reviewers = by_reviewer(&labels, threshold);
        evidence.reviewers = reviewers.len() as u64;
        if !(low..=high).contains(&threshold) {
            return Err(Why::OutsideBounds);
        }
        let weighted = cut(&labels, threshold, reviewer_share).filter(|_| reviewers.len() > 1);
        let found = weighted.as_deref().map(|weighted| self.at(weighted, threshold));
        if let Some(Ok(found)) = found {
            evidence.rate = Some(found.rate);
            evidence.interval = Some(found.interval);
        }
        let rests =
            |moved| SignedDuration::try_from(every).map_or(true, |every| moved + every > now);
        if standing.moved.is_some_and(rests) {
            return Err(Why::CoolingDown);
        }
        if evidence.new_labels < u64::from(self.settings.min_labels) {
            return Err(Why::TooFewLabels);
        }
        let weighted = weighted.ok_or(Why::TooFewReviewers)?;
        let found = found.ok_or(Why::TooFewReviewers)??;
        let way = target.direction(found.interval).ok_or(Why::WithinTolerance)?;
        if !self.holds_without_anyone(&reviewers, way) {
            return Err(Why::OnePerson);
        }
        self.step(&weighted, threshold, way, evidence)
    }

    /// Labels of this time and from before it do not count.
    fn since(&self, standing: Standing, now: Timestamp) -> Option<Timestamp> {
        self.window_begins(now).max(standing.lowered)
    }

    /// What labels say about a threshold.
    fn at(&self, labels: &[(&Label<'_>, f64)], threshold: f64) -> Result<Estimate, Why> {
        estimate(&Tally::of(labels.iter().copied(), threshold), &self.settings)
    }

    /// Whether the labels say so too without those of any one person.
    fn holds_without_anyone(&self, reviewers: &[Tally], way: Direction) -> bool {
        without_each(reviewers).iter().all(|others| {
            estimate(others, &self.settings)
                .is_ok_and(|found| self.settings.target.direction(found.interval) == Some(way))
        })
    }

    /// How far it goes: upwards and downwards no further than the labels say that the target is.
    fn step(
        &self,
        weighted: &[(&Label<'_>, f64)],
        threshold: f64,
        way: Direction,
        evidence: &mut Evidence,
    ) -> Result<Move, Why> {
        let Settings { target, low, high, step, .. } = self.settings;
        let tried = PARTS.map(|part| {
            let to = (way.sign() * step).mul_add(part, threshold);
            let to = ((to * DECIMALS).round() / DECIMALS).clamp(low, high);
            (to, self.at(weighted, to).ok().map(|found| found.rate))
        });
        let meets = |(_, rate): &&(f64, Option<f64>)| rate.is_some_and(|rate| target.is_met(rate));
        let is_known = |(_, rate): &&(f64, Option<f64>)| rate.is_some();
        // Upwards the rule is wrong too often: the smallest part that mends it, or the greatest that leaves something to
        // measure. Downwards it is wrong more seldom than it may be: the greatest part with which that stays so.
        let chosen = match way {
            Direction::Up => tried.iter().find(meets).or_else(|| tried.iter().rfind(is_known)),
            Direction::Down => tried.iter().rfind(meets),
        };
        let (to, rate) = *chosen.ok_or(match way {
            Direction::Up => Why::WouldMeasureNothing,
            Direction::Down => Why::WouldMiss,
        })?;
        if (to - threshold).abs() < 1.0 / DECIMALS {
            return Ok(Move::AtBound(way));
        }
        evidence.after = rate;
        Ok(match way {
            Direction::Up => Move::Up(to),
            Direction::Down => Move::Down(to),
        })
    }
}

/// The labels that count: reviews after the time `since`, the newest where there are too many.
fn counted<'a>(
    labels: &'a [Label<'a>],
    since: Option<Timestamp>,
    now: Timestamp,
    evidence: &mut Evidence,
) -> Vec<&'a Label<'a>> {
    let mut kept = Vec::new();
    for label in labels.iter().filter(|label| since.is_none_or(|since| label.reviewed > since)) {
        match (label.source, label.is_valid(now)) {
            (Source::Feedback, _) => evidence.feedback += 1,
            (Source::Review, false) => evidence.invalid += 1,
            (Source::Review, true) => kept.push(label),
        }
    }
    if kept.len() > MOST_LABELS {
        kept.sort_by_key(|label| std::cmp::Reverse(label.reviewed));
        kept.truncate(MOST_LABELS);
    }
    kept
}
