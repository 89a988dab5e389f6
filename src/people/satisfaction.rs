//! The net promoter score of ratings, with how sure it is.
//!
//! Reichheld, "The One Number You Need to Grow" (Harvard Business Review, 2003): the share of those who would
//! recommend something less the share of those who would not, times 100.

use serde::Serialize;

use crate::domain::Interval;

/// What is added to detractors, passives and promoters before the interval is made: three answers that say nothing.
/// Rocks, "Interval Estimation for the Net Promoter Score" (The American Statistician 70, 2016; arXiv 1601.07235).
const ADDED: [f64; 3] = [0.75, 1.5, 0.75];
/// The number of answers that the wider scale has.
const MOST_ANSWERS: usize = 11;
/// The score where everybody promotes.
const BEST: f64 = 100.0;

/// Which answers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// 0 to 10, the usual one: 9 and 10 promote, 7 and 8 are passive, 0 to 6 detract.
    ZeroToTen,
    /// 1 to 5, stars: 4 and 5 promote, 3 is passive, 1 and 2 detract.
    OneToFive,
}

/// What an answer is to the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Would not recommend.
    Detractor,
    /// Neither.
    Passive,
    /// Would recommend.
    Promoter,
}

/// An answer that the scale does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{answer} is not on the scale from {first} to {last}")]
pub struct OffScale {
    /// What was answered.
    pub answer: u8,
    /// The least answer of the scale.
    pub first: u8,
    /// Its greatest.
    pub last: u8,
}

/// How often each answer of one scale was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    scale: Scale,
    counts: [u64; MOST_ANSWERS],
}

/// What answers come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Satisfaction {
    /// How many answered.
    pub answers: u64,
    /// How many of them promote.
    pub promoters: u64,
    /// How many are passive.
    pub passives: u64,
    /// How many detract.
    pub detractors: u64,
    /// Promoters less detractors in 100 answers, from -100 to 100.
    pub score: f64,
    /// Where the score lies with 95 % confidence, from -100 to 100.
    pub interval: Interval,
    /// The mean answer, in the units of the scale.
    pub mean: f64,
}

// === impl Scale ===

impl Scale {
    /// The least answer.
    pub const fn first(self) -> u8 {
        match self {
            Self::ZeroToTen => 0,
            Self::OneToFive => 1,
        }
    }

    /// The greatest answer.
    pub const fn last(self) -> u8 {
        match self {
            Self::ZeroToTen => 10,
            Self::OneToFive => 5,
        }
    }

    /// What an answer is to the score.
    pub const fn standing(self, answer: u8) -> Result<Standing, OffScale> {
        match (self, answer) {
            (Self::ZeroToTen, 0..=6) | (Self::OneToFive, 1..=2) => Ok(Standing::Detractor),
            (Self::ZeroToTen, 7..=8) | (Self::OneToFive, 3) => Ok(Standing::Passive),
            (Self::ZeroToTen, 9..=10) | (Self::OneToFive, 4..=5) => Ok(Standing::Promoter),
            (Self::ZeroToTen | Self::OneToFive, _) => {
                Err(OffScale { answer, first: self.first(), last: self.last() })
            }
        }
    }
}

// === impl Answers ===

impl Answers {
    /// No answers yet.
    pub const fn new(scale: Scale) -> Self {
        Self { scale, counts: [0; MOST_ANSWERS] }
    }

    /// Counts `times` people who gave this answer.
    pub fn add(&mut self, answer: u8, times: u64) -> Result<(), OffScale> {
        self.scale.standing(answer)?;
        if let Some(count) = self.counts.get_mut(usize::from(answer)) {
            *count = count.saturating_add(times);
        }
        Ok(())
    }

    /// Each answer of the scale with how often it was given.
    pub fn counts(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        (self.scale.first()..=self.scale.last())
            .filter_map(|answer| Some((answer, *self.counts.get(usize::from(answer))?)))
    }

