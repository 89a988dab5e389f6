use super::*;
use crate::config::codes::Code;
use crate::config::source::{Source, SourceSpan};
use std::sync::Arc;

/// The file of the drawings: lines 13, 14, 22, 29, 41, 58, 77 have text.
fn policy() -> Arc<Source> {
    let mut lines = vec![String::new(); 80];
    for (number, text) in [
        (13, "  - id: secrets"),
        (14, "    acton: block"),
        (22, "    regex: \"PROJECT-\\d+\""),
        (29, "  - id: early"),
        (41, "    regex: '(\\w+@example\\.com'"),
        (58, "    words: [hi]"),
        (77, "  - id: late"),
    ] {
        lines[number - 1] = text.to_owned();
    }
    Source::new("policies/consumer-chat.yaml", lines.join("\n"))
}

fn at(source: &Arc<Source>, line: usize, text: &str) -> SourceSpan {
    let span = source.line_span(line - 1);
    let start = span.start + source.slice(span).find(text).expect("the text is on the line");
    SourceSpan::new(source, start, start + text.len())
}

/// The problems that the contract shows, in its order.
fn contract() -> Problems {
    let file = policy();
    let mut problems = Problems::new();
    problems.push(
        Problem::new(Code::TG003, "unknown key `acton`")
            .at(at(&file, 14, "acton"), "did you mean `action`?")
            .context(at(&file, 13, "- id"))
            .help("a rule can have: id, category, …"),
    );
    problems.report(
        Code::TG011,
        "this regex does not compile",
        at(&file, 41, "(\\"),
        "this group is never closed",
    );
    problems.push(
        Problem::new(Code::TG004, "`\\d` is not allowed inside double quotes")
            .at(at(&file, 22, "\\d"), "YAML reads backslashes in double quotes itself")
            .help("use single quotes: regex: 'PROJECT-\\d+'"),
    );
    problems.push(
        Problem::new(Code::TG031, "rule `greeting` matches ordinary text")
            .at(
                at(&file, 58, "hi"),
                "fires on 3.1% of the built-in everyday-text sample (312 of 10,000 lines)",
            )
            .help("`tidegate scan --policy … --corpus builtin:everyday` shows the lines"),
    );
    problems.push(
        Problem::new(Code::TG032, "rule `late` can never decide anything")
            .at(at(&file, 77, "id: late"), "on the same text, with a weaker action")
            .at(at(&file, 29, "id: early"), "every text this matches is already blocked here"),
    );
    problems
}

