//! How fast text is screened: bytes a second through the detectors of a policy, for whole texts and for
//! token-sized pieces, by number of terms and by language.
//!
//! Run with `cargo bench --bench screening`; the figures are in `docs/benchmarks.md`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a benchmark may stop at a mistake of its own"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidegate::detect::{Boundary, PatternSpec, Scanner, ScannerBuilder, Scratch, TermSpec, Window};

/// Made-up words, deterministic: pronounceable, so that their beginnings resemble real text.
fn words(count: usize) -> Vec<String> {
    let (onsets, nuclei, codas) = (
        [
            "b", "br", "c", "ch", "d", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "r", "s",
            "st", "t", "v", "w",
        ],
        ["a", "e", "i", "o", "u", "ai", "ea", "oo"],
        ["", "n", "r", "s", "t", "ck", "ng", "l", "m", "x"],
    );
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap_or(0)
    };
    let mut made = std::collections::BTreeSet::new();
    while made.len() < count {
        let syllables = 2 + draw(3);
        let word: String = (0..syllables)
            .map(|_| {
                let parts = [
                    onsets[draw(onsets.len())],
                    nuclei[draw(nuclei.len())],
                    codas[draw(codas.len())],
                ];
                parts.concat()
            })
            .collect();
        made.insert(word + "zq");
    }
    made.into_iter().collect()
}

/// Fifty patterns of the sort that policies have.
fn patterns() -> Vec<String> {
    let mut patterns: Vec<String> = [
        r"(?-u:\b)[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?-u:\b)",
        r"(?-u:\b)[0-9](?:[ -]?[0-9]){12,18}(?-u:\b)",
        r"(?-u:\b)[0-9]{3}-[0-9]{2}-[0-9]{4}(?-u:\b)",
        r"(?-u:\b)1[3-9][0-9]{9}(?-u:\b)",
        r"(?-u:\b)[1-9][0-9]{16}[0-9Xx](?-u:\b)",
        r"(?-u:\b)AKIA[0-9A-Z]{16}(?-u:\b)",
        r"sk-[A-Za-z0-9_-]{20,80}",
        r"ghp_[A-Za-z0-9]{36}",
        r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?-u:\b)",
        r"https?://[A-Za-z0-9./?=_&%-]{4,200}",
        r"(?i)ignore (?:all )?(?:the )?previous instructions",
        r"忽略(?:以上|之前)(?:所有)?(?:的)?指令",
        r"(?-u:\b)[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?-u:\b)",
        r"eyJ[A-Za-z0-9_-]{10,200}\.[A-Za-z0-9_-]{10,200}\.[A-Za-z0-9_-]{10,200}",
    ]
    .map(str::to_owned)
    .to_vec();
    patterns.extend((0..36).map(|n| format!(r"(?i)PROJECT{n:02}-[0-9]{{4,6}}")));
    patterns
}

fn scanner(terms: usize) -> Scanner {
    let mut builder = ScannerBuilder::new();
    for term in words(terms) {
        builder.term(TermSpec {
            atom: 0,
            term,
            boundary: Boundary::Word,
            any_ending: false,
            exact_case: false,
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

fn english() -> String {
    let paragraph = "The harbour was quiet when the ferry came in, and the two of them stood by the rail \
        without saying much. It had rained in the night; the planks were dark, and the gulls walked about \
        as if they owned the place. \"You could have told me,\" she said at last, and he nodded, because \
        there was nothing to add. On 14 March they would sell the boat for about $5,200 and be done. ";
    paragraph.repeat(64_000 / paragraph.len())
}

fn chinese() -> String {
    let paragraph = "清晨的港口很安静，渡轮靠岸的时候，他们两个人站在栏杆旁边，谁也没有说话。夜里下过雨，木板还是湿的，\
        海鸥在上面走来走去，好像这里是它们的地盘。“你早就应该告诉我，”她终于开口说，他点了点头，因为没有什么可以补充的。";
    paragraph.repeat(64_000 / paragraph.len())
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
        scanner.scan(Window { text: block, from: 0, last: true, restart: 0 }, scratch);
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

criterion_group!(benches, bench);
criterion_main!(benches);
