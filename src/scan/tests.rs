//! Rows in, rows out; cut anywhere, gone on with, and as other readers read them.

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use proptest::prelude::*;

use super::reader::Reader;
use super::source::Meter;
use super::*;
use crate::domain::Action;
use crate::engine::testing::Sketch;
use crate::policy::Policy;

/// Breaks off after so many batches.
struct Until(usize, Vec<String>);

impl Watch for Until {
    fn bad(&mut self, row: &BadRow) {
        self.1.push(row.to_string());
    }

    fn done(&mut self, _: u64) -> ControlFlow<()> {
        match self.0.checked_sub(1) {
            None | Some(0) => ControlFlow::Break(()),
            Some(left) => {
                self.0 = left;
                ControlFlow::Continue(())
            }
        }
    }
}

fn policy() -> Policy {
    let mut sketch = Sketch::default();
    sketch.block("bad", &["zorp", "脏词"]);
    sketch.redact("private", &["quux", "秘密"]);
    Policy::clone(&sketch.build())
}

fn plan(selection: Selection) -> Plan {
    let at_least = if selection == Selection::Redact { Action::Review } else { Action::Redact };
    Plan::new(&policy(), date(2026, 11, 1), Fields::default(), selection, at_least)
}

fn job<'a>(plan: &'a Plan, sources: &'a [Source], target: Target) -> Job<'a> {
    Job {
        plan,
        sources,
        target,
        jobs: NonZeroUsize::new(2).expect("two"),
        strict: false,
        samples: 3,
        hash: true,
        resume: false,
        batch_rows: 3,
    }
}

fn texts() -> Vec<&'static str> {
    let some = ["fine", "a zorp", "say quux", "一个脏词", "这是秘密", "好的", "\"q\", uux\nand"];
    some.into_iter().cycle().take(40).collect()
}

/// The same rows in a form.
fn written(form: Form) -> String {
    let object = |text: &&str| serde_json::json!({ "n": 1.50, "text": text }).to_string();
    let quoted = |text: &&str| format!("1,\"{}\"\r\n", text.replace('"', "\"\""));
    match form {
        Form::JsonLines => texts().iter().map(|text| object(text) + "\n").collect(),
        Form::JsonArray => {
            let objects: Vec<String> = texts().iter().map(object).collect();
            format!(" [ {}\n]\n", objects.join(" ,\n "))
        }
        Form::Csv | Form::Tsv => {
            format!("n,text\r\n{}", texts().iter().map(quoted).collect::<String>())
        }
        Form::Parquet => String::new(),
        Form::Text => texts().iter().map(|text| text.replace('\n', " ") + "\n").collect(),
    }
}

#[test]
fn killed_and_resumed_it_writes_the_same_bytes_as_one_run() {
    for (form, selection) in [
        (Form::JsonLines, Selection::Redact),
        (Form::JsonArray, Selection::Annotate),
        (Form::Csv, Selection::Redact),
        (Form::Text, Selection::Split),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(written(form).as_bytes()).expect("packed");
        let packed = packed.finish().expect("packed");
        let inputs = [format!("a.{}.gz", form.ending()), format!("b.{}", form.ending())];
        fs::write(at(&inputs[0]), packed).expect("a file");
        fs::write(at(&inputs[1]), written(form)).expect("a file");
        let found = sources(&inputs.each_ref().map(|name| at(name)), None).expect("sources");
        let plan = plan(selection);
        let target = |name: &str| match selection {
            Selection::Split => Target::Split(at(name)),
            Selection::Keep | Selection::Drop | Selection::Redact | Selection::Annotate => {
                Target::File(at(name))
            }
        };
        let whole = job(&plan, &found, target("whole"));
        let once = run(&whole, &mut Until(usize::MAX, Vec::new())).expect("a run");
        let cut = Job { resume: true, ..job(&plan, &found, target("cut")) };
        let mut stops = 0;
        let again = loop {
            match run(&cut, &mut Until(1 + stops % 2, Vec::new())) {
                Ok(outcome) => break outcome,
                Err(ScanError::Interrupted) => stops += 1,
                Err(error) => panic!("{error}"),
            }
            // What a kill leaves behind the last point that was written down.
            for path in cut.target.paths(form) {
                let part = PathBuf::from(format!("{}.part", path.display()));
                let mut part = fs::OpenOptions::new().append(true).open(part).expect("a part");
                part.write_all(b"half a ro").expect("written");
            }
        };
        assert!(stops > 10 && again.resumed, "{form:?}: {stops}");
        assert_eq!(again.summary, once.summary);
        assert_eq!(again.inputs, once.inputs);
        for (one, other) in whole.target.paths(form).iter().zip(cut.target.paths(form)) {
            assert_eq!(
                fs::read_to_string(one).expect("one"),
                fs::read_to_string(other).expect("other")
            );
        }
        let (one, other) = (&once.outputs[0], &again.outputs[0]);
        assert_eq!((&one.sha256, one.rows, one.bytes), (&other.sha256, other.rows, other.bytes));
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 4, "no part and no journal stays");
    }
}

