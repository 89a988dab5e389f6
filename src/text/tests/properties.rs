//! What holds for any text.

use proptest::prelude::*;

use super::{raw, read, view};
use crate::text::{Reading, VIEWS, context_start, normalise_term, repeats_term, skeleton_term};

/// The most a view may grow a text: one character, U+FDFA, grows elevenfold.
const MOST_GROWTH: usize = 12;

/// Characters on which views hinge, beside any others.
const TRICKY: &str = "aabcfkosuAZ019354@$!|+(. ,-_*\n\t\r\u{8}éßİıſKÅǆﷺ㎏⑴㌀㈀中中炸弹彈製,。、～😀👍\
    \u{301}\u{308}\u{338}\u{335}\u{20dd}\u{20e3}\u{345}\u{200b}\u{200d}\u{ad}\u{fe0f}\u{e0041}\
    かがハﾊﾞﾟー\u{3099}\u{309a}ᄀ가각ᅡᆨㄱㅏㅠกิ่\u{e4d}\u{e32}का\u{94d}ষ\u{9c7}\u{9be}\u{9d7}אּ\u{fb2c}\u{5b0}عَ\
    ·аеорсуВНαορηʙᴏᴍøđ🅱🇧ꓳԱ\u{1f170}𝐛𝕓①③㊂❸〣\u{11131}\u{11127}\u{16d67}";

fn tricky() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        8 => proptest::sample::select(TRICKY.chars().collect::<Vec<_>>()),
        1 => any::<char>(),
        4 => proptest::sample::select(vec!['a', 'b', 'o', ' ', '.', '1', '0', '炸', '，']),
    ];
    proptest::collection::vec((one, 1..4_usize), 0..40).prop_map(|list| {
        list.into_iter().flat_map(|(c, times)| std::iter::repeat_n(c, times)).collect()
    })
}

/// Words of which some are pulled apart, alone or together.
fn spelled() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "build",
        "a",
        "bomb",
        "therapist",
        "i",
        "xq",
        "in",
        "炸弹",
        "instructions",
    ]);
    let gap =
        proptest::sample::select(vec![" ", " ", " ", ".", "-", "  ", "    ", "\u{301} ", "", "ab"]);
    proptest::collection::vec((word, gap.clone(), gap), 0..8).prop_map(|words| {
        let one = |(word, within, behind): &(&str, &str, &str)| {
            word.chars().flat_map(|c| std::iter::once(c).chain(within.chars())).collect::<String>()
                + behind
        };
        words.iter().map(one).collect()
    })
}

/// A text and a place in it at which it may be cut.
fn cut() -> impl Strategy<Value = (String, usize)> {
    prop_oneof![2 => tricky(), 1 => spelled()].prop_flat_map(|text| {
        let places: Vec<usize> =
            text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect();
        (Just(text), proptest::sample::select(places))
    })
}

/// Every character of a reading with the raw bytes it stands for.
fn characters(reading: &Reading) -> Vec<(char, usize, usize)> {
    let text = reading.as_str().char_indices();
    text.map(|(at, c)| {
        let span = reading.raw_span(at, at + c.len_utf8());
        (c, span.start, span.end)
    })
    .collect()
}

/// Checks that two readings agree on all that stands for raw bytes before `decided`; the last may have
/// swallowed more in the second. What reaches over `decided` is not decided.
fn assert_agree(prefix: &Reading, whole: &Reading, decided: usize, what: &str) {
    let mut left = characters(prefix);
    left.retain(|&(_, start, end)| start < decided && end <= decided);
    let crosses = characters(prefix).get(left.len()).is_some_and(|&(_, start, _)| start < decided);
    let mut right = characters(whole);
    if let Some(&(c, start, _)) = right.get(left.len()).filter(|_| !crosses) {
        assert!(start >= decided, "{what}: {c:?} came in before {decided}");
    }
    right.truncate(left.len());
    // One raw character may have become several: all of them may grow.
    let last = left.last().map(|&(_, start, _)| start);
    for (left, right) in left.iter_mut().zip(&right).filter(|(left, _)| Some(left.1) == last) {
        assert!(left.2 <= right.2, "{what}: the last character shrank");
        left.2 = right.2;
    }
    assert_eq!(left, right, "{what}: decided before {decided}");
}

