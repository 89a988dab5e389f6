//! Every measure against values worked out by hand, and against what it must do with nothing to measure.

use proptest::prelude::*;

use super::*;

fn sample(label: u8, score: f64) -> Sample {
    Sample { label: label == 1, score, selected: score >= 0.5 }
}

fn samples(rows: &[(u8, f64)]) -> Samples {
    let rows: Vec<Sample> = rows.iter().map(|(label, score)| sample(*label, *score)).collect();
    Samples::new(&rows).expect("finite")
}

#[track_caller]
fn near(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
}

fn confusion(hits: u64, false_alarms: u64, misses: u64, passes: u64) -> Confusion {
    Confusion { hits, false_alarms, misses, passes }
}

#[test]
fn a_confusion_matrix_gives_its_rates() {
    // 8 labelled, 12 free; 6 and 3 of them selected.
    let counted = confusion(6, 3, 2, 9);
    near(counted.precision(), 6.0 / 9.0);
    near(counted.recall(), 0.75);
    near(counted.f1(), 12.0 / 17.0);
    near(counted.false_alarm_rate(), 0.25);
    near(counted.selection_rate(), 0.45);
    assert_eq!((counted.positives(), counted.negatives(), counted.total()), (8, 12, 20));
    let given = samples(&[(1, 0.9), (0, 0.8), (1, 0.2), (0, 0.1), (0, 0.0)]);
    assert_eq!(given.confusion(None), confusion(1, 1, 1, 2));
    assert_eq!(given.confusion(Some(&[3, 0, 1, 0, 2])), confusion(3, 0, 1, 2));
}

#[test]
fn rates_of_nothing_are_none() {
    let nothing = Confusion::default();
    for rate in [
        nothing.precision(),
        nothing.recall(),
        nothing.f1(),
        nothing.false_alarm_rate(),
        nothing.selection_rate(),
    ] {
        assert_eq!(rate, None);
    }
    // Something labelled and nothing selected: no precision, and an F1 of 0.
    assert_eq!(confusion(0, 0, 3, 4).precision(), None);
    near(confusion(0, 0, 3, 4).f1(), 0.0);
}

#[test]
fn the_area_under_the_curve_counts_pairs() {
    // Pairs of labelled and free in which the labelled one scores higher: 3 of 4.
    let curve = Curve::of(&samples(&[(0, 0.1), (0, 0.4), (1, 0.35), (1, 0.8)]), None);
    near(curve.roc_auc(), 0.75);
    // Recall 1/2 at precision 1, then 1 at 2/3.
    near(curve.average_precision(), 0.5 + 0.5 * 2.0 / 3.0);
}

#[test]
fn equal_scores_count_half_whatever_their_order() {
    for rows in [[(1, 0.9), (1, 0.5), (0, 0.5), (0, 0.1)], [(0, 0.5), (1, 0.5), (0, 0.1), (1, 0.9)]]
    {
        let curve = Curve::of(&samples(&rows), None);
        near(curve.roc_auc(), 3.5 / 4.0);
        near(curve.average_precision(), 0.5 + 0.5 * 2.0 / 3.0);
        assert_eq!(curve.steps().len(), 3);
    }
    let constant = Curve::of(&samples(&[(1, 0.5), (0, 0.5), (0, 0.5), (0, 0.5)]), None);
    near(constant.roc_auc(), 0.5);
    near(constant.average_precision(), 0.25);
    let zeros = Curve::of(&samples(&[(1, 0.0), (0, -0.0)]), None);
    near(zeros.roc_auc(), 0.5);
}

