//! `tidegate train`.

use std::fs;

use ::tidegate::detect::linear::Preset;
use ::tidegate::detect::onnx::{Files, Onnx, Reading, Threads};

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

#[test]
fn the_head_of_an_encoder_is_trained_and_scores_new_texts() {
    let tiny = |name: &str| crate::project().join("tests/onnx/tiny").join(name);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), rows()).unwrap();
    fs::write(folder.path().join("recipe.yaml"), RECIPE).unwrap();
    let [encoder, tokenizer] = ["encoder.onnx", "tokenizer.json"].map(tiny);
    let files = [encoder.to_str().unwrap(), tokenizer.to_str().unwrap()];
    let train = |output: &str, threads: &str| {
        let arguments = ["train", "data.jsonl", "-o", output, "--recipe", "recipe.yaml"];
        let more = ["--encoder", files[0], "--tokenizer", files[1], "--threads", threads];
        tidegate(folder.path(), &[&arguments[..], &more].concat())
    };
    let outcome = train("a.tgh", "1");
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(outcome.out.starts_with("model small "), "{}", outcome.out);
    assert!(outcome.err.contains("embed: "), "{}", outcome.err);
    assert_eq!(train("b.tgh", "3").code, 0);
    let head = fs::read(folder.path().join("a.tgh")).unwrap();
    assert!(head == fs::read(folder.path().join("b.tgh")).unwrap(), "threads change nothing");
    let measure = ["eval", "data.jsonl", "--model", "a.tgh"];
    let more = ["--encoder", files[0], "--tokenizer", files[1]];
    let measured = tidegate(folder.path(), &[&measure[..], &more].concat());
    assert_eq!(measured.code, 0, "{}", measured.err);
    assert!(measured.out.contains("small@"), "{}", measured.out);
    let [model, words] = files.map(|file| fs::read(file).unwrap());
    let files = Files { model: &model, tokenizer: &words, head: Some(&head) };
    let threads = Threads::new(1);
    let onnx = Onnx::parse(files, Reading::default(), &threads).unwrap();
    let hate = |text: &str| onnx.scores(text, &threads).unwrap()[0];
    let least = onnx.threshold(0, Preset::Balanced, "a").unwrap();
    assert!(hate("all of them are vermin") >= least && hate("tea and a good day") < least);
}

#[test]
fn an_encoder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), rows()).unwrap();
    fs::write(folder.path().join("notes.txt"), "no model").unwrap();
    let tokenizer = crate::project().join("tests/onnx/tiny/tokenizer.json");
    let begin = ["train", "data.jsonl", "-o", "h.tgh", "--encoder", "notes.txt"];
    let alone = tidegate(folder.path(), &begin);
    assert!(alone.code == 2 && alone.err.contains("--tokenizer"), "{}", alone.err);
    let both = [&begin[..], &["--tokenizer", tokenizer.to_str().unwrap()]].concat();
    let outcome = tidegate(folder.path(), &both);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("this is no ONNX model that can be run"), "{}", outcome.err);
    assert!(!folder.path().join("h.tgh").is_file());
}
