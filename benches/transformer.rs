//! What a small sentence encoder costs: texts of 64 and of 256 tokens, on one thread.
//!
//! `sh tests/onnx/run.sh` gets the model; then `cargo bench --bench transformer`. The figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a benchmark may stop at a mistake of its own, and says why"
)]

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tidegate::detect::onnx::{Threads, Transformer};

/// Words of one token each; the tokenizer adds two.
const WORDS: [&str; 8] = ["tea", "rain", "and", "river", "music", "house", "green", "day"];

fn bench(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/onnx");
    let read = |name: &str| std::fs::read(folder.join(name));
    let (Ok(model), Ok(tokenizer)) = (read("model.onnx"), read("tokenizer.json")) else {
        eprintln!("skipped: `sh tests/onnx/run.sh` gets the model");
        return;
    };
    let threads = Threads::new(1);
    let encoder = Transformer::parse(&model, &tokenizer, None, &threads).unwrap();
    let mut group = c.benchmark_group("transformer");
    group.sample_size(20);
    for tokens in [64_usize, 256] {
        let words: Vec<&str> = WORDS.into_iter().cycle().take(tokens - 2).collect();
        let text = words.join(" ");
        group.bench_function(BenchmarkId::new("tokens", tokens), |b| {
            b.iter(|| encoder.embed_beginning(black_box(&text), &threads).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
