//! Rows as data sets have them, and what is said of rows that are none.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::lines::LONGEST_ROW;
use super::*;
use crate::domain::Phase;

/// Everything in a file: rows, and complaints with their lines.
fn read_file(path: &Path, form: Option<Form>, fields: &Fields) -> (Vec<Row>, Vec<String>) {
    let found = sources(&[path.to_owned()], form).expect("sources");
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    for row in Rows::new(found, fields.clone()) {
        match row.expect("readable") {
            Ok(row) => rows.push(row),
            Err(complaint) => bad.push(format!("{}: {}", complaint.place.line, complaint.what)),
        }
    }
    (rows, bad)
}

fn written(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a file");
    (folder, path)
}

fn read(name: &str, content: &str, fields: &Fields) -> (Vec<Row>, Vec<String>) {
    let (_folder, path) = written(name, content.as_bytes());
    read_file(&path, None, fields)
}

/// The labels of one row of JSON Lines.
fn labels(record: &str) -> Result<Labels, String> {
    labels_by(record, &Fields::default())
}

fn labels_by(record: &str, fields: &Fields) -> Result<Labels, String> {
    let (rows, bad) = read("a.jsonl", record, fields);
    rows.into_iter().next().map(|row| row.labels).ok_or_else(|| bad.concat())
}

fn named(labels: &Labels) -> Vec<(&str, bool)> {
    labels.named().collect()
}

#[test]
fn a_row_has_its_text_its_way_its_labels_and_its_groups() {
    let line = r#"{"id":"a-1","text":"hi 你好","lang":"zh","role":"completion","labels":{"hate":1,"self_harm":0,"sexual_minors":null},"group":["x","y","x"]}"#;
    let (rows, bad) = read("a.jsonl", line, &Fields::default());
    assert_eq!(bad, [""; 0]);
    let row = rows.first().expect("a row");
    assert_eq!((row.text.as_str(), row.id.as_deref()), ("hi 你好", Some("a-1")));
    assert_eq!(row.phase, Phase::Completion);
    assert_eq!(row.groups, [vec!["zh"], vec!["x", "y"]]);
    assert_eq!(named(&row.labels), [("any", true), ("hate", true), ("self-harm", false)]);
    assert_eq!(row.labels.of("sexual/minors"), None);
    assert_eq!(row.place.line, 1);
}