/// Whether every reading agrees with that of the whole text on what was decided at `at`.
fn assert_decided(text: &str, at: usize) {
    let (prefix, _) = text.split_at(at);
    let mut decided = Vec::new();
    for def in VIEWS {
        // Over the raw text, so that each view is tried with everything.
        let (mut small, mut large) = (Reading::default(), Reading::default());
        (def.build)(&raw(prefix), &mut small);
        (def.build)(&raw(text), &mut large);
        assert_agree(&small, &large, (def.open_from)(&raw(prefix)), def.name.0);
        // And over the views it stands on.
        let input = def.over.map_or_else(|| raw(prefix), |over| view(VIEWS[over].name.0, prefix));
        let below = def.over.map_or(prefix.len(), |over| decided[over]);
        let open = input.raw_start((def.open_from)(&input)).min(below);
        assert_agree(&view(def.name.0, prefix), &view(def.name.0, text), open, def.name.0);
        decided.push(open);
    }
}

/// The text of a view that reads the raw text in place of the view it stands on.
fn read_alone(name: &str, text: &str) -> String {
    let mut out = Reading::default();
    for def in VIEWS.iter().filter(|def| def.name.0 == name) {
        (def.build)(&raw(text), &mut out);
    }
    out.as_str().to_owned()
}

/// Where a view and those it stands on are all decided, in raw bytes.
fn decided(index: usize, text: &str) -> usize {
    let def = &VIEWS[index];
    let Some(over) = def.over else { return (def.open_from)(&raw(text)) };
    let input = view(VIEWS[over].name.0, text);
    input.raw_start((def.open_from)(&input)).min(decided(over, text))
}

/// Checks that reading on from `cut`, with some context, shows what reading the whole shows there.
fn assert_local(index: usize, text: &str, cut: usize) {
    let name = VIEWS[index].name.0;
    let (before, _) = text.split_at(cut);
    let from = context_start(before, usize::MAX);
    let (_, piece) = text.split_at(from);
    let behind = |reading: &Reading, from: usize| -> Vec<_> {
        let text = reading.as_str().char_indices();
        let all = text.map(|(at, c)| {
            let end = at + c.len_utf8();
            let span = reading.raw_span(at, end).shifted(from);
            (c, span, reading.is_collapsed(at, end))
        });
        all.filter(|(_, span, _)| span.start >= cut).collect()
    };
    assert_eq!(
        behind(&view(name, piece), from),
        behind(&view(name, text), 0),
        "{name} from {cut} on, of {text:?}"
    );
}

fn assert_sound(reading: &Reading, text: &str, name: &str) {
    let mut last = 0;
    for (c, start, end) in characters(reading) {
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{name}: {c:?}");
        assert!(last <= start && start < end && end <= text.len(), "{name}: {c:?}");
        last = start;
    }
    assert_eq!(reading.raw_start(reading.len()), text.len(), "{name}");
    assert!(reading.len() <= text.len() * MOST_GROWTH, "{name}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_decided_never_changes((text, at) in cut()) {
        assert_decided(&text, at);
    }

    #[test]
    fn a_decided_place_needs_little_context((text, at) in cut(), back in 0..8_usize) {
        let (prefix, _) = text.split_at(at);
        for index in 0..VIEWS.len() {
            let decided = decided(index, prefix);
            let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let before: Vec<usize> = places.filter(|&place| place <= decided).collect();
            assert_local(index, &text, before[before.len() - 1 - back.min(before.len() - 1)]);
        }
    }

    #[test]
    fn offsets_are_sound_and_growth_is_bounded(text in prop_oneof![tricky(), any::<String>()]) {
        for def in VIEWS {
            assert_sound(&view(def.name.0, &text), &text, def.name.0);
            let mut alone = Reading::default();
            (def.build)(&raw(&text), &mut alone);
            assert_sound(&alone, &text, def.name.0);
        }
    }

    #[test]
    fn a_view_that_does_not_apply_changes_nothing(text in prop_oneof![tricky(), any::<String>()]) {
        for def in VIEWS {
            let input = raw(&text);
            if !(def.applies)(&input) {
                let mut out = Reading::default();
                (def.build)(&input, &mut out);
                let earlier: &[&str] = match def.name.0 {
                    "leet_l" => &["leet"],
                    "leet_mixed" => &["leet", "leet_l"],
                    "spaced_words" => &["spaced"],
                    _ => &[],
                };
                let shown = |view: &&str| read_alone(view, &text) == out.as_str();
                let unchanged = out.as_str() == text && out.is_identity();
                prop_assert!(
                    if earlier.is_empty() { unchanged } else { earlier.iter().any(shown) },
                    "{}: {:?}",
                    def.name,
                    out.as_str()
                );
            }
        }
    }

    #[test]
    fn folding_twice_changes_nothing_more(text in prop_oneof![tricky(), any::<String>()]) {
        let once = read("fold", &text);
        prop_assert_eq!(&read("fold", &once), &once);
        let skeleton = read("skeleton", &text);
        prop_assert_eq!(skeleton_term(&skeleton), skeleton);
        prop_assert_eq!(normalise_term(&text), once);
        let repeats = repeats_term(&text);
        prop_assert_eq!(repeats_term(&repeats), repeats);
    }

    #[test]
    fn clean_lower_case_words_have_no_other_view(
        words in proptest::collection::vec("[bcdfgklmnprst][aeiou][bcdfgklmnprst][aeiou]", 0..20),
        mark in "[.,;:?!]{0,1}\n?",
    ) {
        let text = raw(&(words.join(" ") + &mark));
        for def in VIEWS {
            prop_assert!(!(def.applies)(&text), "{}: {}", def.name, text.as_str());
            prop_assert!((def.open_from)(&text) + 2 >= text.len());
        }
    }
}