#[test]
fn no_run_goes_on_with_the_work_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.jsonl"), written(Form::JsonLines)).expect("a file");
    let found = sources(&[at("a.jsonl")], None).expect("sources");
    let target = Target::File(at("out.jsonl"));
    let (redact, keep) = (plan(Selection::Redact), plan(Selection::Keep));
    let first = Job { resume: true, ..job(&redact, &found, target.clone()) };
    assert!(matches!(run(&first, &mut Until(1, Vec::new())), Err(ScanError::Interrupted)));
    let other = Job { resume: true, ..job(&keep, &found, target) };
    let error = run(&other, &mut Until(9, Vec::new())).expect_err("another run").to_string();
    assert!(error.contains("out.jsonl.progress") && error.contains("remove it"), "{error}");
}

#[test]
fn a_run_that_fails_leaves_no_file_that_looks_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.jsonl"), "{\"text\":\"fine\"}\nno row\n").expect("a file");
    let found = sources(&[at("a.jsonl")], None).expect("sources");
    let plan = plan(Selection::Keep);
    let strict = Job { strict: true, ..job(&plan, &found, Target::File(at("out.jsonl"))) };
    assert!(matches!(run(&strict, &mut Until(9, Vec::new())), Err(ScanError::BadRow(_))));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

/// Lines, each with its row or what is wrong with it.
type Read = Vec<(u64, Result<Vec<u8>, String>)>;

/// Rows of a file, and complaints, each with its line; or why it cannot be read on.
fn read(path: &Path) -> Result<Read, String> {
    let found = sources(&[path.to_owned()], None).map_err(|error| error.to_string())?;
    let mut reader =
        Reader::open(&found[0], &Meter::new(false)).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    while let Some(record) = reader.next().map_err(|error| error.to_string())? {
        rows.push((record.line, record.bytes));
    }
    Ok(rows)
}

fn read_as(name: &str, content: &[u8]) -> Result<Read, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    read(&path).map_err(|error| error.replace(&path.display().to_string(), name))
}

#[test]
fn a_row_that_is_too_long_is_passed_over_and_the_next_is_read() {
    let long = "x".repeat(LONGEST_ROW + 1);
    let fits = "y".repeat(LONGEST_ROW);
    let lines = read_as("a.txt", format!("{long}\n{fits}\r\nz").as_bytes()).expect("read");
    let lengths: Vec<_> =
        lines.iter().map(|(line, row)| (*line, row.as_ref().map(Vec::len).ok())).collect();
    assert_eq!(lengths, [(1, None), (2, Some(LONGEST_ROW)), (3, Some(1))]);
    let array = read_as("a.json", format!("[\"{long}\",\n1]").as_bytes()).expect("read");
    assert!(array[0].1.is_err());
    assert_eq!(array[1], (2, Ok(b"1".to_vec())));
    let open = format!("a\n\"{}", "x\n".repeat(LONGEST_ROW / 2 + 1));
    let error = read_as("a.csv", open.as_bytes()).expect_err("too long");
    assert!(error.contains("is a quote not closed?"), "{error}");
}

