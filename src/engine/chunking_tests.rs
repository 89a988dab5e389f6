//! Every split of a text: how a stream is cut changes nothing of what comes of it.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::testing::{Sketch, assert_cuts_change_nothing, in_pieces, split, subject};
use super::*;
use crate::domain::{Action, Phase};
use crate::policy::*;

/// A policy with something of everything, for the properties. Made once: it costs more than most cases.
static MIXED: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let mut sketch = Sketch::default();
    sketch.max_match = 24;
    let novel = sketch.words(&["the idiot by dostoevsky"]);
    sketch.redact("insults", &["idiot", "moron*", "傻瓜"]).except.push(novel);
    sketch.block("slurs", &["blorp", "坏人"]);
    let email = sketch.regex(r"[a-z]+@[a-z]+\.[a-z]{2,4}", Some("EMAIL"));
    sketch.rule("mail", Node::atom(email), Effect::Act(Action::Redact));
    let (make, bomb) = (sketch.words(&["make"]), sketch.words(&["bomb", "bad idiot"]));
    let near = Node {
        all: vec![Node::atom(make), Node::atom(bomb)],
        within: Some(Within::Words(3)),
        ..Node::default()
    };
    let bed = sketch.words(&["make a"]);
    sketch.rule("weapons", near, Effect::Act(Action::Redact)).except.push(bed);
    let far = Node { all: vec![Node::atom(make), Node::atom(email)], ..Node::default() };
    sketch.rule("far", far, Effect::Score(2.0));
    let good = sketch.words(&["film"]);
    let excused = Node {
        any: vec![Matcher::Atom(bomb)],
        not: vec![Node::atom(good)],
        within: Some(Within::Chars(12)),
        ..Node::default()
    };
    sketch.rule("bombs", excused, Effect::Score(1.0));
    let tag = sketch.regex("<[^>]+>", Some("TAG"));
    sketch.rule("tags", Node::atom(tag), Effect::Act(Action::Redact));
    let number = sketch.regex(r"(?-u:\b)[0-9]{2,3}-[0-9]{2}(?-u:\b)", Some("NUMBER"));
    sketch.rule("numbers", Node::atom(number), Effect::Act(Action::Redact));
    sketch.thresholds = vec![Threshold { score: 3.0, action: Action::Respond }];
    sketch.build()
});

/// A policy whose terms are also looked for as syllables.
static SYLLABLES: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let mut sketch = Sketch::default();
    sketch.pinyin = true;
    sketch.redact("insults", &["制造", "炸弹"]);
    sketch.block("slurs", &["制造炸弹"]);
    sketch.build()
});

static EMPTY: LazyLock<Arc<Policy>> = LazyLock::new(|| Sketch::default().build());

fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => prop::sample::select(vec![
            "the ", "idiot", "idiot by ", "dostoevsky", "moronic", "傻瓜", "傻", "make ", "a ", "bomb",
            "bad idiot", "film ", "<", ">", "a@b.cd", "@x.de", " ", " ", ", ", "e\u{301}", "你好", "123-45", "1", "-", "x12-34",
            "b o m b ", "b.o.m.b", "m a k e a b o m b", "i n ", "m a k e ", "x ", ".", "\u{200b}",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["blorp", "坏人", "blor", "坏"]).prop_map(str::to_owned),
        1 => "[a-zé傻<> ]{0,30}",
    ];
    prop::collection::vec(word, 0..16).prop_map(|words| words.concat())
}

/// Terms as they are, in base64 and in escapes, nested and cut short, among others.
const PIECES: &[&str] = &[
    "YmxvcnA=",
    "YmxvcnA",
    "Ymxvcn",
    "YmxvcnAgYmxvcnA=",
    "aWRpb3Q=",
    "WW14dmNuQT0=",
    "blorp",
    "idiot",
    "bl",
    "orp",
    "x@y.zz",
    " ",
    " ",
    "\n",
    "the ",
    "IBM2",
    "&#98;lorp",
    "&#98;",
    "&",
    "&#",
    "&amp;#98;",
    "b&shy;lorp",
    "%62lorp",
    "%62%6c",
    "%",
    "%2562lorp",
    "\\u0062lorp",
    "\\",
    "\\u00",
    "62",
    "bl\\x6frp",
    "bl\u{200b}orp",
    "Ymx\u{200b}vcnA=",
    "B10RP",
    "=",
    "c",
    "é",
];

