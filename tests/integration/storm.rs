//! Files that change faster than the gate can follow, under load.
//!
//! The gate is a process of its own, so that its memory is its own too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::gate::PATIENCE;
use crate::wire::{Client, get, prompt, request};

/// Clients that ask without pause.
const CLIENTS: usize = 16;
/// Changes of files in all.
const CHANGES: usize = 500;
/// Changes after which the files stay as they are until the gate has followed.
const BURST: usize = 100;
/// Between two changes: far less than the gate waits for quiet, or needs to read the files.
const PAUSE: Duration = Duration::from_millis(10);
/// The most revisions that are made.
const MOST: usize = CHANGES / 4 + 1;
/// Terms of a word list, so that a revision that is kept for ever shows in memory.
const TERMS: usize = 1_000;
/// How much more memory the gate may have at the end than when it had seen a fifth of the changes.
const MORE_MEMORY: u64 = 24 << 20;
/// Bytes of a page in `/proc/PID/statm`.
const PAGE: u64 = 4096;

/// A term of revision `number`. No two are alike, doubled, shifted or reversed.
fn term(kind: &str, number: usize) -> String {
    let digits = [number / 100 % 10, number / 10 % 10, number % 10];
    let mut term = kind.to_owned();
    for digit in digits {
        term.push_str(["ba", "da", "fa", "ga", "ka", "la", "ma", "na", "pa", "ra"][digit]);
    }
    term
}

fn list(number: usize) -> String {
    let mut list = term("qui", number);
    for other in 0..TERMS {
        write!(list, "\n{}{}", term("wexo", other), term("su", other + number))
            .expect("memory is there");
    }
    list + "\n"
}

/// What is wrong with a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// A word that is no action.
    Spelling,
    /// A test of its own that fails.
    Test,
    /// It stops in the middle.
    Half,
}

/// A policy whose every part says which revision it is. The list has to be that of the same revision.
fn policy(number: usize, flaw: Flaw) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(list(number));
    let digest: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = digest.concat();
    let (own, action) =
        (term("zo", number), if flaw == Flaw::Spelling { "blokc" } else { "block" });
    let tried = if flaw == Flaw::Test { "a kind word" } else { &own };
    let text = format!(
        "version: 1
name: test
mode: enforce
tests: [{{ name: own, text: {tried}, expect: {{ action: block }} }}]
reveal: {{ rules: true, policy: true }}
lexicons: {{ listed: {{ file: listed.txt, sha256: {digest} }} }}
rules:
  - {{ id: own-{number}, words: [{own}], action: {action}, message: 'This is revision {number}.' }}
  - {{ id: list-{number}, lexicon: listed, action: block, message: 'This is revision {number}.' }}
"
    );
    let end = if flaw == Flaw::Half { text.len() / 2 } else { text.len() };
    text[..end].to_owned()
}

