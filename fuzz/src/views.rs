//! Views: their maps lead to characters of the raw text, and a scan finds the same in a text that grows as
//! in the whole.

use std::sync::LazyLock;

use tidegate::detect::{Boundary, Scanner, ScannerBuilder, Scratch, TermSpec, Window};
use tidegate::domain::Span;
use tidegate::text::{Reading, VIEWS};

use super::pieces::Choices;

/// The most a view may grow a text: one character, U+FDFA, grows elevenfold.
const MOST_GROWTH: usize = 12;
/// Bytes of decided text that are kept for context.
const CONTEXT: usize = 256;

/// Terms in three scripts, with and without borders of words.
const TERMS: [&str; 8] = ["blorp", "the idiot", "坏词", "傻瓜", "дурак", "a b", "kill", "boob"];

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let mut builder = ScannerBuilder::new();
    for (atom, term) in (0..).zip(TERMS) {
        builder.term(TermSpec {
            atom,
            term: term.to_owned(),
            boundary: if term.is_ascii() { Boundary::Word } else { Boundary::None },
            any_ending: atom == 6,
            exact_case: false,
            pinyin: true,
        });
    }
    builder.build().expect("the terms are few")
});

/// Checks one text.
pub fn check(input: &[u8]) {
    let (mut choices, bytes) = Choices::of(input);
    let text = String::from_utf8_lossy(bytes);
    check_maps(&text);
    assert_eq!(grown(&choices.split_text(&text)), grown(&[&text]), "the split matters");
}

/// Builds every view over every reading that it may stand on.
fn check_maps(text: &str) {
    let mut raw = Reading::default();
    raw.identity(text);
    let mut readings: Vec<Reading> = Vec::new();
    for view in VIEWS {
        let base = view.over.map_or(&raw, |over| &readings[over]);
        let mut reading = Reading::default();
        (view.build)(base, &mut reading);
        assert!((view.open_from)(base) <= base.len(), "{}: the horizon", view.name.0);
        assert!(reading.len() <= MOST_GROWTH * base.len().max(1), "{}: the growth", view.name.0);
        // Two views may differ where they say that they do not: what they show there counts for nothing.
        if !(view.applies)(base) && !["leet_l", "leet_mixed", "spaced_words"].contains(&view.name.0)
        {
            assert_eq!(reading.as_str(), base.as_str(), "{}: it applies", view.name.0);
        }
        let mut before = 0;
        for (at, c) in reading.as_str().char_indices() {
            let Span { start, end } = reading.raw_span(at, at + c.len_utf8());
            assert!(before <= start && start <= end && end <= text.len(), "{}", view.name.0);
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{}", view.name.0);
            before = start;
        }
        readings.push(reading);
    }
}

/// What is found in a text that comes in pieces: each window starts where the last one was decided, with
/// some context before it.
fn grown(pieces: &[&str]) -> Vec<(u32, Span)> {
    let mut scratch = Scratch::new(100_000, 1 << 24);
    let (mut found, mut text, mut decided) = (Vec::new(), String::new(), 0);
    for index in 0..pieces.len().max(1) {
        text.push_str(pieces.get(index).unwrap_or(&""));
        let mut context = decided - decided.min(CONTEXT);
        while !text.is_char_boundary(context) {
            context -= 1;
        }
        let window = Window {
            text: &text[context..],
            from: decided - context,
            last: index + 1 >= pieces.len(),
            restart: 0,
            pieces: true,
        };
        let scan = SCANNER.scan(window, &mut scratch);
        assert!(!scan.exhausted && scan.decided >= decided - context, "it goes back");
        found.extend(scratch.hits.iter().map(|hit| (hit.atom, hit.span.shifted(context))));
        decided = context + scan.decided;
    }
    assert_eq!(decided, text.len(), "something stays undecided");
    found
}
