//! The writer and its targets, without a gate.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::audit::{PublicKey, Verifier, VerifierSettings, new_key};
use crate::domain::Span;

const GRACE: Duration = Duration::from_secs(20);

fn record(number: usize) -> DecisionRecord {
    DecisionRecord {
        schema: crate::audit::DECISION_SCHEMA,
        ts: "2026-11-29T00:00:00Z".to_owned(),
        decision_id: format!("d{number}"),
        trace_id: String::new(),
        request_id: format!("r{number}"),
        route: Arc::from("chat"),
        dialect: Arc::from("openai.chat"),
        model: "m\"\n".to_owned(),
        phase: "prompt",
        passage: None,
        author: None,
        stream: false,
        policy: Arc::from("p"),
        policy_revision: Arc::from("1"),
        thresholds: std::collections::BTreeMap::new(),
        mode: "enforce",
        action: "allow",
        would_be: "allow",
        enforced: false,
        score: 0.0,
        rules: Vec::new(),
        classifiers: Vec::new(),
        bytes: 1,
        held_bytes_max: 0,
        overhead_us: 1,
        outcome: "complete",
        text: "omitted",
        passages: Vec::new(),
        passages_left_out: 0,
    }
}

fn signer() -> Arc<Signer> {
    let pem = new_key(&ring::rand::SystemRandom::new()).unwrap();
    Arc::new(Signer::from_pem(&pem).unwrap())
}

fn to_file(path: &Path, signer: &Arc<Signer>) -> RecordSettings {
    let sink = FileSink { path: path.to_owned(), segment: 0, keep: 0, sync: Sync::Checkpoint };
    RecordSettings {
        sink: RecordSink::File(sink),
        sample_allowed: 1.0,
        signer: Some(Arc::clone(signer)),
        ..RecordSettings::default()
    }
}

fn started(settings: RecordSettings) -> (Records, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    (Records::start(settings, Arc::clone(&metrics), Clock::default()).unwrap(), metrics)
}

/// Writes records into a file, as a process that begins and ends does.
fn run(settings: RecordSettings, numbers: std::ops::Range<usize>) {
    let (records, _) = started(settings);
    for number in numbers {
        assert!(records.write(record(number)));
    }
    records.close(GRACE);
}

/// Reads files, one after the other; how many records they have, and what is wrong.
fn verify(files: &[&Path], key: PublicKey) -> (u64, Vec<String>) {
    let settings = VerifierSettings { keys: vec![key], ..VerifierSettings::default() };
    let mut verifier = Verifier::new(settings);
    for (file, path) in files.iter().enumerate() {
        let text = fs::read_to_string(path).unwrap();
        for (line, number) in text.split_inclusive('\n').zip(1..) {
            let bare = line.strip_suffix('\n');
            verifier.line((file, number), bare.unwrap_or(line).as_bytes(), bare.is_some());
        }
    }
    verifier.end();
    let broken = verifier.broken().0.iter();
    (verifier.counts()[1], broken.map(|one| format!("{}: {}", one.line, one.fault)).collect())
}

/// Waits for something that happens in the thread of the writer.
fn until(mut happens: impl FnMut() -> bool) {
    let end = Instant::now() + GRACE;
    while !happens() {
        assert!(Instant::now() < end, "it does not happen");
        sleep(LOOK);
    }
}

#[test]
fn a_chain_goes_on_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    run(to_file(&path, &signer), 0..3);
    run(to_file(&path, &signer), 3..5);
    let (records, broken) = verify(&[&path], signer.public());
    assert_eq!((records, broken), (5, vec![]));
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 9, "two starts and two stops: {text}");
}

#[test]
fn a_line_that_was_cut_off_is_taken_out_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    run(to_file(&path, &signer), 0..3);
    let mut text = fs::read_to_string(&path).unwrap();
    let torn = r#"{"schema":"tidegate.decision/v1","decision_id":"lost"#;
    text.push_str(torn);
    fs::write(&path, &text).unwrap();
    run(to_file(&path, &signer), 3..4);
    assert_eq!(verify(&[&path], signer.public()), (4, vec![]));
    let lines = fs::read_to_string(&path).unwrap();
    let told: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = told.iter().filter(|line| line.get("torn").is_some()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0]["torn"].as_str(), told[0]["torn_bytes"].as_u64()), (Some(torn), Some(52)));
}

#[test]
fn a_file_that_is_no_chain_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    fs::write(&path, "{\"schema\":\"tidegate.decision/v1\"}\n").unwrap();
    run(to_file(&path, &signer), 0..1);
    assert_eq!(verify(&[&path], signer.public()), (1, vec![]));
    assert!(folder.path().join("decisions.jsonl.unchained-1").is_file());
}