#[test]
fn what_was_not_annotated_is_not_zero() {
    let known = labels(r#"{"text":"a","labels":{"hate":null,"violence":0}}"#).expect("labels");
    assert_eq!(
        (known.of("hate"), known.of("violence"), known.of("sexual")),
        (None, Some(false), None)
    );
    // Not all of it is known, so it is not known that nothing applies.
    assert_eq!(known.of("any"), None);
    let nothing = labels(r#"{"text":"a","labels":{"hate":null}}"#).expect("labels");
    assert!(nothing.is_empty());
}

#[test]
fn any_follows_from_the_rest_where_the_row_does_not_say_it() {
    let any = |record| labels(record).expect("labels").of(ANY);
    assert_eq!(any(r#"{"text":"a","labels":{"hate":1,"violence":null}}"#), Some(true));
    assert_eq!(any(r#"{"text":"a","labels":{"hate":0,"violence":0}}"#), Some(false));
    assert_eq!(any(r#"{"text":"a","labels":{"hate":0,"any":1}}"#), Some(true));
    assert_eq!(any(r#"{"text":"a","labels":{"hate":1,"any":0}}"#), Some(false));
}

#[test]
fn a_label_in_one_column_is_a_flag_a_word_or_several() {
    let of = |value: &str| labels(&format!(r#"{{"text":"a","label":{value}}}"#)).expect("labels");
    for benign in ["0", "false", "\"0\"", "\"benign\"", "\"Safe\"", "[]", "\"0.0\""] {
        let labels = of(benign);
        assert_eq!((labels.of("any"), labels.of("hate")), (Some(false), Some(false)), "{benign}");
    }
    for harmful in ["1", "true", "\"1\"", "\"harmful\"", "\"unsafe\"", "1.0"] {
        let labels = of(harmful);
        assert_eq!((labels.of("any"), labels.of("hate")), (Some(true), None), "{harmful}");
    }
    for several in ["\"hate, self_harm\"", "[\"Hate\", \"self harm\"]", "\"hate|self-harm\""] {
        let labels = of(several);
        assert_eq!(
            named(&labels),
            [("any", true), ("hate", true), ("self-harm", true)],
            "{several}"
        );
        assert_eq!(labels.of("violence"), None);
    }
    for unknown in ["null", "\"\"", "\"null\""] {
        assert!(of(unknown).is_empty(), "{unknown}");
    }
    assert_eq!(of("\"{\\\"hate\\\": 0, \\\"violence\\\": 1}\"").of("violence"), Some(true));
}

#[test]
fn a_flag_is_about_the_category_that_is_named() {
    let fields = Fields { category: "hate".to_owned(), ..Fields::default() };
    let labels = labels_by(r#"{"text":"a","label":0}"#, &fields).expect("labels");
    assert_eq!((labels.of("hate"), labels.of("violence")), (Some(false), None));
    let labels = labels_by(r#"{"text":"a","label":"toxic"}"#, &fields).expect("labels");
    assert_eq!((labels.of("hate"), labels.of("any")), (Some(true), Some(true)));
}

#[test]
fn labels_may_stand_in_fields_of_their_own() {
    let field = |field: &str, category: Option<&str>| LabelField {
        field: field.to_owned(),
        category: category.map(str::to_owned),
    };
    let fields = Fields {
        labels: vec![
            field("S", Some("sexual")),
            field("scores.H2", Some("hate_threatening")),
            field("harassment", None),
        ],
        text: "prompt".to_owned(),
        ..Fields::default()
    };
    let labels = labels_by(r#"{"prompt":"a","S":0,"scores":{"H2":1}}"#, &fields).expect("labels");
    assert_eq!(named(&labels), [("any", true), ("hate/threatening", true), ("sexual", false)]);
    assert_eq!(labels.of("harassment"), None);
    // A field that is not there was not annotated, so that nothing follows for `any`.
    let labels = labels_by(r#"{"prompt":"a","S":0}"#, &fields).expect("labels");
    assert_eq!(labels.of("any"), None);
    assert!(labels_by(r#"{"prompt":"a"}"#, &fields).is_err());
}

#[test]
fn scores_are_labels_only_where_somebody_says_from_where_on() {
    let scored = r#"{"text":"a","labels":{"hate":0.7,"violence":0.2}}"#;
    let complaint = labels(scored).expect_err("a score");
    assert_eq!(
        complaint,
        "1: `labels.hate` is 0.7; a label is 1, 0 or null (for scores, `--positive-from 0.5`)"
    );
    let fields = Fields { positive_from: Some(0.5), ..Fields::default() };
    let labels = labels_by(scored, &fields).expect("labels");
    assert_eq!(named(&labels), [("any", true), ("hate", true), ("violence", false)]);
}

#[test]
fn a_row_may_bring_scores_from_elsewhere() {
    let fields = Fields { score: Some("model".to_owned()), ..Fields::default() };
    let content = [
        r#"{"text":"a","label":1,"model":{"self_harm":0.25,"hate":null}}"#,
        r#"{"text":"a","label":1,"model":"0.5"}"#,
        r#"{"text":"a","label":1}"#,
        r#"{"text":"a","label":1,"model":{"hate":"high"}}"#,
        r#"{"text":"a","label":1,"model":"NaN"}"#,
    ];
    let (rows, bad) = read("a.jsonl", &content.join("\n"), &fields);
    let scores: Vec<Scores> = rows.into_iter().map(|row| row.scores).collect();
    let one = |name: &str, score| Scores::from([(name.to_owned(), score)]);
    assert_eq!(scores, [one("self-harm", 0.25), one("any", 0.5), Scores::new()]);
    let complaint = "`model` holds something that is not a number";
    assert_eq!(bad, [format!("4: {complaint}"), format!("5: {complaint}")]);
}

#[test]
fn every_row_that_cannot_be_used_is_named_with_its_line() {
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(LONGEST_ROW));
    let content = format!(
        "\u{feff}{}\n\n[1]\n{{\"text\": 3, \"label\": 1}}\n{{\"label\": 1}}\nnot json\n{}\n{}\n{}\n{}\r\n{}\n{}",
        r#"{"text":"fine","label":1}"#,
        long,
        r#"{"text":"a","label":{"hate":"maybe"}}"#,
        r#"{"text":"a","label":1,"role":"judge"}"#,
        r#"{"text":"a"}"#,
        r#"{"text":"a","label":"benign,hate"}"#,
        r#"{"text":"fine too","label":0}"#,
    );
    let (rows, bad) = read("a.jsonl", &content, &Fields::default());
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["fine", "fine too"]);
    assert_eq!(rows.last().map(|row| row.place.line), Some(12));
    assert_eq!(
        bad,
        [
            "3: not a JSON object",
            "4: `text` is not text",
            "5: `text` is missing; name the field with `--text`",
            "6: not JSON: expected ident at column 2",
            "7: longer than 4194304 bytes",
            "8: `label.hate` is no label; a label is 1, 0 or null",
            "9: `role` is neither `prompt` nor `completion`",
            "10: `labels` and `label` are missing; name the field with `--label`",
            "11: `label` says that the text is benign, and that it is not",
        ]
    );
}

#[test]
fn a_table_has_its_names_in_the_first_line() {
    let content = "\u{feff}id,text,label,group\n1,\"two\nlines, \"\"quoted\"\"\",1,a\n2,fine,0,\n3,short\n4,x,0.4,b\n5,,1,b\n";
    let (rows, bad) = read("a.csv", content, &Fields::default());
    assert_eq!(rows.len(), 2);
    let first = rows.first().expect("a row");
    assert_eq!((first.text.as_str(), first.id.as_deref()), ("two\nlines, \"quoted\"", Some("1")));
    assert_eq!((first.labels.of("any"), first.place.line), (Some(true), 2));
    assert_eq!(rows.last().map(|row| row.groups.clone()), Some(vec![vec![], vec![]]));
    assert_eq!(
        bad,
        [
            "5: 2 values, and 4 columns",
            "6: `label` is \"0.4\"; a label is 1, 0 or null (for scores, `--positive-from 0.5`)",
            "7: `text` is empty"
        ]
    );
    let (rows, bad) = read("a.tsv", "text\tlabel\na, b\t1\n", &Fields::default());
    assert_eq!((rows.len(), bad.len()), (1, 0));
}

#[test]
fn bytes_that_are_no_text_are_a_bad_row() {
    let (_folder, path) =
        written("a.jsonl", b"{\"text\":\"\xff\",\"label\":1}\n{\"text\":\"b\",\"label\":1}\n");
    let (rows, bad) = read_file(&path, None, &Fields::default());
    assert_eq!((rows.len(), bad.len()), (1, 1));
    let (_folder, path) = written("a.csv", b"text,label\n\xff,1\nb,1\n");
    let (rows, bad) = read_file(&path, None, &Fields::default());
    assert_eq!((rows.len(), bad), (1, vec!["2: `text` is not UTF-8".to_owned()]));
}

#[test]
fn a_quote_that_is_never_closed_does_not_eat_the_memory() {
    let mut content = b"text,label\n\"open,1\n".to_vec();
    content.resize(LONGEST_ROW * 2, b'x');
    let (_folder, path) = written("a.csv", &content);
    let found = sources(&[path], None).expect("sources");
    let last = Rows::new(found, Fields::default()).last().expect("something");
    let error = last.expect_err("too long").to_string();
    assert!(error.contains("a.csv:2: ") && error.contains("is a quote not closed?"), "{error}");
}

#[test]
fn packed_files_and_folders_are_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("deeper")).expect("a folder");
    let line = |text: &str| format!("{{\"text\":\"{text}\",\"label\":1}}\n");
    // Two members, as `cat a.gz b.gz` makes them.
    let mut packed = Vec::new();
    for text in ["first", "second"] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(line(text).as_bytes()).expect("written");
        packed.extend(encoder.finish().expect("packed"));
    }
    std::fs::write(at("a.jsonl.gz"), packed).expect("a file");
    std::fs::write(at("deeper/b.ndjson"), line("third")).expect("a file");
    std::fs::write(at("e.csv"), "text,label\nfourth,0\n").expect("a file");
    std::fs::write(at("notes.md"), "nothing").expect("a file");
    let (rows, bad) = read_file(folder.path(), None, &Fields::default());
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["first", "second", "third", "fourth"]);
    assert!(bad.is_empty());
}

#[test]
fn a_packed_file_that_is_cut_off_is_an_error_and_not_an_end() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all("{\"text\":\"a\",\"label\":1}\n".repeat(9).as_bytes()).expect("written");
    let mut packed = encoder.finish().expect("packed");
    packed.truncate(packed.len() - 9);
    let (_folder, path) = written("a.jsonl.gz", &packed);
    let found = sources(&[path], None).expect("sources");
    assert!(Rows::new(found, Fields::default()).last().expect("something").is_err());
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = |path: &Path| sources(&[path.to_owned()], None).expect_err("no data").to_string();
    assert!(error(Path::new("/not/there.jsonl")).contains("`/not/there.jsonl`"));
    let (folder, path) = written("a.txt", b"");
    assert!(error(&path).contains("--input jsonl"), "{}", error(&path));
    assert!(error(folder.path()).contains("holds no data"));
    assert!(sources(&[path], Some(Form::Csv)).is_ok());
}

#[test]
fn names_of_categories_have_one_form() {
    for (written, expected) in [
        ("self_harm", "self-harm"),
        ("Sexual_Minors", "sexual/minors"),
        ("sexual/minors", "sexual/minors"),
        ("self-harm-instructions", "self-harm/instructions"),
        (" Hate ", "hate"),
        ("personal data", "personal-data"),
        ("辱骂", "辱骂"),
    ] {
        assert_eq!(canonical(written), expected);
    }
    assert!(labels(r#"{"text":"a","label":"a sentence, with \"quotes\""}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_line_that_is_not_blank_is_a_row_or_a_bad_row(
        lines in proptest::collection::vec(
            prop_oneof![
                "[ -~]{0,20}",
                Just(r#"{"text":"a","label":1}"#.to_owned()),
                Just(r#"{"text":"a","labels":{"hate":null}}"#.to_owned()),
                r#"\{"text":"a","label":"[a-z,|]{0,12}"\}"#,
            ],
            0..12,
        )
    ) {
        let (rows, bad) = read("a.jsonl", &lines.join("\n"), &Fields::default());
        let written = lines.iter().filter(|line| !line.trim().is_empty()).count();
        prop_assert_eq!(rows.len() + bad.len(), written);
    }

    #[test]
    fn no_bytes_make_a_table_fail_without_a_word(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_folder, path) = written("a.csv", &content);
        let found = sources(&[path], None).expect("sources");
        for row in Rows::new(found, Fields::default()) {
            if let Ok(Err(bad)) = row {
                prop_assert!(!bad.what.is_empty());
            }
        }
    }
}
