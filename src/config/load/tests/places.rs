//! The way from a typed value back to its place, for whoever compiles it.

use super::*;
use crate::config::codes::Code;
use crate::config::problems::Problem;
use crate::domain::Span;

#[test]
fn a_mistake_that_the_compiler_finds_is_drawn_inside_the_value() {
    let policy =
        Folder::rules("  - id: mail\n    regex: '(\\w+@example\\.com'\n    action: tag\n").sound();
    let mut problems = Problems::new();
    let at = policy.within("rules[0].regex[0].pattern", Span::new(0, 1));
    problems.push(
        Problem::new(Code::TG011, "this regex does not compile")
            .at(at, "this group is never closed"),
    );
    insta::assert_snapshot!(full(&problems), @r##"
    error[TG011]: this regex does not compile
       ╭─[p.yaml:5:13]
     5 │     regex: '(\w+@example\.com'
       ·             ┬
       ·             ╰── this group is never closed
       ╰────
      docs: tidegate explain TG011

    1 error in 1 file.
    "##);
}

#[test]
fn places_agree_with_values_when_a_broken_rule_was_left_out() {
    let (policy, problems) =
        Folder::rules("- [x1]\n- { id: b, words: [x2], action: tag }\n").load();
    let policy = policy.unwrap();
    assert_eq!(list(&problems), ["TG002 p.yaml:4:3"]);
    assert_eq!(policy.file.rules.len(), 1);
    assert_eq!(policy.at("rules[0].words[0]").text(), "x2");
    assert!(policy.is_sound("rules[0]") && !policy.is_sound_everywhere("rules"));
}

#[test]
fn the_place_of_a_key_is_the_key() {
    let policy = Folder::rules("- { id: b, words: [x2], action: tag }\n").sound();
    assert_eq!(policy.key_at("rules[0].words").text(), "words");
    assert_eq!(policy.at("rules[0].on").text(), "{ id: b, words: [x2], action: tag }");
}
