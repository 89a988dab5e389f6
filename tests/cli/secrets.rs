//! Files of secrets, and who else can read them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::running::{Server, listening, start};
use crate::{Outcome, folder, tidegate};

const SERVER: &str = "version: 1
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
drain: { delay: 0s }
log: { decisions: { to: none } }
upstreams: { m: { url: 'http://127.0.0.1:9', key: { file: model.key } } }
routes: [{ id: chat, match: { path: /v1/* }, upstream: m, policy: p }]
";
const POLICY: &str = "version: 1\nname: p\nrules: [{ id: a, words: [grenade], action: block }]\n";
const VALUE: &str = "sk-value-of-the-secret";

fn set_mode(file: &Path, mode: u32) {
    std::fs::set_permissions(file, Permissions::from_mode(mode))
        .unwrap_or_else(|error| panic!("{error}"));
}

fn check(folder: &Path) -> Outcome {
    tidegate(folder, &["check", "--config", "tidegate.yaml"])
}

#[test]
fn secret_files_that_others_can_read_are_named_with_their_mode() {
    let tls = "tls: { cert: cert.pem, key: tls.key }\n";
    let server = format!("{SERVER}{tls}audit: {{ key: {{ file: gone.pem }} }}\n");
    let folder = folder(&[
        ("tidegate.yaml", &server),
        ("policies/p.yaml", POLICY),
        ("model.key", VALUE),
        ("tls.key", VALUE),
        ("cert.pem", "public"),
    ]);
    let path = |name: &str| folder.path().join(name);
    set_mode(&path("cert.pem"), 0o644);
    set_mode(&path("tls.key"), 0o600);
    let modes = [
        (0o600, None),
        (0o400, None),
        (0o440, None),
        (0o640, None),
        (0o644, Some("read")),
        (0o444, Some("read")),
        (0o604, Some("read")),
        (0o666, Some("read")),
        (0o660, Some("write")),
        (0o602, Some("write")),
    ];
    for (mode, who) in modes {
        set_mode(&path("model.key"), mode);
        let outcome = check(folder.path());
        assert_eq!(outcome.code, 0, "{mode:o}: it is a warning");
        assert_eq!(outcome.err.matches("[TG068]").count(), usize::from(who.is_some()), "{mode:o}");
        assert!(!outcome.err.contains(VALUE) && !outcome.out.contains(VALUE), "{mode:o}");
        let Some(who) = who else { continue };
        let line = format!("`upstreams.m.key` names a file that others than its owner can {who}");
        let mode = format!("has mode {mode:04o}");
        for part in [&*line, &mode, "tidegate.yaml:6:51", "chmod 600 ", "defaultMode: 0400"] {
            assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
        }
    }
    set_mode(&path("model.key"), 0o600);
    set_mode(&path("tls.key"), 0o644);
    let outcome = check(folder.path());
    assert!(outcome.err.contains("`tls.key` names a file that"), "{}", outcome.err);
}

#[test]
fn who_means_it_so_says_why_and_is_not_warned() {
    let allowed =
        SERVER.replace("upstreams:", "# tidegate: allow(TG068) Compose mounts it so\nupstreams:");
    let folder =
        folder(&[("tidegate.yaml", &allowed), ("policies/p.yaml", POLICY), ("model.key", VALUE)]);
    set_mode(&folder.path().join("model.key"), 0o444);
    let outcome =
        tidegate(folder.path(), &["check", "--config", "tidegate.yaml", "--deny-warnings"]);
    assert_eq!((outcome.code, outcome.err.contains("TG068")), (0, false), "{}", outcome.err);
}

/// The lines that the gate logs up to one with this text, that one among them.
fn up_to(server: &mut Server, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let line = server.line();
        assert!(!line.is_empty(), "the log ended: {lines:?}");
        lines.push(line);
        if lines.last().is_some_and(|line| line.contains(text)) {
            return lines;
        }
    }
}

#[test]
fn the_gate_warns_at_the_start_and_again_only_when_it_changes() {
    let folder =
        folder(&[("tidegate.yaml", SERVER), ("policies/p.yaml", POLICY), ("model.key", VALUE)]);
    let key = folder.path().join("model.key");
    set_mode(&key, 0o644);
    let said = |lines: &[String]| lines.iter().filter(|line| line.contains("TG068")).count();
    let arguments = ["serve", "--config", "tidegate.yaml"];
    let mut server = start(folder.path(), &arguments, listening);
    assert_eq!(said(&server.warned), 1, "{:?}", server.warned);
    // Who answers has begun to watch.
    let answer = server.ask("a grenade", false);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let policy = folder.path().join("policies/p.yaml");
    let edit = |word: &str| {
        std::fs::write(&policy, POLICY.replace("grenade", word))
            .unwrap_or_else(|error| panic!("{error}"));
    };
    let mut counts = Vec::new();
    for word in ["mortar", "howitzer"] {
        edit(word);
        counts.push(said(&up_to(&mut server, "configuration reloaded")));
    }
    set_mode(&key, 0o604);
    let lines = up_to(&mut server, "configuration reloaded");
    assert!(lines.iter().any(|line| line.contains("has mode 0604")), "{lines:?}");
    set_mode(&key, 0o600);
    counts.push(said(&up_to(&mut server, "configuration reloaded")));
    assert_eq!(counts, [0, 0, 0]);
}