#[test]
fn an_array_that_is_none_says_where() {
    for (content, what) in [
        ("{}", "a.json:1: no JSON array; for an object a line, `--input jsonl`"),
        ("", "a.json:1: no JSON array; for an object a line, `--input jsonl`"),
        ("[1,\n2", "a.json:2: the array does not end"),
        ("[1,\n]", "a.json:2: a comma or the end of the array should stand here"),
        ("[1}", "a.json:1: a comma or the end of the array should stand here"),
        ("[1]\n2", "a.json:2: something follows the end of the array"),
    ] {
        assert_eq!(read_as("a.json", content.as_bytes()).expect_err(content), what);
    }
    assert_eq!(read_as("a.json", "\u{feff}[]".as_bytes()), Ok(Vec::new()));
}

#[test]
fn packed_data_that_are_cut_off_are_an_error_and_not_an_end() {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let frame = |text: &str| ruzstd::encoding::compress_to_vec(text.as_bytes(), level);
    let (one, two) = (frame("{\"text\":\"a\"}\n"), frame(&"{\"text\":\"b\"}\n".repeat(99)));
    let both = [one.as_slice(), &two].concat();
    assert_eq!(read_as("a.jsonl.zst", &both).expect("read").len(), 100);
    for cut in [both.len() - 1, one.len() + 5, one.len() - 1] {
        assert!(read_as("a.jsonl.zst", &both[..cut]).is_err(), "{cut}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_table_is_read_as_the_csv_library_reads_it(content in "[ab\",\n 好]{0,60}") {
        let ours = read_as("a.csv", format!("h\n{content}").as_bytes()).expect("read");
        let mut library = csv::ReaderBuilder::new();
        let mut library = library.flexible(true).has_headers(false).from_reader(content.as_bytes());
        let theirs: Vec<Vec<Vec<u8>>> = library
            .byte_records()
            .map(|record| record.expect("a record").iter().map(<[u8]>::to_vec).collect())
            .collect();
        prop_assert_eq!(ours.len(), theirs.len());
        for ((_, row), theirs) in ours.iter().zip(&theirs) {
            let row = row.as_ref().expect("short");
            let names: Vec<String> = (0..theirs.len()).map(|name| name.to_string()).collect();
            let header = table::Header { bytes: Vec::new(), ending: b"\n", delimiter: b',', names };
            match header.split(row) {
                Ok(cells) => {
                    let values: Vec<Vec<u8>> =
                        cells.into_iter().map(|cell| table::value(&row[cell]).into_owned()).collect();
                    prop_assert_eq!(&values, theirs);
                }
                // Only at the end of the file, where the library closes the quote itself.
                Err(what) => prop_assert_eq!(what, "a quote is not closed"),
            }
        }
    }

    #[test]
    fn a_value_that_is_written_is_read_again(text in "[ab\",;\n\r\t好]{0,20}", quoted: bool) {
        let was: &[u8] = if quoted { b"\"x\"" } else { b"x" };
        let cell = table::written(&text, was, b',');
        prop_assert_eq!(table::value(&cell).into_owned(), text.as_bytes());
    }

    #[test]
    fn elements_of_an_array_are_its_values(
        values in proptest::collection::vec("[a\\[\\]{},:\"\\\\ 好]{0,12}", 0..8),
        space in "[ \n\t]{0,3}",
    ) {
        let values: Vec<serde_json::Value> = values
            .into_iter()
            .enumerate()
            .map(|(at, text)| if at % 2 == 0 { text.into() } else { serde_json::json!({ "a": [text, 1] }) })
            .collect();
        let written: Vec<String> = values.iter().map(ToString::to_string).collect();
        let content = format!("{space}[{space}{}{space}]{space}", written.join(&format!("{space},{space}")));
        let read = read_as("a.json", content.as_bytes()).expect("read");
        let read: Vec<String> = read
            .into_iter()
            .map(|(_, row)| String::from_utf8(row.expect("short")).expect("text"))
            .collect();
        prop_assert_eq!(read, written);
    }
}
