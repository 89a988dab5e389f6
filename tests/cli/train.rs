//! `tidegate train`.

use std::fs;

use crate::tidegate;

const RECIPE: &str = "version: 1\nname: small\ncategories:\n  hate: { field: hate }\ntraining: { bits: 12, epochs: 3, file_bytes: 100000 }\n";

/// 700 rows of which every other is hateful.
fn rows() -> String {
    let words = ["tea", "rain", "boats", "maps", "bread", "music", "trains"];
    let mut rows = Vec::new();
    for length in 1..=50_usize {
        for word in words {
            for (end, hate) in [("are nice", 0), ("are vermin", 1)] {
                let (name, number) = ("a".repeat(length), length % 2);
                let text = format!("{name} {word} and {number} {end}");
                rows.push(format!(r#"{{"text":"{text}","labels":{{"hate":{hate}}}}}"#));
            }
        }
    }
    rows.join("\n") + "\n"
}

#[test]
fn a_training_writes_the_model_and_its_report_and_says_how_good_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), rows() + "{\"text\":\n").unwrap();
    fs::write(folder.path().join("recipe.yaml"), RECIPE).unwrap();
    let arguments =
        ["train", "data.jsonl", "-o", "m.tgm", "--recipe", "recipe.yaml", "--report", "r.json"];
    let outcome = tidegate(folder.path(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(outcome.out.starts_with("model small "), "{}", outcome.out);
    assert!(outcome.err.contains("data.jsonl:701: "), "{}", outcome.err);
    assert!(outcome.err.contains("1 of 701 rows left out"), "{}", outcome.err);
    let model = fs::read(folder.path().join("m.tgm")).unwrap();
    let model = ::tidegate::detect::linear::Model::parse(&model).unwrap();
    assert_eq!(model.labels()[0].name, "hate");
    let report = fs::read(folder.path().join("r.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["revision"], model.revision());
}

#[test]
fn a_strict_training_stops_at_the_first_bad_row_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "{\"text\":\"x\",\"labels\":{\"hate\":7}}\n";
    fs::write(folder.path().join("data.jsonl"), format!("{}{bad}{bad}", rows())).unwrap();
    let outcome = tidegate(folder.path(), &["train", "data.jsonl", "-o", "m.tgm", "--strict"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.starts_with("error: data.jsonl:701: label `hate` is 7"), "{}", outcome.err);
    assert!(!folder.path().join("m.tgm").is_file());
}

#[test]
fn what_cannot_be_trained_on_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.jsonl"), "{\"text\":\"x\",\"labels\":{\"hate\":1}}\n")
        .unwrap();
    fs::write(folder.path().join("recipe.yaml"), RECIPE.replace("epochs: 3", "epoch: 3")).unwrap();
    let cases = [
        (&["train", "none", "-o", "m.tgm"][..], "cannot read none"),
        (&["train", ".", "-o", "m.tgm", "--holdout", "2"], "from 0.02 to 0.9 is possible"),
        (&["train", "one.jsonl", "-o", "m.tgm"], "row"),
        (&["train", ".", "-o", "m.tgm", "--recipe", "recipe.yaml"], "did you mean `epochs`?"),
    ];
    for (arguments, expected) in cases {
        let outcome = tidegate(folder.path(), arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(outcome.err.contains(expected), "{arguments:?}: {}", outcome.err);
    }
}