#[test]
fn segments_follow_each_other_and_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let with = |keep| {
        let mut settings = to_file(&path, &signer);
        let sink = FileSink { path: path.clone(), segment: 4096, keep, sync: Sync::Always };
        settings.sink = RecordSink::File(sink);
        settings
    };
    for round in 0..6 {
        run(with(0), round * 10..round * 10 + 10);
    }
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|other| *other != path)
            .collect();
        names.sort();
        names
    };
    let closed = names();
    assert!(closed.len() >= 3, "{closed:?}");
    assert!(closed[0].to_string_lossy().ends_with("-000000000001.jsonl"), "{closed:?}");
    let mut all: Vec<&Path> = closed.iter().map(|path| &**path).collect();
    if path.is_file() {
        all.push(&path);
    }
    assert_eq!(verify(&all, signer.public()), (60, vec![]));
    all.swap(0, 1);
    let swapped = verify(&all, signer.public()).1;
    let has = |what: &str| swapped.iter().any(|one| one.contains(what));
    assert!(has("repeated or out of order") && has("are missing before line"), "{swapped:?}");
    for round in 6..9 {
        run(with(2), round * 10..round * 10 + 10);
    }
    assert_eq!(names().len(), 2);
}

#[test]
fn a_segment_whose_first_line_was_cut_off_goes_on_with_the_chain_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let settings = || {
        let mut settings = to_file(&path, &signer);
        let sink = FileSink { path: path.clone(), segment: 1, keep: 0, sync: Sync::Always };
        settings.sink = RecordSink::File(sink);
        settings
    };
    run(settings(), 0..3);
    if let Some(first) = fs::read_to_string(&path).unwrap_or_default().lines().next() {
        let first: serde_json::Value = serde_json::from_str(first).unwrap();
        let (chain, seq) = (first["chain"].as_str().unwrap(), first["seq"].as_u64().unwrap());
        fs::rename(&path, folder.path().join(format!("decisions-{chain}-{seq:012}.jsonl")))
            .unwrap();
    }
    fs::write(&path, "{\"schema\":\"tidegate.deci").unwrap();
    run(settings(), 3..5);
    let mut all: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|one| *one != path);
    all.sort();
    all.push(path);
    let all: Vec<&Path> = all.iter().map(|path| &**path).collect();
    assert_eq!(verify(&all, signer.public()), (5, vec![]), "{all:?}");
}

#[test]
fn a_new_chain_beside_segments_of_an_older_one_has_names_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let with = |keep| {
        let mut settings = to_file(&path, &signer);
        let sink = FileSink { path: path.clone(), segment: 2048, keep, sync: Sync::Always };
        settings.sink = RecordSink::File(sink);
        settings
    };
    for round in 0..3 {
        run(with(0), round * 10..round * 10 + 10);
    }
    fs::write(&path, "not a chain\n").unwrap();
    for round in 3..6 {
        run(with(0), round * 10..round * 10 + 10);
    }
    for round in 6..9 {
        run(with(3), round * 10..round * 10 + 10);
    }
    let mut closed: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    closed.retain(|one| *one != path && !one.to_string_lossy().contains("unchained"));
    closed.sort();
    assert_eq!(closed.len(), 3, "{closed:?}");
    // The newest are kept, so what is left follows from one line to the next.
    closed.push(path);
    let text: String = closed.iter().map(|one| fs::read_to_string(one).unwrap()).collect();
    let seqs: Vec<u64> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap()
        })
        .collect();
    assert!(seqs.windows(2).all(|two| two[1] == two[0] + 1), "{seqs:?}");
    assert!(text.contains("\"d89\""));
}

#[test]
fn a_file_that_goes_on_with_other_lines_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let (records, _) = started(to_file(&path, &signer));
    assert!(records.write(record(0)));
    until(|| fs::read_to_string(&path).is_ok_and(|text| text.lines().count() == 2));
    fs::rename(&path, folder.path().join("moved.jsonl")).unwrap();
    fs::write(&path, "somebody else's\n").unwrap();
    assert!(records.write(record(1)));
    until(|| records.state().is_some_and(|state| state.failing.is_some()));
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's\n");
    fs::remove_file(&path).unwrap();
    until(|| records.state().is_some_and(|state| state.failing.is_none()));
    records.close(GRACE);
    let all = [folder.path().join("moved.jsonl"), path];
    let all: Vec<&Path> = all.iter().map(|path| &**path).collect();
    assert_eq!(verify(&all, signer.public()), (2, vec![]));
}

#[test]
fn a_file_that_was_moved_away_is_begun_anew_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let (records, _) = started(to_file(&path, &signer));
    let moved = folder.path().join("moved.jsonl");
    assert!(records.write(record(0)));
    until(|| fs::read_to_string(&path).is_ok_and(|text| text.lines().count() == 2));
    fs::rename(&path, &moved).unwrap();
    assert!(records.write(record(1)));
    records.close(GRACE);
    assert_eq!(verify(&[&moved, &path], signer.public()), (2, vec![]));
}

