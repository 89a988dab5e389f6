//! What `tidegate check` says about policies that are valid and still not what somebody meant.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use jiff::civil::date;
use tidegate::config::{Gravity, LoadedPolicy, Problems, load_policy};
use tidegate::engine::everyday_problems;
use tidegate::policy::{Policy, compile, holds, lint};

/// A policy in a folder of its own, with these word lists.
fn load(text: &str, lists: &[(&str, &str)]) -> (LoadedPolicy, Arc<Policy>) {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("p.yaml");
    for (name, content) in lists {
        std::fs::write(root.path().join(name), content).expect("a file");
    }
    std::fs::write(&path, format!("version: 1\nname: p\n{text}")).expect("a file");
    let (loaded, problems) = load_policy(root.path(), &path);
    assert!(!problems.has_errors(), "{problems:?}");
    let loaded = loaded.unwrap_or_else(|| panic!("no policy"));
    let (policy, problems) = compile(&loaded);
    let policy = policy.unwrap_or_else(|| panic!("{problems:?}"));
    (loaded, Arc::new(policy))
}

/// `CODE line: message` of each problem.
fn told(problems: &Problems) -> Vec<String> {
    let told = problems.iter().map(|problem| {
        assert_eq!(problem.gravity, Gravity::Warning);
        let at = problem.primary().map(|label| label.at.position().line).unwrap_or_default();
        format!("{} {at}: {}", problem.code, problem.message)
    });
    told.collect()
}

fn lints(text: &str) -> Vec<String> {
    let (loaded, policy) = load(text, &[("l.txt", "bombard\nBombs\n")]);
    told(&lint(&loaded, &policy))
}

fn everyday(text: &str) -> Vec<String> {
    let (loaded, policy) = load(text, &[("l.txt", "the # no comment\n# one\nzyzzyva\n")]);
    told(&everyday_problems(&loaded, &policy, date(2026, 11, 1)))
}

#[test]
fn a_rule_behind_a_blocking_one_that_sees_all_of_it_is_named() {
    for (early, late) in [
        ("words: [bomb]", "words: [BOMB]"),
        ("words: [bomb, gun]", "words: [gun]"),
        ("words: [\"bomb*\"]", "lexicon: l"),
        ("detect: [email, url]", "detect: [email]"),
        ("any: [{ words: [x1] }, { regex: 'b[0-9]' }]", "regex: 'b[0-9]'"),
        ("regex: { pattern: 'b[0-9]', views: true }", "regex: 'b[0-9]'"),
        ("words: [bomb]", "words: [bomb], on: [completion], authors: [assistant]"),
        ("words: [bomb]", "words: [bomb], except: [a bomb]"),
    ] {
        let rules = format!(
            "lexicons: {{ l: {{ file: l.txt }} }}\nrules:\n  - {{ id: early, {early}, action: block }}\n  - {{ id: late, {late}, action: tag }}\n"
        );
        let found = lints(&rules);
        assert_eq!(found, ["TG032 6: rule `late` can never decide anything"], "{early} {late}");
    }
}

#[test]
fn a_rule_that_may_decide_something_is_not_named() {
    for (early, late) in [
        ("words: [bomb], action: redact", "words: [bomb], action: tag"),
        ("words: [bomb], action: block", "words: [bomb, gun], action: tag"),
        ("words: [bomb], action: block", "words: [\"bomb*\"], action: tag"),
        ("words: [bomb], action: block, on: [prompt]", "words: [bomb], action: tag"),
        ("words: [bomb], action: block, authors: [user]", "words: [bomb], action: tag"),
        ("words: [bomb], action: block, level: high", "words: [bomb], action: tag"),
        ("words: [bomb], action: block, mode: shadow", "words: [bomb], action: tag"),
        ("words: [bomb], action: block", "words: [bomb], action: tag, mode: shadow"),
        ("words: [bomb], action: block, except: [bath bomb]", "words: [bomb], action: tag"),
        (
            "all: [{ words: [bomb] }, { words: [make] }], action: block",
            "words: [bomb], action: tag",
        ),
        ("words: [bomb], not: [{ words: [bath] }], action: block", "words: [bomb], action: tag"),
        ("regex: 'bomb', action: block", "words: [bomb], action: tag"),
        (
            "regex: 'b[0-9]', action: block",
            "regex: { pattern: 'b[0-9]', views: true }, action: tag",
        ),
    ] {
        let rules = format!("rules:\n  - {{ id: early, {early} }}\n  - {{ id: late, {late} }}\n");
        assert_eq!(lints(&rules), Vec::<String>::new(), "{early} / {late}");
    }
}