#[test]
fn every_character_folds_to_something_that_stays() {
    let compatibility_ideographs = '\u{2f800}'..='\u{2fa1d}';
    for c in ('\0'..='\u{1ffff}').chain(compatibility_ideographs) {
        let once = normalise_term(c.encode_utf8(&mut [0; 4]));
        assert_eq!(normalise_term(&once), once, "{c:?} U+{:04X}", u32::from(c));
        let skeleton = skeleton_term(&once);
        assert_eq!(skeleton_term(&skeleton), skeleton, "{c:?} U+{:04X}", u32::from(c));
    }
}

#[test]
fn a_cluster_does_not_stay_open_for_ever() {
    for (base, mark) in [('ก', '\u{e34}'), ('か', '\u{200b}'), ('ᄀ', 'ᅡ'), ('क', '\u{93e}')]
    {
        let text: String = std::iter::once(base).chain(std::iter::repeat_n(mark, 100)).collect();
        let fold = &VIEWS[0];
        assert_eq!((fold.open_from)(&raw(&text)), text.len(), "{base}");
        let mut folded = Reading::default();
        (fold.build)(&raw(&text), &mut folded);
        assert!(folded.as_str().chars().count() <= 33);
        assert_eq!(folded.raw_span(0, folded.len()).end, text.len());
        for at in text.char_indices().map(|(at, _)| at) {
            assert_decided(&text, at);
        }
    }
}

#[test]
fn closed_bases_leave_nothing_open_and_others_leave_themselves() {
    let fold = &VIEWS[0];
    for (text, open) in [
        ("bomb", 4),
        ("炸", 3),
        ("e\u{301}", 3),
        ("か", 0),
        ("xか\u{200b}", 1),
        ("가", 0),
        ("ก\u{e34}", 0),
        ("。", 3),
        ("😀\u{fe0f}", 7),
        ("\u{301}", 2),
        ("", 0),
    ] {
        assert_eq!((fold.open_from)(&raw(text)), open, "{text:?}");
    }
}

#[test]
fn long_runs_are_decided_as_they_come() {
    let long = [
        "b u i l d a b o m b ",
        "t h e r a p i s t . i n . ",
        "a ",
        "a.",
        "1a",
        "a b c ",
        "i  ",
        "aab",
        "aaabcd",
        "中，",
        "中 a ",
        "ab!!",
        "ㅠ",
        "ก\u{e34}",
        "b ",
        "aabbcd",
    ];
    for unit in long {
        let text = unit.repeat(100);
        for (index, def) in VIEWS.iter().enumerate() {
            let held = text.len() - decided(index, &text);
            assert!(held <= 128, "{} holds {held} bytes of {unit:?}", def.name);
        }
        for at in text.char_indices().map(|(at, _)| at).skip(40).take(60) {
            assert_decided(&text, at);
        }
        for cut in text.char_indices().map(|(at, _)| at).skip(40).take(60) {
            (0..VIEWS.len()).for_each(|index| assert_local(index, &text, cut));
        }
    }
}
