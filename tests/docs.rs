//! Holds the documentation to itself and to the program: every page is in the book, every link leads somewhere,
//! translations are in step, examples are valid, commands exist and say what the pages say they say.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "docs/followed.rs"]
mod followed;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use tidegate::config::{Code, Gravity, Problems, SchemaOf, load_policy, load_server, schema};
use tidegate::policy::compile;

/// Pages with their Chinese counterparts.
const TWINS: &[(&str, &str)] = &[
    ("README.md", "README.zh.md"),
    ("docs/quickstart.md", "docs/zh/quickstart.md"),
    ("docs/policy.md", "docs/zh/policy.md"),
];

/// Pages outside `docs/` whose links are tried too.
const OUTSIDE: &[&str] =
    &["README.md", "README.zh.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn markdown_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            markdown_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}

/// All pages below `docs/`, the list of the book left out.
fn pages() -> Vec<String> {
    let mut found = Vec::new();
    markdown_below(&root().join("docs"), &mut found);
    found.retain(|page| page != "docs/SUMMARY.md");
    found.sort();
    assert!(found.len() > 40, "{} pages", found.len());
    found
}

/// A fenced block: what stands behind the fence, the line of the fence, what is in it.
struct Block {
    language: String,
    line: usize,
    text: String,
}

/// A page taken apart: its prose by lines, with those of blocks left empty, and its blocks.
struct Page {
    prose: Vec<String>,
    blocks: Vec<Block>,
}

fn take_apart(text: &str) -> Page {
    let mut page = Page { prose: Vec::new(), blocks: Vec::new() };
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        let mut prose = String::new();
        match (open.take(), line.strip_prefix("```")) {
            (None, Some(language)) => {
                let language = language.trim().to_owned();
                open = Some(Block { language, line: number + 1, text: String::new() });
            }
            (None, None) => line.clone_into(&mut prose),
            (Some(block), Some("")) => page.blocks.push(block),
            (Some(mut block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
        }
        page.prose.push(prose);
    }
    assert!(open.is_none(), "a block without an end");
    page
}

/// The code between backticks of some lines; a span may go on over the end of a line.
fn inline_code(lines: &[String]) -> Vec<String> {
    let text = lines.join("\n");
    let spans = text.split('`').enumerate().filter(|(number, _)| number % 2 == 1);
    spans.map(|(_, span)| span.replace('\n', " ")).collect()
}

/// Lines without the code between backticks, so that what looks like a link there is none.
fn without_code(lines: &[String]) -> String {
    let text = lines.join("\n");
    let parts = text.split('`').enumerate().filter(|(number, _)| number % 2 == 0);
    parts.map(|(_, part)| part).collect::<Vec<_>>().join("code")
}

/// The targets of links, `[words](target)`.
fn links(page: &Page) -> Vec<String> {
    let text = without_code(&page.prose);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

fn headings(page: &Page) -> Vec<(usize, String)> {
    let lines = page.prose.iter().filter(|line| line.starts_with('#'));
    lines
        .filter_map(|line| {
            let words = line.trim_start_matches('#');
            words.starts_with(' ').then(|| (line.len() - words.len(), words.trim().to_owned()))
        })
        .collect()
}

/// The anchors of a page, made of its headings as code hosts and mdBook make them.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (_, heading) in headings(page) {
        let kept = heading.to_lowercase().replace(' ', "-");
        let slug: String =
            kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        let count = seen.entry(slug.clone()).or_default();
        found.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    found
}

#[test]
fn every_page_is_in_the_book_and_the_book_has_no_others() {
    let listed = links(&take_apart(&read("docs/SUMMARY.md")));
    let mut listed: Vec<String> = listed.iter().map(|page| format!("docs/{page}")).collect();
    listed.sort();
    assert_eq!(listed, pages());
}

#[test]
fn every_link_leads_to_a_file_and_a_section_that_are_there() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    let outside = OUTSIDE.iter().map(|&page| page.to_owned());
    for page in outside.chain(pages()).chain(["docs/SUMMARY.md".to_owned()]) {
        let own = take_apart(&read(&page));
        let folder = root().join(&page).parent().unwrap().to_owned();
        for link in links(&own) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            tried += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { root().join(&page) } else { folder.join(file) };
            if !target.try_exists().unwrap() {
                wrong.push(format!("{page}: {link}: no such file"));
            } else if !anchor.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                if !anchors(&take_apart(&text)).contains(anchor) {
                    wrong.push(format!("{page}: {link}: no such section"));
                }
            }
        }
    }
    assert!(tried > 150, "{tried} links");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What has to be the same in a translation, section by section: the level of the heading, the code in its
