//! Training from end to end, on texts that are made up here.

use std::collections::BTreeMap;

use super::pipeline::in_parallel;
use super::*;
use crate::config::{LoadedRecipe, load_recipe};
use crate::detect::linear::{Context, Group, Model, Preset};

struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &'static str, _: usize) {}
    fn done(&self, _: usize) {}
}

fn recipe(training: &str) -> LoadedRecipe {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.yaml");
    let text = format!(
        "version: 1\nname: small\nseed: 7\ncategories:\n  self-harm: {{ field: self_harm }}\n  hate: {{ field: hate, blocks: 4 }}\ntraining: {{ {training} }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let (recipe, problems) = load_recipe(Some(&path));
    assert!(!problems.has_errors(), "{problems:?}");
    recipe.unwrap()
}

fn row(text: String, source: &str, labels: &[(&str, Option<bool>)]) -> Row {
    let labels: BTreeMap<_, _> =
        labels.iter().map(|&(name, label)| (name.to_owned(), label)).collect();
    let lang = if text.is_ascii() { "en" } else { "zh" };
    Row {
        text,
        lang: lang.to_owned(),
        source: source.to_owned(),
        role: "prompt".to_owned(),
        labels,
        weight: 1.0,
    }
}

/// Some thousand rows: words of one kind are hateful, of another about self-harm, in two languages.
fn rows() -> Vec<Row> {
    let subjects = ["bread", "boats", "the moon", "rivers", "old maps", "trains", "music", "tea"];
    let verbs = ["likes", "paints", "buys", "watches", "draws", "finds", "keeps", "sells"];
    let han = ["面包", "小船", "月亮", "河流", "地图", "火车", "音乐", "茶叶"];
    let mut rows = Vec::new();
    for number in 0..1500_usize {
        let (a, b, c) = (number % 8, number / 8 % 8, number / 64);
        let name: String = char::from_u32(0x61 + u32::try_from(c).unwrap()).unwrap().into();
        let plain = format!("{name}{} {} {}", subjects[c % 8], verbs[b], subjects[a]);
        let chinese = format!("{}和{}在{}旁边{name}", han[a], han[b], han[c % 8]);
        rows.push(row(plain.clone(), "calm", &[("any", Some(false))]));
        rows.push(row(
            chinese.clone(),
            "calm",
            &[("hate", Some(false)), ("self_harm", Some(false))],
        ));
        match number % 4 {
            0 => rows.push(row(
                format!("{plain} and all gronks are vermin"),
                "loud",
                &[("hate", Some(true)), ("self_harm", Some(false))],
            )),
            1 => rows.push(row(
                format!("{chinese}怪人都是害虫"),
                "loud",
                &[("hate", Some(true)), ("self_harm", Some(false))],
            )),
            2 => rows.push(row(
                format!("{plain} so I wish to hurt myself"),
                "loud",
                &[("self_harm", Some(true)), ("hate", Some(false))],
            )),
            _ => rows.push(row(
                format!("{plain} unknown"),
                "loud",
                &[("hate", None), ("any", Some(true))],
            )),
        }
    }
    rows
}

const TRAINING: &str = "bits: 14, epochs: 6, rate: 0.2, file_bytes: 200000";

fn trained(threads: usize) -> Trained {
    let options = Options { threads, ..Options::default() };
    train(&rows(), &recipe(TRAINING), options, &Silent).unwrap()
}

#[test]
fn a_small_training_learns_and_its_file_scores_new_texts() {
    let trained = trained(2);
    let model = Model::parse(&trained.bytes).unwrap();
    let names: Vec<&str> = model.labels().iter().map(|label| label.name.as_str()).collect();
    assert_eq!((names, model.card().seed), (vec!["self-harm", "hate"], 7));
    let flagged = |text: &str| -> Vec<bool> {
        let scores = model.score(text, &Context::default());
        let at = |lane| model.threshold(lane, Preset::Balanced, scores.group).unwrap();
        scores.all().iter().enumerate().map(|(lane, score)| score.probability >= at(lane)).collect()
    };
    assert_eq!(flagged("we saw it: all gronks are vermin"), [false, true]);
    assert_eq!(flagged("昨天有人说怪人都是害虫"), [false, true]);
    assert_eq!(flagged("some days I wish to hurt myself"), [true, false]);
    assert_eq!(flagged("zbread likes rivers"), [false, false]);
    assert_eq!(flagged("面包和茶叶在河流旁边"), [false, false]);
}

#[test]
fn the_report_counts_what_was_held_back() {
    let Trained { report, bytes } = trained(2);
    assert_eq!(report.bytes, bytes.len());
    let [train, tune, held] = report.rows;
    // Copies: letters and labels of each of 1500 rounds repeat only where the round's parts do.
    assert_eq!(train + tune + held + report.copies, rows().len());
    assert!(tune > 400 && held > 400 && train > 2000, "{:?}", report.rows);
    let line = |category: &str, language: &str| {
        report
            .categories
            .iter()
            .find(|it| it.category == category && it.language == language)
            .unwrap()
    };
    assert!(line("hate", "all").average_precision.unwrap() > 0.99);
    assert!(line("hate", "zh").recall.unwrap() > 0.9);
    assert!(line("self-harm", "en").f1.unwrap() > 0.9);
    // No Chinese row of self-harm: no figure instead of a wrong one.
    assert_eq!(line("self-harm", "zh").average_precision, None);
    let any = report
        .benign
        .iter()
        .find(|it| it.texts == "everyday" && it.group == "zh" && it.category == "any");
    assert!(any.unwrap().flagged[1] < 0.03);
    let of = line("hate", "all");
    let [low, high] = of.intervals["average_precision"];
    let value = of.average_precision.unwrap();
    // Sums of other orders may differ in the last digit.
    assert!(low <= value + 1e-9 && value <= high + 1e-9, "{low} {value} {high}");
    assert!(low > 0.9 && of.intervals.contains_key("f1") && of.intervals.len() == 5);
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["schema"], "tidegate.training/v1");
    assert!(report.table().contains("flagged of harmless texts"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_number_of_threads() {
    let one = trained(1).bytes;
    for threads in [2, 5] {
        assert!(trained(threads).bytes == one, "{threads} threads");
    }
    let options = Options { seed: Some(8), threads: 2, ..Options::default() };
    assert!(train(&rows(), &recipe(TRAINING), options, &Silent).unwrap().bytes != one);
}

#[test]
fn what_nobody_has_labelled_teaches_nothing() {
    let mut rows = rows();
    let before = train(&rows, &recipe(TRAINING), Options::default(), &Silent).unwrap();
    rows.retain(|row| row.labels.get("any") != Some(&Some(true)));
    let after = train(&rows, &recipe(TRAINING), Options::default(), &Silent).unwrap();
    let counts = |trained: &Trained| -> Vec<(usize, usize)> {
        trained.report.training.iter().map(|it| (it.positives, it.negatives)).collect()
    };
    assert_eq!(counts(&before), counts(&after));
}

#[test]
fn caps_and_weights_of_sources_are_kept() {
    let mut recipe = recipe(TRAINING);
    let rule = crate::config::recipe_file::RecipeSource { cap: Some(100), ..Default::default() };
    recipe.file.sources = crate::config::Named(vec![("loud".to_owned(), rule)]);
    let report = train(&rows(), &recipe, Options::default(), &Silent).unwrap().report;
    let model_rows: usize = report.rows.iter().sum();
    assert_eq!(model_rows + report.copies + report.capped, rows().len());
    assert!(report.capped > 1000);
}

#[test]
fn a_row_that_stands_for_many_teaches_more() {
    let taught = |weight: f64| {
        let mut rows = rows();
        // A part of them: the two sides of a category are balanced as wholes.
        rows.iter_mut().step_by(3).for_each(|row| row.weight = weight);
        let options = Options { threads: 2, ..Options::default() };
        train(&rows, &recipe(TRAINING), options, &Silent).unwrap().bytes
    };
    let once = trained(2).bytes;
    assert!(taught(1.0) == once && taught(5.0) != once);
}

#[test]
fn nothing_to_learn_is_an_error_that_says_so() {
    let train_on = |rows: &[Row]| {
        train(rows, &recipe(TRAINING), Options::default(), &Silent).unwrap_err().to_string()
    };
    assert!(train_on(&[]).starts_with("none of the 0 rows"));
    let harmless: Vec<Row> = rows().into_iter().filter(|row| row.source == "calm").collect();
    assert!(train_on(&harmless).contains("self_harm, hate"), "{}", train_on(&harmless));
    // One category with one class alone: the other is still learnt, and the one is never found.
    let hate: Vec<Row> =
        rows().into_iter().filter(|row| row.labels.get("self_harm") != Some(&Some(true))).collect();
    let model =
        Model::parse(&train(&hate, &recipe(TRAINING), Options::default(), &Silent).unwrap().bytes)
            .unwrap();
    let of = |text: &str| model.score(text, &Context::default()).all()[0].probability;
    assert!(of("I wish to hurt myself") < 1e-9 && of("rivers") < 1e-9);
    assert!(of("rivers") < model.threshold(0, Preset::Strict, Group::Other).unwrap());
}

#[test]
fn jobs_come_back_in_their_order() {
    assert_eq!(in_parallel(100, 4, |job| job * 2), (0..200).step_by(2).collect::<Vec<_>>());
    assert!(in_parallel(0, 4, |job| job).is_empty());
}

#[test]
fn a_mistake_in_a_recipe_is_named_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.yaml");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let (_, problems) = load_recipe(Some(&path));
        crate::config::render(&problems, crate::config::Format::Full, false)
    };
    let good = "version: 1\nname: x\ncategories:\n  hate: { field: hate }\n";
    assert_eq!(read(good), "No problems.\n");
    for (line, expected) in [
        ("trainin: { rate: 0.1 }", "did you mean `training`?"),
        ("training: { bits: 40 }", "22"),
        ("split: { holdout: 0% }", "from 2% to 90% are possible"),
        ("alarms: { low: 3% }", "low ≤ balanced ≤ strict"),
    ] {
        let problems = read(&format!("{good}{line}\n"));
        assert!(problems.contains(expected) && problems.contains("recipe.yaml:5"), "{problems}");
    }
    assert!(load_recipe(None).0.is_some_and(|recipe| recipe.file.name == "default"));
}

#[test]
fn the_model_that_is_shipped_is_the_one_of_its_recipe_and_its_card() {
    let model = Model::builtin();
    let recipe = load_recipe(None).0.unwrap();
    assert_eq!(
        model.card().recipe,
        recipe.sha256,
        "the recipe has changed: make model DATA=FOLDER"
    );
    let card = include_str!("../../../config/models/default.md");
    assert!(
        card.contains(&format!("revision `{}`", model.revision())),
        "the card is of another model"
    );
    assert!(card.contains(&recipe.sha256));
    for source in &model.card().sources {
        assert!(
            card.contains(&format!("| {} | {} |", source.name, source.rows)),
            "{}",
            source.name
        );
    }
}