#[test]
fn recall_at_a_rate_keeps_to_the_rate() {
    // Ten free texts: the first is passed over at 0.85, the second at 0.55.
    let mut rows = vec![(1, 0.9), (0, 0.85), (1, 0.8), (1, 0.6), (0, 0.55), (1, 0.5)];
    rows.extend(std::iter::repeat_n((0, 0.1), 8));
    let curve = Curve::of(&samples(&rows), None);
    near(curve.recall_at(0.0), 0.25);
    near(curve.recall_at(0.1), 0.75);
    near(curve.recall_at(0.19), 0.75);
    near(curve.recall_at(0.2), 1.0);
    let hopeless = Curve::of(&samples(&[(0, 0.9), (1, 0.1)]), None);
    near(hopeless.recall_at(0.5), 0.0);
}

#[test]
fn a_threshold_selects_from_its_score_on() {
    let curve = Curve::of(&samples(&[(1, 0.9), (0, 0.5), (1, 0.5), (0, 0.1)]), None);
    assert_eq!(curve.confusion_at(0.95), confusion(0, 0, 2, 2));
    assert_eq!(curve.confusion_at(0.5), confusion(2, 1, 0, 1));
    assert_eq!(curve.confusion_at(-1.0), confusion(2, 2, 0, 0));
    let sweep = curve.sweep(10);
    assert_eq!(sweep.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0.9, 0.5, 0.1]);
    let coarse = curve.sweep(2);
    assert_eq!(coarse.len(), 2);
    near(coarse.last().map(|(at, _)| *at), 0.1);
}

#[test]
fn cross_entropy_and_brier_are_means_over_the_texts() {
    let given = samples(&[(1, 0.8), (0, 0.3)]);
    near(given.cross_entropy(None), -f64::ln(0.8 * 0.7) / 2.0);
    near(given.brier(None), 0.065);
    // Drawn twice and once.
    near(given.brier(Some(&[2, 1])), (0.08 + 0.09) / 3.0);
}

#[test]
fn one_certain_mistake_is_dear_and_not_infinite() {
    let loss = samples(&[(1, 0.0)]).cross_entropy(None);
    near(loss, -f64::EPSILON.ln());
    near(samples(&[(0, 1.0)]).cross_entropy(None), -f64::EPSILON.ln());
    assert!(samples(&[(1, 1.0)]).cross_entropy(None).expect("a value") < 1e-15);
}

#[test]
fn cross_entropy_agrees_with_its_definition_over_many_scores() {
    for step in 1..100 {
        let p = f64::from(step) / 100.0;
        near(samples(&[(1, p)]).cross_entropy(None), -p.ln());
        near(samples(&[(0, p)]).cross_entropy(None), -(1.0 - p).ln());
    }
}

