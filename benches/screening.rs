//! How fast text is screened: bytes a second through the detectors of a policy, for whole texts and for
//! token-sized pieces, by number of terms and by language.
//!
//! Run with `cargo bench --bench screening`; the figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a benchmark may stop at a mistake of its own"
)]

mod common;

use std::hint::black_box;
use std::sync::Arc;

use common::{chinese, default_policy, english, patterns, prompt, words};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidegate::detect::{Boundary, PatternSpec, Scanner, ScannerBuilder, Scratch, TermSpec, Window};
use tidegate::engine::{Meeting, Piece, joints, screen_joint, screen_passage};

fn scanner(terms: usize) -> Scanner {
    let mut builder = ScannerBuilder::new();
    for term in words(terms) {
        builder.term(TermSpec {
            atom: 0,
            term,
            boundary: Boundary::Word,
            any_ending: false,
            exact_case: false,
            pinyin: false,
        });
    }
    for pattern in patterns() {
        builder.pattern(PatternSpec {
            atom: 1,
            label: Arc::from("pattern"),
            pattern,
            validate: None,
            max_match: 1024,
            outline: None,
            views: false,
        });
    }
    builder.build().expect("the patterns of the benchmark compile")
}

fn scan_whole(scanner: &Scanner, text: &str, scratch: &mut Scratch) -> usize {
    let mut hits = 0;
    for block in text.as_bytes().chunks(4096) {
        let Ok(block) =
            std::str::from_utf8(block).or_else(|e| std::str::from_utf8(&block[..e.valid_up_to()]))
        else {
            continue;
        };
        scratch.hits_left = 10_000;
        scratch.work_left = 1 << 26;
        scanner
            .scan(Window { text: block, from: 0, last: true, restart: 0, pieces: true }, scratch);
        hits += scratch.hits.len();
    }
    hits
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("scan");
    group.sample_size(20);
    let mut scratch = Scratch::new(10_000, 1 << 26);
    for (language, text) in [("en", english()), ("zh", chinese())] {
        for terms in [100, 10_000, 100_000] {
            let scanner = scanner(terms);
            let dense = if scanner.patterns_are_dense() { "dense" } else { "lazy" };
            eprintln!("{terms} terms, {dense} automata, {} KiB", scanner.memory() >> 10);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(format!("whole/{language}"), terms), |b| {
                b.iter(|| black_box(scan_whole(&scanner, black_box(&text), &mut scratch)));
            });
        }
    }
    group.finish();
}

/// What eight messages of one user cost one by one, and what they cost as one text in addition.
fn bench_joined(c: &mut Criterion) {
    let (policy, subject) = (default_policy(), prompt());
    let mut group = c.benchmark_group("messages");
    let mut scratch = tidegate::engine::Scratch::default();
    for (language, text) in [("en", english()), ("zh", chinese())] {
        for size in [60, 200, 600, 2_000] {
            let cut =
                |at: usize| (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(at);
            let message = |nth: usize| &text[cut(nth * size)..cut((nth + 1) * size)];
            let piece = |unit| Piece { text: message(unit), unit };
            let pieces: Vec<Piece<'_>> = (0..8).map(piece).collect();
            group.bench_function(BenchmarkId::new(format!("apart/{language}"), size), |b| {
                b.iter(|| {
                    for piece in &pieces {
                        let text = black_box(piece.text);
                        black_box(screen_passage(&policy, subject, text, &mut scratch));
                    }
                });
            });
            group.bench_function(BenchmarkId::new(format!("joined/{language}"), size), |b| {
                b.iter(|| {
                    for joint in joints(black_box(&pieces)) {
                        let joint = (&joint, Meeting::Crossing);
                        black_box(screen_joint(&policy, subject, joint, &mut scratch));
                    }
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench, bench_joined);
criterion_main!(benches);
