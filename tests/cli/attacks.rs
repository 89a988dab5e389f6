//! Clients that abuse HTTP/2 and memory, against a gate in a process of its own, so that its memory can be seen. Names
//! begin with the ids of `docs/security-tests.md`.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::folder;
use crate::running::{Server, start};

/// How much more memory a gate may take under any attack.
const MOST_MEMORY: u64 = 64 << 10;

/// How long a connection may go on that must be closed.
const PATIENCE: Duration = Duration::from_secs(20);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How an attack may end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// The gate closes the connection.
    Closed,
    /// It may go on, within the limits of memory.
    Bounded,
}

fn gate() -> (Server, tempfile::TempDir) {
    let folder = folder(&[
        (
            "tidegate.yaml",
            "version: 1\nlisten: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\nupstreams: { model: { builtin: demo } }\n\
             routes: [{ id: all, match: { path: /v1/* }, upstream: model, policy: p }]\n\
             log: { decisions: { to: none } }\ntimeouts: { write_stall: 2s, body_idle: 5s }\n",
        ),
        (
            "policies/p.yaml",
            "version: 1\nname: p\nrules: [{ id: r, words: [grenade], action: block }]\n",
        ),
    ]);
    let listening = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line.get("listen")?.as_str().map(str::to_owned)
    };
    let arguments = ["serve", "--config", "tidegate.yaml", "--demo-rate", "0"];
    (start(folder.path(), &arguments, listening), folder)
}

/// Kilobytes of memory that a process has.
fn memory(gate: &Server, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.process.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next());
    kilobytes.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name}"))
}

/// Kilobytes that a gate took in the meantime beyond what it had. Pages of the program itself do not count.
fn more_memory(gate: &Server, during: impl FnOnce()) -> u64 {
    let before = memory(gate, "RssAnon");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let seen = scope.spawn(|| {
            let mut most = before;
            while !over.load(Ordering::Relaxed) {
                most = most.max(memory(gate, "RssAnon"));
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        // A panic must not leave the other thread behind.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(during));
        over.store(true, Ordering::Relaxed);
        let most = seen.join().unwrap_or(u64::MAX);
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        most - before
    })
}

/// A frame (RFC 9113, section 4.1).
fn frame(sort: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    [&length[1..], &[sort, flags], &stream.to_be_bytes(), payload].concat()
}

/// POST, http, path, authority and type, without Huffman and without the dynamic table.
fn head() -> Vec<u8> {
    let path = b"/v1/chat/completions";
    [&[0x83, 0x86, 0x04, 20][..], path, &[0x01, 1], b"x", &[0x0f, 0x10, 16], b"application/json"]
        .concat()
}

fn opening(settings: &[u8]) -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, settings)[..]].concat()
}

/// Numbers of streams that a client opens.
fn streams(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|number| number * 2 + 1)
}

/// Sends what an attack is made of, reads what comes if `reads`, and asks in between as somebody else.
fn attack(name: &str, pieces: impl Iterator<Item = Vec<u8>>, (reads, end): (bool, End)) {
    let (gate, _folder) = gate();
    assert!(gate.ask("hi", false).starts_with("HTTP/1.1 200"), "{name}");
    let most = more_memory(&gate, || send(&gate, name, pieces, (reads, end)));
    assert!(most < MOST_MEMORY, "{name}: {most} kB more");
    assert!(gate.ask("hi", false).starts_with("HTTP/1.1 200"), "{name}: others are served later");
}