#[test]
fn problems_are_drawn_as_the_contract_draws_them() {
    insta::assert_snapshot!(render(&contract(), Format::Full, false), @r##"
    error[TG003]: unknown key `acton`
       ╭─[policies/consumer-chat.yaml:14:5]
    13 │   - id: secrets
    14 │     acton: block
       ·     ──┬──
       ·       ╰── did you mean `action`?
       ╰────
      help: a rule can have: id, category, …
      docs: tidegate explain TG003

    error[TG011]: this regex does not compile
       ╭─[policies/consumer-chat.yaml:41:13]
    41 │     regex: '(\w+@example\.com'
       ·             ─┬
       ·              ╰── this group is never closed
       ╰────

    error[TG004]: `\d` is not allowed inside double quotes
       ╭─[policies/consumer-chat.yaml:22:21]
    22 │     regex: "PROJECT-\d+"
       ·                     ─┬
       ·                      ╰── YAML reads backslashes in double quotes itself
       ╰────
      help: use single quotes: regex: 'PROJECT-\d+'

    warning[TG031]: rule `greeting` matches ordinary text
       ╭─[policies/consumer-chat.yaml:58:13]
    58 │     words: [hi]
       ·             ─┬
       ·              ╰── fires on 3.1% of the built-in everyday-text sample (312 of 10,000 lines)
       ╰────
      help: `tidegate scan --policy … --corpus builtin:everyday` shows the lines

    warning[TG032]: rule `late` can never decide anything
       ╭─[policies/consumer-chat.yaml:77:5]
    29 │   - id: early
       ·     ───────── every text this matches is already blocked here
    77 │   - id: late
       ·     ──────── on the same text, with a weaker action
       ╰────

    3 errors, 2 warnings in 1 file.
    "##);
}

#[test]
fn the_marks_stand_right_under_chinese() {
    let source = Source::new("p.yaml", "    words: [抱歉, 白痴] # 坏词");
    let mut problems = Problems::new();
    problems.report(Code::TG031, "x", at(&source, 1, "白痴"), "here");
    insta::assert_snapshot!(render(&problems, Format::Full, false), @r##"
    warning[TG031]: x
       ╭─[p.yaml:1:17]
     1 │     words: [抱歉, 白痴] # 坏词
       ·                   ──┬─
       ·                     ╰── here
       ╰────
      docs: tidegate explain TG031

    1 warning in 1 file.
    "##);
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let source = Source::new(
        "p.yaml",
        format!("words: [{}here, {}]", "padding, ".repeat(40), "tail, ".repeat(40)),
    );
    let mut problems = Problems::new();
    problems.report(Code::TG031, "x", at(&source, 1, "here"), "this one");
    insta::assert_snapshot!(render(&problems, Format::Full, false), @r##"
    warning[TG031]: x
       ╭─[p.yaml:1:369]
     1 │ …ng, padding, padding, padding, padding, here, tail, tail, tail, tail, tail, tail, tail, tail, tail, tail, tail…
       ·                                          ──┬─
       ·                                            ╰── this one
       ╰────
      docs: tidegate explain TG031

    1 warning in 1 file.
    "##);
}

#[test]
fn a_secret_is_not_shown_even_when_its_line_is() {
    let source = Source::new("t.yaml", "up: { kez: 1, key: sk-live-1234 }");
    let mut problems = Problems::new();
    problems.report(Code::TG003, "unknown key `kez`", at(&source, 1, "kez"), "did you mean `key`?");
    problems.push(
        Problem::new(Code::TG060, "a secret is written out here")
            .at_hidden(at(&source, 1, "sk-live-1234"), "x"),
    );
    for (_, format) in Format::ALL {
        assert!(!render(&problems, format, false).contains("sk-live"), "{format:?}");
    }
    assert!(render(&problems, Format::Full, false).contains("key: ••••"));
}

#[test]
fn a_label_in_another_file_gets_a_head_of_its_own() {
    let (one, two) = (Source::new("a.yaml", "id: x"), Source::new("b.yaml", "\nid: x"));
    let mut problems = Problems::new();
    problems.push(
        Problem::new(Code::TG006, "two rules have the id `x`")
            .at(at(&one, 1, "x"), "this one")
            .at(at(&two, 2, "x"), "is already given here"),
    );
    insta::assert_snapshot!(render(&problems, Format::Full, false), @r##"
    error[TG006]: two rules have the id `x`
       ╭─[a.yaml:1:5]
     1 │ id: x
       ·     ─ this one
       ├─[b.yaml:2:5]
     2 │ id: x
       ·     ─ is already given here
       ╰────
      docs: tidegate explain TG006

    1 error in 1 file.
    "##);
}

#[test]
fn the_short_form_is_one_line_each() {
    insta::assert_snapshot!(render(&contract(), Format::Short, false), @r##"
    policies/consumer-chat.yaml:14:5: error[TG003]: unknown key `acton`: did you mean `action`?
    policies/consumer-chat.yaml:41:13: error[TG011]: this regex does not compile: this group is never closed
    policies/consumer-chat.yaml:22:21: error[TG004]: `\d` is not allowed inside double quotes: YAML reads backslashes in double quotes itself
    policies/consumer-chat.yaml:58:13: warning[TG031]: rule `greeting` matches ordinary text: fires on 3.1% of the built-in everyday-text sample (312 of 10,000 lines)
    policies/consumer-chat.yaml:77:5: warning[TG032]: rule `late` can never decide anything: on the same text, with a weaker action
    3 errors, 2 warnings in 1 file.
    "##);
}

#[test]
fn the_form_for_github_escapes_what_would_end_a_command() {
    let source = Source::new("a,b:c.yaml", "x");
    let mut problems = Problems::new();
    problems.push(
        Problem::new(Code::TG003, "50% of\nit").at(SourceSpan::new(&source, 0, 1), "").help("h"),
    );
    assert_eq!(
        render(&problems, Format::Github, false),
        "::error file=a%2Cb%3Ac.yaml,line=1,col=1,endLine=1,endColumn=2,title=TG003%3A unknown key::50%25 of%0Ait%0Ah\n"
    );
}

#[test]
fn json_and_sarif_are_documents() {
    let json: serde_json::Value =
        serde_json::from_str(&render(&contract(), Format::Json, true)).unwrap();
    assert_eq!(json["schema"], "tidegate.problems/v1");
    assert_eq!(json["problems"][0]["labels"][0]["line"], 14);
    assert_eq!((&json["errors"], &json["warnings"]), (&3.into(), &2.into()));
    let sarif: serde_json::Value =
        serde_json::from_str(&render(&contract(), Format::Sarif, true)).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "TG003");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 5);
}

#[test]
fn colour_is_only_there_when_asked_for() {
    assert!(!render(&contract(), Format::Full, false).contains('\u{1b}'));
    assert!(render(&contract(), Format::Full, true).contains("\u{1b}[1m\u{1b}[31merror[TG003]"));
}

#[test]
fn a_file_cannot_talk_to_the_terminal() {
    let source = Source::new("a.yaml", "x: \u{1b}[31m\u{202e}\ty");
    let mut problems = Problems::new();
    problems.report(Code::TG003, "m", at(&source, 1, "y"), "l");
    let text = render(&problems, Format::Full, false);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\t'));
}

#[test]
fn no_problems_is_said_in_words() {
    assert_eq!(render(&Problems::new(), Format::Full, false), "No problems.\n");
}
