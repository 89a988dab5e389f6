//! `tidegate audit`: keys, and what it says of a decision log and of what was done to one.

use std::path::Path;

use ring::rand::SystemRandom;
use serde_json::Value;
use tidegate::audit::{Chain, Signer, new_key};

use crate::{fed, folder, tidegate};

/// A log with a signed checkpoint at both ends and in the middle, in two files, and its keys.
fn log() -> tempfile::TempDir {
    let folder = folder(&[]);
    let made = tidegate(folder.path(), &["audit", "key", "--out", "audit.pem"]);
    assert_eq!(made.code, 0, "{}", made.err);
    write(folder.path(), "public.pem", &made.out);
    let signer = Signer::from_pem(&read(folder.path(), "audit.pem"))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut chain = Chain::new("0199aaaa-0000-7000-8000-000000000001");
    let mut lines = Vec::new();
    for (number, reason) in (0..13).map(|at| {
        (at, [(0, "start"), (6, "interval"), (12, "stop")].iter().find(|(n, _)| *n == at))
    }) {
        let mut line = match reason {
            Some((_, reason)) => format!(
                r#"{{"schema":"tidegate.checkpoint/v1","ts":"2026-11-29T00:00:0{number}Z","reason":"{reason}","every_records":10,"lost":0}}"#
            ),
            None => format!(r#"{{"schema":"tidegate.decision/v1","number":{number}}}"#),
        };
        chain.seal(&mut line, reason.map(|_| &signer));
        lines.push(line);
    }
    let (closed, open) = lines.split_at(8);
    write(folder.path(), "decisions-000000000001.jsonl", &text(closed));
    write(folder.path(), "decisions.jsonl", &text(open));
    let checkpoints: Vec<String> =
        lines.into_iter().filter(|line| line.contains("checkpoint/v1")).collect();
    write(folder.path(), "checkpoints.jsonl", &text(&checkpoints));
    folder
}

fn text(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap_or_else(|error| panic!("{error}"));
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{error}"))
}

const VERIFY: [&str; 6] =
    ["audit", "verify", "--key", "public.pem", "decisions-000000000001.jsonl", "decisions.jsonl"];

#[test]
fn a_log_that_nobody_changed_is_whole() {
    let folder = log();
    let outcome = tidegate(folder.path(), &VERIFY);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    assert!(
        outcome
            .out
            .contains("whole: 10 records in 2 files, 3 of 3 checkpoints signed by the given key"),
        "{}",
        outcome.out
    );
    assert!(
        outcome.out.contains("13 lines, last checkpoint at line 13")
            && outcome.out.contains("ended in order"),
        "{}",
        outcome.out
    );
    let json = tidegate(folder.path(), &[&VERIFY[..], &["--format", "json"]].concat());
    let value: Value = serde_json::from_str(&json.out).unwrap_or_default();
    assert_eq!(
        (&value["whole"], &value["records"], &value["chains"][0]["after_checkpoint"]),
        (&true.into(), &10.into(), &0.into())
    );
    let input = read(folder.path(), "decisions-000000000001.jsonl");
    let piped = fed(folder.path(), &["audit", "verify", "-"], &input);
    assert_eq!(piped.code, 0);
    assert!(piped.out.contains("signatures not checked (`--key`)"), "{}", piped.out);
}

#[test]
fn a_changed_line_is_named_by_file_and_line() {
    let folder = log();
    let changed = read(folder.path(), "decisions.jsonl")
        .replace("\"number\":9}", "\"number\":8}")
        .replace("\"number\":9,", "\"number\":8,");
    write(folder.path(), "decisions.jsonl", &changed);
    let outcome = tidegate(folder.path(), &VERIFY);
    assert_eq!(outcome.code, 1);
    assert!(outcome.out.starts_with("decisions.jsonl:2: the line was changed"), "{}", outcome.out);
    assert!(outcome.out.contains("BROKEN"), "{}", outcome.out);
}

#[test]
fn files_in_another_order_are_found() {
    let folder = log();
    let swapped = [&VERIFY[..4], &[VERIFY[5], VERIFY[4]]].concat();
    let outcome = tidegate(folder.path(), &swapped);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.out.contains(
            "decisions-000000000001.jsonl:1: line 1 of the chain stands where line 14 belongs"
        ),
        "{}",
        outcome.out
    );
}

