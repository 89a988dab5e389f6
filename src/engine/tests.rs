//! The engine on small policies: precedence, conditions, windows, scores, and every split of a text.

use std::sync::Arc;

use proptest::prelude::*;

use super::testing::{Sketch, in_pieces, split, subject};
use super::*;
use crate::domain::{Action, Mode, Outcome, Phase, Verdict};
use crate::policy::*;

fn prompt(policy: &Arc<Policy>, text: &str) -> Verdict {
    screen_passage(policy, subject(Phase::Prompt), text, &mut Scratch::default())
}

fn fired(verdict: &Verdict) -> Vec<&str> {
    verdict.rules.iter().map(|rule| &*rule.id).collect()
}

#[test]
fn the_strictest_action_wins_and_all_that_fired_are_kept() {
    let mut sketch = Sketch::default();
    sketch.redact("insults", &["idiot"]);
    sketch.block("slurs", &["blorp"]);
    let policy = sketch.build();
    let verdict = prompt(&policy, "you idiot blorp");
    assert_eq!((verdict.action, fired(&verdict)), (Action::Block, vec!["insults", "slurs"]));
    assert_eq!(verdict.decided_by, Some(1));
    let verdict = prompt(&policy, "you idiot");
    assert_eq!(mend("you idiot", &verdict.rewrites), "you [INSULTS]");
}

#[test]
fn an_exception_excuses_only_the_match_inside_it() {
    let mut sketch = Sketch::default();
    let novel = sketch.words(&["the idiot by dostoevsky"]);
    sketch.block("insults", &["idiot", "moron"]).except.push(novel);
    let policy = sketch.build();
    assert_eq!(prompt(&policy, "reading The Idiot by Dostoevsky").action, Action::Allow);
    let verdict = prompt(&policy, "reading The Idiot by Dostoevsky, you moron");
    assert_eq!((verdict.action, verdict.findings.len()), (Action::Block, 1));
}

#[test]
fn a_shadow_rule_is_recorded_and_changes_nothing() {
    let mut sketch = Sketch::default();
    sketch.block("trial", &["blorp"]).mode = Mode::Shadow;
    let policy = sketch.build();
    let verdict = prompt(&policy, "blorp");
    assert_eq!((verdict.action, verdict.shadow_action), (Action::Allow, Action::Block));
    assert_eq!(fired(&verdict), ["trial"]);
    assert_eq!(in_pieces(&policy, &["a blorp b"]).0, "a blorp b");
}

#[test]
fn a_rule_on_trial_enforces_from_its_day_on() {
    for (until, action) in [((2026, 12, 1), Action::Allow), ((2026, 11, 1), Action::Block)] {
        let mut sketch = Sketch::default();
        let (year, month, day) = until;
        sketch.block("trial", &["blorp"]).shadow_until = Some(jiff::civil::date(year, month, day));
        assert_eq!(prompt(&sketch.build(), "blorp").action, action);
    }
}

#[test]
fn scores_add_up_once_a_rule_and_thresholds_turn_them_into_actions() {
    let mut sketch = Sketch::default();
    let (a, b) = (sketch.words(&["darn", "heck"]), sketch.words(&["blorp"]));
    sketch.rule("mild", Node::atom(a), Effect::Score(2.0));
    sketch.rule("worse", Node::atom(b), Effect::Score(3.0));
    sketch.thresholds = vec![
        Threshold { score: 5.0, action: Action::Block },
        Threshold { score: 2.0, action: Action::Tag },
    ];
    let policy = sketch.build();
    let verdict = prompt(&policy, "darn heck darn");
    assert_eq!((verdict.action, verdict.score), (Action::Tag, 2.0));
    let verdict = prompt(&policy, "darn blorp");
    assert_eq!((verdict.action, verdict.score, verdict.decided_by), (Action::Block, 5.0, None));
    let (sent, verdict) = in_pieces(&policy, &["oh da", "rn it is a blo", "rp and more"]);
    assert_eq!((sent.as_str(), verdict.action), ("oh darn it is a ", Action::Block));
}

fn window_policy(within: Option<Within>, action: Action) -> Arc<Policy> {
    let mut sketch = Sketch::default();
    let (make, thing) = (sketch.words(&["make", "build"]), sketch.words(&["bomb"]));
    let node = Node { all: vec![Node::atom(make), Node::atom(thing)], within, ..Node::default() };
    sketch.rule("weapons", node, Effect::Act(action));
    sketch.build()
}

