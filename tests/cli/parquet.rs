//! `tidegate scan` with Parquet. `tests/fixtures/scan/rows.parquet` is by pyarrow; `tests/scan` has it write many more.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};

use crate::{folder, project, tidegate};

const POLICY: &str = "version: 1
name: p
rules:
  - { id: insults, category: harassment, words: [idiot, 蠢货], action: review }
  - { id: names, category: personal-data, words: [falcon, 猎鹰], action: redact }
  - { id: model-only, category: illicit, words: [recipe, 配方], on: [completion], action: block }
";

fn files() -> tempfile::TempDir {
    let folder = folder(&[("p.yaml", POLICY)]);
    let fixture = project().join("tests/fixtures/scan/rows.parquet");
    let copied = std::fs::copy(fixture, folder.path().join("rows.parquet"));
    assert!(copied.is_ok(), "{copied:?}");
    folder
}

/// The rows of a file, as the library shows them, by their `id`.
fn rows(path: &Path) -> Vec<(String, String)> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = SerializedFileReader::new(file).unwrap_or_else(|error| panic!("{error}"));
    let rows = reader.get_row_iter(None).unwrap_or_else(|error| panic!("{error}"));
    let shown = rows.map(|row| row.unwrap_or_else(|error| panic!("{error}")).to_string());
    let split = |row: String| {
        let (id, rest) = row.split_once(", ").unwrap_or_else(|| panic!("{row}"));
        (id.trim_start_matches("{id: ").to_owned(), rest.to_owned())
    };
    shown.map(split).collect()
}

/// A scan into `out.parquet`; what it said and the rows there.
fn scanned(folder: &Path, arguments: &[&str]) -> (String, Vec<(String, String)>) {
    let fixed = ["scan", "-p", "p.yaml", "rows.parquet", "-o", "out.parquet"];
    let outcome = tidegate(folder, &[&fixed, arguments].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    (outcome.err, rows(&folder.join("out.parquet")))
}

#[test]
fn parquet_rows_are_kept_dropped_and_redacted_with_every_column_as_it_was() {
    let folder = files();
    let all = rows(&folder.path().join("rows.parquet"));
    let of = |ids: &[&str]| -> Vec<(String, String)> {
        all.iter().filter(|(id, _)| ids.contains(&id.as_str())).cloned().collect()
    };
    let (said, kept) = scanned(folder.path(), &[]);
    assert_eq!(kept, of(&["1"]));
    for part in [
        "rows.parquet:6: its text is empty",
        "rows.parquet:7: `messages[0].role` is no role",
        "rows: 6 judged, 1 kept, 5 dropped, 0 redacted; 0 unscannable, 2 bad",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(scanned(folder.path(), &["--mode", "drop"]).1, of(&["2", "3", "4", "5", "8"]));
    let (_, redacted) = scanned(folder.path(), &["--mode", "redact"]);
    let masked = |row: &(String, String)| {
        let (tags, text) = (r#"tags: ["falcon""#, row.1.replace("猎鹰", "[NAMES]"));
        let text = text.replace("falcon", "[NAMES]").replace(r#"tags: ["[NAMES]""#, tags);
        (row.0.clone(), text)
    };
    let expected: Vec<_> = of(&["1", "3", "4", "8"]).iter().map(masked).collect();
    assert_eq!(redacted, expected);
}

#[test]
fn parquet_is_annotated_with_a_column_and_split() {
    let folder = files();
    let (_, annotated) = scanned(folder.path(), &["--mode", "annotate"]);
    let row = annotated.iter().find(|(id, _)| id == "8").map_or("", |(_, row)| row);
    let note = r#"tidegate: {action: "redact", rules: ["names"], categories: ["personal-data"], spans: [[0, 2], [6, 12], [0, 2]], fields: ["text", "text", "messages[0].content"], unscannable: false}"#;
    assert!(row.contains(note), "{row}");
    let arguments = ["scan", "-p", "p.yaml", "rows.parquet", "--mode", "split", "-o", "parts"];
    let outcome = tidegate(folder.path(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let ids = |name: &str| -> Vec<String> {
        rows(&folder.path().join(name)).into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(ids("parts/kept.parquet"), ["1"]);
    assert_eq!(ids("parts/dropped.parquet"), ["2", "3", "4", "5", "8"]);
}

#[test]
fn what_is_not_read_of_parquet_is_refused_by_name_and_leaves_no_file() {
    let folder = files();
    let at = |name: &str| folder.path().join(name);
    let copied = std::fs::copy(at("rows.parquet"), at("rows.parquet.gz"));
    assert!(copied.is_ok() && std::fs::write(at("none.parquet"), "PAR1").is_ok());
    for (arguments, part) in [
        (&["none.parquet", "-o", "out.parquet"][..], "none.parquet: "),
        (&["rows.parquet.gz", "-o", "out.parquet"], "unpack it first"),
        (&["rows.parquet", "--resume", "-o", "out.parquet"], "`--resume` does not go on with"),
        (&["--input", "parquet", "-o", "out.parquet"], "name the file"),
        (&["rows.parquet", "--strict", "-o", "out.parquet"], "rows.parquet:6: its text is empty"),
    ] {
        let outcome = tidegate(folder.path(), &[&["scan", "-p", "p.yaml"], arguments].concat());
        assert!(outcome.code == 2 && outcome.err.contains(part), "{part}: {}", outcome.err);
        assert!(!at("out.parquet").is_file() && !at("out.parquet.part").is_file(), "{part}");
    }
}
