//! The verifier of the decision log: no bytes break it, and what is not the log as it was written does not pass where its
//! end is known.
//!
//! The first byte of an input says where in a log that is whole the others are put, and whether they take the place of what is there.

use std::sync::LazyLock;

use tidegate::audit::{Chain, Head, Link, Verifier, VerifierSettings};

/// A log without signatures: keys come by chance, and runs are to be repeated.
static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut chain = Chain::new("0199aaaa-0000-7000-8000-000000000001");
    let mut log = String::new();
    for number in 0..12 {
        let schema = if number % 5 == 0 { "checkpoint" } else { "decision" };
        let mut line = format!(r#"{{"schema":"tidegate.{schema}/v1","number":{number}}}"#);
        chain.seal(&mut line, None);
        log.push_str(&line);
        log.push('\n');
    }
    log.into_bytes()
});

/// Verifies bytes as one file; how many places are broken.
fn broken(log: &[u8], known: Vec<Head>) -> u64 {
    let mut verifier = Verifier::new(VerifierSettings { known, ..VerifierSettings::default() });
    for (line, number) in log.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let bare = line.strip_suffix(b"\n");
        verifier.line((0, number), bare.unwrap_or(line), bare.is_some());
    }
    verifier.end();
    verifier.broken().1
}

/// Checks bytes by themselves, and in a log.
pub fn check(input: &[u8]) {
    broken(input, Vec::new());
    let last = LOG.trim_ascii_end().split(|byte| *byte == b'\n').next_back();
    let last = Link::of(last.unwrap_or_default()).expect("the log is whole");
    let known = vec![Head { chain: Some(last.chain), seq: last.seq, hash: last.hash }];
    assert_eq!(broken(&LOG, known.clone()), 0);
    let [choice, bytes @ ..] = input else { return };
    let at = LOG.len() * usize::from(choice & 0x7f) / 0x80;
    let replaced = if choice & 0x80 == 0 { 0 } else { bytes.len().min(LOG.len() - at) };
    let edited = [&LOG[..at], bytes, &LOG[at + replaced..]].concat();
    if edited != *LOG {
        assert!(broken(&edited, known) > 0, "an edit passes");
    }
}
