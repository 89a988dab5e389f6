//! What a threshold does and never does.

mod month;
mod properties;

use std::time::Duration;

use super::*;

/// One day.
const DAY: Duration = Duration::from_secs(86_400);

/// So many days into the tests' time, and as many seconds.
fn at(day: i64, second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + day * 86_400 + second).expect("a time of this century")
}

fn settings() -> Settings {
    Settings {
        target: Target::FalsePositiveRate(0.005),
        low: 0.3,
        high: 0.8,
        step: 0.02,
        every: DAY,
        min_labels: 200,
        window: WINDOW,
        reviewer_share: REVIEWER_SHARE,
        reviewer_error: 0.0,
    }
}

fn adapter(settings: Settings) -> Adapter {
    Adapter::new(settings).expect("settings that make sense")
}

const REVIEWERS: [&str; 4] = ["ann", "bo", "cy", "di"];

/// `count` labels of one kind, by four reviewers in turn; they are of day 1.
fn labels(count: usize, score: f64, harmful: bool, probability: f64) -> Vec<Label<'static>> {
    let of = |number: usize| Label {
        score,
        harmful,
        probability,
        source: Source::Review,
        reviewer: REVIEWERS[number % REVIEWERS.len()],
        reviewed: at(1, i64::try_from(number).expect("few")),
    };
    (0..count).map(of).collect()
}

/// A day of labels at the threshold 0.5: of flagged texts one in five was drawn, of the others one in a hundred.
fn day(flagged_benign: usize) -> Vec<Label<'static>> {
    [
        labels(flagged_benign, 0.6, false, 0.2),
        labels(160, 0.9, true, 0.2),
        labels(200, 0.1, false, 0.01),
        labels(3, 0.4, true, 0.01),
    ]
    .concat()
}

const STANDING: Standing = Standing::new(0.5);

