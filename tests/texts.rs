//! The training texts of ours are what their generator makes, and well formed.
#![expect(clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

const CATEGORIES: [&str; 7] =
    ["hate", "harassment", "sexual", "violence", "self_harm", "illicit", "jailbreak"];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn unpacked(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("the file is there");
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("it is gzip");
    text
}

fn shipped() -> String {
    unpacked(&project().join("config/models/texts.jsonl.gz"))
}

#[test]
fn the_texts_are_those_that_the_generator_makes() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("texts.jsonl.gz");
    let generator = project().join("tools/texts/make.py");
    let run =
        Command::new("python3").arg(generator).arg("-o").arg(&made).args(["--seed", "1"]).output();
    let run = run.expect("python3 runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(unpacked(&made) == shipped(), "run tools/texts/make.py, and train the model again");
}

#[test]
fn every_row_is_well_formed_and_no_text_stands_twice() {
    let mut texts = BTreeSet::new();
    let mut positives: BTreeMap<(String, String), usize> = BTreeMap::new();
    let shipped = shipped();
    for line in shipped.lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let text =
            |key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key}: {line}")).to_owned();
        assert!(texts.insert(text("text")), "twice: {line}");
        assert!(["en", "zh"].contains(&text("lang").as_str()), "{line}");
        assert!(["prompt", "completion"].contains(&text("role").as_str()), "{line}");
        assert!(text("source").starts_with("tidegate_"), "{line}");
        assert_eq!(row["labels"]["sexual_minors"].as_u64().unwrap_or(0), 0, "{line}");
        for category in CATEGORIES {
            let label = &row["labels"][category];
            assert!(label.is_null() || matches!(label.as_u64(), Some(0 | 1)), "{line}");
            if label.as_u64() == Some(1) {
                assert_eq!(row["labels"]["any"], 1, "{line}");
                *positives.entry((category.to_owned(), text("lang"))).or_default() += 1;
            }
        }
    }
    for category in CATEGORIES {
        for language in ["en", "zh"] {
            let found = positives.get(&(category.to_owned(), language.to_owned()));
            assert!(
                found.is_some_and(|&found| found >= 1_000),
                "{category} in {language}: {found:?}"
            );
        }
    }
}
