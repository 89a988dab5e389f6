//! The training texts of ours: what lies in the project is what the generator writes, and it keeps what its card promises.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde_json::Value;

const CATEGORIES: &[&str] = &[
    "hate",
    "harassment",
    "sexual",
    "sexual_minors",
    "violence",
    "self_harm",
    "illicit",
    "jailbreak",
];

/// A file of the project that is larger has no place in a repository.
const LARGEST: u64 = 3 << 20;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn packed() -> PathBuf {
    root("config/models/texts.jsonl.gz")
}

fn unpacked() -> String {
    let file = std::fs::File::open(packed()).expect("the texts");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip of UTF-8");
    text
}

/// The rows, read once for all tests.
static ROWS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    unpacked().lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
});

fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name} in {row}"))
}

/// 1, 0 or nothing for a category.
fn label(row: &Value, category: &str) -> Option<u64> {
    row.get("labels").and_then(|labels| labels.get(category)).and_then(Value::as_u64)
}

fn labelled(rows: &[Value], category: &str, lang: &str, value: u64) -> usize {
    rows.iter()
        .filter(|row| field(row, "lang") == lang && label(row, category) == Some(value))
        .count()
}

#[test]
fn the_generator_writes_the_file_byte_for_byte_and_its_card_counts_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let (output, table) = (folder.path().join("texts.jsonl"), folder.path().join("table.md"));
    let made = Command::new("python3")
        .arg(root("tools/texts/make.py"))
        .args(["--seed", "1", "-o"])
        .arg(&output)
        .arg("--table")
        .arg(&table)
        .output()
        .expect("python3, which writes the texts, can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let written = std::fs::read_to_string(&output).expect("what was written");
    let kept = unpacked();
    let differs = kept.lines().zip(written.lines()).position(|(left, right)| left != right);
    assert!(
        kept == written,
        "row {differs:?} differs: run python3 tools/texts/make.py -o config/models/texts.jsonl.gz --seed 1"
    );
    let card = std::fs::read_to_string(root("config/models/texts.md")).expect("the card");
    let table = std::fs::read_to_string(table).expect("the tables");
    assert!(card.contains(&table), "config/models/texts.md should show these counts:\n{table}");
    assert!(
        card.contains(&format!("holds {} short texts", kept.lines().count())),
        "the card tells another number"
    );
}

#[test]
fn every_row_is_whole_and_every_text_there_once() {
    assert!(std::fs::metadata(packed()).expect("the file").len() <= LARGEST);
    let rows = &*ROWS;
    assert!((30_000..=90_000).contains(&rows.len()), "{} rows", rows.len());
    let mut texts = BTreeSet::new();
    for row in rows {
        let text = field(row, "text");
        assert!(!text.trim().is_empty() && text.chars().count() <= 4_000, "{row}");
        assert!(texts.insert(text.to_lowercase()), "twice: {text}");
        assert!(field(row, "source").starts_with("tidegate_"), "{row}");
        assert!(matches!(field(row, "lang"), "en" | "zh"), "{row}");
        assert!(matches!(field(row, "role"), "prompt" | "completion"), "{row}");
        assert!(!text.contains("{X}") && !text.contains("{G."), "a slot was left: {text}");
    }
}

#[test]
fn labels_are_0_1_or_unknown_and_any_sums_them_up() {
    for row in &*ROWS {
        let labels = row.get("labels").and_then(Value::as_object).expect("labels");
        assert_eq!(labels.len(), CATEGORIES.len() + 1, "{row}");
        for category in CATEGORIES {
            let value = labels.get(*category).unwrap_or_else(|| panic!("no {category} in {row}"));
            assert!(value.is_null() || matches!(value.as_u64(), Some(0 | 1)), "{row}");
        }
        let some = CATEGORIES.iter().any(|category| label(row, category) == Some(1));
        assert_eq!(label(row, "any"), Some(u64::from(some)), "{row}");
    }
}

#[test]
fn no_row_is_about_the_sexuality_of_minors() {
    let young = [
        "child",
        "kid",
        "school",
        "teen",
        "underage",
        "daughter",
        "young",
        "未成年",
        "少女",
        "学生",
        "儿童",
        "幼",
    ];
    for row in &*ROWS {
        assert_eq!(label(row, "sexual_minors"), Some(0), "{row}");
        if label(row, "sexual") == Some(1) {
            let text = field(row, "text").to_lowercase();
            let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic()).collect();
            let named = young.iter().find(|term| {
                if term.is_ascii() {
                    words.iter().any(|word| word.starts_with(**term))
                } else {
                    text.contains(**term)
                }
            });
            assert!(named.is_none(), "{named:?} in {row}");
        }
    }
}

#[test]
fn each_category_has_both_sides_in_both_languages_and_roles() {
    let rows = &*ROWS;
    for lang in ["en", "zh"] {
        let benign = labelled(rows, "any", lang, 0);
        let harmful = labelled(rows, "any", lang, 1);
        assert!(benign * 2 >= harmful * 3, "{lang}: {benign} harmless, {harmful} harmful");
        for category in CATEGORIES.iter().filter(|category| **category != "sexual_minors") {
            let count = labelled(rows, category, lang, 1);
            assert!(count >= 700, "{lang} {category}: {count}");
        }
        for role in ["prompt", "completion"] {
            for value in [0, 1] {
                let there = rows
                    .iter()
                    .filter(|row| field(row, "lang") == lang && field(row, "role") == role)
                    .filter(|row| label(row, "any") == Some(value))
                    .count();
                assert!(there >= 1_000, "{lang} {role} any={value}: {there}");
            }
        }
    }
}

#[test]
fn every_identity_group_stands_in_more_harmless_rows_than_hateful_ones() {
    let mut groups: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for row in &*ROWS {
        if let Some(group) = row.get("group").and_then(Value::as_str) {
            let counts =
                groups.entry((field(row, "lang").to_owned(), group.to_owned())).or_default();
            if label(row, "hate") == Some(1) { counts.0 += 1 } else { counts.1 += 1 }
        }
    }
    for lang in ["en", "zh"] {
        assert!(groups.keys().filter(|(of, _)| of == lang).count() >= 25, "{lang}");
    }
    for (group, (hateful, harmless)) in groups {
        assert!(
            hateful > 0 && harmless * 2 > hateful * 3,
            "{group:?}: {hateful} hateful, {harmless} harmless"
        );
    }
}

#[test]
fn length_does_not_tell_the_class() {
    let rows = &*ROWS;
    for lang in ["en", "zh"] {
        let median = |value: u64| {
            let mut lengths: Vec<usize> = rows
                .iter()
                .filter(|row| field(row, "lang") == lang && label(row, "any") == Some(value))
                .map(|row| field(row, "text").chars().count())
                .collect();
            lengths.sort_unstable();
            *lengths.get(lengths.len() / 2).expect("rows of both classes")
        };
        let (harmless, harmful) = (median(0), median(1));
        assert!(
            harmless * 4 >= harmful * 3 && harmful * 4 >= harmless * 3,
            "{lang}: {harmless} and {harmful} characters"
        );
    }
}
