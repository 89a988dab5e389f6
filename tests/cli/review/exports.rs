//! What goes out of the queues, and what comes in.

use serde_json::{Value, json};

use super::scene::{NASTY, is_plain, lines, member, scene};
use crate::{project, tidegate};

#[test]
fn an_import_is_taken_whole_or_not_at_all_and_once() {
    let scene = scene();
    let [first, second] = &scene.alike;
    let line = |item: &str, who: &str| json!({ "item": item, "judgement": "upheld", "reviewer": who, "note": "batch 7" });
    let good = format!("{}\n\n{}\n", line(first, "ann"), line(second, "ann"));
    let before = scene.fine(&["ledger"]).lines().count();
    let bad = format!(
        "{good}{}\n{}\n{{\"item\":\"{first}\",\"judgement\":\"maybe\",\"reviewer\":\"bo\"}}\nsecret words\n",
        line(first, "ann"),
        line(first, " "),
    );
    let refused = scene.import(&bad);
    assert_eq!(refused.code, 2);
    for expected in [
        "-:4: the same reviewer judges the same item as in line 1",
        "-:5: `reviewer` is empty",
        "-:6: unknown variant `maybe`",
        "-:7: this is no judgement in JSON",
        "nothing was taken in: 4 of the lines",
    ] {
        assert!(refused.err.contains(expected), "{expected}: {}", refused.err);
    }
    assert!(!refused.err.contains("secret"), "{}", refused.err);
    let unknown = scene.import(&format!("{good}{}\n", line("no-such-item", "ann")));
    assert!(
        unknown.code == 2 && unknown.err.contains("-:4: there is no item with this id"),
        "{}",
        unknown.err
    );
    assert_eq!(scene.fine(&["ledger"]).lines().count(), before);
    assert_eq!(scene.import(&good).out, "2 judgements are new, 0 were there\n");
    let after = scene.fine(&["ledger"]).lines().count();
    assert_eq!(after, before + 3);
    assert_eq!(scene.import(&good).out, "0 judgements are new, 2 were there\n");
    assert_eq!(scene.fine(&["ledger"]).lines().count(), after);
    let crowd: String = ["bo", "cy", "di"].map(|who| format!("{}\n", line(first, who))).concat();
    let crowd = scene.import(&crowd);
    assert!(
        crowd.code == 2 && crowd.err.contains("-:3: three people have judged the item"),
        "{}",
        crowd.err
    );
}

#[test]
fn pairs_of_answers_have_the_forms_that_trainers_read() {
    let scene = scene();
    let [first, _] = &scene.alike;
    scene.by("ann", &["judge", &scene.answer, "upheld", "--edited", "A guest.\n你好"]);
    scene.by("ann", &["judge", first, "upheld"]);
    let export = |form: &str| scene.review(&["export", "--format", form, "--reviewer", "ann"]);
    let dpo = export("dpo");
    let expected = json!({
        "prompt": [
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": "Who am I?" },
        ],
        "chosen": [{ "role": "assistant", "content": "A guest.\n你好" }],
        "rejected": [{ "role": "assistant", "content": NASTY }],
    });
    assert_eq!(lines(&dpo.out), std::slice::from_ref(&expected));
    assert!(is_plain(&dpo.out));
    assert_eq!(dpo.err, "1 settled items left out: no judgement has an edited answer\n1 rows\n");
    let openai = json!({
        "input": { "messages": member(&expected, "/prompt") },
        "preferred_output": member(&expected, "/chosen"),
        "non_preferred_output": member(&expected, "/rejected"),
    });
    assert_eq!(lines(&export("openai").out), [openai]);
    let acts = lines(&scene.fine(&["ledger"]));
    assert!(
        acts.iter()
            .any(|act| member(act, "/act") == "export" && member(act, "/detail/format") == "dpo")
    );
}