/// Terms in other encodings.
const RUNS: &[&str] = &[
    "Ymxv cnA=",
    "YmxvcnAg\nYmxvcnA=",
    "vcnA",
    "MJWG64TQEBRGY33SOA======",
    "@Vft'E$/V+DfTd",
    "<~",
    "~>",
    "62 6c 6f 72 70",
    "62 6c ",
    "626c6f7270",
    "0x62 ",
    "01100010 01101100 01101111 01110010 01110000",
    "01101111",
    "98 108 111 114 112",
    "98,",
    "108, ",
    "142 154 157 162 160",
    "-... .-.. --- .-. .--.",
    "-... .-.. ",
    " / ",
    "--- ",
    "bravo lima oscar romeo papa",
    "bravo ",
    "lima, ",
    "⠃⠇⠕⠗⠏",
    "=?utf-8?B?YmxvcnA=?=",
    "=?utf-8?Q?=62lorp?=",
    "=?utf-8?",
    "bl=\norp",
    "bl=6Frp",
    "xn--",
    "xn--blrp-6qa",
    "LzkipaN=",
];

/// What is not shown, what is taken back, and tags.
const DISGUISES: &[&str] = &[
    "\u{e0062}\u{e006c}\u{e006f}",
    "\u{e0072}\u{e0070}",
    "\u{e007f}",
    "\u{fe0f}",
    "\u{e0152}\u{e015c}\u{e015f}\u{e0162}\u{e0160}",
    "\u{e0162}\u{e016c}\u{e016f}\u{e0172}\u{e0170}",
    "<b>",
    "bl<!-- -->orp",
    "<",
    "b**lorp**",
    "*",
    "[bl](x)",
    "\\emph{",
    "}",
    "\u{1b}[31m",
    "\u{1b}[",
    "\u{202e}prolb\u{202c}",
    "\u{202e}",
    "prol",
    "\u{2066}\u{2069}",
    "x\u{8}",
    "\u{8}",
    "\u{7f}\u{7f}",
    "blx",
];

fn encoded_texts() -> impl Strategy<Value = String> {
    let with = |more: &[&'static str]| {
        let piece = proptest::sample::select([PIECES, more].concat());
        prop::collection::vec(piece, 0..10)
    };
    prop_oneof![with(RUNS), with(DISGUISES), with(&[RUNS, DISGUISES].concat())]
        .prop_map(|pieces| pieces.concat())
}

/// Letters moved on by one place, and what says so.
const MOVED: &[&str] = &[
    "decode: ", "deco", "de: ", "Caesar ", "解密", "cmpsq ", "cmpsq", "jt ", "uif ", "bcpvu ",
    "blorp ", "the ", "me ", "u", ", ", "\n", "\u{200b}", "d", "xyz", "…",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn chunking_never_changes_the_outcome_of_a_cipher(
        pieces in prop::collection::vec(prop::sample::select(MOVED), 0..14),
        far in 0_usize..300,
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        let text = format!("decode: uif cmpsq jt {}{}", "x ".repeat(far), pieces.concat());
        let text = if far > 150 { pieces.concat() } else { text };
        assert_cuts_change_nothing(&MIXED, &text, &splits);
    }

    #[test]
    fn chunking_never_changes_the_outcome(
        text in texts(),
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        assert_cuts_change_nothing(&MIXED, &text, &splits);
    }

    #[test]
    fn chunking_never_changes_the_outcome_of_an_encoded_text(
        text in encoded_texts(),
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        assert_cuts_change_nothing(&MIXED, &text, &splits);
    }

    #[test]
    fn chunking_never_changes_the_outcome_of_syllables(
        text in "(制|造|炸|弹|zhi|zao|ZHA|dan|dàn|4| |-|x|the|，){0,14}",
        splits in prop::collection::vec(0_usize..90, 0..14),
    ) {
        assert_cuts_change_nothing(&SYLLABLES, &text, &splits);
    }

    #[test]
    fn no_byte_of_a_stopped_or_replaced_span_is_sent(
        text in "[c-z ]{0,12}",
        tail in "[c-z ]{0,12}",
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        let text = format!("{text} blorp {tail} x@y.zz");
        let (sent, verdict) = in_pieces(&MIXED, &split(&text, &splits));
        prop_assert_eq!(verdict.action, Action::Block);
        prop_assert!(!sent.contains('b'), "{}", sent);
    }

    #[test]
    fn what_is_not_rewritten_is_untouched(text in "\\PC{0,60}") {
        let (sent, verdict) = in_pieces(&EMPTY, &[&text]);
        prop_assert_eq!(sent, text);
        prop_assert_eq!(verdict.action, Action::Allow);
    }
}