#[test]
fn a_rule_that_is_switched_off_somewhere_does_not_overshadow() {
    for scope in [
        "suppress: [{ rule: early, when: { route: r }, reason: r }]",
        "overrides: [{ when: { route: r }, set: { rules: { early: { mode: shadow } } } }]",
    ] {
        let rules = "rules:\n  - { id: early, words: [bomb], action: block }\n  - { id: late, words: [bomb], action: tag }\n";
        assert_eq!(lints(&format!("{scope}\n{rules}")), Vec::<String>::new(), "{scope}");
    }
}

#[test]
fn of_two_rules_that_are_the_same_the_later_one_is_named() {
    let rules = "rules:\n  - { id: a, words: [bomb], action: block }\n  - { id: b, words: [bomb], action: block }\n";
    assert_eq!(lints(rules), ["TG032 5: rule `b` can never decide anything"]);
}

#[test]
fn scores_that_never_come_to_a_threshold_are_named() {
    let rules =
        "rules:\n  - { id: a, words: [bomb], score: 1 }\n  - { id: b, words: [gun], score: 2 }\n";
    let never = |place: [usize; 2]| {
        [
            format!("TG032 {}: rule `a` can never decide anything", place[0]),
            format!("TG032 {}: rule `b` can never decide anything", place[1]),
        ]
    };
    assert_eq!(lints(rules), never([4, 5]));
    let threshold =
        |score: f64| format!("thresholds: [{{ score: {score}, action: block }}]\n{rules}");
    assert_eq!(lints(&threshold(3.5)), never([5, 6]));
    assert_eq!(lints(&threshold(3.0)), Vec::<String>::new());
}

#[test]
fn an_exception_that_excuses_nothing_is_named() {
    for except in ["[moron]", "[a bom b]", "[{ lexicon: l }]"] {
        let rules = format!(
            "lexicons: {{ l: {{ file: l.txt }} }}\nrules:\n  - {{ id: a, words: [idiot], except: {except}, action: tag }}\n"
        );
        assert_eq!(
            lints(&rules),
            ["TG039 5: this exception of rule `a` excuses nothing"],
            "{except}"
        );
    }
}

#[test]
fn an_exception_around_a_match_is_not_named() {
    for (matcher, except) in [
        ("words: [idiot]", "the idiot by dostoevsky"),
        ("words: [idiot]", "the 1d10t book"),
        ("regex: '[0-9]{3}'", "route 666"),
        ("detect: [email]", "help@example.com"),
        ("words: [白痴]", "《白痴》"),
        ("all: [{ words: [make] }, { words: [bomb] }]", "bath bomb"),
        ("words: [idiot]", "\"village*\""),
        ("lexicon: l", "bombs away"),
    ] {
        let rules = format!(
            "lexicons: {{ l: {{ file: l.txt }} }}\nrules:\n  - {{ id: a, {matcher}, except: [{except}], action: tag }}\n  - {{ id: b, lexicon: l, action: tag }}\n"
        );
        assert_eq!(lints(&rules), Vec::<String>::new(), "{matcher} {except}");
    }
}

#[test]
fn a_warning_is_silenced_where_it_stands() {
    let rules = "rules:\n  - id: a\n    words: [idiot]\n    # tidegate: allow(TG039) the list will grow\n    except: [moron]\n    action: tag\n";
    assert_eq!(lints(rules), Vec::<String>::new());
    let rules =
        "rules:\n  - id: a\n    words: [the] # tidegate: allow(TG031) wanted\n    action: block\n";
    assert_eq!(everyday(rules), Vec::<String>::new());
}

