//! The horizon and the whole-text scan, held against each other and against naive search.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::*;
use crate::domain::Span;

const PATTERNS: [&str; 5] = [
    r"[a-z]+@[a-z]+\.[a-z]{2,4}",
    r"(?-u:\b)\d{4}(?-u:\b)",
    r"secret$",
    r"(?m)^key=\w+",
    r"b[ao]{1,3}b",
];

fn scanner(terms: &[&str], patterns: &[&str]) -> Scanner {
    build(terms, patterns, true)
}

/// A scanner that reads nothing but `fold`.
fn plain_scanner(terms: &[&str], patterns: &[&str]) -> Scanner {
    build(terms, patterns, false)
}

fn build(terms: &[&str], patterns: &[&str], views: bool) -> Scanner {
    let mut builder = ScannerBuilder::new();
    for view in crate::text::VIEWS.iter().filter(|_| !views) {
        builder.without_view(view.name.0);
    }
    for decoder in crate::text::DECODERS.iter().filter(|_| !views) {
        builder.without_view(decoder.name.0);
    }
    for (index, term) in terms.iter().enumerate() {
        builder.term(TermSpec {
            atom: u32::try_from(index).unwrap(),
            term: (*term).trim_end_matches('*').to_owned(),
            boundary: if term.is_ascii() { Boundary::Word } else { Boundary::None },
            any_ending: term.ends_with('*'),
            exact_case: false,
            pinyin: false,
        });
    }
    for (index, pattern) in patterns.iter().enumerate() {
        builder.pattern(PatternSpec {
            atom: u32::try_from(100 + index).unwrap(),
            pattern: (*pattern).to_owned(),
            validate: None,
            label: Arc::from(*pattern),
            max_match: 1024,
            outline: None,
            views: false,
        });
    }
    builder.build().unwrap()
}

fn scratch() -> Scratch {
    Scratch::new(10_000, 1 << 24)
}

fn whole(scanner: &Scanner, text: &str) -> Vec<(AtomId, Span)> {
    let mut scratch = scratch();
    let scan =
        scanner.scan(Window { text, from: 0, last: true, restart: 0, pieces: true }, &mut scratch);
    assert_eq!(scan.decided, text.len());
    scratch.hits.iter().map(|hit| (hit.atom, hit.span)).collect()
}

/// Feeds the text in pieces, as a stream does: each window starts where the last one was decided.
fn in_pieces(scanner: &Scanner, text: &str, splits: &[usize]) -> Vec<(AtomId, Span)> {
    let mut scratch = scratch();
    let mut hits = Vec::new();
    let mut decided = 0_usize;
    let mut ends: Vec<usize> = splits.iter().map(|split| split % (text.len() + 1)).collect();
    ends.sort_unstable();
    ends.push(text.len());
    for (index, &end) in ends.iter().enumerate() {
        let end = crate::text::floor_char(text, end);
        let context = crate::text::floor_char(text, decided.saturating_sub(48));
        let window = Window {
            text: &text[context..end],
            from: decided - context,
            last: index + 1 == ends.len(),
            restart: 0,
            pieces: true,
        };
        if end < decided {
            continue;
        }
        let scan = scanner.scan(window, &mut scratch);
        hits.extend(scratch.hits.iter().map(|hit| (hit.atom, hit.span.shifted(context))));
        decided = context + scan.decided;
    }
    hits
}

#[test]
fn terms_stand_as_whole_words_where_the_script_has_words() {
    let scanner = scanner(&["cow", "傻瓜", "damn*"], &[]);
    assert_eq!(whole(&scanner, "a scowl, a coward, a Cow"), [(0, Span::new(21, 24))]);
    assert_eq!(whole(&scanner, "你这个傻瓜啊"), [(1, Span::new(9, 15))]);
    assert_eq!(whole(&scanner, "damnation!"), [(2, Span::new(0, 9))]);
    assert_eq!(whole(&scanner, "goddamn"), []);
}