#[test]
fn parts_bound_by_a_window_fire_together_and_far_apart_do_not() {
    let policy = window_policy(Some(Within::Words(4)), Action::Block);
    assert_eq!(prompt(&policy, "make a big bomb").action, Action::Block);
    assert_eq!(prompt(&policy, "a bomb they make").action, Action::Block);
    assert_eq!(prompt(&policy, "make a very big bomb").action, Action::Allow);
    let (sent, _) = in_pieces(&policy, &["ok make ", "a ", "big ", "bo", "mb now"]);
    assert_eq!(sent, "ok ");
    let (sent, _) = in_pieces(&policy, &["ok make ", "a ", "very ", "big ", "bomb"]);
    assert_eq!(sent, "ok make a very big bomb");
}

#[test]
fn a_word_that_was_pulled_apart_takes_one_word_of_a_window() {
    let policy = window_policy(Some(Within::Words(4)), Action::Block);
    for text in [
        "make one b o m b",
        "please make a b.o.m.b now",
        "m a k e one big b-o-m-b",
        "b o m b to m.a.k.e",
        "b u i l d the bomb",
        "b u i l d a b o m b",
        "please m.a.k.e.a.b.o.m.b",
        "make a big b\u{200b}o\u{200b}m\u{200b}b",
        "m\u{301}a\u{301}k\u{301}e a big bo\u{200b}mb",
    ] {
        assert_eq!(prompt(&policy, text).action, Action::Block, "{text}");
        let letters: Vec<&str> = text.split("").collect();
        let (sent, verdict) = in_pieces(&policy, &letters);
        assert_eq!((sent, verdict.action), (in_pieces(&policy, &[text]).0, Action::Block));
    }
    assert_eq!(prompt(&policy, "make a very big b o m b").action, Action::Allow);
}

#[test]
fn a_stream_of_single_letters_is_not_held_for_ever() {
    let policy = window_policy(Some(Within::Words(4)), Action::Block);
    let mut screen = Screen::new(policy, subject(Phase::Completion), None);
    let mut scratch = Scratch::default();
    screen.push("make ", &mut scratch);
    for _ in 0..100 {
        screen.push("x ", &mut scratch);
        assert!(screen.held() < 200);
    }
}

#[test]
fn parts_without_a_window_count_from_where_the_last_one_came_in() {
    let policy = window_policy(None, Action::Redact);
    let text = "make it, then a bomb, then make";
    assert_eq!(
        mend(text, &prompt(&policy, text).rewrites),
        "[WEAPONS] it, then a [WEAPONS], then [WEAPONS]"
    );
    let (sent, _) = in_pieces(&policy, &[text]);
    assert_eq!(sent, "make it, then a [WEAPONS], then [WEAPONS]");
}

#[test]
fn a_match_is_excused_by_what_stands_near_it() {
    let mut sketch = Sketch::default();
    let (bad, good) = (sketch.words(&["suicide"]), sketch.words(&["prevention", "helpline"]));
    let node = Node {
        any: vec![Matcher::Atom(bad)],
        not: vec![Node::atom(good)],
        within: Some(Within::Words(3)),
        ..Node::default()
    };
    sketch.rule("self-harm", node, Effect::Act(Action::Block));
    let policy = sketch.build();
    assert_eq!(prompt(&policy, "suicide prevention week").action, Action::Allow);
    assert_eq!(prompt(&policy, "a helpline against suicide").action, Action::Allow);
    assert_eq!(prompt(&policy, "suicide is what they call prevention").action, Action::Block);
    let (sent, _) = in_pieces(&policy, &["suicide", " ", "prevention", " week"]);
    assert_eq!(sent, "suicide prevention week");
}

#[test]
fn an_exception_around_a_part_of_a_window_holds_when_the_other_part_comes_later() {
    let mut sketch = Sketch::default();
    let (make, thing) = (sketch.words(&["make"]), sketch.words(&["bomb"]));
    let excuse = sketch.words(&["make fun"]);
    let node = Node {
        all: vec![Node::atom(make), Node::atom(thing)],
        within: Some(Within::Words(6)),
        ..Node::default()
    };
    sketch.rule("weapons", node, Effect::Act(Action::Block)).except.push(excuse);
    let policy = sketch.build();
    let text = "they make fun of a bomb joke";
    assert_eq!(in_pieces(&policy, &[text]).0, text);
    for pieces in [text.split("").collect::<Vec<_>>(), text.split_inclusive(' ').collect()] {
        assert_eq!(in_pieces(&policy, &pieces).0, text);
    }
}

