//! A month of traffic with known truth, reviewers who err, and a threshold that may move once a day.
//!
//! Scores of benign and of harmful texts overlap: their log-odds follow two logistic distributions, whose shares above a
//! threshold are known exactly. In the second week twice as many harmful texts come as before.

use std::fmt::Write;

use super::*;
use crate::people::chance::Chance;

/// Days.
const DAYS: i64 = 30;
/// Texts a day.
const TEXTS: usize = 20_000;
/// Harmful texts among them, before and from the eighth day on.
const PREVALENCE: [f64; 2] = [0.05, 0.1];
/// Centre and scale of the log-odds of scores.
const BENIGN: (f64, f64) = (-3.2, 0.6);
const HARMFUL: (f64, f64) = (1.5, 0.7);
/// How often a flagged text, and another one, comes to be reviewed.
const DRAWN: [f64; 2] = [0.2, 0.01];
/// The share of labels that are wrong, either way.
const ERROR: f64 = 0.05;
/// Where the threshold stands at first: two and a half times too many benign texts are flagged.
const FIRST: f64 = 0.36;
/// How far from the target the true rate may end, as a part of it.
const TOLERANCE: f64 = 0.35;
/// How far it may end in any of the months that are tried, and from the other side, where fewer labels count.
const ANY_TOLERANCE: f64 = 0.5;
const TARGET: f64 = 0.005;

/// What one day came to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Day {
    number: i64,
    prevalence: f64,
    /// The threshold of the day, before it moves at its end.
    threshold: f64,
    /// The share of benign texts that it flags, and that of harmful ones: known, not measured.
    false_positive_rate: f64,
    recall: f64,
    decision: Decision,
}

/// How a month is set up.
#[derive(Clone, Copy, Debug)]
struct Month {
    seed: u64,
    first: f64,
    /// The error that is reckoned with.
    reviewer_error: f64,
    /// A fifth reviewer who calls everything benign.
    poisoned: bool,
}

const USUAL: Month = Month { seed: 7, first: FIRST, reviewer_error: ERROR, poisoned: false };

/// The share of texts that score at least a threshold.
fn above(threshold: f64, (centre, scale): (f64, f64)) -> f64 {
    let log_odds = (threshold / (1.0 - threshold)).ln();
    1.0 / (1.0 + ((log_odds - centre) / scale).exp())
}

fn score(chance: &mut Chance, (centre, scale): (f64, f64)) -> f64 {
    let drawn = chance.unit();
    let log_odds = scale.mul_add((drawn / (1.0 - drawn)).ln(), centre);
    1.0 / (1.0 + (-log_odds).exp())
}

fn reviewed(month: Month, day: i64, threshold: f64, chance: &mut Chance) -> Vec<Label<'static>> {
    let prevalence = PREVALENCE[usize::from(day > 7)];
    let mut labels = Vec::new();
    for number in 0..TEXTS {
        let harmful = chance.unit() < prevalence;
        let score = score(chance, if harmful { HARMFUL } else { BENIGN });
        let probability = DRAWN[usize::from(score < threshold)];
        if chance.unit() >= probability {
            continue;
        }
        let wrong = chance.unit() < ERROR;
        let place = chance.below(REVIEWERS.len() + usize::from(month.poisoned));
        let reviewer = REVIEWERS.get(place).copied();
        labels.push(Label {
            score,
            harmful: reviewer.is_some() && harmful != wrong,
            probability,
            source: Source::Review,
            reviewer: reviewer.unwrap_or("eve"),
            reviewed: at(day, i64::try_from(number).expect("few")),
        });
    }
    labels
}

/// The days of a month.
fn simulate(month: Month) -> Vec<Day> {
    let settings = Settings { reviewer_error: month.reviewer_error, ..settings() };
    let adapter = adapter(settings);
    let mut chance = Chance::new(month.seed);
    let mut standing = Standing::new(month.first);
    let mut labels = Vec::new();
    let mut days = Vec::new();
    for day in 1..=DAYS {
        let threshold = standing.threshold;
        labels.extend(reviewed(month, day, threshold, &mut chance));
        let now = at(day, 86_399);
        let decision = adapter.decide(standing, &labels, now);
        days.push(Day {
            number: day,
            prevalence: PREVALENCE[usize::from(day > 7)],
            threshold,
            false_positive_rate: above(threshold, BENIGN),
            recall: above(threshold, HARMFUL),
            decision,
        });
        standing = standing.after(decision.to, now);
    }
    days
}