#[test]
fn clean_words_are_decided_at_their_end_and_started_terms_are_held() {
    let scanner = scanner(&["the idiot"], &[]);
    let decided = |text: &str| {
        let mut scratch = scratch();
        scanner
            .scan(Window { text, from: 0, last: false, restart: 0, pieces: true }, &mut scratch)
            .decided
    };
    assert_eq!(decided("a dog "), 6);
    assert_eq!(decided("a dog and the "), 10);
    // Two letters more could be deleted by backspaces.
    assert_eq!(decided("a dog and the idea"), 10);
    // Without its last two letters this word could be the beginning of one in base64.
    assert_eq!(decided("a dog and the ideal"), 10);
    assert_eq!(decided("a dog and the ideal "), 20);
    assert_eq!(decided("a dog and the idiot"), 10);
    assert_eq!(decided("a dog and the idiot "), 20);
}

#[test]
fn terms_of_two_scripts_are_found_wherever_the_text_is_cut() {
    let scanner = scanner(&["oaf\u{1f600}", "ai傻瓜", "\u{1f600}idiot", "b 坏词"], &[]);
    for text in ["you oaf\u{1f600}, ok", "an ai傻瓜 is", "\u{1f600}idiot ok", "say b 坏词 x"] {
        let hits = whole(&scanner, text);
        assert_eq!(hits.len(), 1, "{text}");
        for cut in 0..=text.len() {
            assert_eq!(in_pieces(&scanner, text, &[cut]), hits, "{text} cut at {cut}");
        }
    }
}

#[test]
fn a_pattern_holds_only_while_it_is_in_progress() {
    let scanner = plain_scanner(&[], &[r"sk-[a-z]{4}"]);
    let decided = |text: &str| {
        let mut scratch = scratch();
        scanner
            .scan(Window { text, from: 0, last: false, restart: 0, pieces: true }, &mut scratch)
            .decided
    };
    assert_eq!(decided("hello wor"), 9);
    assert_eq!(decided("hello s"), 6);
    assert_eq!(decided("hello sk-ab"), 6);
    assert_eq!(decided("hello sk-a!"), 11);
}

#[test]
fn a_pattern_that_begins_with_a_mark_holds_that_mark_and_nothing_before_it() {
    let scanner = plain_scanner(
        &[],
        &["(?:^|[，。 \n])去死(?:[，。 \n]|$)", r" kill (?:him|her)\b", "[a-z]{1,20}@[a-z]{1,9}"],
    );
    let decided = |text: &str| {
        let mut scratch = scratch();
        scanner
            .scan(Window { text, from: 0, last: false, restart: 0, pieces: true }, &mut scratch)
            .decided
    };
    assert_eq!(decided("so be it then "), 13);
    assert_eq!(decided("so be it then, we"), 14);
    assert_eq!(decided("你好，我们去"), 15);
    assert_eq!(decided("你好，去"), 6);
    assert_eq!(decided("to kill h"), 2);
}

#[test]
fn a_bounded_pattern_never_holds_more_than_its_longest_match() {
    let scanner = scanner(&[], &[r"[a-z0-9]{1,40}@x"]);
    let text = "ab3".repeat(2_000);
    let mut scratch = scratch();
    let scan = scanner
        .scan(Window { text: &text, from: 0, last: false, restart: 0, pieces: true }, &mut scratch);
    assert!(scan.decided >= text.len() - 48, "{scan:?}");
    assert_eq!(scan.overflow, None);
}

#[test]
fn an_unbounded_pattern_overflows_at_the_same_place_for_every_split() {
    let scanner = scanner(&[], &[r"<[^>]+>"]);
    let text = format!("ok <{} and on", "x".repeat(3_000));
    for end in [1_100, 2_000, text.len()] {
        let mut scratch = scratch();
        let window = Window { text: &text[..end], from: 0, last: false, restart: 0, pieces: true };
        let scan = scanner.scan(window, &mut scratch);
        assert_eq!(scan.overflow, Some(Span::new(3, 3 + 1024)), "{end}");
    }
}

#[test]
fn a_quadratic_pattern_runs_out_of_work_instead_of_time() {
    let scanner = scanner(&[], &[r".*[^A-Z]|[A-Z]"]);
    let text = "A".repeat(100_000);
    let mut scratch = Scratch::new(100_000, 1 << 24);
    let scan = scanner
        .scan(Window { text: &text, from: 0, last: true, restart: 0, pieces: true }, &mut scratch);
    assert!(scan.exhausted);
}