/// sentences in any order (word order differs between languages), the number of rows of tables and of paragraphs.
fn skeleton(page: &Page) -> Vec<(usize, Vec<String>, usize, usize)> {
    let mut sections = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    let mut level = 0;
    let mut close = |level: usize, lines: &mut Vec<String>| {
        let mut code = inline_code(lines);
        code.sort();
        let rows = lines.iter().filter(|line| line.starts_with('|')).count();
        let paragraphs = lines.split(String::is_empty).filter(|part| !part.is_empty()).count();
        sections.push((level, code, rows, paragraphs));
        lines.clear();
    };
    for line in &page.prose {
        if line.starts_with('#') {
            close(level, &mut lines);
            level = line.len() - line.trim_start_matches('#').len();
        }
        lines.push(line.clone());
    }
    close(level, &mut lines);
    sections
}

#[test]
fn translations_have_the_sections_and_the_code_of_their_originals() {
    for (original, translation) in TWINS {
        let (ours, theirs) = (take_apart(&read(original)), take_apart(&read(translation)));
        let of = |page: &Page| -> Vec<String> {
            page.blocks.iter().map(|block| format!("{}\n{}", block.language, block.text)).collect()
        };
        assert_eq!(of(&ours), of(&theirs), "{translation}: the blocks are those of {original}");
        let names: Vec<String> = headings(&ours).into_iter().map(|(_, name)| name).collect();
        let (ours, theirs) = (skeleton(&ours), skeleton(&theirs));
        assert_eq!(ours.len(), theirs.len(), "{translation}: the sections of {original}");
        for (number, (our, their)) in ours.iter().zip(&theirs).enumerate() {
            let name = number.checked_sub(1).and_then(|number| names.get(number));
            assert_eq!(our, their, "{translation}: the section of {original} called {name:?}");
        }
    }
}

#[test]
fn a_translation_and_its_original_name_each_other_at_the_top() {
    for (original, translation) in TWINS {
        for (page, other) in [(original, translation), (translation, original)] {
            let own = take_apart(&read(page));
            let top = Page { prose: own.prose.into_iter().take(4).collect(), blocks: Vec::new() };
            let folder = root().join(page).parent().unwrap().to_owned();
            let there = root().join(other).canonicalize().unwrap();
            let leads = |link: &String| {
                folder.join(link).canonicalize().is_ok_and(|target| target == there)
            };
            assert!(links(&top).iter().any(leads), "{page} has no link to {other} at its top");
        }
    }
}

// === examples ===

/// What of the configuration an example is. The keys at its left edge say it: those of a policy, those of a server
/// file, or else those of a classifier. What has `version` is a whole file and has to be valid as it stands. All else
/// is a fragment: it is made whole by the least that is missing, and only what it leaves out may be missing.
#[derive(Debug, PartialEq, Eq)]
enum Example {
    Policy { whole: bool },
    Server { whole: bool },
    Classifier,
}

/// The keys at the left edge of a file, as its schema has them.
fn keys_of(what: SchemaOf) -> BTreeSet<String> {
    let schema: serde_json::Value = serde_json::from_str(&schema(what)).unwrap();
    let properties = schema.pointer("/properties").and_then(|of| of.as_object()).unwrap();
    properties.keys().cloned().collect()
}

/// Mistakes that a fragment may have: it names a rule, a file or a word list that is elsewhere.
const ELSEWHERE: &[&str] = &["TG008", "TG022", "TG025"];

fn kind(text: &str) -> Example {
    let keys: BTreeSet<String> = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
        .collect();
    let whole = keys.contains("version");
    let (policy, server) = (keys_of(SchemaOf::Policy), keys_of(SchemaOf::Server));
    if keys.iter().any(|key| server.contains(key) && !policy.contains(key)) {
        Example::Server { whole }
    } else if keys.iter().any(|key| policy.contains(key)) {
        Example::Policy { whole }
    } else {
        Example::Classifier
    }
}