fn send(
    gate: &Server,
    name: &str,
    pieces: impl Iterator<Item = Vec<u8>>,
    (reads, end): (bool, End),
) {
    let socket = TcpStream::connect(&gate.address).unwrap_or_else(|error| panic!("{error}"));
    socket.set_write_timeout(Some(Duration::from_secs(4))).unwrap_or_default();
    let closed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut bytes = vec![0; 64 << 10];
            while reads && (&socket).read(&mut bytes).is_ok_and(|read| read > 0) {}
            closed.store(reads, Ordering::Relaxed);
        });
        for piece in pieces {
            if closed.load(Ordering::Relaxed) || (&socket).write_all(&piece).is_err() {
                break;
            }
        }
        // It breaks off by itself if the gate does not answer in time.
        assert!(gate.ask("hi", false).starts_with("HTTP/1.1 200"), "{name}: others are served");
        let mut waits = (0..PATIENCE.as_millis()).step_by(20);
        while end == End::Closed && !closed.load(Ordering::Relaxed) {
            assert!(waits.next().is_some(), "{name}: the connection goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
        socket.shutdown(Shutdown::Both).unwrap_or_default();
    });
}

#[test]
fn t46_streams_that_are_opened_and_reset_close_the_connection() {
    let cancel = 8_u32.to_be_bytes();
    let rapid = streams(20_000).map(move |stream| {
        [frame(HEADERS, END_HEADERS, stream, &head()), frame(RST_STREAM, 0, stream, &cancel)]
            .concat()
    });
    attack("rapid reset", std::iter::once(opening(&[])).chain(rapid), (true, End::Closed));
    // The client makes mistakes for which the gate has to reset.
    let made = streams(20_000).map(|stream| {
        let nothing = frame(WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes());
        [frame(HEADERS, END_HEADERS, stream, &head()), nothing].concat()
    });
    attack("made you reset", std::iter::once(opening(&[])).chain(made), (true, End::Closed));
}

#[test]
fn t46_heads_without_end_and_heads_that_unfold_are_refused() {
    let more = frame(CONTINUATION, 0, 1, &[0x00, 1, b'a', 1, b'b'].repeat(3000));
    let first = [opening(&[]), frame(HEADERS, 0, 1, &head())].concat();
    let endless = std::iter::once(first).chain(std::iter::repeat_n(more, 5_000));
    attack("continuation flood", endless, (true, End::Closed));
    let nothing = frame(CONTINUATION, 0, 1, &[]).repeat(100);
    let first = [opening(&[]), frame(HEADERS, 0, 1, &head())].concat();
    let endless = std::iter::once(first).chain(std::iter::repeat_n(nothing, 5_000));
    attack("empty continuations", endless, (true, End::Closed));
    // One header in the dynamic table, and heads that name it again and again.
    let large = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'v'; 4000]].concat();
    let bomb = move |stream: u32| {
        let named = vec![0xbe; 12_000];
        let block = if stream == 1 {
            [head(), large.clone(), named].concat()
        } else {
            [head(), named].concat()
        };
        frame(HEADERS, END_HEADERS | END_STREAM, stream, &block)
    };
    let bombs = streams(300).map(bomb);
    attack("a head that unfolds", std::iter::once(opening(&[])).chain(bombs), (true, End::Bounded));
    let crumbs = [&[0x0f, 0x11, 1][..], b"a"].concat().repeat(3000);
    let crumbs = streams(300).map(move |stream| {
        frame(HEADERS, END_HEADERS | END_STREAM, stream, &[head(), crumbs.clone()].concat())
    });
    attack("crumbs of cookies", std::iter::once(opening(&[])).chain(crumbs), (true, End::Bounded));
}

#[test]
fn t46_floods_of_small_frames_are_bounded_whether_or_not_the_client_reads() {
    let settings = frame(SETTINGS, 0, 0, &[]).repeat(100);
    let pings = frame(PING, 0, 0, &[0; 8]).repeat(100);
    let opened = frame(HEADERS, END_HEADERS, 1, &head());
    let nothing = [opened, frame(DATA, 0, 1, &[])].concat();
    let empties = frame(DATA, 0, 1, &[]).repeat(100);
    let updates = frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()).repeat(100);
    for reads in [true, false] {
        for (name, first, piece) in [
            ("settings", Vec::new(), &settings),
            ("pings", Vec::new(), &pings),
            ("empty data", nothing.clone(), &empties),
            ("window updates", Vec::new(), &updates),
        ] {
            let first = [opening(&[]), first].concat();
            let flood = std::iter::once(first).chain(std::iter::repeat_n(piece.clone(), 2_000));
            attack(name, flood, (reads, End::Bounded));
        }
    }
}