#[test]
fn patterns_are_refused_for_what_is_wrong_with_them() {
    let error = |pattern: &str| pattern::parse(pattern).unwrap_err();
    assert!(matches!(error(r"(\w+"), PatternError::Syntax { at, .. } if at == (0..1)));
    assert_eq!(error("a*"), PatternError::MatchesEmpty);
    let mut builder = ScannerBuilder::new();
    builder.pattern(PatternSpec {
        atom: 0,
        pattern: r"(\w{100}){100}".to_owned(),
        validate: None,
        label: Arc::from("big"),
        max_match: 1024,
        outline: None,
        views: false,
    });
    assert!(matches!(
        builder.build().unwrap_err(),
        BuildError::Pattern { index: 0, error: PatternError::TooLarge }
    ));
}

/// Made once for all cases of a property: a scanner costs more than most of them.
static MIXED: LazyLock<Scanner> =
    LazyLock::new(|| scanner(&["the idiot", "idiot", "傻瓜", "damn*", "bob"], &PATTERNS));

static WORDS: LazyLock<Scanner> = LazyLock::new(|| plain_scanner(&["ab", "b a", "aab"], &[]));

/// Patterns that begin with a mark, each in a scanner, and by itself for naive search.
static MARKED: LazyLock<Vec<(Scanner, regex_automata::meta::Regex)>> = LazyLock::new(|| {
    [
        "(?:^|[，。 \n])去死(?:[，。 \n]|$)",
        r" kill\b",
        "(?:(?:^|[ x])kill| 去)",
        "[ \n]?kil[a ]",
        "(?:^|[^a-z])kill",
    ]
    .map(|pattern| {
        let scanner = plain_scanner(&[], &[pattern, "[a-z]{1,9}@[a-z]{1,9}"]);
        (scanner, regex_automata::meta::Regex::new(pattern).unwrap())
    })
    .into()
});

fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("the idiot"),
        Just("idiot"),
        Just("the "),
        Just("bob"),
        Just("baob@"),
        Just("x.com"),
        Just(" "),
        Just("\n"),
        Just("key="),
        Just("secret"),
        Just("1234"),
        Just("9"),
        Just("傻瓜"),
        Just("傻"),
        Just("你好"),
        Just("damn"),
        Just("ed"),
        Just("é"),
        Just("\u{301}"),
        Just("B"),
    ];
    prop::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_hits_as_the_whole_text(
        text in texts(),
        splits in prop::collection::vec(0_usize..200, 0..12),
    ) {
        prop_assert_eq!(in_pieces(&MIXED, &text, &splits), whole(&MIXED, &text));
    }

    #[test]
    fn a_pattern_that_begins_with_a_mark_is_found_where_naive_search_finds_it(
        text in "(去死|去|kill|kil| |\n|，|x|@|a){0,24}",
        splits in prop::collection::vec(0_usize..90, 0..9),
    ) {
        for (scanner, naive) in MARKED.iter() {
            let naive: Vec<_> = naive.find_iter(&text).map(|found| (100, Span::from(found.range()))).collect();
            let found = whole(scanner, &text);
            prop_assert_eq!(&in_pieces(scanner, &text, &splits), &found);
            let found: Vec<_> = found.into_iter().filter(|(atom, _)| *atom == 100).collect();
            prop_assert_eq!(found, naive);
        }
    }

    #[test]
    fn a_term_is_found_exactly_where_naive_search_finds_it(text in "( ?[ab]){0,30}") {
        let mut expected = Vec::new();
        for (atom, term) in ["ab", "b a", "aab"].iter().enumerate() {
            for (start, _) in text.match_indices(term).chain(overlapping(&text, term)) {
                let border = |at: usize| {
                    let side = |c: Option<char>| c.is_some_and(|c| c != ' ');
                    !(side(text[..at].chars().next_back()) && side(text[at..].chars().next()))
                };
                if border(start) && border(start + term.len()) {
                    expected.push((u32::try_from(atom).unwrap(), Span::new(start, start + term.len())));
                }
            }
        }
        expected.sort_unstable_by_key(|(atom, span)| (*span, *atom));
        expected.dedup();
        prop_assert_eq!(whole(&WORDS, &text), expected);
    }
}

fn overlapping<'t>(text: &'t str, term: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    text.char_indices()
        .filter(move |(at, _)| text[*at..].starts_with(term))
        .map(move |(at, _)| (at, term))
}