#[test]
fn calibration_compares_scores_with_shares_bin_by_bin() {
    let error = |rows| calibration_error(&calibration(&samples(rows), None).expect("bins"));
    near(error(&[(0, 0.05), (1, 0.15), (0, 0.85), (1, 0.95)]), 0.45);
    // Two in one bin: mean 0.75, half of them labelled.
    near(error(&[(1, 0.72), (0, 0.78)]), 0.25);
    let bins = calibration(&samples(&[(1, 1.0), (0, 0.0), (1, 0.1)]), None).expect("bins");
    let counts: Vec<u64> = bins.iter().map(|bin| bin.count).collect();
    assert_eq!(counts, [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    near(bins[9].mean_score(), 1.0);
    near(bins[1].share_of_positives(), 1.0);
    assert_eq!((bins[5].mean_score(), bins[5].share_of_positives()), (None, None));
}

#[test]
fn scores_that_are_no_probabilities_have_no_cross_entropy() {
    let given = samples(&[(1, 2.5), (0, -1.0)]);
    assert_eq!((given.cross_entropy(None), given.brier(None)), (None, None));
    assert!(calibration(&given, None).is_none());
    near(Curve::of(&given, None).roc_auc(), 1.0);
}

#[test]
fn a_score_that_is_no_number_is_refused() {
    for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(Samples::new(&[sample(1, 0.5), sample(0, score)]).is_none());
    }
}

#[test]
fn nothing_and_one_class_have_no_curve() {
    let nothing = figures(&samples(&[]), None);
    assert!(nothing.iter().all(|(_, value)| value.is_none()), "{nothing:?}");
    let labelled = figures(&samples(&[(1, 0.9), (1, 0.2)]), None);
    for (measure, value) in labelled.iter() {
        let expected = match measure {
            Measure::RocAuc
            | Measure::FalseAlarmRate
            | Measure::RecallAtLow
            | Measure::RecallAtBalanced
            | Measure::RecallAtStrict => false,
            Measure::Precision
            | Measure::Recall
            | Measure::F1
            | Measure::AveragePrecision
            | Measure::CrossEntropy
            | Measure::Brier
            | Measure::CalibrationError => true,
        };
        assert_eq!(value.is_some(), expected, "{measure:?}");
    }
    let free = figures(&samples(&[(0, 0.9), (0, 0.2)]), None);
    assert_eq!((free.get(Measure::Recall), free.get(Measure::AveragePrecision)), (None, None));
    near(free.get(Measure::FalseAlarmRate), 0.5);
    // Weights that draw nothing leave nothing.
    let none = figures(&samples(&[(1, 0.9)]), Some(&[0]));
    assert!(none.iter().all(|(_, value)| value.is_none()), "{none:?}");
}

#[test]
fn measures_stand_at_their_own_place() {
    let all = figures(&samples(&[(1, 0.9), (0, 0.6), (1, 0.4), (0, 0.1)]), None);
    assert_eq!(all.iter().count(), Measure::ALL.len());
    for (measure, value) in all.iter() {
        assert_eq!(all.get(measure), value, "{measure:?}");
    }
    near(all.get(Measure::Precision), 0.5);
    near(all.get(Measure::RocAuc), 0.75);
    near(all.get(Measure::RecallAtStrict), 0.5);
}

#[test]
fn percentiles_lie_between_values_by_their_distance() {
    near(percentile(&[1.0, 2.0, 3.0, 4.0], 0.25), 1.75);
    near(percentile(&[1.0, 2.0, 3.0, 4.0], 1.0), 4.0);
    near(percentile(&[7.0], 0.975), 7.0);
    assert_eq!(percentile(&[], 0.5), None);
    assert_eq!(percentile(&[1.0], f64::NAN), None);
}

#[test]
fn wilsons_interval_is_the_published_one() {
    // Newcombe 1998, table I: 81 of 263 and 0 of 20.
    let known = wilson(81, 263).expect("an interval");
    assert!((known.low - 0.2553).abs() < 5e-5 && (known.high - 0.3662).abs() < 5e-5, "{known:?}");
    let none = wilson(0, 20).expect("an interval");
    assert!(none.low.abs() < 1e-12 && (none.high - 0.1611).abs() < 5e-5, "{none:?}");
    assert_eq!(wilson(0, 0), None);
}

#[test]
fn the_bootstrap_gives_the_interval_that_theory_gives() {
    // 400 labelled texts, half of them selected: 0.5 ± 1.96 √(0.25 ÷ 400).
    let rows: Vec<(u8, f64)> = (0..400).map(|row| (1, f64::from(row % 2))).collect();
    let given = samples(&rows);
    let resampling = Resampling { rounds: 2000, seed: 7 };
    let all = intervals(&given, resampling);
    let recall =
        all.iter().find(|(measure, _)| *measure == Measure::Recall).and_then(|found| found.1);
    let recall = recall.expect("an interval");
    assert!(
        (recall.low - 0.451).abs() < 0.006 && (recall.high - 0.549).abs() < 0.006,
        "{recall:?}"
    );
    assert_eq!(all, intervals(&given, resampling), "the same seed, the same intervals");
    assert_ne!(all, intervals(&given, Resampling { rounds: 2000, seed: 8 }));
}

#[test]
fn a_figure_without_value_in_most_rounds_has_no_interval() {
    // One labelled text in fifty is drawn in 63 % of the rounds, one of none in no round.
    let mut rows = vec![(0, 0.2); 50];
    let resampling = Resampling { rounds: 200, seed: 1 };
    let recall = |rows: &[(u8, f64)]| {
        let all = intervals(&samples(rows), resampling);
        all.iter().find(|(measure, _)| *measure == Measure::Recall).and_then(|found| found.1)
    };
    assert_eq!(recall(&rows), None);
    rows.push((1, 0.9));
    assert!(recall(&rows).is_some());
    assert!(intervals(&samples(&[]), resampling).iter().all(|(_, interval)| interval.is_none()));
}

#[test]
fn a_draw_draws_as_many_as_there_are() {
    let mut weights = [9; 100];
    Draws::of_round(3, 4).fill(&mut weights);
    assert_eq!(weights.iter().sum::<u32>(), 100);
    let other = {
        let mut other = [0; 100];
        Draws::of_round(3, 5).fill(&mut other);
        other
    };
    assert_ne!(weights, other);
}

#[test]
fn mcnemars_test_is_the_binomial_one() {
    let p = |only_first, only_second| Discordance { only_first, only_second }.p_value();
    near(p(1, 5), 14.0 / 64.0);
    near(p(5, 1), 14.0 / 64.0);
    near(p(0, 10), 2.0 / 1024.0);
    near(p(3, 3), 1.0);
    assert_eq!(p(0, 0), None);
    // Far beyond where 2⁻ⁿ can be written by itself.
    assert!(p(0, 5000).expect("a value") < 1e-300);
    assert!(p(2500, 2500).expect("a value") > 0.99);
    let mut counted = Discordance::default();
    for (first, second) in
        [(true, true), (true, false), (false, true), (false, false), (true, false)]
    {
        counted.add(first, second);
    }
    assert_eq!(counted, Discordance { only_first: 2, only_second: 1 });
}

#[test]
fn a_difference_is_of_the_same_texts() {
    let rows: Vec<(u8, f64)> = (0..200).map(|row| (u8::from(row % 2 == 0), 0.4)).collect();
    let better: Vec<(u8, f64)> =
        rows.iter().map(|(label, _)| (*label, f64::from(*label))).collect();
    let (first, second) = (samples(&rows), samples(&better));
    let resampling = Resampling { rounds: 100, seed: 1 };
    let all = differences(&first, &second, resampling);
    let auc = all.iter().find(|one| one.measure == Measure::RocAuc).expect("measured");
    near(auc.value, 0.5);
    assert_eq!(auc.interval, Some(Interval { low: 0.5, high: 0.5 }));
    assert_eq!(auc.is_better(), Some(true));
    let brier = all.iter().find(|one| one.measure == Measure::Brier).expect("measured");
    assert!(brier.value.is_some_and(|value| value < 0.0));
    assert_eq!(brier.is_better(), Some(true), "lower is better");
    for same in differences(&first, &first, resampling) {
        assert_eq!(same.is_better(), None);
        assert!(same.value.is_none_or(|value| value == 0.0), "{same:?}");
    }
    assert!(differences(&first, &samples(&[(1, 0.5)]), resampling).is_empty());
}

fn group(name: &str, confusion: Confusion, is_small: bool) -> Group {
    Group { name: name.to_owned(), confusion, is_small }
}

#[test]
fn disparity_is_between_the_extremes() {
    let groups = [
        group("a", confusion(40, 10, 10, 40), false),
        group("b", confusion(10, 5, 40, 45), false),
        group("c", confusion(30, 10, 20, 40), false),
        // Everything selected, but only three texts: shown elsewhere, and no measure of disparity.
        group("few", confusion(1, 2, 0, 0), true),
    ];
    let found = Disparity::between(&groups);
    near(found.disparate_impact, 0.15 / 0.5);
    near(found.equal_opportunity, 0.8 - 0.2);
    near(found.predictive_equality, 0.2 - 0.1);
    near(found.equalized_odds, 0.6);
    near(found.predictive_parity, 0.8 - 10.0 / 15.0);
}

#[test]
fn one_group_or_none_selected_has_no_disparity() {
    let alone =
        [group("a", confusion(40, 10, 10, 40), false), group("b", confusion(1, 0, 0, 0), true)];
    assert_eq!(Disparity::between(&alone), Disparity::default());
    assert_eq!(Disparity::between(&[]), Disparity::default());
    let nobody =
        [group("a", confusion(0, 0, 0, 9), false), group("b", confusion(0, 0, 0, 5), false)];
    let found = Disparity::between(&nobody);
    assert_eq!((found.disparate_impact, found.equal_opportunity), (None, None));
    near(found.equalized_odds, 0.0);
    // A group that is never selected beside one that is: as unequal as can be.
    let one = [group("a", confusion(0, 0, 3, 9), false), group("b", confusion(3, 0, 0, 9), false)];
    near(Disparity::between(&one).disparate_impact, 0.0);
}

#[test]
fn a_flip_is_a_verdict_that_most_did_not_get() {
    let found = flips(&["allow", "allow", "block"]).expect("verdicts");
    assert_eq!((found.usual, found.flipped), ("allow", vec![2]));
    assert_eq!(flips(&["b", "b"]).map(|found| found.flipped), Some(vec![]));
    let tied = flips(&["b", "a"]).expect("verdicts");
    assert_eq!((tied.usual, tied.flipped), ("a", vec![0]));
    assert_eq!(flips::<u8>(&[]), None);
}

proptest! {
    #[test]
    fn no_figure_is_ever_nan(
        rows in proptest::collection::vec((0_u8..2, prop_oneof![Just(0.0), Just(1.0), 0.0..1.0]), 0..40),
        seed in any::<u64>(),
    ) {
        let given = samples(&rows);
        for (measure, value) in figures(&given, None).iter() {
            prop_assert!(value.is_none_or(f64::is_finite), "{measure:?}");
        }
        for (measure, interval) in intervals(&given, Resampling { rounds: 10, seed }) {
            let sound = interval.is_none_or(|it| it.low.is_finite() && it.low <= it.high);
            prop_assert!(sound, "{measure:?}");
        }
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order(
        rows in proptest::collection::vec((0_u8..2, (0_u8..6).prop_map(|score| f64::from(score) / 5.0)), 2..40),
    ) {
        let (mut pairs, mut won) = (0.0, 0.0);
        for (_, high) in rows.iter().filter(|(label, _)| *label == 1) {
            for (_, low) in rows.iter().filter(|(label, _)| *label == 0) {
                pairs += 1.0;
                won += if high > low { 1.0 } else if high < low { 0.0 } else { 0.5 };
            }
        }
        let area = Curve::of(&samples(&rows), None).roc_auc();
        prop_assert_eq!(area.is_some(), pairs > 0.0);
        prop_assert!(area.is_none_or(|area| (area - won / pairs).abs() < 1e-12));
    }

    #[test]
    fn a_weight_is_as_good_as_a_repeated_row(
        rows in proptest::collection::vec((0_u8..2, 0.0..1.0_f64, 0_u32..4), 1..20),
    ) {
        let weights: Vec<u32> = rows.iter().map(|row| row.2).collect();
        let once: Vec<(u8, f64)> = rows.iter().map(|row| (row.0, row.1)).collect();
        let again: Vec<(u8, f64)> = rows
            .iter()
            .flat_map(|row| std::iter::repeat_n((row.0, row.1), row.2 as usize))
            .collect();
        let weighted = figures(&samples(&once), Some(&weights));
        let repeated = figures(&samples(&again), None);
        for (measure, value) in weighted.iter() {
            let other = repeated.get(measure);
            prop_assert_eq!(value.is_some(), other.is_some());
            let gap = value.zip(other).map_or(0.0, |(a, b)| (a - b).abs());
            prop_assert!(gap < 1e-9, "{:?}: {:?} and {:?}", measure, value, other);
        }
    }
}
