//! `tidegate scan`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{Outcome, fed, folder, project, tidegate};

const POLICY: &str = "version: 1
name: p
rules:
  - { id: insults, category: harassment, words: [idiot, 蠢货], action: review }
  - { id: threats, category: violence, words: [kill you, 杀了你], action: block }
  - { id: names, category: personal-data, words: [falcon, 猎鹰], action: redact }
  - { id: model-only, category: illicit, words: [recipe, 配方], on: [completion], action: block }
  - { id: watched, words: [hello], action: block, mode: shadow }
";

/// Odd spaces, numbers and escapes: whatever is not changed must leave as it came.
const ROWS: &str = r#"{"id": 1,  "text":"hello there", "n":1.50}
{"text":"you \u0069diot","id":2}
{"id":3,"text":"the falcon \u2192 \"flies\" /\/ 你好","meta":{"n":1e3}}
{"id":4,"text":"我要杀了你"}
{"id":5,"text":"猎鹰计划和 falcon"}
{"id":6,"text":"今天天气很好"}
"#;

fn files(more: &[(&str, &str)]) -> tempfile::TempDir {
    let mut all = vec![("p.yaml", POLICY), ("rows.jsonl", ROWS)];
    all.extend(more);
    folder(&all)
}

/// A scan of standard input with the policy.
fn piped(folder: &Path, arguments: &[&str], input: &str) -> Outcome {
    let arguments = [&["scan", "-p", "p.yaml"], arguments].concat();
    let outcome = fed(folder, &arguments, input);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    outcome
}

/// These lines of a text.
fn lines(text: &str, which: &[usize]) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    which.iter().filter_map(|line| all.get(line - 1).copied()).collect()
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn keep_and_drop_part_the_rows_and_change_no_byte() {
    let folder = files(&[]);
    let kept = piped(folder.path(), &[], ROWS);
    assert_eq!(kept.out, lines(ROWS, &[1, 6]));
    assert!(
        kept.err.contains("rows: 6 judged, 2 kept, 4 dropped, 0 redacted; 0 unscannable, 0 bad")
    );
    assert!(
        kept.err.contains("categories: personal-data 2, harassment 1, violence 1"),
        "{}",
        kept.err
    );
    assert_eq!(
        piped(folder.path(), &["--mode", "drop", "-"], ROWS).out,
        lines(ROWS, &[2, 3, 4, 5])
    );
    // A milder bar lets more pass.
    assert_eq!(
        piped(folder.path(), &["--at-least", "review"], ROWS).out,
        lines(ROWS, &[1, 3, 5, 6])
    );
    assert_eq!(
        piped(folder.path(), &["--at-least", "block"], ROWS).out,
        lines(ROWS, &[1, 2, 3, 5, 6])
    );
}

#[test]
fn redact_changes_the_spans_and_nothing_else() {
    let folder = files(&[]);
    let redacted = piped(folder.path(), &["--mode", "redact"], ROWS);
    assert_eq!(
        redacted.out,
        r#"{"id": 1,  "text":"hello there", "n":1.50}
{"id":3,"text":"the [NAMES] \u2192 \"flies\" /\/ 你好","meta":{"n":1e3}}
{"id":5,"text":"[NAMES]计划和 [NAMES]"}
{"id":6,"text":"今天天气很好"}
"#
    );
    assert!(redacted.err.contains("4 kept, 2 dropped, 2 redacted"), "{}", redacted.err);
    let refused =
        tidegate(folder.path(), &["scan", "-p", "p.yaml", "--mode", "redact", "--at-least", "tag"]);
    assert_eq!(refused.code, 2);
}

#[test]
fn annotate_adds_one_member_with_spans_in_characters() {
    let folder = files(&[]);
    let annotated = piped(folder.path(), &["--mode", "annotate"], ROWS).out;
    let rows: Vec<Value> =
        annotated.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
    assert_eq!(rows.len(), 6);
    assert_eq!(
        rows.get(4).map(|row| &row["tidegate"]),
        Some(&json!({
            "action": "redact", "rules": ["names"], "categories": ["personal-data"],
            "spans": [[0, 2], [6, 12]], "fields": ["text", "text"],
        }))
    );
    assert!(annotated.starts_with(
        r#"{"id": 1,  "text":"hello there", "n":1.50,"tidegate":{"action":"allow","rules":[],"#
    ));
    // Done again, the member is replaced.
    assert_eq!(piped(folder.path(), &["--mode", "annotate"], &annotated).out, annotated);
}