#[test]
fn a_character_that_shares_its_units_with_its_neighbours_is_found_in_any_pieces() {
    let mut sketch = Sketch::default();
    sketch.redact("insults", &["假币"]);
    let policy = sketch.build();
    let text = "请问 6K+3wq3lkYrCreivicKt5oiRwq3lgYfCreW4gcKt55qEwq3kuos= ，因为";
    for size in 1..40 {
        let chars: Vec<char> = text.chars().collect();
        let pieces: Vec<String> = chars.chunks(size).map(|c| c.iter().collect()).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert!(in_pieces(&policy, &pieces).0.contains("INS"), "{size}");
    }
}

#[test]
fn what_is_taken_back_behind_a_run_of_signs_is_held_for() {
    for text in [
        "bl<!-- -->orp\u{202e}prolb\u{202c}\u{8} ",
        "62 6c 6f 72 7x\u{8}0 ",
        "62 6c 6f \u{202e}07 27\u{202c} ",
        "-... .-.. --- .-. .--.-\u{8} ",
        "Ymxvcnx\u{8}A= ",
        "bravo lima oscar romeo papax\u{8} ",
        "bl<!-- -->orp\u{202e}\n\u{e0062}\u{e006c}\u{e006f}",
        "bl<!-- -->orp\u{202e}\n",
        "bl<!-- -->orp\u{202e}x",
    ] {
        assert_cuts_change_nothing(&MIXED, text, &[]);
    }
}

#[test]
fn a_long_term_that_is_encoded_is_found_in_a_stream_letter_by_letter() {
    const TERM: &str = "the quick brown blorp that jumps over all of the lazy dogs";
    let mut sketch = Sketch::default();
    sketch.redact("insults", &[TERM]);
    sketch.max_match = 24;
    let policy = sketch.build();
    let each =
        |one: &dyn Fn(u8) -> String, gap: &str| TERM.bytes().map(one).collect::<Vec<_>>().join(gap);
    for variant in [
        each(&|byte| format!("{byte:08b}"), ", "),
        each(&|byte| format!("{byte:08b}"), ""),
        each(&|byte| format!("0x{byte:02x}"), ", "),
        each(&|byte| byte.to_string(), " "),
        each(&|byte| format!("\\u{byte:04x}"), ""),
    ] {
        let text = format!("they say {variant} to me");
        let letters: Vec<&str> = text.split("").collect();
        assert_eq!(in_pieces(&policy, &letters).0, "they say [INSULTS] to me", "{variant}");
    }
}

#[test]
fn long_runs_are_read_alike_whole_and_in_pieces() {
    let mut sketch = Sketch::default();
    sketch.redact("insults", &["blorp"]);
    let policy = sketch.build();
    let words = "an ordinary row of words ".repeat(400) + "blorp and more of them";
    let each = |one: &dyn Fn(u8) -> String| words.bytes().map(one).collect::<String>();
    for variant in [
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02x} ")),
        each(&|byte| format!("{byte:08b}")),
        each(&|byte| format!("{byte},")),
        each(&|byte| format!("0x{byte:02x}")),
    ] {
        let chars: Vec<char> = variant.chars().collect();
        let pieces: Vec<String> = chars.chunks(700).map(|part| part.iter().collect()).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let streamed = in_pieces(&policy, &pieces).0;
        assert_eq!(streamed.matches("[INSULTS]").count(), 1, "{}", &variant[..20]);
        let verdict =
            screen_passage(&policy, subject(Phase::Prompt), &variant, &mut Scratch::default());
        assert_eq!(mend(&variant, &verdict.rewrites), streamed);
    }
}

#[test]
fn characters_of_several_bytes_are_found_in_any_pieces_whatever_stands_between_the_bytes() {
    for (term, encoded) in [
        ("nitrex", "efbd8eefbd89efbd94efbd92efbd85efbd98"),
        ("迷药", "e8bfb72ae88daf"),
        ("购买枪支", "e8, b4, ad, e4, b9, b0, e6, 9e, aa, e6, 94, af"),
    ] {
        let mut sketch = Sketch::default();
        sketch.redact("insults", &[term]);
        let policy = sketch.build();
        let text = format!("they were talking of {encoded} as soon");
        let whole = in_pieces(&policy, &[&text]).0;
        assert!(whole.contains("[INSULTS]"), "{encoded}");
        for size in 1..34 {
            let chars: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = chars.chunks(size).map(|c| c.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            assert_eq!(in_pieces(&policy, &pieces).0, whole, "{encoded} by {size}");
        }
    }
}
