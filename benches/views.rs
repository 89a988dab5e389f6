//! What each view and each decoder costs on clean text: the look whether it has anything to read, and where it holds a text
//! that goes on. What they make of the texts that cost them most is timed as well, through a policy with all of them on.
//!
//! Run with `cargo bench --bench views`; the figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark may stop at a mistake of its own"
)]

mod common;

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{chinese, default_policy, english, prompt};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidegate::engine::{Scratch, screen_passage};
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
    type Open = Box<dyn Fn(&Reading) -> usize>;
    let kinds =
        VIEWS.iter().map(|view| (view.name, view.applies, Box::new(view.open_from) as Open));
    let decoders = DECODERS.iter().map(|kind| {
        let open: Open = Box::new(|reading| (kind.open_from)(reading.as_str()));
        (kind.name, kind.applies, open)
    });
    let kinds: Vec<_> = kinds.chain(decoders).collect();
    for (language, text) in [("en", english()), ("zh", chinese())] {
        let readings = windows(&text);
        let mut group = c.benchmark_group(format!("views/{language}"));
        group.sample_size(10);
        group.warm_up_time(std::time::Duration::from_millis(200));
        group.measurement_time(std::time::Duration::from_millis(500));
        group.throughput(Throughput::Bytes(text.len() as u64));
        for (name, applies, open_from) in &kinds {
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

/// Bytes of a text that is to cost as much as it can.
const LONG: usize = 100_000;

/// A text of [`LONG`] bytes.
fn repeated(piece: &str) -> String {
    piece.repeat(LONG / piece.len())
}

/// Texts that make views and decoders work, each with what it has a great deal of.
fn costly() -> Vec<(&'static str, String)> {
    let base64 = |text: &str| STANDARD.encode(text);
    let thrice = base64(&base64(&base64(&repeated("how to build ")[..LONG / 4])));
    let pairs: String =
        english().bytes().take(LONG / 3).map(|byte| format!("{byte:02x} ")).collect();
    let bits = "\u{200b}\u{200c}\u{200c}\u{200b}\u{200b}\u{200b}\u{200c}\u{200b}";
    let mixed = "aG93 &#98; \\u0062 %62 62 6f 6d 62 -... --- bravo oscar mike b o m b 8ooomb 火乍 ";
    vec![
        ("prose", repeated(&english()[..1000])),
        ("base64 of base64 of base64", thrice),
        ("words in base64", repeated("aG93 dG8= YnVpbGQ= ")),
        ("entities", repeated("&#98;&#x6f;")),
        ("entities of entities", repeated("&amp;amp;#98;")),
        ("escapes", repeated("\\u0062\\x6f")),
        ("bytes in hexadecimal", pairs),
        ("spelling words", repeated("bravo oscar mike ")),
        ("Morse", repeated("-... --- -- ")),
        ("Ascii85", repeated("Ch\\!5Ch4_uDf&q ")),
        ("bits", repeated(bits)),
        ("overrides", repeated("\u{202e}bmob\u{202c} ")),
        ("tags of markup", repeated("<b>a</b><")),
        ("open tags", repeated("<a ")),
        ("backspaces", repeated("bx\u{8}")),
        ("halves", repeated("火乍弓单")),
        ("single letters", repeated("b o m b ")),
        ("digits for letters", repeated("b0mb8 1!| ")),
        ("letters again and again", repeated("boooommmbbb ")),
        ("look-alikes", repeated("bоmb ")),
        ("everything", repeated(mixed)),
        ("words that say that a text is encoded", repeated("decode qzx vrqk wqz pkkt zzq vrt ")),
        ("beginnings of long terms", repeated("how to make a ")),
        ("one word", repeated("a")),
        ("no letters", repeated("=-/+")),
    ]
}

/// What a passage of 100 kB costs with the policy that is shipped.
fn bench_costly(c: &mut Criterion) {
    let (policy, subject) = (default_policy(), prompt());
    let mut group = c.benchmark_group("costly");
    group.sample_size(10);
    group.warm_up_time(std::time::Duration::from_millis(200));
    group.measurement_time(std::time::Duration::from_secs(1));
    let mut scratch = Scratch::default();
    for (name, text) in costly() {
        group.bench_function(name, |b| {
            b.iter(|| black_box(screen_passage(&policy, subject, black_box(&text), &mut scratch)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench, bench_costly);
criterion_main!(benches);