#[test]
fn a_term_that_fires_on_everyday_text_is_named_with_its_share() {
    let (loaded, policy) =
        load("rules:\n  - { id: a, words: [zyzzyva, the], action: block }\n", &[]);
    let problems = everyday_problems(&loaded, &policy, date(2026, 11, 1));
    assert_eq!(told(&problems), ["TG031 4: `the` of rule `a` matches ordinary text"]);
    let label = problems.iter().next().and_then(|problem| problem.primary());
    let label = label.map(|label| (label.at.text(), label.text.as_str()));
    let Some(("the", text)) = label else { panic!("{label:?}") };
    assert!(text.starts_with("fires on ") && text.ends_with(" of 5000 lines)"), "{text}");
}

#[test]
fn a_common_word_of_a_list_is_named_in_the_list() {
    let found = everyday(
        "lexicons: { l: { file: l.txt } }\nrules:\n  - { id: a, lexicon: l, action: review }\n  - { id: b, words: [的], action: block }\n",
    );
    assert_eq!(found.len(), 1, "{found:?}");
    let (loaded, policy) = load(
        "lexicons: { l: { file: l.txt } }\nrules:\n  - { id: a, lexicon: l, action: review }\n",
        &[("l.txt", "zyzzyva\nplease\n")],
    );
    let problems = everyday_problems(&loaded, &policy, date(2026, 11, 1));
    let places: Vec<_> = problems.iter().filter_map(|problem| problem.source_name()).collect();
    assert_eq!(places, ["l.txt"]);
}

#[test]
fn a_regex_that_fires_on_everyday_text_names_the_rule() {
    let found = everyday("rules:\n  - { id: a, regex: '[aeiou]{1,3}', action: review }\n");
    assert_eq!(found, ["TG031 4: rule `a` matches ordinary text"]);
}

#[test]
fn low_scores_and_tags_on_everyday_words_are_what_they_are_for() {
    for effect in ["score: 1", "action: tag"] {
        let text = format!(
            "thresholds: [{{ score: 5, action: block }}]\nrules:\n  - {{ id: a, words: [the], {effect} }}\n"
        );
        assert_eq!(everyday(&text), Vec::<String>::new());
    }
    let reaches = "thresholds: [{ score: 5, action: block }]\nrules:\n  - { id: a, words: [the], score: 5 }\n";
    assert_eq!(everyday(reaches).len(), 1);
}

#[test]
fn a_rule_for_answers_only_is_measured_too() {
    let found = everyday("rules:\n  - { id: a, words: [the], on: [completion], action: block }\n");
    assert_eq!(found, ["TG031 4: `the` of rule `a` matches ordinary text"]);
}

#[test]
fn each_rule_says_the_most_it_holds_of_a_stream() {
    let (loaded, _) = load(
        "stream: { max_match: 512B }
rules:
  - { id: terms, words: [bomb, piece of garbage], action: block }
  - { id: bounded, regex: 'PROJECT-\\d{4,6}', action: block }
  - { id: endless, regex: 'ignore .* rules', action: block }
  - { id: raised, regex: 'a{3,}', max_match: 2KiB, action: block }
  - { id: long, regex: '[a-z]{600}', action: block }
  - { id: window, all: [{ words: [make] }, { words: [bomb] }], within: 12 words, action: block }
  - { id: prompts, regex: 'x.*', on: [prompt], action: block }
",
        &[],
    );
    let drawn: Vec<String> = holds(&loaded).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(drawn.join("\n"), @r#"
    terms                                 16  term "piece of garbage"
    bounded                               32  regex `PROJECT-\d{4,6}`
    endless                              512  unbounded (`.*`), held up to 512B
    raised                              2048  unbounded (`a{3,}`), held up to 2KiB
    long                                 512  a regex of up to 600 bytes, held up to 512B
    window                                 4  term "bomb", and its window of 12 words
    prompts                                -  reads no completions
    "#);
}

#[test]
fn the_shipped_policies_have_nothing_to_warn_of() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for name in ["default", "strict", "starter"] {
        let (loaded, mut problems) =
            load_policy(&root, &root.join(format!("policies/{name}.yaml")));
        let loaded = loaded.unwrap_or_else(|| panic!("{name}"));
        let (policy, found) = compile(&loaded);
        problems.extend(found);
        let policy = Arc::new(policy.unwrap_or_else(|| panic!("{name}")));
        problems.extend(lint(&loaded, &policy));
        problems.extend(everyday_problems(&loaded, &policy, date(2026, 11, 1)));
        assert_eq!(told(&problems), Vec::<String>::new(), "{name}");
    }
}
