//! Evasions of our own, made by chance from the catalogue of what attackers do, against the gate as an operator
//! configures it: how many of each are found, whole and streamed, what is left of them, and what is found in
//! ordinary text. `docs/evasion.md` has the numbers.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod benign;
mod gate;
mod known;
mod lists;
mod ordinary;
mod redaction;
mod report;
mod rng;
mod rows;
mod run;
mod tables;
mod terms;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gate::{policy, redacted, whole};
use known::{Extent, KNOWN_MISSES, complaint};
use rng::Rng;
use rows::{Layer, ROWS, Row};
use run::{Outcome, run};
use terms::{Language, Planted, plant};
use tidegate::engine::Scratch;

/// How many misses are shown of a row that is tried alone.
const MISSES_SHOWN: usize = 100;

/// The rows that belong to a test of the catalogue.
fn rows_of(test: &str) -> Vec<&'static Row> {
    ROWS.iter().filter(|row| row.test == test).collect()
}

/// What must not happen with any variant of any row, found or not.
fn defects(row: &Row, outcome: &Outcome) -> Vec<String> {
    let kinds = [
        ("the stream differs", &outcome.streams_differ),
        ("found again after redaction", &outcome.found_again),
        ("text beside it changed", &outcome.neighbours_hurt),
    ];
    let several = kinds.iter().filter(|(_, cases)| !cases.is_empty());
    several
        .map(|(what, cases)| format!("{}: {what}, {} times: {}", row.id, cases.len(), cases[0]))
        .collect()
}

