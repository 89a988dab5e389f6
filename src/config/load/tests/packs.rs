//! Policies that include others.

use super::*;

const PACK: &str = "version: 1\nname: pack.a\nlexicons: { l: { file: l.txt } }\nmessages: { m: no }\n\
    rules: [{ id: one, lexicon: l, action: block, message: { id: m } }, { id: two, words: [x2], action: tag }]\n";

fn folder(policy: &str) -> Folder {
    Folder::of(&[("p.yaml", policy), ("packs/a.yaml", PACK), ("l.txt", "idiot\nx ;score=zz\n")])
}

#[test]
fn what_a_pack_defines_has_its_name_in_front() {
    let folder = folder("version: 1\nname: p\ninclude: [packs/a.yaml]\n");
    folder.write("l.txt", b"idiot\n");
    let policy = folder.sound();
    let rule = &policy.file.rules[0];
    assert_eq!(rule.id, "pack.a/one");
    assert_eq!(rule.matcher.lexicon.as_ref().unwrap().0, ["pack.a/l"]);
    assert!(policy.lexicons.contains_key("pack.a/l"));
    assert!(policy.file.messages.contains("pack.a/m"));
    assert_eq!(policy.rules[0], RuleOrigin { document: 1, index: 0 });
}

#[test]
fn places_of_a_merged_policy_are_in_the_file_that_says_them() {
    let folder = folder(
        "version: 1\nname: p\ninclude: [packs/a.yaml]\nrules: [{ id: z, words: [zz], action: tag }]\n",
    );
    folder.write("l.txt", b"idiot\n");
    let policy = folder.sound();
    let place = |path: &str| {
        let at = policy.at(path);
        format!("{}:{} {}", at.source.name(), at.position().line, at.text())
    };
    assert_eq!(place("rules[1].words[0]"), "packs/a.yaml:5 x2");
    assert_eq!(place("rules[2].words[0]"), "p.yaml:4 zz");
    assert_eq!(place("lexicons.pack.a/l.file"), "packs/a.yaml:3 l.txt");
    assert_eq!(place("messages.pack.a/m"), "packs/a.yaml:4 no");
    let term = &policy.lexicons["pack.a/l"].terms[0];
    assert_eq!(policy.lexicons["pack.a/l"].at(term).text(), "idiot");
}

#[test]
fn a_rule_takes_the_place_of_a_rule_of_a_pack() {
    let folder = folder(
        "version: 1\nname: p\ninclude: [packs/a.yaml]\nrules: [{ id: mine, override: pack.a/one, words: [zz], action: tag }]\n\
         suppress: [{ rule: pack.a/two, reason: r }, { rule: pack.a/one, reason: r }]\n",
    );
    folder.write("l.txt", b"idiot\n");
    let policy = folder.sound();
    let ids: Vec<_> = policy.file.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["mine", "pack.a/two"]);
}

#[test]
fn an_override_of_a_rule_that_does_not_exist_is_named() {
    let folder = folder(
        "version: 1\nname: p\ninclude: [packs/a.yaml]\nrules: [{ id: mine, override: pack.a/onne, words: [zz], action: tag }]\n",
    );
    folder.write("l.txt", b"idiot\n");
    let problems = folder.problems();
    assert_eq!(list(&problems), ["TG008 p.yaml:4:31"]);
    assert!(full(&problems).contains("did you mean `pack.a/one`?"));
}

#[test]
fn a_pack_is_merged_once_however_often_it_is_named() {
    let folder = folder("version: 1\nname: p\ninclude: [packs/b.yaml, packs/a.yaml]\n");
    folder.write("l.txt", b"idiot\n");
    folder.write("packs/b.yaml", b"version: 1\nname: pack.b\ninclude: [packs/a.yaml]\nrules: [{ id: three, words: [x3], action: tag }]\n");
    let policy = folder.sound();
    let ids: Vec<_> = policy.file.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["pack.a/one", "pack.a/two", "pack.b/three"]);
}

