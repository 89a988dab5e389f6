//! What the built-in classifier costs: whole texts of the length of a prompt and of a page, and a stream in tokens, in
//! English and in Chinese.
//!
//! Run with `cargo bench --bench classifier`; the figures are in `docs/classifiers.md`.
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
use tidegate::detect::linear::{Context, Model, Running};
use tidegate::text::floor_char;

/// Bytes of the texts: a short prompt, a long one, a document.
const SIZES: [usize; 3] = [200, 1024, 65_536];
/// Characters of a token, about.
const TOKEN: usize = 4;

fn of_size(text: &str, size: usize) -> String {
    let long = text.repeat(size / text.len() + 1);
    long[..floor_char(&long, size)].to_owned()
}

fn tokens(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(TOKEN).map(|token| token.iter().collect()).collect()
}

fn bench(c: &mut Criterion) {
    let (model, context) = (Model::builtin(), Context::default());
    for (language, text) in [("en", english()), ("zh", chinese())] {
        let mut group = c.benchmark_group(format!("classifier/{language}"));
        for size in SIZES {
            let text = of_size(&text, size);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new("whole", size), |b| {
                b.iter(|| black_box(model.score(black_box(&text), &context)));
            });
        }
        let tokens = tokens(&of_size(&text, 4096));
        let bytes: usize = tokens.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        let mut running = Running::new(model);
        group.bench_function("stream of tokens, scored at each", |b| {
            b.iter(|| {
                running.reset();
                for token in &tokens {
                    running.push(black_box(token));
                    black_box(running.scores(&context));
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