/// Tries a few variants of each of these rows.
fn check(rows: &[&Row]) -> Vec<Outcome> {
    assert!(!rows.is_empty());
    let mut wrong = Vec::new();
    let mut outcomes = Vec::new();
    for row in rows {
        let outcome = run(row, Extent::Quick.variants(row));
        assert!(outcome.variants > 0, "{} has variants", row.id);
        wrong.extend(complaint(row, &outcome, Extent::Quick));
        wrong.extend(defects(row, &outcome));
        outcomes.push(outcome);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    outcomes
}

#[test]
fn t02_case_width_styled_enclosed_and_raised_letters_are_seen_through() {
    check(&rows_of("T02"));
}

#[test]
fn t03_small_capitals_look_alikes_and_strokes_are_seen_through() {
    check(&rows_of("T03"));
}

#[test]
fn t04_marks_zalgo_and_zero_width_are_seen_through() {
    check(&rows_of("T04"));
}

#[test]
fn t05_hidden_channels_are_read_and_named() {
    for (row, outcome) in rows_of("T05").iter().zip(check(&rows_of("T05"))) {
        for visible in ["raw", "fold", "skeleton"] {
            assert!(
                !outcome.views.contains_key(visible),
                "{} is in no visible text: {visible}",
                row.id
            );
        }
    }
}

#[test]
fn t06_overrides_of_direction_backspaces_and_controls_are_seen_through() {
    check(&rows_of("T06"));
}

#[test]
fn t07_separators_lost_blanks_repeats_and_leet_are_seen_through() {
    check(&rows_of("T07"));
}

#[test]
fn t08_upside_down_and_reversed_text_is_seen_through() {
    check(&rows_of("T08"));
}

#[test]
fn t09_codings_of_bytes_and_escapes_are_decoded() {
    check(&rows_of("T09"));
}

#[test]
fn t10_rarer_codings_ciphers_signals_and_host_names_are_decoded() {
    check(&rows_of("T10"));
}

#[test]
fn e13_disguises_of_disguises_are_seen_through_in_any_order() {
    check(&rows_of("E13"));
}

#[test]
fn t12_chinese_forms_gaps_numerals_and_repeats_are_seen_through() {
    check(&rows_of("T12"));
}

#[test]
fn t13_pinyin_zhuyin_and_split_characters_are_seen_through() {
    check(&rows_of("T13"));
}

#[test]
fn t15_what_needs_a_classifier_is_reported_and_breaks_nothing() {
    check(&ROWS.iter().filter(|row| row.layer == Layer::Classify).collect::<Vec<_>>());
}

#[test]
fn presentation_forms_ligatures_markup_and_variants_are_seen_through() {
    check(
        &ROWS
            .iter()
            .filter(|row| row.test.is_empty() && row.layer != Layer::Classify)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn plain_terms_are_found_wherever_they_stand_and_nothing_is_in_the_sentences_around_them() {
    let mut scratch = Scratch::default();
    for language in [Language::English, Language::Chinese, Language::Arabic] {
        for (number, term) in
            (0..8).flat_map(|n| language.terms().iter().map(move |term| (n, term)))
        {
            let plain = plant(&mut Rng::of(&["plain", term], number), language, (*term).to_owned());
            let verdict = whole(policy(), &plain.text(), &mut scratch);
            let after = redacted(&plain.text(), &verdict);
            assert!(
                verdict.findings.iter().any(|hit| &*hit.matched == *term),
                "{:?}",
                plain.text()
            );
            assert!(after.starts_with(&plain.before) && after.ends_with(&plain.after), "{after:?}");
            let around = Planted { variant: "?".to_owned(), ..plain };
            let verdict = whole(policy(), &around.text(), &mut scratch);
            assert!(verdict.findings.is_empty(), "{:?}", around.text());
        }
    }
}

#[test]
fn the_list_of_misses_names_each_row_once_and_none_that_is_good() {
    let mut seen = Vec::new();
    for miss in KNOWN_MISSES {
        let row = ROWS.iter().find(|row| row.id == miss.id);
        let row = row.unwrap_or_else(|| panic!("{} is no row", miss.id));
        assert!(row.layer != Layer::Classify, "{}: no bar is set", miss.id);
        assert!(miss.quick < row.bar() || miss.full < row.bar(), "{} is good", miss.id);
        assert!(!seen.contains(&miss.id), "{} twice", miss.id);
        seen.push(miss.id);
    }
}

#[test]
fn the_document_has_a_line_for_each_row() {
    let document = report::document();
    for row in ROWS {
        let head = report::head(row);
        assert!(document.contains(&head), "`make evasion` writes docs/evasion.md; it lacks {head}");
    }
}

#[test]
#[ignore = "takes minutes: `make evasion` runs it"]
fn all_variants_are_tried_and_the_document_says_what_came_of_them() {
    let rows = run_all();
    let mut of_terms: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let shown = if chosen().is_some() { MISSES_SHOWN } else { 3 };
    for (row, outcome) in &rows {
        println!(
            "{:5} {:5} variants, {:4}‰ found, by {}",
            row.id,
            outcome.variants,
            outcome.recall(),
            outcome.view()
        );
        for missed in outcome.missed.iter().filter(|_| row.layer != Layer::Classify).take(shown) {
            println!("      missed {missed}");
        }
        if row.layer != Layer::Classify {
            for (term, count) in &outcome.of_terms {
                *of_terms.entry(term).or_default() += count;
            }
            let quick = run(row, Extent::Quick.variants(row)).recall();
            if quick < row.bar() || outcome.recall() < row.bar() {
                println!("    miss(\"{}\", {quick}, {}),", row.id, outcome.recall());
            }
        }
        wrong.extend(complaint(row, outcome, Extent::Full));
        wrong.extend(defects(row, outcome));
    }
    if chosen().is_some() {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        return;
    }
    report::write(&rows, &ordinary::measure());
    let many = of_terms.values().filter(|variants| **variants >= 300).count();
    assert!(many >= 40, "only {many} terms have 300 variants");
    let total = report::total(&rows);
    assert!(total >= 970, "{total}‰ of all are found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows that are to be tried alone, as in `EVASION_ROWS=C22,H03 make evasion`: all where that is not said.
#[expect(
    clippy::disallowed_methods,
    reason = "a choice of the one who runs it, no setting of the product"
)]
fn chosen() -> Option<String> {
    std::env::var("EVASION_ROWS").ok()
}

/// All rows in full, on as many threads as there are processors.
fn run_all() -> Vec<(&'static Row, Outcome)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = ROWS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if chosen().is_some_and(|ids| !ids.split(',').any(|id| id == row.id)) {
                        continue;
                    }
                    let outcome = run(row, Extent::Full.variants(row));
                    done.lock().expect("no thread panicked").push((row, outcome));
                }
            });
        }
    });
    let mut rows = done.into_inner().expect("no thread panicked");
    rows.sort_by_key(|(row, _)| ROWS.iter().position(|one| one.id == row.id));
    rows
}