/// The days as CSV, as `tools/adaptive_plot.py` reads them.
fn written(days: &[Day]) -> String {
    let mut out =
        "day,prevalence,threshold,true_fpr,recall,measured,low,high,labels,move\n".to_owned();
    for day in days {
        let Evidence { rate, interval, labels, .. } = day.decision.evidence;
        let shown = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
        let to = match day.decision.to {
            Move::Up(_) => "up",
            Move::Down(_) => "down",
            Move::AtBound(_) => "bound",
            Move::Stay(_) => "stay",
        };
        writeln!(
            out,
            "{},{},{},{:.6},{:.6},{},{},{},{labels},{to}",
            day.number,
            day.prevalence,
            day.threshold,
            day.false_positive_rate,
            day.recall,
            shown(rate),
            shown(interval.map(|interval| interval.low)),
            shown(interval.map(|interval| interval.high)),
        )
        .expect("a string takes it");
    }
    out
}

/// How far the true rate of the last day is from the target, as a part of it.
fn off(days: &[Day]) -> f64 {
    days.last().expect("thirty days").false_positive_rate / TARGET - 1.0
}

fn never_leaves_its_bounds(days: &[Day]) -> bool {
    let Settings { low, high, step, .. } = settings();
    days.iter().all(|day| (low..=high).contains(&day.threshold))
        && days.windows(2).all(|two| (two[1].threshold - two[0].threshold).abs() <= step + 1e-9)
}

#[test]
fn a_month_ends_near_its_target_and_inside_its_bounds() {
    let days = simulate(USUAL);
    println!("{}", written(&days));
    assert!(days[0].false_positive_rate > 1.8 * TARGET, "{:?}", days[0]);
    assert!(off(&days).abs() <= TOLERANCE, "{}", off(&days));
    assert!(never_leaves_its_bounds(&days));
}

#[test]
fn months_of_other_chance_and_from_the_other_side_end_near_it_too() {
    for first in [FIRST, 0.62] {
        let off: Vec<f64> = (100..110)
            .map(|seed| {
                let days = simulate(Month { seed, first, ..USUAL });
                assert!(never_leaves_its_bounds(&days), "{seed} {first}");
                off(&days)
            })
            .collect();
        println!("from {first}: {off:.2?}");
        assert!(off.iter().all(|off| off.abs() <= ANY_TOLERANCE), "{first}: {off:?}");
    }
}

#[test]
fn the_interval_of_a_day_holds_the_true_rate_about_as_often_as_it_says() {
    let mut chance = Chance::new(3);
    for (threshold, day) in [(0.42, 1), (0.494, 8)] {
        let rounds: u32 = 150;
        let truth = above(threshold, BENIGN);
        let held = (0..rounds).filter(|_| {
            let labels = reviewed(USUAL, day, threshold, &mut chance);
            let adapter = adapter(Settings { reviewer_error: ERROR, ..settings() });
            let found = adapter.decide(Standing::new(threshold), &labels, at(day, 86_399));
            found.evidence.interval.expect("enough labels").holds(truth)
        });
        let held = f64::from(u32::try_from(held.count()).expect("few")) / f64::from(rounds);
        println!("{threshold}: {held}");
        assert!(held >= 0.9, "{threshold}: {held}");
    }
}

#[test]
fn without_reckoning_with_wrong_labels_the_threshold_ends_too_high() {
    let days = simulate(Month { reviewer_error: 0.0, ..USUAL });
    println!("{}", written(&days));
    assert!(off(&days) < -TOLERANCE, "{}", off(&days));
}

#[test]
fn somebody_who_calls_everything_benign_moves_nothing_by_that() {
    let first = 0.494;
    let days = simulate(Month { first, poisoned: true, ..USUAL });
    println!("{}", written(&days));
    assert!(off(&days).abs() <= TOLERANCE, "{}", off(&days));
}

#[test]
fn the_plot_in_the_documents_is_of_this_month() {
    let shown = include_str!("../../../../docs/pictures/adaptive.csv");
    assert_eq!(
        shown,
        written(&simulate(USUAL)),
        "run tools/adaptive_plot.py as docs/adaptive.md says"
    );
}
