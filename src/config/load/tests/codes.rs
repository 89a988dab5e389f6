//! Each code that loading can give is given, and is drawn with its place.

use super::*;
use crate::config::codes::Code;
use crate::config::problems::Gravity;

/// Rules that provoke a code, and the line and column of its place in `p.yaml`.
const RULES: &[(&str, &str, &str)] = &[
    ("TG002", "- { id: a, words: [x1], action: blok }", "4:33"),
    ("TG002", "- { id: a, words: [x1], action: tag, max_match: 4MB }", "4:49"),
    ("TG002", "- { id: a, words: [], action: tag }", "4:19"),
    ("TG002", "- { id: a, words: , action: tag }", "4:12"),
    ("TG002", "- { id: a, words: [x1], action: tag, shadow_until: 2027-02-30 }", "4:52"),
    ("TG003", "- { id: a, words: [x1], acton: tag }", "4:25"),
    ("TG003", "- { id: a, words: [x1], action: tag, colour: red }", "4:38"),
    (
        "TG006",
        "- { id: a, words: [x1], action: tag }\n- { id: a, words: [x2], action: tag }",
        "5:9",
    ),
    ("TG006", "- { id: 'a b', words: [x1], action: tag }", "4:9"),
    ("TG006", "- { id: a, was: a, words: [x1], action: tag }", "4:17"),
    ("TG009", "- { id: a, lexicon: insults, action: tag }", "4:21"),
    ("TG009", "- { id: a, words: [x1], except: { lexicon: z }, action: tag }", "4:44"),
    ("TG009", "- { id: a, words: [x1], action: tag, message: { id: m } }", "4:53"),
    ("TG016", "- { id: a, words: [x1], within: 3 words, action: tag }", "4:25"),
    ("TG017", "- { id: a, words: [x1], action: tag, score: 1 }", "4:38"),
    ("TG017", "- { id: a, words: [x1] }", "4:9"),
    ("TG018", "- { id: a, detect: email, action: pseudonymise, on: [completion] }", "4:53"),
    ("TG029", "- { words: [x1], action: tag }", "4:3"),
    ("TG037", "- { id: a, words: [x1], action: tag, on: [completion], authors: [user] }", "4:65"),
    ("TG038", "- { id: a, words: [x1], action: tag, category: self_harm }", "4:48"),
    ("TG041", "- { id: a, words: [x1], regex: x1, action: tag }", "4:25"),
    ("TG041", "- { id: a, action: tag }", "4:9"),
    ("TG041", "- { id: a, not: { words: x1 }, action: tag }", "4:12"),
    ("TG041", "- { id: a, any: [{ words: x1, detect: email }], action: tag }", "4:20"),
];