fn decide(settings: Settings, labels: &[Label<'_>]) -> Decision {
    adapter(settings).decide(STANDING, labels, at(2, 0))
}

#[test]
fn too_many_benign_texts_flagged_raise_the_threshold() {
    // 60 × 5 flagged of 300 + 20000 benign texts are 1.48 %.
    let found = decide(settings(), &day(60));
    assert_eq!(found.to, Move::Up(0.52));
    let evidence = found.evidence;
    assert!((evidence.rate.expect("a rate") - 300.0 / 20_300.0).abs() < 1e-12);
    assert!(evidence.interval.expect("an interval").low > 0.005);
    assert_eq!((evidence.labels, evidence.reviewers), (423, 4));
    assert_eq!((evidence.flagged_benign, evidence.flagged_harmful), (60, 160));
    assert_eq!((evidence.passed_benign, evidence.passed_harmful), (200, 3));
    assert_eq!(evidence.after, evidence.rate);
    let written = serde_json::to_value(found).expect("plain values");
    assert_eq!(written["to"], serde_json::json!({"up": 0.52}));
    assert_eq!(written["evidence"]["flagged_benign"], 60);
}

#[test]
fn few_benign_texts_flagged_lower_it() {
    let found = decide(settings(), &day(4));
    assert_eq!(found.to, Move::Down(0.48));
    assert!(found.evidence.interval.expect("an interval").high < 0.005);
}

#[test]
fn a_rate_that_may_be_the_target_moves_nothing() {
    let found = decide(settings(), &day(20));
    assert_eq!(found.to, Move::Stay(Why::WithinTolerance));
    assert!(found.evidence.interval.expect("an interval").holds(0.005));
    let written = serde_json::to_string(&found.to).expect("plain values");
    assert_eq!(written, r#"{"stay":"within_tolerance"}"#);
}

#[test]
fn a_step_goes_no_further_than_the_target() {
    // 30 of the 60 lie just above the threshold: a quarter of a step is enough.
    let mut near = day(31);
    near.extend(labels(29, 0.504, false, 0.2));
    for label in near.iter_mut().filter(|label| (0.55..0.65).contains(&label.score)).skip(15) {
        label.score = 0.509;
    }
    let found = decide(settings(), &near);
    assert_eq!(found.to, Move::Up(0.51));
    let after = found.evidence.after.expect("an estimate");
    assert!(after <= 0.005, "{after}");
}

#[test]
fn a_step_down_that_would_miss_the_target_is_made_smaller_or_not_at_all() {
    let with = |score: f64| {
        let mut labels = day(4);
        labels.extend(self::labels(4, score, false, 0.01));
        decide(settings(), &labels).to
    };
    assert_eq!(with(0.47), Move::Down(0.48));
    assert_eq!(with(0.485), Move::Down(0.49));
    assert_eq!(with(0.493), Move::Down(0.495));
    assert_eq!(with(0.497), Move::Stay(Why::WouldMiss));
}

#[test]
fn a_threshold_at_its_bound_says_where_it_would_go() {
    for (threshold, labels, expected) in [
        (0.8, day(0), None),
        (0.3, day(4), Some(Move::AtBound(Direction::Down))),
        (0.79, [labels(60, 0.9, false, 0.2), day(0)].concat(), Some(Move::Up(0.8))),
        (0.8, [labels(60, 0.9, false, 0.2), day(0)].concat(), Some(Move::AtBound(Direction::Up))),
    ] {
        // What scores 0.4 would be flagged at 0.3.
        let labels: Vec<_> =
            labels.into_iter().filter(|label| !(0.35..0.45).contains(&label.score)).collect();
        let standing = Standing::new(threshold);
        let found = adapter(settings()).decide(standing, &labels, at(2, 0));
        if let Some(expected) = expected {
            assert_eq!(found.to, expected, "{threshold}");
        } else {
            assert_eq!(found.to.threshold(), Some(0.78));
        }
    }
}

#[test]
fn a_precision_is_reached_from_both_sides() {
    let of = |target| Settings { target: Target::Precision(target), ..settings() };
    // 160 of 220 flagged texts are harmful.
    assert_eq!(decide(of(0.9), &day(60)).to, Move::Up(0.52));
    assert_eq!(decide(of(0.5), &day(60)).to, Move::Down(0.48));
    assert_eq!(decide(of(0.73), &day(60)).to, Move::Stay(Why::WithinTolerance));
    let nothing = labels(300, 0.1, false, 0.01);
    assert_eq!(decide(of(0.9), &nothing).to, Move::Stay(Why::NothingFlagged));
    // Nothing scores more than this, so from there on nobody could say what the precision is.
    let low = |score| [labels(200, score, false, 1.0), labels(50, score, true, 1.0)].concat();
    assert_eq!(decide(of(0.9), &low(0.507)).to, Move::Up(0.505));
    assert_eq!(decide(of(0.9), &low(0.502)).to, Move::Stay(Why::WouldMeasureNothing));
}

#[test]
fn reports_and_impossible_labels_count_for_nothing() {
    let mut labels = day(20);
    let mut bad = self::labels(5_000, 0.6, false, 0.2);
    for label in &mut bad {
        label.source = Source::Feedback;
    }
    labels.extend(bad);
    labels.push(Label { probability: 0.0, ..labels[0] });
    labels.push(Label { probability: 1e-9, ..labels[0] });
    labels.push(Label { score: f64::NAN, ..labels[0] });
    labels.push(Label { reviewed: at(3, 0), ..labels[0] });
    let found = decide(settings(), &labels);
    let (expected, evidence) = (decide(settings(), &day(20)), found.evidence);
    assert_eq!((evidence.feedback, evidence.invalid), (5_000, 4));
    assert_eq!((found.to, evidence.rate), (expected.to, expected.evidence.rate));
    assert_eq!(evidence.labels, expected.evidence.labels);
}

#[test]
fn wrong_labels_are_reckoned_with_where_their_share_is_known() {
    // Of 900 harmful texts flagged 45 are labelled benign; the true rate is 95 of 19000, the target.
    let labels = [
        labels(135, 0.6, false, 1.0),
        labels(860, 0.9, true, 1.0),
        labels(18_905 * 95 / 100, 0.1, false, 1.0),
        labels(18_905 * 5 / 100, 0.1, true, 1.0),
    ]
    .concat();
    assert!(matches!(decide(settings(), &labels).to, Move::Up(_)));
    let found = decide(Settings { reviewer_error: 0.05, ..settings() }, &labels);
    assert_eq!(found.to, Move::Stay(Why::WithinTolerance));
    assert!((found.evidence.rate.expect("a rate") - 0.005).abs() < 0.0002, "{found:?}");
}

#[test]
fn what_one_reviewer_says_is_cut_to_a_share_of_each_side() {
    // Ann labels 300 flagged texts and calls all benign, the others 20 each and call all harmful.
    let mut labels = day(0);
    labels.retain(|label| label.score < 0.5);
    let one =
        |reviewer, harmful| Label { harmful, reviewer, ..self::labels(1, 0.6, false, 0.2)[0] };
    labels.extend(std::iter::repeat_n(one("ann", false), 300));
    for other in ["bo", "cy", "di"] {
        labels.extend(std::iter::repeat_n(one(other, true), 20));
    }
    let found = decide(settings(), &labels);
    // Half of 360 × 5 flagged texts, against 20000 others.
    assert!((found.evidence.rate.expect("a rate") - 900.0 / 20_900.0).abs() < 1e-12);
    assert_eq!(found.to, Move::Stay(Why::OnePerson));
}

#[test]
fn one_reviewer_alone_moves_nothing() {
    let mut labels = day(60);
    for label in &mut labels {
        label.reviewer = "ann";
    }
    assert_eq!(decide(settings(), &labels).to, Move::Stay(Why::TooFewReviewers));
    for label in labels.iter_mut().step_by(2) {
        label.reviewer = "bo";
    }
    assert_eq!(decide(settings(), &labels).to, Move::Up(0.52));
    let strict = Settings { reviewer_share: 0.4, ..settings() };
    assert_eq!(decide(strict, &labels).to, Move::Stay(Why::TooFewReviewers));
}

#[test]
fn a_move_needs_new_labels_and_time_since_the_last_one() {
    let standing = STANDING.after(Move::Up(0.5), at(1, 100));
    let found = adapter(settings()).decide(standing, &day(60), at(2, 100));
    assert_eq!(found.to, Move::Stay(Why::TooFewLabels));
    assert_eq!((found.evidence.labels, found.evidence.new_labels), (423, 59 + 99));
    let earlier = adapter(settings()).decide(standing, &day(60), at(2, 99));
    assert_eq!(earlier.to, Move::Stay(Why::CoolingDown));
    let few = Settings { min_labels: 158, ..settings() };
    assert_eq!(adapter(few).decide(standing, &day(60), at(2, 100)).to, Move::Up(0.52));
}

#[test]
fn labels_from_before_a_fall_and_old_ones_do_not_count() {
    let fallen = STANDING.after(Move::Down(0.5), at(1, 100));
    let found = adapter(settings()).decide(fallen, &day(60), at(2, 100));
    assert_eq!((found.evidence.labels, found.evidence.new_labels), (59 + 99, 59 + 99));
    let short = Settings { window: DAY, ..settings() };
    let found = adapter(short).decide(STANDING, &day(60), at(2, 100));
    assert_eq!(found.evidence.labels, 59 + 99);
}

#[test]
fn a_threshold_outside_its_bounds_is_left_to_people() {
    let standing = Standing::new(0.9);
    let found = adapter(settings()).decide(standing, &day(60), at(2, 0));
    assert_eq!(found.to, Move::Stay(Why::OutsideBounds));
}

#[test]
fn nothing_but_flagged_texts_says_nothing_about_all_benign_ones() {
    let mut labels = day(300);
    labels.retain(|label| label.score > 0.5);
    assert_eq!(decide(settings(), &labels).to, Move::Stay(Why::NothingPassed));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let good = settings();
    for (wrong, expected) in [
        (Settings { target: Target::Precision(1.0), ..good }, SettingsError::Target),
        (Settings { target: Target::FalsePositiveRate(f64::NAN), ..good }, SettingsError::Target),
        (Settings { low: 0.8, ..good }, SettingsError::Bounds),
        (Settings { high: 1.5, ..good }, SettingsError::Bounds),
        (Settings { step: 0.0, ..good }, SettingsError::Step),
        (Settings { step: 0.6, ..good }, SettingsError::Step),
        (Settings { window: Duration::ZERO, ..good }, SettingsError::Window),
        (Settings { reviewer_share: 0.0, ..good }, SettingsError::ReviewerShare),
        (Settings { reviewer_error: 0.3, ..good }, SettingsError::ReviewerError),
    ] {
        assert_eq!(Adapter::new(wrong), Err(expected), "{wrong:?}");
    }
}

#[test]
fn the_newest_labels_count_where_there_are_too_many() {
    let mut labels = labels(MOST_LABELS + 5, 0.1, false, 1.0);
    for label in &mut labels[..5] {
        label.harmful = true;
    }
    let now = at(1, 1_000_000);
    let found = adapter(settings()).decide(STANDING, &labels, now).evidence;
    assert_eq!((found.labels, found.passed_harmful), (MOST_LABELS as u64, 0));
}