fn problems_of_policy(text: &str) -> Problems {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.yaml");
    fs::write(&path, text).unwrap();
    let (loaded, mut problems) = load_policy(folder.path(), &path);
    if let Some(loaded) = loaded {
        problems.extend(compile(&loaded).1);
    }
    problems
}

fn problems_of_server(text: &str) -> Problems {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidegate.yaml");
    fs::write(&path, text).unwrap();
    load_server(Some(&path), &[], &[]).1
}

/// Mistakes of an example; of a fragment without those that come of what it leaves out. `…` stands for a hash there.
fn mistakes(text: &str) -> Vec<String> {
    let text = &text.replace("sha256: … }", &format!("sha256: {} }}", "0".repeat(64)));
    let indented = format!("    {}\n", text.trim_end().replace('\n', "\n    "));
    let (problems, whole) = match kind(text) {
        Example::Policy { whole: true } => (problems_of_policy(text), true),
        Example::Server { whole: true } => (problems_of_server(text), true),
        Example::Policy { whole: false } => {
            let rules = if text.contains("rules:\n") && !text.starts_with("overrides") {
                ""
            } else {
                "rules: [{ id: insults, words: [made up words], action: tag }]\n"
            };
            (problems_of_policy(&format!("version: 1\nname: fragment\n{text}{rules}")), false)
        }
        Example::Server { whole: false } => {
            let rest = [
                ("upstreams:", "upstreams: { demo: { builtin: demo } }\n"),
                (
                    "routes:",
                    "routes: [{ id: chat, match: { path: /v1/* }, upstream: demo, policy: p }]\n",
                ),
            ];
            let missing = rest.iter().filter(|(key, _)| !text.contains(key));
            let rest: String = missing.map(|(_, line)| *line).collect();
            (problems_of_server(&format!("version: 1\n{text}{rest}")), false)
        }
        Example::Classifier => (
            problems_of_policy(&format!(
                "version: 1\nname: fragment\nclassifiers:\n  fast: {{ kind: builtin }}\n  asked:\n    \
                 kind: openai_moderation\n    endpoint: there\n{indented}\
                 rules: [{{ id: one, classifier: {{ asked: {{ at_least: 0.5 }} }}, action: tag }}]\n"
            )),
            false,
        ),
    };
    let errors = problems.iter().filter(|problem| problem.gravity == Gravity::Error);
    errors
        .map(|problem| (problem.code, format!("{}: {}", problem.code, problem.message)))
        .filter(|(code, _): &(Code, String)| whole || !ELSEWHERE.contains(&&*code.to_string()))
        .map(|(_, said)| said)
        .collect()
}