#[test]
fn two_processes_do_not_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let (first, _) = started(to_file(&path, &signer));
    until(|| path.is_file() && first.state().is_some_and(|state| state.failing.is_none()));
    until(|| fs::read_to_string(&path).is_ok_and(|text| !text.is_empty()));
    let (second, metrics) = started(to_file(&path, &signer));
    until(|| second.state().is_some_and(|state| state.failing.is_some()));
    assert!(metrics.render().contains("tidegate_audit_sink_up{sink=\"file\"} 0"));
    assert!(second.write(record(1)) && first.write(record(0)));
    first.close(GRACE);
    drop(first);
    second.close(GRACE);
    assert_eq!(verify(&[&path], signer.public()), (2, vec![]));
}

#[test]
fn a_checkpoint_follows_after_as_many_lines_as_it_was_promised() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("decisions.jsonl"), signer());
    let mut settings = to_file(&path, &signer);
    let anchors = folder.path().join("checkpoints.jsonl");
    settings.checkpoints.records = 5;
    settings.checkpoints.file = Some(anchors.clone());
    run(settings, 0..23);
    assert_eq!(verify(&[&path], signer.public()), (23, vec![]));
    let count = |path| -> usize {
        let text: String = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| line.contains("tidegate.checkpoint/v1")).count()
    };
    assert!(count(&path) > 5);
    assert_eq!(count(&anchors), count(&path));
}

/// A server that fails as often as it is told to.
#[derive(Debug, Default)]
struct Flaky {
    /// Batches that it takes before it fails.
    first: usize,
    failures: usize,
    for_good: bool,
    taken: Arc<Mutex<String>>,
}

impl Post for Flaky {
    fn post(&mut self, lines: &str) -> Result<(), Undelivered> {
        if self.first > 0 {
            self.first -= 1;
        } else if self.failures > 0 {
            self.failures -= 1;
            return Err(Undelivered { why: "broken".to_owned(), for_good: self.for_good });
        }
        self.taken.lock().unwrap().push_str(lines);
        Ok(())
    }
}

fn to_server(server: Flaky, required: bool) -> RecordSettings {
    let sink = RecordSink::Server(Box::new(server));
    RecordSettings { sink, sample_allowed: 1.0, required, ..RecordSettings::default() }
}

#[test]
fn a_server_that_fails_for_a_while_gets_every_record() {
    let taken = Arc::new(Mutex::new(String::new()));
    let server = Flaky { failures: 2, taken: Arc::clone(&taken), ..Flaky::default() };
    let (records, metrics) = started(to_server(server, false));
    for number in 0..100 {
        assert!(records.write(record(number)));
    }
    until(|| {
        records.state().is_some_and(|state| state.failing.is_none())
            && taken.lock().unwrap().lines().count() > 100
    });
    records.close(GRACE);
    assert_eq!(
        taken.lock().unwrap().lines().filter(|line| line.contains("decision/v1")).count(),
        100
    );
    assert!(metrics.render().contains("tidegate_audit_events_dropped_total{sink=\"http\"} 0"));
}

#[test]
fn what_a_server_refuses_for_good_is_counted_as_lost_and_missing_in_the_chain() {
    let taken = Arc::new(Mutex::new(String::new()));
    let server = Flaky { first: 1, failures: 1, for_good: true, taken: Arc::clone(&taken) };
    let (records, metrics) = started(to_server(server, false));
    assert!(records.write(record(0)));
    until(|| records.state().is_some_and(|state| state.lost == 1));
    assert!(records.write(record(1)));
    records.close(GRACE);
    assert!(metrics.render().contains("tidegate_audit_events_dropped_total{sink=\"http\"} 1"));
    let taken = taken.lock().unwrap();
    assert!(
        !taken.contains("\"seq\":2,")
            && taken.contains("\"seq\":3,")
            && taken.contains("\"lost\":1"),
        "{taken}"
    );
}

/// A server that takes no line with `d3` in it, nor what has it.
#[derive(Debug)]
struct Picky(Arc<Mutex<String>>);

impl Post for Picky {
    fn post(&mut self, lines: &str) -> Result<(), Undelivered> {
        if lines.contains("\"d3\"") {
            return Err(Undelivered { why: "odd".to_owned(), for_good: true });
        }
        self.0.lock().unwrap().push_str(lines);
        Ok(())
    }
}