/// Lines of a policy with a rule that provoke a code, and the place of it in `p.yaml`.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("TG001", "version: 2\nname: p", "1:10"),
    ("TG001", "version: one\nname: p", "1:10"),
    ("TG005", "version: 1\nname: a b", "2:7"),
    ("TG028", "version: 1\nname: p\nname: q", "3:1"),
    ("TG020", "version: 1\nname: p\nowner: [x", "4:6"),
    ("TG020", "version: 1\nname: p\nowner: x: y", "3:9"),
    ("TG020", "version: 1\nname: p\n\towner: x", "3:1"),
    ("TG027", "version: 1\nname: p\nowner: *x", "3:8"),
    ("TG027", "version: 1\nname: p\nowner: &x y", "3:11"),
    ("TG027", "version: 1\nname: p\nowner: !x y", "3:11"),
    ("TG027", "%YAML 1.2\n---\nversion: 1\nname: p", "1:1"),
    ("TG008", "version: 1\nname: p\nsuppress: [{ rule: ok2, reason: r }]", "3:20"),
    (
        "TG008",
        "version: 1\nname: p\noverrides: [{ when: { route: r }, set: { rules: { okk: { mode: shadow } } } }]",
        "3:51",
    ),
    ("TG021", "version: 1\nname: p\ninclude: [../x.yaml]", "3:11"),
    ("TG021", "version: 1\nname: p\ninclude: [/etc/passwd]", "3:11"),
    ("TG022", "version: 1\nname: p\ninclude: [gone.yaml]", "3:11"),
    ("TG023", "version: 1\nname: p\ninclude: [p.yaml]", "3:11"),
    (
        "TG025",
        "version: 1\nname: p\nlexicons: { l: { file: l.txt, sha256: 0000000000000000000000000000000000000000000000000000000000000000 } }",
        "3:39",
    ),
    ("TG030", "version: 1\nname: p\nviews: { typos: true }", "3:10"),
    ("TG033", "version: 1\nname: p\nlexicons: { l: { file: l.txt } }", "3:13"),
    ("TG034", "version: 1\nname: p\nmessages: { m: hello }", "3:13"),
    (
        "TG035",
        "version: 1\nname: p\nthresholds: [{ score: 2, action: tag }, { score: 8, action: block }]",
        "3:41",
    ),
    (
        "TG035",
        "version: 1\nname: p\nthresholds: [{ score: 8, action: tag }, { score: 2, action: block }]",
        "3:41",
    ),
    ("TG042", "version: 1\nname: p # tidegate: allow(TG031)", "2:1"),
    (
        "TG045",
        "version: 1\nname: p\noverrides: [{ when: { model: m }, set: { mode: shadow } }]",
        "3:48",
    ),
    (
        "TG045",
        "version: 1\nname: p\nsuppress: [{ rule: ok, when: { path: /x }, reason: r }]",
        "3:30",
    ),
    (
        "TG046",
        "version: 1\nname: p\noverrides: [{ when: { route: r }, set: {} }, { when: { route: r, model: m }, set: {} }]",
        "3:54",
    ),
    ("TG050", "version: 1\nname: p\nunscannable: allow", "3:14"),
    ("TG050", "version: 1\nname: p\non_error: skip", "3:11"),
    ("TG050", "version: 1\nname: p\nnontext: { image: allow }", "3:19"),
    ("TG002", "version: 1\nname: p\nnontext: { image: alow }", "3:19"),
    ("TG051", "version: 1\nname: p\nblock_style: { status: 429 }", "3:24"),
    ("TG051", "version: 1\nname: p\nblock_style: { status: 503 }", "3:24"),
    ("TG002", "version: 1\nname: p\nblock_style: { status: 200 }", "3:24"),
    ("TG052", "version: 1\nname: p\nadapt: { rules: [ok], bounds: [0.9, 0.1] }", "3:31"),
    ("TG052", "version: 1\nname: p\nadapt: { rules: [ok], bounds: [-0.1, 0.9] }", "3:31"),
    ("TG052", "version: 1\nname: p\nadapt: { rules: [ok], bounds: [0.1, 0.9], step: 0.9 }", "3:49"),
    ("TG052", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], target_fpr: 0% }", "3:42"),
    (
        "TG052",
        "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], target_fpr: 1%, target_precision: 90% }",
        "3:64",
    ),
    ("TG052", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], every: 0s }", "3:37"),
    ("TG052", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], window: 0s }", "3:38"),
    ("TG002", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], min_labels: 0 }", "3:42"),
    ("TG019", "version: 1\nname: p\nreview: { while_open: hold }", "3:11"),
    ("TG052", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], reviewer_share: 0% }", "3:46"),
    ("TG052", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], reviewer_error: 26% }", "3:46"),
    ("TG052", "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], enabled: true }", "3:8"),
    (
        "TG075",
        "version: 1\nname: p\nadapt: { bounds: [0.1, 0.9], rules: [ok], enabled: true }\nreview: { retain: 7d, sample: { allowed: 1% } }",
        "3:8",
    ),
    ("TG047", "version: 1\nname: p\ntests: [{ name: t, expect: { action: allow } }]", "3:17"),
    (
        "TG047",
        "version: 1\nname: p\ntests: [{ name: t, text: x, each: [y], expect: { action: allow } }]",
        "3:29",
    ),
    (
        "TG047",
        "version: 1\nname: p\ntests: [{ name: t, chunks: [x, y], expect: { action: allow } }]",
        "3:20",
    ),
    ("TG029", "version: 1\nname: p\ntests: [{ name: t, text: x, expect: {} }]", "3:37"),
];