#[test]
fn every_example_of_configuration_is_valid() {
    let mut wrong = Vec::new();
    let mut whole = 0;
    let mut all = 0;
    for page in ["README.md".to_owned()].into_iter().chain(pages()) {
        for block in take_apart(&read(&page)).blocks.iter().filter(|b| b.language == "yaml") {
            all += 1;
            whole += usize::from(matches!(
                kind(&block.text),
                Example::Policy { whole: true } | Example::Server { whole: true }
            ));
            for mistake in mistakes(&block.text) {
                wrong.push(format!("{page}:{}: {mistake}", block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all > 20 && whole >= 3, "{all} examples, {whole} of them whole files");
}

#[test]
fn an_example_with_a_mistake_is_noticed_whole_or_not() {
    for text in [
        "version: 1\nname: p\nrules:\n  - { id: a, words: [x y], action: blok }\n",
        "rules:\n  - { id: a, wrds: [x y], action: block }\n",
        "version: 1\nlisten: 1\nroutes: []\n",
        "telemetry: { otlq: http://127.0.0.1 }\n",
        "run_iff:\n  sample: 2%\n",
    ] {
        assert!(!mistakes(text).is_empty(), "{text}");
    }
}

// === commands ===

/// A binary that asks nothing of this machine's settings.
fn tidegate() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tidegate"));
    command.env_remove("TIDEGATE_CONFIG").env_remove("TIDEGATE_POLICY_FILE");
    command
}

fn help(arguments: &[&str]) -> String {
    let output = tidegate().args(arguments).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Words at the beginning of lines of a help text, behind blanks.
fn flags(help: &str) -> BTreeSet<String> {
    let words = help.split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '='));
    words.filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}

/// The subcommands with their flags, and those of what stands below them.
fn commands() -> BTreeMap<String, BTreeSet<String>> {
    let all = help(&[]);
    let list = all.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    let with_flags = |name: &str| {
        let own = help(&[name]);
        let below = own.split("Commands:\n").nth(1).unwrap_or_default();
        let below = below.split("\n\n").next().unwrap_or_default();
        let below = below.lines().filter_map(|line| line.split_whitespace().next());
        let all = below.filter(|below| *below != "help").map(|below| help(&[name, below]));
        (name.to_owned(), flags(&(all.collect::<String>() + &own)))
    };
    names.map(with_flags).collect()
}

/// The calls of the binary in a piece of code: what stands behind its name, up to the end of the command.
fn calls(code: &str) -> Vec<Vec<String>> {
    let joined = code.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines() {
        let line = line.split(" #").next().unwrap_or_default();
        for part in line.split(['|', ';', '&', '(', '>']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let is_name = |word: &&str| matches!(*word, "tidegate" | "./tidegate-new");
            let Some(at) = words.iter().position(is_name) else { continue };
            // Before the name stand a prompt, `time` and settings of the environment, nothing else.
            let (before, rest) = words.split_at(at);
            if before.iter().all(|word| matches!(*word, "$" | "time") || word.contains('=')) {
                found.push(rest.iter().skip(1).map(|&word| word.to_owned()).collect());
            }
        }
    }
    found
}

#[test]
fn every_command_and_flag_that_a_page_names_exists() {
    let known = commands();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for page in OUTSIDE.iter().map(|&page| page.to_owned()).chain(pages()) {
        let own = take_apart(&read(&page));
        // A flag that stands by itself in a sentence is one of some command.
        for code in inline_code(&own.prose).iter().filter(|code| code.starts_with("--")) {
            let flag = code.split([' ', '=']).next().unwrap_or_default();
            if !known.values().any(|flags| flags.contains(flag)) {
                wrong.push(format!("{page}: no command has `{flag}`"));
            }
        }
        let blocks = own.blocks.iter().map(|block| block.text.clone());
        for code in blocks.chain(inline_code(&own.prose)) {
            for call in calls(&code) {
                let Some((command, arguments)) = call.split_first() else { continue };
                let is_word = |c: char| c.is_ascii_lowercase() || c == '-';
                if !command.chars().all(is_word) || command.starts_with('-') {
                    continue;
                }
                tried += 1;
                let Some(known) = known.get(command) else {
                    wrong.push(format!("{page}: `{code}`: no command `{command}`"));
                    continue;
                };
                let flags = arguments.iter().filter(|word| word.starts_with("--"));
                for flag in flags.filter_map(|word| word.split('=').next()) {
                    if !known.contains(flag) {
                        wrong.push(format!("{page}: `{command}` has no `{flag}`"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 100, "{tried} commands");
}

#[test]
fn every_make_target_that_a_page_names_exists() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> =
        makefile.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for page in OUTSIDE.iter().map(|&page| page.to_owned()).chain(pages()) {
        let own = take_apart(&read(&page));
        let blocks = own.blocks.iter().map(|block| block.text.clone());
        for code in blocks.chain(inline_code(&own.prose)) {
            for line in code.lines() {
                let mut words = line.trim_start_matches("$ ").split_whitespace();
                let call = (words.next(), words.next());
                // More plain words make it a sentence that is quoted.
                let is_sentence =
                    words.next().is_some_and(|word| word.starts_with(char::is_alphanumeric));
                if let ((Some("make"), Some(target)), false) = (call, is_sentence) {
                    tried += 1;
                    if !targets.contains(target) {
                        wrong.push(format!("{page}: `{line}`"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 30, "{tried} targets");
}

#[test]
fn calls_are_found_in_commands_and_not_in_prose() {
    let found = calls(
        "$ A=b tidegate scan x --mode keep | tidegate list views # tidegate no\nthe tidegate way",
    );
    let lines: Vec<String> = found.iter().map(|call| call.join(" ")).collect();
    assert_eq!(lines, ["scan x --mode keep", "list views"]);
}