#[test]
fn labelled_rows_are_what_an_evaluation_reads_with_their_weight() {
    let scene = scene();
    let [first, second] = &scene.alike;
    scene.by("ann", &["judge", first, "upheld"]);
    scene.by("ann", &["judge", second, "overturned"]);
    let export = scene.by("ann", &["export", "--format", "eval", "--queue", "samples"]);
    let rows = lines(&export);
    let labels: Vec<&Value> = rows.iter().map(|row| member(row, "/labels/harassment")).collect();
    assert_eq!(labels, [&json!(1), &json!(0)]);
    assert!(
        rows.iter()
            .all(|row| member(row, "/weight") == 4.0 && member(row, "/text") == "=SUM(A1) idiot")
    );
    std::fs::write(scene.path().join("rows.jsonl"), &export).expect("a file");
    let policy = project().join("config/policies/starter.yaml");
    let policy = policy.to_string_lossy();
    let measured =
        tidegate(scene.path(), &["eval", "rows.jsonl", "--policy", &policy, "--format", "json"]);
    assert!(measured.code < 2, "{}", measured.err);
    assert!(measured.out.contains("harassment"), "{}", measured.out);
    let none = scene.by("ann", &["export", "--format", "eval", "--since", "2999-01-01"]);
    assert_eq!(none, "");
}

#[test]
fn a_table_has_no_formulas_and_the_whole_record_has_everything() {
    let scene = scene();
    let [first, _] = &scene.alike;
    scene.by("ann", &["judge", first, "overturned", "--note", "@cmd", "--category", "hate"]);
    scene.by("ann", &["judge", &scene.answer, "upheld"]);
    let table = scene.by("ann", &["export", "--format", "csv"]);
    assert!(is_plain(&table), "{table:?}");
    let mut read = csv::Reader::from_reader(table.as_bytes());
    let headings = read.headers().expect("headings").clone();
    let rows: Vec<csv::StringRecord> = read.records().map(|row| row.expect("a row")).collect();
    let of = |row: &csv::StringRecord, name: &str| {
        let at = headings.iter().position(|heading| heading == name).expect("a column");
        row.get(at).unwrap_or_default().to_owned()
    };
    let row = rows.iter().find(|row| of(row, "item") == *first).expect("the item");
    assert_eq!(
        (of(row, "text"), of(row, "notes")),
        ("'=SUM(A1) idiot".to_owned(), "'@cmd".to_owned())
    );
    assert_eq!(
        (of(row, "outcome"), of(row, "outcome_category")),
        ("overturned".to_owned(), "hate".to_owned())
    );
    let records = lines(&scene.by("ann", &["export"]));
    assert_eq!(records.len(), 2);
    let record =
        records.iter().find(|row| member(row, "/item") == &json!(first)).expect("the item");
    assert_eq!(member(record, "/judgements/0/note"), "@cmd");
    assert_eq!(member(record, "/about/passages/0/text"), "=SUM(A1) idiot");
}

#[test]
fn ratings_are_scored_and_listed() {
    let scene = scene();
    let stats = scene.fine(&["stats"]);
    assert!(stats.contains("ROUTE") && stats.contains("1–5") && stats.contains("40.0"), "{stats}");
    let stats = lines(&scene.fine(&["stats", "--format", "json"])).remove(0);
    let route = member(&stats, "/satisfaction/0");
    assert_eq!((member(route, "/route"), member(route, "/answers")), (&json!("chat"), &json!(10)));
    assert_eq!((member(route, "/promoters"), member(route, "/detractors")), (&json!(6), &json!(2)));
    let later =
        lines(&scene.fine(&["stats", "--since", "2999-01-01", "--format", "json"])).remove(0);
    assert_eq!(member(&later, "/rules"), &json!([]));
    let feedback = lines(&scene.fine(&["feedback", "--limit", "11", "--format", "json"]));
    assert_eq!(feedback.len(), 11);
    assert_eq!(member(feedback.last().expect("an appeal"), "/kind"), "appeal");
}
