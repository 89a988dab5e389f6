//! What holds for any labels.

use proptest::prelude::*;

use super::*;

fn any_label() -> impl Strategy<Value = Label<'static>> {
    let score = prop_oneof![0.0..1.0, 0.45..0.55];
    let probability = prop::sample::select(vec![1.0, 0.5, 0.2, 0.05, 0.01]);
    let who = prop::sample::select(REVIEWERS.to_vec());
    (score, any::<bool>(), probability, who, 0_i64..86_400).prop_map(
        |(score, harmful, probability, reviewer, second)| Label {
            score,
            harmful,
            probability,
            source: Source::Review,
            reviewer,
            reviewed: at(1, second),
        },
    )
}

/// Labels of which most are of one of a few kinds, so that intervals become narrow and thresholds move.
fn any_labels() -> impl Strategy<Value = Vec<Label<'static>>> {
    let kind = (any_label(), 1_usize..150);
    prop::collection::vec(kind, 1..8).prop_map(|kinds| {
        let copies = kinds.into_iter().flat_map(|(label, times)| {
            (0..times)
                .map(move |number| Label { reviewer: REVIEWERS[number % REVIEWERS.len()], ..label })
        });
        copies.collect()
    })
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let target = prop_oneof![
        (0.001..0.5).prop_map(Target::FalsePositiveRate),
        (0.5..0.999).prop_map(Target::Precision),
    ];
    (target, 0.1..0.5, 0.5..0.9, 0.001..0.05, 1_u32..400, 0.0..0.2).prop_map(
        |(target, low, high, step, min_labels, reviewer_error)| Settings {
            target,
            low,
            high: high + 0.06,
            step,
            min_labels,
            reviewer_error,
            ..settings()
        },
    )
}

/// Whether labels speak for a lower threshold.
fn falls(settings: Settings, labels: &[Label<'_>]) -> bool {
    let to = decide(settings, labels).to;
    matches!(to, Move::Down(_) | Move::AtBound(Direction::Down) | Move::Stay(Why::WouldMiss))
}

proptest! {
    #[test]
    fn a_threshold_never_leaves_its_bounds_and_never_moves_more_than_a_step(
        settings in any_settings(), labels in any_labels(), place in 0.0..=1.0,
    ) {
        let threshold = settings.low + place * (settings.high - settings.low);
        let standing = Standing::new(threshold);
        let found = adapter(settings).decide(standing, &labels, at(2, 0));
        if let Some(to) = found.to.threshold() {
            prop_assert!((settings.low..=settings.high).contains(&to));
            prop_assert!((to - threshold).abs() <= settings.step + 1e-9);
            prop_assert_eq!(to > threshold, matches!(found.to, Move::Up(_)));
            prop_assert!(found.evidence.interval.is_some());
        }
    }

    #[test]
    fn nothing_moves_below_the_least_number_of_labels_or_within_the_cool_down(
        settings in any_settings(), labels in any_labels(), since in 0_i64..200_000,
    ) {
        let moved = at(0, 0);
        let standing = Standing { moved: Some(moved), ..STANDING };
        let now = at(0, since);
        let found = adapter(settings).decide(standing, &labels, now);
        let counted = labels.iter().filter(|label| label.reviewed <= now).count();
        if counted < settings.min_labels as usize || since < 86_400 {
            prop_assert_eq!(found.to.threshold(), None);
        }
    }

    #[test]
    fn the_same_labels_in_any_order_give_the_same_move(
        settings in any_settings(), labels in any_labels(), turn in 0_usize..500,
    ) {
        let mut turned = labels.clone();
        turned.rotate_left(turn % labels.len());
        prop_assert_eq!(decide(settings, &turned).to, decide(settings, &labels).to);
    }

    #[test]
    fn no_one_person_moves_what_the_others_would_leave(
        settings in any_settings(), labels in any_labels(), more in any_labels(),
    ) {
        let others: Vec<_> = labels.into_iter().filter(|label| label.reviewer != "ann").collect();
        let whole = Settings { reviewer_share: 1.0, ..settings };
        let alone = decide(whole, &others).evidence.interval;
        let way = alone.and_then(|interval| settings.target.direction(interval));
        let ann = more.into_iter().map(|label| Label { reviewer: "ann", ..label });
        let all: Vec<_> = others.iter().copied().chain(ann).collect();
        let found = decide(settings, &all).to;
        match found {
            Move::Up(_) => prop_assert_eq!(way, Some(Direction::Up)),
            Move::Down(_) => prop_assert_eq!(way, Some(Direction::Down)),
            Move::AtBound(_) | Move::Stay(_) => {}
        }
    }

    #[test]
    fn calling_flagged_texts_benign_never_lowers_a_threshold(
        target in prop_oneof![
            (0.001..0.1).prop_map(Target::FalsePositiveRate), (0.5..0.999).prop_map(Target::Precision),
        ],
        labels in any_labels(), every in 1_usize..5,
    ) {
        let settings = Settings { target, ..settings() };
        let mut benign = labels.clone();
        for label in benign.iter_mut().filter(|label| label.score >= 0.5).step_by(every) {
            label.harmful = false;
        }
        prop_assert!(falls(settings, &labels) || !falls(settings, &benign));
    }

    #[test]
    fn more_benign_texts_flagged_never_lower_a_threshold(
        labels in any_labels(), more in 1_usize..200, score in 0.5..1.0,
    ) {
        // One flagged text of each reviewer is known, so that nobody's first one says how flagged texts are drawn.
        let known: Vec<_> = [labels, self::labels(4, 0.9, true, 0.2)].concat();
        let open = Settings { reviewer_share: 1.0, min_labels: 1, ..settings() };
        let with: Vec<_> = known.iter().copied().chain(self::labels(more, score, false, 0.2)).collect();
        prop_assert!(falls(open, &known) || !falls(open, &with));
    }
}