    fn of(&self, standing: Standing) -> u64 {
        let those =
            self.counts().filter(|(answer, _)| self.scale.standing(*answer) == Ok(standing));
        those.fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// What the answers come to; `None` where there are none.
    #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
    pub fn satisfaction(&self) -> Option<Satisfaction> {
        let [detractors, passives, promoters] =
            [Standing::Detractor, Standing::Passive, Standing::Promoter].map(|s| self.of(s));
        let answers = detractors.saturating_add(passives).saturating_add(promoters);
        if answers == 0 {
            return None;
        }
        let score = (promoters as f64 - detractors as f64) / answers as f64;
        let sum: f64 = self.counts().map(|(answer, count)| f64::from(answer) * count as f64).sum();
        let around = interval([detractors as f64, passives as f64, promoters as f64]);
        // Three answers more may pull the interval of one or two away from what they said.
        let (low, high) = (around.low.min(score), around.high.max(score));
        Some(Satisfaction {
            answers,
            promoters,
            passives,
            detractors,
            score: score * BEST,
            interval: Interval { low: low * BEST, high: high * BEST },
            mean: sum / answers as f64,
        })
    }
}

/// The adjusted Wald interval of Rocks (2016) around promoters less detractors, from -1 to 1. With the shares p and d
/// of promoters and detractors, each with what is added, the variance of one answer that counts 1, 0 or -1 is
/// p + d - (p - d)².
fn interval(counts: [f64; 3]) -> Interval {
    let [detractors, passives, promoters] = counts;
    let [more_detractors, more_passives, more_promoters] = ADDED;
    let (d, p) = (detractors + more_detractors, promoters + more_promoters);
    let n = d + p + passives + more_passives;
    let (d, p) = (d / n, p / n);
    let variance = (p + d - (p - d).powi(2)).max(0.0);
    Interval::normal(p - d, (variance / n).sqrt(), -1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::people::chance::Chance;

    fn answers(scale: Scale, counts: &[u64]) -> Answers {
        let mut answers = Answers::new(scale);
        for (answer, count) in (scale.first()..=scale.last()).zip(counts) {
            answers.add(answer, *count).expect("an answer of the scale");
        }
        answers
    }

    #[test]
    fn five_stars_count_as_promised() {
        let found = answers(Scale::OneToFive, &[10, 20, 30, 25, 15]).satisfaction();
        let found = found.expect("there are answers");
        assert_eq!((found.answers, found.promoters), (100, 40));
        assert_eq!((found.passives, found.detractors), (30, 30));
        assert!((found.score - 10.0).abs() < 1e-12, "{}", found.score);
        assert!((found.mean - 3.15).abs() < 1e-12, "{}", found.mean);
    }

    #[test]
    fn the_usual_scale_has_seven_detractors_two_passives_and_two_promoters() {
        let found = answers(Scale::ZeroToTen, &[1; 11]).satisfaction().expect("there are answers");
        assert_eq!((found.detractors, found.passives, found.promoters), (7, 2, 2));
        assert!((found.score + 500.0 / 11.0).abs() < 1e-12, "{}", found.score);
        assert!((found.mean - 5.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_is_the_one_that_was_worked_out_by_hand() {
        // p = 40.75/103, d = 30.75/103: centre 0.0970874, variance 0.6847488, standard error 0.0815353.
        let found = answers(Scale::OneToFive, &[10, 20, 30, 25, 15]).satisfaction();
        let found = found.expect("there are answers").interval;
        assert!((found.low + 6.2719).abs() < 1e-3, "{found:?}");
        assert!((found.high - 25.6894).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn nobody_makes_no_score() {
        assert_eq!(Answers::new(Scale::ZeroToTen).satisfaction(), None);
    }

    #[test]
    fn an_answer_off_the_scale_is_refused_with_the_scale() {
        let mut stars = Answers::new(Scale::OneToFive);
        for answer in [0, 6, 255] {
            let refused = stars.add(answer, 1).expect_err("not on the scale");
            assert_eq!(refused.to_string(), format!("{answer} is not on the scale from 1 to 5"));
        }
        assert_eq!(Answers::new(Scale::ZeroToTen).add(11, 1).expect_err("no").last, 10);
        assert_eq!(stars.satisfaction(), None);
    }

    #[test]
    fn the_interval_holds_the_true_score_about_as_often_as_it_says() {
        let mut chance = Chance::new(20);
        for (size, promoters, detractors) in
            [(8, 0.3, 0.3), (20, 0.6, 0.1), (60, 0.85, 0.05), (400, 0.2, 0.5)]
        {
            let rounds: u32 = 2_000;
            let held = (0..rounds).filter(|_| {
                let mut stars = Answers::new(Scale::OneToFive);
                for _ in 0..size {
                    let drawn = chance.unit();
                    let answer = if drawn < promoters {
                        5
                    } else if drawn < promoters + detractors {
                        1
                    } else {
                        3
                    };
                    stars.add(answer, 1).expect("on the scale");
                }
                let found = stars.satisfaction().expect("there are answers");
                found.interval.holds((promoters - detractors) * BEST)
            });
            let held = u32::try_from(held.count()).expect("few");
            let share = f64::from(held) / f64::from(rounds);
            assert!((0.92..=0.99).contains(&share), "{size} {promoters} {detractors}: {share}");
        }
    }

    proptest! {
        #[test]
        fn the_score_and_its_interval_stay_between_their_ends(counts in prop::collection::vec(0_u64..1_000_000, 11)) {
            let Some(found) = answers(Scale::ZeroToTen, &counts).satisfaction() else {
                prop_assert_eq!(counts.iter().sum::<u64>(), 0);
                return Ok(());
            };
            prop_assert_eq!(found.promoters + found.passives + found.detractors, found.answers);
            prop_assert!(found.interval.low >= -BEST && found.interval.high <= BEST);
            prop_assert!(found.interval.holds(found.score));
            prop_assert!((0.0..=10.0).contains(&found.mean));
        }

        #[test]
        fn one_more_promoter_never_lowers_the_score(counts in prop::collection::vec(0_u64..1_000, 5)) {
            let before = answers(Scale::OneToFive, &counts);
            let mut after = before;
            after.add(5, 1).expect("on the scale");
            let score = |answers: &Answers| answers.satisfaction().map_or(-BEST, |found| found.score);
            prop_assert!(score(&after) >= score(&before) - 1e-9);
        }
    }
}