#[test]
fn an_end_that_was_cut_off_is_found_by_checkpoints_and_heads_that_are_known() {
    let folder = log();
    let whole = read(folder.path(), "decisions.jsonl");
    let last = whole.lines().last().unwrap_or_default().to_owned();
    let cut: String = whole.split_inclusive('\n').take(2).collect();
    write(folder.path(), "decisions.jsonl", &cut);
    assert_eq!(tidegate(folder.path(), &VERIFY).code, 0, "the file itself does not tell");
    let known =
        tidegate(folder.path(), &[&VERIFY[..], &["--checkpoints", "checkpoints.jsonl"]].concat());
    assert_eq!(known.code, 1);
    assert!(
        known
            .out
            .contains("the end is missing: line 13 of the chain is known, and line 10 is the last"),
        "{}",
        known.out
    );
    // The gate's own log has checkpoints too.
    let logged = serde_json::json!({ "level": "INFO", "checkpoint": last }).to_string();
    write(folder.path(), "gate.log", &format!("no json\n{logged}\n"));
    assert_eq!(
        tidegate(folder.path(), &[&VERIFY[..], &["--checkpoints", "gate.log"]].concat()).code,
        1
    );
    let value: Value = serde_json::from_str(&last).unwrap_or_default();
    let head = format!("13:{}", value["hash"].as_str().unwrap_or_default());
    assert_eq!(tidegate(folder.path(), &[&VERIFY[..], &["--head", &head]].concat()).code, 1);
    write(folder.path(), "decisions.jsonl", &whole);
    assert_eq!(tidegate(folder.path(), &[&VERIFY[..], &["--head", &head]].concat()).code, 0);
}

#[test]
fn another_key_vouches_for_nothing() {
    let folder = log();
    let other = new_key(&SystemRandom::new()).and_then(|pem| Signer::from_pem(&pem));
    let other = other.unwrap_or_else(|error| panic!("{error}"));
    write(folder.path(), "public.pem", &other.public().to_pem());
    let outcome = tidegate(folder.path(), &VERIFY);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.out.contains("the signature of the checkpoint is not of the given key"),
        "{}",
        outcome.out
    );
}

#[test]
fn keys_are_made_once_for_their_owner_alone_and_printed_again() {
    let folder = log();
    let again = tidegate(folder.path(), &["audit", "key", "--out", "audit.pem"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("`audit.pem` cannot be made"), "{}", again.err);
    let printed = tidegate(folder.path(), &["audit", "key", "--public", "audit.pem"]);
    assert_eq!((printed.code, printed.out), (0, read(folder.path(), "public.pem")));
    let about = std::fs::metadata(folder.path().join("audit.pem"))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777, 0o600);
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_verdict() {
    let folder = log();
    for (arguments, wanted) in [
        (vec!["audit", "verify", "missing.jsonl"], "`missing.jsonl`"),
        (
            vec!["audit", "verify", "--key", "audit.pem", "decisions.jsonl"],
            "not an Ed25519 public key",
        ),
        (vec!["audit", "verify", "--head", "3", "decisions.jsonl"], "a number and a SHA-256"),
        (
            vec!["audit", "verify", "--checkpoints", "public.pem", "decisions.jsonl"],
            "no checkpoint is in `public.pem`",
        ),
        (vec!["audit", "key", "--public", "public.pem"], "not an Ed25519 private key"),
    ] {
        let outcome = tidegate(folder.path(), &arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.out);
        assert!(outcome.err.contains(wanted), "{arguments:?}: {}", outcome.err);
    }
}
