//! How fast `tidegate scan` is: bytes of data a second with one thread that judges, with the policy that is shipped; and the
//! screening of the same texts alone, so that it is seen what all else costs.
//!
//! Run with `cargo bench --bench scan`; the figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark may stop at a mistake of its own"
)]

mod common;

use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use common::{chinese, default_policy, english, prompt};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use tidegate::domain::Action;
use tidegate::engine::{Scratch, screen_passage};
use tidegate::policy::Policy;
use tidegate::scan::{
    BATCH_ROWS, BadRow, Fields, Job, Plan, Selection, Source, Target, Watch, run, sources,
};

/// Bytes of the data, unpacked.
const SIZE: usize = 8 << 20;

struct Nobody;

impl Watch for Nobody {
    fn bad(&mut self, row: &BadRow) {
        panic!("{row}");
    }

    fn done(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Rows with a text of 200 to 3,000 characters each, half of them English and half Chinese by bytes.
fn rows() -> String {
    let languages = [english(), chinese()].map(|text| text.chars().collect::<Vec<char>>());
    let mut rows = String::with_capacity(SIZE);
    let mut bytes = [0, 0];
    for number in 0.. {
        if rows.len() >= SIZE {
            break;
        }
        let language = usize::from(bytes[0] > bytes[1]);
        let length = [200, 800, 400, 3_000][number % 4];
        let start = number * 37 % 5_000;
        let text: String = languages[language].iter().skip(start).take(length).collect();
        let row = json!({ "id": number, "source": "bench", "text": text }).to_string();
        bytes[language] += row.len();
        rows.push_str(&row);
        rows.push('\n');
    }
    rows
}

fn text(row: &str) -> String {
    let row: Value = serde_json::from_str(row).expect("a row");
    row["text"].as_str().map_or_else(String::new, str::to_owned)
}

fn scan(plan: &Plan, found: &[Source], output: &Path, hash: bool) -> u64 {
    let job = Job {
        plan,
        sources: found,
        target: Target::File(output.to_owned()),
        jobs: NonZeroUsize::MIN,
        strict: true,
        samples: 0,
        hash,
        resume: false,
        batch_rows: BATCH_ROWS,
    };
    run(&job, &mut Nobody).expect("a scan").summary.rows
}

fn bench(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let rows = rows();
    fs::write(at("rows.jsonl"), &rows).expect("a file");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(rows.as_bytes()).expect("packed");
    fs::write(at("rows.jsonl.gz"), packer.finish().expect("packed")).expect("a file");
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let packed = ruzstd::encoding::compress_to_vec(rows.as_bytes(), level);
    fs::write(at("rows.jsonl.zst"), packed).expect("a file");

    let policy = default_policy();
    let mut group = c.benchmark_group("scan");
    group.sample_size(10).throughput(Throughput::Bytes(rows.len() as u64));
    let texts: Vec<String> = rows.lines().map(text).collect();
    let mut scratch = Scratch::default();
    group.bench_function("screening alone", |b| {
        b.iter(|| {
            for text in &texts {
                black_box(screen_passage(&policy, prompt(), text, &mut scratch));
            }
        });
    });
    let plan = |selection| {
        let (policy, today) = (Policy::clone(&policy), prompt().today);
        Plan::new(&policy, today, Fields::default(), selection, Action::Review)
    };
    let (keep, annotate) = (plan(Selection::Keep), plan(Selection::Annotate));
    let found = |file: &str| sources(&[at(file)], None).expect("sources");
    for file in ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.zst"] {
        let found = found(file);
        group.bench_function(file, |b| b.iter(|| scan(&keep, &found, &at("out"), false)));
    }
    let found = found("rows.jsonl");
    group.bench_function("hashed", |b| b.iter(|| scan(&keep, &found, &at("out"), true)));
    group.bench_function("annotated", |b| b.iter(|| scan(&annotate, &found, &at("out"), false)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
