//! What each view and each decoder costs on clean text: the look whether it has anything to read, and where it holds a text
//! that goes on. What they make of the texts that cost them most is timed as well, through a policy with all of them on.
//!
//! Run with `cargo bench --bench views`; the figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark may stop at a mistake of its own"
)]

mod common;

use std::hint::black_box;

use common::{chinese, english};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidegate::text::{DECODERS, Reading, VIEWS};

/// Windows of scans have about so many bytes.
const WINDOW: usize = 4096;

fn windows(text: &str) -> Vec<Reading> {
    let mut readings = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (0..=WINDOW.min(rest.len())).rev().find(|&at| rest.is_char_boundary(at));
        let (window, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let mut reading = Reading::default();
        reading.identity(window);
        // Made once for all views.
        reading.survey();
        readings.push(reading);
        rest = behind;
    }
    readings
}

fn bench(c: &mut Criterion) {
    let kinds = VIEWS.iter().map(|view| (view.name, view.applies, view.open_from));
    let decoders = DECODERS.iter().map(|kind| (kind.name, kind.applies, kind.open_from));
    let kinds: Vec<_> = kinds.chain(decoders).collect();
    for (language, text) in [("en", english()), ("zh", chinese())] {
        let readings = windows(&text);
        let mut group = c.benchmark_group(format!("views/{language}"));
        group.sample_size(10);
        group.warm_up_time(std::time::Duration::from_millis(200));
        group.measurement_time(std::time::Duration::from_millis(500));
        group.throughput(Throughput::Bytes(text.len() as u64));
        for &(name, applies, open_from) in &kinds {
            group.bench_function(BenchmarkId::new("applies", name), |b| {
                b.iter(|| readings.iter().filter(|reading| applies(black_box(reading))).count());
            });
            group.bench_function(BenchmarkId::new("open_from", name), |b| {
                b.iter(|| {
                    readings.iter().map(|reading| open_from(black_box(reading))).sum::<usize>()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