/// Server files that provoke a code, and the place of it.
const SERVERS: &[(&str, &str, &str)] = &[
    (
        "TG060",
        "version: 1\nupstreams: { u: { url: 'https://x', key: sk-live-123 } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:42",
    ),
    (
        "TG060",
        "version: 1\nupstreams: { u: { url: 'https://me:pw@x' } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:24",
    ),
    (
        "TG061",
        "version: 1\nadmin: { listen: '0.0.0.0:9901', allow_plaintext: true }\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:18",
    ),
    (
        "TG061",
        "version: 1\nadmin: { listen: '0.0.0.0:9901', auth: { tokens: { env: T } } }\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:18",
    ),
    (
        "TG062",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: v, policy: p }]",
        "3:40",
    ),
    ("TG062", "version: 1\nroutes: []", "2:9"),
    (
        "TG063",
        "version: 1\nupstreams: { u: { builtin: demo, url: 'https://x' } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:14",
    ),
    (
        "TG063",
        "version: 1\nupstreams: { u: {} }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:14",
    ),
    (
        "TG063",
        "version: 1\nupstreams: { u: { builtin: demo, moderation: upstream } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:14",
    ),
    (
        "TG065",
        "version: 1\nlisten: '127.0.0.1:8080'\nupstreams: { u: { url: 'http://localhost:8080/v1' } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "3:24",
    ),
    (
        "TG065",
        "version: 1\nlisten: '0.0.0.0:80'\nupstreams: { u: { url: 'http://[::1]' } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "3:24",
    ),
    (
        "TG065",
        "version: 1\nupstreams: { u: { url: 'https://127.0.0.1:9901' } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:24",
    ),
    (
        "TG067",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nlog: { decisions: { to: none } }\naudit: { required: true }",
        "5:20",
    ),
    (
        "TG067",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nlog: { decisions: { to: d.jsonl, sample_allowed: 50% } }\naudit: { required: true }",
        "5:20",
    ),
    (
        "TG067",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nlog: { decisions: { rotate: { size: 1MiB } } }",
        "4:29",
    ),
    (
        "TG067",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nlog: { decisions: { to: 'https://user@logs.example.com' } }",
        "4:25",
    ),
    (
        "TG069",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'mysql://db/tidegate' }",
        "4:15",
    ),
    (
        "TG069",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'postgres://t:hunter2@db/tidegate?sslmode=require' }",
        "4:15",
    ),
    (
        "TG069",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'postgres://t@db.example.com/tidegate' }",
        "4:15",
    ),
    (
        "TG069",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'postgres://t@localhost/tidegate?sslcert=x' }",
        "4:15",
    ),
    (
        "TG069",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'sqlite:s.db', text: none, key: { env: K } }",
        "4:47",
    ),
    (
        "TG069",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { required: true }",
        "4:20",
    ),
    (
        "TG077",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nadmin: { sessions: { idle: 5s } }",
        "4:28",
    ),
    (
        "TG077",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nadmin: { sessions: { idle: 2h, absolute: 1h } }",
        "4:42",
    ),
    (
        "TG078",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'sqlite:s.db' }\nadmin: { auth: { oidc: { issuer: 'http://i', client_id: c, redirect: 'https://g/api/oidc/callback', roles: { m: viewer } } } }",
        "5:34",
    ),
    (
        "TG078",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'sqlite:s.db' }\nadmin: { auth: { oidc: { issuer: 'https://i', client_id: c, redirect: 'https://g/', roles: { m: viewer } } } }",
        "5:71",
    ),
    (
        "TG078",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nstore: { url: 'sqlite:s.db' }\nadmin: { auth: { oidc: { issuer: 'https://i', client_id: c, redirect: 'https://g/api/oidc/callback', roles: {} } } }",
        "5:109",
    ),
    (
        "TG078",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nadmin: { auth: { oidc: { issuer: 'https://i', client_id: c, redirect: 'https://g/api/oidc/callback', roles: { m: viewer } } } }",
        "4:24",
    ),
    (
        "TG079",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nwebhooks: { w: { url: 'https://e', events: [store.away] } }",
        "4:16",
    ),
    (
        "TG079",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nwebhooks: { w: { url: 'ftp://e', secret: { env: S }, events: [store.away] } }",
        "4:23",
    ),
    (
        "TG079",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nwebhooks: { w: { url: 'https://e', secret: { env: S }, events: [] } }",
        "4:64",
    ),
    (
        "TG079",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]\nwebhooks: { w: { url_from: { env: U }, body: slack, secret: { env: S }, events: [store.away] } }",
        "4:61",
    ),
    (
        "TG005",
        "version: 1\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }, { id: r, match: {}, upstream: u, policy: p }]",
        "3:62",
    ),
    (
        "TG050",
        "version: 1\nupstreams: { u: { builtin: demo } }\nfail: { internal_error: open }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "3:25",
    ),
    (
        "TG002",
        "version: 1\nlisten: 8080\nupstreams: { u: { builtin: demo } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:9",
    ),
    (
        "TG002",
        "version: 1\nupstreams: { u: { url: 'https://x', key: { env: A, file: b } } }\nroutes: [{ id: r, match: {}, upstream: u, policy: p }]",
        "2:42",
    ),
    ("TG026", "version: 1\nlimits: { body: {{DEEP}} }", "2:64"),
];