#[test]
fn t46_answers_that_nobody_takes_are_bounded_and_end() {
    // SETTINGS_INITIAL_WINDOW_SIZE is 0, so that no byte of an answer may go out.
    let no_window = [0, 4, 0, 0, 0, 0];
    // All requests together fit into the window that a connection begins with (RFC 9113, section 6.9.2), so that it is not
    // closed for them.
    let content = "say: ".to_owned() + &"word ".repeat(100);
    let messages = serde_json::json!([{ "role": "user", "content": content }]);
    let body =
        serde_json::json!({ "model": "m", "stream": true, "messages": messages }).to_string();
    let asks = streams(100).map(move |stream| {
        let parts = body.as_bytes().chunks(16 << 10).map(|part| frame(DATA, 0, stream, part));
        let mut all = frame(HEADERS, END_HEADERS, stream, &head());
        all.extend(parts.flatten());
        all.extend(frame(DATA, END_STREAM, stream, &[]));
        all
    });
    let all = std::iter::once(opening(&no_window)).chain(asks);
    attack("answers that wait", all, (true, End::Closed));
}

#[test]
fn t30_bodies_that_unfold_take_no_more_memory_than_their_limit() {
    let bomb = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let piece = vec![b' '; 1 << 20];
        for _ in 0..512 {
            encoder.write_all(&piece).unwrap_or_else(|error| panic!("{error}"));
        }
        encoder.finish().unwrap_or_else(|error| panic!("{error}"))
    };
    let (gate, _folder) = gate();
    gate.ask("hi", false);
    // Once with a body that is refused early, so that the code itself is in memory.
    unfolds(&gate, "gzip", bomb.get(..2000).unwrap_or_default(), "413");
    let most = more_memory(&gate, || {
        unfolds(&gate, "gzip", &bomb, "413");
        // A frame that asks for a window of 128 MB.
        unfolds(&gate, "zstd", &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88], "400");
    });
    assert!(most < 32 << 10, "{most} kB more");
}

/// Posts a body in a coding, which is answered with this status.
fn unfolds(gate: &Server, coding: &str, body: &[u8], status: &str) {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(&gate.address).unwrap_or_else(|error| panic!("{error}"));
    let sent = socket.write_all(&[head.as_bytes(), body].concat());
    sent.unwrap_or_else(|error| panic!("{error}"));
    let mut said = String::new();
    socket.read_to_string(&mut said).unwrap_or_else(|error| panic!("{error}"));
    assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{coding}: {said}");
}

#[test]
fn t49_a_gate_without_file_descriptors_waits_without_spinning_and_recovers() {
    let (gate, _folder) = gate();
    assert!(gate.ask("hi", false).starts_with("HTTP/1.1 200"));
    let process = gate.process.id().to_string();
    let mut limit = std::process::Command::new("prlimit");
    let limit = limit.args(["--nofile=48:48", "--pid", &process]);
    if !limit.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: prlimit is not there, or may not");
        return;
    }
    let idle: Vec<TcpStream> =
        (0..200).filter_map(|_| TcpStream::connect(&gate.address).ok()).collect();
    assert!(idle.len() > 100, "the system queues them");
    std::thread::sleep(Duration::from_secs(1));
    let before = ticks(&gate);
    std::thread::sleep(Duration::from_secs(2));
    // A hundred ticks are a second.
    assert!(ticks(&gate) - before < 60, "it spins");
    drop(idle);
    let answers: Vec<String> = (0..3).map(|_| gate.ask("hi", false)).collect();
    assert!(answers.iter().all(|said| said.starts_with("HTTP/1.1 200")), "it recovers");
}

/// Processor time of a process, in ticks.
fn ticks(gate: &Server) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", gate.process.id()));
    let stat = stat.unwrap_or_default();
    let behind = stat.rsplit(") ").next().unwrap_or_default();
    behind.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