#[test]
fn packs_that_include_each_other_are_named() {
    let folder = Folder::of(&[
        ("p.yaml", "version: 1\nname: p\ninclude: [a.yaml]\n"),
        (
            "a.yaml",
            "version: 1\nname: a\ninclude: [b.yaml]\nrules: [{ id: x, words: [x1], action: tag }]\n",
        ),
        (
            "b.yaml",
            "version: 1\nname: b\ninclude: [a.yaml]\nrules: [{ id: x, words: [x1], action: tag }]\n",
        ),
    ]);
    assert_eq!(list(&folder.problems()), ["TG023 b.yaml:3:11"]);
}

#[test]
fn two_packs_of_one_name_are_named() {
    let pack = "version: 1\nname: same\nrules: [{ id: x, words: [x1], action: tag }]\n";
    let folder = Folder::of(&[
        ("p.yaml", "version: 1\nname: p\ninclude: [a.yaml, b.yaml]\n"),
        ("a.yaml", pack),
        ("b.yaml", pack),
    ]);
    assert_eq!(list(&folder.problems()), ["TG005 b.yaml:2:7"]);
}

#[test]
fn a_setting_of_a_pack_that_has_no_effect_is_named() {
    let folder = Folder::of(&[
        ("p.yaml", "version: 1\nname: p\ninclude: [a.yaml]\n"),
        (
            "a.yaml",
            "version: 1\nname: a\nmode: shadow\nhistory: new_turns\nrules: [{ id: x, words: [x1], action: tag }]\n",
        ),
    ]);
    assert_eq!(list(&folder.problems()), ["TG043 a.yaml:3:1"]);
}

#[test]
fn two_policies_of_one_name_are_named() {
    let policy = policy_of("  - { id: a, words: [x1], action: tag }\n");
    let folder = Folder::of(&[("policies/a.yaml", &policy), ("policies/b.yaml", &policy)]);
    let (_, problems) = load_policies(folder.root.path(), "policies");
    assert_eq!(list(&problems), ["TG005 policies/b.yaml:2:7"]);
    let (none, problems) = load_policies(folder.root.path(), "gone");
    assert!(none.is_empty() && problems.has_errors());
}

#[test]
fn a_mistake_in_a_list_of_a_pack_is_shown_in_the_list() {
    let folder = folder("version: 1\nname: p\ninclude: [packs/a.yaml]\n");
    assert_eq!(list(&folder.problems()), ["TG073 l.txt:2:4"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_root_is_refused_and_one_inside_is_followed() {
    let outside = TempDir::new().unwrap();
    std::fs::write(outside.path().join("x.txt"), "idiot\n").unwrap();
    let folder = Folder::of(&[
        (
            "p.yaml",
            "version: 1\nname: p\nlexicons: { l: { file: link.txt } }\nrules: [{ id: a, lexicon: l, action: tag }]\n",
        ),
        ("..data/real.txt", "idiot\n"),
    ]);
    std::os::unix::fs::symlink("..data/real.txt", folder.path("link.txt")).unwrap();
    assert!(folder.problems().is_empty());
    std::fs::remove_file(folder.path("link.txt")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("x.txt"), folder.path("link.txt")).unwrap();
    assert_eq!(list(&folder.problems()), ["TG021 p.yaml:3:24"]);
}

#[test]
fn the_revision_changes_with_every_file_and_only_then() {
    let folder = folder("version: 1\nname: p\ninclude: [packs/a.yaml]\n");
    folder.write("l.txt", b"idiot\n");
    let first = folder.sound().revision;
    assert_eq!(folder.sound().revision, first);
    folder.write("l.txt", b"idiot\nmoron\n");
    let second = folder.sound().revision;
    assert_ne!(first, second);
}

#[test]
fn a_pack_that_is_missing_is_said_once() {
    let folder = Folder::of(&[(
        "p.yaml",
        "version: 1\nname: p\ninclude: [gone.yaml]\nrules: [{ id: a, override: gone/x, words: [x1], action: tag }]\n\
         suppress: [{ rule: gone/y, reason: r }]\n",
    )]);
    assert_eq!(list(&folder.problems()), ["TG022 p.yaml:3:11"]);
}

#[test]
fn a_rule_with_pseudonyms_is_about_prompts_unless_it_says_otherwise() {
    let policy = Folder::rules("- { id: a, detect: email, action: pseudonymise }\n").sound();
    assert_eq!(policy.file.rules[0].on.0, [crate::domain::Phase::Prompt]);
}