/// Word lists that provoke a code.
const LISTS: &[(&str, &str)] = &[
    ("TG012", "*\n"),
    ("TG071", "x\n"),
    ("TG072", "idiot\nidiot\n"),
    ("TG073", "cow ;boundry=word\n"),
];

/// Codes that need an engine, a classifier or today's date; whoever finds them tests them.
const ELSEWHERE: &[&str] = &[
    "TG010", "TG011", "TG013", "TG014", "TG015", "TG024", "TG031", "TG032", "TG039", "TG040",
    "TG048", "TG053", "TG054", "TG064", "TG066", "TG068", "TG074", "TG080", "TG081", "TG082",
    "TG083", "TG084",
];

/// Why `code` was not given at `place`, or nothing.
fn missed(code: &str, place: &str, problems: &Problems, text: &str) -> Option<String> {
    let expected = format!("{code} ");
    let given = list(problems);
    let is_given =
        given.iter().any(|one| one.starts_with(&expected) && one.ends_with(&format!(":{place}")));
    let shown = full(problems);
    (!is_given || !shown.contains(&format!("[{code}]")))
        .then(|| format!("{text}\nexpected {code} at {place}, got {given:?}\n{shown}"))
}

fn assert_none(missed: impl Iterator<Item = String>) {
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_mistake_in_a_rule_gets_its_code_at_its_place_and_no_other() {
    assert_none(RULES.iter().filter_map(|(code, rules, place)| {
        let problems = Folder::rules(rules).problems();
        let more = (problems.len() > 1)
            .then(|| format!("{rules}\nmore than {code}:\n{}", full(&problems)));
        missed(code, place, &problems, rules).or(more)
    }));
}

#[test]
fn a_mistake_in_a_setting_gets_its_code_at_its_place() {
    assert_none(SETTINGS.iter().filter_map(|(code, settings, place)| {
        let text = format!("{settings}\nrules: [{{ id: ok, words: [x1], action: tag }}]\n");
        let folder = Folder::of(&[("p.yaml", &text), ("l.txt", "idiot\n")]);
        missed(code, place, &folder.problems(), settings)
    }));
}

#[test]
fn a_mistake_in_the_server_file_gets_its_code_at_its_place() {
    assert_none(SERVERS.iter().filter_map(|(code, text, place)| {
        let text = text.replace("{{DEEP}}", &"[".repeat(60));
        let (_, problems) = Folder::of(&[]).server(&text);
        missed(code, place, &problems, &text)
    }));
}

#[test]
fn a_mistake_in_a_word_list_gets_its_code_in_the_list() {
    for (code, text) in LISTS {
        let folder = Folder::of(&[("p.yaml", WITH_A_LIST), ("l.txt", text)]);
        let problems = folder.problems();
        assert!(list(&problems)[0].starts_with(&format!("{code} l.txt:")), "{}", full(&problems));
    }
}

const WITH_A_LIST: &str = "version: 1\nname: p\nlexicons: { l: { file: l.txt } }\nrules: [{ id: a, lexicon: l, action: tag }]\n";

#[test]
fn a_list_that_is_not_utf_8_is_named_with_its_line() {
    let folder = Folder::of(&[("p.yaml", WITH_A_LIST)]);
    folder.write("l.txt", b"idiot\n\xce\xd2\xb2\xdd\n");
    insta::assert_snapshot!(full(&folder.problems()), @r##"
    error[TG070]: line 2 is not UTF-8
       ╭─[l.txt:2:1]
     2 │ �Ҳ�
       · ┬
       · ╰── the first byte that is not
       ╰────
      help: save the file as UTF-8
      docs: tidegate explain TG070

    1 error in 1 file.
    "##);
}

#[test]
fn a_policy_that_is_not_utf_8_is_refused() {
    let folder = Folder::of(&[]);
    folder.write("p.yaml", b"version: 1\nname: p\nowner: M\xfcller\n");
    assert_eq!(list(&folder.problems()), ["TG070 p.yaml:3:9"]);
}

#[test]
fn a_policy_without_rules_is_refused() {
    let problems = Folder::policy("version: 1\nname: p\nrules: []\n").problems();
    assert_eq!(list(&problems), ["TG007 p.yaml:3:8"]);
    let problems = Folder::policy("version: 1\nname: p\n").problems();
    assert_eq!(list(&problems), ["TG007 p.yaml:1:1"]);
}

#[test]
fn a_file_that_is_not_there_or_empty_is_named() {
    let folder = Folder::of(&[]);
    assert_eq!(list(&folder.problems()), ["TG022 p.yaml:1:1"]);
    folder.write("p.yaml", b"# nothing\n");
    assert_eq!(list(&folder.problems()), ["TG020 p.yaml:1:1"]);
    std::fs::remove_file(folder.path("p.yaml")).unwrap();
    std::fs::create_dir(folder.path("p.yaml")).unwrap();
    assert_eq!(list(&folder.problems()), ["TG022 p.yaml:1:1"]);
}

#[test]
fn dates_that_have_passed_are_named() {
    let rules = "- { id: a, words: x1, action: tag, shadow_until: 2027-01-15 }\nsuppress: [{ rule: a, reason: r, until: 2027-03-01 }]\n";
    let policy = Folder::rules(rules).sound();
    let on = |text: &str| list(&check_dates(&policy, text.parse().unwrap()));
    assert!(on("2027-01-15").is_empty());
    assert_eq!(on("2027-01-16"), ["TG036 p.yaml:4:50"]);
    assert_eq!(on("2027-03-02"), ["TG036 p.yaml:4:50", "TG036 p.yaml:5:41"]);
}

#[test]
fn every_code_is_provoked_here_or_belongs_elsewhere() {
    let here = RULES.iter().chain(SETTINGS).chain(SERVERS).map(|(code, ..)| *code);
    let lists = LISTS.iter().map(|(code, _)| *code);
    let others = ["TG004", "TG007", "TG036", "TG043", "TG070"];
    let covered: Vec<_> =
        here.chain(lists).chain(others).chain(ELSEWHERE.iter().copied()).collect();
    for code in Code::ALL {
        assert!(covered.contains(&code.to_string().as_str()), "{code} is never provoked");
    }
}

#[test]
fn all_mistakes_of_a_file_come_in_one_run() {
    let rules = r#"  - id: secrets
    detect: [api_key]
    acton: block
  - id: project
    regex: "PROJECT-\d+"
    action: blok
  - id: project
    words: [x1]
    score: lots
"#;
    let problems = Folder::rules(rules).problems();
    assert_eq!(problems.iter().filter(|problem| problem.gravity == Gravity::Warning).count(), 0);
    insta::assert_snapshot!(full(&problems), @r##"
    error[TG003]: unknown key `acton`
       ╭─[p.yaml:6:5]
     4 │   - id: secrets
     6 │     acton: block
       ·     ──┬──
       ·       ╰── did you mean `action`?
       ╰────
      help: a rule can have: id, category, severity, on, authors, action, score, level, mode, message, …
      docs: tidegate explain TG003

    error[TG004]: `\d` is not allowed inside double quotes
       ╭─[p.yaml:8:21]
     8 │     regex: "PROJECT-\d+"
       ·                     ─┬
       ·                      ╰── YAML reads backslashes in double quotes itself
       ╰────
      help: use single quotes: regex: 'PROJECT-\d+'

    error[TG002]: `blok` is not allowed here
       ╭─[p.yaml:9:13]
     9 │     action: blok
       ·             ──┬─
       ·               ╰── did you mean `block`?
       ╰────
      help: allowed: `tag`, `redact`, `pseudonymise`, `review`, `respond`, `block`

    error[TG006]: two rules have the id `project`
       ╭─[p.yaml:10:9]
     7 │   - id: project
       ·         ─────── is already given here
    10 │   - id: project
       ·         ─────── this one
       ╰────

    error[TG002]: `lots` is not allowed here
       ╭─[p.yaml:12:12]
    12 │     score: lots
       ·            ──┬─
       ·              ╰── a number belongs here
       ╰────

    5 errors in 1 file.
    "##);
}

#[test]
fn a_secret_under_an_unknown_key_is_not_shown() {
    let text = "version: 1\nupstreams: { u: { url: 'https://x', openai_api_key: sk-live-1 } }\n\
        routes: [{ id: r, match: {}, upstream: u, policy: p }]\n";
    let (_, problems) = Folder::of(&[]).server(text);
    assert!(list(&problems)[0].starts_with("TG003 "), "{}", full(&problems));
    assert!(!full(&problems).contains("sk-live"), "{}", full(&problems));
}