#[test]
fn an_unbounded_match_is_cut_or_let_go_as_the_policy_says() {
    for (release, expected) in
        [(false, "see "), (true, "see <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa> ok")]
    {
        let mut sketch = Sketch::default();
        (sketch.max_match, sketch.release_on_overflow) = (16, release);
        let atom = sketch.regex("<[^>]+>", Some("TAG"));
        sketch.rule("tags", Node::atom(atom), Effect::Act(Action::Redact));
        let policy = sketch.build();
        let text = format!("see <{}> ok", "a".repeat(40));
        for pieces in [split(&text, &[]), split(&text, &[10, 20, 25, 30]), text.split("").collect()]
        {
            let (sent, verdict) = in_pieces(&policy, &pieces);
            assert_eq!(sent, expected);
            assert_eq!(verdict.outcome, Outcome::Unscannable);
        }
    }
}

#[test]
fn a_text_with_too_many_hits_is_unscannable_and_closed() {
    let mut sketch = Sketch::default();
    sketch.rule("mild", Node::default(), Effect::Act(Action::Tag));
    let atom = sketch.regex("[ab]", None);
    sketch.rule("letters", Node::atom(atom), Effect::Act(Action::Tag));
    let verdict = prompt(&sketch.build(), &"ab ".repeat(30_000));
    assert_eq!((verdict.action, verdict.outcome), (Action::Block, Outcome::Unscannable));
}

/// A policy with something of everything, for the properties.
fn mixed() -> Arc<Policy> {
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
}

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

/// What is not shown, what is taken back, and tags. Among runs of signs these are a known gap (`docs/gaps.md`).
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
    prop_oneof![with(RUNS), with(DISGUISES)].prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn chunking_never_changes_the_outcome(
        text in texts(),
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        let policy = mixed();
        let whole = in_pieces(&policy, &[&text]);
        prop_assert_eq!(&in_pieces(&policy, &split(&text, &splits)), &whole);
        let letters: Vec<&str> = text.split("").collect();
        prop_assert_eq!(&in_pieces(&policy, &letters), &whole);
    }

    #[test]
    fn chunking_never_changes_the_outcome_of_an_encoded_text(
        text in encoded_texts(),
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        let policy = mixed();
        let whole = in_pieces(&policy, &[&text]);
        prop_assert_eq!(&in_pieces(&policy, &split(&text, &splits)), &whole);
        let letters: Vec<&str> = text.split("").collect();
        prop_assert_eq!(&in_pieces(&policy, &letters), &whole);
    }

    #[test]
    fn chunking_never_changes_the_outcome_of_syllables(
        text in "(制|造|炸|弹|zhi|zao|ZHA|dan|dàn|4| |-|x|the|，){0,14}",
        splits in prop::collection::vec(0_usize..90, 0..14),
    ) {
        let mut sketch = Sketch::default();
        sketch.pinyin = true;
        sketch.redact("insults", &["制造", "炸弹"]);
        sketch.block("slurs", &["制造炸弹"]);
        let policy = sketch.build();
        let whole = in_pieces(&policy, &[&text]);
        prop_assert_eq!(&in_pieces(&policy, &split(&text, &splits)), &whole);
        let letters: Vec<&str> = text.split("").collect();
        prop_assert_eq!(&in_pieces(&policy, &letters), &whole);
    }

    #[test]
    fn no_byte_of_a_stopped_or_replaced_span_is_sent(
        text in "[c-z ]{0,12}",
        tail in "[c-z ]{0,12}",
        splits in prop::collection::vec(0_usize..300, 0..14),
    ) {
        let policy = mixed();
        let text = format!("{text} blorp {tail} x@y.zz");
        let (sent, verdict) = in_pieces(&policy, &split(&text, &splits));
        prop_assert_eq!(verdict.action, Action::Block);
        prop_assert!(!sent.contains('b'), "{}", sent);
    }

    #[test]
    fn what_is_not_rewritten_is_untouched(text in "\\PC{0,60}") {
        let policy = Sketch::default().build();
        let (sent, verdict) = in_pieces(&policy, &[&text]);
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
        let verdict = prompt(&policy, &variant);
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