/// The configuration of the gate, and how it changes.
struct Files {
    folder: TempDir,
    changes: usize,
    /// The newest revision.
    number: usize,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Self { folder, changes: 0, number: 0 };
        for name in ["policies", "other"] {
            std::fs::create_dir(files.path(name)).expect("a folder");
        }
        let server = "version: 1
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
upstreams: { demo: { builtin: demo } }
routes: [{ id: chat, match: { path: /v1/* }, upstream: demo, policy: test }]
drain: { delay: 0s }
log: { decisions: { to: decisions.jsonl } }
";
        std::fs::write(files.path("tidegate.yaml"), server).expect("a file");
        std::fs::write(files.path("listed.txt"), list(0)).expect("a file");
        std::fs::write(files.path("policies/test.yaml"), policy(0, Flaw::None)).expect("a file");
        files
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file in the place of another: written anew, at once, or as a link, as a mounted ConfigMap does.
    fn put(&self, name: &str, text: &str) {
        let (path, new) = (self.path(name), self.path(&format!("other/{}", self.changes)));
        match self.changes % 3 {
            0 => {
                std::fs::remove_file(&path).expect("it was there");
                std::fs::write(&path, text).expect("a file");
            }
            1 => {
                std::fs::write(&new, text).expect("a file");
                std::fs::rename(new, path).expect("it is put in place");
            }
            _ => {
                std::fs::write(&new, text).expect("a file");
                symlink(new, self.path("other/link")).expect("a link");
                std::fs::rename(self.path("other/link"), path).expect("it is put in place");
            }
        }
    }

    /// One more change: in turn a list that no policy wants yet, the policy that wants it, that policy with a mistake, and
    /// without it again.
    fn change(&mut self) {
        self.changes += 1;
        let flaw = match self.changes % 4 {
            1 => {
                self.number += 1;
                return self.put("listed.txt", &list(self.number));
            }
            3 => [Flaw::Spelling, Flaw::Test, Flaw::Half][self.number % 3],
            _ => Flaw::None,
        };
        self.put("policies/test.yaml", &policy(self.number, flaw));
    }
}

/// The gate, and what it has logged.
struct Running {
    process: Child,
    data: SocketAddr,
    admin: SocketAddr,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["serve", "--config", "tidegate.yaml"])
            .env("TIDEGATE_DEMO_RATE", "0")
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gate starts");
        let mut lines = BufReader::new(process.stderr.take().expect("a log")).lines();
        let address = |name: &str, line: &serde_json::Value| {
            line[name].as_str().and_then(|address| address.parse().ok())
        };
        let (data, admin) = loop {
            let line = lines.next().expect("it says where it listens").expect("text");
            let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            if let (Some(data), Some(admin)) = (address("listen", &line), address("admin", &line)) {
                break (data, admin);
            }
        };
        let log = std::thread::spawn(move || lines.map_while(Result::ok).collect());
        Self { process, data, admin, log: Some(log) }
    }

    /// Resident bytes.
    fn memory(&self) -> u64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.process.id()));
        let pages = pages.expect("the process is there");
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number")
            * PAGE
    }

    /// A counter or gauge; 0 where there is no such series.
    async fn metric(&self, name: &str) -> u64 {
        let text = get(self.admin, "/metrics").await.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().expect("a whole number"))
    }

    async fn reloads(&self, outcome: &str) -> u64 {
        self.metric(&format!("tidegate_policy_reloads_total{{outcome=\"{outcome}\"}}")).await
    }

    /// Waits until the last reload went well, or did not.
    async fn settled(&self, is_good: bool) {
        let until = Instant::now() + PATIENCE;
        while self.metric("tidegate_policy_last_reload_successful").await != u64::from(is_good) {
            assert!(Instant::now() < until, "the gate does not follow");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the gate; what it has logged.
    fn ended(mut self) -> Vec<String> {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").arg(id).status();
        assert!(asked.expect("there is `kill`").success());
        assert!(self.process.wait().expect("it ends").success());
        self.log.take().expect("it is taken once").join().expect("it is read to its end")
    }
}

/// The revision that an answer names; nothing where the text passed.
async fn revision(client: &mut Client, text: &str) -> Option<usize> {
    client.send(request("", &prompt(text)).as_bytes()).await;
    let answer = client.answer().await;
    if answer.status == 200 {
        return None;
    }
    answer.is_error(400, "content_policy_violation");
    let message = answer.text();
    let (_, number) = message.split_once("This is revision ").expect("it says which");
    let (number, _) = number.split_once('.').expect("it says which");
    let rules = answer.header("x-tidegate-rules").expect("it says why").to_owned();
    for rule in rules.split(',') {
        assert_eq!(rule.split_once('-').map(|(_, of)| of), Some(number), "{message}");
    }
    Some(number.parse().expect("a number"))
}

/// Asks until it is over: what revision is in force, and whether all of it is.
async fn ask_on(
    data: SocketAddr,
    over: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
) -> BTreeSet<usize> {
    let mut client = Client::connect(data).await;
    // Whatever is in force has one of these.
    let all: Vec<String> = (0..MOST).map(|number| term("zo", number)).collect();
    let all = all.join(" ");
    let (mut seen, mut last) = (BTreeSet::new(), 0);
    while !over.load(Ordering::Relaxed) {
        let now = revision(&mut client, &all).await.expect("a policy is in force at all times");
        assert!(now >= last, "{now} is in force again after {last}");
        for kind in ["zo", "qui"] {
            // Where the next one has come between, this is no term any more.
            let by = revision(&mut client, &term(kind, now)).await;
            assert!(by.is_none_or(|by| by == now), "a term of {now} is blocked by {by:?}");
        }
        assert_eq!(revision(&mut client, "a kind word").await, None);
        (seen, last) = (seen.into_iter().chain([now]).collect(), now);
        asked.fetch_add(4, Ordering::Relaxed);
    }
    seen
}

/// Each revision that is on record, by its hash, with the number that all of its rules have.
fn revisions_on_record(file: &Path) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(file).expect("there are records");
    let mut revisions = BTreeMap::new();
    for line in text.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let Some(revision) = record["policy_revision"].as_str() else { continue };
        for rule in record["rules"].as_array().expect("a list") {
            let id = rule["id"].as_str().expect("an id");
            let number = id.rsplit('-').next().and_then(|number| number.parse().ok());
            let number = number.expect("rules are called after their revision");
            let known = *revisions.entry(revision.to_owned()).or_insert(number);
            assert_eq!(known, number, "{revision} has rules of two revisions");
        }
    }
    revisions
}

#[tokio::test]
async fn t76_a_storm_of_changes_mixes_no_revisions_and_breaks_no_request() {
    let mut files = Files::new();
    let gate = Running::start(files.folder.path());
    let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(ask_on(gate.data, Arc::clone(&over), Arc::clone(&asked))))
        .collect();
    let mut memory = Vec::new();
    while files.changes < CHANGES {
        files.change();
        tokio::time::sleep(PAUSE).await;
        match files.changes % BURST {
            0 => {
                gate.settled(true).await;
                memory.push(gate.memory());
            }
            // The one before the last of a burst is a mistake.
            rest if rest == BURST - 1 => gate.settled(false).await,
            _ => {}
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut seen = BTreeSet::new();
    for client in clients {
        seen.extend(client.await.expect("every answer was right"));
    }
    let mut client = Client::connect(gate.data).await;
    for kind in ["zo", "qui"] {
        assert_eq!(revision(&mut client, &term(kind, files.number)).await, Some(files.number));
        assert_eq!(revision(&mut client, &term(kind, files.number - 1)).await, None);
    }
    let mut counted = BTreeMap::new();
    for outcome in ["ok", "invalid", "tests_failed", "failed"] {
        counted.insert(outcome, gate.reloads(outcome).await);
    }
    let log = gate.ended();
    let said = |text: &str| log.iter().filter(|line| line.contains(text)).count() as u64;
    let applied = said("configuration reloaded");
    // The start counts as one that went well.
    let ok = 1 + applied + said("the files are again those of the configuration in force");
    let refused = said("the files were refused");
    let found = [
        ("ok", ok),
        ("invalid", refused),
        ("tests_failed", said("policy tests failed")),
        ("failed", 0),
    ];
    assert_eq!(counted, BTreeMap::from(found));
    let on_record = revisions_on_record(&files.path("decisions.jsonl"));
    let numbers: BTreeSet<usize> = on_record.values().copied().collect();
    assert_eq!(numbers.len(), on_record.len(), "{on_record:?}");
    assert!(seen.is_subset(&numbers) && on_record.len() as u64 <= 1 + applied, "{on_record:?}");
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    assert!(last <= first + MORE_MEMORY, "{memory:?}");
    let bursts = CHANGES / BURST;
    assert!(seen.len() > bursts && asked.load(Ordering::Relaxed) > CHANGES, "{seen:?} {asked:?}");
}
