//! No text breaks the loader.

use proptest::prelude::*;

use super::*;

/// Pieces of files that are put together at random.
const PIECES: &[&str] = &[
    "version: 1\n",
    "name: p\n",
    "rules:\n",
    "- id: a\n",
    "  words: [x1]\n",
    "  regex: '(a'\n",
    "  regex: \"\\d\"\n",
    "  action: block\n",
    "  any:\n",
    "    - all: [",
    "{ words: b, within: 3 words }",
    "]\n",
    "overrides: [{ when: {}, set: {} }]\n",
    "include: [p.yaml]\n",
    "lexicons: { l: { file: p.yaml } }\n",
    "messages: { m: { en: x } }\n",
    "? [a]\n",
    ": b\n",
    "&a ",
    "*a ",
    "!t ",
    "<<: x\n",
    "|\n  text\n",
    "---\n",
    "\t",
    "# tidegate: allow(TG033) x\n",
    "抱歉",
    "\u{feff}",
    "\r\n",
    "~",
    "null",
    "{",
    "}",
    "thresholds: [{ score: 1, action: tag }]\n",
    "adapt: { bounds: [1, 2], rules: [a] }\n",
    "tests: [{ name: t, text: x, expect: {} }]\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics_the_loader(
        text in "(?s).{0,120}",
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24),
    ) {
        let folder = Folder::of(&[]);
        for text in [text, pieces.concat()] {
            folder.write("p.yaml", text.as_bytes());
            let (policy, problems) = folder.load();
            for (_, format) in Format::ALL {
                let _ = render(&problems, format, true);
            }
            prop_assert!(policy.is_some() || problems.has_errors(), "{text:?}");
            let _ = load_server(Some(&folder.path("p.yaml")), &[("TIDEGATE_ROUTES".into(), text.clone())], &[]);
            let _ = load_tests(folder.root.path(), &folder.path("p.yaml"));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic_the_loader(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let folder = Folder::of(&[]);
        folder.write("p.yaml", &bytes);
        let (policy, problems) = folder.load();
        prop_assert!(policy.is_some() || problems.has_errors());
        let _ = full(&problems);
    }
}

#[test]
fn a_file_that_unfolds_into_a_huge_one_is_refused_at_once() {
    let levels = (1..30).map(|level| {
        let names = format!("*a{}, ", level - 1).repeat(9);
        format!("a{level}: &a{level} [{names}]")
    });
    let text = levels.collect::<Vec<_>>().join("\n");
    let text = format!("version: 1\nname: p\na0: &a0 [x, x, x, x, x, x, x, x, x]\n{text}\n");
    let problems = Folder::policy(&text).problems();
    assert!(problems.iter().any(|problem| problem.code.to_string() == "TG027"));
}

#[test]
fn a_file_with_too_many_values_or_levels_is_refused() {
    let many =
        policy_of(&format!("- {{ id: a, words: [{}], action: tag }}\n", "x, ".repeat(100_001)));
    assert_eq!(list(&Folder::policy(&many).problems())[0].split(' ').next(), Some("TG026"));
    let deep = format!("version: 1\nname: p\nowner: {}", "[".repeat(5_000));
    assert_eq!(list(&Folder::policy(&deep).problems())[0].split(' ').next(), Some("TG026"));
    let large = format!("# {}", "x".repeat(5 << 20));
    assert_eq!(list(&Folder::policy(&large).problems())[0].split(' ').next(), Some("TG026"));
}

#[test]
fn a_broken_file_names_no_type_of_the_program() {
    for text in [
        "- 1",
        "just text",
        "version: [1]\nname: {}\nrules: 7",
        "rules: [[]]",
        "version: 1\nname: p\nrules: { a: b }",
    ] {
        let shown = full(&Folder::policy(text).problems());
        for word in
            ["PolicyFile", "RuleFile", "struct", "enum", "Option", "Vec", "untagged", "taken over"]
        {
            assert!(!shown.contains(word), "{text}: {shown}");
        }
    }
}
