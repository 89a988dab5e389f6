//! How fast `tidegate scan` is: bytes of data a second on one core, with the policy that is shipped and with one that looks for
//! nothing, so that it is seen what reading, JSON, writing and hashing cost.
//!
//! Run with `cargo bench --bench scan`; the figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod common;

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use common::{chinese, default_policy, english};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use serde_json::json;
use tidegate::domain::Action;
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

/// The policy without its rules.
fn nothing(policy: &Policy) -> Policy {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nothing.yaml");
    fs::write(&path, "version: 1\nname: nothing\nrules: []\n").expect("a file");
    let (loaded, _) = tidegate::config::load_policy(folder.path(), &path);
    let compiled = loaded.and_then(|loaded| tidegate::policy::compile(&loaded).0);
    compiled.unwrap_or_else(|| policy.clone())
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

    let shipped = default_policy();
    let policies = [("shipped", Policy::clone(&shipped)), ("nothing", nothing(&shipped))];
    let mut group = c.benchmark_group("scan");
    group.sample_size(10).throughput(Throughput::Bytes(rows.len() as u64));
    for (name, policy) in policies {
        let plan = |selection| {
            let (fields, at_least) = (Fields::default(), Action::Review);
            Plan::new(policy.clone(), date(2026, 11, 1), fields, selection, at_least)
        };
        let (keep, annotate) = (plan(Selection::Keep), plan(Selection::Annotate));
        for file in ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.zst"] {
            let found = sources(&[at(file)], None).expect("sources");
            group.bench_function(BenchmarkId::new(name, file), |b| {
                b.iter(|| scan(&keep, &found, &at("out"), false));
            });
        }
        let found = sources(&[at("rows.jsonl")], None).expect("sources");
        group.bench_function(BenchmarkId::new(name, "rows.jsonl, hashed"), |b| {
            b.iter(|| scan(&keep, &found, &at("out"), true));
        });
        group.bench_function(BenchmarkId::new(name, "rows.jsonl, annotated"), |b| {
            b.iter(|| scan(&annotate, &found, &at("out"), false));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