#[test]
fn split_writes_both_halves() {
    let folder = files(&[]);
    let outcome = piped(folder.path(), &["rows.jsonl", "--mode", "split", "-o", "out"], "");
    assert_eq!(outcome.out, "");
    assert_eq!(read(folder.path(), "out/kept.jsonl"), lines(ROWS, &[1, 6]));
    assert_eq!(read(folder.path(), "out/dropped.jsonl"), lines(ROWS, &[2, 3, 4, 5]));
    assert_eq!(tidegate(folder.path(), &["scan", "-p", "p.yaml", "--mode", "split"]).code, 2);
}

#[test]
fn each_message_of_a_chat_is_screened_by_its_role() {
    let chats = r#"{"messages":[{"role":"user","content":"a recipe, please"},{"role":"assistant","content":"no"}]}
{"messages":[{"role":"user","content":"please"},{"role":"assistant","content":"the recipe: falcon"}]}
{"messages":[{"role":"system","content":"be nice"},{"role":"user","content":[{"type":"text","text":"say 猎鹰"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"falcon","type":"function","function":{"name":"f","arguments":"{\"to\":\"falcon\"}"}}]}]}
{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/a.png"}}]}]}
{"messages":[{"role":"judge","content":"fine"}]}
{"conversations":[{"from":"human","value":"配方?"},{"from":"gpt","value":"配方"}]}
"#;
    let folder = files(&[]);
    let redacted = piped(folder.path(), &["--mode", "redact"], chats);
    let third =
        lines(chats, &[3]).replace("猎鹰", "[NAMES]").replace(r#"\"falcon\""#, r#"\"[NAMES]\""#);
    assert_eq!(redacted.out, lines(chats, &[1]) + &third);
    for part in [
        "standard input:4: `messages[0].content[0]` is not text, so it cannot be screened",
        "standard input:5: `messages[0].role` is no role",
        "standard input:6: `text` and `messages` are missing; name the field with `--text`",
        // What is blocked is read no further.
        "rules: model-only 1, names 1",
        "3 bad",
    ] {
        assert!(redacted.err.contains(part), "{part}: {}", redacted.err);
    }
    let named = ["--text", "conversations[*].value", "--role", "from", "--mode", "annotate"];
    let annotated = piped(folder.path(), &named, &lines(chats, &[6])).out;
    let row: Value = serde_json::from_str(&annotated).unwrap_or_default();
    assert_eq!(row["tidegate"]["fields"], json!(["conversations[1].value"]));
    assert_eq!(row["tidegate"]["action"], "block");
}

#[test]
fn several_fields_may_be_texts_each_with_its_own_way() {
    let folder = files(&[]);
    let pair =
        "{\"prompt\":\"recipe?\",\"answer\":\"hm\"}\n{\"prompt\":\"hm\",\"answer\":\"recipe\"}\n";
    let kept = piped(folder.path(), &["--text", "prompt,answer=completion"], pair);
    assert_eq!(kept.out, lines(pair, &[1]));
    assert_eq!(
        piped(folder.path(), &["--text", "answer", "--on", "completion"], pair).out,
        lines(pair, &[1])
    );
}

#[test]
fn tables_arrays_and_lines_come_out_in_their_own_form() {
    let csv =
        "id,text,n\r\n1,\"a \"\"falcon\"\", and\nmore\",1.0\r\n2,you idiot,2\r\n3,猎鹰,\" 3\"";
    let array =
        "[ {\"text\":\"fine\"} ,\n {\"text\": \"falcon\", \"n\":1.0}, {\"text\":\"idiot\"} ]";
    let folder = files(&[
        ("a.csv", csv),
        ("a.tsv", "text\tn\nfalcon, he\t1\nidiot\t2\n"),
        ("a.json", array),
        ("a.txt", "fine\nmy falcon\n\nyou idiot\n蠢货\n"),
    ]);
    let redacted = |name: &str| piped(folder.path(), &[name, "--mode", "redact"], "").out;
    assert_eq!(
        redacted("a.csv"),
        "id,text,n\r\n1,\"a \"\"[NAMES]\"\", and\nmore\",1.0\r\n3,[NAMES],\" 3\"\n"
    );
    assert_eq!(redacted("a.tsv"), "text\tn\n[NAMES], he\t1\n");
    assert_eq!(
        redacted("a.json"),
        "[\n{\"text\":\"fine\"},\n{\"text\": \"[NAMES]\", \"n\":1.0}\n]\n"
    );
    assert_eq!(redacted("a.txt"), "fine\nmy [NAMES]\n");
    let refused = tidegate(folder.path(), &["scan", "-p", "p.yaml", "a.csv", "--mode", "annotate"]);
    assert!(refused.code == 2 && refused.err.contains("--mode split"), "{}", refused.err);
}

#[test]
fn bad_rows_are_named_and_in_no_output_and_strict_stops_at_them() {
    let bad = "{\"text\":\"fine\"}\nno row\n{\"text\":3}\n{\"text\":\"a\",\"text\":\"b\"}\n[1]\n{\"text\":\"\\ud800\"}\n";
    let folder = files(&[("bad.jsonl", bad)]);
    for mode in ["keep", "redact", "drop", "annotate"] {
        let outcome = piped(folder.path(), &["bad.jsonl", "--mode", mode], "");
        assert!(outcome.out.lines().count() <= 1 && !outcome.out.contains("no row"), "{mode}");
        for part in [
            "warning: bad.jsonl:2: the row is not valid JSON at byte 0",
            "warning: bad.jsonl:3: `text` is not text",
            "warning: bad.jsonl:4: the key `text` stands twice in one object",
            "warning: bad.jsonl:5: not a JSON object",
            "warning: bad.jsonl:6: the string at byte 8 has half of a surrogate pair",
            "5 bad",
        ] {
            assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
        }
    }
    let arguments = ["scan", "-p", "p.yaml", "bad.jsonl", "--strict", "-o", "out.jsonl"];
    let strict = tidegate(folder.path(), &arguments);
    assert!(strict.code == 2 && strict.err.contains("bad.jsonl:2: the row"), "{}", strict.err);
    assert!(!folder.path().join("out.jsonl").is_file());
    let over = tidegate(folder.path(), &["scan", "-p", "p.yaml", "bad.jsonl", "-o", "./bad.jsonl"]);
    assert!(over.code == 2 && over.err.contains("written over"), "{}", over.err);
    assert_eq!(read(folder.path(), "bad.jsonl"), bad);
    let device = tidegate(folder.path(), &["scan", "-p", "p.yaml", "bad.jsonl", "-o", "."]);
    assert!(device.code == 2 && device.err.contains("is not a file"), "{}", device.err);
}

#[test]
fn a_row_that_could_not_be_screened_is_never_kept() {
    let policy =
        format!("{POLICY}  - {{ id: marks, words: [zorp], action: tag }}\nunscannable: allow\n");
    let folder = files(&[("q.yaml", &policy)]);
    let rows = format!("{{\"text\":\"{}\"}}\n{{\"text\":\"zorp\"}}\n", "zorp ".repeat(20_000));
    let scan = |mode: &str| {
        let arguments =
            ["scan", "-p", "q.yaml", "--on", "completion", "--at-least", "block", "--mode", mode];
        fed(folder.path(), &arguments, &rows)
    };
    for mode in ["keep", "redact"] {
        let outcome = scan(mode);
        assert_eq!(outcome.out, "{\"text\":\"zorp\"}\n", "{}", outcome.err);
        assert!(outcome.err.contains("1 unscannable"), "{}", outcome.err);
    }
    assert!(scan("annotate").out.contains("\"unscannable\":true"));
}

#[test]
fn samples_show_places_and_texts_only_where_they_are_asked_for() {
    let folder = files(&[]);
    let shown = piped(folder.path(), &["rows.jsonl", "--samples", "2"], "").err;
    assert!(shown.contains("sample: rows.jsonl:2: review by insults\n"), "{shown}");
    assert!(shown.contains("sample: rows.jsonl:3: redact by names"), "{shown}");
    assert!(!shown.contains("rows.jsonl:4") && !shown.contains("falcon"), "{shown}");
    let shown = piped(folder.path(), &["rows.jsonl", "--samples", "2", "--show-text"], "").err;
    assert!(shown.contains("rows.jsonl:3: redact by names: the falcon → \"flies\""), "{shown}");
}

#[test]
fn the_manifest_says_what_was_read_and_written_with_which_policy() {
    let folder = files(&[]);
    let arguments = ["rows.jsonl", "-o", "out.jsonl", "--manifest", "m.json", "--resume"];
    piped(folder.path(), &arguments, "");
    let manifest: Value = serde_json::from_str(&read(folder.path(), "m.json")).unwrap_or_default();
    // What `printf 'abc' | sha256sum` would say of these files, by a library.
    let hash = |text: &str| {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(text.as_bytes());
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<String>()
    };
    assert_eq!(
        manifest["inputs"],
        json!([{ "path": "rows.jsonl", "bytes": ROWS.len(), "sha256": hash(ROWS) }])
    );
    let kept = lines(ROWS, &[1, 6]);
    assert_eq!(
        manifest["outputs"],
        json!([{ "path": "out.jsonl", "bytes": kept.len(), "rows": 2, "sha256": hash(&kept) }])
    );
    assert_eq!(manifest["schema"], "tidegate.scan/v1");
    assert_eq!(manifest["policy"]["name"], "p");
    assert!(manifest["policy"]["revision"].as_str().is_some_and(|revision| !revision.is_empty()));
    assert_eq!(manifest["counts"]["by_rule"], json!({ "insults": 1, "names": 2, "threats": 1 }));
    assert_eq!(manifest["options"]["at_least"], "redact");
    assert!(!folder.path().join("out.jsonl.progress").is_file());
}

/// As a Spark `pipe` does it: each part of the data through a process of its own.
#[test]
fn shards_that_are_scanned_apart_are_the_whole() {
    let folder = files(&[]);
    let many: String = ROWS.repeat(40);
    for mode in ["keep", "drop", "redact", "annotate"] {
        let whole = piped(folder.path(), &["-", "--mode", mode, "--jobs", "3"], &many).out;
        let all: Vec<&str> = many.split_inclusive('\n').collect();
        let shards = all.chunks(67).map(<[&str]>::concat);
        let apart: Vec<String> = shards
            .map(|shard| piped(folder.path(), &["--mode", mode, "--jobs", "1"], &shard).out)
            .collect();
        assert!(apart.len() == 4 && !whole.is_empty());
        assert_eq!(apart.concat(), whole, "{mode}");
    }
}

#[test]
fn on_a_pipe_a_row_comes_out_before_the_next_one_goes_in() {
    let folder = files(&[]);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("tidegate"))
        .args(["scan", "-p", "p.yaml", "--mode", "redact"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}"));
    let mut input = child.stdin.take().unwrap_or_else(|| panic!("no standard input"));
    let output = child.stdout.take().unwrap_or_else(|| panic!("no standard output"));
    let mut output = BufReader::new(output);
    for number in 0..3 {
        let row = format!("{{\"n\":{number},\"text\":\"猎鹰\"}}\n");
        input.write_all(row.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let mut line = String::new();
        output.read_line(&mut line).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(line, row.replace("猎鹰", "[NAMES]"));
    }
    drop(input);
    let status = child.wait().unwrap_or_else(|error| panic!("{error}"));
    assert!(status.success());
}

#[test]
fn the_shipped_policy_scans_what_the_documentation_shows() {
    let rows = "{\"text\":\"card 4111 1111 1111 1111 thanks\"}\n{\"text\":\"今天天气很好\"}\n";
    let outcome =
        fed(project(), &["scan", "-p", "config/policies/default.yaml", "--mode", "redact"], rows);
    assert_eq!(
        outcome.out,
        rows.replace("4111 1111 1111 1111", "[CREDIT_CARD]"),
        "{}",
        outcome.err
    );
}
