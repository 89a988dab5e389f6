//! Each edit that a verifier has to find, and any edit at all.

use std::sync::OnceLock;

use proptest::prelude::*;
use ring::rand::SystemRandom;

use super::*;
use crate::audit::{CHECKPOINT_SCHEMA, Chain, DECISION_SCHEMA, Signer, new_key};

const EVERY: u64 = 10;

fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| Signer::from_pem(&new_key(&SystemRandom::new()).unwrap()).unwrap())
}

fn decision(number: usize) -> String {
    format!(r#"{{"schema":"{DECISION_SCHEMA}","action":"allow","model":"é","number":{number}}}"#)
}

fn checkpoint(reason: &str) -> String {
    format!(
        r#"{{"schema":"{CHECKPOINT_SCHEMA}","ts":"2026-11-29T00:00:00Z","reason":"{reason}","every_records":{EVERY},"lost":0}}"#
    )
}

/// A chain of `count` decisions with a signed checkpoint after every ten lines, and at both ends.
fn chain_of(id: &str, count: usize) -> Vec<String> {
    let (mut chain, mut lines) = (Chain::new(id), Vec::new());
    let mut add = |mut object: String, signed: bool| {
        chain.seal(&mut object, signed.then(signer));
        lines.push(object);
    };
    add(checkpoint("start"), true);
    for number in 0..count {
        add(decision(number), false);
        if number % 10 == 9 {
            add(checkpoint("interval"), true);
        }
    }
    add(checkpoint("stop"), true);
    lines
}

fn lines() -> Vec<String> {
    chain_of("0199aaaa-0000-7000-8000-000000000001", 25)
}

fn verify<L: AsRef<[u8]>>(files: &[&[L]], settings: VerifierSettings) -> Verifier {
    let mut verifier = Verifier::new(settings);
    for (file, lines) in files.iter().enumerate() {
        for (line, number) in lines.iter().zip(1..) {
            verifier.line((file, number), line.as_ref(), true);
        }
    }
    verifier.end();
    verifier
}

fn keyed() -> VerifierSettings {
    VerifierSettings { keys: vec![signer().public()], ..VerifierSettings::default() }
}

/// The first broken place of lines, by line, and how many there are.
fn first<L: AsRef<[u8]>>(lines: &[L]) -> (u64, Fault, u64) {
    let verifier = verify(&[lines], keyed());
    let (broken, count) = verifier.broken();
    let first = broken.first().expect("the edit is found");
    (first.line, first.fault.clone(), count)
}

#[test]
fn a_chain_as_it_was_written_is_whole() {
    let verifier = verify(&[&lines()], keyed());
    assert_eq!(verifier.broken(), (&[][..], 0));
    assert_eq!(verifier.counts(), [29, 25, 4, 4]);
    let (_, chain) = verifier.chains().next().unwrap();
    assert_eq!((chain.first, chain.last, chain.checkpoint), (1, 29, Some(29)));
    assert!(chain.ended);
}

#[test]
fn a_byte_that_was_flipped_is_found_in_its_line() {
    let mut lines = lines();
    lines[7] = lines[7].replace("allow", "block");
    assert_eq!(first(&lines), (8, Fault::Changed, 1));
}

#[test]
fn a_line_that_was_changed_and_hashed_anew_is_found_behind_it() {
    let mut lines = lines();
    let mut chain = Chain::after(&crate::audit::Link::of(lines[6].as_bytes()).unwrap());
    let mut forged = decision(6).replace("allow", "block");
    chain.seal(&mut forged, None);
    lines[7] = forged;
    assert_eq!(first(&lines), (9, Fault::Replaced, 1));
}

#[test]
fn a_tail_that_was_hashed_anew_is_found_at_the_next_checkpoint() {
    let mut lines = lines();
    let mut chain = Chain::after(&crate::audit::Link::of(lines[6].as_bytes()).unwrap());
    for (place, line) in lines.iter_mut().enumerate().skip(7) {
        let mut forged = decision(place);
        chain.seal(&mut forged, None);
        *line = forged;
    }
    // The checkpoints are gone: the one before promised another after ten lines.
    assert_eq!(first(&lines), (12, Fault::Overdue { promised: EVERY }, 1));
    let mut lines = self::lines();
    let other = Signer::from_pem(&new_key(&SystemRandom::new()).unwrap()).unwrap();
    let mut forged = checkpoint("interval");
    Chain::after(&crate::audit::Link::of(lines[10].as_bytes()).unwrap())
        .seal(&mut forged, Some(&other));
    lines[11] = forged;
    lines.truncate(12);
    assert_eq!(first(&lines), (12, Fault::Forged, 2));
}

#[test]
fn a_line_that_was_deleted_is_found_where_it_was() {
    let mut lines = lines();
    lines.remove(7);
    assert_eq!(first(&lines), (8, Fault::Missing { expected: 8, found: 9 }, 1));
}

#[test]
fn a_line_that_was_put_in_is_found() {
    let mut copied = lines();
    copied.insert(8, copied[7].clone());
    assert_eq!(first(&copied).0, 9);
    assert!(matches!(first(&copied).1, Fault::OutOfOrder { expected: 9, found: 8 }));
    let mut foreign = lines();
    foreign.insert(8, chain_of("0199aaaa-0000-7000-8000-000000000002", 1)[0].clone());
    let (line, fault, _) = first(&foreign);
    assert_eq!((line, fault), (10, Fault::Interleaved));
    let mut bare = lines();
    bare.insert(8, decision(7));
    assert!(matches!(first(&bare), (9, Fault::Unchained(_), 1)));
}

#[test]
fn lines_that_changed_places_are_found() {
    let mut lines = lines();
    lines.swap(7, 8);
    let (line, fault, _) = first(&lines);
    assert_eq!((line, fault), (8, Fault::Missing { expected: 8, found: 9 }));
}

#[test]
fn a_tail_that_was_cut_off_is_found_by_a_checkpoint_that_is_known() {
    let mut lines = lines();
    let last = crate::audit::Link::of(lines[22].as_bytes()).unwrap();
    lines.truncate(15);
    // Nothing in the file itself tells: what is left is a chain that has not ended.
    let verifier = verify(&[&lines], keyed());
    assert_eq!(verifier.broken().1, 0);
    assert!(!verifier.chains().next().unwrap().1.ended);
    for chain in [Some(last.chain.clone()), None] {
        let known = vec![Head { chain, seq: last.seq, hash: last.hash.clone() }];
        let verifier = verify(&[&lines], VerifierSettings { known, ..keyed() });
        let (broken, _) = verifier.broken();
        assert_eq!(broken[0].fault, Fault::Truncated { known: 23, last: 15 });
    }
}

#[test]
fn a_line_that_was_cut_in_the_middle_is_found() {
    let mut verifier = Verifier::new(keyed());
    let lines = lines();
    verifier.line((0, 1), lines[0].as_bytes(), true);
    verifier.line((0, 2), &lines[1].as_bytes()[..40], false);
    verifier.end();
    assert_eq!(verifier.broken().0[0].fault, Fault::Torn);
}

#[test]
fn segments_in_another_order_or_of_another_chain_are_found() {
    let lines = lines();
    let (one, two, three) = (&lines[..10], &lines[10..20], &lines[20..]);
    assert_eq!(verify(&[one, two, three], keyed()).broken().1, 0);
    let swapped = verify(&[one, three, two], keyed());
    let (broken, _) = swapped.broken();
    assert_eq!((broken[0].file, broken[0].line), (1, 1));
    assert_eq!(broken[0].fault, Fault::Missing { expected: 11, found: 21 });
    let other = chain_of("0199aaaa-0000-7000-8000-000000000003", 25);
    let mixed = verify(&[one, &other[10..20], three], keyed());
    assert_eq!(mixed.broken().0[0].fault, Fault::ForeignPart { found: 11 });
    // What was rotated away before the first segment is no break: the summary says where the chain begins.
    let late = verify(&[two, three], keyed());
    assert_eq!((late.broken().1, late.chains().next().unwrap().1.first), (0, 11));
}

#[test]
fn a_chain_without_signatures_does_not_pass_where_a_key_is_given() {
    let (mut chain, mut lines) = (Chain::new("a"), Vec::new());
    for mut object in [checkpoint("start"), decision(1)] {
        chain.seal(&mut object, None);
        lines.push(object);
    }
    assert_eq!(verify(&[&lines], VerifierSettings::default()).broken().1, 0);
    assert_eq!(first(&lines), (1, Fault::Unsigned, 2));
    assert_eq!(first(&Vec::<String>::new()).1, Fault::NoCheckpoint);
}

#[test]
fn several_gates_in_one_file_are_told_apart_when_that_is_meant() {
    let (one, two) = (lines(), chain_of("0199aaaa-0000-7000-8000-000000000004", 25));
    let mixed: Vec<String> =
        one.iter().zip(&two).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    let settings = VerifierSettings { interleaved: true, ..keyed() };
    assert_eq!(verify(&[&mixed], settings).broken().1, 0);
    assert!(verify(&[&mixed], keyed()).broken().1 > 0);
    // One process after the other, each with a chain of its own, needs no such word.
    let both: Vec<String> = one.into_iter().chain(two).collect();
    assert_eq!(verify(&[&both], keyed()).broken().1, 0);
}

/// What can be done to the bytes of a file.
#[derive(Clone, Debug)]
enum Edit {
    Flip { at: usize, bit: u8 },
    Delete { from: usize, count: usize },
    Insert { at: usize, bytes: Vec<u8> },
    Copy { from: usize, count: usize, to: usize },
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let within = |at: usize| at % bytes.len();
        match self {
            Self::Flip { at, bit } => {
                let at = within(*at);
                bytes[at] ^= 1 << bit;
            }
            Self::Delete { from, count } => {
                let from = within(*from);
                let to = (from + count).min(bytes.len());
                bytes.drain(from..to);
            }
            Self::Insert { at, bytes: new } => {
                let at = within(*at);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Copy { from, count, to } => {
                let (from, to) = (within(*from), within(*to));
                let piece = bytes[from..(from + count).min(bytes.len())].to_vec();
                bytes.splice(to..to, piece);
            }
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip { at, bit }),
        (any::<usize>(), 1..2000_usize).prop_map(|(from, count)| Edit::Delete { from, count }),
        (any::<usize>(), proptest::collection::vec(any::<u8>(), 1..50))
            .prop_map(|(at, bytes)| Edit::Insert { at, bytes }),
        (any::<usize>(), 1..2000_usize, any::<usize>()).prop_map(|(from, count, to)| Edit::Copy {
            from,
            count,
            to
        }),
    ]
}

proptest! {
    #[test]
    fn any_edit_of_a_file_is_found_where_its_last_line_is_known(
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        static FILE: OnceLock<Vec<u8>> = OnceLock::new();
        let file = FILE.get_or_init(|| lines().iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect());
        let end = crate::audit::Link::of(file.split(|b| *b == b'\n').rev().nth(1).unwrap()).unwrap();
        let mut edited = file.clone();
        for edit in &edits {
            if !edited.is_empty() {
                edit.apply(&mut edited);
            }
        }
        prop_assume!(edited != *file);
        let known = vec![Head { chain: Some(end.chain), seq: end.seq, hash: end.hash }];
        let mut verifier = Verifier::new(VerifierSettings { known, ..keyed() });
        let mut pieces = edited.split_inclusive(|b| *b == b'\n').zip(1..);
        pieces.by_ref().for_each(|(line, number)| {
            let bare = line.strip_suffix(b"\n");
            verifier.line((0, number), bare.unwrap_or(line), bare.is_some());
        });
        verifier.end();
        prop_assert!(verifier.broken().1 > 0, "{edits:?}");
    }

    #[test]
    fn no_bytes_at_all_break_the_verifier(lines in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
        let verifier = verify(&[&lines], keyed());
        prop_assert!(verifier.broken().1 > 0);
    }
}
