//! Hits and near misses of every entity, in English and Chinese sentences.

mod numbers;
mod secrets;
mod signals;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use regex::Regex;

use super::{ENTITIES, by_name};

/// What the patterns of an entity find and its check confirms, in the order of the text, without what
/// lies inside another find.
fn find(name: &str, text: &str) -> Vec<String> {
    let entity = by_name(name).unwrap();
    let mut found = Vec::new();
    for pattern in entity.patterns {
        let pattern = Regex::new(pattern).unwrap();
        let hits = pattern.find_iter(text).filter(|hit| (entity.validate)(hit.as_str()));
        found.extend(hits.map(|hit| hit.range()));
    }
    let whole = found.clone();
    let inside = |range: &std::ops::Range<usize>| {
        whole
            .iter()
            .any(|other| other != range && other.start <= range.start && range.end <= other.end)
    };
    found.retain(|range| !inside(range));
    found.sort_by_key(|range| range.start);
    found.dedup();
    found.into_iter().map(|range| text.get(range).unwrap_or_default().to_owned()).collect()
}

/// Checks that each of `samples` is found, whole and alone, in sentences of both languages.
fn hits(name: &str, samples: &[&str]) {
    for sample in samples {
        for (before, behind) in [
            ("It is ", ", I think."),
            ("", ""),
            ("(", ")"),
            ("这是", "，请查收"),
            ("号码：", "。"),
            ("我的", "的"),
            ("see: ", "\nNext line"),
        ] {
            let text = format!("{before}{sample}{behind}");
            assert_eq!(find(name, &text), [*sample], "{name} in {text:?}");
        }
    }
}

/// Checks that nothing is found in any of `samples`, in sentences of both languages.
fn misses(name: &str, samples: &[&str]) {
    for sample in samples {
        for (before, behind) in
            [("It is ", ", I think."), ("", ""), ("这是", "，请查收"), ("我的", "的")]
        {
            let text = format!("{before}{sample}{behind}");
            assert_eq!(find(name, &text), [""; 0], "{name} in {text:?}");
        }
    }
}

#[test]
fn every_entity_is_complete() {
    for entity in ENTITIES {
        assert_eq!(by_name(entity.name).map(|found| found.placeholder), Some(entity.placeholder));
        assert!(
            entity
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        );
        assert!(
            entity
                .placeholder
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
        );
        assert!(!entity.summary.is_empty());
    }
    assert!(by_name("no_such_thing").is_none());
}

#[test]
fn patterns_compile_small_and_have_a_longest_match() {
    for entity in ENTITIES {
        for pattern in entity.patterns {
            regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().unwrap();
            let hir = regex_syntax::parse(pattern).unwrap();
            let longest = hir.properties().maximum_len();
            assert!(
                longest.is_some_and(|longest| longest <= 8 << 10),
                "{}: {longest:?}",
                entity.name
            );
            assert!(hir.properties().minimum_len() > Some(2));
        }
    }
}

/// A text that a pattern may match: the pattern's borders are left out, and its longest repeats cut.
fn sample(pattern: &str) -> impl Strategy<Value = String> + use<> {
    let bare = pattern.replace(r"(?-u:\b)", "");
    let shorter =
        Regex::new(r"\{(\d+),\d{3,}\}").unwrap().replace_all(&bare, "{$1,99}").into_owned();
    proptest::string::string_regex(&shorter).unwrap()
}

#[test]
fn every_match_lies_within_its_outline() {
    let mut runner = TestRunner::deterministic();
    for entity in ENTITIES {
        let outline = Regex::new(entity.outline.around).unwrap();
        let inner = entity.outline.within.map(|within| Regex::new(within).unwrap());
        for pattern in entity.patterns {
            let regex = Regex::new(pattern).unwrap();
            let samples = sample(pattern);
            for round in 0..60 {
                let one = samples.new_tree(&mut runner).unwrap().current();
                let text = match round % 3 {
                    0 => format!("it is {one}, so"),
                    1 => format!("号码{one}的"),
                    _ => format!("1 a-{one} {one}.2"),
                };
                for hit in regex.find_iter(&text) {
                    let within =
                        |o: regex::Match<'_>| o.start() <= hit.start() && hit.end() <= o.end();
                    // All matches of an outline count, not only those that do not overlap.
                    let found = (0..=hit.start())
                        .filter(|&at| text.is_char_boundary(at))
                        .any(|at| outline.find_at(&text, at).is_some_and(within));
                    let told = inner.as_ref().is_none_or(|inner| inner.is_match(hit.as_str()));
                    assert!(found && told, "{}: {pattern} finds {:?}", entity.name, hit.as_str());
                }
            }
        }
    }
}

#[test]
fn long_runs_of_anything_are_read_in_linear_time() {
    for unit in ["1", "a", "4111 ", "a@", "-", ":", "0:", "eyJ", "sk-", "1.", "中1"] {
        let text = unit.repeat(5_000);
        for entity in ENTITIES {
            for pattern in entity.patterns {
                let pattern = Regex::new(pattern).unwrap();
                assert!(pattern.find_iter(&text).count() <= text.len());
            }
        }
    }
}