#[test]
fn a_line_that_a_server_refuses_takes_no_other_with_it() {
    let taken = Arc::new(Mutex::new(String::new()));
    let sink = RecordSink::Server(Box::new(Picky(Arc::clone(&taken))));
    let settings = RecordSettings { sink, sample_allowed: 1.0, ..RecordSettings::default() };
    let (records, metrics) = started(settings);
    for number in 0..20 {
        assert!(records.write(record(number)));
    }
    records.close(GRACE);
    let taken = taken.lock().unwrap();
    let number = |number: usize| taken.matches(&format!("\"d{number}\"")).count();
    let times: Vec<usize> = (0..20).map(number).collect();
    assert_eq!(times, (0..20).map(|number| usize::from(number != 3)).collect::<Vec<_>>());
    assert!(metrics.render().contains("tidegate_audit_events_dropped_total{sink=\"http\"} 1"));
}

#[test]
fn more_records_than_may_wait_are_counted_as_lost_and_nobody_waits() {
    let server = Flaky { failures: usize::MAX, ..Flaky::default() };
    let (records, metrics) = started(to_server(server, false));
    for number in 0..MOST_WAITING + 1000 {
        assert!(records.write(record(number)), "records that are not required never stop anything");
    }
    let lost = records.state().unwrap().lost;
    assert!(lost >= 1000 - 1, "{lost}");
    records.close(Duration::from_millis(10));
    until(|| records.state().unwrap().lost >= MOST_WAITING as u64 + 1000);
    assert!(metrics.render().contains("tidegate_audit_sink_up{sink=\"http\"} 0"));
}

#[test]
fn required_records_refuse_to_start_on_a_target_that_takes_nothing() {
    let server = Flaky { failures: usize::MAX, ..Flaky::default() };
    let metrics = Arc::new(Metrics::new());
    let refused = Records::start(to_server(server, true), metrics, Clock::default());
    assert_eq!(refused.unwrap_err().to_string(), "broken");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/decisions.jsonl");
    let settings = RecordSettings { required: true, ..to_file(&path, &signer()) };
    let refused = Records::start(settings, Arc::new(Metrics::new()), Clock::default());
    assert!(refused.unwrap_err().to_string().contains("No such file"));
}

#[test]
fn texts_are_kept_as_asked_and_no_longer_than_there_is_room() {
    let signer = signer();
    let with = |text, signer: Option<&Arc<Signer>>| {
        let folder = tempfile::tempdir().unwrap();
        let mut settings =
            to_file(&folder.path().join("d.jsonl"), &signer.cloned().unwrap_or_else(self::signer));
        (settings.text, settings.signer) = (text, signer.cloned());
        started(settings).0
    };
    let long = "é".repeat(MOST_TEXT);
    let text = |text, found| ScreenedText {
        at: "a",
        author: "user",
        text,
        bytes: text.len(),
        found,
        findings: Vec::new(),
    };
    let full = with(KeptText::Full, None);
    let (kept, left_out) = full.passages(KeptText::Full, &[text("early", None), text(&long, None)]);
    assert_eq!((kept.len(), left_out), (1, 1));
    assert!(kept[0].cut && kept[0].text.as_ref().unwrap().len() <= MOST_TEXT);
    assert!(full.passages(KeptText::Omitted, &[text("x", None)]).0.is_empty());
    let hashed =
        |records: &Records| records.passages(KeptText::Hashed, &[text("x", None)]).0.remove(0);
    let plain = hashed(&full);
    assert_eq!(plain.sha256, Some(crate::audit::digest(b"x")));
    assert_eq!((plain.text, plain.hmac_sha256), (None, None));
    let keyed = hashed(&with(KeptText::Hashed, Some(&signer)));
    assert_eq!((keyed.sha256, keyed.hmac_sha256), (None, Some(signer.digest("x"))));
    let found = Some(vec![Span::new(4, 8), Span::new(6, 9), Span::new(0, 2)]);
    let redacted =
        full.passages(KeptText::Redacted, &[text("ab, secret!", found), text("x", None)]).0;
    assert_eq!(redacted[0].text.as_deref(), Some("[REDACTED], [REDACTED]t!"));
    assert!(redacted[1].withheld && redacted[1].text.is_none());
}

#[test]
fn findings_stand_beside_whole_texts_as_far_as_the_text_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let records = started(to_file(&folder.path().join("d.jsonl"), &signer())).0;
    let finding = |start, end| FindingRecord {
        rule: Arc::from("insults"),
        category: None,
        start,
        end,
        score: 0.0,
    };
    let long = "x".repeat(MOST_TEXT + 100);
    let findings = vec![finding(0, 3), finding(MOST_TEXT, MOST_TEXT + 3)];
    let text = ScreenedText {
        at: "a",
        author: "user",
        text: &long,
        bytes: long.len(),
        found: None,
        findings,
    };
    let of = |kept| records.passages(kept, std::slice::from_ref(&text)).0.remove(0).findings.len();
    assert_eq!(of(KeptText::Full), 1);
    assert_eq!((of(KeptText::Redacted), of(KeptText::Hashed)), (0, 0));
}
